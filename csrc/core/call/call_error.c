/*
 * What a final error carries besides its cause, and what it must not carry.
 */
#include "call/call_internal.h"

#include "base/mem.h"
#include "base/text.h"
#include "hub/redact.h"

#include <string.h>

/* Takes a message for the one that is there; the other fields stay. */
static void take_message(struct bosa_error *err, char *message)
{
    if (!message) {
        (void)error_nomem(err);
        return;
    }
    text_flatten(message, strlen(message));
    mem_free(err->message);
    err->message = message;
}

/* Unlike error_set, keeps all the other fields. */
void call_add_words(struct bosa_error *err, const char *text)
{
    struct buf words;

    buf_init(&words);
    size_t len = err->message ? strlen(err->message) : 0;
    len -= len > 0 && err->message[len - 1] == '.'; /* the sentence goes on */
    buf_add(&words, err->message ? err->message : "", len);
    buf_adds(&words, "; ");
    buf_adds(&words, text);
    take_message(err, buf_take(&words, NULL));
}

/* Sets a field that is still empty. False: no memory. */
static bool fill(char **field, const char *text)
{
    return *field || !text || error_field(field, text, strlen(text)) == BOSA_OK;
}

/* The request's URL up to its query, which may hold what a log must not. */
static bool fill_url(const struct call *call, struct bosa_error *err)
{
    const char *url = call->request.url;

    if (err->url || !url) {
        return true;
    }
    return error_field(&err->url, url, strcspn(url, "?")) == BOSA_OK;
}

/* The names, the place and the reference. False: no memory. */
static bool fill_texts(const struct call *call, struct bosa_error *err)
{
    const char *connector = call->invocation ? call->invocation->connector : call->name;
    const char *action = call->invocation ? call->invocation->action : NULL;

    if (!err->reference_id && call->reply.status > 0) {
        err->reference_id = reply_reference_id(&call->reply);
    }
    return fill(&err->connector, connector) && fill(&err->action, action) && fill_url(call, err);
}

/* Adds every string value at and below a node; names of members are none. */
static void add_values(struct secrets *out, const struct json_doc *doc, uint32_t node)
{
    enum json_type type = json_type(doc, node);
    uint32_t end = json_next(doc, node);
    const char *text;
    size_t len;

    if (type == JSON_STRING) {
        text = json_text(doc, node, &len);
        secrets_add(out, text, len);
    }
    if (type != JSON_OBJECT && type != JSON_ARRAY) {
        return;
    }
    for (uint32_t child = node + 1; child < end; child = json_next(doc, child)) {
        child += type == JSON_OBJECT; /* past the name */
        add_values(out, doc, child);
    }
}

/* A user's secret, and a plugin's configuration, are sent in the body; servers echo bodies. */
static void add_body(struct secrets *out, const struct json_doc *body)
{
    static const char *const names[] = {"secret", "configuration"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint32_t node = json_member(body, 0, names[i]);

        if (node != JSON_NONE) {
            add_values(out, body, node);
        }
    }
}

static bool is_download(const struct call *call)
{
    return call->kind == CALL_ENDPOINT && call->p->endpoint == ENDPOINT_DOWNLOAD;
}

/* Whoever has the query of a signed URL may download; stores echo the parts of one that they
 * refuse, also as they have decoded them. */
static void add_signature(struct secrets *out, const char *url)
{
    const char *at = url ? strchr(url, '?') : NULL;

    if (at) {
        secrets_add_encoded(out, at + 1, strlen(at + 1));
    }
    while (at) {
        size_t name = strcspn(at + 1, "=&");
        const char *value = at + 1 + name;

        if (*value == '=') {
            secrets_add_encoded(out, value + 1, strcspn(value + 1, "&"));
        }
        at = strchr(value, '&');
    }
}

void call_secrets(const struct call *call, struct secrets *out)
{
    const char *token = call->invocation ? call->invocation->token : call->p->token;

    secrets_init(out);
    hub_secrets(call->hub, out);
    secrets_add(out, token, token ? strlen(token) : 0);
    if (call->p->has_body) {
        add_body(out, &call->p->body);
    }
    if (is_download(call)) {
        add_signature(out, call->p->identifier);
        add_signature(out, call->request.url); /* another one after a redirect */
    }
}

/* True when the connector's name can be typed into a shell as it is. */
static bool is_plain_name(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    return *name && *name != '-' && strspn(name, plain) == strlen(name);
}

/* call_add_words with a name in them, where `words` has a %s. */
static void add_words_about(struct bosa_error *err, const char *name, const char *words)
{
    const char *mark = strstr(words, "%s");
    struct buf text;

    buf_init(&text);
    buf_add(&text, words, (size_t)(mark - words));
    buf_addf(&text, "%.*s%s", TEXT_SHOWN(name, strlen(name)));
    buf_adds(&text, mark + 2);
    buf_addc(&text, '\0');
    if (text.failed) {
        (void)error_nomem(err);
    } else {
        call_add_words(err, text.data);
    }
    buf_free(&text);
}

/* How to connect an account, or to renew it, which only its user can do. */
static void add_connecting(struct bosa_error *err)
{
    const char *name = err->connector && is_plain_name(err->connector) ? err->connector : "NAME";
    bool expired = err->message && strstr(err->message, "expired");

    add_words_about(err, name,
                    expired ? "renew the account with `bosa integrations renew %s`, or open the "
                              "URL that hub:initiate_connector_auth gives"
                            : "connect an account with `bosa integrations add %s`, or open the "
                              "URL that hub:initiate_connector_auth gives");
}

/*
 * A server says "Invalid API Key" also of none, and "Unauthorized" of no token. That none was given
 * is what helps, and where neither was, no word about a key that is invalid. A request for a token
 * needs none.
 */
static void add_missing_credentials(const struct call *call, struct bosa_error *err)
{
    bool key = hub_has_key(call->hub) || fields_get(&call->request.fields, "X-API-Key");
    bool token = hub_has_token(call->hub) || fields_get(&call->request.fields, "Authorization");
    bool asks_for_token = call->kind == CALL_ENDPOINT && call->p->endpoint == ENDPOINT_TOKEN;

    if (asks_for_token && err->status != 404) {
        call_add_words(err, "check the user's identifier and secret");
    } else if (!key && !token && !asks_for_token && err->status == 404) {
        take_message(err, mem_dup(HUB_NO_CREDENTIALS, sizeof HUB_NO_CREDENTIALS - 1));
    } else if (!key && !token && !asks_for_token) {
        call_add_words(err, HUB_NO_CREDENTIALS);
    } else if (!key && err->status == 404) {
        call_add_words(err, "no API key was given: run `bosa auth login`, or set BOSA_API_KEY");
    } else if (!token && err->status != 404) {
        call_add_words(err, "no user token was given: run `bosa auth login`, or set BOSA_TOKEN");
    }
}

/* Older servers have no such route; what it would have told is the connector's own affair. */
static bool is_untold_auth(const struct call *call, const struct bosa_error *err)
{
    return err->kind == BOSA_NOT_FOUND && call->kind == CALL_ENDPOINT &&
           call->p->endpoint == ENDPOINT_AUTH_SCHEMA && reply_no_such_route(&call->reply);
}

/*
 * Of a connector's accounts a router that says "Not Found" knows no connector: such routes are
 * there for every connector, but not for an identifier with a slash.
 */
static bool is_unknown_connector(const struct call *call, const struct bosa_error *err)
{
    if (call->p->identifier && strchr(call->p->identifier, '/')) {
        return false;
    }
    return err->kind == BOSA_NOT_FOUND && call->kind == CALL_ENDPOINT &&
           call->p->endpoint >= ENDPOINT_HAS_INTEGRATION && call->name &&
           reply_no_such_route(&call->reply);
}

static void add_unknown_connector(const struct call *call, struct bosa_error *err)
{
    add_words_about(err, call->name, "the server has no connector `%s`");
    if (err->kind != BOSA_NOMEM) {
        err->kind = BOSA_UNKNOWN_CONNECTOR;
    }
}

/* An endpoint of the catalog's that the router does not know. */
static const char *missing_routes(const struct call *call)
{
    if (call->kind != CALL_ENDPOINT || !reply_no_such_route(&call->reply)) {
        return NULL;
    }
    switch (call->p->endpoint) {
    case ENDPOINT_CATALOG_TOOLS:
    case ENDPOINT_CATALOG_MCPS:
    case ENDPOINT_CATALOG_SKILLS:
    case ENDPOINT_CATALOG_SEARCH:
        return "this server has no catalog";
    case ENDPOINT_TENANT_SKILLS:
    case ENDPOINT_TENANT_SKILL:
        return "this server has no catalog of a tenant's skills";
    default:
        return NULL;
    }
}

/* What the server's words leave open: what to do about it. */
static void add_advice(const struct call *call, struct bosa_error *err)
{
    if (err->status == 0) {
        return; /* not a server's words */
    }
    if (missing_routes(call)) {
        call_add_words(err, missing_routes(call));
    } else if (err->kind == BOSA_AUTH && is_download(call)) {
        call_add_words(err, "the address to download from was refused, or has expired");
    } else if (err->kind == BOSA_AUTH) {
        add_missing_credentials(call, err);
    } else if (err->kind == BOSA_NOT_CONNECTED) {
        add_connecting(err);
    } else if (is_untold_auth(call, err)) {
        call_add_words(err, "the server doesn't tell how accounts are connected, or has no such "
                            "connector");
    } else if (is_unknown_connector(call, err)) {
        add_unknown_connector(call, err);
    }
}

/* What was sent comes last, because running out of memory clears the error. */
void call_complete_error(struct call *call, struct bosa_error *err)
{
    struct secrets secrets;

    if (err->kind != BOSA_NOMEM && !fill_texts(call, err)) {
        (void)error_nomem(err);
    }
    call_secrets(call, &secrets);
    error_redact(err, &secrets);
    secrets_free(&secrets);
    add_advice(call, err); /* no copy of a message with a secret is made */
    err->attempts = call->attempts;
    err->sent = call->p->sent;
}
