/*
 * The connector: a name and a hub. It looks schemas up in memory and never fetches them; lua/bosa
 * does, and asks here again.
 */
#include "bind.h"

#include <string.h>

static struct lconnector *check(lua_State *L, int arg)
{
    return bind_check_class(L, arg, CONNECTOR_CLASS);
}

/* Shows the URL of a closed hub, too. */
static int connector_tostring(lua_State *L)
{
    struct lconnector *c = check(L, 1);
    bind_kept(L, 1, KEPT_HUB);
    struct lhub *h = bind_check_hub(L, -1);
    lua_pushfstring(L, "connector %s (%s)", c->name, h->url);
    return 1;
}

/* hub:connect(name) -> connector. Lazy: nothing is looked up, so it can't fail. */
static int hub_connect(lua_State *L)
{
    bind_check_hub(L, 1);
    size_t len = 0;
    const char *name = bind_check_string(L, 2, &len);
    luaL_argcheck(L, len > 0 && strlen(name) == len, 2, "a connector's name expected");
    struct lconnector *c = bind_new(L, sizeof *c + len + 1, CONNECTOR_CLASS, KEPT_MORE);
    memcpy(c->name, name, len + 1);
    c->len = len;
    lua_pushvalue(L, 1);
    bind_keep(L, -2, KEPT_HUB);
    return 1;
}

/* connector:_hub() -> hub, name */
static int connector_hub(lua_State *L)
{
    struct lconnector *c = check(L, 1);
    bind_kept(L, 1, KEPT_HUB);
    lua_pushlstring(L, c->name, c->len);
    return 2;
}

/*
 * The loaded connector of the userdata at 1; NULL when its schemas aren't in memory, or the hub is
 * closed. Borrowed, and gone as soon as a finalizer closes the hub: callers make their Lua values
 * before, and copy what they need at once.
 */
static struct connector *loaded(lua_State *L)
{
    struct lconnector *c = check(L, 1);
    bind_kept(L, 1, KEPT_HUB);
    struct lhub *h = bind_check_hub(L, -1);
    lua_pop(L, 1);
    struct moment now = clock_moment();
    return h->hub ? hub_find(h->hub, c->name, &now) : NULL;
}

/*
 * Pushes what was copied; raises without memory. Making the tables may run finalizers, which is why
 * a copy is pushed and not the hub's own document.
 */
static int push(lua_State *L, const struct json_doc *copy)
{
    if (copy->failed) {
        return bind_nomem(L);
    }
    values_push(L, copy, 0, INT_STRING, 0);
    return 1;
}

/* connector:_actions() -> list of names, sorted (nil: not loaded) */
static int connector_actions(lua_State *L)
{
    struct json_doc *names = bind_push_nodes(L);
    struct connector *c = loaded(L);
    if (!c) {
        return 0;
    }
    uint32_t list = json_open(names, JSON_ARRAY);
    for (size_t i = 0; i < c->action_count; i++) {
        json_add_string(names, c->actions[i].name, c->actions[i].name_len);
    }
    json_close(names, list, (uint32_t)c->action_count);
    return push(L, names);
}

/* connector:_describe(action) -> the entry of discovery as a table (nil: no such action, or not
 * loaded) */
static int connector_describe(lua_State *L)
{
    size_t len = 0;
    const char *name = luaL_checklstring(L, 2, &len);
    struct json_doc *entry = bind_push_nodes(L);
    struct connector *c = loaded(L);
    struct action *action = c ? connector_action(c, name, len) : NULL;
    if (!action) {
        return 0;
    }
    json_add_copy(entry, &c->doc, action->node);
    return push(L, entry);
}

void bind_open_connector(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__tostring", connector_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"_hub", connector_hub},
                                       {"_actions", connector_actions},
                                       {"_describe", connector_describe},
                                       {NULL, NULL}};
    bind_class(L, CONNECTOR_CLASS, meta, methods);
    bind_add_keeping(L, CONNECTOR_CLASS);
    compat_get_registered(L, HUB_CLASS);
    lua_getfield(L, -1, "methods");
    lua_pushcfunction(L, hub_connect);
    lua_setfield(L, -2, "connect");
    lua_pop(L, 2);
}
