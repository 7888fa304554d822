#include "base/mem.h"
#include "hub/cache.h"
#include "mem_torture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define BASE "https://api.example.com/v1"

/* A fresh directory for each test, and the cache directory in it, which does not exist yet. */
struct place {
    char root[64];
    char dir[80];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    assert_non_null(place);
    strcpy(place->root, "/tmp/bosa-cache-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    snprintf(place->dir, sizeof(place->dir), "%s/cache", place->root);
    *state = place;
    return 0;
}

/* Removes what a test left, and tells how many files were in the directory. */
static int empty_dir(const char *dir)
{
    DIR *open = opendir(dir);
    struct dirent *entry;
    int count = 0;

    if (open == NULL) {
        return 0;
    }
    while ((entry = readdir(open)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            assert_int_equal(unlinkat(dirfd(open), entry->d_name, 0), 0);
            count++;
        }
    }
    closedir(open);
    return count;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    empty_dir(place->dir);
    rmdir(place->dir);
    empty_dir(place->root);
    assert_int_equal(rmdir(place->root), 0);
    free(place);
    return 0;
}

/* The path of the only file in the cache directory. */
static void only_file(const struct place *place, char *out, size_t cap)
{
    DIR *open = opendir(place->dir);
    struct dirent *entry;
    int count = 0;

    assert_non_null(open);
    while ((entry = readdir(open)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(out, cap, "%s/%s", place->dir, entry->d_name);
            count++;
        }
    }
    closedir(open);
    assert_int_equal(count, 1);
}

static enum bosa_status put(const struct place *place, const char *base, const char *name,
                            const char *text, const char *etag, const char *modified)
{
    char body[256], tag[256], date[256];
    struct cache_entry entry = {body, strlen(text), 1700000000, NULL, NULL};
    struct bosa_error err;
    enum bosa_status status;

    strcpy(body, text);
    if (etag != NULL) {
        entry.etag = strcpy(tag, etag);
    }
    if (modified != NULL) {
        entry.last_modified = strcpy(date, modified);
    }
    error_init(&err);
    status = cache_write(place->dir, base, name, &entry, &err);
    assert_int_equal(err.kind, status);
    error_clear(&err);
    return status;
}

static void assert_entry(const struct place *place, const char *base, const char *name,
                         const char *text)
{
    struct cache_entry entry;

    assert_true(cache_read(place->dir, base, name, &entry));
    assert_int_equal(entry.len, strlen(text));
    assert_memory_equal(entry.text, text, entry.len);
    cache_entry_free(&entry);
}

static void assert_absent(const struct place *place, const char *base, const char *name)
{
    struct cache_entry entry;

    assert_false(cache_read(place->dir, base, name, &entry));
}

static size_t slurp(const char *path, char *out, size_t cap)
{
    FILE *file = fopen(path, "rb");
    size_t len;

    assert_non_null(file);
    len = fread(out, 1, cap, file);
    fclose(file);
    return len;
}

static void spill(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void gives_back_what_was_written(void **state)
{
    const struct place *place = *state;
    struct cache_entry entry;

    assert_int_equal(put(place, BASE, "github", "{\"github\":{}}", "W/\"a b%20\xc3\xa9\"",
                         "Sun, 06 Nov 1994 08:49:37 GMT"),
                     BOSA_OK);
    assert_true(cache_read(place->dir, BASE, "github", &entry));
    assert_int_equal(entry.len, 13);
    assert_memory_equal(entry.text, "{\"github\":{}}", 13);
    assert_int_equal(entry.fetched, 1700000000);
    assert_string_equal(entry.etag, "W/\"a b%20\xc3\xa9\"");
    assert_string_equal(entry.last_modified, "Sun, 06 Nov 1994 08:49:37 GMT");
    cache_entry_free(&entry);
    assert_null(entry.text);
}

static void validators_may_be_missing(void **state)
{
    const struct place *place = *state;
    struct cache_entry entry;

    assert_int_equal(put(place, BASE, "github", "{}", NULL, ""), BOSA_OK);
    assert_true(cache_read(place->dir, BASE, "github", &entry));
    assert_null(entry.etag);
    assert_null(entry.last_modified);
    cache_entry_free(&entry);
}

static void the_text_may_be_anything(void **state)
{
    const struct place *place = *state;

    assert_int_equal(put(place, BASE, "empty", "", NULL, NULL), BOSA_OK);
    assert_entry(place, BASE, "empty", "");
    assert_int_equal(put(place, BASE, "lines", "\n\n a \n", NULL, NULL), BOSA_OK);
    assert_entry(place, BASE, "lines", "\n\n a \n");
}

static void later_wins(void **state)
{
    const struct place *place = *state;
    char path[512];

    assert_int_equal(put(place, BASE, "github", "a longer first text", "x", NULL), BOSA_OK);
    assert_int_equal(put(place, BASE, "github", "second", NULL, NULL), BOSA_OK);
    assert_entry(place, BASE, "github", "second");
    only_file(place, path, sizeof(path)); /* nothing is left beside it */
}

static void only_the_owner_can_look(void **state)
{
    const struct place *place = *state;
    mode_t old = umask(0);
    struct stat st;
    char path[512];

    assert_int_equal(put(place, BASE, "github", "{}", NULL, NULL), BOSA_OK);
    umask(old);
    assert_int_equal(stat(place->dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    only_file(place, path, sizeof(path));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void origins_and_names_are_kept_apart(void **state)
{
    const struct place *place = *state;
    static const char *const names[] = {"a", "A", "a/b", "a%2Fb", "..", ".", "../../etc/x", "a b"};
    size_t count = sizeof(names) / sizeof(names[0]);

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(put(place, BASE, names[i], names[i], NULL, NULL), BOSA_OK);
        assert_int_equal(put(place, "https://other", names[i], "other", NULL, NULL), BOSA_OK);
    }
    for (size_t i = 0; i < count; i++) {
        assert_entry(place, BASE, names[i], names[i]);
        assert_entry(place, "https://other", names[i], "other");
    }
    assert_int_equal(empty_dir(place->dir), (int)count * 2);
}

static void a_name_may_be_longer_than_a_file_name(void **state)
{
    const struct place *place = *state;
    char name[3001], other[3001];

    memset(name, '%', 3000);
    name[3000] = '\0';
    strcpy(other, name);
    other[2999] = '!';
    assert_int_equal(put(place, BASE, name, "first", NULL, NULL), BOSA_OK);
    assert_int_equal(put(place, BASE, other, "second", NULL, NULL), BOSA_OK);
    assert_entry(place, BASE, name, "first");
    assert_entry(place, BASE, other, "second");
}

static void a_file_under_the_name_of_another_does_not_count(void **state)
{
    const struct place *place = *state;
    char github[512], drive[512], bytes[1024];
    size_t len;

    assert_int_equal(put(place, BASE, "github", "{}", NULL, NULL), BOSA_OK);
    only_file(place, github, sizeof(github));
    len = slurp(github, bytes, sizeof(bytes));
    empty_dir(place->dir);
    assert_int_equal(put(place, BASE, "drive", "{}", NULL, NULL), BOSA_OK);
    only_file(place, drive, sizeof(drive));
    spill(drive, bytes, len);
    assert_absent(place, BASE, "drive");
    assert_int_equal(access(drive, F_OK), -1);
}

static void what_is_not_there_is_absent(void **state)
{
    const struct place *place = *state;

    assert_absent(place, BASE, "github");
    cache_remove(place->dir, BASE, "github");
    assert_int_equal(mkdir(place->dir, 0700), 0);
    assert_absent(place, BASE, "github");
    cache_remove(place->dir, BASE, "github");
}

static void removes(void **state)
{
    const struct place *place = *state;

    assert_int_equal(put(place, BASE, "github", "{}", NULL, NULL), BOSA_OK);
    assert_int_equal(put(place, BASE, "drive", "{}", NULL, NULL), BOSA_OK);
    cache_remove(place->dir, BASE, "github");
    assert_absent(place, BASE, "github");
    assert_entry(place, BASE, "drive", "{}");
}

static void every_changed_byte_is_noticed(void **state)
{
    const struct place *place = *state;
    char path[512], bytes[1024];
    size_t len;

    assert_int_equal(put(place, BASE, "github", "{\"github\": [1, 2]}", "\"tag\"", "date"),
                     BOSA_OK);
    only_file(place, path, sizeof(path));
    len = slurp(path, bytes, sizeof(bytes));
    for (size_t i = 0; i < len; i++) {
        static const char masks[] = {1, 0x20, 0x7f};

        for (size_t m = 0; m < sizeof(masks); m++) {
            bytes[i] ^= masks[m];
            spill(path, bytes, len);
            assert_absent(place, BASE, "github");
            assert_int_equal(access(path, F_OK), -1);
            bytes[i] ^= masks[m];
        }
    }
    spill(path, bytes, len);
    assert_entry(place, BASE, "github", "{\"github\": [1, 2]}");
}

static void every_cut_is_noticed(void **state)
{
    const struct place *place = *state;
    char path[512], bytes[1024];
    size_t len;

    assert_int_equal(put(place, BASE, "github", "{\"github\": [1, 2]}", NULL, NULL), BOSA_OK);
    only_file(place, path, sizeof(path));
    len = slurp(path, bytes, sizeof(bytes) - 1);
    for (size_t cut = 0; cut < len; cut++) {
        spill(path, bytes, cut);
        assert_absent(place, BASE, "github");
        assert_int_equal(access(path, F_OK), -1);
    }
    bytes[len] = ' ';
    spill(path, bytes, len + 1);
    assert_absent(place, BASE, "github");
}

static void a_symlink_is_not_followed(void **state)
{
    const struct place *place = *state;
    char path[512], target[512];
    struct stat st;

    assert_int_equal(put(place, BASE, "github", "{}", NULL, NULL), BOSA_OK);
    only_file(place, path, sizeof(path));
    snprintf(target, sizeof(target), "%s/target", place->root);
    assert_int_equal(rename(path, target), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_absent(place, BASE, "github");
    assert_int_equal(put(place, BASE, "github", "new", NULL, NULL), BOSA_OK);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode)); /* replaced, not written through */
    assert_entry(place, BASE, "github", "new");
    assert_int_equal(lstat(target, &st), 0);
}

static void a_fifo_is_not_waited_for(void **state)
{
    const struct place *place = *state;
    char path[512];

    assert_int_equal(put(place, BASE, "github", "{}", NULL, NULL), BOSA_OK);
    only_file(place, path, sizeof(path));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_absent(place, BASE, "github");
}

static void what_others_can_write_is_refused(void **state)
{
    const struct place *place = *state;
    char path[512];

    assert_int_equal(put(place, BASE, "github", "{}", NULL, NULL), BOSA_OK);
    only_file(place, path, sizeof(path));
    assert_int_equal(chmod(path, 0620), 0);
    assert_absent(place, BASE, "github");
    assert_int_equal(chmod(path, 0602), 0);
    assert_absent(place, BASE, "github");
    assert_int_equal(chmod(path, 0644), 0);
    assert_entry(place, BASE, "github", "{}");
}

static void what_belongs_to_someone_else_is_refused(void **state)
{
    const struct place *place = *state;
    char path[512];

    if (geteuid() != 0) {
        skip(); /* only root can give a file away */
    }
    assert_int_equal(put(place, BASE, "github", "{}", NULL, NULL), BOSA_OK);
    only_file(place, path, sizeof(path));
    assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
    assert_absent(place, BASE, "github");
    assert_int_equal(chown(path, 0, (gid_t)-1), 0);
    assert_entry(place, BASE, "github", "{}");
    assert_int_equal(chown(place->dir, 12345, (gid_t)-1), 0);
    assert_absent(place, BASE, "github");
    assert_int_equal(put(place, BASE, "github", "new", NULL, NULL), BOSA_FILE);
    cache_remove(place->dir, BASE, "github");
    assert_int_equal(access(path, F_OK), 0);
}

static void a_directory_that_can_not_be_made_is_an_error(void **state)
{
    const struct place *place = *state;
    struct place deep, file;

    deep = *place;
    file = *place;
    spill(file.dir, "x", 1);
    assert_int_equal(put(&file, BASE, "github", "{}", NULL, NULL), BOSA_FILE);
    assert_absent(&file, BASE, "github");
    deep = *place;
    strcat(deep.dir, "/deep");
    assert_int_equal(put(&deep, BASE, "github", "{}", NULL, NULL), BOSA_FILE);
    assert_int_equal(unlink(file.dir), 0);
}

/* As ~/.cache of a new home. */
static void directories_above_are_made_for_us_alone(void **state)
{
    const struct place *place = *state;
    struct place deep = *place;
    struct stat st;

    strcat(deep.dir, "/one/two");
    assert_int_equal(put(&deep, BASE, "github", "{}", NULL, NULL), BOSA_OK);
    assert_entry(&deep, BASE, "github", "{}");
    assert_int_equal(stat(place->dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    empty_dir(deep.dir);
    assert_int_equal(rmdir(deep.dir), 0);
    deep.dir[strlen(deep.dir) - 4] = '\0';
    assert_int_equal(rmdir(deep.dir), 0);
}

#define WRITES 200
#define BIG 20000

/* An entry whose text is one letter many times, so that a mixture shows. */
static void write_letter(const struct place *place, char letter)
{
    char *text = mem_alloc(BIG);
    struct cache_entry entry = {text, BIG, letter, NULL, NULL};
    struct bosa_error err;

    error_init(&err);
    memset(text, letter, BIG);
    if (cache_write(place->dir, BASE, "github", &entry, &err) != BOSA_OK) {
        _exit(1);
    }
    mem_free(text);
}

static void many_processes_may_write_at_once(void **state)
{
    const struct place *place = *state;
    pid_t children[2];
    char path[512];

    write_letter(place, 'z');
    for (int c = 0; c < 2; c++) {
        children[c] = fork();
        assert_true(children[c] >= 0);
        if (children[c] == 0) {
            for (int i = 0; i < WRITES; i++) {
                write_letter(place, (char)('a' + (c + i) % 26));
            }
            _exit(0);
        }
    }
    for (int i = 0; i < WRITES; i++) {
        struct cache_entry entry;

        assert_true(cache_read(place->dir, BASE, "github", &entry));
        assert_int_equal(entry.len, BIG);
        for (size_t k = 0; k < BIG; k++) {
            assert_int_equal(entry.text[k], (char)entry.fetched);
        }
        cache_entry_free(&entry);
    }
    for (int c = 0; c < 2; c++) {
        int status;

        assert_int_equal(waitpid(children[c], &status, 0), children[c]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    only_file(place, path, sizeof(path));
}

static void a_left_over_file_is_stepped_over(void **state)
{
    const struct place *place = *state;
    char path[512], left[600];

    assert_int_equal(put(place, BASE, "github", "{}", NULL, NULL), BOSA_OK);
    only_file(place, path, sizeof(path));
    snprintf(left, sizeof(left), "%s/.%s.%ld.0", place->dir, strrchr(path, '/') + 1,
             (long)getpid());
    spill(left, "torn", 4);
    assert_int_equal(put(place, BASE, "github", "new", NULL, NULL), BOSA_OK);
    assert_entry(place, BASE, "github", "new");
    assert_int_equal(unlink(left), 0);
}

static void every_failing_allocation_is_survived(void **state)
{
    const struct place *place = *state;
    long before = mem_torture_live(), count;
    struct cache_entry entry;
    char path[512];

    mem_torture_fail_at(0);
    assert_int_equal(put(place, BASE, "github", "{}", "tag", "date"), BOSA_OK);
    count = mem_torture_count();
    for (long nth = 1; nth <= count; nth++) {
        mem_torture_fail_at(nth);
        assert_int_equal(put(place, BASE, "github", "new", "tag", "date"), BOSA_NOMEM);
        assert_int_equal(mem_torture_live(), before);
        only_file(place, path, sizeof(path));
    }
    mem_torture_fail_at(0);
    assert_entry(place, BASE, "github", "{}");
    count = mem_torture_count();
    for (long nth = 1; nth <= count; nth++) {
        mem_torture_fail_at(nth);
        assert_false(cache_read(place->dir, BASE, "github", &entry));
        assert_int_equal(mem_torture_live(), before);
    }
    mem_torture_fail_at(0);
    assert_entry(place, BASE, "github", "{}"); /* no memory is no reason to remove it */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        TEST(gives_back_what_was_written),
        TEST(validators_may_be_missing),
        TEST(the_text_may_be_anything),
        TEST(later_wins),
        TEST(only_the_owner_can_look),
        TEST(origins_and_names_are_kept_apart),
        TEST(a_name_may_be_longer_than_a_file_name),
        TEST(a_file_under_the_name_of_another_does_not_count),
        TEST(what_is_not_there_is_absent),
        TEST(removes),
        TEST(every_changed_byte_is_noticed),
        TEST(every_cut_is_noticed),
        TEST(a_symlink_is_not_followed),
        TEST(a_fifo_is_not_waited_for),
        TEST(what_others_can_write_is_refused),
        TEST(what_belongs_to_someone_else_is_refused),
        TEST(a_directory_that_can_not_be_made_is_an_error),
        TEST(directories_above_are_made_for_us_alone),
        TEST(many_processes_may_write_at_once),
        TEST(a_left_over_file_is_stepped_over),
        TEST(every_failing_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
