/*
 * compat: Lua 5.4's C API, as far as it is used here, on LuaJIT's 5.1 ABI and on Lua 5.5.
 *
 * The Lua values of a userdata are its user values, of which 5.4 has any number. 5.1 has one, which
 * is a table (its environment): there they are in that.
 */
#ifndef BOSA_LUA_COMPAT_H
#define BOSA_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#if LUA_VERSION_NUM < 502

#define lua_rawlen(L, i) lua_objlen((L), (i))
#define lua_setuservalue(L, i) lua_setfenv((L), (i))
#define lua_absindex(L, i) ((i) > 0 || (i) <= LUA_REGISTRYINDEX ? (i) : lua_gettop(L) + (i) + 1)
#define compat_setfuncs(L, list) luaL_register((L), NULL, (list))
#define COMPAT_LOSSY_INTEGERS 1 /* numbers are doubles: past 2^53 not every integer has one */

#else

#define compat_setfuncs(L, list) luaL_setfuncs((L), (list), 0)
#define COMPAT_LOSSY_INTEGERS 0

#endif

/* A step of the collector, as for an allocation of so many kB. Lua 5.5 counts in bytes. */
#if LUA_VERSION_NUM >= 505
#define compat_gc_step(L, kb) lua_gc((L), LUA_GCSTEP, (size_t)(kb)*1024)
#else
#define compat_gc_step(L, kb) lua_gc((L), LUA_GCSTEP, (int)(kb))
#endif

/*
 * The registry's value under an address, which is found in less time than a name. Pushes it; or
 * pops the value on top, and sets it.
 */
static inline void compat_get_registered(lua_State *L, const void *address)
{
#if LUA_VERSION_NUM < 502
    lua_pushlightuserdata(L, (void *)address);
    lua_rawget(L, LUA_REGISTRYINDEX);
#else
    lua_rawgetp(L, LUA_REGISTRYINDEX, address);
#endif
}

static inline void compat_set_registered(lua_State *L, const void *address)
{
    lua_pushlightuserdata(L, (void *)address);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

/*
 * Whether the running coroutine can yield here. What was built for LuaJIT may meet plain Lua 5.1,
 * which has no such question: there a coroutine is taken to be able to.
 */
#if LUA_VERSION_NUM < 502 && defined(LUA_JITLIBNAME) && defined(__GNUC__)
#pragma weak lua_isyieldable
#define COMPAT_HAS_ISYIELDABLE (lua_isyieldable != NULL)
#elif LUA_VERSION_NUM < 502 && !defined(LUA_JITLIBNAME)
#define COMPAT_HAS_ISYIELDABLE 0
#define lua_isyieldable(L) 0
#else
#define COMPAT_HAS_ISYIELDABLE 1
#endif

static inline int compat_isyieldable(lua_State *L)
{
    if (COMPAT_HAS_ISYIELDABLE) {
        return lua_isyieldable(L);
    }
    int is_main = lua_pushthread(L);
    lua_pop(L, 1);
    return !is_main;
}

#endif
