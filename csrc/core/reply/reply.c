/*
 * The way of a response: head, body, end. Until the first byte of the body nothing is decided; a
 * response without a content type stays undecided over white space, which is held back in `text`.
 */
#include "reply/reply.h"

#include "base/mem.h"
#include "base/text.h"
#include "http/content_coding.h"
#include "http/disposition.h"
#include "http/header_fields.h"
#include "http/media_type.h"

#include <string.h>

/* bytes reserved at most on the word of a Content-Length */
#define FIRST_RESERVE ((size_t)1 << 20)
/* responses up to so many bytes are wiped: those that give a secret or a token are small */
#define SECRET_BYTES ((size_t)1 << 20)

static const char mark[] = "\xef\xbb\xbf"; /* a byte order mark */
#define MARK_BYTES (sizeof mark - 1)

/* BOSA_PROTOCOL about this response. */
static enum bosa_status malformed(const struct reply *reply, const char *what,
                                  struct bosa_error *err)
{
    enum bosa_status status = error_set(err, BOSA_PROTOCOL, "malformed response: %s", what);
    err->status = reply->status;
    return status;
}

/* Sets everything that a response changes to how it is before one. */
static void start_anew(struct reply *reply)
{
    reply->status = 0;
    reply->field_bytes = 0;
    reply->interim = 0;
    reply->kind = REPLY_EMPTY;
    reply->data = reply->meta = JSON_NONE;
    reply->filename = NULL;
    reply->received = 0;
    reply->expected = -1;
    reply->deciding = true;
    reply->sniffed = reply->to_sink = false;
}

enum bosa_status reply_init(struct reply *reply, const struct reply_options *options)
{
    memset(reply, 0, sizeof *reply);
    json_init(&reply->doc);
    buf_init(&reply->text);
    reply->max_size = options->max_size;
    reply->max_file = options->max_file;
    reply->items = options->items;
    reply->file = options->file;
    start_anew(reply);
    return sink_init(&reply->sink, options->sink, options->output_path);
}

/* The sink's kind and path stay, and so do the options: another attempt is to go the same way. */
void reply_reset(struct reply *reply)
{
    fields_free(&reply->fields);
    if (reply->doc.text_cap <= SECRET_BYTES) {
        json_wipe(&reply->doc);
    }
    json_free(&reply->doc);
    sink_reset(&reply->sink);
    buf_free(&reply->text);
    mem_free(reply->filename);
    start_anew(reply);
}

void reply_free(struct reply *reply)
{
    reply_reset(reply);
    sink_free(&reply->sink);
}

/* ---- the head ---- */

/* A proxy's response to CONNECT may come before the server's, like an informational one. */
enum bosa_status reply_status(struct reply *reply, int status, struct bosa_error *err)
{
    if (status < 100 || status > 599) {
        return malformed(reply, "a status outside of 100 to 599", err);
    }
    if (reply->received > 0) {
        return malformed(reply, "a second status line after content", err);
    }
    if (status == 101) {
        return malformed(reply, "a change to another protocol, not asked for", err);
    }
    if (status < 200 && ++reply->interim > REPLY_MAX_INTERIM) {
        return malformed(reply, "interim responses without end", err);
    }
    fields_free(&reply->fields);
    reply->field_bytes = 0;
    reply->expected = -1;
    reply->status = status;
    return BOSA_OK;
}

/* The Content-Length that tells how many bytes reply_body will get; -1: none does. */
static int64_t expected_size(const struct fields *fields)
{
    const char *length = fields_get(fields, "Content-Length");
    const char *coding = fields_get(fields, "Content-Encoding");
    int64_t size = 0;
    if (!length || *length == '\0' || coding_of(coding) != CODING_IDENTITY) {
        return -1;
    }
    for (; *length; length++) {
        if (!text_is_digit(*length) || size > (INT64_MAX - 9) / 10) {
            return -1;
        }
        size = size * 10 + (*length - '0');
    }
    return size;
}

/*
 * A field that says how long the content is was added. BOSA_PROTOCOL for a Content-Length unlike
 * one before it: which bytes are whose can't be said then (RFC 9112 6.3).
 */
static enum bosa_status note_length(struct reply *reply, bool is_length, struct bosa_error *err)
{
    const struct fields *fields = &reply->fields;
    if (is_length &&
        strcmp(fields_get(fields, "Content-Length"), fields->list[fields->count - 1].value) != 0) {
        return malformed(reply, "two Content-Lengths that differ", err);
    }
    reply->expected = expected_size(fields);
    return BOSA_OK;
}

/*
 * fields_add checks name and value; its BOSA_PARAMS would blame the caller for the server's fault.
 */
enum bosa_status reply_field(struct reply *reply, const char *line, size_t len,
                             struct bosa_error *err)
{
    const char *colon = len > 0 ? memchr(line, ':', len) : NULL;
    if (len > 0 && text_is_blank(line[0])) {
        return malformed(reply, "a header field is folded over lines", err);
    }
    if (!colon) {
        return malformed(reply, "a header line without a colon", err);
    }
    if (reply->fields.count >= REPLY_MAX_FIELDS ||
        len > REPLY_MAX_FIELD_BYTES - reply->field_bytes) {
        return malformed(reply, "a header section that is too large", err);
    }
    size_t name_len = (size_t)(colon - line);
    enum bosa_status status =
        fields_add(&reply->fields, line, name_len, colon + 1, len - name_len - 1, err);
    if (status == BOSA_PARAMS) {
        return malformed(reply, "a header field with characters that it can't have", err);
    }
    if (status != BOSA_OK) {
        return status;
    }
    reply->field_bytes += len;
    bool is_length = http_same(line, name_len, "Content-Length", 14);
    return is_length || http_same(line, name_len, "Content-Encoding", 16)
               ? note_length(reply, is_length, err)
               : BOSA_OK;
}

/* ---- the body ---- */

/* By its status alone, whatever the fields say; stray bytes are dropped. */
static bool has_no_body(int status)
{
    return status < 200 || status == 204 || status == 205 || status == 304;
}

/*
 * Bytes of a byte order mark at the start of a body of which `held` has been held back: the mark
 * may come in pieces.
 */
static size_t mark_bytes(const struct buf *held, const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < MARK_BYTES && i < held->len + len &&
           (i < held->len ? held->data[i] : bytes[i - held->len]) == mark[i]) {
        i++;
    }
    return i;
}

/* True when a JSON text can begin so. */
static bool looks_like_json(char c)
{
    return text_is_digit(c) || (c != '\0' && strchr("{[\"-tfn", c));
}

/*
 * Whether a body without a content type is JSON, by its first byte after a byte order mark and
 * white space; still deciding when nothing else has come.
 */
static void sniff(struct reply *reply, const char *bytes, size_t len)
{
    size_t held = reply->text.len, marked = mark_bytes(&reply->text, bytes, len);
    bool broken = marked > 0 && marked < MARK_BYTES && marked < held + len;
    size_t i = marked > held ? marked - held : 0;
    while (!broken && i < len && strchr(" \t\r\n", bytes[i]) && bytes[i] != '\0') {
        i++;
    }
    reply->sniffed = true;
    reply->deciding = i == len;
    reply->to_sink = i < len && (broken || !looks_like_json(bytes[i]));
}

/* Decides where the body goes by the head and, without a content type, by how it begins. */
static void decide(struct reply *reply, const char *bytes, size_t len)
{
    const char *type = fields_get(&reply->fields, "Content-Type");
    reply->deciding = false;
    if (reply->raw || reply->file ||
        disposition_is_attachment(fields_get(&reply->fields, "Content-Disposition"))) {
        reply->to_sink = true;
    } else if (type && *type != '\0') {
        reply->to_sink = !http_is_json(type);
    } else {
        sniff(reply, bytes, len);
    }
}

/* Keeps the start of an error response and lets the rest go by. */
static enum bosa_status keep_error(struct reply *reply, const char *bytes, size_t len,
                                   struct bosa_error *err)
{
    size_t room = REPLY_MAX_ERROR_BYTES - reply->text.len;
    reply->text.secret = true; /* servers repeat what they were sent */
    buf_add(&reply->text, bytes, len < room ? len : room);
    return reply->text.failed ? error_nomem(err) : BOSA_OK;
}

/* BOSA_PROTOCOL: more came than was agreed on. */
static enum bosa_status too_large(const struct reply *reply, const char *what, uint64_t limit,
                                  struct bosa_error *err)
{
    enum bosa_status status = error_set(err, BOSA_PROTOCOL, "%s is larger than %llu bytes", what,
                                        (unsigned long long)limit);
    err->status = reply->status;
    return status;
}

/* Gives bytes to the sink, after those that were held back while it was not clear what they are. */
static enum bosa_status to_sink(struct reply *reply, const char *bytes, size_t len,
                                struct bosa_error *err)
{
    if (reply->max_file > 0 && len + reply->text.len > reply->max_file - reply->sink.size) {
        return too_large(reply, "the file", reply->max_file, err);
    }
    if (reply->text.len > 0) {
        enum bosa_status status = sink_write(&reply->sink, reply->text.data, reply->text.len, err);
        if (status != BOSA_OK) {
            return status;
        }
        buf_free(&reply->text);
    }
    return sink_write(&reply->sink, bytes, len, err);
}

/*
 * Keeps JSON. What only looked like it is a file when it gets too large, since files are not
 * bounded.
 */
static enum bosa_status keep_json(struct reply *reply, const char *bytes, size_t len,
                                  struct bosa_error *err)
{
    if (len > reply->max_size || reply->text.len > reply->max_size - len) {
        if (reply->sniffed) {
            reply->deciding = false;
            reply->to_sink = true;
            return to_sink(reply, bytes, len, err);
        }
        enum bosa_status status =
            error_set(err, BOSA_PROTOCOL,
                      "the response is larger than max_response_size (%zu bytes)", reply->max_size);
        err->status = reply->status;
        return status;
    }
    if (!reply->text.data && reply->expected > 0) {
        uint64_t expected = (uint64_t)reply->expected + 1;
        buf_reserve(&reply->text, expected < FIRST_RESERVE ? (size_t)expected : FIRST_RESERVE);
    }
    reply->text.secret = reply->text.len <= SECRET_BYTES;
    buf_add(&reply->text, bytes, len);
    return reply->text.failed ? error_nomem(err) : BOSA_OK;
}

/* BOSA_AGAIN comes from the sink, which took nothing of the piece then. */
enum bosa_status reply_body(struct reply *reply, const char *bytes, size_t len,
                            struct bosa_error *err)
{
    enum bosa_status status;
    if (len == 0 || has_no_body(reply->status)) {
        return BOSA_OK;
    }
    if (reply->status >= 300 && !reply->raw) {
        status = keep_error(reply, bytes, len, err);
    } else {
        if (reply->deciding) {
            decide(reply, bytes, len);
        }
        status =
            reply->to_sink ? to_sink(reply, bytes, len, err) : keep_json(reply, bytes, len, err);
    }
    if (status == BOSA_OK) {
        reply->received += len;
    }
    return status;
}

/* ---- the end ---- */

/* An object with `data` is an envelope, and where a list is asked for one with `items`; anything
 * else is itself the data. */
static void open_envelope(struct reply *reply)
{
    uint32_t data = json_member(&reply->doc, 0, "data");
    if (data == JSON_NONE && reply->items) {
        data = json_member(&reply->doc, 0, "items");
    }
    reply->kind = REPLY_JSON;
    reply->data = data == JSON_NONE ? 0 : data;
    reply->meta = data == JSON_NONE ? JSON_NONE : json_member(&reply->doc, 0, "meta");
}

/* What was held back goes to the sink first, should nothing have pushed it there before. */
static enum bosa_status end_file(struct reply *reply, struct bosa_error *err)
{
    const char *disposition = fields_get(&reply->fields, "Content-Disposition");
    if (disposition && disposition_filename(disposition, &reply->filename) != BOSA_OK) {
        return error_nomem(err);
    }
    enum bosa_status status = to_sink(reply, "", 0, err);
    if (status == BOSA_OK) {
        status = sink_finish(&reply->sink, err);
    }
    if (status == BOSA_OK) {
        reply->kind = REPLY_FILE;
    }
    return status;
}

/*
 * Parses what was taken for JSON without being told so; a copy, because it may turn out to be a
 * file. Bytes that are no UTF-8 make it one: JSON has none.
 */
static enum bosa_status end_sniffed(struct reply *reply, struct bosa_error *err)
{
    char *copy = mem_dup(reply->text.data, reply->text.len);
    if (!copy) {
        return error_nomem(err);
    }
    enum bosa_status status = text_is_utf8(copy, reply->text.len)
                                  ? json_parse_lenient(&reply->doc, copy, reply->text.len, err)
                                  : json_parse(&reply->doc, copy, reply->text.len, err);
    if (status == BOSA_PROTOCOL) {
        error_clear(err);
        json_free(&reply->doc);
        return end_file(reply, err);
    }
    if (status == BOSA_OK) {
        buf_free(&reply->text);
        open_envelope(reply);
    }
    return status;
}

/* Parses the bytes where they are. */
static enum bosa_status end_json(struct reply *reply, struct bosa_error *err)
{
    size_t len;
    char *text = buf_take(&reply->text, &len);
    if (!text) {
        return error_nomem(err);
    }
    enum bosa_status status = json_parse_lenient(&reply->doc, text, len, err);
    if (status == BOSA_OK) {
        open_envelope(reply);
    } else if (status == BOSA_PROTOCOL) {
        status = error_set(err, BOSA_PROTOCOL, "malformed response: broken JSON: %s", err->message);
        err->status = reply->status;
    }
    return status;
}

/* Secrets that the server repeats go before the text is cut or its escapes are undone. */
static bool mask_secrets(const struct reply *reply, char *text, size_t *len)
{
    bool failed = false;
    if (reply->secrets) {
        *len = secrets_mask(reply->secrets, text, *len, true, &failed);
    }
    return !failed;
}

/* Of an error response the start stays as it came, and the whole becomes a document if it is one.
 */
static enum bosa_status end_error(struct reply *reply, struct bosa_error *err)
{
    size_t len;
    char *whole = buf_take(&reply->text, &len);
    if (!whole) {
        return error_nomem(err);
    }
    if (!mask_secrets(reply, whole, &len)) {
        mem_free(whole);
        return error_nomem(err);
    }
    buf_add(&reply->text, whole, text_cut(whole, len, REPLY_SHOWN_BYTES));
    if (reply->text.failed) {
        mem_free(whole);
        return error_nomem(err);
    }
    enum bosa_status status = json_parse_lenient(&reply->doc, whole, len, err);
    if (status == BOSA_OK) {
        open_envelope(reply);
    } else if (status == BOSA_PROTOCOL) {
        error_clear(err);
        json_free(&reply->doc);
        reply->kind = REPLY_TEXT;
        status = BOSA_OK;
    }
    return status;
}

/* An empty response is a file only when its head says so. */
static enum bosa_status end_body(struct reply *reply, struct bosa_error *err)
{
    if (has_no_body(reply->status)) {
        return BOSA_OK;
    }
    if (reply->status >= 300 && !reply->raw) {
        return reply->received > 0 ? end_error(reply, err) : BOSA_OK;
    }
    if (reply->received == 0) {
        decide(reply, "", 0);
    }
    if (reply->to_sink) {
        return end_file(reply, err);
    }
    if (reply->received == 0) {
        return BOSA_OK;
    }
    return reply->sniffed ? end_sniffed(reply, err) : end_json(reply, err);
}

/* Where no file came, the one that was opened for it is let go of now: who reads from a FIFO waits.
 */
enum bosa_status reply_end(struct reply *reply, struct bosa_error *err)
{
    if (reply->status < 200) {
        return malformed(reply, "it ends before its status line", err);
    }
    enum bosa_status status = end_body(reply, err);
    if (status == BOSA_OK && reply->sink.kind == SINK_PATH && reply->kind != REPLY_FILE) {
        sink_close(&reply->sink);
    }
    return status;
}
