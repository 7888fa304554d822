/* sink: where the bytes of an answer go, and how files are saved. */
#include "net_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink.h"

static bool exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static int mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return (int)(info.st_mode & 07777);
}

/* How many names a directory has. */
static int count_names(const char *dir)
{
    DIR *listing = opendir(dir);
    int count = 0;
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));) {
        count += entry->d_name[0] != '.';
    }
    closedir(listing);
    return count;
}

/* The first descriptor that is free: the same before and after when nothing was left open. */
static int next_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    return fd;
}

static void put(struct sink *sink, const char *bytes, size_t len)
{
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(sink_write(sink, bytes, len, &err), BOSA_OK);
}

static void finish(struct sink *sink)
{
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(sink_finish(sink, &err), BOSA_OK);
    assert_true(sink->finished);
}

/* A finished sink of `size` bytes that count up. */
static void fill(struct sink *sink, size_t size)
{
    char block[1000];
    size_t done = 0;
    assert_int_equal(sink_init(sink, SINK_MEMORY, NULL), BOSA_OK);
    while (done < size) {
        size_t n = size - done < sizeof block ? size - done : sizeof block;
        for (size_t i = 0; i < n; i++) {
            block[i] = (char)((done + i) % 251);
        }
        put(sink, block, n);
        done += n;
    }
    finish(sink);
    assert_int_equal(sink->size, size);
}

/* Fails the test when the sink does not hold the bytes of `fill`. */
static void assert_filled(const struct sink *sink, size_t size)
{
    char block[777];
    size_t done = 0, got;
    struct bosa_error err;
    error_init(&err);
    do {
        assert_int_equal(sink_read(sink, done, block, sizeof block, &got, &err), BOSA_OK);
        for (size_t i = 0; i < got; i++) {
            assert_int_equal(block[i], (char)((done + i) % 251));
        }
        done += got;
    } while (got > 0);
    assert_int_equal(done, size);
}

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
    assert_int_equal(setenv("TMPDIR", "/nowhere/tmp", 1), 0);
    assert_int_equal(sink_init(&sink, SINK_MEMORY, NULL), BOSA_OK);
    assert_int_equal(sink_write(&sink, piece, SINK_MEMORY_LIMIT + 1, &err), BOSA_FILE);
    assert_message(&err,
                   "cannot make a temporary file in `/nowhere/tmp`: No such file or directory");
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
    assert_int_equal(mode_of(in_dir(dir, "f.part")), 0600);
    assert_int_equal(fcntl(sink.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
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

static void a_symlink_is_replaced_and_never_followed(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    const char *victim = in_dir(dir, "victim");
    struct sink sink;
    struct stat info;
    (void)unused;
    write_file(victim, "safe", 4);
    assert_int_equal(symlink(victim, path), 0);
    assert_int_equal(symlink(victim, in_dir(dir, "f.part")), 0);
    assert_int_equal(sink_init(&sink, SINK_PATH, path), BOSA_OK);
    put(&sink, "new", 3);
    finish(&sink);
    sink_free(&sink);
    assert_file(victim, "safe", 4);
    assert_file(path, "new", 3);
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISREG(info.st_mode));
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
    assert_int_equal(sink_init(&sink, SINK_PATH, "/nowhere/f"), BOSA_OK);
    assert_int_equal(sink_finish(&sink, &err), BOSA_FILE);
    assert_message(&err, "cannot write `/nowhere/f`: No such file or directory");
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
    assert_false(sink_take(&sink, &out));
    enum bosa_status status;
    while ((status = sink_write(&sink, piece, sizeof piece, &err)) == BOSA_OK) {
        taken += sizeof piece;
    }
    assert_int_equal(status, BOSA_AGAIN);
    assert_true(taken <= SINK_QUEUE_LIMIT && taken + sizeof piece > SINK_QUEUE_LIMIT);
    assert_int_equal(sink.size, taken);
    buf_adds(&out, "old");
    assert_true(sink_take(&sink, &out));
    assert_int_equal(out.len, taken);
    assert_memory_equal(out.data, "ppp", 3);
    put(&sink, "after", 5);
    finish(&sink);
    assert_true(sink_take(&sink, &out));
    assert_int_equal(out.len, 5);
    assert_memory_equal(out.data, "after", 5);
    assert_false(sink_take(&sink, &out));
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

/* ---- saving ---- */

static void a_file_is_saved_from_wherever_it_is(void **unused)
{
    static const size_t sizes[] = {0, 1, 65536, SINK_MEMORY_LIMIT + 12345};
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    for (size_t i = 0; i < 4; i++) {
        struct sink sink;
        fill(&sink, sizes[i]);
        char *content = malloc(sizes[i] + 1);
        for (size_t k = 0; k < sizes[i]; k++) {
            content[k] = (char)(k % 251);
        }
        assert_int_equal(sink_save(&sink, path, &err), BOSA_OK);
        assert_file(path, content, sizes[i]);
        assert_int_equal(mode_of(path), 0600);
        assert_int_equal(count_names(dir), 1);
        free(content);
        sink_free(&sink);
    }
    remove_dir(dir);
}

static void saving_replaces_a_symlink_and_refuses_a_directory(void **unused)
{
    char *dir = make_dir();
    const char *victim = in_dir(dir, "victim");
    struct sink sink;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    fill(&sink, 3);
    write_file(victim, "safe", 4);
    assert_int_equal(symlink(victim, in_dir(dir, "f")), 0);
    assert_int_equal(sink_save(&sink, in_dir(dir, "f"), &err), BOSA_OK);
    assert_file(victim, "safe", 4);
    assert_file(in_dir(dir, "f"), "\0\1\2", 3);
    assert_int_equal(mkdir(in_dir(dir, "d"), 0700), 0);
    assert_int_equal(sink_save(&sink, in_dir(dir, "d"), &err), BOSA_FILE);
    assert_int_equal(sink_save(&sink, "/nowhere/f", &err), BOSA_FILE);
    assert_message(&err, "cannot write `/nowhere/f`: No such file or directory");
    assert_int_equal(count_names(dir), 3);
    sink_free(&sink);
    assert_int_equal(sink_init(&sink, SINK_CALLER, NULL), BOSA_OK);
    finish(&sink);
    assert_int_equal(sink_save(&sink, in_dir(dir, "g"), &err), BOSA_FILE);
    assert_int_equal(count_names(dir), 3);
    error_clear(&err);
    sink_free(&sink);
    remove_dir(dir);
}

/* Saves into the directory and fails the test when the path is another than dir/name. */
static void assert_saved_as(const struct sink *sink, const char *dir, const char *name,
                            const char *as)
{
    struct bosa_error err;
    char *saved;
    error_init(&err);
    assert_int_equal(sink_save_in(sink, dir, name, &saved, &err), BOSA_OK);
    assert_string_equal(saved, in_dir(dir, as));
    assert_file(saved, "\0\1\2", 3);
    assert_int_equal(mode_of(saved), 0600);
    mem_free(saved);
}

static void saving_into_a_directory_finds_a_free_name(void **unused)
{
    char *dir = make_dir();
    struct sink sink;
    (void)unused;
    fill(&sink, 3);
    assert_saved_as(&sink, dir, "a.txt", "a.txt");
    assert_saved_as(&sink, dir, "a.txt", "a (1).txt");
    assert_saved_as(&sink, dir, "a.txt", "a (2).txt");
    assert_saved_as(&sink, dir, "README", "README");
    assert_saved_as(&sink, dir, "README", "README (1)");
    assert_int_equal(mkdir(in_dir(dir, "d"), 0700), 0);
    assert_saved_as(&sink, dir, "d", "d (1)");
    assert_int_equal(symlink("/nowhere/at/all", in_dir(dir, "l")), 0);
    assert_saved_as(&sink, dir, "l", "l (1)");
    write_file(in_dir(dir, "p.part"), "another's", 9);
    assert_saved_as(&sink, dir, "p", "p");
    assert_file(in_dir(dir, "p.part"), "another's", 9);
    assert_int_equal(count_names(dir), 11);
    sink_free(&sink);
    remove_dir(dir);
}

static void a_directory_may_end_in_a_slash(void **unused)
{
    char *dir = make_dir();
    struct sink sink;
    struct bosa_error err;
    char *saved;
    char with_slash[300];
    (void)unused;
    error_init(&err);
    fill(&sink, 3);
    snprintf(with_slash, sizeof with_slash, "%s/", dir);
    assert_int_equal(sink_save_in(&sink, with_slash, "a", &saved, &err), BOSA_OK);
    assert_string_equal(saved, in_dir(dir, "a"));
    mem_free(saved);
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(sink_save_in(&sink, "", "b", &saved, &err), BOSA_OK);
    assert_true(exists(in_dir(dir, "b")));
    assert_int_equal(chdir("/"), 0);
    mem_free(saved);
    sink_free(&sink);
    remove_dir(dir);
}

static void saving_never_leaves_the_directory(void **unused)
{
    static const char *const names[] = {"../x", "a/b", "/etc/x", "..", ".", ""};
    char *dir = make_dir();
    struct sink sink;
    struct bosa_error err;
    char *saved;
    (void)unused;
    error_init(&err);
    fill(&sink, 3);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(sink_save_in(&sink, dir, names[i], &saved, &err), BOSA_FILE);
        assert_null(saved);
    }
    assert_int_equal(sink_save_in(&sink, "/nowhere", "x", &saved, &err), BOSA_FILE);
    assert_message(&err, "cannot write `/nowhere/x`: No such file or directory");
    assert_int_equal(count_names(dir), 0);
    sink_free(&sink);
    remove_dir(dir);
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
    assert_false(exists(in_dir(dir, "f.part")));
    assert_false(exists(in_dir(dir, "g.part")));
    assert_false(exists(in_dir(dir, "h.part")));
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
        cmocka_unit_test(a_symlink_is_replaced_and_never_followed),
        cmocka_unit_test(a_path_that_can_not_be_written_is_told_before_the_first_byte),
        cmocka_unit_test(a_full_disk_is_told_and_leaves_nothing),
        cmocka_unit_test(a_target_that_became_a_directory_is_an_error),
        cmocka_unit_test(a_queue_is_full_until_it_is_taken),
        cmocka_unit_test(an_empty_queue_takes_a_piece_of_any_size),
        cmocka_unit_test(a_file_is_saved_from_wherever_it_is),
        cmocka_unit_test(saving_replaces_a_symlink_and_refuses_a_directory),
        cmocka_unit_test(saving_into_a_directory_finds_a_free_name),
        cmocka_unit_test(a_directory_may_end_in_a_slash),
        cmocka_unit_test(saving_never_leaves_the_directory),
        cmocka_unit_test(sinks_survive_a_lack_of_memory),
        cmocka_unit_test(the_way_to_a_temporary_file_survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
