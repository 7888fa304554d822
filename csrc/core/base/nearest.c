/*
 * Which of several names was meant. Called where a parameter, an action or an option is unknown;
 * its work is bounded by the length of the names that it looks at.
 */
#include "base/nearest.h"

#include "base/text.h"

#include <string.h>

#define LEAST_WORDS 2 /* bytes of a name that may stand for a longer one */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

size_t nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAREST_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            bool same = text_lower(a[i - 1]) == text_lower(b[j - 1]);
            row[j] = least(up[j - 1] + !same, up[j] + 1, row[j - 1] + 1);
            bool swapped = i > 1 && j > 1 && text_lower(a[i - 1]) == text_lower(b[j - 2]) &&
                           text_lower(a[i - 2]) == text_lower(b[j - 1]);
            if (swapped && up2[j - 2] + 1 < row[j]) {
                row[j] = up2[j - 2] + 1;
            }
        }
    }
    return rows[a_len % 3][b_len];
}

/* Names whose lengths differ too much are passed over before anything is computed. */
static void try_distance(struct nearest *best, const char *wanted, size_t len, const char *name,
                         size_t name_len)
{
    size_t limit = len < 4 ? 1 : len / 3;
    size_t longer = len > name_len ? len - name_len : name_len - len;
    if (longer > limit) {
        return;
    }
    size_t d = nearest_distance(wanted, len, name, name_len);
    if (d <= limit && (!best->name || d < best->distance)) {
        best->name = name;
        best->len = name_len;
        best->distance = d;
    }
}

/* Bytes of the word at `text`; the words of a name are its letters and digits between other signs.
 */
static size_t word_len(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && (text_is_alnum(text[n]) || (unsigned char)text[n] >= 0x80)) {
        n++;
    }
    return n;
}

static bool has_word(const char *name, size_t name_len, const char *word, size_t len)
{
    for (size_t at = 0; at < name_len;) {
        size_t n = word_len(name + at, name_len - at), same = 0;
        while (n == len && same < n && text_lower(name[at + same]) == text_lower(word[same])) {
            same++;
        }
        if (n == len && same == n) {
            return true;
        }
        at += n + 1;
    }
    return false;
}

/* Whether a name has all words of another, in any order; one without words stands for none. */
static bool has_words(const char *name, size_t name_len, const char *wanted, size_t len)
{
    bool any = false;
    for (size_t at = 0; at < len;) {
        size_t n = word_len(wanted + at, len - at);
        if (n > 0 && !has_word(name, name_len, wanted + at, n)) {
            return false;
        }
        any = any || n > 0;
        at += n + 1;
    }
    return any;
}

/* A name may be offered twice, by two parts of one schema. */
static void try_words(struct nearest *best, const char *wanted, size_t len, const char *name,
                      size_t name_len)
{
    if (len < LEAST_WORDS || !has_words(name, name_len, wanted, len)) {
        return;
    }
    if (!best->holder) {
        best->holder = name;
        best->holder_len = name_len;
    } else if (best->holder_len != name_len || memcmp(best->holder, name, name_len) != 0) {
        best->several = true;
    }
}

void nearest_try(struct nearest *best, const char *wanted, size_t len, const char *name,
                 size_t name_len)
{
    if (len == 0 || len > NEAREST_MAX || name_len > NEAREST_MAX) {
        return;
    }
    try_distance(best, wanted, len, name, name_len);
    try_words(best, wanted, len, name, name_len);
}

const char *nearest_found(const struct nearest *best, size_t *len)
{
    bool by_words = !best->name && best->holder && !best->several;
    *len = by_words ? best->holder_len : best->len;
    return by_words ? best->holder : best->name;
}
