/*
 * What a final error carries besides its cause, and what it must not carry.
 */
#include "call/call_internal.h"

#include "base/mem.h"
#include "hub/redact.h"

#include <string.h>

/* Unlike error_set, keeps all the other fields. */
void call_add_words(struct bosa_error *err, const char *text)
{
    struct buf words;
    char *message;

    buf_init(&words);
    buf_adds(&words, err->message ? err->message : "");
    buf_adds(&words, "; ");
    buf_adds(&words, text);
    message = buf_take(&words, NULL);
    if (!message) {
        (void)error_nomem(err);
        return;
    }
    mem_free(err->message);
    err->message = message;
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

void call_secrets(const struct call *call, struct secrets *out)
{
    const char *token = call->invocation ? call->invocation->token : call->p->token;

    secrets_init(out);
    hub_secrets(call->hub, out);
    secrets_add(out, token, token ? strlen(token) : 0);
    if (call->p->has_body) {
        add_body(out, &call->p->body);
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
    err->attempts = call->attempts;
    err->sent = call->p->sent;
}
