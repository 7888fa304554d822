#include "schema/schema_internal.h"

#include "base/mem.h"

#include <string.h>

/*
 * Checking walks rules and value together, in one of two ways.
 *
 *   silent    only whether it is valid; `changes` tells whether something would have to be settled
 *   speaking  errors are added; walked only when the silent walk has found the value faulty
 *
 * A third walk settles a valid value: the same way again, with `settling` set.
 */

/* The rules that apply to the same value, from the innermost out: a name is known when one of them
 * knows it. */
struct scope {
    const struct scope *up;
    uint32_t rule;
};

static bool check(struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                  const struct scope *outer);

/* ---- single values ---- */

static bool check_type(struct checker *c, uint32_t index, uint32_t node, const struct place *at)
{
    const struct rule *r = &c->s->rules[index];
    enum fit fit = value_fit(c->doc, node, r->types);
    if (fit == FIT_COERCED) {
        c->changes++;
        if (c->settling) {
            value_coerce(c->doc, node, r->types);
        }
    }
    if (fit != FIT_NO) {
        return true;
    }
    if (c->errors) {
        struct buf expected;
        buf_init(&expected);
        show_types(&expected, c->s, index);
        report_buf(c, at, node, "type", &expected, NULL);
    }
    return false;
}

static bool in_enum(struct checker *c, const struct rule *r, uint32_t node)
{
    const struct json_doc *doc = c->s->doc;
    uint32_t element = r->enumeration + 1;
    for (uint32_t i = 0; i < doc->nodes[r->enumeration].len; i++) {
        if (json_equal(doc, element, c->doc, node)) {
            return true;
        }
        element = json_next(doc, element);
    }
    return false;
}

static bool check_words(struct checker *c, const struct rule *r, uint32_t node,
                        const struct place *at)
{
    bool valid = true;
    if (r->enumeration != JSON_NONE && !in_enum(c, r, node)) {
        if (c->errors) {
            report_enum(c, r, node, at);
        }
        valid = false;
    }
    if (r->constant != JSON_NONE && !json_equal(c->s->doc, r->constant, c->doc, node)) {
        if (c->errors) {
            struct buf expected;
            buf_init(&expected);
            show_value(&expected, c->s->doc, r->constant);
            report_buf(c, at, node, "const", &expected, NULL);
        }
        valid = false;
    }
    return valid;
}

/* One limit of a number: "at most 100". */
static bool limit(struct checker *c, bool holds, uint32_t of, uint32_t node, const struct place *at,
                  const char *keyword, const char *words)
{
    if (holds || !c->errors) {
        return holds;
    }
    struct buf expected;
    buf_init(&expected);
    buf_adds(&expected, words);
    show_value(&expected, c->s->doc, of);
    report_buf(c, at, node, keyword, &expected, NULL);
    return false;
}

static bool check_number(struct checker *c, const struct rule *r, uint32_t node,
                         const struct place *at)
{
    const struct json_doc *doc = c->s->doc;
    long double value = value_number(c->doc, node);
    bool valid = true;
    if (r->minimum != JSON_NONE) {
        valid &= limit(c, value >= value_number(doc, r->minimum), r->minimum, node, at, "minimum",
                       "at least ");
    }
    if (r->maximum != JSON_NONE) {
        valid &= limit(c, value <= value_number(doc, r->maximum), r->maximum, node, at, "maximum",
                       "at most ");
    }
    if (r->above != JSON_NONE) {
        valid &= limit(c, value > value_number(doc, r->above), r->above, node, at,
                       "exclusiveMinimum", "more than ");
    }
    if (r->below != JSON_NONE) {
        valid &= limit(c, value < value_number(doc, r->below), r->below, node, at,
                       "exclusiveMaximum", "less than ");
    }
    if (r->multiple != JSON_NONE) {
        valid &= limit(c, value_is_multiple(c->doc, node, doc, r->multiple), r->multiple, node, at,
                       "multipleOf", "a multiple of ");
    }
    return valid;
}

/* A count between two bounds: of characters, items, members (`unit`, a plural in s). */
static bool check_count(struct checker *c, uint64_t count, uint64_t min, uint64_t max,
                        const struct place *at, const char *const keywords[2], const char *unit)
{
    if (count >= min && count <= max) {
        return true;
    }
    if (c->errors) {
        bool few = count < min;
        uint64_t bound = few ? min : max;
        int unit_len = (int)strlen(unit) - (bound == 1);
        struct buf expected, got, text;
        buf_init(&expected);
        buf_init(&got);
        buf_init(&text);
        buf_addf(&expected, "%s %llu %.*s", few ? "at least" : "at most", (unsigned long long)bound,
                 unit_len, unit);
        buf_addc(&expected, '\0');
        buf_addf(&got, "%llu", (unsigned long long)count);
        buf_addc(&got, '\0');
        if (!expected.failed && !got.failed) {
            buf_addf(&text, "expected %s; got %s", expected.data, got.data);
            buf_addc(&text, '\0');
        }
        if (expected.failed || got.failed || text.failed) {
            c->errors->failed = true;
        } else {
            validation_errors_add(c->errors, at, keywords[!few], expected.data, got.data, NULL,
                                  text.data);
        }
        buf_free(&expected);
        buf_free(&got);
        buf_free(&text);
    }
    return false;
}

static bool check_string(struct checker *c, const struct rule *r, uint32_t node,
                         const struct place *at)
{
    static const char *const keywords[2] = {"minLength", "maxLength"};
    if (r->min_length == 0 && r->max_length == UINT64_MAX) {
        return true;
    }
    return check_count(c, value_length(c->doc, node), r->min_length, r->max_length, at, keywords,
                       "characters");
}

/* ---- arrays ---- */

static uint32_t item_rule(const struct schema *s, const struct rule *r, uint32_t i)
{
    return i < r->prefix.count ? s->lists[r->prefix.at + i] : r->items;
}

static bool check_array(struct checker *c, const struct rule *r, uint32_t node,
                        const struct place *at)
{
    static const char *const keywords[2] = {"minItems", "maxItems"};
    uint32_t count = c->doc->nodes[node].len;
    bool valid = check_count(c, count, r->min_items, r->max_items, at, keywords, "items");
    if (r->unique && !value_is_unique(c->doc, node)) {
        report(c, at, node, "uniqueItems", "items that are all different", NULL);
        valid = false;
    }
    if (r->items == RULE_NONE && r->prefix.count == 0) {
        return valid;
    }
    struct place place = {at, NULL, 0, 0};
    uint32_t element = node + 1;
    for (uint32_t i = 0; i < count && (valid || c->errors); i++) {
        uint32_t rule = item_rule(c->s, r, i);
        place.index = i;
        if (rule != RULE_NONE && !check(c, rule, element, &place, NULL)) {
            valid = false;
        }
        element = json_next(c->doc, element);
    }
    return valid;
}

/* ---- objects ---- */

/* True when `rule`, or what it applies to the same value, lists the name or is open to any. */
static bool knows(const struct schema *s, uint32_t rule, const char *name, size_t len, int depth)
{
    if (rule == RULE_NONE || depth > 16) {
        return false;
    }
    const struct rule *r = &s->rules[rule];
    if (schema_find_property(s, r, name, len) != RULE_NONE || r->additional != RULE_NONE ||
        knows(s, r->ref, name, len, depth + 1)) {
        return true;
    }
    const struct span *const lists[] = {&r->all_of, &r->any_of, &r->one_of};
    for (size_t i = 0; i < 3; i++) {
        for (uint32_t j = 0; j < lists[i]->count; j++) {
            if (knows(s, s->lists[lists[i]->at + j], name, len, depth + 1)) {
                return true;
            }
        }
    }
    return false;
}

/* True when a rule further out knows the name by itself, not by one of its alternatives. */
static bool known_outside(const struct schema *s, const struct scope *outer, const char *name,
                          size_t len)
{
    for (; outer; outer = outer->up) {
        const struct rule *r = &s->rules[outer->rule];
        if (schema_find_property(s, r, name, len) != RULE_NONE || r->additional != RULE_NONE) {
            return true;
        }
        for (uint32_t i = 0; i < r->all_of.count; i++) {
            if (knows(s, s->lists[r->all_of.at + i], name, len, 0)) {
                return true;
            }
        }
    }
    return false;
}

/* A member whose name the rule doesn't list. */
static bool check_extra(struct checker *c, uint32_t index, uint32_t value, const struct place *at,
                        const struct scope *outer)
{
    const struct rule *r = &c->s->rules[index];
    if (r->additional != RULE_NONE) {
        return check(c, r->additional, value, at, NULL);
    }
    bool strict = (c->options & SCHEMA_STRICT_NAMES) && r->has_properties &&
                  !knows(c->s, index, at->key, at->key_len, 0) &&
                  !known_outside(c->s, outer, at->key, at->key_len);
    if (!r->closed && !strict) {
        return true;
    }
    report_unknown(c, index, at);
    return false;
}

static bool check_members(struct checker *c, uint32_t index, uint32_t node, const struct place *at,
                          const struct scope *outer)
{
    const struct rule *r = &c->s->rules[index];
    bool valid = true;
    uint32_t key = node + 1;
    if (!r->has_properties && r->additional == RULE_NONE && !r->closed) {
        return true;
    }
    for (uint32_t i = 0; i < c->doc->nodes[node].len && (valid || c->errors); i++) {
        struct place place = {at, NULL, 0, 0};
        place.key = json_text(c->doc, key, &place.key_len);
        uint32_t rule = schema_find_property(c->s, r, place.key, place.key_len);
        bool fits = rule != RULE_NONE ? check(c, rule, key + 1, &place, NULL)
                                      : check_extra(c, index, key + 1, &place, outer);
        valid = valid && fits;
        key = json_next(c->doc, key + 1);
    }
    return valid;
}

static bool check_required(struct checker *c, const struct rule *r, uint32_t node,
                           const struct place *at)
{
    bool valid = true;
    for (uint32_t i = 0; i < r->required.count && (valid || c->errors); i++) {
        struct place place = {at, NULL, 0, 0};
        place.key = json_text(c->s->doc, c->s->lists[r->required.at + i], &place.key_len);
        if (json_get(c->doc, node, place.key, place.key_len) == JSON_NONE) {
            if (c->errors) {
                report_missing(c, r, &place);
            }
            valid = false;
        }
    }
    return valid;
}

static bool check_object(struct checker *c, uint32_t index, uint32_t node, const struct place *at,
                         const struct scope *outer)
{
    static const char *const keywords[2] = {"minProperties", "maxProperties"};
    const struct rule *r = &c->s->rules[index];
    bool valid = check_required(c, r, node, at);
    valid &= check_count(c, c->doc->nodes[node].len, r->min_members, r->max_members, at, keywords,
                         "members");
    return (valid || c->errors) && check_members(c, index, node, at, outer) && valid;
}

/* ---- unions ---- */

/* Walks a branch silently, without settling. *changes: what would have to be settled. */
static bool try_branch(struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                       const struct scope *outer, unsigned *changes)
{
    struct checker silent = *c;
    silent.errors = NULL;
    silent.settling = false;
    silent.changes = 0;
    bool valid = check(&silent, rule, node, at, outer);
    *changes = silent.changes;
    return valid;
}

static bool is_null_only(const struct schema *s, uint32_t rule)
{
    return s->rules[rule].types == TYPE_NULL;
}

/* The types of a branch, looked up through its references. */
static unsigned branch_types(const struct schema *s, uint32_t rule)
{
    unsigned types = TYPE_ANY;
    for (int hops = 0; rule != RULE_NONE && hops < 20; hops++) {
        types &= s->rules[rule].types;
        rule = s->rules[rule].ref;
    }
    return types;
}

/* Errors that a branch would have. */
static size_t count_errors(struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                           const struct scope *outer)
{
    struct validation_errors errors;
    struct checker counting = *c;
    validation_errors_init(&errors, "");
    counting.errors = &errors;
    counting.settling = false;
    check(&counting, rule, node, at, outer);
    size_t count = errors.count;
    c->errors->failed = c->errors->failed || errors.failed;
    validation_errors_free(&errors);
    return count;
}

/* The branch that was surely meant: the only one of the value's type, or the one with fewest
 * errors. RULE_NONE: can't say. */
static uint32_t likely_branch(struct checker *c, const struct span *branches, uint32_t node,
                              const struct place *at, const struct scope *outer)
{
    uint32_t best = RULE_NONE, only = RULE_NONE, candidates = 0, others = 0;
    size_t fewest = SIZE_MAX;
    for (uint32_t i = 0; i < branches->count; i++) {
        uint32_t rule = c->s->lists[branches->at + i];
        if (is_null_only(c->s, rule)) {
            continue;
        }
        others++;
        only = rule;
        if (value_fit(c->doc, node, branch_types(c->s, rule)) == FIT_NO) {
            continue;
        }
        candidates++;
        size_t count = c->depth > 20 ? 0 : count_errors(c, rule, node, at, outer);
        best = count < fewest ? rule : count == fewest ? RULE_NONE : best;
        fewest = count < fewest ? count : fewest;
    }
    if (others == 1 && json_type(c->doc, node) != JSON_NULL) {
        return only;
    }
    return candidates > 0 ? best : RULE_NONE;
}

static void report_union(struct checker *c, uint32_t index, const struct span *branches,
                         uint32_t node, const struct place *at, const struct scope *outer,
                         const char *keyword)
{
    if (!c->errors) {
        return;
    }
    uint32_t rule = likely_branch(c, branches, node, at, outer);
    if (rule != RULE_NONE) {
        check(c, rule, node, at, outer);
        return;
    }
    struct buf expected;
    buf_init(&expected);
    bool by_type = true;
    for (uint32_t i = 0; i < branches->count; i++) {
        uint32_t branch = c->s->lists[branches->at + i];
        by_type = by_type && value_fit(c->doc, node, branch_types(c->s, branch)) == FIT_NO;
    }
    buf_adds(&expected, by_type ? "" : "one of the forms allowed here: ");
    show_types(&expected, c->s, index);
    report_buf(c, at, node, by_type ? "type" : keyword, &expected, NULL);
}

/* anyOf, and oneOf without a tag. The branch that is walked for good is one that needs no change,
 * else the first that fits. */
static bool check_union(struct checker *c, uint32_t index, const struct span *branches, bool single,
                        uint32_t node, const struct place *at, const struct scope *outer)
{
    uint32_t chosen = RULE_NONE, fitting = 0;
    unsigned least = 0;
    for (uint32_t i = 0; i < branches->count; i++) {
        uint32_t rule = c->s->lists[branches->at + i];
        unsigned changes = 0;
        if (!try_branch(c, rule, node, at, outer, &changes)) {
            continue;
        }
        if (fitting++ == 0 || changes < least) {
            chosen = rule;
            least = changes;
        }
        if (!single && changes == 0) {
            break;
        }
    }
    if (fitting == 0) {
        report_union(c, index, branches, node, at, outer, single ? "oneOf" : "anyOf");
        return false;
    }
    if (single && fitting > 1) {
        report(c, at, node, "oneOf", "exactly one of the forms allowed here", NULL);
        return false;
    }
    c->changes += least;
    return !c->settling || least == 0 || check(c, chosen, node, at, outer);
}

/* oneOf with a discriminator: the tag names the branch, and must be there. */
static bool check_tagged(struct checker *c, uint32_t index, uint32_t node, const struct place *at,
                         const struct scope *outer)
{
    const struct rule *r = &c->s->rules[index];
    if (json_type(c->doc, node) != JSON_OBJECT) {
        report(c, at, node, "type", "object", NULL);
        return false;
    }
    struct place place = {at, NULL, 0, 0};
    place.key = json_text(c->s->doc, r->discriminator, &place.key_len);
    uint32_t tag = json_get(c->doc, node, place.key, place.key_len);
    for (uint32_t i = 0; tag != JSON_NONE && i < r->tags.count; i++) {
        const struct tag *t = &c->s->tags[r->tags.at + i];
        if (json_equal(c->s->doc, t->name, c->doc, tag)) {
            return check(c, t->rule, node, at, outer);
        }
    }
    if (c->errors) {
        report_tag(c, r, tag, &place);
    }
    return false;
}

/* ---- one rule ---- */

static bool check_all_of(struct checker *c, const struct rule *r, uint32_t node,
                         const struct place *at, const struct scope *scope)
{
    bool valid = true;
    for (uint32_t i = 0; i < r->all_of.count && (valid || c->errors); i++) {
        valid &= check(c, c->s->lists[r->all_of.at + i], node, at, scope);
    }
    return valid;
}

/* The keywords that apply other schemas to the same value. */
static bool check_applicators(struct checker *c, uint32_t index, uint32_t node,
                              const struct place *at, const struct scope *outer)
{
    const struct rule *r = &c->s->rules[index];
    struct scope scope = {outer, index};
    unsigned ignored = 0;
    bool valid = true;
    if (r->ref != RULE_NONE) {
        valid &= check(c, r->ref, node, at, &scope);
    }
    if (r->all_of.count > 0) {
        valid &= check_all_of(c, r, node, at, &scope);
    }
    if (r->any_of.count > 0 && (valid || c->errors)) {
        valid &= check_union(c, index, &r->any_of, false, node, at, &scope);
    }
    if (r->discriminator != JSON_NONE) {
        valid &= check_tagged(c, index, node, at, &scope);
    } else if (r->one_of.count > 0 && (valid || c->errors)) {
        valid &= check_union(c, index, &r->one_of, true, node, at, &scope);
    }
    if (r->negated != RULE_NONE && try_branch(c, r->negated, node, at, &scope, &ignored)) {
        report(c, at, node, "not", "something else", NULL);
        valid = false;
    }
    return valid;
}

/* The keywords that look at the value itself. */
static bool check_assertions(struct checker *c, uint32_t index, uint32_t node,
                             const struct place *at, const struct scope *outer)
{
    const struct rule *r = &c->s->rules[index];
    if (!check_type(c, index, node, at)) {
        return false;
    }
    bool valid = check_words(c, r, node, at);
    const struct json_node *n = &c->doc->nodes[node];
    if (value_is_number(c->doc, node) && (n->type != JSON_STRING || !(r->types & TYPE_STRING))) {
        return check_number(c, r, node, at) && valid;
    }
    if (n->type == JSON_STRING) {
        return check_string(c, r, node, at) && valid;
    }
    bool is_array = n->type == JSON_ARRAY || !(r->types & TYPE_OBJECT); /* `{}` may be meant as `[]`
                                                                         */
    if (is_array && (n->type == JSON_ARRAY || n->type == JSON_OBJECT)) {
        return check_array(c, r, node, at) && valid;
    }
    if (n->type == JSON_OBJECT) {
        return check_object(c, index, node, at, outer) && valid;
    }
    return valid;
}

static bool check(struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                  const struct scope *outer)
{
    if (c->depth >= SCHEMA_MAX_DEPTH) {
        report(c, at, node, "$ref", "fewer schemas within each other", NULL);
        return false;
    }
    c->depth++;
    bool valid = check_assertions(c, rule, node, at, outer);
    if (valid || c->errors) {
        valid = check_applicators(c, rule, node, at, outer) && valid;
    }
    c->depth--;
    return valid;
}

enum bosa_status schema_check(const struct schema *schema, struct json_doc *value, uint32_t node,
                              unsigned options, const char *what, struct bosa_error *err)
{
    struct checker c = {.s = schema, .doc = value, .options = options};
    const struct place root = {NULL, NULL, 0, 0};
    if (check(&c, 0, node, &root, NULL)) {
        if (c.changes > 0) {
            c.settling = true;
            c.depth = 0;
            check(&c, 0, node, &root, NULL);
        }
        return BOSA_OK;
    }
    struct validation_errors errors;
    validation_errors_init(&errors, what);
    c.errors = &errors;
    c.depth = 0;
    check(&c, 0, node, &root, NULL);
    enum bosa_status status = validation_errors_finish(&errors, err);
    validation_errors_free(&errors);
    return status;
}
