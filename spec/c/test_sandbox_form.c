/*
 * What the sandbox does with forms and with response_fields. Its sources are no library, so the
 * ones under test are compiled into this program.
 */
#include "json_fixture.h"

#include "../../csrc/sandbox/formdoc.c"
#include "../../csrc/sandbox/parts.c"
#include "../../csrc/sandbox/pick.c"

/* FNV-1a's own published values. */
static void test_checksum(void **state)
{
    (void)state;
    assert_true(fnv_add(FNV_START, TEXT("")) == UINT64_C(0xcbf29ce484222325));
    assert_true(fnv_add(FNV_START, TEXT("foobar")) == UINT64_C(0x85944171f73967e8));
}

static void test_urlencoded(void **state)
{
    struct parts parts = {0};
    (void)state;
    assert_true(parts_urlencoded(&parts, TEXT("a=1%26+%2B&&b&c%5B=%zz&=d")));
    assert_int_equal(parts.count, 4);
    assert_string_equal(parts.list[0].name, "a");
    assert_memory_equal(parts.list[0].kept.data, "1& +", 4);
    assert_string_equal(parts.list[1].name, "b");
    assert_int_equal(parts.list[1].size, 0);
    assert_string_equal(parts.list[2].name, "c[");
    assert_memory_equal(parts.list[2].kept.data, "%zz", 3);
    assert_string_equal(parts.list[3].name, "");
    parts_free(&parts);
}

static void assert_text(const struct json_doc *doc, const char *expected)
{
    struct bosa_error err;
    struct buf out;
    error_init(&err);
    buf_init(&out);
    assert_false(doc->failed);
    assert_int_equal(json_write(&out, doc, 0, &err), BOSA_OK);
    buf_addc(&out, '\0');
    assert_string_equal(out.data, expected);
    buf_free(&out);
}

/* What a form comes to under a schema. */
static void assert_read(const char *schema, const char *body, const char *expected)
{
    struct json_doc schemas = parse(schema), out;
    struct parts parts = {0};
    json_init(&out);
    assert_true(parts_urlencoded(&parts, body, strlen(body)));
    formdoc_build(&out, &parts, &schemas, 0);
    assert_text(&out, expected);
    json_free(&out);
    json_free(&schemas);
    parts_free(&parts);
}

static void test_types_come_from_the_schema(void **state)
{
    static const char schema[] =
        "{\"$defs\":{\"Level\":{\"type\":\"integer\"}},\"properties\":{"
        "\"text\":{\"type\":\"string\"},\"level\":{\"$ref\":\"#/$defs/Level\"},"
        "\"ratio\":{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"null\"}]},\"flag\":{\"type\":"
        "\"boolean\"},"
        "\"tags\":{\"anyOf\":[{\"type\":\"array\",\"items\":{\"type\":\"integer\"}},{\"type\":"
        "\"null\"}]}}}";
    (void)state;
    assert_read(schema, "", "{}");
    assert_read(schema, "text=12&level=12&ratio=1.5&flag=True",
                "{\"text\":\"12\",\"level\":12,\"ratio\":1.5,\"flag\":true}");
    assert_read(schema, "flag=false&ratio=2", "{\"flag\":false,\"ratio\":2}");
    assert_read(schema, "level=1.5&ratio=x&flag=1",
                "{\"level\":\"1.5\",\"ratio\":\"x\",\"flag\":\"1\"}");
    assert_read(schema, "tags=1&text=a&tags=2&text=b", "{\"tags\":[1,2],\"text\":\"b\"}");
    assert_read(schema, "tags=1", "{\"tags\":[1]}");
    assert_read(schema, "level=18446744073709551616&other=1",
                "{\"level\":18446744073709551616,\"other\":\"1\"}");
    assert_read("{}", "a=1", "{\"a\":\"1\"}");
}

static void test_schema_of_itself_ends(void **state)
{
    (void)state;
    assert_read("{\"$defs\":{\"A\":{\"$ref\":\"#/$defs/A\"}},\"properties\":{\"a\":{\"$ref\":\"#/"
                "$defs/A\"}}}",
                "a=1", "{\"a\":\"1\"}");
    assert_read("{\"properties\":{\"a\":{\"$ref\":\"#/$defs/None\"}}}", "a=1", "{\"a\":\"1\"}");
}

static void assert_left(const char *text, const char *fields, const char *expected)
{
    struct json_doc from = parse(text), paths = parse(fields), out;
    json_init(&out);
    pick_fields(&out, &from, 0, &paths, 0);
    assert_text(&out, expected);
    json_free(&out);
    json_free(&from);
    json_free(&paths);
}

static void test_response_fields(void **state)
{
    static const char issue[] =
        "{\"id\":1,\"user\":{\"login\":\"a\",\"id\":2},\"labels\":[{\"name\":\"x\",\"n\":3},"
        "{\"name\":\"y\",\"n\":4}],\"idle\":null}";
    (void)state;
    assert_left(issue, "[\"id\"]", "{\"id\":1}");
    assert_left(issue, "[\"user.login\",\"id\"]", "{\"id\":1,\"user\":{\"login\":\"a\"}}");
    assert_left(issue, "[\"user.login\",\"user\"]", "{\"user\":{\"login\":\"a\",\"id\":2}}");
    assert_left(issue, "[\"labels.name\"]", "{\"labels\":[{\"name\":\"x\"},{\"name\":\"y\"}]}");
    assert_left(issue, "[\"idle\",\"none\",\"user.none\"]", "{\"user\":{},\"idle\":null}");
    assert_left("[{\"a\":1,\"b\":2},{\"b\":3}]", "[\"a\"]", "[{\"a\":1},{}]");
    assert_left(issue, "[]", "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_urlencoded),
        cmocka_unit_test(test_types_come_from_the_schema),
        cmocka_unit_test(test_schema_of_itself_ends),
        cmocka_unit_test(test_response_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
