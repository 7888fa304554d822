/*
 * json: bytes -> document -> bytes.
 *
 * A document is one flat array of nodes in the order of the text: a container is followed by its
 * content and knows the index after it, so a sibling is one step away and a subtree is a slice.
 * An object's content is key, value, key, value; a key is a JSON_STRING node.
 *
 * Strings stay where they were read (escapes are undone in place), so a document owns its text and
 * parsing copies nothing. Documents are also built by hand (json_add_...), for what comes from Lua.
 *
 * Invariants: node 0 is the root. For a container at i with k content nodes, v.end is i + 1 + k.
 * Duplicate names are kept as nodes; every reader here lets the last one win.
 */
#ifndef BOSA_JSON_H
#define BOSA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

#define JSON_NONE UINT32_MAX /* "no such node" */
#define JSON_MAX_DEPTH 1000  /* containers within each other, reading and writing */
#define JSON_MAX_NODES (UINT32_MAX - 1)
#define JSON_EXACT_DOUBLE 9007199254740992.0 /* 2^53: doubles up to it hold every whole number */

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INT,    /* an integer that fits int64_t */
    JSON_UINT,   /* an integer from 2^63 to 2^64-1 */
    JSON_DIGITS, /* an integer past 64 bits: its text, sign included */
    JSON_DOUBLE, /* a number with a fraction or an exponent */
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
    JSON_FILE /* never parsed: stands for the v.u-th file of a call's parameters (invocation.h) */
};

enum json_flag {
    JSON_F_EITHER = 1,   /* an empty container, not said whether array or object */
    JSON_F_BIGDIGITS = 2 /* digits past the VM's numbers: may stand for an integer */
};

struct json_node {
    uint8_t type;  /* enum json_type */
    uint8_t flags; /* enum json_flag */
    uint32_t len;  /* bytes of a string or of digits; elements of an array; members of an object */
    union {
        int64_t i;    /* JSON_INT */
        uint64_t u;   /* JSON_UINT, JSON_FILE */
        double d;     /* JSON_DOUBLE */
        uint64_t at;  /* JSON_STRING, JSON_DIGITS: offset into the document's text */
        uint64_t end; /* JSON_ARRAY, JSON_OBJECT: index of the first node after the content */
    } v;
};

struct json_doc {
    struct json_node *nodes; /* owned */
    uint32_t count, cap;
    char *text; /* owned: what string nodes point into */
    size_t text_len, text_cap;
    bool failed; /* an addition found no memory (or too many nodes); as in buf.h */
};

void json_init(struct json_doc *doc);

/*
 * Forgets the content and keeps the memory, for the next text. Fresh pages cost as much as parsing.
 */
void json_clear(struct json_doc *doc);

/*
 * The document's own room for a text of `len` bytes, which json_parse is to be given then. NULL
 * when there is no memory. `doc` must be fresh or cleared.
 */
char *json_room(struct json_doc *doc, size_t len);

/*
 * Reads one JSON text (RFC 8259, strictly: UTF-8 checked, nothing after it but white space; a byte
 * order mark before it is passed over). `text` must come from mem_alloc or json_room; it is the
 * document's from here on, also after a failure, and is changed in place. `doc` must be fresh, or
 * cleared with the text in its own room. On BOSA_PROTOCOL `err` names line, column (both from 1,
 * columns in bytes) and what was expected. Also BOSA_NOMEM.
 */
enum bosa_status json_parse(struct json_doc *doc, char *text, size_t len, struct bosa_error *err);

/*
 * json_parse for what servers and language models write, where one bad character must not cost the
 * whole text: half a surrogate pair and each byte that is no UTF-8 are read as U+FFFD, a number
 * past all doubles as the largest one of its sign, a control character in a string as itself.
 */
enum bosa_status json_parse_lenient(struct json_doc *doc, char *text, size_t len,
                                    struct bosa_error *err);

/* ---- questions; `node` must be a valid index ---- */

static inline enum json_type json_type(const struct json_doc *doc, uint32_t node)
{
    return (enum json_type)doc->nodes[node].type; /* a byte, so that a node has 16 in all */
}

/*
 * "null", "boolean", "integer", "number", "string", "array", "object", "file": JSON Schema's word
 * for a node.
 */
const char *json_type_name(const struct json_doc *doc, uint32_t node);

/* Index of the node after this one and its content: the next sibling, or the container's end. */
static inline uint32_t json_next(const struct json_doc *doc, uint32_t node)
{
    const struct json_node *n = &doc->nodes[node];
    return n->type == JSON_ARRAY || n->type == JSON_OBJECT ? (uint32_t)n->v.end : node + 1;
}

/*
 * Value of the member `key` of an object, the last if there are more; JSON_NONE if none or not an
 * object.
 */
uint32_t json_get(const struct json_doc *doc, uint32_t object, const char *key, size_t key_len);

/*
 * The members of one object in an order that they are found fast in: json_get looks at each, so a
 * loop over the names of a large object would take time in their square.
 */
struct json_index {
    struct json_indexed *members; /* owned; one for each name, the last that has it */
    uint32_t count;
};
struct json_indexed {
    const char *name; /* borrowed from the document */
    uint32_t len;
    uint32_t value; /* node */
};

/* False: no memory. The document's text must not grow while the index is in use. */
bool json_index_build(struct json_index *index, const struct json_doc *doc, uint32_t object);
uint32_t json_index_get(const struct json_index *index, const char *key, size_t key_len);
void json_index_free(struct json_index *index);

/* The order of an index: by length, then by bytes. */
static inline int json_compare_names(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len != b_len) {
        return a_len < b_len ? -1 : 1;
    }
    return a_len > 0 ? memcmp(a, b, a_len) : 0;
}

/* json_get for a NUL-terminated key. */
uint32_t json_member(const struct json_doc *doc, uint32_t object, const char *key);

/* Element `i` (from 0) of an array, JSON_NONE when there is none. Takes time in proportion to i. */
uint32_t json_at(const struct json_doc *doc, uint32_t array, uint32_t i);

/* Bytes of a string or digits node, borrowed until text is added, not terminated; NULL and 0 for
 * other types. */
static inline const char *json_text(const struct json_doc *doc, uint32_t node, size_t *len)
{
    const struct json_node *n = &doc->nodes[node];
    bool has_text = n->type == JSON_STRING || n->type == JSON_DIGITS;
    *len = has_text ? n->len : 0;
    return has_text ? doc->text + n->v.at : NULL;
}

/* True when the node is this string. */
bool json_is(const struct json_doc *doc, uint32_t node, const char *text);

/* True for the four types of numbers, which are one type to JSON Schema. */
static inline bool json_is_number(const struct json_doc *doc, uint32_t node)
{
    enum json_type type = json_type(doc, node);
    return type == JSON_INT || type == JSON_UINT || type == JSON_DIGITS || type == JSON_DOUBLE;
}

/*
 * True when the node is a whole number that a program may have meant as an integer: JSON_INT, or
 * JSON_DOUBLE up to JSON_EXACT_DOUBLE, as VMs without integers have them.
 */
bool json_whole(const struct json_doc *doc, uint32_t node, int64_t *out);

/* The value of a number node as a double. */
double json_number(const struct json_doc *doc, uint32_t node);

/*
 * Equal as JSON Schema means it: 1 equals 1.0, members in any order. Nodes may be of different
 * documents.
 */
bool json_equal(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y);

/* A number that is the same for nodes that are json_equal, and seldom for others. */
uint64_t json_hash(const struct json_doc *doc, uint32_t node);

/* ---- building; failure is sticky in doc->failed ---- */

void json_add_null(struct json_doc *doc);
void json_add_bool(struct json_doc *doc, bool value);
void json_add_int(struct json_doc *doc, int64_t value);
void json_add_uint(struct json_doc *doc, uint64_t value); /* becomes JSON_INT where it fits */
void json_add_double(struct json_doc *doc, double value);
void json_add_string(struct json_doc *doc, const char *text, size_t len);
void json_add_file(struct json_doc *doc, uint32_t index);

/*
 * Opens a JSON_ARRAY or JSON_OBJECT and returns its index, to be given to json_close with the count
 * of elements or members.
 */
uint32_t json_open(struct json_doc *doc, enum json_type type);
void json_close(struct json_doc *doc, uint32_t container, uint32_t count);

/* Appends a copy of a subtree of `from` (another document). */
void json_add_copy(struct json_doc *doc, const struct json_doc *from, uint32_t node);

/*
 * Makes `out` (fresh) an object like `object` of `from`, with member `key` set to node `value` of
 * `values`.
 */
void json_with_member(struct json_doc *out, const struct json_doc *from, uint32_t object,
                      const char *key, const struct json_doc *values, uint32_t value);

/* ---- writing ---- */

/* True when json_write can fail for want of memory only. `doc` is no deeper than JSON_MAX_DEPTH. */
bool json_writable(const struct json_doc *doc, uint32_t node);

/*
 * Appends the JSON text of a node. Doubles are written shortest, so that they read back the same; a
 * whole one keeps ".0" (or an exponent) and so stays a double. BOSA_PARAMS, with the path of the
 * culprit in `err`: NaN, infinity, a string that is not UTF-8, a JSON_FILE, more than
 * JSON_MAX_DEPTH levels. Also BOSA_NOMEM.
 */
enum bosa_status json_write(struct buf *out, const struct json_doc *doc, uint32_t node,
                            struct bosa_error *err);

/* How json_write_layout lays a text out. */
struct json_layout {
    bool sorted; /* members in the byte order of their names, whole numbers without a fraction */
    unsigned indent; /* spaces a level is indented by; 0: all on one line */
};

#define JSON_MAX_INDENT 16

/*
 * Appends the JSON text of a node in a layout. With `sorted` equal documents have the same bytes on
 * every VM. BOSA_PARAMS as json_write; BOSA_NOMEM.
 */
enum bosa_status json_write_layout(struct buf *out, const struct json_doc *doc, uint32_t node,
                                   const struct json_layout *how, struct bosa_error *err);

/*
 * Appends one string, quoted and escaped. False when it is not UTF-8 (a part may have been
 * written).
 */
bool json_write_string(struct buf *out, const char *text, size_t len);

/* Appends one integer. */
void json_write_int(struct buf *out, int64_t value);
void json_write_uint(struct buf *out, uint64_t value);

/* Appends one finite double, shortest. */
void json_write_double(struct buf *out, double value);

/*
 * Wipes the text (it may hold a secret), frees everything and leaves the document as json_init
 * does.
 */
void json_wipe(struct json_doc *doc);
void json_free(struct json_doc *doc);

#endif
