/*
 * Which of several names was meant, by the core's one rule (base/nearest.h). Called by what is
 * written in Lua and finds a name unknown, and by the search of actions.
 */
#include "bind.h"

#include "base/nearest.h"

/* nearest(wanted, names) -> the one of them that was meant, or nil. */
static int names_nearest(lua_State *L)
{
    struct nearest best = NEAREST_NONE;
    size_t len = 0;
    const char *wanted = luaL_checklstring(L, 1, &len);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t count = lua_rawlen(L, 2);
    for (size_t i = 1; i <= count; i++) {
        size_t name_len = 0;
        lua_rawgeti(L, 2, (int)i);
        if (lua_type(L, -1) == LUA_TSTRING) {
            const char *name = lua_tolstring(L, -1, &name_len); /* the table keeps it */
            nearest_try(&best, wanted, len, name, name_len);
        }
        lua_pop(L, 1);
    }
    const char *found = nearest_found(&best, &len);
    if (!found) {
        return 0;
    }
    lua_pushlstring(L, found, len);
    return 1;
}

/* distance(a, b, most) -> edit distance of two words; past `most`, and of endless words, most + 1.
 */
static int names_distance(lua_State *L)
{
    size_t a_len = 0, b_len = 0;
    const char *a = luaL_checklstring(L, 1, &a_len), *b = luaL_checklstring(L, 2, &b_len);
    lua_Integer most = luaL_checkinteger(L, 3);
    lua_Integer longer = (lua_Integer)(a_len > b_len ? a_len - b_len : b_len - a_len);
    lua_Integer distance = most + 1;
    if (longer <= most && a_len <= NEAREST_MAX && b_len <= NEAREST_MAX) {
        distance = (lua_Integer)nearest_distance(a, a_len, b, b_len);
    }
    lua_pushinteger(L, distance <= most ? distance : most + 1);
    return 1;
}

void bind_open_nearest(lua_State *L)
{
    lua_pushcfunction(L, names_nearest);
    lua_setfield(L, -2, "nearest");
    lua_pushcfunction(L, names_distance);
    lua_setfield(L, -2, "distance");
}
