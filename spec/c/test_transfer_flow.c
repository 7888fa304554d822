/* Many calls at once: the queue, cancelling, pauses, shared fetches, deadlines. */
#include "transfer_fixture.h"

#include <zlib.h>

static const struct wire_step answering[] = {
    {WIRE_READ, NULL, 0}, {WIRE_SEND, DONE_ANSWER, 0}, {WIRE_AGAIN, NULL, 0}};

/* Reads a request and responses when the gate is open. */
static const struct wire_step gated[] = {
    {WIRE_READ, NULL, 0}, {WIRE_GATE, NULL, 0}, {WIRE_SEND, DONE_ANSWER, 0}, {WIRE_AGAIN, NULL, 0}};

static const struct wire_step silent[] = {{WIRE_READ, NULL, 0}, {WIRE_HOLD, NULL, 0}};

/* ---- the queue ---- */

static void calls_share_connections_and_all_are_responded(void **state)
{
    struct world *w = *state;
    w->options.max_connections = 16;
    open_one(w, answering);
    for (int i = 0; i < 200; i++) {
        (void)start(w);
    }
    assert_int_equal(transfer_active(w->transfer), 200);
    finish_all(w);
    for (size_t i = 0; i < w->count; i++) {
        assert_ok(&w->calls[i]);
    }
    assert_int_equal(wire_server_requests(w->server), 200);
    assert_true(wire_server_connections(w->server) <= 16);
}

static void calls_go_out_in_the_order_they_came(void **state)
{
    struct world *w = *state;
    w->options.max_connections = 1;
    open_one(w, answering);
    for (int i = 0; i < 50; i++) {
        (void)start(w);
    }
    finish_all(w);
    for (size_t i = 0; i < w->count; i++) {
        assert_ok(&w->calls[i]);
        assert_int_equal(w->calls[i].order, i);
    }
    assert_int_equal(wire_server_connections(w->server), 1);
}

static void no_more_than_allowed_are_under_way(void **state)
{
    struct world *w = *state;
    w->options.max_connections = 3;
    open_one(w, gated);
    for (int i = 0; i < 10; i++) {
        (void)start(w);
    }
    until_requests(w, 3);
    assert_int_equal(wire_server_requests(w->server), 3);
    wire_server_open(w->server);
    finish_all(w);
    assert_int_equal(wire_server_requests(w->server), 10);
    assert_int_equal(wire_server_connections(w->server), 3);
}

/* ---- cancelling ---- */

/* Cancels, and expects what a cancelled call is. */
static void cancel(struct world *w, struct outcome *o, enum bosa_status kind, enum bosa_sent sent)
{
    size_t active = transfer_active(w->transfer);
    transfer_cancel(w->transfer, o->call, kind);
    assert_failed(o, kind, sent);
    assert_null(o->call->transport);
    assert_int_equal(transfer_active(w->transfer), active - 1);
    assert_false(o->ended);
    o->ended = true; /* take_all fails when a note comes all the same */
}

static void a_call_under_way_is_cancelled_at_once(void **state)
{
    struct world *w = *state;
    open_one(w, gated);
    struct outcome *o = start(w);
    struct outcome *other = start(w);
    until_requests(w, 2);
    cancel(w, o, BOSA_CANCELLED, BOSA_SENT_MAYBE);
    wire_server_open(w->server);
    finish(w, other);
    assert_ok(other);
}

static void a_queued_call_is_cancelled_and_others_keep_their_places(void **state)
{
    struct world *w = *state;
    w->options.max_connections = 1;
    open_one(w, gated);
    for (int i = 0; i < 5; i++) {
        (void)start(w);
    }
    until_requests(w, 1);
    cancel(w, &w->calls[2], BOSA_CANCELLED, BOSA_SENT_NO);
    cancel(w, &w->calls[4], BOSA_CLOSED, BOSA_SENT_NO);
    wire_server_open(w->server);
    finish_all(w);
    assert_int_equal(w->calls[0].order, 0);
    assert_int_equal(w->calls[1].order, 1);
    assert_int_equal(w->calls[3].order, 2);
    assert_int_equal(wire_server_requests(w->server), 3);
}

static void cancelling_gives_the_place_to_the_next(void **state)
{
    static const struct wire_step *const scripts[] = {silent, answering};
    struct world *w = *state;
    w->options.max_connections = 1;
    open_world(w, scripts, 2);
    struct outcome *o = start(w);
    struct outcome *next = start(w);
    until_requests(w, 1);
    cancel(w, o, BOSA_CANCELLED, BOSA_SENT_MAYBE);
    finish(w, next);
    assert_ok(next);
}

static void a_call_that_waits_for_its_next_attempt_is_cancelled(void **state)
{
    static const struct wire_step busy[] = {
        {WIRE_READ, NULL, 0},
        {WIRE_SEND,
         "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n", 0},
        {WIRE_AGAIN, NULL, 0}};
    struct world *w = *state;
    w->policy.max_attempts = 2;
    open_one(w, busy);
    struct outcome *o = start(w);
    while (o->call->state != CALL_WAITING) {
        turn(w);
    }
    cancel(w, o, BOSA_CANCELLED, BOSA_SENT_YES);
    assert_int_equal(wire_server_requests(w->server), 1);
}

static void a_paused_call_is_cancelled(void **state)
{
    static const struct wire_step large[] = {{WIRE_READ, NULL, 0},
                                             {WIRE_SEND, FILE_HEAD("4000000"), 0},
                                             {WIRE_FILL, NULL, 4000000},
                                             {WIRE_END, NULL, 0}};
    struct world *w = *state;
    open_one(w, large);
    struct outcome *down = start_download(w);
    down->lazy = true;
    struct outcome *up = start_upload(w, 1000, true);
    up->starve = true;
    while (!(down->notes & TRANSFER_CHUNK) || !(up->notes & TRANSFER_NEEDS_INPUT)) {
        turn(w);
    }
    cancel(w, up, BOSA_FILE, BOSA_SENT_MAYBE);
    cancel(w, down, BOSA_CANCELLED, BOSA_SENT_YES);
}

static void an_ended_call_that_was_not_taken_can_be_cancelled(void **state)
{
    struct world *w = *state;
    open_one(w, answering);
    struct outcome *o = start(w);
    while (o->call->state != CALL_ENDED) {
        (void)transfer_step(w->transfer, -1);
    }
    transfer_cancel(w->transfer, o->call, BOSA_CANCELLED);
    assert_true(o->call->ok);
    o->ended = true;
    assert_int_equal(take_all(w), 0);
    transfer_cancel(w->transfer, o->call, BOSA_CANCELLED);
}

static void freeing_closes_every_call(void **state)
{
    struct world *w = *state;
    w->options.max_connections = 2;
    open_one(w, silent);
    for (int i = 0; i < 4; i++) {
        (void)start(w);
    }
    forget_schemas(w);
    (void)start(w);
    until_requests(w, 2);
    transfer_free(w->transfer);
    w->transfer = NULL;
    for (size_t i = 0; i < 5; i++) {
        assert_failed(&w->calls[i], BOSA_CLOSED, i < 2 ? BOSA_SENT_MAYBE : BOSA_SENT_NO);
        assert_null(w->calls[i].call->transport);
    }
}

/* ---- bytes by way of the caller ---- */

#define BIG ((size_t)100 << 20)

static void big_answers_side_by_side_arrive_whole(void **state)
{
    static const struct wire_step big[] = {{WIRE_READ, NULL, 0},
                                           {WIRE_SEND, FILE_HEAD("104857600"), 0},
                                           {WIRE_FILL, NULL, BIG},
                                           {WIRE_END, NULL, 0}};
    struct world *w = *state;
    open_one(w, big);
    for (int i = 0; i < 4; i++) {
        (void)start_download(w);
    }
    finish_all(w);
    for (size_t i = 0; i < 4; i++) {
        drain(w, &w->calls[i]);
        assert_ok(&w->calls[i]);
        assert_int_equal(w->calls[i].received, BIG);
    }
}

static void an_answer_nobody_takes_is_held_back(void **state)
{
    static const struct wire_step large[] = {{WIRE_READ, NULL, 0},
                                             {WIRE_SEND, FILE_HEAD("9000000"), 0},
                                             {WIRE_FILL, NULL, 9000000},
                                             {WIRE_END, NULL, 0}};
    static const struct wire_step *const scripts[] = {large, answering};
    struct world *w = *state;
    open_world(w, scripts, 2);
    struct outcome *o = start_download(w);
    o->lazy = true;
    until_requests(w, 1);
    for (int i = 0; i < 50; i++) { /* others go on meanwhile */
        struct outcome *other = start(w);
        finish(w, other);
        assert_ok(other);
    }
    assert_true(o->call->reply.sink.bytes.len <= SINK_QUEUE_LIMIT);
    o->lazy = false;
    drain(w, o);
    finish(w, o);
    drain(w, o);
    assert_ok(o);
    assert_int_equal(o->received, 9000000);
}

static void a_file_may_come_compressed_too(void **state)
{
    struct world *w = *state;
    char head[2048];
    size_t body;
    open_one(w, answering);
    finish(w, start_download(w));
    wire_server_last(w->server, head, sizeof head, &body);
    assert_non_null(strstr(head, "\r\nAccept-Encoding: gzip\r\n"));
}

/* the last of it comes out of the decoder when the queue is full, and nothing is left to receive */
#define UNPACKED (SINK_QUEUE_LIMIT + 100)

/* A response whose gzip content unpacks to UNPACKED zeros; owned by the caller. */
static char *write_gzip_response(const char *framing, size_t *len)
{
    uLong cap = 8192;
    char *zeros = calloc(1, UNPACKED), *out = malloc(cap);
    unsigned char packed[6000];
    z_stream z;
    memset(&z, 0, sizeof z);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)zeros;
    z.avail_in = UNPACKED;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t size = sizeof packed - z.avail_out;
    deflateEnd(&z);
    free(zeros);
    int head = snprintf(out, cap,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                        "Content-Encoding: gzip\r\n%s%zu\r\n\r\n",
                        framing, size);
    memcpy(out + head, packed, size);
    *len = (size_t)head + size;
    return out;
}

/* Little comes, and much comes of it: the caller takes it in many turns, and nothing more that
 * comes from the server has them go on. */
static void a_compressed_file_is_taken_without_further_events(void **state)
{
    static const struct {
        const char *framing;
        enum wire_op after;
    } rows[] = {{"Content-Length: ", WIRE_HOLD}, {"X-Length: ", WIRE_END}};
    static struct wire_step scripts[COUNT(rows)][4];
    static const struct wire_step *all[COUNT(rows)];
    struct world *w = *state;
    char *responses[COUNT(rows)];
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len;
        responses[i] = write_gzip_response(rows[i].framing, &len);
        scripts[i][0] = (struct wire_step){WIRE_READ, NULL, 0};
        scripts[i][1] = (struct wire_step){WIRE_SEND, responses[i], len};
        scripts[i][2] = (struct wire_step){rows[i].after, NULL, 0};
        all[i] = scripts[i];
    }
    w->policy.timeout = 20000;
    w->options.max_connections = 1;
    open_world(w, all, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct outcome *o = start_download(w);
        finish(w, o);
        drain(w, o);
        assert_ok(o);
        assert_int_equal(o->received, UNPACKED);
        transfer_free(w->transfer); /* its connection is kept */
        struct bosa_error err;
        error_init(&err);
        assert_int_equal(transfer_new(&w->transfer, &w->options, &err), BOSA_OK);
    }
    wire_server_stop(w->server);
    w->server = NULL;
    for (size_t i = 0; i < COUNT(rows); i++) {
        free(responses[i]);
    }
}

static void an_upload_is_fed_piece_by_piece(void **state)
{
    struct world *w = *state;
    char head[8192];
    size_t body;
    open_one(w, answering);
    for (int known = 0; known <= 1; known++) {
        struct outcome *o = start_upload(w, 3000000, known);
        finish(w, o);
        assert_ok(o);
        assert_true(o->notes & TRANSFER_NEEDS_INPUT);
        assert_int_equal(o->feed_left, 0);
        wire_server_last(w->server, head, sizeof head, &body);
        assert_int_equal(strstr(head, "Transfer-Encoding: chunked\r\n") != NULL, !known);
        assert_true(body > 3000000 && body < 3001000);
    }
    assert_int_equal(wire_server_connections(w->server), 1);
}

static void an_upload_that_needs_input_waits_for_its_caller(void **state)
{
    struct world *w = *state;
    open_one(w, answering);
    struct outcome *o = start_upload(w, 200000, true);
    o->starve = true;
    while (!(o->notes & TRANSFER_NEEDS_INPUT)) {
        turn(w);
    }
    struct outcome *other = start(w);
    finish(w, other);
    assert_ok(other);
    assert_false(o->ended);
    o->starve = false;
    feed(w, o);
    finish(w, o);
    assert_ok(o);
}

static void an_upload_that_gives_too_little_fails_here(void **state)
{
    struct world *w = *state;
    open_one(w, answering);
    struct outcome *o = start_upload(w, 200000, true);
    o->feed_left = 1000;
    finish(w, o);
    assert_failed(o, BOSA_FILE, BOSA_SENT_MAYBE);
    assert_int_equal(wire_server_requests(w->server), 0);
}

static void progress_is_told_where_it_is_asked_for(void **state)
{
    struct world *w = *state;
    open_one(w, answering);
    struct invocation *invocation = make_plan(w, "list");
    invocation->progress = true;
    struct outcome *o = start_plan(w, invocation);
    int64_t sent = 0;
    while (!(o->notes & TRANSFER_PROGRESS)) {
        turn(w);
    }
    sent = o->call->request.body ? body_done(o->call->request.body) : 2;
    assert_int_equal(sent, 2);
    finish(w, o);
    assert_ok(o);
}

/* ---- schemas ---- */

static const struct wire_step discovery[] = {{WIRE_READ, NULL, 0},
                                             {WIRE_GATE, NULL, 0},
                                             {WIRE_SEND, SCHEMAS_HEAD, 0},
                                             {WIRE_SEND, ACTIONS, 0},
                                             {WIRE_END, NULL, 0}};
static const struct wire_step *const discovering[] = {discovery, answering};

static void one_fetch_serves_all_who_wait(void **state)
{
    struct world *w = *state;
    open_world(w, discovering, 2);
    forget_schemas(w);
    for (int i = 0; i < 100; i++) {
        (void)start(w);
    }
    until_requests(w, 1);
    assert_int_equal(w->calls[99].call->state, CALL_SCHEMAS);
    wire_server_open(w->server);
    finish_all(w);
    for (size_t i = 0; i < w->count; i++) {
        assert_ok(&w->calls[i]);
    }
    assert_int_equal(wire_server_requests(w->server), 101);
}

static void a_failed_fetch_fails_all_who_wait(void **state)
{
    static const struct wire_step failing[] = {
        {WIRE_READ, NULL, 0},
        {WIRE_SEND, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 0},
        {WIRE_AGAIN, NULL, 0}};
    struct world *w = *state;
    open_one(w, failing);
    forget_schemas(w);
    for (int i = 0; i < 3; i++) {
        (void)start(w);
    }
    finish_all(w);
    for (size_t i = 0; i < 3; i++) {
        assert_failed(&w->calls[i], BOSA_SERVER, BOSA_SENT_NO);
        assert_int_equal(w->calls[i].call->attempts, 0);
    }
    assert_int_equal(wire_server_requests(w->server), 1);
}

static void a_fetch_outlives_the_one_who_asked_first(void **state)
{
    struct world *w = *state;
    open_world(w, discovering, 2);
    forget_schemas(w);
    struct outcome *first = start(w);
    struct outcome *second = start(w);
    until_requests(w, 1);
    cancel(w, first, BOSA_CANCELLED, BOSA_SENT_NO);
    wire_server_open(w->server);
    finish(w, second);
    assert_ok(second);
    assert_int_equal(wire_server_requests(w->server), 2);
}

static void a_fetch_nobody_waits_for_is_given_up(void **state)
{
    static const struct wire_step *const scripts[] = {silent, discovery, answering};
    struct world *w = *state;
    w->options.max_connections = 1;
    open_world(w, scripts, 3);
    wire_server_open(w->server);
    forget_schemas(w);
    struct outcome *o = start(w);
    until_requests(w, 1);
    cancel(w, o, BOSA_CANCELLED, BOSA_SENT_NO);
    o = start(w); /* would wait for ever if the fetch still held the only place */
    finish(w, o);
    assert_ok(o);
}

/* ---- deadlines ---- */

static void the_deadline_is_kept_in_every_state(void **state)
{
    static const struct wire_step *const scripts[] = {silent};
    struct world *w = *state;
    w->options.max_connections = 1;
    w->policy.deadline = 1600;
    open_world(w, scripts, 1);
    struct outcome *flying = start(w);
    w->policy.deadline = 800;
    struct outcome *queued = start(w);
    until_requests(w, 1);
    forget_schemas(w);
    struct outcome *fetching = start(w);
    assert_int_equal(flying->call->state, CALL_EXCHANGE);
    assert_int_equal(queued->call->state, CALL_EXCHANGE);
    assert_int_equal(fetching->call->state, CALL_SCHEMAS);
    finish_all(w);
    assert_failed(flying, BOSA_TIMEOUT, BOSA_SENT_MAYBE);
    assert_failed(queued, BOSA_TIMEOUT, BOSA_SENT_NO);
    assert_failed(fetching, BOSA_TIMEOUT, BOSA_SENT_NO);
    assert_non_null(strstr(flying->call->error.message, "deadline of 1.6 s"));
}

static void a_short_wait_is_waited_out(void **state)
{
    static const struct wire_step busy[] = {
        {WIRE_READ, NULL, 0},
        {WIRE_SEND, "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", 0},
        {WIRE_HOLD, NULL, 0}};
    static const struct wire_step *const scripts[] = {busy, answering};
    struct world *w = *state;
    w->policy.max_attempts = 2;
    open_world(w, scripts, 2); /* the connection that brought the 503 is not used again */
    struct outcome *o = start(w);
    finish(w, o);
    assert_ok(o);
    assert_int_equal(o->call->attempts, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(calls_share_connections_and_all_are_responded),
        world_test(calls_go_out_in_the_order_they_came),
        world_test(no_more_than_allowed_are_under_way),
        world_test(a_call_under_way_is_cancelled_at_once),
        world_test(a_queued_call_is_cancelled_and_others_keep_their_places),
        world_test(cancelling_gives_the_place_to_the_next),
        world_test(a_call_that_waits_for_its_next_attempt_is_cancelled),
        world_test(a_paused_call_is_cancelled),
        world_test(an_ended_call_that_was_not_taken_can_be_cancelled),
        world_test(freeing_closes_every_call),
        world_test(big_answers_side_by_side_arrive_whole),
        world_test(an_answer_nobody_takes_is_held_back),
        world_test(a_file_may_come_compressed_too),
        world_test(a_compressed_file_is_taken_without_further_events),
        world_test(an_upload_is_fed_piece_by_piece),
        world_test(an_upload_that_needs_input_waits_for_its_caller),
        world_test(an_upload_that_gives_too_little_fails_here),
        world_test(progress_is_told_where_it_is_asked_for),
        world_test(one_fetch_serves_all_who_wait),
        world_test(a_failed_fetch_fails_all_who_wait),
        world_test(a_fetch_outlives_the_one_who_asked_first),
        world_test(a_fetch_nobody_waits_for_is_given_up),
        world_test(the_deadline_is_kept_in_every_state),
        world_test(a_short_wait_is_waited_out),
    };
    return cmocka_run_group_tests_name("transfer, many calls", tests, NULL, NULL);
}
