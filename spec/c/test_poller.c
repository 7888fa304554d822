/* What poller_wait gives, and when poller_fd is readable to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem_torture.h"
#include "transport/poller.h"

#define PATIENCE 30000 /* ms until a test is taken to hang */
#define MAX 8

/* A poller and a pair of connected sockets. */
struct world {
    struct poller *poller;
    int pair[2];
    struct poller_event events[MAX];
    long live;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct bosa_error err;
    error_init(&err);
    if (!w || socketpair(AF_UNIX, SOCK_STREAM, 0, w->pair) != 0) {
        return -1;
    }
    w->live = mem_torture_live();
    *state = w;
    return poller_new(&w->poller, &err) == BOSA_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;
    poller_free(w->poller);
    close(w->pair[0]);
    close(w->pair[1]);
    long left = mem_torture_live() - w->live;
    free(w);
    return left == 0 ? 0 : -1;
}

static int wait_for(struct world *w, int timeout)
{
    return poller_wait(w->poller, w->events, MAX, timeout);
}

/* Whether somebody else who waits for poller_fd would be woken. */
static bool is_readable(struct world *w, int timeout)
{
    struct pollfd p = {poller_fd(w->poller), POLLIN, 0};
    return poll(&p, 1, timeout) == 1;
}

static void say(struct world *w)
{
    assert_int_equal(write(w->pair[1], "x", 1), 1);
}

/* ---- descriptors ---- */

static void a_descriptor_is_told_of_as_it_is_watched(void **state)
{
    struct world *w = *state;
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
    assert_false(is_readable(w, 0));
    assert_int_equal(wait_for(w, 0), 0);
    say(w);
    assert_true(is_readable(w, PATIENCE));
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].fd, w->pair[0]);
    assert_int_equal(w->events[0].bits, POLLER_READ);
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_WRITE));
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].bits, POLLER_WRITE);
}

static void both_directions_can_be_watched(void **state)
{
    struct world *w = *state;
    int bits = 0;
    say(w);
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ | POLLER_WRITE));
    int n = wait_for(w, -1);
    for (int i = 0; i < n; i++) {
        assert_int_equal(w->events[i].fd, w->pair[0]);
        bits |= w->events[i].bits;
    }
    assert_int_equal(bits, POLLER_READ | POLLER_WRITE);
}

static void the_other_sides_close_is_told_of(void **state)
{
    struct world *w = *state;
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
    assert_int_equal(shutdown(w->pair[1], SHUT_RDWR), 0);
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].fd, w->pair[0]);
    assert_true(w->events[0].bits & POLLER_READ);
}

/* It may be told of once more, but as nobody's. */
static void what_is_not_watched_any_more_falls_silent(void **state)
{
    struct world *w = *state;
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
    assert_true(poller_watch(w->poller, w->pair[0], 0));
    say(w);
    for (int i = 0; i < 3 && is_readable(w, 0); i++) {
        int n = wait_for(w, 0);
        for (int k = 0; k < n; k++) {
            assert_int_equal(w->events[k].fd, -1);
        }
    }
    assert_false(is_readable(w, 0));
}

static void what_is_watched_again_speaks_again(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 3; i++) {
        assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
        say(w);
        assert_int_equal(wait_for(w, -1), 1);
        assert_int_equal(w->events[0].fd, w->pair[0]);
        char byte;
        assert_int_equal(read(w->pair[0], &byte, 1), 1);
        assert_true(poller_watch(w->poller, w->pair[0], 0));
    }
    say(w);
    (void)wait_for(w, 0); /* takes it out, where it was still in */
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].fd, w->pair[0]);
}

static void stopping_what_was_never_watched_is_nothing(void **state)
{
    struct world *w = *state;
    assert_true(poller_watch(w->poller, w->pair[0], 0));
    poller_forget(w->poller, w->pair[1]);
    poller_forget(w->poller, 1000);
    say(w);
    assert_false(is_readable(w, 0));
}

/* While a copy is open elsewhere (in a child), closing alone would leave it in the set. */
static void a_forgotten_descriptor_is_gone_though_a_copy_lives(void **state)
{
    struct world *w = *state;
    int copy = dup(w->pair[0]);
    assert_true(copy >= 0);
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
    assert_true(poller_watch(w->poller, w->pair[0], 0));
    poller_forget(w->poller, w->pair[0]);
    close(w->pair[0]);
    say(w);
    assert_false(is_readable(w, 0));
    w->pair[0] = dup(copy); /* the same number means another one now */
    close(copy);
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].fd, w->pair[0]);
}

static void a_closed_descriptor_cannot_be_watched(void **state)
{
    struct world *w = *state;
    int fd = dup(w->pair[0]);
    close(fd);
    assert_false(poller_watch(w->poller, fd, POLLER_READ));
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
}

static void no_more_events_are_given_than_asked_for(void **state)
{
    struct world *w = *state;
    int copies[MAX * 2];
    say(w);
    for (size_t i = 0; i < MAX * 2; i++) {
        copies[i] = dup(w->pair[0]);
        assert_true(poller_watch(w->poller, copies[i], POLLER_READ));
    }
    assert_int_equal(poller_wait(w->poller, w->events, 3, -1), 3);
    assert_true(is_readable(w, 0));
    for (size_t i = 0; i < MAX * 2; i++) {
        poller_forget(w->poller, copies[i]);
        close(copies[i]);
    }
    assert_false(is_readable(w, 0));
}

/* ---- the timer and the wake-up ---- */

static void the_timer_makes_it_readable_in_time(void **state)
{
    struct world *w = *state;
    int64_t at = clock_ms() + 30;
    assert_true(poller_set_timer(w->poller, at));
    assert_true(is_readable(w, PATIENCE));
    assert_true(clock_ms() >= at);
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].fd, -1);
    assert_false(is_readable(w, 0));
    assert_int_equal(wait_for(w, 0), 0);
}

static void a_timer_can_be_moved_and_taken_away(void **state)
{
    struct world *w = *state;
    assert_true(poller_set_timer(w->poller, clock_ms() + PATIENCE * 10));
    assert_false(is_readable(w, 0));
    assert_true(poller_set_timer(w->poller, clock_ms() - 5)); /* past: at once */
    assert_true(is_readable(w, PATIENCE));
    assert_int_equal(wait_for(w, -1), 1);
    assert_true(poller_set_timer(w->poller, clock_ms() + 10));
    assert_true(poller_set_timer(w->poller, INT64_MAX));
    assert_int_equal(wait_for(w, 50), 0);
    assert_true(poller_set_timer(w->poller, clock_ms() + 10));
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].fd, -1);
}

static void the_same_time_again_rings_again(void **state)
{
    struct world *w = *state;
    int64_t at = clock_ms() - 1;
    for (int i = 0; i < 3; i++) {
        assert_true(poller_set_timer(w->poller, at));
        assert_int_equal(wait_for(w, -1), 1);
    }
}

static void a_wake_up_is_seen_once(void **state)
{
    struct world *w = *state;
    poller_wake(w->poller);
    poller_wake(w->poller);
    assert_true(is_readable(w, PATIENCE));
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].fd, -1);
    assert_false(is_readable(w, 0));
}

static void on_alarm(int number)
{
    (void)number;
}

static void a_signal_ends_a_wait(void **state)
{
    struct world *w = *state;
    struct sigaction action, before;
    struct itimerval timer = {{0, 20000}, {0, 20000}}, none = {{0, 0}, {0, 0}};
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
    assert_int_equal(wait_for(w, -1), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &none, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
}

/* ---- processes ---- */

static void it_is_not_inherited_by_programs(void **state)
{
    struct world *w = *state;
    assert_true(fcntl(poller_fd(w->poller), F_GETFD) & FD_CLOEXEC);
}

static void a_child_that_frees_it_leaves_the_parents_alone(void **state)
{
    struct world *w = *state;
    int status;
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        poller_free(w->poller);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    say(w);
    assert_int_equal(wait_for(w, -1), 1);
    assert_int_equal(w->events[0].fd, w->pair[0]);
    poller_wake(w->poller);
    assert_int_equal(wait_for(w, -1), 2);
}

/* ---- memory and descriptors that are used up ---- */

static void without_memory_there_is_an_error(void **state)
{
    struct world *w = *state;
    struct poller *poller;
    struct bosa_error err;
    error_init(&err);
    mem_torture_fail_at(1);
    assert_int_equal(poller_new(&poller, &err), BOSA_NOMEM);
    assert_null(poller);
    mem_torture_fail_at(1);
    bool watched = poller_watch(w->poller, w->pair[0], POLLER_READ);
    bool failed = mem_torture_count() > 0;
    mem_torture_fail_at(0);
    assert_int_equal(watched, !failed);
    assert_true(poller_watch(w->poller, w->pair[0], POLLER_READ));
    error_clear(&err);
}

static void without_descriptors_there_is_an_error(void **state)
{
    struct poller *poller;
    struct bosa_error err;
    struct rlimit limit, low;
    (void)state;
    error_init(&err);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int next = dup(0); /* every number below is in use */
    close(next);
    for (int spare = 0; spare <= 1; spare++) {
        low = limit;
        low.rlim_cur = (rlim_t)(next + spare);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        enum bosa_status status = poller_new(&poller, &err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        if (status == BOSA_OK) {
            poller_free(poller); /* one will do for kqueue */
            assert_int_equal(spare, 1);
        } else {
            assert_int_equal(status, BOSA_CONNECTION);
            assert_null(poller);
            assert_non_null(err.message);
        }
        error_clear(&err);
    }
}

#define poller_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        poller_test(a_descriptor_is_told_of_as_it_is_watched),
        poller_test(both_directions_can_be_watched),
        poller_test(the_other_sides_close_is_told_of),
        poller_test(what_is_not_watched_any_more_falls_silent),
        poller_test(what_is_watched_again_speaks_again),
        poller_test(stopping_what_was_never_watched_is_nothing),
        poller_test(a_forgotten_descriptor_is_gone_though_a_copy_lives),
        poller_test(a_closed_descriptor_cannot_be_watched),
        poller_test(no_more_events_are_given_than_asked_for),
        poller_test(the_timer_makes_it_readable_in_time),
        poller_test(a_timer_can_be_moved_and_taken_away),
        poller_test(the_same_time_again_rings_again),
        poller_test(a_wake_up_is_seen_once),
        poller_test(a_signal_ends_a_wait),
        poller_test(it_is_not_inherited_by_programs),
        poller_test(a_child_that_frees_it_leaves_the_parents_alone),
        poller_test(without_memory_there_is_an_error),
        poller_test(without_descriptors_there_is_an_error),
    };
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    return cmocka_run_group_tests_name("poller", tests, NULL, NULL);
}
