/*
 * A schema's document becomes an array of rules. Nothing recurses: a schema that is met gets a rule
 * at once, and the rule is read when its turn comes, so chains of references cost no stack.
 */
#include "schema/schema_internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* What a compilation needs besides the schema it makes. */
struct compiler {
    struct schema *s;
    uint32_t root;          /* node of the schema's root */
    uint32_t *rules;        /* owned: by node - root, rule + 1; 0: none yet */
    struct ref_index index; /* for the references into large objects */
    struct bosa_error *err;
};

/* The schema is the server's, so this is its mistake (BOSA_PROTOCOL), not the caller's. */
static enum bosa_status malformed(struct compiler *c, const char *what)
{
    return error_set(c->err, BOSA_PROTOCOL, "malformed schema: %s", what);
}

/*
 * The rule of the schema at `node`, which is made now and read in its turn. The rules may move:
 * pointers into them are not kept across this.
 */
static enum bosa_status compile(struct compiler *c, uint32_t node, uint32_t *out)
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

/* Compiles each schema of an array. */
static enum bosa_status compile_list(struct compiler *c, uint32_t array, struct span *span)
{
    const struct json_doc *doc = c->s->doc;
    if (json_type(doc, array) != JSON_ARRAY) {
        return malformed(c, "a keyword whose value should be a list of schemas");
    }
    uint32_t count = doc->nodes[array].len;
    enum bosa_status status = reserve_list(c, count, span);
    uint32_t element = array + 1;
    for (uint32_t i = 0; status == BOSA_OK && i < count; i++) {
        uint32_t rule = RULE_NONE;
        status = compile(c, element, &rule);
        c->s->lists[span->at + i] = rule;
        element = json_next(doc, element);
    }
    return status;
}

/* ---- $ref ---- */

/*
 * The rule that a reference leads to. A recursive schema ends here: the node has its rule already.
 */
static enum bosa_status compile_ref(struct compiler *c, uint32_t node, uint32_t *out)
{
    size_t len = 0;
    const char *ref = json_text(c->s->doc, node, &len);
    uint32_t target = JSON_NONE;
    if (ref && !ref_find(&c->index, c->s->doc, c->root, ref, len, &target)) {
        return error_nomem(c->err);
    }
    if (c->index.spent) {
        return malformed(c, "its references lead through lists that are too long");
    }
    if (target == JSON_NONE) {
        return error_set(c->err, BOSA_PROTOCOL, "malformed schema: a reference to nowhere: %.*s",
                         (int)(len < 100 ? len : 100), ref ? ref : "");
    }
    return compile(c, target, out);
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
        enum bosa_status status = compile(c, unwrap(s->doc, p.name + 1), &p.rule);
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
    if (json_type(c->s->doc, object) != JSON_OBJECT) {
        return malformed(c, "`properties` that is no object");
    }
    r->has_properties = true;
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
    for (uint32_t i = 0; status == BOSA_OK && i < r->required.count; i++) {
        if (json_type(doc, element) != JSON_STRING) {
            return malformed(c, "`required` that is no list of names");
        }
        c->s->lists[r->required.at + i] = element;
        element = json_next(doc, element);
    }
    return status;
}

/* `false` is kept as a flag; `true` and a schema get a rule, as they make every name known. */
static enum bosa_status read_additional(struct compiler *c, uint32_t node, struct rule *r)
{
    if (json_type(c->s->doc, node) == JSON_FALSE) {
        r->closed = true;
        return BOSA_OK;
    }
    return compile(c, node, &r->additional);
}

/* One keyword. */
static enum bosa_status read_keyword(struct compiler *c, enum keyword k, uint32_t v, struct rule *r)
{
    switch (k) {
    case K_REF:
        return compile_ref(c, v, &r->ref);
    case K_PROPERTIES:
        return compile_properties(c, v, r);
    case K_REQUIRED:
        return read_required(c, v, r);
    case K_ADDITIONAL:
        return read_additional(c, v, r);
    case K_ITEMS:
        return compile(c, v, &r->items);
    case K_PREFIX:
        return compile_list(c, v, &r->prefix);
    case K_ANY_OF:
        return compile_list(c, v, &r->any_of);
    case K_ONE_OF:
        return compile_list(c, v, &r->one_of);
    case K_ALL_OF:
        return compile_list(c, v, &r->all_of);
    case K_NOT:
        return compile(c, v, &r->negated);
    default:
        keyword_read_simple(c->s->doc, k, v, r);
        return BOSA_OK;
    }
}

/* ---- discriminator ---- */

/* The tags of one union lie together: nothing adds others until it is done. */
static enum bosa_status add_tag(struct compiler *c, struct rule *r, uint32_t name, uint32_t rule)
{
    struct schema *s = c->s;
    struct tag *tags = mem_grow(s->tags, sizeof *tags, s->tag_count, &s->tag_cap);
    if (!tags) {
        return error_nomem(c->err);
    }
    s->tags = tags;
    s->tags[s->tag_count++] = (struct tag){name, rule};
    r->tags.count++;
    return BOSA_OK;
}

/* The property's rule of a branch, looked for through references, no further than 20. */
static uint32_t tag_property(const struct schema *s, uint32_t rule, const char *name, size_t len)
{
    for (int hops = 0; rule != RULE_NONE && hops < 20; hops++) {
        uint32_t found = schema_find_property(s, &s->rules[rule], name, len);
        if (found != RULE_NONE) {
            return found;
        }
        rule = s->rules[rule].ref;
    }
    return RULE_NONE;
}

/* True for what can be a tag. */
static bool is_tag(const struct json_doc *doc, uint32_t node)
{
    enum json_type type = json_type(doc, node);
    return type == JSON_STRING || type == JSON_INT || type == JSON_FALSE || type == JSON_TRUE;
}

/* Adds the tags of a branch: what its property is, or may be one of. *found: there are some. */
static enum bosa_status add_tags(struct compiler *c, struct rule *r, uint32_t property,
                                 uint32_t branch, bool *found)
{
    const struct json_doc *doc = c->s->doc;
    const struct rule *p = property == RULE_NONE ? NULL : &c->s->rules[property];
    enum bosa_status status = BOSA_OK;
    *found = p && p->constant != JSON_NONE && is_tag(doc, p->constant);
    if (*found) {
        return add_tag(c, r, p->constant, branch);
    }
    if (!p || p->enumeration == JSON_NONE) {
        return BOSA_OK;
    }
    uint32_t count = doc->nodes[p->enumeration].len, element = p->enumeration + 1;
    *found = count > 0;
    for (uint32_t i = 0; i < count && *found && status == BOSA_OK; i++) {
        *found = is_tag(doc, element);
        status = *found ? add_tag(c, r, element, branch) : BOSA_OK;
        element = json_next(doc, element);
    }
    return status;
}

/*
 * Without a mapping the tags are the constants that the branches have for the property. Where a
 * branch has none the discriminator is dropped, and the union is an ordinary oneOf. So it is where
 * there would be more tags than nodes: many branches may lead to one long enumeration.
 */
static enum bosa_status derive_tags(struct compiler *c, struct rule *r)
{
    struct schema *s = c->s;
    size_t len = 0;
    const char *name = json_text(s->doc, r->discriminator, &len);
    r->tags.at = (uint32_t)s->tag_count;
    for (uint32_t i = 0; i < r->one_of.count; i++) {
        uint32_t branch = s->lists[r->one_of.at + i];
        bool found = false;
        enum bosa_status status =
            add_tags(c, r, tag_property(s, branch, name, len), branch, &found);
        if (status != BOSA_OK) {
            return status;
        }
        if (!found || s->tag_count > s->doc->count) {
            r->discriminator = JSON_NONE;
            return BOSA_OK;
        }
    }
    return BOSA_OK;
}

/* The property and the mapping. What has none gets its tags when every rule has been read. */
static enum bosa_status read_discriminator(struct compiler *c, uint32_t v, struct rule *r)
{
    const struct json_doc *doc = c->s->doc;
    uint32_t property = json_member(doc, v, "propertyName");
    uint32_t mapping = json_member(doc, v, "mapping");
    if (property == JSON_NONE || json_type(doc, property) != JSON_STRING || r->one_of.count == 0) {
        return BOSA_OK;
    }
    r->discriminator = property;
    r->tags.at = (uint32_t)c->s->tag_count;
    if (mapping == JSON_NONE || json_type(doc, mapping) != JSON_OBJECT) {
        return BOSA_OK;
    }
    uint32_t count = doc->nodes[mapping].len, name = mapping + 1;
    enum bosa_status status = BOSA_OK;
    for (uint32_t i = 0; status == BOSA_OK && i < count; i++) {
        uint32_t rule = RULE_NONE;
        status = compile_ref(c, name + 1, &rule);
        status = status == BOSA_OK ? add_tag(c, r, name, rule) : status;
        name = json_next(doc, name + 1);
    }
    return status;
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

/*
 * Of a keyword that is given twice the last counts, as of every name in JSON here. The keywords are
 * read in the order of the enumeration, the discriminator last: it needs oneOf.
 */
static enum bosa_status read_members(struct compiler *c, uint32_t node, struct rule *r)
{
    const struct json_doc *doc = c->s->doc;
    uint32_t values[K_COUNT], name = node + 1;
    for (int k = 0; k < K_COUNT; k++) {
        values[k] = JSON_NONE;
    }
    for (uint32_t i = 0; i < doc->nodes[node].len; i++) {
        enum keyword k = keyword_of(doc, name);
        if (k != K_COUNT) {
            values[k] = name + 1;
        }
        name = json_next(doc, name + 1);
    }
    enum bosa_status status = BOSA_OK;
    int given = 0;
    for (int k = 0; k < K_COUNT && status == BOSA_OK; k++) {
        given += values[k] != JSON_NONE;
        if (values[k] != JSON_NONE && k != K_DISCRIMINATOR) {
            status = read_keyword(c, (enum keyword)k, values[k], r);
        }
    }
    r->alias = given == 1 && values[K_REF] != JSON_NONE;
    bool tagged = status == BOSA_OK && values[K_DISCRIMINATOR] != JSON_NONE;
    return tagged ? read_discriminator(c, values[K_DISCRIMINATOR], r) : status;
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
    } else if (type != JSON_TRUE) {
        return malformed(c, "a schema that is neither an object nor a boolean");
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
        if (r->discriminator != JSON_NONE && r->tags.count == 0) {
            enum bosa_status status = derive_tags(c, r);
            if (status != BOSA_OK) {
                return status;
            }
        }
    }
    return BOSA_OK;
}

/*
 * The list of rules grows while it is read, and ends because each node of the document gets one
 * rule at most.
 */
static enum bosa_status compile_all(struct compiler *c, uint32_t node)
{
    uint32_t root = 0;
    enum bosa_status status = compile(c, node, &root);
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

/* Through references, no further than 20: a ring would have no end. */
uint32_t schema_root_property(const struct schema *schema, const char *name, size_t len)
{
    uint32_t rule = 0;
    for (int hops = 0; rule != RULE_NONE && hops < 20; hops++) {
        uint32_t found = schema_find_property(schema, &schema->rules[rule], name, len);
        if (found != RULE_NONE) {
            return found;
        }
        rule = schema->rules[rule].ref;
    }
    return RULE_NONE;
}

bool schema_has_property(const struct schema *schema, const char *name, size_t len)
{
    return schema_root_property(schema, name, len) != RULE_NONE;
}
