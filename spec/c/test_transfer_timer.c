/*
 * transfer in a host's loop where the system gives no timer: timerfd_settime fails in this program.
 * A call's time is over all the same.
 */
#include "transfer_fixture.h"

#include <errno.h>

struct itimerspec;

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old);
int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
    (void)fd;
    (void)flags;
    (void)value;
    (void)old;
    errno = ENOMEM;
    return -1;
}

static const struct wire_step silent[] = {{WIRE_READ, NULL, 0}, {WIRE_HOLD, NULL, 0}};

static void a_silent_server_is_given_up(void **state)
{
    struct world *w = *state;
    w->policy.timeout = 60;
    open_one(w, silent);
    struct outcome *o = start(w);
    finish(w, o);
    assert_failed(o, BOSA_TIMEOUT, BOSA_SENT_MAYBE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {world_test(a_silent_server_is_given_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
