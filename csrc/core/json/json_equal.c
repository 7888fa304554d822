/*
 * Whether two values are equal as JSON Schema means it: 1 and 1.0 are, the order of members is
 * nothing. The validator calls it for enum, const and uniqueItems; its work is bounded by its
 * caller's budget.
 */
#include "json/json_internal.h"

#define FEW_MEMBERS 16 /* up to so many a search from the start is as fast as any */
#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

#define TWO_63 9223372036854775808.0
#define TWO_64 18446744073709551616.0

static bool equal_at(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y,
                     int depth);

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
 * True when every name of `x` is in `y` too; with `values`, equal there. Of a name that comes twice
 * only the last member is looked at: objects within each other, each of them given twice, would
 * else double the work at every level.
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
        if (values && json_get(a, x, key, len) == name + 1 &&
            !equal_at(a, name + 1, b, other, depth)) {
            return false;
        }
    }
    return true;
}

/* Two objects by their indexes, which hold each name once. */
static bool equal_indexed(const struct json_doc *a, const struct json_index *x,
                          const struct json_doc *b, const struct json_index *y, int depth)
{
    if (x->count != y->count) {
        return false;
    }
    for (uint32_t i = 0; i < x->count; i++) {
        const struct json_indexed *m = &x->members[i], *n = &y->members[i];

        if (json_compare_names(m->name, m->len, n->name, n->len) != 0 ||
            !equal_at(a, m->value, b, n->value, depth)) {
            return false;
        }
    }
    return true;
}

/*
 * Objects are compared in both directions, as duplicates make the counts of members say nothing. In
 * large ones that takes too long; without memory for their indexes it is the way all the same.
 */
static bool equal_objects(const struct json_doc *a, uint32_t x, const struct json_doc *b,
                          uint32_t y, int depth)
{
    struct json_index m = {0}, n = {0};
    bool large = a->nodes[x].len > FEW_MEMBERS || b->nodes[y].len > FEW_MEMBERS;
    bool equal;

    if (large && json_index_build(&m, a, x) && json_index_build(&n, b, y)) {
        equal = equal_indexed(a, &m, b, &n, depth);
    } else {
        equal = is_within(b, y, a, x, false, depth) && is_within(a, x, b, y, true, depth);
    }
    json_index_free(&m);
    json_index_free(&n);
    return equal;
}

/* `depth` bounds the recursion; what a writer would refuse equals nothing. */
static bool equal_at(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y,
                     int depth)
{
    enum json_type type = json_type(a, x), other = json_type(b, y);

    if (json_is_number(a, x) && json_is_number(b, y)) {
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

bool json_equal(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y)
{
    return equal_at(a, x, b, y, 0);
}

/* ---- hashes ---- */

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * HASH_PRIME;
    return sum ^ sum >> 29;
}

static uint64_t mix_bytes(uint64_t sum, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ (unsigned char)bytes[i]) * HASH_PRIME;
    }
    return mix(sum, len);
}

/* Digits and doubles that are equal have one value as doubles. */
static uint64_t hash_number(const struct json_doc *doc, uint32_t node)
{
    struct json_node n = canonical(doc, node);
    uint64_t bits = n.v.u;
    double d;

    if (n.type == JSON_DIGITS || n.type == JSON_DOUBLE) {
        d = json_number(doc, node);
        memcpy(&bits, &d, sizeof bits);
    }
    return mix(HASH_START, bits);
}

static uint64_t hash_member(const struct json_doc *doc, const char *name, size_t len,
                            uint32_t value)
{
    return mix(mix_bytes(HASH_START, name, len), json_hash(doc, value));
}

/* A sum, since members come in any order; of a name that comes twice the last counts. */
static uint64_t hash_object(const struct json_doc *doc, uint32_t object)
{
    uint32_t end = json_next(doc, object);
    struct json_index index = {0};
    uint64_t sum = 0;

    if (doc->nodes[object].len > FEW_MEMBERS && json_index_build(&index, doc, object)) {
        for (uint32_t i = 0; i < index.count; i++) {
            const struct json_indexed *m = &index.members[i];

            sum += hash_member(doc, m->name, m->len, m->value);
        }
        json_index_free(&index);
        return sum;
    }
    for (uint32_t name = object + 1; name < end; name = json_next(doc, name + 1)) {
        size_t len;
        const char *text = json_text(doc, name, &len);

        if (json_get(doc, object, text, len) == name + 1) {
            sum += hash_member(doc, text, len, name + 1);
        }
    }
    return sum;
}

/* Objects are the only nodes that need a recursion; JSON_MAX_DEPTH bounds it. */
uint64_t json_hash(const struct json_doc *doc, uint32_t node)
{
    uint32_t end = json_next(doc, node);
    uint64_t sum = HASH_START;

    for (uint32_t i = node; i < end; i++) {
        const struct json_node *n = &doc->nodes[i];

        if (n->type == JSON_OBJECT) {
            sum = mix(mix(sum, JSON_OBJECT), hash_object(doc, i));
            i = json_next(doc, i) - 1;
        } else if (json_is_number(doc, i)) {
            sum = mix(sum, hash_number(doc, i));
        } else if (n->type == JSON_STRING) {
            sum = mix_bytes(mix(sum, JSON_STRING), doc->text + n->v.at, n->len);
        } else {
            sum = mix(mix(sum, n->type), n->len);
        }
    }
    return sum;
}
