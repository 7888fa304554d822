/*
 * send: a response, given to libmicrohttpd.
 */
#ifndef SANDBOX_SEND_H
#define SANDBOX_SEND_H

#include "exchange.h"

#include <microhttpd.h>

/* Queues the exchange's response, or ends its connection where the response wants that. To be
 * returned from the request handler. */
enum MHD_Result send_response(struct exchange *x);

/* The response was sent whole: closes the connection where that was wanted. */
void send_done(struct exchange *x);

#endif
