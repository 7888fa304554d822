#include "http/http1.h"

#include "base/text.h"
#include "http/header_fields.h"

#include <stdio.h>
#include <string.h>

void http1_init(struct http1 *reader)
{
    memset(reader, 0, sizeof *reader);
    reader->length = -1;
    buf_init(&reader->line);
}

void http1_free(struct http1 *reader)
{
    buf_free(&reader->line);
}

/* ---- writing ---- */

static void write_host(struct buf *out, const struct url *url)
{
    bool v6 = memchr(url->host, ':', url->host_len);
    buf_adds(out, v6 ? "Host: [" : "Host: ");
    buf_add(out, url->host, url->host_len);
    buf_adds(out, v6 ? "]" : "");
    if (url->port != (url->https ? 443 : 80)) {
        buf_addf(out, ":%d", url->port);
    }
    buf_adds(out, "\r\n");
}

/* Content-Length, or that the body is chunked; a POST without a body says 0. */
static void write_framing(struct buf *out, const struct request *request)
{
    int64_t length = request->body ? body_length(request->body) : 0;
    if (length < 0) {
        buf_adds(out, "Transfer-Encoding: chunked\r\n");
    } else if (request->body || strcmp(request->method, "GET") != 0) {
        buf_addf(out, "Content-Length: %lld\r\n", (long long)length);
    }
}

enum bosa_status http1_write_head(struct buf *out, const struct request *request,
                                  struct bosa_error *err)
{
    struct url url;
    if (!url_parse(&url, request->url, strlen(request->url))) {
        return error_set(err, BOSA_PARAMS, "the request's URL is not valid");
    }
    buf_addf(out, "%s ", request->method);
    buf_adds(out, url.target_len > 0 && url.target[0] == '/' ? "" : "/");
    buf_add(out, url.target, url.target_len);
    buf_adds(out, " HTTP/1.1\r\n");
    write_host(out, &url);
    for (size_t i = 0; i < request->fields.count; i++) {
        const struct field *field = &request->fields.list[i];
        buf_adds(out, field->name);
        buf_adds(out, ": ");
        buf_add(out, field->value, field->value_len);
        buf_adds(out, "\r\n");
    }
    write_framing(out, request);
    buf_adds(out, "\r\n");
    return out->failed ? error_nomem(err) : BOSA_OK;
}

enum bosa_status http1_write_body(struct buf *out, struct body *body, size_t max, bool *done,
                                  struct bosa_error *err)
{
    enum { SIZE_LINE = 10 }; /* eight hexadecimal digits and CRLF */
    int64_t length = body_length(body), left = length - body_done(body);
    bool chunked = length < 0;
    size_t head = chunked ? SIZE_LINE : 0;
    size_t got = 0;
    *done = false;
    max = max > 0x7fffffff ? 0x7fffffff : max;
    if (!chunked && (uint64_t)left < max) {
        max = (size_t)left + 1; /* one more, so that a body longer than it said is noticed */
    }
    if (!buf_reserve(out, max + head + 8)) {
        return error_nomem(err);
    }
    enum bosa_status status = body_read(body, out->data + out->len + head, max, &got, err);
    if (status != BOSA_OK) {
        return status;
    }
    *done = got == 0 || (!chunked && body_done(body) == length);
    if (chunked && got > 0) {
        char line[32];
        snprintf(line, sizeof line, "%08zx\r\n", got);
        memcpy(out->data + out->len, line, SIZE_LINE);
    }
    out->len += got > 0 ? head + got : 0;
    if (chunked) {
        buf_adds(out, got > 0 ? "\r\n" : "0\r\n\r\n");
    }
    return out->failed ? error_nomem(err) : BOSA_OK;
}

/* ---- reading ---- */

static enum bosa_status nonsense(struct bosa_error *err, const char *what)
{
    return error_set(err, BOSA_PROTOCOL, "the server's answer makes no sense: %s", what);
}

/* "HTTP/1.x NNN ..." */
static enum bosa_status read_status(struct http1 *r, struct reply *reply, const char *line,
                                    size_t len, struct bosa_error *err)
{
    if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || !text_is_digit(line[7]) || line[8] != ' ' ||
        (len > 12 && line[12] != ' ')) {
        return nonsense(err, "it does not begin with an HTTP/1 status line");
    }
    int status = 0;
    for (int i = 9; i < 12; i++) {
        if (!text_is_digit(line[i])) {
            return nonsense(err, "its status is no number");
        }
        status = status * 10 + (line[i] - '0');
    }
    r->old = line[7] == '0';
    r->keep_alive = !r->old;
    r->closing = r->chunked = false;
    r->length = -1;
    r->phase = HTTP1_FIELDS;
    return reply_status(reply, status, err);
}

/* True when the comma-separated list has this word. */
static bool has_word(const char *list, size_t len, const char *word)
{
    size_t word_len = strlen(word);
    const char *end = list + len;
    while (list < end) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const char *stop = comma ? comma : end;
        while (list < stop && text_is_blank(*list)) {
            list++;
        }
        const char *last = stop;
        while (last > list && text_is_blank(last[-1])) {
            last--;
        }
        if (http_same(list, (size_t)(last - list), word, word_len)) {
            return true;
        }
        list = stop + (stop < end);
    }
    return false;
}

static enum bosa_status read_length(struct http1 *r, const char *value, size_t len,
                                    struct bosa_error *err)
{
    int64_t length = 0;
    for (size_t i = 0; i < len; i++) {
        if (!text_is_digit(value[i]) || length > (INT64_MAX - 9) / 10) {
            return nonsense(err, "its Content-Length is no number");
        }
        length = length * 10 + (value[i] - '0');
    }
    if (len == 0) {
        return nonsense(err, "its Content-Length is empty");
    }
    r->length = length;
    return BOSA_OK;
}

/* Looks at the fields that frame the message. */
static enum bosa_status read_framing(struct http1 *r, const char *name, size_t name_len,
                                     const char *value, size_t len, struct bosa_error *err)
{
    if (http_same(name, name_len, "Content-Length", 14)) {
        return read_length(r, value, len, err);
    }
    if (http_same(name, name_len, "Transfer-Encoding", 17)) {
        if (!http_same(value, len, "chunked", 7) || r->chunked) {
            return nonsense(err, "it has a transfer coding that was not asked for");
        }
        r->chunked = true;
    } else if (http_same(name, name_len, "Connection", 10)) {
        r->closing = r->closing || has_word(value, len, "close");
        r->keep_alive = r->keep_alive || has_word(value, len, "keep-alive");
    } else if (http_same(name, name_len, "Content-Encoding", 16) &&
               !http_same(value, len, "identity", 8)) {
        return nonsense(err, "it has a content coding that was not asked for");
    }
    return BOSA_OK;
}

static enum bosa_status read_field(struct http1 *r, struct reply *reply, const char *line,
                                   size_t len, struct bosa_error *err)
{
    enum bosa_status status = reply_field(reply, line, len, err);
    if (status != BOSA_OK) {
        return status;
    }
    const char *colon = memchr(line, ':', len);
    const char *value = colon + 1;
    const char *end = line + len;
    while (value < end && text_is_blank(*value)) {
        value++;
    }
    while (end > value && text_is_blank(end[-1])) {
        end--;
    }
    return read_framing(r, line, (size_t)(colon - line), value, (size_t)(end - value), err);
}

/*
 * The empty line behind the fields: which kind of body follows. HTTP/1.0 knows no chunks, so
 * whoever forwards them may not know where they end.
 */
static enum bosa_status end_fields(struct http1 *r, const struct reply *reply,
                                   struct bosa_error *err)
{
    if (reply->status < 200) {
        r->phase = HTTP1_STATUS;
        return BOSA_OK;
    }
    r->keep_alive = r->keep_alive && !r->closing && !(r->old && r->chunked);
    if (r->head || reply->status == 204 || reply->status == 304) {
        r->phase = HTTP1_DONE;
    } else if (r->chunked && r->length >= 0) {
        return nonsense(err, "it has both a length and a transfer coding");
    } else if (r->chunked) {
        r->phase = HTTP1_CHUNK_SIZE;
    } else if (r->length >= 0) {
        r->left = (uint64_t)r->length;
        r->phase = r->left > 0 ? HTTP1_BODY : HTTP1_DONE;
    } else {
        r->keep_alive = false;
        r->phase = HTTP1_UNTIL_CLOSE;
    }
    return BOSA_OK;
}

/* "SIZE[;extension]" in hexadecimal. */
static enum bosa_status read_chunk_size(struct http1 *r, const char *line, size_t len,
                                        struct bosa_error *err)
{
    uint64_t size = 0;
    size_t i = 0;
    for (; i < len && text_hex(line[i]) >= 0; i++) {
        if (size > UINT64_MAX >> 5) {
            return nonsense(err, "a chunk's size is too large");
        }
        size = size * 16 + (uint64_t)text_hex(line[i]);
    }
    while (i < len && text_is_blank(line[i])) {
        i++;
    }
    if (i == 0 || text_is_blank(line[0]) || (i < len && line[i] != ';')) {
        return nonsense(err, "a chunk's size is no number");
    }
    r->left = size;
    r->phase = size > 0 ? HTTP1_CHUNK : HTTP1_TRAILERS;
    return BOSA_OK;
}

/* One whole line without its end, in a phase that is made of lines. */
static enum bosa_status read_line(struct http1 *r, struct reply *reply, const char *line,
                                  size_t len, struct bosa_error *err)
{
    if (len > 0 && memchr(line, '\r', len)) {
        return nonsense(err, "a carriage return within a line");
    }
    switch (r->phase) {
    case HTTP1_STATUS:
        return read_status(r, reply, line, len, err);
    case HTTP1_FIELDS:
        return len > 0 ? read_field(r, reply, line, len, err) : end_fields(r, reply, err);
    case HTTP1_CHUNK_SIZE:
        return read_chunk_size(r, line, len, err);
    case HTTP1_CHUNK_END:
        r->phase = HTTP1_CHUNK_SIZE;
        return len == 0 ? BOSA_OK : nonsense(err, "a chunk longer than it says");
    default: /* trailers are read past */
        r->phase = len == 0 ? HTTP1_DONE : HTTP1_TRAILERS;
        return BOSA_OK;
    }
}

static bool is_line_phase(enum http1_phase phase)
{
    return phase != HTTP1_BODY && phase != HTTP1_CHUNK && phase != HTTP1_UNTIL_CLOSE;
}

/* Takes bytes up to the end of a line, which may have begun in earlier bytes. */
static enum bosa_status take_line(struct http1 *r, struct reply *reply, const char *bytes,
                                  size_t len, size_t *used, struct bosa_error *err)
{
    const char *newline = memchr(bytes, '\n', len);
    size_t part = newline ? (size_t)(newline - bytes) : len;
    *used = newline ? part + 1 : part;
    if (r->line.len + part > HTTP1_MAX_LINE) {
        return nonsense(err, "its header is too large");
    }
    const char *line = bytes;
    size_t line_len = part;
    if (!newline || r->line.len > 0) {
        buf_add(&r->line, bytes, part);
        if (r->line.failed) {
            return error_nomem(err);
        }
        line = r->line.data;
        line_len = r->line.len;
    }
    if (!newline) {
        return BOSA_OK;
    }
    if (line_len > 0 && line[line_len - 1] == '\r') {
        line_len--;
    }
    enum bosa_status status = read_line(r, reply, line, line_len, err);
    buf_clear(&r->line);
    return status;
}

/* Takes bytes of the body or of a chunk. */
static enum bosa_status take_body(struct http1 *r, struct reply *reply, const char *bytes,
                                  size_t len, size_t *used, struct bosa_error *err)
{
    bool bounded = r->phase != HTTP1_UNTIL_CLOSE;
    size_t part = bounded && len > r->left ? (size_t)r->left : len;
    enum bosa_status status = reply_body(reply, bytes, part, err);
    if (status != BOSA_OK) {
        *used = 0;
        return status;
    }
    *used = part;
    if (bounded) {
        r->left -= part;
        if (r->left == 0) {
            r->phase = r->phase == HTTP1_CHUNK ? HTTP1_CHUNK_END : HTTP1_DONE;
        }
    }
    return BOSA_OK;
}

enum bosa_status http1_read(struct http1 *reader, struct reply *reply, const char *bytes,
                            size_t len, size_t *used, struct bosa_error *err)
{
    *used = 0;
    while (*used < len && reader->phase != HTTP1_DONE) {
        size_t step = 0;
        enum bosa_status status =
            is_line_phase(reader->phase)
                ? take_line(reader, reply, bytes + *used, len - *used, &step, err)
                : take_body(reader, reply, bytes + *used, len - *used, &step, err);
        *used += step;
        reader->received += step;
        if (status != BOSA_OK) {
            return status;
        }
    }
    if (*used < len) {
        reader->keep_alive = false; /* nobody asked for more: the two sides count differently */
    }
    return BOSA_OK;
}

enum bosa_status http1_closed(struct http1 *reader, struct bosa_error *err)
{
    reader->keep_alive = false;
    if (reader->phase == HTTP1_UNTIL_CLOSE || reader->phase == HTTP1_DONE) {
        reader->phase = HTTP1_DONE;
        return BOSA_OK;
    }
    return error_set(err, BOSA_CONNECTION,
                     reader->received == 0 ? "the server closed the connection without an answer"
                                           : "the connection was lost in the middle of the answer");
}
