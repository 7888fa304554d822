/*
 * What the classes share: making userdata, keeping Lua values, checking arguments. Called by every
 * file of the binding. It looks into the struct of no class.
 */
#include "bind.h"

#include <string.h>

#define USUALLY_KEPT 4 /* Lua values of a userdata, in the array of its table */

/*
 * A light userdata has a metatable only where somebody gave one to all of them; that is no class's,
 * so it is told apart by the same comparison.
 */
void *compat_testudata(lua_State *L, int index, const char *name)
{
    void *block = lua_touserdata(L, index);
    if (!block || !lua_getmetatable(L, index)) {
        return NULL;
    }
    luaL_getmetatable(L, name);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same ? block : NULL;
}

/*
 * The table is made first: nothing after the userdata allocates, so a raise leaves no half-made
 * object, and from the first moment at which __gc may run it finds zeroes.
 */
void *bind_new(lua_State *L, size_t size, const char *class_name)
{
    lua_createtable(L, USUALLY_KEPT, 0);
    void *block = lua_newuserdata(L, size);
    memset(block, 0, size);
    lua_insert(L, -2);
    lua_setuservalue(L, -2);
    luaL_getmetatable(L, class_name);
    lua_setmetatable(L, -2);
    return block;
}

/*
 * The module table must be on top. Its `classes` gets the metatable under the name without "bosa.".
 * `methods` is kept apart from __index, since classes with fields put a function there.
 */
void bind_class(lua_State *L, const char *class_name, const luaL_Reg *meta, const luaL_Reg *methods)
{
    lua_getfield(L, -1, "classes");
    luaL_newmetatable(L, class_name);
    lua_pushstring(L, class_name);
    lua_setfield(L, -2, "__name");
    lua_newtable(L);
    compat_setfuncs(L, methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "methods");
    lua_setfield(L, -2, "__index");
    compat_setfuncs(L, meta);
    lua_setfield(L, -2, class_name + sizeof "bosa." - 1);
    lua_pop(L, 1);
}

void bind_plain_class(lua_State *L, const char *class_name, lua_CFunction gc,
                      const luaL_Reg *methods)
{
    luaL_newmetatable(L, class_name);
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    if (methods) {
        lua_newtable(L);
        compat_setfuncs(L, methods);
        lua_setfield(L, -2, "__index");
    }
    lua_pop(L, 1);
}

/*
 * May raise (memory) where the table has to grow. Keys up to USUALLY_KEPT have their place from the
 * start. The value is popped.
 */
void bind_keep(lua_State *L, int index, enum kept what)
{
    index = lua_absindex(L, index);
    lua_getuservalue(L, index);
    lua_insert(L, -2);
    lua_rawseti(L, -2, what);
    lua_pop(L, 1);
}

void bind_kept(lua_State *L, int index, enum kept what)
{
    lua_getuservalue(L, index);
    lua_rawgeti(L, -1, what);
    lua_remove(L, -2);
}

/*
 * The value that the name at `arg` stands for; raises where it is none. They are few, and the ones
 * that every call asks for come first.
 */
static enum kept check_kept(lua_State *L, int arg)
{
    static const struct {
        const char *name;
        enum kept what;
    } names[] = {{"hub", KEPT_HUB},           {"transport", KEPT_TRANSPORT},
                 {"on_event", KEPT_ON_EVENT}, {"output", KEPT_OUTPUT},
                 {"hooks", KEPT_HOOKS},       {"on_progress", KEPT_ON_PROGRESS},
                 {"before", KEPT_BEFORE},     {"after", KEPT_AFTER},
                 {"cache", KEPT_CACHE},       {"calls", KEPT_CALLS},
                 {"snapshot", KEPT_SNAPSHOT}, {"connector", KEPT_CONNECTOR},
                 {"name", KEPT_NAME},         {"params", KEPT_PARAMS},
                 {"headers", KEPT_HEADERS},   {"identifier", KEPT_IDENTIFIER},
                 {"error", KEPT_ERROR},       {"null", KEPT_NULL},
                 {"token", KEPT_TOKEN},       {"traceparent", KEPT_TRACEPARENT}};
    const char *name = luaL_checkstring(L, arg);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i].name) == 0) {
            return names[i].what;
        }
    }
    return luaL_argerror(L, arg, "nothing is kept by this name");
}

/*
 * Raises unless the value at 1 is of a class that keeps Lua values. A userdata of another library
 * has no uservalue table: Lua 5.4 would write through nil there, LuaJIT into the globals.
 */
static void check_keeper(lua_State *L)
{
    static const char *const classes[] = {ACTION_CLASS, CONNECTOR_CLASS, HUB_CLASS, RESPONSE_CLASS,
                                          CALL_CLASS};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (compat_testudata(L, 1, classes[i])) {
            return;
        }
    }
    luaL_argerror(L, 1, "an object of bosa expected");
}

/*
 * object:_keep(name, value): keeps it in place of what was kept; nil lets go of that. Raises for a
 * name that stands for nothing.
 */
int bind_keep_method(lua_State *L)
{
    check_keeper(L);
    lua_settop(L, 3);
    bind_keep(L, 1, check_kept(L, 2));
    return 0;
}

/* object:_kept(name) -> value, nil where nothing is kept. Raises as _keep does. */
int bind_kept_method(lua_State *L)
{
    check_keeper(L);
    bind_kept(L, 1, check_kept(L, 2));
    return 1;
}

static int nodes_gc(lua_State *L)
{
    json_free(luaL_checkudata(L, 1, NODES_CLASS));
    return 0;
}

/* The document is initialised before it gets its metatable, as __gc may run from then on. */
struct json_doc *bind_push_nodes(lua_State *L)
{
    struct json_doc *doc = lua_newuserdata(L, sizeof *doc);
    json_init(doc);
    luaL_getmetatable(L, NODES_CLASS);
    lua_setmetatable(L, -2);
    return doc;
}

void bind_open_nodes(lua_State *L)
{
    bind_plain_class(L, NODES_CLASS, nodes_gc, NULL);
}

const char *bind_check_string(lua_State *L, int arg, size_t *len)
{
    luaL_checktype(L, arg, LUA_TSTRING);
    return lua_tolstring(L, arg, len);
}

const char *bind_check_path(lua_State *L, int arg)
{
    size_t len = 0;
    const char *path = bind_check_string(L, arg, &len);
    luaL_argcheck(L, strlen(path) == len, arg, "must not hold a NUL");
    return path;
}
