/*
 * A request's way: its target is found and its body taken as the pieces come in; whether it may go
 * on is asked when it is whole, since a client that is still sending would not read the response.
 */
#include "exchange.h"

#include "base/mem.h"
#include "emit.h"
#include "http/header_fields.h"

#include <microhttpd.h>
#include <string.h>

struct exchange *exchange_new(struct sandbox *sandbox, const char *uri)
{
    struct exchange *x = mem_zalloc(1, sizeof *x);
    if (!x) {
        return NULL;
    }
    x->sandbox = sandbox;
    response_prepare(&x->response);
    invent_uuid(&sandbox->ids, x->id);
    x->uri = mem_dup(uri, strlen(uri));
    if (!x->uri) {
        exchange_free(x);
        return NULL;
    }
    const char *mark = strchr(x->uri, '?');
    x->query = mark ? mark + 1 : NULL;
    parts_decode(&x->path, x->uri, mark ? (size_t)(mark - x->uri) : strlen(x->uri), false);
    return x;
}

const char *exchange_field(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

bool exchange_is_type(const struct exchange *x, const char *type)
{
    const char *own = exchange_field(x, "Content-Type");
    size_t len = own ? strcspn(own, "; \t") : 0;
    return own && http_same(own, len, type, strlen(type));
}

bool exchange_query(const struct exchange *x, const char *name, struct buf *value)
{
    size_t name_len = strlen(name);
    const char *pair = x->query;
    while (pair) {
        size_t len = strcspn(pair, "&");
        if (len > name_len && pair[name_len] == '=' && memcmp(pair, name, name_len) == 0) {
            parts_decode(value, pair + name_len + 1, len - name_len - 1, true);
            return true;
        }
        pair = pair[len] ? pair + len + 1 : NULL;
    }
    return false;
}

/* What is done with the body depends on who is going to read it. */
static enum intake choose_intake(struct exchange *x)
{
    if (x->target.status != 200) {
        return INTAKE_DROP;
    }
    const struct served *action = x->target.action;
    if (action && action->form && exchange_is_type(x, "multipart/form-data")) {
        bool keep = action->def->flags & ACTION_KEEPS_FILES;
        parts_begin(&x->parts, x->connection, keep ? EXCHANGE_KEEP_FILE : 0);
        return INTAKE_PARTS;
    }
    return INTAKE_HOLD;
}

void exchange_begin(struct exchange *x, struct MHD_Connection *connection, const char *method)
{
    size_t len = strlen(method);
    x->begun = true;
    x->connection = connection;
    memcpy(x->method, method, len < sizeof x->method ? len : sizeof x->method - 1);
    x->target = route_find(x->sandbox, x->method, x->path.data ? x->path.data : "", x->path.len);
    x->intake = choose_intake(x);
}

void exchange_take(struct exchange *x, const char *bytes, size_t len)
{
    if (x->intake == INTAKE_PARTS) {
        parts_feed(&x->parts, bytes, len);
    } else if (x->intake == INTAKE_HOLD && x->body.len + len <= EXCHANGE_MAX_BODY) {
        buf_add(&x->body, bytes, len);
    } else if (x->intake == INTAKE_HOLD) {
        x->too_large = true;
    }
}

/* 307 to the path with its last slash added or taken away, as the real router does. */
static void redirect(struct exchange *x, struct response *response)
{
    const char *host = exchange_field(x, "Host");
    size_t len = x->query ? (size_t)(x->query - x->uri - 1) : strlen(x->uri);
    struct buf location;
    size_t ignored;
    buf_init(&location);
    if (host) {
        buf_addf(&location, "%s://%s", x->sandbox->options.tls_cert ? "https" : "http", host);
    }
    bool slash = len > 0 && x->uri[len - 1] == '/';
    buf_add(&location, x->uri, slash ? len - 1 : len);
    buf_adds(&location, slash ? "" : "/");
    if (x->query) {
        buf_addf(&location, "?%s", x->query);
    }
    char *text = buf_take(&location, &ignored);
    response->kind = RESPONSE_BODY;
    response->status = 307;
    response_field(response, "Location", text ? text : "/");
    mem_free(text);
}

/* True where a request without a key may go on: the current API needs one to create users only. */
static bool needs_no_key(const struct exchange *x, enum guard guard)
{
    bool legacy = x->sandbox->options.dialect == DIALECT_LEGACY ||
                  (x->target.route && x->target.route->dialects == DIALECT_LEGACY);
    return guard != NEEDS_KEY && !legacy;
}

/* False when the request may not go on; the response is made then. */
static bool pass(struct exchange *x, enum guard guard, struct response *response)
{
    const char *key = exchange_field(x, "X-API-Key");
    if (guard == OPEN_TO_ALL) {
        return true;
    }
    if (guard == NEEDS_TOKEN && !exchange_user(x, response)) {
        return false;
    }
    if (key ? strcmp(key, x->sandbox->accounts.key) != 0 : !needs_no_key(x, guard)) {
        response_error(response, 404, "invalid_api_key", "Invalid API Key.");
        return false;
    }
    return guard != NEEDS_USER || exchange_user(x, response);
}

struct user *exchange_user(struct exchange *x, struct response *response)
{
    const char *field = exchange_field(x, "Authorization");
    bool expired = false;
    struct user *user = NULL;
    if (field && strncmp(field, "Bearer ", 7) == 0) {
        user = accounts_bearer(&x->sandbox->accounts, field + 7, &expired);
    }
    if (user && !expired) {
        return user;
    }
    if (expired) {
        response_error(response, 401, "token_expired", "Token has expired.");
    } else {
        response_error(response, 401, "unauthorized", "Unauthorized");
    }
    return NULL;
}

void exchange_respond(struct exchange *x)
{
    struct response *response = &x->response;
    const struct target *target = &x->target;
    x->responded = true;
    if (target->status == 307) {
        redirect(x, response);
    } else if (target->status == 404) {
        response_detail(response, 404, "Not Found");
    } else if (target->status == 405) {
        response_detail(response, 405, "Method Not Allowed");
    } else if (x->too_large || x->body.failed) {
        response_detail(response, 413, "Request Entity Too Large");
    } else if (!pass(x, target->action ? NEEDS_USER : target->route->guard, response)) {
        return;
    } else if (target->action) {
        execute_action(x, response);
    } else {
        target->route->handler(x, response);
    }
}

void exchange_free(struct exchange *x)
{
    if (!x) {
        return;
    }
    mem_free(x->uri);
    buf_free(&x->path);
    buf_free(&x->body);
    (void)parts_end(&x->parts); /* a request that broke off */
    parts_free(&x->parts);
    response_release(&x->response);
    mem_free(x);
}
