/* reply: what is made of a response that is an error. */
#include "reply_fixture.h"
#include "json/json_error.h"

#define NOW 784111740 /* 37 seconds before the date below */
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define TEXT_TYPE "Content-Type: text/plain; charset=utf-8"
#define HTML_TYPE "Content-Type: text/html; charset=utf-8"

/* The error that a response is, to be cleared. */
static enum bosa_status judge(int status, const char *lines, const char *body, bool integration,
                              struct bosa_error *err)
{
    struct reply reply;
    error_init(err);
    response(&reply, status, lines, body);
    enum bosa_status kind = reply_judge(&reply, integration, NOW, err);
    reply_free(&reply);
    assert_int_equal(err->kind, kind);
    assert_int_equal(err->message == NULL, kind == BOSA_OK);
    return kind;
}

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

static void the_message_says_what_the_server_says(void **unused)
{
    static const struct {
        int status;
        const char *lines, *body, *message;
    } responses[] = {
        {404, JSON_TYPE, "{\"detail\":\"No such repository\"}",
         "404 Not Found: No such repository"},
        {404, JSON_TYPE, "{\"detail\":\"Not Found\"}", "404 Not Found"},
        {401, JSON_TYPE, "{\"message\":\"Unauthorized.\"}", "401 Unauthorized"},
        {400, JSON_TYPE, "{\"message\":\"Bad cursor\"}", "400 Bad Request: Bad cursor"},
        {400, JSON_TYPE, "{\"error\":\"Bad cursor\"}", "400 Bad Request: Bad cursor"},
        {409, JSON_TYPE, "{\"error\":{\"message\":\"Taken\",\"source\":\"github\"}}",
         "409 Conflict: Taken"},
        {409, JSON_TYPE, "{\"message\":\"outer\",\"error\":{\"message\":\"inner\"}}",
         "409 Conflict: inner"},
        {400, JSON_TYPE, "{\"detail\":{\"message\":\"nested\"}}", "400 Bad Request: nested"},
        {400, JSON_TYPE, "{\"detail\":{\"error\":\"nested\"}}", "400 Bad Request: nested"},
        {400, JSON_TYPE, "{\"data\":{\"success\":false,\"error\":\"nope\"}}",
         "400 Bad Request: nope"},
        {400, JSON_TYPE, "{\"data\":{\"message\":\"nope\"}}", "400 Bad Request: nope"},
        {400, JSON_TYPE, "{\"message\":\"\",\"detail\":\"second\"}", "400 Bad Request: second"},
        {400, JSON_TYPE, "{\"message\":7}", "400 Bad Request"},
        {400, JSON_TYPE, "{}", "400 Bad Request"},
        {400, JSON_TYPE, "[]", "400 Bad Request"},
        {400, JSON_TYPE, "null", "400 Bad Request"},
        {400, JSON_TYPE, "\"only words\"", "400 Bad Request: only words"},
        {400, JSON_TYPE, "{\"detail\":[{\"loc\":[null,{}],\"msg\":\"no place\"}]}",
         "400: no place"},
        {400, JSON_TYPE, "{\"detail\":[\"first\",\"second\"]}", "400: first; second"},
        {400, JSON_TYPE, "{\"errors\":[{\"message\":\"first\"},\"second\"]}", "400: first; second"},
        {400, JSON_TYPE, "{\"errors\":{\"a\":1},\"detail\":[5]}", "400 Bad Request"},
        {499, JSON_TYPE, "{\"message\":\"gone away\"}", "499: gone away"},
        {499, NULL, "", "499"},
        {503, NULL, "", "503 Service Unavailable"},
        {500, TEXT_TYPE, "Internal Server Error", "500 Internal Server Error"},
        {502, TEXT_TYPE, "\n  upstream died\nstack trace", "502 Bad Gateway: upstream died"},
        {502, NULL, "upstream died", "502 Bad Gateway: upstream died"},
        {500, HTML_TYPE, "<html><p>nothing</p>", "500 Internal Server Error (text/html response)"},
        {503, HTML_TYPE,
         "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this "
         "request.\n</body></html>\n",
         "503 Service Unavailable: No server is available to handle this request"},
        {503, HTML_TYPE,
         "<html><head><title>503 Service Unavailable</title></head><body><h1>Service Unavailable"
         "</h1><p>The server is busy.<br>Try again later.</p><hr><i>Apache</i></body></html>",
         "503 Service Unavailable: The server is busy"},
        {502, HTML_TYPE,
         "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>"
         "</center><hr><center>nginx</center></body></html>",
         "502 Bad Gateway (text/html response)"},
        {403, HTML_TYPE,
         "<!-- <title>no</title> --><script>x = '<h1>no</h1>'</script><style>h1 {}</style><body>"
         "<h1>You<!-- not --> are <script>no</script>blocked</h1>",
         "403 Forbidden: You are blocked"},
        {500, HTML_TYPE, "<!--<title>no</title>", "500 Internal Server Error (text/html response)"},
        {500, HTML_TYPE, "<script><title>no</title>",
         "500 Internal Server Error (text/html response)"},
        {500, "Content-Type: image/png", "\x89PNG",
         "500 Internal Server Error (image/png response)"},
        {500, NULL, "<html>", "500 Internal Server Error"},
        {500, JSON_TYPE, "{\"message\":\"cut o",
         "500 Internal Server Error (response in broken JSON)"},
        {400, JSON_TYPE, "{\"message\":\"two\\nlines\\u001b[2J\"}",
         "400 Bad Request: two lines [2J"},
        {400, JSON_TYPE, "{\"message\":\"\\u00c9t\\u00e9\\u009b2J \\u20ac\"}",
         "400 Bad Request: \xc3\x89t\xc3\xa9  2J \xe2\x82\xac"},
        {502, TEXT_TYPE, "d\xe9sol\xc3\xa9\xe2\x82", "502 Bad Gateway: d?sol\xc3\xa9??"},
        {302, "Location: /\xe9t\xe9", "", "302 Found: a redirect that is not followed, to /?t?"},
        {302, "Location: https://evil.example/x?token=secret", "",
         "302 Found: a redirect that is not followed, to https://evil.example/x"},
        {307, NULL, "{\"message\":\"x\"}",
         "307 Temporary Redirect: a redirect that is not followed"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        struct bosa_error err;
        judge(responses[i].status, responses[i].lines, responses[i].body, false, &err);
        assert_message(&err, responses[i].message);
    }
}

static void a_list_of_faults_is_told_by_its_first(void **unused)
{
    static const struct {
        const char *body, *message;
    } responses[] = {
        {"{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"owner\"],\"msg\":\"Field "
         "required\","
         "\"input\":{}},{\"msg\":\"x\"},{\"msg\":\"y\"}]}",
         "422: body.owner: Field required; x; y"},
        {"{\"detail\":[{\"loc\":[\"body\",\"files\",0,\"name\"],\"msg\":\"Too long\"}]}",
         "422: body.files[0].name: Too long"},
        {"{\"detail\":[{\"loc\":[],\"msg\":\"Bad\"}]}", "422: Bad"},
        {"{\"detail\":[{\"msg\":\"Bad\"}]}", "422: Bad"},
        {"{\"detail\":[{\"message\":\"Bad\",\"loc\":\"body\"}]}", "422: Bad"},
        {"{\"detail\":[\"one\",\"two\"]}", "422: one; two"},
        {"{\"detail\":[\"one\",7,\"two\"]}", "422: one (and 2 more)"},
        {"{\"detail\":[]}", "422 Unprocessable Content"},
        {"{\"detail\":[{\"type\":\"missing\"}]}", "422 Unprocessable Content"},
        {"{\"detail\":[7]}", "422 Unprocessable Content"},
        {"{\"detail\":{}}", "422 Unprocessable Content"},
        {"{\"detail\":[{\"loc\":[null,{\"a\":1},\"x\"],\"msg\":\"m\"}]}", "422: x: m"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        struct bosa_error err;
        assert_int_equal(judge(422, JSON_TYPE, responses[i].body, false, &err), BOSA_API);
        assert_message(&err, responses[i].message);
    }
}

static void a_page_is_told_by_its_title_and_heading(void **unused)
{
    static const struct {
        int status;
        const char *lines, *body, *message;
    } responses[] = {
        {502, HTML_TYPE,
         "<html><head><title>502 Bad Gateway</title></head><h1>502 Bad Gateway</h1>",
         "502 Bad Gateway (text/html response)"},
        {503, HTML_TYPE, "<TITLE>Service Unavailable</TITLE><h1 class='x'>Back <b>at</b> five</h1>",
         "503 Service Unavailable: Back at five"},
        {503, HTML_TYPE,
         "<title>Caf&#233; &#x20AC;&#8201;&#0;&#x110000;&#60;&#99 &mdash; shut&hellip;</title>",
         "503 Service Unavailable: Caf\xC3\xA9 \xE2\x82\xAC\xE2\x80\x89 <&#99 - shut..."},
        {503, HTML_TYPE, "<title>\n Tom &amp; Jerry&#39;s &lt;gate&gt;\n</title><h1>Closed</h1>",
         "503 Service Unavailable: Tom & Jerry's <gate>: Closed"},
        {403, HTML_TYPE, "<title>Blocked</title><h1>blocked</h1>", "403 Forbidden: Blocked"},
        {500, HTML_TYPE, "<title>Error 500</title><h1>It broke",
         "500 Internal Server Error: It broke"},
        {500, HTML_TYPE,
         "<title>a\x1b[31mb\xc2\x9b"
         "c\xe2\x80\xae"
         "d</title>",
         "500 Internal Server Error: a [31mb  c   d"},
        {500, NULL, "<h1>No type</h1>", "500 Internal Server Error: No type"},
        {500, "Content-Type: application/xhtml+xml", "<title/><h1>X</h1>",
         "500 Internal Server Error: X"},
        {500, HTML_TYPE, "<h1", "500 Internal Server Error (text/html response)"},
        {500, HTML_TYPE, "<header>no</header><h1-x>no</h1-x>",
         "500 Internal Server Error (text/html response)"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        struct bosa_error err;
        judge(responses[i].status, responses[i].lines, responses[i].body, false, &err);
        assert_message(&err, responses[i].message);
    }
}

static void faults_are_listed_as_far_as_they_fit_a_line(void **unused)
{
    char body[2000] = "{\"detail\":[";
    struct bosa_error err;
    (void)unused;
    for (int i = 0; i < 20; i++) {
        size_t len = strlen(body);
        snprintf(body + len, sizeof body - len,
                 "%s{\"loc\":[\"body\",\"p%02d\"],\"msg\":\"Field required\"}", i ? "," : "", i);
    }
    strcat(body, "]}");
    judge(422, JSON_TYPE, body, false, &err);
    assert_true(strlen(err.message) <= 300 + strlen(" (and 10 more)"));
    assert_non_null(
        strstr(err.message, "422: body.p00: Field required; body.p01: Field required; "));
    assert_non_null(strstr(err.message, " more)"));
    error_clear(&err);
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

static void a_long_sentence_is_cut(void **unused)
{
    char body[3000] = "{\"message\":\"";
    struct bosa_error err;
    (void)unused;
    memset(body + strlen(body), 'm', 2000);
    strcat(body, "\"}");
    judge(400, JSON_TYPE, body, false, &err);
    assert_true(strlen(err.message) < 600);
    assert_string_equal(err.message + strlen(err.message) - 4, "m...");
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
        cmocka_unit_test(the_message_says_what_the_server_says),
        cmocka_unit_test(a_list_of_faults_is_told_by_its_first),
        cmocka_unit_test(a_page_is_told_by_its_title_and_heading),
        cmocka_unit_test(faults_are_listed_as_far_as_they_fit_a_line),
        cmocka_unit_test(who_has_no_account_is_not_connected),
        cmocka_unit_test(the_code_is_one_harmless_line),
        cmocka_unit_test(a_long_sentence_is_cut),
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
