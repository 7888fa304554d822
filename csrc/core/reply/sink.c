/*
 * The three kinds of sink. A file descriptor is held by SINK_MEMORY only past its limit and by
 * SINK_PATH from its first byte on. Invariant of SINK_PATH: `part` is set exactly while a file of
 * that name is ours to rename or remove.
 */
#include "reply/sink.h"

#include "base/fileio.h"
#include "base/mem.h"
#include "reply/sink_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum bosa_status no_memory(struct bosa_error *err)
{
    return error_nomem(err);
}

enum bosa_status sink_init(struct sink *sink, enum sink_kind kind, const char *path)
{
    memset(sink, 0, sizeof *sink);
    sink->kind = kind;
    sink->fd = -1;
    buf_init(&sink->bytes);
    if (kind == SINK_PATH) {
        sink->path = mem_dup(path, strlen(path));
        return sink->path ? BOSA_OK : BOSA_NOMEM;
    }
    return BOSA_OK;
}

/* What messages call the file behind fd. */
static const char *file_name(const struct sink *sink)
{
    return sink->part ? sink->part : "a temporary file";
}

/* Moves what is in memory to a temporary file. */
static enum bosa_status spill(struct sink *sink, struct bosa_error *err)
{
    int fd;
    enum bosa_status status = sink_file_temporary(&fd, err);
    if (status != BOSA_OK) {
        return status;
    }
    status = fileio_write(fd, file_name(sink), sink->bytes.data, sink->bytes.len, err);
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
    return sink->bytes.failed ? no_memory(err) : BOSA_OK;
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
    return status == BOSA_OK ? fileio_write(sink->fd, file_name(sink), bytes, len, err) : status;
}

/*
 * Opens the part. A directory at the path is refused now, not after everything has been received.
 */
static enum bosa_status open_path(struct sink *sink, struct bosa_error *err)
{
    struct stat info;
    if (lstat(sink->path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return fileio_error(err, "write", sink->path, EISDIR);
    }
    return sink_file_open(sink, err);
}

static enum bosa_status write_path(struct sink *sink, const char *bytes, size_t len,
                                   struct bosa_error *err)
{
    enum bosa_status status = sink->fd < 0 ? open_path(sink, err) : BOSA_OK;
    return status == BOSA_OK ? fileio_write(sink->fd, file_name(sink), bytes, len, err) : status;
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

/* Gives the part, which an empty answer has not made yet, the target's name. */
static enum bosa_status finish_path(struct sink *sink, struct bosa_error *err)
{
    enum bosa_status status = sink->part ? BOSA_OK : open_path(sink, err);
    if (status == BOSA_OK && sink->fd >= 0) {
        status = sink_file_close(&sink->fd, sink->path, err);
    }
    if (status != BOSA_OK) {
        return status;
    }
    if (rename(sink->part, sink->path) != 0) {
        return fileio_error(err, "write", sink->path, errno);
    }
    mem_free(sink->part);
    sink->part = NULL;
    return BOSA_OK;
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

/* The two buffers are swapped, so that the queue goes on in memory that is there already. */
bool sink_take(struct sink *sink, struct buf *out)
{
    buf_clear(out);
    if (sink->kind != SINK_CALLER || sink->bytes.len == 0) {
        return false;
    }
    struct buf empty = *out;
    *out = sink->bytes;
    sink->bytes = empty;
    return true;
}

/* A forked child has a copy of its parent's sink, but the part is the parent's to finish. */
void sink_reset(struct sink *sink)
{
    if (sink->fd >= 0) {
        close(sink->fd);
        sink->fd = -1;
    }
    if (sink->part) {
        if (sink->opener == getpid()) {
            unlink(sink->part);
        }
        mem_free(sink->part);
        sink->part = NULL;
    }
    buf_free(&sink->bytes);
    sink->size = 0;
    sink->finished = false;
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
        return fileio_read(sink->fd, file_name(sink), (int64_t)offset, out, cap, got, err);
    }
    size_t left = sink->bytes.len - (size_t)offset;
    *got = left < cap ? left : cap;
    memcpy(out, sink->bytes.data + offset, *got);
    return BOSA_OK;
}

void sink_free(struct sink *sink)
{
    sink_reset(sink);
    mem_free(sink->path);
    sink->path = NULL;
}
