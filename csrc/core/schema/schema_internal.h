/*
 * schema_internal: the compiled form, shared by the files of schema.
 *
 *   schema_compile.c  document -> array of rules
 *   schema_discriminator.c    which branch each tag of a union names
 *   schema_ref.c      where references lead
 *   schema_anchor.c   those that are no pointers from the root
 *   schema_keyword.c  the keywords' names, and those with a plain value
 *   schema_plain.c    which types of values a rule takes as they are
 *   schema_check.c    rules against a value: errors, and what is coerced
 *   schema_names.c    which names an object may have
 *   schema_union.c    the rules that are alternatives
 *   schema_work.c     what a check has cost and found so far
 *   schema_report.c   the checker's errors, put together
 *   schema_value.c    questions about single values: types, numbers, lengths
 *   validation_error.c    errors in words
 */
#ifndef BOSA_SCHEMA_INTERNAL_H
#define BOSA_SCHEMA_INTERNAL_H

#include "schema/schema.h"

#include "base/nearest.h"

#define RULE_NONE UINT32_MAX

/* Bits of the types that a rule allows. */
enum {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_INTEGER = 4,
    TYPE_NUMBER = 8,
    TYPE_STRING = 16,
    TYPE_ARRAY = 32,
    TYPE_OBJECT = 64,
    TYPE_FILE = 128, /* no type of JSON Schema: a string whose format is binary */
    TYPE_ANY = 255
};

/* A run of indices: rules or document nodes in schema->lists. */
struct span {
    uint32_t at, count;
};

struct property {
    uint32_t name; /* node of the name in the schema's document */
    uint32_t rule;
};

/* A tag of a discriminated union and the rule that it names. */
struct tag {
    uint32_t name; /* node of a value that is neither list nor object */
    uint32_t rule;
};

/* One schema. Document nodes are JSON_NONE, rules RULE_NONE, where the keyword is absent. */
struct rule {
    uint32_t node;          /* where it stands in the document */
    unsigned types;         /* TYPE_ bits; 0: nothing is valid (the schema `false`) */
    unsigned plain;         /* of these, the ones of which nothing else is asked at all ... */
    unsigned asserted;      /* ... or nothing but what other rules say of the same value */
    bool typed;             /* `type` was given */
    bool binary;            /* a string is a file */
    bool alias;             /* nothing but a $ref */
    bool applies;           /* another schema applies to the same value */
    bool names;             /* can know names of an object for those that it applies */
    bool fork;              /* looks at one value, or at what is in it, more than once */
    bool unique;            /* uniqueItems */
    bool closed;            /* additionalProperties: false */
    bool patterns;          /* patternProperties: which names those are isn't known here */
    bool open;              /* unevaluatedProperties, or a $ref that can't be followed: any name */
    bool has_properties;    /* `properties` was given, maybe empty */
    struct span properties; /* of schema->properties, in the order of an index */
    struct span required;   /* nodes of names */
    struct span prefix, all_of, any_of, one_of; /* rules */
    struct span conditional; /* rules of then, else, dependentSchemas: only their names count */
    struct span tags;        /* of schema->tags */
    uint32_t discriminator;  /* node of the property's name */
    uint32_t additional, items, negated, ref;          /* rules */
    uint32_t enumeration, constant;                    /* nodes */
    uint32_t minimum, maximum, above, below, multiple; /* nodes of numbers */
    uint64_t min_length, max_length, min_items, max_items, min_members, max_members;
};

struct schema {
    const struct json_doc *doc; /* borrowed */
    struct rule *rules;         /* owned, as the rest; rule 0 is the root */
    struct property *properties;
    struct tag *tags;
    uint32_t *lists;
    size_t rule_count, property_count, tag_count, list_count;
    size_t rule_cap, property_cap, tag_cap, list_cap;
    bool takes_files;
};

/* A property, NULL when `rule` doesn't list the name itself. */
const struct property *schema_property(const struct schema *s, const struct rule *rule,
                                       const char *name, size_t len);

/* The rule of a property, RULE_NONE when `rule` doesn't list the name itself. */
uint32_t schema_find_property(const struct schema *s, const struct rule *rule, const char *name,
                              size_t len);

/*
 * The rule of a property of `rule` (may be RULE_NONE), or of what that refers to, no further than
 * 20 references; RULE_NONE: none lists such a name.
 */
uint32_t schema_offered_property(const struct schema *schema, uint32_t rule, const char *name,
                                 size_t len);

/* The same from the root on. */
uint32_t schema_root_property(const struct schema *schema, const char *name, size_t len);

/* ---- schema_ref.c ---- */

/* The members of a schema's large objects, once a reference has led into one. Zeroed at first. */
struct ref_index {
    struct ref_member *members; /* owned */
    size_t count;
    uint32_t *marks; /* owned: the objects with an anchor, an $id or $defs, once one is looked for
                      */
    size_t mark_count;
    bool marked;
    uint64_t steps; /* taken along arrays and marks so far */
    bool spent;     /* too many of them: nothing is found any more */
};

/*
 * What a reference in the schema at `root` names: "#/..." from `root` on, or from a schema around
 * the reference that has $defs or an $id of its own; "#name", by an anchor; "name#...", by an $id.
 * `from` is the reference's node, a string. *out JSON_NONE: nothing here. False: no memory.
 */
bool ref_find(struct ref_index *index, const struct json_doc *doc, uint32_t root, uint32_t from,
              uint32_t *out);
void ref_index_free(struct ref_index *index);

/* ---- schema_anchor.c ---- */

/* As ref_find, for what is not found from the root. */
bool anchor_find(struct ref_index *index, const struct json_doc *doc, uint32_t root, uint32_t from,
                 uint32_t *out);

/* The node that the JSON pointer "/..." names from `from` on, JSON_NONE: none. False: no memory. */
bool ref_follow(struct ref_index *index, const struct json_doc *doc, uint32_t root, uint32_t from,
                const char *pointer, size_t len, uint32_t *out);

/* ---- schema_keyword.c ---- */

enum keyword {
    K_REF,
    K_TYPE,
    K_ENUM,
    K_CONST,
    K_PROPERTIES,
    K_REQUIRED,
    K_ADDITIONAL,
    K_ITEMS,
    K_PREFIX,
    K_ANY_OF,
    K_ONE_OF,
    K_ALL_OF,
    K_NOT,
    K_DISCRIMINATOR,
    K_MINIMUM,
    K_MAXIMUM,
    K_ABOVE,
    K_BELOW,
    K_MULTIPLE,
    K_MIN_LENGTH,
    K_MAX_LENGTH,
    K_MIN_ITEMS,
    K_MAX_ITEMS,
    K_UNIQUE,
    K_MIN_MEMBERS,
    K_MAX_MEMBERS,
    K_FORMAT,
    K_MEDIA_TYPE,
    K_NULLABLE,
    K_PATTERNS,
    K_UNEVALUATED,
    K_THEN,
    K_ELSE,
    K_DEPENDENT,
    K_DEPENDENCIES,     /* of older drafts: dependentSchemas and dependentRequired */
    K_ADDITIONAL_ITEMS, /* of older drafts, whose items may be a list */
    K_DYNAMIC_REF,
    K_RECURSIVE_REF, /* of draft 2019-09 */
    K_COUNT
};

/* The keyword of this name (a node); K_COUNT: none of ours. */
enum keyword keyword_of(const struct json_doc *doc, uint32_t name);

/* Takes a keyword whose value is a number, a word or a flag; others are passed over. */
void keyword_read_simple(const struct json_doc *doc, enum keyword k, uint32_t v, struct rule *r);

/* ---- schema_plain.c ---- */

/* The types that a value of this type has without being coerced. */
unsigned schema_type_bits(enum json_type type);

/* Fills `plain`, `asserted`, `applies` and `names` of all rules, when these have been read. */
void schema_find_plain(struct schema *s);

/* ---- schema_value.c ---- */

struct work;

/* How a value fits a set of types. */
enum fit {
    FIT_NO,
    FIT_YES,
    FIT_COERCED /* once the value is coerced: a whole double as integer, `{}` as `[]`, digits as
                   integer */
};

enum fit value_fit(const struct json_doc *doc, uint32_t node, unsigned types);

/* Makes of a value that fits only changed what the types ask. */
void value_coerce(struct json_doc *doc, uint32_t node, unsigned types);

/* True for numbers and for digits in a string that may stand for one. */
bool value_is_number(const struct json_doc *doc, uint32_t node);
long double value_number(const struct json_doc *doc, uint32_t node);

/* Unicode code points of a string. */
uint64_t value_length(const struct json_doc *doc, uint32_t node);

/* True when `value` is a whole multiple of `step`. */
bool value_is_multiple(const struct json_doc *doc, uint32_t value, const struct json_doc *of,
                       uint32_t step);

/*
 * True when no two elements of the array are equal. Its steps are counted; false also without steps
 * or memory: then no result of `work` counts.
 */
bool value_is_unique(struct work *work, const struct json_doc *doc, uint32_t array);

/* ---- validation_error.c ---- */

/* Where in the value the checker is: a chain from the present place up to the root. */
struct place {
    const struct place *up; /* NULL: the root */
    const char *key;        /* borrowed; NULL: `index` counts */
    size_t key_len;
    uint32_t index;
};

struct validation_errors {
    struct json_doc list; /* array under construction */
    uint32_t open;        /* its node */
    uint32_t listed;
    size_t count;     /* also those that aren't listed */
    const char *what; /* "parameter" */
    char *first;      /* owned: the first message */
    bool told;        /* one error tells all names that there are; one is enough */
    bool failed;      /* no memory */
};

/* No suggestion is looked for any more: the errors to come are counted only. */
bool validation_errors_full(const struct validation_errors *errors);

void validation_errors_init(struct validation_errors *errors, const char *what);

/* Adds an error. `text` is what is wrong, without the path; the words for a name that is missing or
 * unknown differ. */
void validation_errors_add(struct validation_errors *errors, const struct place *at,
                           const char *keyword, const char *expected, const char *got,
                           const char *suggestion, const char *text);

/* Moves everything to `err` as schema.h says. */
enum bosa_status validation_errors_finish(struct validation_errors *errors, struct bosa_error *err);
void validation_errors_free(struct validation_errors *errors);

/* Appends a value in short form: a scalar itself (a long string cut), else its type. */
void show_value(struct buf *out, const struct json_doc *doc, uint32_t node);

/* Appends the words for types: "string", "string or integer". */
void show_types(struct buf *out, unsigned types);

/* ---- schema_work.c ---- */

/* What a result belongs to: a rule at a value, and the rules further out that know names of it. */
struct found_key {
    uint32_t rule, node, scope;
    bool counting; /* the errors of a branch, not whether it fits */
};

enum found_state { FOUND_OPEN, FOUND_VALID, FOUND_INVALID };

struct found {
    struct found_key key;
    bool used;
    uint32_t round;         /* results of earlier rounds are void: values have changed since */
    enum found_state state; /* FOUND_OPEN: it is being found out, so who asks goes round in a ring
                             */
    size_t value;           /* changes that coercing would make; errors, when counting */
};

/* One check's steps and results; shared by all of its walks. */
struct work {
    const struct schema *s;
    uint64_t left;       /* steps */
    uint64_t names_left; /* comparisons for suggestions */
    bool spent;          /* there were too many steps: no result counts */
    bool deep;           /* spent because of SCHEMA_MAX_DEPTH */
    bool failed;         /* no memory */
    struct found *found; /* owned; by hash */
    size_t found_cap, found_count;
    uint32_t round;
    uint32_t rings;           /* how often a result depended on itself */
    uint32_t scopes;          /* made so far */
    uint32_t *stamps, *queue; /* one block, owned; of a walk over rules */
    uint32_t stamp, first, last;
};

void work_init(struct work *work, const struct schema *s, const struct json_doc *doc);
void work_free(struct work *work);

/* All the steps again, for another walk. */
void work_renew(struct work *work, const struct json_doc *doc);

/* Counts steps; false, for good, when there were too many or no memory. */
static inline bool work_take(struct work *work, uint64_t steps)
{
    if (work->failed || work->left < steps) {
        work->spent = true;
        work->left = 0; /* every walk ends soon */
        return false;
    }
    work->left -= steps;
    return true;
}

/* What is known of a key in this round; NULL: nothing. Good until the next work_note. */
const struct found *work_find(struct work *work, const struct found_key *key);
void work_note(struct work *work, const struct found_key *key, enum found_state state,
               size_t value);
void work_drop(struct work *work, const struct found_key *key);

/* A walk over rules that apply to the same value, each once: begin, add what a rule leads to. */
void reach_begin(struct work *work, uint32_t rule);
void reach_add(struct work *work, uint32_t rule);
void reach_add_list(struct work *work, const struct span *list);
const struct rule *reach_next(struct work *work);

/* ---- schema_check.c, schema_names.c, schema_union.c ---- */

/* What a walk over rules and value knows. */
struct checker {
    const struct schema *s;
    struct json_doc *doc;
    struct work *work;
    struct validation_errors *errors; /* NULL: silent */
    unsigned options;
    unsigned changes; /* values that fit only once they are coerced */
    bool coercing;
    int depth;
    int forks; /* rules around this one that look at its value more than once */
};

/* The rules that apply to the same value, from the innermost out: a name is known when one of them
 * knows it. */
struct scope {
    const struct scope *up;
    uint32_t rule;
    uint32_t id;
};

/* True when `rule`, or what it applies to the same value, lists the name or is open to any. */
bool name_is_known(struct work *work, uint32_t rule, const char *name, size_t len);

/* True when a rule further out knows the name by itself, not by one of its alternatives. */
bool name_is_known_outside(struct work *work, const struct scope *outer, const char *name,
                           size_t len);

bool check_rule(struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                const struct scope *outer);

/* Walks a branch silently, without coercing. *changes: what would have to be coerced. */
bool check_silently(const struct checker *c, uint32_t rule, uint32_t node, const struct place *at,
                    const struct scope *outer, unsigned *changes);

/* anyOf, and oneOf (`single`) without a tag. */
bool check_union(struct checker *c, uint32_t index, const struct span *branches, bool single,
                 uint32_t node, const struct place *at, const struct scope *outer);

/* oneOf with a discriminator: the tag names the branch, and must be there. */
bool check_tagged(struct checker *c, uint32_t index, uint32_t node, const struct place *at,
                  const struct scope *outer);

/* ---- schema_report.c; all of them do nothing but note a lack of memory where there is one ----
 */

/* Adds an error about the value at `node`; `expected` is completed to "expected X; got Y". Silent
 * walks add nothing. */
void report(struct checker *c, const struct place *at, uint32_t node, const char *keyword,
            const char *expected, const char *suggestion);

/* As report, with the expected words in a buffer, which is freed. */
void report_buf(struct checker *c, const struct place *at, uint32_t node, const char *keyword,
                struct buf *expected, const char *suggestion);

/* A value that is not one of the enumeration; the nearest is suggested. */
void report_enum(struct checker *c, const struct rule *r, uint32_t node, const struct place *at);

/* The types that a rule and the branches of its unions allow. */
unsigned rule_types(struct work *work, uint32_t rule);

/* A name that the rule doesn't know. Silent walks add nothing. */
void report_unknown(struct checker *c, uint32_t rule, const struct place *at);

/* A required name that isn't there. */
void report_missing(struct checker *c, const struct rule *r, const struct place *at);

/* A tag that is missing (JSON_NONE) or names no branch. */
void report_tag(struct checker *c, const struct rule *r, uint32_t tag, const struct place *at);

/* ---- schema_order.c ---- */

struct ordered_member {
    const char *name; /* borrowed from the document */
    size_t len;
    uint32_t place, key; /* in the schema; the node of the name */
};

/* All members of an object: those that the rule lists in its order, then the others by their names.
 * Owned by the caller. NULL: the order doesn't matter, in a silent walk for one, or there is no
 * memory, which is noted. */
struct ordered_member *order_members(const struct checker *c, const struct rule *r, uint32_t node);

#endif
