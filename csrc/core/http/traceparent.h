/*
 * traceparent: the field of that name of W3C's Trace Context, which says of which trace a request
 * is a part: version-traceid-parentid-flags.
 */
#ifndef BOSA_TRACEPARENT_H
#define BOSA_TRACEPARENT_H

#include <stdbool.h>
#include <stddef.h>

#define TRACEPARENT_FIELD "traceparent"
#define TRACEPARENT_LEN 55    /* bytes of a value */
#define TRACEPARENT_ID_AT 3   /* where its trace id begins */
#define TRACEPARENT_ID_LEN 32 /* bytes of that */

/* What a caller is told whose value is none. */
#define TRACEPARENT_EXPECTED                                                                       \
    "version-traceid-parentid-flags of W3C Trace Context expected, as "                            \
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

/*
 * True for a value that may be sent: lower-case hexadecimal digits, any version but ff, neither id
 * all zero, nothing after the flags.
 */
bool traceparent_is_valid(const char *text, size_t len);

#endif
