/*
 * The file name in a Content-Disposition value. The grammar of RFC 6266 is read where the value
 * keeps to it; where it does not, what its sender meant is guessed by what real servers have been
 * seen to send. The value is walked anew for each name that is looked for, so that nothing is
 * allocated but the result.
 */
#include "http/disposition.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "http/charset.h"
#include "http/header_fields.h"

#include <stdio.h>
#include <string.h>

#define MAX_SECTIONS 64 /* of an RFC 2231 continuation; what follows is left out */

/* One parameter, borrowed from the value. The disposition type is one without `value`. */
struct param {
    const char *name;
    size_t name_len;
    const char *value; /* NULL: there is no "=" */
    size_t value_len;
    bool quoted; /* value is the inside of a quoted string, escapes and all */
};

static const char *skip_blanks(const char *at)
{
    while (text_is_blank(*at)) {
        at++;
    }
    return at;
}

/*
 * True when a parameter's value can end at `at`: the end, or a semicolon with a parameter's name
 * and "=" after.
 */
static bool ends_value(const char *at)
{
    at = skip_blanks(at);
    if (*at == '\0') {
        return true;
    }
    if (*at != ';') {
        return false;
    }
    at = skip_blanks(at + 1);
    size_t name = strcspn(at, " \t=;\"");
    const char *after = skip_blanks(at + name);
    return *at == '\0' || (name > 0 && *after == '=');
}

/*
 * The quote that ends a quoted string whose content begins at `at`. Servers leave quotes inside
 * unescaped, so it is the first one that a parameter can end at; else the last there is; else the
 * end of the text.
 */
static const char *closing_quote(const char *at)
{
    for (const char *p = at; *p; p++) {
        if (*p == '\\' && (p[1] == '"' || p[1] == '\\')) {
            p++;
        } else if (*p == '"' && ends_value(p + 1)) {
            return p;
        }
    }
    const char *last = strrchr(at, '"');
    return last ? last : at + strlen(at);
}

/* Takes the value after "=" and returns where to go on. */
static const char *take_value(const char *at, struct param *out)
{
    at = skip_blanks(at);
    out->quoted = *at == '"';
    if (out->quoted) {
        const char *end = closing_quote(++at);
        out->value = at;
        out->value_len = (size_t)(end - at);
        return *end == '"' ? end + 1 : end;
    }
    size_t len = strcspn(at, ";");
    out->value = at;
    out->value_len = len;
    while (out->value_len > 0 && text_is_blank(at[out->value_len - 1])) {
        out->value_len--;
    }
    return at + len;
}

/* Takes the next parameter from *at; false at the end. */
static bool next_param(const char **at, struct param *out)
{
    const char *p = *at + strspn(*at, "; \t");
    if (*p == '\0') {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->name = p;
    p += strcspn(p, "=;");
    out->name_len = (size_t)(p - out->name);
    while (out->name_len > 0 && text_is_blank(out->name[out->name_len - 1])) {
        out->name_len--;
    }
    if (*p == '=') {
        p = take_value(p + 1, out);
    }
    p += strcspn(p, ";");
    *at = p;
    return true;
}

/* Finds the first parameter of a name that has a value. */
static bool find_param(const char *value, const char *name, struct param *out)
{
    while (next_param(&value, out)) {
        if (out->value && http_same(out->name, out->name_len, name, strlen(name))) {
            return true;
        }
    }
    return false;
}

/*
 * Adds a plain value with its escapes undone; a backslash before anything but a quote or another is
 * one.
 */
static void add_plain(struct buf *out, const struct param *param)
{
    for (size_t i = 0; i < param->value_len; i++) {
        char c = param->value[i];
        char next = i + 1 < param->value_len ? param->value[i + 1] : '\0';
        if (param->quoted && c == '\\' && (next == '"' || next == '\\')) {
            c = next;
            i++;
        }
        buf_addc(out, c);
    }
}

/* Adds percent-encoded bytes; false when an escape is broken. */
static bool add_decoded(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int byte = text_percent(text + i, len - i);
            if (byte < 0) {
                return false;
            }
            c = (char)byte;
            i += 2;
        }
        buf_addc(out, c);
    }
    return true;
}

/*
 * Adds an RFC 8187 value, "charset'language'bytes"; false when it is none, or of a charset that
 * nobody here can read.
 */
static bool add_extended(struct buf *out, const struct param *param, enum charset *charset)
{
    const char *quote = memchr(param->value, '\'', param->value_len);
    const char *end = param->value + param->value_len;
    const char *second = quote ? memchr(quote + 1, '\'', (size_t)(end - quote - 1)) : NULL;
    if (!second) {
        return false;
    }
    *charset = charset_named(param->value, (size_t)(quote - param->value));
    return *charset != CHARSET_UNKNOWN && add_decoded(out, second + 1, (size_t)(end - second - 1));
}

/*
 * Adds the sections filename*0, filename*1 ... (RFC 2231); those with a star after are
 * percent-encoded.
 */
static bool add_sections(struct buf *out, const char *value, enum charset *charset)
{
    for (int i = 0; i < MAX_SECTIONS; i++) {
        char name[32];
        struct param param;
        int len = snprintf(name, sizeof name, "filename*%d*", i);
        if (find_param(value, name, &param)) {
            bool ok = i == 0 ? add_extended(out, &param, charset)
                             : add_decoded(out, param.value, param.value_len);
            if (!ok) {
                return false;
            }
            continue;
        }
        name[len - 1] = '\0';
        if (!find_param(value, name, &param)) {
            break;
        }
        add_plain(out, &param);
    }
    return true;
}

/*
 * Makes the raw bytes (freed) the result: UTF-8, an encoded NUL as "_" since it would cut the name
 * short. `words`: they may hold encoded words.
 */
static enum bosa_status finish(struct buf *raw, enum charset charset, bool words, char **out)
{
    struct buf text;
    buf_init(&text);
    bool failed = raw->failed;
    *out = NULL;
    if (!failed && raw->len > 0) {
        if (words) {
            charset_add_words(&text, raw->data, raw->len);
        } else {
            charset_add(&text, charset, raw->data, raw->len);
        }
        for (size_t i = 0; i < text.len; i++) {
            text.data[i] = text.data[i] == '\0' ? '_' : text.data[i];
        }
        *out = buf_take(&text, NULL);
        failed = !*out;
    }
    buf_free(raw);
    return failed ? BOSA_NOMEM : BOSA_OK;
}

/* filename*=UTF-8''name */
static bool add_starred(struct buf *out, const char *value, enum charset *charset)
{
    struct param param;
    return find_param(value, "filename*", &param) && add_extended(out, &param, charset);
}

/* filename=name, filename="name" */
static bool add_simple(struct buf *out, const char *value, enum charset *charset)
{
    struct param param;
    *charset = CHARSET_UTF8;
    if (!find_param(value, "filename", &param)) {
        return false;
    }
    add_plain(out, &param);
    return true;
}

/* filename*=name, without the charset that it must have, or with one that nobody here can read */
static bool add_unread(struct buf *out, const char *value, enum charset *charset)
{
    struct param param;
    *charset = CHARSET_UNKNOWN;
    if (!find_param(value, "filename*", &param)) {
        return false;
    }
    const char *text = param.value, *end = text + param.value_len;
    for (int i = 0; i < 2; i++) {
        const char *quote = memchr(text, '\'', (size_t)(end - text));
        text = quote ? quote + 1 : text;
    }
    return add_decoded(out, text, (size_t)(end - text));
}

/*
 * Each form is tried in the order of its worth; one that is broken or empty gives way to the next.
 */
enum bosa_status disposition_filename(const char *value, char **out)
{
    static bool (*const forms[])(struct buf *, const char *, enum charset *) = {
        add_starred, add_sections, add_simple, add_unread};
    struct buf raw;
    enum charset charset = CHARSET_UTF8;
    bool words = false;
    buf_init(&raw);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        charset = CHARSET_UTF8;
        words = forms[i] == add_simple;
        bool read = forms[i](&raw, value, &charset);
        if (raw.failed || (read && raw.len > 0)) {
            break;
        }
        buf_clear(&raw);
    }
    return finish(&raw, charset, words, out);
}

/* The type is what comes first and has no "=". */
bool disposition_is_attachment(const char *value)
{
    struct param type;
    return value && next_param(&value, &type) && !type.value &&
           http_same(type.name, type.name_len, "attachment", 10);
}
