/*
 * file_write: the one way in which a file of the user's is written.
 *
 * A regular file comes to be whole or not at all: its bytes go to a private file beside it, with a
 * name that nobody can guess, which takes its name at the end. A device, a FIFO, or an open file by
 * its descriptor (/dev/stdout, /proc/self/fd/1) is written in place and never replaced. A symbolic
 * link is followed to its target, and the same holds for that. A file that something is mounted on
 * can't be replaced: it gets the whole bytes at the end, and with FILE_PRIVATE mode 0600 first. All
 * that can be known to fail fails when it is opened: a missing directory, one that can't be
 * written, a directory in the way, a name that is too long, a FIFO without a reader, another's file
 * in a directory like /tmp.
 */
#ifndef BOSA_FILE_WRITE_H
#define BOSA_FILE_WRITE_H

#include "base/error.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/types.h>

/* A new file has mode 0600, one that was there keeps its own, unless flags say otherwise. */
enum file_write_flags {
    FILE_PRIVATE = 1, /* secrets: mode 0600 whatever was there, and on the disk when it ends */
    FILE_SHARED = 2,  /* nothing secret: a new one has the mode that umask leaves */
    FILE_OWN = 4,     /* the name is ours alone: what has it is replaced, a link too */
};

struct file_write {
    char *path;     /* owned; for messages */
    char *target;   /* owned; where it comes to be: `path`, or what its links lead to */
    char *part;     /* owned; the private file; NULL: written in place, or not open */
    int dir;        /* borrowed; what target and part are relative to, or AT_FDCWD */
    int fd;         /* -1: not open */
    mode_t mode;    /* of the file that was there */
    uid_t uid;      /* likewise */
    gid_t gid;      /* likewise */
    bool replaces;  /* there was one */
    bool written;   /* bytes have been */
    unsigned flags; /* file_write_flags */
    pid_t opener;   /* the process that made the part, which alone may remove it */
};

/* An empty one, for file_write_drop. */
void file_write_init(struct file_write *file);

/*
 * Opens `path`, relative to the directory `dir` (AT_FDCWD: the current one; another only with
 * FILE_OWN). BOSA_FILE "cannot write `path`: ...", BOSA_NOMEM; then it is empty.
 */
enum bosa_status file_write_open(struct file_write *file, int dir, const char *path, unsigned flags,
                                 struct bosa_error *err);

/*
 * Writes all of the bytes. A FIFO or a terminal that takes nothing is waited for, FILE_WRITE_WAIT
 * at most; one whose reader has gone is an error, without a signal.
 */
#define FILE_WRITE_WAIT 30 /* seconds */
enum bosa_status file_write_add(struct file_write *file, const char *bytes, size_t len,
                                struct bosa_error *err);

/* Puts it in its place. Empty afterwards, also on failure, which leaves nothing behind. */
enum bosa_status file_write_finish(struct file_write *file, struct bosa_error *err);

/*
 * The same under another name in the directory of `path`, which must be free: returns 0, or an
 * errno (EEXIST: it is taken), after which it may be tried under another. Only of one that
 * file_write_open_new opened.
 */
int file_write_place(struct file_write *file, const char *path);

/*
 * Opens a private file in the directory of `path` for file_write_place, whatever has that name.
 */
enum bosa_status file_write_open_new(struct file_write *file, const char *path,
                                     struct bosa_error *err);

/* Lets go of it; a private file is removed. May be called again. */
void file_write_drop(struct file_write *file);

/* True for one that is open, in place. */
bool file_write_in_place(const struct file_write *file);

/*
 * All of it at once. A signal that ends the process (SIGINT, SIGTERM, SIGHUP, SIGQUIT) waits in
 * this thread until the private file has its name or is gone, so that none is left behind.
 */
enum bosa_status file_write_all(int dir, const char *path, const char *bytes, size_t len,
                                unsigned flags, struct bosa_error *err);

#endif
