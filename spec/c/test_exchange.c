/* exchange: requests to bytes, and responses from bytes, however they are cut. */
#include "call/exchange.h"
#include "http/header_fields.h"
#include "mem_torture.h"
#include "net_fixture.h"
#include "queue_fixture.h"

#include <zlib.h>

struct response {
    const char *text; /* as received */
    size_t len;       /* 0: strlen */
    int status;       /* of the final response; 0: refused */
    const char *body; /* as JSON or text, as far as reply keeps it; NULL: not looked at */
    bool keeps;       /* the connection may serve again */
    bool closed;      /* the other side closes after it */
};

#define JSON_TYPE "Content-Type: application/json\r\n"

static const struct response responses[] = {
    {"HTTP/1.1 200 OK\r\n" JSON_TYPE "Content-Length: 7\r\n\r\n[1,2,3]", 0, 200, "[1,2,3]", true,
     false},
    {"HTTP/1.1 200\r\n" JSON_TYPE "content-length: 2\r\n\r\n{}", 0, 200, "{}", true, false},
    {"HTTP/1.1 200 OK\n" JSON_TYPE "Content-Length: 2\n\n{}", 0, 200, "{}", true, false},
    {"HTTP/1.1 200 OK\r\n" JSON_TYPE
     "Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n4;x=y\r\n2,3]\r\n0\r\n\r\n",
     0, 200, "[1,2,3]", true, false},
    {"HTTP/1.1 200 OK\r\n" JSON_TYPE
     "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n",
     0, 200, "{}", true, false},
    {"HTTP/1.1 200 OK\r\n" JSON_TYPE "\r\n[true]", 0, 200, "[true]", false, true},
    {"HTTP/1.0 200 OK\r\n" JSON_TYPE "Content-Length: 2\r\n\r\n{}", 0, 200, "{}", false, false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" JSON_TYPE "Content-Length: 2\r\n\r\n{}", 0,
     200, "{}", true, false},
    {"HTTP/1.1 200 OK\r\nConnection: x, Close\r\n" JSON_TYPE "Content-Length: 2\r\n\r\n{}", 0, 200,
     "{}", false, false},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\n" JSON_TYPE
     "Content-Length: 2\r\n\r\n{}",
     0, 200, "{}", false, false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" JSON_TYPE
     "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
     0, 200, "{}", false, false},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n", 0,
     204, NULL, true, false},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 0, 304, NULL, true, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n" JSON_TYPE "\r\n{}", 0, 200,
     "{}", true, false},
    {"HTTP/1.2 200 OK\r\n" JSON_TYPE "Content-Length: 2\r\n\r\n{}", 0, 200, "{}", true, false},
    {"HTTP/1.1 200 OK\r\n" JSON_TYPE "Content-Length: 2, 2\r\n\r\n{}", 0, 200, "{}", true, false},
    {"HTTP/1.1 200 OK\r\n" JSON_TYPE "Content-Length:\r\n\t 2\r\nA: b\r\n folded\r\n\r\n{}", 0, 200,
     "{}", true, false},
    {"HTTP/1.1 200 OK\r\n" JSON_TYPE "Content-Encoding: utf-8\r\nContent-Length: 2\r\n\r\n{}", 0,
     200, "{}", true, false},
    {"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n", 0, 204, NULL, true, false},
    {"HTTP/1.1 401 No\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
     401, NULL, true, false},
    {"HTTP/1.1 401 No\r\nContent-Encoding: gzip\r\n\r\n", 0, 401, NULL, false, true},
    {"HTTP/1.1 500 Oops\r\n" JSON_TYPE "Content-Length: 2\r\n\r\n{}", 0, 500, "{}", false, false},
    /* refused */
    {"HTTP/2 200 OK\r\n\r\n", 0, 0, NULL, false, false},
    {"SSH-2.0-OpenSSH_9.2\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 20x OK\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 999 OK\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\n folded\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n 1\r\n\r\n{}", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\n: b\r\n\r\n", 0, 0, NULL, false, false},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nA: b\r\r\nContent-Length: 2\r\n\r\n{}", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n{}", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2 a\r\n\r\n{}", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n{}", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2,\r\n\r\n{}", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n{}", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 0, 0,
     NULL, false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n", 0, 0, NULL,
     false, false},
    {"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 0, 0, NULL,
     false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n", 0, 0, NULL, false,
     false},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 2\r\n\r\n", 0, 0, NULL,
     false, false},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 0, 0, NULL, false,
     false},
    {"HTTP/1.1 200 OK\r\n" JSON_TYPE "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 0, 0, NULL, false,
     false},
    {"HTTP/1.1 200 OK\r\n" JSON_TYPE "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n", 0, 0, NULL,
     false, false},
    {"HTTP/1.1 200 OK\r\n" JSON_TYPE "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 0,
     0, NULL, false, false},
    {"HTTP/1.1 101 Switching\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nA: \0b\r\n\r\n", 26, 0, NULL, false, false},
};

static const struct reply_options options = {.max_size = 1 << 20, .sink = SINK_MEMORY};

/* A call that is only what an exchange looks at. */
struct fixture {
    struct call call;
    struct exchange x;
};

static void open_fixture(struct fixture *f, const struct reply_options *o, bool secure)
{
    memset(f, 0, sizeof *f);
    request_init(&f->call.request);
    f->call.request.method = "POST";
    f->call.request.url = mem_dup("http://h/", 9);
    assert_int_equal(reply_init(&f->call.reply, o), BOSA_OK);
    assert_int_equal(exchange_begin(&f->x, &f->call, "tester", secure), BOSA_OK);
    exchange_sent(&f->x, f->x.out.len);
}

static void close_fixture(struct fixture *f)
{
    exchange_free(&f->x);
    request_free(&f->call.request);
    reply_free(&f->call.reply);
}

/* Feeds a response cut into pieces of `step` bytes. */
static enum bosa_status feed(struct fixture *f, const char *text, size_t len, size_t step)
{
    for (size_t at = 0; at < len && !f->x.whole; at += step) {
        size_t part = len - at < step ? len - at : step, used = 0;
        enum bosa_status status = exchange_input(&f->x, text + at, part, &used);
        if (status != BOSA_OK) {
            return status;
        }
        assert_true(used == part || f->x.whole);
    }
    return BOSA_OK;
}

static void assert_body(struct fixture *f, const char *body)
{
    struct bosa_error err;
    struct buf text;
    error_init(&err);
    buf_init(&text);
    assert_int_equal(reply_end(&f->call.reply, &err), BOSA_OK);
    if (body) {
        assert_int_equal(json_write(&text, &f->call.reply.doc, 0, &err), BOSA_OK);
        assert_int_equal(text.len, strlen(body));
        assert_memory_equal(text.data, body, text.len);
    }
    buf_free(&text);
}

static void try_response(const struct response *r, size_t step)
{
    struct fixture f;
    size_t len = r->len ? r->len : strlen(r->text);
    open_fixture(&f, &options, false);
    enum bosa_status status = feed(&f, r->text, len, step);
    if (r->status == 0) {
        assert_int_equal(status, BOSA_PROTOCOL);
        assert_non_null(f.x.refusal.message);
    } else {
        assert_int_equal(status, BOSA_OK);
        assert_int_equal(f.x.whole, !r->closed);
        if (r->closed) {
            assert_true(exchange_closed(&f.x));
        }
        assert_int_equal(f.call.reply.status, r->status);
        assert_int_equal(exchange_keeps_connection(&f.x), r->keeps);
        assert_int_equal(exchange_sent_so_far(&f.x), BOSA_SENT_YES);
        assert_body(&f, r->body);
    }
    close_fixture(&f);
}

static void a_response_is_read_however_it_is_cut(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        size_t len = responses[i].len ? responses[i].len : strlen(responses[i].text);
        for (size_t step = 1; step <= len; step++) {
            try_response(&responses[i], step);
        }
    }
}

static void a_response_cut_off_is_not_whole(void **unused)
{
    static const char text[] =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    (void)unused;
    for (size_t cut = 0; cut + 1 < sizeof text - 1; cut++) {
        struct fixture f;
        open_fixture(&f, &options, false);
        assert_int_equal(feed(&f, text, cut, 1), BOSA_OK);
        assert_false(exchange_closed(&f.x));
        assert_int_equal(exchange_sent_so_far(&f.x), cut < 17 ? BOSA_SENT_MAYBE : BOSA_SENT_YES);
        assert_int_equal(f.x.bytes_down, cut);
        close_fixture(&f);
    }
}

/* Over TLS the end of the connection is no end of what doesn't tell its own. */
static void the_end_of_a_tls_connection_proves_nothing(void **unused)
{
    static const struct {
        const char *text;
        bool in_clear, over_tls;
    } rows[] = {{"HTTP/1.1 200 OK\r\n" JSON_TYPE "\r\n{}", true, true},
                {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nabc", true, false},
                {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", true, false},
                {"HTTP/1.1 200 OK\r\n" JSON_TYPE "\r\n", true, false},
                {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", true, false},
                {"HTTP/1.1 404 No\r\nContent-Encoding: gzip\r\n\r\n", true, true},
                {"HTTP/1.1 404 No\r\n" JSON_TYPE "\r\n", true, true}};
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int secure = 0; secure < 2; secure++) {
            struct fixture f;
            open_fixture(&f, &options, secure);
            assert_int_equal(feed(&f, rows[i].text, strlen(rows[i].text), 1000), BOSA_OK);
            assert_int_equal(exchange_closed(&f.x), secure ? rows[i].over_tls : rows[i].in_clear);
            close_fixture(&f);
        }
    }
}

static void bounds_are_kept(void **unused)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct fixture f;
    size_t used = 0, size = RESPONSE_MAX_LINE + 100;
    char *line = mem_alloc(size);
    (void)unused;
    memset(line, 'a', size);
    memcpy(line, "HTTP/1.1 200 ", 13);
    open_fixture(&f, &options, false);
    assert_int_equal(exchange_input(&f.x, line, size, &used), BOSA_PROTOCOL);
    close_fixture(&f);
    open_fixture(&f, &options, false);
    enum bosa_status status = BOSA_OK;
    for (int i = 0; status == BOSA_OK && i < REPLY_MAX_INTERIM + 1; i++) {
        status = exchange_input(&f.x, interim, sizeof interim - 1, &used);
    }
    assert_int_equal(status, BOSA_PROTOCOL);
    close_fixture(&f);
    open_fixture(&f, &options, false);
    static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    status = exchange_input(&f.x, chunked, sizeof chunked - 1, &used);
    for (int i = 0; status == BOSA_OK && i < 10000; i++) {
        status = exchange_input(&f.x, "Trailer: value\r\n", 16, &used);
    }
    assert_int_equal(status, BOSA_PROTOCOL);
    close_fixture(&f);
    mem_free(line);
}

/* ---- content codings ---- */

enum wrapping { GZIP = 15 + 16, ZLIB = 15, BARE = -15 };

/* Appends a compressed member. */
static void add_member(struct buf *out, const char *text, enum wrapping wrapping)
{
    unsigned char room[1024];
    z_stream z;
    memset(&z, 0, sizeof z);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, wrapping, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)text;
    z.avail_in = (uInt)strlen(text);
    z.next_out = room;
    z.avail_out = sizeof room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_add(out, room, sizeof room - z.avail_out);
    deflateEnd(&z);
}

/* Has a JSON response with this coding and content read in pieces; the status of reading it. */
static enum bosa_status read_coded(struct fixture *f, const char *coding, const struct buf *content,
                                   size_t step)
{
    struct buf text;
    buf_init(&text);
    buf_addf(&text,
             "HTTP/1.1 200 OK\r\n" JSON_TYPE "Content-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
             coding, content->len);
    buf_add(&text, content->data, content->len);
    open_fixture(f, &options, false);
    enum bosa_status status = feed(f, text.data, text.len, step);
    buf_free(&text);
    return status;
}

static void codings_are_undone(void **unused)
{
    static const struct {
        const char *coding;
        enum wrapping wrapping;
        const char *first, *second; /* members; NULL: no second */
        const char *after;          /* the last member */
    } rows[] = {{"gzip", GZIP, "[1,2,3]", NULL, ""},    {"X-GZIP", GZIP, "[1,2,3]", NULL, "\r\n"},
                {"gzip", GZIP, "[1,", "2,3]", ""},      {"gzip", GZIP, "[1,", "2,3]", "padding"},
                {"deflate", ZLIB, "[1,2,3]", NULL, ""}, {"deflate", BARE, "[1,2,3]", NULL, ""}};
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf content;
        buf_init(&content);
        add_member(&content, rows[i].first, rows[i].wrapping);
        if (rows[i].second) {
            add_member(&content, rows[i].second, rows[i].wrapping);
        }
        buf_adds(&content, rows[i].after);
        for (size_t step = 1; step < content.len + 200; step++) {
            struct fixture f;
            assert_int_equal(read_coded(&f, rows[i].coding, &content, step), BOSA_OK);
            assert_true(f.x.whole);
            assert_body(&f, "[1,2,3]");
            close_fixture(&f);
        }
        buf_free(&content);
    }
}

static void a_coding_cut_off_or_damaged_is_refused(void **unused)
{
    (void)unused;
    struct buf content;
    struct fixture f;
    buf_init(&content);
    add_member(&content, "[1,2,3]", GZIP);
    for (size_t len = content.len - 1; len > 0; len--) {
        content.len = len;
        assert_int_equal(read_coded(&f, "gzip", &content, 7), BOSA_PROTOCOL);
        close_fixture(&f);
    }
    buf_clear(&content);
    add_member(&content, "[1,2,3]", GZIP);
    content.data[12] ^= 0x55;
    assert_int_equal(read_coded(&f, "gzip", &content, 7), BOSA_PROTOCOL);
    close_fixture(&f);
    buf_free(&content);
}

/* Whichever allocation finds no memory: an exchange says so, or had no need of it. */
static void without_memory_a_response_is_whole_or_refused(void **unused)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nX: folded\r\n over\r\n" JSON_TYPE
                               "Content-Encoding: gzip\r\nConnection: close\r\n\r\n";
    struct buf text;
    bool failed = true;
    (void)unused;
    buf_init(&text);
    buf_adds(&text, head);
    add_member(&text, "[1,", GZIP);
    add_member(&text, "2,3]", GZIP);
    long live = mem_torture_live();
    for (long nth = 1; failed; nth++) {
        struct fixture f;
        open_fixture(&f, &options, false);
        mem_torture_fail_at(nth);
        enum bosa_status status = feed(&f, text.data, text.len, 7);
        bool whole = status == BOSA_OK && exchange_closed(&f.x);
        failed = mem_torture_count() >= nth;
        mem_torture_fail_at(0);
        assert_true(whole || failed);
        if (whole) {
            assert_body(&f, "[1,2,3]");
        } else {
            assert_int_equal(f.x.refusal.kind, BOSA_NOMEM);
        }
        close_fixture(&f);
        assert_int_equal(mem_torture_live(), live);
    }
    buf_free(&text);
}

/* The sink's queue fills in the middle of what one piece decodes to; nothing is lost or told twice.
 */
static void a_full_sink_stops_decoding(void **unused)
{
    static const struct reply_options to_caller = {.max_size = 1 << 20, .sink = SINK_CALLER};
    size_t size = SINK_QUEUE_LIMIT * 3, used = 0, at = 0, taken = 0;
    char *zeros = mem_zalloc(1, size + 1);
    struct buf content, chunk;
    struct fixture f;
    (void)unused;
    memset(zeros, 'z', size);
    buf_init(&content);
    buf_init(&chunk);
    buf_adds(&content, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\n"
                       "Connection: close\r\n\r\n");
    buf_reserve(&content, 4096);
    z_stream z;
    memset(&z, 0, sizeof z);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)zeros;
    z.avail_in = (uInt)size;
    z.next_out = (Bytef *)content.data + content.len;
    z.avail_out = 4096;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    content.len += 4096 - z.avail_out;
    deflateEnd(&z);
    open_fixture(&f, &to_caller, false);
    enum bosa_status status = BOSA_AGAIN;
    while (status == BOSA_AGAIN) {
        status = exchange_input(&f.x, content.data + at, content.len - at, &used);
        at += used;
        while (take_queued(&f.call.reply.sink, &chunk)) {
            taken += chunk.len;
        }
    }
    assert_int_equal(status, BOSA_OK);
    assert_int_equal(at, content.len);
    assert_true(exchange_closed(&f.x));
    assert_int_equal(taken, size);
    close_fixture(&f);
    buf_free(&content);
    buf_free(&chunk);
    mem_free(zeros);
}

/* ---- requests ---- */

/* A POST with `body` (taken), as text. */
static struct buf write_request(const char *url, struct body *body)
{
    struct call call;
    struct exchange x;
    struct bosa_error err;
    struct buf out;
    const char *bytes;
    size_t len;
    memset(&call, 0, sizeof call);
    memset(&x, 0, sizeof x);
    buf_init(&out);
    error_init(&err);
    request_init(&call.request);
    call.request.method = "POST";
    call.request.url = mem_dup(url, strlen(url));
    call.request.body = body;
    assert_int_equal(fields_add(&call.request.fields, "A", 1, "b", 1, &err), BOSA_OK);
    assert_int_equal(exchange_begin(&x, &call, "tester", false), BOSA_OK);
    for (;;) {
        enum bosa_status status = exchange_output(&x, &bytes, &len);
        if (status == BOSA_AGAIN) {
            assert_int_equal(body_needs_input(body), 7);
            assert_int_equal(body_done(body) < 3 ? body_feed(body, "fed", 3) : body_feed_end(body),
                             BOSA_OK);
            continue;
        }
        assert_int_equal(status, BOSA_OK);
        if (len == 0) {
            break;
        }
        len = len > 5 ? 5 : len;
        buf_add(&out, bytes, len);
        exchange_sent(&x, len);
    }
    assert_true(exchange_is_sent(&x));
    assert_int_equal(x.bytes_up, out.len);
    buf_addc(&out, '\0');
    exchange_free(&x);
    request_free(&call.request);
    return out;
}

#define DEFAULTS "User-Agent: tester\r\nAccept-Encoding: gzip\r\nA: b\r\n"

static void a_request_is_framed(void **unused)
{
    (void)unused;
    struct buf out = write_request("http://h.example:8080/p?q=1", NULL);
    assert_string_equal(out.data, "POST /p?q=1 HTTP/1.1\r\nHost: h.example:8080\r\n" DEFAULTS
                                  "Content-Length: 0\r\n\r\n");
    buf_free(&out);

    struct body *bytes = body_new();
    assert_int_equal(body_add_bytes(bytes, "hello", 5), BOSA_OK);
    out = write_request("https://[::1]", bytes);
    assert_string_equal(out.data, "POST / HTTP/1.1\r\nHost: [::1]\r\n" DEFAULTS
                                  "Content-Length: 5\r\n\r\nhello");
    buf_free(&out);

    struct body *feed_body = body_new();
    assert_int_equal(body_add_feed(feed_body, 7, -1), BOSA_OK);
    out = write_request("http://h/", feed_body);
    assert_string_equal(out.data, "POST / HTTP/1.1\r\nHost: h\r\n" DEFAULTS
                                  "Transfer-Encoding: chunked\r\n\r\n"
                                  "00000003\r\nfed\r\n0\r\n\r\n");
    buf_free(&out);
}

/* What may be a secret stays where it is written, and is wiped there. */
static void a_request_is_written_without_moving(void **unused)
{
    static const size_t sizes[] = {0,      1, 3000, EXCHANGE_PIECE_BYTES - 1, EXCHANGE_PIECE_BYTES,
                                   1 << 20};
    (void)unused;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct call call;
        struct exchange x;
        struct bosa_error err;
        struct buf content;
        error_init(&err);
        memset(&call, 0, sizeof call);
        memset(&x, 0, sizeof x);
        buf_init(&content);
        request_init(&call.request);
        call.request.method = "POST";
        call.request.url = mem_dup("http://h/", 9);
        assert_int_equal(fields_add(&call.request.fields, "A", 1, "b", 1, &err), BOSA_OK);
        buf_reserve(&content, sizes[i] + 1);
        memset(content.data, 'x', sizes[i]);
        content.len = sizes[i];
        call.request.body = body_new();
        assert_int_equal(body_add_buf(call.request.body, &content), BOSA_OK);
        mem_torture_fail_at(0);
        assert_int_equal(exchange_begin(&x, &call, "tester", false), BOSA_OK);
        assert_int_equal(mem_torture_count(), 1);
        exchange_free(&x);
        request_free(&call.request);
    }
}

/* A connection with bytes that nobody asked for can't carry another request. */
static void bytes_after_the_response_end_keep_alive(void **unused)
{
    static const char text[] = "HTTP/1.1 200 OK\r\n" JSON_TYPE "Content-Length: 2\r\n\r\n{}more";
    struct fixture f;
    size_t used = 0;
    (void)unused;
    open_fixture(&f, &options, false);
    assert_int_equal(exchange_input(&f.x, text, sizeof text - 1, &used), BOSA_OK);
    assert_true(f.x.whole);
    assert_int_equal(used, sizeof text - 1 - strlen("more"));
    assert_false(exchange_keeps_connection(&f.x));
    close_fixture(&f);
}

/* A response that is whole before its request was sent ends the connection. */
static void an_early_response_ends_keep_alive(void **unused)
{
    static const char text[] = "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n";
    struct fixture f;
    size_t used = 0;
    (void)unused;
    open_fixture(&f, &options, false);
    f.x.out_at -= 3;
    assert_int_equal(exchange_input(&f.x, text, sizeof text - 1, &used), BOSA_OK);
    assert_true(f.x.whole);
    assert_false(exchange_keeps_connection(&f.x));
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_is_read_however_it_is_cut),
        cmocka_unit_test(a_response_cut_off_is_not_whole),
        cmocka_unit_test(the_end_of_a_tls_connection_proves_nothing),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(codings_are_undone),
        cmocka_unit_test(a_coding_cut_off_or_damaged_is_refused),
        cmocka_unit_test(without_memory_a_response_is_whole_or_refused),
        cmocka_unit_test(a_full_sink_stops_decoding),
        cmocka_unit_test(a_request_is_framed),
        cmocka_unit_test(a_request_is_written_without_moving),
        cmocka_unit_test(bytes_after_the_response_end_keep_alive),
        cmocka_unit_test(an_early_response_ends_keep_alive),
    };
    return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
