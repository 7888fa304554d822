/*
 * response: what the server is going to say, filled in by a handler.
 *
 * A handler writes JSON text to `data` (and `meta`), or calls one of the functions below for
 * anything else. What is left untouched is 200 with {"data": null, "meta": null}.
 */
#ifndef SANDBOX_RESPONSE_H
#define SANDBOX_RESPONSE_H

#include "base/buf.h"
#include "http/header_fields.h"

enum response_kind {
    RESPONSE_ENVELOPE, /* data and meta in JSON's usual envelope */
    RESPONSE_BODY,     /* `body` as it is */
    RESPONSE_SHARED,   /* `shared`, which lives as long as the server */
    RESPONSE_PATTERN,  /* `size` bytes; the one at offset i is i % 251 */
    RESPONSE_ERROR     /* one of BOSA's own errors */
};

/* How the connection fares with the response. */
enum response_end {
    END_WELL,
    END_CLOSE,               /* closed in place of a response */
    END_RESET,               /* the same by a reset */
    END_AFTER_HEADERS,       /* closed after the header fields */
    END_IN_BODY,             /* closed after half of the body */
    END_RESET_IN_BODY,       /* the same by a reset */
    END_CLOSE_AFTER_RESPONSE /* closed after a whole response that sounds as if it were kept */
};

struct response {
    int status;
    enum response_kind kind;
    enum response_end end;
    struct buf data, meta; /* RESPONSE_ENVELOPE; an empty one is null */
    struct buf body;
    const char *shared;   /* borrowed */
    uint64_t size;        /* of shared or of the pattern */
    bool chunked;         /* no length is told */
    struct fields fields; /* of this response; without a Content-Type here it is JSON's */
    const char *code;     /* RESPONSE_ERROR: a static word for it */
    char message[200];
    int retryable;      /* what `recovery` says: 1, 0; -1: the status decides */
    double retry_after; /* seconds; below 0: not said */
    uint64_t delay_ms;  /* before the response is sent */
};

void response_prepare(struct response *response);

/* One of BOSA's own errors; `code` is a static string. */
void response_error(struct response *response, int status, const char *code, const char *message);

/* {"detail": "text"}, as the router responds. */
void response_detail(struct response *response, int status, const char *text);

/* Bytes that live as long as the server, as JSON. */
void response_shared(struct response *response, const char *json, size_t len);

/* Sets a header field; a value that can't be one is left out. */
void response_field(struct response *response, const char *name, const char *value);

/* A file: its Content-Type, and a Content-Disposition with `filename` (NULL: none). */
void response_file(struct response *response, const char *type, const char *filename);

/*
 * Writes the body of an envelope or an error: afterwards it is an RESPONSE_BODY. `id` is the
 * request's; `contract_2` asks for error bodies of the current contract. False: no memory.
 */
bool response_finish(struct response *response, const char *id, bool contract_2);

void response_release(struct response *response);

#endif
