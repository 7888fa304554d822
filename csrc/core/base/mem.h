/*
 * mem: the one door to the heap for everything under csrc/.
 *
 * A test replaces it at link time: spec/c/mem_torture.c defines the same functions and makes the
 * nth of them fail. So the product needs no hook and no global state.
 */
#ifndef BOSA_MEM_H
#define BOSA_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Memory for `size` bytes, uninitialised; NULL when there is none. A size of 0 gives a valid block.
 */
void *mem_alloc(size_t size);

/* As mem_alloc, for `count` items of `size` bytes, zeroed; NULL also when the product overflows. */
void *mem_zalloc(size_t count, size_t size);

/* Grows or shrinks `old` (may be NULL). On NULL, `old` is untouched and still the caller's. */
void *mem_realloc(void *old, size_t size);

/*
 * mem_realloc for secrets: the block of `old_size` bytes is never given back before it is wiped,
 * which realloc does not promise.
 */
void *mem_realloc_wiped(void *old, size_t old_size, size_t size);

/* A copy of `len` bytes of `text` with a NUL at the end; NULL when there is no memory. */
char *mem_dup(const char *text, size_t len);

/* Gives back what the functions above gave. mem_free: NULL is allowed. */
void mem_release(void *block);

static inline void mem_free(void *block)
{
    if (block) { /* most of what an object may own, it doesn't: that costs no call */
        mem_release(block);
    }
}

/*
 * Makes room for one more item of `size` bytes in a list that has `count` of them and room for
 * `*cap`: for twice as many where it is full. Gives the list, which may have moved; NULL: no
 * memory, and `list` is untouched.
 */
static inline void *mem_grow(void *list, size_t size, size_t count, size_t *cap)
{
    size_t wanted = *cap > 0 ? *cap * 2 : 8;
    if (count < *cap) {
        return list;
    }
    void *grown = wanted <= SIZE_MAX / 2 / size ? mem_realloc(list, wanted * size) : NULL;
    *cap = grown ? wanted : *cap;
    return grown;
}

/* *to = a copy of the text; NULL stays NULL. False: no memory. */
static inline bool mem_copy_text(char **to, const char *text)
{
    *to = text ? mem_dup(text, strlen(text)) : NULL;
    return !text || *to;
}

/*
 * Overwrites `len` bytes in a way that the compiler may not leave out. For secrets, before
 * mem_free.
 */
void mem_wipe(void *block, size_t len);

/* Wipes and frees a text that may be a secret. NULL is allowed. */
static inline void mem_free_secret(char *text)
{
    if (text) {
        mem_wipe(text, strlen(text));
        mem_release(text);
    }
}

#endif
