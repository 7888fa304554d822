/*
 * The requests of the catalog, of a tenant's skills, and of what is downloaded from elsewhere. Only
 * servers of the current API have these routes. Called by hub_request.c.
 *
 * Each endpoint gets the credentials that it asks for and no others: the lists are open to all, an
 * API key beside a token would lead to another of the skills' routes, and who a URL to download
 * from belongs to is not known.
 */
#include "http/url.h"
#include "hub/hub_internal.h"

#include <string.h>

struct catalog_route {
    const char *path; /* {identifier} stands for the percent-encoded one; NULL: it is the URL */
    bool token, key;  /* what goes along */
    bool list;        /* responds with items, by pages */
};

static const struct catalog_route routes[ENDPOINT_COUNT] = {
    [ENDPOINT_CATALOG_TOOLS] = {"/catalog/tools", false, false, true},
    [ENDPOINT_CATALOG_MCPS] = {"/catalog/mcp", false, false, true},
    [ENDPOINT_CATALOG_SKILLS] = {"/catalog/skills", false, false, true},
    [ENDPOINT_CATALOG_SEARCH] = {"/catalog/search", true, true, false},
    [ENDPOINT_TENANT_SKILLS] = {"/api/skills", true, false, true},
    [ENDPOINT_TENANT_SKILL] = {"/api/skills/{identifier}", true, false, false},
    [ENDPOINT_DOWNLOAD] = {NULL, false, false, false},
};

bool hub_is_catalogs(enum endpoint endpoint)
{
    return routes[endpoint].path || endpoint == ENDPOINT_DOWNLOAD;
}

bool hub_catalog_needs_token(enum endpoint endpoint)
{
    return routes[endpoint].token;
}

bool endpoint_is_list(enum endpoint endpoint)
{
    return routes[endpoint].list;
}

/* Adds a member's value: a string percent-encoded, anything else as JSON writes it. */
static enum bosa_status add_value(struct buf *url, const struct json_doc *query, uint32_t node,
                                  struct bosa_error *err)
{
    size_t len;

    if (json_type(query, node) != JSON_STRING) {
        return json_write(url, query, node, err);
    }
    const char *text = json_text(query, node, &len);
    buf_add_escaped(url, text, len);
    return BOSA_OK;
}

/* Adds the members of an object as a query. */
static enum bosa_status add_query(struct buf *url, const struct json_doc *query,
                                  struct bosa_error *err)
{
    enum bosa_status status = BOSA_OK;
    uint32_t end = json_next(query, 0);
    char sign = '?';

    for (uint32_t name = 1; name < end && status == BOSA_OK; name = json_next(query, name + 1)) {
        size_t len;
        const char *text = json_text(query, name, &len);

        buf_addc(url, sign);
        buf_add_escaped(url, text, len);
        buf_addc(url, '=');
        status = add_value(url, query, name + 1, err);
        sign = '&';
    }
    return status;
}

/* Writes the URL of a route below the hub's own. */
static enum bosa_status write_url(struct buf *url, const struct hub *hub,
                                  const struct catalog_route *route, const char *identifier,
                                  const struct json_doc *query, struct bosa_error *err)
{
    size_t len = strcspn(route->path, "{");
    enum bosa_status status = BOSA_OK;

    buf_adds(url, hub->base_url);
    buf_add(url, route->path, len);
    if (route->path[len]) {
        status = hub_add_segment(url, identifier, "the skill's id", err);
    }
    return status == BOSA_OK && query ? add_query(url, query, err) : status;
}

/* A URL that the server named. Whatever is wrong with it, it is not repeated: it may hold a
 * signature, and be of any length. */
static enum bosa_status write_foreign_url(struct buf *url, const struct hub *hub, const char *text,
                                          struct bosa_error *err)
{
    struct url parts;

    if (!text || !url_parse(&parts, text, strlen(text))) {
        return error_set(err, BOSA_PROTOCOL,
                         "malformed response: the address to download from is no http or https "
                         "URL");
    }
    if (!parts.https && !hub->allow_http && !url_is_loopback(&parts)) {
        return error_set(err, BOSA_PROTOCOL,
                         "the server gave a plain http address to download from: only https is "
                         "used, or set allow_http");
    }
    buf_adds(url, text);
    return BOSA_OK;
}

static enum bosa_status set_accept(struct request *request, const char *types,
                                   struct bosa_error *err)
{
    return fields_set(&request->fields, "Accept", types, strlen(types), err);
}

enum bosa_status hub_catalog_request(const struct hub *hub, enum endpoint endpoint,
                                     const char *identifier, const char *token,
                                     const struct json_doc *query, struct request *request,
                                     struct bosa_error *err)
{
    const struct catalog_route *route = &routes[endpoint];
    enum bosa_status status;
    struct buf url;

    buf_init(&url);
    status = route->path ? write_url(&url, hub, route, identifier, query, err)
                         : write_foreign_url(&url, hub, identifier, err);
    if (status != BOSA_OK) {
        buf_free(&url);
        return status;
    }
    request->method = "GET";
    request->url = buf_take(&url, NULL);
    if (!request->url) {
        return error_nomem(err);
    }
    if (!route->path) {
        return set_accept(request, "*/*", err);
    }
    status = set_accept(request, "application/json", err);
    return status == BOSA_OK ? hub_set_identity(request, route->key ? hub->api_key : NULL,
                                                route->token ? token : NULL, NULL, err)
                             : status;
}
