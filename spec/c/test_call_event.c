/* The events that a call keeps for its owner. */
#include "call_fixture.h"

/* Takes all events as words: "request1 response1:503 ...". */
static const char *events(struct world *w)
{
    static char text[2048];
    struct call_event e;
    size_t len = 0;

    text[0] = '\0';
    while (call_next_event(w->call, &e)) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%d", len > 0 ? " " : "",
                                call_event_name(e.type), e.attempt);
        if (e.status > 0) {
            len += (size_t)snprintf(text + len, sizeof text - len, ":%d", e.status);
        }
        if (e.type == EVENT_ERROR || e.type == EVENT_RETRY) {
            len += (size_t)snprintf(text + len, sizeof text - len, ":%s", error_kind_name(e.kind));
        }
        if (e.type == EVENT_ERROR) {
            len += (size_t)snprintf(text + len, sizeof text - len, ":%s", error_sent_name(e.sent));
        }
        if (e.type == EVENT_WAIT) {
            len += (size_t)snprintf(text + len, sizeof text - len, ":%g", e.wait);
        }
    }
    return text;
}

static void an_attempt_that_broke_is_told_before_the_next(void **state)
{
    static const char broken[] = "error1:connection:no retry1:connection wait1:1.";
    struct world *w = *state;

    w->options.events = true;
    w->policy.max_attempts = 2;
    ready(w);
    assert_string_equal(events(w), "");
    sending(w);
    assert_string_equal(events(w), "request1");
    broke(w, BOSA_CONNECTION, BOSA_SENT_NO);
    assert_memory_equal(events(w), broken, strlen(broken));
    wait_out(w);
    response(w, 422, "{\"detail\":\"no\"}");
    assert_string_equal(events(w), "request2 response2:422 error2:422:api:yes");
}

static void events_of_a_success_after_a_retry(void **state)
{
    struct world *w = *state;

    w->options.events = true;
    w->policy.max_attempts = 3;
    ready(w);
    answer_with(w, 503, "Retry-After: 2\n", "{}");
    wait_out(w);
    response(w, 200, DONE);
    assert_string_equal(events(w), "request1 response1:503 retry1:503:server wait1:503:2 "
                                   "request2 response2:200");
}

static void the_final_error_is_an_event_once(void **state)
{
    struct world *w = *state;

    w->options.events = true;
    ready(w);
    broke(w, BOSA_TLS, BOSA_SENT_NO);
    assert_string_equal(events(w), "request1 error1:tls:no");
    new_action(w, "absent");
    call_begin(w->call, &w->now);
    assert_string_equal(events(w), "error0:unknown_action:no");
}

static void a_break_without_a_reason_is_a_lost_connection(void **state)
{
    const struct call_timing timing = {1, 2, 3, 4, 5, 600, 700, true};
    struct world *w = *state;
    struct bosa_error cause;
    struct call_event e;

    w->options.events = true;
    ready(w);
    sending(w);
    error_init(&cause);
    assert_int_equal(call_broke(w->call, BOSA_SENT_MAYBE, &cause, &timing, &w->now), CALL_ENDED);
    assert_failed(w, BOSA_CONNECTION, BOSA_SENT_MAYBE, 1);
    assert_true(call_next_event(w->call, &e));
    assert_true(call_next_event(w->call, &e));
    assert_int_equal(e.type, EVENT_ERROR);
    assert_true(e.timing.first_byte == 4);
}

static void events_carry_timing_and_budget(void **state)
{
    const struct call_timing timing = {1, 2, 3, 4, 5, 600, 700, true};
    struct world *w = *state;
    struct call_event e;

    w->options.events = w->options.retry_budget = true;
    w->policy.max_attempts = 2;
    ready(w);
    sending(w);
    assert_true(head_and_body(w, 503, NULL, "{}"));
    call_responded(w->call, &timing, &w->now);
    assert_true(call_next_event(w->call, &e));
    assert_true(e.timing.total < 0 && e.timing.bytes_up == 0);
    assert_true(call_next_event(w->call, &e));
    assert_int_equal(e.type, EVENT_RESPONSE);
    assert_true(e.timing.total == 5 && e.timing.bytes_down == 700 && e.timing.reused);
    assert_true(call_next_event(w->call, &e));
    assert_int_equal(e.type, EVENT_RETRY);
    assert_int_equal(e.budget, HUB_BUDGET_TOKENS - HUB_BUDGET_RETRY);
}

static void a_transport_without_a_clock_has_the_time_since_it_began(void **state)
{
    struct world *w = *state;
    struct call_event e;

    w->options.events = true;
    ready(w);
    pass(w, 100);
    sending(w);
    pass(w, 3);
    w->now.us = 500;
    response(w, 200, DONE);
    assert_true(call_next_event(w->call, &e));
    assert_true(call_next_event(w->call, &e));
    assert_int_equal(e.type, EVENT_RESPONSE);
    assert_true(e.timing.total == 3.5 && e.timing.first_byte < 0);
}

static void the_oldest_events_are_dropped(void **state)
{
    struct world *w = *state;
    struct call_event e;
    int count = 0;

    w->options.events = true;
    w->policy.max_attempts = 11;
    ready(w);
    for (int i = 0; i < 10; i++) {
        answer_with(w, 503, "Retry-After: 0\n", "{}"); /* four events each */
        wait_out(w);
    }
    response(w, 200, DONE);
    assert_true(call_next_event(w->call, &e));
    assert_int_equal(e.attempt, 3); /* 42 events, of which the last 32 are kept */
    for (count = 1; call_next_event(w->call, &e); count++) {
    }
    assert_int_equal(count, CALL_MAX_EVENTS);
    assert_int_equal(e.type, EVENT_RESPONSE);
    assert_int_equal(e.attempt, 11);
}

static void nobody_listens_unless_the_hub_says_so(void **state)
{
    struct world *w = *state;
    struct call_event e;

    ready(w);
    response(w, 200, DONE);
    assert_false(call_next_event(w->call, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(an_attempt_that_broke_is_told_before_the_next),
        world_test(events_of_a_success_after_a_retry),
        world_test(the_final_error_is_an_event_once),
        world_test(a_break_without_a_reason_is_a_lost_connection),
        world_test(events_carry_timing_and_budget),
        world_test(a_transport_without_a_clock_has_the_time_since_it_began),
        world_test(the_oldest_events_are_dropped),
        world_test(nobody_listens_unless_the_hub_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
