/* json: building and writing. */
#include "json_fixture.h"

/* ---- building ---- */

/* {"list":[null,true,-1,2^63,1.5],"digits":...,"empty":{}} */
static void build(struct json_doc *doc)
{
    uint32_t object, list, empty;

    json_init(doc);
    object = json_open(doc, JSON_OBJECT);
    json_add_string(doc, "list", 4);
    list = json_open(doc, JSON_ARRAY);
    json_add_null(doc);
    json_add_bool(doc, true);
    json_add_int(doc, -1);
    json_add_uint(doc, UINT64_C(1) << 63);
    json_add_uint(doc, 7);
    json_add_double(doc, 1.5);
    json_close(doc, list, 6);
    json_add_string(doc, "empty", 5);
    empty = json_open(doc, JSON_OBJECT);
    json_close(doc, empty, 0);
    json_close(doc, object, 2);
}

#define BUILT "{\"list\":[null,true,-1,9223372036854775808,7,1.5],\"empty\":{}}"

static void building_gives_what_parsing_gives(void **unused)
{
    struct json_doc built, parsed = parse(BUILT);

    (void)unused;
    build(&built);
    assert_false(built.failed);
    assert_written(&built, 0, BUILT);
    assert_int_equal(built.count, parsed.count);
    for (uint32_t i = 0; i < built.count; i++) {
        assert_int_equal(json_type(&built, i), json_type(&parsed, i));
        assert_int_equal(json_next(&built, i), json_next(&parsed, i));
    }
    assert_true(json_equal(&built, 0, &parsed, 0));
    json_free(&built);
    json_free(&parsed);
}

static void building_failure_is_sticky(void **unused)
{
    struct json_doc doc;
    uint32_t list;

    (void)unused;
    json_init(&doc);
    mem_torture_fail_at(1);
    list = json_open(&doc, JSON_ARRAY);
    mem_torture_fail_at(0);
    assert_int_equal(list, JSON_NONE);
    json_add_null(&doc);
    json_add_string(&doc, "x", 1);
    json_add_int(&doc, 1);
    json_close(&doc, list, 3);
    assert_true(doc.failed);
    assert_int_equal(doc.count, 0);
    json_free(&doc);
    assert_false(doc.failed);
}

static void copies_are_whole_subtrees(void **unused)
{
    struct json_doc from = parse("[1,{\"a\":[\"x\",[]],\"b\":99999999999999999999},2]"), to;
    uint32_t list;

    (void)unused;
    from.nodes[json_at(&from, json_member(&from, 2, "a"), 1)].flags = JSON_F_EITHER;
    json_init(&to);
    list = json_open(&to, JSON_ARRAY);
    json_add_bool(&to, false);
    json_add_copy(&to, &from, 2);
    json_add_copy(&to, &from, 1);
    json_close(&to, list, 3);
    json_free(&from);
    assert_written(&to, 0, "[false,{\"a\":[\"x\",[]],\"b\":99999999999999999999},1]");
    assert_int_equal(to.nodes[json_at(&to, json_member(&to, 2, "a"), 1)].flags, JSON_F_EITHER);
    json_free(&to);
}

static void with_member_replaces_or_appends(void **unused)
{
    static const char *const cases[][3] = {
        {"{}", "k", "{\"k\":[9]}"},
        {"{\"a\":{\"k\":1},\"b\":2}", "k", "{\"a\":{\"k\":1},\"b\":2,\"k\":[9]}"},
        {"{\"a\":{\"k\":1},\"b\":2}", "a", "{\"a\":[9],\"b\":2}"},
        {"{\"k\":1,\"b\":2,\"k\":3}", "k", "{\"k\":[9],\"b\":2}"},
    };
    struct json_doc values = parse("[[9]]");

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_doc from = parse(cases[i][0]), out;

        json_init(&out);
        json_with_member(&out, &from, 0, cases[i][1], &values, 1);
        assert_written(&out, 0, cases[i][2]);
        json_free(&out);
        json_free(&from);
    }
    json_free(&values);
}

/* A parsed document takes more nodes and more text like any other. */
static void parsed_documents_can_grow(void **unused)
{
    struct json_doc doc = parse("[\"a\"]");

    (void)unused;
    for (int i = 0; i < 100; i++) {
        json_add_string(&doc, "bcd", 3);
    }
    assert_false(doc.failed);
    assert_written(&doc, 0, "[\"a\"]");
    assert_written(&doc, doc.count - 1, "\"bcd\"");
    json_free(&doc);
}

/* ---- writing ---- */

static void doubles_are_written_shortest(void **unused)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-1200.0, "-1200.0"},
        {0.1, "0.1"},
        {0x1.3333333333334p-2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {123.456, "123.456"},
        {0.0001, "0.0001"},
        {0.00001, "1e-5"},
        {1.5e-7, "1.5e-7"},
        {999999999999999.0, "999999999999999.0"},
        {1e15, "1000000000000000.0"},
        {9007199254740993.0, "9007199254740992.0"},
        {9999999999999998.0, "9999999999999998.0"},
        {1e16, "1e16"},
        {1e22, "1e22"},
        {1e23, "1e23"},
        {1.25e300, "1.25e300"},
        {0x1p-1074, "5e-324"},
        {0x1p-1022, "2.2250738585072014e-308"},
        {0x0.fffffffffffffp-1022, "2.225073858507201e-308"},
        {0x1.fffffffffffffp1023, "1.7976931348623157e308"},
        {0x1p-44, "5.684341886080802e-14"},
        {0x1p100, "1.2676506002282294e30"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
        {5e-324 * 3, "1.5e-323"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out;

        buf_init(&out);
        json_write_double(&out, cases[i].value);
        buf_addc(&out, '\0');
        assert_string_equal(out.data, cases[i].text);
        assert_reads(out.data, cases[i].value);
        buf_free(&out);
    }
}

/* A fixed pseudo-random walk over all doubles; the C library is the second opinion. */
static void doubles_survive_the_way_there_and_back(void **unused)
{
    uint64_t bits = 1;

    (void)unused;
    for (int i = 0; i < 20000; i++) {
        char text[40];
        struct buf out;
        double value, again;

        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&value, &bits, sizeof value);
        if (value - value != 0) {
            continue;
        }
        buf_init(&out);
        json_write_double(&out, value);
        buf_addc(&out, '\0');
        again = strtod(out.data, NULL);
        assert_memory_equal(&again, &value, sizeof value);
        snprintf(text, sizeof text, "%.*e", (int)(bits % 23 + 3), value);
        assert_reads(text, strtod(text, NULL));
        buf_free(&out);
    }
}

static void strings_are_written_or_refused(void **unused)
{
    struct buf out;

    (void)unused;
    buf_init(&out);
    assert_true(json_write_string(&out, TEXT("a\"\\/\x01\0\n\xc3\xa9 and so on and so on")));
    buf_addc(&out, '\0');
    assert_string_equal(out.data, "\"a\\\"\\\\/\\u0001\\u0000\\n\xc3\xa9 and so on and so on\"");
    assert_false(json_write_string(&out, TEXT("\xc3")));
    assert_false(json_write_string(&out, TEXT("0123456789abcdef \xed\xa0\x80")));
    buf_free(&out);
}

/* Writes node 0, which must be refused with this message. */
static void assert_refused(const struct json_doc *doc, const char *message)
{
    struct buf out;
    struct bosa_error err;

    assert_false(doc->failed);
    buf_init(&out);
    error_init(&err);
    assert_int_equal(json_write(&out, doc, 0, &err), BOSA_PARAMS);
    assert_string_equal(err.message, message);
    buf_free(&out);
    error_clear(&err);
}

static void writing_names_the_culprit(void **unused)
{
    struct json_doc doc = parse("{\"a\":[1,{\"b\":[],\"c\":0}],\"d\":1}");
    uint32_t culprit = json_member(&doc, json_at(&doc, json_member(&doc, 0, "a"), 1), "c");
    size_t len;

    (void)unused;
    doc.nodes[culprit].type = JSON_FILE;
    assert_refused(&doc, "a[1].c is a file");
    doc.nodes[culprit].type = JSON_DOUBLE;
    doc.nodes[culprit].v.d = strtod("nan", NULL);
    assert_refused(&doc, "a[1].c is not a finite number");
    doc.nodes[culprit].v.d = strtod("-inf", NULL);
    assert_refused(&doc, "a[1].c is not a finite number");
    doc.nodes[culprit] = (struct json_node){.type = JSON_NULL};
    *(char *)json_text(&doc, culprit - 1, &len) = '\xff';
    assert_refused(&doc, "a[1] has a name that is not UTF-8");
    json_free(&doc);
    json_init(&doc);
    json_add_string(&doc, "\xff", 1);
    assert_refused(&doc, "the value is not UTF-8");
    json_free(&doc);
}

static void writing_bounds_depth_and_path(void **unused)
{
    struct json_doc doc;
    uint32_t open[JSON_MAX_DEPTH + 1];
    struct bosa_error err;
    struct buf out;

    (void)unused;
    json_init(&doc);
    for (int i = 0; i <= JSON_MAX_DEPTH; i++) {
        open[i] = json_open(&doc, JSON_ARRAY);
    }
    for (int i = JSON_MAX_DEPTH; i >= 0; i--) {
        json_close(&doc, open[i], i < JSON_MAX_DEPTH);
    }
    buf_init(&out);
    error_init(&err);
    assert_int_equal(json_write(&out, &doc, 1, &err), BOSA_OK);
    assert_int_equal(json_write(&out, &doc, 0, &err), BOSA_PARAMS);
    assert_non_null(strstr(err.message, "... is nested more than 1000 levels deep"));
    assert_true(strlen(err.message) < 300);
    error_clear(&err);
    buf_free(&out);
    json_free(&doc);
}

/* ---- memory ---- */

#define SCRIPT "[{\"name\":\"a\\u00e9b\",\"n\":[1,2.5,18446744073709551616]},null,true,[[[[]]]],0]"

/* Reads, builds and writes; an allocation may fail on the way. */
static enum bosa_status run_script(struct buf *out, struct bosa_error *err)
{
    struct json_doc doc, built;
    char *text = mem_dup(TEXT(SCRIPT));
    enum bosa_status status;

    if (text == NULL) {
        return BOSA_NOMEM;
    }
    json_init(&doc);
    json_init(&built);
    status = json_parse(&doc, text, sizeof SCRIPT - 1, err);
    if (status == BOSA_OK) {
        json_with_member(&built, &doc, 1, "added", &doc, 0);
        status = built.failed ? BOSA_NOMEM : json_write(out, &built, 0, err);
    }
    json_wipe(&doc);
    json_free(&built);
    return status;
}

static void every_failing_allocation_is_reported_and_leaks_nothing(void **unused)
{
    long live = mem_torture_live(), nth;
    enum bosa_status status = BOSA_NOMEM;

    (void)unused;
    for (nth = 1; status != BOSA_OK; nth++) {
        struct bosa_error err;
        struct buf out;

        buf_init(&out);
        error_init(&err);
        mem_torture_fail_at(nth);
        status = run_script(&out, &err);
        if (status != BOSA_OK) {
            assert_int_equal(status, BOSA_NOMEM);
        }
        assert_true(status != BOSA_OK || mem_torture_count() < nth);
        mem_torture_fail_at(0);
        buf_free(&out);
        error_clear(&err);
        assert_int_equal(mem_torture_live(), live);
    }
    assert_true(nth > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(building_gives_what_parsing_gives),
        cmocka_unit_test(building_failure_is_sticky),
        cmocka_unit_test(copies_are_whole_subtrees),
        cmocka_unit_test(with_member_replaces_or_appends),
        cmocka_unit_test(parsed_documents_can_grow),
        cmocka_unit_test(doubles_are_written_shortest),
        cmocka_unit_test(doubles_survive_the_way_there_and_back),
        cmocka_unit_test(strings_are_written_or_refused),
        cmocka_unit_test(writing_names_the_culprit),
        cmocka_unit_test(writing_bounds_depth_and_path),
        cmocka_unit_test(every_failing_allocation_is_reported_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
