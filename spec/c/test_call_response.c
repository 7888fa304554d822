/* What a call makes of a response: redirects, the two dialects, discovery, errors. */
#include "call_fixture.h"
#include "http/header_fields.h"

#define LIST_URL BASE "/connectors/github/list"

/* ---- redirects ---- */

static void a_redirect_to_the_same_origin_is_followed(void **state)
{
    static const int statuses[] = {307, 308};
    struct world *w = *state;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    for (size_t i = 0; i < COUNT(statuses); i++) {
        char out[64];
        size_t got;
        struct bosa_error err;

        new_action(w, "list");
        call_begin(w->call, &w->now);
        sending(w);
        error_init(&err);
        assert_int_equal(body_read(w->call->request.body, out, sizeof out, &got, &err), BOSA_OK);
        assert_int_equal(answer_with(w, statuses[i], "Location: /connectors/github/list/\n", NULL),
                         CALL_SEND);
        assert_string_equal(w->call->request.method, "POST");
        assert_string_equal(w->call->request.url, LIST_URL "/");
        assert_int_equal(body_done(w->call->request.body), 0);
        assert_int_equal(w->call->reply.status, 0);
        response(w, 200, DONE);
        assert_ok(w, 1);
    }
}

static void a_redirect_goes_on_with_the_time_of_its_attempt(void **state)
{
    struct world *w = *state;

    w->policy.timeout = 1000;
    ready(w);
    sending(w);
    pass(w, 600);
    answer_with(w, 307, "Location: /x\n", NULL);
    sending(w);
    assert_int_equal(call_attempt_time(w->call, &w->now), 400);
}

static void an_attempt_after_a_redirect_counts(void **state)
{
    struct world *w = *state;

    w->policy.timeout = 1000;
    w->policy.max_attempts = 2;
    ready(w);
    answer_with(w, 307, "Location: /x\n", NULL);
    assert_int_equal(response(w, 503, "{}"), CALL_WAITING);
    wait_out(w);
    sending(w);
    assert_int_equal(call_attempt_time(w->call, &w->now), 1000);
    response(w, 503, "{}");
    assert_failed(w, BOSA_SERVER, BOSA_SENT_YES, 2);
}

static void an_action_redirected_elsewhere_ends_in_an_error(void **state)
{
    static const struct {
        int status;
        const char *lines, *message;
        enum bosa_sent sent;
    } rows[] = {
        {307, "Location: https://evil.example/a?secret=1\n",
         "(307) to https://evil.example is not followed: only places of the same origin are",
         BOSA_SENT_NO},
        {308, "Location: //evil.example:8443/a\n", "to https://evil.example:8443 is", BOSA_SENT_NO},
        {307, "Location: http://api.example.com/x\n", "to http://api.example.com is", BOSA_SENT_NO},
        {307, "Location: https://api.example.com:444/x\n", "com:444 is", BOSA_SENT_NO},
        {307, "Location: https://u:p@evil.example/\n", "to a malformed URL is", BOSA_SENT_NO},
        {307, "Location: javascript:alert(1)\n", "to a malformed URL is", BOSA_SENT_NO},
        {307, NULL, "redirects (307) without saying where", BOSA_SENT_NO},
        {301, "Location: /x\n", "(301) to the same origin is not followed: it would turn",
         BOSA_SENT_NO},
        {302, "Location: https://login.example/\n", "to https://login.example is", BOSA_SENT_NO},
        {303, "Location: /result\n", "(303) to the same origin is", BOSA_SENT_YES},
        {304, NULL, "status 304", BOSA_SENT_YES},
        {300, NULL, "status 300", BOSA_SENT_YES},
    };
    struct world *w = *state;

    w->policy.max_attempts = 3;
    w->policy.replay_unsafe = true;
    open_hub(w);
    teach(w, OLD_SCHEMAS);
    for (size_t i = 0; i < COUNT(rows); i++) {
        new_action(w, "list");
        call_begin(w->call, &w->now);
        answer_with(w, rows[i].status, rows[i].lines, NULL);
        assert_failed(w, BOSA_PROTOCOL, rows[i].sent, 1);
        assert_message_has(w, rows[i].message);
        assert_null(strstr(w->call->error.message, "secret"));
        assert_int_equal(w->call->error.status, rows[i].status);
    }
}

static void redirects_are_bounded(void **state)
{
    struct world *w = *state;

    ready(w);
    for (int i = 0; i < CALL_MAX_REDIRECTS; i++) {
        assert_int_equal(answer_with(w, 307, "Location: /x\n", NULL), CALL_SEND);
    }
    answer_with(w, 307, "Location: /x\n", NULL);
    assert_failed(w, BOSA_PROTOCOL, BOSA_SENT_NO, 1);
    assert_message_has(w, "too many");
}

static void a_get_follows_all_redirects(void **state)
{
    static const int statuses[] = {301, 302, 303, 307, 308};
    struct world *w = *state;

    open_hub(w);
    new_fetch(w);
    call_begin(w->call, &w->now);
    for (size_t i = 0; i < COUNT(statuses); i++) {
        assert_int_equal(answer_with(w, statuses[i], "Location: /elsewhere?modules=github\n", NULL),
                         CALL_SEND);
    }
    assert_string_equal(w->call->request.method, "GET");
    response(w, 200, OLD_SCHEMAS);
    assert_ok(w, 1);
}

/* ---- routes that are not there ---- */

static void the_router_knows_no_action_of_old_schemas(void **state)
{
    struct world *w = *state;

    w->policy.timeout = 1000;
    open_hub(w);
    teach(w, OLD_SCHEMAS);
    w->now.unix_s += HUB_STALE_SECONDS + 1;
    new_action(w, "list");
    call_begin(w->call, &w->now);
    sending(w);
    pass(w, 900);
    assert_int_equal(response(w, 404, NO_ROUTE), CALL_SCHEMAS);
    assert_int_equal(call_schemas(w->call, NULL, &w->now), CALL_SEND);
    sending(w);
    assert_int_equal(call_attempt_time(w->call, &w->now), 1000); /* the fetch took its own */
    response(w, 404, NO_ROUTE);
    assert_failed(w, BOSA_NOT_FOUND, BOSA_SENT_NO, 1);
}

static void the_router_is_right_about_fresh_schemas(void **state)
{
    struct world *w = *state;

    ready(w);
    response(w, 405, "{\"detail\":\"Method Not Allowed\"}");
    assert_failed(w, BOSA_API, BOSA_SENT_NO, 1);
    assert_int_equal(w->call->error.status, 405);
}

static void the_404_of_an_action_is_not_the_routers(void **state)
{
    struct world *w = *state;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    w->now.unix_s += 1000;
    new_action(w, "list");
    call_begin(w->call, &w->now);
    response(w, 404, "{\"error\":{\"message\":\"no such repository\",\"reference_id\":\"ref-1\"}}");
    assert_failed(w, BOSA_NOT_FOUND, BOSA_SENT_YES, 1);
    assert_string_equal(w->call->error.reference_id, "ref-1");
}

static void a_fetch_that_fails_after_the_routers_404_is_the_error(void **state)
{
    struct world *w = *state;
    struct bosa_error failure;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    w->now.unix_s += 1000;
    new_action(w, "list");
    call_begin(w->call, &w->now);
    answer_with(w, 404, "X-Request-ID: of-the-404\n", NO_ROUTE);
    error_init(&failure);
    (void)error_set(&failure, BOSA_CONNECTION, "refused");
    call_schemas(w->call, &failure, &w->now);
    error_clear(&failure);
    assert_failed(w, BOSA_CONNECTION, BOSA_SENT_NO, 1);
    assert_int_equal(w->call->error.status, 0);
    assert_null(w->call->error.reference_id);
}

/* ---- dialects ---- */

static void an_endpoint_is_found_in_the_seeds_dialect(void **state)
{
    struct world *w = *state;
    char out[64];
    size_t got;
    struct bosa_error err;

    open_hub(w);
    new_endpoint(w, ENDPOINT_CREATE_USER, NULL, "{\"identifier\":\"me\"}");
    call_begin(w->call, &w->now);
    assert_string_equal(w->call->request.url, BASE "/users");
    assert_int_equal(response(w, 404, NO_ROUTE), CALL_SEND);
    assert_string_equal(w->call->request.url, BASE "/clients/register-user");
    sending(w);
    error_init(&err);
    assert_int_equal(body_read(w->call->request.body, out, sizeof out, &got, &err), BOSA_OK);
    assert_memory_equal(out, "{\"identifier\":\"me\"}", got);
    response(w, 200, DONE);
    assert_ok(w, 1);
    assert_int_equal(hub_dialect(w->hub, ENDPOINT_CREATE_USER), DIALECT_LEGACY);
    assert_int_equal(hub_dialect(w->hub, ENDPOINT_TOKEN), DIALECT_UNKNOWN);

    new_endpoint(w, ENDPOINT_CREATE_USER, NULL, "{\"identifier\":\"me\"}");
    call_begin(w->call, &w->now);
    assert_string_equal(w->call->request.url, BASE "/clients/register-user");
}

static void an_answer_proves_a_dialect_or_does_not(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum hub_dialect found;
    } rows[] = {
        {200, DONE, DIALECT_CURRENT},
        {401, "{\"detail\":\"Unauthorized\"}", DIALECT_CURRENT},
        {404, "{\"message\":\"Invalid API Key.\"}", DIALECT_CURRENT},
        {422, "{\"detail\":[]}", DIALECT_CURRENT},
        {429, "{}", DIALECT_UNKNOWN},
        {503, "{}", DIALECT_UNKNOWN},
    };
    struct world *w = *state;

    open_hub(w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        hub_set_dialect(w->hub, ENDPOINT_WHO_AM_I, DIALECT_UNKNOWN);
        new_endpoint(w, ENDPOINT_WHO_AM_I, NULL, NULL);
        call_begin(w->call, &w->now);
        assert_int_equal(response(w, rows[i].status, rows[i].body), CALL_ENDED);
        assert_int_equal(hub_dialect(w->hub, ENDPOINT_WHO_AM_I), rows[i].found);
    }
}

static void an_endpoint_in_neither_dialect_is_not_found(void **state)
{
    struct world *w = *state;

    w->options.policy.max_attempts = 3;
    open_hub(w);
    new_endpoint(w, ENDPOINT_WHO_AM_I, NULL, NULL);
    call_begin(w->call, &w->now);
    assert_int_equal(response(w, 404, NO_ROUTE), CALL_SEND);
    response(w, 404, NO_ROUTE);
    assert_failed(w, BOSA_NOT_FOUND, BOSA_SENT_NO, 1);
    assert_int_equal(hub_dialect(w->hub, ENDPOINT_WHO_AM_I), DIALECT_UNKNOWN);
}

static void a_dialect_that_is_gone_is_asked_for_anew(void **state)
{
    struct world *w = *state;

    open_hub(w);
    hub_set_dialect(w->hub, ENDPOINT_WHO_AM_I, DIALECT_LEGACY);
    new_endpoint(w, ENDPOINT_WHO_AM_I, NULL, NULL);
    call_begin(w->call, &w->now);
    response(w, 404, NO_ROUTE);
    assert_failed(w, BOSA_NOT_FOUND, BOSA_SENT_NO, 1);
    assert_int_equal(hub_dialect(w->hub, ENDPOINT_WHO_AM_I), DIALECT_UNKNOWN);
}

static void the_seeds_dialect_follows_today_within_a_retry(void **state)
{
    struct world *w = *state;

    w->options.policy.max_attempts = 2;
    open_hub(w);
    new_endpoint(w, ENDPOINT_WHO_AM_I, NULL, NULL);
    call_begin(w->call, &w->now);
    assert_int_equal(response(w, 503, "{}"), CALL_WAITING);
    wait_out(w);
    assert_string_equal(w->call->request.url, BASE "/users/me");
    assert_int_equal(response(w, 404, NO_ROUTE), CALL_SEND);
    response(w, 200, DONE);
    assert_ok(w, 2);
}

static void removal_without_an_identifier_has_the_seeds_form_only(void **state)
{
    struct world *w = *state;

    open_hub(w);
    new_endpoint(w, ENDPOINT_REMOVE_INTEGRATION, NULL, NULL);
    call_begin(w->call, &w->now);
    assert_string_equal(w->call->request.url, BASE "/connectors/github/integrations");
    response(w, 405, "{\"detail\":\"Method Not Allowed\"}");
    assert_failed(w, BOSA_API, BOSA_SENT_NO, 1);
}

static void removal_with_a_slash_is_tried_in_one_dialect(void **state)
{
    struct world *w = *state;

    open_hub(w);
    new_endpoint(w, ENDPOINT_REMOVE_INTEGRATION, "me/../you", NULL);
    call_begin(w->call, &w->now);
    assert_string_equal(w->call->request.url, BASE "/connectors/github/integrations/me%2F..%2Fyou");
    response(w, 404, NO_ROUTE);
    assert_failed(w, BOSA_NOT_FOUND, BOSA_SENT_NO, 1);
    new_endpoint(w, ENDPOINT_REMOVE_INTEGRATION, "me", NULL);
    call_begin(w->call, &w->now);
    assert_int_equal(response(w, 404, NO_ROUTE), CALL_SEND);
    assert_string_equal(w->call->request.url, BASE "/connectors/github/integrations");
}

static void an_account_of_no_connector_is_told_by_the_router(void **state)
{
    static const enum endpoint endpoints[] = {ENDPOINT_HAS_INTEGRATION, ENDPOINT_INTEGRATE,
                                              ENDPOINT_GET_INTEGRATION,
                                              ENDPOINT_SELECT_INTEGRATION};
    struct world *w = *state;

    open_hub(w);
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        new_endpoint(w, endpoints[i], "me", NULL);
        call_begin(w->call, &w->now);
        response(w, 404, NO_ROUTE);
        assert_failed(w, BOSA_UNKNOWN_CONNECTOR, BOSA_SENT_NO, 1);
        assert_message_has(w, "the server has no connector `github`");
    }
    new_endpoint(w, ENDPOINT_GET_INTEGRATION, "me", NULL);
    call_begin(w->call, &w->now);
    response(w, 404, "{\"message\":\"No such account\"}");
    assert_failed(w, BOSA_NOT_FOUND, BOSA_SENT_YES, 1);
}

static void success_false_is_an_error_of_integrations_only(void **state)
{
    static const char refused[] = "{\"data\":{\"success\":false,\"error\":\"not yours\"}}";
    struct world *w = *state;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    new_endpoint(w, ENDPOINT_SELECT_INTEGRATION, "me", NULL);
    call_begin(w->call, &w->now);
    response(w, 200, refused);
    assert_failed(w, BOSA_API, BOSA_SENT_YES, 1);
    assert_message_has(w, "not yours");
    new_action(w, "list");
    call_begin(w->call, &w->now);
    response(w, 200, refused);
    assert_ok(w, 1);
}

static void an_endpoint_without_its_token_is_not_sent(void **state)
{
    struct world *w = *state;

    open_hub(w);
    w->call = call_new_endpoint(w->hub, ENDPOINT_WHO_AM_I, "github", NULL, NULL, NULL);
    assert_int_equal(call_begin(w->call, &w->now), CALL_ENDED);
    assert_failed(w, BOSA_AUTH, BOSA_SENT_NO, 0);
}

/* ---- discovery ---- */

static void a_fetch_teaches_the_hub(void **state)
{
    struct world *w = *state;
    struct connector *connector;

    open_hub(w);
    new_fetch(w);
    assert_int_equal(call_begin(w->call, &w->now), CALL_SEND);
    assert_string_equal(w->call->request.url, BASE "/connectors/?modules=github");
    answer_with(w, 200, "ETag: \"v7\"\nLast-Modified: Sun, 09 Sep 2001 01:00:00 GMT\n",
                OLD_SCHEMAS);
    assert_ok(w, 1);
    connector = hub_find(w->hub, "github", &w->now);
    assert_non_null(connector);
    assert_string_equal(connector->etag, "\"v7\"");
    assert_string_equal(connector->last_modified, "Sun, 09 Sep 2001 01:00:00 GMT");
    assert_int_equal(connector->fetched, w->now.unix_s);
}

static void not_modified_makes_schemas_fresh(void **state)
{
    struct world *w = *state;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    w->now.unix_s += 1000;
    new_fetch(w);
    call_begin(w->call, &w->now);
    assert_string_equal(fields_get(&w->call->request.fields, "If-None-Match"), "\"v1\"");
    response(w, 304, NULL);
    assert_ok(w, 1);
    assert_int_equal(hub_find(w->hub, "github", &w->now)->fetched, w->now.unix_s);
}

static void not_modified_of_nothing_is_asked_for_whole(void **state)
{
    struct world *w = *state;

    open_hub(w);
    teach(w, OLD_SCHEMAS);
    new_fetch(w);
    call_begin(w->call, &w->now);
    sending(w);
    hub_forget(w->hub, "github");
    assert_int_equal(response(w, 304, NULL), CALL_SEND);
    assert_null(fields_get(&w->call->request.fields, "If-None-Match"));
    response(w, 304, NULL);
    assert_failed(w, BOSA_PROTOCOL, BOSA_SENT_NO, 1);
}

static void discovery_that_makes_no_sense_is_an_error(void **state)
{
    static const struct {
        int status;
        const char *lines, *body;
        enum bosa_status kind;
    } rows[] = {
        {200, NULL, "{}", BOSA_UNKNOWN_CONNECTOR},
        {200, NULL, "{\"github\":", BOSA_PROTOCOL},
        {200, NULL, "[]", BOSA_PROTOCOL},
        {200, "Content-Type: text/html\n", "<p>", BOSA_PROTOCOL},
        {204, NULL, NULL, BOSA_PROTOCOL},
        {404, NULL, NO_ROUTE, BOSA_NOT_FOUND},
        {403, NULL, "{}", BOSA_AUTH},
    };
    struct world *w = *state;

    open_hub(w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        new_fetch(w);
        call_begin(w->call, &w->now);
        answer_with(w, rows[i].status, rows[i].lines, rows[i].body);
        assert_failed(w, rows[i].kind, BOSA_SENT_NO, 1);
    }
}

/* ---- what an error carries ---- */

static void an_error_names_its_place_without_the_query(void **state)
{
    struct world *w = *state;

    open_hub(w);
    new_fetch(w);
    call_begin(w->call, &w->now);
    answer_with(w, 503, "X-Request-ID: req-1\n", "{}");
    assert_string_equal(w->call->error.url, BASE "/connectors/");
    assert_string_equal(w->call->error.reference_id, "req-1");
    assert_null(w->call->error.action);
}

static void no_secret_is_left_in_an_error(void **state)
{
    static const char *const bodies[] = {
        "{\"message\":\"bad " TOKEN " and " KEY "\"}",
        "{\"message\":\"bad secret sk-user-42\"}",
        "{\"message\":\"bad password hunter22\",\"detail\":[{\"msg\":\"hunter22\"}]}",
    };
    struct world *w = *state;

    open_hub(w);
    for (size_t i = 0; i < COUNT(bodies); i++) {
        const struct bosa_error *err;

        new_endpoint(
            w, ENDPOINT_INTEGRATE, NULL,
            "{\"secret\":\"sk-user-42\",\"configuration\":{\"password\":[\"hunter22\",1]}}");
        call_begin(w->call, &w->now);
        response(w, 422, bodies[i]);
        err = &w->call->error;
        assert_message_has(w, "***");
        assert_non_null(err->body);
        assert_true(i < 2 || strstr(err->message, "password") != NULL);
        assert_null(strstr(err->message, TOKEN));
        assert_null(strstr(err->message, "sk-user"));
        assert_null(strstr(err->message, "hunter"));
        assert_null(strstr(err->body, "sk-user"));
        assert_null(strstr(err->body, "hunter"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_redirect_to_the_same_origin_is_followed),
        world_test(a_redirect_goes_on_with_the_time_of_its_attempt),
        world_test(an_attempt_after_a_redirect_counts),
        world_test(an_action_redirected_elsewhere_ends_in_an_error),
        world_test(redirects_are_bounded),
        world_test(a_get_follows_all_redirects),
        world_test(the_router_knows_no_action_of_old_schemas),
        world_test(the_router_is_right_about_fresh_schemas),
        world_test(the_404_of_an_action_is_not_the_routers),
        world_test(a_fetch_that_fails_after_the_routers_404_is_the_error),
        world_test(an_endpoint_is_found_in_the_seeds_dialect),
        world_test(an_answer_proves_a_dialect_or_does_not),
        world_test(an_endpoint_in_neither_dialect_is_not_found),
        world_test(a_dialect_that_is_gone_is_asked_for_anew),
        world_test(the_seeds_dialect_follows_today_within_a_retry),
        world_test(removal_without_an_identifier_has_the_seeds_form_only),
        world_test(removal_with_a_slash_is_tried_in_one_dialect),
        world_test(an_account_of_no_connector_is_told_by_the_router),
        world_test(success_false_is_an_error_of_integrations_only),
        world_test(an_endpoint_without_its_token_is_not_sent),
        world_test(a_fetch_teaches_the_hub),
        world_test(not_modified_makes_schemas_fresh),
        world_test(not_modified_of_nothing_is_asked_for_whole),
        world_test(discovery_that_makes_no_sense_is_an_error),
        world_test(an_error_names_its_place_without_the_query),
        world_test(no_secret_is_left_in_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
