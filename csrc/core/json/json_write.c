/*
 * A document to bytes. Called for requests, the cache and texts for people; it never recurses, and
 * writes nothing that is no UTF-8.
 */
#include "json/json_internal.h"

#define PATH_LIMIT 200 /* bytes of a path in a message; the rest is cut */

/* What a writer knows while it goes through the nodes, which needs no recursion. */
struct writer {
    struct buf *out;
    const struct json_doc *doc;
    uint32_t open[JSON_MAX_DEPTH]; /* containers that are not closed yet */
    uint32_t depth;
};

/* ---- text ---- */

/* Writes the escape for a quote, a backslash or a control character. */
static void write_escape(struct buf *out, char c)
{
    static const char codes[] = "\"\\bfnrt", values[] = "\"\\\b\f\n\r\t";
    static const char hex[] = "0123456789abcdef";
    const char *value = memchr(values, c, sizeof values - 1);

    if (value) {
        buf_add(out, (char[]){'\\', codes[value - values]}, 2);
    } else {
        buf_add(out, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
    }
}

/* buf_addc, without a call where there is room. */
static inline void add_byte(struct buf *out, char c)
{
    if (out->len < out->cap && !out->failed) {
        out->data[out->len++] = c;
    } else {
        buf_addc(out, c);
    }
}

/* Writes a string from its first odd byte on, `text`; the part before it is written. */
static bool write_odd(struct buf *out, const char *text, const char *end)
{
    while (text < end) {
        const char *stop = text;

        if ((unsigned char)*text >= 0x80) {
            size_t sequence = text_utf8_sequence(text, end);

            if (sequence == 0) {
                return false;
            }
            stop += sequence;
        } else if (!json_is_plain(*text)) {
            write_escape(out, *text++);
            stop = text;
        }
        stop = json_skip_plain(stop, end);
        buf_add(out, text, (size_t)(stop - text));
        text = stop;
    }
    add_byte(out, '"');
    return true;
}

/* Room for the whole text is made first: a plain string, as most are, is one copy. */
bool json_write_string(struct buf *out, const char *text, size_t len)
{
    const char *end = text + len, *stop = json_skip_plain(text, end);
    size_t plain = (size_t)(stop - text);
    char *to;

    if (!buf_reserve(out, len < SIZE_MAX - 2 ? len + 2 : SIZE_MAX)) {
        return text_is_utf8(text, len);
    }
    to = out->data + out->len;
    *to++ = '"';
    memcpy(to, text, plain);
    out->len += plain + 1;
    if (stop < end) {
        return write_odd(out, stop, end);
    }
    to[plain] = '"';
    out->len++;
    return true;
}

/* ---- numbers ---- */

/* Formats in place, into room that is enough for any double. */
void json_write_double(struct buf *out, double value)
{
    if (buf_reserve(out, JSON_DOUBLE_MAX_LEN)) {
        out->len += json_format_double(out->data + out->len, value);
    }
}

/* The magnitude comes unsigned, so that INT64_MIN is no special case. Two digits are one step. */
static void write_integer(struct buf *out, uint64_t magnitude, bool minus)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char text[24], *p = text + sizeof text;

    while (magnitude >= 10) {
        p -= 2;
        memcpy(p, pairs + magnitude % 100 * 2, 2);
        magnitude /= 100;
    }
    if (magnitude > 0 || p == text + sizeof text) {
        *--p = (char)('0' + magnitude);
    }
    if (minus) {
        *--p = '-';
    }
    buf_add(out, p, (size_t)(text + sizeof text - p));
}

void json_write_int(struct buf *out, int64_t value)
{
    write_integer(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

void json_write_uint(struct buf *out, uint64_t value)
{
    write_integer(out, value, false);
}

/* ---- documents ---- */

/*
 * Appends the step from a container to its child at or above `node`, as ".name" or "[2]", and
 * returns the child. A name belongs to its object: for one, there is no step, and `node` itself is
 * returned.
 */
static uint32_t add_step(struct buf *path, const struct json_doc *doc, uint32_t container,
                         uint32_t node)
{
    bool object = json_type(doc, container) == JSON_OBJECT;
    uint32_t child = container + 1, i = 0;
    const char *name;
    size_t len;

    while (!(object && child == node) && json_next(doc, child + object) <= node) {
        child = json_next(doc, child + object);
        i++;
    }
    if (!object) {
        buf_addf(path, "[%lu]", (unsigned long)i);
        return child;
    }
    if (child == node) {
        return node;
    }
    name = json_text(doc, child, &len);
    if (path->len > 0) {
        buf_addc(path, '.');
    }
    buf_add(path, name, len);
    return child + 1;
}

/* Says of `node` what is wrong with it, with its path from `root` on where there is one. */
static enum bosa_status refuse(const struct json_doc *doc, uint32_t root, uint32_t node,
                               const char *fault, struct bosa_error *err)
{
    struct buf path;
    enum bosa_status status;

    buf_init(&path);
    for (uint32_t i = root; i != node;) {
        i = add_step(&path, doc, i, node);
    }
    if (path.len == 0) {
        buf_adds(&path, "the value");
    } else if (path.len > PATH_LIMIT) {
        path.len = text_cut(path.data, path.len, PATH_LIMIT);
        buf_adds(&path, "...");
    }
    buf_addc(&path, '\0');
    status =
        path.failed ? error_nomem(err) : error_set(err, BOSA_PARAMS, "%s %s", path.data, fault);
    buf_free(&path);
    return status;
}

/* Opens a container; NULL or what is wrong with it. */
static const char *write_open(struct writer *w, uint32_t i)
{
    if (w->depth == JSON_MAX_DEPTH) {
        return "is nested more than " JSON_MAX_DEPTH_TEXT " levels deep";
    }
    w->open[w->depth++] = i;
    add_byte(w->out, w->doc->nodes[i].type == JSON_OBJECT ? '{' : '[');
    return NULL;
}

/* Writes a string node, be it a value or a name; NULL or what is wrong with it. */
static const char *write_text(struct writer *w, uint32_t i)
{
    const struct json_node *node = &w->doc->nodes[i];

    return json_write_string(w->out, w->doc->text + node->v.at, node->len) ? NULL : "is not UTF-8";
}

/* Writes a scalar or the beginning of a container; NULL or what is wrong with the node. */
static const char *write_value(struct writer *w, uint32_t i)
{
    const struct json_node *node = &w->doc->nodes[i];

    switch (node->type) {
    case JSON_NULL:
        buf_add(w->out, "null", 4);
        return NULL;
    case JSON_FALSE:
        buf_add(w->out, "false", 5);
        return NULL;
    case JSON_TRUE:
        buf_add(w->out, "true", 4);
        return NULL;
    case JSON_INT:
        json_write_int(w->out, node->v.i);
        return NULL;
    case JSON_UINT:
        json_write_uint(w->out, node->v.u);
        return NULL;
    case JSON_DIGITS:
        buf_add(w->out, w->doc->text + node->v.at, node->len);
        return NULL;
    case JSON_DOUBLE:
        if (node->v.d - node->v.d != 0) {
            return "is not a finite number";
        }
        json_write_double(w->out, node->v.d);
        return NULL;
    case JSON_STRING:
        return write_text(w, i);
    case JSON_FILE:
        return "is a file";
    default:
        return write_open(w, i);
    }
}

/*
 * Ends the containers whose content ends before node `i`. There is a comma after every value; the
 * one after a container's last value becomes its bracket.
 */
static void write_ends(struct writer *w, uint32_t i)
{
    while (w->depth > 0) {
        const struct json_node *node = &w->doc->nodes[w->open[w->depth - 1]];

        if (node->v.end != i) {
            return;
        }
        if (node->v.end > w->open[w->depth - 1] + 1 && !w->out->failed) {
            w->out->len--;
        }
        w->depth--;
        buf_add(w->out, node->type == JSON_OBJECT ? "}," : "],", 2);
    }
}

/*
 * Writes node `i`, where it is a member its name first; NULL or what is wrong. Leaves *i at the
 * culprit.
 */
static const char *write_item(struct writer *w, uint32_t *i)
{
    const struct json_node *nodes = w->doc->nodes;
    const char *fault;

    if (w->depth > 0 && nodes[w->open[w->depth - 1]].type == JSON_OBJECT) {
        if (write_text(w, *i)) {
            return "has a name that is not UTF-8";
        }
        add_byte(w->out, ':');
        ++*i;
    }
    fault = write_value(w, *i);
    if (!fault && nodes[*i].type != JSON_ARRAY && nodes[*i].type != JSON_OBJECT) {
        add_byte(w->out, ',');
    }
    return fault;
}

bool json_writable(const struct json_doc *doc, uint32_t node)
{
    uint32_t end = json_next(doc, node);

    for (; node < end; node++) {
        const struct json_node *n = &doc->nodes[node];

        if (n->type == JSON_FILE || (n->type == JSON_DOUBLE && n->v.d - n->v.d != 0) ||
            (n->type == JSON_STRING && !text_is_utf8(doc->text + n->v.at, n->len))) {
            return false;
        }
    }
    return true;
}

/* After a failure, `out` may hold a part of the text. */
enum bosa_status json_write(struct buf *out, const struct json_doc *doc, uint32_t node,
                            struct bosa_error *err)
{
    struct writer w;
    uint32_t end = json_next(doc, node), i = node;

    w.out = out;
    w.doc = doc;
    w.depth = 0;
    while (i < end) {
        const char *fault = write_item(&w, &i);

        if (fault) {
            return refuse(doc, node, i, fault, err);
        }
        write_ends(&w, ++i);
    }
    if (out->failed) {
        return error_nomem(err);
    }
    out->len--;
    return BOSA_OK;
}
