#include "bind.h"

#include "transport/libcurl_version.h"

#include <string.h>
#include <time.h>

#define USUALLY_KEPT 4 /* Lua values of a userdata: room made at once spares three resizes */

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

void *bind_new(lua_State *L, size_t size, const char *class_name)
{
    lua_createtable(L, 0, USUALLY_KEPT);
    void *block = lua_newuserdata(L, size);
    memset(block, 0, size);
    lua_insert(L, -2);
    lua_setuservalue(L, -2);
    luaL_getmetatable(L, class_name);
    lua_setmetatable(L, -2);
    return block;
}

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

void bind_keep(lua_State *L, int index, const char *key)
{
    index = lua_absindex(L, index);
    lua_getuservalue(L, index);
    lua_insert(L, -2);
    lua_setfield(L, -2, key);
    lua_pop(L, 1);
}

void bind_kept(lua_State *L, int index, const char *key)
{
    lua_getuservalue(L, index);
    lua_getfield(L, -1, key);
    lua_remove(L, -2);
}

int bind_keep_method(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TUSERDATA);
    lua_settop(L, 3);
    bind_keep(L, 1, luaL_checkstring(L, 2));
    return 0;
}

int bind_kept_method(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TUSERDATA);
    bind_kept(L, 1, luaL_checkstring(L, 2));
    return 1;
}

static int nodes_gc(lua_State *L)
{
    json_free(luaL_checkudata(L, 1, NODES_CLASS));
    return 0;
}

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
    luaL_newmetatable(L, NODES_CLASS);
    lua_pushcfunction(L, nodes_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

struct moment bind_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    struct moment now = {(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000, (int64_t)time(NULL)};
    return now;
}

/* now() -> seconds of the monotonic clock that calls are timed by. */
static int module_now(lua_State *L)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9);
    return 1;
}

#define CORE "bosa.core"     /* registry: the core, once it is open */
#define MODULE "bosa.module" /* registry: what require("bosa") gave */

/* What the core knows and Lua has to know too: kinds of error, names of page parameters, limits. */
static void open_constants(lua_State *L)
{
    lua_newtable(L);
    for (int kind = BOSA_PARAMS, i = 1; kind <= BOSA_CLOSED; kind++, i++) {
        lua_pushstring(L, error_kind_name((enum bosa_status)kind));
        lua_rawseti(L, -2, i);
    }
    lua_setfield(L, -2, "kinds");
    lua_newtable(L);
    for (int i = 0; hub_page_parameters[i]; i++) {
        lua_pushstring(L, hub_page_parameters[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "page_parameters");
    lua_pushinteger(L, INVOCATION_MAX_ATTEMPTS);
    lua_setfield(L, -2, "max_attempts");
}

/* module(table?) -> the `bosa` of this state, once it was given. */
static int module_module(lua_State *L)
{
    lua_settop(L, 1);
    if (!lua_isnil(L, 1)) {
        luaL_checktype(L, 1, LUA_TTABLE);
        lua_setfield(L, LUA_REGISTRYINDEX, MODULE);
    }
    lua_getfield(L, LUA_REGISTRYINDEX, MODULE);
    return 1;
}

/* is_yieldable() -> whether the running coroutine can yield here. (In nginx `coroutine` has no such
 * function.) */
static int module_is_yieldable(lua_State *L)
{
    lua_pushboolean(L, lua_isyieldable(L));
    return 1;
}

__attribute__((visibility("default"))) int luaopen_bosa_core(lua_State *L);

/*
 * Pushes the module that this state has already, though it was cleared out of package.loaded or
 * comes from another file: one state has one set of classes. False: there is none.
 */
static bool push_opened(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, CORE);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return false;
    }
    lua_getfield(L, -1, "version");
    const char *version = lua_tostring(L, -1);
    if (!version || strcmp(version, BOSA_VERSION) != 0) {
        luaL_error(L, "bosa %s is loaded in this Lua state already; bosa %s can't be, too",
                   version ? version : "of an unknown version", BOSA_VERSION);
    }
    lua_pop(L, 1);
    return true;
}

int luaopen_bosa_core(lua_State *L)
{
    static const luaL_Reg functions[] = {{"now", module_now},
                                         {"is_yieldable", module_is_yieldable},
                                         {"module", module_module},
                                         {NULL, NULL}};
    if (push_opened(L)) {
        return 1;
    }
    const char *complaint = libcurl_version_complaint();
    if (complaint) {
        return luaL_error(L, "%s", complaint);
    }
    lua_newtable(L);
    compat_setfuncs(L, functions);
    lua_newtable(L);
    lua_setfield(L, -2, "classes");
    lua_pushliteral(L, BOSA_VERSION);
    lua_setfield(L, -2, "version");
    open_constants(L);
    values_open(L);
    bind_open_nodes(L);
    bind_open_error(L);
    bind_open_hub(L);
    bind_open_snapshot(L);
    bind_open_connector(L);
    bind_open_action(L);
    bind_open_call(L);
    bind_open_exchange(L);
    bind_open_recording(L);
    bind_open_response(L);
    bind_open_file(L);
    bind_open_schema(L);
    bind_open_save(L);
    bind_open_writer(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, CORE);
    return 1;
}
