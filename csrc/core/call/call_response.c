/*
 * What a response means, or that there is none: a result, an error, another attempt, or another
 * place to ask.
 */
#include "call/call_internal.h"
#include "http/header_fields.h"

#include <stdio.h>
#include <string.h>

#define MAX_ORIGIN 300 /* bytes of an origin that a message repeats: a host has 255 at most */

/* True for a request that may be repeated whatever became of the first. */
static bool is_idempotent(const struct call *call)
{
    return strcmp(call->request.method, "GET") == 0;
}

/* True for the statuses that name another place in Location. */
static bool is_redirect(const struct call *call)
{
    int status = call->reply.status;

    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/*
 * Router and redirect respond in place of the action, which did not run. But "see other" is what a
 * server says when it has done what was asked.
 */
static enum bosa_sent responded_sent(const struct call *call)
{
    if (reply_no_such_route(&call->reply) || (is_redirect(call) && call->reply.status != 303)) {
        return BOSA_SENT_NO;
    }
    return BOSA_SENT_YES;
}

/* An error found in a response: its status goes along. */
static enum call_state malformed(struct call *call, struct bosa_error *err,
                                 const struct moment *now)
{
    err->status = call->reply.status;
    return call_fail(call, err, now);
}

/* ---- redirects ---- */

/* Bytes of a Location up to its path; 0 for one that names no origin, and so means ours. */
static size_t origin_length(const char *location)
{
    size_t scheme = strcspn(location, ":/?#");
    size_t start = location[scheme] == ':' ? scheme + 1 : 0;

    if (strncmp(location + start, "//", 2) != 0) {
        return start;
    }
    return start + 2 + strcspn(location + start + 2, "/?#");
}

/* Writes the origin that a Location names; the rest of it may hold a secret. */
static void write_origin(char *out, size_t size, const struct call *call, const char *location)
{
    const char *scheme = strncmp(call->request.url, "https:", 6) == 0 ? "https:" : "http:";
    size_t len = origin_length(location);
    char text[MAX_ORIGIN];
    struct url url;

    if (len == 0) {
        (void)snprintf(out, size, "the same origin");
        return;
    }
    (void)snprintf(text, sizeof text, "%s%.*s", *location == '/' ? scheme : "",
                   (int)(len < sizeof text ? len : sizeof text), location);
    if (strlen(text) == sizeof text - 1 || !url_parse(&url, text, strlen(text))) {
        (void)snprintf(out, size, "a malformed URL");
        return;
    }
    (void)snprintf(out, size, "%s", text);
}

/* Ends with BOSA_PROTOCOL: a redirect that is not followed. `location` NULL: it has none. */
static enum call_state refuse(struct call *call, const char *location, const char *why,
                              const struct moment *now)
{
    char origin[MAX_ORIGIN];
    struct bosa_error err;

    error_init(&err);
    if (!location) {
        (void)error_set(&err, BOSA_PROTOCOL, "the server redirects (%d) without saying where",
                        call->reply.status);
        return malformed(call, &err, now);
    }
    write_origin(origin, sizeof origin, call, location);
    (void)error_set(&err, BOSA_PROTOCOL, "the redirect (%d) to %s is not followed: %s",
                    call->reply.status, origin, why);
    return malformed(call, &err, now);
}

/* Why a redirect can't be followed; NULL: it can. 307 and 308 keep method and body, the others mean
 * a GET. */
static const char *obstacle(struct call *call)
{
    bool keeps = call->reply.status >= 307;

    if (!keeps && !is_idempotent(call)) {
        return "it would turn the request into a GET";
    }
    if (call->p->redirects >= CALL_MAX_REDIRECTS) {
        return "there were too many before it";
    }
    return call_rewind(call, NULL) ? NULL : "the upload can't be sent a second time";
}

/* Sends the same request to the place named, within the same attempt, or ends the call. */
static enum call_state follow(struct call *call, const struct moment *now)
{
    const char *location = fields_get(&call->reply.fields, "Location");
    const char *why = obstacle(call);
    struct bosa_error err;
    enum bosa_status status;

    if (!location || why) {
        return refuse(call, location, why, now);
    }
    error_init(&err);
    status = request_redirect(&call->request, location, &err);
    if (status == BOSA_PROTOCOL) {
        error_clear(&err);
        return refuse(call, location, "only places of the same origin are", now);
    }
    if (status != BOSA_OK) {
        return call_fail(call, &err, now);
    }
    call->p->redirects++;
    call->p->same_attempt = true;
    return call_prepare(call, now);
}

/* ---- routes that are not there ---- */

/* Notes the dialect that an endpoint's response proves. A gateway's 429 or 5xx proves none. */
static void note_dialect(struct call *call)
{
    int status = call->reply.status;

    if (call->kind != CALL_ENDPOINT) {
        return;
    }
    if (reply_no_such_route(&call->reply)) {
        hub_set_dialect(call->hub, call->p->endpoint, DIALECT_UNKNOWN);
    } else if (status != 429 && status < 500) {
        hub_set_dialect(call->hub, call->p->endpoint, call->p->dialect);
    }
}

/*
 * Asks elsewhere when the router knew no such route: an endpoint in the other dialect, an action
 * after its schemas have been asked for again. True when it does; nothing has run, so this is no
 * further attempt.
 */
static bool turn(struct call *call, const struct moment *now)
{
    struct call_private *p = call->p;

    if (call->kind == CALL_ENDPOINT && p->probing) {
        p->probing = false;
        p->dialect = DIALECT_LEGACY;
        p->same_attempt = true;
        (void)call_build(call, now);
        return true;
    }
    if (call->kind != CALL_ACTION || p->fetched_again || !call_schemas_stale(call, now) ||
        !call_rewind(call, NULL)) {
        return false;
    }
    p->fetched_again = true;
    p->same_attempt = true;
    p->until = CALL_NEVER; /* the fetch in between has a time of its own */
    reply_reset(&call->reply);
    call->state = CALL_SCHEMAS;
    return true;
}

/* ---- schemas ---- */

/* Gives the response of discovery to the hub; the call itself has no result but that. */
static enum call_state learn(struct call *call, const struct moment *now)
{
    struct reply *reply = &call->reply;
    struct bosa_error err;
    enum bosa_status status;

    error_init(&err);
    if (reply->kind != REPLY_JSON) {
        (void)error_set(&err, BOSA_PROTOCOL, "the server describes %s in something else than JSON",
                        call->name);
        return malformed(call, &err, now);
    }
    reply->kind = REPLY_EMPTY;
    reply->data = reply->meta = JSON_NONE;
    status = hub_learn(call->hub, call->name, &reply->doc, fields_get(&reply->fields, "ETag"),
                       fields_get(&reply->fields, "Last-Modified"), now, &err);
    if (status == BOSA_OK) {
        return call_succeed(call, now);
    }
    return status == BOSA_PROTOCOL ? malformed(call, &err, now) : call_fail(call, &err, now);
}

/* "Not modified" is about what was held when we asked. If it has been forgotten since, the whole is
 * asked for. */
static enum call_state confirm(struct call *call, const struct moment *now)
{
    struct bosa_error err;

    hub_confirm(call->hub, call->name, now);
    if (hub_find(call->hub, call->name, now)) {
        return call_succeed(call, now);
    }
    if (!call->p->fetched_again) {
        call->p->fetched_again = true;
        call->p->same_attempt = true;
        return call_build(call, now);
    }
    error_init(&err);
    (void)error_set(&err, BOSA_PROTOCOL,
                    "the server says that %s has not changed, but was not asked", call->name);
    return malformed(call, &err, now);
}

/* ---- judgement ---- */

/* The endpoints whose failures may come with status 200. */
static bool is_integration(const struct call *call)
{
    return call->kind == CALL_ENDPOINT && call->p->endpoint >= ENDPOINT_HAS_INTEGRATION;
}

/* A response that asks for nothing else: the result, or an error that may be worth another attempt.
 */
static enum call_state judge(struct call *call, const struct moment *now)
{
    const struct reply *reply = &call->reply;
    struct retry_case c = {.responded = true, .status = reply->status};
    struct bosa_error err;
    enum bosa_status status;

    error_init(&err);
    if (reply->status >= 300 && reply->status < 400) {
        (void)error_set(&err, BOSA_PROTOCOL, "malformed response: status %d", reply->status);
        return malformed(call, &err, now);
    }
    status = reply_judge(reply, is_integration(call), now->unix_s, &err);
    if (status == BOSA_NOMEM) {
        return call_fail(call, &err, now);
    }
    if (status == BOSA_OK) {
        return call->kind == CALL_FETCH ? learn(call, now) : call_succeed(call, now);
    }
    c.max_attempts = call->p->policy.max_attempts;
    c.attempts = call->attempts;
    c.recovery = reply_recovery(reply);
    return call_again(call, &c, &err, now);
}

/* First what leads elsewhere, then the judgement; a response that leads elsewhere proves no
 * dialect.
 */
static enum call_state take_response(struct call *call, const struct moment *now)
{
    if (call->kind == CALL_VERBATIM) {
        return call_succeed(call, now);
    }
    if (call->kind == CALL_FETCH && call->reply.status == 304) {
        return confirm(call, now);
    }
    if (is_redirect(call)) {
        return follow(call, now);
    }
    note_dialect(call);
    if (reply_no_such_route(&call->reply) && turn(call, now)) {
        return call->state;
    }
    return judge(call, now);
}

/* What was sent is counted before anything can fail: the server has responded. */
static enum call_state end_response(struct call *call, const struct moment *now)
{
    struct bosa_error err;
    enum bosa_status status;

    error_init(&err);
    status = reply_end(&call->reply, &err);
    call_count_sent(call, responded_sent(call));
    call_event_add(call, EVENT_RESPONSE, NULL, 0);
    if (status != BOSA_OK) {
        err.kind = status;
        return malformed(call, &err, now);
    }
    return take_response(call, now);
}

/* Keeps where the exchange's time went. */
static void keep_timing(struct call *call, const struct call_timing *timing,
                        const struct moment *now)
{
    if (timing) {
        call->p->timing = *timing;
    } else {
        call->p->timing.total = (double)(moment_us(now) - call->p->sending) / 1000;
    }
}

/* The server's words are searched for secrets before anything is made of them. */
enum call_state call_responded(struct call *call, const struct call_timing *timing,
                               const struct moment *now)
{
    struct secrets secrets;

    if (call->state != CALL_EXCHANGE) {
        return call->state;
    }
    keep_timing(call, timing, now);
    call_secrets(call, &secrets);
    call->reply.secrets = &secrets;
    (void)end_response(call, now);
    call->reply.secrets = NULL;
    secrets_free(&secrets);
    return call->state;
}

/* ---- no response ---- */

/* True when it was the whole call's time that ran out, not only the attempt's. */
static bool is_expired(const struct call *call, const struct bosa_error *cause,
                       const struct moment *now)
{
    return cause->kind == BOSA_TIMEOUT && call->p->deadline != CALL_NEVER &&
           now->ms >= call->p->deadline;
}

/* After a break: what an error that broke off says beyond its cause. */
static void complete_break(const struct call *call, enum bosa_sent sent, struct bosa_error *err)
{
    if (err->kind == BOSA_OK) {
        (void)error_set(err, BOSA_CONNECTION, "the connection was lost");
    }
    err->sent = sent;
    err->status = call->reply.status;
    err->retryable = err->kind == BOSA_CONNECTION || err->kind == BOSA_TIMEOUT;
}

/* A status line outweighs what the transport says of the request. */
enum call_state call_broke(struct call *call, enum bosa_sent sent, struct bosa_error *cause,
                           const struct call_timing *timing, const struct moment *now)
{
    struct retry_case c = {.responded = false};

    if (call->state != CALL_EXCHANGE) {
        error_clear(cause);
        return call->state;
    }
    keep_timing(call, timing, now);
    c.sent = call->reply.status >= 200 ? BOSA_SENT_YES : sent;
    call_count_sent(call, c.sent);
    complete_break(call, c.sent, cause);
    if (is_expired(call, cause, now)) {
        error_move(&call->error, cause);
        return call_expire(call, c.sent, now);
    }
    c.max_attempts = call->p->policy.max_attempts;
    c.attempts = call->attempts;
    c.replay_unsafe = call->p->policy.replay_unsafe;
    c.idempotent = is_idempotent(call);
    c.kind = cause->kind;
    return call_again(call, &c, cause, now);
}
