/*
 * Asks the libcurl of this process for its version; the binding calls it before anything else of
 * transport's. It must not touch libcurl otherwise: it may be too old for that.
 */
#include "transport/libcurl_version.h"

#include <curl/curl.h>
#include <stddef.h>
#include <stdio.h>

#if LIBCURL_VERSION_NUM < LIBCURL_LEAST
#error "bosa needs libcurl " LIBCURL_LEAST_TEXT " or later with its headers"
#endif

const char *libcurl_version_complaint(void)
{
    static char text[128]; /* made once or several times, it says the same */
    const curl_version_info_data *found = curl_version_info(CURLVERSION_FIRST);
    if (found->version_num >= LIBCURL_LEAST) {
        return NULL;
    }
    snprintf(text, sizeof text, "bosa needs libcurl %s or later, but %.32s was loaded",
             LIBCURL_LEAST_TEXT, found->version);
    return text;
}
