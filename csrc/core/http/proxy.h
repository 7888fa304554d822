/*
 * proxy: a proxy's URL, as curl takes it: [scheme://][user[:password]@]host[:port].
 */
#ifndef BOSA_PROXY_H
#define BOSA_PROXY_H

#include "base/error.h"
#include "http/url.h"

struct proxy {
    char *url;      /* owned; scheme, host, port; NULL: no proxy */
    char *user;     /* owned, decoded; NULL: none */
    char *password; /* owned, decoded; NULL: none */
};

/*
 * Schemes are http (the default), https, socks4, socks4a, socks5 and socks5h. BOSA_PARAMS: anything
 * else; the message repeats nothing of the text, which may hold a password. BOSA_NOMEM.
 */
enum bosa_status proxy_parse(struct proxy *out, const char *text, struct bosa_error *err);

void proxy_free(struct proxy *proxy);

/* Which proxy each request goes through. Zeroed memory is none. */
struct proxies {
    bool own;                 /* the caller named it; else the environment did */
    struct proxy http, https; /* for targets of that scheme */
};

/*
 * `own` is for both schemes ("": none at all). Where it is NULL the environment is read, as curl
 * does: https_proxy, HTTPS_PROXY, or http_proxy (never HTTP_PROXY, which a CGI's client can set),
 * else all_proxy, ALL_PROXY. BOSA_PARAMS: as proxy_parse. BOSA_CONNECTION, which names the
 * variable: it is no proxy URL. BOSA_NOMEM.
 */
enum bosa_status proxies_find(struct proxies *out, const char *own, struct bosa_error *err);

/*
 * The proxy for a request to this URL; NULL: none. What only the environment names is not for this
 * machine itself. (no_proxy is libcurl's to read.)
 */
const struct proxy *proxies_for(const struct proxies *proxies, const struct url *url);

void proxies_free(struct proxies *proxies);

#endif
