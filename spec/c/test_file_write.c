/* file_write: whole or not at all, in place where nothing may be replaced, and links. */
#define _XOPEN_SOURCE 700 /* S_ISVTX */

#include "sink_fixture.h"

#include "base/file_write.h"
#include "reply/sink_file.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void write_all(const char *path, const char *text, unsigned flags)
{
    struct bosa_error err;
    error_init(&err);
    enum bosa_status status = file_write_all(AT_FDCWD, path, text, strlen(text), flags, &err);
    if (status != BOSA_OK) {
        fail_msg("%s", err.message);
    }
}

/* Fails the test unless opening `path` fails with these words behind "cannot write `path`: ". */
static void assert_refused(const char *path, const char *why)
{
    struct file_write file;
    struct bosa_error err;
    char expected[1200];
    error_init(&err);
    assert_int_equal(file_write_open(&file, AT_FDCWD, path, 0, &err), BOSA_FILE);
    assert_int_equal(file.fd, -1);
    snprintf(expected, sizeof expected, "cannot write `%s`: %s", path, why);
    assert_message(&err, expected);
}

static void a_file_is_there_when_it_is_whole(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct file_write file;
    struct bosa_error err;
    int fd = next_descriptor();
    (void)unused;
    error_init(&err);
    write_file(path, "old", 3);
    assert_int_equal(file_write_open(&file, AT_FDCWD, path, 0, &err), BOSA_OK);
    assert_false(file_write_in_place(&file));
    assert_int_equal(mode_of(file.part), 0600);
    assert_int_equal(file_write_add(&file, "new", 3, &err), BOSA_OK);
    assert_file(path, "old", 3);
    assert_int_equal(count_names(dir), 2);
    assert_int_equal(file_write_finish(&file, &err), BOSA_OK);
    assert_file(path, "new", 3);
    assert_int_equal(file_write_open(&file, AT_FDCWD, path, 0, &err), BOSA_OK);
    assert_int_equal(file_write_add(&file, "half", 4, &err), BOSA_OK);
    file_write_drop(&file);
    file_write_drop(&file);
    assert_file(path, "new", 3);
    assert_int_equal(count_names(dir), 1);
    assert_int_equal(next_descriptor(), fd);
    remove_dir(dir);
}

static void modes_are_kept_private_or_shared(void **unused)
{
    static const struct {
        unsigned flags;
        int old, mode; /* old 0: no file was there */
    } cases[] = {{0, 0, 0600},           {0, 0644, 0644},           {0, 0755, 0755},
                 {0, 0640, 0640},        {FILE_PRIVATE, 0, 0600},   {FILE_PRIVATE, 0666, 0600},
                 {FILE_SHARED, 0, 0640}, {FILE_SHARED, 0604, 0604}, {FILE_OWN, 0644, 0600}};
    char *dir = make_dir();
    mode_t mask = umask(0027);
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = in_dir(dir, "f");
        if (cases[i].old) {
            write_file(path, "old", 3);
            assert_int_equal(chmod(path, (mode_t)cases[i].old), 0);
        }
        write_all(path, "new", cases[i].flags);
        assert_int_equal(mode_of(path), cases[i].mode);
        assert_int_equal(unlink(path), 0);
    }
    umask(mask);
    remove_dir(dir);
}

static void names_are_not_guessable_and_what_is_planted_is_left_alone(void **unused)
{
    char *dir = make_dir();
    struct file_write one, two;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    assert_int_equal(file_write_open(&one, AT_FDCWD, in_dir(dir, "f"), 0, &err), BOSA_OK);
    assert_int_equal(file_write_open(&two, AT_FDCWD, in_dir(dir, "f"), 0, &err), BOSA_OK);
    assert_string_not_equal(one.part, two.part);
    assert_non_null(strstr(one.part, "/.bosa-"));
    assert_int_equal(strlen(strstr(one.part, "/.bosa-")), 7 + 16);
    file_write_drop(&one);
    file_write_drop(&two);
    assert_int_equal(count_names(dir), 0);
    remove_dir(dir);
}

static void links_are_followed_to_their_target(void **unused)
{
    char *dir = make_dir();
    (void)unused;
    assert_int_equal(mkdir(in_dir(dir, "d"), 0700), 0);
    write_file(in_dir(dir, "d/target"), "old", 3);
    assert_int_equal(symlink("d/target", in_dir(dir, "relative")), 0);
    assert_int_equal(symlink(in_dir(dir, "relative"), in_dir(dir, "absolute")), 0);
    assert_int_equal(symlink("d/new", in_dir(dir, "dangling")), 0);
    write_all(in_dir(dir, "absolute"), "one", 0);
    assert_file(in_dir(dir, "d/target"), "one", 3);
    write_all(in_dir(dir, "dangling"), "two", 0);
    assert_file(in_dir(dir, "d/new"), "two", 3);
    assert_true(is_link(in_dir(dir, "absolute")) && is_link(in_dir(dir, "relative")) &&
                is_link(in_dir(dir, "dangling")));
    assert_int_equal(count_names(in_dir(dir, "d")), 2);
    write_all(in_dir(dir, "absolute"), "own", FILE_OWN);
    assert_false(is_link(in_dir(dir, "absolute")));
    remove_dir(dir);
}

static void a_link_that_another_planted_is_not_followed(void **unused)
{
    char *dir = make_dir();
    (void)unused;
    if (geteuid() == 0) { /* only root can make links of others */
        write_file(in_dir(dir, "victim"), "safe", 4);
        assert_int_equal(symlink("victim", in_dir(dir, "l")), 0);
        assert_int_equal(lchown(in_dir(dir, "l"), 12345, (gid_t)-1), 0);
        write_all(in_dir(dir, "l"), "fine", 0);
        assert_int_equal(chmod(dir, 01777), 0);
        assert_refused(in_dir(dir, "l"), "Permission denied");
        assert_int_equal(chown(dir, 12345, (gid_t)-1), 0);
        write_all(in_dir(dir, "l"), "safe", 0);
        assert_file(in_dir(dir, "victim"), "safe", 4);
    }
    remove_dir(dir);
}

static void what_can_not_be_written_is_refused_when_it_is_opened(void **unused)
{
    char *dir = make_dir();
    char name[300];
    (void)unused;
    assert_refused("", "No such file or directory");
    assert_refused(in_dir(dir, "none/f"), "No such file or directory");
    assert_refused(dir, "Is a directory");
    assert_refused(in_dir(dir, "none/"), "Is a directory");
    assert_refused("/dev/null/f", "Not a directory");
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    assert_refused(in_dir(dir, name), strerror(ENAMETOOLONG));
    name[255] = '\0';
    write_all(in_dir(dir, name), "fits", 0);
    assert_int_equal(symlink("loop", in_dir(dir, "loop")), 0);
    assert_refused(in_dir(dir, "loop"), strerror(ELOOP));
    assert_int_equal(symlink(".", in_dir(dir, "here")), 0);
    assert_refused(in_dir(dir, "here"), "Is a directory");
    assert_int_equal(count_names(dir), 3);
    remove_dir(dir);
}

/* In a child that is no root, as root may write anywhere. */
static void who_may_not_write_is_told(void **unused)
{
    char *dir = make_dir();
    int status = 0;
    (void)unused;
    write_file(in_dir(dir, "f"), "old", 3);
    assert_int_equal(chmod(in_dir(dir, "f"), 0444), 0);
    assert_int_equal(mkdir(in_dir(dir, "d"), 0555), 0);
    assert_int_equal(mkdir(in_dir(dir, "sticky"), 0700), 0);
    write_file(in_dir(dir, "sticky/f"), "old", 3);
    assert_int_equal(chmod(in_dir(dir, "sticky/f"), 0666), 0);
    assert_int_equal(chmod(in_dir(dir, "sticky"), 01777), 0);
    assert_int_equal(chmod(dir, 0777), 0);
    bool is_root = geteuid() == 0;
    pid_t child = fork();
    if (child == 0) {
        struct file_write file;
        struct bosa_error err;
        error_init(&err);
        if (geteuid() == 0 && setuid(12345) != 0) {
            _exit(2);
        }
        bool told = file_write_open(&file, AT_FDCWD, in_dir(dir, "f"), 0, &err) == BOSA_FILE &&
                    strstr(err.message, "Permission denied") &&
                    file_write_open(&file, AT_FDCWD, in_dir(dir, "d/f"), 0, &err) == BOSA_FILE &&
                    strstr(err.message, "Permission denied");
        if (is_root) { /* another's file, which a rename may not replace, and one of our own */
            told =
                told && access(in_dir(dir, "sticky/f"), W_OK) == 0 &&
                file_write_open(&file, AT_FDCWD, in_dir(dir, "sticky/f"), 0, &err) == BOSA_FILE &&
                strstr(err.message, "Operation not permitted");
            write_all(in_dir(dir, "sticky/own"), "own", 0);
            write_all(in_dir(dir, "sticky/own"), "new", 0);
        }
        end_child(told);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_file(in_dir(dir, "f"), "old", 3);
    remove_dir(dir);
}

static void a_fifo_gets_the_bytes_and_stays_one(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    char got[8] = {0};
    struct stat st;
    (void)unused;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(path, "nobody has this FIFO open for reading");
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_int_equal(symlink("f", in_dir(dir, "l")), 0);
    write_all(path, "hello", 0);
    assert_int_equal(read(reader, got, sizeof got), 5);
    assert_string_equal(got, "hello");
    write_all(in_dir(dir, "l"), "again", FILE_PRIVATE);
    assert_int_equal(read(reader, got, sizeof got), 5);
    assert_string_equal(got, "again");
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(count_names(dir), 2);
    close(reader);
    remove_dir(dir);
}

/* More than a pipe holds: the writer waits for the reader. */
static void a_slow_reader_is_waited_for(void **unused)
{
    enum { SIZE = 1 << 20 };
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    static char bytes[SIZE];
    struct bosa_error err;
    int status = 0;
    (void)unused;
    error_init(&err);
    memset(bytes, 'b', SIZE);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_int_equal(fcntl(reader, F_SETFL, 0), 0);
    struct file_write file;
    assert_int_equal(file_write_open(&file, AT_FDCWD, path, 0, &err), BOSA_OK);
    pid_t child = fork();
    if (child == 0) {
        char block[4096];
        ssize_t n, all = 0;
        close(file.fd);
        while (all < SIZE && (n = read(reader, block, sizeof block)) > 0) {
            all += n;
        }
        end_child(all == SIZE);
    }
    assert_int_equal(file_write_add(&file, bytes, SIZE, &err), BOSA_OK);
    assert_int_equal(file_write_finish(&file, &err), BOSA_OK);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(reader);
    remove_dir(dir);
}

static void a_reader_that_has_gone_is_an_error_and_no_signal(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct file_write file;
    struct bosa_error err;
    sigset_t pending, mask;
    (void)unused;
    error_init(&err);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_int_equal(file_write_open(&file, AT_FDCWD, path, 0, &err), BOSA_OK);
    close(reader);
    assert_int_equal(file_write_add(&file, "x", 1, &err), BOSA_FILE);
    assert_string_equal(err.cause, "Broken pipe");
    error_clear(&err);
    file_write_drop(&file);
    sigpending(&pending);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    assert_int_equal(sigismember(&mask, SIGPIPE), 0);
    remove_dir(dir);
}

/* What /dev/stdout leads to: an open file is gone on with, never replaced. */
static void a_name_of_a_descriptor_is_written_to(void **unused)
{
    char *dir = make_dir();
    char name[64];
    struct bosa_error err;
    struct file_write file;
    (void)unused;
    error_init(&err);
    int fd = open(in_dir(dir, "log"), O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, "one", 3), 3);
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    assert_int_equal(symlink(name, in_dir(dir, "l")), 0);
    write_all(name, "two", 0);
    write_all(in_dir(dir, "l"), "three", 0);
    assert_int_equal(write(fd, "four", 4), 4);
    assert_file(in_dir(dir, "log"), "onetwothreefour", 15);
    assert_true(is_link(in_dir(dir, "l")));
    close(fd);
    assert_refused(name, "Bad file descriptor");
    fd = open(in_dir(dir, "log"), O_RDONLY);
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    assert_int_equal(file_write_open(&file, AT_FDCWD, name, 0, &err), BOSA_FILE);
    error_clear(&err);
    close(fd);
    remove_dir(dir);
}

/* On a copy of its own where that can be had: a fault must not cost the machine its /dev/null. */
static void a_device_stays_one(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "null");
    struct stat st;
    (void)unused;
    assert_int_equal(stat("/dev/null", &st), 0);
    if (mknod(path, S_IFCHR | 0666, st.st_rdev) == 0) {
        write_all(path, "gone", 0);
        write_all(path, "gone", FILE_PRIVATE);
        assert_int_equal(lstat(path, &st), 0);
        assert_true(S_ISCHR(st.st_mode));
    }
    remove_dir(dir);
}

static void a_new_file_takes_no_name_that_is_taken(void **unused)
{
    char *dir = make_dir();
    const char *path = in_dir(dir, "f");
    struct file_write file;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    write_file(path, "old", 3);
    assert_int_equal(file_write_open_new(&file, path, &err), BOSA_OK);
    assert_int_equal(file_write_add(&file, "new", 3, &err), BOSA_OK);
    assert_int_equal(file_write_place(&file, path), EEXIST);
    assert_int_equal(file_write_place(&file, in_dir(dir, "g")), 0);
    assert_file(path, "old", 3);
    assert_file(in_dir(dir, "g"), "new", 3);
    assert_int_equal(count_names(dir), 2);
    remove_dir(dir);
}

/* As in a program that was started without standard streams: a file is none of them. */
static void no_file_becomes_a_standard_stream(void **unused)
{
    char *dir = make_dir();
    int status = 0;
    (void)unused;
    pid_t child = fork();
    if (child == 0) {
        struct file_write file;
        struct bosa_error err;
        error_init(&err);
        close(0);
        close(1);
        close(2);
        enum bosa_status opened = file_write_open(&file, AT_FDCWD, in_dir(dir, "f"), 0, &err);
        bool above = opened == BOSA_OK && file.fd > 2 && fcntl(1, F_GETFD) < 0;
        file_write_drop(&file);
        end_child(above);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    remove_dir(dir);
}

/* One descriptor is left, a standard stream's, from which the file can't be moved away. */
static void a_file_that_can_not_stay_open_leaves_nothing(void **unused)
{
    char *dir = make_dir();
    int status = 0;
    (void)unused;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit;
        struct file_write file;
        struct bosa_error err;
        int fd = -1;
        error_init(&err);
        bool limited =
            close(0) == 0 && setenv("TMPDIR", dir, 1) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0;
        limit.rlim_cur = 1;
        limited = limited && setrlimit(RLIMIT_NOFILE, &limit) == 0;
        bool told = file_write_open(&file, AT_FDCWD, in_dir(dir, "f"), 0, &err) == BOSA_FILE &&
                    sink_file_temporary(&fd, &err) == BOSA_FILE && fd < 0 && fcntl(0, F_GETFD) < 0;
        end_child(limited && told);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(count_names(dir), 0);
    remove_dir(dir);
}

static enum bosa_status write_some(void *path, struct bosa_error *err)
{
    return file_write_all(AT_FDCWD, path, "bytes", 5, 0, err);
}

static void a_lack_of_memory_leaves_nothing(void **unused)
{
    char *dir = make_dir();
    char link[512], number[512];
    (void)unused;
    assert_int_equal(symlink("f", in_dir(dir, "l")), 0);
    snprintf(link, sizeof link, "%s/l", dir);
    assert_true(torture(write_some, link) >= 4);
    snprintf(number, sizeof number, "%s/1", dir);
    assert_true(torture(write_some, number) >= 4);
    assert_int_equal(count_names(dir), 3);
    remove_dir(dir);
}

/* Writes the file again and again, until a signal ends it; tells when the first one is there. */
static void write_for_ever(const char *path, int teller)
{
    struct bosa_error err;
    error_init(&err);
    for (bool told = false; file_write_all(AT_FDCWD, path, "bytes", 5, FILE_PRIVATE, &err) == 0;) {
        if (!told && write(teller, "x", 1) != 1) {
            break;
        }
        told = true;
    }
    end_child(false);
}

/* Wherever in a write it comes: of fifty signals most come between the file's making and naming. */
static void a_signal_that_ends_the_process_leaves_only_the_file(void **unused)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    char *dir = make_dir();
    struct rlimit core = {0, 0};
    (void)unused;
    setrlimit(RLIMIT_CORE, &core);
    for (int i = 0; i < 50; i++) {
        int ends[2], status, ending = signals[i % 4];
        char byte;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            signal(ending, SIG_DFL);
            write_for_ever(in_dir(dir, "f"), ends[1]);
        }
        close(ends[1]);
        assert_int_equal(read(ends[0], &byte, 1), 1);
        close(ends[0]);
        assert_int_equal(kill(child, ending), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == ending);
        assert_int_equal(count_names(dir), 1);
    }
    assert_file(in_dir(dir, "f"), "bytes", 5);
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_there_when_it_is_whole),
        cmocka_unit_test(modes_are_kept_private_or_shared),
        cmocka_unit_test(names_are_not_guessable_and_what_is_planted_is_left_alone),
        cmocka_unit_test(links_are_followed_to_their_target),
        cmocka_unit_test(a_link_that_another_planted_is_not_followed),
        cmocka_unit_test(what_can_not_be_written_is_refused_when_it_is_opened),
        cmocka_unit_test(who_may_not_write_is_told),
        cmocka_unit_test(a_fifo_gets_the_bytes_and_stays_one),
        cmocka_unit_test(a_slow_reader_is_waited_for),
        cmocka_unit_test(a_reader_that_has_gone_is_an_error_and_no_signal),
        cmocka_unit_test(a_name_of_a_descriptor_is_written_to),
        cmocka_unit_test(a_device_stays_one),
        cmocka_unit_test(a_new_file_takes_no_name_that_is_taken),
        cmocka_unit_test(no_file_becomes_a_standard_stream),
        cmocka_unit_test(a_file_that_can_not_stay_open_leaves_nothing),
        cmocka_unit_test(a_lack_of_memory_leaves_nothing),
        cmocka_unit_test(a_signal_that_ends_the_process_leaves_only_the_file),
    };
    return cmocka_run_group_tests_name("file_write", tests, NULL, NULL);
}
