/*
 * random: bytes that nobody can guess, for names and boundaries.
 */
#ifndef BOSA_RANDOM_H
#define BOSA_RANDOM_H

#include <stddef.h>

/*
 * Fills `out` from the system's generator. Where there is none (a root directory without /dev) the
 * bytes still differ from call to call and from process to process.
 */
void random_fill(unsigned char *out, size_t len);

/* Writes 2 * `len` hexadecimal digits and a NUL; `len` is at most RANDOM_MOST. */
#define RANDOM_MOST 16
void random_hex(char *out, size_t len);

#endif
