/*
 * The parts of a form, as libmicrohttpd's post processor reads them: an opinion on
 * multipart/form-data that isn't the client's own. exchange.c feeds it.
 */
#include "parts.h"

#include "base/mem.h"
#include "base/text.h"

#include <microhttpd.h>
#include <string.h>

uint64_t fnv_add(uint64_t sum, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

/* Appends an empty part; NULL: no memory, or there are too many. */
static struct part *add_part(struct parts *parts)
{
    if (parts->count == PARTS_MAX) {
        return NULL;
    }
    if (parts->count == parts->cap) {
        size_t cap = parts->cap ? parts->cap * 2 : 8;
        struct part *list = mem_realloc(parts->list, cap * sizeof *list);
        if (!list) {
            return NULL;
        }
        parts->list = list;
        parts->cap = cap;
    }
    struct part *part = &parts->list[parts->count++];
    *part = (struct part){.checksum = FNV_START};
    return part;
}

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
    struct part *part = name ? add_part(parts) : NULL;
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

void parts_decode(struct buf *out, const char *text, size_t len, bool plus)
{
    for (size_t i = 0; i < len; i++) {
        int byte = text_percent(text + i, len - i);
        if (byte >= 0) {
            buf_addc(out, (char)byte);
            i += 2;
        } else {
            buf_addc(out, (char)(plus && text[i] == '+' ? ' ' : text[i]));
        }
    }
}

/* Adds `name=value`. */
static bool add_pair(struct parts *parts, const char *pair, size_t len)
{
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len;
    struct part *part = add_part(parts);
    struct buf name;
    size_t ignored;
    if (!part) {
        return false;
    }
    buf_init(&name);
    parts_decode(&name, pair, name_len, true);
    part->name = buf_take(&name, &ignored);
    if (equals) {
        parts_decode(&part->kept, equals + 1, len - name_len - 1, true);
    }
    part->size = part->kept.len;
    part->checksum = fnv_add(FNV_START, part->kept.data, part->kept.len);
    return part->name && !part->kept.failed;
}

bool parts_urlencoded(struct parts *parts, const char *body, size_t len)
{
    const char *end = body + len;
    while (body < end) {
        const char *next = memchr(body, '&', (size_t)(end - body));
        next = next ? next : end;
        if (next > body && !add_pair(parts, body, (size_t)(next - body))) {
            return false;
        }
        body = next + 1;
    }
    return true;
}

void parts_free(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        mem_free(parts->list[i].name);
        mem_free(parts->list[i].filename);
        mem_free(parts->list[i].type);
        buf_free(&parts->list[i].kept);
    }
    mem_free(parts->list);
    end_processor(parts);
    *parts = (struct parts){0};
}
