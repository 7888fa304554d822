/*
 * Lua values to JSON and back: the input is a program for a small machine that builds a value on
 * Lua's stack. What can be encoded is JSON, and encodes the same after decoding.
 */
#include "fuzz.h"

#include <lauxlib.h>
#include <lualib.h>

int luaopen_bosa_core(lua_State *L);

#define MOST_VALUES 64 /* on the stack at once */
#define MOST_COPIES 8  /* each may double the text: a table in several places is written in each */

struct machine {
    lua_State *L;
    const uint8_t *at, *end;
    int copies; /* made so far */
};

static uint8_t next(struct machine *m)
{
    return m->at < m->end ? *m->at++ : 0;
}

static void push_text(struct machine *m)
{
    size_t len = next(m) % 32, left = (size_t)(m->end - m->at);
    len = len < left ? len : left;
    lua_pushlstring(m->L, (const char *)m->at, len);
    m->at += len;
}

static void push_number(struct machine *m)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = next(m);
    }
    if (next(m) % 2) {
        double value;
        memcpy(&value, bytes, sizeof value);
        lua_pushnumber(m->L, value);
    } else {
        lua_Integer value;
        memcpy(&value, bytes, sizeof value);
        lua_pushinteger(m->L, value);
    }
}

/* Makes the two values on top a key and its value of the table below; others are left alone. */
static void set_field(lua_State *L)
{
    if (lua_gettop(L) < 3 || !lua_istable(L, -3) || lua_isnil(L, -2) ||
        (lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) != lua_tonumber(L, -2))) {
        lua_settop(L, lua_gettop(L) > 1 ? lua_gettop(L) - 1 : 1);
        return;
    }
    lua_rawset(L, -3);
}

static void append(lua_State *L)
{
    if (lua_gettop(L) < 2 || !lua_istable(L, -2)) {
        return;
    }
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

static void step(struct machine *m)
{
    lua_State *L = m->L;
    switch (next(m) % 10) {
    case 0:
        lua_newtable(L);
        break;
    case 1:
        push_text(m);
        break;
    case 2:
        push_number(m);
        break;
    case 3:
        lua_pushboolean(L, next(m) % 2);
        break;
    case 4:
        lua_pushlightuserdata(L, NULL);
        break;
    case 5:
        set_field(L);
        break;
    case 6:
        append(L);
        break;
    case 7:
        if (m->copies++ < MOST_COPIES) {
            lua_pushvalue(L, -1);
        }
        break;
    case 8:
        lua_pushinteger(L, next(m) % 8);
        break;
    default:
        luaL_getmetatable(L, next(m) % 2 ? "bosa.array" : "bosa.object");
        if (lua_istable(L, -2)) {
            lua_setmetatable(L, -2);
        } else {
            lua_pop(L, 1);
        }
    }
}

/* Calls core.json.`name` with the value on top; leaves its first result, NULL for a refusal. */
static const char *call(lua_State *L, const char *name)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "json");
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    lua_insert(L, -2);
    PROMISE(lua_pcall(L, 1, 2, 0) == LUA_OK);
    PROMISE(!lua_isnil(L, -2) || !lua_isnil(L, -1)); /* or an error object */
    lua_pop(L, 1);
    return lua_isnil(L, -1) ? NULL : "";
}

static void round_trip(lua_State *L)
{
    if (!call(L, "encode")) {
        return;
    }
    lua_pushvalue(L, -1);
    PROMISE(call(L, "decode"));
    PROMISE(call(L, "encode"));
    PROMISE(lua_rawlen(L, -1) == lua_rawlen(L, -2)); /* the order of members is Lua's */
}

/* One state for all inputs, as making one takes far longer than an input does. */
static lua_State *state(void)
{
    static lua_State *L;
    if (!L) {
        L = luaL_newstate();
        PROMISE(L != NULL);
        luaL_openlibs(L);
        luaL_requiref(L, "bosa.core", luaopen_bosa_core, 0);
        lua_getfield(L, -1, "json");
        lua_setfield(L, LUA_REGISTRYINDEX, "json");
    }
    lua_settop(L, 0);
    return L;
}

/* Leaves one value on the stack. */
static void build(struct machine *m)
{
    lua_State *L = m->L;
    lua_newtable(L);
    while (m->at < m->end) {
        if (lua_gettop(L) > MOST_VALUES) {
            append(L);
        }
        step(m);
    }
    while (lua_gettop(L) > 1) {
        append(L);
        if (lua_gettop(L) > 1 && !lua_istable(L, -2)) {
            lua_remove(L, -2);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine m = {state(), data, data + size, 0};
    build(&m);
    round_trip(m.L);
    return 0;
}
