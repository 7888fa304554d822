/*
 * Content codings over zlib. One decoder serves one response; call/exchange.c feeds it. It never
 * holds more than zlib's own window: who calls decides how much comes out at a time.
 */
#define ZLIB_CONST /* what it reads is const */

#include "http/content_coding.h"

#include "base/mem.h"
#include "http/charset.h"
#include "http/header_fields.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

enum format {
    FORMAT_GZIP = 15 + 16, /* window bits, as inflateInit2 wants them */
    FORMAT_ZLIB = 15,
    FORMAT_BARE = -15
};

struct decoder {
    z_stream stream;
    enum format format;
    bool begun;   /* a byte has been decoded in this member */
    bool ended;   /* a member has ended and no other has begun */
    bool padding; /* what comes after the last member is no member */
};

/* The coding of one name; CODING_OTHER: none that is known. */
static enum coding named(const char *name, size_t len)
{
    static const struct {
        const char *name;
        enum coding coding;
    } names[] = {
        {"gzip", CODING_GZIP},
        {"x-gzip", CODING_GZIP},
        {"deflate", CODING_DEFLATE},
        {"identity", CODING_IDENTITY},
        {"none", CODING_IDENTITY},
        {"binary", CODING_IDENTITY},
        {"8bit", CODING_IDENTITY},
        {"7bit", CODING_IDENTITY},
        {"aws-chunked", CODING_IDENTITY}, /* object stores keep it of uploads; nothing is coded */
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (http_same(name, len, names[i].name, strlen(names[i].name))) {
            return names[i].coding;
        }
    }
    return charset_named(name, len) == CHARSET_UNKNOWN ? CODING_OTHER : CODING_IDENTITY;
}

enum coding coding_of(const char *content_encoding)
{
    enum coding found = CODING_IDENTITY;
    const char *p = content_encoding ? content_encoding : "";
    for (;;) {
        p += strspn(p, " \t");
        size_t item = strcspn(p, ","), len = item;
        while (len > 0 && strchr(" \t", p[len - 1])) {
            len--;
        }
        enum coding coding = named(p, len);
        if (coding != CODING_IDENTITY) {
            found = found == CODING_IDENTITY ? coding : CODING_OTHER;
        }
        if (!p[item]) {
            return found;
        }
        p += item + 1;
    }
}

/* Stands before each block of zlib's: its window holds what was decoded, which may be a secret. */
union prefix {
    size_t size; /* of the block and this */
    max_align_t align;
};

static void *take_memory(void *context, uInt count, uInt size)
{
    size_t bytes = (size_t)count * size + sizeof(union prefix);
    union prefix *prefix = count > (SIZE_MAX - sizeof *prefix) / size ? NULL : mem_zalloc(bytes, 1);
    (void)context;
    if (!prefix) {
        return NULL;
    }
    prefix->size = bytes;
    return prefix + 1;
}

static void give_memory(void *context, void *block)
{
    union prefix *prefix = (union prefix *)block - 1;
    (void)context;
    mem_wipe(prefix, prefix->size);
    mem_free(prefix);
}

struct decoder *decoder_new(enum coding coding)
{
    struct decoder *d = mem_zalloc(1, sizeof *d);
    if (!d) {
        return NULL;
    }
    d->format = coding == CODING_GZIP ? FORMAT_GZIP : FORMAT_ZLIB;
    d->stream.zalloc = take_memory;
    d->stream.zfree = give_memory;
    if (inflateInit2(&d->stream, d->format) != Z_OK) {
        mem_free(d);
        return NULL;
    }
    return d;
}

/* Whether another gzip member begins: by its first byte, as the second may not be there yet. */
static bool begins_member(const struct decoder *d, const char *bytes)
{
    return d->format == FORMAT_GZIP && (unsigned char)bytes[0] == 0x1f;
}

/* "deflate" without zlib's header: to be told by the first byte, whose low half is 8 there. */
static bool is_bare(const struct decoder *d, const char *bytes)
{
    return d->format == FORMAT_ZLIB && !d->begun && ((unsigned char)bytes[0] & 0x0f) != 8;
}

static enum bosa_status fail(int code, struct bosa_error *err)
{
    if (code == Z_MEM_ERROR) {
        return error_nomem(err);
    }
    return error_set(err, BOSA_PROTOCOL, "malformed response: its content coding is broken");
}

/* What comes after a member: another one, or padding. */
static enum bosa_status go_on(struct decoder *d, const char *bytes, struct bosa_error *err)
{
    if (!begins_member(d, bytes)) {
        d->padding = true;
        return BOSA_OK;
    }
    int code = inflateReset(&d->stream);
    d->ended = d->begun = false;
    return code == Z_OK ? BOSA_OK : fail(code, err);
}

static enum bosa_status run(struct decoder *d, const char *bytes, size_t len, size_t *used,
                            char *out, size_t cap, size_t *got, struct bosa_error *err)
{
    z_stream *z = &d->stream;
    uInt in = len < UINT_MAX ? (uInt)len : UINT_MAX, room = cap < UINT_MAX ? (uInt)cap : UINT_MAX;
    z->next_in = (const Bytef *)bytes;
    z->avail_in = in;
    z->next_out = (Bytef *)out;
    z->avail_out = room;
    int code = inflate(z, Z_NO_FLUSH);
    *used = in - z->avail_in;
    *got = room - z->avail_out;
    d->begun = d->begun || *used > 0;
    d->ended = code == Z_STREAM_END;
    return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR ? BOSA_OK : fail(code, err);
}

enum bosa_status decoder_run(struct decoder *decoder, const char *bytes, size_t len, size_t *used,
                             char *out, size_t cap, size_t *got, struct bosa_error *err)
{
    enum bosa_status status = BOSA_OK;
    *used = *got = 0;
    while (status == BOSA_OK && *got < cap && !decoder->padding) {
        size_t took = 0, made = 0;
        if (decoder->ended && *used == len) {
            return BOSA_OK;
        }
        if (decoder->ended) {
            status = go_on(decoder, bytes + *used, err);
            continue;
        }
        if (*used < len && is_bare(decoder, bytes + *used)) {
            decoder->format = FORMAT_BARE;
            int code = inflateReset2(&decoder->stream, FORMAT_BARE);
            status = code == Z_OK ? BOSA_OK : fail(code, err);
            continue;
        }
        status =
            run(decoder, bytes + *used, len - *used, &took, out + *got, cap - *got, &made, err);
        *used += took;
        *got += made;
        if (took == 0 && made == 0 && !decoder->ended) {
            return status;
        }
    }
    if (decoder->padding) {
        *used = len;
    }
    return status;
}

bool decoder_is_whole(const struct decoder *decoder)
{
    return decoder->ended || decoder->padding;
}

bool decoder_has_begun(const struct decoder *decoder)
{
    return decoder->begun || decoder_is_whole(decoder);
}

void decoder_free(struct decoder *decoder)
{
    if (decoder) {
        inflateEnd(&decoder->stream);
        mem_free(decoder);
    }
}
