/*
 * Text that may have any length and come from anybody. It allocates nothing.
 */
#include "base/text.h"

#include <string.h>

/* True for a text of 4 bytes or more that is ASCII; its last bytes are looked at twice. */
static bool is_ascii(const char *text, size_t len)
{
    const char *end = text + len;
    uint64_t bytes = 0;

    if (len < 8) {
        uint32_t first, last;

        memcpy(&first, text, 4);
        memcpy(&last, end - 4, 4);
        return ((first | last) & UINT32_C(0x80808080)) == 0;
    }
    for (; end - text >= 8 && (bytes & UINT64_C(0x8080808080808080)) == 0; text += 8) {
        memcpy(&bytes, text, 8);
    }
    if ((bytes & UINT64_C(0x8080808080808080)) != 0) {
        return false;
    }
    memcpy(&bytes, end - 8, 8);
    return (bytes & UINT64_C(0x8080808080808080)) == 0;
}

/* ASCII goes eight bytes a time. Most texts are nothing else, and short. */
bool text_is_utf8(const char *text, size_t len)
{
    const char *end = text + len;

    if (len >= 4 && is_ascii(text, len)) {
        return true;
    }
    while (text < end) {
        uint64_t bytes;
        size_t step = 1;

        if (end - text >= 8) {
            memcpy(&bytes, text, 8);
            if ((bytes & UINT64_C(0x8080808080808080)) == 0) {
                text += 8;
                continue;
            }
        }
        if ((unsigned char)*text >= 0x80) {
            step = text_utf8_sequence(text, end);
        }
        if (step == 0) {
            return false;
        }
        text += step;
    }
    return true;
}

size_t text_put_utf8(char *out, uint32_t c)
{
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3; /* bytes after the first */

    out[0] = (char)(first[more] | c >> (6 * more));
    for (size_t i = 1; i <= more; i++) {
        out[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3f));
    }
    return more + 1;
}

int text_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t len = a_len < b_len ? a_len : b_len;
    int order = len > 0 ? memcmp(a, b, len) : 0;

    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

bool text_is_obeyed(const char *p, size_t len)
{
    const unsigned char *s = (const unsigned char *)p;

    if (len == 1) {
        return text_is_control(*p);
    }
    if (len == 2) { /* C1; U+061C */
        return (s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xd8 && s[1] == 0x9c);
    }
    if (len == 3 && s[0] == 0xe2 && s[1] == 0x80) { /* U+200E, U+200F, U+2028 to U+202E */
        return s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae);
    }
    return len == 3 && s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9; /* isolates */
}

void text_flatten(char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        size_t step = (unsigned char)*text < 0x80 ? 1 : text_utf8_sequence(text, end);

        if (step == 0) {
            *text = '?';
            step = 1;
        } else if (text_is_obeyed(text, step)) {
            memset(text, ' ', step);
        }
        text += step;
    }
}

bool text_to_latin1(char *text)
{
    if (!text_is_utf8(text, strlen(text))) {
        return true;
    }
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p > 0xc3) { /* the first byte of U+0100 or more */
            return false;
        }
    }
    char *to = text;
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        *to++ = c < 0x80 ? *p : (char)((c & 0x03) << 6 | (*++p & 0x3f));
    }
    *to = '\0';
    return true;
}
