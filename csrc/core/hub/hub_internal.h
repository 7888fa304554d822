/*
 * hub_internal: what the files of hub share and nobody else sees.
 */
#ifndef BOSA_HUB_INTERNAL_H
#define BOSA_HUB_INTERNAL_H

#include "hub/hub.h"

/* A connector in memory. Allocated alone, for its compiled schemas point into its document. */
struct held {
    struct connector connector;
    bool stale; /* came too old from the disk: only its validators count, until the server confirms
                   it */
};

struct hub {
    int refs;
    char *base_url;    /* owned, as all strings here; without trailing slash */
    char *api_key;     /* NULL: none; wiped at the end, as the token */
    char *token;       /* NULL: none */
    char *cache_dir;   /* NULL: no cache on disk */
    char *traceparent; /* NULL: none */
    int64_t cache_ttl;
    struct policy policy;
    size_t max_response_size;
    bool events;
    bool allow_http; /* plain http to other hosts than loopback, too */
    bool budget_on;
    int budget;         /* retry tokens left */
    uint64_t random;    /* state of the jitter's generator */
    struct held **held; /* owned, each of them too */
    size_t held_count;
    enum hub_dialect dialects[ENDPOINT_COUNT]; /* DIALECT_UNKNOWN: nothing found yet */
};

/* mem_copy_text of a text of which an empty one says nothing: it becomes NULL, too. */
bool hub_copy_text(char **to, const char *text);

/* A connector in memory however old, with its place in hub->held; NULL when there is none. */
struct held *hub_held(const struct hub *hub, const char *name, size_t *index);

/* BOSA_UNKNOWN_ACTION, with the name that may have been meant. */
enum bosa_status connector_no_action(const struct connector *connector, const char *name,
                                     struct bosa_error *err);

/*
 * Holds a connector of a snapshot; `doc` (moved, also on failure) is as a discovery response for
 * it.
 */
enum bosa_status hub_pin(struct hub *hub, const char *name, struct json_doc *doc,
                         struct bosa_error *err);

/* Sets a field to a string of the hub's own making, in place of the caller's of that name. */
enum bosa_status hub_set_field(struct request *request, const char *name, const char *value,
                               struct bosa_error *err);

/*
 * Sets the fields that say who calls; each of the three may be NULL. They replace the caller's own
 * of those names.
 */
enum bosa_status hub_set_identity(struct request *request, const char *api_key, const char *token,
                                  const char *identifier, struct bosa_error *err);

/* Adds one percent-encoded path segment; BOSA_PARAMS for one that is empty or only dots. */
enum bosa_status hub_add_segment(struct buf *url, const char *text, const char *what,
                                 struct bosa_error *err);

/* ---- hub_catalog.c: the catalog, a tenant's skills, and downloads ---- */

bool hub_is_catalogs(enum endpoint endpoint);
bool hub_catalog_needs_token(enum endpoint endpoint);

/* Writes the request of such an endpoint; `query` (NULL: none) is an object. `request` is fresh. */
enum bosa_status hub_catalog_request(const struct hub *hub, enum endpoint endpoint,
                                     const char *identifier, const char *token,
                                     const struct json_doc *query, struct request *request,
                                     struct bosa_error *err);

/* Frees a connector with its schemas. NULL is allowed. */
void held_free(struct held *held);

#endif
