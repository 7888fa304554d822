/*
 * File names made safe. The rules of all systems are applied on every system: a file that was saved
 * here may be copied to, or unpacked on, another one.
 */
#include "http/file_name.h"

#include "base/buf.h"
#include "base/text.h"
#include "http/header_fields.h"

#include <string.h>

/* bytes of a safe name; leaves room for " (12)" and ".part" where 255 is the limit */
#define MAX_BYTES 200
/* bytes of an extension, dot included, that is kept when a name is cut */
#define MAX_EXTENSION 16

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

/* True for a sequence that has no place in a file name: what some system reserves, and what hides
 * an extension by turning the direction of text. */
static bool is_unfit(const char *at, size_t len)
{
    return text_is_obeyed(at, len) || (len == 1 && strchr("<>:\"|?*/\\", *at));
}

/* Adds `name` with "_" in place of what is unfit, and of each byte that is no UTF-8. */
static void add_fit(struct buf *out, const char *name)
{
    const char *end = name + strlen(name);
    while (name < end) {
        size_t len = (unsigned char)*name < 0x80 ? 1 : text_utf8_sequence(name, end);
        bool unfit = len == 0 || is_unfit(name, len);
        buf_add(out, unfit ? "_" : name, unfit ? 1 : len);
        name += len > 0 ? len : 1;
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
    return buf_take(&out, NULL);
}
