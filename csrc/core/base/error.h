/*
 * error: what a function of the core gives back when it can't do its work.
 *
 * Every function that can fail returns an `enum bosa_status` and, where there is more to say, fills
 * a `struct bosa_error` that its caller owns. The kinds are those of the public API.
 */
#ifndef BOSA_ERROR_H
#define BOSA_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What goes with an error beside its strings. Its kind is known to the code that attached it
 * (today: json/json_error.h); an error only has to free and to copy it.
 */
struct error_details {
    void (*free)(struct error_details *details);
    struct error_details *(*copy)(const struct error_details *details); /* NULL: no memory */
};

enum bosa_status {
    BOSA_OK = 0,
    BOSA_NOMEM,  /* no memory; the binding raises Lua's own memory error */
    BOSA_AGAIN,  /* not a failure: nothing was taken or given now, try after the other side acted */
    BOSA_PARAMS, /* parameters against the schema, or a value that can't be sent */
    BOSA_UNKNOWN_CONNECTOR,
    BOSA_UNKNOWN_ACTION,
    BOSA_AUTH,          /* 401, 403, and the 404 that says the API key is invalid */
    BOSA_NOT_CONNECTED, /* the user has no account connected */
    BOSA_NOT_FOUND,     /* 404 */
    BOSA_RATE_LIMIT,    /* 429 */
    BOSA_API,           /* another 4xx, or 200 with data.success = false */
    BOSA_SERVER,        /* 5xx */
    BOSA_CONNECTION,    /* no connection, or it was lost */
    BOSA_TIMEOUT,
    BOSA_TLS,
    BOSA_PROTOCOL, /* a malformed response */
    BOSA_FILE,     /* a local file could not be read or written */
    BOSA_CANCELLED,
    BOSA_CLOSED /* the hub was closed */
};

/*
 * Whether the action can have run at the third party. Ordered: a call's value is the highest of
 * its attempts.
 */
enum bosa_sent { BOSA_SENT_NO, BOSA_SENT_MAYBE, BOSA_SENT_YES };

struct bosa_error {
    enum bosa_status kind;
    enum bosa_sent sent;
    bool retryable;     /* the same call may succeed later */
    int status;         /* HTTP status, 0: none */
    int contract;       /* version of the error contract that the server confirmed, 0: none */
    int attempts;       /* how often the request was sent or tried, 0: never */
    double retry_after; /* seconds the server asks to wait; below 0: not said */
    char *message;      /* owned, as all strings here; one line; NULL only when out of memory */
    char *reference_id; /* what support asks for */
    char *connector, *action; /* names, where the error belongs to one */
    char *url;                /* without query */
    char *code;               /* the server's own code for it; one line */
    char *type;               /* the server's own kind of it; one line */
    char *cause;              /* what the layer below said: libcurl's or the system's words */
    char *body;               /* start of the response's text, not terminated; for display */
    size_t body_len;
    struct error_details *details; /* owned; NULL: none */
};

void error_init(struct bosa_error *e);

/* Frees what `e` owns and leaves it as error_init does. */
void error_clear(struct bosa_error *e);

/*
 * Clears `e`, sets kind and message, and returns `kind`, so that a function can end with
 * `return error_set(err, BOSA_PROTOCOL, "...")`. Control characters in the message become spaces.
 * Without memory the kind becomes BOSA_NOMEM, and that is returned.
 */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
enum bosa_status
error_set(struct bosa_error *e, enum bosa_status kind, const char *format, ...);

/*
 * Clears `e` and returns BOSA_NOMEM, its kind now. There is no message: the binding has the one
 * text for it.
 */
enum bosa_status error_nomem(struct bosa_error *e);

/*
 * Puts a copy of `text` (may be NULL: nothing happens) into one of e's string fields, freeing what
 * was there.
 */
enum bosa_status error_field(char **field, const char *text, size_t len);

/*
 * Names the connector and the action that an error belongs to (NULL: leaves what is there); to be
 * called last, since error_set clears that. `status` came with the error, and is returned, or
 * BOSA_NOMEM where there is no memory for the names; `e` then has that kind, also where nobody gave
 * it to it yet.
 */
enum bosa_status error_locate(struct bosa_error *e, enum bosa_status status, const char *connector,
                              const char *action, size_t action_len);

/* Moves everything from `from` to `to` (cleared before); `from` is left as error_init does. */
void error_move(struct bosa_error *to, struct bosa_error *from);

/* A deep copy. BOSA_NOMEM leaves `to` cleared. */
enum bosa_status error_copy(struct bosa_error *to, const struct bosa_error *from);

#define ERROR_SYSTEM_WORDS 160 /* bytes that are enough for the words of a system's error */

/*
 * The system's words for a number of errno's, in `room` or static; as strerror, which threads can't
 * share.
 */
const char *error_system(int number, char *room, size_t size);

/*
 * The API's word for a kind ("params", "rate_limit"); for `sent` ("no", "maybe", "yes"). Static
 * strings.
 */
const char *error_kind_name(enum bosa_status kind);
const char *error_sent_name(enum bosa_sent sent);

#endif
