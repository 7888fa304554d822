/*
 * schema_work: schemas and values that a server or a model could make large. Each would take hours
 * or all of the stack if it were followed as it is written.
 */
#include "net_fixture.h"
#include "schema/schema.h"
#include "schema/schema_internal.h"
#include "json/json_error.h"

/* A text under construction, and its end. */
static char *finish(struct buf *text)
{
    char *bytes = buf_take(text, NULL);
    assert_non_null(bytes);
    return bytes;
}

static struct schema *compile_text(struct json_doc *doc, char *text)
{
    struct schema *schema = NULL;
    struct bosa_error err;
    error_init(&err);
    parse(doc, text);
    mem_free(text);
    assert_int_equal(schema_compile(&schema, doc, 0, &err), BOSA_OK);
    return schema;
}

/* Checks a value (freed) and gives the keyword of the first error; "": there was none. */
static char *first_keyword(const struct schema *schema, char *value_text)
{
    struct json_doc value;
    struct bosa_error err;
    size_t len = 0;
    error_init(&err);
    parse(&value, value_text);
    mem_free(value_text);
    enum bosa_status status =
        schema_check(schema, &value, 0, SCHEMA_STRICT_NAMES, "parameter", &err);
    json_free(&value);
    if (status == BOSA_OK) {
        return mem_dup("", 0);
    }
    assert_int_equal(status, BOSA_PARAMS);
    const struct json_doc *details = json_error_details(&err);
    assert_non_null(details);
    const char *keyword = json_text(details, json_member(details, 1, "keyword"), &len);
    char *copy = mem_dup(keyword, len);
    error_clear(&err);
    return copy;
}

/* Compiles, checks, frees; both texts are freed, too. */
static void assert_keyword(char *schema_text, char *value, const char *expected)
{
    struct json_doc doc;
    struct schema *schema = compile_text(&doc, schema_text);
    char *keyword = first_keyword(schema, value);
    assert_string_equal(keyword, expected);
    mem_free(keyword);
    schema_free(schema);
    json_free(&doc);
}

static char *copy(const char *text)
{
    return mem_dup(text, strlen(text));
}

#define SELF "{\"$ref\":\"#/$defs/a\"}"

static void what_names_itself_ends(void **unused)
{
    (void)unused;
    assert_keyword(
        copy("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"anyOf\":[" SELF "," SELF "]}}}"),
        copy("{\"x\":1}"), "anyOf");
    assert_keyword(copy("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"anyOf\":[" SELF
                        ",{\"type\":\"object\"}]}}}"),
                   copy("{\"x\":1}"), "");
    assert_keyword(
        copy("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"allOf\":[" SELF "," SELF "]}}}"),
        copy("{}"), "depth");
    assert_keyword(copy("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"not\":" SELF "}}}"),
                   copy("{}"), "depth");
    assert_keyword(copy("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},"
                        "\"b\":{\"$ref\":\"#/$defs/c\"},\"c\":{\"$ref\":\"#/$defs/b\"}}}"),
                   copy("{}"), "depth");
}

/* A chain of definitions d0 ... of which each is made by `link` of the next one's number. */
static char *chain(int count, const char *link, const char *last)
{
    struct buf text;
    buf_init(&text);
    buf_adds(&text, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
    for (int i = 0; i < count; i++) {
        buf_addf(&text, "\"d%d\":", i);
        for (const char *p = link; *p; p++) {
            if (*p == '@') {
                buf_addf(&text, "{\"$ref\":\"#/$defs/d%d\"}", i + 1);
            } else {
                buf_addc(&text, *p);
            }
        }
        buf_addc(&text, ',');
    }
    buf_addf(&text, "\"d%d\":%s}}", count, last);
    return finish(&text);
}

static void chains_of_references_cost_no_stack(void **unused)
{
    (void)unused;
    assert_keyword(chain(100000, "@", "{\"type\":\"object\"}"), copy("{}"), "");
    assert_keyword(chain(100000, "@", "{\"type\":\"object\"}"), copy("[]"), "type");
    assert_keyword(chain(20000, "{\"items\":@}", "{}"), copy("[]"), "");
    assert_keyword(chain(20000, "{\"allOf\":[@]}", "{}"), copy("[]"), "depth");
}

static void alternatives_within_each_other_are_tried_once(void **unused)
{
    static const char two[] = "{\"anyOf\":[@,@]}", both[] = "{\"allOf\":[@,@]}";
    static const char named[] = "{\"properties\":{\"x\":{}},\"anyOf\":[@,@],\"not\":{\"const\":1}}";
    (void)unused;
    assert_keyword(chain(60, two, "{\"type\":\"object\"}"), copy("{\"x\":1}"), "");
    assert_keyword(chain(60, two, "{\"type\":\"string\"}"), copy("{\"x\":1}"), "anyOf");
    assert_keyword(chain(60, both, "{\"type\":\"object\"}"), copy("{\"x\":1}"), "");
    assert_keyword(chain(60, both, "{\"type\":\"string\"}"), copy("{\"x\":1}"), "type");
    assert_keyword(chain(60, named, "{\"type\":\"object\"}"), copy("{\"x\":1}"), "");
    assert_keyword(chain(60, "{\"oneOf\":[@,{\"type\":\"null\"},@]}", "{\"type\":\"null\"}"),
                   copy("{\"x\":1}"), "oneOf");
}

/* `depth` times {"and": [ ... ]} around a leaf. */
static char *nested(int depth, const char *leaf)
{
    struct buf text;
    buf_init(&text);
    buf_adds(&text, "{\"f\":");
    for (int i = 0; i < depth; i++) {
        buf_adds(&text, "{\"and\":[");
    }
    buf_adds(&text, leaf);
    for (int i = 0; i < depth; i++) {
        buf_adds(&text, "]}");
    }
    buf_adds(&text, "}");
    return finish(&text);
}

#define FILTER                                                                                     \
    "{\"properties\":{\"f\":{\"$ref\":\"#/$defs/F\"}},\"$defs\":{\"F\":{\"anyOf\":["               \
    "{\"type\":\"object\",\"properties\":{\"and\":{\"items\":{\"$ref\":\"#/$defs/F\"}}},"          \
    "\"required\":[\"and\"]},{\"type\":\"object\",\"properties\":{\"k\":" STRING ","               \
    "\"and\":{\"items\":{\"$ref\":\"#/$defs/F\"}}},\"required\":[\"and\"]},"                       \
    "{\"type\":\"object\",\"properties\":{\"field\":" STRING "},\"required\":[\"field\"]}]}}}"
#define STRING "{\"type\":\"string\"}"

static void values_within_each_other_are_tried_once(void **unused)
{
    (void)unused;
    assert_keyword(copy(FILTER), nested(40, "{\"field\":\"x\"}"), "");
    assert_keyword(copy(FILTER), nested(40, "{\"field\":1}"), "anyOf");
    assert_keyword(copy(FILTER), nested(300, "{\"field\":\"x\"}"), "depth");
}

static void what_cannot_be_kept_ends_at_the_bound(void **unused)
{
    static const char link[] = "{\"anyOf\":[{\"properties\":{\"a\":{}},\"allOf\":[@]},"
                               "{\"properties\":{\"b\":{}},\"allOf\":[@]}]}";
    (void)unused;
    assert_keyword(chain(40, link, "{\"type\":\"string\"}"), copy("{\"a\":1}"), "steps");
}

/* An object of `count` members, or a list of names; `value` is what ends each name. */
static char *wide(const char *before, int count, const char *value, const char *after)
{
    struct buf text;
    buf_init(&text);
    buf_adds(&text, before);
    for (int i = count; i > 0; i--) {
        buf_addf(&text, "%s\"p%07d%s", i < count ? "," : "", i, value);
    }
    buf_adds(&text, after);
    return finish(&text);
}

static void large_objects_take_no_square_of_time(void **unused)
{
    enum { COUNT = 60000 };
    (void)unused;
    assert_keyword(wide("{\"properties\":{", COUNT, "\":{\"type\":\"integer\"}", "}}"),
                   wide("{", COUNT, "\":1", "}"), "");
    assert_keyword(wide("{\"properties\":{", COUNT, "\":{}", "}}"),
                   wide("{\"x\":1,", COUNT, "0\":1", "}"), "additionalProperties");
    assert_keyword(wide("{\"required\":[", COUNT, "\"", "]}"), wide("{", COUNT, "\":1", "}"), "");
    assert_keyword(wide("{\"required\":[", COUNT, "\"", "]}"), copy("{}"), "required");
    assert_keyword(wide("{\"enum\":[", COUNT, "\"", "]}"), copy("\"p0000000\""), "enum");
    assert_keyword(copy("{\"uniqueItems\":true}"), wide("[", COUNT, "\"", "]"), "");
    assert_keyword(copy("{\"uniqueItems\":true}"), wide("[", COUNT, "\"", ",\"p0000001\"]"),
                   "uniqueItems");
}

/* Integers past 64 bits that one double is nearest to: their hashes are equal, they are not. */
static char *near_digits(int count)
{
    struct buf text;
    buf_init(&text);
    for (int i = 0; i < count; i++) {
        buf_addf(&text, "%c1%030d", i ? ',' : '[', i);
    }
    buf_addc(&text, ']');
    return finish(&text);
}

static void elements_that_are_nearly_equal_end_at_the_bound(void **unused)
{
    (void)unused;
    assert_keyword(copy("{\"uniqueItems\":true}"), near_digits(1000), "");
    assert_keyword(copy("{\"uniqueItems\":true}"), near_digits(20000), "steps");
}

/* `count` alternatives of which none fits. */
static char *alternatives(int count, const char *each, const char *defs)
{
    struct buf text;
    buf_init(&text);
    buf_adds(&text, "{\"anyOf\":[");
    for (int i = 0; i < count; i++) {
        buf_adds(&text, i ? "," : "");
        buf_adds(&text, each);
    }
    buf_addf(&text, "]%s}", defs);
    return finish(&text);
}

/* `bytes` bytes between two others. */
static char *long_text(char before, char byte, size_t bytes, char after)
{
    char *text = mem_alloc(bytes + 3);
    assert_non_null(text);
    memset(text, byte, bytes + 2);
    text[0] = before;
    text[bytes + 1] = after;
    text[bytes + 2] = '\0';
    return text;
}

/* A text, a number's digits, and a constant are read whole, by each of many rules. */
static void long_values_end_at_the_bound(void **unused)
{
    enum { LENGTH = 1 << 20, RULES = 20000 };
    struct buf large;
    (void)unused;
    assert_keyword(copy("{\"minLength\":1}"), long_text('"', 'x', LENGTH, '"'), "");
    assert_keyword(alternatives(RULES, "{\"maxLength\":1}", ""), long_text('"', 'x', LENGTH, '"'),
                   "steps");
    assert_keyword(alternatives(RULES, "{\"maximum\":1}", ""), long_text('1', '2', LENGTH, '3'),
                   "steps");
    buf_init(&large);
    buf_adds(&large, ",\"$defs\":{\"a\":{\"not\":{\"const\":[");
    for (int i = 0; i < 100000; i++) {
        buf_adds(&large, "1,");
    }
    buf_adds(&large, "1]}}}");
    char *defs = finish(&large);
    buf_init(&large);
    for (int i = 0; i <= 100000; i++) {
        buf_adds(&large, i ? ",1" : "[1");
    }
    buf_addc(&large, ']');
    assert_keyword(alternatives(RULES, SELF, defs), finish(&large), "steps");
    mem_free(defs);
}

static void references_into_large_objects_are_found_fast(void **unused)
{
    struct buf text;
    (void)unused;
    buf_init(&text);
    buf_adds(&text, "{\"properties\":{");
    for (int i = 0; i < 60000; i++) {
        buf_addf(&text, "%s\"q%d\":{\"$ref\":\"#/$defs/p%07d\"}", i ? "," : "", i, i + 1);
    }
    buf_adds(&text, "},");
    char *start = finish(&text);
    char *whole = wide("\"$defs\":{", 60000, "\":{\"type\":\"string\"}", "}}");
    buf_adds(&text, start);
    buf_adds(&text, whole);
    mem_free(start);
    mem_free(whole);
    assert_keyword(finish(&text), copy("{\"q59999\":1}"), "type");
}

static void branches_that_share_an_enumeration_make_few_tags(void **unused)
{
    enum { BRANCHES = 1000, VALUES = 1000 };
    struct buf text;
    struct json_doc doc;
    (void)unused;
    buf_init(&text);
    buf_adds(&text, "{\"discriminator\":{\"propertyName\":\"k\"},\"oneOf\":[" SELF);
    for (int i = 1; i < BRANCHES; i++) {
        buf_adds(&text, "," SELF);
    }
    buf_adds(&text, "],\"$defs\":{\"a\":{\"properties\":{\"k\":{\"enum\":[0");
    for (int i = 1; i < VALUES; i++) {
        buf_addf(&text, ",%d", i);
    }
    buf_adds(&text, "]}}}}}");
    struct schema *schema = compile_text(&doc, finish(&text));
    assert_true(schema->tag_count < doc.count + VALUES);
    schema_free(schema);
    json_free(&doc);
}

/* A message lists some values of many, and a name is shown in part. */
static void messages_stay_short(void **unused)
{
    struct json_doc doc, value;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    struct schema *schema = compile_text(&doc, wide("{\"enum\":[", 5000, "\"", "]}"));
    parse(&value, "1");
    assert_int_equal(schema_check(schema, &value, 0, 0, "parameter", &err), BOSA_PARAMS);
    assert_true(strlen(err.message) < 1000);
    assert_non_null(strstr(err.message, " and 4950 more; got 1"));
    error_clear(&err);
    json_free(&value);
    schema_free(schema);
    json_free(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_names_itself_ends),
        cmocka_unit_test(chains_of_references_cost_no_stack),
        cmocka_unit_test(alternatives_within_each_other_are_tried_once),
        cmocka_unit_test(values_within_each_other_are_tried_once),
        cmocka_unit_test(what_cannot_be_kept_ends_at_the_bound),
        cmocka_unit_test(large_objects_take_no_square_of_time),
        cmocka_unit_test(elements_that_are_nearly_equal_end_at_the_bound),
        cmocka_unit_test(long_values_end_at_the_bound),
        cmocka_unit_test(references_into_large_objects_are_found_fast),
        cmocka_unit_test(branches_that_share_an_enumeration_make_few_tags),
        cmocka_unit_test(messages_stay_short),
    };
    return cmocka_run_group_tests_name("schema_work", tests, NULL, NULL);
}
