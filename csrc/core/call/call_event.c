/*
 * The queue of events of a call whose hub has a listener. The other files of call add, the binding
 * takes; a full queue loses the oldest and never waits.
 */
#include "call/call_internal.h"

#include "base/mem.h"

#include <string.h>

/* Most calls have no listener, so the ring is not part of the call. */
bool call_events_init(struct call *call)
{
    if (!hub_events(call->hub)) {
        return true;
    }
    call->p->events = mem_zalloc(CALL_MAX_EVENTS, sizeof *call->p->events);
    return call->p->events;
}

/* The place of a new event; when the ring is full, that of the oldest. */
static struct call_event *new_place(struct call_private *p)
{
    if (p->event_count == CALL_MAX_EVENTS) {
        p->event_first = (p->event_first + 1) % CALL_MAX_EVENTS;
        p->event_count--;
    }
    return &p->events[(p->event_first + p->event_count++) % CALL_MAX_EVENTS];
}

/* An event is told with the response's status, or with the error's where there is one. */
void call_event_add(struct call *call, enum call_event_type type, const struct bosa_error *err,
                    double wait)
{
    struct call_event *event;

    if (!call->p->events) {
        return;
    }
    event = new_place(call->p);
    *event = (struct call_event){.type = type, .attempt = call->attempts, .wait = wait};
    event->budget = hub_budget(call->hub);
    event->timing = call->p->timing;
    if (type != EVENT_REQUEST) {
        event->status = call->reply.status;
    }
    if (err) {
        event->status = err->status;
        event->kind = err->kind;
        event->sent = err->sent;
    }
}

bool call_has_event(const struct call *call)
{
    return call->p->event_count > 0;
}

/* Never finds one when nobody listens: the count stays 0. */
bool call_next_event(struct call *call, struct call_event *event)
{
    struct call_private *p = call->p;

    if (p->event_count == 0) {
        return false;
    }
    *event = p->events[p->event_first];
    p->event_first = (p->event_first + 1) % CALL_MAX_EVENTS;
    p->event_count--;
    return true;
}

/* Notes what is told of a fetch besides its events. Without memory they go without the URL. */
static void note_fetch(struct call_private *p, const struct call *fetch)
{
    const char *url = fetch->request.url;
    const char *traceparent = call_traceparent(fetch);

    if (url && (!p->fetch_url || strcmp(url, p->fetch_url) != 0)) {
        mem_free(p->fetch_url);
        p->fetch_url = mem_dup(url, strlen(url));
    }
    p->fetch_traceparent[0] = '\0';
    if (traceparent) {
        memcpy(p->fetch_traceparent, traceparent, TRACEPARENT_LEN);
        p->fetch_traceparent[TRACEPARENT_LEN] = '\0';
    }
}

void call_take_events(struct call *call, struct call *fetch)
{
    struct call_event event;

    if (!call->p->events || fetch->p->event_count == 0) {
        return;
    }
    note_fetch(call->p, fetch);
    while (call_next_event(fetch, &event)) {
        event.of_fetch = true;
        *new_place(call->p) = event;
    }
}

void call_event_request(const struct call *call, const struct call_event *event,
                        struct call_event_request *out)
{
    const struct call_private *p = call->p;

    if (event->of_fetch) {
        out->method = "GET";
        out->url = p->fetch_url;
        out->traceparent = p->fetch_traceparent[0] != '\0' ? p->fetch_traceparent : NULL;
    } else {
        out->method = call->request.method;
        out->url = call->request.url;
        out->traceparent = call_traceparent(call);
    }
}

const char *call_event_name(enum call_event_type type)
{
    static const char *const names[] = {
        [EVENT_REQUEST] = "request", [EVENT_RESPONSE] = "response", [EVENT_RETRY] = "retry",
        [EVENT_WAIT] = "wait",       [EVENT_ERROR] = "error",
    };

    return names[type];
}
