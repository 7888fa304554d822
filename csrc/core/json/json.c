/*
 * The document: nodes in an array, strings in place, and the questions about them. All rooms above
 * read values through it; it never changes a text it was given.
 */
#include "json/json.h"

#include "base/mem.h"
#include "json/json_internal.h"

#define FIRST_NODES 16
#define FIRST_TEXT 64

/* A document without nodes has no root: it is for json_parse or the json_add functions to fill. */
void json_init(struct json_doc *doc)
{
    *doc = (struct json_doc){0};
}

/* The room may be larger than the text, so that the next one finds enough. */
char *json_room(struct json_doc *doc, size_t len)
{
    if (doc->text_cap < len || !doc->text) {
        mem_free(doc->text);
        doc->text_cap = 0;
        doc->text = mem_alloc(len);
        doc->text_cap = doc->text ? len : 0;
    }
    return doc->text;
}

/* ---- questions ---- */

/* 1.0 is a "number" here, though a schema takes it for an integer too. */
const char *json_type_name(const struct json_doc *doc, uint32_t node)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_FALSE] = "boolean", [JSON_TRUE] = "boolean",
        [JSON_INT] = "integer",   [JSON_UINT] = "integer",  [JSON_DIGITS] = "integer",
        [JSON_DOUBLE] = "number", [JSON_STRING] = "string", [JSON_ARRAY] = "array",
        [JSON_OBJECT] = "object", [JSON_FILE] = "file",
    };

    return names[doc->nodes[node].type];
}

/* True for the two types whose v.end says where their content ends. */
static bool is_container(const struct json_node *node)
{
    return node->type == JSON_ARRAY || node->type == JSON_OBJECT;
}

/* True when the node's bytes are these; the lengths tell most names apart. */
static bool has_text(const struct json_doc *doc, uint32_t node, const char *text, size_t len)
{
    const struct json_node *n = &doc->nodes[node];

    return n->len == len && (len == 0 || memcmp(doc->text + n->v.at, text, len) == 0);
}

/* Looks at every member, because the last one of a name wins. */
uint32_t json_get(const struct json_doc *doc, uint32_t object, const char *key, size_t key_len)
{
    uint32_t found = JSON_NONE, end;

    if (doc->nodes[object].type != JSON_OBJECT) {
        return JSON_NONE;
    }
    end = json_next(doc, object);
    for (uint32_t name = object + 1; name < end; name = json_next(doc, name + 1)) {
        if (has_text(doc, name, key, key_len)) {
            found = name + 1;
        }
    }
    return found;
}

/* For names that the code itself knows. */
uint32_t json_member(const struct json_doc *doc, uint32_t object, const char *key)
{
    return json_get(doc, object, key, strlen(key));
}

/* The length is looked at first: past the end the nodes are those of something else. */
uint32_t json_at(const struct json_doc *doc, uint32_t array, uint32_t i)
{
    uint32_t item = array + 1;

    if (doc->nodes[array].type != JSON_ARRAY || i >= doc->nodes[array].len) {
        return JSON_NONE;
    }
    while (i-- > 0) {
        item = json_next(doc, item);
    }
    return item;
}

/* No string with a NUL in it is ever equal to `text`. */
bool json_is(const struct json_doc *doc, uint32_t node, const char *text)
{
    return doc->nodes[node].type == JSON_STRING && has_text(doc, node, text, strlen(text));
}

bool json_whole(const struct json_doc *doc, uint32_t node, int64_t *out)
{
    const struct json_node *n = &doc->nodes[node];

    if (n->type == JSON_INT) {
        *out = n->v.i;
        return true;
    }
    if (n->type != JSON_DOUBLE || !(n->v.d >= -JSON_EXACT_DOUBLE && n->v.d <= JSON_EXACT_DOUBLE)) {
        return false;
    }
    *out = (int64_t)n->v.d;
    return (double)*out == n->v.d;
}

/* Digits past all doubles give infinity. */
double json_number(const struct json_doc *doc, uint32_t node)
{
    const struct json_node *n = &doc->nodes[node];

    switch (n->type) {
    case JSON_INT:
        return (double)n->v.i;
    case JSON_UINT:
        return (double)n->v.u;
    case JSON_DIGITS:
        return json_read_double(doc->text + n->v.at, n->len);
    default:
        return n->v.d;
    }
}

/* ---- building ---- */

/* Doubles the nodes, up to JSON_MAX_NODES. */
bool json_grow(struct json_doc *doc)
{
    uint32_t cap = doc->cap < JSON_MAX_NODES / 2 ? doc->cap * 2 : JSON_MAX_NODES;
    struct json_node *nodes = NULL;
    size_t size;

    if (cap < FIRST_NODES) {
        cap = FIRST_NODES;
    }
    size = (size_t)cap * sizeof *nodes;
    if (cap > doc->cap && size / sizeof *nodes == cap) {
        nodes = mem_realloc(doc->nodes, size);
    }
    if (!nodes) {
        doc->failed = true;
        return false;
    }
    doc->nodes = nodes;
    doc->cap = cap;
    return true;
}

/* As json_new_node, but nothing is added to a document that has failed before. */
static struct json_node *add(struct json_doc *doc, enum json_type type)
{
    return doc->failed ? NULL : json_new_node(doc, type);
}

/* The json_add functions append a node; where it belongs is said by the container that is open. */
void json_add_null(struct json_doc *doc)
{
    add(doc, JSON_NULL);
}

/* true and false are types, as null is: there is no value to store. */
void json_add_bool(struct json_doc *doc, bool value)
{
    add(doc, value ? JSON_TRUE : JSON_FALSE);
}

/* After a failure nothing is added, here and in all that follow. */
void json_add_int(struct json_doc *doc, int64_t value)
{
    struct json_node *node = add(doc, JSON_INT);

    if (node) {
        node->v.i = value;
    }
}

/* What fits int64_t has one type only, so readers need not look at both. */
void json_add_uint(struct json_doc *doc, uint64_t value)
{
    struct json_node *node;

    if (value <= INT64_MAX) {
        json_add_int(doc, (int64_t)value);
        return;
    }
    node = add(doc, JSON_UINT);
    if (node) {
        node->v.u = value;
    }
}

/* NaN and infinity are taken, and refused by the writer, which can name their place. */
void json_add_double(struct json_doc *doc, double value)
{
    struct json_node *node = add(doc, JSON_DOUBLE);

    if (node) {
        node->v.d = value;
    }
}

/* Makes room for `more` bytes of text; sets doc->failed when there is none. */
static bool reserve_text(struct json_doc *doc, size_t more)
{
    size_t cap = doc->text_cap < SIZE_MAX / 2 ? doc->text_cap * 2 : SIZE_MAX;
    char *text = NULL;

    if (more <= SIZE_MAX - doc->text_len) {
        size_t need = doc->text_len + more;

        cap = cap < FIRST_TEXT ? FIRST_TEXT : cap;
        cap = cap < need ? need : cap;
        text = mem_realloc_wiped(doc->text, doc->text_len, cap); /* it may hold a secret */
    }
    if (!text) {
        doc->failed = true;
        return false;
    }
    doc->text = text;
    doc->text_cap = cap;
    return true;
}

/* Adds a node of a type that has text, and a copy of the text. */
static inline void add_text(struct json_doc *doc, enum json_type type, const char *text, size_t len)
{
    bool has_room = len <= doc->text_cap - doc->text_len && doc->text;

    if (doc->failed || len > UINT32_MAX) {
        doc->failed = true;
        return;
    }
    if (!has_room && !reserve_text(doc, len)) {
        return;
    }
    struct json_node *node = json_new_node(doc, type);
    if (!node) {
        return;
    }
    if (len > 0) {
        memcpy(doc->text + doc->text_len, text, len);
    }
    node->len = (uint32_t)len;
    node->v.at = doc->text_len;
    doc->text_len += len;
}

/* UTF-8 is not checked here but when it is written. */
void json_add_string(struct json_doc *doc, const char *text, size_t len)
{
    add_text(doc, JSON_STRING, text, len);
}

/* A file is a place holder: requests replace it, json_write refuses it. */
void json_add_file(struct json_doc *doc, uint32_t index)
{
    struct json_node *node = add(doc, JSON_FILE);

    if (node) {
        node->v.u = index;
    }
}

/* JSON_NONE when the document has failed; json_close takes that too. */
uint32_t json_open(struct json_doc *doc, enum json_type type)
{
    struct json_node *node = add(doc, type);

    if (!node) {
        return JSON_NONE;
    }
    node->v.end = doc->count;
    return doc->count - 1;
}

/* The caller has counted; counting here would mean to walk over the content once more. */
void json_close(struct json_doc *doc, uint32_t container, uint32_t count)
{
    if (doc->failed) {
        return;
    }
    doc->nodes[container].len = count;
    doc->nodes[container].v.end = doc->count;
}

/* Copies one node but no content: a container's end is moved as far as the node itself was. */
static void copy_node(struct json_doc *doc, const struct json_doc *from, uint32_t node)
{
    struct json_node *copy;
    struct json_node source = from->nodes[node];

    if (source.type == JSON_STRING || source.type == JSON_DIGITS) {
        add_text(doc, (enum json_type)source.type, from->text + source.v.at, source.len);
        copy = doc->failed ? NULL : &doc->nodes[doc->count - 1];
    } else {
        copy = add(doc, (enum json_type)source.type);
        if (copy) {
            copy->len = source.len;
            copy->v = source.v;
        }
    }
    if (!copy) {
        return;
    }
    copy->flags = source.flags;
    if (is_container(&source)) {
        copy->v.end = source.v.end - node + (doc->count - 1);
    }
}

/* A whole document into a fresh one: places in it stay the same, so both blocks are copied as they
 * are. */
static void copy_whole(struct json_doc *doc, const struct json_doc *from)
{
    struct json_node *nodes = mem_alloc(from->count * sizeof *nodes);
    char *text = nodes ? mem_alloc(from->text_len + 1) : NULL;

    if (!text) {
        mem_free(nodes);
        doc->failed = true;
        return;
    }
    memcpy(nodes, from->nodes, from->count * sizeof *nodes);
    if (from->text_len > 0) {
        memcpy(text, from->text, from->text_len);
    }
    doc->nodes = nodes;
    doc->count = doc->cap = from->count;
    doc->text = text;
    doc->text_len = from->text_len;
    doc->text_cap = from->text_len + 1;
}

/* A subtree is a slice, so this is a loop and not a recursion. */
void json_add_copy(struct json_doc *doc, const struct json_doc *from, uint32_t node)
{
    uint32_t end = json_next(from, node);

    if (!doc->nodes && !doc->text && !doc->failed && node == 0 && end == from->count) {
        copy_whole(doc, from);
        return;
    }
    for (uint32_t i = node; i < end && !doc->failed; i++) {
        copy_node(doc, from, i);
    }
}

/* The member keeps its place if it was there (the first of several), else it comes last. */
void json_with_member(struct json_doc *out, const struct json_doc *from, uint32_t object,
                      const char *key, const struct json_doc *values, uint32_t value)
{
    size_t key_len = strlen(key);
    uint32_t end = json_next(from, object), count = 0;
    uint32_t result = json_open(out, JSON_OBJECT);
    bool placed = false;

    for (uint32_t name = object + 1; name < end; name = json_next(from, name + 1)) {
        bool is_key = has_text(from, name, key, key_len);

        if (is_key && placed) {
            continue;
        }
        json_add_copy(out, from, name);
        json_add_copy(out, is_key ? values : from, is_key ? value : name + 1);
        placed = placed || is_key;
        count++;
    }
    if (!placed) {
        json_add_string(out, key, key_len);
        json_add_copy(out, values, value);
        count++;
    }
    json_close(out, result, count);
}

/* ---- the end ---- */

void json_clear(struct json_doc *doc)
{
    doc->count = 0;
    doc->text_len = 0;
    doc->failed = false;
}

/* All of the text is wiped, also what undone escapes left behind the strings. */
void json_wipe(struct json_doc *doc)
{
    mem_wipe(doc->text, doc->text_cap);
    json_free(doc);
}

/* May be called again, and on a document that json_parse has refused. */
void json_free(struct json_doc *doc)
{
    mem_free(doc->nodes);
    mem_free(doc->text);
    json_init(doc);
}
