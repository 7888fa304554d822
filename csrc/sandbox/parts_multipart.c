/*
 * multipart/form-data, as libmicrohttpd's post processor reads it: an opinion on the format that
 * isn't the client's own. exchange.c feeds it.
 */
#include "parts.h"

#include "base/mem.h"

#include <microhttpd.h>
#include <string.h>

/* Takes content bytes of the part being read. */
static void add_content(struct parts *parts, const char *bytes, size_t len)
{
    struct part *part = &parts->list[parts->count - 1];
    size_t keep = part->filename ? parts->keep : PARTS_MAX_VALUE;
    size_t room = keep > part->kept.len ? keep - part->kept.len : 0;
    buf_add(&part->kept, bytes, len < room ? len : room);
    part->size += len;
    part->checksum = fnv_add(part->checksum, bytes, len);
}

/* The next part: what the processor knows of it is there before its first byte. */
static bool begin_part(struct parts *parts, const char *name, const char *filename,
                       const char *type)
{
    struct part *part = name ? parts_add(parts) : NULL;
    if (!part) {
        return false;
    }
    part->name = mem_dup(name, strlen(name));
    part->filename = filename ? mem_dup(filename, strlen(filename)) : NULL;
    part->type = type ? mem_dup(type, strlen(type)) : NULL;
    return part->name && (part->filename || !filename) && (part->type || !type);
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/*
 * True when this is the part that was begun last. The processor tells the offset 0 twice of a part
 * whose header section it was fed to the end, and nothing of the content.
 */
static bool is_begun(const struct parts *parts, const char *name, const char *filename,
                     const char *type)
{
    const struct part *last = parts->count > 0 ? &parts->list[parts->count - 1] : NULL;
    return last && !parts->told && last->size == 0 && same(last->name, name) &&
           same(last->filename, filename) && same(last->type, type);
}

/* MHD_PostDataIterator: a piece of a part's content; the first of a part has the offset 0. */
static enum MHD_Result take_piece(void *cls, enum MHD_ValueKind kind, const char *name,
                                  const char *filename, const char *type, const char *encoding,
                                  const char *bytes, uint64_t offset, size_t len)
{
    struct parts *parts = cls;
    (void)kind;
    (void)encoding;
    bool begins = offset == 0 && !is_begun(parts, name, filename, type);
    parts->told = true;
    if (begins && !begin_part(parts, name, filename, type)) {
        parts->broken = true;
        return MHD_NO;
    }
    add_content(parts, bytes, len);
    return MHD_YES;
}

void parts_begin(struct parts *parts, struct MHD_Connection *connection, size_t keep)
{
    parts->keep = keep;
    parts->processor = MHD_create_post_processor(connection, PARTS_MAX_HEADER, take_piece, parts);
    parts->broken = !parts->processor;
}

void parts_feed(struct parts *parts, const char *bytes, size_t len)
{
    parts->told = false;
    if (!parts->broken && MHD_post_process(parts->processor, bytes, len) != MHD_YES) {
        parts->broken = true;
    }
}

/* Ends the processor, which tells whether it saw the last delimiter. */
static bool end_processor(struct parts *parts)
{
    bool whole = parts->processor && MHD_destroy_post_processor(parts->processor) == MHD_YES;
    parts->processor = NULL;
    return whole;
}

bool parts_end(struct parts *parts)
{
    bool whole = end_processor(parts) && !parts->broken;
    for (size_t i = 0; i < parts->count; i++) {
        whole = whole && !parts->list[i].kept.failed;
    }
    return whole;
}
