/*
 * text: questions about bytes that don't depend on the locale, and UTF-8.
 */
#ifndef BOSA_TEXT_H
#define BOSA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool text_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool text_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool text_is_alnum(char c)
{
    return text_is_digit(c) || text_is_alpha(c);
}

/* Space or tab: the white space of header fields. */
static inline bool text_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The ASCII control characters, DEL among them. */
static inline bool text_is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static inline char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The value of a hexadecimal digit, -1 for other bytes. */
static inline int text_hex(char c)
{
    if (text_is_digit(c)) {
        return c - '0';
    }
    c = text_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of "%XX" at `text`, -1 when there is none within `len` bytes. */
static inline int text_percent(const char *text, size_t len)
{
    if (len < 3 || text[0] != '%' || text_hex(text[1]) < 0 || text_hex(text[2]) < 0) {
        return -1;
    }
    return text_hex(text[1]) * 16 + text_hex(text[2]);
}

/*
 * How many of `len` bytes to keep so that there are at most `max` and no UTF-8 sequence is cut in
 * two.
 */
static inline size_t text_cut(const char *text, size_t len, size_t max)
{
    if (len <= max) {
        return len;
    }
    size_t kept = max;
    while (kept > 0 && max - kept < 3 && ((unsigned char)text[kept] & 0xC0) == 0x80) {
        kept--;
    }
    return kept;
}

/*
 * A name that somebody else chose, as a message quotes it: for "%.*s%s". What is cut off is told by
 * "...", by which secrets.h knows the beginning of a secret.
 */
#define TEXT_SHOWN_NAME 200 /* bytes */
#define TEXT_SHOWN(text, len)                                                                      \
    (int)text_cut((text), (len), TEXT_SHOWN_NAME), (text), (len) > TEXT_SHOWN_NAME ? "..." : ""

/*
 * Bytes of the well-formed UTF-8 sequence at `p`, whose first byte is not ASCII; 0 when there is
 * none.
 */
static inline size_t text_utf8_sequence(const char *p, const char *end)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t left = (size_t)(end - p);

    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        return left >= 2 && (s[1] & 0xc0) == 0x80 ? 2 : 0;
    }
    if ((s[0] & 0xf0) == 0xe0) {
        unsigned low = s[0] == 0xe0 ? 0xa0 : 0x80, high = s[0] == 0xed ? 0x9f : 0xbf;

        return left >= 3 && s[1] >= low && s[1] <= high && (s[2] & 0xc0) == 0x80 ? 3 : 0;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        unsigned low = s[0] == 0xf0 ? 0x90 : 0x80, high = s[0] == 0xf4 ? 0x8f : 0xbf;

        return left >= 4 && s[1] >= low && s[1] <= high && (s[2] & 0xc0) == 0x80 &&
                       (s[3] & 0xc0) == 0x80
                   ? 4
                   : 0;
    }
    return 0;
}

/* True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(const char *text, size_t len);

/*
 * Writes a code point (up to U+10FFFF; half a surrogate pair as any other) and gives its bytes, 4
 * at most.
 */
size_t text_put_utf8(char *out, uint32_t c);

/* Orders by bytes, a text before those that it begins: below, at or above 0. */
int text_compare(const char *a, size_t a_len, const char *b, size_t b_len);

/*
 * True for a well-formed sequence (ASCII or more) that a terminal obeys or that makes a line look
 * like another: control characters (C1 too), line separators and what changes the direction of
 * writing.
 */
bool text_is_obeyed(const char *p, size_t len);

/*
 * Makes one harmless line of text that somebody else chose, in place: spaces for what
 * text_is_obeyed names, "?" for bytes that are no UTF-8.
 */
void text_flatten(char *text, size_t len);

/*
 * Makes ISO 8859-1 of UTF-8, in place; what is no UTF-8 stays. False, with the text left alone: it
 * has other characters.
 */
bool text_to_latin1(char *text);

#endif
