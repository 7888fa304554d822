/* Calls that run out of memory, at every allocation in turn: each must end, say so, and leave
 * nothing behind. */
#include "call_fixture.h"
#include "net_fixture.h"
#include "queue_fixture.h"

/* A life with everything in it that allocates. Goes on, doing nothing, when the call has ended. */
static void live_through(struct world *w)
{
    answer_with(w, 503, "Retry-After: 1\nX-Request-ID: r\n", "{\"message\":\"busy\"}");
    pass(w, 1000);
    tick(w);
    answer_with(w, 307, "Location: /connectors/x\n", NULL);
    broke(w, BOSA_CONNECTION, BOSA_SENT_NO);
    pass(w, 70000);
    tick(w);
    answer_with(w, 302, "Location: https://elsewhere.example/\n", NULL);
    response(w, 422, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"bad\"}]}");
}

/* A call of one kind, begun; false when there was no memory to make it. */
static bool begin_kind(struct world *w, int kind)
{
    static const char body[] = "{\"identifier\":\"me\",\"secret\":\"abcdef\"}";
    struct invocation *invocation;
    struct json_doc doc;
    struct bosa_error err;

    error_init(&err);
    json_init(&doc);
    if (kind == CALL_ACTION) {
        invocation = invocation_new("github", 6, "list", 4, &w->policy);
        w->call = invocation == NULL ? NULL : call_new_action(w->hub, invocation);
        invocation_unref(invocation);
    } else if (kind == CALL_FETCH) {
        w->call = call_new_fetch(w->hub, "github");
    } else {
        char *text = mem_dup(body, strlen(body));

        if (text != NULL && json_parse(&doc, text, strlen(body), &err) == BOSA_OK) {
            w->call = call_new_endpoint(w->hub, ENDPOINT_TOKEN, "github", "me", TOKEN, &doc);
        }
        json_free(&doc);
    }
    error_clear(&err);
    if (w->call != NULL) {
        call_begin(w->call, &w->now);
    }
    return w->call != NULL;
}

static void a_life_ends_well_wherever_memory_runs_out(void **state)
{
    struct world *w = *state;
    long live;

    w->options.events = true;
    w->options.policy.max_attempts = w->policy.max_attempts = 4;
    open_hub(w);
    teach(w, OLD_SCHEMAS);
    for (int kind = CALL_ACTION; kind <= CALL_ENDPOINT; kind++) {
        bool whole = false;

        begin_kind(w, kind); /* what is made once, such as schemas */
        call_free(w->call);
        w->call = NULL;
        live = mem_torture_live();
        for (long n = 1; !whole; n++) {
            bool made;

            mem_torture_fail_at(n);
            made = begin_kind(w, kind);
            if (made) {
                live_through(w);
            }
            whole = mem_torture_count() < n;
            mem_torture_fail_at(0);
            if (made && w->call->state == CALL_ENDED) {
                assert_false(w->call->ok);
                assert_int_not_equal(w->call->error.kind, BOSA_OK);
            }
            assert_true(!whole || w->call->state == CALL_ENDED);
            assert_true(!whole || w->call->error.kind != BOSA_NOMEM);
            call_free(w->call);
            w->call = NULL;
            assert_int_equal(mem_torture_live(), live);
        }
    }
}

static void learning_ends_well_wherever_memory_runs_out(void **state)
{
    struct world *w = *state;
    bool whole = false;
    long live;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    hub_forget(w->hub, "github");
    live = mem_torture_live();
    for (long n = 1; !whole; n++) {
        mem_torture_fail_at(n);
        if (begin_kind(w, CALL_FETCH)) {
            answer_with(w, 200, "ETag: \"v1\"\n", OLD_SCHEMAS);
        }
        whole = mem_torture_count() < n;
        mem_torture_fail_at(0);
        assert_true(w->call == NULL || w->call->ok || w->call->error.kind == BOSA_NOMEM);
        assert_true(!whole || w->call->ok);
        call_free(w->call);
        w->call = NULL;
        hub_forget(w->hub, "github");
        assert_int_equal(mem_torture_live(), live);
    }
}

static void an_error_without_memory_still_says_what_was_sent(void **state)
{
    struct world *w = *state;
    bool whole = false;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    for (long n = 1; !whole; n++) {
        new_action(w, "list");
        call_begin(w->call, &w->now);
        sending(w);
        assert_true(head_and_body(w, 500, NULL, "{\"message\":\"m\"}"));
        mem_torture_fail_at(n);
        call_responded(w->call, NULL, &w->now);
        whole = mem_torture_count() < n;
        mem_torture_fail_at(0);
        assert_int_equal(w->call->error.kind, whole ? BOSA_SERVER : BOSA_NOMEM);
        assert_int_equal(w->call->error.sent, BOSA_SENT_YES);
        assert_int_equal(w->call->error.attempts, 1);
    }
}

/* The last steps of four lives. */
static void begin_with_a_path(struct world *w)
{
    call_begin(w->call, &w->now);
    sending(w);
    broke(w, BOSA_TLS, BOSA_SENT_NO);
}

static void fail_without_schemas(struct world *w)
{
    static char message[] = "refused";
    struct bosa_error failure = {.kind = BOSA_TLS, .message = message};

    call_schemas(w->call, &failure, &w->now);
}

static void run_out_of_time(struct world *w)
{
    pass(w, 60000);
    tick(w);
}

static void break_off_a_download(struct world *w)
{
    broke(w, BOSA_CONNECTION, BOSA_SENT_MAYBE);
}

static char output[600]; /* where a download goes: in a directory of the test's own */

/* Brings a fresh call to where the step begins. */
static void before_step(struct world *w, void (*step)(struct world *w))
{
    struct invocation *invocation = invocation_new("github", 6, "list", 4, &w->policy);
    struct buf chunk;

    assert_non_null(invocation);
    if (step == begin_with_a_path) {
        invocation->output = SINK_PATH;
        invocation->output_path = mem_dup(output, strlen(output));
    } else if (step == break_off_a_download) {
        invocation->output = SINK_CALLER;
    }
    hub_forget(w->hub, "github");
    if (step != fail_without_schemas) {
        teach(w, OLD_SCHEMAS);
    }
    w->call = call_new_action(w->hub, invocation);
    invocation_unref(invocation);
    if (step != begin_with_a_path) {
        call_begin(w->call, &w->now);
    }
    if (step == run_out_of_time) {
        broke(w, BOSA_CONNECTION, BOSA_SENT_NO);
    }
    if (step == break_off_a_download) {
        sending(w);
        assert_true(head_and_body(w, 200, "Content-Type: text/plain\n", "abc"));
        buf_init(&chunk);
        assert_true(take_queued(&w->call->reply.sink, &chunk));
        buf_free(&chunk);
    }
}

static void a_last_step_ends_well_wherever_memory_runs_out(void **state)
{
    static void (*const steps[])(struct world *) = {begin_with_a_path, fail_without_schemas,
                                                    run_out_of_time, break_off_a_download};
    struct world *w = *state;
    char *dir = make_dir();

    snprintf(output, sizeof output, "%s/f", dir);
    w->policy.deadline = 10000;
    w->policy.max_attempts = 2;
    w->policy.replay_unsafe = true;
    open_hub(w);
    for (size_t i = 0; i < COUNT(steps); i++) {
        bool whole = false;

        for (long n = 1; !whole; n++) {
            before_step(w, steps[i]);
            mem_torture_fail_at(n);
            steps[i](w);
            whole = mem_torture_count() < n;
            mem_torture_fail_at(0);
            assert_int_equal(w->call->state, CALL_ENDED);
            assert_int_equal(w->call->error.kind == BOSA_NOMEM, !whole);
            call_free(w->call);
            w->call = NULL;
        }
    }
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_life_ends_well_wherever_memory_runs_out),
        world_test(learning_ends_well_wherever_memory_runs_out),
        world_test(a_last_step_ends_well_wherever_memory_runs_out),
        world_test(an_error_without_memory_still_says_what_was_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
