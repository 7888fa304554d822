/*
 * url: absolute http and https URLs, taken apart and compared.
 */
#ifndef BOSA_URL_H
#define BOSA_URL_H

#include <stdbool.h>
#include <stddef.h>

/* The pieces of an absolute http(s) URL, borrowed from it. */
struct url {
    bool https;
    const char *host; /* without brackets */
    size_t host_len;
    int port;           /* the scheme's own where none is written */
    const char *target; /* path and query, at least "/" is meant when target_len is 0 */
    size_t target_len;
};

/*
 * Splits a URL. False: not http or https, user information, a fragment, no host, a bad port, or a
 * byte outside printable ASCII.
 */
bool url_parse(struct url *out, const char *text, size_t len);

/* True when both have scheme, host (without case) and port in common. */
bool url_same_origin(const struct url *a, const struct url *b);

/* True for localhost, *.localhost, 127.0.0.0/8 and ::1. */
bool url_is_loopback(const struct url *url);

/*
 * True when a path that a server named may be appended to the base URL: begins with one `/` (and
 * not two), only printable ASCII without space and backslash, no `.` or `..` segment (also
 * percent-encoded), no `?` or `#`.
 */
bool url_path_is_safe(const char *path, size_t len);

#endif
