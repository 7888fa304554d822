/*
 * The reading half of the HTTP/1.1 exchange: a state machine over bytes. Called by call/exchange.c
 * for every kind of connection; it must never do I/O, and never keep content.
 */
#include "http/response_reader.h"

#include "base/text.h"
#include "http/header_fields.h"

#include <string.h>

void response_init(struct response_reader *reader)
{
    memset(reader, 0, sizeof *reader);
    reader->length = -1;
    buf_init(&reader->line);
}

void response_free(struct response_reader *reader)
{
    buf_free(&reader->line);
}

static enum response_event refuse(struct bosa_error *err, const char *what)
{
    (void)error_set(err, BOSA_PROTOCOL, "malformed response: %s", what);
    return RESPONSE_REFUSED;
}

/* ---- lines ---- */

enum line { LINE_WHOLE, LINE_MORE, LINE_TOO_LONG, LINE_NOMEM };

/* Keeps bytes of a line that is not whole. */
static enum line keep(struct response_reader *r, const char *bytes, size_t len)
{
    if (r->line.len + len > RESPONSE_MAX_LINE) {
        return LINE_TOO_LONG;
    }
    buf_add(&r->line, bytes, len);
    return r->line.failed ? LINE_NOMEM : LINE_MORE;
}

/* A line without its CR. */
static struct piece trim(const char *bytes, size_t len)
{
    struct piece line = {bytes, len > 0 && bytes[len - 1] == '\r' ? len - 1 : len};
    return line;
}

/* Takes one line, which may have begun in earlier bytes. Its piece is in `bytes` or in r->line. */
static enum line take_line(struct response_reader *r, const char *bytes, size_t len, size_t *used,
                           struct piece *line)
{
    const char *end = memchr(bytes, '\n', len);
    size_t part = end ? (size_t)(end - bytes) : len;
    *used = end ? part + 1 : part;
    if (!end) {
        return keep(r, bytes, part);
    }
    if (r->line.len > 0) {
        enum line kept = keep(r, bytes, part);
        *line = trim(r->line.data, r->line.len);
        return kept == LINE_MORE ? LINE_WHOLE : kept;
    }
    *line = trim(bytes, part);
    return part > RESPONSE_MAX_LINE ? LINE_TOO_LONG : LINE_WHOLE;
}

static bool has_odd_byte(const struct piece *line)
{
    return memchr(line->bytes, '\r', line->len) || memchr(line->bytes, '\0', line->len);
}

static enum response_event refuse_line(struct bosa_error *err, enum line how)
{
    if (how == LINE_NOMEM) {
        (void)error_nomem(err);
        return RESPONSE_REFUSED;
    }
    return refuse(err, "a line that is too long");
}

/* ---- status line ---- */

static bool is_status_line(const struct piece *line)
{
    const char *p = line->bytes;
    return line->len >= 12 && memcmp(p, "HTTP/1.", 7) == 0 && text_is_digit(p[7]) && p[8] == ' ' &&
           text_is_digit(p[9]) && text_is_digit(p[10]) && text_is_digit(p[11]) &&
           (line->len == 12 || p[12] == ' ');
}

/* What any response in HTTP/1 begins with: known before the line is whole, so that a server of
 * another protocol, which may never send a line end, is told at once. */
static bool may_be_status_line(const struct response_reader *r)
{
    static const char start[] = "HTTP/1.";
    size_t len = r->line.len < sizeof start - 1 ? r->line.len : sizeof start - 1;
    return len == 0 || memcmp(r->line.data, start, len) == 0;
}

static enum response_event read_status(struct response_reader *r, const char *bytes, size_t len,
                                       size_t *used, struct bosa_error *err)
{
    struct piece line = {NULL, 0};
    enum line how = take_line(r, bytes, len, used, &line);
    if (how == LINE_MORE) {
        return may_be_status_line(r) ? RESPONSE_MORE : refuse(err, "no HTTP/1.1 status line");
    }
    if (how != LINE_WHOLE) {
        return refuse_line(err, how);
    }
    if (!is_status_line(&line) || has_odd_byte(&line)) {
        return refuse(err, "no HTTP/1.1 status line");
    }
    r->old = line.bytes[7] == '0';
    r->status = (line.bytes[9] - '0') * 100 + (line.bytes[10] - '0') * 10 + (line.bytes[11] - '0');
    buf_clear(&r->line);
    r->keeps = !r->old;
    r->close = r->chunked = false;
    r->length = -1;
    r->phase = PHASE_FIELDS;
    if (r->status < 100 || r->status == 101) {
        return refuse(err, r->status == 101 ? "a change to another protocol, not asked for"
                                            : "a status below 100");
    }
    return RESPONSE_STATUS;
}

/* ---- fields that frame the message ---- */

static enum response_event read_length(struct response_reader *r, struct piece value,
                                       struct bosa_error *err)
{
    const char *end = value.bytes + value.len;
    for (const char *p = value.bytes; p <= end; p++) { /* each of a list: equal ones are one */
        int64_t length = 0;
        while (p < end && text_is_blank(*p)) {
            p++;
        }
        const char *digits = p;
        for (; p < end && text_is_digit(*p); p++) {
            if (length > (INT64_MAX - 9) / 10) {
                return refuse(err, "a Content-Length that is too large");
            }
            length = length * 10 + (*p - '0');
        }
        bool none = p == digits;
        while (p < end && text_is_blank(*p)) {
            p++;
        }
        if (none || (p < end && *p != ',')) {
            return refuse(err, "a Content-Length that is no number");
        }
        if (r->length >= 0 && r->length != length) {
            return refuse(err, "two Content-Lengths that differ");
        }
        r->length = length;
    }
    return RESPONSE_FIELD;
}

/* True when the comma-separated list has this word. */
static bool has_word(struct piece list, const char *word)
{
    const char *end = list.bytes + list.len;
    for (const char *p = list.bytes; p < end; p++) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma ? comma : end;
        while (p < stop && text_is_blank(*p)) {
            p++;
        }
        const char *last = stop;
        while (last > p && text_is_blank(last[-1])) {
            last--;
        }
        if (http_same(p, (size_t)(last - p), word, strlen(word))) {
            return true;
        }
        p = stop;
    }
    return false;
}

static enum response_event read_coding(struct response_reader *r, struct piece value,
                                       struct bosa_error *err)
{
    if (r->chunked || !http_same(value.bytes, value.len, "chunked", 7)) {
        return refuse(err, "a transfer coding that was not asked for");
    }
    r->chunked = true;
    return RESPONSE_FIELD;
}

/* Of the other fields nothing is looked at here. */
static enum response_event read_framing(struct response_reader *r, struct piece name,
                                        struct piece value, struct bosa_error *err)
{
    if (http_same(name.bytes, name.len, "Content-Length", 14)) {
        return read_length(r, value, err);
    }
    if (http_same(name.bytes, name.len, "Transfer-Encoding", 17)) {
        return read_coding(r, value, err);
    }
    if (http_same(name.bytes, name.len, "Connection", 10)) {
        r->close = r->close || has_word(value, "close");
        r->keeps = r->keeps || has_word(value, "keep-alive");
    }
    return RESPONSE_FIELD;
}

static enum response_event read_field(struct response_reader *r, const struct piece *line,
                                      struct bosa_error *err)
{
    const char *colon = memchr(line->bytes, ':', line->len);
    if (has_odd_byte(line)) {
        return refuse(err, "a carriage return or NUL within a header line");
    }
    if (!colon) {
        return refuse(err, "a header line without a colon");
    }
    struct piece name = {line->bytes, (size_t)(colon - line->bytes)};
    const char *value = colon + 1, *end = line->bytes + line->len;
    if (name.len == 0 || text_is_blank(name.bytes[name.len - 1])) {
        return refuse(err, "white space before the colon of a header line");
    }
    while (value < end && text_is_blank(*value)) {
        value++;
    }
    while (end > value && text_is_blank(end[-1])) {
        end--;
    }
    return read_framing(r, name, (struct piece){value, (size_t)(end - value)}, err);
}

/* ---- header section ---- */

/*
 * The empty line: which kind of content follows. HTTP/1.0 knows no chunks, so whoever forwarded
 * them may not know where they end, and the connection is not kept.
 */
static enum response_event end_fields(struct response_reader *r, struct bosa_error *err)
{
    if (r->status < 200) {
        r->phase = PHASE_STATUS;
        return RESPONSE_CONTENT;
    }
    r->keeps = r->keeps && !r->close && !(r->old && r->chunked);
    if (r->chunked && r->length >= 0) {
        return refuse(err, "both Content-Length and Transfer-Encoding");
    }
    if (r->status == 204 || r->status == 304) {
        r->phase = PHASE_END;
    } else if (r->chunked) {
        r->phase = PHASE_CHUNK_SIZE;
    } else if (r->length >= 0) {
        r->left = (uint64_t)r->length;
        r->phase = r->left > 0 ? PHASE_LENGTH : PHASE_END;
    } else {
        r->keeps = false;
        r->phase = PHASE_CLOSE;
    }
    return RESPONSE_CONTENT;
}

/* Gives the field line that waited to see whether the next one is folded. */
static enum response_event give_waiting(struct response_reader *r, struct piece *piece,
                                        struct bosa_error *err)
{
    *piece = trim(r->line.data, r->line.len);
    r->line_waits = false;
    r->line.len = 0; /* its bytes stay until the next call */
    return read_field(r, piece, err);
}

/* Goes on with a line that is folded: its end and the white space after it become one space. */
static void unfold(struct response_reader *r)
{
    struct piece line = trim(r->line.data, r->line.len);
    r->line.len = line.len;
    buf_addc(&r->line, ' ');
    r->line_waits = false;
}

/* A line is only whole when the first byte of the next is known, but for the empty one. */
static enum response_event read_header_line(struct response_reader *r, const char *bytes,
                                            size_t len, size_t *used, struct piece *piece,
                                            struct bosa_error *err)
{
    if (r->line_waits) {
        if (!text_is_blank(bytes[0])) {
            return give_waiting(r, piece, err);
        }
        unfold(r);
    } else if (r->line.len == 0 && text_is_blank(bytes[0])) {
        return refuse(err, "a folded line without a header line before it");
    }
    enum line how = take_line(r, bytes, len, used, piece);
    if (how != LINE_WHOLE) {
        return how == LINE_MORE ? RESPONSE_MORE : refuse_line(err, how);
    }
    if (piece->len == 0) {
        buf_clear(&r->line);
        return end_fields(r, err);
    }
    if (*used < len && r->line.len == 0 && !text_is_blank(bytes[*used])) {
        return read_field(r, piece, err);
    }
    if (r->line.len == 0) {
        how = keep(r, bytes, *used - 1); /* with its CR, as a line that came in parts */
        if (how != LINE_MORE) {
            return refuse_line(err, how);
        }
    }
    r->line_waits = true;
    return RESPONSE_MORE;
}

/* ---- content ---- */

/* "SIZE[;extension]" in hexadecimal. */
static enum response_event read_chunk_size(struct response_reader *r, const struct piece *line,
                                           struct bosa_error *err)
{
    uint64_t size = 0;
    size_t i = 0;
    for (; i < line->len && text_hex(line->bytes[i]) >= 0; i++) {
        if (size > UINT64_MAX >> 5) {
            return refuse(err, "a chunk size that is too large");
        }
        size = size * 16 + (uint64_t)text_hex(line->bytes[i]);
    }
    bool none = i == 0;
    while (i < line->len && text_is_blank(line->bytes[i])) {
        i++;
    }
    if (none || (i < line->len && line->bytes[i] != ';') || has_odd_byte(line)) {
        return refuse(err, "a chunk size that is no number");
    }
    r->left = size;
    r->phase = size > 0 ? PHASE_CHUNK : PHASE_TRAILERS;
    return RESPONSE_MORE;
}

/* Trailers are read past: nobody asked for them. */
static enum response_event read_trailer(struct response_reader *r, const struct piece *line,
                                        struct bosa_error *err)
{
    r->trailer_bytes += line->len;
    if (line->len == 0) {
        r->phase = PHASE_END;
        return RESPONSE_END;
    }
    return r->trailer_bytes <= RESPONSE_MAX_TRAILER_BYTES && !has_odd_byte(line)
               ? RESPONSE_MORE
               : refuse(err, "trailers that are too large or have a carriage return within");
}

/* A line between chunks or after them. */
static enum response_event read_chunk_line(struct response_reader *r, const char *bytes, size_t len,
                                           size_t *used, struct bosa_error *err)
{
    struct piece line = {NULL, 0};
    enum response_event event = RESPONSE_MORE;
    enum line how = take_line(r, bytes, len, used, &line);
    if (how != LINE_WHOLE) {
        return how == LINE_MORE ? RESPONSE_MORE : refuse_line(err, how);
    }
    if (r->phase == PHASE_CHUNK_SIZE) {
        event = read_chunk_size(r, &line, err);
    } else if (r->phase == PHASE_TRAILERS) {
        event = read_trailer(r, &line, err);
    } else if (line.len > 0) {
        event = refuse(err, "a chunk that is longer than its size");
    } else {
        r->phase = PHASE_CHUNK_SIZE;
    }
    buf_clear(&r->line);
    return event;
}

static enum response_event give_content(const struct response_reader *r, const char *bytes,
                                        size_t len, struct piece *piece)
{
    bool bounded = r->phase != PHASE_CLOSE;
    *piece = (struct piece){bytes, bounded && len > r->left ? (size_t)r->left : len};
    return RESPONSE_DATA;
}

void response_took(struct response_reader *reader, size_t len)
{
    if (reader->phase == PHASE_CLOSE) {
        return;
    }
    reader->left -= len;
    if (reader->left == 0) {
        reader->phase = reader->phase == PHASE_CHUNK ? PHASE_CHUNK_END : PHASE_END;
    }
}

/* ---- the whole ---- */

static enum response_event step(struct response_reader *r, const char *bytes, size_t len,
                                size_t *used, struct piece *piece, struct bosa_error *err)
{
    switch (r->phase) {
    case PHASE_STATUS:
        return read_status(r, bytes, len, used, err);
    case PHASE_FIELDS:
        return read_header_line(r, bytes, len, used, piece, err);
    case PHASE_LENGTH:
    case PHASE_CHUNK:
    case PHASE_CLOSE:
        return give_content(r, bytes, len, piece);
    case PHASE_END:
        return RESPONSE_END;
    default:
        return read_chunk_line(r, bytes, len, used, err);
    }
}

enum response_event response_next(struct response_reader *reader, const char *bytes, size_t len,
                                  size_t *used, struct piece *piece, struct bosa_error *err)
{
    enum response_event event = RESPONSE_MORE;
    *used = 0;
    while (event == RESPONSE_MORE && *used < len) {
        size_t part = 0;
        reader->any = true;
        event = step(reader, bytes + *used, len - *used, &part, piece, err);
        *used += part;
    }
    return event == RESPONSE_MORE && reader->phase == PHASE_END ? RESPONSE_END : event;
}

bool response_closed(struct response_reader *reader)
{
    reader->keeps = false;
    if (reader->phase == PHASE_CLOSE) {
        reader->phase = PHASE_END;
    }
    return reader->phase == PHASE_END;
}
