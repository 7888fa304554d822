/*
 * Options of libcurl's handles. Called by connection_curl.c when an engine or a connection is made.
 */
#include "transport/curl_setup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define RESOLVE_THREADS 200L
#define FOR_EVER 86400000L /* seconds: libcurl is to close none of our connections by itself */

/* Unless an option before could not be set. */
#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(easy, option, value))

static CURLcode set_fixed(CURL *easy)
{
    CURLcode bad = CURLE_OK;
    SET(CURLOPT_CONNECT_ONLY, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1); /* in ALPN: no HTTP/2 */
    SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_MAXAGE_CONN, FOR_EVER);
    (void)curl_easy_setopt(easy, OPTION_QUICK_EXIT, 1L);
    if (curl_easy_setopt(easy, OPTION_PROTOCOLS_STR, "http,https") != CURLE_OK) {
        SET(OPTION_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    }
    return bad;
}

static CURLcode set_chosen(CURL *easy, const struct transfer_options *o)
{
    CURLcode bad = CURLE_OK;
    SET(CURLOPT_SSL_VERIFYPEER, o->verify ? 1L : 0L);
    SET(CURLOPT_SSL_VERIFYHOST, o->verify ? 2L : 0L);
    SET(CURLOPT_USERAGENT, o->user_agent ? o->user_agent : TRANSFER_USER_AGENT); /* to a proxy */
    if (o->ca_file) {
        SET(CURLOPT_CAINFO, o->ca_file);
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* the system's, where there is one */
    }
    if (o->ca_dir) { /* a TLS library that knows no directories has the rest */
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, o->ca_dir);
    }
    return bad;
}

CURL *curl_setup_model(const struct transfer_options *options)
{
    CURL *easy = curl_easy_init();
    if (easy && (set_fixed(easy) || set_chosen(easy, options))) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    return easy;
}

#define NEAR 16 /* descriptors that may be libcurl's own: it takes the lowest that are free */

/* Which descriptors from `first` on are open and go to children, a bit each. */
static unsigned inherited(int first)
{
    unsigned set = 0;
    for (int i = 0; i < NEAR; i++) {
        int flags = fcntl(first + i, F_GETFD);
        set |= flags >= 0 && !(flags & FD_CLOEXEC) ? 1U << i : 0;
    }
    return set;
}

/* A multi handle. Until 8.8 its descriptors for waking it up would go to children. */
static CURLM *make_multi(void)
{
    int first = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0); /* the lowest that is free */
    if (first >= 0) {
        close(first);
    }
    unsigned before = first < 0 ? 0 : inherited(first);
    CURLM *multi = curl_multi_init();
    unsigned made = first < 0 ? 0 : inherited(first) & ~before;
    for (int i = 0; i < NEAR; i++) {
        if (made & 1U << i) {
            (void)fcntl(first + i, F_SETFD, FD_CLOEXEC);
        }
    }
    return multi;
}

CURLM *curl_setup_multi(void)
{
    CURLM *multi = make_multi();
    if (multi) {
        (void)curl_multi_setopt(multi, OPTION_RESOLVE_THREADS_MAX, RESOLVE_THREADS);
        (void)curl_multi_setopt(multi, OPTION_MULTI_QUICK_EXIT, 1L);
        (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)INT_MAX);
    }
    return multi;
}

/* From 8.14 on libcurl resumes TLS sessions by itself. */
bool curl_setup_share(CURLSH **share, unsigned version)
{
    *share = version >= 0x080e00 ? NULL : curl_share_init();
    return version >= 0x080e00 ||
           (*share &&
            curl_share_setopt(*share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK);
}

/* The credentials go beside the URL, so that no text of libcurl's can repeat them. */
CURLcode curl_setup_proxy(CURL *easy, const struct proxy *proxy)
{
    CURLcode bad = CURLE_OK;
    SET(CURLOPT_PROXY, proxy ? proxy->url : "");
    if (proxy && proxy->user) {
        SET(CURLOPT_PROXYUSERNAME, proxy->user);
        SET(CURLOPT_PROXYPASSWORD, proxy->password ? proxy->password : "");
    }
    return bad;
}

bool curl_setup_used_proxy(CURL *easy)
{
    static const char *const names[] = {"no_proxy", "NO_PROXY"};
    long used = 0;
    if (curl_easy_getinfo(easy, INFO_USED_PROXY, &used) == CURLE_OK) {
        return used != 0;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0]) {
            return false;
        }
    }
    return true;
}
