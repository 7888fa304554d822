/*
 * parts: the body of a form, read piece by piece.
 *
 * multipart/form-data is parsed as it comes in; of a file only its size and checksum are kept, and
 * as many of its first bytes as the reader asked for, so that an upload of any size takes no
 * memory. The pairs of an urlencoded body are presented as parts, too.
 */
#ifndef SANDBOX_PARTS_H
#define SANDBOX_PARTS_H

#include "base/buf.h"

#define PARTS_MAX 10000                   /* parts of one form; more make it broken */
#define PARTS_MAX_HEAD ((size_t)64 << 10) /* bytes of one part's header */
#define PARTS_MAX_VALUE ((size_t)1 << 20) /* bytes kept of a part that is no file */

struct part {
    char *name;        /* owned, as all of this */
    char *filename;    /* as sent, no %XX undone; NULL: not a file */
    char *type;        /* its Content-Type; NULL: none */
    uint64_t size;     /* bytes in all */
    uint64_t checksum; /* FNV-1a, 64 bits, of all of them */
    struct buf kept;   /* the first of them */
};

enum parts_state { PARTS_BODY, PARTS_DELIMITED, PARTS_HEAD, PARTS_ENDED, PARTS_BROKEN };

struct parts {
    struct part *list; /* in the order they came */
    size_t count, cap;
    enum parts_state state;
    struct buf pending;   /* bytes not yet understood */
    struct buf delimiter; /* CR LF, two hyphens and the boundary */
    size_t keep;          /* bytes to keep of each file */
};

/* The checksum of no bytes, and of more bytes behind those that gave `sum`. */
#define FNV_START UINT64_C(0xcbf29ce484222325)
uint64_t fnv_add(uint64_t sum, const char *bytes, size_t len);

/* Zeroed memory is an empty list. Starts reading; a content type without a boundary makes it
 * broken. */
void parts_begin(struct parts *parts, const char *content_type, size_t keep);

void parts_feed(struct parts *parts, const char *bytes, size_t len);

/* True when the form was whole, up to its last delimiter. */
bool parts_end(const struct parts *parts);

/* Reads an urlencoded body in place of the two above. False: no memory, or too many pairs. */
bool parts_urlencoded(struct parts *parts, const char *body, size_t len);

/* Appends `text` with %XX undone, and `+` read as a space where `plus` is set. */
void parts_decode(struct buf *out, const char *text, size_t len, bool plus);

void parts_free(struct parts *parts);

#endif
