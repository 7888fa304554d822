/*
 * The poller on macOS and the BSDs: one kqueue. Called by transfer.c and connection_curl.c; it
 * never calls back.
 */
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) ||   \
    defined(__DragonFly__) || defined(BOSA_POLLER_KQUEUE)

/*
 * The poller over kqueue, for macOS and the BSDs; transfer calls it by poller.h. It must not rely
 * on what only one of these systems promises:
 *
 * - A timer is relative and in milliseconds. It repeats unless EV_ONESHOT says otherwise, and a
 * one-shot timer leaves the queue when its event is fetched.
 * - What EV_ADD does to a timer that is there differs: macOS and FreeBSD (12 and later) start it
 * anew and drop an event not yet fetched; older ones and NetBSD only note the new numbers. So a
 * timer is deleted before it is set.
 * - EV_DELETE of what isn't there fails with ENOENT, which is as good.
 * - Changes made with no room for events: the first that fails ends the call with errno. With EINTR
 * the changes have been made. So one change a call, and EINTR is success.
 * - Reading and writing are two filters, so one descriptor may give two events. A shutdown or an
 * error of the other side sets EV_EOF; fflags has the error.
 * - A descriptor that is closed leaves the queue, though a copy of it lives on.
 * - A queue isn't inherited by a child of fork: its number is free there, or another file's.
 *
 * kqueue is no part of POSIX, so the Makefile asks these systems for all their names.
 */
#include "transport/poller.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>

#include <sys/event.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 64
#define TIMER_ID 1
#define WAKE_ID 2
#define MAX_TIMER INT32_MAX /* ms; one that is further away rings once in between */

struct poller {
    int queue;
    pid_t pid;   /* a child does not inherit the queue: its number may be another file there */
    int64_t due; /* what the timer is set to, ms; INT64_MAX: nothing */
};

/* Makes one change to the queue. False: it was refused, and errno says why. */
static bool change(struct poller *p, uintptr_t id, int filter, int flags, unsigned fflags,
                   int64_t data)
{
    struct kevent e;
    memset(&e, 0, sizeof e);
    e.ident = id;
    e.filter = (short)filter;
    e.flags = (unsigned short)flags;
    e.fflags = fflags;
    e.data = (intptr_t)data;
    return kevent(p->queue, &e, 1, NULL, 0, NULL) == 0 || errno == EINTR;
}

enum bosa_status poller_new(struct poller **out, struct bosa_error *err)
{
    struct poller *p = mem_zalloc(1, sizeof *p);
    *out = NULL;
    if (!p) {
        return error_nomem(err);
    }
    p->pid = getpid();
    p->queue = kqueue();
    p->due = INT64_MAX;
    if (p->queue < 0 || fcntl(p->queue, F_SETFD, FD_CLOEXEC) < 0 ||
        !change(p, WAKE_ID, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0)) {
        int cause = errno;
        poller_free(p);
        char room[ERROR_SYSTEM_WORDS];
        return error_set(err, BOSA_CONNECTION, "cannot make a poller (%s)",
                         error_system(cause, room, sizeof room));
    }
    *out = p;
    return BOSA_OK;
}

int poller_fd(const struct poller *poller)
{
    return poller->queue;
}

bool poller_watch(struct poller *poller, int fd, int bits)
{
    bool read =
        change(poller, (uintptr_t)fd, EVFILT_READ, bits & POLLER_READ ? EV_ADD : EV_DELETE, 0, 0);
    bool write =
        change(poller, (uintptr_t)fd, EVFILT_WRITE, bits & POLLER_WRITE ? EV_ADD : EV_DELETE, 0, 0);
    /* deleting what was not there fails, and is as good */
    return (read || !(bits & POLLER_READ)) && (write || !(bits & POLLER_WRITE));
}

void poller_forget(struct poller *poller, int fd)
{
    poller_watch(poller, fd, 0);
}

bool poller_set_timer(struct poller *poller, int64_t ms)
{
    if (ms == poller->due) {
        return true;
    }
    if (poller->due != INT64_MAX) {
        change(poller, TIMER_ID, EVFILT_TIMER, EV_DELETE, 0, 0);
        poller->due = INT64_MAX;
    }
    if (ms == INT64_MAX) {
        return true;
    }
    int64_t now = clock_ms();
    int64_t left = ms <= now ? 1 : ms - now < MAX_TIMER ? ms - now : MAX_TIMER;
    if (!change(poller, TIMER_ID, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, left)) {
        return false;
    }
    poller->due = ms;
    return true;
}

void poller_wake(struct poller *poller)
{
    change(poller, WAKE_ID, EVFILT_USER, 0, NOTE_TRIGGER, 0);
}

static void translate(struct poller *poller, const struct kevent *found, struct poller_event *out)
{
    bool own = found->filter == EVFILT_USER || found->filter == EVFILT_TIMER;
    if (found->filter == EVFILT_TIMER) {
        poller->due = INT64_MAX;
    }
    out->fd = own ? -1 : (int)found->ident;
    bool failed = (found->flags & EV_ERROR) || ((found->flags & EV_EOF) && found->fflags != 0);
    out->bits = (found->filter == EVFILT_READ ? POLLER_READ : 0) |
                (found->filter == EVFILT_WRITE ? POLLER_WRITE : 0) | (failed ? POLLER_ERROR : 0);
}

int poller_wait(struct poller *poller, struct poller_event *events, int max, int timeout)
{
    struct kevent found[MAX_EVENTS];
    struct timespec t = {timeout / 1000, (long)(timeout % 1000) * 1000000};
    int n = kevent(poller->queue, NULL, 0, found, max < MAX_EVENTS ? max : MAX_EVENTS,
                   timeout < 0 ? NULL : &t);
    for (int i = 0; i < n; i++) {
        translate(poller, &found[i], &events[i]);
    }
    return n < 0 ? 0 : n;
}

void poller_free(struct poller *poller)
{
    if (!poller) {
        return;
    }
    if (poller->queue >= 0 && poller->pid == getpid()) {
        close(poller->queue);
    }
    mem_free(poller);
}

#else
typedef int poller_kqueue_is_for_bsd; /* ISO C wants something in every file */
#endif
