/*
 * buf: a growing run of bytes.
 *
 * Failure is sticky: after an allocation has failed `failed` is set and every further addition does
 * nothing, so that a writer may add many pieces and look once, at the end.
 */
#ifndef BOSA_BUF_H
#define BOSA_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;  /* owned; NULL while nothing was added */
    size_t len;  /* bytes in use */
    size_t cap;  /* bytes allocated */
    bool failed; /* an allocation failed: the content is not to be used */
    bool secret; /* memory is wiped before it goes back */
};

void buf_init(struct buf *b);

/* For bytes that may be secret: what growing leaves behind is wiped, and so is all in the end. */
void buf_init_secret(struct buf *b);

/* Makes room for `more` bytes past len. False (and `failed`) when there is no memory. */
bool buf_reserve(struct buf *b, size_t more);

/* `bytes` must not lie in `b` itself. */
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *text); /* up to its NUL, which is not added */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void buf_addf(struct buf *b, const char *format, ...);

/* Adds `text` with every byte outside RFC 3986's unreserved set percent-encoded. */
void buf_add_escaped(struct buf *b, const char *text, size_t len);

/* Forgets the content, keeps the memory (and clears `failed`); a secret content is wiped. */
void buf_clear(struct buf *b);

/*
 * Hands the bytes to the caller, a NUL after them (not counted in *len; `len` may be NULL), and
 * leaves `b` empty. NULL after a failure; never for an empty text.
 */
char *buf_take(struct buf *b, size_t *len);

void buf_free(struct buf *b);

#endif
