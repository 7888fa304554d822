/* json: reading and questions. What is no JSON is in test_json_malformed.c. */
#include "base/text.h"
#include "json_fixture.h"

/* ---- reading ---- */

static void reads_what_rfc_8259_allows(void **unused)
{
    static const char *const cases[][2] = {
        {"null", "null"},
        {" \t\r\n true \t\r\n", "true"},
        {"false", "false"},
        {"[]", "[]"},
        {"[ ]", "[]"},
        {"{ }", "{}"},
        {"[[],{},[{}]]", "[[],{},[{}]]"},
        {"{\"a\" : [ 1 , 2 ] , \"b\" : { \"\" : null } }", "{\"a\":[1,2],\"b\":{\"\":null}}"},
        {"\"\"", "\"\""},
        {"\"\x7f\"", "\"\x7f\""},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\"\\u0000\\u001F\\u007f\"", "\"\\u0000\\u001f\x7f\""},
        {"\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\"", "\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\"",
         "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\""},
        {"\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
        {"\"a long run of plain bytes, an escape \\n and a long run again\"",
         "\"a long run of plain bytes, an escape \\n and a long run again\""},
        {"{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}"},
        {"[0,-0,-1,10,-10]", "[0,0,-1,10,-10]"},
        {"[1.0,-0.0,0e1,1E2,1e+2,1e-2,0.5e0]", "[1.0,-0.0,0.0,100.0,100.0,0.01,0.5]"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_round_trip(cases[i][0], cases[i][1]);
    }
}

/* What servers write goes through all the same, with a mark where something was lost. */
static void lenient_reading_loses_one_character(void **unused)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"\xef\xbb\xbf{\"a\":1}", "{\"a\":1}"},
        {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
        {"\"\\udbff\\udfff\"", "\"\xf4\x8f\xbf\xbf\""},
        {"\"\\ud800\\udc00\"", "\"\xf0\x90\x80\x80\""},
        {"\"cut \\ud83d\"", "\"cut \xef\xbf\xbd\""},
        {"\"\\ud83d", NULL},
        {"\"\\ud83d\\ud83d\\ude00\"", "\"\xef\xbf\xbd\xf0\x9f\x98\x80\""},
        {"\"\\udfff\"", "\"\xef\xbf\xbd\""},
        {"\"\\udc00\\ud800\"", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\"\\ud83d\\ue000\"", "\"\xef\xbf\xbd\xee\x80\x80\""},
        {"\"\\ud83d\\n\"", "\"\xef\xbf\xbd\\n\""},
        {"\"\\ud83dx\"", "\"\xef\xbf\xbdx\""},
        {"\"\\ud83d\\u12\"", NULL},
        {"{\"\\udabc\":[\"\\ud83d\"]}", "{\"\xef\xbf\xbd\":[\"\xef\xbf\xbd\"]}"},
        {"[\"na\xefve\",\"\xc3\xa9\"]", "[\"na\xef\xbf\xbdve\",\"\xc3\xa9\"]"},
        {"\"a\nb\tc\"", "\"a\\nb\\tc\""},
        {"{\"\x01\":\"\\n\n\xc3\xa9\n\\ud83d\"}",
         "{\"\\u0001\":\"\\n\\n\xc3\xa9\\n\xef\xbf\xbd\"}"},
        {"\"a\nb", NULL},
        {"[1,\n\x02]", NULL},
        {"[1e400,-1e400]", "[1.7976931348623157e308,-1.7976931348623157e308]"},
        {"[1,]", NULL},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_doc doc;
        struct bosa_error err;
        size_t len = strlen(cases[i].text);
        enum bosa_status status;

        error_init(&err);
        json_init(&doc);
        status = json_parse_lenient(&doc, mem_dup(cases[i].text, len), len, &err);
        assert_int_equal(status, cases[i].written ? BOSA_OK : BOSA_PROTOCOL);
        if (cases[i].written) {
            assert_written(&doc, 0, cases[i].written);
        }
        error_clear(&err);
        json_free(&doc);
    }
}

/* The document's own room is exchanged, too, when there is too little of it. */
static void lenient_reading_mends_in_its_own_room(void **unused)
{
    static const char text[] = "[\"\xff\xff\xff\"]";
    struct json_doc doc;
    struct bosa_error err;

    (void)unused;
    error_init(&err);
    json_init(&doc);
    for (int i = 0; i < 2; i++) {
        char *room = json_room(&doc, sizeof text - 1);

        assert_non_null(room);
        memcpy(room, text, sizeof text - 1);
        assert_int_equal(json_parse_lenient(&doc, room, sizeof text - 1, &err), BOSA_OK);
        assert_written(&doc, 0, "[\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]");
        json_clear(&doc);
    }
    json_free(&doc);
}

/* Appends {"k0": 0, ...} of `count` members, backwards when told; k0 comes twice. */
static void add_large(struct json_doc *doc, int count, bool backwards)
{
    uint32_t open = json_open(doc, JSON_OBJECT);

    json_add_string(doc, "k0", 2);
    json_add_string(doc, "first", 5);
    for (int i = 0; i < count; i++) {
        char name[16];
        int n = backwards ? count - 1 - i : i;

        json_add_string(doc, name, (size_t)snprintf(name, sizeof name, "k%d", n));
        json_add_int(doc, n);
    }
    json_close(doc, open, (uint32_t)count + 1);
}

/* Large objects are compared, hashed and searched by an index; the last of a name counts. */
static void large_objects_are_indexed(void **unused)
{
    struct json_doc a, b;
    struct json_index index;

    (void)unused;
    json_init(&a);
    json_init(&b);
    add_large(&a, 50000, false);
    add_large(&b, 50000, true);
    assert_true(json_equal(&a, 0, &b, 0));
    assert_true(json_hash(&a, 0) == json_hash(&b, 0));
    b.nodes[4].v.i++;
    assert_false(json_equal(&a, 0, &b, 0));
    assert_true(json_hash(&a, 0) != json_hash(&b, 0));
    assert_true(json_index_build(&index, &a, 0));
    assert_int_equal(index.count, 50000);
    assert_int_equal(json_index_get(&index, "k0", 2), json_get(&a, 0, "k0", 2));
    assert_int_equal(json_index_get(&index, "k49999", 6), json_get(&a, 0, "k49999", 6));
    assert_int_equal(json_index_get(&index, "k50000", 6), JSON_NONE);
    json_index_free(&index);
    json_free(&a);
    json_free(&b);
}

static void equal_values_have_one_hash(void **unused)
{
    struct json_doc doc = parse("[1,1.0,-0.0,0,18446744073709551616,18446744073709551616.0,"
                                "{\"a\":1,\"b\":[2]},{\"b\":[2.0],\"a\":1},[{}],[[]],\"1\",\"\"]");
    uint32_t end = json_next(&doc, 0);

    (void)unused;
    for (uint32_t x = 1; x < end; x = json_next(&doc, x)) {
        for (uint32_t y = 1; y < end; y = json_next(&doc, y)) {
            assert_true(json_equal(&doc, x, &doc, y) == (json_hash(&doc, x) == json_hash(&doc, y)));
        }
    }
    json_free(&doc);
}

/* {"a":0,"a":{"a":0,"a":...}}: a walk that followed both of each name would never end. */
static void names_given_twice_double_no_work(void **unused)
{
    struct buf text;
    struct json_doc a, b;

    (void)unused;
    buf_init(&text);
    for (int i = 0; i < JSON_MAX_DEPTH; i++) {
        buf_adds(&text, "{\"a\":0,\"a\":");
    }
    buf_addc(&text, '1');
    for (int i = 0; i < JSON_MAX_DEPTH; i++) {
        buf_addc(&text, '}');
    }
    buf_addc(&text, '\0');
    a = parse(text.data);
    b = parse(text.data);
    assert_true(json_equal(&a, 0, &b, 0));
    assert_true(json_hash(&a, 0) == json_hash(&b, 0));
    b.nodes[b.count - 1].v.i = 2;
    assert_false(json_equal(&a, 0, &b, 0));
    json_free(&a);
    json_free(&b);
    buf_free(&text);
}

static void integers_are_exact(void **unused)
{
    static const struct {
        const char *text;
        enum json_type type;
        uint64_t value; /* of JSON_INT as two's complement */
    } cases[] = {
        {"0", JSON_INT, 0},
        {"-0", JSON_INT, 0},
        {"9007199254740993", JSON_INT, UINT64_C(9007199254740993)},
        {"-9007199254740993", JSON_INT, 0 - UINT64_C(9007199254740993)},
        {"9223372036854775807", JSON_INT, INT64_MAX},
        {"-9223372036854775808", JSON_INT, UINT64_C(1) << 63},
        {"9223372036854775808", JSON_UINT, UINT64_C(1) << 63},
        {"9999999999999999999", JSON_UINT, UINT64_C(9999999999999999999)},
        {"18446744073709551615", JSON_UINT, UINT64_MAX},
        {"-9223372036854775809", JSON_DIGITS, 0},
        {"18446744073709551616", JSON_DIGITS, 0},
        {"-18446744073709551615", JSON_DIGITS, 0},
        {"99999999999999999999", JSON_DIGITS, 0},
        {"123456789012345678901234567890", JSON_DIGITS, 0},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_doc doc = parse(cases[i].text);

        assert_int_equal(json_type(&doc, 0), cases[i].type);
        if (cases[i].type != JSON_DIGITS) {
            assert_true(doc.nodes[0].v.u == cases[i].value);
        }
        assert_written(&doc, 0, strcmp(cases[i].text, "-0") == 0 ? "0" : cases[i].text);
        json_free(&doc);
    }
}

static void doubles_are_rounded_correctly(void **unused)
{
    (void)unused;
    assert_reads("0.1", 0.1);
    assert_reads("-2.5e-3", -0.0025);
    assert_reads("9007199254740993.0", 0x1p53);
    assert_reads("9007199254740993.00000000000000000000000000000000000001", 0x1.0000000000001p53);
    assert_reads("9007199254740995.0", 0x1.0000000000002p53);
    assert_reads("0.30000000000000004", 0x1.3333333333334p-2);
    assert_reads("2.2250738585072011e-308", 0x0.fffffffffffffp-1022);
    assert_reads("2.2250738585072014e-308", 0x1p-1022);
    assert_reads("1.7976931348623157e308", 0x1.fffffffffffffp1023);
    assert_reads("1.7976931348623158e308", 0x1.fffffffffffffp1023);
    assert_reads("4.9e-324", 0x1p-1074);
    assert_reads("2.4703282292062328e-324", 0x1p-1074);
    assert_reads("2.4703282292062327e-324", 0.0);
    assert_reads("1e-999999999999999999999999", 0.0);
    assert_reads("1e-9223372036854775808", 0.0);
    assert_reads("-1e-400", -0.0);
    assert_reads("0e999999999999999999999999", 0.0);
    assert_reads("1e0000000000000000000000005", 1e5);
    assert_reads("123456789012345678901234567890e-10", 12345678901234567890.0);
    assert_reads("0.000000000000000000000000000000000000000000012345e44", 1.2345);
}

/* 2^-1 + 2^-54, half way between two doubles, written out; digits far behind decide. */
static void digits_far_behind_decide(void **unused)
{
    const char *middle = "0.500000000000000055511151231257827021181583404541015625";
    size_t len = strlen(middle);
    char text[1200];

    (void)unused;
    assert_reads(middle, 0.5);
    memcpy(text, middle, len);
    memset(text + len, '0', sizeof text - len);
    text[sizeof text - 1] = '\0';
    assert_reads(text, 0.5);
    text[sizeof text - 2] = '1';
    assert_reads(text, 0x1.0000000000001p-1);
}

/* A well-formed text of `depth` arrays within each other; owned by the caller. */
static char *nested(size_t depth)
{
    char *text = mem_alloc(2 * depth + 1);

    assert_non_null(text);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

static void depth_is_bounded(void **unused)
{
    char *text = nested(JSON_MAX_DEPTH);
    struct json_doc doc = parse(text);
    struct bosa_error err;

    (void)unused;
    assert_int_equal(doc.count, JSON_MAX_DEPTH);
    assert_written(&doc, 0, text);
    assert_true(json_equal(&doc, 0, &doc, 0));
    json_free(&doc);
    mem_free(text);
    text = nested(JSON_MAX_DEPTH + 1);
    error_init(&err);
    assert_int_equal(parse_bytes(&doc, text, strlen(text), &err), BOSA_PROTOCOL);
    assert_string_equal(err.message, "line 1, column 1001: expected at most 1000 levels");
    error_clear(&err);
    json_free(&doc);
    mem_free(text);
}

/* Every place of an odd byte in a string, so that each way through the fast scan is taken. */
static void strings_of_every_length_are_read_and_written(void **unused)
{
    (void)unused;
    for (size_t len = 0; len < 50; len++) {
        for (size_t at = 0; at < len; at++) {
            char text[128], expected[128];

            snprintf(text, sizeof text, "\"%.*s\\n%.*s\xc3\xa9\"", (int)at,
                     "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", (int)(len - at),
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ");
            memcpy(expected, text, sizeof text);
            assert_round_trip(text, expected);
        }
    }
}

/* ---- questions ---- */

static void questions_find_members_and_elements(void **unused)
{
    struct json_doc doc = parse("{\"a\":[10,{\"x\":[1,2]},30],\"bb\":true,\"a\\u0000\":null,"
                                "\"b\":\"text\",\"bb\":false,\"\":0.5}");
    uint32_t list = json_member(&doc, 0, "a");
    size_t len;

    (void)unused;
    assert_int_equal(doc.nodes[0].len, 6);
    assert_int_equal(json_next(&doc, 0), doc.count);
    assert_int_equal(json_type(&doc, list), JSON_ARRAY);
    assert_int_equal(doc.nodes[list].len, 3);
    assert_true(json_number(&doc, json_at(&doc, list, 0)) == 10);
    assert_int_equal(json_type(&doc, json_at(&doc, list, 1)), JSON_OBJECT);
    assert_true(json_number(&doc, json_at(&doc, list, 2)) == 30);
    assert_int_equal(json_at(&doc, list, 3), JSON_NONE);
    assert_int_equal(json_at(&doc, 0, 0), JSON_NONE);
    assert_int_equal(json_type(&doc, json_member(&doc, 0, "bb")), JSON_FALSE);
    assert_int_equal(json_type(&doc, json_get(&doc, 0, "a\0", 2)), JSON_NULL);
    assert_int_equal(json_type(&doc, json_get(&doc, 0, NULL, 0)), JSON_DOUBLE);
    assert_int_equal(json_member(&doc, 0, "x"), JSON_NONE);
    assert_int_equal(json_member(&doc, list, "a"), JSON_NONE);
    assert_true(json_is(&doc, json_member(&doc, 0, "b"), "text"));
    assert_false(json_is(&doc, json_member(&doc, 0, "b"), "tex"));
    assert_false(json_is(&doc, list, ""));
    assert_memory_equal(json_text(&doc, json_member(&doc, 0, "b"), &len), "text", 4);
    assert_int_equal(len, 4);
    assert_null(json_text(&doc, list, &len));
    assert_int_equal(len, 0);
    json_free(&doc);
}

static void types_have_json_schemas_names(void **unused)
{
    static const char *const names[] = {"null",    "boolean", "boolean", "integer", "integer",
                                        "integer", "number",  "string",  "array",   "object"};
    struct json_doc doc = parse("[null,false,true,1,9223372036854775808,99999999999999999999,1.0,"
                                "\"\",[],{}]");

    (void)unused;
    for (uint32_t i = 0; i < COUNT(names); i++) {
        assert_string_equal(json_type_name(&doc, json_at(&doc, 0, i)), names[i]);
    }
    json_add_file(&doc, 0);
    assert_string_equal(json_type_name(&doc, doc.count - 1), "file");
    assert_true(json_number(&doc, json_at(&doc, 0, 4)) == 0x1p63);
    assert_true(json_number(&doc, json_at(&doc, 0, 5)) == 1e20);
    json_free(&doc);
}

static void equality_is_json_schemas(void **unused)
{
    static const struct {
        bool equal;
        const char *a, *b;
    } cases[] = {
        {true, "1", "1.0"},
        {true, "0", "-0.0"},
        {true, "1e2", "100"},
        {true, "9223372036854775808", "9223372036854775808.0"},
        {true, "100000000000000000000", "1e20"},
        {true, "100000000000000000000", "100000000000000000000"},
        {true, "-9223372036854775808", "-9.223372036854775808e18"},
        {true, "0.5", "5e-1"},
        {false, "1", "1.5"},
        {false, "1", "true"},
        {false, "0", "false"},
        {false, "0", "null"},
        {false, "1", "\"1\""},
        {false, "-1", "18446744073709551615"},
        {false, "9007199254740993", "9007199254740992.0"},
        {false, "18446744073709551615", "18446744073709551616.0"},
        {false, "100000000000000000000", "100000000000000000001"},
        {false, "18446744073709551615", "18446744073709551616"},
        {true, "\"a\\u00e9\"", "\"a\xc3\xa9\""},
        {false, "\"a\"", "\"A\""},
        {false, "\"\"", "\"a\""},
        {true, "[]", "[ ]"},
        {false, "[]", "{}"},
        {true, "[1,[2,{}]]", "[1.0,[2,{}]]"},
        {false, "[1,2]", "[2,1]"},
        {false, "[1]", "[1,2]"},
        {true, "{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}"},
        {false, "{\"a\":1}", "{\"a\":1,\"b\":2}"},
        {false, "{\"a\":1,\"b\":2}", "{\"a\":1}"},
        {false, "{\"a\":1}", "{\"a\":2}"},
        {false, "{\"a\":1}", "{\"b\":1}"},
        {true, "{\"a\":1,\"a\":2}", "{\"a\":2}"},
        {false, "{\"a\":1,\"a\":2}", "{\"a\":1}"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_doc a = parse(cases[i].a), b = parse(cases[i].b);

        if (json_equal(&a, 0, &b, 0) != cases[i].equal ||
            json_equal(&b, 0, &a, 0) != cases[i].equal) {
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        }
        json_free(&a);
        json_free(&b);
    }
}

static void utf8_is_checked(void **unused)
{
    (void)unused;
    assert_true(text_is_utf8(TEXT("")));
    assert_true(text_is_utf8(TEXT("plain, \"quoted\" and \0 and \n")));
    assert_true(text_is_utf8(TEXT("0123456789 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80")));
    assert_false(text_is_utf8(TEXT("\xff")));
    assert_false(text_is_utf8(TEXT("0123456789abcdef\x80")));
    assert_false(text_is_utf8(TEXT("\xed\xa0\x80")));
    assert_false(text_is_utf8(TEXT("0123456\xe2\x82")));
}

/* ---- memory ---- */

/*
 * A text of more nodes than were guessed grows the array; its failure is told apart from bad JSON.
 */
static void growing_while_reading_can_fail(void **unused)
{
    char text[201];
    struct json_doc doc;
    struct bosa_error err;

    (void)unused;
    memset(text, '0', sizeof text);
    for (size_t i = 0; i < sizeof text; i += 2) {
        text[i] = ',';
    }
    text[0] = '[';
    text[200] = ']';
    error_init(&err);
    assert_int_equal(parse_bytes(&doc, text, sizeof text, &err), BOSA_OK);
    assert_int_equal(doc.nodes[0].len, 100);
    json_free(&doc);
    mem_torture_fail_at(3);
    assert_int_equal(parse_bytes(&doc, text, sizeof text, &err), BOSA_NOMEM);
    mem_torture_fail_at(0);
    assert_int_equal(err.kind, BOSA_NOMEM);
    json_free(&doc);
    error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_rfc_8259_allows),
        cmocka_unit_test(lenient_reading_loses_one_character),
        cmocka_unit_test(lenient_reading_mends_in_its_own_room),
        cmocka_unit_test(large_objects_are_indexed),
        cmocka_unit_test(equal_values_have_one_hash),
        cmocka_unit_test(names_given_twice_double_no_work),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(doubles_are_rounded_correctly),
        cmocka_unit_test(digits_far_behind_decide),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(strings_of_every_length_are_read_and_written),
        cmocka_unit_test(questions_find_members_and_elements),
        cmocka_unit_test(types_have_json_schemas_names),
        cmocka_unit_test(equality_is_json_schemas),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(growing_while_reading_can_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
