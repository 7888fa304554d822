/*
 * An HTTP/1.1 response, whole and in pieces: both come to the same. The first byte says how long
 * the pieces are, and whether the connection is TLS.
 */
#include "call/exchange.h"
#include "base/text.h"
#include "fuzz.h"

#define NOW 1700000000

struct response {
    enum bosa_status status;
    struct call call;
    struct exchange x;
    struct bosa_error err;
};

/* Gives the bytes in pieces of `step`, each in memory of its own. */
static void feed(struct response *a, const uint8_t *data, size_t size, size_t step)
{
    for (size_t at = 0; at < size && a->status == BOSA_OK && !a->x.whole;) {
        size_t part = size - at < step ? size - at : step, used = 0;
        char *copy = fuzz_copy(data + at, part);
        a->status = exchange_input(&a->x, copy, part, &used);
        mem_free(copy);
        PROMISE(used <= part);
        PROMISE(used == part || a->status != BOSA_OK || a->x.whole);
        at += used;
    }
}

static void receive(struct response *a, const uint8_t *data, size_t size, size_t step, bool secure)
{
    static const struct reply_options options = {.max_size = 1 << 16, .sink = SINK_MEMORY};
    static char url[] = "http://h/";
    memset(a, 0, sizeof *a);
    error_init(&a->err);
    a->call.request.method = "POST";
    a->call.request.url = url;
    a->status = reply_init(&a->call.reply, &options);
    a->status = exchange_begin(&a->x, &a->call, NULL, secure);
    exchange_sent(&a->x, a->x.out.len);
    feed(a, data, size, step);
    if (a->status == BOSA_OK && !a->x.whole && !exchange_closed(&a->x)) {
        a->status = a->x.refusal.kind ? a->x.refusal.kind : BOSA_CONNECTION;
    }
    if (a->status == BOSA_OK) {
        a->status = reply_end(&a->call.reply, &a->err);
    }
    PROMISE(a->status == BOSA_OK || a->status == BOSA_CONNECTION || a->err.message != NULL ||
            a->x.refusal.message != NULL);
    PROMISE(a->status != BOSA_OK || (a->call.reply.status >= 200 && a->call.reply.status <= 599));
    PROMISE(exchange_sent_so_far(&a->x) ==
            (a->call.reply.status >= 200 ? BOSA_SENT_YES : BOSA_SENT_MAYBE));
}

/* What is judged an error has a message, and none is shown that isn't UTF-8. */
static void judge(struct response *a)
{
    enum bosa_status verdict = reply_judge(&a->call.reply, true, NOW, &a->err);
    PROMISE(verdict == BOSA_OK || (a->err.message && a->err.kind == verdict));
    PROMISE(!a->err.message || text_is_utf8(a->err.message, strlen(a->err.message)));
    PROMISE(a->call.reply.status < 400 || verdict != BOSA_OK);
    char *id = reply_reference_id(&a->call.reply);
    PROMISE(!id || text_is_utf8(id, strlen(id)));
    mem_free(id);
    PROMISE(reply_recovery(&a->call.reply) >= -1 && reply_recovery(&a->call.reply) <= 1);
    PROMISE(!reply_no_such_route(&a->call.reply) || a->call.reply.status == 404 ||
            a->call.reply.status == 405);
}

static void compare(const struct reply *a, const struct reply *b)
{
    PROMISE(a->status == b->status && a->kind == b->kind && a->fields.count == b->fields.count);
    PROMISE(a->received == b->received && a->sink.size == b->sink.size);
    PROMISE(a->kind != REPLY_JSON || json_equal(&a->doc, 0, &b->doc, 0));
    PROMISE(a->data == b->data && a->meta == b->meta);
    PROMISE(a->sink.bytes.len == b->sink.bytes.len);
    PROMISE(a->sink.bytes.len == 0 ||
            memcmp(a->sink.bytes.data, b->sink.bytes.data, a->sink.bytes.len) == 0);
    PROMISE((a->filename == NULL) == (b->filename == NULL));
    PROMISE(!a->filename || strcmp(a->filename, b->filename) == 0);
}

static void let_go(struct response *a)
{
    error_clear(&a->err);
    exchange_free(&a->x);
    reply_free(&a->call.reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct response whole, parts;
    if (size < 1) {
        return 0;
    }
    bool secure = data[0] & 0x80;
    receive(&whole, data + 1, size - 1, size, secure);
    receive(&parts, data + 1, size - 1, data[0] % 64 + 1, secure);
    PROMISE(whole.status == parts.status);
    if (whole.status == BOSA_OK) {
        compare(&whole.call.reply, &parts.call.reply);
        judge(&whole);
    }
    let_go(&whole);
    let_go(&parts);
    return 0;
}
