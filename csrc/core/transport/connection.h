/*
 * connection: TCP and TLS connections made by libcurl, and bytes over them. Private to transport.
 *
 * libcurl (CURLOPT_CONNECT_ONLY) looks names up, goes through proxies, always by a tunnel, and does
 * TLS; what goes over a connection is call/exchange's. Only connection_curl.c and
 * curl_setup.c know libcurl.
 *
 * A connection belongs to the job that opened it, until connection_close.
 */
#ifndef BOSA_CONNECTION_H
#define BOSA_CONNECTION_H

#include "transport/poller.h"
#include "transport/transfer.h"

struct engine;
struct job;

struct connection {
    struct engine *engine;
    struct job *job; /* whose exchange is on it; NULL: idle */
    void *easy;   /* libcurl's, owned; stays in the multi handle as long as the connection lives */
    char *origin; /* owned; "https://host:port" as requests spell it */
    int fd;       /* -1: not connected yet */
    bool secure;  /* TLS */
    bool dead;    /* a receive or a send has failed, or its end came: not to be used again */
    int watched;  /* POLLER_ bits that are asked for */
    unsigned served; /* exchanges begun on it */
    int64_t idle_since;
    struct buf held;                    /* owned, wiped; received, not taken by the exchange yet */
    struct connection *previous, *next; /* all of an engine */
    struct connection *idle_previous, *idle_next; /* pool.c */
};

/* How a connection came about, or why it didn't. */
struct connected {
    struct connection *connection; /* NULL: there is none more */
    bool ok;
    struct bosa_error error; /* owned by the opener; kind, message without a place, cause */
};

enum io { IO_OK, IO_AGAIN, IO_FAILED };

/* ---- the engine: libcurl's multi handle ---- */

/* `poller` is borrowed and must outlive the engine. BOSA_CONNECTION, BOSA_NOMEM. */
enum bosa_status engine_new(struct engine **out, const struct transfer_options *options,
                            struct poller *poller, struct bosa_error *err);

/* When engine_run is due, ms; CALL_NEVER: not. */
int64_t engine_due(const struct engine *engine);

/* The time that engine_due named has come. */
void engine_run(struct engine *engine);

/* A descriptor that is none of ours (engine_find) is ready. */
void engine_serve(struct engine *engine, const struct poller_event *event);

/* The connected connection with this descriptor; NULL: it is libcurl's business. */
struct connection *engine_find(const struct engine *engine, int fd);

/* The next connection that was made, or could not be, since it was asked last. */
void engine_next_connected(struct engine *engine, struct connected *out);

/* engine_next_connected has something. */
bool engine_has_connected(const struct engine *engine);

/*
 * In a forked child: libcurl's memory speaks of connections that the parent uses, so from here on
 * it is not touched any more, and lost; this process's copies of the sockets are closed.
 */
void engine_abandon(struct engine *engine);

/* Closes every connection. */
void engine_free(struct engine *engine);

/* ---- connections ---- */

/*
 * Begins to connect to the origin of `url` within `timeout` ms (0: no bound). NULL: `err` has
 * BOSA_NOMEM or BOSA_CONNECTION.
 */
struct connection *connection_open(struct engine *engine, const char *url, int64_t timeout,
                                   struct bosa_error *err);

/* Asks the poller for these POLLER_ bits of a connected one. False: the system refuses. */
bool connection_watch(struct connection *c, int bits);

/*
 * Sends; *sent bytes were taken. IO_AGAIN: none that we know of; over TLS the same bytes must be
 * given again.
 */
enum io connection_send(struct connection *c, const char *bytes, size_t len, size_t *sent);

/* Receives. IO_OK with *got 0 is the end. */
enum io connection_receive(struct connection *c, char *out, size_t cap, size_t *got);

/* Why the last send or receive failed, for a person. Borrowed. */
const char *connection_why(const struct connection *c);

/* How long its making took. */
void connection_timing(const struct connection *c, struct call_timing *timing);

void connection_close(struct connection *c);

/* ---- pool.c: connections that wait for their next exchange ---- */

/* ms after which an idle connection is not trusted any more: whoever is on the way may have
 * forgotten it */
#define POOL_IDLE_MS 60000

struct pool {
    struct connection *first, *last; /* the one used most recently first */
    size_t count;
};

/*
 * A living connection to the origin of `url`, taken out; NULL: there is none. Dead and old ones are
 * closed on the way.
 */
struct connection *pool_take(struct pool *pool, const char *url, int64_t now);

/* Keeps a connection that may serve again; closed where it can't be watched. */
void pool_put(struct pool *pool, struct connection *c, int64_t now);

/* Something came on an idle connection: its end, or what nobody asked for, closes it. */
void pool_notice(struct pool *pool, struct connection *c);

/* Closes the one that has waited longest, if there is any. */
void pool_drop_oldest(struct pool *pool);

#endif
