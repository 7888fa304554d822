/* sink: a received file saved under a name. Receiving one is in test_sink.c. */
#include "sink_fixture.h"

#include <errno.h>

static int link_error; /* what link(2) fails with; 0: nothing */

/* The system's own link, but for the error that a test asks for. */
int link(const char *from, const char *to)
{
    if (link_error != 0) {
        errno = link_error;
        return -1;
    }
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

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

static void saving_goes_through_a_symlink_and_refuses_a_directory(void **unused)
{
    char *dir = make_dir();
    const char *target = in_dir(dir, "target");
    struct sink sink;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    fill(&sink, 3);
    write_file(target, "old", 3);
    assert_int_equal(symlink("target", in_dir(dir, "f")), 0);
    assert_int_equal(sink_save(&sink, in_dir(dir, "f"), &err), BOSA_OK);
    assert_file(target, "\0\1\2", 3);
    assert_true(is_link(in_dir(dir, "f")));
    assert_int_equal(mkdir(in_dir(dir, "d"), 0700), 0);
    assert_int_equal(sink_save(&sink, in_dir(dir, "d"), &err), BOSA_FILE);
    assert_int_equal(sink_save(&sink, "/dev/null/f", &err), BOSA_FILE);
    assert_message(&err, "cannot write `/dev/null/f`: Not a directory");
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
    assert_int_equal(symlink("/dev/null/at/all", in_dir(dir, "l")), 0);
    assert_saved_as(&sink, dir, "l", "l (1)");
    write_file(in_dir(dir, "p.part"), "another's", 9);
    assert_saved_as(&sink, dir, "p", "p");
    assert_file(in_dir(dir, "p.part"), "another's", 9);
    assert_int_equal(count_names(dir), 11);
    sink_free(&sink);
    remove_dir(dir);
}

static void saving_does_without_hard_links(void **unused)
{
    static const int errors[] = {EPERM, ENOSYS, EOPNOTSUPP, EMLINK};
    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        char *dir = make_dir();
        struct sink sink;
        fill(&sink, 3);
        link_error = errors[i];
        assert_saved_as(&sink, dir, "a.txt", "a.txt");
        assert_saved_as(&sink, dir, "a.txt", "a (1).txt");
        assert_int_equal(symlink("/dev/null/at/all", in_dir(dir, "l")), 0);
        assert_saved_as(&sink, dir, "l", "l (1)");
        link_error = 0;
        assert_int_equal(count_names(dir), 4);
        sink_free(&sink);
        remove_dir(dir);
    }
}

static void a_link_that_fails_otherwise_is_told(void **unused)
{
    char *dir = make_dir();
    struct sink sink;
    struct bosa_error err;
    char *saved;
    char expected[600];
    (void)unused;
    error_init(&err);
    fill(&sink, 3);
    link_error = ENOSPC;
    assert_int_equal(sink_save_in(&sink, dir, "a.txt", &saved, &err), BOSA_FILE);
    link_error = 0;
    snprintf(expected, sizeof expected, "cannot save a file in `%s`: No space left on device", dir);
    assert_message(&err, expected);
    assert_null(saved);
    assert_int_equal(count_names(dir), 0);
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
    assert_int_equal(sink_save_in(&sink, "", "b", &saved, &err), BOSA_FILE);
    assert_false(exists(in_dir(dir, "b")));
    assert_int_equal(chdir("/"), 0);
    error_clear(&err);
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
    assert_int_equal(sink_save_in(&sink, "/dev/null", "x", &saved, &err), BOSA_FILE);
    assert_message(&err, "cannot write `/dev/null/x`: Not a directory");
    assert_int_equal(count_names(dir), 0);
    sink_free(&sink);
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_saved_from_wherever_it_is),
        cmocka_unit_test(saving_goes_through_a_symlink_and_refuses_a_directory),
        cmocka_unit_test(saving_into_a_directory_finds_a_free_name),
        cmocka_unit_test(saving_does_without_hard_links),
        cmocka_unit_test(a_link_that_fails_otherwise_is_told),
        cmocka_unit_test(a_directory_may_end_in_a_slash),
        cmocka_unit_test(saving_never_leaves_the_directory),
    };
    return cmocka_run_group_tests_name("sink_save", tests, NULL, NULL);
}
