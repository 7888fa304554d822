/*
 * Whether to send again, and when. The rule itself (retry_allowed, retry_wait) looks at nothing but
 * its arguments.
 */
#include "call/call_internal.h"

#define MAX_DOUBLINGS 6 /* 2^6 s is CALL_MAX_WAIT */

/* The server's own word counts for more than its status. */
static bool response_allows(const struct retry_case *c)
{
    if (c->recovery >= 0) {
        return c->recovery == 1;
    }
    return c->status == 429 || c->status >= 500;
}

/* What surely wasn't sent can be sent; what may have been, only where twice does no harm or the
 * caller takes it. */
static bool break_allows(const struct retry_case *c)
{
    if (c->kind != BOSA_CONNECTION && c->kind != BOSA_TIMEOUT) {
        return false;
    }
    return c->sent == BOSA_SENT_NO || c->idempotent || c->replay_unsafe;
}

/* Attempts are counted first: one attempt is one, whatever the server says. */
bool retry_allowed(const struct retry_case *c)
{
    if (c->attempts >= c->max_attempts) {
        return false;
    }
    return c->responded ? response_allows(c) : break_allows(c);
}

/* No jitter on what the server asked: it spreads its clients itself. */
double retry_wait(int attempts, double asked, double jitter)
{
    int doublings = attempts - 1;

    if (asked >= 0) {
        return asked;
    }
    return (double)(1 << (doublings < MAX_DOUBLINGS ? doublings : MAX_DOUBLINGS)) + jitter;
}

/* Both directions are looked at before anything is changed. */
bool call_rewind(struct call *call, struct bosa_error *err)
{
    struct bosa_error why;
    bool ok = sink_can_restart(&call->reply.sink);

    error_init(&why);
    if (!ok) {
        (void)error_set(&why, BOSA_FILE, "a part of the response has been given out already");
    } else if (call->request.body) {
        ok = body_rewind(call->request.body, &why) == BOSA_OK;
    }
    if (!ok && err && why.message) {
        call_add_words(err, why.message);
    } else if (!ok && err) {
        (void)error_nomem(err);
    }
    error_clear(&why);
    return ok;
}

/* Seconds as a time to come in ms, rounded up: a server is never asked too early. */
static int64_t after(const struct moment *now, double seconds)
{
    int64_t ms = (int64_t)(seconds * 1000);

    return now->ms + ms + ((double)ms < seconds * 1000);
}

/* Waits that are too long, by our own bound or by the deadline, are not begun: the error comes at
 * once. */
static bool is_in_time(const struct call *call, double asked, double wait, const struct moment *now)
{
    if (asked > CALL_MAX_WAIT) {
        return false;
    }
    return call->p->deadline == CALL_NEVER || after(now, wait) < call->p->deadline;
}

/* Tokens are taken last, when nothing else stands in the way. */
enum call_state call_again(struct call *call, const struct retry_case *c, struct bosa_error *err,
                           const struct moment *now)
{
    bool timeout = err->kind == BOSA_TIMEOUT;
    double wait;

    if (!retry_allowed(c)) {
        return call_fail(call, err, now);
    }
    wait = retry_wait(c->attempts, err->retry_after, hub_random(call->hub));
    if (!is_in_time(call, err->retry_after, wait, now) || !call_rewind(call, err) ||
        !hub_spend(call->hub, timeout)) {
        return call_fail(call, err, now);
    }
    call->p->budget_used = timeout ? HUB_BUDGET_TIMEOUT : HUB_BUDGET_RETRY;
    if (!c->responded) {
        call_event_add(call, EVENT_ERROR, err, 0);
    }
    call_event_add(call, EVENT_RETRY, err, 0);
    call_event_add(call, EVENT_WAIT, err, wait);
    error_move(&call->error, err);
    reply_reset(&call->reply);
    call->p->wake = after(now, wait);
    call->state = CALL_WAITING;
    return call->state;
}
