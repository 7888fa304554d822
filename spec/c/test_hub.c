/* What a hub is: its options, budget, jitter and redaction. Schemas and requests have files of
 * their own. */
#include "base/mem.h"
#include "hub/hub.h"
#include "hub/redact.h"
#include "mem_torture.h"

#include <stdarg.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static struct hub_options options(const char *base_url)
{
    struct hub_options o = {0};

    o.base_url = base_url;
    o.api_key = "sk-client-1234567890";
    o.token = "eyJhbGciOiJIUzI1NiJ9";
    o.retry_budget = true;
    o.policy.max_attempts = 4;
    o.max_response_size = 1000;
    o.cache_ttl = 3600;
    return o;
}

static struct hub *make(const struct hub_options *o)
{
    struct bosa_error err;
    struct hub *hub;

    error_init(&err);
    assert_int_equal(hub_new(&hub, o, &err), BOSA_OK);
    return hub;
}

/* The kind of error of these options; the message must not hold `secret`. */
static enum bosa_status refused(const struct hub_options *o, const char *secret)
{
    struct bosa_error err;
    struct hub *hub;
    enum bosa_status status;

    error_init(&err);
    status = hub_new(&hub, o, &err);
    if (status == BOSA_OK) {
        hub_unref(hub);
    } else {
        assert_null(hub);
        assert_int_equal(err.kind, status);
        assert_true(err.message || status == BOSA_NOMEM);
        assert_true(!secret || !err.message || !strstr(err.message, secret));
    }
    error_clear(&err);
    return status;
}

static void keeps_its_options(void **state)
{
    struct hub_options o = options("https://api.example.com");
    struct hub *hub;

    (void)state;
    o.events = true;
    hub = make(&o);
    assert_string_equal(hub_base_url(hub), "https://api.example.com");
    assert_int_equal(hub_policy(hub)->max_attempts, 4);
    assert_int_equal(hub_max_response_size(hub), 1000);
    assert_true(hub_events(hub));
    hub_unref(hub);
}

static void a_path_prefix_is_kept_without_its_trailing_slash(void **state)
{
    static const char *const urls[][2] = {
        {"https://h/", "https://h"},
        {"https://h/v1", "https://h/v1"},
        {"https://h:8443/v1/bosa//", "https://h:8443/v1/bosa"},
        {"http://localhost:8080/", "http://localhost:8080"},
        {"http://127.0.0.1", "http://127.0.0.1"},
        {"http://[::1]:80", "http://[::1]:80"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct hub_options o = options(urls[i][0]);
        struct hub *hub = make(&o);

        assert_string_equal(hub_base_url(hub), urls[i][1]);
        hub_unref(hub);
    }
}

static void a_base_url_that_is_none_is_refused(void **state)
{
    static const char *const urls[] = {
        "",
        "/",
        "api.example.com",
        "ftp://h",
        "https://",
        "https:///x",
        "https://h?",
        "https://h/a?b=c",
        "https://h#f",
        "https://h/../x",
        "https://h/%2e%2e/x",
        "https://h//x",
        "https://h/a b",
        "https://h\\x",
        "https://h:99999",
        "https://h\r\nX: y",
        "file:///etc/passwd",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct hub_options o = options(urls[i]);

        assert_int_equal(refused(&o, NULL), BOSA_PARAMS);
    }
}

static void user_information_is_refused_and_not_shown(void **state)
{
    struct hub_options o = options("https://me:hunter2@api.example.com");

    (void)state;
    assert_int_equal(refused(&o, "hunter2"), BOSA_PARAMS);
}

static void plain_http_needs_a_word(void **state)
{
    struct hub_options o = options("http://api.example.com");

    (void)state;
    assert_int_equal(refused(&o, NULL), BOSA_PARAMS);
    o.base_url = "http://localhost.example.com";
    assert_int_equal(refused(&o, NULL), BOSA_PARAMS);
    o.allow_http = true;
    assert_int_equal(refused(&o, NULL), BOSA_OK);
}

static void secrets_that_no_field_can_carry_are_refused_and_not_shown(void **state)
{
    struct hub_options o = options("https://h");

    (void)state;
    o.api_key = "secret\r\nX-Evil: 1";
    assert_int_equal(refused(&o, "secret"), BOSA_PARAMS);
    o.api_key = NULL;
    o.token = "secret\n";
    assert_int_equal(refused(&o, "secret"), BOSA_PARAMS);
    o.token = NULL;
    assert_int_equal(refused(&o, NULL), BOSA_OK);
}

static void is_counted(void **state)
{
    struct hub_options o = options("https://h");
    struct hub *hub = make(&o);

    (void)state;
    assert_ptr_equal(hub_ref(hub), hub);
    hub_unref(hub);
    assert_string_equal(hub_base_url(hub), "https://h");
    hub_unref(hub);
    hub_unref(NULL);
}

static void retries_take_from_the_budget_until_it_is_spent(void **state)
{
    struct hub_options o = options("https://h");
    struct hub *hub = make(&o);

    (void)state;
    assert_int_equal(hub_budget(hub), HUB_BUDGET_TOKENS);
    for (int i = 0; i < 49; i++) {
        assert_true(hub_spend(hub, true));
    }
    assert_int_equal(hub_budget(hub), 10);
    assert_true(hub_spend(hub, false));
    assert_false(hub_spend(hub, true));
    assert_int_equal(hub_budget(hub), 5); /* what was refused took nothing */
    assert_true(hub_spend(hub, false));
    assert_false(hub_spend(hub, false));
    hub_unref(hub);
}

static void success_gives_back_but_never_more_than_the_start(void **state)
{
    struct hub_options o = options("https://h");
    struct hub *hub = make(&o);

    (void)state;
    hub_budget_refund(hub, 1);
    assert_int_equal(hub_budget(hub), HUB_BUDGET_TOKENS);
    assert_true(hub_spend(hub, true));
    hub_budget_refund(hub, 1);
    assert_int_equal(hub_budget(hub), HUB_BUDGET_TOKENS - 9);
    hub_budget_refund(hub, 10);
    assert_int_equal(hub_budget(hub), HUB_BUDGET_TOKENS);
    hub_unref(hub);
}

static void without_a_budget_every_retry_may_go(void **state)
{
    struct hub_options o = options("https://h");
    struct hub *hub;

    (void)state;
    o.retry_budget = false;
    hub = make(&o);
    for (int i = 0; i < 1000; i++) {
        assert_true(hub_spend(hub, true));
    }
    assert_int_equal(hub_budget(hub), -1);
    hub_budget_refund(hub, 1);
    assert_int_equal(hub_budget(hub), -1);
    hub_unref(hub);
}

static void the_jitter_lies_between_0_and_1_and_follows_the_seed(void **state)
{
    struct hub_options o = options("https://h");
    struct hub *a = make(&o), *same = make(&o), *b;
    double low = 1, high = 0;
    int equal = 0;

    (void)state;
    o.seed = 1;
    b = make(&o);
    for (int i = 0; i < 1000; i++) {
        double x = hub_random(a);

        assert_true(x >= 0 && x < 1);
        assert_true(x == hub_random(same));
        equal += x == hub_random(b);
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    assert_int_equal(equal, 0);
    assert_true(low < 0.05 && high > 0.95);
    hub_unref(a);
    hub_unref(same);
    hub_unref(b);
}

static void redact(const struct hub *hub, struct bosa_error *err, const char *token)
{
    struct secrets secrets;

    secrets_init(&secrets);
    hub_secrets(hub, &secrets);
    secrets_add(&secrets, token, token ? strlen(token) : 0);
    error_redact(err, &secrets);
    secrets_free(&secrets);
}

static void secrets_are_taken_out_of_errors(void **state)
{
    struct hub_options o = options("https://h");
    struct hub *hub = make(&o);
    struct bosa_error err;

    (void)state;
    error_init(&err);
    (void)error_set(&err, BOSA_API, "key %s, token %s, given %s", o.api_key, o.token,
                    "given-token");
    assert_int_equal(error_field(&err.cause, o.api_key, strlen(o.api_key)), BOSA_OK);
    redact(hub, &err, "given-token");
    assert_string_equal(err.message, "key ***, token ***, given ***");
    assert_string_equal(err.cause, "***");
    error_clear(&err);
    hub_unref(hub);
}

static void a_hub_without_secrets_has_none_to_take_out(void **state)
{
    struct hub_options o = options("https://h");
    struct bosa_error err;
    struct hub *hub;

    (void)state;
    o.api_key = "";
    o.token = NULL;
    hub = make(&o);
    error_init(&err);
    (void)error_set(&err, BOSA_API, "as it is");
    redact(hub, &err, NULL);
    assert_string_equal(err.message, "as it is");
    error_clear(&err);
    hub_unref(hub);
}

static void every_failing_allocation_is_told(void **state)
{
    struct hub_options o = options("https://h/v1");
    long before = mem_torture_live(), count;

    (void)state;
    o.cache_dir = "/tmp/cache";
    mem_torture_fail_at(0);
    hub_unref(make(&o));
    count = mem_torture_count();
    for (long nth = 1; nth <= count; nth++) {
        mem_torture_fail_at(nth);
        assert_int_equal(refused(&o, NULL), BOSA_NOMEM);
        assert_int_equal(mem_torture_live(), before);
    }
    mem_torture_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_its_options),
        cmocka_unit_test(a_path_prefix_is_kept_without_its_trailing_slash),
        cmocka_unit_test(a_base_url_that_is_none_is_refused),
        cmocka_unit_test(user_information_is_refused_and_not_shown),
        cmocka_unit_test(plain_http_needs_a_word),
        cmocka_unit_test(secrets_that_no_field_can_carry_are_refused_and_not_shown),
        cmocka_unit_test(is_counted),
        cmocka_unit_test(retries_take_from_the_budget_until_it_is_spent),
        cmocka_unit_test(success_gives_back_but_never_more_than_the_start),
        cmocka_unit_test(without_a_budget_every_retry_may_go),
        cmocka_unit_test(the_jitter_lies_between_0_and_1_and_follows_the_seed),
        cmocka_unit_test(secrets_are_taken_out_of_errors),
        cmocka_unit_test(a_hub_without_secrets_has_none_to_take_out),
        cmocka_unit_test(every_failing_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
