/* json: texts that are no JSON are refused, with the line and column of what is wrong. */
#include "json_fixture.h"

/* A text that is no JSON, and the message that says where it ends to be. */
struct malformed {
    const char *text;
    size_t len;
    const char *message;
};

static void assert_refused(const struct malformed *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct json_doc doc;
        struct bosa_error err;

        error_init(&err);
        assert_int_equal(parse_bytes(&doc, cases[i].text, cases[i].len, &err), BOSA_PROTOCOL);
        assert_string_equal(err.message, cases[i].message);
        json_free(&doc);
        error_clear(&err);
    }
}

static void a_structure_that_is_broken_is_refused(void **unused)
{
    static const struct malformed cases[] = {
        {TEXT(""), "line 1, column 1: expected a value, but the text ends"},
        {TEXT(" \n "), "line 2, column 2: expected a value, but the text ends"},
        {TEXT("\xef\xbb[]"), "line 1, column 1: expected a value"},
        {TEXT("\xef\xbb\xbf\xef\xbb\xbf[]"), "line 1, column 1: expected a value"},
        {TEXT("\xef\xbb\xbf[x"), "line 1, column 2: expected a value"},
        {TEXT("nul"), "line 1, column 1: expected a value"},
        {TEXT("True"), "line 1, column 1: expected a value"},
        {TEXT("nullx"), "line 1, column 5: expected nothing but white space after the value"},
        {TEXT("[] []"), "line 1, column 4: expected nothing but white space after the value"},
        {TEXT("1\0"), "line 1, column 2: expected nothing but white space after the value"},
        {TEXT("[1,\v2]"), "line 1, column 4: expected a value"},
        {TEXT("["), "line 1, column 2: expected a value, but the text ends"},
        {TEXT("[1"), "line 1, column 3: expected ',' or ']', but the text ends"},
        {TEXT("[1 2]"), "line 1, column 4: expected ',' or ']'"},
        {TEXT("[1,]"), "line 1, column 4: expected a value"},
        {TEXT("[,1]"), "line 1, column 2: expected a value"},
        {TEXT("[1}"), "line 1, column 3: expected ',' or ']'"},
        {TEXT("]"), "line 1, column 1: expected a value"},
        {TEXT("{"), "line 1, column 2: expected a name in quotes, but the text ends"},
        {TEXT("{a:1}"), "line 1, column 2: expected a name in quotes"},
        {TEXT("{1:1}"), "line 1, column 2: expected a name in quotes"},
        {TEXT("{\"a\"}"), "line 1, column 5: expected ':'"},
        {TEXT("{\"a\":}"), "line 1, column 6: expected a value"},
        {TEXT("{\"a\":1,}"), "line 1, column 8: expected a name in quotes"},
        {TEXT("{\"a\":1]"), "line 1, column 7: expected ',' or '}'"},
        {TEXT("{\"a\":1 \"b\":2}"), "line 1, column 8: expected ',' or '}'"},
        {TEXT("'a'"), "line 1, column 1: expected a value"},
        {TEXT("// x\n1"), "line 1, column 1: expected a value"},
    };

    (void)unused;
    assert_refused(cases, COUNT(cases));
}

static void a_number_that_is_none_is_refused(void **unused)
{
    static const struct malformed cases[] = {
        {TEXT("NaN"), "line 1, column 1: expected a value"},
        {TEXT("Infinity"), "line 1, column 1: expected a value"},
        {TEXT("+1"), "line 1, column 1: expected a value"},
        {TEXT(".5"), "line 1, column 1: expected a value"},
        {TEXT("01"), "line 1, column 2: expected no digit after a leading 0"},
        {TEXT("-00"), "line 1, column 3: expected no digit after a leading 0"},
        {TEXT("-"), "line 1, column 2: expected a digit, but the text ends"},
        {TEXT("-x"), "line 1, column 2: expected a digit"},
        {TEXT("1."), "line 1, column 3: expected a digit, but the text ends"},
        {TEXT("1.e1"), "line 1, column 3: expected a digit"},
        {TEXT("1e"), "line 1, column 3: expected a digit, but the text ends"},
        {TEXT("1e+"), "line 1, column 4: expected a digit, but the text ends"},
        {TEXT("1.5.5"), "line 1, column 4: expected nothing but white space after the value"},
        {TEXT("0x10"), "line 1, column 2: expected nothing but white space after the value"},
        {TEXT("[1e999]"), "line 1, column 2: expected a number that a double can hold"},
        {TEXT("-1e309"), "line 1, column 1: expected a number that a double can hold"},
        {TEXT("1.7976931348623159e308"),
         "line 1, column 1: expected a number that a double can hold"},
    };

    (void)unused;
    assert_refused(cases, COUNT(cases));
}

static void a_string_that_is_none_is_refused(void **unused)
{
    static const struct malformed cases[] = {
        {TEXT("\"abc"), "line 1, column 5: expected '\"', but the text ends"},
        {TEXT("\"a\nb\""), "line 1, column 3: expected an escape instead of a control character"},
        {TEXT("\"a\0b\""), "line 1, column 3: expected an escape instead of a control character"},
        {TEXT("\"0123456789abcdef\x1f\""),
         "line 1, column 18: expected an escape instead of a control character"},
        {TEXT("\"\\"), "line 1, column 3: expected an escape, but the text ends"},
        {TEXT("\"\\x\""), "line 1, column 3: expected one of \"\\/bfnrtu after a backslash"},
        {TEXT("\"\\u12\""), "line 1, column 4: expected four hexadecimal digits"},
        {TEXT("\"\\u00g0\""), "line 1, column 4: expected four hexadecimal digits"},
        {TEXT("\"\\u+123\""), "line 1, column 4: expected four hexadecimal digits"},
        {TEXT("\"\\ud800\""), "line 1, column 8: expected the second half of a surrogate pair"},
        {TEXT("\"\\ud800\\u0041\""),
         "line 1, column 8: expected the second half of a surrogate pair"},
        {TEXT("\"\\ud800\\ud800\""),
         "line 1, column 8: expected the second half of a surrogate pair"},
        {TEXT("\"\\udfff\""), "line 1, column 2: expected the first half of a surrogate "
                              "pair before its second"},
        {TEXT("\"\\ud83d\\ue000\""),
         "line 1, column 8: expected the second half of a surrogate pair"},
        {TEXT("\"\\udbff\\udbff\""),
         "line 1, column 8: expected the second half of a surrogate pair"},
        {TEXT("\"\\udc00\\ud800\""), "line 1, column 2: expected the first half of a surrogate "
                                     "pair before its second"},
        {TEXT("\"\x80\""), "line 1, column 2: expected UTF-8"},
        {TEXT("\"\xc0\x80\""), "line 1, column 2: expected UTF-8"},
        {TEXT("\"\xc1\xbf\""), "line 1, column 2: expected UTF-8"},
        {TEXT("\"\xe0\x9f\xbf\""), "line 1, column 2: expected UTF-8"},
        {TEXT("\"\xed\xa0\x80\""), "line 1, column 2: expected UTF-8"},
        {TEXT("\"\xf0\x8f\xbf\xbf\""), "line 1, column 2: expected UTF-8"},
        {TEXT("\"\xf4\x90\x80\x80\""), "line 1, column 2: expected UTF-8"},
        {TEXT("\"\xf5\x80\x80\x80\""), "line 1, column 2: expected UTF-8"},
        {TEXT("\"\xc3\""), "line 1, column 2: expected UTF-8"},
        {TEXT("\"\xf0\x9f\x98"), "line 1, column 2: expected UTF-8"},
        {TEXT("\"\\n\xff\""), "line 1, column 4: expected UTF-8"},
    };

    (void)unused;
    assert_refused(cases, COUNT(cases));
}

static void the_line_is_counted_outside_of_strings(void **unused)
{
    static const struct malformed cases[] = {
        {TEXT("{\n \"a\": 1,\n \"b\": x\n}"), "line 3, column 7: expected a value"},
        {TEXT("[\"\\n\\n\\n\",\n\"\\n\\n\" 1]"), "line 2, column 8: expected ',' or ']'"},
        {TEXT("[1,\n\"\\n\\n\\n\\q\"]"),
         "line 2, column 9: expected one of \"\\/bfnrtu after a backslash"},
    };

    (void)unused;
    assert_refused(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_structure_that_is_broken_is_refused),
        cmocka_unit_test(a_number_that_is_none_is_refused),
        cmocka_unit_test(a_string_that_is_none_is_refused),
        cmocka_unit_test(the_line_is_counted_outside_of_strings),
    };
    return cmocka_run_group_tests_name("json_malformed", tests, NULL, NULL);
}
