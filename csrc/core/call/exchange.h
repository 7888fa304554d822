/*
 * exchange: one request and its response, for a call in CALL_EXCHANGE, over any kind of connection.
 *
 * Who has the connection (transport, or Lua with a cosocket) moves bytes and asks; everything that
 * HTTP is, is decided here: what is sent, how the response is read, when it is whole, how much of
 * the request can have arrived, whether the connection can serve again.
 *
 *   exchange_begin; until it is whole: exchange_output -> send -> exchange_sent, and
 *   receive -> exchange_input, or exchange_closed at the end of the connection.
 *
 * A server may respond before it has read the whole request. So receiving doesn't wait for sending,
 * and a send that failed is no end: what the server said is read first.
 */
#ifndef BOSA_EXCHANGE_H
#define BOSA_EXCHANGE_H

#include "call/call.h"
#include "http/content_coding.h"
#include "http/response_reader.h"

/* bytes given out by exchange_output at most */
#define EXCHANGE_PIECE_BYTES ((size_t)64 << 10)

struct exchange {
    struct call *call;  /* borrowed; its request is sent, its reply filled */
    struct buf out;     /* owned, wiped; bytes to send */
    size_t out_at;      /* of them, sent */
    bool request_ended; /* nothing follows what is in `out` */
    bool secure;        /* over TLS */
    bool stopped;       /* nothing more is to be sent: the server has said enough */
    enum bosa_sent sent;
    struct response_reader reader;
    enum coding coding;      /* of the content that comes */
    struct decoder *decoder; /* owned; NULL: CODING_IDENTITY */
    struct buf decoded;      /* owned, wiped; decoded, not taken by the reply yet */
    size_t decoded_at;       /* of it, taken */
    bool whole;              /* the response is */
    bool extra;              /* bytes came that nobody asked for */
    uint64_t bytes_up, bytes_down;
    struct bosa_error refusal; /* owned; why the exchange can't go on, where that is the case */
};

/* Zeroed memory is an exchange that has not begun; exchange_free may be called on it. */

/*
 * Writes the request's header section, and as much of its content as is at hand, up to `piece`
 * bytes (EXCHANGE_PIECE_BYTES at most). BOSA_NOMEM, BOSA_PARAMS, BOSA_FILE: nothing must be sent.
 * `user_agent` is used here only.
 */
enum bosa_status exchange_begin(struct exchange *x, struct call *call, const char *user_agent,
                                bool secure);

/*
 * The next bytes to send, borrowed; they stay where they are, and the same ones are given again,
 * until exchange_sent. *len 0: the request has been sent. BOSA_AGAIN: the content needs input
 * (body.h) first. Other failures: the exchange can't go on; x->refusal says why.
 */
enum bosa_status exchange_output(struct exchange *x, const char **bytes, size_t *len);

/* `len` of these bytes were taken by the connection, or, where 0, may have been. */
void exchange_sent(struct exchange *x, size_t len);

/* Nothing can be sent any more; a response may still come. */
void exchange_stop(struct exchange *x);

/*
 * True while the request may go on another connection, where a kept one turns out to be lost:
 * nothing of it was taken, or it is a GET, which changes nothing, and nothing came. exchange_rewind
 * makes ready for that.
 */
bool exchange_may_move(const struct exchange *x);
void exchange_rewind(struct exchange *x);

/*
 * Received bytes. *used of them are done with. BOSA_OK: all, or x->whole is set. BOSA_AGAIN: the
 * caller of the call must take chunks first; the rest is to be given again then, also where nothing
 * is left of it, since decoded content may wait in here. Other failures: as exchange_output.
 */
enum bosa_status exchange_input(struct exchange *x, const char *bytes, size_t len, size_t *used);

/* True after BOSA_AGAIN: content waits for the caller that no further bytes are needed for. */
bool exchange_is_holding(const struct exchange *x);

/* The connection has ended. True: the response is whole. Not to be asked while content is held. */
bool exchange_closed(struct exchange *x);

/* How much of the request can have reached the server; "yes" once a final status line came. */
enum bosa_sent exchange_sent_so_far(const struct exchange *x);

/* Of a whole exchange: the connection may serve again. */
bool exchange_keeps_connection(const struct exchange *x);

/* Everything of the request was taken by the connection. */
bool exchange_is_sent(const struct exchange *x);

void exchange_free(struct exchange *x);

#endif
