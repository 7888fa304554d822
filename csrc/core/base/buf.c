/*
 * Growing bytes. Everything that writes text or bytes in the core goes through here; it never looks
 * at what is written.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define FIRST_CAP 64 /* bytes of the first allocation, unless more are asked for */

/* Allocates nothing, so that a buffer that stays empty costs nothing and need not be freed. */
void buf_init(struct buf *b)
{
    *b = (struct buf){0};
}

void buf_init_secret(struct buf *b)
{
    *b = (struct buf){.secret = true};
}

/*
 * Gives `b` at least `need` bytes, twice what it had where that is more: n additions cost O(n)
 * copies.
 */
static bool grow(struct buf *b, size_t need)
{
    size_t cap = b->cap < SIZE_MAX / 2 ? b->cap * 2 : SIZE_MAX;
    char *data;

    if (cap < FIRST_CAP) {
        cap = FIRST_CAP;
    }
    if (cap < need) {
        cap = need;
    }
    data = b->secret ? mem_realloc_wiped(b->data, b->cap, cap) : mem_realloc(b->data, cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

/* Room that is there already is found without a call into the heap. */
bool buf_reserve(struct buf *b, size_t more)
{
    if (b->failed) {
        return false;
    }
    if (more <= b->cap - b->len && b->data) {
        return true;
    }
    if (more > SIZE_MAX - b->len) {
        b->failed = true;
        return false;
    }
    return grow(b, b->len + more);
}

/* Growing moves what is there, so `bytes` must not be a part of it. */
void buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (len == 0 || !buf_reserve(b, len)) {
        return;
    }
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
}

/* For loops over bytes; a run of them is cheaper with buf_add. */
void buf_addc(struct buf *b, char c)
{
    if (buf_reserve(b, 1)) {
        b->data[b->len++] = c;
    }
}

/*
 * For literals and for text of the C library; whatever came from outside has a length and buf_add.
 */
void buf_adds(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

/*
 * Formats into the room at hand, and again where that was too small. A format that fails counts as
 * no memory.
 */
void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    int len;

    if (!buf_reserve(b, 1)) {
        return;
    }
    va_start(args, format);
    len = vsnprintf(b->data + b->len, b->cap - b->len, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len >= b->cap - b->len && buf_reserve(b, (size_t)len + 1)) {
        va_start(args, format);
        len = vsnprintf(b->data + b->len, b->cap - b->len, format, args);
        va_end(args);
    }
    if (len < 0) {
        b->failed = true;
    }
    if (!b->failed) {
        b->len += (size_t)len;
    }
}

/* True for ALPHA, DIGIT and "-._~", whatever the locale says a letter is. */
static bool is_unreserved(char c)
{
    return text_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/*
 * RFC 3986 asks for upper case digits. Every byte is taken by itself, so the text may be in any
 * encoding, or in none.
 */
void buf_add_escaped(struct buf *b, const char *text, size_t len)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (is_unreserved(text[i])) {
            buf_addc(b, text[i]);
        } else {
            char coded[3] = {'%', hex[c >> 4], hex[c & 15]};

            buf_add(b, coded, sizeof coded);
        }
    }
}

/* Of bytes that are no secret the memory is left as it is until they are written over. */
void buf_clear(struct buf *b)
{
    mem_wipe(b->data, b->secret ? b->cap : 0);
    b->len = 0;
    b->failed = false;
}

/* An empty buffer gives an empty text, so that NULL always means no memory. */
char *buf_take(struct buf *b, size_t *len)
{
    char *data = NULL;

    if (buf_reserve(b, 1)) {
        data = b->data;
        data[b->len] = '\0';
        if (len) {
            *len = b->len;
        }
        *b = (struct buf){.secret = b->secret};
    } else {
        buf_free(b);
    }
    return data;
}

/* May be called again, and after buf_take. */
void buf_free(struct buf *b)
{
    mem_wipe(b->data, b->secret ? b->cap : 0);
    mem_free(b->data);
    *b = (struct buf){.secret = b->secret};
}
