/* error_message: the one line that says what an error response says, whatever its body is. */
#include "reply_error_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A response, and the message of the error that it is. */
struct told {
    int status;
    const char *lines, *body, *message;
};

static void assert_told(const struct told *responses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bosa_error err;
        judge(responses[i].status, responses[i].lines, responses[i].body, false, &err);
        assert_message(&err, responses[i].message);
    }
}

static void the_message_says_what_the_server_says(void **unused)
{
    static const struct told responses[] = {
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
    };
    (void)unused;
    assert_told(responses, COUNT(responses));
}

static void a_text_or_a_page_is_told_by_its_sentence(void **unused)
{
    static const struct told responses[] = {
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
    };
    (void)unused;
    assert_told(responses, COUNT(responses));
}

static void the_message_is_one_harmless_line(void **unused)
{
    static const struct told responses[] = {
        {400, JSON_TYPE, "{\"message\":\"two\\nlines\\u001b[2J\"}",
         "400 Bad Request: two lines [2J"},
        {400, JSON_TYPE, "{\"message\":\"\\u00c9t\\u00e9\\u009b2J \\u20ac\"}",
         "400 Bad Request: \xc3\x89t\xc3\xa9  2J \xe2\x82\xac"},
        {502, TEXT_TYPE, "d\xe9sol\xc3\xa9\xe2\x82", "502 Bad Gateway: d?sol\xc3\xa9??"},
    };
    (void)unused;
    assert_told(responses, COUNT(responses));
}

static void a_redirect_that_is_not_followed_is_told(void **unused)
{
    static const struct told responses[] = {
        {302, "Location: /\xe9t\xe9", "", "302 Found: a redirect that is not followed, to /?t?"},
        {302, "Location: https://evil.example/x?token=secret", "",
         "302 Found: a redirect that is not followed, to https://evil.example/x"},
        {307, NULL, "{\"message\":\"x\"}",
         "307 Temporary Redirect: a redirect that is not followed"},
    };
    (void)unused;
    assert_told(responses, COUNT(responses));
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
    static const struct told responses[] = {
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
        {403, HTML_TYPE, "<title>403 Forbidden</title><body><h1>403 Forbidden</h1></body>",
         "403 Forbidden (text/html response)"},
        {503, HTML_TYPE, "<body><h1>503 Service Temporarily Unavailable</h1><p>Back at two.",
         "503 Service Unavailable: Back at two"},
        {504, HTML_TYPE, "<body><h1>504 Gateway Time-out</h1>\nIt did not respond in time.\n",
         "504 Gateway Timeout: It did not respond in time"},
        {403, "Content-Type: application/xml",
         "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has "
         "expired</Message></Error>",
         "403 Forbidden: Request has expired"},
        {403, "Content-Type: text/xml", "<Error><Messages>no</Messages></Error>",
         "403 Forbidden (text/xml response)"},
        {502, JSON_TYPE, "<html><body>The backend is gone.</body></html>",
         "502 Bad Gateway: The backend is gone"},
        {502, JSON_TYPE, "<html></html>", "502 Bad Gateway (response in broken JSON)"},
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
    assert_told(responses, COUNT(responses));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_message_says_what_the_server_says),
        cmocka_unit_test(a_text_or_a_page_is_told_by_its_sentence),
        cmocka_unit_test(the_message_is_one_harmless_line),
        cmocka_unit_test(a_redirect_that_is_not_followed_is_told),
        cmocka_unit_test(a_list_of_faults_is_told_by_its_first),
        cmocka_unit_test(a_page_is_told_by_its_title_and_heading),
        cmocka_unit_test(faults_are_listed_as_far_as_they_fit_a_line),
        cmocka_unit_test(a_long_sentence_is_cut),
    };
    return cmocka_run_group_tests_name("error_message", tests, NULL, NULL);
}
