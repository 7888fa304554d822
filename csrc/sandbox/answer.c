/*
 * Bodies are written late, in answer_finish: a handler does not know the request's id, nor which
 * error contract the client speaks.
 */
#include "answer.h"

#include "base/mem.h"
#include "emit.h"
#include "http/header_fields.h"

#include <stdio.h>
#include <string.h>

void answer_init(struct answer *answer)
{
    memset(answer, 0, sizeof *answer);
    answer->status = 200;
    answer->retryable = -1;
    answer->retry_after = -1;
    buf_init(&answer->data);
    buf_init(&answer->meta);
    buf_init(&answer->body);
}

void answer_error(struct answer *answer, int status, const char *code, const char *message)
{
    answer->kind = ANSWER_ERROR;
    answer->status = status;
    answer->code = code;
    snprintf(answer->message, sizeof answer->message, "%s", message);
}

void answer_detail(struct answer *answer, int status, const char *text)
{
    answer->kind = ANSWER_BODY;
    answer->status = status;
    buf_clear(&answer->body);
    emit_open(&answer->body, NULL, '{');
    emit_text(&answer->body, "detail", text);
    emit_close(&answer->body, '}');
}

void answer_shared(struct answer *answer, const char *json, size_t len)
{
    answer->kind = ANSWER_SHARED;
    answer->shared = json;
    answer->size = len;
}

void answer_field(struct answer *answer, const char *name, const char *value)
{
    struct bosa_error ignored;
    error_init(&ignored);
    (void)fields_add(&answer->fields, name, strlen(name), value, strlen(value), &ignored);
    error_clear(&ignored);
}

void answer_file(struct answer *answer, const char *type, const char *filename)
{
    struct buf value;
    size_t len;
    answer_field(answer, "Content-Type", type);
    if (!filename) {
        return;
    }
    buf_init(&value);
    buf_adds(&value, "attachment; filename*=UTF-8''");
    buf_add_escaped(&value, filename, strlen(filename));
    char *text = buf_take(&value, &len);
    if (text) {
        answer_field(answer, "Content-Disposition", text);
    }
    mem_free(text);
}

/* The broad type of an error in today's contract. */
static const char *type_of(int status)
{
    switch (status) {
    case 401:
        return "authentication_error";
    case 403:
        return "permission_error";
    case 404:
        return "not_found_error";
    case 429:
        return "rate_limit_error";
    default:
        return status < 500 ? "invalid_request_error" : "server_error";
    }
}

/* The members of `error` that today's contract has. */
static void emit_today(struct buf *out, const struct answer *answer, const char *id)
{
    int retryable = answer->retryable;
    if (retryable < 0) {
        retryable = answer->status == 429 || answer->status >= 500;
    }
    emit_text(out, "type", type_of(answer->status));
    emit_text(out, "code", answer->code);
    emit_text(out, "request_id", id);
    emit_open(out, "recovery", '{');
    emit_bool(out, "retryable", retryable != 0);
    if (answer->retry_after < 0) {
        emit_null(out, "retry_after_seconds");
    } else {
        buf_addf(out, ",\"retry_after_seconds\":%g", answer->retry_after);
    }
    emit_close(out, '}');
    emit_null(out, "details");
}

/* One of BOSA's errors, in today's contract or in the one before. */
static void write_error(struct answer *answer, const char *id, bool today)
{
    struct buf *out = &answer->body;
    emit_open(out, NULL, '{');
    emit_open(out, "error", '{');
    emit_text(out, "message", answer->message);
    if (today) {
        emit_today(out, answer, id);
    } else {
        emit_text(out, "source", "connectors");
        emit_text(out, "reference_id", id);
    }
    emit_close(out, '}');
    emit_close(out, '}');
}

/* A part of the envelope: its text, or null. */
static void emit_part(struct buf *out, const char *key, struct buf *part)
{
    out->failed = out->failed || part->failed;
    if (part->len > 0) {
        emit_json(out, key, part->data, part->len);
    } else {
        emit_null(out, key);
    }
}

bool answer_finish(struct answer *answer, const char *id, bool today)
{
    if (answer->kind == ANSWER_ERROR) {
        write_error(answer, id, today);
        answer->kind = ANSWER_BODY;
    } else if (answer->kind == ANSWER_ENVELOPE) {
        emit_open(&answer->body, NULL, '{');
        emit_part(&answer->body, "data", &answer->data);
        emit_part(&answer->body, "meta", &answer->meta);
        emit_close(&answer->body, '}');
        answer->kind = ANSWER_BODY;
    }
    return !answer->body.failed;
}

void answer_free(struct answer *answer)
{
    buf_free(&answer->data);
    buf_free(&answer->meta);
    buf_free(&answer->body);
    fields_free(&answer->fields);
}
