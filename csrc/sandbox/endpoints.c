/*
 * Discovery, users and the control of the server. Integrations have a file of their own.
 */
#include "endpoints.h"

#include "base/mem.h"
#include "detail.h"
#include "emit.h"

#include <string.h>

/* ---- discovery ---- */

/* One connector's discovery response, or 304 where the client has it already. */
static void response_connector(struct exchange *x, struct response *response,
                               const struct connector_served *served)
{
    const char *known = exchange_field(x, "If-None-Match");
    response_field(response, "ETag", served->etag);
    if (known && strstr(known, served->etag)) {
        response->kind = RESPONSE_BODY;
        response->status = 304;
        return;
    }
    /* Not shared: the text is written anew when the schema changes, and this response may still be
     * under way. */
    response->kind = RESPONSE_BODY;
    buf_add(&response->body, served->text.data, served->text.len);
}

/* All connectors in one object. */
static void response_connectors(struct registry *registry, struct response *response)
{
    response->kind = RESPONSE_BODY;
    for (size_t i = 0; i < registry->count; i++) {
        const struct buf *text = &registry->list[i].text;
        buf_addc(&response->body, i == 0 ? '{' : ',');
        buf_add(&response->body, text->data + 1, text->len - 2);
    }
    buf_addc(&response->body, '}');
}

/*
 * GET /connectors/?modules=name. An unknown name is an empty object; without a name it is all of
 * them.
 */
void endpoint_discovery(struct exchange *x, struct response *response)
{
    struct registry *registry = &x->sandbox->registry;
    struct connector_served *served = NULL;
    struct buf name;
    buf_init(&name);
    if (!exchange_query(x, "modules", &name)) {
        response_connectors(registry, response);
        return;
    }
    if (name.len > 0) {
        served = registry_find(registry, name.data, name.len);
    }
    buf_free(&name);
    if (served) {
        response_connector(x, response, served);
    } else {
        response_shared(response, "{}", 2);
    }
}

/* GET /connectors/names: a list. */
void endpoint_names(struct exchange *x, struct response *response)
{
    const struct registry *registry = &x->sandbox->registry;
    response->kind = RESPONSE_BODY;
    emit_open(&response->body, NULL, '[');
    for (size_t i = 0; i < registry->count; i++) {
        emit_text(&response->body, NULL, registry->list[i].def->name);
    }
    emit_close(&response->body, ']');
}

/* GET /connectors in the legacy API: an object whose keys are the names. */
void endpoint_legacy_names(struct exchange *x, struct response *response)
{
    const struct registry *registry = &x->sandbox->registry;
    response->kind = RESPONSE_BODY;
    emit_open(&response->body, NULL, '{');
    for (size_t i = 0; i < registry->count; i++) {
        emit_text(&response->body, registry->list[i].def->name, registry->list[i].def->title);
    }
    emit_close(&response->body, '}');
}

/* ---- users ---- */

/* A member of a JSON body that has to be a string that isn't empty; NULL: the response is made. */
static const char *need_text(struct response *response, const struct json_doc *body,
                             const char *name, size_t *len)
{
    uint32_t node = json_member(body, 0, name);
    if (node == JSON_NONE) {
        detail_one(response, "missing", name, "Field required");
        return NULL;
    }
    const char *text = json_text(body, node, len);
    if (json_type(body, node) != JSON_STRING || *len == 0 || memchr(text, 0, *len)) {
        detail_one(response, "string_type", name, "Input should be a valid string");
        return NULL;
    }
    return text;
}

/* What every response about a user has; the object stays open. */
static void open_user(struct buf *out, const struct accounts *accounts, const struct user *user)
{
    emit_open(out, NULL, '{');
    emit_text(out, "id", user->id);
    emit_text(out, "client_id", accounts->client_id);
    emit_text(out, "identifier", user->identifier);
    emit_format(out, "secret_preview", "sk-user-...%s", user->secret + strlen(user->secret) - 8);
    emit_bool(out, "is_active", true);
}

/* Makes a user. This is the only time its secret is told. */
void endpoint_create_user(struct exchange *x, struct response *response)
{
    struct accounts *accounts = &x->sandbox->accounts;
    struct json_doc body;
    const char *identifier;
    size_t len;
    json_init(&body);
    if (!detail_parse(response, &body, x->body.data, x->body.len) ||
        !(identifier = need_text(response, &body, "identifier", &len))) {
        json_free(&body);
        return;
    }
    bool taken = accounts_find(accounts, identifier, len);
    const struct user *user = taken ? NULL : accounts_add(accounts, identifier, len);
    json_free(&body);
    if (!user) {
        response_error(response, 409, "user_exists", "A user with this identifier exists already.");
        return;
    }
    open_user(&response->data, accounts, user);
    emit_text(&response->data, "secret", user->secret);
    emit_close(&response->data, '}');
}

/* A token as the client gets to see it, once. */
static void write_token(struct buf *out, const struct accounts *accounts, const struct token *token)
{
    emit_open(out, NULL, '{');
    emit_text(out, "token", token->text);
    emit_text(out, "token_type", "Bearer");
    emit_text(out, "expires_at",
              token->expired ? "2024-06-30 09:15:02.120394" : "2035-06-28 09:15:02.120394");
    emit_bool(out, "is_revoked", false);
    emit_text(out, "user_id", accounts->users[token->user].id);
    emit_text(out, "client_id", accounts->client_id);
    emit_close(out, '}');
}

/* Gives a token for an identifier and its secret; a wrong one and an unknown user look alike. */
void endpoint_token(struct exchange *x, struct response *response)
{
    struct accounts *accounts = &x->sandbox->accounts;
    struct json_doc body;
    const char *identifier, *secret;
    size_t len, secret_len;
    json_init(&body);
    if (!detail_parse(response, &body, x->body.data, x->body.len) ||
        !(identifier = need_text(response, &body, "identifier", &len)) ||
        !(secret = need_text(response, &body, "secret", &secret_len))) {
        json_wipe(&body);
        return;
    }
    const struct user *user = accounts_find(accounts, identifier, len);
    bool known =
        user && strlen(user->secret) == secret_len && memcmp(user->secret, secret, secret_len) == 0;
    const struct token *token = known ? accounts_issue(accounts, user, false) : NULL;
    json_wipe(&body);
    if (token) {
        write_token(&response->data, accounts, token);
    } else {
        response_error(response, 401, "unauthorized", "Unauthorized");
    }
}

/* Tells whose the bearer token is, and what this user has integrated. */
void endpoint_who_am_i(struct exchange *x, struct response *response)
{
    const struct accounts *accounts = &x->sandbox->accounts;
    const struct user *user = exchange_user(x, response);
    open_user(&response->data, accounts, user);
    emit_open(&response->data, "integrations", '[');
    for (size_t i = 0; i < user->count; i++) {
        emit_open(&response->data, NULL, '{');
        emit_integration(&response->data, accounts, user, &user->list[i]);
        emit_close(&response->data, '}');
    }
    emit_close(&response->data, ']');
    emit_close(&response->data, '}');
}

/* ---- for tests ---- */

/* How often each action ran, those that never did left out. */
static void emit_executions(struct buf *out, const struct registry *registry)
{
    emit_open(out, "executions", '{');
    for (size_t i = 0; i < registry->count; i++) {
        for (size_t k = 0; k < registry->list[i].count; k++) {
            const struct served *action = &registry->list[i].actions[k];
            if (action->executions > 0) {
                emit_int(out, action->def->name, (int64_t)action->executions);
            }
        }
    }
    emit_close(out, '}');
}

/*
 * Counts since the start or the last reset; no envelope, so that a test reads them in one step.
 */
void endpoint_stats(struct exchange *x, struct response *response)
{
    const struct stats *stats = &x->sandbox->stats;
    struct buf *out = &response->body;
    response->kind = RESPONSE_BODY;
    emit_open(out, NULL, '{');
    emit_int(out, "requests", (int64_t)stats->requests);
    emit_int(out, "connections", (int64_t)stats->connections);
    emit_int(out, "open", (int64_t)stats->open);
    emit_executions(out, &x->sandbox->registry);
    emit_int(out, "in_flight_max", (int64_t)stats->in_flight_max);
    emit_close(out, '}');
}

/* Back to the state at the start, the schema included. */
void endpoint_reset(struct exchange *x, struct response *response)
{
    if (!sandbox_reset(x->sandbox)) {
        response_error(response, 500, "no_memory", "no memory");
        return;
    }
    response_shared(response, "{}", 2);
}

/* Shows the actions that come later; entity tags change with it. */
void endpoint_schema_change(struct exchange *x, struct response *response)
{
    if (!registry_change(&x->sandbox->registry, true)) {
        response_error(response, 500, "no_memory", "no memory");
        return;
    }
    response_shared(response, "{}", 2);
}

/* Has a connector's accounts expire, those of every user. */
void endpoint_expire(struct exchange *x, struct response *response)
{
    const struct span *connector = &x->target.segments[0];
    accounts_expire(&x->sandbox->accounts, connector->text, connector->len);
    response_shared(response, "{}", 2);
}
