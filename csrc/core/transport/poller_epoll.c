/*
 * The poller on Linux: epoll, a timerfd and an eventfd behind one descriptor. Called by transfer.c
 * and connection_curl.c; it never calls back.
 */
#ifdef __linux__

#include "transport/poller.h"

#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 64 /* taken from epoll in one wait, whatever the caller asks */

/* What is known of a descriptor. */
struct watched {
    unsigned char wanted; /* bits asked for */
    unsigned char told;   /* bits the system was told; 0: it is not in the set */
};

struct poller {
    int epoll;
    int timer;
    int wake;
    int64_t due;         /* what the timer is set to, ms; INT64_MAX: nothing */
    struct watched *fds; /* owned; by descriptor */
    size_t fd_cap;
};

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
        return error_nomem(err);
    }
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->due = INT64_MAX;
    if (p->epoll < 0 || !add_own(p, p->timer) || !add_own(p, p->wake)) {
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
    return poller->epoll;
}

/* Makes room to know of `fd`. False: no memory. */
static bool reserve(struct poller *poller, int fd)
{
    size_t wanted = (size_t)fd + 1;
    if (wanted <= poller->fd_cap) {
        return true;
    }
    wanted = wanted < 2 * poller->fd_cap ? 2 * poller->fd_cap : wanted + 16;
    struct watched *grown = mem_realloc(poller->fds, wanted * sizeof *grown);
    if (!grown) {
        errno = ENOMEM;
        return false;
    }
    memset(grown + poller->fd_cap, 0, (wanted - poller->fd_cap) * sizeof *grown);
    poller->fds = grown;
    poller->fd_cap = wanted;
    return true;
}

/* Tells the system what is wanted of `fd`. */
static bool tell(struct poller *poller, int fd)
{
    struct watched *w = &poller->fds[fd];
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.data.fd = fd;
    event.events = (w->wanted & POLLER_READ ? (uint32_t)EPOLLIN : 0) |
                   (w->wanted & POLLER_WRITE ? (uint32_t)EPOLLOUT : 0);
    int how = w->wanted == 0 ? EPOLL_CTL_DEL : w->told == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    bool done = epoll_ctl(poller->epoll, how, fd, &event) == 0;
    w->told = done ? w->wanted : 0;
    return done;
}

bool poller_watch(struct poller *poller, int fd, int bits)
{
    if (!reserve(poller, fd)) {
        return false;
    }
    struct watched *w = &poller->fds[fd];
    w->wanted = (unsigned char)bits;
    return bits == 0 || w->told == bits || tell(poller, fd);
}

void poller_forget(struct poller *poller, int fd)
{
    if (fd >= 0 && (size_t)fd < poller->fd_cap && poller->fds[fd].told != 0) {
        poller->fds[fd].wanted = 0;
        tell(poller, fd);
    }
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
    bool done = timerfd_settime(poller->timer, TFD_TIMER_ABSTIME, &spec, NULL) == 0;
    poller->due = done ? ms : INT64_MAX;
    return done;
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

/* Fills one event. False: nobody wants it any more, and the system is told so. */
static bool translate(struct poller *poller, const struct epoll_event *found,
                      struct poller_event *event)
{
    int fd = found->data.fd;
    bool own = fd == poller->timer || fd == poller->wake;
    if (own) {
        drain(poller, fd);
    } else if (poller->fds[fd].wanted == 0) {
        tell(poller, fd);
        return false;
    }
    event->fd = own ? -1 : fd;
    event->bits = (found->events & EPOLLIN ? POLLER_READ : 0) |
                  (found->events & EPOLLOUT ? POLLER_WRITE : 0) |
                  (found->events & (EPOLLERR | EPOLLHUP) ? POLLER_ERROR : 0);
    return true;
}

int poller_wait(struct poller *poller, struct poller_event *events, int max, int timeout)
{
    struct epoll_event found[MAX_EVENTS];
    int n = epoll_wait(poller->epoll, found, max < MAX_EVENTS ? max : MAX_EVENTS, timeout);
    int given = 0;
    for (int i = 0; i < n; i++) {
        given += translate(poller, &found[i], &events[given]);
    }
    if (n > 0 && given == 0) {
        events[0] = (struct poller_event){-1, 0}; /* not nothing: time may be left to wait */
        given = 1;
    }
    return given;
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
    mem_free(poller->fds);
    mem_free(poller);
}

#else
typedef int poller_epoll_is_for_linux; /* ISO C wants something in every file */
#endif
