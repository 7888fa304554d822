/*
 * A schema's document becomes an array of rules. Nothing recurses: a schema that is met gets a rule
 * at once, and the rule is read when its turn comes, so chains of references cost no stack. What is
 * malformed is as if it were absent, as it is for the readers in Lua (lua/bosa/schema/normal.lua).
 */
#include "schema/schema_compiler.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* The rule of a schema is read in its turn. */
enum bosa_status compile_node(struct compiler *c, uint32_t node, uint32_t *out)
{
    struct schema *s = c->s;
    uint32_t *known = &c->rules[node - c->root];
    if (*known == 0) {
        struct rule *rules = mem_grow(s->rules, sizeof *rules, s->rule_count, &s->rule_cap);
        if (!rules) {
            return error_nomem(c->err);
        }
        s->rules = rules;
        s->rules[s->rule_count].node = node;
        *known = (uint32_t)++s->rule_count;
    }
    *out = *known - 1;
    return BOSA_OK;
}

/* Reserves `count` places of lists. */
static enum bosa_status reserve_list(struct compiler *c, uint32_t count, struct span *span)
{
    struct schema *s = c->s;
    span->at = (uint32_t)s->list_count;
    span->count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *lists = mem_grow(s->lists, sizeof *lists, s->list_count, &s->list_cap);
        if (!lists) {
            return error_nomem(c->err);
        }
        s->lists = lists;
        s->lists[s->list_count++] = 0;
    }
    return BOSA_OK;
}

/* PHP's way to write an empty object is an empty array. */
static bool is_empty_array(const struct json_doc *doc, uint32_t node)
{
    return json_type(doc, node) == JSON_ARRAY && doc->nodes[node].len == 0;
}

/* True for what can be a schema. */
static bool is_schema(const struct json_doc *doc, uint32_t node)
{
    enum json_type type = json_type(doc, node);
    return type == JSON_OBJECT || type == JSON_TRUE || type == JSON_FALSE ||
           is_empty_array(doc, node);
}

enum bosa_status compile_one(struct compiler *c, uint32_t node, uint32_t *out)
{
    return is_schema(c->s->doc, node) ? compile_node(c, node, out) : BOSA_OK;
}

/* Compiles each schema of an array. */
static enum bosa_status compile_list(struct compiler *c, uint32_t array, struct span *span)
{
    const struct json_doc *doc = c->s->doc;
    if (json_type(doc, array) != JSON_ARRAY) {
        return BOSA_OK;
    }
    uint32_t count = doc->nodes[array].len;
    enum bosa_status status = reserve_list(c, count, span);
    uint32_t element = array + 1;
    for (uint32_t i = 0; status == BOSA_OK && i < count; i++) {
        uint32_t rule = RULE_NONE;
        status = compile_node(c, element, &rule);
        c->s->lists[span->at + i] = rule;
        element = json_next(doc, element);
    }
    return status;
}

/* ---- $ref ---- */

/*
 * The rule that a reference leads to. RULE_NONE for one to another document, to nowhere or to what
 * is no schema: what it means is the server's to say. A recursive schema ends here: the node has
 * its rule already.
 */
static enum bosa_status compile_ref(struct compiler *c, uint32_t node, uint32_t *out)
{
    uint32_t target = JSON_NONE;
    *out = RULE_NONE;
    if (!ref_find(&c->index, c->s->doc, c->root, node, &target)) {
        return error_nomem(c->err);
    }
    return target == JSON_NONE ? BOSA_OK : compile_one(c, target, out);
}

/* A schema that a reference stands for; one that isn't known here may know any name. */
static enum bosa_status read_ref(struct compiler *c, uint32_t node, struct rule *r)
{
    enum bosa_status status = compile_ref(c, node, &r->ref);
    r->open = r->open || r->ref == RULE_NONE;
    return status;
}

/* ---- keywords ---- */

/* The older form {"schema": {...}} of a property stands for that schema. */
static uint32_t unwrap(const struct json_doc *doc, uint32_t node)
{
    uint32_t inner = json_member(doc, node, "schema");
    bool old = inner != JSON_NONE && json_type(doc, inner) == JSON_OBJECT &&
               json_member(doc, node, "type") == JSON_NONE &&
               json_member(doc, node, "$ref") == JSON_NONE &&
               json_member(doc, node, "anyOf") == JSON_NONE;
    return old ? inner : node;
}

/* Adds the members of an index, which are in the order that properties are searched in. */
static enum bosa_status add_properties(struct compiler *c, const struct json_index *index,
                                       struct rule *r)
{
    struct schema *s = c->s;
    r->properties.at = (uint32_t)s->property_count;
    for (uint32_t i = 0; i < index->count; i++) {
        struct property p = {index->members[i].value - 1, RULE_NONE};
        enum bosa_status status = compile_node(c, unwrap(s->doc, p.name + 1), &p.rule);
        if (status != BOSA_OK) {
            return status;
        }
        struct property *properties =
            mem_grow(s->properties, sizeof *properties, s->property_count, &s->property_cap);
        if (!properties) {
            return error_nomem(c->err);
        }
        s->properties = properties;
        s->properties[s->property_count++] = p;
        r->properties.count++;
    }
    return BOSA_OK;
}

/* Properties are kept in the order of an index, for schema_find_property's binary search. */
static enum bosa_status compile_properties(struct compiler *c, uint32_t object, struct rule *r)
{
    struct json_index index;
    bool is_object = json_type(c->s->doc, object) == JSON_OBJECT;
    r->has_properties = is_object || is_empty_array(c->s->doc, object);
    if (!is_object) {
        return BOSA_OK;
    }
    if (!json_index_build(&index, c->s->doc, object)) {
        return error_nomem(c->err);
    }
    enum bosa_status status = add_properties(c, &index, r);
    json_index_free(&index);
    return status;
}

/* Names stay nodes of the schema's document. */
static enum bosa_status read_required(struct compiler *c, uint32_t array, struct rule *r)
{
    const struct json_doc *doc = c->s->doc;
    if (json_type(doc, array) != JSON_ARRAY) {
        return BOSA_OK; /* the old form has a boolean there: then everything is optional */
    }
    enum bosa_status status = reserve_list(c, doc->nodes[array].len, &r->required);
    uint32_t element = array + 1;
    uint32_t count = r->required.count, kept = 0;
    for (uint32_t i = 0; status == BOSA_OK && i < count; i++) {
        if (json_type(doc, element) == JSON_STRING) {
            c->s->lists[r->required.at + kept++] = element;
        }
        element = json_next(doc, element);
    }
    r->required.count = kept;
    return status;
}

/* `false` is kept as a flag; `true` and a schema get a rule, as they make every name known. */
static enum bosa_status read_additional(struct compiler *c, uint32_t node, struct rule *r)
{
    if (json_type(c->s->doc, node) == JSON_FALSE) {
        r->closed = true;
        return BOSA_OK;
    }
    return compile_one(c, node, &r->additional);
}

/* A schema of all items or, in older drafts, a list of schemas by their places. */
static enum bosa_status read_items(struct compiler *c, uint32_t node, struct rule *r)
{
    const struct json_doc *doc = c->s->doc;
    if (json_type(doc, node) != JSON_ARRAY) {
        return compile_one(c, node, &r->items);
    }
    uint32_t more = json_member(doc, r->node, "additionalItems");
    enum bosa_status status = compile_list(c, node, &r->prefix);
    return status == BOSA_OK && more != JSON_NONE ? compile_one(c, more, &r->items) : status;
}

/* Adds a schema to those that hold on some condition; their room is there. */
static enum bosa_status add_condition(struct compiler *c, uint32_t node, struct rule *r)
{
    uint32_t rule = RULE_NONE;
    if (node == JSON_NONE || json_type(c->s->doc, node) != JSON_OBJECT) {
        return BOSA_OK;
    }
    enum bosa_status status = compile_node(c, node, &rule);
    c->s->lists[r->conditional.at + r->conditional.count++] = rule;
    return status;
}

/* The schemas that hold on some condition, which the server looks at: their names are known. */
static enum bosa_status read_conditions(struct compiler *c, const uint32_t *values, struct rule *r)
{
    static const enum keyword maps[] = {K_DEPENDENT, K_DEPENDENCIES};
    const struct json_doc *doc = c->s->doc;
    enum bosa_status status = BOSA_OK;
    uint32_t nodes[2] = {values[K_THEN], values[K_ELSE]}, count = 0;
    for (int i = 0; i < 2; i++) {
        count += nodes[i] != JSON_NONE;
        bool map = values[maps[i]] != JSON_NONE && json_type(doc, values[maps[i]]) == JSON_OBJECT;
        count += map ? doc->nodes[values[maps[i]]].len : 0;
    }
    if (count > 0) {
        status = reserve_list(c, count, &r->conditional);
        r->conditional.count = 0;
    }
    for (int i = 0; i < 2 && count > 0; i++) {
        status = status == BOSA_OK ? add_condition(c, nodes[i], r) : status;
        uint32_t map = values[maps[i]];
        uint32_t members =
            map == JSON_NONE || json_type(doc, map) != JSON_OBJECT ? 0 : doc->nodes[map].len;
        for (uint32_t name = map + 1; members > 0 && status == BOSA_OK; members--) {
            status = add_condition(c, name + 1, r);
            name = json_next(doc, name + 1);
        }
    }
    return status;
}

/* One keyword. */
static enum bosa_status read_keyword(struct compiler *c, enum keyword k, uint32_t v, struct rule *r)
{
    switch (k) {
    case K_REF:
        return read_ref(c, v, r);
    case K_PROPERTIES:
        return compile_properties(c, v, r);
    case K_REQUIRED:
        return read_required(c, v, r);
    case K_ADDITIONAL:
        return read_additional(c, v, r);
    case K_ITEMS:
        return read_items(c, v, r);
    case K_PREFIX:
        return compile_list(c, v, &r->prefix);
    case K_ANY_OF:
        return compile_list(c, v, &r->any_of);
    case K_ONE_OF:
        return compile_list(c, v, &r->one_of);
    case K_ALL_OF:
        return compile_list(c, v, &r->all_of);
    case K_NOT:
        return compile_one(c, v, &r->negated);
    default:
        keyword_read_simple(c->s->doc, k, v, r);
        return BOSA_OK;
    }
}

/* ---- one schema ---- */

/* A rule that asks for nothing: every keyword is absent. */
static void rule_init(struct rule *r, uint32_t node)
{
    memset(r, 0, sizeof *r);
    r->node = node;
    r->types = TYPE_ANY;
    r->discriminator = r->enumeration = r->constant = JSON_NONE;
    r->minimum = r->maximum = r->above = r->below = r->multiple = JSON_NONE;
    r->additional = r->items = r->negated = r->ref = RULE_NONE;
    r->max_length = r->max_items = r->max_members = UINT64_MAX;
}

/* True for a keyword that refers to a schema by its name. */
static bool is_reference(enum keyword k)
{
    return k == K_REF || k == K_DYNAMIC_REF || k == K_RECURSIVE_REF;
}

/* The values of the keywords. null is none but for `const`, and of the words for $ref one counts.
 */
static void find_keywords(const struct json_doc *doc, uint32_t node, uint32_t *values)
{
    uint32_t name = node + 1;
    for (int k = 0; k < K_COUNT; k++) {
        values[k] = JSON_NONE;
    }
    for (uint32_t i = 0; i < doc->nodes[node].len; i++) {
        enum keyword k = keyword_of(doc, name);
        enum json_type type = json_type(doc, name + 1);
        bool absent =
            (type == JSON_NULL && k != K_CONST) || (type != JSON_STRING && is_reference(k));
        if (k != K_COUNT) {
            values[k] = absent ? JSON_NONE : name + 1;
        }
        name = json_next(doc, name + 1);
    }
    static const enum keyword others[] = {K_DYNAMIC_REF, K_RECURSIVE_REF};
    for (int i = 0; i < 2; i++) {
        values[K_REF] = values[K_REF] == JSON_NONE ? values[others[i]] : values[K_REF];
        values[others[i]] = JSON_NONE;
    }
}

/*
 * Of a keyword that is given twice the last counts, as of every name in JSON here. The keywords are
 * read in the order of the enumeration, the discriminator last: it needs oneOf.
 */
static enum bosa_status read_members(struct compiler *c, uint32_t node, struct rule *r)
{
    const struct json_doc *doc = c->s->doc;
    uint32_t values[K_COUNT];
    find_keywords(doc, node, values);
    enum bosa_status status = read_conditions(c, values, r);
    int given = 0;
    for (int k = 0; k < K_COUNT && status == BOSA_OK; k++) {
        given += values[k] != JSON_NONE;
        if (values[k] != JSON_NONE && k != K_DISCRIMINATOR) {
            status = read_keyword(c, (enum keyword)k, values[k], r);
        }
    }
    r->alias = given == 1 && r->ref != RULE_NONE;
    bool tagged = status == BOSA_OK && values[K_DISCRIMINATOR] != JSON_NONE;
    return tagged ? compile_discriminator(c, values[K_DISCRIMINATOR], r) : status;
}

/*
 * Reads the schema that a rule stands for. It is built on the stack, as the rules may move while it
 * compiles others.
 */
static enum bosa_status read_rule(struct compiler *c, uint32_t index)
{
    struct schema *s = c->s;
    struct rule r;
    rule_init(&r, s->rules[index].node);
    enum json_type type = json_type(s->doc, r.node);
    if (type == JSON_FALSE) {
        r.types = 0;
        r.typed = true;
    } else if (type == JSON_OBJECT) {
        enum bosa_status status = read_members(c, r.node, &r);
        if (status != BOSA_OK) {
            return status;
        }
    }
    s->takes_files = s->takes_files || r.binary;
    bool is_part = r.ref != RULE_NONE || r.any_of.count > 0 || r.one_of.count > 0 ||
                   r.all_of.count > 0; /* then another part may say that the string is a file */
    if ((r.types & TYPE_STRING) && (r.binary || is_part)) {
        r.types |= TYPE_FILE;
    }
    s->rules[index] = r;
    return BOSA_OK;
}

/* ---- when every rule has been read ---- */

/*
 * The first rule at the end of a chain of mere references; one of a ring stands for the whole ring.
 */
static uint32_t follow(const struct schema *s, uint32_t rule)
{
    for (size_t hops = 0; hops <= s->rule_count; hops++) {
        const struct rule *r = &s->rules[rule];
        if (!r->alias || r->ref == rule) {
            break;
        }
        rule = r->ref;
    }
    return rule;
}

/* Makes every reference of the chain that begins at `rule` lead to its end. */
static void shorten(struct schema *s, uint32_t rule)
{
    uint32_t end = s->rules[rule].ref == RULE_NONE ? RULE_NONE : follow(s, s->rules[rule].ref);
    if (end != RULE_NONE && s->rules[end].alias) {
        s->rules[end].ref = end;
    }
    for (size_t hops = 0; end != RULE_NONE && hops <= s->rule_count; hops++) {
        struct rule *r = &s->rules[rule];
        uint32_t next = r->ref;
        r->ref = end;
        if (next == end || next == RULE_NONE || !s->rules[next].alias) {
            break;
        }
        rule = next;
    }
}

/* True for a rule that looks at one value, or at what is in it, more than once. */
static bool is_fork(const struct rule *r)
{
    uint64_t looks = (uint64_t)r->all_of.count + r->any_of.count + r->one_of.count;
    looks += r->ref != RULE_NONE;
    looks += r->negated != RULE_NONE;
    looks += r->properties.count > 0 || r->prefix.count > 0 || r->items != RULE_NONE ||
             r->additional != RULE_NONE;
    return looks > 1;
}

/*
 * References are shortened first: the tags of a branch are looked for through 20 of them at most.
 */
static enum bosa_status finish_rules(struct compiler *c)
{
    struct schema *s = c->s;
    for (uint32_t i = 0; i < s->rule_count; i++) {
        shorten(s, i);
    }
    for (uint32_t i = 0; i < s->rule_count; i++) {
        struct rule *r = &s->rules[i];
        r->fork = is_fork(r);
        if (r->discriminator != JSON_NONE) {
            enum bosa_status status = compile_tags(c, r);
            if (status != BOSA_OK) {
                return status;
            }
        }
    }
    schema_find_plain(s);
    return BOSA_OK;
}

/*
 * The list of rules grows while it is read, and ends because each node of the document gets one
 * rule at most.
 */
static enum bosa_status compile_all(struct compiler *c, uint32_t node)
{
    uint32_t root = 0;
    enum bosa_status status = compile_node(c, node, &root);
    for (uint32_t i = 0; status == BOSA_OK && i < c->s->rule_count; i++) {
        status = read_rule(c, i);
    }
    return status == BOSA_OK ? finish_rules(c) : status;
}

/* The map from nodes to rules is needed while compiling only. */
enum bosa_status schema_compile(struct schema **out, const struct json_doc *doc, uint32_t node,
                                struct bosa_error *err)
{
    struct compiler c = {.s = mem_zalloc(1, sizeof *c.s), .root = node, .err = err};
    *out = NULL;
    if (!c.s) {
        return error_nomem(err);
    }
    c.s->doc = doc;
    c.rules = mem_zalloc(json_next(doc, node) - node, sizeof *c.rules);
    enum bosa_status status = c.rules ? compile_all(&c, node) : error_nomem(err);
    mem_free(c.rules);
    ref_index_free(&c.index);
    if (status != BOSA_OK) {
        schema_free(c.s);
        return status;
    }
    *out = c.s;
    return BOSA_OK;
}

/* Also for one that was not compiled to its end. */
void schema_free(struct schema *schema)
{
    if (!schema) {
        return;
    }
    mem_free(schema->rules);
    mem_free(schema->properties);
    mem_free(schema->tags);
    mem_free(schema->lists);
    mem_free(schema);
}

/* Binary search in the index's order: by length, then by bytes. */
const struct property *schema_property(const struct schema *s, const struct rule *rule,
                                       const char *name, size_t len)
{
    uint32_t low = 0, high = rule->properties.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct property *p = &s->properties[rule->properties.at + middle];
        size_t p_len = 0;
        const char *p_name = json_text(s->doc, p->name, &p_len);
        int order = json_compare_names(p_name, p_len, name, len);
        if (order == 0) {
            return p;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

uint32_t schema_find_property(const struct schema *s, const struct rule *rule, const char *name,
                              size_t len)
{
    const struct property *found = schema_property(s, rule, name, len);
    return found ? found->rule : RULE_NONE;
}

bool schema_takes_files(const struct schema *schema)
{
    return schema->takes_files;
}

/* A ring of references would have no end. */
uint32_t schema_offered_property(const struct schema *schema, uint32_t rule, const char *name,
                                 size_t len)
{
    for (int hops = 0; rule != RULE_NONE && hops < 20; hops++) {
        uint32_t found = schema_find_property(schema, &schema->rules[rule], name, len);
        if (found != RULE_NONE) {
            return found;
        }
        rule = schema->rules[rule].ref;
    }
    return RULE_NONE;
}

uint32_t schema_root_property(const struct schema *schema, const char *name, size_t len)
{
    return schema_offered_property(schema, 0, name, len);
}

bool schema_has_property(const struct schema *schema, const char *name, size_t len)
{
    return schema_root_property(schema, name, len) != RULE_NONE;
}
