/*
 * response_reader: reads an HTTP/1.1 response (RFC 9112) out of bytes. It does no I/O and copies no
 * content.
 *
 * The caller hands in what it received and asks for the next event until RESPONSE_MORE. Strict
 * where leniency would let two parties read different messages.
 *
 * Refused are
 * - another protocol or major version, a status that is no three-digit number, and 101;
 * - a line longer than RESPONSE_MAX_LINE, and a bare CR or NUL in one;
 * - a field line without a colon, or folded before the first field;
 * - a Content-Length that is no decimal number, two that differ, and one with Transfer-Encoding;
 * - a transfer coding other than one "chunked";
 * - a chunk size that is no number, or too large, and a chunk without its line end.
 *
 * Accepted are
 * - LF as a line end, and a folded field, as one line;
 * - equal Content-Lengths;
 * - HTTP/1.2 to 1.9, as 1.1;
 * - chunk extensions and trailers, which are read past.
 *
 * A response to anything but HEAD and CONNECT is meant; neither is ever sent.
 */
#ifndef BOSA_RESPONSE_READER_H
#define BOSA_RESPONSE_READER_H

#include "base/buf.h"
#include "base/error.h"

/* bytes of a status line, a field line with what is folded into it, a chunk size line */
#define RESPONSE_MAX_LINE ((size_t)1 << 16)
/* bytes of all trailers */
#define RESPONSE_MAX_TRAILER_BYTES ((size_t)1 << 16)

enum response_event {
    RESPONSE_MORE,    /* every byte was used, and more are needed */
    RESPONSE_STATUS,  /* reader->status is of a new status line */
    RESPONSE_FIELD,   /* `piece` is a field line without its end, unfolded */
    RESPONSE_CONTENT, /* the header section is over: content, if any, follows */
    RESPONSE_DATA,    /* `piece` is content; response_took says how much of it was taken */
    RESPONSE_END,     /* the response is whole; again and again from here on */
    RESPONSE_REFUSED  /* `err` says why; not to be asked again */
};

enum response_phase {
    PHASE_STATUS,
    PHASE_FIELDS,
    PHASE_LENGTH, /* content of a known length */
    PHASE_CLOSE,  /* content up to the end of the connection */
    PHASE_CHUNK_SIZE,
    PHASE_CHUNK,
    PHASE_CHUNK_END, /* the line end after a chunk */
    PHASE_TRAILERS,
    PHASE_END
};

struct response_reader {
    enum response_phase phase;
    int status;           /* of the last status line; 0: none yet */
    bool keeps;           /* once whole: the server keeps the connection */
    bool old;             /* HTTP/1.0 */
    bool close, chunked;  /* said so far in this header section */
    int64_t length;       /* Content-Length; -1: none */
    uint64_t left;        /* bytes of content or of the chunk still to come */
    size_t trailer_bytes; /* so far */
    struct buf line;      /* owned; a line that is not whole yet, or may go on with a fold */
    bool line_waits;      /* `line` is whole unless the next one is folded */
    bool any;             /* at least one byte was read */
};

struct piece {
    const char *bytes; /* borrowed from the bytes given, or from the reader until the next call */
    size_t len;
};

void response_init(struct response_reader *reader);

/*
 * The next event in `bytes`; *used is how many of them are done with. For RESPONSE_DATA none of the
 * piece is: response_took follows. Only RESPONSE_REFUSED fills `err`: BOSA_PROTOCOL or BOSA_NOMEM.
 */
enum response_event response_next(struct response_reader *reader, const char *bytes, size_t len,
                                  size_t *used, struct piece *piece, struct bosa_error *err);

/* `len` bytes of the piece just given were taken. */
void response_took(struct response_reader *reader, size_t len);

/*
 * The connection has ended. True: that was the end of the response. False: it was cut off, or never
 * began.
 */
bool response_closed(struct response_reader *reader);

void response_free(struct response_reader *reader);

#endif
