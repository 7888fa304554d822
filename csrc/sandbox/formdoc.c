/*
 * A form knows only text. The types come from the schema, found through references and unions;
 * what can't be read as its type stays text, so that the validator names the fault.
 */
#include "formdoc.h"

#include "base/mem.h"
#include "http/header_fields.h"

#include <string.h>

#define MAX_NESTING 8 /* references and unions followed in search of a type */

/* Where the schema of a member is looked for. */
struct schemas {
    const struct json_doc *doc;
    uint32_t root;
};

/* The schema that "#/$defs/Name" means; JSON_NONE: there is none. */
static uint32_t follow(const struct schemas *schemas, uint32_t reference)
{
    static const char prefix[] = "#/$defs/";
    size_t len;
    const char *text = json_text(schemas->doc, reference, &len);
    uint32_t defs = json_member(schemas->doc, schemas->root, "$defs");
    if (!text || len < sizeof prefix || memcmp(text, prefix, sizeof prefix - 1) != 0 ||
        defs == JSON_NONE) {
        return JSON_NONE;
    }
    return json_get(schemas->doc, defs, text + sizeof prefix - 1, len - (sizeof prefix - 1));
}

/* True when the schema, or a branch of its union, has this type. *node becomes the one that does.
 */
static bool asks_for(const struct schemas *schemas, uint32_t *node, const char *type, int depth)
{
    const struct json_doc *doc = schemas->doc;
    if (*node == JSON_NONE || depth == MAX_NESTING) {
        return false;
    }
    uint32_t own = json_member(doc, *node, "type");
    if (own != JSON_NONE && json_is(doc, own, type)) {
        return true;
    }
    uint32_t reference = json_member(doc, *node, "$ref");
    if (reference != JSON_NONE) {
        *node = follow(schemas, reference);
        return asks_for(schemas, node, type, depth + 1);
    }
    uint32_t branches = json_member(doc, *node, "anyOf");
    uint32_t end = branches == JSON_NONE ? 0 : json_next(doc, branches);
    for (uint32_t i = branches + 1; i < end; i = json_next(doc, i)) {
        uint32_t branch = i;
        if (asks_for(schemas, &branch, type, depth + 1)) {
            *node = branch;
            return true;
        }
    }
    return false;
}

/* True when text is a number (an integer, where `whole`); adds it then. */
static bool add_number(struct json_doc *out, const char *text, size_t len, bool whole)
{
    struct json_doc doc;
    struct bosa_error ignored;
    char *copy = mem_dup(text, len);
    json_init(&doc);
    error_init(&ignored);
    bool ok = copy && json_parse(&doc, copy, len, &ignored) == BOSA_OK;
    if (ok) {
        enum json_type type = json_type(&doc, 0);
        ok = type == JSON_INT || type == JSON_UINT || type == JSON_DIGITS ||
             (type == JSON_DOUBLE && !whole);
    }
    if (ok) {
        json_add_copy(out, &doc, 0);
    }
    json_free(&doc);
    error_clear(&ignored);
    return ok;
}

/* True when text is a boolean as forms write them; adds it then. */
static bool add_flag(struct json_doc *out, const char *text, size_t len)
{
    bool yes = http_same(text, len, "true", 4);
    if (!yes && !http_same(text, len, "false", 5)) {
        return false;
    }
    json_add_bool(out, yes);
    return true;
}

/* Adds one part's value as its schema wants it; as a string where it can't be that. */
static void add_value(struct json_doc *out, const struct parts *parts, size_t i,
                      const struct schemas *schemas, uint32_t node)
{
    const struct part *part = &parts->list[i];
    const char *text = part->kept.len ? part->kept.data : "";
    size_t len = part->kept.len;
    uint32_t found = node;
    if (part->filename) {
        json_add_file(out, (uint32_t)i);
        return;
    }
    if (asks_for(schemas, &found, "string", 0)) {
        json_add_string(out, text, len);
        return;
    }
    bool done =
        (found = node, asks_for(schemas, &found, "integer", 0)) && add_number(out, text, len, true);
    done = done || ((found = node, asks_for(schemas, &found, "number", 0)) &&
                    add_number(out, text, len, false));
    done = done ||
           ((found = node, asks_for(schemas, &found, "boolean", 0)) && add_flag(out, text, len));
    if (!done) {
        json_add_string(out, text, len);
    }
}

/* Adds every part of this name as a list. */
static void add_list(struct json_doc *out, const struct parts *parts, const char *name,
                     const struct schemas *schemas, uint32_t list)
{
    uint32_t items = json_member(schemas->doc, list, "items");
    uint32_t container = json_open(out, JSON_ARRAY), count = 0;
    for (size_t i = 0; i < parts->count; i++) {
        if (strcmp(parts->list[i].name, name) == 0) {
            add_value(out, parts, i, schemas, items);
            count++;
        }
    }
    json_close(out, container, count);
}

/* True when no earlier part (no later one, where `later`) has the same name. */
static bool is_only(const struct parts *parts, size_t at, bool later)
{
    size_t from = later ? at + 1 : 0, to = later ? parts->count : at;
    for (size_t i = from; i < to; i++) {
        if (strcmp(parts->list[i].name, parts->list[at].name) == 0) {
            return false;
        }
    }
    return true;
}

void formdoc_build(struct json_doc *out, const struct parts *parts, const struct json_doc *doc,
                   uint32_t node)
{
    struct schemas schemas = {doc, node};
    uint32_t properties = json_member(doc, node, "properties");
    uint32_t container = json_open(out, JSON_OBJECT), count = 0;
    for (size_t i = 0; i < parts->count; i++) {
        const char *name = parts->list[i].name;
        uint32_t property =
            properties == JSON_NONE ? JSON_NONE : json_member(doc, properties, name);
        uint32_t list = property;
        bool listed = asks_for(&schemas, &list, "array", 0);
        if (!is_only(parts, i, !listed)) {
            continue;
        }
        json_add_string(out, name, strlen(name));
        if (listed) {
            add_list(out, parts, name, &schemas, list);
        } else {
            add_value(out, parts, i, &schemas, property);
        }
        count++;
    }
    json_close(out, container, count);
}
