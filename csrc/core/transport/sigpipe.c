/*
 * See sigpipe.h. Called by connection_curl.c around everything in which libcurl may write.
 */
#include "transport/sigpipe.h"

#include <stddef.h>

static bool is_pending(void)
{
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

void sigpipe_block(struct sigpipe_guard *guard, unsigned libcurl)
{
    guard->active = libcurl < 0x075700 && !is_pending();
    if (guard->active) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGPIPE);
        guard->active = pthread_sigmask(SIG_BLOCK, &set, &guard->before) == 0;
    }
}

void sigpipe_unblock(struct sigpipe_guard *guard)
{
    if (!guard->active) {
        return;
    }
    if (is_pending()) {
        sigset_t set;
        int taken;
        sigemptyset(&set);
        sigaddset(&set, SIGPIPE);
        sigwait(&set, &taken);
    }
    pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}
