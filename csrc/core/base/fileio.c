/* System calls that do part of the work or are interrupted, made whole here once. */
#include "base/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_RUN                                                                                    \
    ((size_t)1 << 30) /* bytes of one system call; more than SSIZE_MAX would be undefined */

/* `number` is handed in, as errno may have changed since the call that failed. */
enum bosa_status fileio_error(struct bosa_error *err, const char *verb, const char *path,
                              int number)
{
    const char *words = strerror(number);
    enum bosa_status status = error_set(err, BOSA_FILE, "cannot %s `%s`: %s", verb, path, words);
    if (status == BOSA_FILE && error_field(&err->cause, words, strlen(words)) != BOSA_OK) {
        return error_nomem(err);
    }
    return status;
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer, only to be refused then. */
enum bosa_status fileio_open(const char *path, int *fd, int64_t *size, struct bosa_error *err)
{
    struct stat info;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0) {
        return fileio_error(err, "open", path, errno);
    }
    enum bosa_status status = BOSA_OK;
    if (fstat(*fd, &info) != 0) {
        status = fileio_error(err, "open", path, errno);
    } else if (S_ISDIR(info.st_mode)) {
        status = fileio_error(err, "read", path, EISDIR);
    } else if (!S_ISREG(info.st_mode)) {
        status = error_set(err, BOSA_FILE, "cannot read `%s`: it is not a regular file", path);
    }
    if (status != BOSA_OK) {
        close(*fd);
        *fd = -1;
        return status;
    }
    *size = (int64_t)info.st_size;
    return BOSA_OK;
}

/* A signal that comes in between is no error. */
enum bosa_status fileio_read(int fd, const char *path, int64_t offset, char *out, size_t cap,
                             size_t *got, struct bosa_error *err)
{
    ssize_t n;
    do {
        n = pread(fd, out, cap < MAX_RUN ? cap : MAX_RUN, (off_t)offset);
    } while (n < 0 && errno == EINTR);
    *got = n < 0 ? 0 : (size_t)n;
    return n < 0 ? fileio_error(err, "read", path, errno) : BOSA_OK;
}

/* A write that takes nothing would go on for ever; it is taken for a full disk. */
enum bosa_status fileio_write(int fd, const char *path, const char *bytes, size_t len,
                              struct bosa_error *err)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len < MAX_RUN ? len : MAX_RUN);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return fileio_error(err, "write", path, n < 0 ? errno : ENOSPC);
        }
        bytes += n;
        len -= (size_t)n;
    }
    return BOSA_OK;
}
