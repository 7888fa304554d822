/*
 * disposition: what a Content-Disposition field says (RFC 6266).
 */
#ifndef BOSA_DISPOSITION_H
#define BOSA_DISPOSITION_H

#include "base/error.h"

#include <stdbool.h>

/* As http_filename, but no memory (BOSA_NOMEM) differs from no name (BOSA_OK, *out NULL). */
enum bosa_status disposition_filename(const char *value, char **out);

/* True when the value (may be NULL) says "attachment". */
bool disposition_is_attachment(const char *value);

/*
 * The file name of a Content-Disposition value: filename* (RFC 8187) before filename (quoted, RFC
 * 2231 continuations, bare). Sloppy values are read as protocol.md says: invalid UTF-8 is Latin-1,
 * a quoted string ends at its last quote. An owned string in UTF-8, not made safe; NULL when there
 * is none or no memory.
 */
char *http_filename(const char *content_disposition);

#endif
