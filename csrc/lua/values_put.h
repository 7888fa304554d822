/*
 * Where the values that are read go: to the reader's document, or straight to its text.
 *
 * In a text every value has a comma after it; the one after a container's last value becomes its
 * bracket. Failures to allocate are sticky in the document or buffer.
 */
#ifndef BOSA_LUA_VALUES_PUT_H
#define BOSA_LUA_VALUES_PUT_H

#include "base/buf.h"
#include "base/text.h"
#include "values.h"

static inline void put_word(struct values_reader *r, const char *word, size_t len)
{
    buf_add(r->text, word, len);
}

static inline void put_null(struct values_reader *r)
{
    if (r->text) {
        put_word(r, "null,", 5);
    } else {
        json_add_null(r->doc);
    }
}

static inline void put_bool(struct values_reader *r, bool value)
{
    if (r->text) {
        put_word(r, value ? "true," : "false,", value ? 5 : 6);
    } else {
        json_add_bool(r->doc, value);
    }
}

static inline void put_int(struct values_reader *r, int64_t value)
{
    if (r->text) {
        json_write_int(r->text, value);
        buf_addc(r->text, ',');
    } else {
        json_add_int(r->doc, value);
    }
}

static inline void put_uint(struct values_reader *r, uint64_t value)
{
    if (r->text) {
        json_write_uint(r->text, value);
        buf_addc(r->text, ',');
    } else {
        json_add_uint(r->doc, value);
    }
}

static inline void put_double(struct values_reader *r, double value)
{
    if (r->text) {
        json_write_double(r->text, value);
        buf_addc(r->text, ',');
    } else {
        json_add_double(r->doc, value);
    }
}

/* A member's name. False: it is no UTF-8, which in a document its reader finds. */
static inline bool put_name(struct values_reader *r, const char *text, size_t len)
{
    if (!r->text) {
        json_add_string(r->doc, text, len);
        r->odd_name = r->odd_name || !text_is_utf8(text, len);
        return true;
    }
    if (!json_write_string(r->text, text, len)) {
        return false;
    }
    buf_addc(r->text, ':');
    return true;
}

/* Begins a container. The index returned is the document's, 0 in a text. */
static inline uint32_t put_open(struct values_reader *r, enum json_type type)
{
    if (!r->text) {
        return json_open(r->doc, type);
    }
    buf_addc(r->text, type == JSON_OBJECT ? '{' : '[');
    return 0;
}

static inline void put_close(struct values_reader *r, uint32_t open, enum json_type type,
                             size_t count)
{
    if (!r->text) {
        json_close(r->doc, open, (uint32_t)count);
        return;
    }
    if (count > 0 && !r->text->failed) {
        r->text->len--;
    }
    put_word(r, type == JSON_OBJECT ? "}," : "],", 2);
}

static inline enum bosa_status put_result(struct values_reader *r)
{
    return (r->text ? r->text->failed : r->doc->failed) ? error_nomem(r->error) : BOSA_OK;
}

#endif
