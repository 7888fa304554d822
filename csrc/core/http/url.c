/*
 * URLs taken apart, strictly: what another reader (libcurl, a proxy, a server) might take for
 * another host than we do is refused. So user information, backslashes, encoded bytes in a host and
 * numbers in odd bases have no meaning here.
 */
#include "http/url.h"

#include "base/text.h"
#include "http/header_fields.h"

#include <string.h>

#define PORT_MAX 65535

/* True for what a host may be made of: names and IPv4; `:` only within the brackets of IPv6. */
static bool is_host(const char *text, size_t len, bool bracketed)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool ok = bracketed ? text_hex(c) >= 0 || c == ':' || c == '.'
                            : text_is_alnum(c) || c == '-' || c == '.' || c == '_';
        if (!ok) {
            return false;
        }
    }
    return len > 0;
}

/* Reads ":1234" or nothing; a bare colon is neither. */
static bool read_port(const char *text, size_t len, int *port)
{
    int value = 0;
    if (len == 0) {
        return true;
    }
    if (text[0] != ':' || len < 2) {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        if (!text_is_digit(text[i])) {
            return false;
        }
        value = value * 10 + (text[i] - '0');
        if (value > PORT_MAX) {
            return false;
        }
    }
    *port = value;
    return value > 0;
}

/*
 * Splits "host", "host:port" or "[v6]:port". A `@` is no byte of a host, so user information ends
 * here.
 */
static bool read_authority(struct url *out, const char *text, size_t len)
{
    bool bracketed = len > 0 && text[0] == '[';
    const char *end = memchr(text, bracketed ? ']' : ':', len);
    if (bracketed && !end) {
        return false;
    }
    size_t host = end ? (size_t)(end - text) : len;
    out->host = bracketed ? text + 1 : text;
    out->host_len = bracketed ? host - 1 : host;
    size_t used = bracketed ? host + 1 : host;
    return is_host(out->host, out->host_len, bracketed) &&
           read_port(text + used, len - used, &out->port);
}

/* True when all bytes are printable ASCII, no space, and none is `#`. */
static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '#') {
            return false;
        }
    }
    return true;
}

/* The bytes are checked first, so that nothing after has to think of them again. */
bool url_parse(struct url *out, const char *text, size_t len)
{
    memset(out, 0, sizeof *out);
    if (!is_plain(text, len)) {
        return false;
    }
    size_t scheme;
    if (len > 8 && http_same(text, 8, "https://", 8)) {
        out->https = true;
        scheme = 8;
    } else if (len > 7 && http_same(text, 7, "http://", 7)) {
        scheme = 7;
    } else {
        return false;
    }
    out->port = out->https ? 443 : 80;
    size_t end = scheme;
    while (end < len && text[end] != '/' && text[end] != '?') {
        end++;
    }
    out->target = text + end;
    out->target_len = len - end;
    return read_authority(out, text + scheme, end - scheme);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return a->https == b->https && a->port == b->port &&
           http_same(a->host, a->host_len, b->host, b->host_len);
}

/*
 * True for 127.x.y.z in plain decimal. Octal and short forms are not taken for addresses: resolvers
 * disagree about them.
 */
static bool is_loopback_v4(const char *text, size_t len)
{
    int parts = 0;
    size_t i = 0;
    while (i < len && parts < 4) {
        int value = 0;
        size_t start = i;
        for (; i < len && i - start < 3 && text_is_digit(text[i]); i++) {
            value = value * 10 + (text[i] - '0');
        }
        bool zero_led = i - start > 1 && text[start] == '0';
        if (i == start || value > 255 || zero_led || (parts == 0 && value != 127)) {
            return false;
        }
        parts++;
        if (i == len) {
            break;
        }
        if (text[i] != '.') {
            return false;
        }
        i++;
    }
    return parts == 4 && i == len && text[len - 1] != '.';
}

/* By name or number alone, without asking a resolver: the result must not depend on the network. */
bool url_is_loopback(const struct url *url)
{
    const char *host = url->host;
    size_t len = url->host_len;
    if (http_same(host, len, "localhost", 9) || http_same(host, len, "::1", 3)) {
        return true;
    }
    if (len > 10 && http_same(host + len - 10, 10, ".localhost", 10)) {
        return true;
    }
    return is_loopback_v4(host, len);
}

/* The byte at `text`, its percent-encoding undone; *size: how many bytes it takes. */
static int decoded(const char *text, size_t len, size_t *size)
{
    int byte = text_percent(text, len);
    *size = byte >= 0 ? 3 : 1;
    return byte >= 0 ? byte : (unsigned char)text[0];
}

/*
 * True when a segment of the path is `.` or `..` once it is decoded. Encoded slashes end a segment
 * too, and so does `;` for servers that take parameters from it.
 */
static bool has_dot_segment(const char *path, size_t len)
{
    size_t dots = 0;
    bool only_dots = false;
    size_t size;
    for (size_t i = 0; i < len; i += size) {
        int c = decoded(path + i, len - i, &size);
        if (c == '/' || c == '\\' || c == ';') {
            if (only_dots && (dots == 1 || dots == 2)) {
                return true;
            }
            dots = 0;
            only_dots = c != ';';
        } else if (c == '.') {
            dots++;
        } else {
            only_dots = false;
        }
    }
    return only_dots && (dots == 1 || dots == 2);
}

/* A second `/` would make the path a host for who reads it as a reference. */
bool url_path_is_safe(const char *path, size_t len)
{
    if (len == 0 || path[0] != '/' || (len > 1 && path[1] == '/')) {
        return false;
    }
    if (!is_plain(path, len) || memchr(path, '?', len) || memchr(path, '\\', len)) {
        return false;
    }
    return !has_dot_segment(path, len);
}
