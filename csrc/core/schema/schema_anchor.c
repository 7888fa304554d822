/*
 * References that are no JSON pointers from the schema's root: to an $anchor, to a document within
 * this one that has an $id, or into the $defs of a schema around the reference. Called by
 * schema_ref.c. Servers hardly ever write them, so the objects that can be meant are listed once
 * one does.
 */
#include "schema/schema_internal.h"

#include "base/mem.h"

#include <string.h>

#define MAX_STEPS (UINT64_C(1) << 22) /* marks that are looked at for one schema */

/* A member that is a string; NULL: it is none. */
static const char *text_member(const struct json_doc *doc, uint32_t node, const char *name,
                               size_t *len)
{
    uint32_t value = json_member(doc, node, name);
    bool text = value != JSON_NONE && json_type(doc, value) == JSON_STRING;
    return text ? json_text(doc, value, len) : NULL;
}

static bool is_mark(const struct json_doc *doc, uint32_t node)
{
    static const char *const names[] = {"$anchor", "$dynamicAnchor", "$id", "$defs", "definitions"};
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++) {
        found =
            json_type(doc, node) == JSON_OBJECT && json_member(doc, node, names[i]) != JSON_NONE;
    }
    return found;
}

/* Lists the objects that can be meant, in the order of the document. False: no memory. */
static bool mark(struct ref_index *index, const struct json_doc *doc, uint32_t root)
{
    uint32_t end = json_next(doc, root);
    size_t count = 0;
    if (index->marked) {
        return true;
    }
    for (uint32_t node = root; node < end; node++) {
        count += is_mark(doc, node);
    }
    index->marks = mem_zalloc(count + 1, sizeof *index->marks);
    if (!index->marks) {
        return false;
    }
    for (uint32_t node = root; node < end && index->mark_count < count; node++) {
        if (is_mark(doc, node)) {
            index->marks[index->mark_count++] = node;
        }
    }
    index->marked = true;
    return true;
}

/* Counts a look at a mark; false: there were too many. */
static bool take(struct ref_index *index)
{
    index->spent = index->spent || ++index->steps > MAX_STEPS;
    return !index->spent;
}

/* "https://x/a.json" and "a.json" may be names of one document: the end of one is the other. */
static bool is_same_document(const char *a, size_t a_len, const char *b, size_t b_len)
{
    a_len -= a_len > 0 && a[a_len - 1] == '#';
    if (a_len < b_len) {
        return b[b_len - a_len - 1] == '/' && a_len > 0 && memcmp(b + b_len - a_len, a, a_len) == 0;
    }
    if (a_len > b_len) {
        return a[a_len - b_len - 1] == '/' && memcmp(a + a_len - b_len, b, b_len) == 0;
    }
    return memcmp(a, b, a_len) == 0;
}

/* The object whose $id names a document; JSON_NONE: it is another one. */
static uint32_t find_document(struct ref_index *index, const struct json_doc *doc, const char *name,
                              size_t len)
{
    for (size_t i = 0; i < index->mark_count && take(index); i++) {
        size_t id_len = 0;
        const char *id = text_member(doc, index->marks[i], "$id", &id_len);
        if (id && is_same_document(id, id_len, name, len)) {
            return index->marks[i];
        }
    }
    return JSON_NONE;
}

/* The object that has an anchor, at `root` or below it. */
static uint32_t find_anchor(struct ref_index *index, const struct json_doc *doc, uint32_t root,
                            const char *name, size_t len)
{
    static const char *const keywords[] = {"$anchor", "$dynamicAnchor"};
    uint32_t end = json_next(doc, root);
    for (size_t i = 0; i < index->mark_count && take(index); i++) {
        for (int k = 0; k < 2; k++) {
            size_t found_len = 0;
            const char *found = text_member(doc, index->marks[i], keywords[k], &found_len);
            if (found && found_len == len && memcmp(found, name, len) == 0 &&
                index->marks[i] >= root && index->marks[i] < end) {
                return index->marks[i];
            }
        }
    }
    return JSON_NONE;
}

/* What follows the # of a reference: nothing, a pointer or an anchor. */
static bool find_fragment(struct ref_index *index, const struct json_doc *doc, uint32_t root,
                          uint32_t from, const char *fragment, size_t len, uint32_t *out)
{
    if (len > 0 && fragment[0] != '/') {
        *out = find_anchor(index, doc, from, fragment, len);
        return true;
    }
    return ref_follow(index, doc, root, from, fragment, len, out);
}

/* A pointer, from the schemas around the reference, the innermost first. */
static bool find_around(struct ref_index *index, const struct json_doc *doc, uint32_t root,
                        uint32_t from, const char *fragment, size_t len, uint32_t *out)
{
    bool enough = true;
    *out = JSON_NONE;
    for (size_t i = index->mark_count; i-- > 0 && enough && *out == JSON_NONE && take(index);) {
        uint32_t mark = index->marks[i];
        if (mark < from && json_next(doc, mark) > from) {
            enough = ref_follow(index, doc, root, mark, fragment, len, out);
        }
    }
    return enough;
}

bool anchor_find(struct ref_index *index, const struct json_doc *doc, uint32_t root, uint32_t from,
                 uint32_t *out)
{
    size_t len = 0;
    const char *ref = json_text(doc, from, &len);
    if (!ref) {
        return true;
    }
    const char *hash = memchr(ref, '#', len);
    size_t name_len = hash ? (size_t)(hash - ref) : len;
    const char *fragment = hash ? hash + 1 : ref + len;
    size_t fragment_len = len - name_len - (hash != NULL);
    if (!mark(index, doc, root)) {
        return false;
    }
    if (name_len > 0) {
        uint32_t document = find_document(index, doc, ref, name_len);
        return document == JSON_NONE ||
               find_fragment(index, doc, root, document, fragment, fragment_len, out);
    }
    if (fragment_len > 0 && fragment[0] == '/') {
        return find_around(index, doc, root, from, fragment, fragment_len, out);
    }
    return find_fragment(index, doc, root, root, fragment, fragment_len, out);
}
