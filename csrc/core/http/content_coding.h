/*
 * content_coding: undoes gzip and deflate (RFC 9110, section 8.4.1) piece by piece, over zlib.
 */
#ifndef BOSA_CONTENT_CODING_H
#define BOSA_CONTENT_CODING_H

#include "base/error.h"

enum coding {
    CODING_IDENTITY, /* none; also what servers write for that: "", "none", a charset, "binary" */
    CODING_GZIP,     /* gzip, x-gzip: one member or several, and padding after the last */
    CODING_DEFLATE,  /* zlib's format, or bare deflate, which some servers send by that name */
    CODING_OTHER     /* one that was not asked for, or several */
};

/* What a Content-Encoding says, a list; of names for no coding the rest counts. NULL is
 * CODING_IDENTITY. */
enum coding coding_of(const char *content_encoding);

struct decoder;

/* For CODING_GZIP or CODING_DEFLATE. NULL: no memory. */
struct decoder *decoder_new(enum coding coding);

/*
 * Decodes into `out`: at most `cap` bytes; *used of `bytes` are done with, *got bytes are in `out`.
 * To be called again, also without further bytes, while *got is `cap`. BOSA_PROTOCOL: not of that
 * coding. BOSA_NOMEM.
 */
enum bosa_status decoder_run(struct decoder *decoder, const char *bytes, size_t len, size_t *used,
                             char *out, size_t cap, size_t *got, struct bosa_error *err);

/* True when what was decoded is whole, and nothing has begun after it. */
bool decoder_is_whole(const struct decoder *decoder);

/* Any byte came. Some servers name a coding where there is no content. */
bool decoder_has_begun(const struct decoder *decoder);

void decoder_free(struct decoder *decoder);

#endif
