/*
 * http1: HTTP/1.1 messages (RFC 9112) to and from bytes, for hosts that must own their sockets.
 *
 * It does no I/O: a request's head and body become bytes that the host sends; bytes that the host
 * received are pushed through a reader into a reply (reply.h). Content-Length, chunked and
 * until-close bodies; interim (1xx) answers; keep-alive. Strict where leniency would be a way to
 * smuggle: conflicting lengths, a bare CR in a field, an unknown transfer coding are errors.
 */
#ifndef BOSA_HTTP1_H
#define BOSA_HTTP1_H

#include "base/buf.h"
#include "reply/reply.h"
#include "request/request.h"

/* bytes of a status line, field line or chunk size line */
#define HTTP1_MAX_LINE ((size_t)1 << 16)

enum http1_phase {
    HTTP1_STATUS,
    HTTP1_FIELDS,
    HTTP1_BODY, /* of a known length */
    HTTP1_UNTIL_CLOSE,
    HTTP1_CHUNK_SIZE,
    HTTP1_CHUNK,
    HTTP1_CHUNK_END, /* the CRLF behind a chunk */
    HTTP1_TRAILERS,
    HTTP1_DONE
};

struct http1 {
    enum http1_phase phase;
    bool head;       /* the request was HEAD: no body whatever the fields say */
    bool keep_alive; /* once DONE: the connection may serve again */
    bool old;        /* HTTP/1.0 */
    bool closing;    /* the answer says that the connection will be closed */
    bool chunked;
    int64_t length;    /* Content-Length, -1: none */
    uint64_t left;     /* bytes of the body or chunk still to come */
    struct buf line;   /* a line not yet whole */
    uint64_t received; /* bytes of the answer so far; 0: the connection may have been dead before it
                          was used */
};

void http1_init(struct http1 *reader);

/*
 * Appends request line and fields, with Host, Content-Length or Transfer-Encoding, and the empty
 * line. BOSA_PARAMS, BOSA_NOMEM.
 */
enum bosa_status http1_write_head(struct buf *out, const struct request *request,
                                  struct bosa_error *err);

/*
 * Appends the next piece of the body, at most `max` bytes of it, framed where it is chunked.
 * BOSA_OK with *done true: that was the end (the last chunk included). BOSA_AGAIN: a feed is hungry
 * (body.h). BOSA_FILE, BOSA_NOMEM.
 */
enum bosa_status http1_write_body(struct buf *out, struct body *body, size_t max, bool *done,
                                  struct bosa_error *err);

/*
 * Takes received bytes; *used says how many. BOSA_OK: all, or up to the end of the answer (phase
 * HTTP1_DONE); bytes behind that end keep_alive. BOSA_AGAIN: the reply's sink is full, give the
 * rest later. BOSA_PROTOCOL and what reply's functions return otherwise.
 */
enum bosa_status http1_read(struct http1 *reader, struct reply *reply, const char *bytes,
                            size_t len, size_t *used, struct bosa_error *err);

/*
 * The other side closed. BOSA_OK: the answer was of the kind that ends so, and is whole now.
 * BOSA_CONNECTION: it was cut off.
 */
enum bosa_status http1_closed(struct http1 *reader, struct bosa_error *err);

void http1_free(struct http1 *reader);

#endif
