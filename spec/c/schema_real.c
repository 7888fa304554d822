/*
 * schema_real FILE...: every action of discovery responses as real servers gave them. For each: its
 * schema compiles, a document made from the schema is accepted, and each single fault that can be
 * made in it is refused at the right path.
 *
 * The document is made by walking the schema's own JSON. Every place where a fault can be made
 * counts one; at the place whose number is the target the fault is made and its path noted. So one
 * walk a target covers them all.
 */
#include "schema/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "json/json_error.h"

#define MAX_DEPTH 6

struct maker {
    const struct json_doc *schema;
    uint32_t root;
    struct json_doc *out;
    long count, target; /* fault places seen; the one to make, -1: none */
    struct buf fault;   /* path of the fault made */
    const char *kind;   /* what it is */
};

/* A path as text, by its parts. */
struct path {
    const struct path *up;
    const char *name; /* NULL: `index` */
    size_t len;
    uint32_t index;
};

static void write_path(struct buf *out, const struct path *p)
{
    if (!p->up) {
        return;
    }
    write_path(out, p->up);
    if (p->name) {
        buf_adds(out, out->len ? "." : "");
        buf_add(out, p->name, p->len);
    } else {
        buf_addf(out, "[%u]", (unsigned)p->index);
    }
}

/* True when the fault is to be made here. */
static bool here(struct maker *m, const struct path *at, const char *kind)
{
    if (m->count++ != m->target) {
        return false;
    }
    write_path(&m->fault, at);
    m->kind = kind;
    return true;
}

static uint32_t member(const struct maker *m, uint32_t node, const char *name)
{
    return json_member(m->schema, node, name);
}

/* Follows $ref and takes the first branch of a union that isn't null. */
static uint32_t resolve(const struct maker *m, uint32_t node)
{
    for (int hops = 0; hops < 20; hops++) {
        uint32_t ref = member(m, node, "$ref");
        uint32_t any = member(m, node, "anyOf");
        uint32_t one = member(m, node, "oneOf");
        if (ref != JSON_NONE) {
            size_t len = 0;
            const char *text = json_text(m->schema, ref, &len);
            const char *name = text + sizeof "#/$defs/" - 1;
            uint32_t defs = member(m, m->root, "$defs");
            node = json_get(m->schema, defs, name, len - (size_t)(name - text));
        } else if (any != JSON_NONE || one != JSON_NONE) {
            uint32_t list = any != JSON_NONE ? any : one;
            node = list + 1;
            if (json_is(m->schema, member(m, node, "type"), "null")) {
                node = json_next(m->schema, node);
            }
        } else {
            return node;
        }
    }
    return node;
}

/* True when a value of this JSON Schema type fits the schema somehow. */
static bool allows(const struct maker *m, uint32_t node, const char *type, int depth)
{
    static const char *const unions[] = {"anyOf", "oneOf"};
    if (depth > 10 || json_type(m->schema, node) != JSON_OBJECT) {
        return true;
    }
    uint32_t ref = member(m, node, "$ref");
    if (ref != JSON_NONE) {
        return allows(m, resolve(m, node), type, depth + 1);
    }
    for (size_t u = 0; u < 2; u++) {
        uint32_t list = member(m, node, unions[u]);
        for (uint32_t i = 0; list != JSON_NONE && i < m->schema->nodes[list].len; i++) {
            if (allows(m, json_at(m->schema, list, i), type, depth + 1)) {
                return true;
            }
        }
        if (list != JSON_NONE) {
            return false;
        }
    }
    uint32_t own = member(m, node, "type");
    return own == JSON_NONE || json_is(m->schema, own, type) || json_is(m->schema, own, "any") ||
           (strcmp(type, "integer") == 0 && json_is(m->schema, own, "number"));
}

/* Adds a value of a type that the schema doesn't allow. False: it allows them all. */
static bool add_wrong_type(struct maker *m, uint32_t schema)
{
    if (!allows(m, schema, "boolean", 0)) {
        json_add_bool(m->out, true);
        return true;
    }
    if (!allows(m, schema, "integer", 0)) {
        json_add_int(m->out, 17);
        return true;
    }
    if (!allows(m, schema, "string", 0)) {
        json_add_string(m->out, "text", 4);
        return true;
    }
    return false;
}

static void make(struct maker *m, uint32_t schema, const struct path *at, int depth);

static void make_number(struct maker *m, uint32_t s, const struct path *at)
{
    uint32_t min = member(m, s, "minimum"), max = member(m, s, "maximum");
    uint32_t above = member(m, s, "exclusiveMinimum");
    double value = min != JSON_NONE     ? json_number(m->schema, min)
                   : above != JSON_NONE ? json_number(m->schema, above) + 1
                   : max != JSON_NONE   ? json_number(m->schema, max)
                                        : 1;
    if (min != JSON_NONE && here(m, at, "below the minimum")) {
        value = json_number(m->schema, min) - 1;
    } else if (above != JSON_NONE && here(m, at, "at the exclusive minimum")) {
        value = json_number(m->schema, above);
    } else if (max != JSON_NONE && here(m, at, "over the maximum")) {
        value = json_number(m->schema, max) + 1;
    }
    json_add_int(m->out, (int64_t)value);
}

static void make_string(struct maker *m, uint32_t s, const struct path *at)
{
    static const char letters[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    uint32_t format = member(m, s, "format");
    if (format != JSON_NONE && json_is(m->schema, format, "binary")) {
        json_add_file(m->out, 0);
        return;
    }
    uint32_t min = member(m, s, "minLength");
    size_t len = min == JSON_NONE ? 1 : (size_t)json_number(m->schema, min);
    if (len > 0 && min != JSON_NONE && here(m, at, "too short")) {
        len--;
    }
    json_add_string(m->out, letters, len < sizeof letters ? len : sizeof letters - 1);
}

static void make_array(struct maker *m, uint32_t s, const struct path *at, int depth)
{
    uint32_t items = member(m, s, "items"), min = member(m, s, "minItems");
    uint32_t count = min == JSON_NONE ? 1 : (uint32_t)json_number(m->schema, min);
    count = count == 0 ? 1 : count;
    if (min != JSON_NONE && json_number(m->schema, min) >= 1 && here(m, at, "too few items")) {
        count--;
    }
    uint32_t open = json_open(m->out, JSON_ARRAY);
    for (uint32_t i = 0; i < count; i++) {
        struct path place = {at, NULL, 0, i};
        if (items == JSON_NONE) {
            json_add_int(m->out, (int64_t)i);
        } else {
            make(m, items, &place, depth + 1);
        }
    }
    json_close(m->out, open, count);
}

static bool is_required(const struct maker *m, uint32_t s, const char *name, size_t len)
{
    uint32_t list = member(m, s, "required");
    for (uint32_t i = 0; list != JSON_NONE && i < m->schema->nodes[list].len; i++) {
        size_t n = 0;
        const char *text = json_text(m->schema, json_at(m->schema, list, i), &n);
        if (n == len && memcmp(text, name, len) == 0) {
            return true;
        }
    }
    return false;
}

static void make_object(struct maker *m, uint32_t s, const struct path *at, int depth)
{
    uint32_t properties = member(m, s, "properties"), count = 0;
    uint32_t open = json_open(m->out, JSON_OBJECT);
    uint32_t key = properties + 1;
    for (uint32_t i = 0; properties != JSON_NONE && i < m->schema->nodes[properties].len; i++) {
        struct path place = {at, NULL, 0, 0};
        place.name = json_text(m->schema, key, &place.len);
        bool required = is_required(m, s, place.name, place.len);
        bool left_out = required && here(m, &place, "missing");
        if (!left_out && (required || depth < MAX_DEPTH)) {
            json_add_string(m->out, place.name, place.len);
            make(m, key + 1, &place, depth + 1);
            count++;
        }
        key = json_next(m->schema, key + 1);
    }
    struct path unknown = {at, "zz_unknown", 10, 0};
    if (properties != JSON_NONE && member(m, s, "additionalProperties") == JSON_NONE &&
        here(m, &unknown, "unknown name")) {
        json_add_string(m->out, "zz_unknown", 10);
        json_add_int(m->out, 1);
        count++;
    }
    json_close(m->out, open, count);
}

static void make(struct maker *m, uint32_t schema, const struct path *at, int depth)
{
    uint32_t s = resolve(m, schema);
    uint32_t constant = member(m, s, "const"), list = member(m, s, "enum");
    bool can_be_wrong = !allows(m, schema, "boolean", 0) || !allows(m, schema, "integer", 0) ||
                        !allows(m, schema, "string", 0);
    if (can_be_wrong && here(m, at, "wrong type")) {
        add_wrong_type(m, schema);
        return;
    }
    if (constant != JSON_NONE || list != JSON_NONE) {
        if (here(m, at, "not one of the values")) {
            json_add_string(m->out, "~none~", 6);
        } else {
            json_add_copy(m->out, m->schema, constant != JSON_NONE ? constant : list + 1);
        }
        return;
    }
    uint32_t type = member(m, s, "type");
    if (type == JSON_NONE || json_is(m->schema, type, "string")) {
        make_string(m, s, at);
    } else if (json_is(m->schema, type, "integer") || json_is(m->schema, type, "number")) {
        make_number(m, s, at);
    } else if (json_is(m->schema, type, "boolean")) {
        json_add_bool(m->out, true);
    } else if (json_is(m->schema, type, "array")) {
        make_array(m, s, at, depth);
    } else if (json_is(m->schema, type, "object")) {
        make_object(m, s, at, depth);
    } else {
        json_add_string(m->out, "x", 1);
    }
}

static bool has_path(const struct bosa_error *err, const char *path, size_t len)
{
    for (uint32_t i = 0; err->details && i < json_error_details(err)->nodes[0].len; i++) {
        uint32_t fault = json_at(json_error_details(err), 0, i);
        size_t n = 0;
        const char *text = json_text(json_error_details(err),
                                     json_member(json_error_details(err), fault, "path"), &n);
        if (n == len && (len == 0 || memcmp(text, path, len) == 0)) {
            return true;
        }
    }
    return false;
}

/* Makes the document with fault number `target` and checks it. False when there is no such fault.
 */
static bool try_fault(const struct json_doc *doc, uint32_t node, const struct schema *schema,
                      long target, const char *action, int *passed, int *failed)
{
    struct json_doc value;
    struct bosa_error err;
    struct maker m = {.schema = doc, .root = node, .out = &value, .target = target};
    const struct path root = {NULL, NULL, 0, 0};
    json_init(&value);
    error_init(&err);
    buf_init(&m.fault);
    make(&m, node, &root, 0);
    enum bosa_status status =
        schema_check(schema, &value, 0, SCHEMA_STRICT_NAMES, "parameter", &err);
    bool made = m.kind != NULL || target < 0;
    bool right = target < 0 ? status == BOSA_OK
                            : status == BOSA_PARAMS && has_path(&err, m.fault.data, m.fault.len);
    if (made) {
        *passed += right;
        *failed += !right;
    }
    if (made && !right) {
        printf("FAILED %s: %s at `%.*s`: %s\n", action, m.kind ? m.kind : "a valid document",
               (int)m.fault.len, m.fault.data ? m.fault.data : "",
               err.message ? err.message : "accepted");
    }
    buf_free(&m.fault);
    error_clear(&err);
    json_free(&value);
    return made;
}

static void try_action(const struct json_doc *doc, uint32_t entry, const char *name, int *passed,
                       int *failed)
{
    uint32_t request = json_member(doc, json_member(doc, entry, "parameters"), "request");
    uint32_t node = request == JSON_NONE ? JSON_NONE : json_member(doc, request, "schema");
    struct schema *schema = NULL;
    struct bosa_error err;
    error_init(&err);
    if (node == JSON_NONE) {
        return;
    }
    if (schema_compile(&schema, doc, node, &err) != BOSA_OK) {
        printf("FAILED %s: does not compile: %s\n", name, err.message);
        error_clear(&err);
        ++*failed;
        return;
    }
    long target = -1;
    while (try_fault(doc, node, schema, target, name, passed, failed)) {
        target++;
    }
    schema_free(schema);
}

static bool is_action(const struct json_doc *doc, uint32_t entry, const char *name)
{
    return json_is(doc, json_member(doc, entry, "method"), "POST") &&
           strncmp(name, "integrations", 12) != 0 && strncmp(name, "integration-exists", 18) != 0 &&
           strncmp(name, "success-authorize-callback", 26) != 0;
}

static void try_file(const char *path, int *passed, int *failed)
{
    FILE *f = fopen(path, "rb");
    static const size_t room = (size_t)8 << 20;
    char *text = mem_alloc(room);
    size_t len = f && text ? fread(text, 1, room, f) : 0;
    struct json_doc doc;
    struct bosa_error err;
    json_init(&doc);
    error_init(&err);
    if (f) {
        fclose(f);
    }
    if (!text || json_parse(&doc, text, len, &err) != BOSA_OK) {
        printf("FAILED %s: cannot be read\n", path);
        ++*failed;
    } else {
        uint32_t connector = 2; /* node 0: the object, 1: the connector's name */
        uint32_t key = connector + 1;
        for (uint32_t i = 0; i < doc.nodes[connector].len; i++) {
            char name[128];
            size_t n = 0;
            const char *given = json_text(&doc, key, &n);
            snprintf(name, sizeof name, "%.*s", (int)n, given);
            if (is_action(&doc, key + 1, name)) {
                try_action(&doc, key + 1, name, passed, failed);
            }
            key = json_next(&doc, key + 1);
        }
    }
    error_clear(&err);
    json_free(&doc);
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;
    for (int i = 1; i < argc; i++) {
        try_file(argv[i], &passed, &failed);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
