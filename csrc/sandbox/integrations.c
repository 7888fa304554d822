/*
 * The endpoints of a user's integrations.
 */
#include "endpoints.h"

#include "base/mem.h"
#include "detail.h"
#include "emit.h"

#include <stdio.h>
#include <string.h>

/* A segment of the path as an owned string. A NUL within would make another name of it: then, and
 * without memory, NULL. */
static char *take_segment(const struct exchange *x, int i)
{
    const struct span *segment = &x->target.segments[i];
    return memchr(segment->text, 0, segment->len) ? NULL : mem_dup(segment->text, segment->len);
}

/* The integration that the path names; NULL: the user has none. `user` is set in any case. */
static struct integration *named(struct exchange *x, struct response *response, struct user **user)
{
    char *connector = take_segment(x, 0), *identifier = take_segment(x, 1);
    struct integration *own = NULL;
    *user = exchange_user(x, response);
    if (connector && identifier) {
        own = user_integration(*user, connector, identifier);
    }
    mem_free(connector);
    mem_free(identifier);
    return own;
}

/* The integration as reading it and asking who one is describe it. */
void emit_integration(struct buf *out, const struct accounts *accounts, const struct user *user,
                      const struct integration *own)
{
    emit_text(out, "id", own->id);
    emit_text(out, "client_id", accounts->client_id);
    emit_text(out, "user_id", user->id);
    emit_text(out, "connector", own->connector);
    emit_text(out, "user_identifier", own->identifier);
    emit_bool(out, "selected", own->selected);
    emit_text(out, "auth_status", own->expired ? "expired" : "active");
}

/* 200 in any case: `success` tells. `message` goes with a success, or is the error. */
static void response_success(struct response *response, bool success, const char *message)
{
    emit_open(&response->data, NULL, '{');
    emit_bool(&response->data, "success", success);
    emit_text(&response->data, success ? "message" : "error", message);
    emit_close(&response->data, '}');
}

/* What the three say of an integration that the user has not. */
static void response_absent(struct response *response)
{
    response_success(response, false, "Integration not found.");
}

/* Tells whether the user has any integration with the connector. */
void endpoint_has_integration(struct exchange *x, struct response *response)
{
    char *connector = take_segment(x, 0);
    struct user *user = exchange_user(x, response);
    bool has = connector && user_integration(user, connector, NULL);
    mem_free(connector);
    emit_open(&response->data, NULL, '{');
    emit_bool(&response->data, "has_integration", has);
    emit_close(&response->data, '}');
}

/* Reads one. */
void endpoint_get_integration(struct exchange *x, struct response *response)
{
    struct user *user;
    const struct integration *own = named(x, response, &user);
    struct buf *out = &response->data;
    if (!own) {
        response_absent(response);
        return;
    }
    emit_open(out, NULL, '{');
    emit_bool(out, "success", true);
    emit_integration(out, &x->sandbox->accounts, user, own);
    emit_close(out, '}');
}

/* Makes one the account that acts. */
void endpoint_select_integration(struct exchange *x, struct response *response)
{
    struct user *user;
    struct integration *own = named(x, response, &user);
    if (!own) {
        response_absent(response);
        return;
    }
    user_select(user, own);
    response_success(response, true, "Integration selected.");
}

/* Removes the one that the path names. */
void endpoint_remove_integration(struct exchange *x, struct response *response)
{
    struct user *user;
    struct integration *own = named(x, response, &user);
    if (!own) {
        response_absent(response);
        return;
    }
    user_disintegrate(user, own);
    response_success(response, true, "Integration removed.");
}

/* The account that a header field names, which is ISO 8859-1; NULL: none, or no memory. */
static char *take_account(struct exchange *x)
{
    const char *field = exchange_field(x, "X-Bosa-Integration");
    struct buf name;
    size_t len;
    if (!field) {
        return NULL;
    }
    buf_init(&name);
    for (const unsigned char *p = (const unsigned char *)field; *p; p++) {
        if (*p < 0x80) {
            buf_addc(&name, (char)*p);
        } else {
            buf_addc(&name, (char)(0xc0 | *p >> 6));
            buf_addc(&name, (char)(0x80 | (*p & 0x3f)));
        }
    }
    return buf_take(&name, &len);
}

/* The legacy way: removes the one that a header field names, else the selected one. */
void endpoint_remove_selected(struct exchange *x, struct response *response)
{
    char *connector = take_segment(x, 0), *account = take_account(x);
    struct user *user = exchange_user(x, response);
    struct integration *own = NULL;
    if (connector) {
        own = user_integration(user, connector, account);
    }
    mem_free(connector);
    mem_free(account);
    if (!own) {
        response_absent(response);
        return;
    }
    user_disintegrate(user, own);
    response_success(response, true, "Integration removed.");
}

/* ---- beginning one ---- */

/* Adds the integration and responds as to a plugin's configuration. */
static void integrate_now(struct exchange *x, struct response *response, struct user *user,
                          const char *connector, bool replace)
{
    switch (user_integrate(&x->sandbox->accounts, user, connector, user->identifier, replace)) {
    case INTEGRATED:
        response_success(response, true, "Integration configured.");
        break;
    case INTEGRATED_DUPLICATE:
        response_success(response, false, "Integration already exists.");
        break;
    default:
        response_error(response, 500, "no_memory", "no memory");
    }
}

/*
 * The URL that the user is sent to. Here it is the third party's callback at once, with all that it
 * needs: opening it is as good as having said yes.
 */
static void response_url(struct exchange *x, struct response *response, const struct user *user,
                         const char *connector, bool replace, const char *callback, size_t len)
{
    const char *host = exchange_field(x, "Host");
    struct buf url;
    buf_init(&url);
    buf_addf(&url, "%s://%s/connectors/%s/success-authorize-callback?state=%s%s&callback_url=",
             x->sandbox->options.tls_cert ? "https" : "http", host ? host : "localhost", connector,
             user->id, replace ? "&replace=1" : "");
    buf_add_escaped(&url, callback, len);
    emit_open(&response->data, NULL, '{');
    emit_string(&response->data, "url", url.len ? url.data : "", url.len);
    emit_close(&response->data, '}');
    response->data.failed = response->data.failed || url.failed;
    buf_free(&url);
}

/*
 * Begins an integration: a URL to send the user to, or, of a custom kind, the integration itself.
 */
void endpoint_integrate(struct exchange *x, struct response *response)
{
    struct user *user = exchange_user(x, response);
    char *connector = take_segment(x, 0);
    struct json_doc body;
    size_t len = 0;
    json_init(&body);
    if (connector && detail_parse(response, &body, x->body.data, x->body.len)) {
        uint32_t type = json_member(&body, 0, "auth_type");
        uint32_t callback = json_member(&body, 0, "callback_url");
        uint32_t again = json_member(&body, 0, "replace_duplicate");
        bool replace = again != JSON_NONE && json_type(&body, again) == JSON_TRUE;
        if (type != JSON_NONE && json_is(&body, type, "custom")) {
            uint32_t configuration = json_member(&body, 0, "configuration");
            if (auth_check(response, connector, &body, configuration)) {
                integrate_now(x, response, user, connector, replace);
            }
        } else if (callback != JSON_NONE && json_type(&body, callback) == JSON_STRING) {
            const char *text = json_text(&body, callback, &len);
            response_url(x, response, user, connector, replace, text, len);
        } else {
            detail_one(response, "missing", "callback_url", "Field required");
        }
    }
    json_free(&body);
    mem_free(connector);
}

/* The user whose id came back as `state`. */
static struct user *find_state(struct accounts *accounts, const struct buf *state)
{
    for (size_t i = 0; i < accounts->user_count; i++) {
        if (state->len == 36 && memcmp(accounts->users[i].id, state->data, 36) == 0) {
            return &accounts->users[i];
        }
    }
    return NULL;
}

/* Where the browser goes on to: the application's URL with a field more. */
static void redirect_back(struct response *response, const struct buf *callback, const char *name,
                          const char *value)
{
    struct buf where;
    size_t len;
    buf_init(&where);
    buf_add(&where, callback->data, callback->len);
    bool has_query = callback->len > 0 && memchr(callback->data, '?', callback->len);
    buf_addf(&where, "%s%c%s=", callback->len > 0 ? "" : "/", has_query ? '&' : '?', name);
    buf_add_escaped(&where, value, strlen(value));
    char *location = buf_take(&where, &len);
    response->kind = RESPONSE_BODY;
    response->status = 302;
    response_field(response, "Location", location ? location : "/");
    mem_free(location);
}

/*
 * The user has said yes: adds the integration and sends the browser on to the application.
 * `account` in the query is who the user is at the third party, for a second account of one user.
 */
void endpoint_authorized(struct exchange *x, struct response *response)
{
    struct buf state, callback, named, replace;
    char *connector = take_segment(x, 0);
    size_t len;
    buf_init(&state);
    buf_init(&callback);
    buf_init(&named);
    buf_init(&replace);
    exchange_query(x, "state", &state);
    exchange_query(x, "callback_url", &callback);
    exchange_query(x, "account", &named);
    exchange_query(x, "replace", &replace);
    struct user *user = find_state(&x->sandbox->accounts, &state);
    char *other = named.len > 0 ? buf_take(&named, &len) : NULL;
    const char *account = other ? other : user ? user->identifier : "";
    enum integrated done = INTEGRATED_NO_MEMORY;
    if (user && connector) {
        done = user_integrate(&x->sandbox->accounts, user, connector, account, replace.len > 0);
    }
    if (done == INTEGRATED) {
        redirect_back(response, &callback, "user_identifier", account);
    } else if (done == INTEGRATED_DUPLICATE) {
        redirect_back(response, &callback, "error", "duplicate_user_error");
    } else {
        response_error(response, 400, "invalid_state", "This authorization was not asked for.");
    }
    mem_free(other);
    mem_free(connector);
    buf_free(&state);
    buf_free(&callback);
    buf_free(&named);
    buf_free(&replace);
}

/* ---- acting ---- */

/* Refuses an account that is not there, or has expired. */
static void refuse(struct response *response, const char *connector, const char *account,
                   const struct integration *own)
{
    char message[200];
    if (own) {
        snprintf(message, sizeof message,
                 "The authorization of %.60s on %.40s has expired. Please integrate first.",
                 own->identifier, connector);
    } else {
        snprintf(message, sizeof message,
                 "No %.60s account found on %.40s. Please integrate first.",
                 account ? account : "None", connector);
    }
    response_error(response, 404, "not_found", message);
}

bool integration_acts(struct exchange *x, struct response *response)
{
    char *connector = take_segment(x, 0), *account = take_account(x);
    struct user *user = exchange_user(x, response);
    bool required = x->sandbox->options.require_account;
    bool checked = account && connector && strcmp(connector, "lab") != 0;
    bool acts = false;
    if (user && connector) {
        const struct integration *own = user_integration(user, connector, account);
        acts = own ? !own->expired : !required && !checked;
        if (!acts) {
            refuse(response, connector, account, own);
        }
    }
    mem_free(connector);
    mem_free(account);
    return acts;
}
