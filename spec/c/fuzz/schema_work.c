/*
 * Schemas made to cost much: the input is a program that writes definitions which refer to each
 * other in every way, and a value for them. However they are tangled, a check ends soon, with an
 * response or with the error that says that it took too many steps.
 */
#include <time.h>

#include "base/buf.h"
#include "fuzz.h"
#include "schema/schema.h"
#include "json/json_error.h"

#define DEFINITIONS 6
#define MOST_SECONDS 20 /* under the sanitizers, on a busy machine; else it is a fraction */
#define MOST_TEXT 100000
#define REPEATED 120 /* times that a piece of the value is put into itself */

struct machine {
    const uint8_t *at, *end;
    struct buf out;
};

static unsigned next(struct machine *m)
{
    return m->at < m->end ? *m->at++ : 0;
}

static void write_schema(struct machine *m, int depth);

/* "name": [schema, ...] */
static void write_list(struct machine *m, const char *name, int depth)
{
    unsigned count = 1 + next(m) % 4;
    buf_addf(&m->out, "\"%s\":[", name);
    for (unsigned i = 0; i < count; i++) {
        buf_adds(&m->out, i ? "," : "");
        write_schema(m, depth);
    }
    buf_adds(&m->out, "]");
}

/* "name": {"a": schema, ...} */
static void write_properties(struct machine *m, int depth)
{
    unsigned count = next(m) % 4;
    buf_adds(&m->out, "\"properties\":{");
    for (unsigned i = 0; i < count; i++) {
        buf_addf(&m->out, "%s\"%c\":", i ? "," : "", (int)('a' + next(m) % 4));
        write_schema(m, depth);
    }
    buf_adds(&m->out, "}");
}

static void write_one(struct machine *m, const char *name, int depth)
{
    buf_addf(&m->out, "\"%s\":", name);
    write_schema(m, depth);
}

static void write_keyword(struct machine *m, int depth)
{
    static const char *const types[] = {"object", "array", "string", "integer", "null", "any"};
    switch (next(m) % 12) {
    case 0:
        buf_addf(&m->out, "\"type\":\"%s\"", types[next(m) % 6]);
        break;
    case 1:
        write_list(m, "anyOf", depth);
        break;
    case 2:
        write_list(m, "oneOf", depth);
        break;
    case 3:
        write_list(m, "allOf", depth);
        break;
    case 4:
        write_properties(m, depth);
        break;
    case 5:
        write_one(m, "items", depth);
        break;
    case 6:
        write_one(m, "not", depth);
        break;
    case 7:
        write_one(m, "additionalProperties", depth);
        break;
    case 8:
        write_list(m, "prefixItems", depth);
        break;
    case 9:
        buf_adds(&m->out, "\"uniqueItems\":true");
        break;
    case 10:
        buf_adds(&m->out, "\"required\":[\"a\",\"b\"],\"enum\":[1,{\"a\":1},[]]");
        break;
    default:
        buf_addf(&m->out, "\"$ref\":\"#/$defs/d%u\"", next(m) % DEFINITIONS);
    }
}

static void write_schema(struct machine *m, int depth)
{
    unsigned keywords = depth > 0 ? 1 + next(m) % 3 : 0;
    if (keywords == 0 || m->out.len > MOST_TEXT) {
        buf_addf(&m->out, "{\"$ref\":\"#/$defs/d%u\"}", next(m) % DEFINITIONS);
        return;
    }
    buf_addc(&m->out, '{');
    for (unsigned i = 0; i < keywords; i++) {
        buf_adds(&m->out, i ? "," : "");
        write_keyword(m, depth - 1);
    }
    buf_addc(&m->out, '}');
}

static void write_definitions(struct machine *m)
{
    buf_adds(&m->out, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
    for (int i = 0; i < DEFINITIONS; i++) {
        buf_addf(&m->out, "%s\"d%d\":", i ? "," : "", i);
        write_schema(m, 3);
    }
    buf_adds(&m->out, "}}");
}

/* Objects and lists within each other, some of them many times. */
static void write_value(struct machine *m, int depth)
{
    unsigned op = next(m) % 8, times = next(m) % REPEATED;
    if (depth == 0 || op < 2 || m->out.len > MOST_TEXT) {
        buf_adds(&m->out, op == 0 ? "1" : op == 1 ? "{}" : "[]");
        return;
    }
    bool object = op % 2;
    times = op < 4 ? 1 : times;
    for (unsigned i = 0; i < times; i++) {
        buf_adds(&m->out, object ? "{\"a\":" : "[");
    }
    buf_adds(&m->out, object ? "{\"b\":" : "[");
    write_value(m, depth - 1);
    buf_adds(&m->out, object ? ",\"c\":" : ",");
    write_value(m, depth - 1);
    buf_adds(&m->out, object ? "}" : "]");
    for (unsigned i = 0; i < times; i++) {
        buf_adds(&m->out, object ? "}" : "]");
    }
}

/* Takes the machine's text. False: it is too deep to be read. */
static bool parse(struct json_doc *doc, struct machine *m)
{
    struct bosa_error err;
    size_t len;
    char *text = buf_take(&m->out, &len);
    error_init(&err);
    json_init(doc);
    PROMISE(text != NULL);
    bool ok = json_parse(doc, text, len, &err) == BOSA_OK;
    error_clear(&err);
    return ok;
}

static void check(const struct schema *schema, struct json_doc *value)
{
    struct bosa_error err;
    for (unsigned options = 0; options <= SCHEMA_STRICT_NAMES; options++) {
        clock_t start = clock();
        error_init(&err);
        enum bosa_status status = schema_check(schema, value, 0, options, "parameter", &err);
        PROMISE(status == BOSA_OK || status == BOSA_PARAMS);
        PROMISE(status == BOSA_OK || json_error_details(&err)->nodes[0].len > 0);
        PROMISE(clock() - start < (clock_t)MOST_SECONDS * CLOCKS_PER_SEC);
        error_clear(&err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine m = {.at = data, .end = data + size};
    struct json_doc text, value;
    struct schema *schema = NULL;
    struct bosa_error err;
    buf_init(&m.out);
    error_init(&err);
    write_definitions(&m);
    bool ok = parse(&text, &m);
    write_value(&m, 5);
    ok = parse(&value, &m) && ok;
    if (ok && schema_compile(&schema, &text, 0, &err) == BOSA_OK) {
        check(schema, &value);
    }
    schema_free(schema);
    error_clear(&err);
    json_free(&text);
    json_free(&value);
    return 0;
}
