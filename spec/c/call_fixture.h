/*
 * call_fixture: a call, its hub and a clock made by hand, for the programs that test call.
 *
 * A test is a script: it plays the server with response() and broke(), and time with pass(). All
 * allocations can fail here (mem_torture.h), so a script goes on, doing nothing, after the call has
 * ended.
 */
#ifndef BOSA_CALL_FIXTURE_H
#define BOSA_CALL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "call/call.h"
#include "mem_torture.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOW 1000000000 /* Sun, 09 Sep 2001 01:46:40 GMT */
#define BASE "https://api.example.com"
#define KEY "sk-client-abcdefgh"
#define TOKEN "user-token-12345"

/* Discovery responses: with the action `list` alone, and with `fresh` too. */
#define ENTRY(name, properties)                                                                    \
    "\"" name "\":{\"method\":\"POST\",\"path\":\"/connectors/github/" name                        \
    "\",\"docstring\":\"\","                                                                       \
    "\"parameters\":{\"request\":{\"schema\":{\"type\":\"object\",\"properties\":{" properties     \
    "}}}},\"response\":{\"type\":\"any\"}}"
#define LIST ENTRY("list", "\"page_token\":{\"type\":\"string\"},\"page\":{\"type\":\"integer\"}")
#define UPLOAD ENTRY("upload", "\"file\":{\"type\":\"string\",\"format\":\"binary\"}")
#define OLD_SCHEMAS "{\"github\":{" LIST "," UPLOAD "}}"
#define NEW_SCHEMAS "{\"github\":{" LIST "," UPLOAD "," ENTRY("fresh", "") "}}"

#define DONE "{\"data\":{\"n\":1},\"meta\":null}"
#define NO_ROUTE "{\"detail\":\"Not Found\"}"
#define RECOVERY(what) "{\"error\":{\"message\":\"m\",\"recovery\":{" what "}}}"

struct world {
    struct hub_options options;
    struct policy policy; /* of invocations */
    struct hub *hub;
    struct call *call;
    struct moment now;
    long live; /* blocks before the world was made */
};

static inline int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    if (w == NULL) {
        return -1;
    }
    w->live = mem_torture_live();
    w->now = (struct moment){5000, NOW, 0};
    w->options = (struct hub_options){.base_url = BASE, .api_key = KEY, .max_response_size = 1000};
    w->options.policy.max_attempts = 1;
    w->policy.max_attempts = 1;
    *state = w;
    return 0;
}

/* The call leaves nothing behind, in whatever state it was. */
static inline int world_teardown(void **state)
{
    struct world *w = *state;
    long left;

    call_free(w->call);
    hub_unref(w->hub);
    left = mem_torture_live() - w->live;
    free(w);
    return left == 0 ? 0 : -1;
}

/* A test that starts with a world of its own. */
#define world_test(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

/* Makes the hub with the options as they are now. */
static inline void open_hub(struct world *w)
{
    struct bosa_error err;

    error_init(&err);
    assert_int_equal(hub_new(&w->hub, &w->options, &err), BOSA_OK);
}

/* Teaches the hub a discovery response, as if fetched now. */
static inline void teach(struct world *w, const char *text)
{
    struct json_doc doc;
    struct bosa_error err;

    error_init(&err);
    json_init(&doc);
    assert_int_equal(json_parse(&doc, mem_dup(text, strlen(text)), strlen(text), &err), BOSA_OK);
    assert_int_equal(hub_learn(w->hub, "github", &doc, "\"v1\"", NULL, &w->now, &err), BOSA_OK);
}

/* Replaces the call, which has not begun, by that of an action. */
static inline void new_action(struct world *w, const char *action)
{
    struct invocation *invocation = invocation_new("github", 6, action, strlen(action), &w->policy);

    assert_non_null(invocation);
    call_free(w->call);
    w->call = call_new_action(w->hub, invocation);
    assert_non_null(w->call);
    invocation_unref(invocation);
}

static inline void new_fetch(struct world *w)
{
    call_free(w->call);
    w->call = call_new_fetch(w->hub, "github");
    assert_non_null(w->call);
}

/* `body` is JSON text; NULL: none. */
static inline void new_endpoint(struct world *w, enum endpoint endpoint, const char *identifier,
                                const char *body)
{
    struct json_doc doc;
    struct bosa_error err;

    error_init(&err);
    json_init(&doc);
    if (body != NULL) {
        assert_int_equal(json_parse(&doc, mem_dup(body, strlen(body)), strlen(body), &err),
                         BOSA_OK);
    }
    call_free(w->call);
    w->call = call_new_endpoint(w->hub, endpoint, "github", identifier, TOKEN,
                                body != NULL ? &doc : NULL);
    assert_non_null(w->call);
    assert_int_equal(doc.count, 0);
}

/* An action that is ready to be sent, by a hub that knows it. */
static inline void ready(struct world *w)
{
    open_hub(w);
    teach(w, OLD_SCHEMAS);
    new_action(w, "list");
    assert_int_equal(call_begin(w->call, &w->now), CALL_SEND);
}

static inline void pass(struct world *w, int64_t ms)
{
    w->now.ms += ms;
    w->now.unix_s += ms / 1000;
}

static inline enum call_state tick(struct world *w)
{
    return call_tick(w->call, &w->now);
}

/* Lets the time pass that the call wants to wait, and a tick come. Gives back the ms. */
static inline int64_t wait_out(struct world *w)
{
    int64_t ms = call_wake_at(w->call) - w->now.ms;

    assert_int_equal(w->call->state, CALL_WAITING);
    w->now.ms += ms;
    w->now.unix_s += (ms + 999) / 1000;
    assert_int_equal(tick(w), CALL_SEND);
    return ms;
}

static inline enum call_state sending(struct world *w)
{
    return call_sending(w->call, &w->now);
}

/*
 * The server gives `status`, header lines (each ended by \n; NULL: none) and a JSON body (NULL:
 * none) up to here. False where the reply refused it.
 */
static inline bool head_and_body(struct world *w, int status, const char *lines, const char *body)
{
    struct reply *reply = &w->call->reply;
    struct bosa_error err;
    bool ok;

    error_init(&err);
    ok = reply_status(reply, status, &err) == BOSA_OK;
    while (ok && lines != NULL && *lines != '\0') {
        size_t len = strcspn(lines, "\n");

        ok = reply_field(reply, lines, len, &err) == BOSA_OK;
        lines += len + (lines[len] == '\n');
    }
    if (ok && body != NULL &&
        (lines == NULL || fields_get(&reply->fields, "Content-Type") == NULL)) {
        ok = reply_field(reply, "Content-Type: application/json", 30, &err) == BOSA_OK;
    }
    ok = ok && (body == NULL || reply_body(reply, body, strlen(body), &err) == BOSA_OK);
    error_clear(&err);
    return ok;
}

/* Sends what is to be sent and breaks: `kind`, with `sent` as far as the transport knows. */
static inline enum call_state broke(struct world *w, enum bosa_status kind, enum bosa_sent sent)
{
    struct bosa_error cause;

    if (w->call->state == CALL_SEND) {
        sending(w);
    }
    error_init(&cause);
    (void)error_set(&cause, kind, "it broke (" KEY ")");
    return call_broke(w->call, sent, &cause, NULL, &w->now);
}

/* Sends what is to be sent and responses with a header and a body. */
static inline enum call_state answer_with(struct world *w, int status, const char *lines,
                                          const char *body)
{
    if (w->call->state == CALL_SEND) {
        sending(w);
    }
    if (w->call->state != CALL_EXCHANGE) {
        return w->call->state;
    }
    if (!head_and_body(w, status, lines, body)) {
        return broke(w, BOSA_NOMEM, BOSA_SENT_YES);
    }
    return call_responded(w->call, NULL, &w->now);
}

static inline enum call_state response(struct world *w, int status, const char *body)
{
    return answer_with(w, status, NULL, body);
}

/* The call has ended with a result after this many attempts. */
static inline void assert_ok(const struct world *w, int attempts)
{
    assert_int_equal(w->call->state, CALL_ENDED);
    assert_true(w->call->ok);
    assert_int_equal(w->call->error.kind, BOSA_OK);
    assert_null(w->call->error.message);
    assert_int_equal(w->call->attempts, attempts);
    assert_int_equal(w->call->ended, moment_us(&w->now));
    assert_null(w->call->request.body); /* it may hold files open */
    assert_int_equal(call_wake_at(w->call), CALL_NEVER);
}

/* The call has ended with this error, which no secret is left in. */
static inline void assert_failed(const struct world *w, enum bosa_status kind, enum bosa_sent sent,
                                 int attempts)
{
    const struct bosa_error *err = &w->call->error;

    assert_int_equal(w->call->state, CALL_ENDED);
    assert_false(w->call->ok);
    assert_string_equal(error_kind_name(err->kind), error_kind_name(kind));
    assert_string_equal(error_sent_name(err->sent), error_sent_name(sent));
    assert_int_equal(err->attempts, attempts);
    assert_non_null(err->message);
    assert_null(strstr(err->message, KEY));
    assert_string_equal(err->connector, "github");
    assert_int_equal(call_wake_at(w->call), CALL_NEVER);
}

static inline void assert_message_has(const struct world *w, const char *part)
{
    if (strstr(w->call->error.message, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, w->call->error.message);
    }
}

#endif
