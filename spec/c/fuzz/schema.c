/*
 * A schema and, behind a line of its own "---", a document for it, checked as it was read and as a
 * binding for a language without its types would hand it in. What passed once passes again, whether
 * or not the value may be changed, and with every keyword looked at (schema_plain.c spares most).
 */
#include "base/text.h"
#include "fuzz.h"
#include "schema/schema_internal.h"
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

/* A check that came to its end: within the steps and the depth that there are for one. */
static bool is_whole(const struct bosa_error *err)
{
    return !err->message ||
           (!strstr(err->message, "too many steps") && !strstr(err->message, "nested too deeply"));
}

/* `err` (fresh) is filled; the caller clears it. */
static enum bosa_status check(const struct schema *schema, struct json_doc *value, unsigned options,
                              struct bosa_error *err)
{
    error_init(err);
    enum bosa_status status = schema_check(schema, value, 0, options, "parameter", err);
    PROMISE(status == BOSA_OK || (status == BOSA_AGAIN && (options & SCHEMA_UNCHANGED)) ||
            (status == BOSA_PARAMS && err->message && err->details));
    PROMISE(!err->message || text_is_utf8(err->message, strlen(err->message)));
    PROMISE(!err->details || json_type(json_error_details(err), 0) == JSON_ARRAY);
    return status;
}

static bool is_same(const struct json_doc *a, const struct json_doc *b)
{
    return a->count == b->count && memcmp(a->nodes, b->nodes, a->count * sizeof *a->nodes) == 0;
}

/* The same value comes of it when nothing is spared, or as little. */
static void check_in_full(const struct schema *thorough, struct json_doc *value, unsigned options,
                          const struct json_doc *checked, const struct bosa_error *err)
{
    struct bosa_error other;
    (void)check(thorough, value, options, &other);
    if (is_whole(&other)) {
        PROMISE(!other.message == !err->message);
        PROMISE(is_same(value, checked));
    }
    error_clear(&other);
}

/* True where a container may be an array or an object: rules that contradict each other may each
 * take it for what suits them. */
static bool is_ambiguous(const struct json_doc *doc)
{
    for (uint32_t i = 0; i < doc->count; i++) {
        if (doc->nodes[i].flags & JSON_F_EITHER) {
            return true;
        }
    }
    return false;
}

/* A valid value is settled, and stays valid. */
static void check_once(const struct schema *schema, const struct schema *thorough,
                       struct json_doc *value, unsigned options)
{
    struct json_doc before, copy;
    struct bosa_error err, ignored;
    json_init(&before);
    json_init(&copy);
    json_add_copy(&before, value, 0);
    json_add_copy(&copy, value, 0);
    PROMISE(!before.failed && !copy.failed);
    enum bosa_status quiet = check(schema, &copy, options | SCHEMA_UNCHANGED, &ignored);
    PROMISE(is_same(&copy, &before));
    error_clear(&ignored);
    enum bosa_status status = check(schema, value, options, &err);
    PROMISE(quiet == BOSA_AGAIN ? status == BOSA_OK || !is_whole(&err) : quiet == status);
    PROMISE(quiet != BOSA_OK || is_same(value, &before));
    check_in_full(thorough, &copy, options, value, &err);
    PROMISE(status != BOSA_OK || is_ambiguous(&before) ||
            check(schema, value, options, &ignored) == BOSA_OK);
    error_clear(&err);
    json_free(&before);
    json_free(&copy);
}

static void check_all(const struct schema *schema, const struct schema *thorough,
                      struct json_doc *value)
{
    for (unsigned options = 0; options <= SCHEMA_STRICT_NAMES; options++) {
        check_once(schema, thorough, value, options);
    }
}

/* Whatever a server takes for a schema is one. */
static struct schema *compile(const struct json_doc *text)
{
    struct bosa_error err;
    struct schema *schema = NULL;
    error_init(&err);
    PROMISE(schema_compile(&schema, text, 0, &err) == BOSA_OK);
    return schema;
}

static void try_all(const struct json_doc *text, struct json_doc *value)
{
    struct schema *schema = compile(text), *thorough = compile(text);
    for (size_t i = 0; i < thorough->rule_count; i++) {
        struct rule *r = &thorough->rules[i];
        r->plain = r->asserted = 0;
        r->applies = true;
    }
    (void)schema_takes_files(schema);
    (void)schema_has_property(schema, "name", 4);
    check_all(schema, thorough, value);
    blur(value);
    check_all(schema, thorough, value);
    schema_free(schema);
    schema_free(thorough);
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
