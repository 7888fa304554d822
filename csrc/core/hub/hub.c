/*
 * A hub's own life: options, budget, jitter, secrets. Its schemas are in hub_learn.c, its requests
 * in hub_request.c.
 */
#include "hub/hub_internal.h"

#include "base/mem.h"
#include "http/header_fields.h"
#include "http/traceparent.h"

#include <string.h>

/* Copies a string; a missing and an empty one become NULL. False: no memory. */
static bool copy_text(char **to, const char *from)
{
    bool empty = !from || *from == '\0';

    *to = empty ? NULL : mem_dup(from, strlen(from));
    return empty || *to;
}

/* Frees a secret, leaving no trace of it in the heap; NULL is allowed. */
static void wipe_text(char *text)
{
    if (text) {
        mem_wipe(text, strlen(text));
        mem_free(text);
    }
}

/* Bytes of a base URL without its trailing slashes. */
static size_t trimmed(const char *base_url)
{
    size_t len = strlen(base_url);

    while (len > 0 && base_url[len - 1] == '/') {
        len--;
    }
    return len;
}

/* The messages do not repeat the URL: it may hold a password. */
static enum bosa_status check_base_url(const struct hub_options *options, struct bosa_error *err)
{
    struct url url;

    if (!url_parse(&url, options->base_url, trimmed(options->base_url))) {
        return error_set(err, BOSA_PARAMS,
                         "api_base_url must be an absolute http or https URL without user "
                         "information and fragment");
    }
    if (url.target_len > 0 && !url_path_is_safe(url.target, url.target_len)) {
        return error_set(err, BOSA_PARAMS,
                         "api_base_url must have a plain path or none, and no query");
    }
    if (!url.https && !options->allow_http && !url_is_loopback(&url)) {
        return error_set(err, BOSA_PARAMS,
                         "api_base_url is plain http, which would send the key unprotected; use "
                         "https, or set allow_http");
    }
    return BOSA_OK;
}

/* A secret must fit a header field. The message says which it is, not what. */
static enum bosa_status check_secret(const char *secret, const char *what, struct bosa_error *err)
{
    struct fields scratch = {0};
    enum bosa_status status = BOSA_OK;

    if (secret) {
        status = fields_add(&scratch, "X", 1, secret, strlen(secret), err);
        fields_free(&scratch);
    }
    if (status == BOSA_PARAMS) {
        return error_set(err, status, "%s holds a character that no header field can carry", what);
    }
    return status;
}

/* NULL is allowed. */
static enum bosa_status check_traceparent(const char *text, struct bosa_error *err)
{
    if (!text || traceparent_is_valid(text, strlen(text))) {
        return BOSA_OK;
    }
    return error_set(err, BOSA_PARAMS, "option `traceparent`: " TRACEPARENT_EXPECTED);
}

/* Fills a zeroed hub; what was copied when memory runs out is freed by hub_unref. False: no memory.
 */
static bool copy_options(struct hub *hub, const struct hub_options *options)
{
    hub->cache_ttl = options->cache_ttl;
    hub->policy = options->policy;
    hub->max_response_size = options->max_response_size;
    hub->events = options->events;
    hub->allow_http = options->allow_http;
    hub->budget_on = options->retry_budget;
    hub->budget = HUB_BUDGET_TOKENS;
    hub->random = options->seed;
    hub->base_url = mem_dup(options->base_url, trimmed(options->base_url));
    return hub->base_url && copy_text(&hub->api_key, options->api_key) &&
           copy_text(&hub->token, options->token) &&
           copy_text(&hub->cache_dir, options->cache_dir) &&
           copy_text(&hub->traceparent, options->traceparent);
}

/* Everything is checked before anything is made, so a refusal has nothing to undo. */
enum bosa_status hub_new(struct hub **out, const struct hub_options *options,
                         struct bosa_error *err)
{
    enum bosa_status status;
    struct hub *hub;

    *out = NULL;
    if ((status = check_base_url(options, err)) != BOSA_OK ||
        (status = check_secret(options->api_key, "api_key", err)) != BOSA_OK ||
        (status = check_secret(options->token, "token", err)) != BOSA_OK ||
        (status = check_traceparent(options->traceparent, err)) != BOSA_OK) {
        return status;
    }
    hub = mem_zalloc(1, sizeof *hub);
    if (!hub) {
        return error_nomem(err);
    }
    hub->refs = 1;
    if (!copy_options(hub, options)) {
        hub_unref(hub);
        return error_nomem(err);
    }
    *out = hub;
    return BOSA_OK;
}

/* Used by one thread alone, so a plain count will do. */
struct hub *hub_ref(struct hub *hub)
{
    hub->refs++;
    return hub;
}

/* Frees a hub that nobody holds any longer, and all its connectors. */
static void hub_free(struct hub *hub)
{
    for (size_t i = 0; i < hub->held_count; i++) {
        held_free(hub->held[i]);
    }
    mem_free(hub->held);
    wipe_text(hub->api_key);
    wipe_text(hub->token);
    mem_free(hub->base_url);
    mem_free(hub->cache_dir);
    mem_free(hub->traceparent);
    mem_free(hub);
}

void hub_unref(struct hub *hub)
{
    if (hub && --hub->refs == 0) {
        hub_free(hub);
    }
}

const char *hub_traceparent(const struct hub *hub)
{
    return hub->traceparent;
}

const char *hub_base_url(const struct hub *hub)
{
    return hub->base_url;
}

const struct policy *hub_policy(const struct hub *hub)
{
    return &hub->policy;
}

size_t hub_max_response_size(const struct hub *hub)
{
    return hub->max_response_size;
}

bool hub_events(const struct hub *hub)
{
    return hub->events;
}

/* What can't be paid in full takes nothing, so that a cheaper retry may still go. */
bool hub_spend(struct hub *hub, bool after_timeout)
{
    int cost = after_timeout ? HUB_BUDGET_TIMEOUT : HUB_BUDGET_RETRY;

    if (!hub->budget_on) {
        return true;
    }
    if (hub->budget < cost) {
        return false;
    }
    hub->budget -= cost;
    return true;
}

/* The budget never grows past its start: long good times earn no storm of retries. */
void hub_budget_refund(struct hub *hub, int tokens)
{
    int room = HUB_BUDGET_TOKENS - hub->budget;

    hub->budget += tokens < room ? tokens : room;
}

int hub_budget(const struct hub *hub)
{
    return hub->budget_on ? hub->budget : -1;
}

/* splitmix64: any seed will do, zero too. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

double hub_random(struct hub *hub)
{
    return (double)(next_random(&hub->random) >> 11) / 9007199254740992.0; /* 2^53 */
}

bool hub_has_key(const struct hub *hub)
{
    return hub->api_key != NULL;
}

bool hub_has_token(const struct hub *hub)
{
    return hub->token != NULL;
}

/* A token that was given for one call is not the hub's, so its caller adds it. */
void hub_secrets(const struct hub *hub, struct secrets *out)
{
    secrets_add(out, hub->api_key, hub->api_key ? strlen(hub->api_key) : 0);
    secrets_add(out, hub->token, hub->token ? strlen(hub->token) : 0);
}
