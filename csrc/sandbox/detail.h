/*
 * detail: 422 answers, in the form that pydantic gives them.
 */
#ifndef SANDBOX_DETAIL_H
#define SANDBOX_DETAIL_H

#include "answer.h"

#include "json/json.h"

/* {"detail": [{type, loc: ["body", ...], msg, input}]} for one fault; `name` NULL: the body itself.
 */
void detail_one(struct answer *answer, const char *type, const char *name, const char *message);

/* The same for a list of faults as schema_check gives them, about `params`. */
void detail_faults(struct answer *answer, const struct json_doc *params,
                   const struct bosa_error *err);

/*
 * Reads a JSON body (copied). False: it is none, or no object; the answer is made then. `doc` must
 * be fresh.
 */
bool detail_parse(struct answer *answer, struct json_doc *doc, const char *body, size_t len);

#endif
