/*
 * disposition: what the core itself asks of a Content-Disposition value, beside http.h.
 */
#ifndef BOSA_DISPOSITION_H
#define BOSA_DISPOSITION_H

#include "base/error.h"

#include <stdbool.h>

/* As http_filename, but no memory (BOSA_NOMEM) differs from no name (BOSA_OK, *out NULL). */
enum bosa_status disposition_filename(const char *value, char **out);

/* True when the value (may be NULL) says "attachment". */
bool disposition_is_attachment(const char *value);

#endif
