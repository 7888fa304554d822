/* The requests that a hub writes for actions and discovery; what endpoints get has a file of its
 * own. */
#include "http/header_fields.h"
#include "hub_fixture.h"
#include "json/json_error.h"

#define TOKEN "user-token-1"

static struct invocation *invocation_of(const char *action, const char *params)
{
    struct policy policy = {1, false, 0, 0, 0};
    struct invocation *invocation = invocation_new("github", 6, action, strlen(action), &policy);

    assert_non_null(invocation);
    if (params != NULL) {
        json_free(&invocation->params);
        invocation->params = fixture_doc(params);
    }
    return invocation;
}

static void set_text(char **field, const char *text)
{
    *field = mem_dup(text, strlen(text));
    assert_non_null(*field);
}

static void add_field(struct invocation *invocation, const char *name, const char *value)
{
    struct bosa_error err;

    error_init(&err);
    assert_int_equal(
        fields_add(&invocation->fields, name, strlen(name), value, strlen(value), &err), BOSA_OK);
}

/* Gives the invocation one file of bytes. */
static void add_file(struct invocation *invocation)
{
    invocation->files = mem_zalloc(1, sizeof(*invocation->files));
    assert_non_null(invocation->files);
    invocation->file_count = 1;
    invocation->files[0].feed = BODY_NO_FEED;
    invocation->files[0].len = 7;
    set_text(&invocation->files[0].bytes, "content");
    set_text(&invocation->files[0].filename, "a.txt");
}

/* hub_action_request, or hub_action_check where `request` is NULL, for a hub that knows github
 * since FIXTURE_NOW. The invocation is given back. */
static enum bosa_status write_action(struct hub *hub, struct invocation *invocation,
                                     struct request *request, struct bosa_error *err)
{
    struct moment now = fixture_at(FIXTURE_NOW);
    enum bosa_status status;

    error_init(err);
    if (request != NULL) {
        request_init(request);
    }
    status = request != NULL ? hub_action_request(hub, invocation, request, &now, err)
                             : hub_action_check(hub, invocation, &now, err);
    assert_int_equal(err->kind, status);
    invocation_unref(invocation);
    return status;
}

/* A request that must come out well. */
static struct request good(struct hub *hub, struct invocation *invocation)
{
    struct request request;
    struct bosa_error err;

    if (write_action(hub, invocation, &request, &err) != BOSA_OK) {
        fail_msg("%s", err.message);
    }
    return request;
}

/* The message of a request that must fail so, in a static buffer; its names must be filled in. */
static const char *bad(struct hub *hub, struct invocation *invocation, enum bosa_status kind)
{
    static char message[300];
    char action[100];
    struct request request;
    struct bosa_error err;

    snprintf(action, sizeof(action), "%s", invocation->action);
    assert_int_equal(write_action(hub, invocation, &request, &err), kind);
    assert_null(request.url);
    assert_int_equal(err.sent, BOSA_SENT_NO);
    assert_int_equal(err.attempts, 0);
    assert_string_equal(err.connector, "github");
    assert_string_equal(err.action, action);
    snprintf(message, sizeof(message), "%s", err.message);
    error_clear(&err);
    return message;
}

/* ---- actions ---- */

static void an_action_is_posted_to_its_path(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct request request =
        good(hub, invocation_of("list_issues", "{\"owner\":\"gl\",\"page\":2}"));

    (void)state;
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.url, "https://api.example.com/v1/connectors/github/list_issues");
    assert_request_field(&request, "Content-Type", "application/json");
    assert_request_field(&request, "X-API-Key", FIXTURE_KEY);
    assert_request_field(&request, "X-GL-Error-Contract", "2");
    assert_request_field(&request, "Authorization", NULL);
    assert_request_field(&request, "X-Integration", NULL);
    assert_request_field(&request, "X-Bosa-Integration", NULL);
    assert_non_null(strstr(fields_get(&request.fields, "Accept"), "application/json"));
    assert_request_body(&request, "{\"owner\":\"gl\",\"page\":2}");
    request_free(&request);
    hub_unref(hub);
}

static void says_for_whom_it_acts(void **state)
{
    struct hub *hub = fixture_ready("hub-token");
    struct request request = good(hub, invocation_of("list_issues", NULL));
    struct invocation *invocation = invocation_of("list_issues", NULL);

    (void)state;
    assert_request_field(&request, "Authorization", "Bearer hub-token");
    request_free(&request);
    set_text(&invocation->token, TOKEN);
    set_text(&invocation->identifier, "me@example.com");
    request = good(hub, invocation);
    assert_request_field(&request, "Authorization", "Bearer " TOKEN);
    assert_request_field(&request, "X-Integration", "me@example.com");
    assert_request_field(&request, "X-Bosa-Integration", "me@example.com");
    request_free(&request);
    hub_unref(hub);
}

static void our_fields_win_over_the_callers(void **state)
{
    struct hub *hub = fixture_ready(TOKEN);
    struct invocation *invocation = invocation_of("list_issues", NULL);
    struct request request;

    (void)state;
    set_text(&invocation->identifier, "me");
    add_field(invocation, "x-api-key", "theirs");
    add_field(invocation, "X-API-KEY", "theirs again");
    add_field(invocation, "AUTHORIZATION", "theirs");
    add_field(invocation, "x-integration", "theirs");
    add_field(invocation, "x-bosa-integration", "theirs");
    add_field(invocation, "x-gl-error-contract", "1");
    add_field(invocation, "content-type", "text/plain");
    add_field(invocation, "Accept", "application/pdf");
    add_field(invocation, "X-Own", "kept");
    request = good(hub, invocation);
    assert_request_field(&request, "X-API-Key", FIXTURE_KEY);
    assert_request_field(&request, "Authorization", "Bearer " TOKEN);
    assert_request_field(&request, "X-Integration", "me");
    assert_request_field(&request, "X-Bosa-Integration", "me");
    assert_request_field(&request, "X-GL-Error-Contract", "2");
    assert_request_field(&request, "Content-Type", "application/json");
    assert_request_field(&request, "Accept", "application/pdf"); /* which response is the caller's
                                                                    choice */
    assert_request_field(&request, "X-Own", "kept");
    request_free(&request);
    hub_unref(hub);
}

static void the_transports_fields_are_refused(void **state)
{
    static const char *const names[] = {"Host",       "content-length", "Transfer-Encoding",
                                        "connection", "Upgrade",        "TE",
                                        "Trailer",    "Expect"};
    struct hub *hub = fixture_ready(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct invocation *invocation = invocation_of("list_issues", NULL);

        add_field(invocation, names[i], "x");
        assert_non_null(strstr(bad(hub, invocation, BOSA_PARAMS), names[i]));
    }
    hub_unref(hub);
}

static void a_token_or_identifier_that_breaks_out_of_its_field_is_refused(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct invocation *invocation = invocation_of("list_issues", NULL);

    (void)state;
    set_text(&invocation->token, "secret-token\r\nX-Evil: 1");
    assert_null(strstr(bad(hub, invocation, BOSA_PARAMS), "secret-token"));
    invocation = invocation_of("list_issues", NULL);
    set_text(&invocation->identifier, "me\nX-Evil: 1");
    (void)bad(hub, invocation, BOSA_PARAMS);
    hub_unref(hub);
}

static void an_unknown_action_names_the_one_that_was_meant(void **state)
{
    struct hub *hub = fixture_ready(NULL);

    (void)state;
    assert_string_equal(bad(hub, invocation_of("list_isues", NULL), BOSA_UNKNOWN_ACTION),
                        "github has no action `list_isues`; did you mean `list_issues`?");
    assert_string_equal(bad(hub, invocation_of("make_coffee", NULL), BOSA_UNKNOWN_ACTION),
                        "github has no action `make_coffee`");
    assert_string_equal(bad(hub, invocation_of("integration", NULL), BOSA_UNKNOWN_ACTION),
                        "github has no action `integration`"); /* routes are not offered */
    hub_unref(hub);
}

static void a_connector_that_is_not_loaded_is_an_error(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);

    (void)state;
    (void)bad(hub, invocation_of("list_issues", NULL), BOSA_UNKNOWN_CONNECTOR);
    hub_unref(hub);
}

static void parameters_are_checked(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct request request;
    struct bosa_error err;

    (void)state;
    assert_int_equal(
        write_action(hub, invocation_of("list_issues", "{\"page\":\"two\",\"onwer\":\"x\"}"),
                     &request, &err),
        BOSA_PARAMS);
    assert_int_equal(json_error_details(&err)->nodes[0].len, 2);
    assert_string_equal(err.connector, "github");
    assert_string_equal(err.action, "list_issues");
    error_clear(&err);
    hub_unref(hub);
}

static void a_plan_is_not_changed_by_its_check(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct invocation *invocation = invocation_of("list_issues", "{\"page\":2.0}");
    uint32_t page = json_member(&invocation->params, 0, "page");
    struct request request = good(hub, invocation_ref(invocation));

    (void)state;
    assert_request_body(&request, "{\"page\":2}");
    assert_int_equal(json_type(&invocation->params, page), JSON_DOUBLE);
    invocation_unref(invocation);
    request_free(&request);
    hub_unref(hub);
}

static void an_action_without_parameters_takes_none_and_is_sent_an_object(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct request request = good(hub, invocation_of("admin/revoke-all", NULL));

    (void)state;
    assert_string_equal(request.url,
                        "https://api.example.com/v1/connectors/github/admin/revoke-all");
    assert_request_field(&request, "Content-Type", "application/json");
    assert_request_body(&request, "{}");
    request_free(&request);
    assert_string_equal(bad(hub, invocation_of("admin/revoke-all", "{\"a\":1}"), BOSA_PARAMS),
                        "admin/revoke-all takes no parameters, and `a` was given");
    hub_unref(hub);
}

static void an_action_that_takes_files_is_sent_a_form(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct request request = good(hub, invocation_of("upload", "{\"page_token\":\"a b\"}"));
    struct invocation *invocation = invocation_of("upload", NULL);
    uint32_t object;

    (void)state;
    assert_request_field(&request, "Content-Type", "application/x-www-form-urlencoded");
    request_free(&request);
    add_file(invocation);
    json_free(&invocation->params);
    object = json_open(&invocation->params, JSON_OBJECT);
    json_add_string(&invocation->params, "file", 4);
    json_add_file(&invocation->params, 0);
    json_close(&invocation->params, object, 1);
    request = good(hub, invocation);
    assert_memory_equal(fields_get(&request.fields, "Content-Type"),
                        "multipart/form-data; boundary=", 30);
    request_free(&request);
    hub_unref(hub);
}

static void without_a_request_all_is_checked_and_nothing_written(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct bosa_error err;

    (void)state;
    assert_int_equal(write_action(hub, invocation_of("list_issues", NULL), NULL, &err), BOSA_OK);
    assert_int_equal(write_action(hub, invocation_of("list_issues", "{\"a\":1}"), NULL, &err),
                     BOSA_PARAMS);
    error_clear(&err);
    hub_unref(hub);
}

static void a_schema_that_is_malformed_leaves_the_check_to_the_server(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct bosa_error err;

    (void)state;
    assert_int_equal(
        fixture_learn(hub, "github",
                      "{\"github\":{\"a\":{\"method\":\"POST\",\"path\":\"/a\",\"parameters\":"
                      "{\"request\":{\"schema\":{\"$ref\":\"#/$defs/nowhere\"}}}}}}",
                      NULL, FIXTURE_NOW, &err),
        BOSA_OK);
    assert_int_equal(write_action(hub, invocation_of("a", "{\"x\":1}"), NULL, &err), BOSA_OK);
    hub_unref(hub);
}

/* ---- discovery ---- */

static struct request discovery(struct hub *hub, const char *name)
{
    struct request request;
    struct bosa_error err;

    error_init(&err);
    request_init(&request);
    assert_int_equal(hub_discovery_request(hub, name, &request, &err), BOSA_OK);
    return request;
}

static void discovery_goes_without_keys(void **state)
{
    struct hub *hub = fixture_hub(TOKEN, NULL, 0);
    struct request request = discovery(hub, "github");

    (void)state;
    assert_string_equal(request.method, "GET");
    assert_string_equal(request.url, "https://api.example.com/v1/connectors/?modules=github");
    assert_request_field(&request, "X-API-Key", NULL);
    assert_request_field(&request, "Authorization", NULL);
    assert_request_field(&request, "If-None-Match", NULL);
    assert_null(request.body);
    request_free(&request);
    hub_unref(hub);
}

static void a_connectors_name_can_not_leave_the_query(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct request request = discovery(hub, "../a&b=c#d e%2f\r\n");
    struct bosa_error err;

    (void)state;
    assert_string_equal(request.url, "https://api.example.com/v1/connectors/"
                                     "?modules=..%2Fa%26b%3Dc%23d%20e%252f%0D%0A");
    request_free(&request);
    error_init(&err);
    assert_int_equal(hub_discovery_request(hub, "", &request, &err), BOSA_PARAMS);
    error_clear(&err);
    hub_unref(hub);
}

static void asks_only_for_what_has_changed(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct moment now = fixture_at(1);
    struct json_doc doc = fixture_doc(FIXTURE_GITHUB);
    struct bosa_error err;
    struct request request;

    (void)state;
    error_init(&err);
    assert_int_equal(
        hub_learn(hub, "github", &doc, "\"v1\"", "Sun, 06 Nov 1994 08:49:37 GMT", &now, &err),
        BOSA_OK);
    request = discovery(hub, "github");
    assert_request_field(&request, "If-None-Match", "\"v1\"");
    assert_request_field(&request, "If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT");
    request_free(&request);
    hub_forget(hub, "github");
    request = discovery(hub, "github");
    assert_request_field(&request, "If-None-Match", NULL);
    request_free(&request);
    hub_unref(hub);
}

static void a_validator_that_no_field_can_carry_is_left_out(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct bosa_error err;
    struct request request;

    (void)state;
    assert_int_equal(fixture_learn(hub, "github", FIXTURE_GITHUB, "\"v\r\n1\"", 1, &err), BOSA_OK);
    request = discovery(hub, "github");
    assert_request_field(&request, "If-None-Match", NULL);
    request_free(&request);
    hub_unref(hub);
}

/* ---- memory ---- */

/* Writes one request of each sort; false when there was no memory for one. */
static bool write_all(struct hub *hub, long fail_at)
{
    struct invocation *invocation = invocation_of("list_issues", "{\"owner\":\"gl\"}");
    struct invocation *unknown = invocation_of("list_isues", NULL),
                      *wrong = invocation_of("list_issues", "{\"x\":1}");
    struct json_doc body = fixture_doc("{\"callback_url\":\"x\"}");
    struct request a, b, c;
    struct bosa_error err[5];
    struct moment now = fixture_at(FIXTURE_NOW);
    bool good = true;

    request_init(&a);
    request_init(&b);
    request_init(&c);
    for (int i = 0; i < 5; i++) {
        error_init(&err[i]);
    }
    set_text(&invocation->identifier, "me");
    add_field(invocation, "X-Own", "1");
    mem_torture_fail_at(fail_at);
    (void)hub_action_request(hub, invocation, &a, &now, &err[0]);
    (void)hub_discovery_request(hub, "github", &b, &err[1]);
    (void)hub_endpoint_request(hub, ENDPOINT_INTEGRATE, DIALECT_CURRENT, "github", NULL, NULL,
                               &body, &c, &err[2]);
    (void)hub_action_check(hub, unknown, &now, &err[3]);
    (void)hub_action_check(hub, wrong, &now, &err[4]);
    for (int i = 0; i < 5; i++) {
        good = good && err[i].kind != BOSA_NOMEM;
        error_clear(&err[i]);
    }
    invocation_unref(invocation);
    invocation_unref(unknown);
    invocation_unref(wrong);
    json_free(&body);
    request_free(&a);
    request_free(&b);
    request_free(&c);
    return good;
}

static void every_failing_allocation_is_told(void **state)
{
    struct hub *hub = fixture_ready(TOKEN);
    long before, count;

    (void)state;
    assert_true(write_all(hub, 0)); /* compiles the schema, which stays */
    before = mem_torture_live();
    assert_true(write_all(hub, 0));
    count = mem_torture_count();
    assert_true(count > 20);
    for (long nth = 1; nth <= count; nth++) {
        assert_false(write_all(hub, nth));
        assert_int_equal(mem_torture_live(), before);
    }
    mem_torture_fail_at(0);
    hub_unref(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_action_is_posted_to_its_path),
        cmocka_unit_test(says_for_whom_it_acts),
        cmocka_unit_test(our_fields_win_over_the_callers),
        cmocka_unit_test(the_transports_fields_are_refused),
        cmocka_unit_test(a_token_or_identifier_that_breaks_out_of_its_field_is_refused),
        cmocka_unit_test(an_unknown_action_names_the_one_that_was_meant),
        cmocka_unit_test(a_connector_that_is_not_loaded_is_an_error),
        cmocka_unit_test(parameters_are_checked),
        cmocka_unit_test(a_plan_is_not_changed_by_its_check),
        cmocka_unit_test(an_action_without_parameters_takes_none_and_is_sent_an_object),
        cmocka_unit_test(an_action_that_takes_files_is_sent_a_form),
        cmocka_unit_test(without_a_request_all_is_checked_and_nothing_written),
        cmocka_unit_test(a_schema_that_is_malformed_leaves_the_check_to_the_server),
        cmocka_unit_test(discovery_goes_without_keys),
        cmocka_unit_test(a_connectors_name_can_not_leave_the_query),
        cmocka_unit_test(asks_only_for_what_has_changed),
        cmocka_unit_test(a_validator_that_no_field_can_carry_is_left_out),
        cmocka_unit_test(every_failing_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
