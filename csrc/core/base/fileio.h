/*
 * fileio: reading and writing of whole runs of bytes, with errors that name the file.
 */
#ifndef BOSA_FILEIO_H
#define BOSA_FILEIO_H

#include "base/error.h"

#include <stdint.h>

/*
 * BOSA_FILE "cannot `verb` `path`: ..." with the system's words for `number` (an errno), which
 * become the cause too.
 */
enum bosa_status fileio_error(struct bosa_error *err, const char *verb, const char *path,
                              int number);

/*
 * Opens a regular file for reading, close-on-exec, and tells its size. A directory, a FIFO, a
 * device is BOSA_FILE.
 */
enum bosa_status fileio_open(const char *path, int *fd, int64_t *size, struct bosa_error *err);

/* Reads up to `cap` bytes from `offset`. *got 0: the end. `path` is for the message. */
enum bosa_status fileio_read(int fd, const char *path, int64_t offset, char *out, size_t cap,
                             size_t *got, struct bosa_error *err);

/* Writes all of the bytes. */
enum bosa_status fileio_write(int fd, const char *path, const char *bytes, size_t len,
                              struct bosa_error *err);

#endif
