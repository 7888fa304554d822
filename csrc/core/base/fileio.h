/*
 * fileio: reading and writing of whole runs of bytes, with errors that name the file.
 */
#ifndef BOSA_FILEIO_H
#define BOSA_FILEIO_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * BOSA_FILE "cannot `verb` `path`: ..." with the system's words for `number` (an errno), which
 * become the cause too.
 */
enum bosa_status fileio_error(struct bosa_error *err, const char *verb, const char *path,
                              int number);

/* Sizes that are none. */
#define FILEIO_UNKNOWN ((int64_t)-1) /* its end tells: of /proc and the like stat knows nothing */
#define FILEIO_STREAM ((int64_t)-2)  /* likewise, and it is read by fileio_read_stream */

/*
 * Opens a file for reading, close-on-exec, and tells its size. It never waits: a FIFO or a device
 * is a stream that is read without blocking. A directory is BOSA_FILE.
 */
enum bosa_status fileio_open(const char *path, int *fd, int64_t *size, struct bosa_error *err);

/*
 * Reads what a stream has. *got 0: its end. BOSA_AGAIN: nothing yet. `begun`: bytes have come
 * before; until then a FIFO without a writer has nothing yet, and not its end.
 */
enum bosa_status fileio_read_stream(int fd, const char *path, bool begun, char *out, size_t cap,
                                    size_t *got, struct bosa_error *err);

/*
 * Moves a descriptor just opened (below 0: stays so, with errno) above the standard streams, where
 * a process that was started without them would print into it. Close-on-exec.
 */
int fileio_above_streams(int fd);

/*
 * Opens /dev/null for every standard stream that is closed, so that nothing else gets its number.
 * Reading the first and writing to the second still fail.
 */
void fileio_fill_streams(void);

/*
 * Locks a directory against everybody who locks it so, until *fd is closed or the process ends. It
 * never waits: *fd is -1 where somebody else has it. A file system without such locks (some NFS)
 * locks nothing, and that is no error: nobody could do anything about it.
 */
enum bosa_status fileio_lock_dir(const char *path, int *fd, struct bosa_error *err);

/* BOSA_FILE unless `path` is a directory in which new files can be made. Also BOSA_NOMEM. */
enum bosa_status fileio_check_dir(const char *path, struct bosa_error *err);

/* Reads up to `cap` bytes from `offset`. *got 0: the end. `path` is for the message. */
enum bosa_status fileio_read(int fd, const char *path, int64_t offset, char *out, size_t cap,
                             size_t *got, struct bosa_error *err);

/* Writes all of the bytes. */
enum bosa_status fileio_write(int fd, const char *path, const char *bytes, size_t len,
                              struct bosa_error *err);

#endif
