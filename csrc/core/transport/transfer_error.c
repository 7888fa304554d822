/*
 * What a person reads when an exchange broke.
 */
#include "transport/transfer_internal.h"

#include <string.h>

const struct policy *transfer_policy(const struct call *call)
{
    return call->invocation ? &call->invocation->policy : hub_policy(call->hub);
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

/* The words before and behind the origin. */
struct words {
    const char *before, *behind;
};

/* How far the exchange got is what tells a person where to look. */
static struct words choose(const struct call *call, enum bosa_status kind, enum bosa_sent sent)
{
    static const struct words no_connection = {"no connection to ", ""};
    static const struct words refused = {"cannot connect to ", ""};
    static const struct words insecure = {"no secure connection to ", ""};
    static const struct words nonsense = {"the answer from ", " makes no sense"};
    static const struct words no_answer = {"no answer from ", ""};
    static const struct words no_end = {"no end of the answer from ", ""};
    static const struct words lost = {"the connection to ", " was lost before an answer came"};
    static const struct words cut_off = {"the connection to ", " was lost within the answer"};
    bool answering = call->reply.status >= 200;

    if (kind == BOSA_TLS) {
        return insecure;
    }
    if (kind == BOSA_PROTOCOL) {
        return nonsense;
    }
    if (kind == BOSA_TIMEOUT) {
        return answering ? no_end : sent == BOSA_SENT_NO ? no_connection : no_answer;
    }
    return answering ? cut_off : sent == BOSA_SENT_NO ? refused : lost;
}

/* Without memory for the words the error says that. */
void transfer_describe(struct bosa_error *err, const struct call *call, enum bosa_status kind,
                       enum bosa_sent sent, int64_t ms, const char *why)
{
    struct words words = choose(call, kind, sent);
    struct buf line;
    if (kind == BOSA_NOMEM) {
        (void)error_nomem(err);
        return;
    }
    buf_init(&line);
    buf_adds(&line, words.before);
    add_origin(&line, call);
    buf_adds(&line, words.behind);
    if (kind == BOSA_TIMEOUT) {
        buf_addf(&line, " within %g s", (double)ms / 1000);
    } else if (why) {
        buf_addf(&line, " (%s)", why);
    }
    buf_addc(&line, '\0');
    enum bosa_status status = line.failed ? BOSA_NOMEM : error_set(err, kind, "%s", line.data);
    if (status == kind) {
        status = error_field(&err->cause, why, why ? strlen(why) : 0);
    }
    if (status == BOSA_NOMEM) {
        (void)error_nomem(err);
    }
    buf_free(&line);
}
