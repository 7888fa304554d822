/*
 * Connectors and their schemas: from a discovery response, from the disk, and out of memory again.
 */
#include "base/mem.h"
#include "base/nearest.h"
#include "base/text.h"
#include "hub/cache.h"
#include "hub/hub_internal.h"

#include <stdlib.h>
#include <string.h>

/* Schemas go before the document that they point into. */
void held_free(struct held *held)
{
    struct connector *connector;

    if (!held) {
        return;
    }
    connector = &held->connector;
    for (size_t i = 0; i < connector->action_count; i++) {
        schema_free(connector->actions[i].schema);
    }
    mem_free(connector->actions);
    json_free(&connector->doc);
    mem_free(connector->name);
    mem_free(connector->etag);
    mem_free(connector->last_modified);
    mem_free(held);
}

/* The list is in order of names, since a snapshot may hold any number of them. */
struct held *hub_held(const struct hub *hub, const char *name, size_t *index)
{
    size_t low = 0, high = hub->held_count, len = strlen(name);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *other = hub->held[middle]->connector.name;
        int order = json_compare_names(other, strlen(other), name, len);

        if (order == 0) {
            *index = middle;
            return hub->held[middle];
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    *index = low;
    return NULL;
}

/* True when `fetched` is not further than cache_ttl from now, either way: a clock may be set back.
 */
static bool within_ttl(const struct hub *hub, int64_t fetched, const struct moment *now)
{
    return fetched <= now->unix_s ? now->unix_s - fetched <= hub->cache_ttl
                                  : fetched - now->unix_s <= hub->cache_ttl;
}

/* What is too old or stale stays in the list: its validators save the next fetch. */
struct connector *hub_find(struct hub *hub, const char *name, const struct moment *now)
{
    size_t index;
    struct held *held = hub_held(hub, name, &index);

    if (!held || held->stale) {
        return NULL;
    }
    if (held->connector.pinned) {
        return &held->connector;
    }
    if (hub->cache_ttl > 0 && !within_ttl(hub, held->connector.fetched, now)) {
        return NULL;
    }
    return &held->connector;
}

/* ---- actions ---- */

/* By name, and of two with one name the later first, since the last one counts. */
static int compare_actions(const void *left, const void *right)
{
    const struct action *a = left, *b = right;
    int order = text_compare(a->name, a->name_len, b->name, b->name_len);

    return order != 0 ? order : (a->node < b->node) - (a->node > b->node);
}

/* A binary search: the list is sorted once, when it is learned. */
struct action *connector_action(struct connector *connector, const char *name, size_t len)
{
    size_t low = 0, high = connector->action_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct action *action = &connector->actions[middle];
        int order = text_compare(name, len, action->name, action->name_len);

        if (order == 0) {
            return action;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

enum bosa_status connector_no_action(const struct connector *connector, const char *name,
                                     struct bosa_error *err)
{
    struct nearest best = NEAREST_NONE;
    size_t len;

    for (size_t i = 0; i < connector->action_count; i++) {
        const struct action *action = &connector->actions[i];

        nearest_try(&best, name, strlen(name), action->name, action->name_len);
    }
    const char *nearest = nearest_found(&best, &len);
    if (nearest) {
        return error_set(err, BOSA_UNKNOWN_ACTION,
                         "%.*s%s has no action `%.*s%s`; did you mean `%.*s%s`?",
                         TEXT_SHOWN(connector->name, strlen(connector->name)),
                         TEXT_SHOWN(name, strlen(name)), TEXT_SHOWN(nearest, len));
    }
    return error_set(err, BOSA_UNKNOWN_ACTION, "%.*s%s has no action `%.*s%s`",
                     TEXT_SHOWN(connector->name, strlen(connector->name)),
                     TEXT_SHOWN(name, strlen(name)));
}

/* Drops all but the first of each name from the sorted list. */
static void drop_doubles(struct connector *connector)
{
    struct action *list = connector->actions;
    size_t kept = 0;

    for (size_t i = 0; i < connector->action_count; i++) {
        if (kept == 0 || text_compare(list[kept - 1].name, list[kept - 1].name_len, list[i].name,
                                      list[i].name_len) != 0) {
            list[kept++] = list[i];
        }
    }
    connector->action_count = kept;
}

/* json_member where the object may itself be missing. */
static uint32_t member(const struct json_doc *doc, uint32_t object, const char *key)
{
    return object == JSON_NONE ? JSON_NONE : json_member(doc, object, key);
}

/* The request schema of an entry; JSON_NONE: its handler takes header fields only. */
static uint32_t request_schema(const struct json_doc *doc, uint32_t entry)
{
    uint32_t parameters = member(doc, entry, "parameters");
    uint32_t schema = member(doc, member(doc, parameters, "request"), "schema");

    bool none = schema != JSON_NONE &&
                (json_type(doc, schema) == JSON_NULL || json_type(doc, schema) == JSON_FALSE);
    return none ? JSON_NONE : schema;
}

/* True for an entry that is run by POST and is not one of the connector's own routes. */
static bool is_action(const struct json_doc *doc, const char *name, size_t len, uint32_t entry)
{
    static const char *const routes[] = {"integrations", "integration-exists",
                                         "success-authorize-callback"};
    uint32_t method = member(doc, entry, "method");

    for (size_t i = 0; name && i < sizeof routes / sizeof routes[0]; i++) {
        size_t route_len = strlen(routes[i]);

        if (len >= route_len && memcmp(name, routes[i], route_len) == 0) {
            return false;
        }
    }
    return method != JSON_NONE && json_is(doc, method, "POST");
}

/* Adds the action of an entry. BOSA_PROTOCOL for a path that could lead elsewhere. */
static enum bosa_status add_action(struct connector *connector, uint32_t key,
                                   struct bosa_error *err)
{
    const struct json_doc *doc = &connector->doc;
    struct action *action = &connector->actions[connector->action_count];
    uint32_t path = member(doc, key + 1, "path");

    action->node = key + 1;
    action->name = json_text(doc, key, &action->name_len);
    action->path = path == JSON_NONE ? NULL : json_text(doc, path, &action->path_len);
    action->params = request_schema(doc, key + 1);
    if (!action->path || !url_path_is_safe(action->path, action->path_len)) {
        (void)error_set(err, BOSA_PROTOCOL, "%.*s%s: an action's path is not safe to follow",
                        TEXT_SHOWN(connector->name, strlen(connector->name)));
        return error_locate(err, BOSA_PROTOCOL, NULL, action->name, action->name_len);
    }
    connector->action_count++;
    return BOSA_OK;
}

/* Fills connector->actions from the entries of `object`. */
static enum bosa_status add_actions(struct connector *connector, uint32_t object,
                                    struct bosa_error *err)
{
    const struct json_doc *doc = &connector->doc;
    uint32_t end = json_next(doc, object);
    enum bosa_status status = BOSA_OK;

    connector->actions = mem_zalloc(doc->nodes[object].len, sizeof *connector->actions);
    if (!connector->actions) {
        return error_nomem(err);
    }
    for (uint32_t key = object + 1; key < end && status == BOSA_OK; key = json_next(doc, key + 1)) {
        size_t len;
        const char *name = json_text(doc, key, &len);

        if (is_action(doc, name, len, key + 1)) {
            status = add_action(connector, key, err);
        }
    }
    qsort(connector->actions, connector->action_count, sizeof *connector->actions, compare_actions);
    drop_doubles(connector);
    return status;
}

const char *const hub_page_parameters[] = {"cursor", "page_token", "next_token",
                                           "page",   "from_last",  NULL};
static const size_t cursor_names = 3; /* of them, in front */

static bool takes(const struct schema *schema, const char *property)
{
    return schema_has_property(schema, property, strlen(property));
}

/* The first name of a cursor that the schema has counts: an action that has two means it for
 * paging. Some actions take both a cursor and `page`. */
static void note_paging(struct action_paging *paging, const struct schema *schema)
{
    const char *name = NULL;

    for (size_t i = 0; !name && i < cursor_names; i++) {
        name = takes(schema, hub_page_parameters[i]) ? hub_page_parameters[i] : NULL;
    }
    if (name) {
        paging->cursor_name = name;
        paging->cursor_takes = schema_property_takes(schema, name, strlen(name));
    }
    paging->takes_page = takes(schema, hub_page_parameters[cursor_names]);
    paging->takes_from_last = takes(schema, hub_page_parameters[cursor_names + 1]);
}

/* Compiled late, since a program uses few of a connector's actions. A failure leaves it to the next
 * try. */
enum bosa_status action_schema(struct connector *connector, struct action *action,
                               const struct schema **out, struct bosa_error *err)
{
    enum bosa_status status = BOSA_OK;

    if (!action->schema && action->params != JSON_NONE) {
        status = schema_compile(&action->schema, &connector->doc, action->params, err);
        if (status == BOSA_OK) {
            note_paging(&action->paging, action->schema);
        }
    }
    *out = action->schema;
    return status;
}

const struct action_paging *action_paging(struct connector *connector, struct action *action)
{
    const struct schema *schema;
    struct bosa_error ignored;

    if (!action->schema) {
        error_init(&ignored);
        (void)action_schema(connector, action, &schema, &ignored);
        error_clear(&ignored);
    }
    return &action->paging;
}

/* ---- learning ---- */

/* Finds the connector in its document and lists its actions. */
static enum bosa_status read_response(struct connector *connector, struct bosa_error *err)
{
    const struct json_doc *doc = &connector->doc;
    uint32_t object;

    if (json_type(doc, 0) != JSON_OBJECT) {
        return error_set(err, BOSA_PROTOCOL,
                         "%.*s%s: the server's list of actions is no JSON object",
                         TEXT_SHOWN(connector->name, strlen(connector->name)));
    }
    object = json_member(doc, 0, connector->name);
    if (object == JSON_NONE || json_type(doc, object) == JSON_NULL) {
        return error_set(err, BOSA_UNKNOWN_CONNECTOR, "the server has no connector `%.*s%s`",
                         TEXT_SHOWN(connector->name, strlen(connector->name)));
    }
    if (json_type(doc, object) != JSON_OBJECT) {
        return error_set(err, BOSA_PROTOCOL,
                         "%.*s%s: the server's list of actions is no JSON object",
                         TEXT_SHOWN(connector->name, strlen(connector->name)));
    }
    return add_actions(connector, object, err);
}

/* Makes a connector of a discovery response (moved from `doc`, also on failure). */
static enum bosa_status held_new(struct held **out, const char *name, struct json_doc *doc,
                                 const char *etag, const char *last_modified,
                                 struct bosa_error *err)
{
    struct held *held = mem_zalloc(1, sizeof *held);
    struct connector *connector;
    enum bosa_status status;

    if (!held) {
        json_free(doc);
        return error_nomem(err);
    }
    connector = &held->connector;
    connector->doc = *doc;
    json_init(doc);
    connector->name = mem_dup(name, strlen(name));
    if (!connector->name || !hub_copy_text(&connector->etag, etag) ||
        !hub_copy_text(&connector->last_modified, last_modified)) {
        status = error_nomem(err);
    } else {
        status = read_response(connector, err);
    }
    if (status != BOSA_OK) {
        held_free(held);
        return status;
    }
    *out = held;
    return BOSA_OK;
}

/* Puts a connector (taken, also on failure) in the place of what is held under its name. */
static enum bosa_status hold(struct hub *hub, struct held *held, struct bosa_error *err)
{
    size_t index;
    struct held *old = hub_held(hub, held->connector.name, &index);
    struct held **grown;

    if (old) {
        hub->held[index] = held;
        held_free(old);
        return BOSA_OK;
    }
    grown = mem_realloc(hub->held, (hub->held_count + 1) * sizeof *grown);
    if (!grown) {
        held_free(held);
        return error_nomem(err);
    }
    hub->held = grown;
    memmove(grown + index + 1, grown + index, (hub->held_count - index) * sizeof *grown);
    grown[index] = held;
    hub->held_count++;
    return BOSA_OK;
}

/* Writes a connector to the disk, where a cache is on. A failure costs a fetch later, so it is not
 * told. */
static void keep_on_disk(const struct hub *hub, const struct connector *connector)
{
    struct cache_entry entry = {0};
    struct bosa_error ignored;
    struct buf text;

    if (!hub->cache_dir) {
        return;
    }
    error_init(&ignored);
    buf_init(&text);
    if (json_write(&text, &connector->doc, 0, &ignored) == BOSA_OK) {
        entry.text = text.data; /* these are lent to cache_write */
        entry.len = text.len;
        entry.fetched = connector->fetched;
        entry.etag = connector->etag;
        entry.last_modified = connector->last_modified;
        (void)cache_write(hub->cache_dir, hub->base_url, connector->name, &entry, &ignored);
    }
    buf_free(&text);
    error_clear(&ignored);
}

/* The new connector is whole before the old one is let go, so a failure leaves what was there. */
enum bosa_status hub_learn(struct hub *hub, const char *name, struct json_doc *doc,
                           const char *etag, const char *last_modified, const struct moment *now,
                           struct bosa_error *err)
{
    struct held *held = NULL;
    enum bosa_status status = held_new(&held, name, doc, etag, last_modified, err);

    if (status == BOSA_UNKNOWN_CONNECTOR) {
        hub_forget(hub, name);
    }
    if (status == BOSA_OK && held) {
        held->connector.fetched = now->unix_s;
        status = hold(hub, held, err);
    }
    if (status != BOSA_OK || !held) {
        return error_locate(err, status, name, NULL, 0);
    }
    keep_on_disk(hub, &held->connector);
    return BOSA_OK;
}

/* Not written to the disk: a snapshot is the caller's own, and may be of another server. */
enum bosa_status hub_pin(struct hub *hub, const char *name, struct json_doc *doc,
                         struct bosa_error *err)
{
    struct held *held = NULL;
    enum bosa_status status = held_new(&held, name, doc, NULL, NULL, err);

    if (status == BOSA_OK && held) {
        held->connector.pinned = true;
        status = hold(hub, held, err);
    }
    return status == BOSA_OK ? BOSA_OK : error_locate(err, status, name, NULL, 0);
}

/* The disk is told, too, or the next process would ask again. */
void hub_confirm(struct hub *hub, const char *name, const struct moment *now)
{
    size_t index;
    struct held *held = hub_held(hub, name, &index);

    if (held) {
        held->stale = false;
        held->connector.fetched = now->unix_s;
        keep_on_disk(hub, &held->connector);
    }
}

/* The disk first: `name` may be the string of the very connector that is freed. */
void hub_forget(struct hub *hub, const char *name)
{
    size_t index;
    struct held *held = hub_held(hub, name, &index);

    if (hub->cache_dir) {
        cache_remove(hub->cache_dir, hub->base_url, name);
    }
    if (held) {
        hub->held_count--;
        memmove(hub->held + index, hub->held + index + 1,
                (hub->held_count - index) * sizeof *hub->held);
        held_free(held);
    }
}

/* ---- recalling ---- */

/*
 * Makes a connector of a cache entry, whose text is taken. An entry that is whole but
 * malformed is removed; without memory it stays.
 */
static struct held *held_recall(const struct hub *hub, const char *name, struct cache_entry *entry)
{
    struct held *held = NULL;
    struct bosa_error ignored;
    struct json_doc doc;
    enum bosa_status status;

    error_init(&ignored);
    json_init(&doc);
    status = json_parse_lenient(&doc, entry->text, entry->len, &ignored);
    entry->text = NULL;
    if (status == BOSA_OK) {
        status = held_new(&held, name, &doc, entry->etag, entry->last_modified, &ignored);
    } else {
        json_free(&doc);
    }
    if (status != BOSA_OK && status != BOSA_NOMEM) {
        cache_remove(hub->cache_dir, hub->base_url, name);
    }
    error_clear(&ignored);
    return held;
}

/* Whether an entry is worth reading: fresher than what is held, and fresh or fit to ask "changed
 * since?". */
static bool is_worth_it(const struct held *old, const struct cache_entry *entry, bool fresh)
{
    if (old && old->connector.fetched >= entry->fetched) {
        return false;
    }
    return fresh || entry->etag || entry->last_modified;
}

/* True only for schemas fit for use; a stale one is held, too, but hub_find passes over it. */
bool hub_recall(struct hub *hub, const char *name, const struct moment *now)
{
    struct cache_entry entry;
    struct bosa_error ignored;
    struct held *held = NULL;
    size_t index;
    bool fresh;

    if (!hub->cache_dir || !cache_read(hub->cache_dir, hub->base_url, name, &entry)) {
        return false;
    }
    fresh = hub->cache_ttl > 0 && within_ttl(hub, entry.fetched, now);
    if (is_worth_it(hub_held(hub, name, &index), &entry, fresh)) {
        held = held_recall(hub, name, &entry);
    }
    if (held) {
        held->stale = !fresh;
        held->connector.fetched = entry.fetched;
        error_init(&ignored);
        if (hold(hub, held, &ignored) != BOSA_OK) {
            fresh = false;
        }
        error_clear(&ignored);
    }
    cache_entry_free(&entry);
    return fresh && held;
}
