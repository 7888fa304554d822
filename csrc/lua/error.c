/*
 * Error objects, and the two ways to give them: returned, or raised for misuse. Called by every
 * file of the binding. An error object is a plain table: it holds nothing of the core, and Lua
 * makes and reads it like any other.
 */
#include "bind.h"

#include "base/text.h"
#include "json/json_error.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE 300 /* characters of a line that lists parameters */

/* Characters of text that is UTF-8, or nearly. */
static size_t characters(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return count;
}

/* Pushes the message of the list's i-th validation error; nil where it has none. */
static void push_listed(lua_State *L, int list, int i)
{
    lua_rawgeti(L, list, i);
    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "message");
        lua_rawget(L, -2);
        lua_remove(L, -2);
    }
    if (lua_type(L, -1) != LUA_TSTRING) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}

/* How many validation errors there are by a message "FIRST (and N more)"; 0: it is no such one. */
static int count_errors(const char *message, const char *first)
{
    static const char between[] = " (and ";
    size_t len = strlen(first);
    char *end;
    if (strncmp(message, first, len) != 0 ||
        strncmp(message + len, between, sizeof between - 1) != 0) {
        return 0;
    }
    long more = strtol(message + len + sizeof between - 1, &end, 10);
    return strncmp(end, " more)", 6) == 0 && more > 0 && more < INT_MAX ? (int)more + 1 : 0;
}

/* True when two messages, and what else is on the line, fit it. */
static bool fits_line(lua_State *L, int text, int next, size_t taken)
{
    size_t len, more;
    const char *a = lua_tolstring(L, text, &len);
    const char *b = lua_tolstring(L, next, &more);
    return taken + characters(a, len) + sizeof "; " - 1 + characters(b, more) <= MAX_LINE;
}

/*
 * The message on the top may tell the first of several validation errors: replaces it by one that
 * tells all that fit a line with `taken` characters of other things.
 */
static void list_errors(lua_State *L, int details, size_t taken)
{
    int message = lua_gettop(L), text = message + 1;
    push_listed(L, details, 1);
    int count =
        lua_isnil(L, text) ? 0 : count_errors(lua_tostring(L, message), lua_tostring(L, text));
    int shown = 1;
    for (; shown < count; shown++) {
        size_t suffix = shown + 1 < count ? sizeof " (and 1000 more)" - 1 : 0;
        push_listed(L, details, shown + 1);
        if (lua_isnil(L, -1) || !fits_line(L, text, -1, taken + suffix)) {
            lua_pop(L, 1);
            break;
        }
        lua_pushfstring(L, "%s; %s", lua_tostring(L, text), lua_tostring(L, -1));
        lua_replace(L, text);
        lua_settop(L, text);
    }
    if (shown < count) {
        lua_pushfstring(L, "%s (and %d more)", lua_tostring(L, text), count - shown);
        lua_replace(L, text);
    }
    if (count > 0) {
        lua_replace(L, message);
    }
    lua_settop(L, message);
}

/* Characters of the string at `index`; 0 for anything else. */
static size_t width(lua_State *L, int index)
{
    size_t len = 0;
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &len) : NULL;
    return text ? characters(text, len) : 0;
}

/* Adds a name of the error's, of which a line has room for the beginning. */
static void add_name(luaL_Buffer *b, const char *name, size_t len)
{
    luaL_addlstring(b, name, text_cut(name, len, TEXT_SHOWN_NAME));
    luaL_addstring(b, len > TEXT_SHOWN_NAME ? "..." : "");
}

/* Characters that stand around the message in error:__tostring. */
static size_t width_around(lua_State *L)
{
    size_t reference = width(L, 5);
    return width(L, 2) + width(L, 3) + sizeof ".: " - 1 +
           (reference > 0 ? reference + sizeof " (reference )" - 1 : 0);
}

/* error:__tostring(): one line: what failed, where, why, and what support would ask for. */
static int error_tostring(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    luaL_Buffer b;
    lua_getfield(L, 1, "connector");
    lua_getfield(L, 1, "action");
    lua_getfield(L, 1, "message");
    lua_getfield(L, 1, "reference_id");
    lua_getfield(L, 1, "details");
    if (lua_istable(L, 6) && lua_type(L, 4) == LUA_TSTRING) {
        lua_pushvalue(L, 4);
        list_errors(L, 6, width_around(L));
        lua_replace(L, 4);
    }
    luaL_buffinit(L, &b);
    size_t len = 0;
    if (lua_type(L, 2) == LUA_TSTRING) {
        const char *name = lua_tolstring(L, 2, &len);
        add_name(&b, name, len);
        if (lua_type(L, 3) == LUA_TSTRING) {
            luaL_addstring(&b, ".");
            name = lua_tolstring(L, 3, &len);
            add_name(&b, name, len);
        }
        luaL_addstring(&b, ": ");
    }
    luaL_addstring(&b, lua_type(L, 4) == LUA_TSTRING ? lua_tostring(L, 4) : "unknown error");
    if (lua_type(L, 5) == LUA_TSTRING) {
        luaL_addstring(&b, " (reference ");
        luaL_addstring(&b, lua_tostring(L, 5));
        luaL_addstring(&b, ")");
    }
    luaL_pushresult(&b);
    return 1;
}

/* Pushes an operand of `..` as text. Only errors, strings and numbers are such, as for Lua itself.
 */
static void push_operand(lua_State *L, int index)
{
    if (lua_isstring(L, index)) {
        lua_pushvalue(L, index);
    } else if (lua_getmetatable(L, index) && lua_rawequal(L, -1, 3)) {
        lua_pushcfunction(L, error_tostring);
        lua_pushvalue(L, index);
        lua_call(L, 1, 1);
    } else {
        luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, index));
    }
}

/* "text" .. error, error .. "text": people write it of other libraries' errors, which are strings.
 */
static int error_concat(lua_State *L)
{
    lua_settop(L, 2);
    compat_get_registered(L, ERROR_CLASS);
    push_operand(L, 1);
    lua_replace(L, 1);
    push_operand(L, 2);
    lua_replace(L, 2);
    lua_settop(L, 2);
    lua_concat(L, 2);
    return 1;
}

/* Sets a field of the table on top; NULL sets none. */
static void set_text(lua_State *L, const char *name, const char *value)
{
    if (value) {
        lua_pushstring(L, value);
        lua_setfield(L, -2, name);
    }
}

/* As set_text; an attempt or a status of 0 means that there was none. */
static void set_number(lua_State *L, const char *name, int value)
{
    if (value > 0) {
        lua_pushinteger(L, value);
        lua_setfield(L, -2, name);
    }
}

/*
 * Sets `details` to a list of one validation error, so that a program that loops over validation
 * errors finds one also where parameters failed before the schema was asked.
 */
static void set_only_fault(lua_State *L, const char *message)
{
    lua_createtable(L, 1, 0);
    lua_createtable(L, 0, 2);
    set_text(L, "path", "");
    set_text(L, "message", message);
    lua_rawseti(L, -2, 1);
    lua_setfield(L, -2, "details");
}

/*
 * Pushes the error object and clears `err`. A raise on the way leaves `err` as it was, with the
 * userdata (or the call) whose it is. `null`: as values_push has it, for `details`.
 */
static void push_error(lua_State *L, struct bosa_error *err, int null)
{
    lua_createtable(L, 0, 12);
    set_text(L, "kind", error_kind_name(err->kind));
    set_text(L, "message", err->message ? err->message : error_kind_name(err->kind));
    set_text(L, "sent", error_sent_name(err->sent));
    set_text(L, "reference_id", err->reference_id);
    set_text(L, "connector", err->connector);
    set_text(L, "action", err->action);
    set_text(L, "url", err->url);
    set_text(L, "code", err->code);
    set_text(L, "type", err->type);
    set_text(L, "cause", err->cause);
    set_number(L, "status", err->status);
    set_number(L, "contract", err->contract);
    set_number(L, "attempts", err->attempts);
    lua_pushboolean(L, err->retryable);
    lua_setfield(L, -2, "retryable");
    if (err->retry_after >= 0) {
        lua_pushnumber(L, err->retry_after);
        lua_setfield(L, -2, "retry_after");
    }
    if (err->body) {
        lua_pushlstring(L, err->body, err->body_len);
        lua_setfield(L, -2, "body");
    }
    const struct json_doc *details = json_error_details(err);
    if (details && details->count > 0) {
        values_push(L, details, 0, INT_STRING, null);
        lua_setfield(L, -2, "details");
    } else if (err->kind == BOSA_PARAMS) {
        set_only_fault(L, err->message ? err->message : "");
    }
    bind_set_class(L, ERROR_CLASS);
    error_clear(err);
}

void bind_push_error(lua_State *L, struct bosa_error *err)
{
    push_error(L, err, 0);
}

/*
 * Lua's own words, so that a program sees one such error. (luaL_error puts the place before them,
 * and allocates: where even that fails Lua raises its fixed string.)
 */
int bind_nomem(lua_State *L)
{
    return luaL_error(L, "not enough memory");
}

/* BOSA_NOMEM never becomes an object, which would need memory. */
int bind_fail_with(lua_State *L, struct bosa_error *err, int null)
{
    if (err->kind == BOSA_NOMEM) {
        error_clear(err);
        return bind_nomem(L);
    }
    lua_pushnil(L);
    push_error(L, err, null);
    return 2;
}

int bind_fail(lua_State *L, struct bosa_error *err)
{
    return bind_fail_with(L, err, 0);
}

/*
 * The message is a Lua string before `err` is cleared: raising lets no code of ours run afterwards.
 */
int bind_misuse(lua_State *L, int arg, struct bosa_error *err)
{
    if (err->kind == BOSA_NOMEM) {
        error_clear(err);
        return bind_nomem(L);
    }
    lua_pushstring(L, err->message);
    error_clear(err);
    return luaL_argerror(L, arg, lua_tostring(L, -1));
}

/*
 * new_error{kind =, message =, ...} -> the same table, now an error object: for errors that
 * lua/bosa makes.
 */
static int error_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    compat_get_registered(L, ERROR_CLASS);
    lua_setmetatable(L, 1);
    return 1;
}

/*
 * shown(text) -> text: a name that somebody else chose, as a message of lua/bosa quotes it: one
 * line of it, cut where it is long.
 */
static int error_shown(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    size_t kept = text_cut(text, len, TEXT_SHOWN_NAME);
    char copy[TEXT_SHOWN_NAME];
    memcpy(copy, text, kept);
    text_flatten(copy, kept);
    lua_pushlstring(L, copy, kept);
    lua_pushstring(L, kept < len ? "..." : "");
    lua_concat(L, 2);
    return 1;
}

void bind_open_error(lua_State *L)
{
    bind_new_metatable(L, ERROR_CLASS);
    lua_pushcfunction(L, error_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, error_concat);
    lua_setfield(L, -2, "__concat");
    lua_pushstring(L, ERROR_CLASS);
    lua_setfield(L, -2, "__name");
    lua_pop(L, 1);
    lua_pushcfunction(L, error_new);
    lua_setfield(L, -2, "new_error");
    lua_pushcfunction(L, error_shown);
    lua_setfield(L, -2, "shown");
}
