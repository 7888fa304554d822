/*
 * File names made safe. The rules of all systems are applied on every system: a file that was saved
 * here may be copied to, or unpacked on, another one.
 */
#include "http/file_name.h"

#include "base/buf.h"
#include "base/text.h"
#include "http/header_fields.h"

#include <string.h>

#define MAX_BYTES                                                                                  \
    200 /* of a safe name; leaves room for " (12)" and ".part" where 255 is the limit */
#define MAX_EXTENSION                                                                              \
    16 /* bytes of an extension, dot included, that is kept when a name is cut                     \
        */

/* What follows the last separator of either system. */
static const char *last_component(const char *name)
{
    for (const char *p = name; *p; p++) {
        if (*p == '/' || *p == '\\') {
            name = p + 1;
        }
    }
    return name;
}

/*
 * Length of the sequence at `at` (of well-formed UTF-8) when it has no place in a file name:
 * control characters (C1 too), what some system reserves, and the marks that turn the direction of
 * text and so hide an extension. 0: it may stay.
 */
static size_t unfit(const char *at)
{
    const unsigned char *u = (const unsigned char *)at;
    if (text_is_control(*at) || strchr("<>:\"|?*/\\", *at)) {
        return 1;
    }
    if (u[0] == 0xC2 && u[1] < 0xA0) {
        return 2;
    }
    bool mark =
        u[0] == 0xE2 &&
        ((u[1] == 0x80 && (u[2] == 0x8E || u[2] == 0x8F || (u[2] >= 0xA8 && u[2] <= 0xAE))) ||
         (u[1] == 0x81 && u[2] >= 0xA6 && u[2] <= 0xA9));
    return mark ? 3 : 0;
}

/* Adds `name` with "_" in place of what is unfit; bytes that are no UTF-8 become "_" each. */
static void add_fit(struct buf *out, const char *name)
{
    size_t len = strlen(name);
    bool utf8 = text_is_utf8(name, len);
    for (size_t i = 0; i < len; i++) {
        bool broken = !utf8 && (unsigned char)name[i] >= 0x80;
        size_t bad = broken ? 1 : unfit(name + i);
        buf_addc(out, bad > 0 ? '_' : name[i]);
        i += bad > 0 ? bad - 1 : 0;
    }
}

/*
 * Takes dots and spaces off both ends: hidden files, "..", and what Windows drops without a word.
 */
static void trim(struct buf *name)
{
    size_t start = 0;
    while (name->len > 0 && strchr(". ", name->data[name->len - 1])) {
        name->len--;
    }
    while (start < name->len && strchr(". ", name->data[start])) {
        start++;
    }
    if (start > 0) {
        name->len -= start;
        memmove(name->data, name->data + start, name->len);
    }
}

/* True when the name, up to its first dot, is a device on Windows. */
static bool is_device(const char *name, size_t len)
{
    static const char *const devices[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
    const char *dot = memchr(name, '.', len);
    size_t stem = dot ? (size_t)(dot - name) : len;
    while (stem > 0 && name[stem - 1] == ' ') {
        stem--;
    }
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        if (http_same(name, stem, devices[i], strlen(devices[i]))) {
            return true;
        }
    }
    bool numbered = stem >= 4 && (http_same(name, 3, "com", 3) || http_same(name, 3, "lpt", 3));
    bool superscript =
        stem == 5 && (memcmp(name + 3, "\xC2\xB9", 2) == 0 ||
                      memcmp(name + 3, "\xC2\xB2", 2) == 0 || memcmp(name + 3, "\xC2\xB3", 2) == 0);
    return numbered && ((stem == 4 && text_is_digit(name[3])) || superscript);
}

/* Cuts the name to MAX_BYTES, from before a short extension where it has one. */
static void cut(struct buf *name)
{
    if (name->len <= MAX_BYTES) {
        return;
    }
    size_t extension = 0;
    for (size_t i = 1; i <= MAX_EXTENSION && extension == 0; i++) {
        extension = name->data[name->len - i] == '.' ? i : 0;
    }
    size_t kept = text_cut(name->data, name->len, MAX_BYTES - extension);
    memmove(name->data + kept, name->data + name->len - extension, extension);
    name->len = kept + extension;
    trim(name);
}

/*
 * The order matters: what trimming leaves may be a device's name, and the `_` before one counts
 * when the name is cut.
 */
char *http_safe_filename(const char *name)
{
    struct buf fit, out;
    size_t len;
    buf_init(&fit);
    buf_init(&out);
    add_fit(&fit, last_component(name));
    trim(&fit);
    if (fit.failed || fit.len == 0) {
        buf_adds(&out, "download");
    } else if (is_device(fit.data, fit.len)) {
        buf_addc(&out, '_');
    }
    if (fit.len > 0) {
        buf_add(&out, fit.data, fit.len);
    }
    bool failed = fit.failed || out.failed;
    buf_free(&fit);
    if (failed) {
        buf_free(&out);
        return NULL;
    }
    cut(&out);
    return buf_take(&out, &len);
}
