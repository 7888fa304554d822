#include "json/json_internal.h"

#define TWO_63 9223372036854775808.0
#define TWO_64 18446744073709551616.0

static bool equal_at(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y,
                     int depth);

/* The four types of numbers are one type to JSON Schema, and so to json_equal. */
static bool is_number(enum json_type type)
{
    return type == JSON_INT || type == JSON_UINT || type == JSON_DIGITS || type == JSON_DOUBLE;
}

/* Gives a whole double below 2^64 the integer type that says the same. -0.0 becomes 0. */
static void whole_to_integer(struct json_node *n)
{
    double d = n->v.d;

    if (d >= -TWO_63 && d < TWO_63 && (double)(int64_t)d == d) {
        n->type = JSON_INT;
        n->v.i = (int64_t)d;
    } else if (d >= TWO_63 && d < TWO_64) {
        n->type = JSON_UINT;
        n->v.u = (uint64_t)d;
    }
}

/*
 * A number node in its canonical form: what stays JSON_DOUBLE equals no 64 bit integer, and what
 * stays JSON_DIGITS does not either.
 */
static struct json_node canonical(const struct json_doc *doc, uint32_t node)
{
    struct json_node n = doc->nodes[node];

    if (n.type == JSON_DOUBLE) {
        whole_to_integer(&n);
    } else if (n.type == JSON_DIGITS) {
        json_read_integer(doc->text + n.v.at, n.len, &n);
    }
    return n;
}

/* For strings and for digits, which have one way to be written. */
static bool equal_texts(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y)
{
    size_t a_len, b_len;
    const char *s = json_text(a, x, &a_len), *t = json_text(b, y, &b_len);

    return a_len == b_len && (a_len == 0 || memcmp(s, t, a_len) == 0);
}

/* Exact for all but digits against a double, where what the digits round to counts. */
static bool equal_numbers(const struct json_doc *a, uint32_t x, const struct json_doc *b,
                          uint32_t y)
{
    struct json_node m = canonical(a, x), n = canonical(b, y);

    if (m.type == JSON_INT || m.type == JSON_UINT || n.type == JSON_INT || n.type == JSON_UINT) {
        return m.type == n.type && m.v.u == n.v.u;
    }
    if (m.type == JSON_DIGITS && n.type == JSON_DIGITS) {
        return equal_texts(a, x, b, y);
    }
    return json_number(a, x) == json_number(b, y);
}

/* Equal lengths let one end serve for both. */
static bool equal_arrays(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y,
                         int depth)
{
    uint32_t end = json_next(a, x);

    if (a->nodes[x].len != b->nodes[y].len) {
        return false;
    }
    for (x++, y++; x < end; x = json_next(a, x), y = json_next(b, y)) {
        if (!equal_at(a, x, b, y, depth)) {
            return false;
        }
    }
    return true;
}

/*
 * True when every name of `x` (the last one, where it comes twice) is in `y` too; with `values`,
 * equal there.
 */
static bool is_within(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y,
                      bool values, int depth)
{
    uint32_t end = json_next(a, x);

    for (uint32_t name = x + 1; name < end; name = json_next(a, name + 1)) {
        size_t len;
        const char *key = json_text(a, name, &len);
        uint32_t other = json_get(b, y, key, len);

        if (other == JSON_NONE) {
            return false;
        }
        if (values && !equal_at(a, json_get(a, x, key, len), b, other, depth)) {
            return false;
        }
    }
    return true;
}

/* Objects are compared in both directions, as duplicates make the counts of members say nothing. */
static bool equal_objects(const struct json_doc *a, uint32_t x, const struct json_doc *b,
                          uint32_t y, int depth)
{
    return is_within(b, y, a, x, false, depth) && is_within(a, x, b, y, true, depth);
}

/* `depth` bounds the recursion; what a writer would refuse equals nothing. */
static bool equal_at(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y,
                     int depth)
{
    enum json_type type = json_type(a, x), other = json_type(b, y);

    if (is_number(type) && is_number(other)) {
        return equal_numbers(a, x, b, y);
    }
    if (type != other || depth > JSON_MAX_DEPTH) {
        return false;
    }
    switch (type) {
    case JSON_STRING:
        return equal_texts(a, x, b, y);
    case JSON_ARRAY:
        return equal_arrays(a, x, b, y, depth + 1);
    case JSON_OBJECT:
        return equal_objects(a, x, b, y, depth + 1);
    case JSON_FILE:
        return a->nodes[x].v.u == b->nodes[y].v.u;
    default:
        return true;
    }
}

/* Takes time in the square of an object's members, which are few in what schemas compare. */
bool json_equal(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y)
{
    return equal_at(a, x, b, y, 0);
}
