/*
 * The paths are narrowed on the way down: at each object, every path that begins with a member's
 * name goes on after it, without that name.
 */
#include "pick.h"

#include <string.h>

/* The rest of a path, below the node that is being looked at. */
struct path {
    const char *text; /* borrowed */
    size_t len;
};

struct paths {
    struct path list[PICK_MAX];
    size_t count;
};

static void pick_node(struct json_doc *out, const struct json_doc *from, uint32_t node,
                      const struct paths *paths);

/* Collects in `rest` what the paths say about the member `name`; true when one names it whole. */
static bool descend(struct paths *rest, const struct paths *paths, const char *name, size_t len)
{
    rest->count = 0;
    for (size_t i = 0; i < paths->count; i++) {
        const struct path *path = &paths->list[i];
        if (path->len < len || memcmp(path->text, name, len) != 0) {
            continue;
        }
        if (path->len == len) {
            return true;
        }
        if (path->text[len] == '.') {
            rest->list[rest->count++] = (struct path){path->text + len + 1, path->len - len - 1};
        }
    }
    return false;
}

/* Keeps the members that some path goes through; one that a path ends at is kept whole. */
static void pick_object(struct json_doc *out, const struct json_doc *from, uint32_t node,
                        const struct paths *paths)
{
    uint32_t container = json_open(out, JSON_OBJECT), count = 0;
    uint32_t end = json_next(from, node);
    for (uint32_t key = node + 1; key < end; key = json_next(from, key + 1)) {
        struct paths rest;
        size_t len;
        const char *name = json_text(from, key, &len);
        bool whole = descend(&rest, paths, name, len);
        if (!whole && rest.count == 0) {
            continue;
        }
        json_add_string(out, name, len);
        if (whole) {
            json_add_copy(out, from, key + 1);
        } else {
            pick_node(out, from, key + 1, &rest);
        }
        count++;
    }
    json_close(out, container, count);
}

/* Items keep their number: each is narrowed on its own. */
static void pick_array(struct json_doc *out, const struct json_doc *from, uint32_t node,
                       const struct paths *paths)
{
    uint32_t container = json_open(out, JSON_ARRAY), count = 0;
    uint32_t end = json_next(from, node);
    for (uint32_t item = node + 1; item < end; item = json_next(from, item)) {
        pick_node(out, from, item, paths);
        count++;
    }
    json_close(out, container, count);
}

/* Values that are no containers are kept, even where a path would go on. */
static void pick_node(struct json_doc *out, const struct json_doc *from, uint32_t node,
                      const struct paths *paths)
{
    switch (json_type(from, node)) {
    case JSON_OBJECT:
        pick_object(out, from, node, paths);
        break;
    case JSON_ARRAY:
        pick_array(out, from, node, paths);
        break;
    default:
        json_add_copy(out, from, node);
    }
}

void pick_fields(struct json_doc *out, const struct json_doc *from, uint32_t node,
                 const struct json_doc *fields, uint32_t paths)
{
    struct paths all = {.count = 0};
    uint32_t end = json_next(fields, paths);
    for (uint32_t i = paths + 1; i < end && all.count < PICK_MAX; i = json_next(fields, i)) {
        size_t len;
        const char *text = json_text(fields, i, &len);
        if (text) {
            all.list[all.count++] = (struct path){text, len};
        }
    }
    pick_node(out, from, node, &all);
}
