/*
 * redact: secrets out of the texts of an error.
 */
#ifndef BOSA_REDACT_H
#define BOSA_REDACT_H

#include "base/error.h"

/*
 * Replaces every occurrence of `secret` in message, cause, code, reference_id, url, body and
 * details by "***". A secret shorter than 4 bytes is not looked for.
 */
void error_redact(struct bosa_error *e, const char *secret, size_t len);

#endif
