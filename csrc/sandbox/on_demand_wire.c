/*
 * The lab's actions about the wire: what came in, and faults on the way out.
 */
#include "on_demand.h"

#include "base/mem.h"
#include "emit.h"
#include "http/header_fields.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

/* ---- what came in ---- */

/* The parameters as they were read. A file among them, which JSON can't say, makes it null. */
static void emit_params(struct buf *out, const char *key, const struct run *run)
{
    struct bosa_error ignored;
    struct buf text;
    error_init(&ignored);
    buf_init(&text);
    if (json_write(&text, run->params, 0, &ignored) == BOSA_OK) {
        emit_json(out, key, text.data, text.len);
    } else {
        emit_null(out, key);
    }
    buf_free(&text);
    error_clear(&ignored);
}

/* Responds with the parameters after they were checked. */
void lab_echo_params(const struct run *run, struct response *response)
{
    emit_params(&response->data, NULL, run);
}

/* libmicrohttpd names one header field of the request. */
static enum MHD_Result emit_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct buf *out = cls;
    (void)kind;
    emit_open(out, NULL, '{');
    emit_text(out, "name", name);
    emit_text(out, "value", value);
    emit_close(out, '}');
    return MHD_YES;
}

/* What the two echoes have in common; the object stays open. */
static void open_echo(struct buf *out, const struct exchange *x)
{
    emit_open(out, NULL, '{');
    emit_text(out, "method", x->method);
    emit_text(out, "path", x->uri);
    emit_open(out, "fields", '[');
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, emit_field, out);
    emit_close(out, ']');
}

/* Responds with the request: its head, its parameters, and the bytes of its body. */
void lab_echo(const struct run *run, struct response *response)
{
    const struct exchange *x = run->exchange;
    struct buf *out = &response->data;
    open_echo(out, x);
    emit_params(out, "body", run);
    emit_string(out, "raw", x->body.len ? x->body.data : "", x->body.len);
    emit_close(out, '}');
}

/* A part of a form: what was said of it, and what its bytes add up to. */
static void emit_part(struct buf *out, const struct part *part)
{
    emit_open(out, NULL, '{');
    emit_text(out, "name", part->name);
    emit_text(out, "filename", part->filename);
    emit_text(out, "content_type", part->type);
    emit_int(out, "size", (int64_t)part->size);
    emit_hex(out, "checksum", part->checksum);
    if (part->filename) {
        emit_null(out, "text");
    } else {
        emit_string(out, "text", part->kept.len ? part->kept.data : "", part->kept.len);
    }
    emit_close(out, '}');
}

/* The same of a form: its parts in the order they came. */
void lab_echo_form(const struct run *run, struct response *response)
{
    const struct exchange *x = run->exchange;
    struct buf *out = &response->data;
    open_echo(out, x);
    emit_open(out, "parts", '[');
    for (size_t i = 0; i < x->parts.count; i++) {
        emit_part(out, &x->parts.list[i]);
    }
    emit_close(out, ']');
    emit_string(out, "raw", x->body.len ? x->body.data : "", x->body.len);
    emit_close(out, '}');
}

/* Measures a file without keeping it, whatever its size. */
void lab_upload(const struct run *run, struct response *response)
{
    const struct part *part = run_file(run, "file", 0);
    if (!part) {
        response_error(response, 400, "no_file", "There is no file in this form.");
        return;
    }
    emit_part(&response->data, part);
}

/* ---- what goes out ---- */

/* A header value from a parameter; with `latin1`, characters up to U+00FF become one byte each. */
static void set_field(const struct run *run, struct response *response, const char *name,
                      const char *param, bool latin1)
{
    size_t len, at = 0;
    char value[1024];
    const char *text = run_text(run, param, &len);
    for (size_t i = 0; i < len && at + 1 < sizeof value; i++) {
        unsigned char c = (unsigned char)text[i];
        if (latin1 && (c == 0xC2 || c == 0xC3) && i + 1 < len) {
            c = (unsigned char)(c << 6 | ((unsigned char)text[++i] & 0x3F));
        }
        value[at++] = (char)c;
    }
    value[at] = '\0';
    if (text) {
        response_field(response, name, value);
    }
}

/* Sends a pattern as a file, under any name, however odd. */
void lab_download(const struct run *run, struct response *response)
{
    char filename[256], type[128];
    bool named = run_copy(run, "filename", filename, sizeof filename);
    bool typed = run_copy(run, "content_type", type, sizeof type);
    bool raw = run_node(run, "disposition") != JSON_NONE;
    response->kind = RESPONSE_PATTERN;
    response->size = (uint64_t)run_int(run, "bytes", 1000);
    response->chunked = run_flag(run, "chunked", false);
    response_file(response, typed ? type : "application/octet-stream",
                  named && !raw ? filename : NULL);
    set_field(run, response, "Content-Disposition", "disposition", run_flag(run, "latin1", false));
}

/* How the connection is to end. */
static enum response_end read_end(const struct run *run)
{
    static const struct {
        const char *name;
        enum response_end end;
    } ends[] = {{"close", END_CLOSE},
                {"close_after_read", END_CLOSE},
                {"reset", END_RESET},
                {"close_after_headers", END_AFTER_HEADERS},
                {"truncate", END_IN_BODY},
                {"reset_in_body", END_RESET_IN_BODY},
                {"close_after_answer", END_CLOSE_AFTER_RESPONSE}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (run_is(run, "connection", ends[i].name)) {
            return ends[i].end;
        }
    }
    return END_WELL;
}

/* Adds the members of `headers`. */
static void add_headers(const struct run *run, struct response *response)
{
    const struct json_doc *params = run->params;
    uint32_t headers = run_node(run, "headers");
    uint32_t end = headers == JSON_NONE ? 0 : json_next(params, headers);
    for (uint32_t key = headers + 1; key < end; key = json_next(params, key + 1)) {
        struct bosa_error ignored;
        size_t name_len, len;
        const char *name = json_text(params, key, &name_len);
        const char *value = json_text(params, key + 1, &len);
        error_init(&ignored);
        (void)fields_add(&response->fields, name, name_len, value, len, &ignored);
        error_clear(&ignored);
    }
}

/* Retry-After and what an error body says about trying again. */
static void add_recovery(const struct run *run, struct response *response)
{
    uint32_t after = run_node(run, "retry_after");
    char text[64];
    if (run_node(run, "retryable") != JSON_NONE) {
        response->retryable = run_flag(run, "retryable", false);
    }
    response->retry_after = (double)run_int(run, "retry_after_seconds", -1);
    if (after == JSON_NONE) {
        return;
    }
    if (json_type(run->params, after) == JSON_STRING) {
        run_copy(run, "retry_after", text, sizeof text);
    } else {
        snprintf(text, sizeof text, "%g", json_number(run->params, after));
    }
    response_field(response, "Retry-After", text);
}

/* The body of a fault: the one that was asked for, broken JSON, an error, or some data. */
static void write_fault(const struct run *run, struct response *response)
{
    char message[200];
    size_t len;
    const char *body = run_text(run, "body", &len);
    if (body || run_flag(run, "broken_json", false)) {
        static const char broken[] = "{\"data\": {\"id\": 1, \"na";
        response->kind = RESPONSE_BODY;
        buf_add(&response->body, body ? body : broken, body ? len : sizeof broken - 1);
    } else if (response->status >= 400) {
        bool given = run_copy(run, "message", message, sizeof message);
        response_error(response, response->status, "fault",
                       given ? message : "This fault was asked for.");
    } else {
        emit_open(&response->data, NULL, '{');
        emit_int(&response->data, "status", response->status);
        emit_text(&response->data, "text",
                  "long enough to be cut in the middle, so that something is missing");
        emit_close(&response->data, '}');
    }
}

/* Fails as it is told to; with `times` and `key`, only the first calls do. */
void lab_fault(const struct run *run, struct response *response)
{
    int64_t times = run_int(run, "times", INT64_MAX);
    bool ends = run_node(run, "connection") != JSON_NONE;
    if (run->calls > (uint64_t)times) {
        response->delay_ms = 0;
        emit_open(&response->data, NULL, '{');
        emit_bool(&response->data, "ok", true);
        emit_int(&response->data, "calls", (int64_t)run->calls);
        emit_close(&response->data, '}');
        return;
    }
    response->status =
        (int)run_int(run, "status", ends || run_flag(run, "broken_json", false) ? 200 : 500);
    response->end = read_end(run);
    write_fault(run, response);
    add_recovery(run, response);
    add_headers(run, response);
    set_field(run, response, "Content-Type", "content_type", false);
}
