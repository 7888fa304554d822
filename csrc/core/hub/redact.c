/*
 * Takes keys and tokens out of errors before anybody reads them. Called once, when a call has
 * failed or parameters don't fit.
 */
#include "hub/redact.h"

#include "hub/hub.h"
#include "json/json_error.h"

#include <string.h>

/* Masks in every string of a document, names of members included. */
static void mask_details(struct json_doc *details, struct secrets *secrets, bool *failed)
{
    for (uint32_t i = 0; i < details->count; i++) {
        struct json_node *node = &details->nodes[i];

        if (node->type == JSON_STRING) {
            node->len = (uint32_t)secrets_mask(secrets, details->text + node->v.at, node->len,
                                               false, failed);
        }
    }
}

/*
 * A server may say anything back, also as its code, as the reference or as the name of an action.
 * What did not come from a server is a library's words, which repeat a proxy's password.
 */
void error_redact(struct bosa_error *e, struct secrets *secrets)
{
    char *const texts[] = {e->message,      e->cause, e->code,      e->type,
                           e->reference_id, e->url,   e->connector, e->action};
    bool failed = secrets->failed;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t len = texts[i] ? strlen(texts[i]) : 0;

        if (texts[i]) {
            len = secrets_mask(secrets, texts[i], len, false, &failed);
            texts[i][len] = '\0';
        }
        if (texts[i] && i < 2 && e->status == 0) {
            texts[i][secrets_mask_userinfo(texts[i], len)] = '\0';
        }
    }
    if (e->body) {
        e->body_len = secrets_mask(secrets, e->body, e->body_len, true, &failed);
    }
    if (e->details) {
        mask_details(json_error_details(e), secrets, &failed);
    }
    if (failed) {
        (void)error_nomem(e);
    }
}

void error_redact_hub(struct bosa_error *e, const struct hub *hub, const char *token)
{
    struct secrets secrets;

    secrets_init(&secrets);
    hub_secrets(hub, &secrets);
    secrets_add(&secrets, token, token ? strlen(token) : 0);
    error_redact(e, &secrets);
    secrets_free(&secrets);
}
