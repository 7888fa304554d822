/*
 * endpoints: what can be asked of the server besides running actions.
 */
#ifndef SANDBOX_ENDPOINTS_H
#define SANDBOX_ENDPOINTS_H

#include "exchange.h"

/* Discovery, and the names of the connectors in both dialects. */
endpoint_handler endpoint_discovery, endpoint_names, endpoint_legacy_names;

endpoint_handler endpoint_create_user, endpoint_token, endpoint_who_am_i;

endpoint_handler endpoint_has_integration, endpoint_integrate, endpoint_authorized,
    endpoint_get_integration, endpoint_select_integration, endpoint_remove_integration,
    endpoint_remove_selected;

/* For tests: counts, the way back to the beginning, and another schema. */
endpoint_handler endpoint_stats, endpoint_reset, endpoint_schema_change;

/* The members of an integration, within an object that stays open. */
void emit_integration(struct buf *out, const struct accounts *accounts, const struct user *user,
                      const struct integration *own);

#endif
