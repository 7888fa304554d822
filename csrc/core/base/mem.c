/*
 * The heap, as the product uses it. Tests link spec/c/mem_torture.c in its place; nothing else in
 * csrc may call malloc or free.
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* malloc, where a size of 0 is no special case: a NULL always means that there is no memory. */
void *mem_alloc(size_t size)
{
    return malloc(size > 0 ? size : 1);
}

/* calloc; the C library of a hardened system checks the product too, but C11 does not ask it to. */
void *mem_zalloc(size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return count * size > 0 ? calloc(count, size) : calloc(1, 1);
}

/* realloc that never frees: what C leaves open for a size of 0 does not arise. */
void *mem_realloc(void *old, size_t size)
{
    return realloc(old, size > 0 ? size : 1);
}

void *mem_realloc_wiped(void *old, size_t old_size, size_t size)
{
    void *block = mem_alloc(size);

    if (block && old_size > 0) {
        memcpy(block, old, old_size < size ? old_size : size);
        mem_wipe(old, old_size);
    }
    if (block) {
        mem_free(old);
    }
    return block;
}

/* `text` may be NULL when `len` is 0. */
char *mem_dup(const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? mem_alloc(len + 1) : NULL;

    if (!copy) {
        return NULL;
    }
    if (len > 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    return copy;
}

/* No counting here: a test that wants to count brings its own mem. */
void mem_release(void *block)
{
    free(block);
}

/*
 * memset through a volatile pointer: the compiler can't know what is called, so it can't drop the
 * call.
 */
void mem_wipe(void *block, size_t len)
{
    static void *(*const volatile fill)(void *, int, size_t) = memset;

    if (len > 0) {
        fill(block, 0, len);
    }
}
