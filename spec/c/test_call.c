/* The life of a call: its beginning, the way to the wire, its time, its end. */
#include "call_fixture.h"
#include "http/header_fields.h"
#include "sink_fixture.h"

/* ---- beginnings ---- */

static void a_known_action_is_ready_at_once(void **state)
{
    struct world *w = *state;
    const struct request *request;

    ready(w);
    request = &w->call->request;
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->url, BASE "/connectors/github/list");
    assert_string_equal(fields_get(&request->fields, "X-API-Key"), KEY);
    assert_string_equal(w->call->cursor_name, "page_token");
    assert_true(w->call->takes_page);
    assert_int_equal(w->call->begun, w->now.ms * 1000);
    assert_int_equal(w->call->attempts, 0);
    assert_int_equal(sending(w), CALL_EXCHANGE);
    assert_int_equal(w->call->attempts, 1);
    pass(w, 20);
    w->now.us = 250;
    assert_int_equal(response(w, 200, DONE), CALL_ENDED);
    assert_ok(w, 1);
    assert_int_equal(w->call->ended - w->call->begun, 20250);
    assert_int_equal(w->call->reply.kind, REPLY_JSON);
    assert_int_equal(w->call->reply.status, 200);
}

static void an_unknown_connector_waits_for_schemas(void **state)
{
    struct world *w = *state;

    open_hub(w);
    new_action(w, "list");
    assert_int_equal(call_begin(w->call, &w->now), CALL_SCHEMAS);
    assert_int_equal(sending(w), CALL_SCHEMAS);
    teach(w, OLD_SCHEMAS);
    assert_int_equal(call_schemas(w->call, NULL, &w->now), CALL_SEND);
    response(w, 200, DONE);
    assert_ok(w, 1);
}

static void schemas_that_could_not_be_had_end_the_call(void **state)
{
    struct world *w = *state;
    struct bosa_error failure;

    open_hub(w);
    new_action(w, "list");
    call_begin(w->call, &w->now);
    error_init(&failure);
    (void)error_set(&failure, BOSA_CONNECTION, "no route to " KEY);
    failure.attempts = 4;
    assert_int_equal(call_schemas(w->call, &failure, &w->now), CALL_ENDED);
    assert_failed(w, BOSA_CONNECTION, BOSA_SENT_NO, 0);
    assert_string_equal(w->call->error.action, "list");
    assert_string_equal(w->call->error.message, "no route to ***");
    assert_non_null(failure.message);
    error_clear(&failure);
}

static void bad_parameters_end_the_call_before_it_is_sent(void **state)
{
    struct world *w = *state;
    struct invocation *invocation;
    struct bosa_error err;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    invocation = invocation_new("github", 6, "list", 4, &w->policy);
    assert_non_null(invocation);
    error_init(&err);
    assert_int_equal(fields_add(&invocation->fields, "Host", 4, "x", 1, &err), BOSA_OK);
    w->call = call_new_action(w->hub, invocation);
    invocation_unref(invocation);
    assert_int_equal(call_begin(w->call, &w->now), CALL_ENDED);
    assert_failed(w, BOSA_PARAMS, BOSA_SENT_NO, 0);
    assert_null(w->call->error.url);
}

static void an_unknown_action_of_fresh_schemas_is_an_error(void **state)
{
    struct world *w = *state;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    pass(w, HUB_STALE_SECONDS * 1000);
    new_action(w, "fresh");
    assert_int_equal(call_begin(w->call, &w->now), CALL_ENDED);
    assert_failed(w, BOSA_UNKNOWN_ACTION, BOSA_SENT_NO, 0);
}

static void an_unknown_action_of_old_schemas_is_looked_for_once_more(void **state)
{
    struct world *w = *state;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    pass(w, HUB_STALE_SECONDS * 1000 + 1000);
    new_action(w, "fresh");
    assert_int_equal(call_begin(w->call, &w->now), CALL_SCHEMAS);
    teach(w, NEW_SCHEMAS);
    assert_int_equal(call_schemas(w->call, NULL, &w->now), CALL_SEND);
    response(w, 200, DONE);
    assert_ok(w, 1);
}

static void schemas_from_the_future_are_old(void **state)
{
    struct world *w = *state;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    w->now.unix_s -= HUB_STALE_SECONDS + 1;
    new_action(w, "fresh");
    assert_int_equal(call_begin(w->call, &w->now), CALL_SCHEMAS);
}

static void an_action_is_looked_for_only_once_more(void **state)
{
    struct world *w = *state;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    w->now.unix_s += 1000;
    new_action(w, "fresh");
    assert_int_equal(call_begin(w->call, &w->now), CALL_SCHEMAS);
    assert_int_equal(call_schemas(w->call, NULL, &w->now), CALL_ENDED); /* nothing was learned */
    assert_failed(w, BOSA_UNKNOWN_ACTION, BOSA_SENT_NO, 0);
}

static void schemas_forgotten_meanwhile_are_fetched_again(void **state)
{
    struct world *w = *state;

    open_hub(w);
    new_action(w, "list");
    call_begin(w->call, &w->now);
    assert_int_equal(call_schemas(w->call, NULL, &w->now), CALL_SCHEMAS);
    assert_int_equal(call_schemas(w->call, NULL, &w->now), CALL_ENDED);
    assert_failed(w, BOSA_UNKNOWN_CONNECTOR, BOSA_SENT_NO, 0);
}

static void functions_out_of_turn_do_nothing(void **state)
{
    struct world *w = *state;
    struct bosa_error cause;

    ready(w);
    error_init(&cause);
    (void)error_set(&cause, BOSA_CONNECTION, "late");
    assert_int_equal(call_begin(w->call, &w->now), CALL_SEND);
    assert_int_equal(call_schemas(w->call, NULL, &w->now), CALL_SEND);
    assert_int_equal(call_responded(w->call, NULL, &w->now), CALL_SEND);
    assert_int_equal(call_broke(w->call, BOSA_SENT_NO, &cause, NULL, &w->now), CALL_SEND);
    assert_null(cause.message);
    assert_int_equal(tick(w), CALL_SEND);
    response(w, 200, DONE);
    assert_int_equal(tick(w), CALL_ENDED);
    assert_int_equal(sending(w), CALL_ENDED);
    assert_int_equal(call_cancel(w->call, BOSA_CANCELLED, BOSA_SENT_MAYBE, &w->now), CALL_ENDED);
    assert_ok(w, 1);
}

/* ---- time ---- */

static void an_attempt_has_the_lesser_of_timeout_and_deadline(void **state)
{
    struct world *w = *state;

    w->policy.timeout = 3000;
    w->policy.deadline = 5000;
    w->policy.max_attempts = 2;
    ready(w);
    pass(w, 1000);
    sending(w);
    assert_int_equal(call_attempt_time(w->call, &w->now), 3000);
    pass(w, 500);
    assert_int_equal(call_attempt_time(w->call, &w->now), 2500);
    assert_int_equal(answer_with(w, 503, "Retry-After: 1\n", "{}"), CALL_WAITING);
    wait_out(w);
    sending(w);
    assert_int_equal(call_attempt_time(w->call, &w->now), 2500);
    pass(w, 9000);
    assert_int_equal(call_attempt_time(w->call, &w->now), 1);
}

static void without_limits_there_is_no_bound(void **state)
{
    struct world *w = *state;

    ready(w);
    sending(w);
    assert_int_equal(call_attempt_time(w->call, &w->now), CALL_NEVER);
    assert_int_equal(call_wake_at(w->call), CALL_NEVER);
    pass(w, 1000000000);
    assert_int_equal(tick(w), CALL_EXCHANGE);
}

static void a_limit_past_the_end_of_time_is_none(void **state)
{
    struct world *w = *state;

    w->policy.timeout = w->policy.deadline = INT64_MAX;
    ready(w);
    sending(w);
    assert_int_equal(call_attempt_time(w->call, &w->now), CALL_NEVER);
    assert_int_equal(call_wake_at(w->call), CALL_NEVER);
}

static void the_deadline_ends_a_wait_for_schemas(void **state)
{
    struct world *w = *state;

    w->policy.deadline = 5000;
    open_hub(w);
    new_action(w, "list");
    assert_int_equal(call_wake_at(w->call), CALL_NEVER);
    call_begin(w->call, &w->now);
    assert_int_equal(call_wake_at(w->call), w->now.ms + 5000);
    pass(w, 4999);
    assert_int_equal(tick(w), CALL_SCHEMAS);
    pass(w, 1);
    assert_int_equal(tick(w), CALL_ENDED);
    assert_failed(w, BOSA_TIMEOUT, BOSA_SENT_NO, 0);
    assert_message_has(w, "deadline of 5 s passed while waiting for the connector's schemas");
}

static void the_deadline_ends_a_wait_for_a_connection(void **state)
{
    struct world *w = *state;

    w->policy.deadline = 1500;
    ready(w);
    pass(w, 1500);
    assert_int_equal(tick(w), CALL_ENDED);
    assert_failed(w, BOSA_TIMEOUT, BOSA_SENT_NO, 0);
    assert_message_has(w, "deadline of 1.5 s passed while waiting for a free connection");
}

static void nothing_is_sent_after_the_deadline(void **state)
{
    struct world *w = *state;

    w->policy.deadline = 1500;
    ready(w);
    pass(w, 1500);
    assert_int_equal(sending(w), CALL_ENDED);
    assert_failed(w, BOSA_TIMEOUT, BOSA_SENT_NO, 0);
}

static void the_deadline_ends_a_flight(void **state)
{
    struct world *w = *state;

    w->policy.deadline = 2000;
    ready(w);
    sending(w);
    assert_int_equal(call_wake_at(w->call), w->now.ms + 2000);
    pass(w, 2000);
    assert_int_equal(tick(w), CALL_ENDED);
    assert_failed(w, BOSA_TIMEOUT, BOSA_SENT_MAYBE, 1);
    assert_message_has(w, "waiting for the response");
    assert_string_equal(w->call->error.url, BASE "/connectors/github/list");

    new_action(w, "list");
    call_begin(w->call, &w->now);
    sending(w);
    head_and_body(w, 200, NULL, "{");
    pass(w, 2000);
    tick(w);
    assert_failed(w, BOSA_TIMEOUT, BOSA_SENT_YES, 1);
}

static void a_timeout_at_the_deadline_is_the_deadlines(void **state)
{
    struct world *w = *state;

    w->policy.deadline = 2000;
    w->policy.max_attempts = 3;
    w->policy.replay_unsafe = true;
    ready(w);
    sending(w);
    pass(w, 2000);
    broke(w, BOSA_TIMEOUT, BOSA_SENT_NO);
    assert_failed(w, BOSA_TIMEOUT, BOSA_SENT_NO, 1);
    assert_message_has(w, "deadline of 2 s");
    assert_string_equal(w->call->error.cause, "it broke (***)");
}

static void a_late_tick_tells_what_happened_before(void **state)
{
    struct world *w = *state;

    w->policy.deadline = 10000;
    w->policy.max_attempts = 3;
    ready(w);
    assert_int_equal(response(w, 503, "{\"message\":\"busy\"}"), CALL_WAITING);
    pass(w, 20000);
    assert_int_equal(tick(w), CALL_ENDED);
    assert_failed(w, BOSA_TIMEOUT, BOSA_SENT_YES, 1);
    assert_message_has(w, "waiting for the next attempt");
    assert_non_null(strstr(w->call->error.cause, "busy"));
}

static void an_answer_at_the_deadline_is_taken(void **state)
{
    struct world *w = *state;

    w->policy.deadline = 2000;
    ready(w);
    sending(w);
    pass(w, 3000);
    response(w, 200, DONE);
    assert_ok(w, 1);
}

/* ---- ends ---- */

/* Brings a fresh call to a state. */
static void bring_to(struct world *w, enum call_state target)
{
    hub_forget(w->hub, "github");
    if (target != CALL_SCHEMAS) {
        teach(w, OLD_SCHEMAS);
    }
    new_action(w, "list");
    if (target != CALL_NEW) {
        call_begin(w->call, &w->now);
    }
    if (target == CALL_EXCHANGE) {
        sending(w);
    }
    if (target == CALL_WAITING) {
        broke(w, BOSA_CONNECTION, BOSA_SENT_NO);
    }
    if (target == CALL_ENDED) {
        response(w, 200, DONE);
    }
    assert_int_equal(w->call->state, target);
}

static void a_call_can_be_cancelled_in_every_state(void **state)
{
    static const struct {
        enum call_state state;
        enum bosa_sent said, told;
        int attempts;
    } rows[] = {
        {CALL_NEW, BOSA_SENT_MAYBE, BOSA_SENT_NO, 0},
        {CALL_SCHEMAS, BOSA_SENT_MAYBE, BOSA_SENT_NO, 0},
        {CALL_SEND, BOSA_SENT_MAYBE, BOSA_SENT_NO, 0},
        {CALL_EXCHANGE, BOSA_SENT_NO, BOSA_SENT_NO, 1},
        {CALL_EXCHANGE, BOSA_SENT_MAYBE, BOSA_SENT_MAYBE, 1},
        {CALL_EXCHANGE, BOSA_SENT_YES, BOSA_SENT_MAYBE, 1},
        {CALL_WAITING, BOSA_SENT_MAYBE, BOSA_SENT_NO, 1},
    };
    static const enum bosa_status kinds[] = {BOSA_CANCELLED, BOSA_CLOSED, BOSA_FILE};
    static const char *const messages[] = {"the call was cancelled", "the hub was closed",
                                           "the upload could not be read"};
    struct world *w = *state;

    w->policy.max_attempts = 2;
    open_hub(w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t k = 0; k < COUNT(kinds); k++) {
            bring_to(w, rows[i].state);
            assert_int_equal(call_cancel(w->call, kinds[k], rows[i].said, &w->now), CALL_ENDED);
            assert_failed(w, kinds[k], rows[i].told, rows[i].attempts);
            assert_string_equal(w->call->error.message, messages[k]);
        }
    }
}

static void a_call_cancelled_while_its_answer_comes_has_run(void **state)
{
    struct world *w = *state;

    ready(w);
    sending(w);
    head_and_body(w, 200, NULL, "{");
    call_cancel(w->call, BOSA_CANCELLED, BOSA_SENT_NO, &w->now);
    assert_failed(w, BOSA_CANCELLED, BOSA_SENT_YES, 1);
}

static void the_result_of_an_ended_call_can_be_taken_back(void **state)
{
    struct world *w = *state;

    ready(w);
    assert_int_equal(call_revoke(w->call, &w->now), CALL_SEND);
    sending(w);
    response(w, 200, DONE);
    assert_ok(w, 1);
    assert_int_equal(call_revoke(w->call, &w->now), CALL_ENDED);
    assert_failed(w, BOSA_CANCELLED, BOSA_SENT_YES, 1);
    call_revoke(w->call, &w->now);
    assert_failed(w, BOSA_CANCELLED, BOSA_SENT_YES, 1);
}

/* The teardown finds what is left behind. */
static void a_call_can_be_freed_in_every_state(void **state)
{
    struct world *w = *state;

    w->policy.max_attempts = 2;
    open_hub(w);
    for (int s = CALL_NEW; s <= CALL_ENDED; s++) {
        bring_to(w, (enum call_state)s);
        call_free(w->call);
        w->call = NULL;
    }
    call_free(NULL);
}

static void a_call_keeps_its_hub_and_its_plan(void **state)
{
    struct world *w = *state;

    ready(w);
    hub_unref(w->hub);
    w->hub = NULL;
    assert_int_equal(w->call->invocation->refs, 1);
    response(w, 200, DONE);
    assert_ok(w, 1);
}

static void a_failed_call_leaves_no_partial_file(void **state)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct world *w = *state;
    struct invocation *invocation;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    invocation = invocation_new("github", 6, "list", 4, &w->policy);
    assert_non_null(invocation);
    invocation->output = SINK_PATH;
    invocation->output_path = mem_dup(path, strlen(path));
    w->call = call_new_action(w->hub, invocation);
    invocation_unref(invocation);
    call_begin(w->call, &w->now);
    sending(w);
    assert_true(head_and_body(w, 200, "Content-Type: text/plain\n", "abc"));
    assert_int_equal(count_names(dir), 1);
    broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE);
    assert_failed(w, BOSA_CONNECTION, BOSA_SENT_YES, 1);
    assert_int_equal(count_names(dir), 0);
    remove_dir(dir);
}

/* A call whose response goes to `path`, begun. */
static void begin_output(struct world *w, const char *path)
{
    struct invocation *invocation;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    invocation = invocation_new("github", 6, "list", 4, &w->policy);
    assert_non_null(invocation);
    invocation->output = path ? SINK_PATH : SINK_MEMORY;
    invocation->output_path = path ? mem_dup(path, strlen(path)) : NULL;
    w->call = call_new_action(w->hub, invocation);
    invocation_unref(invocation);
    call_begin(w->call, &w->now);
}

static void an_output_that_can_not_be_written_is_known_before_anything_is_sent(void **state)
{
    char *dir = make_dir();
    struct world *w = *state;

    begin_output(w, in_dir(dir, "none/f"));
    assert_failed(w, BOSA_FILE, BOSA_SENT_NO, 0);
    remove_dir(dir);
}

static void a_temporary_directory_that_is_not_there_is_known_before_anything_is_sent(void **state)
{
    char *dir = make_dir();
    struct world *w = *state;

    setenv("TMPDIR", in_dir(dir, "none"), 1);
    begin_output(w, NULL);
    unsetenv("TMPDIR");
    assert_failed(w, BOSA_FILE, BOSA_SENT_NO, 0);
    remove_dir(dir);
}

static void an_answer_that_is_no_file_leaves_none(void **state)
{
    char *dir = make_dir();
    struct world *w = *state;

    begin_output(w, in_dir(dir, "f"));
    assert_int_equal(count_names(dir), 1);
    sending(w);
    response(w, 200, DONE);
    assert_ok(w, 1);
    assert_int_equal(count_names(dir), 0);
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_known_action_is_ready_at_once),
        world_test(an_unknown_connector_waits_for_schemas),
        world_test(schemas_that_could_not_be_had_end_the_call),
        world_test(bad_parameters_end_the_call_before_it_is_sent),
        world_test(an_unknown_action_of_fresh_schemas_is_an_error),
        world_test(an_unknown_action_of_old_schemas_is_looked_for_once_more),
        world_test(schemas_from_the_future_are_old),
        world_test(an_action_is_looked_for_only_once_more),
        world_test(schemas_forgotten_meanwhile_are_fetched_again),
        world_test(functions_out_of_turn_do_nothing),
        world_test(an_attempt_has_the_lesser_of_timeout_and_deadline),
        world_test(without_limits_there_is_no_bound),
        world_test(a_limit_past_the_end_of_time_is_none),
        world_test(the_deadline_ends_a_wait_for_schemas),
        world_test(the_deadline_ends_a_wait_for_a_connection),
        world_test(nothing_is_sent_after_the_deadline),
        world_test(the_deadline_ends_a_flight),
        world_test(a_timeout_at_the_deadline_is_the_deadlines),
        world_test(a_late_tick_tells_what_happened_before),
        world_test(an_answer_at_the_deadline_is_taken),
        world_test(a_call_can_be_cancelled_in_every_state),
        world_test(a_call_cancelled_while_its_answer_comes_has_run),
        world_test(the_result_of_an_ended_call_can_be_taken_back),
        world_test(a_call_can_be_freed_in_every_state),
        world_test(a_call_keeps_its_hub_and_its_plan),
        world_test(a_failed_call_leaves_no_partial_file),
        world_test(an_output_that_can_not_be_written_is_known_before_anything_is_sent),
        world_test(a_temporary_directory_that_is_not_there_is_known_before_anything_is_sent),
        world_test(an_answer_that_is_no_file_leaves_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
