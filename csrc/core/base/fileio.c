/* System calls that do part of the work or are interrupted, made whole here once. */
#include "base/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <poll.h>
#include <sys/vfs.h>
#define PIPEFS 0x50495045 /* file system of pipes without a name */
#endif

#define MAX_RUN                                                                                    \
    ((size_t)1 << 30) /* bytes of one system call; more than SSIZE_MAX would be undefined */

/* `number` is handed in, as errno may have changed since the call that failed. */
enum bosa_status fileio_error(struct bosa_error *err, const char *verb, const char *path,
                              int number)
{
    char room[ERROR_SYSTEM_WORDS];
    const char *words = error_system(number, room, sizeof room);
    enum bosa_status status = error_set(err, BOSA_FILE, "cannot %s `%s`: %s", verb, path, words);
    if (status == BOSA_FILE && error_field(&err->cause, words, strlen(words)) != BOSA_OK) {
        return error_nomem(err);
    }
    return status;
}

int fileio_above_streams(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO) {
        return fd;
    }
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int number = errno;
    close(fd);
    errno = number;
    return moved;
}

/* Opened the wrong way round, so that who reads or writes there is told, as before. */
void fileio_fill_streams(void)
{
    static const int flags[] = {O_WRONLY, O_RDONLY, O_RDWR};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) < 0) {
            return;
        }
    }
}

/*
 * The size of a regular file: what stat says, if the file has a last byte and no more. In /proc and
 * /sys it says 0, or a page.
 */
static enum bosa_status find_size(int fd, const char *path, off_t said, int64_t *size,
                                  struct bosa_error *err)
{
    char byte;
    size_t got = 0;
    enum bosa_status status =
        fileio_read(fd, path, said > 0 ? (int64_t)said - 1 : 0, &byte, 1, &got, err);
    if (status == BOSA_OK) {
        *size = (said > 0) == (got > 0) ? (int64_t)said : FILEIO_UNKNOWN;
    }
    return status;
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
enum bosa_status fileio_open(const char *path, int *fd, int64_t *size, struct bosa_error *err)
{
    struct stat info;
    *fd = fileio_above_streams(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (*fd < 0) {
        return fileio_error(err, "open", path, errno);
    }
    enum bosa_status status = BOSA_OK;
    if (fstat(*fd, &info) != 0) {
        status = fileio_error(err, "open", path, errno);
    } else if (S_ISDIR(info.st_mode)) {
        status = fileio_error(err, "read", path, EISDIR);
    } else if (S_ISREG(info.st_mode)) {
        status = find_size(*fd, path, info.st_size, size, err);
    } else {
        *size = S_ISBLK(info.st_mode) ? FILEIO_UNKNOWN : FILEIO_STREAM;
    }
    if (status != BOSA_OK) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

/*
 * True for a FIFO that nobody has written to yet. Linux tells by POLLHUP that a writer has come and
 * gone; a pipe without a name gets none any more. Elsewhere a FIFO from which nothing came is
 * waited for, as there is no way to tell.
 */
static bool awaits_writer(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISFIFO(info.st_mode)) {
        return false;
    }
#ifdef __linux__
    struct statfs system;
    struct pollfd set = {.fd = fd, .events = POLLIN};
    bool named = fstatfs(fd, &system) == 0 && system.f_type != PIPEFS;
    return named && poll(&set, 1, 0) >= 0 && !(set.revents & POLLHUP);
#else
    return true;
#endif
}

enum bosa_status fileio_read_stream(int fd, const char *path, bool begun, char *out, size_t cap,
                                    size_t *got, struct bosa_error *err)
{
    ssize_t n;
    do {
        n = read(fd, out, cap < MAX_RUN ? cap : MAX_RUN);
    } while (n < 0 && errno == EINTR);
    *got = n < 0 ? 0 : (size_t)n;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return BOSA_AGAIN;
    }
    if (n < 0) {
        return fileio_error(err, "read", path, errno);
    }
    return n == 0 && !begun && awaits_writer(fd) ? BOSA_AGAIN : BOSA_OK;
}

/* By the effective user, as making a file is. */
enum bosa_status fileio_check_dir(const char *path, struct bosa_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return fileio_error(err, "write", path, errno);
    }
    if (!S_ISDIR(info.st_mode)) {
        return fileio_error(err, "write", path, ENOTDIR);
    }
    if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) != 0) {
        return fileio_error(err, "write", path, errno);
    }
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

enum bosa_status fileio_lock_dir(const char *path, int *fd, struct bosa_error *err)
{
    *fd = fileio_above_streams(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (*fd < 0) {
        return fileio_error(err, "open", path, errno);
    }
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(*fd);
        *fd = -1;
    }
    return BOSA_OK;
}
