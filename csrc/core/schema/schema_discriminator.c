/*
 * The discriminator of a oneOf: which of its branches each tag names. Called by schema_compile.c;
 * schema_union.c looks tags up.
 */
#include "schema/schema_compiler.h"

#include "base/mem.h"

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

/* True for what can be a tag. */
static bool is_tag(const struct json_doc *doc, uint32_t node)
{
    enum json_type type = json_type(doc, node);
    return type != JSON_ARRAY && type != JSON_OBJECT;
}

/* What a property is, or may be one of, is often said by what it refers to. RULE_NONE: nowhere. */
static uint32_t rule_with_values(const struct schema *s, uint32_t rule)
{
    for (int hops = 0; rule != RULE_NONE && hops < 20; hops++) {
        const struct rule *r = &s->rules[rule];
        if (r->constant != JSON_NONE || r->enumeration != JSON_NONE) {
            return rule;
        }
        rule = r->ref;
    }
    return RULE_NONE;
}

/* Adds the tags of a branch: what its property is, or may be one of. *found: there are some. */
static enum bosa_status add_tags(struct compiler *c, struct rule *r, uint32_t property,
                                 uint32_t branch, bool *found)
{
    const struct json_doc *doc = c->s->doc;
    uint32_t values = rule_with_values(c->s, property);
    const struct rule *p = values == RULE_NONE ? NULL : &c->s->rules[values];
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
 * The tags are the constants that the branches have for the property: a mapping names them in
 * strings, also those that are none, and each server spells these its own way ("true", "True").
 * Where a branch has no constant the mapping's tags stay; without one the discriminator is
 * dropped, and the union is an ordinary oneOf. So it is where there would be more tags than nodes:
 * many branches may lead to one long enumeration.
 */
enum bosa_status compile_tags(struct compiler *c, struct rule *r)
{
    struct schema *s = c->s;
    size_t len = 0, at = s->tag_count;
    const char *name = json_text(s->doc, r->discriminator, &len);
    const struct span mapped = r->tags;
    r->tags = (struct span){(uint32_t)at, 0};
    for (uint32_t i = 0; i < r->one_of.count; i++) {
        uint32_t branch = s->lists[r->one_of.at + i];
        bool found = false;
        enum bosa_status status =
            add_tags(c, r, schema_offered_property(s, branch, name, len), branch, &found);
        if (status != BOSA_OK) {
            return status;
        }
        if (!found || s->tag_count > s->doc->count) {
            s->tag_count = at;
            r->tags = mapped;
            r->discriminator = mapped.count > 0 ? r->discriminator : JSON_NONE;
            return BOSA_OK;
        }
    }
    return BOSA_OK;
}

/* The property and the mapping. The constants of the branches are known when every rule has been
 * read. */
enum bosa_status compile_discriminator(struct compiler *c, uint32_t v, struct rule *r)
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
        uint32_t target = JSON_NONE, rule = RULE_NONE;
        if (json_type(doc, name + 1) == JSON_STRING &&
            !ref_find(&c->index, doc, c->root, name + 1, &target)) {
            return error_nomem(c->err);
        }
        status = target == JSON_NONE ? BOSA_OK : compile_one(c, target, &rule);
        if (status == BOSA_OK && rule == RULE_NONE) { /* a mapping of another document's names */
            r->tags.count = 0;
            return BOSA_OK;
        }
        status = status == BOSA_OK ? add_tag(c, r, name, rule) : status;
        name = json_next(doc, name + 1);
    }
    return status;
}
