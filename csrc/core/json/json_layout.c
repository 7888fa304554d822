/*
 * JSON text in a layout of its caller's: names in order, lines indented. For what people compare
 * and caches keep, where the same value must always be the same bytes; json_write is faster.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "json/json_internal.h"

/* A member of an object while its object's members are put in order. */
struct member {
    const char *name; /* borrowed from the document */
    uint32_t len;
    uint32_t node; /* of the name; the value is after it */
};

/* What the writer knows all the way down. */
struct layout {
    struct buf *out;
    const struct json_doc *doc;
    const struct json_layout *how;
    struct bosa_error *err;
};

static enum bosa_status write_node(const struct layout *l, uint32_t node, unsigned depth);

/* By bytes; members of the same name stay in their order. */
static int compare(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int order = text_compare(x->name, x->len, y->name, y->len);
    return order ? order : (x->node > y->node) - (x->node < y->node);
}

/* Begins a line at a depth; on one line it doesn't. */
static void break_line(const struct layout *l, unsigned depth)
{
    if (!l->how->indent) {
        return;
    }
    buf_addc(l->out, '\n');
    for (unsigned i = 0; i < depth * l->how->indent; i++) {
        buf_addc(l->out, ' ');
    }
}

static enum bosa_status write_member(const struct layout *l, uint32_t name, unsigned depth)
{
    enum bosa_status status = json_write(l->out, l->doc, name, l->err);
    if (status != BOSA_OK) {
        return status;
    }
    buf_add(l->out, ": ", l->how->indent ? 2 : 1);
    return write_node(l, name + 1, depth);
}

/* The members of an object in the order of their names; the caller frees them. NULL: no memory. */
static struct member *sorted_members(const struct json_doc *doc, uint32_t object)
{
    uint32_t count = doc->nodes[object].len, node = object + 1;
    struct member *members = mem_alloc(count * sizeof *members);
    if (!members) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        size_t len;
        members[i].name = json_text(doc, node, &len);
        members[i].len = (uint32_t)len;
        members[i].node = node;
        node = json_next(doc, node + 1);
    }
    qsort(members, count, sizeof *members, compare);
    return members;
}

static enum bosa_status write_sorted(const struct layout *l, uint32_t object, unsigned depth)
{
    struct member *members = sorted_members(l->doc, object);
    if (!members) {
        return error_nomem(l->err);
    }
    enum bosa_status status = BOSA_OK;
    for (uint32_t i = 0; i < l->doc->nodes[object].len && status == BOSA_OK; i++) {
        if (i > 0) {
            buf_addc(l->out, ',');
        }
        break_line(l, depth);
        status = write_member(l, members[i].node, depth);
    }
    mem_free(members);
    return status;
}

/* The content of a container in the order of the document. */
static enum bosa_status write_in_order(const struct layout *l, uint32_t container, unsigned depth)
{
    bool object = json_type(l->doc, container) == JSON_OBJECT;
    uint32_t end = json_next(l->doc, container), node = container + 1;
    enum bosa_status status = BOSA_OK;
    while (node < end && status == BOSA_OK) {
        if (node > container + 1) {
            buf_addc(l->out, ',');
        }
        break_line(l, depth);
        status = object ? write_member(l, node, depth) : write_node(l, node, depth);
        node = json_next(l->doc, node + object);
    }
    return status;
}

static enum bosa_status write_container(const struct layout *l, uint32_t node, unsigned depth)
{
    bool object = json_type(l->doc, node) == JSON_OBJECT;
    if (l->doc->nodes[node].len == 0) {
        buf_add(l->out, object ? "{}" : "[]", 2);
        return BOSA_OK;
    }
    if (depth == JSON_MAX_DEPTH) {
        return error_set(l->err, BOSA_PARAMS, "the value is nested more than %d levels deep",
                         JSON_MAX_DEPTH);
    }
    buf_addc(l->out, object ? '{' : '[');
    enum bosa_status status = object && l->how->sorted ? write_sorted(l, node, depth + 1)
                                                       : write_in_order(l, node, depth + 1);
    break_line(l, depth);
    buf_addc(l->out, object ? '}' : ']');
    return status;
}

/*
 * A whole number is one however it is kept: a VM without integers can't tell 1.0 from 1, and the
 * text is to be the same from all of them.
 */
static bool write_whole(const struct layout *l, uint32_t node)
{
    int64_t value;
    if (!l->how->sorted || !json_whole(l->doc, node, &value)) {
        return false;
    }
    json_write_int(l->out, value);
    return true;
}

/* Recursion is bounded: write_container goes JSON_MAX_DEPTH deep. */
static enum bosa_status write_node(const struct layout *l, uint32_t node, unsigned depth)
{
    enum json_type type = json_type(l->doc, node);
    if (type == JSON_ARRAY || type == JSON_OBJECT) {
        return write_container(l, node, depth);
    }
    return write_whole(l, node) ? BOSA_OK : json_write(l->out, l->doc, node, l->err);
}

enum bosa_status json_write_layout(struct buf *out, const struct json_doc *doc, uint32_t node,
                                   const struct json_layout *how, struct bosa_error *err)
{
    struct layout l = {out, doc, how, err};
    enum bosa_status status = write_node(&l, node, 0);
    if (status == BOSA_OK && out->failed) {
        return error_nomem(err);
    }
    return status;
}
