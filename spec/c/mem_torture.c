#include "mem_torture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Stands before each block, so that what is given back can be searched. */
union prefix {
    size_t size;
    max_align_t align;
};

static struct {
    long fail_at;
    long count;
    long live;
    const char *marker;
    long leaked;
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

void mem_torture_watch(const char *marker)
{
    state.marker = marker;
    state.leaked = 0;
}

long mem_torture_leaked(void)
{
    return state.leaked;
}

/* Counts an allocation; true when it is the one to fail. */
static bool must_fail(void)
{
    state.count++;
    return state.count == state.fail_at;
}

/* Looks for the marker in a block that is about to go. */
static void search(const char *block, size_t size)
{
    size_t len = state.marker ? strlen(state.marker) : 0;

    for (size_t i = 0; len > 0 && i + len <= size; i++) {
        state.leaked += memcmp(block + i, state.marker, len) == 0;
    }
}

static union prefix *prefix_of(void *block)
{
    return (union prefix *)block - 1;
}

static void *give(size_t size)
{
    union prefix *prefix = size > SIZE_MAX - sizeof *prefix ? NULL : malloc(sizeof *prefix + size);

    if (prefix == NULL) {
        return NULL;
    }
    prefix->size = size;
    state.live++;
    memset(prefix + 1, 0xa5, size); /* what others left there is not this block's */
    return prefix + 1;
}

/* Fresh memory is filled, so that what reads it before it writes sees no zeros. */
void *mem_alloc(size_t size)
{
    void *block = must_fail() ? NULL : give(size);

    if (block != NULL) {
        memset(block, 0xa5, size < 4096 ? size : 4096);
    }
    return block;
}

void *mem_zalloc(size_t count, size_t size)
{
    bool overflow = size > 0 && count > SIZE_MAX / size;
    void *block = must_fail() || overflow ? NULL : give(count * size);

    if (block != NULL) {
        memset(block, 0, count * size);
    }
    return block;
}

/* Always moves: the old block is searched, and left by whoever still points into it. */
void *mem_realloc(void *old, size_t size)
{
    void *block = must_fail() ? NULL : give(size);
    size_t old_size = old != NULL ? prefix_of(old)->size : 0;

    if (block != NULL && old != NULL) {
        memcpy(block, old, old_size < size ? old_size : size);
        mem_free(old);
    }
    return block;
}

void *mem_realloc_wiped(void *old, size_t old_size, size_t size)
{
    void *block = mem_alloc(size);

    if (block != NULL && old_size > 0) {
        memcpy(block, old, old_size < size ? old_size : size);
        mem_wipe(old, old_size);
    }
    if (block != NULL) {
        mem_free(old);
    }
    return block;
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

void mem_release(void *block)
{
    if (block == NULL) {
        return;
    }
    search(block, prefix_of(block)->size);
    state.live--;
    free(prefix_of(block));
}

void mem_wipe(void *block, size_t len)
{
    for (volatile unsigned char *p = block; len > 0; len--) {
        *p++ = 0;
    }
}
