/*
 * redact: secrets out of the texts of an error.
 */
#ifndef BOSA_REDACT_H
#define BOSA_REDACT_H

#include "base/error.h"
#include "base/secrets.h"

/*
 * Masks the secrets in all of its texts but the names of connector and action. Without memory
 * the error becomes BOSA_NOMEM.
 */
void error_redact(struct bosa_error *e, struct secrets *secrets);

#endif
