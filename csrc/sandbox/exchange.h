/*
 * exchange: one request as it came in, and the response being made for it.
 */
#ifndef SANDBOX_EXCHANGE_H
#define SANDBOX_EXCHANGE_H

#include "parts.h"
#include "response.h"
#include "sandbox.h"

#define EXCHANGE_MAX_BODY ((size_t)256 << 20) /* bytes held of a body that is no multipart form */
#define EXCHANGE_KEEP_FILE                                                                         \
    ((size_t)16 << 20) /* bytes held of each file, for actions that need them */

struct MHD_Connection;
struct exchange;

/* Who may use an endpoint. A key that is sent has to be right, also where none is needed. */
enum guard {
    OPEN_TO_ALL, /* nobody looks at a key */
    MAY_HAVE_KEY,
    NEEDS_KEY,
    NEEDS_USER, /* a token; in the legacy API the key, too */
    NEEDS_TOKEN /* a token, which is looked at before the key */
};

typedef void endpoint_handler(struct exchange *x, struct response *response);

struct route {
    const char *method, *pattern; /* in the pattern, {} stands for one segment */
    unsigned dialects;            /* enum dialect */
    enum guard guard;
    endpoint_handler *handler;
};

struct span {
    const char *text; /* borrowed, not terminated */
    size_t len;
};

/* What a request's method and path lead to. */
struct target {
    int status; /* 200; 404, 405; 307: the path with or without its last slash would be right */
    const struct route *route; /* an endpoint, or NULL */
    struct served *action;     /* an action, or NULL */
    struct span segments[2];   /* what stands for each {}; the first is a connector's name */
};

/* What becomes of the body. */
enum intake {
    INTAKE_DROP,
    INTAKE_HOLD, /* in `body` */
    INTAKE_PARTS /* read as multipart, into `parts` */
};

struct exchange {
    struct sandbox *sandbox;
    struct MHD_Connection *connection;
    char *uri;         /* owned; as sent, with its query */
    const char *query; /* within uri, after the `?`; NULL: none */
    struct buf path;   /* percent-decoded */
    char method[16];   /* cut if longer */
    char id[37];
    struct target target;
    enum intake intake;
    bool begun, responded;
    bool too_large; /* the body was more than could be held */
    struct buf body;
    struct parts parts;
    struct response response;
};

/* A request of which only the URI is known. NULL: no memory. */
struct exchange *exchange_new(struct sandbox *sandbox, const char *uri);

/* The header fields are there: finds the target and decides about the body. */
void exchange_begin(struct exchange *x, struct MHD_Connection *connection, const char *method);

/* Takes bytes of the body. */
void exchange_take(struct exchange *x, const char *bytes, size_t len);

/* The request is whole: makes the response. */
void exchange_respond(struct exchange *x);

/* A header field of the request, borrowed; NULL: none. */
const char *exchange_field(const struct exchange *x, const char *name);

/* True when the body has this media type, with or without parameters. */
bool exchange_is_type(const struct exchange *x, const char *type);

/* Appends the value of a query parameter; false: it isn't there. */
bool exchange_query(const struct exchange *x, const char *name, struct buf *value);

/* The user whose token came with the request; NULL: none. The response is made then. */
struct user *exchange_user(struct exchange *x, struct response *response);

void exchange_free(struct exchange *x);

/* ---- the other rooms of a request's way ---- */

/* Looks a method and a decoded path up among endpoints and actions. */
struct target route_find(struct sandbox *sandbox, const char *method, const char *path, size_t len);

/* Runs the action that is the exchange's target. */
void execute_action(struct exchange *x, struct response *response);

#endif
