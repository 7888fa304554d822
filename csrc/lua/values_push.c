/*
 * JSON to Lua values, one node at a time. Called for responses and json.decode; it never recurses
 * past the document's own depth.
 */
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/*
 * From Lua 5.3 on an integer holds all of them. LuaJIT's numbers are exact up to 2^53 only; past
 * that `mode` decides.
 */
static void push_int(lua_State *L, int64_t value, enum int_mode mode)
{
#if COMPAT_LOSSY_INTEGERS
    if (value > (int64_t)JSON_EXACT_DOUBLE || value < -(int64_t)JSON_EXACT_DOUBLE) {
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

/* From 2^63 on: no Lua integer holds it, on any VM. */
static void push_uint(lua_State *L, uint64_t value, enum int_mode mode)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    push_digits(L, text, (size_t)len, true, mode);
}

/*
 * Names come again and again in a list of objects. Those seen lately stand in slots of the Lua
 * stack, so that Lua need not hash and look up the same bytes for each object.
 */
#define NAME_SLOTS 64   /* a power of 2 */
#define NAME_MOST 40    /* bytes of a name that is worth a slot: Lua interns no longer ones */
#define WORTH_SLOTS 128 /* nodes of a document below which names hardly come again */

struct seen_name {
    const char *text; /* in the document; NULL: the slot is free */
    uint32_t len;
};

struct pusher {
    lua_State *L;
    const struct json_doc *doc;
    enum int_mode mode;
    int null; /* stack index of what null comes as; 0: a light userdata */
    int base; /* stack index of the first slot; 0: no slots */
    struct seen_name seen[NAME_SLOTS];
};

/*
 * Gives the pusher its slots, which lie above what is on the stack. Raises where the stack can't
 * grow.
 */
static void make_slots(struct pusher *p)
{
    luaL_checkstack(p->L, NAME_SLOTS + 4, "no room for a document's names");
    p->base = lua_gettop(p->L) + 1;
    lua_settop(p->L, p->base + NAME_SLOTS - 1);
    memset(p->seen, 0, sizeof p->seen);
}

/* Pushes a member's name. */
static void push_name(struct pusher *p, const char *text, uint32_t len)
{
    if (p->base == 0 || len == 0 || len > NAME_MOST) {
        lua_pushlstring(p->L, text, len);
        return;
    }
    unsigned mix = len + 5U * (unsigned char)text[0] + 7U * (unsigned char)text[len / 2] +
                   11U * (unsigned char)text[len - 1];
    int slot = (int)(mix % NAME_SLOTS);
    struct seen_name *seen = &p->seen[slot];
    if (seen->text && seen->len == len && memcmp(seen->text, text, len) == 0) {
        lua_pushvalue(p->L, p->base + slot);
        return;
    }
    *seen = (struct seen_name){text, len};
    lua_pushlstring(p->L, text, len);
    lua_pushvalue(p->L, -1);
    lua_replace(p->L, p->base + slot);
}

static uint32_t push_node(struct pusher *p, uint32_t node);

/*
 * Tables are sized from the document's counts: each element is a node that is there already, so no
 * text can ask for more than it has. Raw, as a fresh table has no metamethods.
 */
static void push_array(struct pusher *p, uint32_t node)
{
    lua_State *L = p->L;
    uint32_t len = p->doc->nodes[node].len;
    lua_createtable(L, len > INT32_MAX ? INT32_MAX : (int)len, 0);
    if (len == 0) {
        luaL_getmetatable(L, ARRAY_MT);
        lua_setmetatable(L, -2);
        return;
    }
    uint32_t child = node + 1;
    for (uint32_t i = 1; i <= len; i++) {
        child = push_node(p, child);
        lua_rawseti(L, -2, (int)i);
    }
}

/* Of a name that is given twice the last value stays, as everywhere. */
static void push_object(struct pusher *p, uint32_t node)
{
    lua_State *L = p->L;
    uint32_t len = p->doc->nodes[node].len;
    lua_createtable(L, 0, len > INT32_MAX ? INT32_MAX : (int)len);
    if (len == 0) {
        luaL_getmetatable(L, OBJECT_MT);
        lua_setmetatable(L, -2);
        return;
    }
    uint32_t key = node + 1;
    for (uint32_t i = 0; i < len; i++) {
        const struct json_node *name = &p->doc->nodes[key];
        push_name(p, p->doc->text + name->v.at, name->len);
        key = push_node(p, key + 1);
        lua_rawset(L, -3);
    }
}

/* Pushes a node that has no content; a file, which only parameters have, comes as null. */
static void push_scalar(struct pusher *p, const struct json_node *n)
{
    lua_State *L = p->L;
    switch ((enum json_type)n->type) {
    case JSON_FALSE:
    case JSON_TRUE:
        lua_pushboolean(L, n->type == JSON_TRUE);
        return;
    case JSON_INT:
        push_int(L, n->v.i, p->mode);
        return;
    case JSON_UINT:
        push_uint(L, n->v.u, p->mode);
        return;
    case JSON_DIGITS:
        push_digits(L, p->doc->text + n->v.at, n->len, false, p->mode);
        return;
    case JSON_DOUBLE:
        lua_pushnumber(L, n->v.d);
        return;
    case JSON_STRING:
        lua_pushlstring(L, p->doc->text + n->v.at, n->len);
        return;
    default:
        if (p->null) {
            lua_pushvalue(L, p->null);
        } else {
            lua_pushlightuserdata(L, NULL);
        }
    }
}

/*
 * Pushes a node and returns the index of the one after it and its content. It recurses, no deeper
 * than the parser allows (JSON_MAX_DEPTH), and asks for Lua's stack at each level.
 */
static uint32_t push_node(struct pusher *p, uint32_t node)
{
    const struct json_node *n = &p->doc->nodes[node];
    if (n->type != JSON_ARRAY && n->type != JSON_OBJECT) {
        push_scalar(p, n);
        return node + 1;
    }
    luaL_checkstack(p->L, 4, "JSON too deep");
    if (n->type == JSON_ARRAY) {
        push_array(p, node);
    } else {
        push_object(p, node);
    }
    return (uint32_t)n->v.end;
}

/* The slots lie under the value. At the end it takes the place of the first, and the rest goes. */
static void push_from(struct pusher *p, uint32_t node)
{
    if (json_next(p->doc, node) - node < WORTH_SLOTS) {
        push_node(p, node);
        return;
    }
    make_slots(p);
    push_node(p, node);
    lua_replace(p->L, p->base);
    lua_settop(p->L, p->base);
}

/*
 * Without a `null` of the caller's bosa.null is pushed first, and stays below the value meanwhile,
 * but for the usual light userdata, which needs no slot.
 */
void values_push(lua_State *L, const struct json_doc *doc, uint32_t node, enum int_mode mode,
                 int null)
{
    struct pusher p = {.L = L, .doc = doc, .mode = mode, .null = null};
    int own = 0;
    if (!null) {
        values_push_null(L);
        own = lua_islightuserdata(L, -1) ? 0 : lua_gettop(L);
        p.null = own;
        lua_settop(L, own ? own : lua_gettop(L) - 1);
    }
    push_from(&p, node);
    if (own) {
        lua_remove(L, own);
    }
}
