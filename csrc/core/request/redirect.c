/*
 * The target of a redirect, resolved as RFC 3986 says and held to the origin that the request went
 * to: with it goes the API key.
 */
#include "request/request.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define SHOWN 200 /* bytes of a refused place that a message repeats */

/* True when a reference begins with a scheme (RFC 3986 3.1). */
static bool has_scheme(const char *text)
{
    const char *p = text;
    if (!text_is_alpha(*p)) {
        return false;
    }
    while (text_is_alnum(*p) || *p == '+' || *p == '-' || *p == '.') {
        p++;
    }
    return *p == ':';
}

/* Drops the last segment of what `out` has after `root`, and the slash before it. */
static void drop_segment(struct buf *out, size_t root)
{
    while (out->len > root && out->data[out->len - 1] != '/') {
        out->len--;
    }
    if (out->len > root) {
        out->len--;
    }
}

/* Adds a path (beginning with `/`) with its dot segments resolved (RFC 3986 5.2.4). */
static void add_path(struct buf *out, const char *path, size_t len)
{
    size_t root = out->len;
    for (size_t i = 0; i < len;) {
        size_t end = i + 1;
        while (end < len && path[end] != '/') {
            end++;
        }
        size_t size = end - i - 1;
        bool one = size == 1 && path[i + 1] == '.';
        bool two = size == 2 && path[i + 1] == '.' && path[i + 2] == '.';
        if (two) {
            drop_segment(out, root);
        }
        if (!one && !two) {
            buf_add(out, path + i, end - i);
        } else if (end == len) {
            buf_addc(out, '/');
        }
        i = end;
    }
}

/* Adds path and query: the path resolved, the query as it is. */
static void add_target(struct buf *out, const char *text, size_t len)
{
    const char *query = memchr(text, '?', len);
    size_t path = query ? (size_t)(query - text) : len;
    if (path == 0) {
        buf_addc(out, '/');
    }
    add_path(out, text, path);
    buf_add(out, text + path, len - path);
}

/* Adds what a relative reference means on the page `base`: "/x", "x", "../x" or "?x". */
static void add_relative(struct buf *out, const struct url *base, const char *text, size_t len)
{
    struct buf joined;
    const char *query = base->target_len > 0 ? memchr(base->target, '?', base->target_len) : NULL;
    size_t path = query ? (size_t)(query - base->target) : base->target_len;
    buf_init(&joined);
    if (text[0] == '?') {
        buf_add(&joined, base->target, path);
    } else if (text[0] != '/') {
        while (path > 0 && base->target[path - 1] != '/') {
            path--;
        }
        buf_add(&joined, base->target, path);
        if (path == 0) {
            buf_addc(&joined, '/');
        }
    }
    buf_add(&joined, text, len);
    if (joined.failed) {
        out->failed = true;
    } else {
        add_target(out, joined.data, joined.len);
    }
    buf_free(&joined);
}

/*
 * Writes the absolute form of `location` (not empty, `len` bytes of it) to `out`; false when it
 * can't be one.
 */
static bool resolve(struct buf *out, const char *current, const struct url *base,
                    const char *location, size_t len)
{
    struct url url;
    size_t origin = base->target_len > 0 ? (size_t)(base->target - current) : strlen(current);
    if (!has_scheme(location) && strncmp(location, "//", 2) != 0) {
        buf_add(out, current, origin);
        add_relative(out, base, location, len);
        return true;
    }
    struct buf whole;
    buf_init(&whole);
    if (location[0] == '/') {
        buf_adds(&whole, base->https ? "https:" : "http:");
    }
    buf_add(&whole, location, len);
    bool ok = !whole.failed && url_parse(&url, whole.data, whole.len);
    if (ok) {
        buf_add(out, whole.data, whole.len - url.target_len);
        add_target(out, url.target, url.target_len);
    }
    out->failed = out->failed || whole.failed;
    buf_free(&whole);
    return ok;
}

/* The message leaves the query out: it may hold a secret. */
static enum bosa_status refuse(const char *location, const char *why, struct bosa_error *err)
{
    size_t len = strcspn(location, "?#");
    return error_set(err, BOSA_PROTOCOL, "the redirect to `%.*s` is not followed: %s",
                     (int)text_cut(location, len, SHOWN), location, why);
}

/*
 * A fragment is nothing to the server, so it is dropped. A backslash would be a slash to some who
 * read it.
 */
enum bosa_status request_redirect(struct request *request, const char *location,
                                  struct bosa_error *err)
{
    struct url base = {0}, target = {0};
    struct buf out;
    size_t len = strcspn(location, "#");
    if (len == 0 || memchr(location, '\\', len)) {
        return refuse(location, "it is malformed", err);
    }
    if (!url_parse(&base, request->url, strlen(request->url))) {
        return refuse(location, "the request's own URL is malformed", err);
    }
    buf_init(&out);
    const char *why = NULL;
    if (!resolve(&out, request->url, &base, location, len) ||
        !url_parse(&target, out.data, out.len)) {
        why = "it is malformed";
    } else if (!url_same_origin(&base, &target)) {
        why = "it is another origin";
    }
    if (out.failed || why) {
        bool failed = out.failed;
        buf_free(&out);
        return failed ? error_nomem(err) : refuse(location, why, err);
    }
    char *url = buf_take(&out, NULL);
    if (!url) {
        return error_nomem(err);
    }
    mem_free(request->url);
    request->url = url;
    return BOSA_OK;
}
