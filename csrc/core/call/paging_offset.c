/*
 * Pages of the catalog's lists, which are asked for by `offset`. Called by paging.c and the
 * binding.
 *
 * Where the next page begins is counted from what was asked for, not from what the server says it
 * gave: the offset grows with every page, so a server that passes over it can't lead in circles
 * unseen. Any part of meta may be missing.
 */
#include "call/call_internal.h"
#include "call/paging.h"

/* The whole number, 0 or more, that an object gives under a name; -1: none. */
static int64_t number_at(const struct json_doc *doc, uint32_t object, const char *name)
{
    uint32_t node = object == JSON_NONE || json_type(doc, object) != JSON_OBJECT
                        ? JSON_NONE
                        : json_member(doc, object, name);

    if (node == JSON_NONE || json_type(doc, node) != JSON_INT || doc->nodes[node].v.i < 0) {
        return -1;
    }
    return doc->nodes[node].v.i;
}

static int64_t in_meta(const struct call *call, const char *name)
{
    return number_at(&call->reply.doc, call->reply.meta, name);
}

static int64_t asked(const struct call *call, const char *name)
{
    return call->p->has_body ? number_at(&call->p->body, 0, name) : -1;
}

/* Where the page begins. */
static int64_t page_offset(const struct call *call)
{
    int64_t offset = asked(call, "offset");

    if (offset < 0) {
        offset = in_meta(call, "offset");
    }
    return offset < 0 ? 0 : offset;
}

/* Items that a page has at most. */
static int64_t page_limit(const struct call *call)
{
    int64_t limit = in_meta(call, "limit");

    if (limit <= 0) {
        limit = asked(call, "limit");
    }
    return limit <= 0 ? HUB_DEFAULT_LIMIT : limit;
}

/* Items that came; 0 also for what is no list. */
static int64_t page_count(const struct call *call)
{
    const struct reply *reply = &call->reply;

    if (reply->data == JSON_NONE || json_type(&reply->doc, reply->data) != JSON_ARRAY) {
        return 0;
    }
    return reply->doc.nodes[reply->data].len;
}

bool paging_is_offset(const struct call *call)
{
    return call->takes_offset && call->state == CALL_ENDED && call->ok &&
           call->reply.kind == REPLY_JSON;
}

bool paging_offset_has(const struct call *call, bool forward)
{
    int64_t total = in_meta(call, "total"), count = page_count(call);

    if (!forward) {
        return page_offset(call) > 0;
    }
    if (count == 0 || page_offset(call) > INT64_MAX - count) {
        return false;
    }
    return total >= 0 ? page_offset(call) + count < total : count >= page_limit(call);
}

/* The parameters of the call with another offset. `body` is fresh. */
static bool with_offset(const struct call *call, int64_t offset, struct json_doc *body)
{
    struct json_doc none, number;

    json_init(&none);
    json_init(&number);
    json_close(&none, json_open(&none, JSON_OBJECT), 0);
    json_add_int(&number, offset);
    if (!none.failed && !number.failed) {
        json_with_member(body, call->p->has_body ? &call->p->body : &none, 0, "offset", &number, 0);
    }
    bool ok = !none.failed && !number.failed && !body->failed;
    json_free(&none);
    json_free(&number);
    return ok;
}

enum bosa_status paging_offset_call(const struct call *call, bool forward, struct call **out,
                                    struct bosa_error *err)
{
    const struct call_private *p = call->p;
    int64_t offset = page_offset(call), limit = page_limit(call);
    struct json_doc body;

    *out = NULL;
    if (!paging_offset_has(call, forward)) {
        return BOSA_OK;
    }
    offset = forward ? offset + page_count(call) : offset > limit ? offset - limit : 0;
    json_init(&body);
    if (with_offset(call, offset, &body)) {
        *out =
            call_new_endpoint(call->hub, p->endpoint, call->name, p->identifier, p->token, &body);
    }
    json_free(&body);
    return *out ? BOSA_OK : error_nomem(err);
}
