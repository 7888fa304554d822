/*
 * redact: secrets out of the texts of an error.
 */
#ifndef BOSA_REDACT_H
#define BOSA_REDACT_H

#include "base/error.h"
#include "base/secrets.h"

struct hub;

/*
 * Masks the secrets in all of its texts. Without memory the error becomes BOSA_NOMEM.
 */
void error_redact(struct bosa_error *e, struct secrets *secrets);

/*
 * The same with the secrets of a hub, and a token (may be NULL) that was given for one call; for
 * errors that are made without a call.
 */
void error_redact_hub(struct bosa_error *e, const struct hub *hub, const char *token);

#endif
