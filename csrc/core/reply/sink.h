/*
 * sink: where the bytes of a response go.
 *
 * - memory, and past a limit an unlinked temporary file (a file response nobody gave a place to);
 * - a path: whole or not at all, or, where it is a device or a FIFO, in place (base/file_write.h);
 * - the caller: a bounded queue; when it is full the transport pauses until the caller has taken
 *   chunks.
 */
#ifndef BOSA_SINK_H
#define BOSA_SINK_H

#include "base/buf.h"
#include "base/error.h"
#include "base/file_write.h"

#include <stdint.h>

/* bytes a file response may take in memory before it goes to a temporary file */
#define SINK_MEMORY_LIMIT ((size_t)1 << 20)
/* bytes waiting for the caller before the transport pauses */
#define SINK_QUEUE_LIMIT ((size_t)256 << 10)

enum sink_kind { SINK_MEMORY, SINK_PATH, SINK_CALLER };

struct sink {
    enum sink_kind kind;
    char *path;             /* owned; SINK_PATH */
    struct file_write file; /* SINK_PATH */
    int fd;                 /* SINK_MEMORY: a temporary file; -1: none */
    struct buf bytes;       /* SINK_MEMORY: the content; SINK_CALLER: the queue */
    uint64_t size;          /* bytes taken in all */
    bool finished;
};

/* Makes an empty sink. `path` (copied) only for SINK_PATH. BOSA_NOMEM. */
enum bosa_status sink_init(struct sink *sink, enum sink_kind kind, const char *path);

/*
 * Opens a path (which may be open already), so that one which can't be written is known before
 * anything is sent. sink_write and sink_finish do so where nobody did. BOSA_FILE, BOSA_NOMEM.
 */
enum bosa_status sink_open(struct sink *sink, struct bosa_error *err);

/*
 * Whether a content that does not fit in memory would find room: BOSA_FILE where $TMPDIR names no
 * directory that can be written. Without $TMPDIR nothing is asked.
 */
enum bosa_status sink_check_temporary(struct bosa_error *err);

/*
 * Takes all of the bytes, or none and BOSA_AGAIN (SINK_CALLER, full), or fails with BOSA_FILE /
 * BOSA_NOMEM.
 */
enum bosa_status sink_write(struct sink *sink, const char *bytes, size_t len,
                            struct bosa_error *err);

/* The content is whole: a path gets its file. */
enum bosa_status sink_finish(struct sink *sink, struct bosa_error *err);

/*
 * SINK_CALLER: what is queued, borrowed until the sink is used again; false when there is nothing.
 * sink_dequeue takes it out of the queue.
 */
bool sink_queued(const struct sink *sink, const char **bytes, size_t *len);
void sink_dequeue(struct sink *sink);

/*
 * Throws away what was taken, for another attempt. A FIFO or a device stays open as long as nothing
 * was written to it: to its reader, closing it would be the end.
 */
void sink_reset(struct sink *sink);

/* True when a further attempt may write from the start: nobody has seen a part of this one. */
bool sink_can_restart(const struct sink *sink);

/* Throws away what was taken, and closes everything: no further attempt follows. */
void sink_close(struct sink *sink);

/*
 * Of a finished SINK_MEMORY: up to `cap` bytes from `offset`, wherever they are. *got 0: the end.
 * BOSA_FILE.
 */
enum bosa_status sink_read(const struct sink *sink, uint64_t offset, char *out, size_t cap,
                           size_t *got, struct bosa_error *err);

/* Of a finished SINK_MEMORY: writes everything to `path`, as a path sink does. */
enum bosa_status sink_save(const struct sink *sink, const char *path, struct bosa_error *err);

/*
 * As sink_save, into directory `dir` under `name` (already safe), or, where that is taken, "name
 * (1).ext" and so on; never over another file. *saved: the path used, owned by the caller.
 */
enum bosa_status sink_save_in(const struct sink *sink, const char *dir, const char *name,
                              char **saved, struct bosa_error *err);

/* Frees everything; an unfinished path leaves nothing behind. */
void sink_free(struct sink *sink);

#endif
