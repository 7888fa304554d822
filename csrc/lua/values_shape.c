/*
 * What a table says of itself: list or object, by the metatables that mark one. Called by
 * values_read.c for each table that it reads.
 */
#include "bind.h"
#include "values.h"

bool values_is_cjson(lua_State *L, const char *name)
{
    bool same = false;
    int top = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "cjson");
        if (lua_istable(L, -1)) {
            lua_pushstring(L, name);
            lua_rawget(L, -2);
            same = !lua_isnil(L, -1) && lua_rawequal(L, -1, top);
        }
    }
    lua_settop(L, top - 1);
    return same;
}

/* Compared raw: the metatable's own content is not looked at. Leaves the stack as it was. */
enum values_shape values_shape(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index)) {
        return SHAPE_UNKNOWN;
    }
    luaL_getmetatable(L, ARRAY_MT);
    luaL_getmetatable(L, OBJECT_MT);
    enum values_shape shape = SHAPE_UNKNOWN;
    if (lua_rawequal(L, -3, -2)) {
        shape = SHAPE_ARRAY;
    } else if (lua_rawequal(L, -3, -1)) {
        shape = SHAPE_OBJECT;
    }
    lua_pop(L, 2);
    lua_pushvalue(L, -1);
    if (shape == SHAPE_UNKNOWN && values_is_cjson(L, "array_mt")) {
        shape = SHAPE_ARRAY;
    } else if (shape != SHAPE_UNKNOWN) {
        lua_pop(L, 1);
    }
    if (shape == SHAPE_UNKNOWN) {
        lua_pushvalue(L, -1);
        shape = values_is_cjson(L, "empty_array_mt") && lua_rawlen(L, index) == 0 ? SHAPE_ARRAY
                                                                                  : SHAPE_UNKNOWN;
    }
    if (shape == SHAPE_UNKNOWN && values_is_field(L, -1, "vim", "_empty_dict_mt")) {
        shape = SHAPE_OBJECT;
    }
    lua_pop(L, 1);
    return shape;
}
