/*
 * A job's request and response over a connection: slots, connections kept and new ones, bytes both
 * ways, and what a broken exchange leads to. What the bytes mean is call/exchange.c's business.
 */
#include "transport/transfer_internal.h"

#include <string.h>

#define TLS_PIECE_BYTES ((size_t)16 << 10) /* a TLS record: what is given again after IO_AGAIN */
#define SEND_BYTES ((size_t)256 << 10)     /* sent in one turn, so that others get theirs */
#define RECEIVE_ROUNDS 8                   /* receives in one turn, likewise */
#define DRAINED_BYTES ((size_t)16 << 10)   /* libcurl gives so much at a time where more is there */

/* Some bytes went up or down. */
static void note_progress(struct job *j)
{
    if (j->call->invocation && j->call->invocation->progress) {
        job_note(j, TRANSFER_PROGRESS);
    }
}

/* ---- slots and connections ---- */

enum bosa_sent job_sent(const struct job *j)
{
    return j->has_slot ? exchange_sent_so_far(&j->exchange) : BOSA_SENT_NO;
}

void job_detach(struct job *j, bool keep)
{
    struct transfer *t = j->transfer;
    struct connection *c = j->connection;
    list_remove(&t->queue, j);
    list_remove(&t->resumed, j);
    j->needs_input = j->is_full = false;
    j->connection = NULL;
    if (c && keep) {
        pool_put(&t->pool, c, clock_ms());
    } else if (c) {
        connection_close(c);
    }
    if (j->has_slot) {
        j->has_slot = false;
        t->used_slots--;
    }
}

static void attach(struct job *j, struct connection *c, bool kept)
{
    j->connection = c;
    j->was_kept = kept;
    c->job = j;
    c->served++;
}

/* Ends the exchange; the call decides what follows. `err` is moved. */
static void end_broken(struct job *j, struct bosa_error *err, bool timed)
{
    struct moment m = clock_moment();
    enum bosa_sent sent = job_sent(j);
    struct call_timing timing = {-1, -1, -1, -1, -1, 0, 0, false};
    if (timed && j->connection) {
        timing.total = (double)(moment_us(&m) - j->begun) / 1000;
        timing.bytes_up = j->exchange.bytes_up;
        timing.bytes_down = j->exchange.bytes_down;
        timing.reused = j->was_kept;
    }
    job_detach(j, false);
    call_broke(j->call, sent, err, timed ? &timing : NULL, &m);
    error_clear(err);
    job_advance(j);
}

/* `why` may be of the connection. */
static void broken(struct job *j, enum bosa_status kind, const char *why)
{
    struct bosa_error err;
    struct call_break b = {.kind = kind, .sent = job_sent(j), .why = why};
    error_init(&err);
    call_describe_break(&err, j->call, &b);
    end_broken(j, &err, true);
}

/* The exchange refused to go on, and said why. */
static void refused(struct job *j)
{
    struct bosa_error err;
    error_init(&err);
    error_move(&err, &j->exchange.refusal);
    end_broken(j, &err, true);
}

/* Ends the exchange where no call may end now: the next tick does it. */
static void give_up(struct job *j, enum bosa_status kind)
{
    if (j->exchange.refusal.kind == BOSA_OK) {
        j->exchange.refusal.kind = kind;
    }
    j->until = 0;
    heap_put(&j->transfer->heap, j, j->until);
}

/* What the caller of this can't be told at once is told by the next tick. */
static void connect(struct job *j)
{
    struct transfer *t = j->transfer;
    int64_t timeout = call_policy(j->call)->connect_timeout;
    if (t->pool.count + (size_t)t->used_slots > (size_t)t->max_connections) {
        pool_drop_oldest(&t->pool);
    }
    struct connection *c =
        connection_open(t->engine, j->call->request.url, timeout, &j->exchange.refusal);
    if (!c) {
        give_up(j, BOSA_NOMEM);
        return;
    }
    attach(j, c, false);
}

/* ---- sending ---- */

/* The kept connection turned out to be lost: the request goes on a new one. False: it may not. */
static bool start_anew(struct job *j)
{
    if (!j->was_kept || !exchange_may_move(&j->exchange)) {
        return false;
    }
    connection_close(j->connection);
    j->connection = NULL;
    exchange_rewind(&j->exchange);
    connect(j);
    return true;
}

/* The send failed. Receiving reads what the server said before. */
static void send_failed(struct job *j)
{
    if (j->exchange.sent != BOSA_SENT_NO || !start_anew(j)) {
        exchange_stop(&j->exchange);
        list_add(&j->transfer->resumed, j); /* no event may come for what is left to read */
    }
}

/* Gives pieces to the connection. True: it takes no more now, or others should have their turn. */
static bool send_pieces(struct job *j)
{
    struct exchange *x = &j->exchange;
    for (size_t total = 0; total < SEND_BYTES;) {
        const char *bytes;
        size_t len, sent = 0;
        enum bosa_status status = exchange_output(x, &bytes, &len);
        if (status == BOSA_AGAIN) {
            j->needs_input = true;
            job_note(j, TRANSFER_NEEDS_INPUT);
            return false;
        }
        if (status != BOSA_OK) {
            give_up(j, status);
            return false;
        }
        if (len == 0) {
            return false;
        }
        if (x->secure && len > TLS_PIECE_BYTES) {
            len = TLS_PIECE_BYTES;
        }
        enum io io = connection_send(j->connection, bytes, len, &sent);
        if (io == IO_FAILED) {
            send_failed(j);
            return false;
        }
        if (sent > 0 || (io == IO_AGAIN && x->secure)) {
            exchange_sent(x, sent);
            note_progress(j);
        }
        if (io == IO_AGAIN) {
            return true;
        }
        total += sent;
    }
    return true;
}

static bool is_connected(const struct job *j)
{
    return j->connection && j->connection->fd >= 0;
}

/* Sends what can be sent, and watches for what comes next. Ends no call. */
static void send_output(struct job *j)
{
    bool more = is_connected(j) && send_pieces(j);
    struct connection *c = j->connection;
    if (!is_connected(j)) {
        return; /* another connection is being made */
    }
    int bits = (j->is_full ? 0 : POLLER_READ) | (more ? POLLER_WRITE : 0);
    if (!connection_watch(c, bits)) {
        (void)error_set(&j->exchange.refusal, BOSA_CONNECTION, "a connection can't be watched");
        give_up(j, BOSA_CONNECTION);
    }
}

/* Takes a connection for the exchange and sends what can be sent. */
static void begin(struct job *j)
{
    struct transfer *t = j->transfer;
    const char *url = j->call->request.url;
    bool secure = strncmp(url, "https:", 6) == 0;
    j->begun = clock_us();
    j->first_byte = 0;
    enum bosa_status status = exchange_begin(&j->exchange, j->call, t->user_agent, secure);
    if (status != BOSA_OK) {
        give_up(j, status);
        return;
    }
    struct connection *c = pool_take(&t->pool, url, j->begun / 1000);
    if (!c) {
        connect(j);
        return;
    }
    attach(j, c, true);
    send_output(j);
}

void job_start_queued(struct transfer *t)
{
    while (t->used_slots < t->max_connections && t->queue.first) {
        struct job *j = list_take(&t->queue);
        j->has_slot = true;
        t->used_slots++;
        begin(j);
    }
}

/* ---- receiving ---- */

/* Milliseconds from the exchange's start; nothing is known of what never came. */
static void fill_timing(const struct job *j, struct call_timing *timing, const struct moment *now)
{
    *timing = (struct call_timing){-1, -1, -1, -1, -1, 0, 0, j->was_kept};
    if (!j->was_kept) {
        connection_timing(j->connection, timing);
    }
    timing->first_byte = j->first_byte > 0 ? (double)(j->first_byte - j->begun) / 1000 : -1;
    timing->total = (double)(moment_us(now) - j->begun) / 1000;
    timing->bytes_up = j->exchange.bytes_up;
    timing->bytes_down = j->exchange.bytes_down;
}

static void whole(struct job *j)
{
    struct moment m = clock_moment();
    struct call_timing timing;
    bool events = hub_events(j->call->hub);
    if (events) {
        fill_timing(j, &timing, &m);
    }
    job_detach(j, exchange_keeps_connection(&j->exchange));
    call_responded(j->call, events ? &timing : NULL, &m);
    job_advance(j);
}

/* The caller is told of the first chunk, not only of a full queue, so that it need not run full. */
static void note_chunks(struct job *j)
{
    const struct sink *sink = &j->call->reply.sink;
    if (sink->kind == SINK_CALLER && sink->bytes.len > 0) {
        job_note(j, TRANSFER_CHUNK);
    }
}

/* What became of bytes that were handed to an exchange. */
enum taken {
    TAKEN,      /* all, and more may come */
    TAKEN_PART, /* the caller must take chunks first; the rest is held */
    TAKEN_LAST  /* the exchange is over, one way or the other; a job of ours may be gone */
};

/* Keeps what the exchange can't take now. False: no memory. */
static bool hold(struct connection *c, const char *bytes, size_t len, bool from_held)
{
    if (!from_held) {
        buf_add(&c->held, bytes, len);
        return !c->held.failed;
    }
    memmove(c->held.data, bytes, len);
    c->held.len = len;
    return true;
}

static enum taken take_bytes(struct job *j, const char *bytes, size_t len, bool from_held)
{
    struct connection *c = j->connection;
    size_t used = 0;
    enum bosa_status status = exchange_input(&j->exchange, bytes, len, &used);
    note_chunks(j);
    note_progress(j);
    if (status == BOSA_AGAIN && hold(c, bytes + used, len - used, from_held)) {
        j->is_full = true;
        return TAKEN_PART;
    }
    if (status == BOSA_AGAIN) {
        status = error_nomem(&j->exchange.refusal);
    }
    if (from_held) {
        c->held.len = 0;
    }
    if (status != BOSA_OK) {
        refused(j);
        return TAKEN_LAST;
    }
    if (j->exchange.whole) {
        whole(j);
        return TAKEN_LAST;
    }
    return TAKEN;
}

/* The end of the connection, or its failure, seen by a receive. False: the exchange is over. */
static bool ended(struct job *j, const char *why)
{
    if (!why && exchange_closed(&j->exchange)) {
        whole(j);
        return false;
    }
    if (j->exchange.refusal.kind != BOSA_OK) {
        refused(j);
        return false;
    }
    if (start_anew(j)) {
        return true;
    }
    broken(j, BOSA_CONNECTION, why ? why : "closed by the server");
    return false;
}

/*
 * Receives until nothing is there, the exchange is over or others should have their turn. False: it
 * is over; a job of ours may be gone.
 */
static bool receive(struct job *j)
{
    struct transfer *t = j->transfer;
    struct connection *c = j->connection;
    bool is_left = c->held.len > 0 || exchange_is_holding(&j->exchange);
    enum taken taken = is_left ? take_bytes(j, c->held.data, c->held.len, true) : TAKEN;
    for (int i = 0; taken == TAKEN; i++) {
        size_t got = 0;
        if (i == RECEIVE_ROUNDS) {
            list_add(&t->resumed, j); /* what TLS has read already makes no event */
            return true;
        }
        enum io io = connection_receive(c, t->room, ROOM_BYTES, &got);
        if (io == IO_AGAIN) {
            return true;
        }
        if (io == IO_FAILED || got == 0) {
            return ended(j, io == IO_FAILED ? connection_why(c) : NULL);
        }
        j->first_byte = j->first_byte > 0 ? j->first_byte : clock_us();
        taken = take_bytes(j, t->room, got, false);
        if (taken == TAKEN && got < DRAINED_BYTES && !j->exchange.secure) {
            return true; /* that was all; more makes an event */
        }
    }
    return taken == TAKEN_PART;
}

/* ---- events ---- */

void job_serve(struct job *j, int bits)
{
    if (!is_connected(j)) {
        return;
    }
    if (bits & (POLLER_READ | POLLER_ERROR) && !j->is_full && !receive(j)) {
        return;
    }
    send_output(j);
}

/* Those that are added meanwhile have their turn in the next round. */
void job_serve_resumed(struct transfer *t)
{
    for (size_t n = t->resumed.count; n > 0 && t->resumed.first; n--) {
        struct job *j = list_take(&t->resumed);
        job_serve(j, POLLER_READ | POLLER_WRITE);
    }
}

/* A connection is there, or can't be made. */
static void connected(struct job *j, struct connected *how)
{
    if (!how->ok) {
        struct bosa_error err;
        struct call_break b = {.kind = how->error.kind,
                               .sent = BOSA_SENT_NO,
                               .ms = call_policy(j->call)->connect_timeout,
                               .why = how->error.message};
        error_init(&err);
        call_describe_break(&err, j->call, &b);
        end_broken(j, &err, false);
        return;
    }
    send_output(j);
    if (j->connection == how->connection && how->connection->held.len > 0) {
        list_add(&j->transfer->resumed, j);
    }
}

void job_take_connected(struct transfer *t)
{
    struct connected how;
    for (engine_next_connected(t->engine, &how); how.connection;
         engine_next_connected(t->engine, &how)) {
        connected(how.connection->job, &how);
        error_clear(&how.error);
    }
}

/* ---- the end of time ---- */

void job_expire(struct job *j)
{
    struct bosa_error err;
    if (j->has_slot && j->exchange.refusal.kind != BOSA_OK) {
        refused(j);
        return;
    }
    struct call_break b = {
        .kind = BOSA_TIMEOUT, .sent = job_sent(j), .ms = j->allowed, .queued = !j->has_slot};
    error_init(&err);
    call_describe_break(&err, j->call, &b);
    end_broken(j, &err, true);
}
