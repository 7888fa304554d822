/*
 * Reading JSON strictly or leniently. Bytes that are no UTF-8, as servers with another encoding
 * send them, are mended here; what else is lenient is the reader's.
 */
#include "base/mem.h"
#include "json/json_internal.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define REPLACEMENT_LEN 3

/* Bytes at `p` that stay as they are; 0: the first of them is no UTF-8. */
static size_t good_length(const char *p, const char *end)
{
    return (unsigned char)*p < 0x80 ? 1 : text_utf8_sequence(p, end);
}

static size_t count_bad(const char *p, const char *end)
{
    size_t count = 0;

    while (p < end) {
        size_t len = good_length(p, end);

        count += len == 0;
        p += len > 0 ? len : 1;
    }
    return count;
}

char *json_mend_utf8(const char *text, size_t *len)
{
    const char *p = text, *end = text + *len;
    size_t bad = count_bad(p, end);
    char *copy =
        bad > (SIZE_MAX - *len) / REPLACEMENT_LEN ? NULL : mem_alloc(*len + bad * REPLACEMENT_LEN);
    char *out = copy;

    while (copy && p < end) {
        size_t good = good_length(p, end);

        memcpy(out, good > 0 ? p : REPLACEMENT, good > 0 ? good : REPLACEMENT_LEN);
        out += good > 0 ? good : REPLACEMENT_LEN;
        p += good > 0 ? good : 1;
    }
    *len = copy ? (size_t)(out - copy) : *len;
    return copy;
}

enum bosa_status json_parse(struct json_doc *doc, char *text, size_t len, struct bosa_error *err)
{
    return json_parse_as(doc, text, len, false, err);
}

/* What is no UTF-8 is mended first, since its replacement needs more room than it has. */
enum bosa_status json_parse_lenient(struct json_doc *doc, char *text, size_t len,
                                    struct bosa_error *err)
{
    if (!text_is_utf8(text, len)) {
        bool own = doc->text == text;
        size_t old_len = len;
        char *mended = json_mend_utf8(text, &len);

        if (!mended) {
            doc->text = text;
            doc->text_cap = own ? doc->text_cap : len;
            return error_nomem(err);
        }
        mem_wipe(text, old_len);
        mem_free(text);
        doc->text = own ? mended : doc->text;
        doc->text_cap = own ? len : doc->text_cap;
        text = mended;
    }
    return json_parse_as(doc, text, len, true, err);
}
