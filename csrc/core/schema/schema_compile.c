#include "schema/schema_internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* What a compilation needs besides the schema it makes. */
struct compiler {
    struct schema *s;
    uint32_t root;   /* node of the schema's root */
    uint32_t *rules; /* owned: by node - root, rule + 1; 0: not compiled yet */
    struct bosa_error *err;
};

static enum bosa_status no_memory(struct compiler *c)
{
    return error_set(c->err, BOSA_NOMEM, "no memory");
}

static enum bosa_status nonsense(struct compiler *c, const char *what)
{
    return error_set(c->err, BOSA_PROTOCOL, "the server's schema makes no sense: %s", what);
}

/* Makes room for one more item of a growing array. False: no memory. */
static bool grow(void **items, size_t *cap, size_t count, size_t size)
{
    if (count < *cap) {
        return true;
    }
    size_t wanted = *cap ? *cap * 2 : 16;
    void *grown = mem_realloc(*items, wanted * size);
    if (!grown) {
        return false;
    }
    *items = grown;
    *cap = wanted;
    return true;
}

static enum bosa_status compile(struct compiler *c, uint32_t node, uint32_t *out);

/* Reserves `count` places of lists, so that nested compilations don't come between. */
static enum bosa_status reserve_list(struct compiler *c, uint32_t count, struct span *span)
{
    struct schema *s = c->s;
    span->at = (uint32_t)s->list_count;
    span->count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (!grow((void **)&s->lists, &s->list_cap, s->list_count, sizeof *s->lists)) {
            return no_memory(c);
        }
        s->lists[s->list_count++] = 0;
    }
    return BOSA_OK;
}

/* Compiles each schema of an array. */
static enum bosa_status compile_list(struct compiler *c, uint32_t array, struct span *span)
{
    const struct json_doc *doc = c->s->doc;
    if (json_type(doc, array) != JSON_ARRAY) {
        return nonsense(c, "a keyword whose value should be a list of schemas");
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

/* Undoes ~0, ~1 and %XX of one part of a JSON pointer, into `out`. Gives the length. */
static size_t unescape(const char *part, size_t len, char *out)
{
    size_t n = 0, made = 0;
    for (size_t i = 0; i < len; i++) {
        int byte = text_percent(part + i, len - i);
        out[n++] = byte >= 0 ? (char)byte : part[i];
        i += byte >= 0 ? 2 : 0;
    }
    for (size_t i = 0; i < n; i++) {
        bool tilde = out[i] == '~' && i + 1 < n && (out[i + 1] == '0' || out[i + 1] == '1');
        out[made++] = !tilde ? out[i] : out[i + 1] == '1' ? '/' : '~';
        i += tilde;
    }
    return made;
}

/* The node that one part of a pointer names within `node`; JSON_NONE: none. */
static uint32_t descend(const struct json_doc *doc, uint32_t node, const char *part, size_t len)
{
    if (json_type(doc, node) == JSON_OBJECT) {
        return json_get(doc, node, part, len);
    }
    uint32_t index = 0;
    if (json_type(doc, node) != JSON_ARRAY || len == 0 || len > 9) {
        return JSON_NONE;
    }
    for (size_t i = 0; i < len; i++) {
        if (!text_is_digit(part[i])) {
            return JSON_NONE;
        }
        index = index * 10 + (uint32_t)(part[i] - '0');
    }
    return json_at(doc, node, index);
}

/* The node that "#/..." names; JSON_NONE: none, or a reference to another document. */
static uint32_t find_ref(struct compiler *c, const char *ref, size_t len)
{
    uint32_t node = c->root;
    if (len == 0 || ref[0] != '#' || len > 4096) {
        return JSON_NONE;
    }
    char part[4096];
    const char *end = ref + len;
    for (const char *at = ref + 1; at < end && node != JSON_NONE;) {
        if (*at++ != '/') {
            return JSON_NONE;
        }
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const char *stop = slash ? slash : end;
        size_t n = unescape(at, (size_t)(stop - at), part);
        node = descend(c->s->doc, node, part, n);
        at = stop;
    }
    return node;
}

static enum bosa_status compile_ref(struct compiler *c, uint32_t node, uint32_t *out)
{
    size_t len = 0;
    const char *ref = json_text(c->s->doc, node, &len);
    uint32_t target = ref ? find_ref(c, ref, len) : JSON_NONE;
    if (target == JSON_NONE) {
        return error_set(c->err, BOSA_PROTOCOL,
                         "the server's schema makes no sense: a reference to nowhere: %.*s",
                         (int)(len < 100 ? len : 100), ref ? ref : "");
    }
    return compile(c, target, out);
}

/* ---- keywords ---- */

static int compare_names(const struct json_doc *doc, uint32_t a, const char *name, size_t len)
{
    size_t a_len = 0;
    const char *a_name = json_text(doc, a, &a_len);
    size_t common = a_len < len ? a_len : len;
    int order = common ? memcmp(a_name, name, common) : 0;
    return order ? order : a_len < len ? -1 : a_len > len;
}

/* Puts a property in its place by name among those added so far; a name given twice counts once,
 * the last. */
static void sort_in(struct schema *s, struct rule *r, struct property p)
{
    size_t len = 0;
    const char *name = json_text(s->doc, p.name, &len);
    struct property *list = s->properties + r->properties.at;
    uint32_t i = r->properties.count;
    while (i > 0 && compare_names(s->doc, list[i - 1].name, name, len) > 0) {
        list[i] = list[i - 1];
        i--;
    }
    list[i] = p;
    r->properties.count++;
}

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

static enum bosa_status compile_properties(struct compiler *c, uint32_t object, struct rule *r)
{
    struct schema *s = c->s;
    if (json_type(s->doc, object) != JSON_OBJECT) {
        return nonsense(c, "`properties` that is no object");
    }
    uint32_t count = s->doc->nodes[object].len;
    r->has_properties = true;
    r->properties.at = (uint32_t)s->property_count;
    for (uint32_t i = 0; i < count; i++) {
        if (!grow((void **)&s->properties, &s->property_cap, s->property_count,
                  sizeof *s->properties)) {
            return no_memory(c);
        }
        s->property_count++;
    }
    uint32_t name = object + 1;
    for (uint32_t i = 0; i < count; i++) {
        struct property p = {name, RULE_NONE};
        enum bosa_status status = compile(c, unwrap(s->doc, name + 1), &p.rule);
        if (status != BOSA_OK) {
            return status;
        }
        sort_in(s, r, p);
        name = json_next(s->doc, name + 1);
    }
    return BOSA_OK;
}

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
            return nonsense(c, "`required` that is no list of names");
        }
        c->s->lists[r->required.at + i] = element;
        element = json_next(doc, element);
    }
    return status;
}

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

static enum bosa_status add_tag(struct compiler *c, struct rule *r, uint32_t name, uint32_t rule)
{
    struct schema *s = c->s;
    if (!grow((void **)&s->tags, &s->tag_cap, s->tag_count, sizeof *s->tags)) {
        return no_memory(c);
    }
    s->tags[s->tag_count++] = (struct tag){name, rule};
    r->tags.count++;
    return BOSA_OK;
}

/* The property's rule of a branch, looked for through references. */
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

/* Without a mapping the tags are the constants that the branches have for the property. */
static enum bosa_status derive_tags(struct compiler *c, struct rule *r)
{
    struct schema *s = c->s;
    size_t len = 0;
    const char *name = json_text(s->doc, r->discriminator, &len);
    for (uint32_t i = 0; i < r->one_of.count; i++) {
        uint32_t branch = s->lists[r->one_of.at + i];
        uint32_t property = tag_property(s, branch, name, len);
        uint32_t constant = property == RULE_NONE ? JSON_NONE : s->rules[property].constant;
        if (constant == JSON_NONE || json_type(s->doc, constant) != JSON_STRING) {
            r->discriminator = JSON_NONE;
            return BOSA_OK;
        }
        enum bosa_status status = add_tag(c, r, constant, branch);
        if (status != BOSA_OK) {
            return status;
        }
    }
    return BOSA_OK;
}

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
        return derive_tags(c, r);
    }
    /* the targets are compiled first: a nested union's tags must not come between ours */
    struct span targets;
    uint32_t count = doc->nodes[mapping].len;
    enum bosa_status status = reserve_list(c, count, &targets);
    uint32_t name = mapping + 1;
    for (uint32_t i = 0; status == BOSA_OK && i < count; i++) {
        uint32_t rule = RULE_NONE;
        status = compile_ref(c, name + 1, &rule);
        c->s->lists[targets.at + i] = rule;
        name = json_next(doc, name + 1);
    }
    r->tags.at = (uint32_t)c->s->tag_count;
    name = mapping + 1;
    for (uint32_t i = 0; status == BOSA_OK && i < count; i++) {
        status = add_tag(c, r, name, c->s->lists[targets.at + i]);
        name = json_next(doc, name + 1);
    }
    return status;
}

/* ---- one schema ---- */

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

/* Of a keyword that is given twice the last counts, as of every name in JSON here. */
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
    for (int k = 0; k < K_COUNT && status == BOSA_OK; k++) {
        if (values[k] != JSON_NONE && k != K_DISCRIMINATOR) {
            status = read_keyword(c, (enum keyword)k, values[k], r);
        }
    }
    bool tagged = status == BOSA_OK && values[K_DISCRIMINATOR] != JSON_NONE;
    return tagged ? read_discriminator(c, values[K_DISCRIMINATOR], r) : status;
}

/* Compiles the schema at `node`, once: a recursive one finds its own rule. */
static enum bosa_status compile(struct compiler *c, uint32_t node, uint32_t *out)
{
    struct schema *s = c->s;
    uint32_t *known = &c->rules[node - c->root];
    if (*known != 0) {
        *out = *known - 1;
        return BOSA_OK;
    }
    if (!grow((void **)&s->rules, &s->rule_cap, s->rule_count, sizeof *s->rules)) {
        return no_memory(c);
    }
    struct rule r;
    rule_init(&r, node);
    uint32_t index = *out = (uint32_t)s->rule_count++;
    s->rules[index] = r;
    *known = index + 1;
    enum json_type type = json_type(s->doc, node);
    if (type == JSON_FALSE) {
        r.types = 0;
        r.typed = true;
    } else if (type == JSON_OBJECT) {
        enum bosa_status status = read_members(c, node, &r);
        if (status != BOSA_OK) {
            return status;
        }
    } else if (type != JSON_TRUE) {
        return nonsense(c, "a schema that is neither an object nor a boolean");
    }
    s->takes_files = s->takes_files || r.binary;
    s->rules[index] = r;
    return BOSA_OK;
}

enum bosa_status schema_compile(struct schema **out, const struct json_doc *doc, uint32_t node,
                                struct bosa_error *err)
{
    struct compiler c = {mem_zalloc(1, sizeof *c.s), node, NULL, err};
    uint32_t rule = 0;
    *out = NULL;
    if (!c.s) {
        return no_memory(&c);
    }
    c.s->doc = doc;
    c.rules = mem_zalloc(json_next(doc, node) - node, sizeof *c.rules);
    enum bosa_status status = c.rules ? compile(&c, node, &rule) : no_memory(&c);
    mem_free(c.rules);
    if (status != BOSA_OK) {
        schema_free(c.s);
        return status;
    }
    *out = c.s;
    return BOSA_OK;
}

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

uint32_t schema_find_property(const struct schema *s, const struct rule *rule, const char *name,
                              size_t len)
{
    uint32_t low = 0, high = rule->properties.count;
    uint32_t found = RULE_NONE;
    if (high == 0) {
        return found; /* there may be no list at all */
    }
    const struct property *list = s->properties + rule->properties.at;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_names(s->doc, list[middle].name, name, len);
        if (order <= 0) {
            found = order == 0 ? list[middle].rule : found;
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return found;
}

bool schema_takes_files(const struct schema *schema)
{
    return schema->takes_files;
}

bool schema_has_property(const struct schema *schema, const char *name, size_t len)
{
    uint32_t rule = 0;
    for (int hops = 0; rule != RULE_NONE && hops < 20; hops++) {
        if (schema_find_property(schema, &schema->rules[rule], name, len) != RULE_NONE) {
            return true;
        }
        rule = schema->rules[rule].ref;
    }
    return false;
}
