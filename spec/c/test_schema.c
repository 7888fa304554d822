/* schema: words of faults, what is settled in a valid value, unions, and a lack of memory. */
#include "net_fixture.h"
#include "schema/schema.h"

struct fault_case {
    const char *schema, *value; /* JSON */
    const char *message;        /* NULL: valid */
};

#define OBJECT(properties) "{\"type\":\"object\",\"properties\":{" properties "}}"
#define STRING "{\"type\":\"string\"}"
#define SHAPE                                                                                      \
    "{\"$defs\":{\"C\":{\"properties\":{\"kind\":{\"const\":\"circle\"},\"r\":{\"type\":"          \
    "\"number\"}},"                                                                                \
    "\"required\":[\"r\"]},\"S\":{\"properties\":{\"kind\":{\"const\":\"square\"}}}},"             \
    "\"oneOf\":[{\"$ref\":\"#/$defs/C\",\"type\":\"object\"},{\"$ref\":\"#/$defs/"                 \
    "S\",\"type\":\"object\"}],"                                                                   \
    "\"discriminator\":{\"propertyName\":\"kind\"}}"

#define ANCHORED                                                                                   \
    "{\"properties\":{\"kind\":{\"$ref\":\"#name\"},\"x\":{\"$ref\":\"inner#list\"}},\"$defs\":{"  \
    "\"a\":{\"$anchor\":\"name\",\"type\":\"string\"},\"b\":{\"$id\":\"inner\",\"$defs\":{\"l\":"  \
    "{\"$anchor\":\"list\",\"items\":{\"$ref\":\"#list\"}}}}}}"
#define CONDITIONAL                                                                                \
    "{\"properties\":{\"kind\":{}},\"if\":{\"required\":[\"kind\"]},\"then\":{\"properties\":"     \
    "{\"x\":{}}},\"patternProperties\":{\"^x\":{\"type\":\"string\"}}}"
#define OCTETS "{\"type\":\"string\",\"contentMediaType\":\"application/octet-stream\"}"
#define TAGS(mapping)                                                                              \
    "{\"discriminator\":{\"propertyName\":\"v\",\"mapping\":{" mapping "}},"                       \
    "\"oneOf\":[{\"$ref\":\"#/$defs/A\"},{\"$ref\":\"#/$defs/B\"}],\"$defs\":{"                    \
    "\"A\":{\"properties\":{\"v\":{\"const\":1,\"type\":\"integer\"},\"x\":" STRING "}},"          \
    "\"B\":{\"properties\":{\"v\":{\"const\":2}}}}}"
#define TAGGED(one, other, first, second)                                                          \
    "{\"discriminator\":{\"propertyName\":\"v\",\"mapping\":{" first ":\"#/$defs/A\","             \
    "" second ":\"#/$defs/B\"}},\"oneOf\":[{\"$ref\":\"#/$defs/A\"},{\"$ref\":\"#/$defs/B\"}],"    \
    "\"$defs\":{\"A\":{\"properties\":{\"v\":{\"const\":" one                                      \
    "}}},\"B\":{\"properties\":{\"v\":{\"enum\":[" other "]}}}}}"
#define MAPPED(property)                                                                           \
    "{\"discriminator\":{\"propertyName\":\"v\",\"mapping\":{\"1\":\"#/$defs/A\","                 \
    "\"2\":\"#/$defs/B\"}},\"oneOf\":[{\"$ref\":\"#/$defs/A\"},{\"$ref\":\"#/$defs/B\"}],"         \
    "\"$defs\":{\"A\":{\"properties\":{\"v\":{" property "}}},"                                    \
    "\"B\":{\"properties\":{\"v\":{\"$ref\":\"#/$defs/V\"}}},\"V\":{\"enum\":[2,4]}}}"
#define UNTAGGED                                                                                   \
    "{\"discriminator\":{\"propertyName\":\"v\"},\"oneOf\":["                                      \
    "{\"properties\":{\"v\":{\"const\":true}}},{\"properties\":{\"v\":{\"const\":false}}},"        \
    "{\"properties\":{\"v\":{\"enum\":[7,8]},\"n\":{}}}]}"
#define SEVENTY "a_name_of_seventy_letters_as_generated_clients_make_them_from_routes_x"

static const struct fault_case cases[] = {
    {OBJECT("\"a\":" STRING), "{\"a\":\"x\"}", NULL},
    {OBJECT("\"a\":" STRING), "{\"a\":5}", "`a`: expected string, got integer"},
    {"{\"properties\":{\"x\":{\"$ref\":\"#/$defs/a~0b~1c\"}},\"$defs\":{\"a~b/c\":" STRING "}}",
     "{\"x\":5}", "`x`: expected string, got integer"},
    {OBJECT("\"a\":{\"type\":[\"string\",\"integer\",\"null\"]}"), "{\"a\":true}",
     "`a`: expected string or integer or null, got boolean"},
    {OBJECT("\"owner\":" STRING), "{\"onwer\":\"x\"}",
     "unknown parameter `onwer`; did you mean `owner`?"},
    {OBJECT("\"a\":" STRING), "{\"zzz\":1}", "unknown parameter `zzz`; there is a"},
    {OBJECT("\"page\":" STRING ",\"query\":" STRING), "{\"limit\":1}",
     "unknown parameter `limit`; there are page, query"},
    {OBJECT(""), "{\"limit\":1}", "unknown parameter `limit`"},
    {OBJECT("\"owner\":" STRING ",\"issue_number\":" STRING), "{\"Number\":1}",
     "unknown parameter `Number`; did you mean `issue_number`?"},
    {OBJECT("\"user_id\":" STRING ",\"issue_id\":" STRING), "{\"id\":1}",
     "unknown parameter `id`; there are user_id, issue_id"},
    {OBJECT("\"o\":" OBJECT("\"x\":" STRING)), "{\"o\":{\"zzz\":1}}",
     "unknown name `o.zzz`; there is x"},
    {"{\"properties\":{\"a\":" STRING "},\"required\":[\"a\"]}", "{}",
     "missing parameter `a` (string)"},
    {OBJECT("\"o\":{\"properties\":{\"x\":" STRING "},\"required\":[\"x\"]}"), "{\"o\":{}}",
     "missing name `o.x` (string)"},
    {OBJECT("\"n\":{\"maximum\":100}"), "{\"n\":250}", "`n`: expected at most 100; got 250"},
    {OBJECT("\"n\":{\"exclusiveMinimum\":0}"), "{\"n\":0}", "`n`: expected more than 0; got 0"},
    {OBJECT("\"l\":{\"items\":" STRING "}"), "{\"l\":[\"a\",2]}",
     "`l[1]`: expected string, got integer"},
    {OBJECT("\"e\":{\"enum\":[\"OPEN\",\"CLOSED\"]}"), "{\"e\":\"open\"}",
     "`e`: expected one of \"OPEN\", \"CLOSED\"; got \"open\" (did you mean \"OPEN\"?)"},
    {OBJECT("\"s\":{\"minLength\":2}"), "{\"s\":\"\\u00fc\"}",
     "`s`: expected at least 2 characters; got 1"},
    {OBJECT("\"s\":{\"minLength\":1}"), "{\"s\":\"\"}",
     "`s`: expected at least 1 character; got 0"},
    {OBJECT("\"u\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"},{\"type\":\"null\"}]}"),
     "{\"u\":true}", "`u`: expected string or integer or null, got boolean"},
    {OBJECT("\"u\":{\"anyOf\":[{\"type\":\"array\",\"items\":" STRING "},{\"type\":\"null\"}]}"),
     "{\"u\":[1]}", "`u[0]`: expected string, got integer"},
    {OBJECT("\"a\":{\"schema\":" STRING "}"), "{\"a\":5}", "`a`: expected string, got integer"},
    {SHAPE, "{\"kind\":\"circle\",\"r\":1}", NULL},
    {SHAPE, "{\"r\":1}", "missing parameter `kind` (one of \"circle\", \"square\")"},
    {SHAPE, "{\"kind\":\"circel\",\"r\":1}",
     "`kind`: expected one of \"circle\", \"square\"; got \"circel\" (did you mean \"circle\"?)"},
    {SHAPE, "{\"kind\":\"circle\"}", "missing parameter `r` (number)"},
    {OBJECT("\"f\":{\"type\":\"string\",\"format\":\"binary\"}"), "{\"f\":\"x\"}",
     "`f`: expected file, got string"},
    {OBJECT("\"f\":{\"anyOf\":[" OCTETS ",{\"type\":\"null\"}]}"), "{\"f\":\"x\"}",
     "`f`: expected file, got string"},
    {OBJECT("\"f\":{\"anyOf\":[" OCTETS ",{\"type\":\"null\"}]}"), "{\"f\":5}",
     "`f`: expected file, got integer"},
    {"{\"properties\":{\"f\":" OCTETS "},\"required\":[\"f\"]}", "{}",
     "missing parameter `f` (file)"},
    {OBJECT("\"f\":{\"oneOf\":[" OCTETS "," STRING "]}"), "{\"f\":true}",
     "`f`: expected string or file, got boolean"},
    {OBJECT("\"f\":{\"items\":" OCTETS "}"), "{\"f\":[\"x\"]}",
     "`f[0]`: expected file, got string"},
    {OBJECT("\"f\":{\"type\":\"string\",\"contentMediaType\":\"application/octet-stream\","
            "\"contentEncoding\":\"base64\"}"),
     "{\"f\":\"eA==\"}", NULL},
    {TAGS("\"1\":\"#/$defs/A\",\"2\":\"#/$defs/B\""), "{\"v\":1,\"x\":\"a\"}", NULL},
    {TAGS("\"1\":\"#/$defs/A\",\"2\":\"#/$defs/B\""), "{\"v\":2.0}", NULL},
    {TAGS("\"1\":\"#/$defs/A\",\"2\":\"#/$defs/B\""), "{\"v\":\"2\"}",
     "`v`: expected one of 1, 2; got \"2\""},
    {TAGS("\"1\":\"#/$defs/A\",\"2\":\"#/$defs/B\""), "{\"v\":3}",
     "`v`: expected one of 1, 2; got 3"},
    {TAGS("\"1\":\"#/$defs/A\",\"2\":\"#/$defs/B\""), "{}", "missing parameter `v` (one of 1, 2)"},
    {TAGGED("true", "false", "\"True\"", "\"False\""), "{\"v\":false}", NULL},
    {TAGGED("true", "false", "\"True\"", "\"False\""), "{\"v\":\"True\"}",
     "`v`: expected one of true, false; got \"True\""},
    {TAGGED("null", "1.5", "\"None\"", "\"1.5\""), "{\"v\":null}", NULL},
    {TAGGED("null", "1.5", "\"None\"", "\"1.5\""), "{\"v\":1.5}", NULL},
    {MAPPED("\"type\":\"integer\""), "{\"v\":1}", NULL},
    {MAPPED("\"type\":\"string\""), "{\"v\":\"fish\"}",
     "`v`: expected one of \"1\", \"2\"; got \"fish\""},
    {MAPPED("\"const\":1"), "{\"v\":3}", "`v`: expected one of 1, 2, 4; got 3"},
    {UNTAGGED, "{\"v\":false}", NULL},
    {UNTAGGED, "{\"v\":8,\"n\":1}", NULL},
    {UNTAGGED, "{\"v\":9}", "`v`: expected one of true, false, 7, 8; got 9"},
    {"{\"$ref\":\"http://x/y\"}", "{\"a\":1}", NULL},
    {"{\"$ref\":\"http://x/y\",\"type\":\"object\",\"properties\":{\"a\":{}}}", "{\"b\":1}", NULL},
    {OBJECT("\"a\":{\"items\":[" STRING "],\"additionalItems\":false}"), "{\"a\":[\"x\",1]}",
     "`a[1]`: expected nothing, got integer"},
    {OBJECT("\"a\":{\"type\":\"integer\",\"maximum\":9,\"exclusiveMaximum\":true}"), "{\"a\":9}",
     "`a`: expected less than 9; got 9"},
    {OBJECT("\"a\":{\"type\":\"string\",\"nullable\":true}"), "{\"a\":1}",
     "`a`: expected string or null, got integer"},
    {OBJECT("\"a\":{\"$anchor\":\"x\",\"type\":\"string\"},\"b\":{\"$ref\":\"#x\"}"), "{\"b\":1}",
     "`b`: expected string, got integer"},
    {"{\"properties\":{},\"patternProperties\":{\"^x\":{}},\"additionalProperties\":false}",
     "{\"a\":1}", NULL},
    {"{\"properties\":{},\"required\":[\"a\"],\"then\":{\"required\":[\"b\"]}}",
     "{\"a\":1,\"b\":1,\"c\":1}", "unknown parameter `c`"},
    {"{\"prefixItems\":[{\"type\":\"number\"},{\"type\":\"string\"}],\"type\":\"array\"}", "[1,2]",
     "`[1]`: expected string, got integer"},
    {OBJECT("\"$filter[name]\":" STRING), "{\"$filter[name]\":1}",
     "`$filter[name]`: expected string, got integer"},
    {OBJECT("\"" SEVENTY "\":" STRING), "{\"" SEVENTY "x\":\"\"}",
     "unknown parameter `" SEVENTY "x`; did you mean `" SEVENTY "`?"},
    {"{\"type\":\"any\",\"unheard\":1}", "[1]", NULL},
    {"false", "1", "expected nothing, got integer"},
};

/* Compiles `text`; the document is given out, since the schema borrows it. */
static struct schema *compile(struct json_doc *doc, const char *text)
{
    struct schema *schema = NULL;
    struct bosa_error err;
    error_init(&err);
    parse(doc, text);
    assert_int_equal(schema_compile(&schema, doc, 0, &err), BOSA_OK);
    return schema;
}

static void faults_are_told_in_words(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_doc doc, value;
        struct bosa_error err;
        error_init(&err);
        struct schema *schema = compile(&doc, cases[i].schema);
        parse(&value, cases[i].value);
        enum bosa_status status =
            schema_check(schema, &value, 0, SCHEMA_STRICT_NAMES, "parameter", &err);
        assert_int_equal(status, cases[i].message ? BOSA_PARAMS : BOSA_OK);
        if (cases[i].message) {
            assert_message(&err, cases[i].message);
        }
        schema_free(schema);
        json_free(&value);
        json_free(&doc);
    }
}

/* An object with one member `v`, made by hand so that it can have flags. */
static void make(struct json_doc *value, enum json_type type, const char *text, double number)
{
    json_init(value);
    uint32_t open = json_open(value, JSON_OBJECT);
    json_add_string(value, "v", 1);
    if (type == JSON_DOUBLE) {
        json_add_double(value, number);
    } else if (type == JSON_STRING) {
        json_add_string(value, text, strlen(text));
        value->nodes[2].flags = JSON_F_BIGDIGITS;
    } else {
        json_close(value, json_open(value, JSON_OBJECT), 0);
        value->nodes[2].flags = JSON_F_EITHER;
    }
    json_close(value, open, 1);
}

static enum json_type settled(const char *schema_text, struct json_doc *value)
{
    struct json_doc doc;
    struct bosa_error err;
    error_init(&err);
    struct schema *schema = compile(&doc, schema_text);
    (void)schema_check(schema, value, 0, 0, "parameter", &err);
    error_clear(&err);
    schema_free(schema);
    json_free(&doc);
    enum json_type type = json_type(value, 2);
    json_free(value);
    return type;
}

static void what_a_language_cannot_say_is_settled(void **unused)
{
    struct json_doc value;
    (void)unused;
    make(&value, JSON_DOUBLE, NULL, 5.0);
    assert_int_equal(settled(OBJECT("\"v\":{\"type\":\"integer\"}"), &value), JSON_INT);
    make(&value, JSON_DOUBLE, NULL, 5.0);
    assert_int_equal(settled(OBJECT("\"v\":{\"type\":\"number\"}"), &value), JSON_DOUBLE);
    make(&value, JSON_DOUBLE, NULL, 5.0);
    assert_int_equal(
        settled(OBJECT("\"v\":{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}"), &value),
        JSON_DOUBLE);
    make(&value, JSON_OBJECT, NULL, 0);
    assert_int_equal(settled(OBJECT("\"v\":{\"type\":\"array\"}"), &value), JSON_ARRAY);
    make(&value, JSON_OBJECT, NULL, 0);
    assert_int_equal(
        settled(OBJECT("\"v\":{\"anyOf\":[{\"type\":\"array\"},{\"type\":\"null\"}]}"), &value),
        JSON_ARRAY);
    make(&value, JSON_OBJECT, NULL, 0);
    assert_int_equal(settled(OBJECT("\"v\":{}"), &value), JSON_OBJECT);
    make(&value, JSON_STRING, "9007199254740993", 0);
    assert_int_equal(settled(OBJECT("\"v\":{\"type\":\"integer\"}"), &value), JSON_DIGITS);
    make(&value, JSON_STRING, "9007199254740993", 0);
    assert_int_equal(settled(OBJECT("\"v\":{\"type\":\"string\"}"), &value), JSON_STRING);
    /* nothing is changed in a faulty document */
    make(&value, JSON_DOUBLE, NULL, 5.0);
    assert_int_equal(
        settled("{\"properties\":{\"v\":{\"type\":\"integer\"}},\"required\":[\"w\"]}", &value),
        JSON_DOUBLE);
}

static void a_value_may_have_to_stay_as_it_is(void **unused)
{
    static const struct {
        const char *type;
        enum bosa_status status;
    } cases_of_five[] = {{"integer", BOSA_AGAIN}, {"number", BOSA_OK}, {"string", BOSA_PARAMS}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases_of_five / sizeof cases_of_five[0]; i++) {
        char text[80];
        struct json_doc doc, value;
        struct bosa_error err;
        error_init(&err);
        snprintf(text, sizeof text, OBJECT("\"v\":{\"type\":\"%s\"}"), cases_of_five[i].type);
        struct schema *schema = compile(&doc, text);
        make(&value, JSON_DOUBLE, NULL, 5.0);
        assert_int_equal(schema_check(schema, &value, 0, SCHEMA_UNCHANGED, "parameter", &err),
                         cases_of_five[i].status);
        assert_int_equal(err.kind == BOSA_PARAMS, cases_of_five[i].status == BOSA_PARAMS);
        assert_int_equal(value.nodes[2].type, JSON_DOUBLE);
        error_clear(&err);
        json_free(&value);
        schema_free(schema);
        json_free(&doc);
    }
}

static void what_is_malformed_is_as_if_it_were_absent(void **unused)
{
    static const char *const malformed[] = {
        "5",
        "{\"$ref\":\"#/$defs/none\"}",
        "{\"$ref\":\"#none\"}",
        "{\"$ref\":5}",
        "{\"$ref\":\"#/$defs/list\",\"$defs\":{\"list\":[{\"type\":\"string\"}]}}",
        "{\"$ref\":\"#/$defs/text\",\"$defs\":{\"text\":\"string\"}}",
        "{\"properties\":5}",
        "{\"properties\":{\"a\":[1]}}",
        "{\"required\":[5,null]}",
        "{\"anyOf\":{}}",
        "{\"not\":5}",
        "{\"type\":[]}",
        "{\"properties\":{\"a\":{\"multipleOf\":-5}}}",
        ("{\"properties\":{\"a\":{\"oneOf\":[{\"type\":\"integer\"}],\"discriminator\":"
         "{\"propertyName\":\"t\",\"mapping\":{\"x\":\"#/$defs/none\"}}}}}"),
    };
    struct json_doc doc, value;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct schema *schema = compile(&doc, malformed[i]);
        parse(&value, "{\"a\":1}");
        assert_int_equal(schema_check(schema, &value, 0, 0, "parameter", &err), BOSA_OK);
        schema_free(schema);
        json_free(&value);
        json_free(&doc);
    }
}

static void recursion_ends(void **unused)
{
    struct json_doc doc, value;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    struct schema *loop = compile(&doc, "{\"$ref\":\"#\"}");
    parse(&value, "1");
    assert_int_equal(schema_check(loop, &value, 0, 0, "parameter", &err), BOSA_PARAMS);
    error_clear(&err);
    schema_free(loop);
    json_free(&value);
    json_free(&doc);
}

static void the_last_of_a_keyword_counts(void **unused)
{
    static const char text[] = "{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{}},"
                               "\"properties\":{\"a\":{\"type\":\"integer\"},\"z\":{}}}";
    struct json_doc doc, value;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    struct schema *schema = compile(&doc, text);
    assert_true(schema_has_property(schema, "z", 1));
    assert_false(schema_has_property(schema, "b", 1));
    parse(&value, "{\"a\":1}");
    assert_int_equal(schema_check(schema, &value, 0, 0, "parameter", &err), BOSA_OK);
    error_clear(&err);
    schema_free(schema);
    json_free(&value);
    json_free(&doc);
}

/* Compiles and checks, with faults of every sort. */
static enum bosa_status session(void *context, struct bosa_error *err)
{
    const struct json_doc *doc = context;
    struct schema *schema = NULL;
    struct json_doc value;
    struct bosa_error fault;
    enum bosa_status status = schema_compile(&schema, doc, 0, err);
    if (status != BOSA_OK) {
        return status;
    }
    json_init(&value);
    error_init(&fault);
    char *text = mem_dup("{\"kind\":\"circel\",\"x\":[1]}", 25);
    status = text ? json_parse(&value, text, 25, &fault) : BOSA_NOMEM;
    if (status == BOSA_OK) {
        status = schema_check(schema, &value, 0, SCHEMA_STRICT_NAMES, "parameter", &fault);
    }
    error_clear(&fault);
    json_free(&value);
    schema_free(schema);
    return status == BOSA_PARAMS ? BOSA_OK : status;
}

static void a_lack_of_memory_is_told(void **unused)
{
    static const char *const schemas[] = {SHAPE, ANCHORED, CONDITIONAL};
    (void)unused;
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        struct json_doc doc;
        parse(&doc, schemas[i]);
        assert_true(torture(session, &doc) > 5);
        json_free(&doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_told_in_words),
        cmocka_unit_test(what_a_language_cannot_say_is_settled),
        cmocka_unit_test(a_value_may_have_to_stay_as_it_is),
        cmocka_unit_test(what_is_malformed_is_as_if_it_were_absent),
        cmocka_unit_test(recursion_ends),
        cmocka_unit_test(the_last_of_a_keyword_counts),
        cmocka_unit_test(a_lack_of_memory_is_told),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
