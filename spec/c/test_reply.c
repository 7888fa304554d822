/*
 * reply: the body of a response on its way in. The header section is in test_reply_header.c, what
 * is made of an error response in test_reply_error.c.
 */
#include "base/text.h"
#include "queue_fixture.h"
#include "reply_fixture.h"

#include <unistd.h>

/* ---- where a body goes ---- */

static void an_answer_is_json_a_file_or_empty_by_its_head_and_looks(void **unused)
{
    static const struct {
        int status;
        const char *lines, *body;
        enum reply_kind kind;
    } responses[] = {
        {200, JSON_TYPE, "{\"data\":1}", REPLY_JSON},
        {201, "content-TYPE: Application/Problem+JSON; charset=utf-8", " [] ", REPLY_JSON},
        {200, JSON_TYPE "\nContent-Disposition: attachment", "{\"a\":1}", REPLY_FILE},
        {200, JSON_TYPE "\nContent-Disposition: inline; filename=x.json", "{}", REPLY_JSON},
        {200, "Content-Type: text/plain", "{\"a\":1}", REPLY_FILE},
        {200, "Content-Type: application/octet-stream", "", REPLY_FILE},
        {200, "Content-Disposition: attachment; filename=\"x\"", "", REPLY_FILE},
        {200, "Content-Disposition: attachment", "{}", REPLY_FILE},
        {200, JSON_TYPE "\nContent-Disposition: attachment", "", REPLY_FILE},
        {200, NULL, "{\"data\":1}", REPLY_JSON},
        {200, NULL, " \r\n\t [1]", REPLY_JSON},
        {200, NULL, "\"text\"", REPLY_JSON},
        {200, NULL, "-12.5", REPLY_JSON},
        {200, NULL, "true", REPLY_JSON},
        {200, NULL, "null", REPLY_JSON},
        {200, "Content-Type:", "[1]", REPLY_JSON},
        {200, NULL, "{not json}", REPLY_FILE},
        {200, NULL, "number,name\n1,a\n", REPLY_FILE},
        {200, NULL, "   \n ", REPLY_FILE},
        {200, NULL, "<html>", REPLY_FILE},
        {200, NULL, "%PDF-1.7", REPLY_FILE},
        {200, NULL, "", REPLY_EMPTY},
        {200, JSON_TYPE, "", REPLY_EMPTY},
        {204, JSON_TYPE, "", REPLY_EMPTY},
        {404, JSON_TYPE, "{\"detail\":\"Not Found\"}", REPLY_JSON},
        {500, "Content-Type: text/plain", "Internal Server Error", REPLY_TEXT},
        {500, "Content-Type: text/plain", "{\"message\":\"m\"}", REPLY_JSON},
        {500, "Content-Type: application/pdf\nContent-Disposition: attachment", "%PDF", REPLY_TEXT},
        {500, JSON_TYPE, "{\"broken", REPLY_TEXT},
        {500, NULL, "", REPLY_EMPTY},
        {302, "Content-Type: text/html\nLocation: /x", "<html>", REPLY_TEXT},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        struct reply reply;
        response(&reply, responses[i].status, responses[i].lines, responses[i].body);
        assert_int_equal(reply.kind, responses[i].kind);
        if (reply.kind == REPLY_FILE) {
            char content[64];
            size_t got;
            struct bosa_error err;
            error_init(&err);
            assert_true(reply.sink.finished);
            assert_int_equal(sink_read(&reply.sink, 0, content, 64, &got, &err), BOSA_OK);
            assert_int_equal(got, strlen(responses[i].body));
            assert_memory_equal(content, responses[i].body, got);
        } else {
            assert_int_equal(reply.sink.size, 0);
        }
        reply_free(&reply);
    }
}

/* Bytes that the sink has after `body` came in pieces of `step`, without a content type. */
static uint64_t given_on(const char *body, size_t len, size_t step)
{
    struct reply reply;
    struct bosa_error err;
    error_init(&err);
    begin_reply(&reply);
    give_head(&reply, 200, NULL);
    assert_int_equal(give_body(&reply, body, len, step, &err), BOSA_OK);
    uint64_t given = reply.sink.size;
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    assert_int_equal(reply.kind, REPLY_FILE);
    assert_int_equal(reply.sink.size, len);
    reply_free(&reply);
    return given;
}

/* So a file of any size is passed on while it comes, and what may be JSON yet waits for its end. */
static void what_can_not_be_json_goes_on_at_once(void **unused)
{
    static const struct {
        const char *body;
        size_t len;
        bool held;
    } bodies[] = {
        {"<html>", 6, false},
        {" \t\r\n <", 7, false},
        {"\0{", 2, false},
        {" \0{", 3, false},
        {"\xef\xbb{", 3, false},
        {"\xef\xbb\xbf<", 4, false},
        {"\xef\xbb\xbf\0{", 5, false},
        {"\xef\xbb\xbf\0", 4, false},
        {"\xef\xbb\xbf \0{", 6, false},
        {"\xef\xbb\xbf\xef\xbb\xbf{", 7, false},
        {" \xef\xbb\xbf{", 5, false},
        {"{x", 2, true},
        {"  [x", 4, true},
        {"\xef\xbb\xbf{x", 5, true},
        {"\xef\xbb\xbf \n\"x", 6, true},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        for (size_t step = 1; step <= bodies[i].len; step++) {
            assert_int_equal(given_on(bodies[i].body, bodies[i].len, step),
                             bodies[i].held ? 0 : bodies[i].len);
        }
    }
}

/* What stands in memory behind a piece that is all blanks decides nothing. */
static void blanks_are_looked_at_to_their_end_and_no_further(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin_reply(&reply);
    give_head(&reply, 200, NULL);
    assert_int_equal(reply_body(&reply, " \n ~", 2, &err), BOSA_OK);
    assert_int_equal(reply_body(&reply, "{}", 2, &err), BOSA_OK);
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    assert_int_equal(reply.kind, REPLY_JSON);
    reply_free(&reply);
}

static void a_status_without_a_body_has_none(void **unused)
{
    static const int statuses[] = {204, 205, 304};
    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        struct reply reply;
        struct bosa_error err;
        error_init(&err);
        begin_reply(&reply);
        give_head(&reply, statuses[i], "Content-Type: text/plain");
        assert_int_equal(reply_body(&reply, "stray", 5, &err), BOSA_OK);
        assert_int_equal(reply_end(&reply, &err), BOSA_OK);
        assert_int_equal(reply.kind, REPLY_EMPTY);
        assert_int_equal(reply.sink.size, 0);
        assert_int_equal(reply.data, JSON_NONE);
        reply_free(&reply);
    }
}

static void data_and_meta_are_the_envelopes(void **unused)
{
    struct reply reply;
    (void)unused;
    response(&reply, 200, JSON_TYPE, "{\"meta\":{\"total\":1},\"data\":[7],\"x\":0}");
    assert_int_equal(json_type(&reply.doc, reply.data), JSON_ARRAY);
    assert_int_equal(json_type(&reply.doc, reply.meta), JSON_OBJECT);
    reply_free(&reply);
    response(&reply, 200, JSON_TYPE, "{\"data\":null,\"meta\":null}");
    assert_int_equal(json_type(&reply.doc, reply.data), JSON_NULL);
    assert_int_equal(json_type(&reply.doc, reply.meta), JSON_NULL);
    reply_free(&reply);
    response(&reply, 200, JSON_TYPE, "{\"data\":1}");
    assert_int_equal(json_type(&reply.doc, reply.data), JSON_INT);
    assert_int_equal(reply.meta, JSON_NONE);
    reply_free(&reply);
}

static void what_is_no_envelope_is_itself_the_data(void **unused)
{
    static const char *const bodies[] = {"{\"meta\":{\"total\":1}}", "{}", "[{\"data\":1}]", "3"};
    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        struct reply reply;
        response(&reply, 200, JSON_TYPE, bodies[i]);
        assert_int_equal(reply.data, 0);
        assert_int_equal(reply.meta, JSON_NONE);
        reply_free(&reply);
    }
}

/* Ends a response that says it is JSON but isn't; the error is left in `err`. */
static void end_broken(const char *body, struct bosa_error *err)
{
    struct reply reply;
    begin_reply(&reply);
    give_head(&reply, 200, JSON_TYPE);
    assert_int_equal(give_body(&reply, body, strlen(body), 5, err), BOSA_OK);
    assert_int_equal(reply_end(&reply, err), BOSA_PROTOCOL);
    assert_int_equal(err->status, 200);
    reply_free(&reply);
}

static void broken_json_is_told_with_its_place(void **unused)
{
    static const char *const cut_off[] = {"{", "{\"data\":[1,2", "  ", "\"a", "tru"};
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    end_broken("{\"data\":\n  nope}", &err);
    assert_non_null(strstr(err.message, "malformed response: broken JSON: "));
    assert_non_null(strstr(err.message, "line 2, column 3"));
    for (size_t i = 0; i < sizeof cut_off / sizeof cut_off[0]; i++) {
        end_broken(cut_off[i], &err);
    }
    error_clear(&err);
}

static void the_name_of_a_file_is_taken_as_it_was_sent(void **unused)
{
    struct reply reply;
    (void)unused;
    response(&reply, 200,
             "Content-Type: text/csv\nContent-Disposition: attachment; filename=\"../a \"b\".csv\"",
             "a,b");
    assert_string_equal(reply.filename, "../a \"b\".csv");
    reply_free(&reply);
    response(&reply, 200, "Content-Type: text/csv", "a,b");
    assert_null(reply.filename);
    reply_free(&reply);
}

/* ---- bounds ---- */

/* A reply for at most `max_size` bytes of JSON whose files go to the caller. */
static void begin_small(struct reply *reply, size_t max_size, const char *lines)
{
    const struct reply_options options = {.max_size = max_size, .sink = SINK_CALLER};
    assert_int_equal(reply_init(reply, &options), BOSA_OK);
    give_head(reply, 200, lines);
}

static void json_is_bounded_by_max_response_size(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin_small(&reply, 6, JSON_TYPE);
    assert_int_equal(give_body(&reply, "[1234]", 6, 1, &err), BOSA_OK);
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    reply_reset(&reply);
    give_head(&reply, 200, JSON_TYPE);
    assert_int_equal(give_body(&reply, "[12345]", 7, 1, &err), BOSA_PROTOCOL);
    assert_int_equal(err.status, 200);
    assert_message(&err, "the response is larger than max_response_size (6 bytes)");
    reply_reset(&reply);
    give_head(&reply, 200, JSON_TYPE);
    assert_int_equal(give_body(&reply, "[12345]", 7, 7, &err), BOSA_PROTOCOL);
    assert_int_equal(reply.received, 0);
    error_clear(&err);
    reply_free(&reply);
}

static void a_file_is_not_bounded(void **unused)
{
    static const char *const heads[] = {"Content-Type: text/plain", NULL};
    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct reply reply;
        struct bosa_error err;
        struct buf out;
        error_init(&err);
        buf_init(&out);
        begin_small(&reply, 6, heads[i]);
        assert_int_equal(give_body(&reply, " \n[12345 and no JSON]", 20, 1, &err), BOSA_OK);
        assert_int_equal(reply_end(&reply, &err), BOSA_OK);
        assert_int_equal(reply.kind, REPLY_FILE);
        assert_true(take_queued(&reply.sink, &out));
        assert_int_equal(out.len, 20);
        assert_memory_equal(out.data, " \n[12345 and no JSON]", 20);
        buf_free(&out);
        reply_free(&reply);
    }
}

static void a_length_that_lies_reserves_little(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin_reply(&reply);
    give_head(&reply, 200, JSON_TYPE "\nContent-Length: 9000000000000000000");
    assert_int_equal(reply_body(&reply, "{", 1, &err), BOSA_OK);
    assert_true(reply.text.cap <= (1 << 20) + 1);
    reply_free(&reply);
}

static void the_start_of_a_long_error_answer_is_kept(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    size_t size = REPLY_MAX_ERROR_BYTES + 100000;
    char *body = malloc(size);
    (void)unused;
    error_init(&err);
    for (size_t i = 0; i + 2 <= size; i += 2) {
        memcpy(body + i, "\xC3\xA9", 2);
    }
    body[0] = 'x';
    body[1] = 'y';
    body[2] = 'z';
    memmove(body + 3, body + 4, size - 4);
    begin_reply(&reply);
    give_head(&reply, 500, "Content-Type: text/plain");
    assert_int_equal(give_body(&reply, body, size, 50000, &err), BOSA_OK);
    assert_int_equal(reply.received, size);
    assert_int_equal(reply.text.len, REPLY_MAX_ERROR_BYTES);
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    assert_int_equal(reply.kind, REPLY_TEXT);
    assert_int_equal(reply.text.len, REPLY_SHOWN_BYTES - 1);
    assert_true(text_is_utf8(reply.text.data, reply.text.len));
    reply_free(&reply);
    free(body);
}

/* ---- pausing and starting again ---- */

static void a_full_queue_takes_nothing_and_loses_nothing(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    struct buf out;
    char *piece = malloc(SINK_QUEUE_LIMIT);
    (void)unused;
    error_init(&err);
    buf_init(&out);
    memset(piece, 'p', SINK_QUEUE_LIMIT);
    begin_small(&reply, 100, "Content-Type: text/plain");
    assert_int_equal(reply_body(&reply, piece, SINK_QUEUE_LIMIT, &err), BOSA_OK);
    assert_int_equal(reply_body(&reply, "late", 4, &err), BOSA_AGAIN);
    assert_int_equal(reply.received, SINK_QUEUE_LIMIT);
    assert_true(take_queued(&reply.sink, &out));
    assert_int_equal(reply_body(&reply, "late", 4, &err), BOSA_OK);
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    assert_true(take_queued(&reply.sink, &out));
    assert_int_equal(out.len, 4);
    assert_int_equal(reply.received, SINK_QUEUE_LIMIT + 4);
    buf_free(&out);
    reply_free(&reply);
    free(piece);
}

/* What was held back is given once, also when the piece behind it has to wait. */
static void what_was_held_back_goes_before_a_piece_that_has_to_wait(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    struct buf out;
    char *held = malloc(SINK_QUEUE_LIMIT);
    (void)unused;
    error_init(&err);
    buf_init(&out);
    memset(held, ' ', SINK_QUEUE_LIMIT);
    begin_small(&reply, SINK_QUEUE_LIMIT, NULL);
    assert_int_equal(reply_body(&reply, held, SINK_QUEUE_LIMIT, &err), BOSA_OK);
    assert_int_equal(reply_body(&reply, "<html>", 6, &err), BOSA_AGAIN);
    assert_true(take_queued(&reply.sink, &out));
    assert_int_equal(out.len, SINK_QUEUE_LIMIT);
    assert_int_equal(reply_body(&reply, "<html>", 6, &err), BOSA_OK);
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    assert_true(take_queued(&reply.sink, &out));
    assert_int_equal(out.len, 6);
    assert_memory_equal(out.data, "<html>", 6);
    buf_free(&out);
    reply_free(&reply);
    free(held);
}

static void a_reset_reply_takes_another_answer(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    response(&reply, 500, "Content-Type: text/plain\nRetry-After: 3", "Internal Server Error");
    reply_reset(&reply);
    assert_int_equal(reply.status, 0);
    assert_int_equal(reply.fields.count, 0);
    assert_int_equal(reply.received, 0);
    assert_int_equal(reply.text.len, 0);
    give_head(&reply, 200, "Content-Type: a/b\nContent-Disposition: attachment; filename=x");
    assert_int_equal(reply_body(&reply, "file", 4, &err), BOSA_OK);
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    assert_string_equal(reply.filename, "x");
    reply_reset(&reply);
    assert_null(reply.filename);
    assert_int_equal(reply.sink.size, 0);
    give_head(&reply, 200, JSON_TYPE);
    assert_int_equal(reply_body(&reply, "[1]", 3, &err), BOSA_OK);
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    assert_int_equal(reply.kind, REPLY_JSON);
    assert_int_equal(json_type(&reply.doc, 0), JSON_ARRAY);
    reply_free(&reply);
}

static void a_path_is_written_for_a_file_alone(void **unused)
{
    char *dir = make_dir();
    struct reply reply;
    struct bosa_error err;
    const struct reply_options options = {
        .max_size = 1000, .sink = SINK_PATH, .output_path = in_dir(dir, "f")};
    (void)unused;
    error_init(&err);
    assert_int_equal(reply_init(&reply, &options), BOSA_OK);
    give_head(&reply, 500, "Content-Type: application/pdf");
    assert_int_equal(reply_body(&reply, "no file", 7, &err), BOSA_OK);
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    assert_int_not_equal(access(in_dir(dir, "f"), F_OK), 0);
    reply_reset(&reply);
    give_head(&reply, 200, JSON_TYPE);
    assert_int_equal(reply_body(&reply, "{}", 2, &err), BOSA_OK);
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    assert_int_not_equal(access(in_dir(dir, "f"), F_OK), 0);
    reply_reset(&reply);
    give_head(&reply, 200, "Content-Type: application/pdf");
    assert_int_equal(reply_body(&reply, "a file", 6, &err), BOSA_OK);
    assert_int_equal(reply_end(&reply, &err), BOSA_OK);
    assert_file(in_dir(dir, "f"), "a file", 6);
    reply_free(&reply);
    remove_dir(dir);
}

static void a_file_that_can_not_be_written_is_told(void **unused)
{
    struct reply reply;
    struct bosa_error err;
    const struct reply_options options = {
        .max_size = 1000, .sink = SINK_PATH, .output_path = "/dev/null/f"};
    (void)unused;
    error_init(&err);
    assert_int_equal(reply_init(&reply, &options), BOSA_OK);
    give_head(&reply, 200, "Content-Type: a/b");
    assert_int_equal(reply_body(&reply, "x", 1, &err), BOSA_FILE);
    assert_message(&err, "cannot write `/dev/null/f`: Not a directory");
    reply_free(&reply);
}

/* ---- memory ---- */

struct exchange {
    int status;
    const char *lines, *body;
};

/* Takes in a whole response, with every failure on the way. */
static enum bosa_status take_in(void *context, struct bosa_error *err)
{
    const struct exchange *exchange = context;
    const struct reply_options options = {.max_size = 1 << 20, .sink = SINK_MEMORY};
    struct reply reply;
    enum bosa_status status = reply_init(&reply, &options);
    if (status == BOSA_OK) {
        status = reply_status(&reply, exchange->status, err);
    }
    for (const char *line = exchange->lines; status == BOSA_OK && *line;) {
        size_t len = strcspn(line, "\n");
        status = reply_field(&reply, line, len, err);
        line += line[len] == '\n' ? len + 1 : len;
    }
    if (status == BOSA_OK) {
        status = give_body(&reply, exchange->body, strlen(exchange->body), 30, err);
    }
    if (status == BOSA_OK) {
        status = reply_end(&reply, err);
    }
    reply_free(&reply);
    return status;
}

static void answers_survive_a_lack_of_memory(void **unused)
{
    static const char text[] =
        "{\"data\": [1, 2, 3, \"some text that is long enough for growth\"]}";
    static struct exchange exchanges[] = {
        {200, JSON_TYPE "\nContent-Length: 70", text},
        {200, "Content-Type: text/plain\nContent-Disposition: attachment; filename=x", text},
        {200, "Date: x", text},
        {200, "Date: x", "{not json, but long enough to come in more than only one piece}"},
        {500, JSON_TYPE, text},
        {500, "Content-Type: text/html", "<html>"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof exchanges / sizeof exchanges[0]; i++) {
        assert_true(torture(take_in, &exchanges[i]) >= 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_json_a_file_or_empty_by_its_head_and_looks),
        cmocka_unit_test(what_can_not_be_json_goes_on_at_once),
        cmocka_unit_test(blanks_are_looked_at_to_their_end_and_no_further),
        cmocka_unit_test(a_status_without_a_body_has_none),
        cmocka_unit_test(data_and_meta_are_the_envelopes),
        cmocka_unit_test(what_is_no_envelope_is_itself_the_data),
        cmocka_unit_test(broken_json_is_told_with_its_place),
        cmocka_unit_test(the_name_of_a_file_is_taken_as_it_was_sent),
        cmocka_unit_test(json_is_bounded_by_max_response_size),
        cmocka_unit_test(a_file_is_not_bounded),
        cmocka_unit_test(a_length_that_lies_reserves_little),
        cmocka_unit_test(the_start_of_a_long_error_answer_is_kept),
        cmocka_unit_test(a_full_queue_takes_nothing_and_loses_nothing),
        cmocka_unit_test(what_was_held_back_goes_before_a_piece_that_has_to_wait),
        cmocka_unit_test(a_reset_reply_takes_another_answer),
        cmocka_unit_test(a_path_is_written_for_a_file_alone),
        cmocka_unit_test(a_file_that_can_not_be_written_is_told),
        cmocka_unit_test(answers_survive_a_lack_of_memory),
    };
    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
