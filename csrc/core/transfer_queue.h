/*
 * transfer_queue: what transfer keeps of each call it drives, in the orders it needs; knows nothing
 * of libcurl.
 *
 * A flight is in the list of all, and besides may wait for a place (FIFO), have notes for the
 * caller (FIFO), and stand in the heap of those that wait for a time.
 */
#ifndef BOSA_TRANSFER_QUEUE_H
#define BOSA_TRANSFER_QUEUE_H

#include "call.h"

struct transfer;

struct flight {
    struct transfer *transfer;
    struct call *call;              /* NULL once it was let go of */
    bool own;                       /* a fetch of ours: the call is owned here */
    void *easy;                     /* libcurl's handle while it is sent; NULL otherwise */
    void *headers;                  /* libcurl's list for it; owned */
    unsigned notes;                 /* for the caller, not taken yet */
    bool in_body;                   /* body bytes came: what follows as fields are trailers */
    bool paused;                    /* a callback said so */
    struct bosa_error error;        /* what a callback refused */
    struct flight *previous, *next; /* all */
    struct flight *next_waiting;    /* for a place */
    struct flight *next_noted;
    bool waiting, noted;
    size_t heap_at; /* place in the heap + 1; 0: not in it */
    int64_t wake;   /* the heap's key */
};

/* A FIFO linked through one of the flight's fields. */
struct flight_fifo {
    struct flight *first, *last;
};

struct flight_heap {
    struct flight **items; /* owned */
    size_t count, cap;
};

void fifo_add_waiting(struct flight_fifo *fifo, struct flight *f);
struct flight *fifo_take_waiting(struct flight_fifo *fifo);
void fifo_remove_waiting(struct flight_fifo *fifo, struct flight *f);
void fifo_add_noted(struct flight_fifo *fifo, struct flight *f);
struct flight *fifo_take_noted(struct flight_fifo *fifo);
void fifo_remove_noted(struct flight_fifo *fifo, struct flight *f);

/* Room for `count` flights, so that heap_put can't fail. */
bool heap_reserve(struct flight_heap *heap, size_t count);

/* Puts, moves or (CALL_NEVER) takes out a flight. */
void heap_put(struct flight_heap *heap, struct flight *f, int64_t wake);

/* The flight with the earliest time; NULL: none. */
struct flight *heap_first(const struct flight_heap *heap);

#endif
