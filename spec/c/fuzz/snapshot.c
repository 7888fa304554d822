/*
 * Snapshots, as a program hands them in and as commands find them on the disk. Every connector that
 * is taken can be asked for each of its actions, whatever their schemas say.
 */
#include "fuzz.h"
#include "hub/hub.h"

static void try_action(struct connector *connector, struct action *action)
{
    const struct schema *schema = NULL;
    struct bosa_error err;
    error_init(&err);
    enum bosa_status status = action_schema(connector, action, &schema, &err);
    PROMISE(status == BOSA_OK || (status == BOSA_PROTOCOL && err.message));
    PROMISE(connector_action(connector, action->name, action->name_len) == action);
    (void)action_paging(connector, action);
    error_clear(&err);
}

static void try_connector(struct hub *hub, const struct json_doc *names, uint32_t node)
{
    struct moment now = {0, 0, 0};
    size_t len;
    const char *text = json_text(names, node, &len);
    char *name = mem_dup(text, len);
    struct connector *connector = hub_find(hub, name, &now);
    PROMISE(connector != NULL);
    for (size_t i = 0; i < connector->action_count; i++) {
        try_action(connector, &connector->actions[i]);
    }
    mem_free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hub_options options = {.base_url = "https://h", .policy.max_attempts = 1};
    struct hub *hub = NULL;
    struct json_doc names;
    struct bosa_error err;
    error_init(&err);
    json_init(&names);
    PROMISE(hub_new(&hub, &options, &err) == BOSA_OK);
    enum bosa_status status =
        hub_load_snapshot(hub, size > 0 ? (const char *)data : "", size, &names, &err);
    PROMISE(status == BOSA_OK || (status == BOSA_PROTOCOL && err.message));
    for (uint32_t i = 1; status == BOSA_OK && i < names.count; i++) {
        try_connector(hub, &names, i);
    }
    error_clear(&err);
    json_free(&names);
    hub_unref(hub);
    return 0;
}
