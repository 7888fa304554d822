/* http: field lists, dates, media types, references. The names of files are in test_filename.c. */
#include "net_fixture.h"

#include "http/header_fields.h"
#include "http/http_date.h"
#include "http/media_type.h"

#include <time.h>

/* ---- fields ---- */

static void add(struct fields *fields, const char *name, const char *value)
{
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(fields_add(fields, name, strlen(name), value, strlen(value), &err), BOSA_OK);
}

static void fields_keep_their_order_and_repetitions(void **unused)
{
    struct fields fields = {0};
    (void)unused;
    for (int i = 0; i < 50; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        add(&fields, i % 2 ? "Odd" : "Even", value);
    }
    assert_int_equal(fields.count, 50);
    assert_string_equal(fields.list[49].value, "49");
    assert_string_equal(fields_get(&fields, "oDD"), "1");
    assert_null(fields_get(&fields, "Neither"));
    fields_free(&fields);
    assert_int_equal(fields.count, 0);
    assert_null(fields_get(&fields, "Odd"));
}

static void a_value_loses_the_white_space_around_it(void **unused)
{
    struct fields fields = {0};
    (void)unused;
    add(&fields, "A", " \t x\ty \t");
    add(&fields, "B", "  ");
    add(&fields, "C", "caf\xE9");
    assert_string_equal(fields.list[0].value, "x\ty");
    assert_int_equal(fields.list[0].value_len, 3);
    assert_string_equal(fields.list[1].value, "");
    assert_string_equal(fields.list[2].value, "caf\xE9");
    fields_free(&fields);
}

static void a_field_that_could_break_the_message_is_refused(void **unused)
{
    static const struct {
        const char *name;
        size_t name_len;
        const char *value;
        size_t value_len;
    } bad[] = {
        {"", 0, "x", 1},         {"A B", 3, "x", 1},       {"A:", 2, "x", 1},
        {"A\r\nB", 4, "x", 1},   {"A\0", 2, "x", 1},       {"\xC3\xA9", 2, "x", 1},
        {"A\"", 2, "x", 1},      {"A", 1, "x\r\nY: z", 7}, {"A", 1, "x\ny", 3},
        {"A", 1, "x\ry", 3},     {"A", 1, "x\0y", 3},      {"A", 1, "x\x7F", 2},
        {"A", 1, "\r\n\r\n", 4}, {"A", 1, "x\x1B[0m", 5},
    };
    struct fields fields = {0};
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    add(&fields, "A", "old");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(
            fields_add(&fields, bad[i].name, bad[i].name_len, bad[i].value, bad[i].value_len, &err),
            BOSA_PARAMS);
        assert_int_equal(fields.count, 1);
    }
    assert_int_equal(fields_set(&fields, "A", "a secret\n", 9, &err), BOSA_PARAMS);
    assert_string_equal(fields_get(&fields, "A"), "old");
    assert_null(strstr(err.message, "secret"));
    error_clear(&err);
    fields_free(&fields);
}

/* Bytes are looked at several at a time: each value in each place, beside neighbours at the edges.
 */
static void every_byte_of_a_value_is_looked_at(void **unused)
{
    static const char neighbours[] = {' ', '~', '\t', (char)0x80, (char)0xff};
    (void)unused;
    for (size_t len = 1; len <= 17; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                char text[17];
                bool good = (byte >= 0x20 && byte != 0x7f) || byte == '\t';
                memset(text, neighbours[(size_t)byte % sizeof neighbours], sizeof text);
                text[at] = (char)byte;
                assert_int_equal(http_is_value(text, len), good);
            }
        }
    }
}

static void set_takes_the_place_of_every_field_of_the_name(void **unused)
{
    struct fields fields = {0};
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    add(&fields, "X-Key", "1");
    add(&fields, "Other", "o");
    add(&fields, "x-key", "2");
    assert_int_equal(fields_set(&fields, "X-KEY", fields.list[2].value, 1, &err), BOSA_OK);
    assert_int_equal(fields.count, 2);
    assert_string_equal(fields_get(&fields, "x-key"), "2");
    assert_string_equal(fields_get(&fields, "other"), "o");
    assert_int_equal(fields_set(&fields, "New", "n", 1, &err), BOSA_OK);
    assert_int_equal(fields.count, 3);
    fields_free(&fields);
}

static void a_copy_stands_on_its_own(void **unused)
{
    struct fields from = {0}, to;
    (void)unused;
    add(&from, "A", "1");
    add(&from, "B", "2");
    assert_int_equal(fields_copy(&to, &from), BOSA_OK);
    fields_free(&from);
    assert_int_equal(to.count, 2);
    assert_string_equal(fields_get(&to, "B"), "2");
    fields_free(&to);
}

static enum bosa_status fill_and_copy(void *unused, struct bosa_error *err)
{
    char value[400]; /* several blocks, and more fields than the first has room for */
    struct fields fields = {0}, copy = {0};
    enum bosa_status status = BOSA_OK;
    (void)unused;
    memset(value, 'v', sizeof value);
    for (int i = 0; i < 30 && status == BOSA_OK; i++) {
        status = fields_add(&fields, i % 3 ? "A" : "B", 1, value, sizeof value, err);
    }
    if (status == BOSA_OK) {
        status = fields_set(&fields, "A", "other", 5, err);
    }
    if (status == BOSA_OK) {
        status = fields_copy(&copy, &fields);
    }
    fields_free(&fields);
    fields_free(&copy);
    return status;
}

static void fields_survive_a_lack_of_memory(void **unused)
{
    (void)unused;
    assert_true(torture(fill_and_copy, NULL) > 10);
}

static void a_failed_set_leaves_the_list_as_it_was(void **unused)
{
    struct fields fields = {0};
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    char value[1000]; /* more than what is left of a block */
    memset(value, 'v', sizeof value);
    add(&fields, "A", "1");
    mem_torture_fail_at(1);
    assert_int_equal(fields_set(&fields, "A", value, sizeof value, &err), BOSA_NOMEM);
    mem_torture_fail_at(0);
    assert_int_equal(fields.count, 1);
    assert_string_equal(fields_get(&fields, "A"), "1");
    error_clear(&err);
    fields_free(&fields);
}

/* ---- dates ---- */

static void all_three_forms_of_a_date_are_read(void **unused)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } dates[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Wed Nov 16 08:49:37 1994", 784975777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
        {"Tue, 29 Feb 2000 12:00:00 GMT", 951825600},
        {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
        {"Mon, 01 Mar 2100 00:00:00 GMT", 4107542400},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
        {"Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799)},
        {"Thursday, 01-Jan-70 00:00:00 GMT", 0},
        {"Tuesday, 31-Dec-69 00:00:00 GMT", INT64_C(3155673600)},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        int64_t seconds = 7;
        assert_true(http_date(dates[i].text, &seconds));
        assert_int_equal(seconds, dates[i].seconds);
    }
}

static void what_is_no_date_is_not_read(void **unused)
{
    static const char *const bad[] = {
        "",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 1900 08:49:37 GMT",
        "Sun, 29 Feb 2023 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
        "2024-02-29T00:00:00Z",
    };
    (void)unused;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t seconds = 7;
        assert_false(http_date(bad[i], &seconds));
        assert_int_equal(seconds, 7);
    }
}

static void dates_are_those_of_the_c_library(void **unused)
{
    const int64_t year_1000 = INT64_C(-30610224000), year_10000 = INT64_C(253402300800);
    (void)unused;
    for (int64_t t = year_1000; t < year_10000; t += INT64_C(234567891)) {
        time_t time = (time_t)t;
        struct tm tm;
        char text[40];
        int64_t back = 0;
        assert_non_null(gmtime_r(&time, &tm));
        assert_int_equal(strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm), 29);
        assert_true(http_date(text, &back));
        assert_int_equal(back, t);
    }
}

static void retry_after_is_seconds_or_a_date(void **unused)
{
    static const struct {
        const char *text;
        double seconds;
    } values[] = {
        {"0", 0},
        {"120", 120},
        {"1.5", 1.5},
        {"", -1},
        {"-1", -1},
        {"soon", -1},
        {"1 s", -1},
        {"1.", -1},
        {".5", -1},
        {"1e3", -1},
        {"0x10", -1},
        {"99999999999999999999999999", 1e9},
        {"nan", -1},
        {"inf", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 37},
        {"Sun, 06 Nov 1994 08:48:00 GMT", 0},
    };
    (void)unused;
    assert_true(http_retry_after(NULL, 0) < 0);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        double seconds = http_retry_after(values[i].text, 784111740);
        assert_true(values[i].seconds < 0 ? seconds < 0 : seconds == values[i].seconds);
    }
    assert_true(http_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", INT64_MIN) == 1e9);
}

/* ---- types and references ---- */

static void json_is_known_by_its_type(void **unused)
{
    static const char *const yes[] = {
        "application/json",           "APPLICATION/JSON",   "application/json; charset=utf-8",
        "application/json;x=\"y\"",   " application/json ", "application/problem+json",
        "application/hal+JSON ; a=b", "text/json",          "Text/JSON; charset=utf-8",
    };
    static const char *const no[] = {
        "",
        "json",
        "text/plain",
        "application/jsonl",
        "application/json-seq",
        "text/html; x=application/json",
        "+json",
        "/+json",
        "application/+json",
        "text/jsonl",
        "text/x-json",
        "application/x; y=z+json",
    };
    (void)unused;
    assert_false(http_is_json(NULL));
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        assert_true(http_is_json(yes[i]));
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        assert_false(http_is_json(no[i]));
    }
}

static void a_type_is_found_by_the_extension(void **unused)
{
    (void)unused;
    assert_string_equal(http_type_of("report.pdf"), "application/pdf");
    assert_string_equal(http_type_of("/tmp/a.b/Photo.JPG"), "image/jpeg");
    assert_string_equal(http_type_of("a.tar.gz"), "application/gzip");
    assert_string_equal(http_type_of("README"), "application/octet-stream");
    assert_string_equal(http_type_of("x."), "application/octet-stream");
    assert_string_equal(http_type_of(".csv"), "application/octet-stream");
    assert_string_equal(http_type_of("dir/.csv"), "application/octet-stream");
    assert_string_equal(http_type_of("a.pdf/b"), "application/octet-stream");
    assert_string_equal(http_type_of(""), "application/octet-stream");
}

static void a_reference_is_short_and_plain(void **unused)
{
    char text[130];
    (void)unused;
    memset(text, 'a', sizeof text);
    assert_true(http_is_reference("req_1.A:b-2", 11));
    assert_true(http_is_reference(text, 128));
    assert_false(http_is_reference(text, 129));
    assert_false(http_is_reference("", 0));
    assert_false(http_is_reference("a b", 3));
    assert_false(http_is_reference("a\0b", 3));
    assert_false(http_is_reference("<b>", 3));
    assert_false(http_is_reference("\xC3\xA9", 2));
}

static void same_looks_at_ascii_case_only(void **unused)
{
    (void)unused;
    assert_true(http_same("Content-TYPE", 12, "content-type", 12));
    assert_false(http_same("a", 1, "ab", 2));
    assert_false(http_same("[", 1, "{", 1));
    assert_false(http_same("\xC4", 1, "\xE4", 1));
    assert_true(http_same("", 0, "", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_keep_their_order_and_repetitions),
        cmocka_unit_test(a_value_loses_the_white_space_around_it),
        cmocka_unit_test(a_field_that_could_break_the_message_is_refused),
        cmocka_unit_test(every_byte_of_a_value_is_looked_at),
        cmocka_unit_test(set_takes_the_place_of_every_field_of_the_name),
        cmocka_unit_test(a_copy_stands_on_its_own),
        cmocka_unit_test(fields_survive_a_lack_of_memory),
        cmocka_unit_test(a_failed_set_leaves_the_list_as_it_was),
        cmocka_unit_test(all_three_forms_of_a_date_are_read),
        cmocka_unit_test(what_is_no_date_is_not_read),
        cmocka_unit_test(dates_are_those_of_the_c_library),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(json_is_known_by_its_type),
        cmocka_unit_test(a_type_is_found_by_the_extension),
        cmocka_unit_test(a_reference_is_short_and_plain),
        cmocka_unit_test(same_looks_at_ascii_case_only),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
