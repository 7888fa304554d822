/*
 * Opens the module: bosa.core, with the classes and what is of none of them. Called by Lua's
 * require.
 */
#include "bind.h"

#include "base/random.h"
#include "transport/libcurl_version.h"

#include <string.h>
#include <time.h>

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

/* What the core knows and Lua has to know too: kinds of error, names of page parameters, limits,
 * advice. */
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
    lua_pushliteral(L, HUB_NO_CREDENTIALS);
    lua_setfield(L, -2, "no_credentials");
    lua_pushliteral(L, TRACEPARENT_EXPECTED);
    lua_setfield(L, -2, "traceparent_expected");
    lua_pushinteger(L, INVOCATION_MAX_ATTEMPTS);
    lua_setfield(L, -2, "max_attempts");
    lua_pushinteger(L, BIND_MAX_CHUNK);
    lua_setfield(L, -2, "max_chunk");
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

/* random() -> 32 hexadecimal digits that nobody can guess. Raises where the system has none. */
static int module_random(lua_State *L)
{
    char digits[2 * RANDOM_MOST + 1];
    if (!random_hex(digits, RANDOM_MOST)) {
        return luaL_error(L, "/dev/urandom can't be read (no descriptor is left?)");
    }
    lua_pushstring(L, digits);
    return 1;
}

/* is_yieldable() -> whether the running coroutine can yield here. (In nginx `coroutine` has no such
 * function.) */
static int module_is_yieldable(lua_State *L)
{
    lua_pushboolean(L, compat_isyieldable(L));
    return 1;
}

/* is_traceparent(text) -> whether it may be sent as one */
static int module_is_traceparent(lua_State *L)
{
    size_t len = 0;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushboolean(L, traceparent_is_valid(text, len));
    return 1;
}

/* The one name that the library exports. */
__attribute__((visibility("default"))) int luaopen_bosa_core(lua_State *L);

/* Which Lua this was built for. lua/bosa/load_core.lua finds it in the file when the file can't be
 * loaded. */
#define BUILT_FOR_MARK "bosa.core for "
__attribute__((used)) static const char built_for[] = BUILT_FOR_MARK LUA_VERSION;

/* Raises when another Lua has loaded this. Most of these loads fail before that, for want of a
 * symbol; 5.4 and 5.5 have the same ones. */
static void check_lua(lua_State *L)
{
#if LUA_VERSION_NUM >= 504
    if (lua_version(L) != (lua_Number)LUA_VERSION_NUM) {
        luaL_error(L, "bosa.core was built for %s", built_for + sizeof BUILT_FOR_MARK - 1);
    }
#else
    (void)L;
#endif
}

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
                                         {"random", module_random},
                                         {"module", module_module},
                                         {"is_traceparent", module_is_traceparent},
                                         {NULL, NULL}};
    check_lua(L);
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
    bind_open_call_steps(L);
    bind_open_exchange(L);
    bind_open_recording(L);
    bind_open_response(L);
    bind_open_file(L);
    bind_open_schema(L);
    bind_open_save(L);
    bind_open_writer(L);
    bind_open_tree(L);
    bind_open_private_file(L);
    bind_open_dir_lock(L);
    bind_open_nearest(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, CORE);
    return 1;
}
