/*
 * http_date: dates and Retry-After (RFC 9110, sections 5.6.7 and 10.2.3).
 */
#ifndef BOSA_HTTP_DATE_H
#define BOSA_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads an HTTP date (all three forms of RFC 9110 5.6.7) as Unix seconds; false when it is none. */
bool http_date(const char *text, int64_t *unix_seconds);

/* A date in the form "Sun, 06 Nov 1994 08:49:37 GMT"; `out` has room for 30 bytes. */
void http_write_date(int64_t unix_seconds, char out[30]);

/*
 * Seconds to wait as Retry-After says, at least 0; negative when `text` (may be NULL) is neither a
 * number of seconds nor a date.
 */
double http_retry_after(const char *text, int64_t now_unix);

#endif
