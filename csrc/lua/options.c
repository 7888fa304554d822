/*
 * Options out of a table, each with its type and range. Called where a hub, a file or a call is
 * made. It returns only values that the core can take, and raises with the option's name for all
 * others; it holds no memory of its own, so a raise leaks nothing.
 */
#include "options.h"

#include "base/nearest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Raises, with the name that was meant where one is near. */
static void unknown_option(lua_State *L, const char *given, const char *const *names)
{
    struct nearest best = NEAREST_NONE;
    size_t len = 0;
    for (size_t i = 0; names[i]; i++) {
        nearest_try(&best, given, strlen(given), names[i], strlen(names[i]));
    }
    const char *meant = nearest_found(&best, &len); /* one of names: it ends with a NUL */
    if (meant) {
        luaL_error(L, "unknown option `%s`; did you mean `%s`?", given, meant);
    }
    luaL_error(L, "unknown option `%s`", given);
}

/*
 * Checked first, so that a misspelt option isn't passed over. The key is looked at as it is:
 * lua_tostring on a number would change it under lua_next.
 */
void options_check_names(lua_State *L, int index, const char *const *names)
{
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING) {
            luaL_error(L, "options must have names, not positions");
        }
        const char *given = lua_tostring(L, -1);
        size_t i = 0;
        while (names[i] && strcmp(names[i], given) != 0) {
            i++;
        }
        if (!names[i]) {
            unknown_option(L, given, names);
        }
    }
}

/* Raises about the value on top. */
static void wrong_type(lua_State *L, const char *name, const char *expected)
{
    luaL_error(L, "option `%s`: %s expected, got %s", name, expected, luaL_typename(L, -1));
}

/* The core takes C strings, so one with a NUL is refused rather than cut. */
const char *options_string(lua_State *L, int index, const char *name, const char *fallback)
{
    lua_getfield(L, index, name);
    if (lua_isnil(L, -1)) {
        return fallback;
    }
    if (lua_type(L, -1) != LUA_TSTRING) {
        wrong_type(L, name, "string");
    }
    if (strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1)) {
        luaL_error(L, "option `%s` must not hold a NUL", name);
    }
    return lua_tostring(L, -1);
}

bool options_bool(lua_State *L, int index, const char *name, bool fallback)
{
    lua_getfield(L, index, name);
    if (lua_isnil(L, -1)) {
        return fallback;
    }
    if (!lua_isboolean(L, -1)) {
        wrong_type(L, name, "boolean");
    }
    return lua_toboolean(L, -1);
}

/*
 * The range is looked at first: converting a double past it is undefined in C. That also refuses
 * not-a-number.
 */
int64_t options_int(lua_State *L, int index, const char *name, int64_t min, int64_t max,
                    int64_t fallback)
{
    lua_getfield(L, index, name);
    if (lua_isnil(L, -1)) {
        return fallback;
    }
    if (lua_type(L, -1) != LUA_TNUMBER) {
        wrong_type(L, name, "integer");
    }
    lua_Number value = lua_tonumber(L, -1);
    if (!(value >= (lua_Number)min && value <= (lua_Number)max) ||
        value != (lua_Number)(int64_t)value) {
        char range[48];
        snprintf(range, sizeof range, "%" PRId64 " to %" PRId64, min, max);
        luaL_error(L, "option `%s` must be a whole number from %s", name, range);
    }
    return (int64_t)value;
}

/* Seconds as milliseconds, 0 when they make no time. */
static int64_t to_ms(lua_Number seconds)
{
    if (!(seconds > 0 && seconds <= OPTIONS_MAX_SECONDS)) {
        return 0;
    }
    int64_t ms = (int64_t)(seconds * 1000);
    return ms > 0 ? ms : 1;
}

/* What to say of a number that makes no time. */
static const char *wrong_seconds(lua_Number seconds)
{
    return seconds > 0 ? "at most 1000000000 seconds expected; false is no limit"
                       : "seconds above 0 expected";
}

int64_t options_ms(lua_State *L, int index, const char *name, int64_t fallback)
{
    lua_getfield(L, index, name);
    if (lua_isnil(L, -1)) {
        return fallback;
    }
    if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) {
        return 0;
    }
    if (lua_type(L, -1) != LUA_TNUMBER) {
        wrong_type(L, name, "number of seconds");
    }
    int64_t ms = to_ms(lua_tonumber(L, -1));
    if (ms == 0) {
        luaL_error(L, "option `%s`: %s", name, wrong_seconds(lua_tonumber(L, -1)));
    }
    return ms;
}

void options_push(lua_State *L, int index, const char *name, int type)
{
    lua_getfield(L, index, name);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != type) {
        wrong_type(L, name, lua_typename(L, type));
    }
}

int64_t options_check_ms(lua_State *L, int arg)
{
    if (lua_isnoneornil(L, arg) || (lua_isboolean(L, arg) && !lua_toboolean(L, arg))) {
        return 0;
    }
    luaL_checktype(L, arg, LUA_TNUMBER);
    int64_t ms = to_ms(lua_tonumber(L, arg));
    luaL_argcheck(L, ms > 0, arg, wrong_seconds(lua_tonumber(L, arg)));
    return ms;
}
