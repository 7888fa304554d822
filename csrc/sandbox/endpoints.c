/*
 * Discovery, users and the control of the server. Integrations have a file of their own.
 */
#include "endpoints.h"

#include "base/mem.h"
#include "detail.h"
#include "emit.h"

#include <string.h>

/* ---- discovery ---- */

/* One connector's discovery answer, or 304 where the client has it already. */
static void answer_connector(struct exchange *x, struct answer *answer,
                             const struct connector_served *served)
{
    const char *known = exchange_field(x, "If-None-Match");
    answer_field(answer, "ETag", served->etag);
    if (known && strstr(known, served->etag)) {
        answer->kind = ANSWER_BODY;
        answer->status = 304;
        return;
    }
    /* Not shared: the text is written anew when the schema changes, and this answer may still be
     * under way. */
    answer->kind = ANSWER_BODY;
    buf_add(&answer->body, served->text.data, served->text.len);
}

/* All connectors in one object. */
static void answer_connectors(struct registry *registry, struct answer *answer)
{
    answer->kind = ANSWER_BODY;
    for (size_t i = 0; i < registry->count; i++) {
        const struct buf *text = &registry->list[i].text;
        buf_addc(&answer->body, i == 0 ? '{' : ',');
        buf_add(&answer->body, text->data + 1, text->len - 2);
    }
    buf_addc(&answer->body, '}');
}

/*
 * GET /connectors/?modules=name. An unknown name is an empty object; without a name it is all of
 * them.
 */
void endpoint_discovery(struct exchange *x, struct answer *answer)
{
    struct registry *registry = &x->sandbox->registry;
    struct connector_served *served = NULL;
    struct buf name;
    buf_init(&name);
    if (!exchange_query(x, "modules", &name)) {
        answer_connectors(registry, answer);
        return;
    }
    if (name.len > 0) {
        served = registry_find(registry, name.data, name.len);
    }
    buf_free(&name);
    if (served) {
        answer_connector(x, answer, served);
    } else {
        answer_shared(answer, "{}", 2);
    }
}

/* GET /connectors/names: a list. */
void endpoint_names(struct exchange *x, struct answer *answer)
{
    const struct registry *registry = &x->sandbox->registry;
    answer->kind = ANSWER_BODY;
    emit_open(&answer->body, NULL, '[');
    for (size_t i = 0; i < registry->count; i++) {
        emit_text(&answer->body, NULL, registry->list[i].def->name);
    }
    emit_close(&answer->body, ']');
}

/* GET /connectors in the seed's dialect: an object whose keys are the names. */
void endpoint_legacy_names(struct exchange *x, struct answer *answer)
{
    const struct registry *registry = &x->sandbox->registry;
    answer->kind = ANSWER_BODY;
    emit_open(&answer->body, NULL, '{');
    for (size_t i = 0; i < registry->count; i++) {
        emit_text(&answer->body, registry->list[i].def->name, registry->list[i].def->title);
    }
    emit_close(&answer->body, '}');
}

/* ---- users ---- */

/* A member of a JSON body that has to be a string that isn't empty; NULL: the answer is made. */
static const char *need_text(struct answer *answer, const struct json_doc *body, const char *name,
                             size_t *len)
{
    uint32_t node = json_member(body, 0, name);
    if (node == JSON_NONE) {
        detail_one(answer, "missing", name, "Field required");
        return NULL;
    }
    const char *text = json_text(body, node, len);
    if (json_type(body, node) != JSON_STRING || *len == 0 || memchr(text, 0, *len)) {
        detail_one(answer, "string_type", name, "Input should be a valid string");
        return NULL;
    }
    return text;
}

/* What every answer about a user has; the object stays open. */
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
void endpoint_create_user(struct exchange *x, struct answer *answer)
{
    struct accounts *accounts = &x->sandbox->accounts;
    struct json_doc body;
    const char *identifier;
    size_t len;
    json_init(&body);
    if (!detail_parse(answer, &body, x->body.data, x->body.len) ||
        !(identifier = need_text(answer, &body, "identifier", &len))) {
        json_free(&body);
        return;
    }
    bool taken = accounts_find(accounts, identifier, len);
    const struct user *user = taken ? NULL : accounts_add(accounts, identifier, len);
    json_free(&body);
    if (!user) {
        answer_error(answer, 409, "user_exists", "A user with this identifier exists already.");
        return;
    }
    open_user(&answer->data, accounts, user);
    emit_text(&answer->data, "secret", user->secret);
    emit_close(&answer->data, '}');
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
void endpoint_token(struct exchange *x, struct answer *answer)
{
    struct accounts *accounts = &x->sandbox->accounts;
    struct json_doc body;
    const char *identifier, *secret;
    size_t len, secret_len;
    json_init(&body);
    if (!detail_parse(answer, &body, x->body.data, x->body.len) ||
        !(identifier = need_text(answer, &body, "identifier", &len)) ||
        !(secret = need_text(answer, &body, "secret", &secret_len))) {
        json_wipe(&body);
        return;
    }
    const struct user *user = accounts_find(accounts, identifier, len);
    bool known =
        user && strlen(user->secret) == secret_len && memcmp(user->secret, secret, secret_len) == 0;
    const struct token *token = known ? accounts_issue(accounts, user, false) : NULL;
    json_wipe(&body);
    if (token) {
        write_token(&answer->data, accounts, token);
    } else {
        answer_error(answer, 401, "unauthorized", "Unauthorized");
    }
}

/* Tells whose the bearer token is, and what this user has integrated. */
void endpoint_who_am_i(struct exchange *x, struct answer *answer)
{
    const struct accounts *accounts = &x->sandbox->accounts;
    const struct user *user = exchange_user(x, answer);
    open_user(&answer->data, accounts, user);
    emit_open(&answer->data, "integrations", '[');
    for (size_t i = 0; i < user->count; i++) {
        emit_open(&answer->data, NULL, '{');
        emit_integration(&answer->data, accounts, user, &user->list[i]);
        emit_close(&answer->data, '}');
    }
    emit_close(&answer->data, ']');
    emit_close(&answer->data, '}');
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
void endpoint_stats(struct exchange *x, struct answer *answer)
{
    const struct stats *stats = &x->sandbox->stats;
    struct buf *out = &answer->body;
    answer->kind = ANSWER_BODY;
    emit_open(out, NULL, '{');
    emit_int(out, "requests", (int64_t)stats->requests);
    emit_int(out, "connections", (int64_t)stats->connections);
    emit_int(out, "open", (int64_t)stats->open);
    emit_executions(out, &x->sandbox->registry);
    emit_int(out, "in_flight_max", (int64_t)stats->in_flight_max);
    emit_close(out, '}');
}

/* Back to the state at the start, the schema included. */
void endpoint_reset(struct exchange *x, struct answer *answer)
{
    if (!sandbox_reset(x->sandbox)) {
        answer_error(answer, 500, "no_memory", "no memory");
        return;
    }
    answer_shared(answer, "{}", 2);
}

/* Shows the actions that come later; entity tags change with it. */
void endpoint_schema_change(struct exchange *x, struct answer *answer)
{
    if (!registry_change(&x->sandbox->registry, true)) {
        answer_error(answer, 500, "no_memory", "no memory");
        return;
    }
    answer_shared(answer, "{}", 2);
}

/* Has a connector's accounts expire, those of every user. */
void endpoint_expire(struct exchange *x, struct answer *answer)
{
    const struct span *connector = &x->target.segments[0];
    accounts_expire(&x->sandbox->accounts, connector->text, connector->len);
    answer_shared(answer, "{}", 2);
}
