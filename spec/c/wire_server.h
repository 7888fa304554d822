/*
 * wire_server: a TCP server on a free port of 127.0.0.1 that does exactly what a script says.
 *
 * Each connection runs a script of its own in a thread of its own: the first the first script, and
 * so on; the last one serves all that come after. A script is an array of steps with a WIRE_END
 * behind, where the connection is closed.
 */
#ifndef BOSA_WIRE_SERVER_H
#define BOSA_WIRE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

enum wire_op {
    WIRE_END,   /* close */
    WIRE_READ,  /* read until a request is whole, and count it; the other side's close is the end */
    WIRE_HEAD,  /* read a request's header only; the body stays unread */
    WIRE_SEND,  /* send `bytes`; `n` of them, or up to the NUL when n is 0 */
    WIRE_FILL,  /* send n bytes of filler */
    WIRE_GATE,  /* wait until wire_server_open was called */
    WIRE_MEET,  /* wait until n requests in all were read */
    WIRE_AGAIN, /* go on at the first step */
    WIRE_RESET, /* close in a way that the other side sees as a reset */
    WIRE_HOLD   /* read, and drop what comes, until the other side closes */
};

struct wire_step {
    enum wire_op op;
    const char *bytes;
    size_t n;
};

struct wire_server;

/* Scripts are borrowed. A server that can't be made is the end of the program. */
struct wire_server *wire_server_start(const struct wire_step *const *scripts, size_t count);

int wire_server_port(const struct wire_server *server);

/* Counted so far: connections, requests whose header (WIRE_HEAD) or all (WIRE_READ) was read. */
int wire_server_connections(struct wire_server *server);
int wire_server_requests(struct wire_server *server);

/* The header of the request read last, and the length of its body; `out` gets a NUL. */
void wire_server_last(struct wire_server *server, char *out, size_t cap, size_t *body);

/* Readable once wire_server_requests has become `count`; for a wait beside a transfer's. */
int wire_server_fd(struct wire_server *server);
void wire_server_drain(struct wire_server *server);

/* Opens the gate, for good. */
void wire_server_open(struct wire_server *server);

/* From here on nobody can connect. Connections that there are go on. */
void wire_server_refuse(struct wire_server *server);

/* Closes every connection, and frees. */
void wire_server_stop(struct wire_server *server);

#endif
