/* An HTTP/1.1 answer, whole and in pieces (the first byte says how long): both come to the same. */
#include "http1.h"
#include "fuzz.h"

struct result {
    enum bosa_status status;
    int code;
    enum http1_phase phase;
    uint64_t received;
    size_t fields;
};

/* Gives the bytes in pieces of `step`; what the sink can't take is drained. */
static struct result run(const uint8_t *data, size_t size, size_t step)
{
    static const struct reply_options options = {1 << 16, SINK_MEMORY, NULL};
    struct http1 reader;
    struct reply reply;
    struct bosa_error err;
    struct result result = {.status = BOSA_OK};
    error_init(&err);
    http1_init(&reader);
    PROMISE(reply_init(&reply, &options) == BOSA_OK);
    for (size_t at = 0; at < size && result.status == BOSA_OK && reader.phase != HTTP1_DONE;) {
        size_t part = size - at < step ? size - at : step, used = 0;
        char *copy = fuzz_copy(data + at, part);
        result.status = http1_read(&reader, &reply, copy, part, &used, &err);
        mem_free(copy);
        PROMISE(used <= part);
        PROMISE(used == part || result.status != BOSA_OK || reader.phase == HTTP1_DONE);
        at += used;
    }
    if (result.status == BOSA_OK) {
        result.status = reader.phase == HTTP1_DONE ? BOSA_OK : http1_closed(&reader, &err);
    }
    if (result.status == BOSA_OK) {
        result.status = reply_end(&reply, &err);
    }
    result.code = reply.status;
    result.phase = reader.phase;
    result.fields = reply.fields.count;
    PROMISE(result.status == BOSA_OK || err.message != NULL);
    error_clear(&err);
    http1_free(&reader);
    reply_free(&reply);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct result whole = run(data + 1, size - 1, size);
    struct result parts = run(data + 1, size - 1, data[0] % 64 + 1);
    PROMISE(whole.status == parts.status);
    if (whole.status == BOSA_OK) {
        PROMISE(whole.code == parts.code && whole.fields == parts.fields);
    }
    return 0;
}
