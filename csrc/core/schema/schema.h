/*
 * schema: JSON Schema (2020-12, the keywords that BOSA servers send, and what older drafts and
 * other dialects say in their place) compiled to a validator.
 *
 * Applied: $ref (into the same document, with siblings, recursive), $defs, type (also lists of
 * types, and BOSA's "any"), enum, const, properties, required, additionalProperties, items,
 * prefixItems, anyOf, oneOf, allOf, not, discriminator (names the branch of a oneOf), minimum,
 * maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength, minItems,
 * maxItems, uniqueItems, minProperties, maxProperties, format "binary" and what newer servers say
 * in its place, contentMediaType "application/octet-stream". A property of the older form
 * {"schema": {...}} is read as that schema. Also read: $anchor, $id and $dynamicRef, a list of
 * items with additionalItems, exclusiveMinimum as a flag, nullable. null for a keyword is as if it
 * were absent.
 *
 * Left to the server: if, then, else, dependentSchemas, patternProperties and
 * unevaluatedProperties, of which only the names count (those that match a pattern may be any), and
 * a $ref to another document or to nowhere. An unknown keyword is passed over, and so is one whose
 * value is malformed: one mistake of the server's must not cost a whole action.
 *
 * Nothing is turned into something else: a number is no string, a string no number. What a caller's
 * language can't say is coerced: a whole double becomes an integer where one is asked for, an empty
 * container of unknown kind (JSON_F_EITHER) becomes what the schema says, a string of digits past
 * the VM's numbers (JSON_F_BIGDIGITS) becomes a bare integer. These changes are made in the checked
 * document itself, only when the whole of it is valid; a number keeps its type where both would do.
 */
#ifndef BOSA_SCHEMA_H
#define BOSA_SCHEMA_H

#include "json/json.h"

#define SCHEMA_MAX_ERRORS 64 /* more than these are counted, not listed */
/* schemas applied within each other to one document; deeper is an error */
#define SCHEMA_MAX_DEPTH 200
/*
 * Steps of one check: a rule met, an enumeration's value compared, SCHEMA_STEP_BYTES of a text
 * looked at. A server that writes a schema and a model that writes a value could ask for any
 * number; past so many, and so many for each node of the value, and looks at each byte of it, the
 * check ends with an error.
 */
#define SCHEMA_MAX_STEPS (UINT64_C(1) << 22)
#define SCHEMA_STEPS_A_NODE 256
#define SCHEMA_LOOKS_A_BYTE 16
#define SCHEMA_STEP_BYTES 64
/* names compared for the suggestions of one check */
#define SCHEMA_MAX_NAMES (UINT64_C(1) << 17)

enum schema_option {
    SCHEMA_STRICT_NAMES = 1, /* a name that `properties` doesn't list is an error unless
                                additionalProperties says otherwise */
    SCHEMA_UNCHANGED = 2     /* the value isn't changed: BOSA_AGAIN where it would have to be */
};

struct schema; /* immutable once compiled */

/*
 * Compiles the schema at `node`. `$ref`s are resolved against that node as the root ("#/$defs/X").
 * `doc` is borrowed and must outlive the schema. BOSA_NOMEM.
 */
enum bosa_status schema_compile(struct schema **out, const struct json_doc *doc, uint32_t node,
                                struct bosa_error *err);

/*
 * True when some value under this schema may be a file, in properties, items or unions.
 */
bool schema_takes_files(const struct schema *schema);

/* True when the object schema names this property at its top level. */
bool schema_has_property(const struct schema *schema, const char *name, size_t len);

/* Whether that property may be a string, and an integer, as its types say. */
struct schema_takes {
    bool text, integer;
};
struct schema_takes schema_property_takes(const struct schema *schema, const char *name,
                                          size_t len);

/*
 * Checks `node` of `value`. BOSA_PARAMS when there are errors: err->message names the first (and
 * how many more), err->details lists all as
 *   {"path": "filters[2].from_date", "message": "...", "expected": "string", "got": "integer",
 *   "keyword": "type"}
 * An unknown name has `"suggestion": "owner"` too when one is near; the first without tells which
 * names there are. The path of the value itself is
 * "". Never prints a string value longer than 40 bytes, and cuts it on a UTF-8 boundary. `what` is
 * how messages call a top-level member: "parameter". A check of too many steps, or too deep, is
 * BOSA_PARAMS, too; its one error has the keyword "steps" or "depth". BOSA_NOMEM. BOSA_AGAIN with
 * SCHEMA_UNCHANGED, `err` untouched.
 */
enum bosa_status schema_check(const struct schema *schema, struct json_doc *value, uint32_t node,
                              unsigned options, const char *what, struct bosa_error *err);

void schema_free(struct schema *schema);

#endif
