/*
 * kqueue for Linux, as far as the poller uses it, so that the poller's tests run over it here. It
 * is stricter than the systems: see spec/c/kevent_double.c.
 */
#ifndef BOSA_SPEC_SYS_EVENT_H
#define BOSA_SPEC_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_TIMER (-7)
#define EVFILT_USER (-11)

#define EV_ADD 0x1
#define EV_DELETE 0x2
#define EV_ONESHOT 0x10
#define EV_CLEAR 0x20
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define NOTE_TRIGGER 0x01000000u

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    int64_t data;
    void *udata;
};

int kqueue(void);
int kevent(int kq, const struct kevent *changes, int nchanges, struct kevent *events, int nevents,
           const struct timespec *timeout);

/* close(2) as these systems do it: the descriptor leaves every queue. */
int kevent_close(int fd);

/* The next `kevent` makes its changes and fails with EINTR. */
void kevent_interrupt_next(void);

#endif
