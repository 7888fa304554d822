/*
 * Which types of values a rule takes as they are, worked out once when a schema is compiled. Most
 * rules ask for a type and nothing else, or are a union of such with null; schema_check.c then need
 * not walk through all keywords. What isn't plain here is checked in full, so it is safe to leave a
 * case out.
 */
#include "schema/schema_internal.h"

unsigned schema_type_bits(enum json_type type)
{
    static const uint8_t bits[] = {
        [JSON_NULL] = TYPE_NULL,
        [JSON_FALSE] = TYPE_BOOLEAN,
        [JSON_TRUE] = TYPE_BOOLEAN,
        [JSON_INT] = TYPE_INTEGER | TYPE_NUMBER,
        [JSON_UINT] = TYPE_INTEGER | TYPE_NUMBER,
        [JSON_DIGITS] = TYPE_INTEGER | TYPE_NUMBER,
        [JSON_DOUBLE] = TYPE_NUMBER,
        [JSON_STRING] = TYPE_STRING,
        [JSON_ARRAY] = TYPE_ARRAY,
        [JSON_OBJECT] = TYPE_OBJECT,
        [JSON_FILE] = TYPE_FILE,
    };
    return bits[type];
}

/* True where no keyword looks at an array beyond its type. */
static bool takes_any_array(const struct rule *r)
{
    return r->min_items == 0 && r->max_items == UINT64_MAX && !r->unique && r->items == RULE_NONE &&
           r->prefix.count == 0;
}

/* The same of an object. */
static bool takes_any_object(const struct rule *r)
{
    return r->min_members == 0 && r->max_members == UINT64_MAX && r->required.count == 0 &&
           !r->has_properties && r->additional == RULE_NONE && !r->closed;
}

/* The types that the rule takes as they are, by all keywords but those that apply other schemas. */
static unsigned asserted(const struct rule *r)
{
    unsigned types = r->types;
    if (r->enumeration != JSON_NONE || r->constant != JSON_NONE) {
        return 0;
    }
    if (r->minimum != JSON_NONE || r->maximum != JSON_NONE || r->above != JSON_NONE ||
        r->below != JSON_NONE || r->multiple != JSON_NONE) {
        types &= ~(unsigned)(TYPE_INTEGER | TYPE_NUMBER);
    }
    if (r->binary || r->min_length > 0 || r->max_length != UINT64_MAX) {
        types &= ~(unsigned)TYPE_STRING;
    }
    if (!takes_any_array(r)) {
        types &= ~(unsigned)TYPE_ARRAY;
    }
    if (!takes_any_object(r)) {
        types &= ~(unsigned)TYPE_OBJECT;
    }
    return types;
}

/* True where a keyword applies another schema to the value; anyOf is looked at by itself. */
static bool applies_others(const struct rule *r)
{
    return r->ref != RULE_NONE || r->all_of.count > 0 || r->one_of.count > 0 ||
           r->discriminator != JSON_NONE || r->negated != RULE_NONE;
}

/*
 * The branches of anyOf are looked at when all rules without one are done; of those with one in
 * another, the inner one may count as not plain.
 */
void schema_find_plain(struct schema *s)
{
    for (size_t i = 0; i < s->rule_count; i++) {
        struct rule *r = &s->rules[i];
        r->asserted = asserted(r);
        r->applies = applies_others(r) || r->any_of.count > 0;
        r->plain = r->applies ? 0 : r->asserted;
        r->names = r->properties.count > 0 || r->additional != RULE_NONE || r->all_of.count > 0 ||
                   r->conditional.count > 0 || r->required.count > 0 || r->patterns || r->open;
    }
    for (size_t i = 0; i < s->rule_count; i++) {
        struct rule *r = &s->rules[i];
        unsigned types = 0;
        for (uint32_t k = 0; k < r->any_of.count; k++) {
            types |= s->rules[s->lists[r->any_of.at + k]].plain;
        }
        if (r->any_of.count > 0 && !applies_others(r)) {
            r->plain = r->asserted & types;
        }
    }
}
