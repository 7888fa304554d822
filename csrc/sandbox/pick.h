/*
 * pick: what `response_fields` leaves of a response.
 *
 * A field is a name or a dotted path ("user.login"). Lists are gone through item by item; a member
 * named whole is kept whole.
 */
#ifndef SANDBOX_PICK_H
#define SANDBOX_PICK_H

#include "json/json.h"

#define PICK_MAX 200 /* paths; more are not looked at */

/* Adds to `out` what the paths, an array of strings of `fields`, leave of `node`. */
void pick_fields(struct json_doc *out, const struct json_doc *from, uint32_t node,
                 const struct json_doc *fields, uint32_t paths);

#endif
