/*
 * call: one call's life, as a state machine without I/O and without a clock.
 *
 * A transport (transfer, cosockets that Lua moves, a test with a clock made by hand) looks at the
 * state and acts:
 *
 *   CALL_SCHEMAS  fetch the connector's schemas (call_new_fetch), then call_schemas
 *   CALL_SEND     send `request`, after call_sending; feed `reply`; then call_responded or
 *                 call_broke
 *   CALL_EXCHANGE wait for that
 *   CALL_WAITING  wait until call_wake_at, then call_tick
 *   CALL_ENDED    `ok` tells whether `reply` or `error` is the result
 *
 * In every state but ENDED, call_wake_at may also name the deadline. Attempts, backoff,
 * Retry-After, redirects, the other dialect, schemas fetched again: all decided here, so every
 * transport behaves the same.
 */
#ifndef BOSA_CALL_H
#define BOSA_CALL_H

#include "http/traceparent.h"
#include "hub/hub.h"
#include "reply/reply.h"

#define CALL_NEVER INT64_MAX
#define CALL_MAX_WAIT 64.0 /* seconds; a server that asks for a longer wait gets no retry */
#define CALL_MAX_REDIRECTS 5
#define CALL_MAX_DOWNLOAD ((uint64_t)256 << 20) /* bytes of what ENDPOINT_DOWNLOAD gives */
/* kept for an owner that does not look; then the oldest are dropped */
#define CALL_MAX_EVENTS 32

enum call_kind { CALL_ACTION, CALL_FETCH, CALL_ENDPOINT, CALL_VERBATIM };
enum call_state { CALL_NEW, CALL_SCHEMAS, CALL_SEND, CALL_EXCHANGE, CALL_WAITING, CALL_ENDED };

/* Where the time of one exchange went; milliseconds from its start, negative: not known. */
struct call_timing {
    double dns, connect, tls, first_byte, total;
    uint64_t bytes_up, bytes_down; /* on the wire, headers included */
    bool reused;                   /* the connection had served before */
};

enum call_event_type { EVENT_REQUEST, EVENT_RESPONSE, EVENT_RETRY, EVENT_WAIT, EVENT_ERROR };

struct call_event {
    enum call_event_type type;
    int attempt;               /* from 1 */
    int status;                /* 0: none */
    double wait;               /* EVENT_WAIT: seconds */
    enum bosa_status kind;     /* EVENT_ERROR, EVENT_RETRY: why */
    enum bosa_sent sent;       /* EVENT_ERROR */
    int budget;                /* EVENT_RETRY: retry tokens left; -1: budget off */
    struct call_timing timing; /* EVENT_RESPONSE, EVENT_ERROR */
    bool of_fetch;             /* of the fetch that the call waited for, not of its own requests */
};

struct call {
    enum call_kind kind;
    enum call_state state;
    struct hub *hub;               /* a reference */
    struct invocation *invocation; /* a reference; NULL unless CALL_ACTION */
    char *name;                    /* owned; CALL_FETCH, CALL_ENDPOINT: the connector; NULL: none */

    struct request request;  /* CALL_SEND: what to send */
    struct reply reply;      /* the current response, and the result when ok */
    struct bosa_error error; /* the result when ENDED and not ok */
    bool ok;
    /*
     * Of which trace its requests are a part; empty: of none. Known once a request was made.
     */
    char traceparent[TRACEPARENT_LEN + 1];
    int attempts;         /* made so far */
    int64_t begun, ended; /* us */

    /*
     * For paging; set when the request was made. Static string and flags (hub.h:
     * struct action_paging, endpoint_is_list).
     */
    const char *cursor_name;
    struct schema_takes cursor_takes;
    bool takes_page, takes_from_last, takes_offset;

    void *transport;        /* the transport's own; NULL: none has it */
    void *owner;            /* likewise of the one who made the call */
    struct call_private *p; /* the machine's inner state */
};

/* Calls in CALL_NEW. NULL: no memory. The invocation's reference is shared, not taken. */
struct call *call_new_action(struct hub *hub, struct invocation *invocation);
struct call *call_new_fetch(struct hub *hub, const char *connector);

/*
 * `body` (may be NULL) is moved, also on failure. `identifier`, `token` may be NULL. Of the
 * integration endpoints a response with data.success == false is an error. A list's response has
 * its `items` as data; what ENDPOINT_DOWNLOAD gives is a file of CALL_MAX_DOWNLOAD bytes at most.
 */
struct call *call_new_endpoint(struct hub *hub, enum endpoint endpoint, const char *connector,
                               const char *identifier, const char *token, struct json_doc *body);

/*
 * Sends a request as it is (moved, also on failure), once, within `timeout` ms (0: no limit), and
 * succeeds with whatever response comes, which is not looked at: its bytes are a file.
 */
struct call *call_new_verbatim(struct hub *hub, struct request *request, int64_t timeout);

/*
 * Gives a call that has not begun a traceparent (which is valid) in place of the hub's. One that
 * the invocation has, and a field of the caller's, go before it.
 */
void call_trace(struct call *call, const char *traceparent);

/*
 * Of which trace its requests are a part, or would be, had it made one; NULL: of none. The fetch
 * that it waits for is a part of the same. Borrowed.
 */
const char *call_traceparent(const struct call *call);

/* CALL_NEW -> the first state. All functions below return the new state. */
enum call_state call_begin(struct call *call, const struct moment *now);

/*
 * CALL_SCHEMAS -> on. `failure` NULL: the hub has them now; else it is copied and becomes this
 * call's error (sent "no").
 */
enum call_state call_schemas(struct call *call, const struct bosa_error *failure,
                             const struct moment *now);

/*
 * CALL_SEND -> CALL_EXCHANGE: the transport is about to send, and the attempt's time begins. ->
 * CALL_ENDED where the deadline has passed: then nothing must be sent.
 */
enum call_state call_sending(struct call *call, const struct moment *now);

/*
 * Milliseconds that this attempt may take from now, by timeout and deadline: at least 1, since
 * libraries take 0 for "no bound"; CALL_NEVER: no bound.
 */
int64_t call_attempt_time(const struct call *call, const struct moment *now);

/*
 * CALL_EXCHANGE -> on: the reply is whole (reply_end has not been called yet). `timing` may be
 * NULL: then the time since call_sending is the total, and nothing else is known.
 */
enum call_state call_responded(struct call *call, const struct call_timing *timing,
                               const struct moment *now);

/*
 * CALL_EXCHANGE -> on: no whole response. `cause` has kind, message, cause; `sent` says how much of
 * the request can have reached the server in this attempt. `cause` is moved.
 */
enum call_state call_broke(struct call *call, enum bosa_sent sent, struct bosa_error *cause,
                           const struct call_timing *timing, const struct moment *now);

/* An exchange that broke: what is known of it. */
struct call_break {
    enum bosa_status kind; /* BOSA_CONNECTION, BOSA_TIMEOUT, BOSA_TLS, BOSA_PROTOCOL, BOSA_NOMEM */
    enum bosa_sent sent;
    bool queued;     /* it waited for a connection slot all the time */
    int64_t ms;      /* BOSA_TIMEOUT: what was allowed */
    const char *why; /* what the layer below said; NULL: nothing. Becomes the cause, too */
};

/*
 * Fills `err` in the words for it, the same on every transport: a line with the server's origin.
 * For call_broke.
 */
void call_describe_break(struct bosa_error *err, const struct call *call,
                         const struct call_break *b);

/* The policy that a call goes by. */
const struct policy *call_policy(const struct call *call);

/*
 * The time that call_wake_at named has come (or any other: then nothing happens). A deadline passed
 * in CALL_EXCHANGE ends it with BOSA_TIMEOUT, sent "maybe".
 */
enum call_state call_tick(struct call *call, const struct moment *now);

/*
 * -> CALL_ENDED from anywhere, with BOSA_CANCELLED or BOSA_CLOSED; "maybe" sent where it was
 * CALL_EXCHANGE and `sent` is not "no".
 */
enum call_state call_cancel(struct call *call, enum bosa_status kind, enum bosa_sent sent,
                            const struct moment *now);

/*
 * Takes back the result of a call that ended well: what receives the end of its response refuses it
 * then. BOSA_CANCELLED, sent "yes"; of any other call nothing changes.
 */
enum call_state call_revoke(struct call *call, const struct moment *now);

/* When the transport must call call_tick, in ms of the monotonic clock; CALL_NEVER. */
int64_t call_wake_at(const struct call *call);

/* True when there is an event to take. */
bool call_has_event(const struct call *call);

/* Takes the oldest event; false when there is none. */
bool call_next_event(struct call *call, struct call_event *event);

/*
 * Moves the events of `fetch`, which `call` waits for, to those of `call`: the driver made the
 * fetch, so nobody else would take them. Of another fetch only after the events of the one before
 * were taken.
 */
void call_take_events(struct call *call, struct call *fetch);

/* What the event's request is: of the call, or of the fetch. `url` NULL: not known. Borrowed. */
struct call_event_request {
    const char *method, *url;
    const char *traceparent; /* NULL: of no trace */
};

void call_event_request(const struct call *call, const struct call_event *event,
                        struct call_event_request *out);

/* The API's word: "request", "response", "retry", "wait", "error". */
const char *call_event_name(enum call_event_type type);

/* Ends what is under way without a word to the transport, and frees. NULL is allowed. */
void call_free(struct call *call);

#endif
