/* Files past 2 GiB, which a system of 32 bits opens and reads only when it is asked for wide
 * offsets. */
#include "net_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fileio.h"

#define GIB ((int64_t)1 << 30)

/* A file of 3 GiB and some bytes, of which only the last are on the disk. */
static void make_large(char *path)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(lseek(fd, (off_t)(3 * GIB), SEEK_SET) > 0);
    assert_int_equal(write(fd, "the end", 7), 7);
    assert_int_equal(close(fd), 0);
}

static void a_file_of_3_gib_is_sized_and_read(void **state)
{
    char path[] = "/tmp/bosa-large-XXXXXX", out[16];
    struct bosa_error err;
    int64_t size;
    size_t got;
    int fd;
    (void)state;
    error_init(&err);
    make_large(path);
    assert_int_equal(fileio_open(path, &fd, &size, &err), BOSA_OK);
    assert_true(size == 3 * GIB + 7);
    assert_int_equal(fileio_read(fd, path, 3 * GIB, out, sizeof out, &got, &err), BOSA_OK);
    assert_int_equal(got, 7);
    assert_memory_equal(out, "the end", 7);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

static void times_go_past_2038(void **state)
{
    (void)state;
    assert_int_equal(sizeof(time_t), 8);
    assert_int_equal(sizeof(off_t), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_3_gib_is_sized_and_read),
        cmocka_unit_test(times_go_past_2038),
    };
    return cmocka_run_group_tests_name("fileio", tests, NULL, NULL);
}
