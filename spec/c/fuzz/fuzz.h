/*
 * fuzz: what the targets share. A target is one file with LLVMFuzzerTestOneInput; a promise that is
 * broken ends the program, which libFuzzer reports with the input.
 */
#ifndef BOSA_FUZZ_H
#define BOSA_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program unless the promise holds. */
#define PROMISE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A copy that ends where the input ends, so that reading past it is noticed. */
static inline char *fuzz_copy(const uint8_t *data, size_t size)
{
    char *copy = mem_alloc(size);
    PROMISE(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

/* The same with a NUL behind. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
    return mem_dup(size > 0 ? (const char *)data : "", size);
}

#endif
