/* The retry rule as tables, and what a call makes of it: waits, budget, deadline, what can't be
 * repeated. */
#include "call_fixture.h"

#include "call/call_internal.h"
#include "queue_fixture.h"

/* ---- the rule alone ---- */

static void an_answer_is_repeated_by_status_and_recovery(void **state)
{
    /* What the server says of recovery: nothing, "retryable": true, "retryable": false. */
    static const struct {
        int status;
        bool silent, yes, no;
    } rows[] = {
        {200, false, true, false}, {400, false, true, false}, {401, false, true, false},
        {403, false, true, false}, {404, false, true, false}, {408, false, true, false},
        {409, false, true, false}, {422, false, true, false}, {428, false, true, false},
        {429, true, true, false},  {430, false, true, false}, {499, false, true, false},
        {500, true, true, false},  {501, true, true, false},  {502, true, true, false},
        {503, true, true, false},  {504, true, true, false},  {599, true, true, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int unsafe = 0; unsafe <= 1; unsafe++) {
            struct retry_case c = {.max_attempts = 3, .attempts = 2, .responded = true};

            c.status = rows[i].status;
            c.replay_unsafe = c.idempotent = unsafe;
            c.recovery = -1;
            assert_int_equal(retry_allowed(&c), rows[i].silent);
            c.recovery = 1;
            assert_int_equal(retry_allowed(&c), rows[i].yes);
            c.recovery = 0;
            assert_int_equal(retry_allowed(&c), rows[i].no);
        }
    }
}

static void a_break_is_repeated_by_kind_and_sent(void **state)
{
    /* Columns: sent no, maybe, yes. */
    static const struct {
        enum bosa_status kind;
        bool plain[3], unsafe[3];
    } rows[] = {
        {BOSA_CONNECTION, {true, false, false}, {true, true, true}},
        {BOSA_TIMEOUT, {true, false, false}, {true, true, true}},
        {BOSA_TLS, {false, false, false}, {false, false, false}},
        {BOSA_PROTOCOL, {false, false, false}, {false, false, false}},
        {BOSA_FILE, {false, false, false}, {false, false, false}},
        {BOSA_NOMEM, {false, false, false}, {false, false, false}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int sent = BOSA_SENT_NO; sent <= BOSA_SENT_YES; sent++) {
            struct retry_case c = {.max_attempts = 2, .attempts = 1, .kind = rows[i].kind};

            c.sent = (enum bosa_sent)sent;
            assert_int_equal(retry_allowed(&c), rows[i].plain[sent]);
            c.replay_unsafe = true;
            assert_int_equal(retry_allowed(&c), rows[i].unsafe[sent]);
            c.replay_unsafe = false;
            c.idempotent = true;
            assert_int_equal(retry_allowed(&c), rows[i].unsafe[sent]);
        }
    }
}

static void attempts_are_bounded(void **state)
{
    (void)state;
    for (int max = 1; max <= 11; max++) {
        for (int attempts = 1; attempts <= 12; attempts++) {
            struct retry_case responded = {max, attempts, true,    true,         true,
                                           503, 1,        BOSA_OK, BOSA_SENT_YES};
            struct retry_case broken = {max, attempts,        true,        true, false, 0,
                                        -1,  BOSA_CONNECTION, BOSA_SENT_NO};

            assert_int_equal(retry_allowed(&responded), attempts < max);
            assert_int_equal(retry_allowed(&broken), attempts < max);
        }
    }
}

static void the_backoff_doubles_up_to_64_seconds_plus_jitter(void **state)
{
    static const double seconds[] = {1, 2, 4, 8, 16, 32, 64, 64, 64, 64};

    (void)state;
    for (size_t i = 0; i < COUNT(seconds); i++) {
        assert_true(retry_wait((int)i + 1, -1, 0) == seconds[i]);
        assert_true(retry_wait((int)i + 1, -1, 1) == seconds[i] + 1);
    }
}

static void what_the_server_asks_replaces_the_backoff(void **state)
{
    (void)state;
    assert_true(retry_wait(1, 0, 1) == 0);
    assert_true(retry_wait(5, 0.25, 1) == 0.25);
    assert_true(retry_wait(1, 64, 1) == 64);
}

/* ---- waits of a call ---- */

static void a_call_waits_for_its_backoff(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 11;
    ready(w);
    for (int n = 0; n < 10; n++) {
        int64_t least = n < 6 ? 1000 << n : 64000;
        int64_t ms;

        assert_int_equal(response(w, 503, "{}"), CALL_WAITING);
        ms = wait_out(w);
        assert_true(ms >= least && ms <= least + 1000);
    }
    assert_int_equal(response(w, 503, "{}"), CALL_ENDED);
    assert_failed(w, BOSA_SERVER, BOSA_SENT_YES, 11);
    assert_int_equal(w->call->error.status, 503);
}

static void a_call_does_not_wake_early(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 2;
    ready(w);
    answer_with(w, 503, "Retry-After: 3\n", "{}");
    assert_int_equal(call_wake_at(w->call), w->now.ms + 3000);
    assert_int_equal(w->call->reply.status, 0);
    pass(w, 2999);
    assert_int_equal(tick(w), CALL_WAITING);
    pass(w, 1);
    assert_int_equal(tick(w), CALL_SEND);
    response(w, 200, DONE);
    assert_ok(w, 2);
}

/* What a call does after a 503 with this header and body: ms of its wait, -1: the error stands. */
static int64_t waits(struct world *w, const char *lines, const char *body)
{
    new_action(w, "list");
    call_begin(w->call, &w->now);
    if (answer_with(w, 503, lines, body) == CALL_WAITING) {
        return call_wake_at(w->call) - w->now.ms;
    }
    assert_failed(w, BOSA_SERVER, BOSA_SENT_YES, 1);
    return -1;
}

static void retry_after_comes_in_many_forms(void **state)
{
    static const struct {
        const char *lines, *body;
        int64_t least, most;
    } rows[] = {
        {"Retry-After: 7\n", "{}", 7000, 7000},
        {"Retry-After: 0\n", "{}", 0, 0},
        {"Retry-After: 64\n", "{}", 64000, 64000},
        {"Retry-After: 65\n", "{}", -1, -1},
        {"Retry-After: 99999999999999999999\n", "{}", -1, -1},
        {"Retry-After: Sun, 09 Sep 2001 01:46:50 GMT\n", "{}", 10000, 10000},
        {"Retry-After: Sun, 09 Sep 2001 01:46:30 GMT\n", "{}", 0, 0},
        {"Retry-After: Mon, 09 Sep 2002 01:46:40 GMT\n", "{}", -1, -1},
        {"Retry-After: soon\n", "{}", 1000, 2000},
        {"Retry-After: -5\n", "{}", 1000, 2000},
        {"Retry-After:\n", "{}", 1000, 2000},
        {"Retry-After: 9\n", RECOVERY("\"retry_after_seconds\":2.5"), 2500, 2500},
        {"Retry-After: 2\n", RECOVERY("\"retry_after_seconds\":100"), -1, -1},
        {"Retry-After: 9\n", RECOVERY("\"retry_after_seconds\":null"), 9000, 9000},
        {NULL, RECOVERY("\"retryable\":true,\"retry_after_seconds\":0.0001"), 1, 1},
    };
    struct world *w = *state;

    w->policy.max_attempts = 2;
    open_hub(w);
    teach(w, OLD_SCHEMAS);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ms = waits(w, rows[i].lines, rows[i].body);

        if (ms < rows[i].least || ms > rows[i].most) {
            fail_msg("row %zu waits %lld ms", i, (long long)ms);
        }
    }
}

static void a_wait_that_is_too_long_is_told(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 5;
    ready(w);
    answer_with(w, 429, "Retry-After: 3600\n", "{}");
    assert_failed(w, BOSA_RATE_LIMIT, BOSA_SENT_YES, 1);
    assert_true(w->call->error.retry_after == 3600);
    assert_true(w->call->error.retryable);
}

static void a_wait_past_the_deadline_is_not_begun(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 5;
    w->policy.deadline = 10000;
    ready(w);
    pass(w, 4000);
    assert_int_equal(answer_with(w, 503, "Retry-After: 5\n", "{}"), CALL_WAITING);
    wait_out(w);
    answer_with(w, 503, "Retry-After: 1\n", "{}");
    assert_failed(w, BOSA_SERVER, BOSA_SENT_YES, 2);
    assert_true(w->call->error.retry_after == 1);
}

/* ---- which calls are repeated ---- */

static void one_attempt_is_one(void **state)
{
    struct world *w = *state;

    w->policy.replay_unsafe = true;
    ready(w);
    answer_with(w, 503, "Retry-After: 1\n", RECOVERY("\"retryable\":true"));
    assert_failed(w, BOSA_SERVER, BOSA_SENT_YES, 1);
}

static void the_server_may_forbid_and_ask(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 3;
    ready(w);
    assert_int_equal(response(w, 409, RECOVERY("\"retryable\":true")), CALL_WAITING);
    wait_out(w);
    response(w, 500, RECOVERY("\"retryable\":false"));
    assert_failed(w, BOSA_SERVER, BOSA_SENT_YES, 2);
    assert_false(w->call->error.retryable);
}

static void what_may_have_run_is_repeated_only_on_request(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 3;
    ready(w);
    assert_int_equal(broke(w, BOSA_CONNECTION, BOSA_SENT_NO), CALL_WAITING);
    wait_out(w);
    broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE);
    assert_failed(w, BOSA_CONNECTION, BOSA_SENT_MAYBE, 2);
    assert_true(w->call->error.retryable);

    w->policy.replay_unsafe = true;
    new_action(w, "list");
    call_begin(w->call, &w->now);
    assert_int_equal(broke(w, BOSA_TIMEOUT, BOSA_SENT_MAYBE), CALL_WAITING);
    wait_out(w);
    response(w, 200, DONE);
    assert_ok(w, 2);
}

static void sent_is_the_highest_of_all_attempts(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 4;
    w->policy.replay_unsafe = true;
    ready(w);
    broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE);
    wait_out(w);
    broke(w, BOSA_CONNECTION, BOSA_SENT_NO);
    wait_out(w);
    broke(w, BOSA_TLS, BOSA_SENT_NO);
    assert_failed(w, BOSA_TLS, BOSA_SENT_MAYBE, 3);

    new_action(w, "list");
    call_begin(w->call, &w->now);
    response(w, 503, "{}");
    wait_out(w);
    broke(w, BOSA_TLS, BOSA_SENT_NO);
    assert_failed(w, BOSA_TLS, BOSA_SENT_YES, 2);
    assert_int_equal(w->call->error.status, 0);
}

static void an_answer_that_breaks_off_was_sent(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 3;
    ready(w);
    sending(w);
    head_and_body(w, 200, NULL, "{\"da");
    broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE);
    assert_failed(w, BOSA_CONNECTION, BOSA_SENT_YES, 1);
    assert_int_equal(w->call->error.status, 200);

    new_action(w, "list");
    call_begin(w->call, &w->now);
    sending(w);
    head_and_body(w, 100, NULL, NULL);
    broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE);
    assert_failed(w, BOSA_CONNECTION, BOSA_SENT_MAYBE, 1);
}

static void schemas_are_fetched_again_after_any_break(void **state)
{
    struct world *w = *state;

    w->options.policy.max_attempts = 3;
    open_hub(w);
    new_fetch(w);
    call_begin(w->call, &w->now);
    assert_int_equal(broke(w, BOSA_TIMEOUT, BOSA_SENT_MAYBE), CALL_WAITING);
    wait_out(w);
    assert_int_equal(broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE), CALL_WAITING);
    wait_out(w);
    response(w, 502, NULL);
    assert_failed(w, BOSA_SERVER, BOSA_SENT_NO, 3);
}

static void endpoints_follow_their_method(void **state)
{
    struct world *w = *state;

    w->options.policy.max_attempts = 2;
    open_hub(w);
    new_endpoint(w, ENDPOINT_WHO_AM_I, NULL, NULL);
    call_begin(w->call, &w->now);
    assert_int_equal(broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE), CALL_WAITING);
    wait_out(w);
    response(w, 200, DONE);
    assert_ok(w, 2);

    new_endpoint(w, ENDPOINT_REMOVE_INTEGRATION, "me", NULL);
    call_begin(w->call, &w->now);
    broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE);
    assert_failed(w, BOSA_CONNECTION, BOSA_SENT_MAYBE, 1);
}

/* ---- what can't be repeated ---- */

/* A call of `upload` with a file from a read function, of which `given` bytes have been sent. */
static void start_upload(struct world *w, size_t given)
{
    struct invocation *invocation = invocation_new("github", 6, "upload", 6, &w->policy);
    char out[4096];
    size_t got = 0;
    struct bosa_error err;
    uint32_t object;

    error_init(&err);
    invocation->files = mem_zalloc(1, sizeof *invocation->files);
    invocation->files[0].size = -1;
    invocation->file_count = 1;
    json_free(&invocation->params);
    object = json_open(&invocation->params, JSON_OBJECT);
    json_add_string(&invocation->params, "file", 4);
    json_add_file(&invocation->params, 0);
    json_close(&invocation->params, object, 1);
    call_free(w->call);
    w->call = call_new_action(w->hub, invocation);
    invocation_unref(invocation);
    assert_int_equal(call_begin(w->call, &w->now), CALL_SEND);
    sending(w);
    assert_int_equal(body_read(w->call->request.body, out, sizeof out, &got, &err), BOSA_OK);
    assert_int_equal(body_read(w->call->request.body, out, sizeof out, &got, &err), BOSA_AGAIN);
    if (given > 0) {
        assert_int_equal(body_feed(w->call->request.body, "0123456789", given), BOSA_OK);
        assert_int_equal(body_read(w->call->request.body, out, sizeof out, &got, &err), BOSA_OK);
        assert_int_equal(got, given);
    }
}

static void an_upload_that_was_read_ends_the_call(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 3;
    open_hub(w);
    teach(w, OLD_SCHEMAS);
    start_upload(w, 0);
    assert_int_equal(broke(w, BOSA_CONNECTION, BOSA_SENT_NO), CALL_WAITING);
    assert_int_equal(body_done(w->call->request.body), 0);
    start_upload(w, 5);
    response(w, 503, "{\"message\":\"busy\"}");
    assert_failed(w, BOSA_SERVER, BOSA_SENT_YES, 1);
    assert_message_has(w, "busy; ");
    assert_message_has(w, "can't be sent a second time");
}

static void an_upload_that_was_read_is_not_redirected_nor_looked_for_again(void **state)
{
    struct world *w = *state;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    start_upload(w, 0);
    assert_int_equal(answer_with(w, 307, "Location: /x\n", NULL), CALL_SEND);
    start_upload(w, 5);
    answer_with(w, 307, "Location: /x\n", NULL);
    assert_failed(w, BOSA_PROTOCOL, BOSA_SENT_NO, 1);
    assert_message_has(w, "can't be sent a second time");
    w->now.unix_s += 1000;
    start_upload(w, 0);
    assert_int_equal(response(w, 404, NO_ROUTE), CALL_SCHEMAS);
    start_upload(w, 5);
    response(w, 404, NO_ROUTE);
    assert_failed(w, BOSA_NOT_FOUND, BOSA_SENT_NO, 1);
}

static void a_download_that_was_given_out_ends_the_call(void **state)
{
    struct world *w = *state;
    struct invocation *invocation;
    struct buf chunk;

    w->policy.max_attempts = 3;
    w->policy.replay_unsafe = true;
    open_hub(w);
    teach(w, OLD_SCHEMAS);
    invocation = invocation_new("github", 6, "list", 4, &w->policy);
    assert_non_null(invocation);
    invocation->output = SINK_CALLER;
    w->call = call_new_action(w->hub, invocation);
    invocation_unref(invocation);
    call_begin(w->call, &w->now);
    sending(w);
    assert_true(head_and_body(w, 200, "Content-Type: text/plain\n", "abc"));
    assert_int_equal(broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE), CALL_WAITING);
    wait_out(w);
    sending(w);
    assert_true(head_and_body(w, 200, "Content-Type: text/plain\n", "abc"));
    buf_init(&chunk);
    assert_true(take_queued(&w->call->reply.sink, &chunk));
    broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE);
    assert_failed(w, BOSA_CONNECTION, BOSA_SENT_YES, 2);
    assert_message_has(w, "a part of the response has been given out");
    buf_free(&chunk);
}

static void a_result_that_makes_no_sense_is_not_repeated(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 3;
    w->policy.replay_unsafe = true;
    ready(w);
    answer_with(w, 200, "X-Request-ID: req-7\n", "{\"data\":");
    assert_failed(w, BOSA_PROTOCOL, BOSA_SENT_YES, 1);
    assert_int_equal(w->call->error.status, 200);
    assert_string_equal(w->call->error.reference_id, "req-7");
}

/* ---- the budget ---- */

/* Runs one call that needs `failures` attempts more than one. */
static void run_with_failures(struct world *w, int failures)
{
    new_action(w, "list");
    call_begin(w->call, &w->now);
    for (int i = 0; i < failures; i++) {
        assert_int_equal(answer_with(w, 503, "Retry-After: 0\n", "{}"), CALL_WAITING);
        wait_out(w);
    }
    response(w, 200, DONE);
    assert_ok(w, failures + 1);
}

static void retries_take_tokens_and_successes_give_some_back(void **state)
{
    struct world *w = *state;

    w->options.retry_budget = true;
    w->policy.max_attempts = 11;
    w->policy.replay_unsafe = true;
    open_hub(w);
    teach(w, OLD_SCHEMAS);
    run_with_failures(w, 10);
    assert_int_equal(hub_budget(w->hub), HUB_BUDGET_TOKENS - 9 * HUB_BUDGET_RETRY);
    run_with_failures(w, 0);
    assert_int_equal(hub_budget(w->hub), HUB_BUDGET_TOKENS - 9 * HUB_BUDGET_RETRY + 1);
    new_action(w, "list");
    call_begin(w->call, &w->now);
    broke(w, BOSA_TIMEOUT, BOSA_SENT_MAYBE);
    assert_int_equal(hub_budget(w->hub),
                     HUB_BUDGET_TOKENS - 9 * HUB_BUDGET_RETRY + 1 - HUB_BUDGET_TIMEOUT);
    wait_out(w);
    response(w, 200, DONE);
    assert_int_equal(hub_budget(w->hub), HUB_BUDGET_TOKENS - 9 * HUB_BUDGET_RETRY + 1);
}

static void a_spent_budget_lets_the_error_stand(void **state)
{
    struct world *w = *state;

    w->options.retry_budget = true;
    w->policy.max_attempts = 2;
    open_hub(w);
    teach(w, OLD_SCHEMAS);
    while (hub_spend(w->hub, false)) {
    }
    new_action(w, "list");
    call_begin(w->call, &w->now);
    response(w, 503, "{}");
    assert_failed(w, BOSA_SERVER, BOSA_SENT_YES, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_repeated_by_status_and_recovery),
        cmocka_unit_test(a_break_is_repeated_by_kind_and_sent),
        cmocka_unit_test(attempts_are_bounded),
        cmocka_unit_test(the_backoff_doubles_up_to_64_seconds_plus_jitter),
        cmocka_unit_test(what_the_server_asks_replaces_the_backoff),
        world_test(a_call_waits_for_its_backoff),
        world_test(a_call_does_not_wake_early),
        world_test(retry_after_comes_in_many_forms),
        world_test(a_wait_that_is_too_long_is_told),
        world_test(a_wait_past_the_deadline_is_not_begun),
        world_test(one_attempt_is_one),
        world_test(the_server_may_forbid_and_ask),
        world_test(what_may_have_run_is_repeated_only_on_request),
        world_test(sent_is_the_highest_of_all_attempts),
        world_test(an_answer_that_breaks_off_was_sent),
        world_test(schemas_are_fetched_again_after_any_break),
        world_test(endpoints_follow_their_method),
        world_test(an_upload_that_was_read_ends_the_call),
        world_test(an_upload_that_was_read_is_not_redirected_nor_looked_for_again),
        world_test(a_download_that_was_given_out_ends_the_call),
        world_test(a_result_that_makes_no_sense_is_not_repeated),
        world_test(retries_take_tokens_and_successes_give_some_back),
        world_test(a_spent_budget_lets_the_error_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
