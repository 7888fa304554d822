/* Any bytes as JSON: a document that keeps its invariants, or an error that says where. */
#include "fuzz.h"
#include "json.h"

/* The slice of a container ends within its parent's, and counts its content. */
static uint32_t walk(const struct json_doc *doc, uint32_t node, uint32_t end)
{
    const struct json_node *n = &doc->nodes[node];
    uint32_t next = json_next(doc, node), count = 0;
    PROMISE(next > node && next <= end);
    if (n->type == JSON_STRING || n->type == JSON_DIGITS) {
        PROMISE(n->v.at <= doc->text_len && n->len <= doc->text_len - n->v.at);
        PROMISE(json_utf8(doc->text + n->v.at, n->len));
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc doc;
    struct bosa_error err;
    error_init(&err);
    json_init(&doc);
    enum bosa_status status = json_parse(&doc, fuzz_copy(data, size), size, &err);
    if (status == BOSA_OK) {
        PROMISE(walk(&doc, 0, doc.count) == doc.count);
    } else {
        PROMISE(status == BOSA_PROTOCOL && strncmp(err.message, "line ", 5) == 0);
        PROMISE(doc.count == 0);
    }
    json_free(&doc);
    error_clear(&err);
    return 0;
}
