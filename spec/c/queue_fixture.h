/* queue_fixture: takes the bytes that a sink has queued, as whoever drives a call does. */
#ifndef BOSA_QUEUE_FIXTURE_H
#define BOSA_QUEUE_FIXTURE_H

#include "reply/sink.h"

/* Moves what is queued to `out` (cleared before); false when there was nothing. */
static inline bool take_queued(struct sink *sink, struct buf *out)
{
    const char *bytes;
    size_t len;
    buf_clear(out);
    if (!sink_queued(sink, &bytes, &len)) {
        return false;
    }
    buf_add(out, bytes, len);
    sink_dequeue(sink);
    return true;
}

#endif
