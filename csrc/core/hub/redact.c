/*
 * Takes keys and tokens out of errors before anybody reads them. Called once for each secret, when
 * a call has failed.
 */
#include "hub/redact.h"

#include "base/mem.h"
#include "json/json_error.h"

#include <string.h>

#define MASK "***"
#define MASK_LEN (sizeof MASK - 1)
#define SHORTEST_SECRET 4 /* also what makes the mask fit in the secret's place */

/*
 * Masks the secret in `text`, in place, and returns the new length. What the shorter text leaves
 * free at the end is zeroed: remains of a secret could stand there.
 */
static size_t mask(char *text, size_t len, const char *secret, size_t secret_len)
{
    size_t from = 0, to = 0;

    while (from < len) {
        if (len - from >= secret_len && memcmp(text + from, secret, secret_len) == 0) {
            memcpy(text + to, MASK, MASK_LEN);
            from += secret_len;
            to += MASK_LEN;
        } else {
            text[to++] = text[from++];
        }
    }
    mem_wipe(text + to, len - to);
    return to;
}

/* The body is the start of an answer: where it was cut within the secret, what is left of that
 * goes. */
static size_t drop_beginning(char *text, size_t len, const char *secret, size_t secret_len)
{
    size_t part = secret_len - 1 < len ? secret_len - 1 : len;

    for (; part >= SHORTEST_SECRET; part--) {
        if (memcmp(text + len - part, secret, part) == 0) {
            mem_wipe(text + len - part, part);
            return len - part;
        }
    }
    return len;
}

/* Masks in every string of a document, names of members included. */
static void mask_details(struct json_doc *details, const char *secret, size_t len)
{
    for (uint32_t i = 0; i < details->count; i++) {
        struct json_node *node = &details->nodes[i];

        if (node->type == JSON_STRING) {
            node->len = (uint32_t)mask(details->text + node->v.at, node->len, secret, len);
        }
    }
}

/* A server may say anything back, also as its code or as the reference; names are the caller's. */
void error_redact(struct bosa_error *e, const char *secret, size_t len)
{
    char *const texts[] = {e->message, e->cause, e->code, e->reference_id, e->url};

    if (len < SHORTEST_SECRET) {
        return;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i]) {
            mask(texts[i], strlen(texts[i]), secret, len);
        }
    }
    if (e->body) {
        e->body_len = mask(e->body, e->body_len, secret, len);
        e->body_len = drop_beginning(e->body, e->body_len, secret, len);
    }
    if (e->details) {
        mask_details(json_error_details(e), secret, len);
    }
}
