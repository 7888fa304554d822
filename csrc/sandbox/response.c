/*
 * Bodies are written late, in response_finish: a handler does not know the request's id, nor which
 * error contract the client speaks.
 */
#include "response.h"

#include "base/mem.h"
#include "emit.h"
#include "http/header_fields.h"

#include <stdio.h>
#include <string.h>

void response_prepare(struct response *response)
{
    memset(response, 0, sizeof *response);
    response->status = 200;
    response->retryable = -1;
    response->retry_after = -1;
    buf_init(&response->data);
    buf_init(&response->meta);
    buf_init(&response->body);
}

void response_error(struct response *response, int status, const char *code, const char *message)
{
    response->kind = RESPONSE_ERROR;
    response->status = status;
    response->code = code;
    snprintf(response->message, sizeof response->message, "%s", message);
}

void response_detail(struct response *response, int status, const char *text)
{
    response->kind = RESPONSE_BODY;
    response->status = status;
    buf_clear(&response->body);
    emit_open(&response->body, NULL, '{');
    emit_text(&response->body, "detail", text);
    emit_close(&response->body, '}');
}

void response_shared(struct response *response, const char *json, size_t len)
{
    response->kind = RESPONSE_SHARED;
    response->shared = json;
    response->size = len;
}

void response_field(struct response *response, const char *name, const char *value)
{
    struct bosa_error ignored;
    error_init(&ignored);
    (void)fields_add(&response->fields, name, strlen(name), value, strlen(value), &ignored);
    error_clear(&ignored);
}

void response_file(struct response *response, const char *type, const char *filename)
{
    struct buf value;
    size_t len;
    response_field(response, "Content-Type", type);
    if (!filename) {
        return;
    }
    buf_init(&value);
    buf_adds(&value, "attachment; filename*=UTF-8''");
    buf_add_escaped(&value, filename, strlen(filename));
    char *text = buf_take(&value, &len);
    if (text) {
        response_field(response, "Content-Disposition", text);
    }
    mem_free(text);
}

/* The broad type of an error in the current contract. */
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

/* The members of `error` that the current contract has. */
static void emit_contract_2(struct buf *out, const struct response *response, const char *id)
{
    int retryable = response->retryable;
    if (retryable < 0) {
        retryable = response->status == 429 || response->status >= 500;
    }
    emit_text(out, "type", type_of(response->status));
    emit_text(out, "code", response->code);
    emit_text(out, "request_id", id);
    emit_open(out, "recovery", '{');
    emit_bool(out, "retryable", retryable != 0);
    if (response->retry_after < 0) {
        emit_null(out, "retry_after_seconds");
    } else {
        buf_addf(out, ",\"retry_after_seconds\":%g", response->retry_after);
    }
    emit_close(out, '}');
    emit_null(out, "details");
}

/* One of BOSA's errors, in the current contract or in the one before. */
static void write_error(struct response *response, const char *id, bool contract_2)
{
    struct buf *out = &response->body;
    emit_open(out, NULL, '{');
    emit_open(out, "error", '{');
    emit_text(out, "message", response->message);
    if (contract_2) {
        emit_contract_2(out, response, id);
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

bool response_finish(struct response *response, const char *id, bool contract_2)
{
    if (response->kind == RESPONSE_ERROR) {
        write_error(response, id, contract_2);
        response->kind = RESPONSE_BODY;
    } else if (response->kind == RESPONSE_ENVELOPE) {
        emit_open(&response->body, NULL, '{');
        emit_part(&response->body, "data", &response->data);
        emit_part(&response->body, "meta", &response->meta);
        emit_close(&response->body, '}');
        response->kind = RESPONSE_BODY;
    }
    return !response->body.failed;
}

void response_release(struct response *response)
{
    buf_free(&response->data);
    buf_free(&response->meta);
    buf_free(&response->body);
    fields_free(&response->fields);
}
