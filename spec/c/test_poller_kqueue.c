/*
 * The poller's tests once more, over kqueue. On Linux the system's part is played by
 * spec/c/kevent_double.c; where there is a kqueue, it is the system's own.
 */
#define BOSA_POLLER_KQUEUE
#define main test_poller_main
#ifdef __linux__
/* Before the macro: those that declare or call the real one. */
#include <errno.h>
#include <fcntl.h>
#include <sys/event.h>
#include <unistd.h>
#define close kevent_close
/* In front of the library's poller, which is epoll's. */
#include "../../csrc/core/transport/poller_kqueue.c"
#endif
#include "test_poller.c"
#undef main

#ifdef __linux__
static void changes_that_a_signal_interrupts_have_been_made(void **state)
{
    struct world *w = *state;
    say(w);
    kevent_interrupt_next();
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].fd, w->pair[0]);
    assert_true(poller_watch(w->poller, w->pair[0], 0));
    kevent_interrupt_next();
    assert_true(poller_set_timer(w->poller, clock_ms() - 1));
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].fd, -1);
}

/* An intptr_t of 32 bits, and systems that refuse large numbers. */
static void a_time_years_away_can_be_set(void **state)
{
    struct world *w = *state;
    assert_true(poller_set_timer(w->poller, INT64_MAX - 1));
    assert_int_equal(wait_for(w, 0), 0);
    assert_true(poller_set_timer(w->poller, clock_ms() - 1));
    assert_int_equal(wait_for(w, -1), 1);
}

/* The same time is tried again after the system refused it. */
static void a_timer_that_was_refused_is_not_taken_as_set(void **state)
{
    struct world *w = *state;
    int64_t at = clock_ms() - 1;
    int queue = w->poller->queue;
    w->poller->queue = -1;
    assert_false(poller_set_timer(w->poller, at));
    w->poller->queue = queue;
    assert_true(poller_set_timer(w->poller, at));
    assert_int_equal(wait_for(w, -1), 1);
}

static void the_error_of_a_connection_is_told_of(void **state)
{
    struct world *w = *state;
    char byte;
    say(w);
    assert_int_equal(write(w->pair[0], "y", 1), 1);
    assert_int_equal(kevent_close(w->pair[0]), 0); /* with something unread: a reset */
    w->pair[0] = dup(w->pair[1]);
    assert_true(poller_watch(w->poller, w->pair[1], POLLER_READ));
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].bits, POLLER_READ | POLLER_ERROR);
    assert_int_equal(read(w->pair[1], &byte, 1), 1);
}
#endif

int main(void)
{
    int failed = test_poller_main();
#ifdef __linux__
    const struct CMUnitTest tests[] = {
        poller_test(changes_that_a_signal_interrupts_have_been_made),
        poller_test(a_time_years_away_can_be_set),
        poller_test(a_timer_that_was_refused_is_not_taken_as_set),
        poller_test(the_error_of_a_connection_is_told_of),
    };
    failed += cmocka_run_group_tests_name("poller_kqueue", tests, NULL, NULL);
#endif
    return failed;
}
