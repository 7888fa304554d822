/*
 * Names of files that come in an encoding of their sender's. What can't be read is never an error:
 * a file with an odd name is better than none.
 */
#include "http/charset.h"

#include "base/text.h"
#include "http/header_fields.h"

#include <string.h>

#define MOST_WORD ((size_t)2000) /* bytes of an encoded word; RFC 2047 allows 75 */

/* What windows-1252 has from 0x80 to 0x9f; 0: a control character, as in Latin-1. */
static const uint16_t upper[32] = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                   0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                   0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                   0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

enum charset charset_named(const char *name, size_t len)
{
    static const struct {
        const char *name;
        enum charset charset;
    } names[] = {
        {"utf-8", CHARSET_UTF8},      {"utf8", CHARSET_UTF8},     {"us-ascii", CHARSET_UTF8},
        {"ascii", CHARSET_UTF8},      {"", CHARSET_UTF8},         {"iso-8859-1", CHARSET_1252},
        {"iso8859-1", CHARSET_1252},  {"latin1", CHARSET_1252},   {"latin-1", CHARSET_1252},
        {"iso_8859-1", CHARSET_1252}, {"cp1252", CHARSET_1252},   {"windows-1252", CHARSET_1252},
        {"cp-1252", CHARSET_1252},    {"x-cp1252", CHARSET_1252},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (http_same(name, len, names[i].name, strlen(names[i].name))) {
            return names[i].charset;
        }
    }
    return CHARSET_UNKNOWN;
}

static void add_point(struct buf *out, uint32_t c)
{
    char bytes[4];
    buf_add(out, bytes, text_put_utf8(bytes, c));
}

void charset_add(struct buf *out, enum charset charset, const char *bytes, size_t len)
{
    if (charset != CHARSET_1252 && text_is_utf8(bytes, len)) {
        buf_add(out, bytes, len);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned c = (unsigned char)bytes[i];
        if (c >= 0x80 && charset == CHARSET_UNKNOWN) {
            c = '_';
        }
        add_point(out, c >= 0x80 && c < 0xA0 && upper[c - 0x80] ? upper[c - 0x80] : c);
    }
}

/* ---- encoded words ---- */

/* "=?charset?B?text?=", borrowed. */
struct word {
    const char *charset, *text;
    size_t charset_len, text_len;
    char encoding; /* 'b' or 'q' */
    size_t len;    /* of the whole */
};

/* Reads the word at `text`; false when there is none. A language after the charset is left out. */
static bool read_word(const char *text, size_t len, struct word *out)
{
    len = len < MOST_WORD ? len : MOST_WORD;
    const char *end = text + len;
    if (len < 8 || memcmp(text, "=?", 2) != 0) {
        return false;
    }
    const char *first = memchr(text + 2, '?', len - 2);
    if (!first || end - first < 5 || first[2] != '?') {
        return false;
    }
    const char *body = first + 3, *stop = body;
    while (stop + 1 < end && (stop[0] != '?' || stop[1] != '=')) {
        stop++;
    }
    const char *star = memchr(text + 2, '*', (size_t)(first - text - 2));
    out->charset = text + 2;
    out->charset_len = (size_t)((star ? star : first) - out->charset);
    out->encoding = text_lower(first[1]);
    out->text = body;
    out->text_len = (size_t)(stop - body);
    out->len = (size_t)(stop + 2 - text);
    return stop + 1 < end && (out->encoding == 'b' || out->encoding == 'q');
}

static int base64_value(char c)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(letters, c) : NULL;
    return at ? (int)(at - letters) : -1;
}

/* Appends what base64 says; what is no letter of it is passed over. */
static void add_base64(struct buf *out, const char *text, size_t len)
{
    unsigned bits = 0;
    int count = 0;
    for (size_t i = 0; i < len; i++) {
        int value = base64_value(text[i]);
        if (value < 0) {
            continue;
        }
        bits = bits << 6 | (unsigned)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_addc(out, (char)(bits >> count & 0xFF));
        }
    }
}

/* Appends what "Q" says: "_" is a space, "=E9" a byte. */
static void add_quoted(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool byte = text[i] == '=' && i + 2 < len && text_hex(text[i + 1]) >= 0 &&
                    text_hex(text[i + 2]) >= 0;
        if (byte) {
            buf_addc(out, (char)(text_hex(text[i + 1]) * 16 + text_hex(text[i + 2])));
            i += 2;
        } else {
            buf_addc(out, text[i] == '_' ? ' ' : text[i]);
        }
    }
}

/* Adds the bytes of words that follow each other, as one text: a word may end within a character.
 */
static void flush_words(struct buf *out, struct buf *bytes, enum charset charset)
{
    if (bytes->len > 0) {
        charset_add(out, charset, bytes->data, bytes->len);
    }
    out->failed = out->failed || bytes->failed;
    buf_clear(bytes);
}

static void decode_word(struct buf *bytes, const struct word *word)
{
    if (word->encoding == 'b') {
        add_base64(bytes, word->text, word->text_len);
    } else {
        add_quoted(bytes, word->text, word->text_len);
    }
}

/* White space between two words is none of the text. */
void charset_add_words(struct buf *out, const char *text, size_t len)
{
    size_t plain = 0; /* where what has not been added begins */
    bool after_word = false;
    enum charset charset = CHARSET_UTF8;
    struct buf bytes;
    buf_init(&bytes);
    for (size_t i = 0; i < len;) {
        struct word word;
        if (!read_word(text + i, len - i, &word)) {
            after_word = after_word && text_is_blank(text[i]);
            i++;
            continue;
        }
        enum charset named = charset_named(word.charset, word.charset_len);
        if (!after_word || named != charset) {
            flush_words(out, &bytes, charset);
        }
        if (!after_word) {
            charset_add(out, CHARSET_UTF8, text + plain, i - plain);
        }
        charset = named;
        decode_word(&bytes, &word);
        i += word.len;
        plain = i;
        after_word = true;
    }
    flush_words(out, &bytes, charset);
    charset_add(out, CHARSET_UTF8, text + plain, len - plain);
    buf_free(&bytes);
}
