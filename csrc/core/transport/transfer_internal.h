/*
 * transfer_internal: what the files of transfer share and nobody else sees.
 *
 *   transfer.c        the wire: libcurl's side; the only file that knows libcurl
 *   transfer_drive.c  the driver: what the caller does, and how time and descriptors come in
 *   transfer_flight.c  flights: what the state of each call asks for
 *   transfer_queue.c  lists of flights, the heap of times
 *   transfer_exchange.c  one request and its answer, as far as libcurl need not be known
 *   transfer_error.c  what a broken exchange is called
 */
#ifndef BOSA_TRANSFER_INTERNAL_H
#define BOSA_TRANSFER_INTERNAL_H

#include "transport/poller.h"
#include "transport/transfer.h"

/* The lists that a flight can be in, each through a link of its own. */
enum flight_link {
    LINK_ALL,    /* every flight of a transfer */
    LINK_QUEUE,  /* waits for a place on the wire */
    LINK_NOTED,  /* has notes for the caller */
    LINK_FETCH,  /* a fetch: of those under way; another: of those who wait for one */
    FLIGHT_LINKS /* how many there are */
};

struct flight;
struct lane; /* transfer.c: one of libcurl's handles and what goes with it */

/* A FIFO. `link` says which link of its flights it goes through. */
struct flight_list {
    struct flight *first, *last;
    size_t count;
    enum flight_link link;
};

/* What transfer keeps of each call that it drives. */
struct flight {
    struct transfer *transfer;
    struct call *call;          /* the caller's, or owned where `own` */
    bool own;                   /* a fetch of ours */
    unsigned notes;             /* for the caller, not taken yet */
    struct lane *lane;          /* while libcurl has its request, else NULL */
    bool in_head, in_body;      /* of the answer on `lane` */
    bool paused;                /* one direction waits for the caller */
    struct bosa_error refusal;  /* what a callback had to refuse; owned */
    int64_t allowed;            /* ms that the exchange on `lane` may take; CALL_NEVER */
    int64_t until;              /* when that time is over */
    struct flight *fetch;       /* waits for the schemas that this one fetches; NULL: does not */
    struct flight_list waiters; /* `own`: who waits for it */
    size_t heap_at;             /* its place in the heap + 1; 0: not in it */
    int64_t wake;               /* the heap's key */
    struct {
        struct flight *previous, *next;
        bool linked;
    } links[FLIGHT_LINKS];
};

/* Flights by the time at which something must be done for them, the earliest first. */
struct flight_heap {
    struct flight **items; /* owned */
    size_t count, cap;
};

struct transfer {
    int generation; /* forks that lay behind the process that made it */
    bool watched;   /* somebody asked for the descriptor, so its timer must be set */
    struct poller *poller;
    struct wire *wire;
    int max_flying; /* requests that libcurl may have at once */
    size_t active;  /* the caller's calls that have not ended */
    int64_t armed;  /* what the poller's timer was last set to; CALL_NEVER: it has fired */
    struct flight_list all, queue, noted, fetches;
    struct flight_heap heap;
    struct call *stillborn; /* ended for want of memory for a flight; linked through `driver` */
};

/* ---- transfer_queue.c ---- */

void list_init(struct flight_list *list, enum flight_link link);

/* Appends a flight, unless it is in the list. */
void list_add(struct flight_list *list, struct flight *f);

/* Takes a flight out, if it is in the list. */
void list_remove(struct flight_list *list, struct flight *f);

/* Takes the first one out; NULL: there is none. */
struct flight *list_take(struct flight_list *list);

/* Makes room for `count` flights, so that heap_put can't fail. False: no memory. */
bool heap_reserve(struct flight_heap *heap, size_t count);

/* Puts a flight in, moves it, or (CALL_NEVER) takes it out. */
void heap_put(struct flight_heap *heap, struct flight *f, int64_t wake);

/* The flight with the earliest time; NULL: there is none. */
struct flight *heap_first(const struct flight_heap *heap);

/* ---- transfer_flight.c ---- */

/* Both clocks. */
struct moment transfer_now(void);

/* Initialises `err` and sets BOSA_NOMEM. */
void transfer_no_memory(struct bosa_error *err);

/* A flight for a call, whose `driver` it becomes. NULL: no memory. */
struct flight *flight_new(struct transfer *t, struct call *call, bool own);

/* Adds notes for the caller; of our own fetches nobody is told. */
void flight_note(struct flight *f, unsigned notes);

/*
 * Does what the state that a call has come into asks; to be called whenever it may have changed. A
 * flight of our own may be gone afterwards.
 */
void flight_follow(struct flight *f);

/* Takes the request back; from here on nothing is called for it. */
void flight_land(struct flight *f);

/* Gives places on the wire to those who wait, in their order. */
void flight_seat_all(struct transfer *t);

/* All work that is due now but for descriptors; some may be left for the next step. */
void flight_work(struct transfer *t);

/* Its call lives on with its owner, unless it was ours. */
void flight_free(struct flight *f);

/* ---- transfer_exchange.c ---- */

/*
 * Writes the header lines of a request in libcurl's notation, each with a NUL behind: "Name;" is a
 * field with an empty value, "Name:" takes out what libcurl would add. Returns how many; 0: no
 * memory.
 */
size_t exchange_head(struct buf *out, const struct request *request);

/* Empties and wipes what exchange_head wrote: it may hold secrets. */
void exchange_forget(struct buf *text);

bool exchange_is_get(const struct request *request);

/* The answer is a file that goes elsewhere: to be sent as it is, not compressed. */
bool exchange_wants_file(const struct call *call);

/* A line of the answer's head, as it came. What is refused is in f->refusal, here and below. */
enum bosa_status exchange_line(struct flight *f, const char *line, size_t len);

/* Bytes of the answer's body. BOSA_AGAIN: none taken; the caller has been told. */
enum bosa_status exchange_body(struct flight *f, const char *bytes, size_t len);

/* The next bytes of the request's body; *got 0: its end. BOSA_AGAIN: the caller has been told. */
enum bosa_status exchange_read(struct flight *f, char *out, size_t cap, size_t *got);

/* The exchange can't go on, as a connection of its can't be watched: `number` is errno. */
void exchange_break_off(struct flight *f, int number);

/* It can't, for what was refused, else for a lack of memory. */
void exchange_give_up(struct flight *f);

/*
 * The connections of a wire, known so that a forked child can close its copies of them: while one
 * is open, the server does not see that the parent has closed. libcurl (7.88) closes a connection
 * that was not made yet without a word, so some may be gone. Zeroed memory is an empty set.
 */
struct sockets {
    struct socket_copy *list; /* owned */
    size_t count, cap;
    bool multiplexed; /* an answer came over HTTP/2 or later */
};

struct wire;

/* A new socket, close-on-exec, of which the poller knows nothing; -1: the system, or the memory,
 * refuses. */
int sockets_open(struct wire *wire, int family, int type, int protocol);

/* Closes one, and the poller forgets it; returns as close does. */
int sockets_close(struct wire *wire, int fd);

bool sockets_has(const struct wire *wire, int fd);

/* Forgets connections that libcurl closed without a word, before others get their numbers. */
void sockets_sweep(struct wire *wire);

/*
 * Shuts the connection from `own_port` down, which was idle, when bytes have come on it: libcurl
 * before 8.1 would take them for the answer to its next request. It notices when it writes, and
 * makes a new one. Over HTTP/2, where bytes may come at any time, nothing is done.
 */
void sockets_cut_off_talker(struct wire *wire, int own_port);

/* With `close_all`, closes those that are still the sockets that were opened. */
void sockets_free(struct sockets *set, bool close_all);

/* ---- transfer_error.c ---- */

/* The policy that a call goes by. */
const struct policy *transfer_policy(const struct call *call);

/*
 * Fills `err` for an exchange that broke: a line with the server's origin, `why` in it and as the
 * cause. `ms` is the time that was allowed, for BOSA_TIMEOUT.
 */
void transfer_describe(struct bosa_error *err, const struct call *call, enum bosa_status kind,
                       enum bosa_sent sent, int64_t ms, const char *why);

/* ---- transfer.c ---- */

/* libcurl's side. Only transfer.c changes it, but for `abandoned`. */
struct wire {
    void *multi; /* libcurl's, owned */
    void *model; /* owned; never sent: the handles of lanes are copies of it */
    struct poller *poller;
    int64_t due;            /* when libcurl wants wire_run, ms; CALL_NEVER: not */
    int count, running;     /* requests that libcurl has; that it was still at when last asked */
    struct lane *idle;      /* owned */
    struct sockets sockets; /* libcurl's connections */
    bool serve_once;        /* lanes are not used again: see wire_new */
    bool guarded;           /* libcurl asks before it begins a request, so a second time is seen */
    bool abandoned;         /* by a forked child: libcurl's memory speaks of connections that the
                               parent uses, so it is not to be touched any more, and lost */
};

/* An exchange that is over. */
struct wire_outcome {
    struct flight *flight; /* whose lane has been given back */
    bool whole;            /* the answer is whole; else `sent` and `cause` say more */
    enum bosa_sent sent;
    struct bosa_error cause; /* owned by whoever asked */
    bool timed;              /* `timing` is filled */
    struct call_timing timing;
};

/* `poller` is borrowed and must outlive the wire. */
enum bosa_status wire_new(struct wire **out, const struct transfer_options *options,
                          struct poller *poller, struct bosa_error *err);

/* Gives the request of a flight's call to libcurl, which begins with it in wire_run. */
enum bosa_status wire_send(struct wire *wire, struct flight *f, struct bosa_error *err);

/* Takes the request back, whatever its state; nothing is called for it any more. */
void wire_drop(struct wire *wire, struct flight *f);

/* How much of a flight's request can have reached the server. */
enum bosa_sent wire_sent(const struct flight *f);

/* Lets both directions of a flight's exchange go on; may call back at once. False: a part of the
 * answer is lost, so the exchange must be broken off. */
bool wire_resume(const struct flight *f);

/* A descriptor is ready. */
void wire_serve(struct wire *wire, const struct poller_event *event);

/* The time that `due` names has come. */
void wire_run(struct wire *wire);

/*
 * The next exchange that is over; false: none. While running < count there may be one. To be asked
 * behind all wire_serve and wire_run of a step: in another order big bodies stall now and then.
 */
bool wire_next_done(struct wire *wire, struct wire_outcome *out);

/* Every flight must have been dropped. This process's descriptors are closed in any case. */
void wire_free(struct wire *wire);

#endif
