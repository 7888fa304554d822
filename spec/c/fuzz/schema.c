/*
 * A schema and, behind a line of its own "---", a document for it, checked as it was read and as a
 * binding for a language without its types would hand it in. What passed once passes again.
 */
#include "schema/schema.h"
#include "base/text.h"
#include "fuzz.h"
#include "json/json_error.h"

static bool parse(struct json_doc *doc, const uint8_t *text, size_t len)
{
    struct bosa_error err;
    error_init(&err);
    json_init(doc);
    bool ok = json_parse(doc, fuzz_copy(text, len), len, &err) == BOSA_OK;
    error_clear(&err);
    return ok;
}

/* True for an integer's text, for which JSON_DIGITS may stand. */
static bool is_digits(const char *text, size_t len)
{
    size_t at = len > 1 && text[0] == '-';
    if (len - at < 19) {
        return false;
    }
    while (at < len && text[at] >= '0' && text[at] <= '9') {
        at++;
    }
    return at == len;
}

/* Empty containers are of unknown kind, whole numbers doubles, long digits perhaps integers. */
static void blur(struct json_doc *doc)
{
    for (uint32_t i = 0; i < doc->count; i++) {
        struct json_node *n = &doc->nodes[i];
        size_t len = 0;
        const char *text = json_text(doc, i, &len);
        if ((n->type == JSON_ARRAY || n->type == JSON_OBJECT) && n->len == 0) {
            n->flags |= JSON_F_EITHER;
        } else if (n->type == JSON_INT) {
            *n = (struct json_node){.type = JSON_DOUBLE, .v.d = (double)n->v.i};
        } else if (n->type == JSON_STRING && is_digits(text, len)) {
            n->flags |= JSON_F_BIGDIGITS;
        }
    }
}

static enum bosa_status check(const struct schema *schema, struct json_doc *value, unsigned options)
{
    struct bosa_error err;
    error_init(&err);
    enum bosa_status status = schema_check(schema, value, 0, options, "parameter", &err);
    PROMISE(status == BOSA_OK || (status == BOSA_PARAMS && err.message && err.details));
    PROMISE(!err.message || text_is_utf8(err.message, strlen(err.message)));
    PROMISE(!err.details || json_type(json_error_details(&err), 0) == JSON_ARRAY);
    error_clear(&err);
    return status;
}

/* A valid value is settled, and stays valid. */
static void check_all(const struct schema *schema, struct json_doc *value)
{
    for (unsigned options = 0; options <= SCHEMA_STRICT_NAMES; options++) {
        bool ok = check(schema, value, options) == BOSA_OK;
        PROMISE(!ok || check(schema, value, options) == BOSA_OK);
    }
}

static void try_all(const struct json_doc *text, struct json_doc *value)
{
    struct bosa_error err;
    struct schema *schema = NULL;
    error_init(&err);
    if (schema_compile(&schema, text, 0, &err) == BOSA_OK) {
        (void)schema_takes_files(schema);
        (void)schema_has_property(schema, "name", 4);
        check_all(schema, value);
        blur(value);
        check_all(schema, value);
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
        try_all(&schema, &value);
    }
    json_free(&schema);
    json_free(&value);
    return 0;
}
