/*
 * Reads one element of a page, in one pass and without a parser's rules: what it makes of odd
 * markup is shown to a person and decides nothing. The caller bounds the page and cuts the text.
 */
#include "reply/html_text.h"

#include "base/text.h"
#include "http/header_fields.h"

#include <string.h>

/* True for "<name" or "</name" at `p`, and nothing more of a name after it. */
static bool is_tag(const char *p, const char *end, const char *open, const char *name)
{
    size_t open_len = strlen(open), name_len = strlen(name);
    if ((size_t)(end - p) <= open_len + name_len || memcmp(p, open, open_len) != 0 ||
        !http_same(p + open_len, name_len, name, name_len)) {
        return false;
    }
    return !text_is_alnum(p[open_len + name_len]) && p[open_len + name_len] != '-';
}

/* Past the tag that begins at `p`; `end` where it doesn't end. */
static const char *skip_tag(const char *p, const char *end)
{
    const char *close = memchr(p, '>', (size_t)(end - p));
    return close ? close + 1 : end;
}

/* Past the comment that begins at `p`; `end` where it doesn't end. */
static const char *skip_comment(const char *p, const char *end)
{
    for (p += 4; end - p >= 3; p++) {
        if (memcmp(p, "-->", 3) == 0) {
            return p + 3;
        }
    }
    return end;
}

/* Past what begins at `p` if a browser doesn't show it: a comment, a script, a style; else `p`. */
static const char *skip_hidden(const char *p, const char *end)
{
    static const char *const names[] = {"script", "style"};
    if (end - p >= 4 && memcmp(p, "<!--", 4) == 0) {
        return skip_comment(p, end);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is_tag(p, end, "<", names[i])) {
            while (p < end && !is_tag(p, end, "</", names[i])) {
                p++;
            }
            return skip_tag(p, end);
        }
    }
    return p;
}

/* The first byte after the element's opening tag; NULL: there is none. */
static const char *find_content(const char *page, const char *end, const char *name)
{
    for (const char *p = page; p < end; p++) {
        const char *shown = skip_hidden(p, end);
        if (is_tag(shown, end, "<", name)) {
            return skip_tag(shown, end);
        }
        p = shown > p ? shown - 1 : p;
    }
    return NULL;
}

/* A code point as UTF-8; what is none, or a control character, as a blank. */
static void encode(unsigned long point, char out[5])
{
    memset(out, 0, 5);
    if (point < 0x20 || (point >= 0x7F && point <= 0xA0) || (point >= 0xD800 && point < 0xE000) ||
        point > 0x10FFFF) {
        out[0] = ' ';
    } else if (point < 0x80) {
        out[0] = (char)point;
    } else {
        int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        static const unsigned char first[] = {0, 0xC0, 0xE0, 0xF0};
        out[0] = (char)(first[more] | point >> 6 * more);
        for (int i = 1; i <= more; i++) {
            out[i] = (char)(0x80 | (point >> 6 * (more - i) & 0x3F));
        }
    }
}

/* Bytes of the character's number at `p`, "&#233;" or "&#xE9;"; 0: it is none. */
static size_t numbered(const char *p, const char *end, char out[5])
{
    const char *at = p + 2;
    unsigned long point = 0;
    bool hex = end - p > 3 && (*at == 'x' || *at == 'X');
    at += hex;
    const char *digits = at;
    for (; at < end && at - digits < 7; at++) {
        int digit = text_is_digit(*at) ? *at - '0' : hex ? text_hex(*at) : -1;
        if (digit < 0) {
            break;
        }
        point = point * (hex ? 16 : 10) + (unsigned long)digit;
    }
    if (at == digits || at >= end || *at != ';') {
        return 0;
    }
    encode(point, out);
    return (size_t)(at + 1 - p);
}

/* Bytes of the entity at `p`, and what it stands for; 0: it is none of the common ones. */
static size_t entity(const char *p, const char *end, char out[5])
{
    static const struct {
        const char *name, *stands_for;
    } entities[] = {{"&amp;", "&"},      {"&lt;", "<"},    {"&gt;", ">"},    {"&quot;", "\""},
                    {"&apos;", "'"},     {"&nbsp;", " "},  {"&ndash;", "-"}, {"&mdash;", "-"},
                    {"&hellip;", "..."}, {"&lsquo;", "'"}, {"&rsquo;", "'"}, {"&ldquo;", "\""},
                    {"&rdquo;", "\""}};
    if (end - p > 3 && p[1] == '#') {
        return numbered(p, end, out);
    }
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        size_t len = strlen(entities[i].name);
        if ((size_t)(end - p) >= len && memcmp(p, entities[i].name, len) == 0) {
            memcpy(out, entities[i].stands_for, strlen(entities[i].stands_for) + 1);
            return len;
        }
    }
    return 0;
}

/* Adds one character; a blank only between others. */
static void add(struct buf *out, size_t start, bool *blank, char c)
{
    if (text_is_blank(c) || text_is_control(c)) {
        *blank = true;
        return;
    }
    if (*blank && out->len > start) {
        buf_addc(out, ' ');
    }
    *blank = false;
    buf_addc(out, c);
}

void html_text(struct buf *out, const char *page, size_t len, const char *name)
{
    const char *end = page + len;
    const char *p = len > 0 ? find_content(page, end, name) : NULL;
    size_t start = out->len;
    bool blank = false;
    while (p && p < end && !is_tag(p, end, "</", name)) {
        char text[5] = {*p, '\0'};
        size_t step = *p == '&' ? entity(p, end, text) : 0;
        if (step == 0 && *p == '<') {
            const char *shown = skip_hidden(p, end);
            blank = true; /* <br> parts words */
            p = shown > p ? shown : skip_tag(p, end);
            continue;
        }
        size_t i = 0;
        do { /* at least one: a page may hold a NUL */
            add(out, start, &blank, text[i++]);
        } while (text[i]);
        p += step > 0 ? step : 1;
    }
}
