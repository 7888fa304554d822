/*
 * The driver: what the caller does, and how time and descriptors come in.
 */
#include "transport/transfer_internal.h"

#include "base/mem.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>

/*
 * Forks that lie behind this process. To ask the system which process this is would cost a system
 * call a step, so pthread_atfork counts. The one thing here that belongs to the process.
 */
static volatile sig_atomic_t forks;

static void count_fork(void)
{
    forks = forks + 1;
}

/* Once for each process that loads this; the handler goes when this is unloaded. */
static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

/* When something is due without anything having happened; CALL_NEVER: never. */
static int64_t due(const struct transfer *t)
{
    const struct flight *f = heap_first(&t->heap);
    return f && f->wake < t->wire->due ? f->wake : t->wire->due;
}

/*
 * Sets the descriptor's timer, where somebody watches it; our own waiting needs none. It is only
 * ever set to an earlier time: to be woken too early costs less than to set it for each request.
 */
static void arm(struct transfer *t)
{
    int64_t at = due(t);
    if (!t->watched) {
        return;
    }
    if (t->armed <= poller_now()) {
        t->armed = CALL_NEVER;
    }
    if (at < t->armed) {
        poller_set_timer(t->poller, at);
        t->armed = at;
    }
}

/* How long to wait: `timeout` ms (below 0: for ever), or until something is due. */
static int patience(const struct transfer *t, int timeout)
{
    int64_t at = due(t);
    if (timeout == 0 || at == CALL_NEVER) {
        return timeout;
    }
    int64_t left = at - poller_now();
    left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
    return timeout < 0 || left < timeout ? (int)left : timeout;
}

/* Some exchange may be over that nobody has looked at. */
static bool is_over(const struct transfer *t)
{
    return t->wire->running < t->wire->count;
}

/* transfer_take has something. */
static bool has_notes(const struct transfer *t)
{
    return t->noted.first || t->stillborn;
}

/* Makes the descriptor, where somebody watches it, tell of all that is left to do. */
static void show(struct transfer *t)
{
    arm(t);
    if (t->watched && (has_notes(t) || is_over(t))) {
        poller_wake(t->poller);
    }
}

/* Something came from the caller: requests go out at once, but no call ends here. */
static void stir(struct transfer *t)
{
    flight_seat_all(t);
    if (t->wire->due <= poller_now()) {
        wire_run(t->wire);
    }
    show(t);
}

/* One look at the descriptors and what follows from it. False: a signal, or the time given, ended
 * it. */
static bool look(struct transfer *t, int timeout)
{
    struct poller_event events[TRANSFER_MAX_EVENTS];
    int most = patience(t, timeout);
    int n = poller_wait(t->poller, events, TRANSFER_MAX_EVENTS, most);
    bool was_due = most != timeout && due(t) <= poller_now();
    for (int i = 0; i < n; i++) {
        if (events[i].fd >= 0) {
            wire_serve(t->wire, &events[i]);
        }
    }
    flight_work(t);
    return n > 0 || was_due;
}

bool transfer_step(struct transfer *transfer, int timeout)
{
    bool go_on;
    if (is_over(transfer)) {
        flight_work(transfer); /* no descriptor will tell of it */
    }
    if (has_notes(transfer) || (timeout < 0 && transfer->active == 0)) {
        timeout = 0;
    }
    do {
        go_on = look(transfer, timeout);
    } while (timeout < 0 && go_on && !has_notes(transfer) && transfer->active > 0);
    arm(transfer);
    return has_notes(transfer);
}

/* ---- what the caller does ---- */

/* Where there is no memory even to note it: the call itself is the note. */
static void still_birth(struct transfer *t, struct call *call, const struct moment *m)
{
    struct bosa_error err;
    transfer_no_memory(&err);
    if (call_begin(call, m) == CALL_SCHEMAS) {
        call_schemas(call, &err, m);
    } else if (call_sending(call, m) == CALL_FLYING) {
        call_broke(call, BOSA_SENT_NO, &err, NULL, m);
    }
    error_clear(&err);
    call->driver = t->stillborn;
    t->stillborn = call;
}

/* A call that has nothing to send ends here, and is told of as any other. */
void transfer_start(struct transfer *transfer, struct call *call)
{
    struct moment m = transfer_now();
    struct flight *f = flight_new(transfer, call, false);
    if (f) {
        transfer->active++;
        call_begin(call, &m);
        flight_follow(f);
    } else {
        still_birth(transfer, call, &m);
    }
    stir(transfer);
}

/* The one that came last; NULL: there is none. */
static struct call *take_stillborn(struct transfer *t, unsigned *notes)
{
    struct call *call = t->stillborn;
    if (call) {
        t->stillborn = call->driver;
        call->driver = NULL;
        *notes = TRANSFER_ENDED;
    }
    return call;
}

/* Whoever takes the end of a call is its only owner again, so its flight goes here. */
struct call *transfer_take(struct transfer *transfer, unsigned *notes)
{
    struct flight *f = list_take(&transfer->noted);
    if (!f) {
        return take_stillborn(transfer, notes);
    }
    struct call *call = f->call;
    *notes = f->notes;
    f->notes = 0;
    if (call->state == CALL_ENDED) {
        *notes &= ~(unsigned)TRANSFER_NEEDS_INPUT;
        flight_free(f);
    }
    return call;
}

void transfer_resume(struct transfer *transfer, struct call *call)
{
    struct flight *f = call->driver;
    if (f && f->lane && f->paused) {
        f->paused = false; /* before: libcurl calls back at once */
        if (!wire_resume(f)) {
            exchange_give_up(f);
        }
        stir(transfer);
    }
}

/* True when the call was among those that never had a flight. */
static bool forget_stillborn(struct transfer *t, struct call *call)
{
    struct call *before = NULL;
    for (struct call *at = t->stillborn; at; before = at, at = at->driver) {
        if (at == call) {
            if (before) {
                before->driver = call->driver;
            } else {
                t->stillborn = call->driver;
            }
            call->driver = NULL;
            return true;
        }
    }
    return false;
}

/* What can have been sent is asked before libcurl is told to forget it. */
void transfer_cancel(struct transfer *transfer, struct call *call, enum bosa_status kind)
{
    struct flight *f = call->driver;
    struct moment m = transfer_now();
    if (forget_stillborn(transfer, call) || !f) {
        return;
    }
    if (call->state != CALL_ENDED) {
        enum bosa_sent sent = f->lane ? wire_sent(f) : BOSA_SENT_NO;
        flight_land(f);
        call_cancel(call, kind, sent, &m);
        transfer->active--;
    }
    flight_free(f);
    stir(transfer);
    if (transfer->watched && transfer->active == 0) {
        poller_wake(transfer->poller); /* a host's loop may stop watching now */
    }
}

size_t transfer_active(const struct transfer *transfer)
{
    return transfer->active;
}

/* What has happened before somebody watched must be seen, too. */
int transfer_fd(struct transfer *transfer)
{
    transfer->watched = true;
    show(transfer);
    return poller_fd(transfer->poller);
}

bool transfer_is_mine(const struct transfer *transfer)
{
    return transfer->generation == forks;
}

/* ---- birth and death ---- */

enum bosa_status transfer_new(struct transfer **out, const struct transfer_options *options,
                              struct bosa_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct transfer *t = mem_zalloc(1, sizeof *t);
    *out = NULL;
    if (!t) {
        return error_nomem(err);
    }
    pthread_once(&once, watch_forks);
    t->generation = forks;
    t->max_flying = options->max_connections > 0 ? options->max_connections : 1;
    t->armed = CALL_NEVER;
    list_init(&t->all, LINK_ALL);
    list_init(&t->queue, LINK_QUEUE);
    list_init(&t->noted, LINK_NOTED);
    list_init(&t->fetches, LINK_FETCH);
    enum bosa_status status = poller_new(&t->poller, err);
    if (status == BOSA_OK) {
        status = wire_new(&t->wire, options, t->poller, err);
    }
    if (status != BOSA_OK) {
        transfer_free(t);
        return status;
    }
    *out = t;
    return BOSA_OK;
}

/* In a child what libcurl knows is abandoned before anything else, so that nothing below asks it.
 */
void transfer_free(struct transfer *transfer)
{
    struct flight *f;
    struct moment m = transfer_now();
    unsigned notes;
    if (!transfer) {
        return;
    }
    if (transfer->wire && !transfer_is_mine(transfer)) {
        transfer->wire->abandoned = true;
    }
    while ((f = transfer->all.first) != NULL) {
        enum bosa_sent sent = f->lane ? wire_sent(f) : BOSA_SENT_NO;
        flight_land(f);
        call_cancel(f->call, BOSA_CLOSED, sent, &m);
        flight_free(f);
    }
    while (transfer->stillborn) {
        (void)take_stillborn(transfer, &notes);
    }
    if (transfer->wire) {
        wire_free(transfer->wire);
    }
    poller_free(transfer->poller);
    mem_free(transfer->heap.items);
    mem_free(transfer);
}
