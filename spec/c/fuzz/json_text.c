/*
 * Any bytes as JSON: a document that keeps its invariants, or an error that says where; and the
 * same when the document has been used before.
 */
#include "base/text.h"
#include "fuzz.h"
#include "json/json.h"

/* The slice of a container ends within its parent's, and counts its content. */
static uint32_t walk(const struct json_doc *doc, uint32_t node, uint32_t end)
{
    const struct json_node *n = &doc->nodes[node];
    uint32_t next = json_next(doc, node), count = 0;
    PROMISE(next > node && next <= end);
    if (n->type == JSON_STRING || n->type == JSON_DIGITS) {
        PROMISE(n->v.at <= doc->text_len && n->len <= doc->text_len - n->v.at);
        PROMISE(text_is_utf8(doc->text + n->v.at, n->len));
    }
    if (n->type != JSON_ARRAY && n->type != JSON_OBJECT) {
        PROMISE(next == node + 1);
        return next;
    }
    for (uint32_t child = node + 1; child < next; count++) {
        if (n->type == JSON_OBJECT) {
            PROMISE(doc->nodes[child].type == JSON_STRING);
            child = walk(doc, child, next);
        }
        child = walk(doc, child, next);
    }
    PROMISE(count == n->len);
    return next;
}

static void check(const struct json_doc *doc, enum bosa_status status, const struct bosa_error *err)
{
    if (status == BOSA_OK) {
        PROMISE(walk(doc, 0, doc->count) == doc->count);
    } else {
        PROMISE(status == BOSA_PROTOCOL && strncmp(err->message, "line ", 5) == 0);
        PROMISE(doc->count == 0);
    }
}

/* Reads the bytes once more, in a document that holds those of the input before. */
static void check_used(const struct json_doc *fresh, const struct bosa_error *before,
                       const uint8_t *data, size_t size)
{
    static struct json_doc used;
    struct bosa_error err;
    error_init(&err);
    json_clear(&used);
    char *room = json_room(&used, size);
    PROMISE(room != NULL);
    memcpy(room, size > 0 ? data : (const uint8_t *)"", size);
    check(&used, json_parse(&used, room, size, &err), &err);
    PROMISE(used.count == fresh->count);
    PROMISE(used.count == 0 || json_equal(fresh, 0, &used, 0));
    PROMISE((err.message == NULL) == (before->message == NULL));
    PROMISE(!err.message || strcmp(err.message, before->message) == 0);
    error_clear(&err);
}

/* What is read strictly reads the same leniently; what is not may be read, and is written well. */
static void check_lenient(const struct json_doc *strict, const uint8_t *data, size_t size)
{
    struct json_doc doc;
    struct bosa_error err;
    struct buf out;
    error_init(&err);
    json_init(&doc);
    buf_init(&out);
    check(&doc, json_parse_lenient(&doc, fuzz_copy(data, size), size, &err), &err);
    PROMISE(strict->count == 0 || (doc.count == strict->count && json_equal(strict, 0, &doc, 0)));
    PROMISE(strict->count == 0 || json_hash(strict, 0) == json_hash(&doc, 0));
    PROMISE(doc.count == 0 || json_write(&out, &doc, 0, &err) == BOSA_OK);
    buf_free(&out);
    json_free(&doc);
    error_clear(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc doc;
    struct bosa_error err;
    error_init(&err);
    json_init(&doc);
    check(&doc, json_parse(&doc, fuzz_copy(data, size), size, &err), &err);
    check_used(&doc, &err, data, size);
    check_lenient(&doc, data, size);
    json_free(&doc);
    error_clear(&err);
    return 0;
}
