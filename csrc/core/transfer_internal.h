/*
 * transfer_internal: what transfer.c (libcurl) and transfer_flight.c (what a call's state asks for)
 * share.
 */
#ifndef BOSA_TRANSFER_INTERNAL_H
#define BOSA_TRANSFER_INTERNAL_H

#include "poller.h"
#include "transfer.h"
#include "transfer_queue.h"

struct transfer {
    void *multi;
    struct poller *poller;
    unsigned generation; /* how many forks lay behind the process that made it */
    bool nested;         /* somebody watches the descriptor, so its timer must be set */
    int max_connections;
    char *ca_file, *proxy, *user_agent; /* owned */
    bool verify;
    int64_t curl_due; /* when libcurl wants to be called, ms; INT64_MAX: not */
    void **idle;      /* owned: handles without a request */
    size_t idle_count;
    int flying;           /* requests that libcurl has */
    size_t active;        /* the caller's calls, not ended */
    size_t count;         /* flights in the list of all */
    struct flight *first; /* all */
    struct flight_fifo waiting, noted;
    struct flight_heap heap;
};

/* The two clocks, now. */
struct moment transfer_now(void);

/* ---- transfer.c ---- */

/* Hands a flight's request to libcurl. False: no memory, or libcurl refuses an option. */
bool transfer_take_off(struct flight *f, const struct moment *m);

/* Gives libcurl's handle back to the idle ones; nothing is called for this flight any more. */
void transfer_land(struct flight *f);

/* ---- transfer_flight.c ---- */

/* A new flight of `call`; `own`: the call is the transfer's. NULL: no memory. */
struct flight *flight_new(struct transfer *t, struct call *call, bool own);

/* Frees a flight; its call lives on with its owner, unless it was ours. */
void flight_free(struct flight *f);

/* Adds to what the caller is to be told. */
void flight_note(struct flight *f, unsigned notes);

/* Does what the call's state asks, until there is nothing to do but wait. */
void flight_follow(struct flight *f);

/* Gives places that became free to those who wait, in their order. */
void flight_seat_all(struct transfer *t);

/* Lets every call whose time has come go on. */
void flight_tick_all(struct transfer *t);

/* When something is due without anything having happened, ms; INT64_MAX: never. */
int64_t flight_due(const struct transfer *t);

/* Sets the descriptor's timer, where somebody watches it; our own waiting needs none. */
void transfer_arm(struct transfer *t);

/* How long to wait in a round: `timeout` (below 0: for ever), or until something is due. */
int transfer_patience(const struct transfer *t, int timeout);

/* Words an exchange that broke, `why` being what libcurl says of it. */
void transfer_word(const struct call *call, enum bosa_status kind, enum bosa_sent sent,
                   const char *why, struct bosa_error *err);

#endif
