/*
 * Parameters have passed the schema when these look at them, so a wrong type can't come; what was
 * left out can.
 */
#include "run.h"

#include "emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t run_node(const struct run *run, const char *name)
{
    uint32_t node = json_member(run->params, 0, name);
    return node != JSON_NONE && json_type(run->params, node) == JSON_NULL ? JSON_NONE : node;
}

const char *run_text(const struct run *run, const char *name, size_t *len)
{
    uint32_t node = run_node(run, name);
    *len = 0;
    return node == JSON_NONE ? NULL : json_text(run->params, node, len);
}

bool run_copy(const struct run *run, const char *name, char *out, size_t size)
{
    size_t len;
    const char *text = run_text(run, name, &len);
    len = len < size ? len : size - 1;
    if (text) {
        memcpy(out, text, len);
    }
    out[len] = '\0';
    return text;
}

bool run_is(const struct run *run, const char *name, const char *text)
{
    uint32_t node = run_node(run, name);
    return node != JSON_NONE && json_is(run->params, node, text);
}

int64_t run_int(const struct run *run, const char *name, int64_t preset)
{
    uint32_t node = run_node(run, name);
    if (node == JSON_NONE) {
        return preset;
    }
    switch (json_type(run->params, node)) {
    case JSON_INT:
        return run->params->nodes[node].v.i;
    case JSON_DOUBLE: {
        double value = json_number(run->params, node);
        return value > -9e18 && value < 9e18 ? (int64_t)value : preset;
    }
    case JSON_UINT:
    case JSON_DIGITS:
        return json_number(run->params, node) < 0 ? INT64_MIN : INT64_MAX;
    default:
        return preset;
    }
}

bool run_flag(const struct run *run, const char *name, bool preset)
{
    uint32_t node = run_node(run, name);
    return node == JSON_NONE ? preset : json_type(run->params, node) == JSON_TRUE;
}

const struct part *run_file(const struct run *run, const char *name, size_t n)
{
    const struct parts *parts = &run->exchange->parts;
    for (size_t i = 0; i < parts->count; i++) {
        const struct part *part = &parts->list[i];
        if (part->filename && strcmp(part->name, name) == 0 && n-- == 0) {
            return part;
        }
    }
    return NULL;
}

/* The members of `meta` that both styles have; the object stays open. */
static void open_meta(struct response *response, struct window window, int64_t total, int64_t limit)
{
    struct buf *meta = &response->meta;
    emit_open(meta, NULL, '{');
    emit_int(meta, "total", total);
    emit_int(meta, "total_page", (total + limit - 1) / limit);
    emit_bool(meta, "has_next", window.first + window.count < total);
    emit_bool(meta, "has_prev", window.first > 0);
}

/* The items from `first` on that there are. */
static struct window cut(int64_t first, int64_t limit, int64_t total)
{
    int64_t left = first < total ? total - first : 0;
    return (struct window){first, left < limit ? left : limit};
}

struct window run_page(const struct run *run, struct response *response, int64_t total,
                       int64_t limit)
{
    int64_t page = run_int(run, "page", 1);
    limit = run_int(run, "limit", limit);
    int64_t first = page - 1 <= total / limit ? (page - 1) * limit : total;
    struct window window = cut(first, limit, total);
    open_meta(response, window, total, limit);
    emit_int(&response->meta, "page", page);
    emit_int(&response->meta, "limit", limit);
    emit_close(&response->meta, '}');
    return window;
}

struct window run_cursor(const struct run *run, struct response *response, int64_t total,
                         const char *cursor, const char *limit, int64_t preset)
{
    char given[32];
    int64_t size = run_int(run, limit, preset), first = 0;
    if (run_copy(run, cursor, given, sizeof given) && strncmp(given, "CUR", 3) == 0) {
        first = strtoll(given + 3, NULL, 10);
    }
    first = first < 0 || first > total ? 0 : first;
    struct window window = cut(first, size, total);
    open_meta(response, window, total, size);
    emit_format(&response->meta, "backwards_cursor", "CUR%lld",
                (long long)(first > size ? first - size : 0));
    emit_format(&response->meta, "forwards_cursor", "CUR%lld", (long long)(first + window.count));
    emit_close(&response->meta, '}');
    return window;
}
