/*
 * secrets: keys, tokens and passwords taken out of texts that somebody will read.
 *
 * A server repeats a secret as its codec writes it, so it is looked for as it is, with JSON's
 * escapes (\/, \u002B), percent-encoded (in either case), with HTML's character references, and
 * with these mixed or doubled. It has to be done before a text is cut, since the beginning of a
 * secret is one; a piece that was cut all the same, with "..." or a quote and "..." behind it, is
 * looked at, too. Base64 is not undone: nothing that we send is encoded so.
 *
 * A list is made for every response, and searched only where one failed: adding costs next to
 * nothing, and what a search needs is made by the first.
 */
#ifndef BOSA_SECRETS_H
#define BOSA_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECRETS_SHORTEST 4 /* bytes; a shorter one would be found everywhere */
#define SECRETS_MASK "***" /* stands in a secret's place; shorter than any secret */

struct secret {
    const char *text; /* borrowed, or `own` */
    char *own;        /* owned; NULL: it is borrowed */
    size_t len;
    size_t *back; /* owned, NULL before the first search: after i bytes, how many of them begin
                     the secret anew (Knuth, Morris, Pratt) */
};

struct secrets {
    struct secret *list; /* owned */
    size_t count, cap;
    bool failed; /* no memory: nothing may be shown */
};

void secrets_init(struct secrets *secrets);

/* Adds a text (may be NULL), which must outlive the list. One that is too short is passed over. */
void secrets_add(struct secrets *secrets, const char *text, size_t len);

/* Adds a text that is percent-encoded: as it is, and as it reads decoded. */
void secrets_add_encoded(struct secrets *secrets, const char *text, size_t len);

/*
 * Puts "***" in the place of every secret in `text`, in place, and gives the new length; what is
 * free then is wiped. `cut`: the text may end within a secret, whose beginning goes, too. Without
 * memory the whole text goes, and *failed is set. Takes time in proportion to the text and to the
 * number of secrets.
 */
size_t secrets_mask(struct secrets *secrets, char *text, size_t len, bool cut, bool *failed);

/*
 * Masks what is between "://" and the last "@" of a text, in place: the user and password of a
 * proxy, which libraries repeat in their messages. Gives the new length.
 */
size_t secrets_mask_userinfo(char *text, size_t len);

void secrets_free(struct secrets *secrets);

#endif
