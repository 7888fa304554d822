/* reply: the status line and the header section of a response on its way in. */
#include "http/header_fields.h"
#include "reply_fixture.h"

static void a_status_is_between_100_and_599(void **unused)
{
    static const int bad[] = {-1, 0, 99, 600, 999};
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin_reply(&reply);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(reply_status(&reply, bad[i], &err), BOSA_PROTOCOL);
        assert_int_equal(reply.status, 0);
    }
    assert_int_equal(reply_status(&reply, 100, &err), BOSA_OK);
    assert_int_equal(reply_status(&reply, 599, &err), BOSA_OK);
    error_clear(&err);
    reply_free(&reply);
}

static void nobody_asks_for_another_protocol(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin_reply(&reply);
    assert_int_equal(reply_status(&reply, 101, &err), BOSA_PROTOCOL);
    error_clear(&err);
    reply_free(&reply);
}

static void interim_answers_come_to_an_end(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin_reply(&reply);
    for (int attempt = 0; attempt < 2; attempt++) {
        for (int i = 0; i < REPLY_MAX_INTERIM; i++) {
            assert_int_equal(reply_status(&reply, 103, &err), BOSA_OK);
        }
        reply_reset(&reply);
    }
    for (int i = 0; i < REPLY_MAX_INTERIM; i++) {
        assert_int_equal(reply_status(&reply, 100, &err), BOSA_OK);
    }
    assert_int_equal(reply_status(&reply, 100, &err), BOSA_PROTOCOL);
    error_clear(&err);
    reply_free(&reply);
}

static void a_later_status_starts_the_fields_anew(void **unused)
{
    struct reply reply;
    (void)unused;
    begin_reply(&reply);
    give_head(&reply, 103, "Link: </x>\nContent-Length: 9");
    give_head(&reply, 200, JSON_TYPE);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.fields.count, 1);
    assert_int_equal(reply.field_bytes, strlen(JSON_TYPE));
    assert_int_equal(reply.expected, -1);
    reply_free(&reply);
}

static void a_status_behind_a_body_is_refused(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin_reply(&reply);
    give_head(&reply, 200, JSON_TYPE);
    assert_int_equal(reply_body(&reply, "{", 1, &err), BOSA_OK);
    assert_int_equal(reply_status(&reply, 200, &err), BOSA_PROTOCOL);
    error_clear(&err);
    reply_free(&reply);
}

static void an_answer_without_a_final_status_is_none(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin_reply(&reply);
    assert_int_equal(reply_end(&reply, &err), BOSA_PROTOCOL);
    give_head(&reply, 100, NULL);
    assert_int_equal(reply_end(&reply, &err), BOSA_PROTOCOL);
    assert_int_equal(err.status, 100);
    error_clear(&err);
    reply_free(&reply);
}

static void a_field_line_that_makes_no_sense_is_refused(void **unused)
{
    static const struct {
        const char *line;
        size_t len;
    } bad[] = {
        {"", 0},           {"no colon", 8},   {": no name", 9}, {" folded: x", 10},
        {"\tfolded", 7},   {"na me: x", 8},   {"name : x", 8},  {"name: a\0b", 9},
        {"name: a\rb", 9}, {"name: a\nb", 9}, {"na\0me: x", 8}, {"name: \x1B[2J", 10},
    };
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin_reply(&reply);
    give_head(&reply, 200, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(reply_field(&reply, bad[i].line, bad[i].len, &err), BOSA_PROTOCOL);
        assert_int_equal(err.status, 200);
        assert_int_equal(reply.fields.count, 0);
    }
    assert_int_equal(reply_field(&reply, "a:b:c", 5, &err), BOSA_OK);
    assert_string_equal(fields_get(&reply.fields, "A"), "b:c");
    assert_int_equal(reply_field(&reply, "empty:", 6, &err), BOSA_OK);
    assert_string_equal(fields_get(&reply.fields, "empty"), "");
    error_clear(&err);
    reply_free(&reply);
}

static void the_number_of_fields_is_bounded(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin_reply(&reply);
    give_head(&reply, 200, NULL);
    for (int i = 0; i < REPLY_MAX_FIELDS; i++) {
        assert_int_equal(reply_field(&reply, "A: 1", 4, &err), BOSA_OK);
    }
    assert_int_equal(reply_field(&reply, "A: 1", 4, &err), BOSA_PROTOCOL);
    assert_message(&err, "malformed response: a header section that is too large");
    give_head(&reply, 200, "A: 1");
    reply_free(&reply);
}

static void the_bytes_of_fields_are_bounded(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    char *line = malloc(REPLY_MAX_FIELD_BYTES + 1);
    (void)unused;
    error_init(&err);
    memset(line, 'x', REPLY_MAX_FIELD_BYTES + 1);
    line[1] = ':';
    begin_reply(&reply);
    give_head(&reply, 200, NULL);
    assert_int_equal(reply_field(&reply, line, REPLY_MAX_FIELD_BYTES + 1, &err), BOSA_PROTOCOL);
    assert_int_equal(reply_field(&reply, line, REPLY_MAX_FIELD_BYTES - 3, &err), BOSA_OK);
    assert_int_equal(reply_field(&reply, "A: 1", 4, &err), BOSA_PROTOCOL);
    assert_int_equal(reply_field(&reply, "A:1", 3, &err), BOSA_OK);
    error_clear(&err);
    reply_free(&reply);
    free(line);
}

static void the_size_to_expect_is_the_length_of_what_is_not_compressed(void **unused)
{
    static const struct {
        const char *lines;
        int64_t expected;
    } heads[] = {
        {"Content-Length: 42", 42},
        {"Content-Length: 0", 0},
        {"Content-Length: 42\nContent-Encoding: gzip", -1},
        {"Content-Encoding: br\nContent-Length: 42", -1},
        {"Content-Encoding: Identity\nContent-Length: 42", 42},
        {"Content-Length: 9223372036854775799", INT64_MAX - 8},
        {"Content-Length: 99999999999999999999", -1},
        {"Content-Length: -1", -1},
        {"Content-Length: 4x", -1},
        {"Content-Length:", -1},
        {NULL, -1},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct reply reply;
        begin_reply(&reply);
        give_head(&reply, 200, heads[i].lines);
        assert_int_equal(reply.expected, heads[i].expected);
        reply_free(&reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_between_100_and_599),
        cmocka_unit_test(nobody_asks_for_another_protocol),
        cmocka_unit_test(interim_answers_come_to_an_end),
        cmocka_unit_test(a_later_status_starts_the_fields_anew),
        cmocka_unit_test(a_status_behind_a_body_is_refused),
        cmocka_unit_test(an_answer_without_a_final_status_is_none),
        cmocka_unit_test(a_field_line_that_makes_no_sense_is_refused),
        cmocka_unit_test(the_number_of_fields_is_bounded),
        cmocka_unit_test(the_bytes_of_fields_are_bounded),
        cmocka_unit_test(the_size_to_expect_is_the_length_of_what_is_not_compressed),
    };
    return cmocka_run_group_tests_name("reply_header", tests, NULL, NULL);
}
