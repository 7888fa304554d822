/*
 * What a person reads when an exchange broke. Called by transport and by the binding, so that it
 * reads the same on every kind of connection.
 */
#include "call/call_internal.h"

#include <string.h>

const struct policy *call_policy(const struct call *call)
{
    return &call->p->policy;
}

/* Host and port of the request. Nothing else of a URL belongs into a message. */
static void add_origin(struct buf *out, const struct call *call)
{
    const char *text = call->request.url;
    struct url url;
    if (!text || !url_parse(&url, text, strlen(text))) {
        buf_adds(out, "the server");
        return;
    }
    bool is_ipv6 = memchr(url.host, ':', url.host_len);
    buf_adds(out, is_ipv6 ? "[" : "");
    buf_add(out, url.host, url.host_len);
    buf_addf(out, "%s:%d", is_ipv6 ? "]" : "", url.port);
}

/* The words before and after the origin. */
struct words {
    const char *before, *after;
};

/* How far the exchange got is what tells a person where to look. */
static struct words choose(const struct call *call, const struct call_break *b)
{
    static const struct words no_slot = {"no connection to ", " was free"};
    static const struct words no_connection = {"no connection to ", ""};
    static const struct words refused = {"cannot connect to ", ""};
    static const struct words insecure = {"no secure connection to ", ""};
    static const struct words malformed = {"malformed response from ", ""};
    static const struct words no_response = {"no response from ", ""};
    static const struct words no_end = {"the response from ", " did not end"};
    static const struct words lost = {"the connection to ", " was lost before a response came"};
    static const struct words cut_off = {"the connection to ", " was lost within the response"};
    bool responding = call->reply.status >= 200;

    switch (b->kind) {
    case BOSA_TLS:
        return insecure;
    case BOSA_PROTOCOL:
        return malformed;
    case BOSA_TIMEOUT:
        if (b->queued) {
            return no_slot;
        }
        return responding ? no_end : b->sent == BOSA_SENT_NO ? no_connection : no_response;
    default:
        return responding ? cut_off : b->sent == BOSA_SENT_NO ? refused : lost;
    }
}

/* Without memory for the words the error says that. */
void call_describe_break(struct bosa_error *err, const struct call *call,
                         const struct call_break *b)
{
    struct words words = choose(call, b);
    struct buf line;
    if (b->kind == BOSA_NOMEM) {
        (void)error_nomem(err);
        return;
    }
    buf_init(&line);
    buf_adds(&line, words.before);
    add_origin(&line, call);
    buf_adds(&line, words.after);
    if (b->kind == BOSA_TIMEOUT) {
        buf_addf(&line, " within %g s", (double)b->ms / 1000);
    } else if (b->why) {
        buf_addf(&line, " (%s)", b->why);
    }
    buf_addc(&line, '\0');
    enum bosa_status status =
        line.failed ? error_nomem(err) : error_set(err, b->kind, "%s", line.data);
    if (status == b->kind && b->why) {
        status = error_field(&err->cause, b->why, strlen(b->why));
    }
    if (status == BOSA_NOMEM) {
        (void)error_nomem(err);
    }
    buf_free(&line);
}
