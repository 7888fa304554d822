/*
 * curl_setup: options of libcurl's handles, which are the same for every connection. Private to
 * transport, and for connection_curl.c alone.
 */
#ifndef BOSA_CURL_SETUP_H
#define BOSA_CURL_SETUP_H

#include "http/proxy.h"
#include "transport/transfer.h"

#include <curl/curl.h>

/* Options of libcurls newer than the one we may be compiled with; an older one refuses them. */
#define INFO_USED_PROXY ((CURLINFO)(CURLINFO_LONG + 66))                   /* 8.7 */
#define OPTION_QUICK_EXIT ((CURLoption)(CURLOPTTYPE_LONG + 322))           /* 7.87 */
#define OPTION_PROTOCOLS_STR ((CURLoption)(CURLOPTTYPE_STRINGPOINT + 318)) /* 7.85 */
#define OPTION_PROTOCOLS ((CURLoption)(CURLOPTTYPE_LONG + 181))            /* before that */
#define OPTION_RESOLVE_THREADS_MAX ((CURLMoption)(CURLOPTTYPE_LONG + 20))  /* 8.20 */
#define OPTION_MULTI_QUICK_EXIT ((CURLMoption)(CURLOPTTYPE_LONG + 21))     /* 8.20 */

/* A handle of which connections' handles are copies: TCP and TLS only, HTTP/1.1 in ALPN, always
 * through a proxy by a tunnel. NULL: no memory. */
CURL *curl_setup_model(const struct transfer_options *options);

/* A multi handle that closes no connection by itself. NULL: no memory. */
CURLM *curl_setup_multi(void);

/* Shares TLS sessions between handles; *share NULL where this libcurl (its version as
 * curl_version_info gives it) does so by itself. False: no memory. */
bool curl_setup_share(CURLSH **share, unsigned version);

/* The proxy of one connection; NULL: none. */
CURLcode curl_setup_proxy(CURL *easy, const struct proxy *proxy);

/*
 * Whether libcurl went through the proxy that it was given: `no_proxy` may have named the server.
 * Before 8.7 it doesn't say, so there false where that variable is set.
 */
bool curl_setup_used_proxy(CURL *easy);

#endif
