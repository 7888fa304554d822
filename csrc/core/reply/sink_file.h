/*
 * sink_file: temporary files of a sink. Private to the sink.
 */
#ifndef BOSA_SINK_FILE_H
#define BOSA_SINK_FILE_H

#include "reply/sink.h"

/* Opens a file that has no name, in $TMPDIR, else /tmp or /var/tmp; mode 0600, close-on-exec. */
enum bosa_status sink_file_temporary(int *fd, struct bosa_error *err);

#endif
