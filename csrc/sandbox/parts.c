/*
 * The list of a form's parts, and the reader of urlencoded ones. parts_multipart.c fills it, too.
 */
#include "parts.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

uint64_t fnv_add(uint64_t sum, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

struct part *parts_add(struct parts *parts)
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
    struct part *part = parts_add(parts);
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
    *parts = (struct parts){0};
}
