/*
 * Questions about single values: types, numbers, lengths, and what a value is coerced to. Called by
 * schema_check.c; only value_coerce changes the document.
 */
#include "schema/schema_internal.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FEW_ITEMS 8 /* so many are compared each with each */

static bool is_whole(double value)
{
    return isfinite(value) && value == floor(value);
}

/* What fits as it is isn't changed: a whole double stays one where numbers are allowed. */
enum fit value_fit(const struct json_doc *doc, uint32_t node, unsigned types)
{
    const struct json_node *n = &doc->nodes[node];
    if (types & schema_type_bits(json_type(doc, node))) {
        return FIT_YES;
    }
    if (n->type == JSON_DOUBLE && (types & TYPE_INTEGER) && is_whole(n->v.d)) {
        return FIT_COERCED;
    }
    if ((n->flags & JSON_F_EITHER) && (types & (TYPE_ARRAY | TYPE_OBJECT))) {
        return FIT_COERCED;
    }
    if ((n->flags & JSON_F_BIGDIGITS) && (types & (TYPE_INTEGER | TYPE_NUMBER))) {
        return FIT_COERCED;
    }
    return FIT_NO;
}

/* A whole double as the integer that it is; past 64 bits it stays, being whole in JSON too. */
static void coerce_double(struct json_node *n)
{
    if (n->v.d >= -9223372036854775808.0 && n->v.d < 9223372036854775808.0) {
        n->v.i = (int64_t)n->v.d;
        n->type = JSON_INT;
    } else if (n->v.d > 0 && n->v.d < 18446744073709551616.0) {
        n->v.u = (uint64_t)n->v.d;
        n->type = JSON_UINT;
    }
}

/* An empty container of unknown kind becomes an object where both would do. */
void value_coerce(struct json_doc *doc, uint32_t node, unsigned types)
{
    struct json_node *n = &doc->nodes[node];
    if (value_fit(doc, node, types) != FIT_COERCED) {
        return;
    }
    if (n->type == JSON_DOUBLE) {
        coerce_double(n);
    } else if (n->flags & JSON_F_EITHER) {
        n->type = types & TYPE_OBJECT ? JSON_OBJECT : JSON_ARRAY;
    } else {
        n->type = JSON_DIGITS;
    }
    n->flags = 0;
}

bool value_is_number(const struct json_doc *doc, uint32_t node)
{
    return json_is_number(doc, node) || (doc->nodes[node].flags & JSON_F_BIGDIGITS);
}

/* long double holds every 64-bit integer exactly where it has a 64-bit mantissa; elsewhere limits
 * that large don't occur. */
long double value_number(const struct json_doc *doc, uint32_t node)
{
    const struct json_node *n = &doc->nodes[node];
    if (n->type == JSON_INT) {
        return (long double)n->v.i;
    }
    if (n->type == JSON_UINT) {
        return (long double)n->v.u;
    }
    if (n->type == JSON_DOUBLE) {
        return (long double)n->v.d;
    }
    size_t len = 0;
    const char *text = json_text(doc, node, &len);
    long double value = 0;
    bool negative = len > 0 && text[0] == '-';
    for (size_t i = negative; i < len; i++) {
        value = value * 10 + (text[i] - '0');
    }
    return negative ? -value : value;
}

/* Bytes that continue a sequence aren't counted; text is UTF-8 by then. */
uint64_t value_length(const struct json_doc *doc, uint32_t node)
{
    size_t len = 0;
    uint64_t count = 0;
    const char *text = json_text(doc, node, &len);
    for (size_t i = 0; i < len; i++) {
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return count;
}

/*
 * Integers exactly; others within a rounding error, as 0.3 is no exact multiple of 0.1 in binary.
 */
bool value_is_multiple(const struct json_doc *doc, uint32_t value, const struct json_doc *of,
                       uint32_t step)
{
    if (json_type(doc, value) == JSON_INT && json_type(of, step) == JSON_INT) {
        int64_t divisor = of->nodes[step].v.i;
        return divisor == 0 || divisor == -1 || doc->nodes[value].v.i % divisor == 0;
    }
    long double divisor = value_number(of, step);
    if (divisor == 0) {
        return true;
    }
    long double quotient = value_number(doc, value) / divisor;
    if (fabsl(quotient) > 1e25L) {
        return fmodl(value_number(doc, value), divisor) == 0; /* no fraction is left to round */
    }
    long double off = fabsl(quotient - roundl(quotient));
    return off <= fabsl(quotient) * 1e-14L + 1e-12L;
}

/* True when none of the elements from `a` on, `len` of them, is equal to one before it. */
static bool few_are_unique(const struct json_doc *doc, uint32_t a, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        uint32_t b = json_next(doc, a);
        for (uint32_t j = i + 1; j < len; j++) {
            if (json_equal(doc, a, doc, b)) {
                return false;
            }
            b = json_next(doc, b);
        }
        a = json_next(doc, a);
    }
    return true;
}

struct hashed {
    uint64_t hash;
    uint32_t node;
};

static int compare_hashes(const void *left, const void *right)
{
    const struct hashed *a = left, *b = right;
    return (a->hash > b->hash) - (a->hash < b->hash);
}

/*
 * Many elements: only those whose hashes are equal are compared. Whoever writes the value can make
 * many such, so each comparison costs the steps of its nodes.
 */
static bool hashed_are_unique(struct work *work, const struct json_doc *doc, struct hashed *list,
                              uint32_t len)
{
    qsort(list, len, sizeof *list, compare_hashes);
    for (uint32_t i = 0; i < len; i++) {
        for (uint32_t j = i + 1; j < len && list[j].hash == list[i].hash; j++) {
            if (!work_take(work, json_next(doc, list[i].node) - list[i].node) ||
                json_equal(doc, list[i].node, doc, list[j].node)) {
                return false;
            }
        }
    }
    return true;
}

/* Steps of a walk over all of a value. */
static uint64_t steps_of(const struct json_doc *doc, uint32_t node)
{
    uint32_t end = json_next(doc, node);
    uint64_t nodes = end - node, bytes = 0;
    for (; node < end; node++) {
        size_t len = 0;
        (void)json_text(doc, node, &len);
        bytes += len;
    }
    return nodes + bytes / SCHEMA_STEP_BYTES;
}

/* What may be meant as an array but is an object (an empty one) has no elements to compare. */
bool value_is_unique(struct work *work, const struct json_doc *doc, uint32_t array)
{
    uint32_t len = json_type(doc, array) == JSON_ARRAY ? doc->nodes[array].len : 0;
    uint32_t element = array + 1;
    if (!work_take(work, steps_of(doc, array))) {
        return false;
    }
    if (len <= FEW_ITEMS) {
        return few_are_unique(doc, element, len);
    }
    struct hashed *list = mem_alloc(len * sizeof *list);
    if (!list) {
        work->failed = true;
        return false;
    }
    for (uint32_t i = 0; i < len; i++) {
        list[i] = (struct hashed){json_hash(doc, element), element};
        element = json_next(doc, element);
    }
    bool unique = hashed_are_unique(work, doc, list, len);
    mem_free(list);
    return unique;
}
