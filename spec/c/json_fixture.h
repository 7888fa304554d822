/* json_fixture: what both programs that test json need. */
#ifndef BOSA_JSON_FIXTURE_H
#define BOSA_JSON_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "mem_torture.h"
#include "json/json.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A literal with its length, for texts that hold a NUL. */
#define TEXT(literal) (literal), sizeof(literal) - 1

/* Parses a copy of the text that is as long as it says, so that a sanitizer sees a read past it. */
static inline enum bosa_status parse_bytes(struct json_doc *doc, const char *text, size_t len,
                                           struct bosa_error *err)
{
    char *copy = mem_alloc(len);

    assert_non_null(copy);
    memcpy(copy, text, len);
    json_init(doc);
    return json_parse(doc, copy, len, err);
}

/* A document from a text that must be good. */
static inline struct json_doc parse(const char *text)
{
    struct json_doc doc;
    struct bosa_error err;

    error_init(&err);
    if (parse_bytes(&doc, text, strlen(text), &err) != BOSA_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    return doc;
}

static inline void assert_written(const struct json_doc *doc, uint32_t node, const char *text)
{
    struct buf out;
    struct bosa_error err;

    buf_init(&out);
    error_init(&err);
    assert_int_equal(json_write(&out, doc, node, &err), BOSA_OK);
    buf_addc(&out, '\0');
    assert_string_equal(out.data, text);
    buf_free(&out);
}

/* The text must be read, and written as `written`. */
static inline void assert_round_trip(const char *text, const char *written)
{
    struct json_doc doc = parse(text);

    assert_written(&doc, 0, written);
    json_free(&doc);
}

/* The double of a number's text must be this one, to the bit. */
static inline void assert_reads(const char *text, double expected)
{
    struct json_doc doc = parse(text);
    double value = json_number(&doc, 0);

    assert_int_equal(json_type(&doc, 0), JSON_DOUBLE);
    if (memcmp(&value, &expected, sizeof value) != 0) {
        fail_msg("%s read as %a instead of %a", text, value, expected);
    }
    json_free(&doc);
}

#endif
