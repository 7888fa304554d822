/*
 * Where "#/..." leads within a schema's document. A schema may hold thousands of references into
 * one object of thousands of members, so large objects are searched by an index, made at first use.
 */
#include "schema/schema_internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define MAX_REF 4096                  /* bytes of a reference */
#define FEW_MEMBERS 32                /* objects of so many are searched from their start */
#define MAX_STEPS (UINT64_C(1) << 24) /* elements passed on the way to those that are named */

/* A member of a large object. */
struct ref_member {
    uint32_t object;
    uint32_t value; /* node */
    const char *name;
    size_t len;
};

/* By object, then in the order of names that json_index has. */
static int compare(const struct ref_member *a, const struct ref_member *b)
{
    if (a->object != b->object) {
        return a->object < b->object ? -1 : 1;
    }
    return json_compare_names(a->name, a->len, b->name, b->len);
}

/* For qsort; of one name the later comes first, as the last member of a name counts. */
static int compare_all(const void *left, const void *right)
{
    const struct ref_member *a = left, *b = right;
    int order = compare(a, b);
    return order ? order : (a->value < b->value) - (a->value > b->value);
}

static bool is_large(const struct json_doc *doc, uint32_t node)
{
    return json_type(doc, node) == JSON_OBJECT && doc->nodes[node].len > FEW_MEMBERS;
}

/* Adds the members of one object; its room is there. */
static void add_members(struct ref_index *index, const struct json_doc *doc, uint32_t object)
{
    uint32_t name = object + 1;
    for (uint32_t i = 0; i < doc->nodes[object].len; i++) {
        struct ref_member *m = &index->members[index->count++];
        *m = (struct ref_member){object, name + 1, NULL, 0};
        m->name = json_text(doc, name, &m->len);
        name = json_next(doc, name + 1);
    }
}

/* Lists the members of every large object at and below `root`, in order. */
static bool build(struct ref_index *index, const struct json_doc *doc, uint32_t root)
{
    uint32_t end = json_next(doc, root);
    size_t count = 0;
    for (uint32_t node = root; node < end; node++) {
        count += is_large(doc, node) ? doc->nodes[node].len : 0;
    }
    index->members = mem_zalloc(count, sizeof *index->members);
    if (!index->members) {
        return false;
    }
    for (uint32_t node = root; node < end; node++) {
        if (is_large(doc, node)) {
            add_members(index, doc, node);
        }
    }
    qsort(index->members, index->count, sizeof *index->members, compare_all);
    return true;
}

/* The first of the members that are equal to `wanted`; JSON_NONE: there is none. */
static uint32_t search(const struct ref_index *index, const struct ref_member *wanted)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool before = compare(&index->members[middle], wanted) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    bool found = low < index->count && compare(&index->members[low], wanted) == 0;
    return found ? index->members[low].value : JSON_NONE;
}

/* Undoes ~0, ~1 and %XX of one part of a JSON pointer, into `out`. Gives the length. */
static size_t unescape(const char *part, size_t len, char *out)
{
    size_t n = 0, made = 0;
    for (size_t i = 0; i < len; i++) {
        int byte = text_percent(part + i, len - i);
        out[n++] = byte >= 0 ? (char)byte : part[i];
        i += byte >= 0 ? 2 : 0;
    }
    for (size_t i = 0; i < n; i++) {
        bool tilde = out[i] == '~' && i + 1 < n && (out[i + 1] == '0' || out[i + 1] == '1');
        out[made++] = !tilde ? out[i] : out[i + 1] == '1' ? '/' : '~';
        i += tilde;
    }
    return made;
}

/* The element that a part names; the steps to it are counted. */
static uint32_t element(struct ref_index *index, const struct json_doc *doc, uint32_t array,
                        const char *part, size_t len)
{
    uint32_t at = 0;
    if (json_type(doc, array) != JSON_ARRAY || len == 0 || len > 9) {
        return JSON_NONE;
    }
    for (size_t i = 0; i < len; i++) {
        if (!text_is_digit(part[i])) {
            return JSON_NONE;
        }
        at = at * 10 + (uint32_t)(part[i] - '0');
    }
    index->steps += at < doc->nodes[array].len ? at : 0;
    index->spent = index->spent || index->steps > MAX_STEPS;
    return index->spent ? JSON_NONE : json_at(doc, array, at);
}

/*
 * The parts are unescaped into a buffer of a reference's largest length, so nothing is allocated
 * but the index, once.
 */
bool ref_follow(struct ref_index *index, const struct json_doc *doc, uint32_t root, uint32_t from,
                const char *pointer, size_t len, uint32_t *out)
{
    char part[MAX_REF];
    const char *end = pointer + len;
    *out = JSON_NONE;
    if (len > MAX_REF) {
        return true;
    }
    uint32_t node = from;
    for (const char *at = pointer; at < end && node != JSON_NONE;) {
        if (*at++ != '/') {
            return true;
        }
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const char *stop = slash ? slash : end;
        size_t n = unescape(at, (size_t)(stop - at), part);
        if (is_large(doc, node)) {
            if (!index->members && !build(index, doc, root)) {
                return false;
            }
            node = search(index, &(struct ref_member){node, 0, part, n});
        } else if (json_type(doc, node) == JSON_OBJECT) {
            node = json_get(doc, node, part, n);
        } else {
            node = element(index, doc, node, part, n);
        }
        at = stop;
    }
    *out = node;
    return true;
}

/* From the root, as nearly every reference is meant; then in the other ways. */
bool ref_find(struct ref_index *index, const struct json_doc *doc, uint32_t root, uint32_t from,
              uint32_t *out)
{
    size_t len = 0;
    const char *ref = json_text(doc, from, &len);
    *out = JSON_NONE;
    bool pointer = len > 0 && ref[0] == '#' && (len == 1 || ref[1] == '/');
    if (pointer && !ref_follow(index, doc, root, root, ref + 1, len - 1, out)) {
        return false;
    }
    return *out != JSON_NONE || len == 0 || anchor_find(index, doc, root, from, out);
}

void ref_index_free(struct ref_index *index)
{
    mem_free(index->members);
    mem_free(index->marks);
}
