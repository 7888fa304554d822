#ifdef __linux__

#include "poller.h"

#include "mem.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 64 /* taken from epoll in one wait, whatever the caller asks */

struct poller {
    int epoll;
    int timer;
    int wake;
    int64_t due; /* what the timer is set to, ms; INT64_MAX: nothing */
};

int64_t poller_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Adds one of the poller's own descriptors. */
static bool add_own(struct poller *p, int fd)
{
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = EPOLLIN;
    event.data.fd = fd;
    return fd >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

enum bosa_status poller_new(struct poller **out, struct bosa_error *err)
{
    struct poller *p = mem_zalloc(1, sizeof *p);
    *out = NULL;
    if (!p) {
        return error_set(err, BOSA_NOMEM, "out of memory");
    }
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->due = INT64_MAX;
    if (p->epoll < 0 || !add_own(p, p->timer) || !add_own(p, p->wake)) {
        int cause = errno;
        poller_free(p);
        return error_set(err, BOSA_CONNECTION, "cannot make a poller (%s)", strerror(cause));
    }
    *out = p;
    return BOSA_OK;
}

int poller_fd(const struct poller *poller)
{
    return poller->epoll;
}

bool poller_watch(struct poller *poller, int fd, int bits)
{
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.data.fd = fd;
    if (bits == 0) {
        /* a descriptor that was closed is gone from the set already */
        return epoll_ctl(poller->epoll, EPOLL_CTL_DEL, fd, &event) == 0 || errno == ENOENT ||
               errno == EBADF;
    }
    event.events = (bits & POLLER_READ ? (uint32_t)EPOLLIN : 0) |
                   (bits & POLLER_WRITE ? (uint32_t)EPOLLOUT : 0);
    if (epoll_ctl(poller->epoll, EPOLL_CTL_MOD, fd, &event) == 0) {
        return true;
    }
    return errno == ENOENT && epoll_ctl(poller->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool poller_set_timer(struct poller *poller, int64_t ms)
{
    struct itimerspec spec;
    if (ms == poller->due) {
        return true;
    }
    memset(&spec, 0, sizeof spec);
    if (ms != INT64_MAX) {
        ms = ms < 1 ? 1 : ms;
        spec.it_value.tv_sec = (time_t)(ms / 1000);
        spec.it_value.tv_nsec = (long)(ms % 1000) * 1000000;
    }
    poller->due = ms;
    return timerfd_settime(poller->timer, TFD_TIMER_ABSTIME, &spec, NULL) == 0;
}

void poller_wake(struct poller *poller)
{
    uint64_t one = 1;
    ssize_t written = write(poller->wake, &one, sizeof one);
    (void)written; /* it fails only when the counter is full, that is when it is awake */
}

/* Empties the timer or the wake-up, so that it is not readable any more. */
static void drain(struct poller *poller, int fd)
{
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; /* nothing to read: somebody else was first */
    if (fd == poller->timer) {
        poller->due = INT64_MAX;
    }
}

int poller_wait(struct poller *poller, struct poller_event *events, int max, int timeout)
{
    struct epoll_event found[MAX_EVENTS];
    int n = epoll_wait(poller->epoll, found, max < MAX_EVENTS ? max : MAX_EVENTS, timeout);
    for (int i = 0; i < n; i++) {
        int fd = found[i].data.fd;
        uint32_t bits = found[i].events;
        bool own = fd == poller->timer || fd == poller->wake;
        if (own) {
            drain(poller, fd);
        }
        events[i].fd = own ? -1 : fd;
        events[i].bits = (bits & EPOLLIN ? POLLER_READ : 0) | (bits & EPOLLOUT ? POLLER_WRITE : 0) |
                         (bits & (EPOLLERR | EPOLLHUP) ? POLLER_ERROR : 0);
    }
    return n < 0 ? 0 : n;
}

void poller_free(struct poller *poller)
{
    if (!poller) {
        return;
    }
    const int own[] = {poller->epoll, poller->timer, poller->wake};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (own[i] >= 0) {
            close(own[i]);
        }
    }
    mem_free(poller);
}

#else
typedef int poller_epoll_is_for_linux; /* ISO C wants something in every file */
#endif
