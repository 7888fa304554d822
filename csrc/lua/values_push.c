#include "values.h"

#include <stdio.h>
#include <stdlib.h>

/* Pushes an integer given as text, as `mode` says, where a number of this VM may not hold it. */
static void push_digits(lua_State *L, const char *text, size_t len, bool fits64, enum int_mode mode)
{
    if (mode == INT_CDATA && fits64) {
        lua_getfield(L, LUA_REGISTRYINDEX, TO_CDATA);
        if (lua_isfunction(L, -1)) {
            lua_pushlstring(L, text, len);
            lua_call(L, 1, 1);
            return;
        }
        lua_pop(L, 1);
    }
    lua_pushlstring(L, text, len);
    if (mode == INT_NUMBER) {
        lua_Number number = strtod(lua_tostring(L, -1), NULL);
        lua_pop(L, 1);
        lua_pushnumber(L, number);
    }
}

static void push_int(lua_State *L, int64_t value, enum int_mode mode)
{
#if COMPAT_LOSSY_INTEGERS
    if (value > (int64_t)EXACT_DOUBLE || value < -(int64_t)EXACT_DOUBLE) {
        char text[24];
        int len = snprintf(text, sizeof text, "%lld", (long long)value);
        push_digits(L, text, (size_t)len, true, mode);
        return;
    }
    lua_pushnumber(L, (lua_Number)value);
#else
    (void)mode;
    lua_pushinteger(L, (lua_Integer)value);
#endif
}

static void push_uint(lua_State *L, uint64_t value, enum int_mode mode)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    push_digits(L, text, (size_t)len, true, mode);
}

static void push_node(lua_State *L, const struct json_doc *doc, uint32_t node, enum int_mode mode);

static void push_array(lua_State *L, const struct json_doc *doc, uint32_t node, enum int_mode mode)
{
    uint32_t len = doc->nodes[node].len;
    lua_createtable(L, len > INT32_MAX ? INT32_MAX : (int)len, 0);
    if (len == 0) {
        luaL_getmetatable(L, ARRAY_MT);
        lua_setmetatable(L, -2);
        return;
    }
    uint32_t child = node + 1;
    for (uint32_t i = 1; i <= len; i++) {
        push_node(L, doc, child, mode);
        lua_rawseti(L, -2, (int)i);
        child = json_next(doc, child);
    }
}

static void push_object(lua_State *L, const struct json_doc *doc, uint32_t node, enum int_mode mode)
{
    uint32_t len = doc->nodes[node].len;
    lua_createtable(L, 0, len > INT32_MAX ? INT32_MAX : (int)len);
    if (len == 0) {
        luaL_getmetatable(L, OBJECT_MT);
        lua_setmetatable(L, -2);
        return;
    }
    uint32_t key = node + 1;
    for (uint32_t i = 0; i < len; i++) {
        const struct json_node *name = &doc->nodes[key];
        lua_pushlstring(L, doc->text + name->v.at, name->len);
        push_node(L, doc, key + 1, mode);
        lua_rawset(L, -3);
        key = json_next(doc, key + 1);
    }
}

static void push_node(lua_State *L, const struct json_doc *doc, uint32_t node, enum int_mode mode)
{
    const struct json_node *n = &doc->nodes[node];
    switch ((enum json_type)n->type) {
    case JSON_NULL:
    case JSON_FILE:
        lua_pushlightuserdata(L, NULL);
        return;
    case JSON_FALSE:
    case JSON_TRUE:
        lua_pushboolean(L, n->type == JSON_TRUE);
        return;
    case JSON_INT:
        push_int(L, n->v.i, mode);
        return;
    case JSON_UINT:
        push_uint(L, n->v.u, mode);
        return;
    case JSON_DIGITS:
        push_digits(L, doc->text + n->v.at, n->len, false, mode);
        return;
    case JSON_DOUBLE:
        lua_pushnumber(L, n->v.d);
        return;
    case JSON_STRING:
        lua_pushlstring(L, doc->text + n->v.at, n->len);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        luaL_checkstack(L, 4, "JSON too deep");
        if (n->type == JSON_ARRAY) {
            push_array(L, doc, node, mode);
        } else {
            push_object(L, doc, node, mode);
        }
        return;
    }
    lua_pushnil(L);
}

void values_push(lua_State *L, const struct json_doc *doc, uint32_t node, enum int_mode mode)
{
    push_node(L, doc, node, mode);
}
