/*
 * header_fields: the header fields of a message (RFC 9110, section 5).
 */
#ifndef BOSA_HEADER_FIELDS_H
#define BOSA_HEADER_FIELDS_H

#include "base/error.h"

#include <stdint.h>

struct field {
    const char *name;  /* NUL-terminated, as given; borrowed from the list, as `value` is */
    const char *value; /* NUL-terminated */
    size_t name_len, value_len;
};

struct fields_block;

/* A list of fields in the order they were added. Zeroed memory is an empty one. */
struct fields {
    struct field *list; /* in the first block, while that has room; then owned */
    size_t count, cap;
    struct fields_block *blocks; /* owned; the bytes of all of them */
    bool own_list;
};

/*
 * Adds a field. BOSA_PARAMS when the name is no token (RFC 9110 5.6.2) or the value has a control
 * character other than tab (CR, LF and NUL above all); white space around the value is dropped.
 * BOSA_NOMEM.
 */
enum bosa_status fields_add(struct fields *fields, const char *name, size_t name_len,
                            const char *value, size_t value_len, struct bosa_error *err);

/* True when a field's value may hold the text: no control character but tab. */
bool http_is_value(const char *text, size_t len);

/* As fields_add, in place of every field of that name (names compare without case). */
enum bosa_status fields_set(struct fields *fields, const char *name, const char *value,
                            size_t value_len, struct bosa_error *err);

/* The value of the first field of that name, borrowed; NULL when there is none. */
const char *fields_get(const struct fields *fields, const char *name);

enum bosa_status fields_copy(struct fields *to, const struct fields *from);

/* Wipes the values (they may be secrets) and frees everything. */
void fields_free(struct fields *fields);

/* ASCII case-insensitive equality; http_same_bytes is for what has one length. */
bool http_same_bytes(const char *a, const char *b, size_t len);

static inline bool http_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && http_same_bytes(a, b, a_len);
}

/* A request id fit to show: 1 to 128 of A-Z a-z 0-9 . _ : - */
bool http_is_reference(const char *text, size_t len);

#endif
