/* sink: where the bytes of a response go. Saving them is in test_sink_save.c. */
#include "queue_fixture.h"
#include "sink_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- memory ---- */

static void a_small_file_stays_in_memory(void **unused)
{
    struct sink sink;
    (void)unused;
    fill(&sink, SINK_MEMORY_LIMIT);
    assert_int_equal(sink.fd, -1);
    assert_filled(&sink, SINK_MEMORY_LIMIT);
    sink_free(&sink);
    fill(&sink, 0);
    assert_filled(&sink, 0);
    sink_free(&sink);
}

static void a_large_file_goes_to_one_without_a_name(void **unused)
{
    struct sink sink;
    struct stat info;
    char *dir = make_dir();
    int fd = next_descriptor();
    (void)unused;
    assert_int_equal(setenv("TMPDIR", dir, 1), 0);
    fill(&sink, SINK_MEMORY_LIMIT + 1);
    assert_true(sink.fd >= 0);
    assert_int_equal(sink.bytes.len, 0);
    assert_null(sink.bytes.data);
    assert_int_equal(fstat(sink.fd, &info), 0);
    assert_int_equal(info.st_nlink, 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(fcntl(sink.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(count_names(dir), 0);
    assert_filled(&sink, SINK_MEMORY_LIMIT + 1);
    sink_free(&sink);
    assert_int_equal(next_descriptor(), fd);
    fill(&sink, 3 * SINK_MEMORY_LIMIT);
    assert_filled(&sink, 3 * SINK_MEMORY_LIMIT);
    sink_reset(&sink);
    assert_int_equal(next_descriptor(), fd);
    assert_int_equal(sink.size, 0);
    assert_false(sink.finished);
    put(&sink, "x", 1);
    finish(&sink);
    assert_int_equal(sink.size, 1);
    sink_free(&sink);
    unsetenv("TMPDIR");
    remove_dir(dir);
}

static void one_large_piece_goes_to_a_file_at_once(void **unused)
{
    struct sink sink;
    size_t size = SINK_MEMORY_LIMIT + 5, got;
    char *piece = calloc(1, size);
    char last[2];
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    piece[size - 1] = 'z';
    assert_int_equal(sink_init(&sink, SINK_MEMORY, NULL), BOSA_OK);
    put(&sink, "a", 1);
    put(&sink, piece, size);
    finish(&sink);
    assert_int_equal(sink_read(&sink, size, last, 2, &got, &err), BOSA_OK);
    assert_int_equal(got, 1);
    assert_int_equal(last[0], 'z');
    sink_free(&sink);
    free(piece);
}

static void a_missing_temporary_directory_is_told(void **unused)
{
    struct sink sink;
    struct bosa_error err;
    char *piece = calloc(1, SINK_MEMORY_LIMIT + 1);
    (void)unused;
    error_init(&err);
    assert_int_equal(setenv("TMPDIR", "/dev/null/tmp", 1), 0);
    assert_int_equal(sink_init(&sink, SINK_MEMORY, NULL), BOSA_OK);
    assert_int_equal(sink_write(&sink, piece, SINK_MEMORY_LIMIT + 1, &err), BOSA_FILE);
    assert_message(&err, "cannot make a temporary file in `/dev/null/tmp`: Not a directory");
    sink_free(&sink);
    unsetenv("TMPDIR");
    free(piece);
}

/* ---- a path ---- */

static void a_path_appears_when_it_is_whole(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct sink sink;
    int fd = next_descriptor();
    (void)unused;
    write_file(path, "old", 3);
    assert_int_equal(sink_init(&sink, SINK_PATH, path), BOSA_OK);
    assert_int_equal(count_names(dir), 1);
    put(&sink, "new ", 4);
    assert_int_equal(count_names(dir), 2);
    assert_int_equal(mode_of(sink.file.part), 0600);
    assert_int_equal(fcntl(sink.file.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_file(path, "old", 3);
    put(&sink, "content", 7);
    finish(&sink);
    assert_file(path, "new content", 11);
    assert_int_equal(count_names(dir), 1);
    sink_free(&sink);
    assert_file(path, "new content", 11);
    assert_int_equal(next_descriptor(), fd);
    remove_dir(dir);
}

static void an_empty_answer_makes_an_empty_file(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct sink sink;
    (void)unused;
    assert_int_equal(sink_init(&sink, SINK_PATH, path), BOSA_OK);
    finish(&sink);
    finish(&sink);
    assert_file(path, "", 0);
    sink_free(&sink);
    assert_int_equal(count_names(dir), 1);
    remove_dir(dir);
}

static void what_is_not_finished_leaves_nothing(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct sink sink;
    int fd = next_descriptor();
    (void)unused;
    assert_int_equal(sink_init(&sink, SINK_PATH, path), BOSA_OK);
    put(&sink, "half", 4);
    sink_reset(&sink);
    assert_int_equal(count_names(dir), 0);
    put(&sink, "again", 5);
    assert_int_equal(count_names(dir), 1);
    sink_free(&sink);
    assert_int_equal(count_names(dir), 0);
    assert_int_equal(next_descriptor(), fd);
    remove_dir(dir);
}

static void a_second_attempt_writes_from_the_start(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct sink sink;
    (void)unused;
    assert_int_equal(sink_init(&sink, SINK_PATH, path), BOSA_OK);
    put(&sink, "a longer first attempt", 22);
    sink_reset(&sink);
    put(&sink, "second", 6);
    finish(&sink);
    assert_int_equal(sink.size, 6);
    assert_file(path, "second", 6);
    sink_free(&sink);
    remove_dir(dir);
}

static void parts_of_others_are_left_alone(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct sink one, two;
    (void)unused;
    write_file(in_dir(dir, "f.part"), "another run", 11);
    assert_int_equal(sink_init(&one, SINK_PATH, path), BOSA_OK);
    assert_int_equal(sink_init(&two, SINK_PATH, path), BOSA_OK);
    put(&one, "one", 3);
    put(&two, "two", 3);
    finish(&two);
    assert_file(path, "two", 3);
    finish(&one);
    assert_file(path, "one", 3);
    assert_file(in_dir(dir, "f.part"), "another run", 11);
    assert_int_equal(count_names(dir), 2);
    sink_free(&one);
    sink_free(&two);
    remove_dir(dir);
}

/* A response of another kind, or none, lets go of what was opened before anything was sent. */
static void a_path_is_opened_before_its_first_byte(void **unused)
{
    char *dir = make_dir();
    struct sink sink;
    struct bosa_error err;
    int fd = next_descriptor();
    (void)unused;
    error_init(&err);
    assert_int_equal(sink_init(&sink, SINK_PATH, in_dir(dir, "f")), BOSA_OK);
    assert_int_equal(sink_open(&sink, &err), BOSA_OK);
    assert_int_equal(sink_open(&sink, &err), BOSA_OK);
    assert_int_equal(count_names(dir), 1);
    assert_false(exists(in_dir(dir, "f")));
    sink_close(&sink);
    assert_int_equal(count_names(dir), 0);
    assert_int_equal(next_descriptor(), fd);
    sink_free(&sink);
    remove_dir(dir);
}

/* To its reader, closing a FIFO between two attempts would be the end. */
static void a_fifo_stays_open_for_another_attempt(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    char got[8];
    struct sink sink;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_int_equal(sink_init(&sink, SINK_PATH, path), BOSA_OK);
    assert_int_equal(sink_open(&sink, &err), BOSA_OK);
    sink_reset(&sink);
    assert_true(sink_can_restart(&sink));
    assert_int_equal(sink_open(&sink, &err), BOSA_OK);
    assert_int_equal(read(reader, got, sizeof got), -1); /* nothing yet, and no end */
    put(&sink, "half", 4);
    assert_false(sink_can_restart(&sink));
    sink_reset(&sink);
    assert_int_equal(sink_open(&sink, &err), BOSA_FILE);
    assert_non_null(strstr(err.message, "a second time: it has a part of the content already"));
    error_clear(&err);
    sink_close(&sink);
    assert_int_equal(read(reader, got, sizeof got), 4);
    assert_int_equal(read(reader, got, sizeof got), 0);
    close(reader);
    sink_free(&sink);
    remove_dir(dir);
}

static void a_chosen_temporary_directory_is_looked_at(void **unused)
{
    char *dir = make_dir();
    struct bosa_error err;
    char expected[600];
    (void)unused;
    error_init(&err);
    assert_int_equal(sink_check_temporary(&err), BOSA_OK);
    assert_int_equal(setenv("TMPDIR", dir, 1), 0);
    assert_int_equal(sink_check_temporary(&err), BOSA_OK);
    assert_int_equal(setenv("TMPDIR", in_dir(dir, "none"), 1), 0);
    assert_int_equal(sink_check_temporary(&err), BOSA_FILE);
    snprintf(expected, sizeof expected,
             "cannot make a temporary file in `%s/none`: No such file or directory", dir);
    assert_message(&err, expected);
    unsetenv("TMPDIR");
    remove_dir(dir);
}

static void a_path_that_can_not_be_written_is_told_before_the_first_byte(void **unused)
{
    char *dir = make_dir();
    struct sink sink;
    struct bosa_error err;
    char expected[600];
    (void)unused;
    error_init(&err);
    assert_int_equal(sink_init(&sink, SINK_PATH, dir), BOSA_OK);
    assert_int_equal(sink_write(&sink, "x", 1, &err), BOSA_FILE);
    snprintf(expected, sizeof expected, "cannot write `%s`: Is a directory", dir);
    assert_string_equal(err.cause, "Is a directory");
    assert_message(&err, expected);
    sink_free(&sink);
    assert_int_equal(sink_init(&sink, SINK_PATH, "/dev/null/f"), BOSA_OK);
    assert_int_equal(sink_finish(&sink, &err), BOSA_FILE);
    assert_message(&err, "cannot write `/dev/null/f`: Not a directory");
    sink_free(&sink);
    remove_dir(dir);
}

static void a_full_disk_is_told_and_leaves_nothing(void **unused)
{
    char *dir = make_dir();
    struct sink sink;
    struct bosa_error err;
    struct rlimit old, small;
    (void)unused;
    error_init(&err);
    assert_int_equal(sink_init(&sink, SINK_PATH, in_dir(dir, "f")), BOSA_OK);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 8;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum bosa_status status = sink_write(&sink, "more than eight bytes", 21, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, BOSA_FILE);
    assert_non_null(strstr(err.message, "cannot write `"));
    error_clear(&err);
    sink_free(&sink);
    assert_int_equal(count_names(dir), 0);
    remove_dir(dir);
}

static void a_target_that_became_a_directory_is_an_error(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct sink sink;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    assert_int_equal(sink_init(&sink, SINK_PATH, path), BOSA_OK);
    put(&sink, "x", 1);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(sink_finish(&sink, &err), BOSA_FILE);
    assert_int_equal(sink_finish(&sink, &err), BOSA_FILE);
    assert_false(sink.finished);
    error_clear(&err);
    sink_free(&sink);
    assert_int_equal(count_names(dir), 1);
    remove_dir(dir);
}

/* Freed in a child, a part is still the parent's to finish; freed by who made it, it is gone. */
static void a_part_is_removed_by_its_opener_alone(void **unused)
{
    char *dir = make_dir();
    struct sink sink;
    int status;
    (void)unused;
    assert_int_equal(sink_init(&sink, SINK_PATH, in_dir(dir, "f")), BOSA_OK);
    put(&sink, "half", 4);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        sink_free(&sink);
        end_child(count_names(dir) == 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(count_names(dir), 1);
    sink_free(&sink);
    assert_int_equal(count_names(dir), 0);
    remove_dir(dir);
}

/* ---- the caller ---- */

static void a_queue_is_full_until_it_is_taken(void **unused)
{
    struct sink sink;
    struct buf out;
    struct bosa_error err;
    char piece[1000];
    size_t taken = 0;
    (void)unused;
    error_init(&err);
    buf_init(&out);
    memset(piece, 'p', sizeof piece);
    assert_int_equal(sink_init(&sink, SINK_CALLER, NULL), BOSA_OK);
    assert_false(take_queued(&sink, &out));
    enum bosa_status status;
    while ((status = sink_write(&sink, piece, sizeof piece, &err)) == BOSA_OK) {
        taken += sizeof piece;
    }
    assert_int_equal(status, BOSA_AGAIN);
    assert_true(taken <= SINK_QUEUE_LIMIT && taken + sizeof piece > SINK_QUEUE_LIMIT);
    assert_int_equal(sink.size, taken);
    buf_adds(&out, "old");
    assert_true(take_queued(&sink, &out));
    assert_int_equal(out.len, taken);
    assert_memory_equal(out.data, "ppp", 3);
    put(&sink, "after", 5);
    finish(&sink);
    assert_true(take_queued(&sink, &out));
    assert_int_equal(out.len, 5);
    assert_memory_equal(out.data, "after", 5);
    assert_false(take_queued(&sink, &out));
    assert_int_equal(out.len, 0);
    buf_free(&out);
    sink_free(&sink);
}

static void an_empty_queue_takes_a_piece_of_any_size(void **unused)
{
    struct sink sink;
    struct bosa_error err;
    char *piece = calloc(1, SINK_QUEUE_LIMIT * 2);
    (void)unused;
    error_init(&err);
    assert_int_equal(sink_init(&sink, SINK_CALLER, NULL), BOSA_OK);
    put(&sink, piece, SINK_QUEUE_LIMIT * 2);
    assert_int_equal(sink_write(&sink, "x", 1, &err), BOSA_AGAIN);
    assert_int_equal(sink_write(&sink, "", 0, &err), BOSA_OK);
    sink_reset(&sink);
    put(&sink, "x", 1);
    assert_int_equal(sink.size, 1);
    sink_free(&sink);
    free(piece);
}

/* ---- memory ---- */

static enum bosa_status use_all_kinds(void *dir, struct bosa_error *err)
{
    static const enum sink_kind kinds[] = {SINK_MEMORY, SINK_PATH, SINK_CALLER};
    enum bosa_status status = BOSA_OK;
    for (size_t i = 0; i < 3 && status == BOSA_OK; i++) {
        struct sink sink;
        char *saved = NULL;
        status = sink_init(&sink, kinds[i], in_dir(dir, "f"));
        if (status == BOSA_OK) {
            status = sink_write(&sink, "some bytes", 10, err);
        }
        if (status == BOSA_OK) {
            status = sink_finish(&sink, err);
        }
        if (status == BOSA_OK && kinds[i] == SINK_MEMORY) {
            status = sink_save(&sink, in_dir(dir, "g"), err);
        }
        if (status == BOSA_OK && kinds[i] == SINK_MEMORY) {
            status = sink_save_in(&sink, dir, "h", &saved, err);
        }
        if (saved) {
            unlink(saved); /* the next run finds as few names taken as this one */
        }
        mem_free(saved);
        sink_free(&sink);
    }
    return status;
}

static void sinks_survive_a_lack_of_memory(void **unused)
{
    char *dir = make_dir();
    int fd = next_descriptor();
    (void)unused;
    assert_true(torture(use_all_kinds, dir) > 10);
    assert_int_equal(next_descriptor(), fd);
    assert_true(exists(in_dir(dir, "f")) && exists(in_dir(dir, "g")));
    assert_int_equal(count_names(dir), 2);
    remove_dir(dir);
}

static enum bosa_status spill(void *piece, struct bosa_error *err)
{
    struct sink sink;
    enum bosa_status status = sink_init(&sink, SINK_MEMORY, NULL);
    if (status == BOSA_OK) {
        status = sink_write(&sink, "a", 1, err);
    }
    if (status == BOSA_OK) {
        status = sink_write(&sink, piece, SINK_MEMORY_LIMIT, err);
    }
    sink_free(&sink);
    return status;
}

static void the_way_to_a_temporary_file_survives_a_lack_of_memory(void **unused)
{
    char *piece = calloc(1, SINK_MEMORY_LIMIT);
    int fd = next_descriptor();
    (void)unused;
    assert_true(torture(spill, piece) >= 2);
    assert_int_equal(next_descriptor(), fd);
    free(piece);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_file_stays_in_memory),
        cmocka_unit_test(a_large_file_goes_to_one_without_a_name),
        cmocka_unit_test(one_large_piece_goes_to_a_file_at_once),
        cmocka_unit_test(a_missing_temporary_directory_is_told),
        cmocka_unit_test(a_path_appears_when_it_is_whole),
        cmocka_unit_test(an_empty_answer_makes_an_empty_file),
        cmocka_unit_test(what_is_not_finished_leaves_nothing),
        cmocka_unit_test(a_second_attempt_writes_from_the_start),
        cmocka_unit_test(parts_of_others_are_left_alone),
        cmocka_unit_test(a_path_is_opened_before_its_first_byte),
        cmocka_unit_test(a_fifo_stays_open_for_another_attempt),
        cmocka_unit_test(a_chosen_temporary_directory_is_looked_at),
        cmocka_unit_test(a_path_that_can_not_be_written_is_told_before_the_first_byte),
        cmocka_unit_test(a_full_disk_is_told_and_leaves_nothing),
        cmocka_unit_test(a_target_that_became_a_directory_is_an_error),
        cmocka_unit_test(a_queue_is_full_until_it_is_taken),
        cmocka_unit_test(an_empty_queue_takes_a_piece_of_any_size),
        cmocka_unit_test(a_part_is_removed_by_its_opener_alone),
        cmocka_unit_test(sinks_survive_a_lack_of_memory),
        cmocka_unit_test(the_way_to_a_temporary_file_survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
