/*
 * A call's birth, its way to CALL_SEND, time and end. transport and the binding run it; it never
 * does I/O and never reads a clock.
 */
#include "call/call_internal.h"

#include "base/mem.h"

#include <string.h>

static const struct call_timing NO_TIMING = {-1, -1, -1, -1, -1, 0, 0, false};

/* ---- birth ---- */

/* Both sides of a call in one allocation. */
struct whole_call {
    struct call call; /* the first: one's address is the other's */
    struct call_private p;
};

/* A call with what all kinds have in common. NULL: no memory. */
static struct call *call_new(struct hub *hub, enum call_kind kind, const struct policy *policy)
{
    struct whole_call *whole = mem_zalloc(1, sizeof *whole);
    if (!whole) {
        return NULL;
    }
    struct call *call = &whole->call;
    struct call_private *p = &whole->p;
    call->kind = kind;
    call->state = CALL_NEW;
    call->hub = hub_ref(hub);
    call->p = p;
    request_init(&call->request);
    error_init(&call->error);
    json_init(&p->body);
    p->policy = *policy;
    p->deadline = p->until = p->wake = CALL_NEVER;
    p->timing = NO_TIMING;
    if (!call_events_init(call)) {
        call_free(call);
        return NULL;
    }
    return call;
}

/* The policy is copied: an invocation is shared, and the machine looks at one place only. */
struct call *call_new_action(struct hub *hub, struct invocation *invocation)
{
    struct call *call = call_new(hub, CALL_ACTION, &invocation->policy);

    if (call) {
        call->invocation = invocation_ref(invocation);
    }
    return call;
}

/* A fetch is shared by many actions, so it goes by the hub's policy and not by one of theirs. */
struct call *call_new_fetch(struct hub *hub, const char *connector)
{
    struct call *call = call_new(hub, CALL_FETCH, hub_policy(hub));

    if (call && !mem_copy_text(&call->name, connector)) {
        call_free(call);
        return NULL;
    }
    return call;
}

/*
 * What is known of the dialect; else the current API is tried first. To remove without an
 * identifier only the legacy API has a form. An identifier with a slash finds no route on current
 * servers either, and the legacy route names none: a server that overlooks the fields would remove
 * another. Such a guess is not made.
 */
static void choose_dialect(struct call *call)
{
    struct call_private *p = call->p;
    bool unnamed = p->endpoint == ENDPOINT_REMOVE_INTEGRATION && !p->identifier;
    enum hub_dialect known = unnamed ? DIALECT_LEGACY : hub_dialect(call->hub, p->endpoint);
    bool slashed =
        p->endpoint == ENDPOINT_REMOVE_INTEGRATION && p->identifier && strchr(p->identifier, '/');

    p->probing = known == DIALECT_UNKNOWN && !slashed;
    p->dialect = known == DIALECT_UNKNOWN ? DIALECT_CURRENT : known;
}

/* The document is kept for the whole call: in the other dialect it is written a second time. */
struct call *call_new_endpoint(struct hub *hub, enum endpoint endpoint, const char *connector,
                               const char *identifier, const char *token, struct json_doc *body)
{
    struct call *call = call_new(hub, CALL_ENDPOINT, hub_policy(hub));
    bool ok = call && mem_copy_text(&call->name, connector) &&
              mem_copy_text(&call->p->identifier, identifier) &&
              mem_copy_text(&call->p->token, token);

    if (!ok) {
        call_free(call);
        if (body) {
            json_wipe(body);
        }
        return NULL;
    }
    call->p->endpoint = endpoint;
    call->takes_offset = endpoint_is_list(endpoint);
    if (body) {
        call->p->body = *body;
        call->p->has_body = true;
        json_init(body);
    }
    return call;
}

/* Nothing that the hub knows goes into it: the request has its key and its token already. */
struct call *call_new_verbatim(struct hub *hub, struct request *request, int64_t timeout)
{
    struct policy once = *hub_policy(hub);
    struct call *call;

    once.max_attempts = 1;
    once.replay_unsafe = false;
    once.deadline = 0;
    once.timeout = timeout;
    call = call_new(hub, CALL_VERBATIM, &once);
    if (!call) {
        request_free(request);
        return NULL;
    }
    call->request = *request;
    request_init(request);
    return call;
}

/* ---- requests ---- */

/* The sum, at most CALL_NEVER; `ms` of 0 is "no limit". */
static int64_t limit(int64_t from, int64_t ms)
{
    return ms <= 0 || from > CALL_NEVER - ms ? CALL_NEVER : from + ms;
}

/* Where the response goes is the invocation's business; discovery and endpoints always respond to
 * memory. */
static enum bosa_status make_reply(struct call *call)
{
    struct reply_options options = {.max_size = hub_max_response_size(call->hub),
                                    .sink = SINK_MEMORY};
    enum bosa_status status;

    if (call->invocation) {
        options.sink = call->invocation->output;
        options.output_path = call->invocation->output_path;
    }
    if (call->kind == CALL_ENDPOINT) {
        bool download = call->p->endpoint == ENDPOINT_DOWNLOAD;

        options.items = call->takes_offset;
        options.file = download;
        options.max_file = download ? CALL_MAX_DOWNLOAD : 0;
    }
    status = reply_init(&call->reply, &options);
    call->reply.raw = call->kind == CALL_VERBATIM;
    return status;
}

/* The reply is made once and emptied for every further exchange. */
enum call_state call_prepare(struct call *call, const struct moment *now)
{
    struct bosa_error err;

    if (call->p->reply_made) {
        reply_reset(&call->reply);
    } else if (make_reply(call) != BOSA_OK) {
        error_init(&err);
        (void)error_nomem(&err);
        return call_fail(call, &err, now);
    }
    call->p->reply_made = true;
    error_init(&err);
    if (sink_open(&call->reply.sink, &err) != BOSA_OK) {
        return call_fail(call, &err, now);
    }
    call->state = CALL_SEND;
    return call->state;
}

/* Schemas that are gone are as good as stale: both ask for a fetch. */
bool call_schemas_stale(const struct call *call, const struct moment *now)
{
    const struct connector *connector = hub_find(call->hub, call->invocation->connector, now);
    int64_t age;

    if (!connector) {
        return true;
    }
    if (connector->pinned) {
        return false;
    }
    age = now->unix_s - connector->fetched;
    return age > HUB_STALE_SECONDS || age < -HUB_STALE_SECONDS; /* a clock may be set back */
}

/* Tells paging how the action takes a place in a list. */
static void note_paging(struct call *call, const struct moment *now)
{
    const char *name = call->invocation->action;
    struct connector *connector = hub_find(call->hub, call->invocation->connector, now);
    struct action *action = !connector ? NULL : connector_action(connector, name, strlen(name));

    if (action) {
        const struct action_paging *paging = action_paging(connector, action);

        call->cursor_name = paging->cursor_name;
        call->cursor_takes = paging->cursor_takes;
        call->takes_page = paging->takes_page;
        call->takes_from_last = paging->takes_from_last;
    }
}

/* True for an error that schemas asked for once more may mend: the action is newer than they, or
 * they are gone. */
static bool is_mendable(const struct call *call, enum bosa_status status, const struct moment *now)
{
    bool missing = status == BOSA_UNKNOWN_ACTION || status == BOSA_UNKNOWN_CONNECTOR;

    return missing && !call->p->fetched_again && call_schemas_stale(call, now);
}

static enum call_state build_action(struct call *call, const struct moment *now)
{
    struct bosa_error err;
    enum bosa_status status;

    error_init(&err);
    status = hub_action_request(call->hub, call->invocation, &call->request, now, &err);
    if (status == BOSA_OK) {
        status = call_trace_request(call, &err);
    }
    if (status == BOSA_OK) {
        note_paging(call, now);
        return call_prepare(call, now);
    }
    if (is_mendable(call, status, now)) {
        error_clear(&err);
        call->p->fetched_again = true;
        call->state = CALL_SCHEMAS;
        return call->state;
    }
    return call_fail(call, &err, now);
}

/* Writes the request of a fetch or an endpoint. */
static enum bosa_status build_other(struct call *call, struct bosa_error *err)
{
    const struct call_private *p = call->p;
    enum bosa_status status;

    if (call->kind == CALL_FETCH) {
        status = hub_discovery_request(call->hub, call->name, &call->request, err);
    } else {
        status = hub_endpoint_request(call->hub, p->endpoint, p->dialect, call->name, p->identifier,
                                      p->token, p->has_body ? &p->body : NULL, &call->request, err);
    }
    return status == BOSA_OK ? call_trace_request(call, err) : status;
}

/* What the request before this one held is freed first: the hub writes over it. */
enum call_state call_build(struct call *call, const struct moment *now)
{
    struct bosa_error err;

    request_free(&call->request);
    if (call->kind == CALL_ACTION) {
        return build_action(call, now);
    }
    error_init(&err);
    return build_other(call, &err) == BOSA_OK ? call_prepare(call, now)
                                              : call_fail(call, &err, now);
}

/* ---- the way to the wire ---- */

/* The dialect is chosen now and not at birth: a call before this one may have found it. */
enum call_state call_begin(struct call *call, const struct moment *now)
{
    if (call->state != CALL_NEW) {
        return call->state;
    }
    call->begun = moment_us(now);
    call->p->deadline = limit(now->ms, call->p->policy.deadline);
    if (call->kind == CALL_VERBATIM) {
        return call_prepare(call, now);
    }
    if (call->kind == CALL_ENDPOINT) {
        choose_dialect(call);
    }
    if (call->kind == CALL_ACTION && !hub_find(call->hub, call->invocation->connector, now) &&
        !hub_recall(call->hub, call->invocation->connector, now)) {
        call->state = CALL_SCHEMAS;
        return call->state;
    }
    return call_build(call, now);
}

/* The failure belongs to a fetch that others wait for too, so this call takes a copy. */
enum call_state call_schemas(struct call *call, const struct bosa_error *failure,
                             const struct moment *now)
{
    struct bosa_error err;

    if (call->state != CALL_SCHEMAS) {
        return call->state;
    }
    if (!failure) {
        return call_build(call, now);
    }
    error_init(&err);
    if (error_copy(&err, failure) != BOSA_OK) {
        (void)error_nomem(&err);
    }
    return call_fail(call, &err, now);
}

/* True when the deadline of the whole call has passed. */
static bool is_late(const struct call *call, const struct moment *now)
{
    return call->p->deadline != CALL_NEVER && now->ms >= call->p->deadline;
}

/* The time of an attempt goes on through redirects and the like. */
enum call_state call_sending(struct call *call, const struct moment *now)
{
    struct call_private *p = call->p;

    if (call->state != CALL_SEND) {
        return call->state;
    }
    if (is_late(call, now)) {
        return call_expire(call, BOSA_SENT_NO, now);
    }
    if (!p->same_attempt) {
        call->attempts++;
    }
    if (!p->same_attempt || p->until == CALL_NEVER) {
        p->until = limit(now->ms, p->policy.timeout);
    }
    p->same_attempt = false;
    p->timing = NO_TIMING;
    p->sending = moment_us(now);
    call->state = CALL_EXCHANGE;
    call_event_add(call, EVENT_REQUEST, NULL, 0);
    return call->state;
}

/* At least 1: to the libraries below, 0 is "no limit". */
int64_t call_attempt_time(const struct call *call, const struct moment *now)
{
    const struct call_private *p = call->p;
    int64_t end = p->until < p->deadline ? p->until : p->deadline;

    if (end == CALL_NEVER) {
        return CALL_NEVER;
    }
    return end > now->ms ? end - now->ms : 1;
}

/* The deadline comes first: a wait that ends after it leads nowhere. */
enum call_state call_tick(struct call *call, const struct moment *now)
{
    if (call->state == CALL_NEW || call->state == CALL_ENDED) {
        return call->state;
    }
    if (is_late(call, now)) {
        return call_expire(call, BOSA_SENT_MAYBE, now);
    }
    if (call->state == CALL_WAITING && now->ms >= call->p->wake) {
        return call_prepare(call, now);
    }
    return call->state;
}

/* The time of an attempt is not among these: the transport sees to it (call_attempt_time). */
int64_t call_wake_at(const struct call *call)
{
    const struct call_private *p = call->p;

    if (call->state == CALL_NEW || call->state == CALL_ENDED) {
        return CALL_NEVER;
    }
    return call->state == CALL_WAITING && p->wake < p->deadline ? p->wake : p->deadline;
}

/* ---- the end ---- */

/* What may have run stays so, whatever becomes of the attempts after it. */
void call_count_sent(struct call *call, enum bosa_sent sent)
{
    if (call->kind != CALL_FETCH && sent > call->p->sent) {
        call->p->sent = sent;
    }
}

/* Ends the call and lets go of the body, which may hold files open, long before the call's owner
 * lets go of the call. */
static enum call_state end(struct call *call, const struct moment *now)
{
    body_free(call->request.body);
    call->request.body = NULL;
    call->ended = moment_us(now);
    call->state = CALL_ENDED;
    return call->state;
}

/* A retry that led to success gets its tokens back; a success at once adds one. */
enum call_state call_succeed(struct call *call, const struct moment *now)
{
    hub_budget_refund(call->hub, call->p->budget_used > 0 ? call->p->budget_used : 1);
    error_clear(&call->error);
    call->ok = true;
    return end(call, now);
}

/* What was received goes too: a file that is half written must not stay. */
enum call_state call_fail(struct call *call, struct bosa_error *err, const struct moment *now)
{
    call_complete_error(call, err);
    call_event_add(call, EVENT_ERROR, err, 0);
    error_move(&call->error, err);
    if (call->p->reply_made) {
        reply_reset(&call->reply);
        sink_close(&call->reply.sink);
    }
    call->ok = false;
    return end(call, now);
}

/* What a call in this state waits for, for a person; `sent`: how much of an exchange can have been.
 */
static const char *awaited(const struct call *call, enum bosa_sent sent)
{
    switch (call->state) {
    case CALL_SCHEMAS:
        return "the connector's schemas";
    case CALL_SEND:
        return "a free connection";
    case CALL_WAITING:
        return "the next attempt";
    case CALL_EXCHANGE:
        return sent == BOSA_SENT_NO ? "a connection" : "the response";
    case CALL_NEW:
    case CALL_ENDED:
        break;
    }
    return "the response";
}

/* An exchange is cut off: how much of it can have been sent. */
static void cut_off(struct call *call, enum bosa_sent sent)
{
    if (call->state == CALL_EXCHANGE) {
        call_count_sent(call, call->reply.status >= 200 ? BOSA_SENT_YES : sent);
    }
}

/* The error of an attempt before becomes the cause. */
enum call_state call_expire(struct call *call, enum bosa_sent sent, const struct moment *now)
{
    const char *before = call->error.message;
    struct bosa_error err;

    cut_off(call, sent);
    error_init(&err);
    (void)error_set(&err, BOSA_TIMEOUT, "the deadline of %g s passed while waiting for %s",
                    (double)call->p->policy.deadline / 1000, awaited(call, sent));
    err.retryable = err.kind == BOSA_TIMEOUT;
    if (before && error_field(&err.cause, before, strlen(before)) != BOSA_OK) {
        (void)error_nomem(&err);
    }
    return call_fail(call, &err, now);
}

/* The caller's "yes" is not believed: only a status line tells that the action ran. */
enum call_state call_cancel(struct call *call, enum bosa_status kind, enum bosa_sent sent,
                            const struct moment *now)
{
    struct bosa_error err;
    const char *why = "the call was cancelled";

    if (call->state == CALL_ENDED) {
        return call->state;
    }
    if (kind == BOSA_CLOSED) {
        why = "the hub was closed";
    } else if (kind != BOSA_CANCELLED) {
        why = "the upload could not be read";
    }
    cut_off(call, sent == BOSA_SENT_NO ? BOSA_SENT_NO : BOSA_SENT_MAYBE);
    error_init(&err);
    (void)error_set(&err, kind, "%s", why);
    return call_fail(call, &err, now);
}

enum call_state call_revoke(struct call *call, const struct moment *now)
{
    struct bosa_error err;

    if (call->state != CALL_ENDED || !call->ok) {
        return call->state;
    }
    call_count_sent(call, BOSA_SENT_YES);
    error_init(&err);
    (void)error_set(&err, BOSA_CANCELLED, "the call was cancelled");
    return call_fail(call, &err, now);
}

/* Frees the inner state; all of it may be missing. */
static void private_free(struct call_private *p)
{
    mem_free_secret(p->identifier);
    mem_free_secret(p->token);
    json_wipe(&p->body);
    mem_free(p->events);
    mem_free(p->fetch_url);
}

/* Also frees what call_new has only half made. */
void call_free(struct call *call)
{
    if (!call) {
        return;
    }
    if (call->p->reply_made) {
        reply_free(&call->reply);
    }
    request_free(&call->request);
    error_clear(&call->error);
    invocation_unref(call->invocation);
    private_free(call->p);
    mem_free(call->name);
    hub_unref(call->hub);
    mem_free(call);
}
