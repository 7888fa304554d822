/*
 * Schemas of a snapshot, given to a hub. Called by lua/bosa/snapshot.lua; it never asks a server,
 * and reads no file.
 */
#include "bind.h"

/*
 * hub:_load_snapshot(text) -> list of its connectors' names | nil, err: holds them as if the server
 * had described them. After an error those before the wrong one are held all the same. Raises for a
 * closed hub.
 */
static int hub_load(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    size_t len = 0;
    const char *text = luaL_checklstring(L, 2, &len);
    struct json_doc *names = bind_push_nodes(L);
    luaL_argcheck(L, h->hub, 1, "an open hub expected");
    if (hub_load_snapshot(h->hub, text, len, names, &h->error) != BOSA_OK) {
        return bind_fail(L, &h->error);
    }
    values_push(L, names, 0, INT_STRING, 0);
    return 1;
}

void bind_open_snapshot(lua_State *L)
{
    static const luaL_Reg methods[] = {{"_load_snapshot", hub_load}, {NULL, NULL}};
    compat_get_registered(L, HUB_CLASS);
    lua_getfield(L, -1, "methods");
    compat_setfuncs(L, methods);
    lua_pop(L, 2);
}
