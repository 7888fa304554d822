/*
 * transfer: runs calls over libcurl's connections: many at once, without threads.
 *
 * It never calls back. What a caller has to act upon is told by transfer_take: a call that has
 * ended, wants upload bytes, has download bytes, made progress or has events. The whole contract
 * with an event loop is transfer_fd (readable: there is work) and transfer_step.
 *
 * libcurl makes the connections; HTTP over them is call/exchange's. `call` alone decides about
 * sending a request again, but for one whose first byte a kept connection did not take: that goes
 * on a new one, and nobody need know.
 *
 * A transfer belongs to the process that made it. After a fork the child must leave it alone
 * (transfer_is_mine) and make its own.
 */
#ifndef BOSA_TRANSFER_H
#define BOSA_TRANSFER_H

#include "call/call.h"

/* descriptors served in one step, so that a host's loop gets its turn */
#define TRANSFER_MAX_EVENTS 16
/* how requests name their sender where the caller doesn't say */
#define TRANSFER_USER_AGENT "bosa-lua/" BOSA_VERSION

struct transfer_options {
    int max_connections;    /* requests under way at once; more wait in the order they came */
    const char *ca_file;    /* all borrowed for the call; NULL: libcurl's default */
    const char *ca_dir;     /* besides ca_file, or instead of it; NULL likewise */
    const char *proxy;      /* NULL: the environment's; "": none */
    const char *user_agent; /* NULL: "bosa-lua/VERSION" */
    bool verify;            /* TLS certificates and names */
};

struct transfer;

/* What transfer_take found, as bits. */
enum transfer_note {
    TRANSFER_ENDED = 1,       /* call->state is CALL_ENDED; transfer has let go of it */
    TRANSFER_NEEDS_INPUT = 2, /* body_needs_input(call->request.body) is to be fed, then
                                 transfer_resume */
    TRANSFER_CHUNK = 4,       /* sink_queued(&call->reply.sink) has bytes; then transfer_resume */
    TRANSFER_PROGRESS = 8, /* bytes moved since the last note, and the invocation asked to know */
    TRANSFER_EVENT = 16    /* call_next_event has some */
};

/* BOSA_CONNECTION with the cause when libcurl or the system refuses. */
enum bosa_status transfer_new(struct transfer **out, const struct transfer_options *options,
                              struct bosa_error *err);

/* True in the process that made it. */
bool transfer_is_mine(const struct transfer *transfer);

/*
 * Readable when transfer_step has work. Stays the same for the transfer's life. From the first call
 * on the timer behind it is kept set; who only steps needs none, and saves the system calls.
 */
int transfer_fd(struct transfer *transfer);

/*
 * Begins a CALL_NEW call. The caller keeps owning it, and must keep it alive until TRANSFER_ENDED
 * was taken or transfer_cancel was called. May end within this function (bad parameters, no
 * memory): then transfer_take says so.
 */
void transfer_start(struct transfer *transfer, struct call *call);

/*
 * Works; waits at most `timeout` ms for something to do (0: not at all, -1: until transfer_take has
 * something). Ends early on a signal. Returns whether transfer_take has something.
 */
bool transfer_step(struct transfer *transfer, int timeout);

/*
 * The next call with something for the caller and what it is; NULL: none. Each note is given once.
 */
struct call *transfer_take(struct transfer *transfer, unsigned *notes);

/* Goes on with a call that was fed or whose chunks were taken. Ends no call. */
void transfer_resume(struct transfer *transfer, struct call *call);

/*
 * Ends a call with `kind` (BOSA_CANCELLED, BOSA_CLOSED, BOSA_FILE for a `read` that failed), unless
 * it has ended; it is let go of at once, no note follows.
 */
void transfer_cancel(struct transfer *transfer, struct call *call, enum bosa_status kind);

/* Calls under way, waiting ones included. */
size_t transfer_active(const struct transfer *transfer);

/*
 * Ends every call with BOSA_CLOSED (their owners still own them) and frees. In a forked child it
 * only lets go of memory that is safe to touch.
 */
void transfer_free(struct transfer *transfer);

#endif
