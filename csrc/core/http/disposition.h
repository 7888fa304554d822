/*
 * disposition: what a Content-Disposition field says (RFC 6266).
 */
#ifndef BOSA_DISPOSITION_H
#define BOSA_DISPOSITION_H

#include "base/error.h"

#include <stdbool.h>

/* True when the value (may be NULL) says "attachment". */
bool disposition_is_attachment(const char *value);

/*
 * The file name of a Content-Disposition value: filename* (RFC 8187) before filename (quoted, RFC
 * 2231 continuations, bare, RFC 2047 encoded words). Sloppy values are read as what their senders
 * mean: invalid UTF-8 is windows-1252, a quoted string ends at its last quote, a charset may be
 * missing. *out is an owned string in UTF-8, not made safe; NULL when there is none. BOSA_NOMEM.
 */
enum bosa_status disposition_filename(const char *value, char **out);

#endif
