/* request: URLs, safe paths and redirects. */
#include "net_fixture.h"

#include "request/request.h"

static bool split(struct url *url, const char *text)
{
    return url_parse(url, text, strlen(text));
}

static void an_url_is_split(void **unused)
{
    static const struct {
        const char *text;
        bool https;
        const char *host;
        int port;
        const char *target;
    } urls[] = {
        {"https://api.bosa.id", true, "api.bosa.id", 443, ""},
        {"HTTP://Api.Bosa.ID/", false, "Api.Bosa.ID", 80, "/"},
        {"https://h:8443/a/b?c=d", true, "h", 8443, "/a/b?c=d"},
        {"http://127.0.0.1:1?x", false, "127.0.0.1", 1, "?x"},
        {"http://[::1]:65535/x", false, "::1", 65535, "/x"},
        {"http://[2001:db8::1]", false, "2001:db8::1", 80, ""},
        {"https://under_score-1.example./@x:y", true, "under_score-1.example.", 443, "/@x:y"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct url url;
        assert_true(split(&url, urls[i].text));
        assert_int_equal(url.https, urls[i].https);
        assert_int_equal(url.port, urls[i].port);
        assert_int_equal(url.host_len, strlen(urls[i].host));
        assert_memory_equal(url.host, urls[i].host, url.host_len);
        assert_int_equal(url.target_len, strlen(urls[i].target));
        assert_memory_equal(url.target, urls[i].target, url.target_len);
    }
}

static void what_is_no_plain_http_url_is_refused(void **unused)
{
    static const char *const bad[] = {
        "",
        "api.bosa.id",
        "//h/",
        "/x",
        "ftp://h/",
        "file:///etc/passwd",
        "https:/h/",
        "https:h",
        "https://",
        "https:///x",
        "https://:80/",
        "https://?x",
        "https://user@h/",
        "https://user:pass@h/",
        "https://h@evil/",
        "https://h#f",
        "https://h/x#f",
        "https://h:/",
        "https://h:0/",
        "https://h:65536/",
        "https://h:99999999999999999999/",
        "https://h:8a/",
        "https://h:-1/",
        "https://h:80:80/",
        "https://h x/",
        "https://h/ x",
        "https://h\\evil/",
        "https://h%2f/",
        "https://h/\n",
        "https://h\r\nX: y/",
        "https://caf\xC3\xA9/",
        "https://h/caf\xC3\xA9",
        "https://[::1/",
        "https://[]/",
        "https://[::1]x/",
        "https://[fe80::1%25eth0]/",
        "https://::1/",
        "https://h,evil/",
        " https://h/",
    };
    struct url url;
    (void)unused;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(split(&url, bad[i]));
    }
    assert_false(url_parse(&url, "https://h/\0x", 12));
}

static bool same_origin(const char *a, const char *b)
{
    struct url x, y;
    assert_true(split(&x, a) && split(&y, b));
    return url_same_origin(&x, &y);
}

static void an_origin_is_scheme_host_and_port(void **unused)
{
    (void)unused;
    assert_true(same_origin("https://h/a", "HTTPS://H:443/b?c"));
    assert_true(same_origin("http://h", "http://h:80/"));
    assert_false(same_origin("https://h", "http://h"));
    assert_false(same_origin("https://h:80", "http://h:80"));
    assert_false(same_origin("https://h", "https://h:444"));
    assert_false(same_origin("https://h", "https://h.evil"));
    assert_false(same_origin("https://h", "https://x.h"));
    assert_false(same_origin("https://h", "https://h."));
}

static void loopback_is_known_by_its_name_or_number(void **unused)
{
    static const char *const yes[] = {
        "http://localhost", "http://LocalHost:80", "http://a.b.localhost",
        "http://127.0.0.1", "http://127.255.1.20", "http://[::1]",
    };
    static const char *const no[] = {
        "http://localhost.evil.com",
        "http://notlocalhost",
        "http://.localhost",
        "http://localhost.",
        "http://127.0.0.1.evil.com",
        "http://127.1",
        "http://127.0.0.256",
        "http://127.0.0.01",
        "http://127.0.0.1.",
        "http://127.0.0",
        "http://0177.0.0.1",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
        "http://2130706433",
        "http://127.0.0.1.1",
        "http://1127.0.0.1",
        "http://127..0.1",
        "http://127.0.0.1000",
    };
    struct url url;
    (void)unused;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        assert_true(split(&url, yes[i]));
        assert_true(url_is_loopback(&url));
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        if (split(&url, no[i])) {
            assert_false(url_is_loopback(&url));
        }
    }
}

static void a_path_of_the_server_is_taken_only_when_safe(void **unused)
{
    static const char *const safe[] = {
        "/",
        "/connectors/github/list_issues",
        "/a//b",
        "/a/b/",
        "/a.b/..c/d../...",
        "/a%20b/%2ex",
        "/~x:y@z;w,=&+$!*'()",
        "/a;..;/b;.",
        "/a/%",
    };
    static const char *const unsafe[] = {
        "",
        "connectors",
        "@evil.example/x",
        "//evil.example/",
        "///x",
        "https://evil.example/",
        ":80/",
        ".evil.example/",
        "/\\evil",
        "\\\\evil",
        "/a\\..\\b",
        "/..",
        "/.",
        "/../",
        "/a/../b",
        "/a/./b",
        "/a/..",
        "/%2e%2e/",
        "/%2E.",
        "/.%2e/x",
        "/%2e",
        "/a%2f..%2fb",
        "/a/..%2fb",
        "/a/..%5cb",
        "/a/..;/b",
        "/a/%2e.;x=1/b",
        "/.;",
        "/a?b",
        "/a#b",
        "/a b",
        "/a\tb",
        "/a\nb",
        "/a\r\nX: y",
        "/a\x7F",
        "/caf\xC3\xA9",
    };
    (void)unused;
    for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++) {
        assert_true(url_path_is_safe(safe[i], strlen(safe[i])));
    }
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++) {
        assert_false(url_path_is_safe(unsafe[i], strlen(unsafe[i])));
    }
    assert_false(url_path_is_safe("/a\0b", 4));
}

/* ---- redirects ---- */

static enum bosa_status redirect(struct request *request, const char *url, const char *location,
                                 struct bosa_error *err)
{
    request_init(request);
    request->url = mem_dup(url, strlen(url));
    return request->url ? request_redirect(request, location, err) : BOSA_NOMEM;
}

static void a_redirect_within_the_origin_is_resolved(void **unused)
{
    static const struct {
        const char *url, *location, *target;
    } redirects[] = {
        {"https://h/a/b?q", "https://h/c?d=e", "https://h/c?d=e"},
        {"https://h/a/b?q", "HTTPS://H:443/c", "HTTPS://H:443/c"},
        {"https://h/a/b?q", "//h/c", "https://h/c"},
        {"http://h:80/a", "//h/c", "http://h/c"},
        {"https://h/a/b?q", "/c/d/", "https://h/c/d/"},
        {"https://h/a/b?q", "c", "https://h/a/c"},
        {"https://h/a/b?q", "./c/./d", "https://h/a/c/d"},
        {"https://h/a/b/c", "../d", "https://h/a/d"},
        {"https://h/a/b/c", "../../../../d", "https://h/d"},
        {"https://h/a/b/c", "..", "https://h/a/"},
        {"https://h/a/b/c", "d/.", "https://h/a/b/d/"},
        {"https://h/a//b", "../c", "https://h/a/c"},
        {"https://h/a/b?q", "?r=/../s", "https://h/a/b?r=/../s"},
        {"https://h", "c", "https://h/c"},
        {"https://h", "?c", "https://h/?c"},
        {"https://h?q", "c", "https://h/c"},
        {"https://h/a/b/", "https://h", "https://h/"},
        {"https://h/a", "https://h?x", "https://h/?x"},
        {"https://h/a", "/c#fragment", "https://h/c"},
        {"https://h/a", "https://h/x/../c", "https://h/c"},
        {"https://h/a", "/@evil.example/", "https://h/@evil.example/"},
        {"https://h/a", "@evil.example/", "https://h/@evil.example/"},
        {"https://h:81/a", "b:80", NULL},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof redirects / sizeof redirects[0]; i++) {
        struct request request;
        struct bosa_error err;
        error_init(&err);
        enum bosa_status status = redirect(&request, redirects[i].url, redirects[i].location, &err);
        assert_int_equal(status, redirects[i].target ? BOSA_OK : BOSA_PROTOCOL);
        if (redirects[i].target) {
            assert_string_equal(request.url, redirects[i].target);
        }
        error_clear(&err);
        request_free(&request);
    }
}

static void a_redirect_out_of_the_origin_is_refused(void **unused)
{
    static const char *const bad[] = {
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "http://h/a",
        "//h:444/",
        "https://h:80/",
        "https://h.evil.example/",
        "https://h@evil.example/",
        "https://evil.example\\@h/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https:/x",
        "https:",
        "/a b",
        "/a\r\nX: y",
        "/caf\xC3\xA9",
        "",
        "#top",
    };
    (void)unused;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct request request;
        struct bosa_error err;
        error_init(&err);
        assert_int_equal(redirect(&request, "https://h/a", bad[i], &err), BOSA_PROTOCOL);
        assert_string_equal(request.url, "https://h/a");
        assert_non_null(err.message);
        error_clear(&err);
        request_free(&request);
    }
}

static void a_refusal_says_where_to_but_not_the_query(void **unused)
{
    struct request request;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    assert_int_equal(redirect(&request, "https://h/", "https://evil.example/x?token=secret", &err),
                     BOSA_PROTOCOL);
    assert_message(
        &err, "the redirect to `https://evil.example/x` is not followed: it is another origin");
    request_free(&request);
}

static enum bosa_status redirect_both_ways(void *unused, struct bosa_error *err)
{
    struct request request;
    (void)unused;
    enum bosa_status status = redirect(
        &request, "https://h/a/path/that/is/longer/than/sixty-four/bytes/so/that/buffers/grow",
        "b/../c", err);
    if (status == BOSA_OK) {
        status = request_redirect(
            &request, "//h/another/path/that/is/longer/than/sixty-four/bytes/so/that/it/grows",
            err);
    }
    request_free(&request);
    return status;
}

static void a_redirect_survives_a_lack_of_memory(void **unused)
{
    (void)unused;
    assert_true(torture(redirect_both_ways, NULL) > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_url_is_split),
        cmocka_unit_test(what_is_no_plain_http_url_is_refused),
        cmocka_unit_test(an_origin_is_scheme_host_and_port),
        cmocka_unit_test(loopback_is_known_by_its_name_or_number),
        cmocka_unit_test(a_path_of_the_server_is_taken_only_when_safe),
        cmocka_unit_test(a_redirect_within_the_origin_is_resolved),
        cmocka_unit_test(a_redirect_out_of_the_origin_is_refused),
        cmocka_unit_test(a_refusal_says_where_to_but_not_the_query),
        cmocka_unit_test(a_redirect_survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
