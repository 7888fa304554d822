/*
 * The transport: what the caller does, and how time and descriptors come in.
 */
#include "transport/transfer_internal.h"

#include "base/mem.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

/*
 * Forks that lie before this process. To ask the system which process this is would cost a system
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
    const struct job *j = heap_first(&t->heap);
    int64_t engine = engine_due(t->engine);
    return j && j->wake < engine ? j->wake : engine;
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
    if (t->armed <= clock_ms()) {
        t->armed = CALL_NEVER;
    }
    if (at < t->armed && poller_set_timer(t->poller, at)) {
        t->armed = at;
    } else if (at < t->armed) {
        poller_wake(t->poller); /* no timer to be had: the next step tries again */
    }
}

/* How long to wait: `timeout` ms (below 0: for ever), or until something is due. */
static int poll_timeout(const struct transfer *t, int timeout)
{
    int64_t at = due(t);
    if (timeout == 0 || at == CALL_NEVER) {
        return timeout;
    }
    int64_t left = at - clock_ms();
    left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
    return timeout < 0 || left < timeout ? (int)left : timeout;
}

/* transfer_take has something. */
static bool has_notes(const struct transfer *t)
{
    return t->noted.first || t->failed_to_start;
}

/* Something can be done without an event. */
static bool has_work(const struct transfer *t)
{
    return t->resumed.first || engine_has_connected(t->engine);
}

/* Makes the descriptor, where somebody watches it, tell of all that is left to do. */
static void signal_fd(struct transfer *t)
{
    arm(t);
    if (t->watched && (has_notes(t) || has_work(t))) {
        poller_wake(t->poller);
    }
}

/* Something came from the caller: requests go out at once. */
static void send_queued(struct transfer *t)
{
    job_start_queued(t);
    if (engine_due(t->engine) <= clock_ms()) {
        engine_run(t->engine);
    }
    signal_fd(t);
}

static void serve(struct transfer *t, const struct poller_event *event)
{
    struct connection *c = engine_find(t->engine, event->fd);
    if (event->fd < 0) {
        return;
    }
    if (!c) {
        engine_serve(t->engine, event);
    } else if (c->job) {
        job_serve(c->job, event->bits);
    } else {
        pool_notice(&t->pool, c);
    }
}

/* One look at the descriptors and what follows from it. False: a signal, or the time given, ended
 * it. */
static bool poll_once(struct transfer *t, int timeout)
{
    struct poller_event events[TRANSFER_MAX_EVENTS];
    int most = has_work(t) ? 0 : poll_timeout(t, timeout);
    int n = poller_wait(t->poller, events, TRANSFER_MAX_EVENTS, most);
    bool was_due = most != timeout && (has_work(t) || due(t) <= clock_ms());
    for (int i = 0; i < n; i++) {
        serve(t, &events[i]);
    }
    job_work(t);
    return n > 0 || was_due;
}

bool transfer_step(struct transfer *transfer, int timeout)
{
    bool go_on;
    if (has_notes(transfer) || (timeout < 0 && transfer->active == 0)) {
        timeout = 0;
    }
    do {
        go_on = poll_once(transfer, timeout);
    } while (timeout < 0 && go_on && !has_notes(transfer) && transfer->active > 0);
    arm(transfer);
    if (transfer->watched && has_work(transfer)) {
        poller_wake(transfer->poller);
    }
    return has_notes(transfer);
}

/* ---- what the caller does ---- */

/* Where there is no memory even to note it: the call itself is the note. */
static void fail_to_start(struct transfer *t, struct call *call, const struct moment *m)
{
    struct bosa_error err;
    error_init(&err);
    (void)error_nomem(&err);
    if (call_begin(call, m) == CALL_SCHEMAS) {
        call_schemas(call, &err, m);
    } else if (call_sending(call, m) == CALL_EXCHANGE) {
        call_broke(call, BOSA_SENT_NO, &err, NULL, m);
    }
    error_clear(&err);
    call->transport = t->failed_to_start;
    t->failed_to_start = call;
}

/* A call that has nothing to send ends here, and is told of as any other. */
void transfer_start(struct transfer *transfer, struct call *call)
{
    struct moment m = clock_moment();
    struct job *j = job_new(transfer, call, false);
    if (j) {
        transfer->active++;
        call_begin(call, &m);
        job_advance(j);
    } else {
        fail_to_start(transfer, call, &m);
    }
    send_queued(transfer);
}

/* The one that came last; NULL: there is none. */
static struct call *take_failed_to_start(struct transfer *t, unsigned *notes)
{
    struct call *call = t->failed_to_start;
    if (call) {
        t->failed_to_start = call->transport;
        call->transport = NULL;
        *notes = TRANSFER_ENDED;
    }
    return call;
}

/* The taker of an ended call is its only owner again, so its job goes here. */
struct call *transfer_take(struct transfer *transfer, unsigned *notes)
{
    struct job *j = list_take(&transfer->noted);
    if (!j) {
        return take_failed_to_start(transfer, notes);
    }
    struct call *call = j->call;
    *notes = j->notes;
    j->notes = 0;
    if (call->state == CALL_ENDED) {
        *notes &= ~(unsigned)TRANSFER_NEEDS_INPUT;
        job_free(j);
    }
    return call;
}

/* One that has ended has no job, or one without a connection: it may be linked to others instead.
 */
void transfer_resume(struct transfer *transfer, struct call *call)
{
    struct job *j = call->state == CALL_ENDED ? NULL : call->transport;
    if (j && j->connection && (j->needs_input || j->is_full)) {
        j->needs_input = j->is_full = false;
        list_add(&transfer->resumed, j);
        signal_fd(transfer);
    }
}

/* True when the call was among those that never had a job. */
static bool forget_failed_to_start(struct transfer *t, struct call *call)
{
    struct call *before = NULL;
    for (struct call *at = t->failed_to_start; at; before = at, at = at->transport) {
        if (at == call) {
            if (before) {
                before->transport = call->transport;
            } else {
                t->failed_to_start = call->transport;
            }
            call->transport = NULL;
            return true;
        }
    }
    return false;
}

void transfer_cancel(struct transfer *transfer, struct call *call, enum bosa_status kind)
{
    struct job *j = call->transport;
    struct moment m = clock_moment();
    if (forget_failed_to_start(transfer, call) || !j) {
        return;
    }
    if (call->state != CALL_ENDED) {
        enum bosa_sent sent = job_sent(j);
        job_detach(j, false);
        call_cancel(call, kind, sent, &m);
        transfer->active--;
    }
    job_free(j);
    send_queued(transfer);
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
    signal_fd(transfer);
    return poller_fd(transfer->poller);
}

bool transfer_is_mine(const struct transfer *transfer)
{
    return transfer->generation == forks;
}

/* ---- birth and death ---- */

static enum bosa_status fill(struct transfer *t, const struct transfer_options *options,
                             struct bosa_error *err)
{
    const char *agent = options->user_agent ? options->user_agent : TRANSFER_USER_AGENT;
    t->user_agent = mem_dup(agent, strlen(agent));
    t->room = mem_alloc(ROOM_BYTES);
    if (!t->user_agent || !t->room) {
        return error_nomem(err);
    }
    enum bosa_status status = poller_new(&t->poller, err);
    return status == BOSA_OK ? engine_new(&t->engine, options, t->poller, err) : status;
}

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
    t->max_connections = options->max_connections > 0 ? options->max_connections : 1;
    t->armed = CALL_NEVER;
    list_init(&t->all, LINK_ALL);
    list_init(&t->queue, LINK_QUEUE);
    list_init(&t->noted, LINK_NOTED);
    list_init(&t->fetches, LINK_FETCH);
    list_init(&t->resumed, LINK_RESUMED);
    enum bosa_status status = fill(t, options, err);
    if (status != BOSA_OK) {
        transfer_free(t);
        return status;
    }
    *out = t;
    return BOSA_OK;
}

/*
 * In a child what libcurl knows is abandoned before anything else, so that nothing below asks it;
 * and the parent goes on with every call.
 */
void transfer_free(struct transfer *transfer)
{
    struct job *j;
    struct moment m = clock_moment();
    unsigned notes;
    if (!transfer) {
        return;
    }
    bool mine = transfer_is_mine(transfer);
    if (transfer->engine && !mine) {
        engine_abandon(transfer->engine);
    }
    while ((j = transfer->all.first) != NULL) {
        enum bosa_sent sent = mine ? job_sent(j) : BOSA_SENT_MAYBE;
        job_detach(j, false);
        call_cancel(j->call, BOSA_CLOSED, sent, &m);
        job_free(j);
    }
    while (transfer->failed_to_start) {
        (void)take_failed_to_start(transfer, &notes);
    }
    if (transfer->engine) {
        engine_free(transfer->engine);
    }
    poller_free(transfer->poller);
    mem_free(transfer->heap.items);
    mem_free(transfer->user_agent);
    if (transfer->room) {
        mem_wipe(transfer->room, ROOM_BYTES); /* responses may hold secrets */
    }
    mem_free(transfer->room);
    mem_free(transfer);
}
