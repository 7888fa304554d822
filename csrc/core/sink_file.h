/*
 * sink_file: the files of a sink: `x.part` beside its target, and temporary ones. Private to the
 * sink.
 */
#ifndef BOSA_SINK_FILE_H
#define BOSA_SINK_FILE_H

#include "error.h"

/*
 * Creates `path`.part (or .part.1 and so on, where another run's is in the way), never through a
 * symlink. *part: its name, owned by the caller.
 */
enum bosa_status sink_file_open(const char *path, int *fd, char **part, struct bosa_error *err);

/* Closes *fd, which becomes -1. The system may tell of a failed write only here. `path` is for the
 * message. */
enum bosa_status sink_file_close(int *fd, const char *path, struct bosa_error *err);

/* Opens a file that has no name, in $TMPDIR or /tmp; mode 0600, close-on-exec. */
enum bosa_status sink_file_temporary(int *fd, struct bosa_error *err);

#endif
