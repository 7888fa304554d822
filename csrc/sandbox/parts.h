/*
 * parts: the body of a form, read piece by piece.
 *
 * multipart/form-data is parsed by libmicrohttpd as it comes in; of a file only its size and
 * checksum are kept, and as many of its first bytes as the reader asked for, so that an upload of
 * any size takes no memory. The pairs of an urlencoded body are presented as parts, too.
 */
#ifndef SANDBOX_PARTS_H
#define SANDBOX_PARTS_H

#include "base/buf.h"

#define PARTS_MAX 10000                     /* parts of one form; more make it broken */
#define PARTS_MAX_HEADER ((size_t)64 << 10) /* bytes of one line of a part's header section */
#define PARTS_MAX_VALUE ((size_t)1 << 20)   /* bytes kept of a part that is no file */

struct part {
    char *name;        /* owned, as all of this */
    char *filename;    /* as sent, no %XX undone; NULL: not a file */
    char *type;        /* its Content-Type; NULL: none */
    uint64_t size;     /* bytes in all */
    uint64_t checksum; /* FNV-1a, 64 bits, of all of them */
    struct buf kept;   /* the first of them */
};

struct MHD_Connection;
struct MHD_PostProcessor;

struct parts {
    struct part *list; /* in the order they came */
    size_t count, cap;
    struct MHD_PostProcessor *processor; /* owned; NULL: not begun, or ended */
    size_t keep;                         /* bytes to keep of each file */
    bool told;                           /* of a part, since bytes were fed last */
    bool broken;                         /* it can't become a whole form any more */
};

/* The checksum of no bytes, and of more bytes after those that gave `sum`. */
#define FNV_START UINT64_C(0xcbf29ce484222325)
uint64_t fnv_add(uint64_t sum, const char *bytes, size_t len);

/* Zeroed memory is an empty list. Starts reading the body of the connection's request; a content
 * type without a boundary makes it broken. */
void parts_begin(struct parts *parts, struct MHD_Connection *connection, size_t keep);

void parts_feed(struct parts *parts, const char *bytes, size_t len);

/* Ends reading, if it was begun: true when the form was whole, up to its last delimiter. */
bool parts_end(struct parts *parts);

/* Reads an urlencoded body in place of the two above. False: no memory, or too many pairs. */
bool parts_urlencoded(struct parts *parts, const char *body, size_t len);

/* Appends `text` with %XX undone, and `+` read as a space where `plus` is set. */
void parts_decode(struct buf *out, const char *text, size_t len, bool plus);

/* Appends an empty part; NULL: no memory, or there are too many. */
struct part *parts_add(struct parts *parts);

/* The reading has ended (parts_end), or was never begun. */
void parts_free(struct parts *parts);

#endif
