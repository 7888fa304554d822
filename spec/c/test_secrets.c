/* secrets: found in every spelling that a codec could give them, and in no more than linear time.
 */
#include "net_fixture.h"

#include "base/secrets.h"

#define KEY "sk-client-AbC/dEf+01&\"\\z\xc3\xa9"

static struct secrets keys(const char *text)
{
    struct secrets secrets;
    secrets_init(&secrets);
    secrets_add(&secrets, text, strlen(text));
    assert_false(secrets.failed);
    return secrets;
}

static void assert_masked(const char *text, bool cut, const char *expected)
{
    struct secrets secrets = keys(KEY);
    bool failed = false;
    char *copy = mem_dup(text, strlen(text));
    size_t len = secrets_mask(&secrets, copy, strlen(text), cut, &failed);
    copy[len] = '\0';
    assert_false(failed);
    assert_string_equal(copy, expected);
    mem_free(copy);
    secrets_free(&secrets);
}

static void every_spelling_is_found(void **unused)
{
    (void)unused;
    assert_masked("<" KEY ">", false, "<***>");
    assert_masked("<" KEY "> and " KEY, false, "<***> and ***");
    /* JSON */
    assert_masked("<sk-client-AbC/dEf+01&\\\"\\\\z\xc3\xa9>", false, "<***>");
    assert_masked("<sk-client-AbC\\/dEf\\u002B01\\u0026\\u0022\\u005cz\\u00e9>", false, "<***>");
    assert_masked("<\\u0073\\u006b-client-AbC\\/dEf\\u002b01&\\\"\\\\z\\u00E9>", false, "<***>");
    /* JSON within JSON */
    assert_masked("<sk-client-AbC\\\\/dEf\\\\u002B01&\\\\\\\"\\\\\\\\z\xc3\xa9>", false, "<***>");
    /* percent-encoding, in either case, doubled, of some bytes more than need be */
    assert_masked("<sk-client-AbC%2FdEf%2B01%26%22%5Cz%C3%A9>", false, "<***>");
    assert_masked("<sk-client-AbC%2fdEf%2b01%26%22%5cz%c3%a9>", false, "<***>");
    assert_masked("<%73%6b%2dclient-AbC/dEf%2b01%26%22%5cz%c3%a9>", false, "<***>");
    assert_masked("<sk-client-AbC%252FdEf%252B01%2526%2522%255Cz%25C3%25A9>", false, "<***>");
    /* HTML */
    assert_masked("<sk-client-AbC&#x2F;dEf&#43;01&amp;&quot;&#92;z\xc3\xa9>", false, "<***>");
    assert_masked("<sk-client-AbC&sol;dEf&plus;01&#038;&#34;\\z&#xE9;>", false, "<***>");
    /* a percent-encoded one within JSON, an HTML page within JSON */
    assert_masked("<sk-client-AbC\\/dEf%2B01%26%22%5Cz\\u00e9>", false, "<***>");
    assert_masked("<sk-client-AbC&#x2F;dEf&#43;01&amp;&quot;\\\\z\\u00e9>", false, "<***>");
}

static void what_is_no_secret_stays(void **unused)
{
    (void)unused;
    assert_masked("sk-client-AbC/dEf 100% a&b \\n &# &#x; %", false,
                  "sk-client-AbC/dEf 100% a&b \\n &# &#x; %");
    assert_masked("sk-client-AbC%2FdEf%2B02", false, "sk-client-AbC%2FdEf%2B02");
    assert_masked("", false, "");
}

static void the_beginning_of_one_goes_where_a_text_was_cut(void **unused)
{
    (void)unused;
    assert_masked("key sk-client-AbC", true, "key ***");
    assert_masked("key sk-client-AbC%2FdE", true, "key ***");
    assert_masked("key sk-", true, "key sk-");
    assert_masked("key sk-client-AbC", false, "key sk-client-AbC");
}

static void the_beginning_of_one_goes_where_a_piece_was_cut(void **unused)
{
    (void)unused;
    assert_masked("expected \"nnnsk-client-AbC\"..., \"b\"", false,
                  "expected \"nnn***\"..., \"b\"");
    assert_masked("`nnnsk-client-AbC/dE...` is unknown", false, "`nnn***...` is unknown");
    assert_masked("`nnnsk-client-AbC` is unknown...", false, "`nnnsk-client-AbC` is unknown...");
    assert_masked("`sk-...`, `sk-client-AbC..", false, "`sk-...`, `sk-client-AbC..");
}

static void several_secrets_that_overlap_go(void **unused)
{
    struct secrets secrets = keys("abcabcab");
    bool failed = false;
    char text[] = "xabcabcabcabcab.cabcd";
    (void)unused;
    secrets_add(&secrets, "cabcd", 5);
    size_t len = secrets_mask(&secrets, text, sizeof text - 1, false, &failed);
    assert_int_equal(len, 8);
    assert_memory_equal(text, "x***.***", 8);
    secrets_free(&secrets);
}

/* Each byte of the text could begin the secret, and each try would fail at its end. */
static void time_grows_with_the_text_alone(void **unused)
{
    enum { SECRET = 100000, TEXT = 2000000 };
    char *secret = mem_alloc(SECRET + 1), *text = mem_alloc(TEXT);
    bool failed = false;
    (void)unused;
    memset(secret, 'a', SECRET);
    memcpy(secret + SECRET - 1, "b", 2);
    memset(text, 'a', TEXT);
    struct secrets secrets = keys(secret);
    assert_int_equal(secrets_mask(&secrets, text, TEXT, false, &failed), TEXT);
    text[TEXT - 1] = 'b';
    assert_int_equal(secrets_mask(&secrets, text, TEXT, false, &failed), TEXT - SECRET + 3);
    secrets_free(&secrets);
    mem_free(secret);
    mem_free(text);
}

static void a_proxys_password_goes(void **unused)
{
    static const char *const cases[][2] = {
        {"Unsupported proxy 'http://user:S#E@T@h:1'", "Unsupported proxy 'http://***@h:1'"},
        {"no proxy http://h:1", "no proxy http://h:1"},
        {"a@b", "a@b"},
        {"://", "://"},
        {"://@", "://@"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = mem_dup(cases[i][0], strlen(cases[i][0]));
        text[secrets_mask_userinfo(text, strlen(text))] = '\0';
        assert_string_equal(text, cases[i][1]);
        mem_free(text);
    }
}

static enum bosa_status session(void *context, struct bosa_error *err)
{
    char text[] = "a\\u006bey%2D1 and key-1";
    struct secrets secrets;
    bool failed = false;
    (void)context;
    secrets_init(&secrets);
    secrets_add(&secrets, "key-1", 5);
    size_t len = secrets_mask(&secrets, text, sizeof text - 1, false, &failed);
    assert_true(failed ? len == 0 : len == 12 && memcmp(text, "a*** and ***", 12) == 0);
    secrets_free(&secrets);
    return failed ? error_nomem(err) : BOSA_OK;
}

static void without_memory_nothing_is_shown(void **unused)
{
    (void)unused;
    assert_true(torture(session, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_is_found),
        cmocka_unit_test(what_is_no_secret_stays),
        cmocka_unit_test(the_beginning_of_one_goes_where_a_text_was_cut),
        cmocka_unit_test(the_beginning_of_one_goes_where_a_piece_was_cut),
        cmocka_unit_test(several_secrets_that_overlap_go),
        cmocka_unit_test(time_grows_with_the_text_alone),
        cmocka_unit_test(a_proxys_password_goes),
        cmocka_unit_test(without_memory_nothing_is_shown),
    };
    return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
