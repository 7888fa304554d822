/*
 * Reading and writing where the system does a part of the work, and signals come in between: read,
 * pread and write of this program are interrupted and then move a few bytes. Its renameat fails as
 * on a file that something is mounted on, so such a file gets the bytes of the private one. Others
 * of its calls fail when a test says so.
 */
#include "sink_fixture.h"

#include <errno.h>
#include <sys/uio.h>

#include "base/file_write.h"
#include "base/fileio.h"
#include "base/random.h"

#define MOST_READ 3 /* bytes of a system call */
#define MOST_WRITTEN 2

static int calls;          /* that this program made: every second one is interrupted */
static char last_read[64]; /* what read gave, one after the other */
static size_t last_count;
static bool full;        /* write takes nothing */
static int rename_error; /* what renameat fails with */

/* A call that fails once: the nth of those to come, from 1; 0: none. */
struct failure {
    int nth, number;
};

static struct failure sync_failure, mode_failure, close_failure;

/* Whether it is this one's turn to fail, with errno set then. */
static bool has_failed(struct failure *failure)
{
    if (failure->nth == 0 || --failure->nth > 0) {
        return false;
    }
    errno = failure->number;
    return true;
}

/* Sets errno either way: it means nothing after a call that succeeded. */
static bool is_interrupted(void)
{
    errno = EINTR;
    return ++calls % 2 == 1;
}

ssize_t read(int fd, void *out, size_t cap)
{
    struct iovec part = {out, cap < MOST_READ ? cap : MOST_READ};
    if (is_interrupted()) {
        return -1;
    }
    ssize_t n = readv(fd, &part, 1);
    if (n > 0 && last_count + (size_t)n <= sizeof last_read) {
        memcpy(last_read + last_count, out, (size_t)n);
        last_count += (size_t)n;
    }
    return n;
}

ssize_t pread(int fd, void *out, size_t cap, off_t offset)
{
    struct iovec part = {out, cap < MOST_READ ? cap : MOST_READ};
    if (is_interrupted()) {
        return -1;
    }
    return lseek(fd, offset, SEEK_SET) < 0 ? -1 : readv(fd, &part, 1);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    struct iovec part = {(void *)(uintptr_t)bytes, len < MOST_WRITTEN ? len : MOST_WRITTEN};
    if (is_interrupted()) {
        return -1;
    }
    return full ? 0 : writev(fd, &part, 1);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    (void)from_dir;
    (void)from;
    (void)to_dir;
    (void)to;
    errno = rename_error;
    return -1;
}

int fsync(int fd)
{
    (void)fd;
    return has_failed(&sync_failure) ? -1 : 0;
}

int fchmod(int fd, mode_t mode)
{
    char path[32];
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    return has_failed(&mode_failure) ? -1 : chmod(path, mode);
}

/* A descriptor is gone whatever close says; stdio closes it, by the system's own close. */
int close(int fd)
{
    int access = fcntl(fd, F_GETFL) & O_ACCMODE;
    FILE *stream = fdopen(fd, access == O_RDONLY ? "r" : access == O_WRONLY ? "w" : "r+");
    int result = stream ? fclose(stream) : -1;
    return has_failed(&close_failure) ? -1 : result;
}

static int begin(void **unused)
{
    (void)unused;
    calls = 0;
    last_count = 0;
    full = false;
    rename_error = EBUSY;
    sync_failure = mode_failure = close_failure = (struct failure){0, 0};
    return 0;
}

/* An open file with these bytes. */
static int make_file(const char *path, const char *bytes)
{
    struct iovec all = {(void *)(uintptr_t)bytes, strlen(bytes)};
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(writev(fd, &all, 1), strlen(bytes));
    return fd;
}

static void a_file_is_read_to_its_end(void **unused)
{
    char *dir = make_dir(), out[16];
    const char *path = in_dir(dir, "f");
    struct bosa_error err;
    size_t got, done = 0;
    (void)unused;
    error_init(&err);
    int fd = make_file(path, "the whole");
    do {
        assert_int_equal(
            fileio_read(fd, path, (int64_t)done, out + done, sizeof out - done, &got, &err),
            BOSA_OK);
        done += got;
    } while (got > 0);
    assert_int_equal(done, 9);
    assert_memory_equal(out, "the whole", 9);
    assert_true(calls > 4);
    close(fd);
    remove_dir(dir);
}

static void a_stream_is_read_to_its_end(void **unused)
{
    char out[16];
    struct bosa_error err;
    struct iovec all = {(void *)(uintptr_t) "the whole", 9};
    size_t got, done = 0;
    int ends[2];
    (void)unused;
    error_init(&err);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(writev(ends[1], &all, 1), 9);
    close(ends[1]);
    do {
        assert_int_equal(fileio_read_stream(ends[0], "pipe", done > 0, out + done,
                                            sizeof out - done, &got, &err),
                         BOSA_OK);
        done += got;
    } while (got > 0);
    assert_int_equal(done, 9);
    assert_memory_equal(out, "the whole", 9);
    close(ends[0]);
}

static void all_of_it_is_written(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    int fd = make_file(path, "");
    assert_int_equal(fileio_write(fd, path, "the whole!", 10, &err), BOSA_OK);
    assert_file(path, "the whole!", 10);
    full = true;
    assert_int_equal(fileio_write(fd, path, "more", 4, &err), BOSA_FILE);
    assert_non_null(strstr(err.message, strerror(ENOSPC)));
    error_clear(&err);
    assert_file(path, "the whole!", 10);
    close(fd);
    remove_dir(dir);
}

static void random_digits_are_all_the_systems(void **unused)
{
    char digits[2 * 16 + 1], expected[2 * 16 + 1];
    (void)unused;
    assert_true(random_hex(digits, 16));
    assert_int_equal(last_count, 16);
    for (size_t i = 0; i < 16; i++) {
        (void)snprintf(expected + 2 * i, 3, "%02x", (unsigned char)last_read[i]);
    }
    assert_string_equal(digits, expected);
}

static void a_file_that_is_mounted_gets_the_bytes_of_the_private_one(void **unused)
{
    static const char *const contents[] = {"longer than what was there", "short", "four", "1", ""};
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    (void)unused;
    close(make_file(path, "what was there"));
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        struct bosa_error err;
        struct stat before, after;
        error_init(&err);
        assert_int_equal(stat(path, &before), 0);
        assert_int_equal(
            file_write_all(AT_FDCWD, path, contents[i], strlen(contents[i]), FILE_PRIVATE, &err),
            BOSA_OK);
        assert_int_equal(stat(path, &after), 0);
        assert_true(before.st_ino == after.st_ino);
        assert_file(path, contents[i], strlen(contents[i]));
        assert_int_equal(count_names(dir), 1);
    }
    remove_dir(dir);
}

static void a_mounted_file_is_written_also_where_streams_are_closed(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    int input = dup(STDIN_FILENO);
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    close(make_file(path, "what was there"));
    close(STDIN_FILENO);
    enum bosa_status status = file_write_all(AT_FDCWD, path, "new", 3, 0, &err);
    int next = next_descriptor();
    dup2(input, STDIN_FILENO);
    close(input);
    assert_int_equal(status, BOSA_OK);
    assert_int_equal(next, STDIN_FILENO);
    assert_file(path, "new", 3);
    remove_dir(dir);
}

static void a_mounted_file_on_a_full_disk_is_an_error(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct file_write file;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    close(make_file(path, "what was there"));
    file_write_init(&file);
    assert_int_equal(file_write_open(&file, AT_FDCWD, path, 0, &err), BOSA_OK);
    assert_int_equal(file_write_add(&file, "new", 3, &err), BOSA_OK);
    full = true;
    assert_int_equal(file_write_finish(&file, &err), BOSA_FILE);
    assert_non_null(strstr(err.message, strerror(ENOSPC)));
    error_clear(&err);
    assert_int_equal(count_names(dir), 1);
    remove_dir(dir);
}

static void assert_told(const char *path, enum bosa_status status, struct bosa_error *err,
                        const char *content)
{
    assert_int_equal(status, BOSA_FILE);
    assert_non_null(strstr(err->message, strerror(EIO)));
    error_clear(err);
    assert_file(path, content, strlen(content));
}

static void what_fails_on_the_way_is_told(void **unused)
{
    static const struct {
        unsigned flags;
        struct failure sync, mode, close;
        const char *content; /* in the end; NULL: all is well */
    } cases[] = {
        /* the private file, and then what is mounted; the first close is of the random digits */
        {FILE_PRIVATE, {1, EIO}, {0, 0}, {0, 0}, "old"},
        {FILE_PRIVATE, {2, EIO}, {0, 0}, {0, 0}, "new!"},
        {FILE_PRIVATE, {3, EIO}, {0, 0}, {0, 0}, NULL},
        {FILE_PRIVATE, {1, EINVAL}, {0, 0}, {0, 0}, NULL},
        {FILE_PRIVATE, {0, 0}, {1, EIO}, {0, 0}, "old"},
        {FILE_PRIVATE, {0, 0}, {2, EIO}, {0, 0}, NULL},
        {FILE_PRIVATE, {0, 0}, {0, 0}, {2, EIO}, "old"},
        {FILE_PRIVATE, {0, 0}, {0, 0}, {3, EIO}, "new!"},
        {FILE_PRIVATE, {0, 0}, {0, 0}, {4, EIO}, NULL},
        {FILE_PRIVATE, {0, 0}, {0, 0}, {2, EINTR}, NULL},
        {0, {1, EIO}, {0, 0}, {0, 0}, NULL},
        {0, {0, 0}, {1, EIO}, {0, 0}, "old"},
        {0, {0, 0}, {2, EIO}, {0, 0}, NULL},
        /* the first reason */
        {FILE_PRIVATE, {0, 0}, {1, EIO}, {3, ENOSPC}, "old"},
        {FILE_PRIVATE, {2, EIO}, {0, 0}, {3, ENOSPC}, "new!"},
        {0, {0, 0}, {1, EIO}, {2, ENOSPC}, "old"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *dir = make_dir();
        const char *path = in_dir(dir, "f");
        struct bosa_error err;
        error_init(&err);
        close(make_file(path, "old"));
        assert_int_equal(chmod(path, 0644), 0);
        sync_failure = cases[i].sync;
        mode_failure = cases[i].mode;
        close_failure = cases[i].close;
        enum bosa_status status = file_write_all(AT_FDCWD, path, "new!", 4, cases[i].flags, &err);
        begin(NULL);
        if (cases[i].content) {
            assert_told(path, status, &err, cases[i].content);
        } else {
            assert_int_equal(status, BOSA_OK);
            assert_file(path, "new!", 4);
            assert_int_equal(mode_of(path), cases[i].flags & FILE_PRIVATE ? 0600 : 0644);
        }
        assert_int_equal(count_names(dir), 1);
        remove_dir(dir);
    }
}

static void another_reason_than_a_mount_is_told(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    rename_error = EIO;
    close(make_file(path, "old"));
    assert_told(path, file_write_all(AT_FDCWD, path, "new!", 4, 0, &err), &err, "old");
    rename_error = EBUSY; /* where nothing was */
    assert_int_equal(file_write_all(AT_FDCWD, in_dir(dir, "g"), "new", 3, 0, &err), BOSA_FILE);
    error_clear(&err);
    assert_int_equal(count_names(dir), 1);
    remove_dir(dir);
}

static void a_fifo_gets_all_of_it(void **unused)
{
    char *dir = make_dir(), out[16];
    const char *path = in_dir(dir, "f");
    struct iovec all = {out, sizeof out};
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(chmod(path, 0644), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    sync_failure = (struct failure){1, EIO}; /* as no disk has it */
    assert_int_equal(file_write_all(AT_FDCWD, path, "the whole!", 10, FILE_PRIVATE, &err), BOSA_OK);
    assert_int_equal(mode_of(path), 0644);
    assert_int_equal(readv(reader, &all, 1), 10);
    assert_memory_equal(out, "the whole!", 10);
    close(reader);
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_file_is_read_to_its_end, begin),
        cmocka_unit_test_setup(a_stream_is_read_to_its_end, begin),
        cmocka_unit_test_setup(all_of_it_is_written, begin),
        cmocka_unit_test_setup(random_digits_are_all_the_systems, begin),
        cmocka_unit_test_setup(a_file_that_is_mounted_gets_the_bytes_of_the_private_one, begin),
        cmocka_unit_test_setup(a_mounted_file_is_written_also_where_streams_are_closed, begin),
        cmocka_unit_test_setup(a_mounted_file_on_a_full_disk_is_an_error, begin),
        cmocka_unit_test_setup(what_fails_on_the_way_is_told, begin),
        cmocka_unit_test_setup(another_reason_than_a_mount_is_told, begin),
        cmocka_unit_test_setup(a_fifo_gets_all_of_it, begin),
    };
    return cmocka_run_group_tests_name("interrupted", tests, NULL, NULL);
}
