/*
 * Calls of every kind against servers of every kind, begun, cancelled, fed and taken in an order
 * that is random but the same each time: nothing is told twice, nothing is lost, and every
 * connection slot comes back. (Most of what this finds is found by a sanitizer.)
 */
#include "transfer_fixture.h"

#include <poll.h>

#define SCRIPTS 400 /* the server has room for 512 connections */
#define CALLS 500
#define ROUNDS 4000

static const struct wire_step answering[] = {
    {WIRE_READ, NULL, 0}, {WIRE_SEND, DONE_ANSWER, 0}, {WIRE_AGAIN, NULL, 0}};
static const struct wire_step schemas[] = {{WIRE_READ, NULL, 0},
                                           {WIRE_SEND, SCHEMAS_HEAD, 0},
                                           {WIRE_SEND, ACTIONS, 0},
                                           {WIRE_END, NULL, 0}};
static const struct wire_step silent[] = {{WIRE_READ, NULL, 0}, {WIRE_HOLD, NULL, 0}};
static const struct wire_step early[] = {
    {WIRE_HEAD, NULL, 0},
    {WIRE_SEND, "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n", 0},
    {WIRE_HOLD, NULL, 0}};
static const struct wire_step talking[] = {{WIRE_SEND, DONE_ANSWER, 0}, {WIRE_HOLD, NULL, 0}};
static const struct wire_step closing[] = {{WIRE_END, NULL, 0}};
static const struct wire_step resetting[] = {{WIRE_RESET, NULL, 0}};
static const struct wire_step lost[] = {
    {WIRE_READ, NULL, 0}, {WIRE_SEND, DONE_ANSWER, 0}, {WIRE_READ, NULL, 0}, {WIRE_RESET, NULL, 0}};
static const struct wire_step lost_idle[] = {
    {WIRE_READ, NULL, 0}, {WIRE_SEND, DONE_ANSWER, 0}, {WIRE_END, NULL, 0}};
static const struct wire_step cut_off[] = {
    {WIRE_READ, NULL, 0}, {WIRE_SEND, JSON_HEAD("28") "{\"data", 0}, {WIRE_END, NULL, 0}};
static const struct wire_step busy[] = {
    {WIRE_READ, NULL, 0},
    {WIRE_SEND, "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", 0},
    {WIRE_AGAIN, NULL, 0}};
static const struct wire_step moved[] = {
    {WIRE_READ, NULL, 0},
    {WIRE_SEND, "HTTP/1.1 307 There\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n", 0},
    {WIRE_AGAIN, NULL, 0}};
static const struct wire_step nonsense[] = {
    {WIRE_READ, NULL, 0}, {WIRE_SEND, "SSH-2.0-OpenSSH_9.2\r\n", 0}, {WIRE_HOLD, NULL, 0}};
static const struct wire_step large[] = {{WIRE_READ, NULL, 0},
                                         {WIRE_SEND, FILE_HEAD("700000"), 0},
                                         {WIRE_FILL, NULL, 700000},
                                         {WIRE_AGAIN, NULL, 0}};
static const struct wire_step large_cut[] = {{WIRE_READ, NULL, 0},
                                             {WIRE_SEND, FILE_HEAD("700000"), 0},
                                             {WIRE_FILL, NULL, 400000},
                                             {WIRE_RESET, NULL, 0}};

static const struct wire_step *const kinds[] = {
    answering, answering, schemas, schemas, silent, early, talking,  closing, resetting,
    lost,      lost_idle, cut_off, busy,    moved,  large, nonsense, large,   large_cut};

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245U + 12345U;
    return *seed >> 16;
}

/* Begins a call; which one is a matter of chance. */
static void begin(struct world *w, unsigned *seed)
{
    struct outcome *o;
    unsigned n = next_random(seed);
    if (w->count == CALLS) {
        return;
    }
    if (n % 16) {
        teach(w);
    } else {
        forget_schemas(w);
    }
    switch (n % 4) {
    case 0:
        o = start_upload(w, n % 7 ? n * 8 : 0, n & 8);
        break;
    case 1:
        o = start_download(w);
        break;
    default:
        o = start(w);
    }
    o->lazy = n & 16;
    o->starve = n & 32;
}

static void cancel(struct world *w, struct outcome *o)
{
    if (!o->ended) {
        transfer_cancel(w->transfer, o->call, BOSA_CANCELLED);
        assert_int_equal(o->call->state, CALL_ENDED);
        o->ended = true;
    }
}

/* Feeds or takes what was left where it was. */
static void relent(struct world *w, struct outcome *o)
{
    (void)take_all(w);
    if (o->ended) {
        return;
    }
    struct body *body = o->call->request.body;
    o->lazy = o->starve = false;
    drain(w, o);
    if (body && body_needs_input(body) != BODY_NO_FEED) {
        feed(w, o);
    }
}

static void look(struct world *w)
{
    struct pollfd p = {transfer_fd(w->transfer), POLLIN, 0};
    if (poll(&p, 1, 1) == 1) {
        (void)transfer_step(w->transfer, 0);
    }
    (void)take_all(w);
}

/* Three calls that are only responded when all are there. */
static void assert_slots_are_free(struct world *w)
{
    static const struct wire_step meeting[] = {{WIRE_READ, NULL, 0},
                                               {WIRE_MEET, NULL, 3},
                                               {WIRE_SEND, DONE_ANSWER, 0},
                                               {WIRE_END, NULL, 0}};
    struct transfer *transfer = w->transfer;
    wire_server_stop(w->server);
    hub_unref(w->hub);
    w->policy.timeout = 20000;
    open_one(w, meeting);
    transfer_free(w->transfer);
    w->transfer = transfer;
    struct outcome *o[3];
    for (int i = 0; i < 3; i++) {
        o[i] = start(w);
    }
    for (int i = 0; i < 3; i++) {
        finish(w, o[i]);
        assert_ok(o[i]);
    }
}

static void play(struct world *w, unsigned seed)
{
    static const struct wire_step *scripts[SCRIPTS];
    for (size_t i = 0; i + 1 < SCRIPTS; i++) {
        scripts[i] = kinds[next_random(&seed) % COUNT(kinds)];
    }
    scripts[SCRIPTS - 1] = answering;
    w->options.max_connections = 3;
    w->policy.max_attempts = 2;
    w->policy.timeout = 60;
    w->events = seed & 1;
    open_world(w, scripts, SCRIPTS);
    for (int i = 0; i < ROUNDS && wire_server_connections(w->server) < SCRIPTS; i++) {
        unsigned n = next_random(&seed);
        struct outcome *o = w->count > 0 ? &w->calls[next_random(&seed) % w->count] : NULL;
        if (n % 8 < 2) {
            begin(w, &seed);
        } else if (o && n % 8 == 2 && n & 64) {
            cancel(w, o);
        } else if (o && n % 8 == 3) {
            relent(w, o);
        } else {
            look(w);
        }
    }
    for (size_t i = 0; i < w->count; i++) {
        cancel(w, &w->calls[i]);
    }
    assert_int_equal(transfer_active(w->transfer), 0);
    assert_slots_are_free(w);
}

static void one_order(void **state)
{
    play(*state, 1);
}

static void another_order(void **state)
{
    play(*state, 20);
}

static void a_third_order(void **state)
{
    play(*state, 1025);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(one_order),
        world_test(another_order),
        world_test(a_third_order),
    };
    return cmocka_run_group_tests_name("transfer, at random", tests, NULL, NULL);
}
