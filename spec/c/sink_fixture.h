/* sink_fixture: sinks to fill and directories to look at, for the tests of sink. */
#ifndef BOSA_SINK_FIXTURE_H
#define BOSA_SINK_FIXTURE_H

#include "net_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reply/sink.h"

static inline bool exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static inline bool is_link(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

static inline int mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return (int)(info.st_mode & 07777);
}

/* How many names a directory has, hidden ones included. */
static inline int count_names(const char *dir)
{
    DIR *listing = opendir(dir);
    int count = 0;
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(listing);
    return count;
}

/* The first descriptor that is free: the same before and after when nothing was left open. */
static inline int next_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    return fd;
}

/*
 * Ends a forked child as another program: what it shares with its parent is not for valgrind to
 * miss.
 */
static inline void end_child(bool ok)
{
    execlp(ok ? "true" : "false", ok ? "true" : "false", (char *)NULL);
    _exit(127);
}

static inline void put(struct sink *sink, const char *bytes, size_t len)
{
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(sink_write(sink, bytes, len, &err), BOSA_OK);
}

static inline void finish(struct sink *sink)
{
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(sink_finish(sink, &err), BOSA_OK);
    assert_true(sink->finished);
}

/* A finished sink of `size` bytes that count up. */
static inline void fill(struct sink *sink, size_t size)
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
static inline void assert_filled(const struct sink *sink, size_t size)
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

#endif
