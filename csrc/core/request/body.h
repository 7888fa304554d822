/*
 * body: the bytes of a request, read piece by piece, so that no file is ever held in memory.
 *
 * A body is a list of segments: bytes, files, and "feeds", whose bytes the caller hands in while
 * the request is under way (a Lua `read` function can't be called from inside a transfer). The
 * reader is a transport; when it reaches a feed that has run dry it gets BOSA_AGAIN and pauses
 * until body_feed.
 */
#ifndef BOSA_BODY_H
#define BOSA_BODY_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

#define BODY_NO_FEED UINT32_MAX
#define BODY_STREAM (UINT32_MAX - 1) /* what waits for bytes is a FIFO or a device */

struct body;

struct body *body_new(void); /* NULL: no memory */

/* Appends a copy of the bytes; bytes that may be secret are wiped in body_free. */
enum bosa_status body_add_bytes(struct body *body, const char *bytes, size_t len);

/* The same without a copy: moves the content of `bytes`, which is left empty, also on failure. */
enum bosa_status body_add_buf(struct body *body, struct buf *bytes);

/*
 * Appends a file, opened now (close-on-exec), so that a missing one is an error (BOSA_FILE) before
 * anything was sent. One whose size stat doesn't know is read until it ends.
 */
enum bosa_status body_add_path(struct body *body, const char *path, struct bosa_error *err);

/* Appends a feed known to the caller by `id`; `size` in bytes, or -1 where it isn't known. */
enum bosa_status body_add_feed(struct body *body, uint32_t id, int64_t size);

/* Bytes in all, -1 when a feed's size isn't known (the request is then chunked). */
int64_t body_length(const struct body *body);

/* Bytes given out since the start or the last rewind. */
int64_t body_done(const struct body *body);

/*
 * Copies up to `cap` bytes to `out`. BOSA_OK with *got 0 is the end. BOSA_AGAIN: body_needs_input
 * must be fed first. BOSA_FILE: a file could not be read or its size has changed, or a feed gave
 * more or less than its size.
 */
enum bosa_status body_read(struct body *body, char *out, size_t cap, size_t *got,
                           struct bosa_error *err);

/*
 * The whole body when it is one segment of bytes in memory, borrowed; NULL otherwise. Lets small
 * requests skip copies.
 */
const char *body_bytes(const struct body *body, size_t *len);

/* The id of the feed that body_read waits for, BODY_NO_FEED when none. */
uint32_t body_needs_input(const struct body *body);

/* Gives bytes (copied) to the feed that needs input; with none it needs input still. */
enum bosa_status body_feed(struct body *body, const char *bytes, size_t len);

/* The feed that needs input gets no more. */
enum bosa_status body_feed_end(struct body *body);

/*
 * Where body_needs_input is BODY_STREAM: reads what there is, for body_feed. *got 0: the end.
 * BOSA_AGAIN: nothing yet, ask again in a while. BOSA_FILE.
 */
enum bosa_status body_read_stream(struct body *body, char *out, size_t cap, size_t *got,
                                  struct bosa_error *err);

/*
 * Back to the start, for another attempt. BOSA_FILE with a reason when a feed has already given
 * bytes.
 */
enum bosa_status body_rewind(struct body *body, struct bosa_error *err);

void body_free(struct body *body);

#endif
