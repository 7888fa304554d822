/*
 * Alternatives: which of them a value fits, and when it fits none, which was meant. Called by
 * schema_check.c. Branches are tried silently: one that is only tried leaves neither an error nor a
 * change.
 */
#include "schema/schema_internal.h"

#include <string.h>

/*
 * A copy of the checker, so that errors, coercing and `changes` are not the caller's; steps and
 * results are shared.
 */
bool check_silently(const struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                    const struct scope *outer, unsigned *changes)
{
    struct checker silent = *c;
    silent.errors = NULL;
    silent.coercing = false;
    silent.changes = 0;
    bool valid = check_rule(&silent, rule, node, at, outer);
    *changes = silent.changes;
    return valid;
}

/*
 * An optional value is often a union with null; that branch is passed over when it is guessed which
 * was meant.
 */
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

/*
 * Errors that a branch would have, kept as other results are. A branch within itself counts as one,
 * so that this ends.
 */
static size_t count_errors(struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                           const struct scope *outer)
{
    const struct found_key key = {rule, node, outer ? outer->id : 0, true};
    const struct found *found = work_find(c->work, &key);
    struct validation_errors errors;
    struct checker counting = *c;
    if (found) {
        return found->state == FOUND_OPEN ? 1 : found->value;
    }
    work_note(c->work, &key, FOUND_OPEN, 0);
    validation_errors_init(&errors, "");
    counting.errors = &errors;
    counting.coercing = false;
    check_rule(&counting, rule, node, at, outer);
    size_t count = errors.count;
    c->errors->failed = c->errors->failed || errors.failed;
    validation_errors_free(&errors);
    work_note(c->work, &key, FOUND_INVALID, count);
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
        size_t count = count_errors(c, rule, node, at, outer);
        best = count < fewest ? rule : count == fewest ? RULE_NONE : best;
        fewest = count < fewest ? count : fewest;
    }
    if (others == 1 && json_type(c->doc, node) != JSON_NULL) {
        return only;
    }
    return candidates > 0 ? best : RULE_NONE;
}

/*
 * Tells what the likely branch finds wrong; where none is likelier, which types or forms are
 * allowed.
 */
static void report_union(struct checker *c, uint32_t index, const struct span *branches,
                         uint32_t node, const struct place *at, const struct scope *outer,
                         const char *keyword)
{
    if (!c->errors) {
        return;
    }
    uint32_t rule = likely_branch(c, branches, node, at, outer);
    if (rule != RULE_NONE) {
        check_rule(c, rule, node, at, outer);
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
    show_types(&expected, rule_types(c->work, index));
    report_buf(c, at, node, by_type ? "type" : keyword, &expected, NULL);
}

/* anyOf, and oneOf without a tag. The branch that is walked for good is one that needs no change,
 * else the first that fits. */
bool check_union(struct checker *c, uint32_t index, const struct span *branches, bool single,
                 uint32_t node, const struct place *at, const struct scope *outer)
{
    uint32_t chosen = RULE_NONE, fitting = 0;
    unsigned least = 0;
    for (uint32_t i = 0; i < branches->count; i++) {
        uint32_t rule = c->s->lists[branches->at + i];
        unsigned changes = 0;
        if (!check_silently(c, rule, node, at, outer, &changes)) {
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
    return !c->coercing || least == 0 || check_rule(c, chosen, node, at, outer);
}

/*
 * True when a tag of the union is the value's. A mapping names its tags in strings, as JSON has no
 * other names, also those that are integers or booleans.
 */
static bool is_tagged(const struct schema *s, const struct tag *tag, const struct json_doc *doc,
                      uint32_t value, const struct buf *words)
{
    size_t len = 0;
    const char *name = json_text(s->doc, tag->name, &len);
    if (json_equal(s->doc, tag->name, doc, value)) {
        return true;
    }
    return name && words->len > 0 && len == words->len && memcmp(name, words->data, len) == 0;
}

/* Writes what a mapping calls a tag that is no string: "1", "true". */
static void write_tag(struct buf *out, const struct json_doc *doc, uint32_t value)
{
    const struct json_node *n = &doc->nodes[value];
    if (n->type == JSON_TRUE || n->type == JSON_FALSE) {
        buf_adds(out, n->type == JSON_TRUE ? "true" : "false");
    } else if (n->type == JSON_INT) {
        json_write_int(out, n->v.i);
    } else if (n->type == JSON_DOUBLE && n->v.d >= -9007199254740992.0 &&
               n->v.d <= 9007199254740992.0 && (double)(int64_t)n->v.d == n->v.d) {
        json_write_int(out, (int64_t)n->v.d);
    }
}

/* The rule that a tag names; RULE_NONE: none. */
static uint32_t tagged_rule(struct checker *c, const struct rule *r, uint32_t tag)
{
    struct buf words;
    uint32_t rule = RULE_NONE;
    buf_init(&words);
    write_tag(&words, c->doc, tag);
    c->work->failed = c->work->failed || words.failed;
    for (uint32_t i = 0; rule == RULE_NONE && i < r->tags.count && work_take(c->work, 1); i++) {
        const struct tag *t = &c->s->tags[r->tags.at + i];
        if (is_tagged(c->s, t, c->doc, tag, &words)) {
            rule = t->rule;
        }
    }
    buf_free(&words);
    return rule;
}

/*
 * Only the branch that the tag names is walked, so its errors are the union's, and no guess is
 * needed.
 */
bool check_tagged(struct checker *c, uint32_t index, uint32_t node, const struct place *at,
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
    uint32_t rule = tag == JSON_NONE ? RULE_NONE : tagged_rule(c, r, tag);
    if (rule != RULE_NONE) {
        return check_rule(c, rule, node, at, outer);
    }
    if (c->errors) {
        report_tag(c, r, tag, &place);
    }
    return false;
}
