/*
 * Names for files that are not whole yet: exclusive, so that two downloads to one place, in one
 * process or two, never write to one file.
 */
#include "reply/sink_file.h"

#include "base/buf.h"
#include "base/fileio.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PARTS 1000 /* names tried before giving up */

/* The nth name for the part of `path`. NULL: no memory. */
static char *part_name(const char *path, int n)
{
    struct buf name;
    buf_init(&name);
    buf_adds(&name, path);
    buf_adds(&name, ".part");
    if (n > 0) {
        buf_addf(&name, ".%d", n);
    }
    return buf_take(&name, NULL);
}

/* A name that is taken, by a file, a symlink or a directory, is passed over. */
enum bosa_status sink_file_open(struct sink *sink, struct bosa_error *err)
{
    int number = EEXIST;
    for (int n = 0; n < MAX_PARTS && number == EEXIST; n++) {
        char *name = part_name(sink->path, n);
        if (!name) {
            return error_nomem(err);
        }
        sink->fd =
            open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (sink->fd >= 0) {
            sink->part = name;
            sink->opener = getpid();
            return BOSA_OK;
        }
        number = errno;
        mem_free(name);
    }
    return fileio_error(err, "write", sink->path, number);
}

/* After EINTR the descriptor is gone on all systems that matter, so the close is not repeated. */
enum bosa_status sink_file_close(int *fd, const char *path, struct bosa_error *err)
{
    int result = close(*fd);
    *fd = -1;
    return result != 0 && errno != EINTR ? fileio_error(err, "write", path, errno) : BOSA_OK;
}

/* Makes `template` (owned by the caller) a file that has no name any more; -1 with errno. */
static int open_unnamed(char *template)
{
    int fd = mkstemp(template);
    if (fd < 0) {
        return -1;
    }
    int flags = fcntl(fd, F_GETFD);
    bool ok = flags >= 0 && fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == 0;
    int number = errno;
    unlink(template);
    if (!ok) {
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

/* Without a name nothing is left behind, whatever ends the process. */
enum bosa_status sink_file_temporary(int *fd, struct bosa_error *err)
{
    struct buf name;
    const char *dir = getenv("TMPDIR");
    if (!dir || dir[0] == '\0') {
        dir = "/tmp";
    }
    buf_init(&name);
    buf_adds(&name, dir);
    buf_adds(&name, "/bosa-XXXXXX");
    char *template = buf_take(&name, NULL);
    if (!template) {
        return error_nomem(err);
    }
    *fd = open_unnamed(template);
    int number = errno;
    mem_free(template);
    return *fd >= 0 ? BOSA_OK : fileio_error(err, "make a temporary file in", dir, number);
}
