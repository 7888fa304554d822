/*
 * poller: a set of descriptors, a timer and a wake-up behind one descriptor that nests in any event
 * loop.
 *
 * epoll, timerfd and eventfd on Linux; kqueue with EVFILT_TIMER and EVFILT_USER on macOS and the
 * BSDs.
 */
#ifndef BOSA_POLLER_H
#define BOSA_POLLER_H

#include "base/clock.h"
#include "base/error.h"

#include <stdint.h>

enum poller_bit { POLLER_READ = 1, POLLER_WRITE = 2, POLLER_ERROR = 4 };

struct poller_event {
    int fd;   /* -1: the timer or the wake-up */
    int bits; /* enum poller_bit */
};

struct poller;

enum bosa_status poller_new(struct poller **out, struct bosa_error *err);

/* Readable when there is work. Close-on-exec. */
int poller_fd(const struct poller *poller);

/*
 * Watches `fd` for `bits`; 0 stops watching. False: the system refused (errno says why). With
 * epoll, stopping costs nothing at once: the system is told only when an event comes after all, so
 * watching again is free, too. kqueue is told each time.
 */
bool poller_watch(struct poller *poller, int fd, int bits);

/*
 * `fd` is about to be closed, or was just opened under a number whose end nobody told: what is
 * known of it is forgotten.
 */
void poller_forget(struct poller *poller, int fd);

/*
 * Makes poller_fd readable at `ms` of clock_ms; INT64_MAX: never. Does nothing when that is set
 * already. A time weeks away may ring once before. False: the system refused, and no timer is set.
 */
bool poller_set_timer(struct poller *poller, int64_t ms);

/* Makes poller_fd readable at once. */
void poller_wake(struct poller *poller);

/*
 * Waits at most `timeout` ms (0: not at all, -1: for ever) and gives up to `max` events. A signal
 * ends it with 0 events.
 */
int poller_wait(struct poller *poller, struct poller_event *events, int max, int timeout);

void poller_free(struct poller *poller);

#endif
