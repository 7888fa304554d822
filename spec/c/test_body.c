/* body: segments of bytes, files and feeds, read in pieces. */
#include "net_fixture.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "request/body.h"

/* Reads up to the end in pieces of `step`, and fails the test where that is not `expected`. */
static void assert_reads(struct body *body, size_t step, const char *expected)
{
    char *text = malloc(strlen(expected) + step + 1);
    size_t len = 0, got;
    struct bosa_error err;
    error_init(&err);
    do {
        assert_int_equal(body_read(body, text + len, step, &got, &err), BOSA_OK);
        assert_true(got <= step);
        len += got;
        assert_int_equal(body_done(body), len);
        assert_true(len <= strlen(expected));
    } while (got > 0);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text, expected, len);
    assert_int_equal(body_needs_input(body), BODY_NO_FEED);
    free(text);
}

/* The body that most tests use: bytes, a file, bytes. */
static struct body *mixed_body(const char *path)
{
    struct body *body = body_new();
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(body_add_bytes(body, "<", 1), BOSA_OK);
    assert_int_equal(body_add_path(body, path, &err), BOSA_OK);
    assert_int_equal(body_add_bytes(body, "", 0), BOSA_OK);
    assert_int_equal(body_add_bytes(body, ">", 1), BOSA_OK);
    return body;
}

static void an_empty_body_ends_at_once(void **unused)
{
    struct body *body = body_new();
    size_t len;
    (void)unused;
    assert_int_equal(body_length(body), 0);
    assert_null(body_bytes(body, &len));
    assert_reads(body, 8, "");
    body_free(body);
    body_free(NULL);
}

static void bytes_alone_can_be_seen_in_place(void **unused)
{
    struct body *body = body_new();
    size_t len;
    (void)unused;
    assert_int_equal(body_add_bytes(body, "a\0b", 3), BOSA_OK);
    assert_int_equal(body_length(body), 3);
    assert_memory_equal(body_bytes(body, &len), "a\0b", 3);
    assert_int_equal(len, 3);
    assert_int_equal(body_add_bytes(body, "c", 1), BOSA_OK);
    assert_null(body_bytes(body, &len));
    assert_int_equal(body_length(body), 4);
    body_free(body);
}

static void no_bytes_at_all_can_be_seen_too(void **unused)
{
    struct body *body = body_new();
    size_t len = 9;
    (void)unused;
    assert_int_equal(body_add_bytes(body, "", 0), BOSA_OK);
    assert_non_null(body_bytes(body, &len));
    assert_int_equal(len, 0);
    body_free(body);
}

static void a_buffer_is_moved_without_a_copy(void **unused)
{
    struct body *body = body_new();
    struct buf bytes;
    size_t len;
    (void)unused;
    buf_init(&bytes);
    buf_adds(&bytes, "moved");
    const char *data = bytes.data;
    assert_int_equal(body_add_buf(body, &bytes), BOSA_OK);
    assert_null(bytes.data);
    assert_ptr_equal(body_bytes(body, &len), data);
    bytes.failed = true;
    assert_int_equal(body_add_buf(body, &bytes), BOSA_NOMEM);
    assert_int_equal(body_length(body), 5);
    body_free(body);
}

static void segments_are_read_in_order_in_pieces_of_any_size(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    (void)unused;
    write_file(path, "file content", 12);
    for (size_t step = 1; step < 20; step++) {
        struct body *body = mixed_body(path);
        struct bosa_error err;
        error_init(&err);
        assert_int_equal(body_length(body), 14);
        assert_reads(body, step, "<file content>");
        assert_int_equal(body_rewind(body, &err), BOSA_OK);
        assert_int_equal(body_done(body), 0);
        assert_reads(body, step, "<file content>");
        body_free(body);
    }
    remove_dir(dir);
}

static void a_file_is_read_from_its_start_after_a_rewind_half_way(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    char out[4];
    size_t got;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    write_file(path, "file content", 12);
    struct body *body = mixed_body(path);
    assert_int_equal(body_read(body, out, 4, &got, &err), BOSA_OK);
    assert_int_equal(body_rewind(body, &err), BOSA_OK);
    assert_reads(body, 5, "<file content>");
    body_free(body);
    remove_dir(dir);
}

static void a_file_that_is_none_is_refused_when_it_is_added(void **unused)
{
    char *dir = make_dir();
    struct body *body = body_new();
    struct bosa_error err;
    char expected[600];
    (void)unused;
    error_init(&err);
    assert_int_equal(body_add_path(body, in_dir(dir, "report.pdf"), &err), BOSA_FILE);
    snprintf(expected, sizeof expected, "cannot open `%s/report.pdf`: No such file or directory",
             dir);
    assert_string_equal(err.cause, "No such file or directory");
    assert_message(&err, expected);
    assert_int_equal(body_add_path(body, dir, &err), BOSA_FILE);
    snprintf(expected, sizeof expected, "cannot read `%s`: Is a directory", dir);
    assert_message(&err, expected);
    assert_int_equal(body_length(body), 0);
    body_free(body);
    remove_dir(dir);
}

/* stat says 0 for these, and they aren't empty. */
static void a_file_of_unknown_size_is_read_to_its_end(void **unused)
{
    static const char path[] = "/proc/self/limits";
    struct body *body;
    struct bosa_error err;
    char wanted[8000], got[8000];
    (void)unused;
    error_init(&err);
    FILE *file = fopen(path, "r");
    if (!file) {
        return; /* a system without /proc has no such files */
    }
    size_t len = fread(wanted, 1, sizeof wanted, file), n, at = 0;
    fclose(file);
    body = body_new();
    assert_int_equal(body_add_path(body, path, &err), BOSA_OK);
    assert_int_equal(body_length(body), -1);
    for (int round = 0; round < 2; round++) {
        at = 0;
        do {
            assert_int_equal(body_read(body, got + at, 100, &n, &err), BOSA_OK);
            at += n;
        } while (n > 0);
        assert_int_equal(at, len);
        assert_memory_equal(got, wanted, len);
        assert_int_equal(body_rewind(body, &err), BOSA_OK);
    }
    body_free(body);
}

static void an_empty_file_has_a_size(void **unused)
{
    char *dir = make_dir();
    struct body *body = body_new();
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    write_file(in_dir(dir, "f"), "", 0);
    assert_int_equal(body_add_path(body, in_dir(dir, "f"), &err), BOSA_OK);
    assert_int_equal(body_length(body), 0);
    body_free(body);
    remove_dir(dir);
}

/* Reads the stream as its feeder does: the status of one round. */
static enum bosa_status pump(struct body *body, struct bosa_error *err)
{
    char room[4];
    size_t got;
    assert_int_equal(body_needs_input(body), BODY_STREAM);
    enum bosa_status status = body_read_stream(body, room, sizeof room, &got, err);
    if (status == BOSA_OK) {
        return got > 0 ? body_feed(body, room, got) : body_feed_end(body);
    }
    return status;
}

static void a_fifo_is_read_as_it_comes_and_never_waited_for(void **unused)
{
    char *dir = make_dir();
    struct body *body = body_new();
    struct bosa_error err;
    char out[16];
    char expected[600];
    size_t got;
    (void)unused;
    error_init(&err);
    assert_int_equal(mkfifo(in_dir(dir, "fifo"), 0600), 0);
    assert_int_equal(body_add_path(body, in_dir(dir, "fifo"), &err), BOSA_OK);
    assert_int_equal(body_length(body), -1);
    assert_int_equal(body_read(body, out, sizeof out, &got, &err), BOSA_AGAIN);
    assert_int_equal(pump(body, &err), BOSA_AGAIN); /* no writer has come: that is no end */
    int writer = open(in_dir(dir, "fifo"), O_WRONLY);
    assert_int_equal(pump(body, &err), BOSA_AGAIN);
    assert_int_equal(write(writer, "hello", 5), 5);
    assert_int_equal(pump(body, &err), BOSA_OK);
    assert_int_equal(body_read(body, out, sizeof out, &got, &err), BOSA_OK);
    assert_int_equal(got, 4);
    assert_int_equal(body_read(body, out, sizeof out, &got, &err), BOSA_AGAIN);
    assert_int_equal(pump(body, &err), BOSA_OK);
    assert_int_equal(body_read(body, out, sizeof out, &got, &err), BOSA_OK);
    assert_int_equal(got, 1);
    close(writer);
    assert_int_equal(body_read(body, out, sizeof out, &got, &err), BOSA_AGAIN);
    assert_int_equal(pump(body, &err), BOSA_OK);
    assert_int_equal(body_read(body, out, sizeof out, &got, &err), BOSA_OK);
    assert_int_equal(got, 0);
    assert_int_equal(body_done(body), 5);
    assert_int_equal(body_rewind(body, &err), BOSA_FILE);
    snprintf(expected, sizeof expected, "`%s/fifo` can't be read a second time", dir);
    assert_message(&err, expected);
    body_free(body);
    remove_dir(dir);
}

/* A writer that came and went without a byte, a pipe without a name, a device: all are empty. */
static void an_empty_stream_ends(void **unused)
{
    char *dir = make_dir();
    char name[64];
    int ends[2];
    (void)unused;
    assert_int_equal(mkfifo(in_dir(dir, "fifo"), 0600), 0);
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    const char *const paths[] = {in_dir(dir, "fifo"), name, "/dev/null"};
    for (size_t i = 0; i < 3; i++) {
        struct body *body = body_new();
        struct bosa_error err;
        char out[16];
        size_t got;
        error_init(&err);
        assert_int_equal(body_add_path(body, paths[i], &err), BOSA_OK);
        if (i == 0) {
            close(open(paths[i], O_WRONLY));
        }
        assert_int_equal(body_read(body, out, sizeof out, &got, &err), BOSA_AGAIN);
        assert_int_equal(pump(body, &err), BOSA_OK);
        assert_int_equal(body_read(body, out, sizeof out, &got, &err), BOSA_OK);
        assert_int_equal(got, 0);
        body_free(body);
    }
    close(ends[0]);
    remove_dir(dir);
}

/* The first descriptor that is free, to see which one was opened. */
static int next_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    return fd;
}

static void a_file_is_closed_on_exec_and_in_the_end(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    (void)unused;
    write_file(path, "x", 1);
    int fd = next_descriptor();
    struct body *body = mixed_body(path);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    body_free(body);
    assert_int_equal(next_descriptor(), fd);
    remove_dir(dir);
}

/* Reads pieces of 4 bytes until a status that is not BOSA_OK, or the end. */
static enum bosa_status read_all(struct body *body, struct bosa_error *err)
{
    char out[4];
    size_t got;
    enum bosa_status status;
    do {
        status = body_read(body, out, sizeof out, &got, err);
    } while (status == BOSA_OK && got > 0);
    return status;
}

static void a_file_that_changes_its_size_is_an_error(void **unused)
{
    static const char *const contents[] = {"short", "", "much longer than it was"};
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    for (size_t i = 0; i < 3; i++) {
        write_file(path, "file content", 12);
        struct body *body = mixed_body(path);
        write_file(path, contents[i], strlen(contents[i]));
        assert_int_equal(read_all(body, &err), BOSA_FILE);
        assert_non_null(strstr(err.message, path));
        body_free(body);
    }
    error_clear(&err);
    remove_dir(dir);
}

static void an_empty_file_that_grows_is_an_error(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    write_file(path, "", 0);
    struct body *body = mixed_body(path);
    assert_reads(body, 4, "<>");
    assert_int_equal(body_rewind(body, &err), BOSA_OK);
    write_file(path, "x", 1);
    assert_int_equal(read_all(body, &err), BOSA_FILE);
    error_clear(&err);
    body_free(body);
    remove_dir(dir);
}

/*
 * A transport that knows the length asks for no byte more, so the last piece must be refused
 * already.
 */
static void growth_is_told_with_the_last_bytes(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct body *body = body_new();
    struct bosa_error err;
    char out[12];
    size_t got;
    (void)unused;
    error_init(&err);
    write_file(path, "file content", 12);
    assert_int_equal(body_add_path(body, path, &err), BOSA_OK);
    write_file(path, "file content and more", 21);
    assert_int_equal(body_read(body, out, 11, &got, &err), BOSA_OK);
    assert_int_equal(got, 11);
    assert_int_equal(body_read(body, out, 12, &got, &err), BOSA_FILE);
    error_clear(&err);
    body_free(body);
    remove_dir(dir);
}

/* ---- feeds ---- */

static void a_feed_is_waited_for_and_read(void **unused)
{
    struct body *body = body_new();
    struct bosa_error err;
    char out[8];
    size_t got = 9;
    (void)unused;
    error_init(&err);
    assert_int_equal(body_add_bytes(body, "<", 1), BOSA_OK);
    assert_int_equal(body_add_feed(body, 7, -1), BOSA_OK);
    assert_int_equal(body_add_bytes(body, ">", 1), BOSA_OK);
    assert_int_equal(body_length(body), -1);
    assert_int_equal(body_feed(body, "early", 5), BOSA_AGAIN);
    assert_int_equal(body_read(body, out, 8, &got, &err), BOSA_OK);
    assert_int_equal(got, 1);
    assert_int_equal(body_needs_input(body), BODY_NO_FEED);
    assert_int_equal(body_read(body, out, 8, &got, &err), BOSA_AGAIN);
    assert_int_equal(got, 0);
    assert_int_equal(body_needs_input(body), 7);
    assert_int_equal(body_feed(body, "0123456789", 10), BOSA_OK);
    assert_int_equal(body_needs_input(body), BODY_NO_FEED);
    assert_int_equal(body_feed(body, "too soon", 8), BOSA_AGAIN);
    assert_int_equal(body_read(body, out, 8, &got, &err), BOSA_OK);
    assert_memory_equal(out, "01234567", 8);
    assert_int_equal(body_read(body, out, 8, &got, &err), BOSA_OK);
    assert_int_equal(got, 2);
    assert_memory_equal(out, "89", 2);
    assert_int_equal(body_read(body, out, 8, &got, &err), BOSA_AGAIN);
    assert_int_equal(body_feed(body, "", 0), BOSA_OK);
    assert_int_equal(body_needs_input(body), 7);
    assert_int_equal(body_read(body, out, 8, &got, &err), BOSA_AGAIN);
    assert_int_equal(body_feed_end(body), BOSA_OK);
    assert_int_equal(body_feed_end(body), BOSA_AGAIN);
    assert_int_equal(body_read(body, out, 8, &got, &err), BOSA_OK);
    assert_memory_equal(out, ">", 1);
    assert_int_equal(body_done(body), 12);
    assert_int_equal(body_read(body, out, 8, &got, &err), BOSA_OK);
    assert_int_equal(got, 0);
    body_free(body);
}

/* A body of one feed of a size, fed these pieces and then ended; the status at the end. */
static enum bosa_status feed_all(int64_t size, const char *const *pieces, struct bosa_error *err)
{
    struct body *body = body_new();
    enum bosa_status status;
    assert_int_equal(body_add_feed(body, 1, size), BOSA_OK);
    assert_int_equal(body_length(body), size);
    while ((status = read_all(body, err)) == BOSA_AGAIN) {
        assert_int_equal(*pieces ? body_feed(body, *pieces, strlen(*pieces)) : body_feed_end(body),
                         BOSA_OK);
        pieces += *pieces != NULL;
    }
    body_free(body);
    return status;
}

static void a_feed_gives_its_size_or_it_is_an_error(void **unused)
{
    static const char *const pieces[] = {"abcde", "fgh", NULL};
    static const char *const none[] = {NULL};
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    assert_int_equal(feed_all(8, pieces, &err), BOSA_OK);
    assert_int_equal(feed_all(-1, pieces, &err), BOSA_OK);
    assert_int_equal(feed_all(0, none, &err), BOSA_OK);
    assert_int_equal(feed_all(9, pieces, &err), BOSA_FILE);
    assert_message(&err, "an upload gave 8 bytes, its size was to be 9");
    assert_int_equal(feed_all(7, pieces, &err), BOSA_FILE);
    assert_message(&err, "an upload gave more than its size of 7 bytes");
    assert_int_equal(feed_all(5, pieces, &err), BOSA_FILE);
    error_clear(&err);
    assert_int_equal(feed_all(0, pieces, &err), BOSA_FILE);
    error_clear(&err);
}

static void a_feed_that_gave_bytes_can_not_be_rewound(void **unused)
{
    struct body *body = body_new();
    struct bosa_error err;
    char out[2];
    size_t got;
    (void)unused;
    error_init(&err);
    assert_int_equal(body_add_bytes(body, "<", 1), BOSA_OK);
    assert_int_equal(body_add_feed(body, 0, -1), BOSA_OK);
    assert_int_equal(body_read(body, out, 2, &got, &err), BOSA_OK);
    assert_int_equal(body_read(body, out, 2, &got, &err), BOSA_AGAIN);
    assert_int_equal(body_needs_input(body), 0);
    assert_int_equal(body_rewind(body, &err), BOSA_OK);
    assert_int_equal(body_needs_input(body), BODY_NO_FEED);
    assert_int_equal(body_read(body, out, 1, &got, &err), BOSA_OK);
    assert_memory_equal(out, "<", 1);
    assert_int_equal(body_read(body, out, 2, &got, &err), BOSA_AGAIN);
    assert_int_equal(body_feed(body, "ab", 2), BOSA_OK);
    assert_int_equal(body_rewind(body, &err), BOSA_OK);
    assert_int_equal(body_read(body, out, 2, &got, &err), BOSA_OK);
    assert_memory_equal(out, "<a", 2);
    assert_int_equal(body_rewind(body, &err), BOSA_FILE);
    assert_message(&err, "an upload from a `read` function can't be sent a second time");
    assert_int_equal(body_read(body, out, 2, &got, &err), BOSA_OK);
    assert_memory_equal(out, "b", 1);
    body_free(body);
}

static void a_length_past_the_integers_is_refused(void **unused)
{
    struct body *body = body_new();
    (void)unused;
    assert_int_equal(body_add_feed(body, 1, INT64_MAX - 1), BOSA_OK);
    assert_int_equal(body_add_bytes(body, "a", 1), BOSA_OK);
    assert_int_equal(body_length(body), INT64_MAX);
    assert_int_equal(body_add_bytes(body, "b", 1), BOSA_NOMEM);
    assert_int_equal(body_add_feed(body, 2, INT64_MAX), BOSA_NOMEM);
    assert_int_equal(body_length(body), INT64_MAX);
    body_free(body);
}

/* ---- memory ---- */

static enum bosa_status build_and_read(void *path, struct bosa_error *err)
{
    struct body *body = body_new();
    enum bosa_status status = body ? BOSA_OK : BOSA_NOMEM;
    for (int i = 0; i < 5 && status == BOSA_OK; i++) {
        status = body_add_bytes(body, "some bytes", 10);
    }
    if (status == BOSA_OK) {
        status = body_add_path(body, path, err);
    }
    if (status == BOSA_OK) {
        status = body_add_feed(body, 1, 5);
    }
    bool fed = false;
    while (status == BOSA_OK && (status = read_all(body, err)) == BOSA_AGAIN) {
        status = fed ? body_feed_end(body) : body_feed(body, "12345", 5);
        fed = true;
    }
    body_free(body);
    return status;
}

static void a_body_survives_a_lack_of_memory(void **unused)
{
    char *dir = make_dir();
    char path[600];
    (void)unused;
    snprintf(path, sizeof path, "%s/f", dir);
    write_file(path, "file content", 12);
    int fd = next_descriptor();
    assert_true(torture(build_and_read, path) > 8);
    assert_int_equal(next_descriptor(), fd);
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_body_ends_at_once),
        cmocka_unit_test(bytes_alone_can_be_seen_in_place),
        cmocka_unit_test(no_bytes_at_all_can_be_seen_too),
        cmocka_unit_test(a_buffer_is_moved_without_a_copy),
        cmocka_unit_test(segments_are_read_in_order_in_pieces_of_any_size),
        cmocka_unit_test(a_file_is_read_from_its_start_after_a_rewind_half_way),
        cmocka_unit_test(a_file_that_is_none_is_refused_when_it_is_added),
        cmocka_unit_test(a_file_of_unknown_size_is_read_to_its_end),
        cmocka_unit_test(an_empty_file_has_a_size),
        cmocka_unit_test(a_fifo_is_read_as_it_comes_and_never_waited_for),
        cmocka_unit_test(an_empty_stream_ends),
        cmocka_unit_test(a_file_is_closed_on_exec_and_in_the_end),
        cmocka_unit_test(a_file_that_changes_its_size_is_an_error),
        cmocka_unit_test(an_empty_file_that_grows_is_an_error),
        cmocka_unit_test(growth_is_told_with_the_last_bytes),
        cmocka_unit_test(a_feed_is_waited_for_and_read),
        cmocka_unit_test(a_feed_gives_its_size_or_it_is_an_error),
        cmocka_unit_test(a_feed_that_gave_bytes_can_not_be_rewound),
        cmocka_unit_test(a_length_past_the_integers_is_refused),
        cmocka_unit_test(a_body_survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
