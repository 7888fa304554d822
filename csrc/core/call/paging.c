/*
 * Servers leave out any part of meta, or fill it with what makes no sense, so every member is
 * looked at as one that may be missing or of another type; then it counts as missing.
 */
#include "call/paging.h"

#include "call/call_internal.h"

#include <string.h>

/* A member of the response's meta that is not null; JSON_NONE when there is none. */
static uint32_t meta_member(const struct call *call, const char *name)
{
    const struct reply *reply = &call->reply;
    uint32_t node = JSON_NONE;

    if (call->kind == CALL_ACTION && call->state == CALL_ENDED && call->ok &&
        reply->kind == REPLY_JSON && reply->meta != JSON_NONE) {
        node = json_member(&reply->doc, reply->meta, name);
    }
    if (node != JSON_NONE && json_type(&reply->doc, node) == JSON_NULL) {
        return JSON_NONE;
    }
    return node;
}

/* The whole number at a node, also where a caller's VM made a double of it. False when it is none.
 */
static bool whole(const struct json_doc *doc, uint32_t node, int64_t *out)
{
    if (node == JSON_NONE) {
        return false;
    }
    if (json_type(doc, node) == JSON_INT) {
        *out = doc->nodes[node].v.i;
        return true;
    }
    if (json_type(doc, node) == JSON_DOUBLE) {
        double d = doc->nodes[node].v.d;

        if (d >= -9007199254740992.0 && d <= 9007199254740992.0) {
            *out = (int64_t)d;
            return (double)*out == d;
        }
    }
    return false;
}

/* A whole number that meta gives under a name; false when it gives none. */
static bool meta_number(const struct call *call, const char *name, int64_t *out)
{
    return whole(&call->reply.doc, meta_member(call, name), out);
}

/* The cursor that leads there: a string that isn't empty, or an integer. JSON_NONE: none. */
static uint32_t meta_cursor(const struct call *call, bool forward)
{
    uint32_t node = meta_member(call, forward ? "forwards_cursor" : "backwards_cursor");
    const struct json_doc *doc = &call->reply.doc;
    size_t len;

    if (node == JSON_NONE) {
        return JSON_NONE;
    }
    switch (json_type(doc, node)) {
    case JSON_STRING:
        (void)json_text(doc, node, &len);
        return len > 0 ? node : JSON_NONE;
    case JSON_INT:
    case JSON_UINT:
    case JSON_DIGITS:
        return node;
    default:
        return JSON_NONE;
    }
}

/* The value that the call sent for a parameter; JSON_NONE: it sent none. */
static uint32_t sent(const struct call *call, const char *name)
{
    return json_member(&call->invocation->params, 0, name);
}

/* The number of the page that was asked for; false where the caller did not say. */
static bool asked_page(const struct call *call, int64_t *page)
{
    return whole(&call->invocation->params, sent(call, "page"), page);
}

/* The number of the page that came: the server's word, else what was asked for, else the first. */
static int64_t current_page(const struct call *call)
{
    int64_t page;

    return meta_number(call, "page", &page) || asked_page(call, &page) ? page : 1;
}

/* What the server says decides, even against the cursors: it gives both on the first and last page,
 * too. */
bool paging_has(const struct call *call, bool forward)
{
    uint32_t node = meta_member(call, forward ? "has_next" : "has_prev");
    int64_t page, last;

    if (paging_is_offset(call)) {
        return paging_offset_has(call, forward);
    }
    if (node != JSON_NONE) {
        return json_type(&call->reply.doc, node) == JSON_TRUE;
    }
    if (meta_cursor(call, forward) != JSON_NONE) {
        return true;
    }
    if (!meta_number(call, "page", &page)) {
        return false;
    }
    return forward ? meta_number(call, "total_page", &last) && page < last : page > 1;
}

/* True when a file of the invocation is read from a function, which gives its bytes once. */
static bool has_feed(const struct invocation *invocation)
{
    for (size_t i = 0; i < invocation->file_count; i++) {
        const struct file_part *file = &invocation->files[i];

        if (!file->path && !file->bytes && file->feed != BODY_NO_FEED) {
            return true;
        }
    }
    return false;
}

/* Ends a search with the invocation that it made; a missing one means that memory ran out. */
static enum bosa_status give(struct invocation *invocation, struct invocation **out,
                             struct bosa_error *err)
{
    *out = invocation;
    return !invocation ? error_nomem(err) : BOSA_OK;
}

/* True when the page that came was asked for as the last items before its cursor. */
static bool came_from_last(const struct call *call)
{
    uint32_t node = call->takes_from_last ? sent(call, "from_last") : JSON_NONE;

    return node != JSON_NONE && json_type(&call->invocation->params, node) == JSON_TRUE;
}

/* The same invocation (a reference is given back for it) with `from_last` set. NULL: no memory. */
static struct invocation *with_from_last(struct invocation *invocation, bool from_last)
{
    struct json_doc value;
    struct invocation *made = NULL;

    json_init(&value);
    json_add_bool(&value, from_last);
    if (invocation && !value.failed) {
        made = invocation_with(invocation, "from_last", &value, 0);
    }
    json_free(&value);
    invocation_unref(invocation);
    return made;
}

/* A number's digits as a string, as an action takes them whose server forgot the quotes. */
static enum bosa_status digits_as_text(struct json_doc *out, const struct json_doc *meta,
                                       uint32_t cursor, struct bosa_error *err)
{
    struct buf text;

    buf_init(&text);
    enum bosa_status status = json_write(&text, meta, cursor, err);
    if (status == BOSA_OK && !text.failed) {
        json_add_string(out, text.data, text.len);
    }
    bool failed = text.failed || out->failed;
    buf_free(&text);
    return status == BOSA_OK && failed ? error_nomem(err) : status;
}

/* The cursor as the action takes it: a number as a string where it takes no number. `out` is fresh.
 */
static enum bosa_status sent_cursor(const struct call *call, uint32_t cursor, struct json_doc *out,
                                    struct bosa_error *err)
{
    const struct json_doc *meta = &call->reply.doc;
    bool is_number = json_type(meta, cursor) != JSON_STRING;

    if (is_number && call->cursor_takes.text && !call->cursor_takes.integer) {
        return digits_as_text(out, meta, cursor, err);
    }
    json_add_copy(out, meta, cursor);
    return out->failed ? error_nomem(err) : BOSA_OK;
}

/*
 * The invocation that asks by cursor. A cursor that was sent and comes back leads to the same page
 * for ever, as happens when a server passes over the parameter; but one cursor has a page on each
 * side of it where the action takes `from_last`.
 */
static enum bosa_status invocation_cursor(const struct call *call, const struct json_doc *cursor,
                                          bool forward, struct invocation **out,
                                          struct bosa_error *err)
{
    uint32_t before = sent(call, call->cursor_name);
    bool turned = call->takes_from_last && came_from_last(call) == forward;
    struct invocation *made;

    if (before != JSON_NONE && !turned &&
        json_equal(&call->invocation->params, before, cursor, 0)) {
        return error_set(err, BOSA_PROTOCOL, "the server gave the same cursor again");
    }
    made = invocation_with(call->invocation, call->cursor_name, cursor, 0);
    if (made && call->takes_from_last && (turned || !forward)) {
        made = with_from_last(made, !forward);
    }
    return give(made, out, err);
}

static enum bosa_status find_cursor(const struct call *call, uint32_t cursor, bool forward,
                                    struct invocation **out, struct bosa_error *err)
{
    struct json_doc value;

    json_init(&value);
    enum bosa_status status = sent_cursor(call, cursor, &value, err);
    if (status == BOSA_OK) {
        status = invocation_cursor(call, &value, forward, out, err);
    }
    json_free(&value);
    return status;
}

/*
 * The invocation that asks by number. Where the next number is the one that was just asked for, the
 * server gave another page in its place, and following its word would go round for ever.
 */
static enum bosa_status invocation_number(const struct call *call, bool forward,
                                          struct invocation **out, struct bosa_error *err)
{
    int64_t page = current_page(call), asked;

    if (forward ? page == INT64_MAX : page <= 1) {
        return BOSA_OK;
    }
    page += forward ? 1 : -1;
    if (asked_page(call, &asked) && asked == page) {
        return error_set(err, BOSA_PROTOCOL, "the server gave another page than the one asked for");
    }
    return give(paging_plan_page(call, page), out, err);
}

/* The way to the page: a cursor, a number, or none that this action takes. */
static enum bosa_status find_way(const struct call *call, bool forward, struct invocation **out,
                                 struct bosa_error *err)
{
    uint32_t cursor = paging_cursor(call, forward);

    if (cursor != JSON_NONE) {
        return find_cursor(call, cursor, forward, out, err);
    }
    if (call->takes_page) {
        return invocation_number(call, forward, out, err);
    }
    if (call->cursor_name) {
        return error_set(err, BOSA_PROTOCOL,
                         "the server says that there is a %s page, but gave no "
                         "cursor for it",
                         forward ? "next" : "previous");
    }
    return error_set(err, BOSA_PROTOCOL,
                     "the server says that there is a %s page, but %s takes neither a cursor nor a "
                     "page",
                     forward ? "next" : "previous", call->invocation->action);
}

/* Names the call in an error about its pages. */
static enum bosa_status locate(const struct call *call, struct bosa_error *err)
{
    const struct invocation *invocation = call->invocation;

    return error_locate(err->kind, err, invocation->connector, invocation->action,
                        strlen(invocation->action));
}

/* `err` is filled by find_way and here only, so locate can rely on its kind. */
enum bosa_status paging_plan(const struct call *call, bool forward, struct invocation **out,
                             struct bosa_error *err)
{
    enum bosa_status status;

    *out = NULL;
    if (!paging_has(call, forward)) {
        return BOSA_OK;
    }
    if (has_feed(call->invocation)) {
        status = error_set(err, BOSA_PARAMS,
                           "another page can't be asked for: what was uploaded was read from a "
                           "function, which can't be done twice");
    } else {
        status = find_way(call, forward, out, err);
    }
    return status == BOSA_OK ? BOSA_OK : locate(call, err);
}

uint32_t paging_cursor(const struct call *call, bool forward)
{
    return call->cursor_name ? meta_cursor(call, forward) : JSON_NONE;
}

/*
 * Where the response has a cursor that the action takes, only the response before it tells a page,
 * so its numbers do not count.
 */
bool paging_numbered(const struct call *call, int64_t *page, int64_t *last)
{
    bool by_cursor = paging_cursor(call, true) != JSON_NONE;

    if (!call->takes_page || by_cursor || !meta_number(call, "page", page) || *page < 1 ||
        has_feed(call->invocation)) {
        return false;
    }
    if (!meta_number(call, "total_page", last) || *last < 0) {
        *last = 0;
    }
    return true;
}

/* invocation_with takes its value from a document, so one is made for the number. */
struct invocation *paging_plan_page(const struct call *call, int64_t page)
{
    struct json_doc number;
    struct invocation *invocation = NULL;

    json_init(&number);
    json_add_int(&number, page);
    if (!number.failed) {
        invocation = invocation_with(call->invocation, "page", &number, 0);
    }
    json_free(&number);
    return invocation;
}
