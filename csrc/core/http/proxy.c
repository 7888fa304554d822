/*
 * Proxy URLs. Read when a hub or its engine is made, so that a mistake is told before anything is
 * sent; no text that is made here repeats what was read.
 */
#include "http/proxy.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "http/header_fields.h"

#include <stdlib.h>
#include <string.h>

/* A piece of the text. */
struct part {
    const char *at;
    size_t len;
};

/* In lower case; NULL: it is none that is known. */
static const char *find_scheme(struct part scheme)
{
    static const char *const known[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (http_same(scheme.at, scheme.len, known[i], strlen(known[i]))) {
            return known[i];
        }
    }
    return NULL;
}

static bool is_port(const char *text, size_t len)
{
    long port = 0;
    for (size_t i = 0; i < len; i++) {
        if (!text_is_digit(text[i]) || port > 65535) {
            return false;
        }
        port = port * 10 + (text[i] - '0');
    }
    return len > 0 && port > 0 && port <= 65535;
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static bool is_place(struct part place)
{
    const char *p = place.at, *end = place.at + place.len;
    if (p < end && *p == '[') {
        for (p++; p < end && (text_hex(*p) >= 0 || *p == ':' || *p == '.'); p++) {
        }
        if (p == end || *p != ']' || p == place.at + 1) {
            return false;
        }
        p++;
    } else {
        while (p < end && (text_is_alnum(*p) || *p == '.' || *p == '-' || *p == '_')) {
            p++;
        }
        if (p == place.at) {
            return false;
        }
    }
    return p == end || (*p == ':' && is_port(p + 1, (size_t)(end - p - 1)));
}

/* Percent-decodes; NULL: no memory, or (*bad) an escape that is none, or a control character. */
static char *decode(struct part text, bool *bad)
{
    char *out = mem_alloc(text.len + 1);
    size_t len = 0;
    for (size_t i = 0; out && i < text.len; i++) {
        int byte = (unsigned char)text.at[i];
        if (byte == '%') {
            byte = text_percent(text.at + i, text.len - i);
            i += 2;
        }
        if (byte < 0x20 || byte == 0x7f) {
            *bad = true;
            mem_wipe(out, len);
            mem_free(out);
            return NULL;
        }
        out[len++] = (char)byte;
    }
    if (out) {
        out[len] = '\0';
    }
    return out;
}

static enum bosa_status refuse(struct proxy *out, bool nomem, struct bosa_error *err)
{
    proxy_free(out);
    if (nomem) {
        return error_nomem(err);
    }
    return error_set(err, BOSA_PARAMS,
                     "not a proxy URL like http://user:password@host:3128 (schemes: http, https, "
                     "socks4, socks4a, socks5, socks5h; write special characters of a password as "
                     "%%XX)");
}

/* "scheme://place" */
static char *join(const char *scheme, struct part place)
{
    struct buf url;
    buf_init(&url);
    buf_adds(&url, scheme);
    buf_adds(&url, "://");
    buf_add(&url, place.at, place.len);
    return buf_take(&url, NULL);
}

/* Takes the scheme off the front, if there is one. */
static struct part take_scheme(struct part *rest)
{
    struct part scheme = {"http", 4};
    const char *mark = strstr(rest->at, "://");
    if (mark) {
        scheme = (struct part){rest->at, (size_t)(mark - rest->at)};
        rest->len -= scheme.len + 3;
        rest->at = mark + 3;
    }
    return scheme;
}

/* Takes "user[:password]@" off the front, if it is there: up to the last "@", as curl does. */
static bool take_credentials(struct proxy *out, struct part *rest, bool *bad)
{
    const char *at = strrchr(rest->at, '@');
    size_t len = at ? (size_t)(at - rest->at) : 0;
    if (!at) {
        return true;
    }
    const char *colon = memchr(rest->at, ':', len);
    struct part user = {rest->at, colon ? (size_t)(colon - rest->at) : len};
    *bad = memchr(rest->at, '#', len) || memchr(rest->at, ' ', len) || memchr(rest->at, '/', len);
    out->user = *bad ? NULL : decode(user, bad);
    if (out->user && colon) {
        out->password = decode((struct part){colon + 1, len - user.len - 1}, bad);
    }
    rest->at = at + 1;
    rest->len -= len + 1;
    return out->user && (!colon || out->password);
}

enum bosa_status proxy_parse(struct proxy *out, const char *text, struct bosa_error *err)
{
    struct part rest = {text, strlen(text)};
    bool bad = false;
    *out = (struct proxy){NULL, NULL, NULL};
    struct part scheme = take_scheme(&rest);
    if (!take_credentials(out, &rest, &bad)) {
        return refuse(out, !bad, err);
    }
    if (rest.len > 0 && rest.at[rest.len - 1] == '/') {
        rest.len--;
    }
    const char *known = find_scheme(scheme);
    if (!known || !is_place(rest)) {
        return refuse(out, false, err);
    }
    out->url = join(known, rest);
    return out->url ? BOSA_OK : refuse(out, true, err);
}

void proxy_free(struct proxy *proxy)
{
    mem_free(proxy->url);
    mem_free_secret(proxy->user);
    mem_free_secret(proxy->password);
    *proxy = (struct proxy){NULL, NULL, NULL};
}

/* ---- which one ---- */

static enum bosa_status from_environment(struct proxy *out, bool https, struct bosa_error *err)
{
    const char *const names[] = {https ? "https_proxy" : "http_proxy", https ? "HTTPS_PROXY" : NULL,
                                 "all_proxy", "ALL_PROXY"};
    *out = (struct proxy){NULL, NULL, NULL};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = names[i] ? getenv(names[i]) : NULL;
        if (text && text[0]) {
            enum bosa_status status = proxy_parse(out, text, err);
            if (status == BOSA_PARAMS) {
                status = error_set(err, BOSA_CONNECTION, "the variable %s is %s", names[i],
                                   err->message);
            }
            return status;
        }
    }
    return BOSA_OK;
}

enum bosa_status proxies_find(struct proxies *out, const char *own, struct bosa_error *err)
{
    enum bosa_status status = BOSA_OK;
    *out = (struct proxies){.own = own};
    if (own && own[0]) {
        status = proxy_parse(&out->http, own, err);
        status = status == BOSA_OK ? proxy_parse(&out->https, own, err) : status;
    } else if (!own) {
        status = from_environment(&out->http, false, err);
        status = status == BOSA_OK ? from_environment(&out->https, true, err) : status;
    }
    if (status != BOSA_OK) {
        proxies_free(out);
    }
    return status;
}

const struct proxy *proxies_for(const struct proxies *proxies, const struct url *url)
{
    const struct proxy *proxy = url->https ? &proxies->https : &proxies->http;
    bool direct = !proxy->url || (!proxies->own && url_is_loopback(url));
    return direct ? NULL : proxy;
}

void proxies_free(struct proxies *proxies)
{
    proxy_free(&proxies->http);
    proxy_free(&proxies->https);
}
