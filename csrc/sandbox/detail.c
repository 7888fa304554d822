/*
 * The core's validator lists faults in its own terms. Real servers validate with pydantic, and
 * clients read pydantic's words, so faults are translated here.
 */
#include "detail.h"

#include "base/mem.h"
#include "base/text.h"
#include "emit.h"
#include "json/json_error.h"

#include <string.h>

#define MAX_INPUT 4096 /* bytes of a wrong value that are sent back */

/* pydantic's type and message for a keyword of JSON Schema, and for `type` with what it asks for.
 */
struct wording {
    const char *keyword, *type, *message; /* no message: the core's own */
};

static const struct wording keywords[] = {
    {"required", "missing", "Field required"},
    {"enum", "literal_error", NULL},
    {"const", "literal_error", NULL},
    {"minimum", "greater_than_equal", NULL},
    {"maximum", "less_than_equal", NULL},
    {"exclusiveMinimum", "greater_than", NULL},
    {"exclusiveMaximum", "less_than", NULL},
    {"multipleOf", "multiple_of", NULL},
    {"minLength", "string_too_short", NULL},
    {"maxLength", "string_too_long", NULL},
    {"minItems", "too_short", NULL},
    {"maxItems", "too_long", NULL},
    {"additionalProperties", "extra_forbidden", "Extra inputs are not permitted"},
    {"discriminator", "union_tag_invalid", NULL},
    {"oneOf", "union_tag_invalid", NULL},
};

static const struct wording types[] = {
    {"string", "string_type", "Input should be a valid string"},
    {"integer", "int_type", "Input should be a valid integer"},
    {"number", "float_type", "Input should be a valid number"},
    {"boolean", "bool_type", "Input should be a valid boolean"},
    {"array", "list_type", "Input should be a valid list"},
    {"object", "dict_type", "Input should be a valid dictionary"},
    {"null", "none_required", "Input should be None"},
};

/* Opens an entry of `detail` whose place begins with the body. */
static void open_fault(struct buf *out, const char *type)
{
    emit_open(out, NULL, '{');
    emit_text(out, "type", type);
    emit_open(out, "loc", '[');
    emit_text(out, NULL, "body");
}

/* Begins the body of a 422; what was written before is dropped. */
static void open_list(struct response *response)
{
    response->kind = RESPONSE_BODY;
    response->status = 422;
    buf_clear(&response->body);
    emit_open(&response->body, NULL, '{');
    emit_open(&response->body, "detail", '[');
}

/* Ends it. */
static void close_list(struct response *response)
{
    emit_close(&response->body, ']');
    emit_close(&response->body, '}');
}

void detail_one(struct response *response, const char *type, const char *name, const char *message)
{
    struct buf *out = &response->body;
    open_list(response);
    open_fault(out, type);
    if (name) {
        emit_text(out, NULL, name);
    }
    emit_close(out, ']');
    emit_text(out, "msg", message);
    emit_null(out, "input");
    emit_close(out, '}');
    close_list(response);
}

/* The wording for a fault. What isn't known is told in the core's words. */
static struct wording word_for(const struct json_doc *details, uint32_t fault)
{
    uint32_t keyword = json_member(details, fault, "keyword");
    uint32_t expected = json_member(details, fault, "expected");
    bool type = keyword != JSON_NONE && json_is(details, keyword, "type");
    const struct wording *list = type ? types : keywords;
    size_t count = type ? sizeof types / sizeof *types : sizeof keywords / sizeof *keywords;
    uint32_t looked_for = type ? expected : keyword;
    for (size_t i = 0; looked_for != JSON_NONE && i < count; i++) {
        if (json_is(details, looked_for, list[i].keyword)) {
            return list[i];
        }
    }
    return (struct wording){NULL, "value_error", NULL};
}

/*
 * Writes a path like "filters[2].from_date" as elements of `loc`, and follows it in the parameters.
 * Returns the node it leads to, or the last one that was there.
 */
static uint32_t emit_path(struct buf *out, const struct json_doc *params, const char *path,
                          size_t len)
{
    const char *end = path + len;
    uint32_t node = 0;
    while (path < end) {
        uint32_t next;
        if (*path == '[') {
            uint32_t index = 0;
            for (path++; path < end && text_is_digit(*path); path++) {
                index = index * 10 + (uint32_t)(*path - '0');
            }
            path += path < end;
            emit_int(out, NULL, index);
            next = json_type(params, node) == JSON_ARRAY ? json_at(params, node, index) : JSON_NONE;
        } else {
            path += *path == '.';
            size_t name = 0;
            while (path + name < end && path[name] != '.' && path[name] != '[') {
                name++;
            }
            emit_string(out, NULL, path, name);
            next = json_get(params, node, path, name);
            path += name;
        }
        if (next == JSON_NONE) {
            return node;
        }
        node = next;
    }
    return node;
}

/* The value that was given, unless it is a file or large. */
static void emit_input(struct buf *out, const struct json_doc *params, uint32_t node)
{
    struct bosa_error ignored;
    struct buf text;
    error_init(&ignored);
    buf_init(&text);
    if (json_write(&text, params, node, &ignored) == BOSA_OK && text.len <= MAX_INPUT) {
        emit_json(out, "input", text.data, text.len);
    } else {
        emit_null(out, "input");
    }
    buf_free(&text);
    error_clear(&ignored);
}

/*
 * Translates one fault: pydantic's type, the place as a list, its message or the core's, and the
 * value.
 */
static void emit_fault(struct buf *out, const struct json_doc *params,
                       const struct json_doc *details, uint32_t fault)
{
    struct wording wording = word_for(details, fault);
    uint32_t path_node = json_member(details, fault, "path");
    uint32_t message_node = json_member(details, fault, "message");
    size_t len = 0, message_len = 0;
    const char *path = path_node == JSON_NONE ? "" : json_text(details, path_node, &len);
    const char *message =
        message_node == JSON_NONE ? "" : json_text(details, message_node, &message_len);
    open_fault(out, wording.type);
    uint32_t node = emit_path(out, params, path, len);
    emit_close(out, ']');
    if (wording.message) {
        emit_text(out, "msg", wording.message);
    } else {
        emit_string(out, "msg", message, message_len);
    }
    emit_input(out, params, node);
    emit_close(out, '}');
}

void detail_faults(struct response *response, const struct json_doc *params,
                   const struct bosa_error *err)
{
    const struct json_doc *details = json_error_details(err);
    if (!details || json_type(details, 0) != JSON_ARRAY) {
        detail_one(response, "value_error", NULL, err->message ? err->message : "invalid");
        return;
    }
    open_list(response);
    uint32_t end = json_next(details, 0);
    for (uint32_t fault = 1; fault < end; fault = json_next(details, fault)) {
        emit_fault(&response->body, params, details, fault);
    }
    close_list(response);
}

bool detail_parse(struct response *response, struct json_doc *doc, const char *body, size_t len)
{
    struct bosa_error err;
    char *copy;
    if (len == 0) {
        detail_one(response, "missing", NULL, "Field required");
        return false;
    }
    error_init(&err);
    copy = mem_dup(body, len);
    if (!copy || json_parse(doc, copy, len, &err) != BOSA_OK) {
        detail_one(response, "json_invalid", NULL, "JSON decode error");
        error_clear(&err);
        return false;
    }
    if (json_type(doc, 0) != JSON_OBJECT) {
        detail_one(response, "model_attributes_type", NULL,
                   "Input should be a valid dictionary or object to extract fields from");
        return false;
    }
    return true;
}
