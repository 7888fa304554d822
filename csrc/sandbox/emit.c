/*
 * An emitter for JSON text. Nothing is checked that only a mistake of ours could break; each
 * response is small enough to be looked at by a test.
 */
#include "emit.h"
#include "base/text.h"

#include "json/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Writes what stands before a value: a comma unless it is the first, and the key if there is one.
 */
static void begin(struct buf *out, const char *key)
{
    if (out->len > 0 && !strchr("{[:,", out->data[out->len - 1])) {
        buf_addc(out, ',');
    }
    if (key) {
        json_write_string(out, key, strlen(key));
        buf_addc(out, ':');
    }
}

void emit_open(struct buf *out, const char *key, char bracket)
{
    begin(out, key);
    buf_addc(out, bracket);
}

void emit_close(struct buf *out, char bracket)
{
    buf_addc(out, bracket);
}

/* Latin-1 as a JSON string. */
static void emit_latin1(struct buf *out, const char *text, size_t len)
{
    struct buf utf8;
    buf_init(&utf8);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x80) {
            buf_addc(&utf8, (char)c);
        } else {
            buf_addc(&utf8, (char)(0xC0 | c >> 6));
            buf_addc(&utf8, (char)(0x80 | (c & 0x3F)));
        }
    }
    if (utf8.failed || !json_write_string(out, utf8.len ? utf8.data : "", utf8.len)) {
        out->failed = true;
    }
    buf_free(&utf8);
}

void emit_string(struct buf *out, const char *key, const char *text, size_t len)
{
    begin(out, key);
    if (text_is_utf8(text, len)) {
        json_write_string(out, text, len);
    } else {
        emit_latin1(out, text, len);
    }
}

void emit_text(struct buf *out, const char *key, const char *text)
{
    if (text) {
        emit_string(out, key, text, strlen(text));
    } else {
        emit_null(out, key);
    }
}

void emit_format(struct buf *out, const char *key, const char *format, ...)
{
    char text[501];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    emit_text(out, key, text);
}

void emit_int(struct buf *out, const char *key, int64_t value)
{
    begin(out, key);
    buf_addf(out, "%" PRId64, value);
}

void emit_bool(struct buf *out, const char *key, bool value)
{
    begin(out, key);
    buf_adds(out, value ? "true" : "false");
}

void emit_null(struct buf *out, const char *key)
{
    begin(out, key);
    buf_adds(out, "null");
}

void emit_hex(struct buf *out, const char *key, uint64_t value)
{
    begin(out, key);
    buf_addf(out, "\"%016" PRIx64 "\"", value);
}

void emit_time(struct buf *out, const char *key, int64_t unix_seconds)
{
    time_t seconds = (time_t)unix_seconds;
    struct tm utc;
    char text[32] = "";
    if (gmtime_r(&seconds, &utc)) {
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    emit_text(out, key, text);
}

void emit_json(struct buf *out, const char *key, const char *json, size_t len)
{
    begin(out, key);
    buf_add(out, json, len);
}
