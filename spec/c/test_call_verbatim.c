/* A request that is sent as it is, whose response nobody judges. */
#include "call_fixture.h"
#include "http/header_fields.h"

/* A relay of a POST with a body, begun. */
static void relay(struct world *w, int64_t timeout)
{
    struct request request;
    struct bosa_error err;

    error_init(&err);
    request_init(&request);
    request.method = "POST";
    request.url = mem_dup(BASE "/any/where?a=b", strlen(BASE "/any/where?a=b"));
    request.body = body_new();
    assert_int_equal(body_add_bytes(request.body, "bytes", 5), BOSA_OK);
    assert_int_equal(fields_add(&request.fields, "X-Mine", 6, "1", 1, &err), BOSA_OK);
    open_hub(w);
    w->call = call_new_verbatim(w->hub, &request, timeout);
    assert_non_null(w->call);
    assert_null(request.url); /* moved */
    assert_int_equal(call_begin(w->call, &w->now), CALL_SEND);
}

static void assert_bytes(const struct world *w, const char *text)
{
    const struct buf *bytes = &w->call->reply.sink.bytes;

    assert_int_equal(w->call->reply.kind, REPLY_FILE);
    assert_int_equal(bytes->len, strlen(text));
    assert_memory_equal(bytes->data, text, bytes->len);
}

static void the_request_goes_out_as_it_was_given(void **state)
{
    struct world *w = *state;
    const struct request *request;

    relay(w, 0);
    request = &w->call->request;
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->url, BASE "/any/where?a=b");
    assert_int_equal(request->fields.count, 1);
    assert_string_equal(fields_get(&request->fields, "X-Mine"), "1");
    assert_null(fields_get(&request->fields, "X-API-Key"));
    response(w, 200, DONE);
    assert_ok(w, 1);
    assert_bytes(w, DONE);
}

static void no_answer_is_judged_followed_or_tried_again(void **state)
{
    static const int statuses[] = {201, 301, 307, 400, 401, 404, 405, 422, 429, 500, 503};
    struct world *w = *state;

    w->options.policy.max_attempts = 5;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        relay(w, 0);
        answer_with(w, statuses[i], "Location: /else\nRetry-After: 0\n", NO_ROUTE);
        assert_ok(w, 1);
        assert_int_equal(w->call->reply.status, statuses[i]);
        assert_bytes(w, NO_ROUTE);
        call_free(w->call);
        hub_unref(w->hub);
        w->call = NULL;
        w->hub = NULL;
    }
}

static void broken_json_is_bytes_as_any(void **state)
{
    struct world *w = *state;

    relay(w, 0);
    response(w, 200, "{\"data\":");
    assert_ok(w, 1);
    assert_bytes(w, "{\"data\":");
}

static void an_answer_larger_than_the_hub_allows_json_to_be_is_whole(void **state)
{
    struct world *w = *state;
    char body[2001];

    memset(body, 'x', sizeof body);
    body[2000] = '\0';
    relay(w, 0);
    response(w, 500, body);
    assert_ok(w, 1);
    assert_bytes(w, body);
}

static void no_body_is_none(void **state)
{
    struct world *w = *state;

    relay(w, 0);
    response(w, 204, NULL);
    assert_ok(w, 1);
    assert_int_equal(w->call->reply.kind, REPLY_EMPTY);
}

static void a_break_is_its_error_at_once(void **state)
{
    struct world *w = *state;

    w->options.policy.max_attempts = 5;
    relay(w, 0);
    assert_int_equal(broke(w, BOSA_CONNECTION, BOSA_SENT_NO), CALL_ENDED);
    assert_false(w->call->ok);
    assert_int_equal(w->call->error.kind, BOSA_CONNECTION);
    assert_int_equal(w->call->error.attempts, 1);
}

static void its_time_is_its_own(void **state)
{
    struct world *w = *state;

    w->options.policy.timeout = 99000;
    relay(w, 1500);
    assert_int_equal(sending(w), CALL_EXCHANGE);
    assert_int_equal(call_attempt_time(w->call, &w->now), 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(the_request_goes_out_as_it_was_given),
        world_test(no_answer_is_judged_followed_or_tried_again),
        world_test(broken_json_is_bytes_as_any),
        world_test(an_answer_larger_than_the_hub_allows_json_to_be_is_whole),
        world_test(no_body_is_none),
        world_test(a_break_is_its_error_at_once),
        world_test(its_time_is_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
