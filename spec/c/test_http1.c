/* http1: requests to bytes, and answers from bytes, however they are cut. */
#include "http/header_fields.h"
#include "http/http1.h"
#include "net_fixture.h"

struct answer {
    const char *text; /* as received */
    size_t len;       /* 0: strlen */
    int status;       /* of the final answer; 0: refused */
    const char *body; /* as JSON or text, as far as reply keeps it; NULL: not looked at */
    bool keep_alive;
    bool closed; /* the other side closes behind it */
};

#define JSON_TYPE "Content-Type: application/json\r\n"

static const struct answer answers[] = {
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
    /* refused */
    {"HTTP/2 200 OK\r\n\r\n", 0, 0, NULL, false, false},
    {"SSH-2.0-OpenSSH_9.2\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 20x OK\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 999 OK\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 0, 0, NULL,
     false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 0, 0, NULL, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n", 0, 0, NULL, false,
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

static const struct reply_options options = {1 << 20, SINK_MEMORY, NULL};

/* Feeds an answer cut into pieces of `step` bytes. */
static enum bosa_status feed(struct http1 *reader, struct reply *reply, const char *text,
                             size_t len, size_t step, struct bosa_error *err)
{
    for (size_t at = 0; at < len && reader->phase != HTTP1_DONE; at += step) {
        size_t part = len - at < step ? len - at : step, used = 0;
        enum bosa_status status = http1_read(reader, reply, text + at, part, &used, err);
        if (status != BOSA_OK) {
            return status;
        }
        assert_true(used == part || reader->phase == HTTP1_DONE);
    }
    return BOSA_OK;
}

static void try_answer(const struct answer *a, size_t step)
{
    struct http1 reader;
    struct reply reply;
    struct bosa_error err;
    size_t len = a->len ? a->len : strlen(a->text);
    error_init(&err);
    http1_init(&reader);
    assert_int_equal(reply_init(&reply, &options), BOSA_OK);
    enum bosa_status status = feed(&reader, &reply, a->text, len, step, &err);
    if (a->status == 0) {
        assert_int_equal(status, BOSA_PROTOCOL);
    } else {
        assert_int_equal(status, BOSA_OK);
        assert_int_equal(reader.phase == HTTP1_DONE, !a->closed);
        if (a->closed) {
            assert_int_equal(http1_closed(&reader, &err), BOSA_OK);
        }
        assert_int_equal(reply.status, a->status);
        assert_int_equal(reader.keep_alive, a->keep_alive);
        assert_int_equal(reply_end(&reply, &err), BOSA_OK);
        if (a->body) {
            struct buf text;
            buf_init(&text);
            assert_int_equal(json_write(&text, &reply.doc, 0, &err), BOSA_OK);
            assert_int_equal(text.len, strlen(a->body));
            assert_memory_equal(text.data, a->body, text.len);
            buf_free(&text);
        }
    }
    error_clear(&err);
    http1_free(&reader);
    reply_free(&reply);
}

static void an_answer_is_read_however_it_is_cut(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        size_t len = answers[i].len ? answers[i].len : strlen(answers[i].text);
        for (size_t step = 1; step <= len; step++) {
            try_answer(&answers[i], step);
        }
    }
}

static void an_answer_cut_off_is_an_error(void **unused)
{
    static const char text[] =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    (void)unused;
    for (size_t cut = 0; cut + 1 < sizeof text - 1; cut++) {
        struct http1 reader;
        struct reply reply;
        struct bosa_error err;
        error_init(&err);
        http1_init(&reader);
        assert_int_equal(reply_init(&reply, &options), BOSA_OK);
        assert_int_equal(feed(&reader, &reply, text, cut, 1, &err), BOSA_OK);
        assert_int_equal(http1_closed(&reader, &err), BOSA_CONNECTION);
        assert_int_equal(reader.received, cut);
        error_clear(&err);
        http1_free(&reader);
        reply_free(&reply);
    }
}

static void bounds_are_kept(void **unused)
{
    struct http1 reader;
    struct reply reply;
    struct bosa_error err;
    size_t used = 0, size = HTTP1_MAX_LINE + 100;
    char *line = mem_alloc(size);
    (void)unused;
    memset(line, 'a', size);
    error_init(&err);
    http1_init(&reader);
    assert_int_equal(reply_init(&reply, &options), BOSA_OK);
    assert_int_equal(http1_read(&reader, &reply, line, size, &used, &err), BOSA_PROTOCOL);
    error_clear(&err);
    http1_free(&reader);
    http1_init(&reader);
    enum bosa_status status = BOSA_OK;
    for (int i = 0; status == BOSA_OK && i < REPLY_MAX_INTERIM + 1; i++) {
        static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
        status = http1_read(&reader, &reply, interim, sizeof interim - 1, &used, &err);
    }
    assert_int_equal(status, BOSA_PROTOCOL);
    error_clear(&err);
    http1_free(&reader);
    reply_free(&reply);
    mem_free(line);
}

/* A POST with `body` (taken), as text. */
static struct buf write_request(const char *url, struct body *body, size_t piece)
{
    struct request r;
    struct bosa_error err;
    struct buf out;
    bool done = body == NULL;
    buf_init(&out);
    error_init(&err);
    request_init(&r);
    r.method = "POST";
    r.url = mem_dup(url, strlen(url));
    r.body = body;
    assert_int_equal(fields_add(&r.fields, "A", 1, "b", 1, &err), BOSA_OK);
    assert_int_equal(http1_write_head(&out, &r, &err), BOSA_OK);
    while (!done) {
        enum bosa_status status = http1_write_body(&out, body, piece, &done, &err);
        if (status == BOSA_AGAIN) {
            assert_int_equal(body_needs_input(body), 7);
            status = body_feed(body, "fed", body_done(body) < 3 ? 3 : 0);
        }
        assert_int_equal(status, BOSA_OK);
    }
    buf_addc(&out, '\0');
    request_free(&r);
    return out;
}

static void a_request_is_framed(void **unused)
{
    (void)unused;
    struct buf out = write_request("http://h.example:8080/p?q=1", NULL, 1);
    assert_string_equal(
        out.data,
        "POST /p?q=1 HTTP/1.1\r\nHost: h.example:8080\r\nA: b\r\nContent-Length: 0\r\n\r\n");
    buf_free(&out);

    struct body *bytes = body_new();
    assert_int_equal(body_add_bytes(bytes, "hello", 5), BOSA_OK);
    out = write_request("https://[::1]", bytes, 2);
    assert_string_equal(out.data,
                        "POST / HTTP/1.1\r\nHost: [::1]\r\nA: b\r\nContent-Length: 5\r\n\r\nhello");
    buf_free(&out);

    struct body *feed_body = body_new();
    assert_int_equal(body_add_feed(feed_body, 7, -1), BOSA_OK);
    out = write_request("http://h/", feed_body, 100);
    assert_string_equal(out.data,
                        "POST / HTTP/1.1\r\nHost: h\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "00000003\r\nfed\r\n0\r\n\r\n");
    buf_free(&out);
}

/* A connection with bytes that nobody asked for can't carry another request. */
static void bytes_behind_the_answer_end_keep_alive(void **unused)
{
    static const char text[] = "HTTP/1.1 200 OK\r\n" JSON_TYPE "Content-Length: 2\r\n\r\n{}more";
    struct http1 reader;
    struct reply reply;
    struct bosa_error err;
    size_t used = 0;
    (void)unused;
    error_init(&err);
    http1_init(&reader);
    assert_int_equal(reply_init(&reply, &options), BOSA_OK);
    assert_int_equal(http1_read(&reader, &reply, text, sizeof text - 1, &used, &err), BOSA_OK);
    assert_int_equal(reader.phase, HTTP1_DONE);
    assert_int_equal(used, sizeof text - 1 - strlen("more"));
    assert_false(reader.keep_alive);
    http1_free(&reader);
    reply_free(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_behind_the_answer_end_keep_alive),
        cmocka_unit_test(an_answer_is_read_however_it_is_cut),
        cmocka_unit_test(an_answer_cut_off_is_an_error),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(a_request_is_framed),
    };
    return cmocka_run_group_tests_name("http1", tests, NULL, NULL);
}
