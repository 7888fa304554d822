/* file_tree where no hard link can be made: the linkat of this program fails, as some systems' do.
 */
#include "sink_fixture.h"

#include "base/file_tree.h"

#include <errno.h>
#include <sys/stat.h>

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    (void)from_dir;
    (void)from;
    (void)to_dir;
    (void)to;
    (void)flags;
    errno = EPERM;
    return -1;
}

/* A tree with one file of each name, whose content is "new". */
static void begin(struct file_tree *tree, const char *dir, const char *const *names)
{
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(file_tree_init(tree, dir, &err), BOSA_OK);
    for (; *names; names++) {
        assert_int_equal(file_tree_add(tree, *names, &err), BOSA_OK);
        assert_int_equal(file_tree_write(tree, "new", 3, &err), BOSA_OK);
        assert_int_equal(file_tree_end(tree, &err), BOSA_OK);
    }
}

static void files_are_placed(void **unused)
{
    static const char *const names[] = {"a", "b", NULL};
    char *dir = make_dir();
    struct file_tree tree;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    write_file(in_dir(dir, "a"), "mine", 4);
    begin(&tree, dir, names);
    assert_int_equal(file_tree_place(&tree, false, &err), BOSA_FILE);
    error_clear(&err);
    assert_file(in_dir(dir, "a"), "mine", 4);
    assert_int_equal(count_names(dir), 1);
    begin(&tree, dir, names);
    assert_int_equal(file_tree_place(&tree, true, &err), BOSA_OK);
    assert_file(in_dir(dir, "a"), "new", 3);
    assert_file(in_dir(dir, "b"), "new", 3);
    assert_int_equal(count_names(dir), 2);
    remove_dir(dir);
}

static void what_was_replaced_is_put_back(void **unused)
{
    static const char *const names[] = {"a", "b", "c", NULL};
    char *dir = make_dir();
    struct file_tree tree;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    write_file(in_dir(dir, "a"), "mine", 4);
    begin(&tree, dir, names);
    assert_int_equal(mkdir(in_dir(dir, "c"), 0700), 0);
    assert_int_equal(file_tree_place(&tree, true, &err), BOSA_FILE);
    error_clear(&err);
    assert_file(in_dir(dir, "a"), "mine", 4);
    assert_int_equal(count_names(dir), 2);
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_placed),
        cmocka_unit_test(what_was_replaced_is_put_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
