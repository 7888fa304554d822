/*
 * http_date: dates and Retry-After (RFC 9110, sections 5.6.7 and 10.2.3).
 */
#ifndef BOSA_HTTP_DATE_H
#define BOSA_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define HTTP_MAX_WAIT 1e9 /* seconds; a server that asks for more says no more than that */

/* Reads an HTTP date (all three forms of RFC 9110 5.6.7) as Unix seconds; false when it is none. */
bool http_date(const char *text, int64_t *unix_seconds);

/*
 * Seconds to wait as Retry-After says, 0 to HTTP_MAX_WAIT; negative when `text` (may be NULL) is
 * neither a number of seconds nor a date. `now_unix` is the time by the clock that a date is of:
 * the server's.
 */
double http_retry_after(const char *text, int64_t now_unix);

#endif
