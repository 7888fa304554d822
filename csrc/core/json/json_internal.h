/*
 * json_internal: what json.c, json_read.c, json_write.c and json_number.c share. Not for other
 * modules.
 */
#ifndef BOSA_JSON_INTERNAL_H
#define BOSA_JSON_INTERNAL_H

#include <string.h>

#include "json/json.h"

#include "base/text.h"

#if defined(__SSE2__) && defined(__GNUC__)
#include <emmintrin.h>
#define JSON_HAVE_SSE2 1
#endif

#define JSON_DOUBLE_MAX_LEN 32 /* more than any double's text needs */

/* JSON_MAX_DEPTH as messages say it. */
#define JSON_QUOTE(token) #token
#define JSON_QUOTE_VALUE(macro) JSON_QUOTE(macro)
#define JSON_MAX_DEPTH_TEXT JSON_QUOTE_VALUE(JSON_MAX_DEPTH)

/* Bytes of the byte order mark that the text begins with: 3 or 0. */
static inline size_t json_mark_length(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* json_parse or, `lenient`, json_parse_lenient of what is UTF-8. */
enum bosa_status json_parse_as(struct json_doc *doc, char *text, size_t len, bool lenient,
                               struct bosa_error *err);

/*
 * An owned copy of `text` in which U+FFFD stands for each byte that is no UTF-8; *len becomes its
 * length. NULL: no memory.
 */
char *json_mend_utf8(const char *text, size_t *len);

/* Room for one more node at least; sets doc->failed when there is none. */
bool json_grow(struct json_doc *doc);

/*
 * The next node, zeroed but for its type; NULL when there is no memory. Valid until the next one is
 * asked for.
 */
static inline struct json_node *json_new_node(struct json_doc *doc, enum json_type type)
{
    struct json_node *node;

    if (doc->count == doc->cap && !json_grow(doc)) {
        return NULL;
    }
    node = &doc->nodes[doc->count++];
    *node = (struct json_node){.type = (uint8_t)type};
    return node;
}

/*
 * The double nearest to m * 10^exp10 where one rounding gives it: m and the power are both exact
 * doubles. False when that can't be said.
 */
bool json_easy_double(uint64_t m, int64_t exp10, double *value);

/*
 * The double nearest to a number's text, which is well-formed JSON; infinity when it is past all
 * doubles.
 */
double json_read_double(const char *text, size_t len);

/*
 * Writes a finite double, shortest, to `out` of JSON_DOUBLE_MAX_LEN bytes and returns its length.
 */
size_t json_format_double(char *out, double value);

/* Makes the node JSON_INT or JSON_UINT; false when the number fits neither. */
bool json_set_integer(struct json_node *node, uint64_t value, bool minus);

/*
 * Reads the text of an integer (well-formed JSON) as json_set_integer does; false when it does not
 * fit.
 */
bool json_read_integer(const char *text, size_t len, struct json_node *node);

/* True for what may stand in a JSON string as it is and is ASCII. */
static inline bool json_is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* The first byte from `p` on that is not plain (json_is_plain), or `end`. */
static inline const char *json_skip_plain(const char *p, const char *end)
{
#ifdef JSON_HAVE_SSE2
    while (end - p >= 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* Signed: bytes from 0x80 on are below 0x20 as well. */
        __m128i odd = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
        int mask;

        odd = _mm_or_si128(odd, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
        odd = _mm_or_si128(odd, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
        mask = _mm_movemask_epi8(odd);
        if (mask != 0) {
            return p + __builtin_ctz((unsigned)mask);
        }
        p += 16;
    }
#else
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);

    while (end - p >= 8) {
        uint64_t bytes, quote, slash;

        memcpy(&bytes, p, 8);
        quote = bytes ^ (ones * '"');
        slash = bytes ^ (ones * '\\');
        /* x - ones sets a byte's top bit where it was 0; a borrow can only raise a false alarm. */
        if (((bytes | (bytes - ones * 0x20) | (quote - ones) | (slash - ones)) & tops) != 0) {
            break;
        }
        p += 8;
    }
#endif
    while (p < end && json_is_plain(*p)) {
        p++;
    }
    return p;
}

#endif
