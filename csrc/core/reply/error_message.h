/*
 * error_message: what an error response says, found in all the forms that servers use. Private to
 * the reply.
 */
#ifndef BOSA_ERROR_MESSAGE_H
#define BOSA_ERROR_MESSAGE_H

#include "reply/reply.h"

/* Bytes borrowed from a reply. */
struct words {
    const char *text;
    size_t len;
};

/* The root of the response's document, JSON_NONE when it has none. */
uint32_t reply_root(const struct reply *reply);

/* json_member, also of JSON_NONE, which has none. */
uint32_t reply_find(const struct reply *reply, uint32_t object, const char *name);

/* Finds a member that is a string and not empty. */
bool reply_text(const struct reply *reply, uint32_t object, const char *name, struct words *out);

/* The server's own sentence; false when it says none (a list of validation errors is none). */
bool reply_message(const struct reply *reply, struct words *out);

/* Adds the server's words without secrets, cut to `max` bytes. */
void reply_add_cut(struct buf *out, const struct reply *reply, const char *text, size_t len,
                   size_t max);

/*
 * Adds the line that a person reads: "404 Not Found: no such repository", "422: body.owner: Field
 * required (and 2 more)".
 */
void reply_describe(const struct reply *reply, struct buf *out);

#endif
