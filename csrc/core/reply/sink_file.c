/*
 * Where a content goes that is too large for memory: a file without a name, so that nothing is left
 * behind, whatever ends the process.
 */
#include "reply/sink_file.h"

#include "base/buf.h"
#include "base/fileio.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The directory that the user chose; NULL: none. */
static const char *chosen_dir(void)
{
    const char *dir = getenv("TMPDIR");
    return dir && dir[0] != '\0' ? dir : NULL;
}

enum bosa_status sink_check_temporary(struct bosa_error *err)
{
    const char *dir = chosen_dir();
    if (!dir || faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0) {
        return BOSA_OK;
    }
    return fileio_error(err, "make a temporary file in", dir, errno);
}

/* Makes `template` (owned by the caller) a file that has no name any more; -1 with errno. */
static int open_unnamed(char *template)
{
    int fd = mkstemp(template);
    if (fd < 0) {
        return -1;
    }
    (void)unlink(template);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* can't fail: it is open */
    return fileio_above_streams(fd);
}

/* One in `dir`. */
static enum bosa_status open_in(const char *dir, int *fd, struct bosa_error *err)
{
    struct buf name;
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

enum bosa_status sink_file_temporary(int *fd, struct bosa_error *err)
{
    const char *dir = chosen_dir();
    if (dir) {
        return open_in(dir, fd, err);
    }
    enum bosa_status status = open_in("/tmp", fd, err);
    if (status == BOSA_FILE) {
        error_clear(err);
        status = open_in("/var/tmp", fd, err);
    }
    return status;
}
