/*
 * detail: responses with status 422, in the form that pydantic gives them.
 */
#ifndef SANDBOX_DETAIL_H
#define SANDBOX_DETAIL_H

#include "response.h"

#include "json/json.h"

/* {"detail": [{type, loc: ["body", ...], msg, input}]} for one fault; `name` NULL: the body itself.
 */
void detail_one(struct response *response, const char *type, const char *name, const char *message);

/* The same for a list of faults as schema_check gives them, about `params`. */
void detail_faults(struct response *response, const struct json_doc *params,
                   const struct bosa_error *err);

/*
 * Reads a JSON body (copied). False: it is none, or no object; the response is made then. `doc`
 * must be fresh.
 */
bool detail_parse(struct response *response, struct json_doc *doc, const char *body, size_t len);

#endif
