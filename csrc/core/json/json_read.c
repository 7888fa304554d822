/*
 * Bytes to a document, for responses, schemas, files and what models write. It never recurses.
 */
#include "base/mem.h"
#include "json/json_internal.h"

#include <float.h>

/*
 * The reader takes one item after the other from the text and appends nodes; it does not recurse.
 * An open container keeps its parent's index where its end will be, so nesting costs no memory.
 *
 * Functions that read take the position and return the one after what they read, or NULL after a
 * failure, of which the reader holds place and reason.
 */
struct reader {
    struct json_doc *doc;
    const char *end;
    const char *failed_at; /* NULL: nowhere */
    const char *expected;  /* what should have been there; NULL: there was no memory */
    const char *string;    /* start of the string under way, from where on escapes may be undone */
    uint32_t open;         /* innermost container, JSON_NONE at the root */
    uint32_t depth;
    bool lenient; /* json_parse_lenient's: half a surrogate pair, a control character and a huge
                     number are taken */
};

#define BYTES_A_NODE 8         /* a guess; only lists of small numbers hold many more nodes */
#define MOST_FIRST_NODES 65536 /* a longer text is not believed before it is seen */
#define MOST_DIGITS 19         /* any number of so many digits fits 64 bits */
#define REPLACEMENT 0xfffd     /* U+FFFD, in place of half a surrogate pair */

/* Notes place and reason, and returns the NULL that tells of it. */
static char *fail(struct reader *r, const char *at, const char *expected)
{
    r->failed_at = at;
    r->expected = expected;
    return NULL;
}

/* ---- strings ---- */

/* The value of four hexadecimal digits, -1 when there are not four. */
static int32_t read_hex4(const char *p, const char *end)
{
    int32_t value = 0;

    if (end - p < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        int digit = text_hex(p[i]);

        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* The code point of the pair whose first half is `high` and whose second is to be at `p`; -1: there
 * is none. */
static int32_t read_pair(const struct reader *r, const char *p, int32_t high)
{
    int32_t low = r->end - p >= 2 && p[0] == '\\' && p[1] == 'u' ? read_hex4(p + 2, r->end) : -1;

    if (low < 0xdc00 || low > 0xdfff) {
        return -1;
    }
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Reads what is after "\u", the second half of a surrogate pair included. */
static char *read_unicode(struct reader *r, char *p, char **out)
{
    int32_t c = read_hex4(p, r->end);

    if (c < 0) {
        return fail(r, p, "four hexadecimal digits");
    }
    p += 4;
    if (c >= 0xd800 && c <= 0xdbff) {
        int32_t pair = read_pair(r, p, c);

        if (pair < 0 && !r->lenient) {
            return fail(r, p, "the second half of a surrogate pair");
        }
        p += pair < 0 ? 0 : 6; /* what is no second half stands for itself */
        c = pair < 0 ? REPLACEMENT : pair;
    } else if (c >= 0xdc00 && c <= 0xdfff) {
        if (!r->lenient) {
            return fail(r, p - 6, "the first half of a surrogate pair before its second");
        }
        c = REPLACEMENT;
    }
    *out += text_put_utf8(*out, (uint32_t)c); /* never longer than its escape */
    return p;
}

/* Reads the escape at `p` and puts what it stands for at *out, which is not after `p`. */
static char *read_escape(struct reader *r, char *p, char **out)
{
    static const char codes[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *code;

    if (r->end - p < 2) {
        return fail(r, r->end, "an escape");
    }
    if (p[1] == 'u') {
        return read_unicode(r, p + 2, out);
    }
    code = memchr(codes, p[1], sizeof codes - 1);
    if (!code) {
        return fail(r, p + 1, "one of \"\\/bfnrtu after a backslash");
    }
    *(*out)++ = values[code - codes];
    return p + 2;
}

/*
 * Skips the bytes from `p` on that stay as they are: plain ones and UTF-8, leniently also control
 * characters, which models write where "\n" belongs. NULL when it is not UTF-8.
 */
static char *skip_literal(struct reader *r, char *p)
{
    for (;;) {
        p += json_skip_plain(p, r->end) - p;
        if (r->lenient && p < r->end && (unsigned char)*p < ' ') {
            p++;
            continue;
        }
        if (p == r->end || (unsigned char)*p < 0x80) {
            return p;
        }
        do {
            size_t len = text_utf8_sequence(p, r->end);

            if (len == 0) {
                return fail(r, p, "UTF-8");
            }
            p += len;
        } while (p < r->end && (unsigned char)*p >= 0x80);
    }
}

/*
 * Reads on from a string's first escape, moving what follows down over the bytes that escapes
 * spare.
 */
static char *read_escaped(struct reader *r, char *p, char **out)
{
    char *to = p;

    while (p < r->end && *p == '\\') {
        char *from = read_escape(r, p, &to);

        if (!from) {
            return NULL;
        }
        p = skip_literal(r, from);
        if (!p) {
            return NULL;
        }
        memmove(to, from, (size_t)(p - from));
        to += p - from;
    }
    *out = to;
    return p;
}

/* Appends the string from `start` to `stop`, whose closing quote is at `p`. */
static inline char *add_string(struct reader *r, const char *start, const char *stop, char *p)
{
    struct json_node *node;

    if ((uint64_t)(stop - start) > UINT32_MAX) {
        return fail(r, start, "a string below 4 GiB");
    }
    node = json_new_node(r->doc, JSON_STRING);
    if (!node) {
        return fail(r, p, NULL);
    }
    *node = (struct json_node){.type = JSON_STRING,
                               .len = (uint32_t)(stop - start),
                               .v.at = (uint64_t)(start - r->doc->text)};
    return p + 1;
}

/* Reads a string with escapes or UTF-8 in it, or one that is malformed. */
static char *read_odd_string(struct reader *r, char *start)
{
    char *p, *stop;

    r->string = start;
    p = stop = skip_literal(r, start);
    if (p && p < r->end && *p == '\\') {
        p = read_escaped(r, p, &stop);
    }
    if (!p) {
        return NULL;
    }
    if (p == r->end || *p != '"') {
        return fail(r, p, p == r->end ? "'\"'" : "an escape instead of a control character");
    }
    r->string = NULL;
    return add_string(r, start, stop, p);
}

/* Reads a string, whose opening quote is before `p`. Most are plain to their end. */
static inline char *read_string(struct reader *r, char *p)
{
    char *stop = p + (json_skip_plain(p, r->end) - p);

    if (stop < r->end && *stop == '"') {
        return add_string(r, p, stop, stop);
    }
    return read_odd_string(r, p);
}

/* ---- numbers ---- */

/* Skips digits and appends them to *value, which is of use up to MOST_DIGITS in all. */
static inline char *read_digits(const struct reader *r, char *p, uint64_t *value)
{
    uint64_t sum = *value;

    for (; p < r->end && *p >= '0' && *p <= '9'; p++) {
        sum = sum * 10 + (uint64_t)(*p - '0');
    }
    *value = sum;
    return p;
}

/* Appends the integer between `start` and `p`. */
static char *add_integer(struct reader *r, char *start, char *p, uint64_t value)
{
    bool minus = *start == '-';
    size_t len = (size_t)(p - start);
    struct json_node *node = json_new_node(r->doc, JSON_DIGITS);

    if (!node) {
        return fail(r, p, NULL);
    }
    if (len - minus <= MOST_DIGITS ? json_set_integer(node, value, minus)
                                   : json_read_integer(start, len, node)) {
        return p;
    }
    if (len > UINT32_MAX) {
        return fail(r, start, "a number below 4 GiB");
    }
    node->len = (uint32_t)len;
    node->v.at = (uint64_t)(start - r->doc->text);
    return p;
}

/*
 * Appends the double between `start` and `p`. Its value is m * 10^exp10, or when not `exact` in the
 * text.
 */
static char *add_double(struct reader *r, char *start, char *p, uint64_t m, int64_t exp10,
                        bool exact)
{
    struct json_node *node = json_new_node(r->doc, JSON_DOUBLE);
    double value;

    if (!node) {
        return fail(r, p, NULL);
    }
    if (exact && json_easy_double(m, exp10, &value)) {
        value = *start == '-' ? -value : value;
    } else {
        value = json_read_double(start, (size_t)(p - start));
    }
    if (value - value != 0) {
        if (!r->lenient) {
            return fail(r, start, "a number that a double can hold");
        }
        value = value < 0 ? -DBL_MAX : DBL_MAX;
    }
    node->v.d = value;
    return p;
}

/* Reads the exponent at `p` into *power, or clears *exact when it has too many digits. */
static char *read_exponent(struct reader *r, char *p, int64_t *power, bool *exact)
{
    uint64_t value = 0;
    bool minus = false;
    char *from;

    p++;
    if (p < r->end && (*p == '-' || *p == '+')) {
        minus = *p == '-';
        p++;
    }
    from = p;
    p = read_digits(r, from, &value);
    if (p == from) {
        return fail(r, p, "a digit");
    }
    if (p - from >= MOST_DIGITS) { /* as many may be past int64_t */
        *exact = false;
    } else {
        *power = minus ? -(int64_t)value : (int64_t)value;
    }
    return p;
}

/* Reads on from the point or the exponent of a number whose digits until there make `m`. */
static char *read_fraction(struct reader *r, char *start, char *p, uint64_t m)
{
    size_t digits = (size_t)(p - start);
    int64_t exp10 = 0, power = 0;
    bool exact;

    if (*p == '.') {
        char *from = p + 1;

        p = read_digits(r, from, &m);
        if (p == from) {
            return fail(r, p, "a digit");
        }
        exp10 = from - p;
        digits += (size_t)(p - from);
    }
    exact = digits <= MOST_DIGITS;
    if (p < r->end && (*p | 0x20) == 'e') {
        p = read_exponent(r, p, &power, &exact);
        if (!p) {
            return NULL;
        }
    }
    return add_double(r, start, p, m, exp10 + power, exact);
}

/* Reads a number, which begins with a digit or a minus sign. */
static char *read_number(struct reader *r, char *start)
{
    char *first = start + (*start == '-'), *p;
    uint64_t value = 0;

    p = read_digits(r, first, &value);
    if (p == first) {
        return fail(r, p, "a digit");
    }
    if (*first == '0' && p - first > 1) {
        return fail(r, first + 1, "no digit after a leading 0");
    }
    if (p < r->end && (*p == '.' || (*p | 0x20) == 'e')) {
        return read_fraction(r, start, p, value);
    }
    return add_integer(r, start, p, value);
}

/* ---- the rest ---- */

/* Most values have no space around them, so this mostly looks at one byte, once. */
static inline char *skip_space(const struct reader *r, char *p)
{
    while (p < r->end && (unsigned char)*p <= ' ' &&
           (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

/* Reads one of the three words that are values. */
static char *read_word(struct reader *r, char *p, const char *word, enum json_type type)
{
    size_t len = strlen(word);

    if ((size_t)(r->end - p) < len || memcmp(p, word, len) != 0) {
        return fail(r, p, "a value");
    }
    return json_new_node(r->doc, type) ? p + len : fail(r, p, NULL);
}

/* Begins a container; it becomes the innermost one. */
static char *open_container(struct reader *r, char *p, enum json_type type)
{
    struct json_node *node;

    if (r->depth == JSON_MAX_DEPTH) {
        return fail(r, p, "at most " JSON_MAX_DEPTH_TEXT " levels");
    }
    node = json_new_node(r->doc, type);
    if (!node) {
        return fail(r, p, NULL);
    }
    node->v.end = r->open;
    r->open = r->doc->count - 1;
    r->depth++;
    return p + 1;
}

/* Ends the innermost container; its parent becomes the innermost one. */
static char *close_container(struct reader *r, char *p)
{
    struct json_node *node = &r->doc->nodes[r->open];

    r->open = (uint32_t)node->v.end;
    node->v.end = r->doc->count;
    r->depth--;
    return p + 1;
}

/* Reads a value, of a container only the beginning. */
static char *read_value(struct reader *r, char *p)
{
    if (p == r->end) {
        return fail(r, p, "a value");
    }
    switch (*p) {
    case '"':
        return read_string(r, p + 1);
    case '{':
        return open_container(r, p, JSON_OBJECT);
    case '[':
        return open_container(r, p, JSON_ARRAY);
    case 't':
        return read_word(r, p, "true", JSON_TRUE);
    case 'f':
        return read_word(r, p, "false", JSON_FALSE);
    case 'n':
        return read_word(r, p, "null", JSON_NULL);
    default:
        if (*p == '-' || (*p >= '0' && *p <= '9')) {
            return read_number(r, p);
        }
        return fail(r, p, "a value");
    }
}

/* Reads a member's name and the colon. */
static char *read_name(struct reader *r, char *p)
{
    if (p == r->end || *p != '"') {
        return fail(r, p, "a name in quotes");
    }
    p = read_string(r, p + 1);
    if (!p) {
        return NULL;
    }
    p = skip_space(r, p);
    if (p == r->end || *p != ':') {
        return fail(r, p, "':'");
    }
    return skip_space(r, p + 1);
}

/* Reads the innermost container's next piece: its end, or the next member or element. */
static char *read_item(struct reader *r, char *p)
{
    struct json_node *node = &r->doc->nodes[r->open];
    bool object = node->type == JSON_OBJECT;

    p = skip_space(r, p);
    if (p < r->end && *p == (object ? '}' : ']')) {
        return close_container(r, p);
    }
    if (node->len > 0) {
        if (p == r->end || *p != ',') {
            return fail(r, p, object ? "',' or '}'" : "',' or ']'");
        }
        p = skip_space(r, p + 1);
    }
    node->len++;
    if (object) {
        p = read_name(r, p);
        if (!p) {
            return NULL;
        }
    }
    return read_value(r, p);
}

/* Reads the one value of a text; depth costs no stack. */
static bool read_document(struct reader *r, char *p)
{
    p += json_mark_length(p, (size_t)(r->end - p)); /* editors and some servers write a mark */
    p = read_value(r, skip_space(r, p));
    while (p && r->open != JSON_NONE) {
        p = read_item(r, p);
    }
    if (!p) {
        return false;
    }
    p = skip_space(r, p);
    if (p != r->end) {
        fail(r, p, "nothing but white space after the value");
    }
    return p == r->end;
}

/* ---- what went wrong ---- */

/* Counts the line ends from `from` to `to` and moves *line after the last one. */
static size_t count_lines(const char *from, const char *to, const char **line)
{
    size_t count = 0;

    for (const char *p = from; p < to; p++) {
        if (*p == '\n') {
            count++;
            *line = p + 1;
        }
    }
    return count;
}

/* Strings are passed over: they had no line ends, but their escapes may have become some. */
static enum bosa_status report(const struct reader *r, struct bosa_error *err)
{
    const struct json_doc *doc = r->doc;
    const char *from = doc->text + json_mark_length(doc->text, doc->text_len), *line = from;
    size_t lines = 1;

    if (!r->expected) {
        return error_nomem(err);
    }
    for (uint32_t i = 0; i < doc->count; i++) {
        const struct json_node *node = &doc->nodes[i];

        if (node->type == JSON_STRING) {
            lines += count_lines(from, doc->text + node->v.at, &line);
            from = doc->text + node->v.at + node->len;
        }
    }
    lines += count_lines(from, r->string ? r->string : r->failed_at, &line);
    return error_set(err, BOSA_PROTOCOL, "line %zu, column %zu: expected %s%s", lines,
                     (size_t)(r->failed_at - line) + 1, r->expected,
                     r->failed_at == r->end ? ", but the text ends" : "");
}

/* Nodes for a text of `len` bytes, so that most texts need no second allocation. */
static bool reserve_nodes(struct json_doc *doc, size_t len)
{
    size_t guess = len / BYTES_A_NODE + 4;

    if (guess > MOST_FIRST_NODES) {
        guess = MOST_FIRST_NODES;
    }
    if (doc->cap >= guess) {
        return true;
    }
    mem_free(doc->nodes);
    doc->nodes = mem_alloc(guess * sizeof *doc->nodes);
    doc->cap = doc->nodes ? (uint32_t)guess : 0;
    return doc->nodes;
}

/* After a failure the document has no nodes, but still its text. */
enum bosa_status json_parse_as(struct json_doc *doc, char *text, size_t len, bool lenient,
                               struct bosa_error *err)
{
    struct reader r = {.doc = doc, .end = text + len, .open = JSON_NONE, .lenient = lenient};
    enum bosa_status status;

    doc->text_cap = doc->text == text ? doc->text_cap : len;
    doc->text = text;
    doc->text_len = len;
    if (reserve_nodes(doc, len) && read_document(&r, text)) {
        return BOSA_OK;
    }
    status = report(&r, err);
    doc->count = 0;
    doc->failed = false;
    return status;
}
