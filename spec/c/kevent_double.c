/*
 * kqueue over epoll, timerfd and eventfd, for spec/c/test_poller_kqueue.c alone. Where macOS,
 * FreeBSD, NetBSD and their older versions differ it does what is worst for the caller:
 *
 * - EV_ADD of a timer that is there changes nothing.
 * - A change is made alone, and without room for events: several in one call end the program.
 * - A descriptor leaves the queue when it is closed (kevent_close), though a copy lives on.
 * - A child that touches its parent's queue ends at once.
 */
#ifdef __linux__
#include "kevent/sys/event.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MAX_QUEUES 8
#define MAX_FDS 1024
#define READING 1
#define WRITING 2

/* One timer and one user event are all that a poller has. */
struct queue {
    bool open;
    pid_t owner;
    int epoll, timer, user;
    bool timer_set, user_added, timer_once;
    unsigned char filters[MAX_FDS]; /* READING, WRITING; by descriptor */
};

static struct queue queues[MAX_QUEUES];
static bool interrupt_next;

void kevent_interrupt_next(void)
{
    interrupt_next = true;
}

/* Adds one of the queue's own descriptors. */
static bool add_own(struct queue *q, int fd)
{
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = EPOLLIN;
    event.data.fd = fd;
    return fd >= 0 && epoll_ctl(q->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void close_own(struct queue *q)
{
    const int own[] = {q->epoll, q->timer, q->user};
    int cause = errno;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (own[i] >= 0) {
            close(own[i]);
        }
    }
    q->open = false;
    errno = cause;
}

int kqueue(void)
{
    struct queue *q = queues;
    while (q < queues + MAX_QUEUES && q->open) {
        q++;
    }
    if (q == queues + MAX_QUEUES) {
        abort();
    }
    memset(q, 0, sizeof *q);
    q->epoll = epoll_create1(0);
    q->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    q->user = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    q->owner = getpid();
    q->open = true;
    if (q->epoll < 0 || !add_own(q, q->timer) || !add_own(q, q->user)) {
        close_own(q);
        return -1;
    }
    return q->epoll;
}

/* The queue of that number; the child of another's owner must not ask. */
static struct queue *find(int kq)
{
    for (size_t i = 0; i < MAX_QUEUES; i++) {
        if (queues[i].open && queues[i].epoll == kq) {
            if (queues[i].owner != getpid()) {
                _exit(99);
            }
            return &queues[i];
        }
    }
    return NULL;
}

/* Tells epoll the filters of `fd`, which were `before`. */
static int tell(struct queue *q, int fd, int before)
{
    struct epoll_event event;
    int filters = q->filters[fd];
    memset(&event, 0, sizeof event);
    event.data.fd = fd;
    event.events =
        (filters & READING ? (uint32_t)EPOLLIN : 0) | (filters & WRITING ? (uint32_t)EPOLLOUT : 0);
    int how = filters == 0 ? EPOLL_CTL_DEL : before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    return epoll_ctl(q->epoll, how, fd, &event);
}

int kevent_close(int fd)
{
    struct queue *own = find(fd);
    if (own) {
        close_own(own);
        return 0;
    }
    for (size_t i = 0; i < MAX_QUEUES; i++) {
        struct queue *q = &queues[i];
        if (q->open && fd >= 0 && fd < MAX_FDS && q->filters[fd] != 0) {
            int before = q->filters[fd];
            q->filters[fd] = 0;
            (void)tell(q, fd, before);
        }
    }
    return close(fd);
}

static int fail(int cause)
{
    errno = cause;
    return -1;
}

static int change_descriptor(struct queue *q, const struct kevent *c)
{
    int bit = c->filter == EVFILT_READ ? READING : WRITING;
    if (c->ident >= MAX_FDS) {
        return fail(c->flags & EV_DELETE ? ENOENT : EBADF);
    }
    int before = q->filters[c->ident];
    if (c->flags & EV_DELETE && !(before & bit)) {
        return fail(ENOENT);
    }
    q->filters[c->ident] = (unsigned char)(c->flags & EV_DELETE ? before & ~bit : before | bit);
    if (q->filters[c->ident] != before && tell(q, (int)c->ident, before) != 0) {
        q->filters[c->ident] = (unsigned char)before;
        return -1;
    }
    return 0;
}

static int change_timer(struct queue *q, const struct kevent *c)
{
    struct itimerspec spec;
    memset(&spec, 0, sizeof spec);
    if (c->flags & EV_DELETE && !q->timer_set) {
        return fail(ENOENT);
    }
    if (c->flags & EV_ADD && (c->data <= 0 || c->data > INT32_MAX)) {
        return fail(EINVAL);
    }
    if (c->flags & EV_ADD && q->timer_set) {
        return 0;
    }
    if (c->flags & EV_ADD) {
        spec.it_value.tv_sec = (time_t)(c->data / 1000);
        spec.it_value.tv_nsec = (long)(c->data % 1000) * 1000000;
        spec.it_interval = c->flags & EV_ONESHOT ? spec.it_interval : spec.it_value;
    }
    q->timer_set = (c->flags & EV_ADD) != 0;
    q->timer_once = (c->flags & EV_ONESHOT) != 0;
    return timerfd_settime(q->timer, 0, &spec, NULL);
}

static int change_user(struct queue *q, const struct kevent *c)
{
    uint64_t one = 1;
    if (c->flags & EV_ADD) {
        q->user_added = (c->flags & EV_CLEAR) != 0; /* without it the event would stay for ever */
        return q->user_added ? 0 : fail(EINVAL);
    }
    if (!q->user_added || !(c->fflags & NOTE_TRIGGER)) {
        return fail(ENOENT);
    }
    return write(q->user, &one, sizeof one) == (ssize_t)sizeof one ? 0 : -1;
}

static int change(struct queue *q, const struct kevent *c)
{
    switch (c->filter) {
    case EVFILT_READ:
    case EVFILT_WRITE:
        return change_descriptor(q, c);
    case EVFILT_TIMER:
        return change_timer(q, c);
    case EVFILT_USER:
        return change_user(q, c);
    default:
        return fail(EINVAL);
    }
}

static int error_of(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : 0;
}

static struct kevent *give(struct kevent *at, int fd, int filter, const struct epoll_event *found)
{
    bool over = found->events & (EPOLLHUP | EPOLLERR);
    memset(at, 0, sizeof *at);
    at->ident = (uintptr_t)fd;
    at->filter = (short)filter;
    at->flags = (unsigned short)(over ? EV_EOF : 0);
    at->fflags = found->events & EPOLLERR ? (unsigned)error_of(fd) : 0;
    return at + 1;
}

/* The events of one descriptor: none, one, or two as far as there is room. */
static struct kevent *translate(struct queue *q, const struct epoll_event *found, struct kevent *at,
                                const struct kevent *end)
{
    int fd = found->data.fd;
    uint32_t over = found->events & (EPOLLHUP | EPOLLERR);
    uint64_t count;
    if (fd == q->timer || fd == q->user) {
        if (read(fd, &count, sizeof count) != (ssize_t)sizeof count) {
            return at;
        }
        q->timer_set = q->timer_set && !(fd == q->timer && q->timer_once);
        return give(at, 1, fd == q->timer ? EVFILT_TIMER : EVFILT_USER, found);
    }
    if (q->filters[fd] & READING && (found->events & EPOLLIN || over)) {
        at = give(at, fd, EVFILT_READ, found);
    }
    if (at < end && q->filters[fd] & WRITING && (found->events & EPOLLOUT || over)) {
        at = give(at, fd, EVFILT_WRITE, found);
    }
    return at;
}

static int fetch(struct queue *q, struct kevent *events, int nevents, int timeout)
{
    struct epoll_event found[64];
    struct kevent *at = events;
    int n = epoll_wait(q->epoll, found, nevents < 64 ? nevents : 64, timeout);
    for (int i = 0; i < n && at < events + nevents; i++) {
        at = translate(q, &found[i], at, events + nevents);
    }
    return n < 0 ? -1 : (int)(at - events);
}

int kevent(int kq, const struct kevent *changes, int nchanges, struct kevent *events, int nevents,
           const struct timespec *timeout)
{
    struct queue *q = find(kq);
    if (!q) {
        return fail(EBADF);
    }
    if (nchanges > 1 || (nchanges == 1 && nevents > 0)) {
        abort();
    }
    if (nchanges == 0) {
        int ms = timeout ? (int)(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000) : -1;
        return fetch(q, events, nevents, ms);
    }
    int result = change(q, changes);
    if (result == 0 && interrupt_next) {
        interrupt_next = false;
        return fail(EINTR);
    }
    return result;
}
#else
typedef int kevent_double_is_for_linux; /* ISO C wants something in every file */
#endif
