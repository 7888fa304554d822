/*
 * lua_script: a Lua state that knows the module, for targets whose reader is written in Lua. The
 * script gives a function that takes the input as a string and must not raise.
 */
#ifndef BOSA_FUZZ_LUA_SCRIPT_H
#define BOSA_FUZZ_LUA_SCRIPT_H

#include "fuzz.h"

#include <lauxlib.h>
#include <lualib.h>

int luaopen_bosa_core(lua_State *L);

static void script_fail(lua_State *L)
{
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
}

/* A state with the script's function on its stack. */
static lua_State *script_open(const char *script)
{
    lua_State *L = luaL_newstate();
    PROMISE(L != NULL);
    luaL_openlibs(L);
    luaL_requiref(L, "bosa.core", luaopen_bosa_core, 0);
    PROMISE(luaL_dostring(L, "package.path = 'lua/?.lua;lua/?/init.lua;' .. package.path") == 0);
    if (luaL_loadstring(L, script) != 0 || lua_pcall(L, 0, 1, 0) != 0) {
        script_fail(L);
    }
    lua_replace(L, 1);
    lua_settop(L, 1);
    return L;
}

static void script_run(lua_State *L, const uint8_t *data, size_t size)
{
    lua_pushvalue(L, 1);
    lua_pushlstring(L, (const char *)data, size);
    if (lua_pcall(L, 1, 0, 0) != 0) {
        script_fail(L);
    }
    lua_gc(L, LUA_GCCOLLECT, 0);
}

#endif
