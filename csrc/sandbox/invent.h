/*
 * invent: made-up data that looks like real data, the same for the same seed.
 */
#ifndef SANDBOX_INVENT_H
#define SANDBOX_INVENT_H

#include <stddef.h>
#include <stdint.h>

#define INVENT_NOW INT64_C(1751270400) /* the day at which the made-up history ends: 2025-06-30 */
#define INVENT_DAY INT64_C(86400)

/* A source of numbers; two with the same state give the same ones. */
struct dice {
    uint64_t state;
};

uint64_t dice_roll(struct dice *dice);
size_t dice_below(struct dice *dice, size_t n); /* 0 to n - 1; n over 0 */

struct person {
    const char *login, *name, *mail;
};

struct label {
    const char *name, *color, *about;
};

/* Any of the people, or of the labels, who are the same for every seed. `i` may be any number. */
const struct person *invent_person(uint64_t i);
const struct label *invent_label(uint64_t i);

/* The label of that name; NULL: not one of ours. */
const struct label *invent_label_named(const char *name);

/* Short texts: the title of an issue, a paragraph about it, a commit's first line, a file's name, a
 * e-mail's subject. */
void invent_title(struct dice *dice, char *out, size_t size);
const char *invent_paragraph(struct dice *dice);
void invent_commit(struct dice *dice, char *out, size_t size);
void invent_filename(struct dice *dice, char *out, size_t size);
const char *invent_subject(struct dice *dice);

/* Random-looking identifiers: a UUID, `len` characters of lower-case hexadecimal, `len` of
 * base64url; a NUL at the end. */
void invent_uuid(struct dice *dice, char out[37]);
void invent_hex(struct dice *dice, char *out, size_t len);
void invent_opaque(struct dice *dice, char *out, size_t len);

#endif
