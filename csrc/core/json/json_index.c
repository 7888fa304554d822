/*
 * Objects with many members: names sorted once and then found by halves. Used where a loop would
 * otherwise call json_get for each of them.
 */
#include "base/mem.h"
#include "json/json_internal.h"

#include <stdlib.h>

/* For qsort; of one name the later comes first, as the last member of a name counts. */
static int compare(const void *left, const void *right)
{
    const struct json_indexed *a = left, *b = right;
    int order = json_compare_names(a->name, a->len, b->name, b->len);

    return order != 0 ? order : (a->value < b->value) - (a->value > b->value);
}

/* Keeps the first of each name. */
static void drop_doubles(struct json_index *index)
{
    struct json_indexed *list = index->members;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < index->count; i++) {
        if (kept == 0 || json_compare_names(list[kept - 1].name, list[kept - 1].len, list[i].name,
                                            list[i].len) != 0) {
            list[kept++] = list[i];
        }
    }
    index->count = kept;
}

/* An index of something else than an object is empty. */
bool json_index_build(struct json_index *index, const struct json_doc *doc, uint32_t object)
{
    uint32_t count = json_type(doc, object) == JSON_OBJECT ? doc->nodes[object].len : 0;
    uint32_t name = object + 1;

    index->count = 0;
    index->members = mem_alloc((size_t)count * sizeof *index->members);
    if (!index->members) {
        return false;
    }
    for (; index->count < count; name = json_next(doc, name + 1)) {
        const struct json_node *n = &doc->nodes[name];

        index->members[index->count++] =
            (struct json_indexed){doc->text + n->v.at, n->len, name + 1};
    }
    if (count > 1) {
        qsort(index->members, count, sizeof *index->members, compare);
    }
    drop_doubles(index);
    return true;
}

uint32_t json_index_get(const struct json_index *index, const char *key, size_t key_len)
{
    uint32_t low = 0, high = index->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct json_indexed *m = &index->members[middle];
        int order = json_compare_names(m->name, m->len, key, key_len);

        if (order == 0) {
            return m->value;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return JSON_NONE;
}

void json_index_free(struct json_index *index)
{
    mem_free(index->members);
    *index = (struct json_index){0};
}
