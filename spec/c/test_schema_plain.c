/*
 * schema_plain: that a rule takes a type as it is spares work, and changes no result. Thousands of
 * schemas and values that were made at random are checked with and without it.
 */
#include "net_fixture.h"
#include "schema/schema.h"
#include "schema/schema_internal.h"
#include "json/json_error.h"

#define ROUNDS 6000

static uint64_t state = 88172645463325252u;

/* A number below `end`. */
static unsigned below(unsigned end)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state % end);
}

static const char *pick(const char *const *list, unsigned count)
{
    return list[below(count)];
}

#define PICK(list) pick(list, sizeof(list) / sizeof *(list))

static const char *const names[] = {"a", "b", "c", "d"};
static const char *const scalars[] = {
    "null", "true", "0", "3", "3.0", "2.5", "\"\"", "\"a\"", "\"12345678901234567890\""};
static const char *const types[] = {"null",  "boolean", "integer", "number", "string",
                                    "array", "object",  "any",     "file"};
static const char *const limits[] = {
    "minimum",   "maximum",  "exclusiveMinimum", "multipleOf",    "minLength",
    "maxLength", "minItems", "maxItems",         "minProperties", "maxProperties"};

static void add_value(struct buf *out, int depth)
{
    unsigned kind = below(depth > 0 ? 12 : 8), count = below(3);

    if (kind < 8) {
        buf_adds(out, PICK(scalars));
        return;
    }
    buf_adds(out, kind < 10 ? "[" : "{");
    for (unsigned i = 0; i < count; i++) {
        buf_adds(out, i > 0 ? "," : "");
        if (kind >= 10) {
            buf_addf(out, "\"%s\":", names[below(2) + 2 * i]);
        }
        add_value(out, depth - 1);
    }
    buf_adds(out, kind < 10 ? "]" : "}");
}

static void add_schema(struct buf *out, int depth);

static void add_schemas(struct buf *out, const char *keyword, int depth)
{
    buf_addf(out, ",\"%s\":[", keyword);
    for (unsigned i = 0, count = below(3) + 1; i < count; i++) {
        buf_adds(out, i > 0 ? "," : "");
        add_schema(out, depth);
    }
    buf_addc(out, ']');
}

/* The keywords that hold other schemas. */
static void add_parts(struct buf *out, int depth)
{
    static const char *const lists[] = {"anyOf", "anyOf", "anyOf", "oneOf", "allOf", "prefixItems"};
    static const char *const ones[] = {"items", "additionalProperties", "not", "then"};

    for (int i = 0; i < 2; i++) {
        if (below(2) == 0) {
            add_schemas(out, i == 0 ? lists[below(3)] : lists[below(3) + 3], depth);
        }
    }
    if (below(3) == 0) {
        buf_addf(out, ",\"%s\":", PICK(ones));
        add_schema(out, depth);
    }
    if (below(2) == 0) {
        buf_adds(out, ",\"properties\":{\"a\":");
        add_schema(out, depth);
        buf_adds(out, ",\"c\":");
        add_schema(out, depth);
        buf_addc(out, '}');
    }
}

static void add_schema(struct buf *out, int depth)
{
    if (below(12) == 0) {
        buf_adds(out, below(3) > 0 ? "true" : "false");
        return;
    }
    buf_adds(out, "{\"title\":\"\"");
    if (below(4) > 0) {
        const char *one = PICK(types), *other = PICK(types);

        buf_addf(out, below(3) > 0 ? ",\"type\":\"%s\"" : ",\"type\":[\"%s\",\"%s\"]", one, other);
    }
    if (below(4) == 0) {
        buf_addf(out, ",\"%s\":%u", PICK(limits), below(3) + 1);
    }
    switch (below(12)) {
    case 0:
        buf_adds(out, ",\"enum\":[3,\"a\",null]");
        break;
    case 1:
        buf_adds(out, ",\"const\":3");
        break;
    case 2:
        buf_adds(out, ",\"format\":\"binary\"");
        break;
    case 3:
        buf_adds(out, ",\"uniqueItems\":true");
        break;
    case 4:
        buf_addf(out, ",\"required\":[\"%s\"]", PICK(names));
        break;
    case 5:
        buf_adds(out, ",\"nullable\":true");
        break;
    case 6:
        buf_adds(out, ",\"$ref\":\"#/$defs/part\"");
        break;
    default:
        break;
    }
    if (depth > 0) {
        add_parts(out, depth - 1);
    }
    buf_addc(out, '}');
}

/* A schema in which no rule is known to take anything as it is. */
static struct schema *compile_slow(const struct json_doc *doc)
{
    struct schema *schema = NULL;
    struct bosa_error err;

    error_init(&err);
    assert_int_equal(schema_compile(&schema, doc, 0, &err), BOSA_OK);
    for (size_t i = 0; i < schema->rule_count; i++) {
        schema->rules[i].plain = schema->rules[i].asserted = 0;
        schema->rules[i].applies = true;
    }
    return schema;
}

/* A value as Lua has it: of empty tables and long digits it isn't said what they are. */
static void parse_value(struct json_doc *value, const char *text)
{
    parse(value, text);
    for (uint32_t i = 0; i < value->count; i++) {
        struct json_node *n = &value->nodes[i];

        if (n->type == JSON_OBJECT && n->len == 0) {
            n->flags |= JSON_F_EITHER;
        } else if (n->type == JSON_STRING && n->len == 20) {
            n->flags |= JSON_F_BIGDIGITS;
        }
    }
}

/* What comes of a check: its status, what it says, and the value. */
static char *judge(const struct schema *schema, const char *text, unsigned options)
{
    struct json_doc value;
    struct bosa_error err, ignored;
    struct buf out;

    error_init(&err);
    error_init(&ignored);
    buf_init(&out);
    parse_value(&value, text);
    enum bosa_status status = schema_check(schema, &value, 0, options, "parameter", &err);
    buf_addf(&out, "%d %s ", (int)status, err.message ? err.message : "");
    const struct json_doc *details = json_error_details(&err);
    if (details) {
        assert_int_equal(json_write(&out, details, 0, &ignored), BOSA_OK);
    }
    assert_int_equal(json_write(&out, &value, 0, &ignored), BOSA_OK);
    error_clear(&err);
    json_free(&value);
    char *judged = buf_take(&out, NULL);
    assert_non_null(judged);
    return judged;
}

static char *random_text(bool schema)
{
    struct buf out;

    buf_init(&out);
    if (schema) {
        buf_adds(&out, "{\"$defs\":{\"part\":");
        add_schema(&out, 1);
        buf_adds(&out, "},\"allOf\":[");
        add_schema(&out, 3);
        buf_adds(&out, "]}");
    } else {
        add_value(&out, 3);
    }
    buf_addc(&out, '\0');
    char *text = buf_take(&out, NULL);
    assert_non_null(text);
    return text;
}

/* True for the result of a value that was followed until there were no steps, or no depth, left:
 * how far that is depends on the shortcuts. */
static bool is_spent(const char *judged)
{
    return strstr(judged, "\"steps\"") || strstr(judged, "\"depth\"");
}

static void spares_work_and_changes_no_result(void **unused)
{
    static const unsigned options[] = {0, SCHEMA_STRICT_NAMES,
                                       SCHEMA_STRICT_NAMES | SCHEMA_UNCHANGED};
    unsigned valid = 0, plain = 0;

    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        char *text = random_text(true);
        struct json_doc doc;
        struct schema *fast = NULL;
        struct bosa_error err;

        error_init(&err);
        parse(&doc, text);
        assert_int_equal(schema_compile(&fast, &doc, 0, &err), BOSA_OK);
        struct schema *slow = compile_slow(&doc);
        for (size_t i = 0; i < fast->rule_count; i++) {
            plain += fast->rules[i].plain != 0;
        }
        for (int i = 0; i < 6; i++) {
            char *value = random_text(false);
            char *one = judge(fast, value, options[i % 3]),
                 *two = judge(slow, value, options[i % 3]);

            if (strcmp(one, two) != 0 && !is_spent(one) && !is_spent(two)) {
                fail_msg("%s\n%s\nwith: %s\nwithout: %s", text, value, one, two);
            }
            valid += one[0] == '0';
            mem_free(value);
            mem_free(one);
            mem_free(two);
        }
        schema_free(fast);
        schema_free(slow);
        json_free(&doc);
        mem_free(text);
    }
    assert_true(valid > ROUNDS / 4 && plain > ROUNDS); /* else this shows nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spares_work_and_changes_no_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
