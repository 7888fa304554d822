/*
 * http: the pieces of RFC 9110 and its neighbours that both sides of a message need: field lists,
 * dates, Retry-After, media types, Content-Disposition.
 */
#ifndef BOSA_HTTP_H
#define BOSA_HTTP_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field {
    char *name;  /* owned, NUL-terminated, as given */
    char *value; /* NUL-terminated; behind the name, in the same block */
    size_t value_len;
};

/* A list of fields in the order they were added. Zeroed memory is an empty one. */
struct fields {
    struct field *list;
    size_t count, cap;
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

/* ASCII case-insensitive equality. */
bool http_same(const char *a, size_t a_len, const char *b, size_t b_len);

/* Reads an HTTP date (all three forms of RFC 9110 5.6.7) as Unix seconds; false when it is none. */
bool http_date(const char *text, int64_t *unix_seconds);

/* A date in the form "Sun, 06 Nov 1994 08:49:37 GMT"; `out` has room for 30 bytes. */
void http_write_date(int64_t unix_seconds, char out[30]);

/*
 * Seconds to wait as Retry-After says, at least 0; negative when `text` (may be NULL) is neither a
 * number of seconds nor a date.
 */
double http_retry_after(const char *text, int64_t now_unix);

/*
 * True for application/json and +json types, with or without parameters, any case. NULL is false.
 */
bool http_is_json(const char *content_type);

/* A request id fit to show: 1 to 128 of A-Z a-z 0-9 . _ : - */
bool http_is_reference(const char *text, size_t len);

/*
 * The file name of a Content-Disposition value: filename* (RFC 8187) before filename (quoted, RFC
 * 2231 continuations, bare). Sloppy values are read as protocol.md says: invalid UTF-8 is Latin-1,
 * a quoted string ends at its last quote. An owned string in UTF-8, not made safe; NULL when there
 * is none or no memory.
 */
char *http_filename(const char *content_disposition);

/*
 * The last component of `name`, made safe as a file name on any system: no directories, control
 * characters, reserved characters or device names, no leading or trailing dots and spaces, at most
 * 200 bytes cut on a UTF-8 boundary. Never empty ("download"). Owned; NULL: no memory.
 */
char *http_safe_filename(const char *name);

/*
 * Media type for a file name's extension; "application/octet-stream" for others. A static string.
 */
const char *http_type_of(const char *filename);

#endif
