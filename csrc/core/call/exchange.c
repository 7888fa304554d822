/*
 * The one HTTP exchange: between a call's request and reply and the bytes of a connection. Called
 * by transport for libcurl's connections and by the binding for a host's own; it does no I/O and
 * never waits.
 */
#include "call/exchange.h"

#include "base/mem.h"
#include "http/request_writer.h"

#include <string.h>

#define DECODED_BYTES ((size_t)32 << 10) /* decoded at a time */

/* Keeps the kind of a refusal, also where no memory was left for its words. */
static enum bosa_status keep(struct exchange *x, enum bosa_status status)
{
    if (status != BOSA_OK && status != BOSA_AGAIN) {
        x->refusal.kind = status;
    }
    return status;
}

/* ---- the request ---- */

/* Bytes to read of the content at once: where it says its length, one more, so that a longer one is
 * noticed. */
static size_t next_piece(const struct body *body)
{
    int64_t length = body_length(body);
    bool ends = length >= 0 && (uint64_t)(length - body_done(body)) < EXCHANGE_PIECE_BYTES;
    return ends ? (size_t)(length - body_done(body)) + 1 : EXCHANGE_PIECE_BYTES;
}

/* Adds the next piece of the content to x->out. */
static enum bosa_status add_content(struct exchange *x)
{
    struct body *body = x->call->request.body;
    int64_t length = body_length(body);
    bool chunked = length < 0;
    size_t at = x->out.len, before = chunked ? CHUNK_OVERHEAD - 2 : 0, got = 0;
    size_t max = next_piece(body);
    if (!buf_reserve(&x->out, max + CHUNK_OVERHEAD)) {
        return error_nomem(&x->refusal);
    }
    enum bosa_status status = body_read(body, x->out.data + at + before, max, &got, &x->refusal);
    if (status != BOSA_OK) {
        return keep(x, status);
    }
    x->request_ended = got == 0 || (!chunked && body_done(body) == length);
    if (chunked && got > 0) {
        request_frame_chunk(&x->out, at, got);
    } else {
        x->out.len += got;
    }
    if (chunked && got == 0) {
        request_end_chunks(&x->out);
    }
    return BOSA_OK;
}

enum bosa_status exchange_begin(struct exchange *x, struct call *call, const char *user_agent,
                                bool secure)
{
    const struct request *request = &call->request;
    struct request_header header = {.method = request->method,
                                    .url = request->url,
                                    .fields = &request->fields,
                                    .user_agent = user_agent,
                                    .length = CONTENT_NONE};
    exchange_free(x);
    buf_init_secret(&x->out);
    x->call = call;
    x->secure = secure;
    response_init(&x->reader);
    error_init(&x->refusal);
    size_t content = 0;
    if (request->body) {
        int64_t length = body_length(request->body);
        header.length = length < 0 ? CONTENT_CHUNKED : length;
        content = next_piece(request->body) + CHUNK_OVERHEAD;
    }
    enum bosa_status status = keep(x, request_write_header(&x->out, &header, content, &x->refusal));
    x->request_ended = !request->body;
    if (status == BOSA_OK && request->body) {
        status = add_content(x);
    }
    return status == BOSA_AGAIN ? BOSA_OK : status;
}

/* What is in `out` may be a secret. */
static void forget_output(struct exchange *x)
{
    buf_clear(&x->out);
    x->out_at = 0;
}

enum bosa_status exchange_output(struct exchange *x, const char **bytes, size_t *len)
{
    *bytes = "";
    *len = 0;
    if (x->stopped) {
        return BOSA_OK;
    }
    if (x->out_at == x->out.len && !x->request_ended) {
        forget_output(x);
        enum bosa_status status = add_content(x);
        if (status != BOSA_OK) {
            return status;
        }
    }
    *bytes = x->out.data + x->out_at;
    *len = x->out.len - x->out_at;
    return BOSA_OK;
}

void exchange_sent(struct exchange *x, size_t len)
{
    x->sent = BOSA_SENT_MAYBE;
    x->out_at += len;
    x->bytes_up += len;
}

void exchange_stop(struct exchange *x)
{
    x->stopped = true;
}

bool exchange_may_move(const struct exchange *x)
{
    bool is_get = strcmp(x->call->request.method, "GET") == 0;
    return x->sent == BOSA_SENT_NO || (is_get && !x->reader.any);
}

void exchange_rewind(struct exchange *x)
{
    x->stopped = false;
    x->out_at = 0;
}

bool exchange_is_sent(const struct exchange *x)
{
    return x->request_ended && x->out_at == x->out.len;
}

/* ---- the response ---- */

/* Content codings are undone where there is content. */
static enum bosa_status begin_content(struct exchange *x)
{
    struct reply *reply = &x->call->reply;
    bool none = x->reader.phase == PHASE_END || x->reader.phase == PHASE_STATUS;
    const char *coding = fields_get(&reply->fields, "Content-Encoding");
    x->coding = none ? CODING_IDENTITY : coding_of(coding);
    if (x->coding == CODING_OTHER) {
        return keep(x,
                    error_set(&x->refusal, BOSA_PROTOCOL,
                              "malformed response: content coding %.40s, not asked for", coding));
    }
    if (x->coding == CODING_IDENTITY) {
        return BOSA_OK;
    }
    x->decoder = decoder_new(x->coding);
    buf_init_secret(&x->decoded);
    if (!x->decoder || !buf_reserve(&x->decoded, DECODED_BYTES)) {
        return error_nomem(&x->refusal);
    }
    return BOSA_OK;
}

/* Gives what was decoded to the reply. BOSA_AGAIN: it takes nothing now. */
static enum bosa_status give_decoded(struct exchange *x)
{
    size_t len = x->decoded.len - x->decoded_at;
    enum bosa_status status =
        len == 0 ? BOSA_OK
                 : reply_body(&x->call->reply, x->decoded.data + x->decoded_at, len, &x->refusal);
    if (status == BOSA_OK) {
        x->decoded.len = x->decoded_at = 0;
    }
    return keep(x, status);
}

/* Decodes until the bytes are used and nothing more comes out, or the reply is full. */
static enum bosa_status decode(struct exchange *x, const char *bytes, size_t len, size_t *used)
{
    enum bosa_status status = give_decoded(x);
    bool more = true;
    while (status == BOSA_OK && more) {
        size_t part = 0, got = 0;
        status = keep(x, decoder_run(x->decoder, bytes + *used, len - *used, &part, x->decoded.data,
                                     DECODED_BYTES, &got, &x->refusal));
        *used += part;
        x->decoded.len = got;
        more = got == DECODED_BYTES;
        if (status == BOSA_OK) {
            status = give_decoded(x);
        }
    }
    return status;
}

/* Gives content to the reply; *used of it are taken, also where the reply is full after that. */
static enum bosa_status take_content(struct exchange *x, const struct piece *piece, size_t *used)
{
    if (x->decoder) {
        return decode(x, piece->bytes, piece->len, used);
    }
    enum bosa_status status = reply_body(&x->call->reply, piece->bytes, piece->len, &x->refusal);
    *used = status == BOSA_OK ? piece->len : 0;
    return keep(x, status);
}

/* The content is whole as the framing has it; is its coding? */
static enum bosa_status end_content(struct exchange *x)
{
    size_t none = 0;
    enum bosa_status status = x->decoder ? decode(x, "", 0, &none) : BOSA_OK;
    bool is_cut = x->decoder && decoder_has_begun(x->decoder) && !decoder_is_whole(x->decoder);
    if (status == BOSA_OK && is_cut) {
        return keep(x, error_set(&x->refusal, BOSA_PROTOCOL,
                                 "malformed response: its content coding is cut off"));
    }
    x->whole = status == BOSA_OK;
    return status;
}

static enum bosa_status take_event(struct exchange *x, enum response_event event,
                                   const struct piece *piece, size_t *taken)
{
    struct reply *reply = &x->call->reply;
    switch (event) {
    case RESPONSE_STATUS:
        return keep(x, reply_status(reply, x->reader.status, &x->refusal));
    case RESPONSE_FIELD:
        return keep(x, reply_field(reply, piece->bytes, piece->len, &x->refusal));
    case RESPONSE_CONTENT:
        return begin_content(x);
    case RESPONSE_DATA:
        return take_content(x, piece, taken);
    case RESPONSE_END:
        return end_content(x);
    case RESPONSE_REFUSED:
        return x->refusal.kind;
    case RESPONSE_MORE:
        break;
    }
    return BOSA_OK;
}

enum bosa_status exchange_input(struct exchange *x, const char *bytes, size_t len, size_t *used)
{
    enum response_event event = RESPONSE_FIELD;
    size_t none = 0;
    enum bosa_status status = exchange_is_holding(x) ? decode(x, "", 0, &none) : BOSA_OK;
    *used = 0;
    while (status == BOSA_OK && event != RESPONSE_MORE && !x->whole) {
        struct piece piece = {NULL, 0};
        size_t part = 0, taken = 0;
        event = response_next(&x->reader, bytes + *used, len - *used, &part, &piece, &x->refusal);
        status = take_event(x, event, &piece, &taken);
        if (event == RESPONSE_DATA && taken > 0) {
            response_took(&x->reader, taken);
        }
        *used += part + taken;
    }
    x->bytes_down += *used;
    x->extra = x->extra || (x->whole && *used < len);
    return status;
}

bool exchange_is_holding(const struct exchange *x)
{
    return x->decoded_at < x->decoded.len;
}

/*
 * Over TLS the end of the connection proves nothing, as anybody on the way can bring it about: what
 * doesn't tell its own end was cut off, and so was a result of which nothing came. JSON tells, and
 * so does a content coding.
 */
static bool tells_its_end(const struct exchange *x)
{
    const struct reply *reply = &x->call->reply;
    if (!x->secure || (reply->status >= 300 && !reply->to_sink)) {
        return true;
    }
    return x->decoder ? decoder_has_begun(x->decoder) : !reply->deciding && !reply->to_sink;
}

bool exchange_closed(struct exchange *x)
{
    bool by_close = x->reader.phase == PHASE_CLOSE;
    if (!response_closed(&x->reader) || (by_close && !tells_its_end(x))) {
        return false;
    }
    if (!x->whole) {
        (void)end_content(x);
    }
    return x->whole;
}

enum bosa_sent exchange_sent_so_far(const struct exchange *x)
{
    return x->call && x->call->reply.status >= 200 ? BOSA_SENT_YES : x->sent;
}

/*
 * After a 5xx some servers close the connection a little later, which the next request would meet.
 */
bool exchange_keeps_connection(const struct exchange *x)
{
    return x->whole && x->reader.keeps && !x->extra && exchange_is_sent(x) &&
           x->reader.status < 500;
}

void exchange_free(struct exchange *x)
{
    forget_output(x);
    buf_free(&x->out);
    response_free(&x->reader);
    decoder_free(x->decoder);
    buf_free(&x->decoded);
    error_clear(&x->refusal);
    memset(x, 0, sizeof *x);
}
