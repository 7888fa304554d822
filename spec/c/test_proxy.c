/* proxy: URLs taken apart, those that are none, and which proxy is for which server. */
#include "http/proxy.h"
#include "net_fixture.h"

#include "mem_torture.h"

static const struct {
    const char *text;
    const char *url, *user, *password; /* url NULL: refused */
} rows[] = {
    {"proxy.example", "http://proxy.example", NULL, NULL},
    {"proxy.example:3128", "http://proxy.example:3128", NULL, NULL},
    {"HTTP://proxy.example:3128/", "http://proxy.example:3128", NULL, NULL},
    {"https://10.0.0.1:443", "https://10.0.0.1:443", NULL, NULL},
    {"Socks5H://u@[::1]:1080", "socks5h://[::1]:1080", "u", NULL},
    {"http://u:p@h", "http://h", "u", "p"},
    {"http://u:@h", "http://h", "u", ""},
    {"http://:p@h", "http://h", "", "p"},
    {"u:p@h:1", "http://h:1", "u", "p"},
    {"http://u:p@ss@h", "http://h", "u", "p@ss"},
    {"http://%75%3a:%70%40%C3%A9@h", "http://h", "u:", "p@\xc3\xa9"},
    {"http://u:a:b@h", "http://h", "u", "a:b"},
    {"", NULL, NULL, NULL},
    {"http://", NULL, NULL, NULL},
    {"http://u:p@", NULL, NULL, NULL},
    {"ftp://h", NULL, NULL, NULL},
    {"http://h:", NULL, NULL, NULL},
    {"http://h:0", NULL, NULL, NULL},
    {"http://h:65536", NULL, NULL, NULL},
    {"http://h:99999999999999999999", NULL, NULL, NULL},
    {"http://h:1x", NULL, NULL, NULL},
    {"http://h/path", NULL, NULL, NULL},
    {"http://h?q", NULL, NULL, NULL},
    {"http://h h", NULL, NULL, NULL},
    {"http://[::1", NULL, NULL, NULL},
    {"http://[]", NULL, NULL, NULL},
    {"http://[::1]x", NULL, NULL, NULL},
    {"http://u:p%@h", NULL, NULL, NULL},
    {"http://u:p%4@h", NULL, NULL, NULL},
    {"http://u:p%00@h", NULL, NULL, NULL},
    {"http://u:p%0a@h", NULL, NULL, NULL},
    {"http://u/:p@h", NULL, NULL, NULL},
    {"http://u#:p@h", NULL, NULL, NULL},
};

static void assert_text(const char *text, const char *expected)
{
    if (expected) {
        assert_non_null(text);
        assert_string_equal(text, expected);
    } else {
        assert_null(text);
    }
}

static void urls_are_taken_apart(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxy proxy;
        struct bosa_error err;
        error_init(&err);
        enum bosa_status status = proxy_parse(&proxy, rows[i].text, &err);
        assert_int_equal(status, rows[i].url ? BOSA_OK : BOSA_PARAMS);
        assert_text(proxy.url, rows[i].url);
        assert_text(proxy.user, rows[i].user);
        assert_text(proxy.password, rows[i].password);
        error_clear(&err);
        proxy_free(&proxy);
    }
}

static const struct proxy *choose(const struct proxies *proxies, const char *text)
{
    struct url url;
    assert_true(url_parse(&url, text, strlen(text)));
    return proxies_for(proxies, &url);
}

/* The environment's proxy is not for this machine itself; one of the caller's own is. */
static void loopback_is_only_sent_through_a_proxy_of_ones_own(void **unused)
{
    static const char *const near[] = {"http://127.0.0.1:1/", "http://localhost/", "http://[::1]/",
                                       "http://127.9.9.9/", "http://a.localhost/"};
    (void)unused;
    for (int own = 0; own < 2; own++) {
        struct proxies proxies;
        struct bosa_error err;
        error_init(&err);
        setenv("http_proxy", "http://p.example", 1);
        setenv("HTTPS_PROXY", "http://s.example", 1);
        unsetenv("https_proxy");
        assert_int_equal(proxies_find(&proxies, own ? "http://o.example" : NULL, &err), BOSA_OK);
        for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
            assert_int_equal(choose(&proxies, near[i]) != NULL, own);
        }
        assert_string_equal(choose(&proxies, "http://far.example/")->url,
                            own ? "http://o.example" : "http://p.example");
        assert_string_equal(choose(&proxies, "https://far.example/")->url,
                            own ? "http://o.example" : "http://s.example");
        proxies_free(&proxies);
    }
    struct proxies none;
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(proxies_find(&none, "", &err), BOSA_OK);
    assert_null(choose(&none, "https://far.example/"));
    proxies_free(&none);
}

static void without_memory_nothing_is_lost(void **unused)
{
    bool failed = true;
    (void)unused;
    long live = mem_torture_live();
    for (long nth = 1; failed; nth++) {
        struct proxies proxies;
        struct bosa_error err;
        error_init(&err);
        mem_torture_fail_at(nth);
        enum bosa_status status = proxies_find(&proxies, "http://user:pass@h:1", &err);
        failed = mem_torture_count() >= nth;
        mem_torture_fail_at(0);
        assert_int_equal(status, failed ? BOSA_NOMEM : BOSA_OK);
        proxies_free(&proxies);
        error_clear(&err);
        assert_int_equal(mem_torture_live(), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(loopback_is_only_sent_through_a_proxy_of_ones_own),
        cmocka_unit_test(without_memory_nothing_is_lost),
    };
    return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
