/*
 * formdoc: the parts of a form as a document that a schema can be applied to.
 */
#ifndef SANDBOX_FORMDOC_H
#define SANDBOX_FORMDOC_H

#include "parts.h"
#include "json/json.h"

/*
 * Makes `out` (fresh) an object of the parts. All that a form carries is text: where the schema at
 * `node` of `doc` asks for an integer, a number, a boolean or a list, text that is one is read
 * so (booleans also as `True` and `False`). A file becomes a JSON_FILE that holds its part's index.
 * Where a name is repeated and no list is asked for, the last counts.
 */
void formdoc_build(struct json_doc *out, const struct parts *parts, const struct json_doc *doc,
                   uint32_t node);

#endif
