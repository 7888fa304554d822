/*
 * transfer_fixture: a server that obeys a script, a hub that knows its actions, a transfer, and an
 * event loop that waits for the transfer's descriptor as a host would. Link mem_torture.c.
 */
#ifndef BOSA_TRANSFER_FIXTURE_H
#define BOSA_TRANSFER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "mem_torture.h"
#include "transport/transfer.h"
#include "wire_server.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MAX_CALLS 1024

#define JSON_HEAD(length)                                                                          \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " length "\r\n\r\n"
#define DONE "{\"data\":{\"n\":1},\"meta\":null}" /* 28 bytes */
#define DONE_ANSWER JSON_HEAD("28") DONE
#define FILE_HEAD(length)                                                                          \
    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " length         \
    "\r\n\r\n"

/* What the hub learns: `list` (JSON), `upload` (a form with a file). */
#define ACTION_ENTRY(name, properties)                                                             \
    "\"" name "\":{\"method\":\"POST\",\"path\":\"/connectors/github/" name                        \
    "\",\"docstring\":\"\",\"parameters\":{\"request\":{\"schema\":{\"type\":\"object\","          \
    "\"properties\":{" properties "}}}},\"response\":{\"type\":\"any\"}}"
#define ACTIONS                                                                                    \
    "{\"github\":{" ACTION_ENTRY("list", "\"page\":{\"type\":\"integer\"}") "," ACTION_ENTRY(      \
        "upload", "\"file\":{\"type\":\"string\",\"format\":\"binary\"}") "}}"

#define SCHEMAS_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"

/* One call and what was told of it; call->owner. */
struct outcome {
    struct call *call;
    bool ended;         /* TRANSFER_ENDED was taken */
    unsigned notes;     /* all notes so far */
    int order;          /* how many had ended before it */
    uint64_t received;  /* bytes taken from the sink */
    bool lazy;          /* chunks are left where they are */
    uint64_t feed_left; /* bytes that are still to be fed */
    bool starve;        /* a body that needs input gets none */
};

struct world {
    struct wire_server *server;
    struct transfer_options options;
    struct policy policy;
    bool events; /* the hub keeps events */
    struct transfer *transfer;
    struct hub *hub;
    struct outcome calls[MAX_CALLS];
    size_t count;
    int ended;
    long live;      /* blocks before the world was made */
    long curl_live; /* likewise, of libcurl's */
};

int world_setup(void **state);

/* What the test has left is ended here; nothing may be left behind. */
int world_teardown(void **state);

#define world_test(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

/* Starts the server, and makes hub and transfer with options and policy as they are now. */
void open_world(struct world *w, const struct wire_step *const *scripts, size_t count);

/* A server with one script for every connection. */
void open_one(struct world *w, const struct wire_step *script);

/* A hub at a URL (scheme, host, port), which knows the actions; and a transfer. */
void open_at(struct world *w, const char *url);

/* Makes the hub forget its schemas, or know them again. */
void forget_schemas(struct world *w);
void teach(struct world *w);

/* An invocation for an action; to be given to start_plan, which takes it. */
struct invocation *make_plan(struct world *w, const char *action);
struct outcome *start_plan(struct world *w, struct invocation *invocation);

/* Starts `list`. */
struct outcome *start(struct world *w);

/* An upload of `size` bytes by a feed; where `known` is false the size isn't said. */
struct outcome *start_upload(struct world *w, uint64_t size, bool known);

/* A download that goes to the caller. */
struct outcome *start_download(struct world *w);

/* One turn of the loop: waits for the descriptor, steps, takes. The test fails after 30 s. */
void turn(struct world *w);

/* Turns until the call has ended. */
void finish(struct world *w, struct outcome *o);
void finish_all(struct world *w);

/* Turns until the server has read so many requests in all. */
void until_requests(struct world *w, int requests);

/* Takes all that there is, feeds and takes chunks; gives back how many notes there were. */
int take_all(struct world *w);

/* Feeds what needs input, or takes what is waiting, and lets the call go on. */
void feed(struct world *w, struct outcome *o);
void drain(struct world *w, struct outcome *o);

void assert_ok(const struct outcome *o);
void assert_failed(const struct outcome *o, enum bosa_status kind, enum bosa_sent sent);

/* The message is "`start`HOST:PORT`end`", with the server's own. */
void assert_says(struct world *w, const struct outcome *o, const char *start, const char *end);

#endif
