/*
 * Errors made of responses. Whatever the server repeats of what the caller sent (`input`) may be a
 * secret: it is left out of the details and of the body that is shown.
 */
#include "reply/reply.h"

#include "base/mem.h"
#include "base/text.h"
#include "http/header_fields.h"
#include "http/http_date.h"
#include "reply/error_message.h"
#include "json/json_error.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SENTENCE 500 /* bytes of the server's words about a failed integration */
#define MAX_CODE 200     /* bytes of its code, and of its type */

/* True when these words stand in a text, in whatever case. */
static bool contains(const struct words *words, const char *what)
{
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= words->len; i++) {
        if (http_same(words->text + i, len, what, len)) {
            return true;
        }
    }
    return false;
}

/* True when the server says, with whatever status, that the key is wrong. */
static bool says_bad_key(const struct reply *reply)
{
    struct words words;
    if (!reply_message(reply, &words)) {
        words.text = reply->text.data;
        words.len = reply->text.len;
    }
    return contains(&words, "invalid api key");
}

/*
 * True when it says that the user has no account for this: in its sentence, for elsewhere in a body
 * may stand what the caller sent.
 */
static bool says_not_connected(const struct reply *reply)
{
    struct words words;
    return reply_message(reply, &words) && contains(&words, "please integrate first");
}

/* The kind by status, but for the 404s that mean something else. */
static enum bosa_status kind_of(const struct reply *reply)
{
    switch (reply->status) {
    case 401:
    case 403:
        return says_not_connected(reply) ? BOSA_NOT_CONNECTED : BOSA_AUTH;
    case 404:
        if (says_bad_key(reply)) {
            return BOSA_AUTH;
        }
        return says_not_connected(reply) ? BOSA_NOT_CONNECTED : BOSA_NOT_FOUND;
    case 429:
        return BOSA_RATE_LIMIT;
    default:
        break;
    }
    if (reply->status < 400) {
        return BOSA_PROTOCOL;
    }
    if (reply->status >= 500) {
        return BOSA_SERVER;
    }
    return says_not_connected(reply) ? BOSA_NOT_CONNECTED : BOSA_API;
}

/* The kind of a 2xx that says it failed. */
static enum bosa_status kind_of_failure(const struct reply *reply)
{
    if (says_bad_key(reply)) {
        return BOSA_AUTH;
    }
    return says_not_connected(reply) ? BOSA_NOT_CONNECTED : BOSA_API;
}

/* error.recovery, JSON_NONE when it is not there. */
static uint32_t recovery(const struct reply *reply)
{
    return reply_find(reply, reply_find(reply, reply_root(reply), "error"), "recovery");
}

/* Anything but true and false says nothing. */
int reply_recovery(const struct reply *reply)
{
    uint32_t node = reply_find(reply, recovery(reply), "retryable");
    if (node == JSON_NONE) {
        return -1;
    }
    switch (json_type(&reply->doc, node)) {
    case JSON_TRUE:
        return 1;
    case JSON_FALSE:
        return 0;
    default:
        return -1;
    }
}

/* json_is_number, also of JSON_NONE, which is none. */
static bool is_number(const struct json_doc *doc, uint32_t node)
{
    return node != JSON_NONE && json_is_number(doc, node);
}

/*
 * Seconds to wait, the body's word before the field's; negative: not said. A date is measured by
 * the clock that wrote it, which the response's own Date tells: ours may be an hour off.
 */
static double retry_after(const struct reply *reply, int64_t now_unix)
{
    uint32_t node = reply_find(reply, recovery(reply), "retry_after_seconds");
    const char *date = fields_get(&reply->fields, "Date");
    int64_t now = now_unix;
    if (is_number(&reply->doc, node) && json_number(&reply->doc, node) >= 0) {
        double seconds = json_number(&reply->doc, node);
        return seconds > HTTP_MAX_WAIT ? HTTP_MAX_WAIT : seconds;
    }
    if (date && !http_date(date, &now)) {
        now = now_unix;
    }
    return http_retry_after(fields_get(&reply->fields, "Retry-After"), now);
}

/* Finds what support asks for: the field's, else the body's, if fit to show. */
static bool find_reference(const struct reply *reply, struct words *out)
{
    static const char *const names[] = {"request_id", "reference_id"};
    const char *field = fields_get(&reply->fields, "X-Request-ID");
    if (field && http_is_reference(field, strlen(field))) {
        *out = (struct words){field, strlen(field)};
        return true;
    }
    uint32_t error = reply_find(reply, reply_root(reply), "error");
    for (size_t i = 0; i < 2; i++) {
        if (reply_text(reply, error, names[i], out) && http_is_reference(out->text, out->len)) {
            return true;
        }
    }
    return false;
}

char *reply_reference_id(const struct reply *reply)
{
    struct words words;
    return find_reference(reply, &words) ? mem_dup(words.text, words.len) : NULL;
}

/*
 * A body in one of BOSA's forms is not the router's. The router itself has two sentences, in
 * `detail`.
 */
bool reply_no_such_route(const struct reply *reply)
{
    struct words words;
    if ((reply->status != 404 && reply->status != 405) || says_bad_key(reply)) {
        return false;
    }
    uint32_t root = reply_root(reply);
    bool bosas = reply_find(reply, root, "error") != JSON_NONE ||
                 reply_find(reply, root, "message") != JSON_NONE ||
                 reply_find(reply, root, "data") != JSON_NONE;
    if (bosas || reply_find(reply, root, "detail") == JSON_NONE) {
        return !bosas;
    }
    return reply_text(reply, root, "detail", &words) &&
           (http_same(words.text, words.len, "Not Found", 9) ||
            http_same(words.text, words.len, "Method Not Allowed", 18));
}

/* ---- what an error carries ---- */

/* Adds a copy of a subtree without the members `input`, which echo what the caller sent. */
static void add_clean(struct json_doc *out, const struct json_doc *doc, uint32_t node)
{
    enum json_type type = json_type(doc, node);
    if (type != JSON_ARRAY && type != JSON_OBJECT) {
        json_add_copy(out, doc, node);
        return;
    }
    uint32_t container = json_open(out, type);
    uint32_t count = 0;
    uint32_t end = json_next(doc, node);
    for (uint32_t child = node + 1; child < end; child = json_next(doc, child)) {
        if (type == JSON_OBJECT) {
            uint32_t key = child++;
            if (json_is(doc, key, "input")) {
                continue;
            }
            json_add_copy(out, doc, key);
        }
        add_clean(out, doc, child);
        count++;
    }
    json_close(out, container, count);
}

/*
 * error.details, else a `detail` that is more than a sentence (which the message has), as a
 * document without `input`.
 */
static enum bosa_status fill_details(const struct reply *reply, struct bosa_error *err)
{
    uint32_t node = reply_find(reply, reply_find(reply, reply_root(reply), "error"), "details");
    if (node == JSON_NONE) {
        node = reply_find(reply, reply_root(reply), "detail");
    }
    if (node == JSON_NONE || json_type(&reply->doc, node) == JSON_NULL ||
        json_type(&reply->doc, node) == JSON_STRING) {
        return BOSA_OK;
    }
    struct json_doc details;
    json_init(&details);
    add_clean(&details, &reply->doc, node);
    return json_error_attach(err, &details);
}

/* True when the document may have a member `input`. */
static bool has_input(const struct json_doc *doc)
{
    for (uint32_t i = 0; i < doc->count; i++) {
        if (json_is(doc, i, "input")) {
            return true;
        }
    }
    return false;
}

/*
 * How much of a response that could not be parsed may be shown: up to the first echo of the
 * caller's input.
 */
static size_t before_input(const char *text, size_t len)
{
    static const char key[] = "\"input\"";
    const size_t key_len = sizeof key - 1;
    for (size_t i = 0; i + key_len <= len; i++) {
        if (memcmp(text + i, key, key_len) == 0) {
            return i;
        }
    }
    return len;
}

/* Puts a copy of the bytes into the error's body. */
static enum bosa_status set_body(struct bosa_error *err, const char *text, size_t len)
{
    enum bosa_status status = error_field(&err->body, text, len);
    err->body_len = status == BOSA_OK ? len : 0;
    return status;
}

/* Shows the document, written anew without the echoes of the caller's input. */
static enum bosa_status set_clean_body(const struct json_doc *doc, struct bosa_error *err)
{
    struct json_doc clean;
    struct buf text;
    struct bosa_error ignored;
    json_init(&clean);
    buf_init(&text);
    error_init(&ignored);
    add_clean(&clean, doc, 0);
    enum bosa_status status = clean.failed ? BOSA_NOMEM : json_write(&text, &clean, 0, &ignored);
    if (status == BOSA_OK) {
        status = text.failed
                     ? BOSA_NOMEM
                     : set_body(err, text.data, text_cut(text.data, text.len, REPLY_SHOWN_BYTES));
    }
    error_clear(&ignored);
    buf_free(&text);
    json_free(&clean);
    return status;
}

/* Shows the response as it came unless it echoes the caller's input. */
static enum bosa_status fill_body(const struct reply *reply, struct bosa_error *err)
{
    const struct buf *text = &reply->text;
    if (text->len == 0) {
        return BOSA_OK;
    }
    if (reply->kind == REPLY_JSON && has_input(&reply->doc)) {
        return set_clean_body(&reply->doc, err);
    }
    return set_body(err, text->data, before_input(text->data, text->len));
}

/* Sets `field` of an error, its code or its type, to one line of the server's text. */
static enum bosa_status set_word(const struct reply *reply, char **field, const char *text,
                                 size_t len)
{
    struct buf word;
    buf_init(&word);
    reply_add_cut(&word, reply, text, len, MAX_CODE);
    enum bosa_status status =
        word.failed ? BOSA_NOMEM : error_field(field, word.len ? word.data : "", word.len);
    if (status == BOSA_OK) {
        text_flatten(*field, strlen(*field));
    }
    buf_free(&word);
    return status;
}

/*
 * The server's own code: error.code, a string or a number, else error.type, else the root's code.
 */
static enum bosa_status fill_code(const struct reply *reply, struct bosa_error *err)
{
    struct words words;
    struct bosa_error ignored;
    struct buf number;
    uint32_t error = reply_find(reply, reply_root(reply), "error");
    uint32_t node = reply_find(reply, error, "code");
    if (reply_text(reply, error, "code", &words)) {
        return set_word(reply, &err->code, words.text, words.len);
    }
    if (!is_number(&reply->doc, node)) {
        bool found = reply_text(reply, error, "type", &words) ||
                     reply_text(reply, reply_root(reply), "code", &words);
        return found ? set_word(reply, &err->code, words.text, words.len) : BOSA_OK;
    }
    buf_init(&number);
    error_init(&ignored);
    enum bosa_status status = json_write(&number, &reply->doc, node, &ignored);
    if (status == BOSA_OK) {
        status = number.failed ? BOSA_NOMEM : set_word(reply, &err->code, number.data, number.len);
    }
    error_clear(&ignored);
    buf_free(&number);
    return status;
}

/* The server's own kind of it, error.type. */
static enum bosa_status fill_type(const struct reply *reply, struct bosa_error *err)
{
    struct words words;
    uint32_t error = reply_find(reply, reply_root(reply), "error");
    bool found = reply_text(reply, error, "type", &words);
    return found ? set_word(reply, &err->type, words.text, words.len) : BOSA_OK;
}

/* The version of the error contract that the server says it keeps; 0: it says none. */
static int contract_of(const struct reply *reply)
{
    const char *text = fields_get(&reply->fields, "X-GL-Error-Contract");
    bool fits = text && text[0] >= '1' && text[0] <= '9' && strspn(text, "0123456789") <= 4;
    return fits && text[strspn(text, "0123456789")] == '\0' ? (int)strtol(text, NULL, 10) : 0;
}

/* Sets kind and message. */
static enum bosa_status describe(const struct reply *reply, enum bosa_status kind,
                                 struct bosa_error *err)
{
    struct buf line;
    struct words words;
    buf_init(&line);
    if (reply->status >= 300) {
        reply_describe(reply, &line);
    } else if (reply_message(reply, &words)) {
        reply_add_cut(&line, reply, words.text, words.len, MAX_SENTENCE);
    } else {
        buf_adds(&line, "the server says that it was not successful");
    }
    enum bosa_status status =
        line.failed ? error_nomem(err) : error_set(err, kind, "%.*s", (int)line.len, line.data);
    buf_free(&line);
    return status;
}

/* True when a 2xx response of an integration call says that it failed. */
static bool has_failed(const struct reply *reply)
{
    uint32_t success =
        reply_find(reply, reply->kind == REPLY_JSON ? reply->data : JSON_NONE, "success");
    return success != JSON_NONE && json_type(&reply->doc, success) == JSON_FALSE;
}

/* Fills everything after kind and message. */
static enum bosa_status fill(const struct reply *reply, int64_t now_unix, struct bosa_error *err)
{
    struct words reference;
    enum bosa_status status = BOSA_OK;
    int retryable = reply_recovery(reply);
    err->status = reply->status;
    err->contract = contract_of(reply);
    err->retry_after = retry_after(reply, now_unix);
    err->retryable = retryable >= 0 ? retryable > 0 : reply->status == 429 || reply->status >= 500;
    if (find_reference(reply, &reference)) {
        status = error_field(&err->reference_id, reference.text, reference.len);
    }
    if (status == BOSA_OK) {
        status = fill_code(reply, err);
    }
    if (status == BOSA_OK) {
        status = fill_type(reply, err);
    }
    if (status == BOSA_OK) {
        status = fill_body(reply, err);
    }
    return status == BOSA_OK ? fill_details(reply, err) : status;
}

/* An error that can't be filled whole for lack of memory is none at all, but that. */
enum bosa_status reply_judge(const struct reply *reply, bool integration, int64_t now_unix,
                             struct bosa_error *err)
{
    enum bosa_status kind;
    if (reply->status >= 300 && reply->status != 304) {
        kind = kind_of(reply);
    } else if (integration && reply->status < 300 && has_failed(reply)) {
        kind = kind_of_failure(reply);
    } else {
        return BOSA_OK;
    }
    enum bosa_status status = describe(reply, kind, err);
    if (status == kind && fill(reply, now_unix, err) != BOSA_OK) {
        status = error_nomem(err);
    }
    return status;
}
