/*
 * mem_torture: mem.h for tests. It counts, and fails the allocation that it is told to.
 *
 * Link mem_torture.c instead of csrc/core/mem.c (before the core's library is enough).
 */
#ifndef BOSA_MEM_TORTURE_H
#define BOSA_MEM_TORTURE_H

#include <stddef.h>

/*
 * From here on the nth allocation (from 1) finds no memory, and only that one; 0: none. The count
 * begins anew.
 */
void mem_torture_fail_at(long nth);

/* Allocations tried since mem_torture_fail_at, those that grow a block included. */
long mem_torture_count(void);

/*
 * From here on blocks that are given back, or left behind by growing, are searched for these bytes
 * (NULL: none): how often they were found. The count begins anew.
 */
void mem_torture_watch(const char *marker);
long mem_torture_leaked(void);

/* Blocks given out and not yet given back, since the program began. */
long mem_torture_live(void);

/*
 * Every group of tests that includes this file is run by mem_torture_run: as cmocka does it, and a
 * test which leaves more or fewer blocks than it found fails.
 */
struct CMUnitTest;
int mem_torture_run(const char *name, const struct CMUnitTest *tests, size_t count,
                    int (*setup)(void **state), int (*teardown)(void **state));

#undef cmocka_run_group_tests_name
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                  \
    mem_torture_run(name, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#endif
