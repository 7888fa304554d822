/*
 * Rules against a value: the walk, and which validation errors it finds. Called by the hub before a
 * request is written; its steps and depth are bounded whatever the schema says.
 */
#include "schema/schema_internal.h"

#include "base/mem.h"

#include <string.h>

#define RULE_STEPS 4 /* a rule that is met, against a comparison of an enumeration */
#define TOO_DEEP                                                                                   \
    "the values are nested too deeply to be checked against the action's schema, or the schema "   \
    "refers to itself without end"
#define TOO_MANY_STEPS                                                                             \
    "checking these values against the action's schema takes too many steps; send smaller or "     \
    "less nested values"
#define FEW_NAMES 16 /* so many required names are looked for from the start */

/*
 * Checking walks rules and value together, in one of two ways.
 *
 *   silent    only whether it is valid; `changes` tells whether something would have to be coerced
 *   speaking  errors are added; walked only when the silent walk has found the value invalid
 *
 * A third walk coerces a valid value: the same way again, with `coercing` set.
 */

/* ---- single values ---- */

/*
 * A value that fits once it is coerced is valid here; `changes` remembers that a third walk is
 * needed.
 */
static bool check_type(struct checker *c, uint32_t index, uint32_t node, const struct place *at)
{
    const struct rule *r = &c->s->rules[index];
    enum fit fit = value_fit(c->doc, node, r->types);
    if (fit == FIT_COERCED) {
        c->changes++;
        if (c->coercing) {
            c->work->round++; /* what was found of this value, and of those around it, is void */
            value_coerce(c->doc, node, r->types);
        }
    }
    if (fit != FIT_NO) {
        return true;
    }
    if (c->errors) {
        struct buf expected;
        buf_init(&expected);
        show_types(&expected, rule_types(c->work, index));
        report_buf(c, at, node, "type", &expected, NULL);
    }
    return false;
}

/* True when the rule takes no such value as it is: an empty `{}` may be meant as `[]`. */
static bool is_other_type(const struct rule *r, const struct json_node *n)
{
    return (r->types & schema_type_bits((enum json_type)n->type)) == 0;
}

/* True when the value at `node`, once it is coerced, is the one at `given` in the schema. */
static bool is_value(const struct checker *c, const struct rule *r, uint32_t given, uint32_t node)
{
    const struct json_node *n = &c->doc->nodes[node], *g = &c->s->doc->nodes[given];
    /* an empty array for an empty object, or the other way round */
    if ((n->flags & JSON_F_EITHER) && is_other_type(r, n)) {
        return g->len == 0 && g->type == (n->type == JSON_OBJECT ? JSON_ARRAY : JSON_OBJECT);
    }
    return json_equal(c->s->doc, given, c->doc, node);
}

/*
 * An enumeration may be as long as a server likes and its values as large, so each comparison costs
 * the steps of its nodes.
 */
static bool in_enum(struct checker *c, const struct rule *r, uint32_t node)
{
    const struct json_doc *doc = c->s->doc;
    uint32_t element = r->enumeration + 1;
    for (uint32_t i = 0; i < doc->nodes[r->enumeration].len; i++) {
        if (!work_take(c->work, json_next(doc, element) - element)) {
            return false;
        }
        if (is_value(c, r, element, node)) {
            return true;
        }
        element = json_next(doc, element);
    }
    return false;
}

/* As one value of an enumeration. */
static bool is_constant(struct checker *c, const struct rule *r, uint32_t node)
{
    const struct json_doc *doc = c->s->doc;
    return work_take(c->work, json_next(doc, r->constant) - r->constant) &&
           is_value(c, r, r->constant, node);
}

/* enum and const. Values are compared as JSON has them: 1 and 1.0 are equal. */
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
    if (r->constant != JSON_NONE && !is_constant(c, r, node)) {
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

/*
 * One limit of a number: "at most 100". Returns whether it holds; in a speaking walk one that
 * doesn't is an error.
 */
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

/* Counts the steps of a look at the bytes of a string, or of digits. False: there are no more. */
static bool take_text(struct checker *c, uint32_t node)
{
    size_t len = 0;
    (void)json_text(c->doc, node, &len);
    return work_take(c->work, len / SCHEMA_STEP_BYTES);
}

/*
 * Also for digits that may stand for a number (JSON_F_BIGDIGITS). Every limit is checked, so that a
 * speaking walk tells all that are passed.
 */
static bool check_number(struct checker *c, const struct rule *r, uint32_t node,
                         const struct place *at)
{
    const struct json_doc *doc = c->s->doc;
    if (!take_text(c, node)) {
        return false;
    }
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

/* The length is counted only where the schema has a bound. */
static bool check_string(struct checker *c, const struct rule *r, uint32_t node,
                         const struct place *at)
{
    static const char *const keywords[2] = {"minLength", "maxLength"};
    if (r->min_length == 0 && r->max_length == UINT64_MAX) {
        return true;
    }
    return take_text(c, node) && check_count(c, value_length(c->doc, node), r->min_length,
                                             r->max_length, at, keywords, "characters");
}

/* ---- arrays ---- */

/* The rule of element `i`: prefixItems first, then items. RULE_NONE: nothing is asked of it. */
static uint32_t item_rule(const struct schema *s, const struct rule *r, uint32_t i)
{
    return i < r->prefix.count ? s->lists[r->prefix.at + i] : r->items;
}

/*
 * Also for an empty object that may be meant as an array (JSON_F_EITHER): both have no elements.
 * Stops at the first invalid element of a silent walk.
 */
static bool check_array(struct checker *c, const struct rule *r, uint32_t node,
                        const struct place *at)
{
    static const char *const keywords[2] = {"minItems", "maxItems"};
    uint32_t count = c->doc->nodes[node].len;
    bool valid = check_count(c, count, r->min_items, r->max_items, at, keywords, "items");
    if (r->unique && !value_is_unique(c->work, c->doc, node)) {
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
        if (rule != RULE_NONE && !check_rule(c, rule, element, &place, NULL)) {
            valid = false;
        }
        element = json_next(c->doc, element);
    }
    return valid;
}

/* ---- objects ---- */

/*
 * A member whose name the rule doesn't list: additionalProperties, or with SCHEMA_STRICT_NAMES an
 * error unless a rule further out at the same value knows the name.
 */
static bool check_extra(struct checker *c, uint32_t index, uint32_t value, const struct place *at,
                        const struct scope *outer)
{
    const struct rule *r = &c->s->rules[index];
    if (r->patterns) {
        return true; /* one of them may be meant: the server's regular expressions are its own */
    }
    if (r->additional != RULE_NONE) {
        return check_rule(c, r->additional, value, at, NULL);
    }
    bool strict = (c->options & SCHEMA_STRICT_NAMES) && r->has_properties &&
                  !name_is_known(c->work, index, at->key, at->key_len) &&
                  !name_is_known_outside(c->work, outer, at->key, at->key_len);
    if (!r->closed && !strict) {
        return true;
    }
    report_unknown(c, index, at);
    return false;
}

/* By its own rule, or as one that the rule doesn't list. */
static bool check_member(struct checker *c, uint32_t index, uint32_t key, const struct place *at,
                         const struct scope *outer)
{
    struct place place = {at, NULL, 0, 0};
    place.key = json_text(c->doc, key, &place.key_len);
    uint32_t rule = schema_find_property(c->s, &c->s->rules[index], place.key, place.key_len);
    return rule != RULE_NONE ? check_rule(c, rule, key + 1, &place, NULL)
                             : check_extra(c, index, key + 1, &place, outer);
}

/* Of a name that is given twice both values are checked. */
static bool check_members(struct checker *c, uint32_t index, uint32_t node, const struct place *at,
                          const struct scope *outer)
{
    const struct rule *r = &c->s->rules[index];
    bool valid = true;
    uint32_t key = node + 1;
    if (!r->has_properties && r->additional == RULE_NONE && !r->closed) {
        return true;
    }
    struct ordered_member *ordered = order_members(c, r, node);
    for (uint32_t i = 0; i < c->doc->nodes[node].len && (valid || c->errors); i++) {
        valid &= check_member(c, index, ordered ? ordered[i].key : key, at, outer);
        key = json_next(c->doc, key + 1);
    }
    mem_free(ordered);
    return valid;
}

/*
 * Names by the schema's order, which the errors then have. An index pays only for many names:
 * without one each search goes through the object.
 */
static bool check_required(struct checker *c, const struct rule *r, uint32_t node,
                           const struct place *at)
{
    struct json_index index = {0};
    bool valid = true, many = r->required.count > FEW_NAMES;
    if (!work_take(c->work, r->required.count)) {
        return false;
    }
    if (many && !json_index_build(&index, c->doc, node)) {
        c->work->failed = true;
        return false;
    }
    for (uint32_t i = 0; i < r->required.count && (valid || c->errors); i++) {
        struct place place = {at, NULL, 0, 0};
        place.key = json_text(c->s->doc, c->s->lists[r->required.at + i], &place.key_len);
        uint32_t value = many ? json_index_get(&index, place.key, place.key_len)
                              : json_get(c->doc, node, place.key, place.key_len);
        if (value == JSON_NONE) {
            report_missing(c, r, &place);
            valid = false;
        }
    }
    json_index_free(&index);
    return valid;
}

/* Required names first: a silent walk then often need not go through the members. */
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

/* ---- one rule ---- */

/* Every part sees the whole value; names that another part lists are known through `scope`. */
static bool check_all_of(struct checker *c, const struct rule *r, uint32_t node,
                         const struct place *at, const struct scope *scope)
{
    bool valid = true;
    for (uint32_t i = 0; i < r->all_of.count && (valid || c->errors); i++) {
        valid &= check_rule(c, c->s->lists[r->all_of.at + i], node, at, scope);
    }
    return valid;
}

/* Enters a rule that can know names of the value for those that it applies to the same one. */
static const struct scope *widen(struct checker *c, uint32_t index, struct scope *scope,
                                 const struct scope *outer)
{
    const struct rule *r = &c->s->rules[index];
    if (!r->names || !(c->options & SCHEMA_STRICT_NAMES)) {
        return outer;
    }
    *scope = (struct scope){outer, index, ++c->work->scopes};
    return scope;
}

/* The keywords that apply other schemas to the same value. */
static bool check_applicators(struct checker *c, uint32_t index, uint32_t node,
                              const struct place *at, const struct scope *outer)
{
    const struct rule *r = &c->s->rules[index];
    struct scope own;
    const struct scope *scope = widen(c, index, &own, outer);
    unsigned ignored = 0;
    bool valid = true;
    if (r->ref != RULE_NONE) {
        valid &= check_rule(c, r->ref, node, at, scope);
    }
    if (r->all_of.count > 0) {
        valid &= check_all_of(c, r, node, at, scope);
    }
    if (r->any_of.count > 0 && (valid || c->errors)) {
        valid &= check_union(c, index, &r->any_of, false, node, at, scope);
    }
    if (r->discriminator != JSON_NONE) {
        valid &= check_tagged(c, index, node, at, scope);
    } else if (r->one_of.count > 0 && (valid || c->errors)) {
        valid &= check_union(c, index, &r->one_of, true, node, at, scope);
    }
    if (r->negated != RULE_NONE && check_silently(c, r->negated, node, at, scope, &ignored)) {
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
    if (r->binary && json_type(c->doc, node) == JSON_STRING) {
        report(c, at, node, "type", "file", NULL);
        return false;
    }
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
    if (n->type != JSON_ARRAY && n->type != JSON_OBJECT) {
        return valid;
    }
    bool is_array = (n->type == JSON_ARRAY) != is_other_type(r, n);
    return (is_array ? check_array(c, r, node, at) : check_object(c, index, node, at, outer)) &&
           valid;
}

/* Both kinds of keywords. */
static bool check_keywords(struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                           const struct scope *outer)
{
    const struct rule *r = &c->s->rules[rule];
    c->depth++;
    c->forks += r->fork;
    bool valid = (r->asserted & schema_type_bits(json_type(c->doc, node))) ||
                 check_assertions(c, rule, node, at, outer);
    if (r->applies && (valid || c->errors)) {
        valid = check_applicators(c, rule, node, at, outer) && valid;
    }
    c->forks -= r->fork;
    c->depth--;
    return valid;
}

/*
 * What comes of a rule at a value is kept where it may be asked for again. What depends on itself
 * has no result: the branch that asks doesn't fit. Such results hold only where they were
 * found.
 */
static bool check_kept(struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                       const struct scope *outer)
{
    const struct found_key key = {rule, node, outer ? outer->id : 0, false};
    const struct found *found = work_find(c->work, &key);
    if (found && found->state == FOUND_OPEN) {
        c->work->rings++;
        return false;
    }
    if (found) {
        c->changes += (unsigned)found->value;
        return found->state == FOUND_VALID;
    }
    uint32_t rings = c->work->rings;
    unsigned before = c->changes;
    work_note(c->work, &key, FOUND_OPEN, 0);
    bool valid = check_keywords(c, rule, node, at, outer);
    if (c->work->rings == rings) {
        work_note(c->work, &key, valid ? FOUND_VALID : FOUND_INVALID, c->changes - before);
    } else {
        work_drop(c->work, &key);
    }
    return valid;
}

/*
 * One schema at one value. A mere $ref is passed over without a level of depth; the depth bounds
 * C's stack, the steps bound the time. Results are kept only in silent walks: the others have
 * effects. Where nothing but its type is asked of a value, there is nothing more to walk.
 */
bool check_rule(struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                const struct scope *outer)
{
    if (!work_take(c->work, RULE_STEPS)) {
        return false;
    }
    const struct rule *r = &c->s->rules[rule];
    if (r->alias) {
        rule = r->ref;
        r = &c->s->rules[rule];
    }
    if (c->depth >= SCHEMA_MAX_DEPTH) {
        c->work->deep = true;
        return work_take(c->work, UINT64_MAX); /* what fits or not can't be said */
    }
    if (r->plain & schema_type_bits(json_type(c->doc, node))) {
        return true;
    }
    bool keeps = r->fork && c->forks > 0 && !c->errors && !c->coercing;
    return keeps ? check_kept(c, rule, node, at, outer) : check_keywords(c, rule, node, at, outer);
}

/*
 * The errors of a value that doesn't fit, or that there was too much work to say. The speaking walk
 * gets fresh steps; should it run out of them before it finds anything, that is the one error.
 */
static enum bosa_status list_errors(struct checker *c, uint32_t node, const char *what,
                                    struct bosa_error *err)
{
    const struct place root = {NULL, NULL, 0, 0};
    struct validation_errors errors;
    bool spent = c->work->spent;
    validation_errors_init(&errors, what);
    if (!spent) {
        work_renew(c->work, c->doc);
        c->errors = &errors;
        check_rule(c, 0, node, &root, NULL);
        c->errors = NULL;
    }
    if (errors.count == 0) {
        validation_errors_add(&errors, &root, c->work->deep ? "depth" : "steps",
                              "values that can be checked", json_type_name(c->doc, node), NULL,
                              c->work->deep ? TOO_DEEP : TOO_MANY_STEPS);
    }
    errors.failed = errors.failed || c->work->failed;
    enum bosa_status status = validation_errors_finish(&errors, err);
    validation_errors_free(&errors);
    return status;
}

/* Silently first; then, where it fits, what has to be coerced is, else the errors are found. */
static enum bosa_status check_all(struct checker *c, uint32_t node, const char *what,
                                  struct bosa_error *err)
{
    const struct place root = {NULL, NULL, 0, 0};
    bool valid = check_rule(c, 0, node, &root, NULL) && !c->work->spent;
    if (valid && c->changes > 0 && (c->options & SCHEMA_UNCHANGED) && !c->work->failed) {
        return BOSA_AGAIN;
    }
    if (valid && c->changes > 0) {
        c->coercing = true;
        (void)check_rule(c, 0, node, &root, NULL);
        c->coercing = false;
        valid = !c->work->spent;
    }
    if (c->work->failed) {
        return error_nomem(err);
    }
    return valid ? BOSA_OK : list_errors(c, node, what, err);
}

/* One check has steps and results of its own; the schema isn't changed, so calls share it. */
enum bosa_status schema_check(const struct schema *schema, struct json_doc *value, uint32_t node,
                              unsigned options, const char *what, struct bosa_error *err)
{
    struct work work;
    struct checker c = {.s = schema, .doc = value, .work = &work, .options = options};
    work_init(&work, schema, value);
    enum bosa_status status = check_all(&c, node, what, err);
    work_free(&work);
    return status;
}
