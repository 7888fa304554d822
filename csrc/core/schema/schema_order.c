/*
 * The order in which an object's members are checked while errors are listed. A Lua table has none,
 * so the same call would list the same errors in another order each time. Called by schema_check.c;
 * it decides nothing about values.
 */
#include "schema/schema_internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>

#define UNKNOWN UINT32_MAX /* the place of names that the rule doesn't list: the last */

/* By the place in the schema; unknown names by themselves, the same name twice as it was given. */
static int compare(const void *first, const void *second)
{
    const struct ordered_member *a = first, *b = second;
    if (a->place != b->place) {
        return a->place < b->place ? -1 : 1;
    }
    int order = a->place == UNKNOWN ? text_compare(a->name, a->len, b->name, b->len) : 0;
    if (order != 0) {
        return order;
    }
    return a->key < b->key ? -1 : a->key > b->key;
}

struct ordered_member *order_members(const struct checker *c, const struct rule *r, uint32_t node)
{
    uint32_t count = c->doc->nodes[node].len, key = node + 1;
    if (!c->errors || count < 2) {
        return NULL;
    }
    struct ordered_member *members = mem_zalloc(count, sizeof *members);
    if (!members) {
        c->work->failed = true;
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct ordered_member *m = &members[i];
        m->key = key;
        m->name = json_text(c->doc, key, &m->len);
        const struct property *p = schema_property(c->s, r, m->name, m->len);
        m->place = p ? p->name : UNKNOWN;
        key = json_next(c->doc, key + 1);
    }
    qsort(members, count, sizeof *members, compare);
    return members;
}
