/* A schema and, behind a line of its own "---", a document for it. What passed once passes again.
 */
#include "schema.h"
#include "fuzz.h"

static bool parse(struct json_doc *doc, const uint8_t *text, size_t len)
{
    struct bosa_error err;
    error_init(&err);
    json_init(doc);
    bool ok = json_parse(doc, fuzz_copy(text, len), len, &err) == BOSA_OK;
    error_clear(&err);
    return ok;
}

static enum bosa_status check(const struct schema *schema, struct json_doc *value, unsigned options)
{
    struct bosa_error err;
    error_init(&err);
    enum bosa_status status = schema_check(schema, value, 0, options, "parameter", &err);
    PROMISE(status == BOSA_OK || (status == BOSA_PARAMS && err.message && err.details));
    error_clear(&err);
    return status;
}

static void try_both(const struct json_doc *text, struct json_doc *value)
{
    struct bosa_error err;
    struct schema *schema = NULL;
    error_init(&err);
    if (schema_compile(&schema, text, 0, &err) == BOSA_OK) {
        (void)check(schema, value, SCHEMA_STRICT_NAMES);
        if (check(schema, value, 0) == BOSA_OK) {
            PROMISE(check(schema, value, 0) == BOSA_OK);
        }
        schema_free(schema);
    } else {
        PROMISE(err.message != NULL);
    }
    error_clear(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc schema, value;
    size_t at = 0;
    while (at + 5 <= size && memcmp(data + at, "\n---\n", 5) != 0) {
        at++;
    }
    if (at + 5 > size) {
        return 0;
    }
    bool ok = parse(&schema, data, at);
    if (parse(&value, data + at + 5, size - at - 5) && ok) {
        try_both(&schema, &value);
    }
    json_free(&schema);
    json_free(&value);
    return 0;
}
