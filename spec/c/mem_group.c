/* Groups of tests, each of which must give back every block that it took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mem_torture.h"

/* A test as it was given, with its own state. */
struct watched {
    const struct CMUnitTest *test;
    void *state;
    long live; /* blocks that were out before its setup */
};

static struct {
    int (*setup)(void **state);
    int (*teardown)(void **state);
    void *state;
} group;

static int begin_group(void **state)
{
    (void)state;
    group.state = NULL;
    return group.setup ? group.setup(&group.state) : 0;
}

static int end_group(void **state)
{
    (void)state;
    return group.teardown ? group.teardown(&group.state) : 0;
}

static int begin(void **state)
{
    struct watched *w = *state;
    w->live = mem_torture_live();
    w->state = w->test->initial_state ? w->test->initial_state : group.state;
    return w->test->setup_func ? w->test->setup_func(&w->state) : 0;
}

static void run(void **state)
{
    struct watched *w = *state;
    w->test->test_func(&w->state);
}

static int end(void **state)
{
    struct watched *w = *state;
    int result = w->test->teardown_func ? w->test->teardown_func(&w->state) : 0;
    long left = mem_torture_live() - w->live;
    if (left != 0) {
        print_error("%s: %ld blocks more than before\n", w->test->name, left);
        return -1;
    }
    return result;
}

int mem_torture_run(const char *name, const struct CMUnitTest *tests, size_t count,
                    int (*setup)(void **state), int (*teardown)(void **state))
{
    struct CMUnitTest *list = calloc(count, sizeof *list);
    struct watched *watched = calloc(count, sizeof *watched);
    if (!list || !watched) {
        abort();
    }
    group.setup = setup;
    group.teardown = teardown;
    for (size_t i = 0; i < count; i++) {
        watched[i].test = &tests[i];
        list[i] = (struct CMUnitTest){tests[i].name, run, begin, end, &watched[i]};
    }
    int failed = _cmocka_run_group_tests(name, list, count, begin_group, end_group);
    free(watched);
    free(list);
    return failed;
}
