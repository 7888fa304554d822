/*
 * What one check costs and what it has found so far. Alternatives within alternatives would be
 * tried again and again, so what came of a rule at a value is kept; and because a server writes the
 * schema and a model the value, all steps are counted, and past a bound the check ends with an
 * error.
 */
#include "schema/schema_internal.h"

#include "base/mem.h"

#include <string.h>

#define FIRST_FOUND 64 /* slots; a power of two */

void work_init(struct work *work, const struct schema *s, const struct json_doc *doc)
{
    memset(work, 0, sizeof *work);
    work->s = s;
    work->names_left = SCHEMA_MAX_NAMES;
    work_renew(work, doc);
}

/* The steps grow with the value: a large one that is valid must pass. */
void work_renew(struct work *work, const struct json_doc *doc)
{
    uint64_t text = (uint64_t)doc->text_len / SCHEMA_STEP_BYTES;
    work->left = SCHEMA_MAX_STEPS + (uint64_t)SCHEMA_STEPS_A_NODE * doc->count;
    work->left += text * SCHEMA_LOOKS_A_BYTE;
}

void work_free(struct work *work)
{
    mem_free(work->found);
    mem_free(work->stamps);
}

/* ---- what was found ---- */

/* A bad spread would cost time that no step counts, so every part of the key is mixed in. */
static size_t slot_of(const struct work *work, const struct found_key *key)
{
    uint64_t sum = key->rule * UINT64_C(0x9e3779b97f4a7c15);
    sum = (sum ^ key->node) * UINT64_C(0xff51afd7ed558ccd);
    sum = (sum ^ key->scope ^ (uint64_t)key->counting << 32) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (size_t)(sum >> 32) & (work->found_cap - 1);
}

static bool same_key(const struct found_key *a, const struct found_key *b)
{
    return a->rule == b->rule && a->node == b->node && a->scope == b->scope &&
           a->counting == b->counting;
}

/* The slot of a key: its own, or the free one where it belongs. There must be a free one. */
static struct found *find_slot(const struct work *work, const struct found_key *key)
{
    size_t at = slot_of(work, key);
    while (work->found[at].used && !same_key(&work->found[at].key, key)) {
        at = (at + 1) & (work->found_cap - 1);
    }
    return &work->found[at];
}

/*
 * Half of the slots stay free, so that a search ends soon. The old table stays when there is no
 * memory for a larger one.
 */
static bool make_room(struct work *work)
{
    if (work->found_cap > 0 && work->found_count < work->found_cap / 2) {
        return true;
    }
    struct work old = *work;
    work->found_cap = old.found_cap > 0 ? old.found_cap * 2 : FIRST_FOUND;
    work->found = mem_zalloc(work->found_cap, sizeof *work->found);
    if (!work->found) {
        work->found = old.found;
        work->found_cap = old.found_cap;
        work->failed = true;
        return false;
    }
    for (size_t i = 0; i < old.found_cap; i++) {
        if (old.found[i].used) {
            *find_slot(work, &old.found[i].key) = old.found[i];
        }
    }
    mem_free(old.found);
    return true;
}

/* Results of earlier rounds count as none: coercing has changed values since. */
const struct found *work_find(struct work *work, const struct found_key *key)
{
    if (work->found_cap == 0) {
        return NULL;
    }
    const struct found *found = find_slot(work, key);
    return found->used && found->round == work->round ? found : NULL;
}

/* Without memory nothing is noted, and `failed` ends the check. */
void work_note(struct work *work, const struct found_key *key, enum found_state state, size_t value)
{
    if (!make_room(work)) {
        return;
    }
    struct found *found = find_slot(work, key);
    work->found_count += !found->used;
    *found = (struct found){*key, true, work->round, state, value};
}

/* The slot stays, since others may lie after it; its round is one that never comes. */
void work_drop(struct work *work, const struct found_key *key)
{
    if (work->found_cap > 0) {
        struct found *found = find_slot(work, key);
        found->round = found->used ? work->round - 1 : 0;
    }
}

/* ---- rules that apply to one value ---- */

/* Begins a walk; every rule is met once. */
void reach_begin(struct work *work, uint32_t rule)
{
    size_t count = work->s->rule_count;
    if (!work->stamps) {
        work->stamps = mem_zalloc(count * 2, sizeof *work->stamps);
        work->queue = work->stamps ? work->stamps + count : NULL;
        work->failed = work->failed || !work->stamps;
    }
    work->stamp++;
    work->first = work->last = 0;
    reach_add(work, rule);
}

/*
 * A rule that was met in this walk has its stamp, so the queue holds each at most once and never
 * overflows.
 */
void reach_add(struct work *work, uint32_t rule)
{
    if (!work->stamps || rule == RULE_NONE || work->stamps[rule] == work->stamp) {
        return;
    }
    work->stamps[rule] = work->stamp;
    work->queue[work->last++] = rule;
}

void reach_add_list(struct work *work, const struct span *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        reach_add(work, work->s->lists[list->at + i]);
    }
}

/* A rule costs a step, and one for each branch that its lists may add. */
const struct rule *reach_next(struct work *work)
{
    if (!work->stamps || work->first == work->last) {
        return NULL;
    }
    const struct rule *r = &work->s->rules[work->queue[work->first++]];
    uint64_t lists = (uint64_t)r->all_of.count + r->any_of.count + r->one_of.count;
    lists += r->conditional.count;
    return work_take(work, 1 + lists) ? r : NULL;
}
