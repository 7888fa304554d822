/*
 * filter: what `response_filters` leaves of a response's data.
 *
 * A filter names a field of an item and what its value must be; an item stays when all hold. One
 * with a `root` leaves the items and thins out the list at that path in each of them.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include "json/json.h"

#define FILTER_MAX 50 /* filters; more are not looked at */

/* Adds to `out` what the filters, an array of objects of `params`, leave of `node`. */
void filter_items(struct json_doc *out, const struct json_doc *from, uint32_t node,
                  const struct json_doc *params, uint32_t filters);

#endif
