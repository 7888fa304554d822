/*
 * nearest: which of several names was meant by one that isn't there. First the one that is a slip
 * of the finger away; else the only one that has all words of the given name: `key` for `api_key`.
 * It owns nothing: names are borrowed for as long as the struct is in use.
 */
#ifndef BOSA_NEAREST_H
#define BOSA_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* Begin with NEAREST_NONE, offer every name, then ask. */
struct nearest {
    const char *name;     /* the nearest by edit distance; NULL: none so far */
    size_t len, distance; /* of that */
    const char *holder;   /* the first that has all the words; NULL: none so far */
    size_t holder_len;    /* of that */
    bool several;         /* another has them, too */
};

#define NEAREST_NONE ((struct nearest){NULL, 0, 0, NULL, 0, false})

#define NEAREST_MAX 128 /* bytes of a name that is looked at */

/*
 * Edit distance of two words of at most NEAREST_MAX bytes. Neighbours that changed places count
 * once, a difference of case alone nothing.
 */
size_t nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/* Offers a candidate. Names longer than NEAREST_MAX are passed over. */
void nearest_try(struct nearest *best, const char *wanted, size_t len, const char *name,
                 size_t name_len);

/* The name that was meant, `*len` bytes of it; NULL: none is near enough. */
const char *nearest_found(const struct nearest *best, size_t *len);

#endif
