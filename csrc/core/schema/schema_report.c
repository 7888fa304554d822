/*
 * Validation errors as the walk finds them, put into words. Called by schema_check.c; it never
 * decides whether a value is valid.
 */
#include "schema/schema_internal.h"

#include "base/mem.h"

#include <string.h>

#define SHOWN_VALUES 50 /* of an enumeration, in a message */
#define SHOWN_NAMES 15  /* of parameters that there are; of more a message lists none */
#define SHOWN_NAME 60   /* bytes of one of them */

/* ---- errors ---- */

/*
 * Adds an error about the value at `node`; `expected` is completed to "expected X; got Y". Of a
 * wrong type the value itself is not shown: it may be long, and its type says enough.
 */
void report(struct checker *c, const struct place *at, uint32_t node, const char *keyword,
            const char *expected, const char *suggestion)
{
    struct buf text, got;
    if (!c->errors) {
        return;
    }
    buf_init(&text);
    buf_init(&got);
    show_value(&got, c->doc, node);
    buf_addc(&got, '\0');
    bool of_type = strcmp(keyword, "type") == 0;
    if (got.failed) {
        c->errors->failed = true;
    } else {
        buf_addf(&text, "expected %s%s got %s", expected, of_type ? "," : ";",
                 of_type ? json_type_name(c->doc, node) : got.data);
        buf_addc(&text, '\0');
        if (text.failed) {
            c->errors->failed = true;
        } else {
            validation_errors_add(c->errors, at, keyword, expected,
                                  of_type ? json_type_name(c->doc, node) : got.data, suggestion,
                                  text.data);
        }
    }
    buf_free(&text);
    buf_free(&got);
}

/* nearest_try, as long as comparisons are left and the error will be listed. */
static void try_name(struct checker *c, struct nearest *best, const char *wanted, size_t len,
                     const char *name, size_t name_len)
{
    if (c->work->names_left > 0 && !validation_errors_full(c->errors)) {
        c->work->names_left--;
        nearest_try(best, wanted, len, name, name_len);
    }
}

/* The nearest name as an owned string; NULL: none is near, or no memory, which is noted. */
static char *copy_nearest(struct checker *c, const struct nearest *best)
{
    size_t len = 0;
    const char *name = nearest_found(best, &len);
    char *copy = name ? mem_dup(name, len) : NULL;
    c->errors->failed = c->errors->failed || (name && !copy);
    return copy;
}

/* As report, with the expected words in a buffer, which is freed. */
void report_buf(struct checker *c, const struct place *at, uint32_t node, const char *keyword,
                struct buf *expected, const char *suggestion)
{
    buf_addc(expected, '\0');
    if (expected->failed) {
        c->errors->failed = true;
    } else {
        report(c, at, node, keyword, expected->data, suggestion);
    }
    buf_free(expected);
}

/* Appends one of `count` values, of many only the first. */
static void show_item(struct buf *out, const struct json_doc *doc, uint32_t node, uint32_t i,
                      uint32_t count)
{
    if (i < SHOWN_VALUES) {
        buf_adds(out, i ? ", " : "");
        show_value(out, doc, node);
    } else if (i == SHOWN_VALUES) {
        buf_addf(out, " and %lu more", (unsigned long)(count - i));
    }
}

void report_enum(struct checker *c, const struct rule *r, uint32_t node, const struct place *at)
{
    const struct json_doc *doc = c->s->doc;
    struct nearest best = NEAREST_NONE;
    struct buf expected;
    size_t len = 0;
    const char *given = json_text(c->doc, node, &len);
    buf_init(&expected);
    buf_adds(&expected, "one of ");
    uint32_t element = r->enumeration + 1;
    for (uint32_t i = 0; i < doc->nodes[r->enumeration].len; i++) {
        size_t name_len = 0;
        const char *name = json_text(doc, element, &name_len);
        show_item(&expected, doc, element, i, doc->nodes[r->enumeration].len);
        if (given && name) {
            try_name(c, &best, given, len, name, name_len);
        }
        element = json_next(doc, element);
    }
    char *suggestion = copy_nearest(c, &best);
    report_buf(c, at, node, "enum", &expected, suggestion);
    mem_free(suggestion);
}

/* Looks at the names that a rule, and what it applies to the same value for sure, list. */
static void nearest_property(struct checker *c, uint32_t rule, const char *name, size_t len,
                             struct nearest *best)
{
    const struct rule *r;
    reach_begin(c->work, rule);
    while ((r = reach_next(c->work)) != NULL) {
        for (uint32_t i = 0; i < r->properties.count && c->work->names_left > 0; i++) {
            size_t found_len = 0;
            const char *found =
                json_text(c->s->doc, c->s->properties[r->properties.at + i].name, &found_len);
            try_name(c, best, name, len, found, found_len);
        }
        reach_add(c->work, r->ref);
        reach_add_list(c->work, &r->all_of);
    }
}

/*
 * Appends "there are page, query": the names that nearest_property looks at. Nothing where there
 * are none, or too many to be read.
 */
static void show_properties(struct checker *c, uint32_t rule, struct buf *out)
{
    struct buf names;
    uint32_t count = 0;
    const struct rule *r;
    buf_init(&names);
    reach_begin(c->work, rule);
    while (count <= SHOWN_NAMES && (r = reach_next(c->work)) != NULL) {
        for (uint32_t i = 0; i < r->properties.count && count <= SHOWN_NAMES; i++) {
            size_t len = 0;
            const char *name =
                json_text(c->s->doc, c->s->properties[r->properties.at + i].name, &len);
            buf_adds(&names, count > 0 ? ", " : "");
            buf_add(&names, name, len < SHOWN_NAME ? len : SHOWN_NAME);
            count = len < SHOWN_NAME ? count + 1 : SHOWN_NAMES + 1;
        }
        reach_add(c->work, r->ref);
        reach_add_list(c->work, &r->all_of);
    }
    if (count > 0 && count <= SHOWN_NAMES) {
        buf_adds(out, count > 1 ? "there are " : "there is ");
        buf_add(out, names.data, names.len);
    }
    out->failed = out->failed || names.failed;
    buf_free(&names);
}

/* The types of a rule as a person writes values: what is sent as a file is one, and no string. */
static unsigned shown_types(const struct rule *r)
{
    if (!r->binary || r->types == TYPE_ANY) {
        return r->types & ~(unsigned)TYPE_FILE;
    }
    return r->types & ~(unsigned)TYPE_STRING;
}

/*
 * For words in messages: what it says is not what is checked. A rule's own `type` counts for more
 * than its branches'.
 */
unsigned rule_types(struct work *work, uint32_t rule)
{
    const struct rule *r;
    unsigned types = 0;
    reach_begin(work, rule);
    while ((r = reach_next(work)) != NULL) {
        const struct span *branches = r->any_of.count ? &r->any_of : &r->one_of;
        if (r->typed || (branches->count == 0 && r->ref == RULE_NONE)) {
            types |= shown_types(r);
        } else if (branches->count > 0) {
            reach_add_list(work, branches);
        } else {
            reach_add(work, r->ref);
        }
    }
    return types;
}

/*
 * As rule_types, without memory, for a rule that takes `depth` references and unions at most and
 * few branches: *left is how many rules may still be looked at. What is past that is no type.
 */
static unsigned near_types(const struct schema *s, uint32_t rule, int depth, int *left)
{
    if (rule == RULE_NONE || depth == 0 || (*left)-- <= 0) {
        return 0;
    }
    const struct rule *r = &s->rules[rule];
    const struct span *branches = r->any_of.count ? &r->any_of : &r->one_of;
    if (r->typed || (branches->count == 0 && r->ref == RULE_NONE)) {
        return r->types;
    }
    unsigned types = branches->count == 0 ? near_types(s, r->ref, depth - 1, left) : 0;
    for (uint32_t i = 0; *left > 0 && i < branches->count; i++) {
        types |= near_types(s, s->lists[branches->at + i], depth - 1, left);
    }
    return types;
}

struct schema_takes schema_property_takes(const struct schema *schema, const char *name, size_t len)
{
    int left = 100;
    unsigned types = near_types(schema, schema_root_property(schema, name, len), 8, &left);
    return (struct schema_takes){types & TYPE_STRING, types & (TYPE_INTEGER | TYPE_NUMBER)};
}

/* The place is the unknown member's own. */
void report_unknown(struct checker *c, uint32_t rule, const struct place *at)
{
    struct nearest best = NEAREST_NONE;
    if (!c->errors) {
        return;
    }
    nearest_property(c, rule, at->key, at->key_len, &best);
    char *suggestion = copy_nearest(c, &best);
    struct buf known;
    buf_init(&known);
    if (!suggestion && !c->errors->told) {
        c->errors->told = true;
        show_properties(c, rule, &known);
    }
    buf_addc(&known, '\0');
    if (known.failed) {
        c->errors->failed = true;
    } else {
        validation_errors_add(c->errors, at, "additionalProperties", "a known name",
                              "an unknown one", suggestion, known.data);
    }
    mem_free(suggestion);
    buf_free(&known);
}

/* The type of what is missing is told where the rule knows the property. */
void report_missing(struct checker *c, const struct rule *r, const struct place *at)
{
    struct buf type;
    if (!c->errors) {
        return;
    }
    uint32_t rule = schema_find_property(c->s, r, at->key, at->key_len);
    buf_init(&type);
    if (rule != RULE_NONE) {
        show_types(&type, rule_types(c->work, rule));
    }
    buf_addc(&type, '\0');
    if (type.failed) {
        c->errors->failed = true;
    } else {
        validation_errors_add(c->errors, at, "required", type.data, "nothing", NULL, type.data);
    }
    buf_free(&type);
}

/*
 * A missing tag is an error of a required name, one that names no branch an error of the tag's
 * value.
 */
void report_tag(struct checker *c, const struct rule *r, uint32_t tag, const struct place *at)
{
    struct nearest best = NEAREST_NONE;
    struct buf expected;
    size_t len = 0;
    const char *given = tag == JSON_NONE ? NULL : json_text(c->doc, tag, &len);
    buf_init(&expected);
    buf_adds(&expected, "one of ");
    for (uint32_t i = 0; i < r->tags.count; i++) {
        size_t name_len = 0;
        uint32_t node = c->s->tags[r->tags.at + i].name;
        const char *name = json_text(c->s->doc, node, &name_len);
        show_item(&expected, c->s->doc, node, i, r->tags.count);
        if (given && name) {
            try_name(c, &best, given, len, name, name_len);
        }
    }
    if (tag != JSON_NONE) {
        char *suggestion = copy_nearest(c, &best);
        report_buf(c, at, tag, "discriminator", &expected, suggestion);
        mem_free(suggestion);
        return;
    }
    buf_addc(&expected, '\0');
    if (expected.failed) {
        c->errors->failed = true;
    } else {
        validation_errors_add(c->errors, at, "required", expected.data, "nothing", NULL,
                              expected.data);
    }
    buf_free(&expected);
}
