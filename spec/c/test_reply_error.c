/* reply: what is made of a response that is an error. Its message is in test_error_message.c. */
#include "reply_error_fixture.h"
#include "json/json_error.h"

static void a_status_has_its_kind(void **unused)
{
    static const struct {
        int status;
        enum bosa_status kind;
        bool retryable;
    } kinds[] = {
        {200, BOSA_OK, false},       {204, BOSA_OK, false},        {304, BOSA_OK, false},
        {301, BOSA_PROTOCOL, false}, {307, BOSA_PROTOCOL, false},  {400, BOSA_API, false},
        {401, BOSA_AUTH, false},     {403, BOSA_AUTH, false},      {404, BOSA_NOT_FOUND, false},
        {405, BOSA_API, false},      {408, BOSA_API, false},       {409, BOSA_API, false},
        {422, BOSA_API, false},      {429, BOSA_RATE_LIMIT, true}, {499, BOSA_API, false},
        {500, BOSA_SERVER, true},    {503, BOSA_SERVER, true},     {599, BOSA_SERVER, true},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct bosa_error err;
        assert_int_equal(judge(kinds[i].status, NULL, "", false, &err), kinds[i].kind);
        assert_int_equal(err.status, kinds[i].kind == BOSA_OK ? 0 : kinds[i].status);
        assert_int_equal(err.retryable, kinds[i].retryable);
        assert_true(err.retry_after < 0);
        error_clear(&err);
    }
}

static void who_has_no_account_is_not_connected(void **unused)
{
    static const struct {
        int status;
        const char *body;
        bool integration;
        enum bosa_status kind;
    } responses[] = {
        {404, "{\"error\":{\"message\":\"No None account found on sql. Please integrate first.\"}}",
         false, BOSA_NOT_CONNECTED},
        {400, "{\"message\":\"please integrate first\"}", false, BOSA_NOT_CONNECTED},
        {403, "{\"message\":\"No me account found. Please integrate first.\"}", false,
         BOSA_NOT_CONNECTED},
        {404, "{\"message\":\"No such issue\"}", false, BOSA_NOT_FOUND},
        {500, "{\"message\":\"Please integrate first.\"}", false, BOSA_SERVER},
        {422, "{\"detail\":[{\"msg\":\"m\",\"input\":\"please integrate first\"}]}", false,
         BOSA_API},
        {200, "{\"data\":{\"success\":false,\"error\":\"Please integrate first.\"}}", true,
         BOSA_NOT_CONNECTED},
        {200, "{\"data\":{\"success\":false,\"error\":\"Invalid API Key.\"}}", true, BOSA_AUTH},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        struct bosa_error err;
        assert_int_equal(judge(responses[i].status, JSON_TYPE, responses[i].body,
                               responses[i].integration, &err),
                         responses[i].kind);
        error_clear(&err);
    }
}

static void the_code_is_one_harmless_line(void **unused)
{
    struct bosa_error err;
    char body[800] = "{\"error\":{\"message\":\"m\",\"code\":\"";
    (void)unused;
    judge(400, JSON_TYPE,
          "{\"error\":{\"message\":\"m\",\"code\":\"a\\u001b]52;c;eA=="
          "\\u0007\\r\\n\\u009b\\u202eb\"}}",
          false, &err);
    assert_string_equal(err.code, "a ]52;c;eA==        b");
    error_clear(&err);
    memset(body + strlen(body), 'x', 500);
    strcat(body, "\"}}");
    judge(400, JSON_TYPE, body, false, &err);
    assert_int_equal(strlen(err.code), 203); /* cut, with "..." */
    error_clear(&err);
}

static void a_bad_api_key_is_a_matter_of_authentication(void **unused)
{
    static const struct {
        const char *lines, *body;
    } yes[] = {
        {JSON_TYPE, "{\"error\":{\"message\":\"Invalid API Key.\"}}"},
        {JSON_TYPE, "{\"detail\":\"invalid api key\"}"},
        {JSON_TYPE, "{\"message\":\"Sorry: INVALID API KEY given\"}"},
        {TEXT_TYPE, "Invalid API Key."},
    };
    struct bosa_error err;
    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(judge(404, yes[i].lines, yes[i].body, false, &err), BOSA_AUTH);
        error_clear(&err);
    }
    assert_int_equal(judge(404, JSON_TYPE, "{\"detail\":\"Invalid API\"}", false, &err),
                     BOSA_NOT_FOUND);
    error_clear(&err);
    assert_int_equal(judge(400, JSON_TYPE, "{\"detail\":\"Invalid API Key\"}", false, &err),
                     BOSA_API);
    error_clear(&err);
}

/* ---- details, body, code ---- */

static void an_echo_of_the_callers_input_is_never_shown(void **unused)
{
    static const char body[] =
        "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"owner\"],\"msg\":\"Field "
        "required\","
        "\"input\":{\"password\":\"hunter2\"},\"ctx\":{\"input\":\"hunter2\",\"max\":3}}]}";
    struct bosa_error err;
    (void)unused;
    judge(422, JSON_TYPE, body, false, &err);
    static const char clean[] = "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"owner\"],"
                                "\"msg\":\"Field required\","
                                "\"ctx\":{\"max\":3}}]}";
    assert_int_equal(err.body_len, strlen(clean));
    assert_memory_equal(err.body, clean, err.body_len);
    struct buf text;
    struct bosa_error ignored;
    error_init(&ignored);
    buf_init(&text);
    assert_int_equal(json_write(&text, json_error_details(&err), 0, &ignored), BOSA_OK);
    buf_addc(&text, '\0');
    assert_string_equal(text.data,
                        "[{\"type\":\"missing\",\"loc\":[\"body\",\"owner\"],\"msg\":\"Field "
                        "required\",\"ctx\":{\"max\":3}}]");
    buf_free(&text);
    error_clear(&err);
}

static void an_echo_in_an_answer_that_can_not_be_read_is_cut_off(void **unused)
{
    struct bosa_error err;
    (void)unused;
    judge(422, JSON_TYPE, "{\"detail\":[{\"msg\":\"m\",\"input\":{\"password\":\"hun", false, &err);
    assert_int_equal(err.body_len, strlen("{\"detail\":[{\"msg\":\"m\","));
    assert_null(strstr(err.message, "hun"));
    assert_null(err.details);
    error_clear(&err);
}

static void details_are_the_servers(void **unused)
{
    struct bosa_error err;
    (void)unused;
    judge(400, JSON_TYPE,
          "{\"error\":{\"message\":\"m\",\"details\":{\"a\":[1,{\"b\":2}]}},\"detail\":[]}", false,
          &err);
    assert_non_null(err.details);
    assert_int_equal(json_type(json_error_details(&err), 0), JSON_OBJECT);
    uint32_t list = json_member(json_error_details(&err), 0, "a");
    assert_int_equal(
        json_error_details(&err)->nodes[json_at(json_error_details(&err), list, 0)].v.i, 1);
    error_clear(&err);
    judge(400, JSON_TYPE, "{\"detail\":\"only a sentence\"}", false, &err);
    assert_null(err.details);
    error_clear(&err);
    judge(400, JSON_TYPE, "{\"error\":{\"details\":null}}", false, &err);
    assert_null(err.details);
    error_clear(&err);
}

static void the_body_is_shown_as_it_came(void **unused)
{
    struct bosa_error err;
    (void)unused;
    judge(500, HTML_TYPE, "<html>\n", false, &err);
    assert_int_equal(err.body_len, 7);
    assert_memory_equal(err.body, "<html>\n", 7);
    error_clear(&err);
    judge(400, JSON_TYPE, "{ \"detail\" : \"spaces stay\" }", false, &err);
    assert_int_equal(err.body_len, 28);
    error_clear(&err);
    judge(500, NULL, "", false, &err);
    assert_null(err.body);
    assert_int_equal(err.body_len, 0);
    error_clear(&err);
}

/* Fails the test when the code of a response with this body is another. */
static void assert_code(const char *body, const char *code)
{
    struct bosa_error err;
    judge(400, JSON_TYPE, body, false, &err);
    if (code) {
        assert_non_null(err.code);
        assert_string_equal(err.code, code);
    } else {
        assert_null(err.code);
    }
    error_clear(&err);
}

static void the_code_is_the_servers(void **unused)
{
    (void)unused;
    assert_code("{\"error\":{\"code\":\"E_LIMIT\",\"type\":\"limit\"}}", "E_LIMIT");
    assert_code("{\"error\":{\"code\":1042,\"type\":\"limit\"}}", "1042");
    assert_code("{\"error\":{\"code\":null,\"type\":\"limit\"}}", "limit");
    assert_code("{\"code\":\"root\",\"message\":\"m\"}", "root");
    assert_code("{\"error\":\"text\"}", NULL);
    assert_code("[1]", NULL);
}

static void the_type_and_the_contract_are_the_servers(void **unused)
{
    static const struct {
        const char *lines;
        int contract;
    } cases[] = {{"X-GL-Error-Contract: 2\n", 2},  {"x-gl-error-contract: 12\n", 12},
                 {"X-GL-Error-Contract: 0\n", 0},  {"X-GL-Error-Contract: 2x\n", 0},
                 {"X-GL-Error-Contract: -2\n", 0}, {"X-GL-Error-Contract: 99999999999\n", 0},
                 {"X-GL-Error-Contract:\n", 0},    {"X-Other: 2\n", 0}};
    struct bosa_error err, copy;
    (void)unused;
    judge(400, JSON_TYPE, "{\"error\":{\"code\":\"c\",\"type\":\"a\\u0007b\"}}", false, &err);
    assert_string_equal(err.code, "c");
    assert_string_equal(err.type, "a b");
    error_init(&copy);
    assert_int_equal(error_copy(&copy, &err), BOSA_OK);
    assert_string_equal(copy.type, "a b");
    error_clear(&copy);
    error_clear(&err);
    judge(400, JSON_TYPE, "{\"error\":{\"type\":5},\"type\":\"t\"}", false, &err);
    assert_null(err.type);
    error_clear(&err);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        judge(400, cases[i].lines, "{}", false, &err);
        assert_int_equal(err.contract, cases[i].contract);
        error_clear(&err);
    }
}

/* ---- recovery and references ---- */

static void recovery_says_whether_and_when_to_try_again(void **unused)
{
    static const struct {
        int status;
        const char *lines, *body;
        int recovery;
        bool retryable;
        double retry_after;
    } responses[] = {
        {503, JSON_TYPE, "{\"error\":{\"recovery\":{\"retryable\":false}}}", 0, false, -1},
        {400, JSON_TYPE, "{\"error\":{\"recovery\":{\"retryable\":true}}}", 1, true, -1},
        {503, JSON_TYPE, "{\"error\":{\"recovery\":{\"retryable\":\"no\"}}}", -1, true, -1},
        {503, JSON_TYPE, "{\"error\":{\"recovery\":{}}}", -1, true, -1},
        {503, JSON_TYPE, "{\"error\":{\"recovery\":null}}", -1, true, -1},
        {503, JSON_TYPE, "{\"error\":\"x\"}", -1, true, -1},
        {503, JSON_TYPE, "[]", -1, true, -1},
        {429, JSON_TYPE "\nRetry-After: 9",
         "{\"error\":{\"recovery\":{\"retry_after_seconds\":2.5}}}", -1, true, 2.5},
        {429, JSON_TYPE "\nRetry-After: 9",
         "{\"error\":{\"recovery\":{\"retry_after_seconds\":0}}}", -1, true, 0},
        {429, JSON_TYPE "\nRetry-After: 9",
         "{\"error\":{\"recovery\":{\"retry_after_seconds\":-2}}}", -1, true, 9},
        {429, JSON_TYPE "\nRetry-After: 9",
         "{\"error\":{\"recovery\":{\"retry_after_seconds\":\"4\"}}}", -1, true, 9},
        {429, JSON_TYPE, "{\"error\":{\"recovery\":{\"retry_after_seconds\":1e300}}}", -1, true,
         1e9},
        {429, JSON_TYPE, "{\"error\":{\"recovery\":{\"retry_after_seconds\":1e400}}}", -1, true,
         1e9},
        {429, JSON_TYPE,
         "{\"error\":{\"recovery\":{\"retry_after_seconds\":99999999999999999999999999}}}", -1,
         true, 1e9},
        {429, JSON_TYPE, "{\"error\":{\"recovery\":{\"retry_after_seconds\":-1e400}}}", -1, true,
         -1},
        {503, "Retry-After: " DATE, "", -1, true, 37},
        {503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\nDate: Sun, 06 Nov 1994 08:49:07 GMT", "",
         -1, true, 30},
        {503, "Date: Sun, 06 Nov 2095 08:49:07 GMT\nRetry-After: Sun, 06 Nov 2095 08:48:07 GMT", "",
         -1, true, 0},
        {503, "Date: yesterday\nRetry-After: " DATE, "", -1, true, 37},
        {503, "Retry-After: soon", "", -1, true, -1},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        struct reply reply;
        struct bosa_error err;
        error_init(&err);
        response(&reply, responses[i].status, responses[i].lines, responses[i].body);
        assert_int_equal(reply_recovery(&reply), responses[i].recovery);
        reply_judge(&reply, false, NOW, &err);
        assert_int_equal(err.retryable, responses[i].retryable);
        assert_true(responses[i].retry_after < 0 ? err.retry_after < 0
                                                 : err.retry_after == responses[i].retry_after);
        error_clear(&err);
        reply_free(&reply);
    }
}

static void the_reference_is_the_fields_before_the_bodys(void **unused)
{
    static const struct {
        const char *lines, *body, *reference; /* NULL: none */
    } responses[] = {
        {JSON_TYPE "\nx-request-id: req-1", "{\"error\":{\"request_id\":\"req-2\"}}", "req-1"},
        {JSON_TYPE, "{\"error\":{\"request_id\":\"req-2\",\"reference_id\":\"req-3\"}}", "req-2"},
        {JSON_TYPE, "{\"error\":{\"reference_id\":\"req-3\"}}", "req-3"},
        {JSON_TYPE "\nX-Request-ID: <script>", "{\"error\":{\"reference_id\":\"req-3\"}}", "req-3"},
        {JSON_TYPE, "{\"error\":{\"request_id\":\"a b\",\"reference_id\":\"req-3\"}}", "req-3"},
        {JSON_TYPE "\nX-Request-ID:", "{\"error\":{\"request_id\":\"a\\u0000b\"}}", NULL},
        {JSON_TYPE, "{\"error\":\"req\"}", NULL},
        {JSON_TYPE, "{\"error\":{\"request_id\":12}}", NULL},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        struct reply reply;
        struct bosa_error err;
        error_init(&err);
        response(&reply, 500, responses[i].lines, responses[i].body);
        char *reference = reply_reference_id(&reply);
        reply_judge(&reply, false, NOW, &err);
        if (responses[i].reference) {
            assert_non_null(reference);
            assert_string_equal(reference, responses[i].reference);
            assert_string_equal(err.reference_id, responses[i].reference);
        } else {
            assert_null(reference);
            assert_null(err.reference_id);
        }
        mem_free(reference);
        error_clear(&err);
        reply_free(&reply);
    }
}

static void a_good_answer_has_a_reference_too(void **unused)
{
    struct reply reply;
    (void)unused;
    response(&reply, 200, JSON_TYPE "\nX-Request-ID: ok-1", "{\"data\":1}");
    char *reference = reply_reference_id(&reply);
    assert_string_equal(reference, "ok-1");
    mem_free(reference);
    reply_free(&reply);
}

/* ---- the two dialects ---- */

static void a_route_is_missing_when_the_router_says_so(void **unused)
{
    static const struct {
        int status;
        const char *lines, *body;
        bool missing;
    } responses[] = {
        {404, JSON_TYPE, "{\"detail\":\"Not Found\"}", true},
        {405, JSON_TYPE, "{\"detail\":\"Method Not Allowed\"}", true},
        {404, HTML_TYPE, "<html>404 page not found", true},
        {404, TEXT_TYPE, "404 page not found", true},
        {404, NULL, "", true},
        {404, JSON_TYPE, "{}", true},
        {404, JSON_TYPE, "{\"detail\":\"Invalid API Key.\"}", false},
        {404, TEXT_TYPE, "Invalid API Key.", false},
        {404, JSON_TYPE, "{\"error\":{\"message\":\"Invalid API Key.\"}}", false},
        {404, JSON_TYPE, "{\"error\":{\"message\":\"Not Found\"}}", false},
        {404, JSON_TYPE, "{\"error\":\"Not Found\"}", false},
        {404, JSON_TYPE, "{\"message\":\"Not Found\"}", false},
        {404, JSON_TYPE, "{\"data\":{\"success\":false}}", false},
        {404, JSON_TYPE, "{\"detail\":\"User not found\"}", false},
        {404, JSON_TYPE, "{\"detail\":[{\"msg\":\"x\"}]}", false},
        {400, JSON_TYPE, "{\"detail\":\"Not Found\"}", false},
        {500, JSON_TYPE, "{\"detail\":\"Not Found\"}", false},
        {200, JSON_TYPE, "{\"detail\":\"Not Found\"}", false},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        struct reply reply;
        response(&reply, responses[i].status, responses[i].lines, responses[i].body);
        assert_int_equal(reply_no_such_route(&reply), responses[i].missing);
        reply_free(&reply);
    }
}

/* ---- integrations ---- */

static void an_integration_that_failed_is_an_error_though_its_status_is_200(void **unused)
{
    static const char failed[] = "{\"data\":{\"success\":false,\"error\":\"No such account\"}}";
    struct bosa_error err;
    (void)unused;
    assert_int_equal(judge(200, JSON_TYPE, failed, true, &err), BOSA_API);
    assert_int_equal(err.status, 200);
    assert_false(err.retryable);
    assert_message(&err, "No such account");
    assert_int_equal(judge(200, JSON_TYPE, "{\"data\":{\"success\":false}}", true, &err), BOSA_API);
    assert_message(&err, "the server says that it was not successful");
    assert_int_equal(judge(200, JSON_TYPE, "{\"success\":false,\"message\":\"m\"}", true, &err),
                     BOSA_API);
    assert_message(&err, "m");
    assert_int_equal(judge(200, JSON_TYPE, failed, false, &err), BOSA_OK);
    assert_int_equal(judge(200, JSON_TYPE, "{\"data\":{\"success\":true}}", true, &err), BOSA_OK);
    assert_int_equal(judge(200, JSON_TYPE, "{\"data\":{\"success\":null}}", true, &err), BOSA_OK);
    assert_int_equal(judge(200, JSON_TYPE, "{\"data\":[false]}", true, &err), BOSA_OK);
    assert_int_equal(judge(200, TEXT_TYPE, failed, true, &err), BOSA_OK);
    assert_int_equal(judge(204, NULL, "", true, &err), BOSA_OK);
    assert_int_equal(judge(304, NULL, "", true, &err), BOSA_OK);
}

/* ---- memory ---- */

static enum bosa_status judge_with_little_memory(void *reply, struct bosa_error *err)
{
    enum bosa_status status = reply_judge(reply, true, NOW, err);
    assert_int_equal(err->kind, status);
    return status == BOSA_NOMEM ? BOSA_NOMEM : BOSA_OK;
}

static void judging_survives_a_lack_of_memory(void **unused)
{
    static const struct {
        int status;
        const char *lines, *body;
    } responses[] = {
        {422, JSON_TYPE "\nX-Request-ID: r",
         "{\"detail\":[{\"loc\":[\"body\",\"owner\"],\"msg\":\"m\",\"input\":{\"a\":[1]}}],"
         "\"code\":\"c\"}"},
        {500, JSON_TYPE,
         "{\"error\":{\"message\":\"m\",\"code\":7,\"request_id\":\"r\",\"details\":[1]}}"},
        {500, HTML_TYPE, "<html>"},
        {500, HTML_TYPE, "<title>Down</title><h1>until five</h1>"},
        {422, JSON_TYPE, "{\"detail\":[\"one\",\"two\"]}"},
        {302, "Location: /x", ""},
        {200, JSON_TYPE, "{\"data\":{\"success\":false,\"error\":\"no\"}}"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        struct reply reply;
        response(&reply, responses[i].status, responses[i].lines, responses[i].body);
        assert_true(torture(judge_with_little_memory, &reply) >= 2);
        reply_free(&reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_has_its_kind),
        cmocka_unit_test(who_has_no_account_is_not_connected),
        cmocka_unit_test(the_code_is_one_harmless_line),
        cmocka_unit_test(a_bad_api_key_is_a_matter_of_authentication),
        cmocka_unit_test(an_echo_of_the_callers_input_is_never_shown),
        cmocka_unit_test(an_echo_in_an_answer_that_can_not_be_read_is_cut_off),
        cmocka_unit_test(details_are_the_servers),
        cmocka_unit_test(the_body_is_shown_as_it_came),
        cmocka_unit_test(the_code_is_the_servers),
        cmocka_unit_test(the_type_and_the_contract_are_the_servers),
        cmocka_unit_test(recovery_says_whether_and_when_to_try_again),
        cmocka_unit_test(the_reference_is_the_fields_before_the_bodys),
        cmocka_unit_test(a_good_answer_has_a_reference_too),
        cmocka_unit_test(a_route_is_missing_when_the_router_says_so),
        cmocka_unit_test(an_integration_that_failed_is_an_error_though_its_status_is_200),
        cmocka_unit_test(judging_survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests_name("reply_error", tests, NULL, NULL);
}
