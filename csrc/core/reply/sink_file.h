/*
 * sink_file: the files of a sink: `x.part` beside its target, and temporary ones. Private to the
 * sink.
 */
#ifndef BOSA_SINK_FILE_H
#define BOSA_SINK_FILE_H

#include "reply/sink.h"

/*
 * Creates the sink's part: its path with .part behind (or .part.1 and so on, where another run's is
 * in the way), never through a symlink. Sets part, fd and opener.
 */
enum bosa_status sink_file_open(struct sink *sink, struct bosa_error *err);

/*
 * Closes *fd, which becomes -1. The system may tell of a failed write only here. `path` is for the
 * message.
 */
enum bosa_status sink_file_close(int *fd, const char *path, struct bosa_error *err);

/* Opens a file that has no name, in $TMPDIR or /tmp; mode 0600, close-on-exec. */
enum bosa_status sink_file_temporary(int *fd, struct bosa_error *err);

#endif
