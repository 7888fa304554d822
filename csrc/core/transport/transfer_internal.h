/*
 * transfer_internal: what the files of transport share and nobody else sees.
 *
 *   transfer.c         the transport: what the caller does, and how time and descriptors come in
 *   job.c              jobs: what the state of each call asks for
 *   job_exchange.c     a job's request and response over a connection
 *   job_queue.c        lists of jobs, the heap of times
 *   pool.c             connections that wait for their next exchange
 *   connection_curl.c  connections over libcurl; with curl_setup.c the only file that knows it
 */
#ifndef BOSA_TRANSFER_INTERNAL_H
#define BOSA_TRANSFER_INTERNAL_H

#include "call/exchange.h"
#include "transport/connection.h"

/* The lists that a job can be in, each through a link of its own. */
enum job_link {
    LINK_ALL,     /* every job of a transfer */
    LINK_QUEUE,   /* waits for a connection slot */
    LINK_NOTED,   /* has notes for the caller */
    LINK_FETCH,   /* a fetch: of those under way; another: of those who wait for one */
    LINK_RESUMED, /* may go on without an event of its connection */
    JOB_LINKS     /* how many there are */
};

/* A FIFO. `link` says which link of its jobs it goes through. */
struct job_list {
    struct job *first, *last;
    size_t count;
    enum job_link link;
};

/* A transfer job: what transfer keeps of each call that it runs. */
struct job {
    struct transfer *transfer;
    struct call *call;             /* the caller's, or owned where `own` */
    bool own;                      /* a fetch of ours */
    bool has_slot;                 /* one of max_connections is taken for it */
    unsigned notes;                /* for the caller, not taken yet */
    struct connection *connection; /* owned while its exchange is on it, or will be; else NULL */
    struct exchange exchange;      /* begun when `connection` is set */
    bool was_kept;                 /* `connection` had served before this exchange */
    bool needs_input;              /* the request's content waits for the caller */
    bool is_full;                  /* the caller must take chunks first */
    int64_t begun;                 /* us; when the exchange got its slot */
    int64_t first_byte;            /* us; 0: none came yet */
    int64_t allowed;               /* ms that the attempt may take; CALL_NEVER */
    int64_t until;                 /* when that time is over */
    struct job *fetch;             /* waits for the schemas that this one fetches; NULL: does not */
    struct job_list waiters;       /* `own`: who waits for it */
    size_t heap_at;                /* its place in the heap + 1; 0: not in it */
    int64_t wake;                  /* the heap's key */
    struct {
        struct job *previous, *next;
        bool linked;
    } links[JOB_LINKS];
};

/* Jobs by the time at which something must be done for them, the earliest first. */
struct job_heap {
    struct job **items; /* owned */
    size_t count, cap;
};

struct transfer {
    int generation; /* forks that lay before the process that made it */
    bool watched;   /* somebody asked for the descriptor, so its timer must be set */
    struct poller *poller;
    struct engine *engine;
    struct pool pool;
    char *user_agent;    /* owned */
    int max_connections; /* slots */
    int used_slots;
    size_t active; /* the caller's calls that have not ended */
    int64_t armed; /* what the poller's timer was last set to; CALL_NEVER: it has fired */
    struct job_list all, queue, noted, fetches, resumed;
    struct job_heap heap;
    struct call *failed_to_start; /* ended for want of memory for a job; linked through `transport`
                                   */
    char *room;                   /* owned; ROOM_BYTES to receive into */
};

#define ROOM_BYTES ((size_t)64 << 10)

/* ---- job_queue.c ---- */

void list_init(struct job_list *list, enum job_link link);

/* Appends a job, unless it is in the list. */
void list_add(struct job_list *list, struct job *j);

/* Takes a job out, if it is in the list. */
void list_remove(struct job_list *list, struct job *j);

/* Takes the first one out; NULL: there is none. */
struct job *list_take(struct job_list *list);

/* Makes room for `count` jobs, so that heap_put can't fail. False: no memory. */
bool heap_reserve(struct job_heap *heap, size_t count);

/* Puts a job in, moves it, or (CALL_NEVER) takes it out. */
void heap_put(struct job_heap *heap, struct job *j, int64_t wake);

/* The job with the earliest time; NULL: there is none. */
struct job *heap_first(const struct job_heap *heap);

/* ---- job.c ---- */

/* A job for a call, whose `transport` it becomes. NULL: no memory. */
struct job *job_new(struct transfer *t, struct call *call, bool own);

/* Adds notes for the caller; of our own fetches nobody is told. */
void job_note(struct job *j, unsigned notes);

/*
 * Does what the state that a call has come into asks; to be called whenever it may have changed. A
 * job of our own may be gone afterwards.
 */
void job_advance(struct job *j);

/* All work that is due now but for descriptors; some may be left for the next step. */
void job_work(struct transfer *t);

/* Its call lives on with its owner, unless it was ours. */
void job_free(struct job *j);

/* ---- job_exchange.c ---- */

/* Gives connection slots to those who wait, in their order, and sends what can be sent. */
void job_start_queued(struct transfer *t);

/* Something happened on the connection of a job. The job may be gone afterwards, if it was ours. */
void job_serve(struct job *j, int bits);

/* Serves those who may go on without an event. */
void job_serve_resumed(struct transfer *t);

/* Takes over the connections that were made. */
void job_take_connected(struct transfer *t);

/* Ends the exchange because its time is over. */
void job_expire(struct job *j);

/* How much of the request can have reached the server. */
enum bosa_sent job_sent(const struct job *j);

/* Gives up connection and slot. With `keep` the connection may serve again. */
void job_detach(struct job *j, bool keep);

#endif
