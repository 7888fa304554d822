/*
 * Files that are written: `output`, save, save_in, the cache, the command's files. Nothing of
 * another's is ever written to but by its own name: a private file is made with O_EXCL under a
 * random name, and links are followed here, one by one, by the rule that Linux has for sticky
 * directories.
 */
#define _XOPEN_SOURCE 700 /* realpath, S_ISVTX */

#include "base/file_write.h"

#include "base/buf.h"
#include "base/fileio.h"
#include "base/mem.h"
#include "base/random.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40     /* followed one after the other, as Linux has it */
#define MAX_TRIES 100    /* random names tried before giving up */
#define NAME_BYTES 8     /* random ones in a private file's name */
#define MAX_LINK 4096    /* bytes of a link's text */
#define MODE_BITS 0777   /* what is kept of a mode: neither set-user-ID nor the like */
#define MAX_DESCRIPTOR 6 /* digits of a descriptor's number */

void file_write_init(struct file_write *file)
{
    memset(file, 0, sizeof *file);
    file->fd = -1;
    file->dir = AT_FDCWD;
}

bool file_write_in_place(const struct file_write *file)
{
    return file->fd >= 0 && !file->part;
}

/* ---- links ---- */

/* Bytes of the directory that `path` begins with, its slash included; 0: none. */
static size_t dir_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash + 1 - path) : 0;
}

/* The directory of `path` with `name` in it. NULL: no memory. */
static char *beside(const char *path, const char *name)
{
    struct buf out;
    buf_init(&out);
    buf_add(&out, path, dir_length(path));
    buf_adds(&out, name);
    return buf_take(&out, NULL);
}

/* The directory of `path`, without links. NULL with errno. To be freed by free(). */
static char *real_dir(const char *path)
{
    char *dir = beside(path, ".");
    if (!dir) {
        errno = ENOMEM;
        return NULL;
    }
    char *real = realpath(dir, NULL);
    int number = errno;
    mem_free(dir);
    errno = number;
    return real;
}

/* True for "/dev/fd" and "/proc/123/fd" (also of a task): their links lead to open files. */
static bool lists_descriptors(const char *dir)
{
    size_t len = strlen(dir);
    return strcmp(dir, "/dev/fd") == 0 ||
           (strncmp(dir, "/proc/", 6) == 0 && len > 9 && strcmp(dir + len - 3, "/fd") == 0);
}

/*
 * Whether a path like /proc/self/fd/1 is the name of an open file (*listed), and which of our own
 * descriptors that is (*fd, -1: none). Returns an errno, 0 when known.
 */
static int find_descriptor(const char *path, bool *listed, int *fd)
{
    const char *name = path + dir_length(path);
    size_t digits = strspn(name, "0123456789");
    *listed = false;
    *fd = -1;
    if (digits == 0 || digits > MAX_DESCRIPTOR || name[digits] != '\0') {
        return 0;
    }
    char *dir = real_dir(path);
    if (!dir) {
        return errno == ENOMEM ? ENOMEM : 0;
    }
    char own[32];
    (void)snprintf(own, sizeof own, "/proc/%ld/fd", (long)getpid());
    *listed = lists_descriptors(dir);
    if (*listed && (strcmp(dir, own) == 0 || strcmp(dir, "/dev/fd") == 0)) {
        *fd = (int)strtol(name, NULL, 10);
    }
    free(dir);
    return 0;
}

/*
 * In a directory where everybody may make links, only one that we made, or the directory's owner,
 * is followed. Returns an errno, 0: it is.
 */
static int check_link(const char *path, const struct stat *link)
{
    struct stat dir;
    char *above = beside(path, ".");
    if (!above) {
        return ENOMEM;
    }
    bool open = stat(above, &dir) == 0 && (dir.st_mode & S_ISVTX) && (dir.st_mode & S_IWOTH);
    mem_free(above);
    return open && link->st_uid != geteuid() && link->st_uid != dir.st_uid ? EACCES : 0;
}

/* Where the link at `path` leads. NULL with errno. */
static char *follow(const char *path)
{
    char text[MAX_LINK];
    ssize_t len = readlink(path, text, sizeof text - 1);
    if (len < 0) {
        return NULL;
    }
    if ((size_t)len >= sizeof text - 1) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    text[len] = '\0';
    char *next = text[0] == '/' ? mem_dup(text, (size_t)len) : beside(path, text);
    if (!next) {
        errno = ENOMEM;
    }
    return next;
}

/*
 * Follows the links of file->target. It ends at what is none, at what isn't there, or at a name of
 * an open file. Returns an errno, 0 when done; *fd is our own descriptor that is meant, -1: none.
 */
static int follow_all(struct file_write *file, int *fd)
{
    struct stat st;
    bool listed;
    for (int links = 0; links < MAX_LINKS; links++) {
        int number = find_descriptor(file->target, &listed, fd);
        if (number != 0 || listed || lstat(file->target, &st) != 0 || !S_ISLNK(st.st_mode)) {
            return number;
        }
        number = check_link(file->target, &st);
        if (number != 0) {
            return number;
        }
        char *next = follow(file->target);
        if (!next) {
            return errno;
        }
        mem_free(file->target);
        file->target = next;
    }
    return ELOOP;
}

/* ---- opening ---- */

/* Copies of the path. False: no memory. */
static bool begin(struct file_write *file, int dir, const char *path, unsigned flags)
{
    file_write_init(file);
    file->dir = dir;
    file->flags = flags;
    file->opener = getpid();
    file->path = mem_dup(path, strlen(path));
    file->target = mem_dup(path, strlen(path));
    return file->path && file->target;
}

/* A private file beside the target. Returns an errno, 0 when done. */
static int open_part(struct file_write *file)
{
    mode_t mode = (file->flags & FILE_SHARED) && !file->replaces ? 0666 : 0600;
    for (int i = 0; i < MAX_TRIES; i++) {
        char name[16 + 2 * NAME_BYTES] = ".bosa-";
        (void)random_hex(name + strlen(name), NAME_BYTES);
        char *part = beside(file->target, name);
        if (!part) {
            return ENOMEM;
        }
        int fd =
            openat(file->dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        file->fd = fileio_above_streams(fd);
        if (file->fd >= 0) {
            file->part = part;
            return 0;
        }
        int number = errno;
        if (fd >= 0) {
            (void)unlinkat(file->dir, part, 0);
        }
        mem_free(part);
        if (number != EEXIST) {
            return number;
        }
    }
    return EEXIST;
}

/* Opens what is there and no regular file, or (own >= 0) takes a descriptor of our own. */
static int open_in_place(struct file_write *file, int own)
{
    if (own >= 0) {
        int flags = fcntl(own, F_GETFL);
        if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) {
            return EACCES;
        }
        file->fd = fcntl(own, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    } else {
        file->fd =
            fileio_above_streams(open(file->target, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    }
    return file->fd >= 0 ? 0 : errno;
}

/*
 * Whether a sticky directory like /tmp keeps us from replacing what is there: only its owner, the
 * directory's and root may. Returns an errno, 0: we may.
 */
static int check_sticky(const struct file_write *file, const struct stat *old)
{
    struct stat dir;
    uid_t own = geteuid();
    char *above = beside(file->target, ".");
    if (!above) {
        return ENOMEM;
    }
    bool sticky = fstatat(file->dir, above, &dir, 0) == 0 && (dir.st_mode & S_ISVTX);
    mem_free(above);
    return sticky && own != 0 && own != old->st_uid && own != dir.st_uid ? EPERM : 0;
}

/* Looks at what has the name; *in_place says how it is written. Returns an errno, 0: it can be. */
static int look(struct file_write *file, bool *in_place)
{
    struct stat old;
    size_t len = strlen(file->target);
    *in_place = false;
    if (len == 0) {
        return ENOENT;
    }
    if (fstatat(file->dir, file->target, &old, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno != ENOENT ? errno : file->target[len - 1] == '/' ? EISDIR : 0;
    }
    if (S_ISDIR(old.st_mode)) {
        return EISDIR;
    }
    if (file->flags & FILE_OWN) {
        return 0;
    }
    *in_place = !S_ISREG(old.st_mode);
    file->replaces = !*in_place;
    file->mode = old.st_mode & MODE_BITS;
    file->uid = old.st_uid;
    file->gid = old.st_gid;
    if (faccessat(file->dir, file->target, W_OK, AT_EACCESS) != 0) {
        return errno;
    }
    return file->replaces ? check_sticky(file, &old) : 0;
}

/* Follows links, looks, opens. Returns an errno, 0 when done. */
static int open_target(struct file_write *file)
{
    bool in_place = false;
    int own = -1;
    int number = file->flags & FILE_OWN ? 0 : follow_all(file, &own);
    if (number == 0 && own < 0) {
        number = look(file, &in_place);
    }
    if (number != 0) {
        return number;
    }
    return own >= 0 || in_place ? open_in_place(file, own) : open_part(file);
}

/* The error of opening; nothing is left open. */
static enum bosa_status refuse(struct file_write *file, const char *path, int number,
                               struct bosa_error *err)
{
    struct stat st;
    bool fifo = number == ENXIO && stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
    file_write_drop(file);
    if (number == ENOMEM) {
        return error_nomem(err);
    }
    if (fifo) {
        return error_set(err, BOSA_FILE, "cannot write `%s`: nobody has this FIFO open for reading",
                         path);
    }
    return fileio_error(err, "write", path, number);
}

enum bosa_status file_write_open(struct file_write *file, int dir, const char *path, unsigned flags,
                                 struct bosa_error *err)
{
    int number = begin(file, dir, path, flags) ? open_target(file) : ENOMEM;
    return number == 0 ? BOSA_OK : refuse(file, path, number, err);
}

enum bosa_status file_write_open_new(struct file_write *file, const char *path,
                                     struct bosa_error *err)
{
    int number = begin(file, AT_FDCWD, path, FILE_OWN) ? open_part(file) : ENOMEM;
    return number == 0 ? BOSA_OK : refuse(file, path, number, err);
}

/* ---- writing ---- */

/* write(2) without the signal of a pipe that nobody reads from any more. */
static ssize_t write_quietly(int fd, const char *bytes, size_t len)
{
    sigset_t pipe, before, pending;
    int signal_number;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t n = write(fd, bytes, len);
    int number = errno;
    if (n < 0 && number == EPIPE && !was_pending && sigpending(&pending) == 0 &&
        sigismember(&pending, SIGPIPE) == 1) {
        sigwait(&pipe, &signal_number);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return n;
}

/* Waits until the descriptor takes bytes. Returns an errno, 0: it does. */
static int await_room(int fd)
{
    struct pollfd set = {.fd = fd, .events = POLLOUT};
    int n = poll(&set, 1, FILE_WRITE_WAIT * 1000);
    if (n < 0) {
        return errno == EINTR ? 0 : errno;
    }
    return n == 0 ? ETIMEDOUT : 0;
}

static enum bosa_status add_in_place(struct file_write *file, const char *bytes, size_t len,
                                     struct bosa_error *err)
{
    while (len > 0) {
        ssize_t n = write_quietly(file->fd, bytes, len < INT_MAX ? len : INT_MAX);
        int number = n > 0 ? 0 : n == 0 ? ENOSPC : errno;
        if (number == EAGAIN || number == EWOULDBLOCK) {
            number = await_room(file->fd);
        }
        if (number != 0 && number != EINTR) {
            return fileio_error(err, "write", file->path, number);
        }
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        file->written = file->written || n > 0;
    }
    return BOSA_OK;
}

enum bosa_status file_write_add(struct file_write *file, const char *bytes, size_t len,
                                struct bosa_error *err)
{
    if (!file->part) {
        return add_in_place(file, bytes, len, err);
    }
    file->written = file->written || len > 0;
    return fileio_write(file->fd, file->path, bytes, len, err);
}

/* ---- the end ---- */

/*
 * Gives the private file the owner and the mode of the one that it replaces, as far as we may. Who
 * can't give it to the group that could read the old one does not open it to another.
 */
static int copy_mode(const struct file_write *file)
{
    mode_t mode = file->mode;
    if (!file->replaces || (file->flags & FILE_PRIVATE)) {
        return 0;
    }
    if (fchown(file->fd, file->uid, file->gid) != 0 &&
        fchown(file->fd, (uid_t)-1, file->gid) != 0) {
        mode &= ~(mode_t)S_IRWXG;
    }
    return fchmod(file->fd, mode) == 0 ? 0 : errno;
}

/* After EINTR the descriptor is gone on all systems that matter, so the close is not repeated. */
static int close_fd(struct file_write *file)
{
    int result = file->fd >= 0 ? close(file->fd) : 0;
    file->fd = -1;
    return result != 0 && errno != EINTR ? errno : 0;
}

/* Secrets are on the disk before they are said to be saved. Returns an errno, 0 when done. */
static int sync_secret(const struct file_write *file, int fd)
{
    return (file->flags & FILE_PRIVATE) && fsync(fd) != 0 && errno != EINVAL ? errno : 0;
}

/* Closes it with its mode set. The system may tell of a failed write only here. */
static int seal(struct file_write *file)
{
    if (file->fd < 0 || !file->part) {
        return close_fd(file);
    }
    int number = copy_mode(file);
    if (number == 0) {
        number = sync_secret(file, file->fd);
    }
    int closed = close_fd(file);
    return number != 0 ? number : closed;
}

/* Copies all that one descriptor has to another, from its start. Returns an errno, 0 when done. */
static int copy_bytes(int from, int to)
{
    char block[16384];
    off_t size = 0;
    ssize_t got;
    while ((got = read(from, block, sizeof block)) > 0 || (got < 0 && errno == EINTR)) {
        for (ssize_t at = 0; at < got;) {
            ssize_t put = write(to, block + at, (size_t)(got - at));
            if (put == 0 || (put < 0 && errno != EINTR)) {
                return put == 0 ? ENOSPC : errno;
            }
            at += put > 0 ? put : 0;
        }
        size += got > 0 ? got : 0;
    }
    return got < 0 || ftruncate(to, size) != 0 ? errno : 0;
}

/*
 * Writes the private file over the target, which is closed to others before it has the first byte
 * of a secret. Returns an errno, 0 when done.
 */
static int copy_over(const struct file_write *file)
{
    int from = openat(file->dir, file->part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int to = from < 0 ? -1 : openat(file->dir, file->target, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    int number = to < 0 ? errno : 0;
    if (number == 0 && (file->flags & FILE_PRIVATE) && fchmod(to, S_IRUSR | S_IWUSR) != 0) {
        number = errno;
    }
    if (number == 0) {
        number = copy_bytes(from, to);
    }
    if (number == 0) {
        number = sync_secret(file, to);
    }
    if (to >= 0 && close(to) != 0 && number == 0) {
        number = errno;
    }
    if (from >= 0) {
        close(from);
    }
    return number;
}

/*
 * Puts the private file in its place. A file that something is mounted on, as containers do with
 * single ones, can't be replaced, only written: it gets the bytes. Returns an errno, 0 when done.
 */
static int take_place(struct file_write *file)
{
    if (renameat(file->dir, file->part, file->dir, file->target) != 0) {
        return errno == EBUSY && file->replaces ? copy_over(file) : errno;
    }
    mem_free(file->part);
    file->part = NULL;
    return 0;
}

enum bosa_status file_write_finish(struct file_write *file, struct bosa_error *err)
{
    int number = seal(file);
    if (number == 0 && file->part) {
        number = take_place(file);
    }
    enum bosa_status status =
        number == 0 ? BOSA_OK : fileio_error(err, "write", file->path, number);
    file_write_drop(file);
    return status;
}

/*
 * For file systems without hard links: the name is taken by an empty file of ours, which the
 * private one then replaces.
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

/* link(2) never replaces: it writes over no file, not even over one made meanwhile. */
int file_write_place(struct file_write *file, const char *path)
{
    int number = seal(file);
    if (number != 0) {
        return number;
    }
    if (link(file->part, path) == 0) {
        file_write_drop(file);
        return 0;
    }
    number = errno;
    if (number == EPERM || number == ENOSYS || number == EOPNOTSUPP || number == EMLINK) {
        number = claim(file->part, path);
    }
    if (number == 0) {
        mem_free(file->part);
        file->part = NULL;
        file_write_drop(file);
    }
    return number;
}

/* In a forked child the private file is still its parent's to finish. */
void file_write_drop(struct file_write *file)
{
    (void)close_fd(file);
    if (file->part && file->opener == getpid()) {
        (void)unlinkat(file->dir, file->part, 0);
    }
    mem_free(file->part);
    mem_free(file->target);
    mem_free(file->path);
    file_write_init(file);
}

/* Has the signals that end a process wait; *before is for who lets them come again. */
static void hold_signals(sigset_t *before)
{
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigaddset(&ending, SIGQUIT);
    pthread_sigmask(SIG_BLOCK, &ending, before);
}

enum bosa_status file_write_all(int dir, const char *path, const char *bytes, size_t len,
                                unsigned flags, struct bosa_error *err)
{
    struct file_write file;
    sigset_t before;
    hold_signals(&before);
    enum bosa_status status = file_write_open(&file, dir, path, flags, err);
    if (!file.part) { /* a FIFO may have to be waited for */
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (status == BOSA_OK) {
        status = file_write_add(&file, bytes, len, err);
    }
    if (status == BOSA_OK) {
        status = file_write_finish(&file, err);
    }
    file_write_drop(&file);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}
