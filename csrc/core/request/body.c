/*
 * Segments are read one after the other. Each knows how much of it was given out, so a rewind is
 * setting that to nothing; files are read at an offset (pread), so that their descriptors have no
 * place of their own that could be wrong. A FIFO or a device is a feed with a descriptor: whoever
 * feeds it reads it, without blocking (body_read_stream). Invariant: `current` is the first segment
 * that may still have bytes, and `needs_input` is set only while that one is a feed without any.
 */
#include "request/body.h"

#include "base/buf.h"
#include "base/fileio.h"
#include "base/mem.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum segment_type { SEGMENT_BYTES, SEGMENT_FILE, SEGMENT_FEED };

struct segment {
    enum segment_type type;
    struct buf bytes; /* SEGMENT_BYTES: all; SEGMENT_FEED: fed and not all given out */
    size_t taken;     /* SEGMENT_FEED: how many of `bytes` are given out */
    int64_t size;     /* in all; -1: not known */
    int64_t given;    /* out, since the start or the last rewind */
    int64_t fed;      /* SEGMENT_FEED: bytes that came in */
    bool ended;       /* SEGMENT_FEED: no more will come */
    uint32_t id;      /* SEGMENT_FEED */
    char *path;       /* owned; of a file or stream */
    int fd;           /* likewise; else -1 */
};

struct body {
    struct segment *list; /* owned */
    size_t count, cap;
    size_t current; /* the segment being read */
    int64_t length; /* of all segments, -1: not known */
    int64_t known;  /* of the segments whose size is known; never past INT64_MAX */
    int64_t done;
    bool needs_input; /* the current segment is a feed that the reader waits for */
};

struct body *body_new(void)
{
    return mem_zalloc(1, sizeof(struct body));
}

/*
 * Appends an empty segment and adds its size to the whole. NULL: no memory, or a whole past
 * INT64_MAX.
 */
static struct segment *add_segment(struct body *body, enum segment_type type, int64_t size)
{
    if (size > 0 && size > INT64_MAX - body->known) {
        return NULL;
    }
    struct segment *list = mem_grow(body->list, sizeof *list, body->count, &body->cap);
    if (!list) {
        return NULL;
    }
    body->list = list;
    struct segment *segment = &body->list[body->count++];
    memset(segment, 0, sizeof *segment);
    segment->type = type;
    segment->size = size;
    segment->fd = -1;
    buf_init_secret(&segment->bytes);
    if (size < 0) {
        body->length = -1;
    } else {
        body->known += size;
        body->length = body->length < 0 ? -1 : body->known;
    }
    return segment;
}

/* The bytes are the body's from here on, and wiped when they can't be. */
enum bosa_status body_add_buf(struct body *body, struct buf *bytes)
{
    struct segment *segment = NULL;
    if (!bytes->failed && bytes->len <= PTRDIFF_MAX) {
        segment = add_segment(body, SEGMENT_BYTES, (int64_t)bytes->len);
    }
    if (!segment) {
        bytes->secret = true;
        buf_free(bytes);
        return BOSA_NOMEM;
    }
    segment->bytes = *bytes;
    segment->bytes.secret = true; /* bytes handed in may be */
    buf_init_secret(bytes);
    return BOSA_OK;
}

enum bosa_status body_add_bytes(struct body *body, const char *bytes, size_t len)
{
    struct buf copy;
    buf_init_secret(&copy);
    if (len > 0) {
        buf_add(&copy, bytes, len);
    }
    return body_add_buf(body, &copy);
}

/*
 * The size is taken now, as Content-Length is sent before the first byte; read_file holds the file
 * to it. A stream is a feed of this one's own.
 */
enum bosa_status body_add_path(struct body *body, const char *path, struct bosa_error *err)
{
    int fd;
    int64_t size;
    enum bosa_status status = fileio_open(path, &fd, &size, err);
    if (status != BOSA_OK) {
        return status;
    }
    char *copy = mem_dup(path, strlen(path));
    enum segment_type type = size == FILEIO_STREAM ? SEGMENT_FEED : SEGMENT_FILE;
    struct segment *segment = copy ? add_segment(body, type, size < 0 ? -1 : size) : NULL;
    if (!segment) {
        mem_free(copy);
        close(fd);
        return error_nomem(err);
    }
    segment->id = BODY_STREAM;
    segment->path = copy;
    segment->fd = fd;
    return BOSA_OK;
}

/* Every negative size is the same: not known. */
enum bosa_status body_add_feed(struct body *body, uint32_t id, int64_t size)
{
    struct segment *segment = add_segment(body, SEGMENT_FEED, size < 0 ? -1 : size);
    if (!segment) {
        return BOSA_NOMEM;
    }
    segment->id = id;
    return BOSA_OK;
}

int64_t body_length(const struct body *body)
{
    return body->length;
}

int64_t body_done(const struct body *body)
{
    return body->done;
}

/* Empty, it is still a body: "" and not NULL. */
const char *body_bytes(const struct body *body, size_t *len)
{
    *len = 0;
    if (body->count != 1 || body->list[0].type != SEGMENT_BYTES) {
        return NULL;
    }
    *len = body->list[0].bytes.len;
    return *len > 0 ? body->list[0].bytes.data : "";
}

uint32_t body_needs_input(const struct body *body)
{
    return body->needs_input ? body->list[body->current].id : BODY_NO_FEED;
}

/* Bytes in memory have no way to fail. */
static enum bosa_status read_bytes(const struct segment *segment, char *out, size_t cap,
                                   size_t *got)
{
    size_t from = (size_t)segment->given;
    size_t left = segment->bytes.len - from;
    *got = left < cap ? left : cap;
    if (*got > 0) {
        memcpy(out, segment->bytes.data + from, *got);
    }
    return BOSA_OK;
}

/*
 * A file that grew is noticed with its last bytes, not after them: a transport that knows the
 * length may never ask again.
 */
static enum bosa_status read_file(const struct segment *segment, char *out, size_t cap, size_t *got,
                                  struct bosa_error *err)
{
    struct stat info;
    if (segment->size < 0) {
        return fileio_read(segment->fd, segment->path, segment->given, out, cap, got, err);
    }
    int64_t left = segment->size - segment->given;
    size_t want = (uint64_t)left < cap ? (size_t)left : cap;
    enum bosa_status status = BOSA_OK;
    *got = 0;
    if (want > 0) {
        status = fileio_read(segment->fd, segment->path, segment->given, out, want, got, err);
        if (status == BOSA_OK && *got == 0) {
            return error_set(err, BOSA_FILE, "`%s` has become shorter while it was being sent",
                             segment->path);
        }
    }
    if (status == BOSA_OK && segment->given + (int64_t)*got == segment->size &&
        fstat(segment->fd, &info) == 0 && (int64_t)info.st_size != segment->size) {
        return error_set(err, BOSA_FILE, "`%s` has changed its size while it was being sent",
                         segment->path);
    }
    return status;
}

/*
 * A feed is asked until it ends, also when it has given all of its size: one that goes on is an
 * error, not cut.
 */
static enum bosa_status read_feed(struct segment *segment, char *out, size_t cap, size_t *got,
                                  struct bosa_error *err)
{
    size_t left = segment->bytes.len - segment->taken;
    *got = 0;
    if (segment->size >= 0 && segment->fed > segment->size) {
        return error_set(err, BOSA_FILE, "an upload gave more than its size of %lld bytes",
                         (long long)segment->size);
    }
    if (left > 0) {
        *got = left < cap ? left : cap;
        memcpy(out, segment->bytes.data + segment->taken, *got);
        segment->taken += *got;
        return BOSA_OK;
    }
    if (!segment->ended) {
        return BOSA_AGAIN;
    }
    if (segment->fed < segment->size) {
        return error_set(err, BOSA_FILE, "an upload gave %lld bytes, its size was to be %lld",
                         (long long)segment->fed, (long long)segment->size);
    }
    return BOSA_OK;
}

/* BOSA_OK with *got 0 is the segment's end, whatever its type. */
static enum bosa_status read_segment(struct segment *segment, char *out, size_t cap, size_t *got,
                                     struct bosa_error *err)
{
    switch (segment->type) {
    case SEGMENT_FILE:
        return read_file(segment, out, cap, got, err);
    case SEGMENT_FEED:
        return read_feed(segment, out, cap, got, err);
    case SEGMENT_BYTES:
        break;
    }
    return read_bytes(segment, out, cap, got);
}

/*
 * Fills `out` from as many segments as it takes; what was copied is given out before a dry feed is
 * told.
 */
enum bosa_status body_read(struct body *body, char *out, size_t cap, size_t *got,
                           struct bosa_error *err)
{
    *got = 0;
    while (body->current < body->count && *got < cap) {
        struct segment *segment = &body->list[body->current];
        size_t n;
        enum bosa_status status = read_segment(segment, out + *got, cap - *got, &n, err);
        if (status == BOSA_AGAIN) {
            body->needs_input = *got == 0;
            return *got > 0 ? BOSA_OK : BOSA_AGAIN;
        }
        if (status != BOSA_OK) {
            return status;
        }
        segment->given += (int64_t)n;
        body->done += (int64_t)n;
        *got += n;
        if (n == 0) {
            body->current++;
        }
    }
    return BOSA_OK;
}

/* Only a feed that is dry can need input, so its buffer is free for the new bytes. */
enum bosa_status body_feed(struct body *body, const char *bytes, size_t len)
{
    if (!body->needs_input) {
        return BOSA_AGAIN;
    }
    if (len == 0) {
        return BOSA_OK;
    }
    struct segment *segment = &body->list[body->current];
    buf_clear(&segment->bytes);
    segment->taken = 0;
    buf_add(&segment->bytes, bytes, len);
    if (segment->bytes.failed) {
        return BOSA_NOMEM;
    }
    segment->fed += (int64_t)len;
    body->needs_input = false;
    return BOSA_OK;
}

enum bosa_status body_feed_end(struct body *body)
{
    if (!body->needs_input) {
        return BOSA_AGAIN;
    }
    body->list[body->current].ended = true;
    body->needs_input = false;
    return BOSA_OK;
}

enum bosa_status body_read_stream(struct body *body, char *out, size_t cap, size_t *got,
                                  struct bosa_error *err)
{
    *got = 0;
    if (body_needs_input(body) != BODY_STREAM) {
        return BOSA_AGAIN;
    }
    const struct segment *segment = &body->list[body->current];
    return fileio_read_stream(segment->fd, segment->path, segment->fed > 0, out, cap, got, err);
}

/* A feed that was fed but not read yet still has all it got. */
enum bosa_status body_rewind(struct body *body, struct bosa_error *err)
{
    for (size_t i = 0; i < body->count; i++) {
        const struct segment *segment = &body->list[i];
        if (segment->type != SEGMENT_FEED || segment->given == 0) {
            continue;
        }
        if (segment->path) {
            return error_set(err, BOSA_FILE, "`%s` can't be read a second time", segment->path);
        }
        return error_set(err, BOSA_FILE,
                         "an upload from a `read` function can't be sent a second time");
    }
    for (size_t i = 0; i < body->count; i++) {
        body->list[i].given = 0;
    }
    body->current = 0;
    body->done = 0;
    body->needs_input = false;
    return BOSA_OK;
}

void body_free(struct body *body)
{
    if (!body) {
        return;
    }
    for (size_t i = 0; i < body->count; i++) {
        struct segment *segment = &body->list[i];
        buf_free(&segment->bytes);
        mem_free(segment->path);
        if (segment->fd >= 0) {
            close(segment->fd);
        }
    }
    mem_free(body->list);
    mem_free(body);
}
