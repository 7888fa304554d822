/*
 * The keywords' names, and those whose value is a number, a word or a flag. Called by the compiler
 * alone. A value of the wrong type is passed over here, never an error: one odd keyword must not
 * cost a whole action.
 */
#include "schema/schema_internal.h"

#include "base/text.h"

#include <string.h>

#define MAX_DIGITS 400 /* of a limit; no double has more before its point */

/* In the order of enum keyword. */
static const char *const keywords[K_COUNT] = {"$ref",
                                              "type",
                                              "enum",
                                              "const",
                                              "properties",
                                              "required",
                                              "additionalProperties",
                                              "items",
                                              "prefixItems",
                                              "anyOf",
                                              "oneOf",
                                              "allOf",
                                              "not",
                                              "discriminator",
                                              "minimum",
                                              "maximum",
                                              "exclusiveMinimum",
                                              "exclusiveMaximum",
                                              "multipleOf",
                                              "minLength",
                                              "maxLength",
                                              "minItems",
                                              "maxItems",
                                              "uniqueItems",
                                              "minProperties",
                                              "maxProperties",
                                              "format",
                                              "contentMediaType",
                                              "nullable",
                                              "patternProperties",
                                              "unevaluatedProperties",
                                              "then",
                                              "else",
                                              "dependentSchemas",
                                              "dependencies",
                                              "additionalItems",
                                              "$dynamicRef",
                                              "$recursiveRef"};

enum keyword keyword_of(const struct json_doc *doc, uint32_t name)
{
    size_t len = 0;
    const char *text = json_text(doc, name, &len);
    for (int k = 0; text && k < K_COUNT; k++) {
        if (strlen(keywords[k]) == len && memcmp(keywords[k], text, len) == 0) {
            return (enum keyword)k;
        }
    }
    return K_COUNT;
}

/* A word that nobody knows allows every type: the server checks that by itself. */
static unsigned type_bit(const struct json_doc *doc, uint32_t node)
{
    static const struct {
        const char *name;
        unsigned bits;
    } types[] = {
        {"null", TYPE_NULL},     {"boolean", TYPE_BOOLEAN}, {"integer", TYPE_INTEGER},
        {"number", TYPE_NUMBER}, {"string", TYPE_STRING},   {"array", TYPE_ARRAY},
        {"object", TYPE_OBJECT}, {"any", TYPE_ANY},         {"file", TYPE_STRING | TYPE_FILE}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (json_is(doc, node, types[i].name)) {
            return types[i].bits;
        }
    }
    return TYPE_ANY;
}

/* A list of types allows each of them; an empty list says nothing. */
static void read_types(const struct json_doc *doc, uint32_t node, struct rule *r)
{
    r->typed = true;
    if (json_type(doc, node) != JSON_ARRAY) {
        r->types = type_bit(doc, node);
        return;
    }
    r->types = doc->nodes[node].len > 0 ? 0 : TYPE_ANY;
    uint32_t element = node + 1;
    for (uint32_t i = 0; i < doc->nodes[node].len; i++) {
        r->types |= type_bit(doc, element);
        element = json_next(doc, element);
    }
}

/* A bound of a count; below 0, past 1e18 or no number: as if it were absent. */
static uint64_t count_of(const struct json_doc *doc, uint32_t node, uint64_t fallback)
{
    double value = json_is_number(doc, node) ? json_number(doc, node) : -1;
    return value >= 0 && value < 1e18 ? (uint64_t)value : fallback;
}

/*
 * Limits stay nodes, so that messages show them as the schema has them. One that is past all
 * numbers is as if it were absent: its digits would be read for every value.
 */
static uint32_t number_of(const struct json_doc *doc, uint32_t node)
{
    const struct json_node *n = &doc->nodes[node];
    bool readable = n->type != JSON_DIGITS || n->len <= MAX_DIGITS;
    return json_is_number(doc, node) && readable ? node : JSON_NONE;
}

/* In draft 4 a flag makes the other limit exclusive, which has been read by then. */
static uint32_t exclusive_limit(const struct json_doc *doc, uint32_t node, uint32_t *limit)
{
    if (json_type(doc, node) != JSON_TRUE) {
        return number_of(doc, node);
    }
    uint32_t exclusive = *limit;
    *limit = JSON_NONE;
    return exclusive;
}

/* True for bytes as they are, not as a text that stands for them. */
static bool is_octets(const struct json_doc *doc, uint32_t node, uint32_t encoding)
{
    static const char octets[] = "application/octet-stream";
    size_t len = 0;
    const char *text = json_type(doc, node) == JSON_STRING ? json_text(doc, node, &len) : "";
    bool plain = encoding == JSON_NONE || json_type(doc, encoding) == JSON_NULL ||
                 json_is(doc, encoding, "binary");
    size_t same = 0;
    while (same < len && same < sizeof octets - 1 && text_lower(text[same]) == octets[same]) {
        same++;
    }
    bool ends = same == len || text[same] == ';' || text[same] == ' ';
    return plain && same == sizeof octets - 1 && ends;
}

/* Keywords whose value is a number, or that only set a flag. */
void keyword_read_simple(const struct json_doc *doc, enum keyword k, uint32_t v, struct rule *r)
{
    switch (k) {
    case K_TYPE:
        read_types(doc, v, r);
        r->binary = json_is(doc, v, "file");
        break;
    case K_ENUM:
        r->enumeration = json_type(doc, v) == JSON_ARRAY ? v : JSON_NONE;
        break;
    case K_CONST:
        r->constant = v;
        break;
    case K_MINIMUM:
        r->minimum = number_of(doc, v);
        break;
    case K_MAXIMUM:
        r->maximum = number_of(doc, v);
        break;
    case K_ABOVE:
        r->above = exclusive_limit(doc, v, &r->minimum);
        break;
    case K_BELOW:
        r->below = exclusive_limit(doc, v, &r->maximum);
        break;
    case K_MULTIPLE:
        r->multiple =
            json_is_number(doc, v) && json_number(doc, v) > 0 ? number_of(doc, v) : JSON_NONE;
        break;
    case K_MIN_LENGTH:
        r->min_length = count_of(doc, v, 0);
        break;
    case K_MAX_LENGTH:
        r->max_length = count_of(doc, v, UINT64_MAX);
        break;
    case K_MIN_ITEMS:
        r->min_items = count_of(doc, v, 0);
        break;
    case K_MAX_ITEMS:
        r->max_items = count_of(doc, v, UINT64_MAX);
        break;
    case K_MIN_MEMBERS:
        r->min_members = count_of(doc, v, 0);
        break;
    case K_MAX_MEMBERS:
        r->max_members = count_of(doc, v, UINT64_MAX);
        break;
    case K_UNIQUE:
        r->unique = json_type(doc, v) == JSON_TRUE;
        break;
    case K_NULLABLE: /* read after the types */
        r->types |= r->typed && json_type(doc, v) == JSON_TRUE ? TYPE_NULL : 0;
        break;
    case K_PATTERNS:
        r->patterns = json_type(doc, v) == JSON_OBJECT && doc->nodes[v].len > 0;
        break;
    case K_UNEVALUATED:
        r->open = r->open || json_type(doc, v) == JSON_TRUE || json_type(doc, v) == JSON_OBJECT;
        break;
    case K_FORMAT:
        r->binary = r->binary || json_is(doc, v, "binary");
        break;
    case K_MEDIA_TYPE:
        r->binary = r->binary || is_octets(doc, v, json_member(doc, r->node, "contentEncoding"));
        break;
    default:
        break;
    }
}
