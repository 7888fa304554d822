/*
 * Saving a file that was received already. It is written beside its place like any download, so
 * that nobody ever sees half of it.
 */
#include "reply/sink.h"

#include "base/fileio.h"
#include "base/mem.h"
#include "reply/sink_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN 65536      /* bytes copied at a time */
#define MAX_NAMES 9999 /* names tried in a directory before giving up */

/* Copies everything to another sink. `block` has room for RUN bytes. */
static enum bosa_status copy_all(const struct sink *from, struct sink *to, char *block,
                                 struct bosa_error *err)
{
    uint64_t offset = 0;
    while (offset < from->size) {
        size_t got;
        enum bosa_status status = sink_read(from, offset, block, RUN, &got, err);
        if (status == BOSA_OK && got == 0) {
            status = error_set(err, BOSA_FILE, "the file's temporary copy has become shorter");
        }
        if (status == BOSA_OK) {
            status = sink_write(to, block, got, err);
        }
        if (status != BOSA_OK) {
            return status;
        }
        offset += got;
    }
    return BOSA_OK;
}

/*
 * Makes `to` (to be freed in any case) a path sink that has all of the content and waits for its
 * end. Its part is opened here, so that a directory of that name is no hindrance to sink_save_in,
 * which takes another name then.
 */
static enum bosa_status begin_save(const struct sink *sink, struct sink *to, const char *path,
                                   struct bosa_error *err)
{
    char *block = mem_alloc(RUN);
    enum bosa_status status = sink_init(to, SINK_PATH, path);
    if (status != BOSA_OK || !block) {
        status = error_nomem(err);
    } else if (!sink->finished || sink->kind != SINK_MEMORY) {
        status = error_set(err, BOSA_FILE, "cannot write `%s`: the content was given away already",
                           path);
    } else {
        status = sink_file_open(to, err);
    }
    if (status == BOSA_OK) {
        status = copy_all(sink, to, block, err);
    }
    mem_free(block);
    return status;
}

/* The path sink does the rest: part, rename, and clean-up when something fails. */
enum bosa_status sink_save(const struct sink *sink, const char *path, struct bosa_error *err)
{
    struct sink to;
    enum bosa_status status = begin_save(sink, &to, path, err);
    if (status == BOSA_OK) {
        status = sink_finish(&to, err);
    }
    sink_free(&to);
    return status;
}

/* "dir/name", for n over 0 with " (n)" before the extension. NULL: no memory. */
static char *candidate(const char *dir, const char *name, int n)
{
    struct buf path;
    const char *dot = strrchr(name, '.');
    size_t stem = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    size_t dir_len = strlen(dir);
    buf_init(&path);
    buf_adds(&path, dir_len > 0 ? dir : ".");
    if (dir_len == 0 || dir[dir_len - 1] != '/') {
        buf_addc(&path, '/');
    }
    buf_add(&path, name, stem);
    if (n > 0) {
        buf_addf(&path, " (%d)", n);
    }
    buf_adds(&path, name + stem);
    return buf_take(&path, NULL);
}

/*
 * For file systems without hard links: the name is taken by an empty file of ours, which the part
 * then replaces.
 */
static int claim(const char *part, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return errno;
    }
    close(fd);
    if (rename(part, path) != 0) {
        int number = errno;
        unlink(path);
        return number;
    }
    return 0;
}

/* Gives the part the name `path` unless that is taken (EEXIST). Returns an errno, 0 when done. */
static int place(const char *part, const char *path)
{
    if (link(part, path) == 0) {
        unlink(part);
        return 0;
    }
    switch (errno) {
    case EPERM:
    case ENOSYS:
    case EOPNOTSUPP:
    case EMLINK:
        return claim(part, path);
    default:
        return errno;
    }
}

/* Tries one name after the other until one is free. */
static enum bosa_status place_somewhere(const char *part, const char *dir, const char *name,
                                        char **saved, struct bosa_error *err)
{
    int number = EEXIST;
    for (int n = 0; n <= MAX_NAMES && number == EEXIST; n++) {
        char *path = candidate(dir, name, n);
        if (!path) {
            return error_nomem(err);
        }
        number = place(part, path);
        if (number == 0) {
            *saved = path;
            return BOSA_OK;
        }
        mem_free(path);
    }
    return fileio_error(err, "save a file in", dir, number);
}

/*
 * The part gets its name by link(2), which never replaces: no other file is written over, whoever
 * else writes.
 */
enum bosa_status sink_save_in(const struct sink *sink, const char *dir, const char *name,
                              char **saved, struct bosa_error *err)
{
    struct sink to;
    *saved = NULL;
    if (name[0] == '\0' || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return error_set(err, BOSA_FILE,
                         "cannot save a file in `%s`: its name `%s` is no file name", dir, name);
    }
    char *path = candidate(dir, name, 0);
    if (!path) {
        return error_nomem(err);
    }
    enum bosa_status status = begin_save(sink, &to, path, err);
    if (status == BOSA_OK) {
        status = sink_file_close(&to.fd, path, err);
    }
    if (status == BOSA_OK) {
        status = place_somewhere(to.part, dir, name, saved, err);
    }
    sink_free(&to);
    mem_free(path);
    return status;
}
