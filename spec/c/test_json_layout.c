/* json: writing in a layout. */
#include "json_fixture.h"

static void assert_laid_out(const char *text, struct json_layout how, const char *expected)
{
    struct json_doc doc = parse(text);
    struct bosa_error err;
    struct buf out;
    buf_init(&out);
    error_init(&err);
    assert_int_equal(json_write_layout(&out, &doc, 0, &how, &err), BOSA_OK);
    buf_addc(&out, '\0');
    assert_string_equal(out.data, expected);
    buf_free(&out);
    json_free(&doc);
}

static void names_are_in_the_order_of_their_bytes(void **unused)
{
    (void)unused;
    struct json_layout sorted = {true, 0};
    assert_laid_out(
        "{\"b\":1,\"a_\":2,\"a\":{\"z\":[],\"é\":{},\"B\":null},\"ab\":[3,{\"y\":1,\"x\":2}]}",
        sorted,
        "{\"a\":{\"B\":null,\"z\":[],\"é\":{}},\"a_\":2,\"ab\":[3,{\"x\":2,\"y\":1}],\"b\":1}");
    assert_laid_out("{\"a\":1,\"b\":2,\"a\":3}", sorted, "{\"a\":1,\"a\":3,\"b\":2}");
    assert_laid_out("{}", sorted, "{}");
    assert_laid_out("\"a\"", sorted, "\"a\"");
}

static void a_whole_number_is_one_however_it_was_written(void **unused)
{
    (void)unused;
    struct json_layout sorted = {true, 0}, as_is = {false, 0};
    const char *text = "[1.0,-0.0,1e2,0.5,9007199254740992.0,1e300,18446744073709551615]";
    assert_laid_out(text, sorted, "[1,0,100,0.5,9007199254740992,1e300,18446744073709551615]");
    assert_laid_out("[1.0,0.5]", as_is, "[1.0,0.5]");
}

static void lines_are_indented(void **unused)
{
    (void)unused;
    struct json_layout two = {false, 2}, sorted = {true, 1};
    assert_laid_out("{\"b\":[1,{}],\"a\":[]}", two,
                    "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": []\n}");
    assert_laid_out("{\"b\":[1],\"a\":2}", sorted, "{\n \"a\": 2,\n \"b\": [\n  1\n ]\n}");
}

static void the_deepest_document_is_written(void **unused)
{
    (void)unused;
    char text[2 * JSON_MAX_DEPTH + 1];
    memset(text, '[', JSON_MAX_DEPTH);
    memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
    text[2 * JSON_MAX_DEPTH] = '\0';
    assert_laid_out(text, (struct json_layout){true, 0}, text);
}

static void every_failing_allocation_is_reported_and_leaks_nothing(void **unused)
{
    (void)unused;
    struct json_doc doc = parse("{\"b\":{\"d\":1,\"c\":[2.0,\"text\"]},\"a\":null}");
    struct json_layout how = {true, 2};
    long live = mem_torture_live(), nth;
    enum bosa_status status = BOSA_NOMEM;
    for (nth = 1; status != BOSA_OK; nth++) {
        struct bosa_error err;
        struct buf out;
        buf_init(&out);
        error_init(&err);
        mem_torture_fail_at(nth);
        status = json_write_layout(&out, &doc, 0, &how, &err);
        mem_torture_fail_at(0);
        assert_true(status == BOSA_OK || status == BOSA_NOMEM);
        buf_free(&out);
        error_clear(&err);
        assert_int_equal(mem_torture_live(), live);
    }
    assert_true(nth > 3);
    json_free(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_in_the_order_of_their_bytes),
        cmocka_unit_test(a_whole_number_is_one_however_it_was_written),
        cmocka_unit_test(lines_are_indented),
        cmocka_unit_test(the_deepest_document_is_written),
        cmocka_unit_test(every_failing_allocation_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
