/*
 * reply_fixture: responses made by hand, for the tests of reply.
 */
#ifndef BOSA_REPLY_FIXTURE_H
#define BOSA_REPLY_FIXTURE_H

#include "net_fixture.h"

#include "reply/reply.h"

#define JSON_TYPE "Content-Type: application/json"

/* An empty reply whose files stay in memory, for up to 1 MiB of JSON. */
static inline void begin_reply(struct reply *reply)
{
    const struct reply_options options = {.max_size = 1 << 20, .sink = SINK_MEMORY};
    assert_int_equal(reply_init(reply, &options), BOSA_OK);
}

/* Status and fields, which are given as lines with "\n" between them; NULL: none. */
static inline void give_head(struct reply *reply, int status, const char *lines)
{
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(reply_status(reply, status, &err), BOSA_OK);
    while (lines && *lines) {
        size_t len = strcspn(lines, "\n");
        assert_int_equal(reply_field(reply, lines, len, &err), BOSA_OK);
        lines += lines[len] == '\n' ? len + 1 : len;
    }
}

/*
 * The body in pieces of `step` bytes, each in memory of its own size, so that reading past it
 * shows.
 */
static inline enum bosa_status give_body(struct reply *reply, const char *bytes, size_t len,
                                         size_t step, struct bosa_error *err)
{
    enum bosa_status status = BOSA_OK;
    for (size_t at = 0; at < len && status == BOSA_OK; at += step) {
        size_t n = len - at < step ? len - at : step;
        char *piece = malloc(n);
        memcpy(piece, bytes + at, n);
        status = reply_body(reply, piece, n, err);
        free(piece);
    }
    return status;
}

/* A whole response; to be freed by reply_free. */
static inline void response(struct reply *reply, int status, const char *lines, const char *body)
{
    struct bosa_error err;
    error_init(&err);
    begin_reply(reply);
    give_head(reply, status, lines);
    assert_int_equal(give_body(reply, body, strlen(body), 7, &err), BOSA_OK);
    assert_int_equal(reply_end(reply, &err), BOSA_OK);
    assert_int_equal(reply->received, status == 204 ? 0 : strlen(body));
}

#endif
