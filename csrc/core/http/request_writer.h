/*
 * request_writer: writes the header section of an HTTP/1.1 request, and frames its content.
 */
#ifndef BOSA_REQUEST_WRITER_H
#define BOSA_REQUEST_WRITER_H

#include "base/buf.h"
#include "http/header_fields.h"
#include "http/url.h"

#define CHUNK_OVERHEAD 12 /* bytes around a chunk: its size in eight digits, two line ends */

enum { CONTENT_NONE = -2, CONTENT_CHUNKED = -1 };

struct request_header {
    const char *method;
    const char *url;             /* absolute */
    const struct fields *fields; /* the request's own */
    const char *user_agent;      /* NULL: none */
    int64_t length;              /* of the content; CONTENT_NONE, CONTENT_CHUNKED */
};

/*
 * Appends the request line, Host, User-Agent and Accept-Encoding: gzip where `fields` don't have
 * them, the fields, what frames the content, and the empty line; and makes room for `more` bytes
 * after it, so that its secrets need not move. BOSA_PARAMS: the URL is not valid. BOSA_NOMEM.
 */
enum bosa_status request_write_header(struct buf *out, const struct request_header *header,
                                      size_t more, struct bosa_error *err);

/*
 * Frames `len` bytes that stand at `at` + 10 in `out`, at its end, as a chunk: writes the size
 * before them and the line end after them. `out` has CHUNK_OVERHEAD bytes of room.
 */
void request_frame_chunk(struct buf *out, size_t at, size_t len);

/* Appends the last chunk. */
void request_end_chunks(struct buf *out);

#endif
