/* One exchange: what is sent, what is read, and what it is called when it breaks. */
#include "http/header_fields.h"
#include "transfer_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Steps of a server that responses every request on a connection with one text. */
#define ANSWER_ALWAYS(text)                                                                        \
    {WIRE_READ, NULL, 0}, {WIRE_SEND, text, 0},                                                    \
    {                                                                                              \
        WIRE_AGAIN, NULL, 0                                                                        \
    }
/* And of one that responses once and closes. */
#define ANSWER_ONCE(text)                                                                          \
    {WIRE_READ, NULL, 0}, {WIRE_SEND, text, 0},                                                    \
    {                                                                                              \
        WIRE_END, NULL, 0                                                                          \
    }

static const struct wire_step answering[] = {ANSWER_ALWAYS(DONE_ANSWER)};

/* ---- what is sent ---- */

static void a_call_is_sent_and_responded(void **state)
{
    struct world *w = *state;
    char head[8192];
    size_t body;
    open_one(w, answering);
    struct outcome *o = start(w);
    finish(w, o);
    assert_ok(o);
    assert_int_equal(o->call->reply.status, 200);
    assert_int_equal(o->notes, TRANSFER_ENDED);
    assert_null(o->call->transport);
    wire_server_last(w->server, head, sizeof head, &body);
    assert_memory_equal(head, "POST /connectors/github/list HTTP/1.1\r\n", 39);
    assert_non_null(strstr(head, "\r\nX-API-Key: sk-client-abcdefgh\r\n"));
    assert_non_null(strstr(head, "\r\nContent-Length: 2\r\n"));
    assert_non_null(strstr(head, "\r\nUser-Agent: bosa-lua/"));
    assert_non_null(strstr(head, "\r\nAccept-Encoding: "));
    assert_null(strstr(head, "Expect"));
    assert_int_equal(body, 2);
}

static void fields_of_the_caller_are_sent_even_empty_ones(void **state)
{
    struct world *w = *state;
    char head[8192];
    size_t body;
    w->options.user_agent = "tester";
    open_one(w, answering);
    struct invocation *invocation = make_plan(w, "list");
    assert_int_equal(fields_add(&invocation->fields, "X-One", 5, "1", 1, NULL), BOSA_OK);
    assert_int_equal(fields_add(&invocation->fields, "X-None", 6, "", 0, NULL), BOSA_OK);
    struct outcome *o = start_plan(w, invocation);
    finish(w, o);
    assert_ok(o);
    wire_server_last(w->server, head, sizeof head, &body);
    assert_non_null(strstr(head, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(head, "\r\nX-None:\r\n"));
    assert_non_null(strstr(head, "\r\nUser-Agent: tester\r\n"));
}

/* Starts an endpoint's call. */
static struct outcome *start_endpoint(struct world *w, enum endpoint endpoint)
{
    struct outcome *o = &w->calls[w->count++];
    hub_set_dialect(w->hub, endpoint, DIALECT_CURRENT);
    o->call = call_new_endpoint(w->hub, endpoint, "github", "me", "token", NULL);
    assert_non_null(o->call);
    o->call->owner = o;
    transfer_start(w->transfer, o->call);
    return o;
}

static void methods_without_a_body_are_sent_without_a_type(void **state)
{
    static const struct {
        enum endpoint endpoint;
        const char *line;
        bool has_length;
    } rows[] = {{ENDPOINT_GET_INTEGRATION, "GET ", false},
                {ENDPOINT_SELECT_INTEGRATION, "POST ", true},
                {ENDPOINT_REMOVE_INTEGRATION, "DELETE ", false},
                {ENDPOINT_GET_INTEGRATION, "GET ", false}};
    struct world *w = *state;
    char head[8192];
    size_t body;
    w->options.max_connections = 1;
    open_one(w, answering);
    for (size_t i = 0; i < COUNT(rows); i++) {
        finish(w, start_endpoint(w, rows[i].endpoint));
        assert_ok(&w->calls[i]);
        wire_server_last(w->server, head, sizeof head, &body);
        assert_memory_equal(head, rows[i].line, strlen(rows[i].line));
        assert_int_equal(strstr(head, "Content-Length: 0\r\n") != NULL, rows[i].has_length);
        assert_null(strstr(head, "Content-Type"));
        assert_int_equal(body, 0);
    }
    assert_int_equal(wire_server_connections(w->server), 1);
}

static void a_connection_is_kept_and_used_again(void **state)
{
    struct world *w = *state;
    open_one(w, answering);
    for (int i = 0; i < 5; i++) {
        struct outcome *o = start(w);
        finish(w, o);
        assert_ok(o);
    }
    assert_int_equal(wire_server_connections(w->server), 1);
    assert_int_equal(wire_server_requests(w->server), 5);
}

/* ---- what is read ---- */

static void an_answer_of_each_framing_is_read(void **state)
{
    static const char gzip[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        "Content-Length: 45\r\n\r\n"
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xab\x56\x4a\x49\x2c\x49\x54\xb2\xaa\x56\xca\x53"
        "\xb2\x32\xac\xd5\x51\xca\x4d\x05\x71\xf3\x4a\x73\x72\x6a\x01\x51\x26\x56\xef\x1c\x00\x00"
        "\x00";
    static const struct wire_step script[] = {
        {WIRE_READ, NULL, 0},
        {WIRE_SEND, DONE_ANSWER, 0},
        {WIRE_READ, NULL, 0},
        {WIRE_SEND,
         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
         "8\r\n{\"data\":\r\n14\r\n{\"n\":1},\"meta\":null}\r\n0\r\n\r\n",
         0},
        {WIRE_READ, NULL, 0},
        {WIRE_SEND,
         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1c\r\n" DONE "\r\n0\r\nContent-Type: text/plain\r\nX-Late: 1\r\n\r\n",
         0},
        {WIRE_READ, NULL, 0},
        {WIRE_SEND, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" DONE_ANSWER, 0},
        {WIRE_READ, NULL, 0},
        {WIRE_SEND, gzip, sizeof gzip - 1},
        {WIRE_READ, NULL, 0},
        {WIRE_SEND, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" DONE, 0},
        {WIRE_END, NULL, 0}};
    struct world *w = *state;
    open_one(w, script);
    for (int i = 0; i < 6; i++) {
        struct outcome *o = start(w);
        finish(w, o);
        assert_ok(o);
        const struct reply *reply = &o->call->reply;
        assert_int_equal(reply->kind, REPLY_JSON);
        assert_true(json_number(&reply->doc, json_member(&reply->doc, reply->data, "n")) == 1);
        assert_null(fields_get(&reply->fields, "X-Late"));
        assert_null(fields_get(&reply->fields, "X-Early"));
        assert_string_equal(fields_get(&reply->fields, "Content-Type"), "application/json");
    }
    assert_int_equal(wire_server_connections(w->server), 1);
}

static void an_answer_without_a_body_is_read(void **state)
{
    static const struct wire_step script[] = {ANSWER_ALWAYS("HTTP/1.1 204 No Content\r\n\r\n")};
    struct world *w = *state;
    open_one(w, script);
    struct outcome *o = start(w);
    finish(w, o);
    assert_ok(o);
    assert_int_equal(o->call->reply.kind, REPLY_EMPTY);
}

static void events_tell_what_went_over_the_wire(void **state)
{
    struct world *w = *state;
    struct call_event event = {.type = EVENT_WAIT};
    w->events = true;
    open_one(w, answering);
    struct outcome *first = start(w);
    finish(w, first);
    struct outcome *o = start(w);
    finish(w, o);
    assert_ok(o);
    assert_true(o->notes & TRANSFER_EVENT);
    while (event.type != EVENT_RESPONSE) {
        assert_true(call_next_event(o->call, &event));
    }
    char head[8192];
    size_t body;
    wire_server_last(w->server, head, sizeof head, &body);
    assert_true(event.timing.reused);
    assert_int_equal(event.timing.bytes_up, strlen(head) + body);
    assert_int_equal(event.timing.bytes_down, strlen(DONE_ANSWER));
    assert_true(event.timing.tls < 0);
    assert_true(event.timing.total >= event.timing.first_byte);
}

/* ---- responses that make no sense ---- */

static void nonsense_is_called_so(void **state)
{
    static const struct wire_step greeting[] = {ANSWER_ONCE("220 mail.example.com ESMTP\r\n\r\n")};
    static const struct wire_step encoding[] = {
        ANSWER_ONCE("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    "Content-Encoding: gzip\r\nContent-Length: 28\r\n\r\n" DONE)};
    static const struct wire_step status[] = {ANSWER_ONCE("HTTP/1.1 999 Oh\r\n\r\n")};
    static const struct wire_step field[] = {ANSWER_ONCE("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")};
    static const struct wire_step line[] = {{WIRE_READ, NULL, 0},
                                            {WIRE_SEND, "HTTP/1.1 200 OK\r\nX: ", 0},
                                            {WIRE_FILL, NULL, 300000},
                                            {WIRE_HOLD, NULL, 0}};
    static const struct wire_step large[] = {{WIRE_READ, NULL, 0},
                                             {WIRE_SEND, JSON_HEAD("2000000"), 0},
                                             {WIRE_FILL, NULL, 2000000},
                                             {WIRE_END, NULL, 0}};
    static const struct {
        const struct wire_step *script;
        enum bosa_sent sent;
        const char *words; /* part of the message */
    } rows[] = {{greeting, BOSA_SENT_MAYBE, "malformed response"},
                {encoding, BOSA_SENT_YES, "content coding"},
                {status, BOSA_SENT_MAYBE, "status"},
                {field, BOSA_SENT_YES, "colon"},
                {line, BOSA_SENT_YES, "too long"},
                {large, BOSA_SENT_YES, "max_response_size"}};
    static const struct wire_step *scripts[COUNT(rows)];
    struct world *w = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        scripts[i] = rows[i].script;
    }
    open_world(w, scripts, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct outcome *o = start(w);
        finish(w, o);
        assert_failed(o, BOSA_PROTOCOL, rows[i].sent);
        if (!strstr(o->call->error.message, rows[i].words)) {
            fail_msg("row %zu: %s", i, o->call->error.message);
        }
    }
}

/* ---- connections that are lost ---- */

static void a_lost_connection_tells_how_far_it_got(void **state)
{
    static const struct wire_step silent[] = {{WIRE_READ, NULL, 0}, {WIRE_END, NULL, 0}};
    static const struct wire_step reset[] = {{WIRE_READ, NULL, 0}, {WIRE_RESET, NULL, 0}};
    static const struct wire_step head[] = {ANSWER_ONCE("HTTP/1.1 200 OK\r\nContent-")};
    static const struct wire_step cut[] = {ANSWER_ONCE(JSON_HEAD("28") "{\"data\":")};
    static const struct wire_step chunk[] = {
        ANSWER_ONCE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"data\"")};
    static const struct {
        const struct wire_step *script;
        enum bosa_sent sent;
        const char *end;
    } rows[] = {
        {silent, BOSA_SENT_MAYBE, " was lost before a response came (closed by the server)"},
        {reset, BOSA_SENT_MAYBE,
         " was lost before a response came (Recv failure: Connection reset by peer)"},
        {head, BOSA_SENT_YES, NULL},
        {cut, BOSA_SENT_YES, " was lost within the response (closed by the server)"},
        {chunk, BOSA_SENT_YES, NULL}};
    static const struct wire_step *scripts[COUNT(rows)];
    struct world *w = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        scripts[i] = rows[i].script;
    }
    open_world(w, scripts, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct outcome *o = start(w);
        finish(w, o);
        assert_failed(o, BOSA_CONNECTION, rows[i].sent);
        assert_true(o->call->error.retryable);
        if (rows[i].end) {
            assert_says(w, o, "the connection to ", rows[i].end);
            assert_non_null(strstr(rows[i].end, o->call->error.cause));
        }
    }
}

static void a_refused_connection_was_not_sent(void **state)
{
    struct world *w = *state;
    open_one(w, answering);
    wire_server_refuse(w->server);
    struct outcome *o = start(w);
    finish(w, o);
    assert_failed(o, BOSA_CONNECTION, BOSA_SENT_NO);
    assert_says(w, o, "cannot connect to ", " (Connection refused)");
    assert_string_equal(o->call->error.cause, "Connection refused");
}

static void no_secure_connection_was_not_sent(void **state)
{
    static const struct wire_step script[] = {{WIRE_SEND, "HTTP/1.1 400 Bad Request\r\n\r\n", 0},
                                              {WIRE_HOLD, NULL, 0}};
    static const struct wire_step *const scripts[] = {script};
    struct world *w = *state;
    char url[64];
    w->server = wire_server_start(scripts, 1);
    snprintf(url, sizeof url, "https://127.0.0.1:%d", wire_server_port(w->server));
    open_at(w, url);
    struct outcome *o = start(w);
    finish(w, o);
    assert_failed(o, BOSA_TLS, BOSA_SENT_NO);
    assert_memory_equal(o->call->error.message, "no secure connection to 127.0.0.1:", 34);
}

/* ---- times ---- */

static void silence_ends_with_the_time_of_the_attempt(void **state)
{
    static const struct wire_step silent[] = {{WIRE_READ, NULL, 0}, {WIRE_HOLD, NULL, 0}};
    static const struct wire_step stalled[] = {
        {WIRE_READ, NULL, 0}, {WIRE_SEND, JSON_HEAD("28") "{", 0}, {WIRE_HOLD, NULL, 0}};
    static const struct wire_step *const scripts[] = {silent, stalled};
    struct world *w = *state;
    w->policy.timeout = 60;
    open_world(w, scripts, 2);
    struct outcome *o = start(w);
    finish(w, o);
    assert_failed(o, BOSA_TIMEOUT, BOSA_SENT_MAYBE);
    assert_says(w, o, "no response from ", " within 0.06 s");
    o = start(w);
    finish(w, o);
    assert_failed(o, BOSA_TIMEOUT, BOSA_SENT_YES);
    assert_says(w, o, "the response from ", " did not end within 0.06 s");
}

/* A listener nobody accepts from, with its queue full: connecting to it takes for ever. */
struct full {
    int listener, waiting[8], port;
};

static void fill_up(struct full *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(f->listener, 0), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&address, &len), 0);
    f->port = ntohs(address.sin_port);
    for (size_t i = 0; i < COUNT(f->waiting); i++) {
        f->waiting[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(fcntl(f->waiting[i], F_SETFL, O_NONBLOCK), 0);
        (void)connect(f->waiting[i], (struct sockaddr *)&address, sizeof address);
    }
}

static void let_go(struct full *f)
{
    close(f->listener);
    for (size_t i = 0; i < COUNT(f->waiting); i++) {
        close(f->waiting[i]);
    }
}

/* Runs one call against a server that can't be connected to, and checks its end. */
static void connect_in_vain(struct world *w, const char *end)
{
    struct full full;
    char url[64], words[128];
    fill_up(&full);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", full.port);
    snprintf(words, sizeof words, "no connection to 127.0.0.1:%d%s", full.port, end);
    open_at(w, url);
    struct outcome *o = start(w);
    finish(w, o);
    let_go(&full);
    assert_failed(o, BOSA_TIMEOUT, BOSA_SENT_NO);
    assert_string_equal(o->call->error.message, words);
}

static void connecting_ends_with_its_own_time(void **state)
{
    struct world *w = *state;
    w->policy.timeout = 20000;
    w->policy.connect_timeout = 70;
    connect_in_vain(w, " within 0.07 s");
}

static void connecting_ends_with_the_time_of_the_attempt(void **state)
{
    struct world *w = *state;
    w->policy.timeout = 70;
    w->policy.connect_timeout = 20000;
    connect_in_vain(w, " within 0.07 s");
}

/* libcurl may close a connection that was not made yet without a word; its number goes to others.
 */
static void freeing_closes_nothing_that_was_opened_later(void **state)
{
    struct world *w = *state;
    int later[16];
    w->policy.connect_timeout = 30;
    connect_in_vain(w, " within 0.03 s");
    for (size_t i = 0; i < COUNT(later); i++) {
        later[i] = dup(0);
    }
    transfer_free(w->transfer);
    w->transfer = NULL;
    for (size_t i = 0; i < COUNT(later); i++) {
        assert_int_equal(close(later[i]), 0);
    }
}

/* ---- a connection that had served before ---- */

/* One response, then the second request is read and the connection is lost. */
static const struct wire_step dying[] = {
    {WIRE_READ, NULL, 0}, {WIRE_SEND, DONE_ANSWER, 0}, {WIRE_READ, NULL, 0}, {WIRE_END, NULL, 0}};
static const struct wire_step dying_hard[] = {
    {WIRE_READ, NULL, 0}, {WIRE_SEND, DONE_ANSWER, 0}, {WIRE_READ, NULL, 0}, {WIRE_RESET, NULL, 0}};

static void assert_not_sent_twice(struct world *w, struct outcome *o)
{
    finish(w, o);
    assert_failed(o, BOSA_CONNECTION, BOSA_SENT_MAYBE);
    assert_int_equal(o->call->attempts, 1);
    assert_int_equal(wire_server_requests(w->server), 2);
}

static void a_call_is_never_sent_twice_in_silence(void **state)
{
    static const struct wire_step *const scripts[] = {dying, answering};
    struct world *w = *state;
    open_world(w, scripts, 2);
    finish(w, start(w));
    assert_not_sent_twice(w, start(w));
}

static void not_after_a_reset_either(void **state)
{
    static const struct wire_step *const scripts[] = {dying_hard, answering};
    struct world *w = *state;
    open_world(w, scripts, 2);
    finish(w, start(w));
    assert_not_sent_twice(w, start(w));
}

static void an_upload_is_never_sent_twice_in_silence(void **state)
{
    static const struct wire_step *const scripts[] = {dying, answering};
    struct world *w = *state;
    open_world(w, scripts, 2);
    finish(w, start(w));
    assert_not_sent_twice(w, start_upload(w, 100000, true));
}

static void a_post_without_a_body_is_never_sent_twice_in_silence(void **state)
{
    static const struct wire_step *const scripts[] = {dying, answering};
    struct world *w = *state;
    open_world(w, scripts, 2);
    finish(w, start(w));
    assert_not_sent_twice(w, start_endpoint(w, ENDPOINT_SELECT_INTEGRATION));
}

static void a_delete_is_never_sent_twice_in_silence(void **state)
{
    static const struct wire_step *const scripts[] = {dying, answering};
    struct world *w = *state;
    open_world(w, scripts, 2);
    finish(w, start(w));
    assert_not_sent_twice(w, start_endpoint(w, ENDPOINT_REMOVE_INTEGRATION));
}

static void a_get_may_be_sent_twice(void **state)
{
    static const struct wire_step *const scripts[] = {dying, answering};
    struct world *w = *state;
    open_world(w, scripts, 2);
    finish(w, start(w));
    struct outcome *o = start_endpoint(w, ENDPOINT_GET_INTEGRATION);
    finish(w, o);
    assert_ok(o);
    assert_int_equal(wire_server_requests(w->server), 3);
}

static void a_call_lost_with_its_server_may_have_run(void **state)
{
    static const struct wire_step *const scripts[] = {dying};
    struct world *w = *state;
    open_world(w, scripts, 1);
    finish(w, start(w));
    wire_server_refuse(w->server);
    assert_not_sent_twice(w, start(w));
}

static void an_idle_connection_that_was_closed_is_replaced(void **state)
{
    static const struct wire_step once[] = {ANSWER_ONCE(DONE_ANSWER)};
    struct world *w = *state;
    open_one(w, once);
    for (int i = 1; i <= 3; i++) {
        struct outcome *o = start(w);
        finish(w, o);
        assert_ok(o);
        turn(w); /* the close makes the descriptor readable */
        assert_int_equal(wire_server_connections(w->server), i);
    }
}

static void calls_that_failed_to_start_are_not_gone_on_with(void **state)
{
    struct world *w = *state;
    struct call *calls[2];
    unsigned notes = 0;
    open_at(w, "http://127.0.0.1:1");
    for (size_t i = 0; i < COUNT(calls); i++) {
        struct invocation *invocation = make_plan(w, "list");
        calls[i] = call_new_action(w->hub, invocation);
        invocation_unref(invocation);
        mem_torture_fail_at(1); /* the job */
        transfer_start(w->transfer, calls[i]);
        mem_torture_fail_at(0);
    }
    for (size_t i = 0; i < COUNT(calls); i++) {
        transfer_resume(w->transfer, calls[i]);
    }
    for (size_t i = COUNT(calls); i-- > 0;) {
        assert_ptr_equal(transfer_take(w->transfer, &notes), calls[i]);
        assert_int_equal(notes, TRANSFER_ENDED);
        assert_int_equal(calls[i]->error.kind, BOSA_NOMEM);
        call_free(calls[i]);
    }
    assert_null(transfer_take(w->transfer, &notes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_call_is_sent_and_responded),
        world_test(fields_of_the_caller_are_sent_even_empty_ones),
        world_test(methods_without_a_body_are_sent_without_a_type),
        world_test(a_connection_is_kept_and_used_again),
        world_test(an_answer_of_each_framing_is_read),
        world_test(an_answer_without_a_body_is_read),
        world_test(events_tell_what_went_over_the_wire),
        world_test(nonsense_is_called_so),
        world_test(a_lost_connection_tells_how_far_it_got),
        world_test(a_refused_connection_was_not_sent),
        world_test(no_secure_connection_was_not_sent),
        world_test(silence_ends_with_the_time_of_the_attempt),
        world_test(connecting_ends_with_its_own_time),
        world_test(connecting_ends_with_the_time_of_the_attempt),
        world_test(freeing_closes_nothing_that_was_opened_later),
        world_test(a_call_is_never_sent_twice_in_silence),
        world_test(not_after_a_reset_either),
        world_test(an_upload_is_never_sent_twice_in_silence),
        world_test(a_post_without_a_body_is_never_sent_twice_in_silence),
        world_test(a_delete_is_never_sent_twice_in_silence),
        world_test(a_get_may_be_sent_twice),
        world_test(a_call_lost_with_its_server_may_have_run),
        world_test(an_idle_connection_that_was_closed_is_replaced),
        world_test(calls_that_failed_to_start_are_not_gone_on_with),
    };
    return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
