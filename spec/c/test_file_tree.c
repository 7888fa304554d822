/* file_tree: all files or none, below one directory. */
#include "sink_fixture.h"

#include "base/file_tree.h"

#include <sys/stat.h>
#include <sys/wait.h>

static void begin(struct file_tree *tree, const char *dir)
{
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(file_tree_init(tree, dir, &err), BOSA_OK);
}

/* Writes a file of the tree, whose content is its path. */
static void add(struct file_tree *tree, const char *path)
{
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(file_tree_check(tree, path, true, &err), BOSA_OK);
    assert_int_equal(file_tree_add(tree, path, &err), BOSA_OK);
    assert_int_equal(file_tree_write(tree, path, strlen(path), &err), BOSA_OK);
    assert_int_equal(file_tree_end(tree, &err), BOSA_OK);
}

static void paths_that_lead_elsewhere_are_not_safe(void **unused)
{
    static const char *const safe[] = {"a",    "a/b",     "a.b", "...",
                                       "ab:c", ".hidden", "a b", "\xc3\xbc"};
    static const char *const unsafe[] = {"",   "/",    "/a",   "a/",   "a//b", ".",
                                         "..", "./a",  "a/.",  "../a", "a/..", "a/../b",
                                         "C:", "c:/a", "a\\b", "a\n",  "\x7f"};
    char name[300];
    (void)unused;
    for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++) {
        assert_true(file_tree_is_safe(safe[i], strlen(safe[i])));
    }
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++) {
        assert_false(file_tree_is_safe(unsafe[i], strlen(unsafe[i])));
    }
    assert_false(file_tree_is_safe("a\0b", 3));
    memset(name, 'x', sizeof name);
    assert_true(file_tree_is_safe(name, 255));
    assert_false(file_tree_is_safe(name, 256));
}

static void files_are_there_when_all_are_whole(void **unused)
{
    char *dir = make_dir();
    struct file_tree tree;
    struct bosa_error err;
    int fd = next_descriptor();
    char top[200];
    (void)unused;
    error_init(&err);
    snprintf(top, sizeof top, "%s/x/y", dir);
    begin(&tree, top);
    assert_int_equal(count_names(dir), 0);
    add(&tree, "a");
    add(&tree, "b/c/d");
    assert_int_equal(access(in_dir(dir, "x/y/a"), F_OK), -1);
    assert_int_equal(file_tree_place(&tree, false, &err), BOSA_OK);
    assert_file(in_dir(dir, "x/y/a"), "a", 1);
    assert_file(in_dir(dir, "x/y/b/c/d"), "b/c/d", 5);
    assert_int_equal(mode_of(in_dir(dir, "x/y/a")), 0600);
    assert_int_equal(count_names(top), 2);
    assert_int_equal(next_descriptor(), fd);
    file_tree_drop(&tree);
    assert_file(in_dir(dir, "x/y/a"), "a", 1);
    remove_dir(dir);
}

static void what_is_dropped_leaves_nothing(void **unused)
{
    char *dir = make_dir();
    struct file_tree tree;
    struct bosa_error err;
    int fd = next_descriptor();
    char top[200];
    (void)unused;
    error_init(&err);
    snprintf(top, sizeof top, "%s/x/y", dir);
    begin(&tree, top);
    add(&tree, "a");
    assert_int_equal(file_tree_add(&tree, "b/c", &err), BOSA_OK);
    assert_int_equal(file_tree_write(&tree, "half", 4, &err), BOSA_OK);
    file_tree_drop(&tree);
    file_tree_drop(&tree);
    assert_int_equal(count_names(dir), 0);
    assert_int_equal(next_descriptor(), fd);
    remove_dir(dir);
}

/* Somebody else makes a file in the meantime. */
static void where_one_can_not_be_placed_none_is(void **unused)
{
    char *dir = make_dir();
    struct file_tree tree;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    begin(&tree, dir);
    add(&tree, "n/a");
    add(&tree, "b");
    write_file(in_dir(dir, "b"), "mine", 4);
    assert_int_equal(file_tree_place(&tree, false, &err), BOSA_FILE);
    assert_non_null(strstr(err.message, "/b` is there already"));
    error_clear(&err);
    assert_file(in_dir(dir, "b"), "mine", 4);
    assert_int_equal(count_names(dir), 1);
    remove_dir(dir);
}

static void what_was_replaced_is_put_back(void **unused)
{
    char *dir = make_dir();
    struct file_tree tree;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    write_file(in_dir(dir, "a"), "mine", 4);
    begin(&tree, dir);
    add(&tree, "a");
    add(&tree, "b");
    assert_int_equal(mkdir(in_dir(dir, "b"), 0700), 0);
    assert_int_equal(file_tree_place(&tree, true, &err), BOSA_FILE);
    error_clear(&err);
    assert_file(in_dir(dir, "a"), "mine", 4);
    assert_int_equal(count_names(dir), 2);
    begin(&tree, dir);
    add(&tree, "a");
    assert_int_equal(file_tree_place(&tree, true, &err), BOSA_OK);
    assert_file(in_dir(dir, "a"), "a", 1);
    assert_int_equal(count_names(dir), 2);
    remove_dir(dir);
}

static void a_path_that_is_given_twice_is_put_back_too(void **unused)
{
    char *dir = make_dir();
    struct file_tree tree;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    write_file(in_dir(dir, "a"), "mine", 4);
    begin(&tree, dir);
    add(&tree, "a");
    add(&tree, "a");
    add(&tree, "b");
    assert_int_equal(mkdir(in_dir(dir, "b"), 0700), 0);
    assert_int_equal(file_tree_place(&tree, true, &err), BOSA_FILE);
    error_clear(&err);
    assert_file(in_dir(dir, "a"), "mine", 4);
    assert_int_equal(count_names(dir), 2);
    remove_dir(dir);
}

/* In a child that is no root, as root may make directories anywhere. */
static void a_directory_that_can_not_be_made_says_why(void **unused)
{
    char *dir = make_dir();
    int status = 0;
    (void)unused;
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(mkdir(in_dir(dir, "closed"), 0555), 0);
    pid_t child = fork();
    if (child == 0) {
        struct file_tree tree;
        struct bosa_error err;
        error_init(&err);
        if (geteuid() == 0 && setuid(12345) != 0) {
            _exit(2);
        }
        bool told = file_tree_init(&tree, dir, &err) == BOSA_OK &&
                    file_tree_add(&tree, "closed/new/a", &err) == BOSA_OK &&
                    file_tree_end(&tree, &err) == BOSA_OK &&
                    file_tree_place(&tree, false, &err) == BOSA_FILE &&
                    strstr(err.message, "Permission denied");
        end_child(told);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(count_names(dir), 1);
    remove_dir(dir);
}

static void without_memory_nothing_is_left(void **unused)
{
    char *dir = make_dir();
    bool done = false;
    char top[200];
    (void)unused;
    snprintf(top, sizeof top, "%s/x", dir);
    for (long i = 1; !done; i++) {
        struct file_tree tree;
        struct bosa_error err;
        long live = mem_torture_live();
        int fd = next_descriptor();
        error_init(&err);
        mem_torture_fail_at(i);
        enum bosa_status status = file_tree_init(&tree, top, &err);
        if (status == BOSA_OK) {
            status = file_tree_add(&tree, "a/b", &err);
            if (status == BOSA_OK) {
                status = file_tree_end(&tree, &err);
            }
            if (status == BOSA_OK) {
                status = file_tree_place(&tree, false, &err);
            }
            file_tree_drop(&tree);
        }
        mem_torture_fail_at(0);
        done = status == BOSA_OK;
        assert_true(done || status == BOSA_NOMEM || err.kind == BOSA_FILE);
        error_clear(&err);
        assert_int_equal(mem_torture_live(), live);
        assert_int_equal(next_descriptor(), fd);
        assert_int_equal(count_names(dir), done ? 1 : 0);
    }
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_lead_elsewhere_are_not_safe),
        cmocka_unit_test(files_are_there_when_all_are_whole),
        cmocka_unit_test(what_is_dropped_leaves_nothing),
        cmocka_unit_test(where_one_can_not_be_placed_none_is),
        cmocka_unit_test(what_was_replaced_is_put_back),
        cmocka_unit_test(a_path_that_is_given_twice_is_put_back_too),
        cmocka_unit_test(a_directory_that_can_not_be_made_says_why),
        cmocka_unit_test(without_memory_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
