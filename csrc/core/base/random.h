/*
 * random: digits that nobody can guess, for names, boundaries and secrets.
 */
#ifndef BOSA_RANDOM_H
#define BOSA_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

#define RANDOM_MOST 16 /* bytes at once */

/*
 * Writes `len` random bytes as 2 * `len` hexadecimal digits and a NUL. False: the system's
 * generator could not be read (no descriptor is left, or a root directory has no /dev). The digits
 * then only differ from call to call and from process to process: they do for a name, not for a
 * secret.
 */
bool random_hex(char *out, size_t len);

#endif
