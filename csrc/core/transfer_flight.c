#include "transfer_internal.h"

#include "mem.h"

#include <limits.h>
#include <string.h>
#include <time.h>

struct moment transfer_now(void)
{
    struct moment m = {poller_now(), (int64_t)time(NULL)};
    return m;
}

void flight_note(struct flight *f, unsigned notes)
{
    if (f->own || !f->call) {
        return;
    }
    f->notes |= notes;
    fifo_add_noted(&f->transfer->noted, f);
}

/* ---- flights ---- */

struct flight *flight_new(struct transfer *t, struct call *call, bool own)
{
    struct flight *f = mem_zalloc(1, sizeof *f);
    if (!f || !heap_reserve(&t->heap, t->count + 1)) {
        mem_free(f);
        return NULL;
    }
    error_init(&f->error);
    f->transfer = t;
    f->call = call;
    f->own = own;
    f->next = t->first;
    if (t->first) {
        t->first->previous = f;
    }
    t->first = f;
    t->count++;
    call->driver = f;
    return f;
}

/* Frees a flight; its call lives on with its owner, unless it was ours. */
void flight_free(struct flight *f)
{
    struct transfer *t = f->transfer;
    transfer_land(f);
    fifo_remove_waiting(&t->waiting, f);
    fifo_remove_noted(&t->noted, f);
    heap_put(&t->heap, f, CALL_NEVER);
    if (f->previous) {
        f->previous->next = f->next;
    } else {
        t->first = f->next;
    }
    if (f->next) {
        f->next->previous = f->previous;
    }
    t->count--;
    if (f->call) {
        f->call->driver = NULL;
    }
    if (f->own) {
        call_free(f->call);
    }
    error_clear(&f->error);
    mem_free(f);
}

/* ---- what a state asks for ---- */

/* The engine's own fetch of this connector, NULL when there is none under way. */
static struct flight *find_fetch(struct transfer *t, const char *name)
{
    for (struct flight *f = t->first; f; f = f->next) {
        if (f->own && f->call->state != CALL_ENDED && strcmp(f->call->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

static void no_memory(struct call *call, const struct moment *m)
{
    struct bosa_error err;
    error_init(&err);
    error_set(&err, BOSA_NOMEM, "out of memory");
    if (call->state == CALL_SCHEMAS) {
        call_schemas(call, &err, m);
    } else if (call->state == CALL_FLYING) {
        call_broke(call, BOSA_SENT_NO, &err, NULL, m);
    }
    error_clear(&err);
}

/* Has the connector's schemas fetched, unless that is under way. */
static void need_schemas(struct flight *f, const struct moment *m)
{
    struct transfer *t = f->transfer;
    const char *name = f->call->plan->connector;
    if (find_fetch(t, name)) {
        return;
    }
    struct call *fetch = call_new_fetch(f->call->hub, name);
    struct flight *fetching = fetch ? flight_new(t, fetch, true) : NULL;
    if (!fetching) {
        call_free(fetch);
        no_memory(f->call, m);
        return;
    }
    call_begin(fetch, m);
    flight_follow(fetching);
}

/* A fetch of ours has ended: everyone who waits for these schemas goes on. */
static void give_schemas(struct flight *fetching)
{
    struct transfer *t = fetching->transfer;
    struct call *fetch = fetching->call;
    struct moment m = transfer_now();
    for (struct flight *f = t->first; f; f = f->next) {
        if (f->call && !f->own && f->call->state == CALL_SCHEMAS &&
            strcmp(f->call->plan->connector, fetch->name) == 0) {
            call_schemas(f->call, fetch->ok ? NULL : &fetch->error, &m);
            /* following here could free or add flights of the list that is walked */
            fifo_add_waiting(&t->waiting, f);
        }
    }
    flight_free(fetching);
}

static void send_or_wait(struct flight *f, const struct moment *m)
{
    struct transfer *t = f->transfer;
    if (t->flying >= t->max_connections) {
        fifo_add_waiting(&t->waiting, f);
        return;
    }
    call_sending(f->call, m);
    if (f->call->state == CALL_FLYING && !transfer_take_off(f, m)) {
        transfer_land(f);
        no_memory(f->call, m);
    }
}

/* Does what the call's state asks, until there is nothing to do but wait. */
void flight_follow(struct flight *f)
{
    struct transfer *t = f->transfer;
    enum call_state before;
    do {
        struct moment m = transfer_now();
        before = f->call->state;
        if (before == CALL_SCHEMAS) {
            need_schemas(f, &m);
        } else if (before == CALL_SEND && !f->waiting) {
            send_or_wait(f, &m);
        }
    } while (f->call->state != before && f->call->state != CALL_ENDED);
    if (hub_events(f->call->hub)) {
        flight_note(f, TRANSFER_EVENT);
    }
    if (f->call->state != CALL_ENDED) {
        heap_put(&t->heap, f, call_wake_at(f->call));
        return;
    }
    heap_put(&t->heap, f, CALL_NEVER);
    fifo_remove_waiting(&t->waiting, f);
    transfer_land(f);
    if (f->own) {
        give_schemas(f);
        return;
    }
    flight_note(f, TRANSFER_ENDED);
    t->active--;
}

/* Gives places that became free to those who wait, in their order. */
void flight_seat_all(struct transfer *t)
{
    size_t looked = 0, most = t->count;
    while (t->waiting.first && looked++ < most) {
        struct flight *f = t->waiting.first;
        if (f->call->state == CALL_SEND && t->flying >= t->max_connections) {
            return;
        }
        fifo_take_waiting(&t->waiting);
        flight_follow(f);
    }
}

/* Lets every call whose time has come go on. */
void flight_tick_all(struct transfer *t)
{
    struct flight *f;
    struct moment m = transfer_now();
    while ((f = heap_first(&t->heap)) != NULL && f->wake <= m.ms) {
        heap_put(&t->heap, f, CALL_NEVER);
        call_tick(f->call, &m);
        if (f->call->state != CALL_FLYING) {
            transfer_land(f);
        }
        flight_follow(f);
    }
}

/* When something is due without anything having happened; INT64_MAX: never. */
int64_t flight_due(const struct transfer *t)
{
    struct flight *f = heap_first(&t->heap);
    return f && f->wake < t->curl_due ? f->wake : t->curl_due;
}

/* Sets the descriptor's timer, where somebody watches it; our own waiting needs none. */
void transfer_arm(struct transfer *t)
{
    if (t->nested) {
        poller_set_timer(t->poller, flight_due(t));
    }
}

/* How long to wait in a round: `timeout` (below 0: for ever), or until something is due. */
int transfer_patience(const struct transfer *t, int timeout)
{
    int64_t left = flight_due(t);
    if (timeout == 0 || left == INT64_MAX) {
        return timeout;
    }
    left -= poller_now();
    left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
    return timeout < 0 || left < timeout ? (int)left : timeout;
}

struct call *transfer_take(struct transfer *transfer, unsigned *notes)
{
    struct flight *f = fifo_take_noted(&transfer->noted);
    if (!f) {
        return NULL;
    }
    struct call *call = f->call;
    *notes = f->notes;
    f->notes = 0;
    if (call->state == CALL_ENDED) {
        *notes |= TRANSFER_ENDED;
        flight_free(f);
    }
    return call;
}

size_t transfer_active(const struct transfer *transfer)
{
    return transfer->active;
}

/* ---- words ---- */

/* Scheme, host and port of the request, for messages. */
static void add_origin(struct buf *out, const struct call *call)
{
    struct url url;
    if (call->request.url && url_parse(&url, call->request.url, strlen(call->request.url))) {
        buf_add(out, url.host, url.host_len);
        buf_addf(out, ":%d", url.port);
    } else {
        buf_adds(out, "the server");
    }
}

static const char *words_of(enum bosa_status kind, enum bosa_sent sent)
{
    if (kind == BOSA_TIMEOUT) {
        return sent == BOSA_SENT_NO ? "no connection in time to " : "no answer in time from ";
    }
    if (kind == BOSA_TLS) {
        return "no secure connection to ";
    }
    if (kind == BOSA_PROTOCOL) {
        return "the answer makes no sense from ";
    }
    return sent == BOSA_SENT_NO ? "cannot connect to " : "the connection was lost to ";
}

void transfer_word(const struct call *call, enum bosa_status kind, enum bosa_sent sent,
                   const char *why, struct bosa_error *err)
{
    struct buf where;
    buf_init(&where);
    buf_adds(&where, words_of(kind, sent));
    add_origin(&where, call);
    buf_addc(&where, '\0');
    error_set(err, kind, "%s (%s)", where.failed ? "the request failed" : where.data, why);
    error_field(&err->cause, why, strlen(why));
    buf_free(&where);
}
