/*
 * server: libmicrohttpd around the sandbox.
 */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include "sandbox.h"

struct server;

/* Starts serving. On failure `err` says why: the address is taken, a file of TLS can't be read. */
enum bosa_status server_start(struct server **out, struct sandbox *sandbox, struct bosa_error *err);

/* The port that is listened on. */
unsigned server_port(const struct server *server);

/* Ends every connection and frees. */
void server_stop(struct server *server);

#endif
