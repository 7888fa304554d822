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

/* How accounts of a connector are connected. */
endpoint_handler endpoint_auth_schema;

/* For tests: counts, the way back to the beginning, another schema, accounts that expire. */
endpoint_handler endpoint_stats, endpoint_reset, endpoint_schema_change, endpoint_expire;

/* The members of an integration, within an object that stays open. */
void emit_integration(struct buf *out, const struct accounts *accounts, const struct user *user,
                      const struct integration *own);

/*
 * Checks the configuration that is to connect an account of `connector`: the member of `body` at
 * `node`. False: the response is made.
 */
bool auth_check(struct response *response, const char *connector, struct json_doc *body,
                uint32_t node);

/*
 * The integration that a request acts as: that of X-Bosa-Integration, else the selected one. False:
 * it can't act, and the response is made. The lab takes any name, since it only tells what it was
 * sent.
 */
bool integration_acts(struct exchange *x, struct response *response);

#endif
