/*
 * catalog: what there is to be called: tools, MCP servers and skills. Only the current API has it.
 */
#ifndef SANDBOX_CATALOG_H
#define SANDBOX_CATALOG_H

#include "exchange.h"

/* Lists, open to all, that response {items, meta} by pages; and the search over all three. */
endpoint_handler endpoint_catalog_tools, endpoint_catalog_mcps, endpoint_catalog_skills,
    endpoint_catalog_search;

/* A tenant's own skills, and what their presigned addresses give. */
endpoint_handler endpoint_tenant_skills, endpoint_tenant_skill, endpoint_skill_file;

/* Which part of a list is wanted. */
struct window {
    int64_t limit, offset;
};

/* Reads limit (50) and offset (0) from the query. False: the 422 is made. */
bool window_read(struct exchange *x, struct response *response, struct window *window);

/* A whole number of the query from `least` to `most`, `preset` where it is missing. False: the 422
 * is made. */
bool query_number(struct exchange *x, struct response *response, const char *name, int64_t least,
                  int64_t most, int64_t preset, int64_t *out);

/* 422 about a parameter of the query. */
void query_refuse(struct response *response, const char *name, const char *type,
                  const char *message);

/* The `meta` of a list. */
void window_emit(struct buf *out, const struct window *window, int64_t total);

#endif
