/*
 * Which names an object may have, as a rule and what it applies to the same value say. Called by
 * schema_check.c for names that a rule doesn't list itself.
 */
#include "schema/schema_internal.h"

#include <string.h>

/* True when the rule itself lists the name, requires it or is open to any. */
static bool is_listed(struct work *work, const struct rule *r, const char *name, size_t len)
{
    if (schema_find_property(work->s, r, name, len) != RULE_NONE || r->additional != RULE_NONE ||
        r->patterns || r->open) {
        return true;
    }
    bool found = false;
    for (uint32_t i = 0; i < r->required.count && !found && work_take(work, 1); i++) {
        size_t required_len = 0;
        const char *required =
            json_text(work->s->doc, work->s->lists[r->required.at + i], &required_len);
        found = required && required_len == len && memcmp(required, name, len) == 0;
    }
    return found;
}

/* True when `rule`, or what it applies to the same value, lists the name or is open to any. */
bool name_is_known(struct work *work, uint32_t rule, const char *name, size_t len)
{
    const struct rule *r;
    reach_begin(work, rule);
    while ((r = reach_next(work)) != NULL) {
        if (is_listed(work, r, name, len)) {
            return true;
        }
        reach_add(work, r->ref);
        reach_add_list(work, &r->all_of);
        reach_add_list(work, &r->any_of);
        reach_add_list(work, &r->one_of);
        reach_add_list(work, &r->conditional);
    }
    return false;
}

static bool any_knows(struct work *work, const struct span *rules, const char *name, size_t len)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        if (name_is_known(work, work->s->lists[rules->at + i], name, len)) {
            return true;
        }
    }
    return false;
}

/* True when a rule further out knows the name by itself, not by one of its alternatives. */
bool name_is_known_outside(struct work *work, const struct scope *outer, const char *name,
                           size_t len)
{
    for (; outer; outer = outer->up) {
        const struct rule *r = &work->s->rules[outer->rule];
        if (is_listed(work, r, name, len) || any_knows(work, &r->all_of, name, len) ||
            any_knows(work, &r->conditional, name, len)) {
            return true;
        }
    }
    return false;
}
