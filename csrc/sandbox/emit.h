/*
 * emit: JSON text written from left to right.
 *
 * Commas are put where they belong by looking at the last byte written, so no state is kept beside
 * the buffer. `key` names a member of the object being written; NULL adds an element to an array.
 * Running out of memory shows in the buffer (buf.h).
 */
#ifndef SANDBOX_EMIT_H
#define SANDBOX_EMIT_H

#include "base/buf.h"

void emit_open(struct buf *out, const char *key, char bracket); /* '{' or '[' */
void emit_close(struct buf *out, char bracket);                 /* '}' or ']' */

/* A string; bytes that are not UTF-8 are read as Latin-1. */
void emit_string(struct buf *out, const char *key, const char *text, size_t len);

/* A string up to its NUL; NULL is written as null. */
void emit_text(struct buf *out, const char *key, const char *text);

/* A string made by printf, at most 500 bytes long. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void emit_format(struct buf *out, const char *key, const char *format, ...);

void emit_int(struct buf *out, const char *key, int64_t value);
void emit_bool(struct buf *out, const char *key, bool value);
void emit_null(struct buf *out, const char *key);

/* 16 hexadecimal digits, as a string. */
void emit_hex(struct buf *out, const char *key, uint64_t value);

/* A time as "2025-03-14T09:26:53Z". */
void emit_time(struct buf *out, const char *key, int64_t unix_seconds);

/* Text that is JSON already. */
void emit_json(struct buf *out, const char *key, const char *json, size_t len);

#endif
