/* What was read and written reads back equal, and is then written the same. */
#include "fuzz.h"
#include "json/json.h"

static bool parse(struct json_doc *doc, const char *text, size_t len)
{
    struct bosa_error err;
    error_init(&err);
    json_init(doc);
    bool ok = json_parse(doc, fuzz_copy((const uint8_t *)text, len), len, &err) == BOSA_OK;
    error_clear(&err);
    return ok;
}

static void print(struct buf *out, const struct json_doc *doc)
{
    struct bosa_error err;
    error_init(&err);
    buf_init(out);
    PROMISE(json_write(out, doc, 0, &err) == BOSA_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc first, second;
    struct buf once, twice;
    if (!parse(&first, (const char *)data, size)) {
        json_free(&first);
        return 0;
    }
    print(&once, &first);
    PROMISE(parse(&second, once.data, once.len));
    PROMISE(json_equal(&first, 0, &second, 0));
    print(&twice, &second);
    PROMISE(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    buf_free(&once);
    buf_free(&twice);
    json_free(&first);
    json_free(&second);
    return 0;
}
