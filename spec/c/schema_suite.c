/*
 * schema_suite DIR...: runs the JSON Schema Test Suite's files for the keywords that we implement,
 * of each DIR (a draft), and prints "N passed, N failed, N skipped". A group is skipped only for a
 * keyword that is not ours, or, in the drafts before 2020-12, for one that has another meaning
 * there (a list under `items`; `$ref` that silences its siblings).
 */
#include "schema/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const files[] = {"additionalProperties",
                                    "allOf",
                                    "anyOf",
                                    "boolean_schema",
                                    "const",
                                    "default",
                                    "enum",
                                    "exclusiveMaximum",
                                    "exclusiveMinimum",
                                    "infinite-loop-detection",
                                    "items",
                                    "maxItems",
                                    "maxLength",
                                    "maxProperties",
                                    "maximum",
                                    "minItems",
                                    "minLength",
                                    "minProperties",
                                    "minimum",
                                    "multipleOf",
                                    "not",
                                    "oneOf",
                                    "prefixItems",
                                    "properties",
                                    "ref",
                                    "required",
                                    "type",
                                    "uniqueItems"};

static const char *const not_ours[] = {"patternProperties", "$id",
                                       "$anchor",           "$dynamicRef",
                                       "$dynamicAnchor",    "unevaluatedProperties",
                                       "unevaluatedItems",  "dependentSchemas",
                                       "dependentRequired", "propertyNames",
                                       "contains",          "if",
                                       "$vocabulary",       "dependencies",
                                       "additionalItems"};

struct counts {
    int passed, failed, skipped;
};

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return NULL;
    }
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *text = mem_alloc((size_t)size + 1);
    *len = text ? fread(text, 1, (size_t)size, f) : 0;
    fclose(f);
    return text;
}

/* True when the subtree uses a keyword that is not ours, or refers to another document. */
static bool is_foreign(const struct json_doc *doc, uint32_t node)
{
    for (uint32_t i = node; i < json_next(doc, node); i++) {
        for (size_t k = 0; k < sizeof not_ours / sizeof not_ours[0]; k++) {
            if (json_is(doc, i, not_ours[k])) {
                return true;
            }
        }
        if (json_is(doc, i, "items") && json_type(doc, i + 1) == JSON_ARRAY) {
            return true;
        }
        size_t len = 0;
        const char *text = json_text(doc, i, &len);
        if (text && len > 4 && memcmp(text, "http", 4) == 0 && i > node &&
            json_is(doc, i - 1, "$ref")) {
            return true;
        }
    }
    return false;
}

static bool is_old(const char *dir)
{
    return strstr(dir, "2020-12") == NULL;
}

/* True when a `$ref` of the subtree has siblings, or is the name of a property. */
static bool silences(const struct json_doc *doc, uint32_t node)
{
    for (uint32_t i = node; i < json_next(doc, node); i++) {
        uint32_t ref = json_member(doc, i, "$ref");
        if (ref != JSON_NONE && doc->nodes[i].len > 1 && i != node) {
            return true;
        }
    }
    return false;
}

static void run_test(const struct schema *schema, const struct json_doc *doc, uint32_t test,
                     const char *file, struct counts *counts)
{
    struct json_doc value;
    struct bosa_error err;
    json_init(&value);
    error_init(&err);
    json_add_copy(&value, doc, json_member(doc, test, "data"));
    bool expected = json_type(doc, json_member(doc, test, "valid")) == JSON_TRUE;
    bool valid = schema_check(schema, &value, 0, 0, "parameter", &err) == BOSA_OK;
    size_t len = 0;
    const char *name = json_text(doc, json_member(doc, test, "description"), &len);
    if (valid == expected) {
        counts->passed++;
    } else {
        counts->failed++;
        printf("FAILED %s: %.*s (%s)\n", file, (int)len, name, err.message ? err.message : "valid");
    }
    error_clear(&err);
    json_free(&value);
}

static void run_group(const struct json_doc *doc, uint32_t group, const char *dir, const char *file,
                      struct counts *counts)
{
    uint32_t node = json_member(doc, group, "schema");
    uint32_t tests = json_member(doc, group, "tests");
    struct schema *schema = NULL;
    struct bosa_error err;
    if (is_foreign(doc, node) || (is_old(dir) && silences(doc, node))) {
        counts->skipped += (int)doc->nodes[tests].len;
        return;
    }
    error_init(&err);
    if (schema_compile(&schema, doc, node, &err) != BOSA_OK) {
        counts->failed += (int)doc->nodes[tests].len;
        printf("FAILED %s: does not compile: %s\n", file, err.message);
        error_clear(&err);
        return;
    }
    for (uint32_t i = 0; i < doc->nodes[tests].len; i++) {
        run_test(schema, doc, json_at(doc, tests, i), file, counts);
    }
    schema_free(schema);
}

static void run_file(const char *dir, const char *file, struct counts *counts)
{
    char path[4096];
    size_t len = 0;
    struct json_doc doc;
    struct bosa_error err;
    snprintf(path, sizeof path, "%s/%s.json", dir, file);
    char *text = read_file(path, &len);
    if (!text) {
        return; /* not every draft has every file; a run of nothing fails in main */
    }
    json_init(&doc);
    error_init(&err);
    if (json_parse(&doc, text, len, &err) != BOSA_OK) {
        printf("FAILED %s: cannot be read\n", path);
        counts->failed++;
    } else {
        for (uint32_t i = 0; i < doc.nodes[0].len; i++) {
            run_group(&doc, json_at(&doc, 0, i), dir, file, counts);
        }
    }
    error_clear(&err);
    json_free(&doc);
}

int main(int argc, char **argv)
{
    struct counts counts = {0, 0, 0};
    for (int d = 1; d < argc; d++) {
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
            run_file(argv[d], files[i], &counts);
        }
    }
    printf("%d passed, %d failed, %d skipped\n", counts.passed, counts.failed, counts.skipped);
    return counts.failed > 0 || counts.passed == 0;
}
