/*
 * Flights: what the state of each call asks for, and what follows when an exchange is over.
 */
#include "transport/transfer_internal.h"

#include "base/mem.h"

#include <string.h>
#include <time.h>

#define MAX_ROUNDS 8 /* of work in one step without a look at the descriptors */

struct moment transfer_now(void)
{
    struct moment m = {poller_now(), (int64_t)time(NULL)};
    return m;
}

void transfer_no_memory(struct bosa_error *err)
{
    error_init(err);
    (void)error_nomem(err);
}

/* Notes gather until they are taken, so the caller is told of a call once a turn. */
void flight_note(struct flight *f, unsigned notes)
{
    if (!f->own) {
        f->notes |= notes;
        list_add(&f->transfer->noted, f);
    }
}

/* ---- flights ---- */

/* The heap has room for every flight there is: later nothing can fail for it. */
struct flight *flight_new(struct transfer *t, struct call *call, bool own)
{
    struct flight *f = mem_zalloc(1, sizeof *f);
    if (!f || !heap_reserve(&t->heap, t->all.count + 1)) {
        mem_free(f);
        return NULL;
    }
    f->transfer = t;
    f->call = call;
    f->own = own;
    error_init(&f->refusal);
    list_init(&f->waiters, LINK_FETCH);
    list_add(&t->all, f);
    call->driver = f;
    return f;
}

/* A refusal belongs to the exchange that is over now. */
void flight_land(struct flight *f)
{
    if (f->lane) {
        wire_drop(f->transfer->wire, f);
    }
    error_clear(&f->refusal);
}

/* A fetch that nobody waits for is given up: nobody might drive it any further. */
static void leave_fetch(struct flight *f)
{
    struct flight *fetch = f->fetch;
    if (!fetch) {
        return;
    }
    f->fetch = NULL;
    list_remove(&fetch->waiters, f);
    if (fetch->waiters.count == 0) {
        flight_free(fetch);
    }
}

/* Those who still wait for it are left to whoever frees it. */
void flight_free(struct flight *f)
{
    struct transfer *t = f->transfer;
    struct flight *waiter;
    flight_land(f);
    leave_fetch(f);
    while ((waiter = list_take(&f->waiters)) != NULL) {
        waiter->fetch = NULL;
    }
    list_remove(&t->queue, f);
    list_remove(&t->noted, f);
    list_remove(&t->all, f);
    heap_put(&t->heap, f, CALL_NEVER);
    f->call->driver = NULL;
    if (f->own) {
        list_remove(&t->fetches, f);
        call_free(f->call);
    }
    mem_free(f);
}

/* ---- following a call ---- */

/* Nothing is left to do for it but to tell, or where it is ours, to let those go on who wait. */
static void finish(struct flight *f)
{
    struct flight *waiter;
    struct moment m = transfer_now();
    heap_put(&f->transfer->heap, f, CALL_NEVER);
    if (!f->own) {
        f->transfer->active--;
        flight_note(f, TRANSFER_ENDED);
        return;
    }
    list_remove(&f->transfer->fetches, f);
    while ((waiter = list_take(&f->waiters)) != NULL) {
        waiter->fetch = NULL;
        call_schemas(waiter->call, f->call->ok ? NULL : &f->call->error, &m);
        flight_follow(waiter);
    }
    flight_free(f);
}

/* The fetch under way for what `f` waits for; NULL: none. */
static struct flight *find_fetch(const struct flight *f)
{
    struct flight *fetch = f->transfer->fetches.first;
    while (fetch && (fetch->call->hub != f->call->hub ||
                     strcmp(fetch->call->name, f->call->invocation->connector) != 0)) {
        fetch = fetch->links[LINK_FETCH].next;
    }
    return fetch;
}

/* One fetch for each connector, however many wait for it. NULL: no memory. */
static struct flight *begin_fetch(struct flight *f)
{
    struct call *call = call_new_fetch(f->call->hub, f->call->invocation->connector);
    struct flight *fetch = call ? flight_new(f->transfer, call, true) : NULL;
    if (!fetch) {
        call_free(call);
        return NULL;
    }
    list_add(&f->transfer->fetches, fetch);
    return fetch;
}

/* Joins those who wait for a connector's schemas. */
static void await_schemas(struct flight *f)
{
    struct moment m = transfer_now();
    struct flight *fetch = find_fetch(f);
    bool is_new = !fetch;
    if (is_new) {
        fetch = begin_fetch(f);
    }
    if (!fetch) {
        struct bosa_error err;
        transfer_no_memory(&err);
        call_schemas(f->call, &err, &m);
        error_clear(&err);
        flight_follow(f);
        return;
    }
    f->fetch = fetch;
    list_add(&fetch->waiters, f);
    if (is_new) {
        call_begin(fetch->call, &m);
        flight_follow(fetch);
    }
}

/* A call in CALL_SEND waits for its place in any case, so that nobody is overtaken. */
void flight_follow(struct flight *f)
{
    struct transfer *t = f->transfer;
    enum call_state state = f->call->state;
    if (hub_events(f->call->hub)) {
        flight_note(f, TRANSFER_EVENT);
    }
    if (state != CALL_SCHEMAS) {
        leave_fetch(f);
    }
    if (state == CALL_SEND) {
        list_add(&t->queue, f);
    } else {
        list_remove(&t->queue, f);
    }
    if (state == CALL_ENDED) {
        finish(f);
        return;
    }
    heap_put(&t->heap, f, state == CALL_FLYING ? f->until : call_wake_at(f->call));
    if (state == CALL_SCHEMAS && !f->fetch) {
        await_schemas(f);
    }
}

/* ---- exchanges ---- */

/* Begins the exchange of a call in CALL_SEND, or ends the call. */
static void set_off(struct flight *f, const struct moment *m)
{
    struct bosa_error err;
    if (call_sending(f->call, m) != CALL_FLYING) {
        return;
    }
    f->in_head = f->in_body = f->paused = false;
    f->allowed = call_attempt_time(f->call, m);
    f->until = f->allowed < CALL_NEVER - m->ms ? m->ms + f->allowed : CALL_NEVER;
    error_init(&err);
    if (wire_send(f->transfer->wire, f, &err) != BOSA_OK) {
        call_broke(f->call, BOSA_SENT_NO, &err, NULL, m);
    }
    error_clear(&err);
}

/* What libcurl does not have yet, no time of libcurl's runs for. */
void flight_seat_all(struct transfer *t)
{
    struct moment m = transfer_now();
    while (t->wire->count < t->max_flying && t->queue.first) {
        struct flight *f = list_take(&t->queue);
        set_off(f, &m);
        flight_follow(f);
    }
}

/* The exchange is broken off: its time is over, or something had to be refused. */
static void break_off(struct flight *f, const struct moment *m)
{
    enum bosa_sent sent = wire_sent(f);
    struct bosa_error err;
    error_init(&err);
    if (f->refusal.kind != BOSA_OK) {
        error_move(&err, &f->refusal);
    } else {
        transfer_describe(&err, f->call, BOSA_TIMEOUT, sent, f->allowed, NULL);
    }
    flight_land(f);
    call_broke(f->call, sent, &err, NULL, m);
    error_clear(&err);
}

/* Lets every call whose time has come go on. */
static void tick(struct transfer *t)
{
    struct moment m = transfer_now();
    struct flight *f;
    while ((f = heap_first(&t->heap)) != NULL && f->wake <= m.ms) {
        heap_put(&t->heap, f, CALL_NEVER);
        if (f->lane) {
            break_off(f, &m);
        } else {
            call_tick(f->call, &m);
        }
        flight_follow(f);
    }
}

/* Hands on what is over. */
static void complete(struct transfer *t)
{
    struct wire_outcome o;
    struct moment m = transfer_now();
    while (wire_next_done(t->wire, &o)) {
        const struct call_timing *timing = o.timed ? &o.timing : NULL;
        error_clear(&o.flight->refusal);
        if (o.whole) {
            call_answered(o.flight->call, timing, &m);
        } else {
            call_broke(o.flight->call, o.sent, &o.cause, timing, &m);
        }
        error_clear(&o.cause);
        flight_follow(o.flight);
    }
}

/* ---- stepping ---- */

/* What is left after MAX_ROUNDS is due at once, so the next step follows without a wait. */
void flight_work(struct transfer *t)
{
    int rounds = 0;
    do {
        if (t->wire->due <= poller_now()) {
            wire_run(t->wire);
        }
        complete(t);
        tick(t);
        flight_seat_all(t);
    } while (++rounds < MAX_ROUNDS && t->wire->due <= poller_now());
}
