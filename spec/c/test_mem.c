/* mem. True of the product's and of the one that tests put in its place, whichever is linked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void a_size_of_zero_gives_a_block(void **unused)
{
    void *block = mem_alloc(0), *zeroed = mem_zalloc(0, 8);

    (void)unused;
    assert_non_null(block);
    assert_non_null(zeroed);
    block = mem_realloc(block, 0);
    assert_non_null(block);
    mem_free(block);
    mem_free(zeroed);
    mem_free(NULL);
}

static void zalloc_zeroes_and_refuses_products_that_overflow(void **unused)
{
    static const char zeros[60] = {0};
    void *block = mem_zalloc(3, 20);

    (void)unused;
    assert_non_null(block);
    assert_memory_equal(block, zeros, sizeof zeros);
    mem_free(block);
    assert_null(mem_zalloc(SIZE_MAX / 2 + 1, 2));
    assert_null(mem_zalloc(2, SIZE_MAX / 2 + 1));
}

static void realloc_keeps_the_content(void **unused)
{
    char *block = mem_realloc(NULL, 4);

    (void)unused;
    assert_non_null(block);
    memcpy(block, "abcd", 4);
    block = mem_realloc(block, 100000);
    assert_non_null(block);
    assert_memory_equal(block, "abcd", 4);
    mem_free(block);
}

static void dup_ends_with_a_nul(void **unused)
{
    char *copy = mem_dup("a\0bc", 3), *empty = mem_dup(NULL, 0);

    (void)unused;
    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(empty, "");
    assert_null(mem_dup("", SIZE_MAX));
    mem_free(copy);
    mem_free(empty);
}

static void wipe_overwrites(void **unused)
{
    char secret[] = "secret";

    (void)unused;
    mem_wipe(secret, 5);
    assert_memory_equal(secret, "\0\0\0\0\0t", 7);
    mem_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_of_zero_gives_a_block),
        cmocka_unit_test(zalloc_zeroes_and_refuses_products_that_overflow),
        cmocka_unit_test(realloc_keeps_the_content),
        cmocka_unit_test(dup_ends_with_a_nul),
        cmocka_unit_test(wipe_overwrites),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
