/*
 * Errors and their owned texts. Every room fills them; what goes into a message is made one line
 * here, so that no caller needs to. It never shows a secret by itself, but doesn't know them either
 * (hub/redact.c).
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* POSIX has strerror_r give a number, glibc, where it is asked for its own, the words. */
static const char *words_by_number(int failed, const char *room)
{
    return failed ? "unknown error" : room;
}

static const char *words_by_pointer(const char *words, const char *room)
{
    (void)room;
    return words;
}

const char *error_system(int number, char *room, size_t size)
{
    (void)words_by_number;
    (void)words_by_pointer;
    return _Generic(strerror_r(number, room, size), int
                    : words_by_number, char *
                    : words_by_pointer)(strerror_r(number, room, size), room);
}

/* A retry_after below 0 is the only field whose "not said" is not zero. */
void error_init(struct bosa_error *e)
{
    *e = (struct bosa_error){.kind = BOSA_OK, .sent = BOSA_SENT_NO, .retry_after = -1};
}

/*
 * The one place that lists what an error owns; a new field is freed here and copied in copy_owned.
 */
void error_clear(struct bosa_error *e)
{
    mem_free(e->message);
    mem_free(e->reference_id);
    mem_free(e->connector);
    mem_free(e->action);
    mem_free(e->url);
    mem_free(e->code);
    mem_free(e->type);
    mem_free(e->cause);
    mem_free(e->body);
    if (e->details) {
        e->details->free(e->details);
    }
    error_init(e);
}

/* The formatted text, owned by the caller; NULL when there is no memory. */
static char *format_text(const char *format, va_list args)
{
    va_list again;
    char *text = NULL;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len >= 0) {
        text = mem_alloc((size_t)len + 1);
    }
    if (text) {
        vsnprintf(text, (size_t)len + 1, format, args);
    }
    return text;
}

/* The text is made before `e` is cleared, so the arguments may be e's own fields. */
enum bosa_status error_set(struct bosa_error *e, enum bosa_status kind, const char *format, ...)
{
    va_list args;
    char *message;

    va_start(args, format);
    message = format_text(format, args);
    va_end(args);
    error_clear(e);
    e->kind = message ? kind : BOSA_NOMEM;
    e->message = message;
    if (message) {
        text_flatten(message, strlen(message));
    }
    return e->kind;
}

enum bosa_status error_nomem(struct bosa_error *e)
{
    error_clear(e);
    e->kind = BOSA_NOMEM;
    return BOSA_NOMEM;
}

/*
 * Copies before it frees: `text` may be the field's own. After BOSA_NOMEM the field is as it was.
 */
enum bosa_status error_field(char **field, const char *text, size_t len)
{
    char *copy;

    if (!text) {
        return BOSA_OK;
    }
    copy = mem_dup(text, len);
    if (!copy) {
        return BOSA_NOMEM;
    }
    mem_free(*field);
    *field = copy;
    return BOSA_OK;
}

enum bosa_status error_locate(struct bosa_error *e, enum bosa_status status, const char *connector,
                              const char *action, size_t action_len)
{
    size_t connector_len = connector ? strlen(connector) : 0;

    if (status == BOSA_NOMEM || error_field(&e->connector, connector, connector_len) != BOSA_OK ||
        error_field(&e->action, action, action_len) != BOSA_OK) {
        return error_nomem(e);
    }
    return status;
}

/* Moving to itself changes nothing, though both sides would be cleared. */
void error_move(struct bosa_error *to, struct bosa_error *from)
{
    if (to == from) {
        return;
    }
    error_clear(to);
    *to = *from;
    error_init(from);
}

/* Copies `text` into an empty field; NULL stays NULL. False when there is no memory. */
static bool copy_text(char **field, const char *text)
{
    return !text || error_field(field, text, strlen(text)) == BOSA_OK;
}

/* Details of its own; false when there is no memory. NULL stays NULL. */
static bool copy_details(struct error_details **to, const struct error_details *from)
{
    *to = from != NULL ? from->copy(from) : NULL;
    return !from || *to;
}

/*
 * Copies what `from` owns into `to`, whose plain fields are set already. False when there is no
 * memory.
 */
static bool copy_owned(struct bosa_error *to, const struct bosa_error *from)
{
    return copy_text(&to->message, from->message) &&
           copy_text(&to->reference_id, from->reference_id) &&
           copy_text(&to->connector, from->connector) && copy_text(&to->action, from->action) &&
           copy_text(&to->url, from->url) && copy_text(&to->code, from->code) &&
           copy_text(&to->type, from->type) && copy_text(&to->cause, from->cause) &&
           error_field(&to->body, from->body, from->body_len) == BOSA_OK &&
           copy_details(&to->details, from->details);
}

/*
 * The plain fields are listed rather than assigned with the whole struct, so that at no time two
 * errors own one string.
 */
enum bosa_status error_copy(struct bosa_error *to, const struct bosa_error *from)
{
    if (to == from) {
        return BOSA_OK;
    }
    error_clear(to);
    to->kind = from->kind;
    to->sent = from->sent;
    to->retryable = from->retryable;
    to->status = from->status;
    to->contract = from->contract;
    to->attempts = from->attempts;
    to->retry_after = from->retry_after;
    to->body_len = from->body_len;
    if (!copy_owned(to, from)) {
        error_clear(to);
        return BOSA_NOMEM;
    }
    return BOSA_OK;
}

/*
 * The first three never reach a user as the kind of an error; they have names for logs and tests.
 */
const char *error_kind_name(enum bosa_status kind)
{
    static const char *const names[] = {
        [BOSA_OK] = "ok",
        [BOSA_NOMEM] = "no_memory",
        [BOSA_AGAIN] = "again",
        [BOSA_PARAMS] = "params",
        [BOSA_UNKNOWN_CONNECTOR] = "unknown_connector",
        [BOSA_UNKNOWN_ACTION] = "unknown_action",
        [BOSA_AUTH] = "auth",
        [BOSA_NOT_CONNECTED] = "not_connected",
        [BOSA_NOT_FOUND] = "not_found",
        [BOSA_RATE_LIMIT] = "rate_limit",
        [BOSA_API] = "api",
        [BOSA_SERVER] = "server",
        [BOSA_CONNECTION] = "connection",
        [BOSA_TIMEOUT] = "timeout",
        [BOSA_TLS] = "tls",
        [BOSA_PROTOCOL] = "protocol",
        [BOSA_FILE] = "file",
        [BOSA_CANCELLED] = "cancelled",
        [BOSA_CLOSED] = "closed",
    };

    return names[kind];
}

/* The words are in the order of the enum, but nothing here relies on it. */
const char *error_sent_name(enum bosa_sent sent)
{
    static const char *const names[] = {
        [BOSA_SENT_NO] = "no",
        [BOSA_SENT_MAYBE] = "maybe",
        [BOSA_SENT_YES] = "yes",
    };

    return names[sent];
}
