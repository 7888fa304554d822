/*
 * What the classes share: making userdata, keeping Lua values, checking arguments. Called by every
 * file of the binding. It looks into the struct of no class.
 */
#include "bind.h"

#include <string.h>

const char bind_class_hub[] = "bosa.hub", bind_class_connector[] = "bosa.connector",
           bind_class_action[] = "bosa.action", bind_class_call[] = "bosa.call",
           bind_class_response[] = "bosa.response", bind_class_file[] = "bosa.file",
           bind_class_error[] = "bosa.error", bind_class_buf[] = "bosa.buf",
           bind_class_nodes[] = "bosa.nodes";

/*
 * What each userdata of bind_new begins with. The rest makes it as large as what Lua aligns a
 * userdata for, which is less than malloc's 16: a block with user values may begin at any 8 bytes.
 */
union header {
    struct {
        const char *class_name; /* the address stands for the class */
        const void *metatable;
    } of;
    lua_Number number;
    lua_Integer integer;
};

/*
 * The beginning tells nearly all other userdata apart. One that another library has not filled may
 * lie where one of ours was, and still begin as that did: so what has the beginning must have the
 * metatable, too. The metatable alone would not tell another copy of this module apart.
 */
void *bind_test_class(lua_State *L, int index, const char *class_name)
{
    if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) < sizeof(union header)) {
        return NULL;
    }
    union header *header = lua_touserdata(L, index);
    if (header->of.class_name != class_name || !lua_getmetatable(L, index)) {
        return NULL;
    }
    bool same = lua_topointer(L, -1) == header->of.metatable;
    lua_pop(L, 1);
    return same ? header + 1 : NULL;
}

/* luaL_checkudata lets an object pass that another copy of this module has made. */
void *bind_check_class(lua_State *L, int arg, const char *class_name)
{
    void *block = bind_test_class(L, arg, class_name);
    if (!block) {
        luaL_checkudata(L, arg, class_name);
        luaL_argerror(L, arg, "an object of another copy of bosa");
    }
    return block;
}

void *bind_take_spare(lua_State *L)
{
    void *spare = lua_touserdata(L, lua_upvalueindex(1));
    if (spare) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushnil(L);
        lua_replace(L, lua_upvalueindex(1));
    }
    return spare;
}

void bind_give_spare(lua_State *L, int index)
{
    lua_pushvalue(L, index);
    lua_replace(L, lua_upvalueindex(1));
}

void bind_set_class(lua_State *L, const char *class_name)
{
    compat_get_registered(L, class_name);
    lua_setmetatable(L, -2);
}

void bind_new_metatable(lua_State *L, const char *class_name)
{
    luaL_newmetatable(L, class_name);
    lua_pushvalue(L, -1);
    compat_set_registered(L, class_name);
}

/*
 * On 5.1 the table is made first: nothing after the userdata allocates, so a raise leaves no
 * half-made object, and from the first moment at which __gc may run it finds zeroes.
 */
void *bind_new(lua_State *L, size_t size, const char *class_name, enum kept last)
{
#if LUA_VERSION_NUM < 502
    lua_createtable(L, last, 0);
    union header *header = lua_newuserdata(L, sizeof *header + size);
    lua_insert(L, -2);
    lua_setuservalue(L, -2);
#else
    union header *header = lua_newuserdatauv(L, sizeof *header + size, last);
#endif
    memset(header, 0, sizeof *header + size);
    compat_get_registered(L, class_name);
    header->of.class_name = class_name;
    header->of.metatable = lua_topointer(L, -1);
    lua_setmetatable(L, -2);
    return header + 1;
}

/*
 * The module table must be on top. Its `classes` gets the metatable under the name without "bosa.".
 * `methods` is kept apart from __index, since classes with fields put a function there.
 */
void bind_class(lua_State *L, const char *class_name, const luaL_Reg *meta, const luaL_Reg *methods)
{
    lua_getfield(L, -1, "classes");
    bind_new_metatable(L, class_name);
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
    bind_new_metatable(L, class_name);
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    if (methods) {
        lua_newtable(L);
        compat_setfuncs(L, methods);
        lua_setfield(L, -2, "__index");
    }
    lua_pop(L, 1);
}

/* Every value has its place from the start. On 5.1 one may be kept that the class has no room for:
 * there the table grows, and that may raise (memory). */
void bind_keep(lua_State *L, int index, enum kept what)
{
#if LUA_VERSION_NUM < 502
    index = lua_absindex(L, index);
    lua_getfenv(L, index);
    lua_insert(L, -2);
    lua_rawseti(L, -2, what);
    lua_pop(L, 1);
#else
    lua_setiuservalue(L, index, what);
#endif
}

void bind_kept(lua_State *L, int index, enum kept what)
{
#if LUA_VERSION_NUM < 502
    lua_getfenv(L, index);
    lua_rawgeti(L, -1, what);
    lua_replace(L, -2);
#else
    lua_getiuservalue(L, index, what);
#endif
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
 * Raises unless the value at 1 is of the class whose method runs: a userdata of another library has
 * other user values than ours, or on LuaJIT the globals.
 */
static void check_keeper(lua_State *L)
{
    bind_check_class(L, 1, lua_touserdata(L, lua_upvalueindex(1)));
}

/*
 * object:_keep(name, value): keeps it in place of what was kept; nil lets go of that. Raises for a
 * name that stands for nothing, and for the hub, which the object's struct points to.
 */
static int keep(lua_State *L)
{
    check_keeper(L);
    lua_settop(L, 3);
    enum kept what = check_kept(L, 2);
    luaL_argcheck(L, what != KEPT_HUB, 2, "an object keeps its hub");
    bind_keep(L, 1, what);
    return 0;
}

/* object:_kept(name) -> value, nil where nothing is kept. Raises for a name that stands for
 * nothing. */
static int kept(lua_State *L)
{
    check_keeper(L);
    bind_kept(L, 1, check_kept(L, 2));
    return 1;
}

void bind_add_keeping(lua_State *L, const char *class_name)
{
    compat_get_registered(L, class_name);
    lua_getfield(L, -1, "methods");
    lua_pushlightuserdata(L, (void *)class_name);
    lua_pushcclosure(L, keep, 1);
    lua_setfield(L, -2, "_keep");
    lua_pushlightuserdata(L, (void *)class_name);
    lua_pushcclosure(L, kept, 1);
    lua_setfield(L, -2, "_kept");
    lua_pop(L, 2);
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
    bind_set_class(L, NODES_CLASS);
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
