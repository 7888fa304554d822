/*
 * call_internal: what the files of call share and nobody else sees.
 *
 *   call.c         birth, beginning, requests, time, end
 *   call_response.c  what a response, or its absence, means
 *   call_retry.c   whether to send again, and when
 *   call_error.c   what a final error carries
 *   call_trace.c   the traceparent of its requests
 *   call_event.c   the queue of events
 *   paging*.c      the pages after a response
 */
#ifndef BOSA_CALL_INTERNAL_H
#define BOSA_CALL_INTERNAL_H

#include "call/call.h"

struct call_private {
    struct policy policy; /* the invocation's, or the hub's */

    /* CALL_ENDPOINT */
    enum endpoint endpoint;
    enum hub_dialect dialect; /* of the request being made; never DIALECT_UNKNOWN */
    bool probing;             /* the dialect is a guess, so the other one may be tried */
    char *identifier, *token; /* owned; NULL: none */
    struct json_doc body;     /* owned; may hold a secret */
    bool has_body;

    int64_t deadline; /* of the call, ms; CALL_NEVER: none */
    int64_t until;    /* of the attempt, ms; CALL_NEVER: none */
    int64_t wake;     /* CALL_WAITING: when to go on, ms */

    bool reply_made;     /* reply_init has been done */
    bool same_attempt;   /* the next exchange belongs to the attempt before: a redirect, another
                            dialect */
    bool fetched_again;  /* schemas were asked for a second time */
    int redirects;       /* followed so far */
    enum bosa_sent sent; /* the highest of the exchanges that are over */
    int budget_used;     /* retry tokens that the last retry took */

    int64_t sending;           /* us; when the last exchange was begun */
    struct call_timing timing; /* of that exchange */
    struct call_event *events; /* owned ring of CALL_MAX_EVENTS; NULL: nobody listens */
    size_t event_first, event_count;
    char *fetch_url; /* owned; of the fetch whose events came last (call_take_events); NULL: none */
    char fetch_traceparent[TRACEPARENT_LEN + 1]; /* its; empty: of no trace */
};

/* ---- call.c ---- */

/* Ready to send `request`: the reply is empty. */
enum call_state call_prepare(struct call *call, const struct moment *now);

/*
 * Makes the request anew and goes on to CALL_SEND, or to CALL_SCHEMAS where an action is not known.
 */
enum call_state call_build(struct call *call, const struct moment *now);

/*
 * True when the action's schemas are older than HUB_STALE_SECONDS, so that they may be what is
 * wrong.
 */
bool call_schemas_stale(const struct call *call, const struct moment *now);

/* -> CALL_ENDED, ok. */
enum call_state call_succeed(struct call *call, const struct moment *now);

/* -> CALL_ENDED with `err` (moved), which is completed and redacted. */
enum call_state call_fail(struct call *call, struct bosa_error *err, const struct moment *now);

/*
 * -> CALL_ENDED because the deadline has passed; `sent` is for the exchange that this cuts off, if
 * there is one.
 */
enum call_state call_expire(struct call *call, enum bosa_sent sent, const struct moment *now);

/*
 * An exchange is over in which this much can have been sent. Asking for schemas runs nothing, so
 * there it is always "no".
 */
void call_count_sent(struct call *call, enum bosa_sent sent);

/* ---- call_retry.c ---- */

/* All that the rule looks at, so that it can be read, and tested, as a table. */
struct retry_case {
    int max_attempts, attempts; /* allowed; made */
    bool replay_unsafe;
    bool idempotent;       /* a GET: twice does no more than once */
    bool responded;        /* there is a whole response */
    int status;            /* responded: its status */
    int recovery;          /* responded: reply_recovery */
    enum bosa_status kind; /* not responded: why */
    enum bosa_sent sent;   /* not responded: how far this exchange got */
};

/* True when the rule allows another attempt. */
bool retry_allowed(const struct retry_case *c);

/*
 * Seconds to wait after attempt number `attempts`: what the server asked (below 0: nothing), else
 * backoff with `jitter` of 0 to 1.
 */
double retry_wait(int attempts, double asked, double jitter);

/*
 * Back to the start of upload and download, for another exchange. False when that can't be: then
 * `err` says so after its message (NULL: nothing is written).
 */
bool call_rewind(struct call *call, struct bosa_error *err);

/*
 * After a response, or a break, that made `err` (moved): CALL_WAITING for another attempt, or the
 * end.
 */
enum call_state call_again(struct call *call, const struct retry_case *c, struct bosa_error *err,
                           const struct moment *now);

/* ---- call_error.c ---- */

/* The secrets that went with the call's request (`out` is fresh); to be freed before the call. */
void call_secrets(const struct call *call, struct secrets *out);

/* Adds what the call knows to its final error, and takes the secrets out. */
void call_complete_error(struct call *call, struct bosa_error *err);

/* Appends "; `text`" to the message. Without memory `err` becomes BOSA_NOMEM. */
void call_add_words(struct bosa_error *err, const char *text);

/* ---- paging_offset.c ---- */

/* paging_has of a list that is paged by offset. */
bool paging_offset_has(const struct call *call, bool forward);

/* ---- call_trace.c ---- */

/* Puts the call's traceparent into the request that was just made, or notes the caller's own. */
enum bosa_status call_trace_request(struct call *call, struct bosa_error *err);

/* ---- call_event.c ---- */

/* Makes room for events when the hub wants any. False: no memory. */
bool call_events_init(struct call *call);

/*
 * Queues an event of the present attempt. `err` (may be NULL) gives kind and sent; `wait` is for
 * EVENT_WAIT.
 */
void call_event_add(struct call *call, enum call_event_type type, const struct bosa_error *err,
                    double wait);

#endif
