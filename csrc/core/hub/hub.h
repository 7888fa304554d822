/*
 * hub: a server as seen by one key: where it is, what it can do, what it has been found to speak.
 *
 * It holds the base URL, the keys, the connectors with their schemas, the dialect, the retry
 * budget; it makes requests from invocations. It sends nothing. Counted: whoever made it and every
 * call hold a reference.
 */
#ifndef BOSA_HUB_H
#define BOSA_HUB_H

#include "base/clock.h"
#include "base/secrets.h"
#include "hub/invocation.h"
#include "schema/schema.h"

#define HUB_BUDGET_TOKENS 500 /* retry tokens of a hub at the start and at most */
#define HUB_BUDGET_RETRY 5    /* taken by a retry */
#define HUB_BUDGET_TIMEOUT 10 /* taken by a retry after a timeout */
/* schemas older than this are fetched again before "unknown action" stands */
#define HUB_STALE_SECONDS 60

struct hub_options {
    const char *base_url; /* all strings are borrowed for the call of hub_new */
    const char *api_key;  /* NULL: none */
    const char *token;    /* default user token; NULL: none */
    bool allow_http;      /* http to other hosts than loopback too */
    bool retry_budget;
    struct policy policy;
    size_t max_response_size;
    const char *cache_dir;   /* NULL: no schemas on disk */
    int64_t cache_ttl;       /* seconds that schemas are fresh; 0: none on disk, all in memory */
    const char *traceparent; /* of every request that has none of its own; NULL: none */
    bool events;             /* calls keep events for their owner */
    uint64_t seed;           /* of the jitter */
};

/* How an action is asked for another page; what its schema says of these parameters. */
struct action_paging {
    const char *cursor_name; /* under which it takes a cursor, a static string; NULL: under none */
    struct schema_takes cursor_takes; /* as what */
    bool takes_page;
    /*
     * It is told by `from_last` on which side of the cursor its page lies: github's lists are asked
     * for the first items after a cursor, or for the last ones before it.
     */
    bool takes_from_last;
};

/* One action as discovery described it. */
struct action {
    const char *name; /* borrowed from the connector's document, as all of this */
    size_t name_len;
    const char *path;
    size_t path_len;
    uint32_t node;               /* the action's entry in the document */
    uint32_t params;             /* its request schema, JSON_NONE: takes no parameters */
    struct schema *schema;       /* compiled at first use; NULL before */
    struct action_paging paging; /* of the schema, when that has been compiled */
};

struct connector {
    char *name;             /* owned */
    struct json_doc doc;    /* the discovery response */
    struct action *actions; /* owned; sorted by name */
    size_t action_count;
    int64_t fetched;            /* Unix seconds when the server last confirmed it */
    char *etag, *last_modified; /* owned; NULL: not sent */
    bool pinned; /* of a snapshot: never too old, so the server is never asked for it */
};

/* What to say and to do where a server refused a request that carried neither. */
#define HUB_NO_CREDENTIALS                                                                         \
    "no API key and no user token were given: run `bosa auth login`, or set BOSA_API_KEY and "     \
    "BOSA_TOKEN"

/* Of one endpoint: not known yet, found to be the current API's or the legacy one's. */
enum hub_dialect { DIALECT_UNKNOWN, DIALECT_CURRENT, DIALECT_LEGACY };

/* What can be asked of a server besides running actions. */
enum endpoint {
    ENDPOINT_NAMES,              /* GET connector names */
    ENDPOINT_CREATE_USER,        /* POST {identifier} */
    ENDPOINT_TOKEN,              /* POST {identifier, secret} */
    ENDPOINT_WHO_AM_I,           /* GET, bearer */
    ENDPOINT_CATALOG_TOOLS,      /* GET; query q, connector, category, limit, offset */
    ENDPOINT_CATALOG_MCPS,       /* GET; query q, category, limit, offset */
    ENDPOINT_CATALOG_SKILLS,     /* GET; query q, source, limit, offset */
    ENDPOINT_CATALOG_SEARCH,     /* GET, bearer; query q, kinds, count */
    ENDPOINT_TENANT_SKILLS,      /* GET, bearer and never the key; query limit, offset */
    ENDPOINT_TENANT_SKILL,       /* GET, bearer and never the key; identifier */
    ENDPOINT_DOWNLOAD,           /* GET; identifier is a whole URL, and nothing says who asks */
    ENDPOINT_AUTH_SCHEMA,        /* GET; name: how accounts are connected */
    ENDPOINT_HAS_INTEGRATION,    /* GET; name */
    ENDPOINT_INTEGRATE,          /* POST {callback_url} or {auth_type, configuration}; name */
    ENDPOINT_GET_INTEGRATION,    /* GET; name, identifier */
    ENDPOINT_SELECT_INTEGRATION, /* POST; name, identifier */
    ENDPOINT_REMOVE_INTEGRATION, /* DELETE; name, identifier (optional: then the legacy form) */
    ENDPOINT_COUNT
};

struct hub; /* opaque */

/*
 * A hub with one reference. BOSA_PARAMS: the base URL is no http(s) URL, holds user information, a
 * query or a fragment, or is plain http to another host than loopback without allow_http; a key or
 * token that can't be a field value; a malformed traceparent. BOSA_NOMEM.
 */
enum bosa_status hub_new(struct hub **out, const struct hub_options *options,
                         struct bosa_error *err);
struct hub *hub_ref(struct hub *hub);
void hub_unref(struct hub *hub);

/* ---- questions ---- */

const char *hub_base_url(const struct hub *hub); /* without trailing slash */
const struct policy *hub_policy(const struct hub *hub);
size_t hub_max_response_size(const struct hub *hub);
bool hub_events(const struct hub *hub);
const char *hub_traceparent(const struct hub *hub); /* NULL: none */
bool hub_has_key(const struct hub *hub);
bool hub_has_token(const struct hub *hub);

/*
 * A loaded connector, borrowed until the hub learns, recalls or forgets it; NULL when it isn't
 * loaded. Where cache_ttl is over 0 it is also NULL cache_ttl seconds after the server last
 * confirmed it; what is too old stays for its validators, which make the next discovery
 * conditional. With a cache_ttl of 0 schemas stay until they are forgotten.
 */
struct connector *hub_find(struct hub *hub, const char *name, const struct moment *now);

/* An action of a connector by name, NULL when there is none. */
struct action *connector_action(struct connector *connector, const char *name, size_t len);

/*
 * Compiles an action's schema at first use. *out is NULL for an action without parameters.
 * BOSA_NOMEM.
 */
enum bosa_status action_schema(struct connector *connector, struct action *action,
                               const struct schema **out, struct bosa_error *err);

/* The names of parameters that ask for another page: those of cursors, `page`, `from_last`, NULL.
 */
extern const char *const hub_page_parameters[];

/*
 * How the action is paged, which its schema says. One whose schema there is no memory to compile is
 * not.
 */
const struct action_paging *action_paging(struct connector *connector, struct action *action);

/* ---- schemas ---- */

/*
 * Takes a discovery response (moved from `doc`, also on failure). A response without the name is
 * BOSA_UNKNOWN_CONNECTOR; actions whose path is not safe (url_path_is_safe) make it BOSA_PROTOCOL.
 * Where a cache is on, the response is written to the disk, too; that this fails is not an error.
 * After a failure what was held before is still held, but not after BOSA_UNKNOWN_CONNECTOR.
 */
enum bosa_status hub_learn(struct hub *hub, const char *name, struct json_doc *doc,
                           const char *etag, const char *last_modified, const struct moment *now,
                           struct bosa_error *err);

/*
 * Takes the connectors of a snapshot: the JSON text of `{"bosa_snapshot": 1, "connectors": {name:
 * actions, ...}}`, or of `{name: actions, ...}` as discovery responses. They are pinned until they
 * are forgotten, and nothing of them is written to the disk. `names` (fresh) becomes the list of
 * their names. BOSA_PROTOCOL: no JSON, no snapshot, a version other than 1, or actions that
 * hub_learn would refuse; connectors before the one that is refused are held. BOSA_NOMEM.
 */
enum bosa_status hub_load_snapshot(struct hub *hub, const char *text, size_t len,
                                   struct json_doc *names, struct bosa_error *err);

/* The server says that what is held is still right (304): it is fresh from now on, on disk too. */
void hub_confirm(struct hub *hub, const char *name, const struct moment *now);

/* Forgets a connector's schemas, in memory and on disk. */
void hub_forget(struct hub *hub, const char *name);

/*
 * Reads a connector from the disk cache, if there is a whole, fresh one. False: not there. A stale
 * one with a validator is kept for the conditional fetch.
 */
bool hub_recall(struct hub *hub, const char *name, const struct moment *now);

/*
 * ---- requests: `request` must own nothing; it is written on BOSA_OK and left alone otherwise ----
 */

/*
 * Validates the invocation's parameters and writes the request of its action. BOSA_UNKNOWN_ACTION
 * (with the nearest name), BOSA_UNKNOWN_CONNECTOR, BOSA_PARAMS, BOSA_FILE, BOSA_NOMEM.
 * The connector must be loaded. The caller's own fields come first and ours win, but for Accept;
 * those that frame a message or route it (Host, Content-Length, Connection ...) are BOSA_PARAMS.
 */
enum bosa_status hub_action_request(struct hub *hub, const struct invocation *invocation,
                                    struct request *request, const struct moment *now,
                                    struct bosa_error *err);

/*
 * The same without the request: BOSA_OK means that one could be written. The invocation is for this
 * check alone, as its parameters are completed in place.
 */
enum bosa_status hub_action_check(struct hub *hub, struct invocation *invocation,
                                  const struct moment *now, struct bosa_error *err);

/*
 * The request that asks for a connector's schemas, conditional where a stale copy with a validator
 * is held.
 */
enum bosa_status hub_discovery_request(struct hub *hub, const char *name, struct request *request,
                                       struct bosa_error *err);

/*
 * The request of an endpoint in one dialect (DIALECT_CURRENT or DIALECT_LEGACY). `name` and
 * `identifier` are percent-encoded into the path; the body is the root of `body` (NULL: none),
 * which becomes the query where the endpoint is asked by one; `token` is the user's (NULL: the
 * hub's). BOSA_AUTH when a token is needed and there is none. BOSA_PARAMS for a name or identifier
 * that can be no path segment: empty, `.` or `..`. BOSA_PROTOCOL for a URL to download from, which
 * a server named, that is none or is plain http to another host than loopback without allow_http.
 */
enum bosa_status hub_endpoint_request(struct hub *hub, enum endpoint endpoint,
                                      enum hub_dialect dialect, const char *name,
                                      const char *identifier, const char *token,
                                      const struct json_doc *body, struct request *request,
                                      struct bosa_error *err);

/* Items of a page that nobody gave a limit for. */
#define HUB_DEFAULT_LIMIT 50

/* True for an endpoint that responds with {items, meta: {total, limit, offset}}, pages by `offset`.
 */
bool endpoint_is_list(enum endpoint endpoint);

/*
 * The dialect found for an endpoint, and noting it. An endpoint alike in both is DIALECT_CURRENT
 * from the start.
 */
enum hub_dialect hub_dialect(const struct hub *hub, enum endpoint endpoint);
void hub_set_dialect(struct hub *hub, enum endpoint endpoint, enum hub_dialect dialect);

/* ---- the rest ---- */

/*
 * Takes retry tokens; false when the budget is spent (always true with the budget off).
 * hub_budget_refund: a call succeeded.
 */
bool hub_spend(struct hub *hub, bool after_timeout);
void hub_budget_refund(struct hub *hub, int tokens);
int hub_budget(const struct hub *hub); /* tokens left; -1: budget off */

/* A number from 0 to 1 for the jitter. */
double hub_random(struct hub *hub);

/* Adds the hub's key and token. */
void hub_secrets(const struct hub *hub, struct secrets *out);

#endif
