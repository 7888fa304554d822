/*
 * The traceparent of a call's requests: whose goes along, and the field for it. Asked by call.c
 * each time that it has made a request.
 */
#include "call/call_internal.h"

#include "http/header_fields.h"

#include <string.h>

static void set(struct call *call, const char *traceparent)
{
    memcpy(call->traceparent, traceparent, TRACEPARENT_LEN);
    call->traceparent[TRACEPARENT_LEN] = '\0';
}

void call_trace(struct call *call, const char *traceparent)
{
    if (call->state == CALL_NEW) {
        set(call, traceparent);
    }
}

const char *call_traceparent(const struct call *call)
{
    const struct invocation *invocation = call->invocation;

    if (invocation && invocation->traceparent) {
        return invocation->traceparent;
    }
    const char *field = invocation ? fields_get(&invocation->fields, TRACEPARENT_FIELD) : NULL;
    if (field) {
        return traceparent_is_valid(field, strlen(field)) ? field : NULL;
    }
    return call->traceparent[0] != '\0' ? call->traceparent : hub_traceparent(call->hub);
}

/* A presigned address is another server's, which is told nothing of who asks; events have the
 * trace all the same. */
static bool is_elsewhere(const struct call *call)
{
    return call->kind == CALL_ENDPOINT && call->p->endpoint == ENDPOINT_DOWNLOAD;
}

/* The setter's goes before the caller's own header field, and that before the hub's. */
enum bosa_status call_trace_request(struct call *call, struct bosa_error *err)
{
    const char *own = call->invocation ? call->invocation->traceparent : NULL;
    const char *field = fields_get(&call->request.fields, TRACEPARENT_FIELD);
    const char *hubs = hub_traceparent(call->hub);

    if (!own && field) {
        if (traceparent_is_valid(field, strlen(field))) {
            set(call, field);
        } else {
            call->traceparent[0] = '\0';
        }
        return BOSA_OK;
    }
    if (own) {
        set(call, own);
    } else if (call->traceparent[0] == '\0' && hubs) {
        set(call, hubs);
    }
    if (call->traceparent[0] == '\0' || is_elsewhere(call)) {
        return BOSA_OK;
    }
    return fields_set(&call->request.fields, TRACEPARENT_FIELD, call->traceparent, TRACEPARENT_LEN,
                      err);
}
