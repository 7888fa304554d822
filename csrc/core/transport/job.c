/*
 * Jobs: what the state of each call asks for. transfer.c calls this for what the caller does and
 * for time; job_exchange.c for what came of an exchange.
 */
#include "transport/transfer_internal.h"

#include "base/mem.h"

#include <string.h>

#define MAX_ROUNDS 8 /* of work in one step without a look at the descriptors */

/* Notes gather until they are taken, so the caller is told of a call once a turn. */
void job_note(struct job *j, unsigned notes)
{
    if (!j->own) {
        j->notes |= notes;
        list_add(&j->transfer->noted, j);
    }
}

/* ---- birth and death ---- */

/* The heap has room for every job there is: later nothing can fail for it. */
struct job *job_new(struct transfer *t, struct call *call, bool own)
{
    struct job *j = mem_zalloc(1, sizeof *j);
    if (!j || !heap_reserve(&t->heap, t->all.count + 1)) {
        mem_free(j);
        return NULL;
    }
    j->transfer = t;
    j->call = call;
    j->own = own;
    list_init(&j->waiters, LINK_FETCH);
    list_add(&t->all, j);
    call->transport = j;
    return j;
}

/* A fetch that nobody waits for is given up: nobody might ask for it any more. */
static void leave_fetch(struct job *j)
{
    struct job *fetch = j->fetch;
    if (!fetch) {
        return;
    }
    j->fetch = NULL;
    list_remove(&fetch->waiters, j);
    if (fetch->waiters.count == 0) {
        job_free(fetch);
    }
}

/* Those who still wait for it are left to its owner. */
void job_free(struct job *j)
{
    struct transfer *t = j->transfer;
    struct job *waiter;
    job_detach(j, false);
    exchange_free(&j->exchange);
    leave_fetch(j);
    while ((waiter = list_take(&j->waiters)) != NULL) {
        waiter->fetch = NULL;
    }
    list_remove(&t->noted, j);
    list_remove(&t->all, j);
    heap_put(&t->heap, j, CALL_NEVER);
    j->call->transport = NULL;
    if (j->own) {
        list_remove(&t->fetches, j);
        call_free(j->call);
    }
    mem_free(j);
}

/* ---- following a call ---- */

/* Nothing is left to do for it but to tell, or where it is ours, to let those go on who wait. */
static void finish(struct job *j)
{
    struct job *waiter;
    struct moment m = clock_moment();
    heap_put(&j->transfer->heap, j, CALL_NEVER);
    if (!j->own) {
        j->transfer->active--;
        job_note(j, TRANSFER_ENDED);
        return;
    }
    list_remove(&j->transfer->fetches, j);
    while ((waiter = list_take(&j->waiters)) != NULL) {
        waiter->fetch = NULL;
        call_schemas(waiter->call, j->call->ok ? NULL : &j->call->error, &m);
        job_advance(waiter);
    }
    job_free(j);
}

/* Of a fetch of ours the first who waits for it is told, as if it had been fetched by the caller.
 */
static void note_events(struct job *j)
{
    struct job *waiter = j->waiters.first;
    if (!hub_events(j->call->hub)) {
        return;
    }
    if (!j->own) {
        job_note(j, TRANSFER_EVENT);
    } else if (waiter) {
        call_take_events(waiter->call, j->call);
        job_note(waiter, TRANSFER_EVENT);
    }
}

/* The fetch under way for what `j` waits for; NULL: none. */
static struct job *find_fetch(const struct job *j)
{
    struct job *fetch = j->transfer->fetches.first;
    while (fetch && (fetch->call->hub != j->call->hub ||
                     strcmp(fetch->call->name, j->call->invocation->connector) != 0)) {
        fetch = fetch->links[LINK_FETCH].next;
    }
    return fetch;
}

/*
 * One fetch for each connector, however many wait for it; it is a part of the first one's trace.
 * NULL: no memory.
 */
static struct job *begin_fetch(struct job *j)
{
    const char *trace = call_traceparent(j->call);
    struct call *call = call_new_fetch(j->call->hub, j->call->invocation->connector);
    if (call && trace) {
        call_trace(call, trace);
    }
    struct job *fetch = call ? job_new(j->transfer, call, true) : NULL;
    if (!fetch) {
        call_free(call);
        return NULL;
    }
    list_add(&j->transfer->fetches, fetch);
    return fetch;
}

/* Joins those who wait for a connector's schemas. */
static void await_schemas(struct job *j)
{
    struct moment m = clock_moment();
    struct job *fetch = find_fetch(j);
    bool is_new = !fetch;
    if (is_new) {
        fetch = begin_fetch(j);
    }
    if (!fetch) {
        struct bosa_error err;
        error_init(&err);
        (void)error_nomem(&err);
        call_schemas(j->call, &err, &m);
        job_advance(j);
        return;
    }
    j->fetch = fetch;
    list_add(&fetch->waiters, j);
    if (is_new) {
        call_begin(fetch->call, &m);
        job_advance(fetch);
    }
}

/* The attempt's time runs from here on: waiting for a connection slot is part of it. */
static void enqueue(struct job *j)
{
    struct moment m = clock_moment();
    if (call_sending(j->call, &m) != CALL_EXCHANGE) {
        return;
    }
    j->allowed = call_attempt_time(j->call, &m);
    j->until = j->allowed < CALL_NEVER - m.ms ? m.ms + j->allowed : CALL_NEVER;
    list_add(&j->transfer->queue, j);
}

/* A call that is to be sent waits for its turn in any case, so that nobody is overtaken. */
void job_advance(struct job *j)
{
    struct transfer *t = j->transfer;
    if (j->call->state == CALL_SEND) {
        enqueue(j);
    }
    enum call_state state = j->call->state;
    note_events(j);
    if (state != CALL_SCHEMAS) {
        leave_fetch(j);
    }
    if (state == CALL_ENDED) {
        finish(j);
        return;
    }
    heap_put(&t->heap, j, state == CALL_EXCHANGE ? j->until : call_wake_at(j->call));
    if (state == CALL_SCHEMAS && !j->fetch) {
        await_schemas(j);
    }
}

/* ---- stepping ---- */

/* Lets every call whose time has come go on. */
static void tick(struct transfer *t)
{
    struct moment m = clock_moment();
    struct job *j;
    while ((j = heap_first(&t->heap)) != NULL && j->wake <= m.ms) {
        heap_put(&t->heap, j, CALL_NEVER);
        if (j->call->state == CALL_EXCHANGE) {
            job_expire(j);
        } else {
            call_tick(j->call, &m);
            job_advance(j);
        }
    }
}

/* What is left after MAX_ROUNDS is due at once, so the next step follows without a wait. */
void job_work(struct transfer *t)
{
    int rounds = 0;
    do {
        if (engine_due(t->engine) <= clock_ms()) {
            engine_run(t->engine);
        }
        job_take_connected(t);
        job_serve_resumed(t);
        tick(t);
        job_start_queued(t);
    } while (++rounds < MAX_ROUNDS && engine_due(t->engine) <= clock_ms());
}
