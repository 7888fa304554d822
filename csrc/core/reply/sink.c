/*
 * The three kinds of sink. A file descriptor is held by SINK_MEMORY only past its limit and by
 * SINK_PATH from sink_open on.
 */
#include "reply/sink.h"

#include "base/fileio.h"
#include "base/mem.h"
#include "reply/sink_file.h"

#include <string.h>
#include <unistd.h>

#define TEMPORARY "a temporary file" /* what messages call the file of fd */

enum bosa_status sink_init(struct sink *sink, enum sink_kind kind, const char *path)
{
    memset(sink, 0, sizeof *sink);
    sink->kind = kind;
    sink->fd = -1;
    buf_init(&sink->bytes);
    file_write_init(&sink->file);
    if (kind == SINK_PATH) {
        sink->path = mem_dup(path, strlen(path));
        return sink->path ? BOSA_OK : BOSA_NOMEM;
    }
    return BOSA_OK;
}

/* Moves what is in memory to a temporary file. */
static enum bosa_status spill(struct sink *sink, struct bosa_error *err)
{
    int fd;
    enum bosa_status status = sink_file_temporary(&fd, err);
    if (status != BOSA_OK) {
        return status;
    }
    status = fileio_write(fd, TEMPORARY, sink->bytes.data, sink->bytes.len, err);
    if (status != BOSA_OK) {
        close(fd);
        return status;
    }
    sink->fd = fd;
    buf_free(&sink->bytes);
    return BOSA_OK;
}

/* Appends to what is in memory. */
static enum bosa_status keep(struct sink *sink, const char *bytes, size_t len,
                             struct bosa_error *err)
{
    buf_add(&sink->bytes, bytes, len);
    return sink->bytes.failed ? error_nomem(err) : BOSA_OK;
}

/* Past the limit everything goes to a file, what was kept so far first. */
static enum bosa_status write_memory(struct sink *sink, const char *bytes, size_t len,
                                     struct bosa_error *err)
{
    bool fits = len <= SINK_MEMORY_LIMIT && sink->bytes.len <= SINK_MEMORY_LIMIT - len;
    if (sink->fd < 0 && fits) {
        return keep(sink, bytes, len, err);
    }
    enum bosa_status status = sink->fd < 0 ? spill(sink, err) : BOSA_OK;
    return status == BOSA_OK ? fileio_write(sink->fd, TEMPORARY, bytes, len, err) : status;
}

/* What was written in place can't be taken back. */
enum bosa_status sink_open(struct sink *sink, struct bosa_error *err)
{
    if (sink->kind != SINK_PATH) {
        return BOSA_OK;
    }
    if (sink->file.fd < 0) {
        return file_write_open(&sink->file, AT_FDCWD, sink->path, 0, err);
    }
    if (!sink_can_restart(sink)) {
        return error_set(err, BOSA_FILE,
                         "cannot write `%s` a second time: it has a part of the content already",
                         sink->path);
    }
    return BOSA_OK;
}

static enum bosa_status write_path(struct sink *sink, const char *bytes, size_t len,
                                   struct bosa_error *err)
{
    enum bosa_status status = sink->file.fd < 0 ? sink_open(sink, err) : BOSA_OK;
    return status == BOSA_OK ? file_write_add(&sink->file, bytes, len, err) : status;
}

/* An empty queue takes a piece of any size: one over the limit would never find room otherwise. */
static enum bosa_status queue(struct sink *sink, const char *bytes, size_t len,
                              struct bosa_error *err)
{
    size_t waiting = sink->bytes.len;
    if (waiting > 0 && (waiting > SINK_QUEUE_LIMIT || len > SINK_QUEUE_LIMIT - waiting)) {
        return BOSA_AGAIN;
    }
    return keep(sink, bytes, len, err);
}

enum bosa_status sink_write(struct sink *sink, const char *bytes, size_t len,
                            struct bosa_error *err)
{
    enum bosa_status status = BOSA_OK;
    if (len == 0) {
        return BOSA_OK;
    }
    switch (sink->kind) {
    case SINK_MEMORY:
        status = write_memory(sink, bytes, len, err);
        break;
    case SINK_PATH:
        status = write_path(sink, bytes, len, err);
        break;
    case SINK_CALLER:
        status = queue(sink, bytes, len, err);
        break;
    }
    if (status == BOSA_OK) {
        sink->size += len;
    }
    return status;
}

/* An empty content has opened nothing yet, where nobody else did. */
static enum bosa_status finish_path(struct sink *sink, struct bosa_error *err)
{
    if (sink->file.fd < 0 && sink->size > 0) {
        return error_set(err, BOSA_FILE, "cannot write `%s`: its content is gone", sink->path);
    }
    enum bosa_status status = sink->file.fd < 0 ? sink_open(sink, err) : BOSA_OK;
    return status == BOSA_OK ? file_write_finish(&sink->file, err) : status;
}

/* May be called again; a finished path is not renamed twice. */
enum bosa_status sink_finish(struct sink *sink, struct bosa_error *err)
{
    if (sink->kind == SINK_PATH && !sink->finished) {
        enum bosa_status status = finish_path(sink, err);
        if (status != BOSA_OK) {
            return status;
        }
    }
    sink->finished = true;
    return BOSA_OK;
}

bool sink_queued(const struct sink *sink, const char **bytes, size_t *len)
{
    *bytes = sink->bytes.data;
    *len = sink->bytes.len;
    return sink->kind == SINK_CALLER && sink->bytes.len > 0;
}

/* The memory stays, for what is queued next. */
void sink_dequeue(struct sink *sink)
{
    buf_clear(&sink->bytes);
}

/* Forgets what was taken; a path's file is the callers' business. */
static void forget(struct sink *sink)
{
    if (sink->fd >= 0) {
        close(sink->fd);
        sink->fd = -1;
    }
    buf_free(&sink->bytes);
    sink->size = 0;
    sink->finished = false;
}

/* What was written in place stays open, too: sink_open then refuses it. */
void sink_reset(struct sink *sink)
{
    if (!file_write_in_place(&sink->file)) {
        file_write_drop(&sink->file);
    }
    forget(sink);
}

bool sink_can_restart(const struct sink *sink)
{
    if (sink->kind == SINK_CALLER) {
        return sink->size == sink->bytes.len;
    }
    return !file_write_in_place(&sink->file) || !sink->file.written;
}

void sink_close(struct sink *sink)
{
    file_write_drop(&sink->file);
    forget(sink);
}

/* The sink is const: a descriptor's place is not moved, so several readers may go on at once. */
enum bosa_status sink_read(const struct sink *sink, uint64_t offset, char *out, size_t cap,
                           size_t *got, struct bosa_error *err)
{
    *got = 0;
    if (sink->kind != SINK_MEMORY || offset >= sink->size) {
        return BOSA_OK;
    }
    if (sink->fd >= 0) {
        return fileio_read(sink->fd, TEMPORARY, (int64_t)offset, out, cap, got, err);
    }
    size_t left = sink->bytes.len - (size_t)offset;
    *got = left < cap ? left : cap;
    memcpy(out, sink->bytes.data + offset, *got);
    return BOSA_OK;
}

void sink_free(struct sink *sink)
{
    sink_close(sink);
    mem_free(sink->path);
    sink->path = NULL;
}
