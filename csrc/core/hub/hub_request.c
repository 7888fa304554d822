/*
 * The requests of a hub: running an action, discovery, and the endpoints in their two dialects.
 */
#include "base/mem.h"
#include "base/text.h"
#include "http/header_fields.h"
#include "hub/hub_internal.h"
#include "hub/redact.h"

#include <string.h>

#define ANY_TYPE "application/json, */*;q=0.8"
#define JSON_TYPE "application/json"

/* Where an endpoint is. In a path, {name} and {identifier} stand for the percent-encoded ones. */
struct route {
    const char *method, *path;
};

struct endpoint_routes {
    struct route current, legacy;
    bool bearer; /* acts for a user, so needs a token */
};

static const struct endpoint_routes endpoints[ENDPOINT_COUNT] = {
    [ENDPOINT_NAMES] = {{"GET", "/connectors/names"}, {"GET", "/connectors"}, false},
    [ENDPOINT_CREATE_USER] = {{"POST", "/users"}, {"POST", "/clients/register-user"}, false},
    [ENDPOINT_TOKEN] = {{"POST", "/auth/tokens"}, {"POST", "/clients/oauth-token"}, false},
    [ENDPOINT_WHO_AM_I] = {{"GET", "/users/me"}, {"GET", "/clients/user"}, true},
    [ENDPOINT_AUTH_SCHEMA] = {{"GET", "/connectors/{name}/auth-schema"},
                              {"GET", "/connectors/{name}/auth-schema"},
                              false},
    [ENDPOINT_HAS_INTEGRATION] = {{"GET", "/connectors/{name}/integration-exists"},
                                  {"GET", "/connectors/{name}/integration-exists"},
                                  true},
    [ENDPOINT_INTEGRATE] = {{"POST", "/connectors/{name}/integrations"},
                            {"POST", "/connectors/{name}/integrations"},
                            true},
    [ENDPOINT_GET_INTEGRATION] = {{"GET", "/connectors/{name}/integrations/{identifier}"},
                                  {"GET", "/connectors/{name}/integrations/{identifier}"},
                                  true},
    [ENDPOINT_SELECT_INTEGRATION] = {{"POST", "/connectors/{name}/integrations/{identifier}"},
                                     {"POST", "/connectors/{name}/integrations/{identifier}"},
                                     true},
    [ENDPOINT_REMOVE_INTEGRATION] = {{"DELETE", "/connectors/{name}/integrations/{identifier}"},
                                     {"DELETE", "/connectors/{name}/integrations"},
                                     true},
};

/* Where both dialects have one route there is nothing to find out. */
enum hub_dialect hub_dialect(const struct hub *hub, enum endpoint endpoint)
{
    const struct endpoint_routes *routes = &endpoints[endpoint];

    if (hub_is_catalogs(endpoint) || strcmp(routes->current.path, routes->legacy.path) == 0) {
        return DIALECT_CURRENT;
    }
    return hub->dialects[endpoint];
}

/* Each endpoint by itself: a server may have moved some and kept the others. */
void hub_set_dialect(struct hub *hub, enum endpoint endpoint, enum hub_dialect dialect)
{
    hub->dialects[endpoint] = dialect;
}

/* ---- pieces of a request ---- */

/* Moves the URL written in `url` to the request. */
static enum bosa_status set_url(struct request *request, struct buf *url, struct bosa_error *err)
{
    request->url = buf_take(url, NULL);
    return !request->url ? error_nomem(err) : BOSA_OK;
}

/* ---- actions ---- */

/* True for a field that belongs to the transport: with it a caller could break the message's frame
 * or its host. */
static bool is_transports(const char *name)
{
    static const char *const names[] = {"Host",       "Content-Length", "Transfer-Encoding",
                                        "Connection", "Upgrade",        "TE",
                                        "Trailer",    "Expect"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (http_same(name, strlen(name), names[i], strlen(names[i]))) {
            return true;
        }
    }
    return false;
}

/* The caller's own fields, which come first so that ours win. */
static enum bosa_status copy_fields(struct request *request, const struct fields *fields,
                                    struct bosa_error *err)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (is_transports(fields->list[i].name)) {
            return error_set(err, BOSA_PARAMS, "the header field %s can't be set by a caller",
                             fields->list[i].name);
        }
    }
    return fields_copy(&request->fields, fields) == BOSA_OK ? BOSA_OK : error_nomem(err);
}

/*
 * Checks the parameters against the schema, which completes them, or with SCHEMA_UNCHANGED says
 * BOSA_AGAIN where it would. `params` is the invocation's, or a copy. An action without schema
 * takes none and is sent {}.
 */
static enum bosa_status check_params(const struct invocation *invocation,
                                     const struct schema *schema, struct json_doc *params,
                                     unsigned options, struct bosa_error *err)
{
    if (schema) {
        return schema_check(schema, params, 0, SCHEMA_STRICT_NAMES | options, "parameter", err);
    }
    if (params->nodes[0].len == 0) {
        return BOSA_OK;
    }
    size_t len;
    const char *given = json_text(params, 1, &len);
    return error_set(err, BOSA_PARAMS, "%.*s%s takes no parameters, and `%.*s%s` was given",
                     TEXT_SHOWN(invocation->action, strlen(invocation->action)),
                     TEXT_SHOWN(given, len));
}

/* Everything of an action's request but its body. */
static enum bosa_status write_head(const struct hub *hub, const struct invocation *invocation,
                                   const struct action *action, struct request *request,
                                   struct bosa_error *err)
{
    const char *token = invocation->token ? invocation->token : hub->token;
    enum bosa_status status;
    struct buf url;

    buf_init(&url);
    buf_adds(&url, hub->base_url);
    buf_add(&url, action->path, action->path_len);
    request->method = "POST";
    status = set_url(request, &url, err);
    if (status == BOSA_OK) {
        status = copy_fields(request, &invocation->fields, err);
    }
    if (status == BOSA_OK && !fields_get(&request->fields, "Accept")) {
        status = hub_set_field(request, "Accept", ANY_TYPE, err);
    }
    if (status == BOSA_OK) {
        status = hub_set_identity(request, hub->api_key, token, invocation->identifier, err);
    }
    return status;
}

static bool fits_field(const char *text)
{
    return !text || http_is_value(text, strlen(text));
}

/* As fits_field, and nothing in it is to be converted. */
static bool is_ascii_field(const char *text)
{
    for (const char *p = text; p && *p; p++) {
        if ((unsigned char)*p >= 0x80) {
            return false;
        }
    }
    return fits_field(text);
}

/* True where parameters go as a form: the action may take a file. NULL takes none. */
static bool is_form(const struct schema *schema)
{
    return schema && schema_takes_files(schema);
}

/*
 * True when nothing but memory can keep a request with these parameters from being written: no
 * field of the caller's, no form, and values that fields and JSON can hold. (The hub's own key and
 * token were looked at when it was made.)
 */
static bool is_surely_written(const struct invocation *invocation, const struct schema *schema)
{
    return invocation->fields.count == 0 && invocation->file_count == 0 && !is_form(schema) &&
           fits_field(invocation->token) && is_ascii_field(invocation->identifier) &&
           (invocation->plain || json_writable(&invocation->params, 0));
}

/* The request of an action with parameters that were checked. */
static enum bosa_status write_checked(const struct hub *hub, const struct invocation *invocation,
                                      const struct action *action, const struct schema *schema,
                                      const struct json_doc *checked, struct request *request,
                                      struct bosa_error *err)
{
    enum bosa_status status = write_head(hub, invocation, action, request, err);

    if (status != BOSA_OK) {
        return status;
    }
    return request_set_params(request, checked, 0, is_form(schema), invocation->files,
                              invocation->file_count, err);
}

/* write_checked with a copy of the parameters that the check completes: an invocation that is to be
 * sent never changes. */
static enum bosa_status write_completed(const struct hub *hub, const struct invocation *invocation,
                                        const struct action *action, const struct schema *schema,
                                        struct request *request, struct bosa_error *err)
{
    struct json_doc copy;

    json_init(&copy);
    json_add_copy(&copy, &invocation->params, 0);
    enum bosa_status status =
        copy.failed ? error_nomem(err) : check_params(invocation, schema, &copy, 0, err);
    if (status == BOSA_OK) {
        status = write_checked(hub, invocation, action, schema, &copy, request, err);
    }
    json_wipe(&copy);
    return status;
}

/* hub_action_request for an action that is there. Few parameters have to be completed. */
static enum bosa_status write_action(const struct hub *hub, const struct invocation *invocation,
                                     struct connector *connector, struct action *action,
                                     struct request *request, struct bosa_error *err)
{
    struct json_doc params = invocation->params;
    const struct schema *schema;
    enum bosa_status status = action_schema(connector, action, &schema, err);

    if (status == BOSA_OK) {
        status = check_params(invocation, schema, &params, SCHEMA_UNCHANGED, err);
    }
    if (status == BOSA_AGAIN) {
        return write_completed(hub, invocation, action, schema, request, err);
    }
    return status == BOSA_OK ? write_checked(hub, invocation, action, schema, &params, request, err)
                             : status;
}

/* hub_action_check for an action that is there: nothing is written where it surely could be. */
static enum bosa_status check_action(const struct hub *hub, struct invocation *invocation,
                                     struct connector *connector, struct action *action,
                                     struct bosa_error *err)
{
    const struct schema *schema;
    enum bosa_status status = action_schema(connector, action, &schema, err);
    struct request scratch;

    if (status == BOSA_OK) {
        status = check_params(invocation, schema, &invocation->params, 0, err);
    }
    if (status != BOSA_OK || is_surely_written(invocation, schema)) {
        return status;
    }
    request_init(&scratch);
    status = write_checked(hub, invocation, action, schema, &invocation->params, &scratch, err);
    request_free(&scratch);
    return status;
}

/* True unless the server describes the response's data as something that JSON alone can be. */
static bool may_give_file(const struct connector *connector, const struct action *action)
{
    const struct json_doc *doc = &connector->doc;
    uint32_t response = json_member(doc, action->node, "response");
    uint32_t type = response == JSON_NONE ? JSON_NONE : json_member(doc, response, "type");
    size_t len;

    if (type == JSON_NONE || json_type(doc, type) != JSON_STRING) {
        return true;
    }
    const char *text = json_text(doc, type, &len);
    return http_same(text, len, "any", 3) || http_same(text, len, "string", 6);
}

/* A file that comes may be too large for memory, which is known only when the action has run. */
static enum bosa_status check_room(const struct invocation *invocation,
                                   const struct connector *connector, const struct action *action,
                                   struct bosa_error *err)
{
    if (invocation->output != SINK_MEMORY || !may_give_file(connector, action)) {
        return BOSA_OK;
    }
    return sink_check_temporary(err);
}

/* The invocation's action, and its connector. NULL: `err` says which of them there isn't. */
static struct action *find_action(struct hub *hub, const struct invocation *invocation,
                                  const struct moment *now, struct connector **connector,
                                  struct bosa_error *err)
{
    *connector = hub_find(hub, invocation->connector, now);
    if (!*connector) {
        (void)error_set(err, BOSA_UNKNOWN_CONNECTOR, "the actions of %.*s%s are not known yet",
                        TEXT_SHOWN(invocation->connector, strlen(invocation->connector)));
        return NULL;
    }
    struct action *action =
        connector_action(*connector, invocation->action, strlen(invocation->action));
    if (!action) {
        (void)connector_no_action(*connector, invocation->action, err);
    }
    return action;
}

/* Adds to an error of which action it is, and takes secrets out of it. */
static enum bosa_status locate(const struct hub *hub, enum bosa_status status,
                               const struct invocation *invocation, struct bosa_error *err)
{
    if (status == BOSA_OK) {
        return status;
    }
    (void)error_locate(err, status, invocation->connector, invocation->action,
                       strlen(invocation->action));
    error_redact_hub(err, hub, invocation->token);
    return err->kind;
}

/* The request is made aside, so that a failure leaves the caller's alone. */
enum bosa_status hub_action_request(struct hub *hub, const struct invocation *invocation,
                                    struct request *request, const struct moment *now,
                                    struct bosa_error *err)
{
    struct connector *connector;
    struct action *action = find_action(hub, invocation, now, &connector, err);
    struct request scratch;

    if (!action) {
        return locate(hub, err->kind, invocation, err);
    }
    request_init(&scratch);
    enum bosa_status status = write_action(hub, invocation, connector, action, &scratch, err);
    if (status == BOSA_OK) {
        status = check_room(invocation, connector, action, err);
    }
    if (status == BOSA_OK) {
        *request = scratch;
    } else {
        request_free(&scratch);
    }
    return locate(hub, status, invocation, err);
}

enum bosa_status hub_action_check(struct hub *hub, struct invocation *invocation,
                                  const struct moment *now, struct bosa_error *err)
{
    struct connector *connector;
    struct action *action = find_action(hub, invocation, now, &connector, err);
    enum bosa_status status =
        action ? check_action(hub, invocation, connector, action, err) : err->kind;

    return locate(hub, status, invocation, err);
}

/* ---- discovery ---- */

/* Sets a validator; one that no field can carry is left out, and the response comes whole. */
static enum bosa_status set_validator(struct request *request, const char *name, const char *value,
                                      struct bosa_error *err)
{
    enum bosa_status status = !value ? BOSA_OK : hub_set_field(request, name, value, err);

    if (status == BOSA_PARAMS) {
        error_clear(err);
        return BOSA_OK;
    }
    return status;
}

/* Writes the discovery request; `held` NULL: unconditional. */
static enum bosa_status write_discovery(const struct hub *hub, const char *name,
                                        const struct held *held, struct request *request,
                                        struct bosa_error *err)
{
    enum bosa_status status;
    struct buf url;

    buf_init(&url);
    buf_adds(&url, hub->base_url);
    buf_adds(&url, "/connectors/?modules=");
    buf_add_escaped(&url, name, strlen(name));
    request->method = "GET";
    status = set_url(request, &url, err);
    if (status == BOSA_OK) {
        status = hub_set_field(request, "Accept", JSON_TYPE, err);
    }
    if (status == BOSA_OK) {
        status = hub_set_field(request, "X-GL-Error-Contract", "2", err);
    }
    if (status == BOSA_OK && held) {
        status = set_validator(request, "If-None-Match", held->connector.etag, err);
    }
    if (status == BOSA_OK && held) {
        status = set_validator(request, "If-Modified-Since", held->connector.last_modified, err);
    }
    return status;
}

/* Of a connector that is held but too old, the validators go along, so that the response may be a
 * 304. */
enum bosa_status hub_discovery_request(struct hub *hub, const char *name, struct request *request,
                                       struct bosa_error *err)
{
    struct request scratch;
    enum bosa_status status;
    size_t index;

    if (*name == '\0') {
        return error_set(err, BOSA_PARAMS, "a connector's name can't be empty");
    }
    request_init(&scratch);
    status = write_discovery(hub, name, hub_held(hub, name, &index), &scratch, err);
    if (status != BOSA_OK) {
        request_free(&scratch);
        return error_locate(err, status, name, NULL, 0);
    }
    *request = scratch;
    return BOSA_OK;
}

/* ---- endpoints ---- */

/* An empty segment would make another route of the path, and so would dots, which servers take as
 * "here" and "above" however they are encoded. */
enum bosa_status hub_add_segment(struct buf *url, const char *text, const char *what,
                                 struct bosa_error *err)
{
    if (!text || *text == '\0') {
        return error_set(err, BOSA_PARAMS, "%s is missing or empty", what);
    }
    if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0) {
        return error_set(err, BOSA_PARAMS, "%s can't be `%s`", what, text);
    }
    buf_add_escaped(url, text, strlen(text));
    return BOSA_OK;
}

/* Adds a route's path with its placeholders filled in. */
static enum bosa_status add_path(struct buf *url, const char *path, const char *name,
                                 const char *identifier, struct bosa_error *err)
{
    const char *open;

    while ((open = strchr(path, '{')) != NULL) {
        bool is_name = open[1] == 'n';
        enum bosa_status status;

        buf_add(url, path, (size_t)(open - path));
        status =
            hub_add_segment(url, is_name ? name : identifier,
                            is_name ? "the connector's name" : "the integration's identifier", err);
        if (status != BOSA_OK) {
            return status;
        }
        path = strchr(open, '}') + 1;
    }
    buf_adds(url, path);
    return BOSA_OK;
}

/* The route in a dialect. To remove without an identifier only the legacy form can say. */
static const struct route *find_route(enum endpoint endpoint, enum hub_dialect dialect,
                                      const char *identifier)
{
    const struct endpoint_routes *routes = &endpoints[endpoint];
    bool unnamed = endpoint == ENDPOINT_REMOVE_INTEGRATION && !identifier;

    return unnamed || dialect == DIALECT_LEGACY ? &routes->legacy : &routes->current;
}

/* An endpoint's request with its URL and fields, without a body. */
static enum bosa_status write_endpoint(const struct hub *hub, const struct route *route,
                                       const char *name, const char *identifier, const char *token,
                                       struct request *request, struct bosa_error *err)
{
    bool in_path = strstr(route->path, "{identifier}");
    enum bosa_status status;
    struct buf url;

    buf_init(&url);
    buf_adds(&url, hub->base_url);
    status = add_path(&url, route->path, name, identifier, err);
    if (status != BOSA_OK) {
        buf_free(&url);
        return status;
    }
    request->method = route->method;
    status = set_url(request, &url, err);
    if (status == BOSA_OK) {
        status = hub_set_field(request, "Accept", JSON_TYPE, err);
    }
    if (status != BOSA_OK) {
        return status;
    }
    /* The legacy DELETE has no place for the identifier but the fields that select an account. */
    return hub_set_identity(request, hub->api_key, token, in_path ? NULL : identifier, err);
}

/*
 * A token that is given goes along even where none is needed; the hub's own goes only where it is,
 * since it is nobody's business who asks for a list of names.
 */
enum bosa_status hub_endpoint_request(struct hub *hub, enum endpoint endpoint,
                                      enum hub_dialect dialect, const char *name,
                                      const char *identifier, const char *token,
                                      const struct json_doc *body, struct request *request,
                                      struct bosa_error *err)
{
    bool catalogs = hub_is_catalogs(endpoint);
    bool bearer = catalogs ? hub_catalog_needs_token(endpoint) : endpoints[endpoint].bearer;
    struct request scratch;
    enum bosa_status status;

    if (!token && bearer) {
        token = hub->token;
    }
    if (!token && bearer) {
        (void)error_set(err, BOSA_AUTH,
                        "no user token was given: run `bosa auth login`, set BOSA_TOKEN, or "
                        "pass one");
        return error_locate(err, BOSA_AUTH, name, NULL, 0);
    }
    request_init(&scratch);
    if (catalogs) {
        status = hub_catalog_request(hub, endpoint, identifier, token, body, &scratch, err);
    } else {
        status = write_endpoint(hub, find_route(endpoint, dialect, identifier), name, identifier,
                                token, &scratch, err);
    }
    if (status == BOSA_OK && body && !catalogs) {
        status = request_set_params(&scratch, body, 0, false, NULL, 0, err);
    }
    if (status != BOSA_OK) {
        request_free(&scratch);
        return error_locate(err, status, name, NULL, 0);
    }
    *request = scratch;
    return BOSA_OK;
}
