/*
 * answer: what the server is going to say, filled in by a handler.
 *
 * A handler writes JSON text to `data` (and `meta`), or calls one of the functions below for
 * anything else. What is left untouched is 200 with {"data": null, "meta": null}.
 */
#ifndef SANDBOX_ANSWER_H
#define SANDBOX_ANSWER_H

#include "base/buf.h"
#include "http/header_fields.h"

enum answer_kind {
    ANSWER_ENVELOPE, /* data and meta in JSON's usual envelope */
    ANSWER_BODY,     /* `body` as it is */
    ANSWER_SHARED,   /* `shared`, which lives as long as the server */
    ANSWER_PATTERN,  /* `size` bytes; the one at offset i is i % 251 */
    ANSWER_ERROR     /* one of BOSA's own errors */
};

/* How the connection fares with the answer. */
enum answer_end {
    END_WELL,
    END_CLOSE,             /* closed in place of an answer */
    END_RESET,             /* the same by a reset */
    END_AFTER_HEADERS,     /* closed behind the header fields */
    END_IN_BODY,           /* closed behind half of the body */
    END_RESET_IN_BODY,     /* the same by a reset */
    END_CLOSE_AFTER_ANSWER /* closed behind a whole answer that sounds as if it were kept */
};

struct answer {
    int status;
    enum answer_kind kind;
    enum answer_end end;
    struct buf data, meta; /* ANSWER_ENVELOPE; an empty one is null */
    struct buf body;
    const char *shared;   /* borrowed */
    uint64_t size;        /* of shared or of the pattern */
    bool chunked;         /* no length is told */
    struct fields fields; /* of this answer; without a Content-Type here it is JSON's */
    const char *code;     /* ANSWER_ERROR: a static word for it */
    char message[200];
    int retryable;      /* what `recovery` says: 1, 0; -1: the status decides */
    double retry_after; /* seconds; below 0: not said */
    uint64_t delay_ms;  /* before the answer is sent */
};

void answer_init(struct answer *answer);

/* One of BOSA's own errors; `code` is a static string. */
void answer_error(struct answer *answer, int status, const char *code, const char *message);

/* {"detail": "text"}, as the router answers. */
void answer_detail(struct answer *answer, int status, const char *text);

/* Bytes that live as long as the server, as JSON. */
void answer_shared(struct answer *answer, const char *json, size_t len);

/* Sets a header field; a value that can't be one is left out. */
void answer_field(struct answer *answer, const char *name, const char *value);

/* A file: its Content-Type, and a Content-Disposition with `filename` (NULL: none). */
void answer_file(struct answer *answer, const char *type, const char *filename);

/*
 * Writes the body of an envelope or an error: afterwards it is an ANSWER_BODY. `id` is the
 * request's; `today` asks for today's error bodies. False: no memory.
 */
bool answer_finish(struct answer *answer, const char *id, bool today);

void answer_free(struct answer *answer);

#endif
