/*
 * form: what the two encodings of a form have in common, and multipart/form-data (RFC 7578).
 * Private to requests.
 */
#ifndef BOSA_FORM_H
#define BOSA_FORM_H

#include "request/request.h"

#define FORM_BOUNDARY_SIZE 38 /* of a boundary with its NUL: "bosa-" and 128 random bits */

/* The parameters of a call and the files that they speak of; all borrowed. */
struct form {
    const struct json_doc *doc;
    uint32_t node; /* the object of the parameters */
    const struct file_part *files;
    size_t file_count;
};

/* One value of a form: a string, number, boolean or file. */
struct form_item {
    const char *name; /* the member's, borrowed */
    size_t name_len;
    long index; /* in the list of that name, from 0; -1: no list */
    uint32_t node;
};

typedef enum bosa_status form_visit(void *context, const struct form *form,
                                    const struct form_item *item, struct bosa_error *err);

/*
 * Shows every value to `visit` until one fails: items of lists one by one, null not at all. An
 * object, or a list within a list, is BOSA_PARAMS.
 */
enum bosa_status form_each(const struct form *form, form_visit *visit, void *context,
                           struct bosa_error *err);

/* BOSA_PARAMS for one value: its path before `text` in the message, and both in the details. */
enum bosa_status form_error(struct bosa_error *err, const struct form_item *item, const char *text);

/* Adds the text of a value that is no file. BOSA_PARAMS for a string that is not UTF-8. */
enum bosa_status form_text(struct buf *out, const struct form *form, const struct form_item *item,
                           struct bosa_error *err);

/* Writes a boundary that occurs in no string of the parameters and no file that is in memory. */
void multipart_boundary(char out[FORM_BOUNDARY_SIZE], const struct form *form);

/* True when the boundary occurs there. */
bool multipart_collides(const char *boundary, const struct form *form);

/*
 * Appends the form to `body`, cut by `boundary`. BOSA_PARAMS, BOSA_FILE and BOSA_NOMEM leave `body`
 * half written.
 */
enum bosa_status multipart_write(struct body *body, const char *boundary, const struct form *form,
                                 struct bosa_error *err);

#endif
