/*
 * json_error: a document as the details of an error: a list of validation errors (schema.h), or
 * what the server said.
 */
#ifndef BOSA_JSON_ERROR_H
#define BOSA_JSON_ERROR_H

#include "base/error.h"
#include "json/json.h"

/*
 * Moves the document into `err`, in place of its details; `doc` is left as json_init does, also on
 * failure. A document that has failed, or no memory: BOSA_NOMEM, and `err` is what it was.
 */
enum bosa_status json_error_attach(struct bosa_error *err, struct json_doc *doc);

/* The details, borrowed; NULL: none. */
struct json_doc *json_error_details(const struct bosa_error *err);

#endif
