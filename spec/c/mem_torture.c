#include "mem_torture.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct {
    long fail_at;
    long count;
    long live;
} state;

void mem_torture_fail_at(long nth)
{
    state.fail_at = nth;
    state.count = 0;
}

long mem_torture_count(void)
{
    return state.count;
}

long mem_torture_live(void)
{
    return state.live;
}

/* Counts an allocation; true when it is the one to fail. */
static bool must_fail(void)
{
    state.count++;
    return state.count == state.fail_at;
}

/* Counts a block as given out when there is one. */
static void *given(void *block)
{
    state.live += block != NULL;
    return block;
}

/* Fresh memory is filled, so that what reads it before it writes sees no zeros. */
void *mem_alloc(size_t size)
{
    void *block = must_fail() ? NULL : malloc(size > 0 ? size : 1);

    if (block != NULL) {
        memset(block, 0xa5, size < 4096 ? size : 4096);
    }
    return given(block);
}

void *mem_zalloc(size_t count, size_t size)
{
    bool overflow = size > 0 && count > SIZE_MAX / size;

    if (must_fail() || overflow) {
        return NULL;
    }
    return given(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *mem_realloc(void *old, size_t size)
{
    void *block = must_fail() ? NULL : realloc(old, size > 0 ? size : 1);

    return old == NULL ? given(block) : block;
}

char *mem_dup(const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? mem_alloc(len + 1) : NULL;

    if (copy == NULL) {
        return NULL;
    }
    if (len > 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    return copy;
}

void mem_free(void *block)
{
    state.live -= block != NULL;
    free(block);
}

void mem_wipe(void *block, size_t len)
{
    for (volatile unsigned char *p = block; len > 0; len--) {
        *p++ = 0;
    }
}
