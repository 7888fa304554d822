/*
 * charset: text of header fields in other encodings than UTF-8, as mail and older servers write it.
 */
#ifndef BOSA_CHARSET_H
#define BOSA_CHARSET_H

#include "base/buf.h"

enum charset {
    CHARSET_UTF8,    /* or, where it is none, windows-1252 */
    CHARSET_1252,    /* windows-1252, and what is called ISO-8859-1 */
    CHARSET_UNKNOWN, /* UTF-8 where it is that, else only its ASCII is read */
};

/* The charset of this name; an empty one is CHARSET_UTF8. */
enum charset charset_named(const char *name, size_t len);

/* Appends bytes of a charset as UTF-8. */
void charset_add(struct buf *out, enum charset charset, const char *bytes, size_t len);

/*
 * Appends text with its encoded words (RFC 2047: "=?utf-8?B?...?=") decoded; what is none stays,
 * and is CHARSET_UTF8.
 */
void charset_add_words(struct buf *out, const char *text, size_t len);

#endif
