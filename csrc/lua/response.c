/*
 * The response: data, meta, header fields and items of a call that went well. Lua tables are made
 * when somebody asks for them, and then once.
 */
#include "bind.h"

#include "base/mem.h"
#include "base/text.h"
#include "call/paging.h"
#include "http/header_fields.h"

#include <string.h>

#define COLLECTOR_PART 8  /* measured: 4 to 16 keep memory flat and cost no time */
#define MAX_STEP 0x100000 /* kB; what the collector is told of one response at most */

struct lresponse *bind_check_response(lua_State *L, int arg)
{
    struct lresponse *r = bind_check_class(L, arg, RESPONSE_CLASS);
    if (!r->call) {
        luaL_error(L, "this response is gone: it was finalized before what uses it");
    }
    return r;
}

static struct lresponse *check(lua_State *L)
{
    return bind_check_response(L, 1);
}

/*
 * Lua's collector doesn't see what a response holds in the core, so dead ones would pile up: it is
 * told of a part of it, as of allocations of its own. Each part stands for more than its size,
 * since a step of the collector goes through Lua's memory and not through the core's.
 */
static void press_collector(lua_State *L, const struct reply *reply)
{
    size_t bytes = reply->doc.cap * sizeof *reply->doc.nodes + reply->doc.text_cap;
    size_t part = (bytes + reply->sink.bytes.cap) / 1024 / COLLECTOR_PART;
#ifdef LUA_GCISRUNNING
    if (!lua_gc(L, LUA_GCISRUNNING, 0)) {
        return;
    }
#endif
    if (part > 0) {
        compat_gc_step(L, part > MAX_STEP ? MAX_STEP : part);
    }
}

/*
 * Everything that may raise comes first; the call is taken last, so it always has one owner. The
 * new userdata's __gc finds NULL until then.
 */
void bind_push_response(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    struct lcall *c = bind_check_class(L, index, CALL_CLASS);
    struct lresponse *r = bind_new(L, sizeof *r, RESPONSE_CLASS, KEPT_FEW);
    error_init(&r->error);
    static const enum kept handed_on[] = {KEPT_HUB, KEPT_OUTPUT, KEPT_ON_PROGRESS};
    for (size_t i = 0; i < 3; i++) {
        bind_kept(L, index, handed_on[i]);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
        } else {
            bind_keep(L, -2, handed_on[i]);
        }
    }
    r->ints = c->hub->ints;
    r->own_null = c->hub->own_null;
    if (r->own_null) {
        bind_kept(L, index, KEPT_HUB);
        bind_kept(L, -1, KEPT_NULL);
        bind_keep(L, -3, KEPT_NULL);
        lua_pop(L, 1);
    }
    r->call = c->call;
    r->call->owner = NULL;
    c->call = NULL;
    press_collector(L, &r->call->reply);
}

/*
 * `call` becomes NULL: a file, or another finalizer, may still reach this response
 * (bind_check_response).
 */
static int response_gc(lua_State *L)
{
    struct lresponse *r = bind_check_class(L, 1, RESPONSE_CLASS);
    call_free(r->call);
    r->call = NULL;
    error_clear(&r->error);
    return 0;
}

static const struct reply *reply_of(const struct lresponse *r)
{
    return &r->call->reply;
}

static bool has_data(const struct lresponse *r)
{
    return reply_of(r)->kind == REPLY_JSON && reply_of(r)->data != JSON_NONE;
}

static bool is_list(const struct lresponse *r)
{
    return has_data(r) && json_type(&reply_of(r)->doc, reply_of(r)->data) == JSON_ARRAY;
}

static uint32_t list_length(const struct lresponse *r)
{
    return is_list(r) ? reply_of(r)->doc.nodes[reply_of(r)->data].len : 0;
}

/* response:_is_null() -> whether its data is JSON's null */
static int response_is_null(lua_State *L)
{
    const struct lresponse *r = check(L);
    lua_pushboolean(L, has_data(r) && json_type(&reply_of(r)->doc, reply_of(r)->data) == JSON_NULL);
    return 1;
}

/* Pushes a node of the response, with integers and null as its hub wants them. */
static void push_value(lua_State *L, const struct lresponse *r, uint32_t node)
{
    int null = 0;
    if (r->own_null) {
        bind_kept(L, 1, KEPT_NULL);
        null = lua_gettop(L);
    }
    values_push(L, &reply_of(r)->doc, node, r->ints, null);
    if (null) {
        lua_remove(L, null);
    }
}

/* What data is of a response that has no JSON: a file, or nil for an empty response. */
static void push_other_data(lua_State *L, const struct lresponse *r)
{
    if (reply_of(r)->kind == REPLY_FILE) {
        bind_push_received_file(L, 1);
    } else {
        lua_pushnil(L);
    }
}

/* Pushes data, decoded at the first time and kept. */
static int push_data(lua_State *L, struct lresponse *r)
{
    bind_kept(L, 1, KEPT_DATA);
    if (!lua_isnil(L, -1)) {
        return 1;
    }
    lua_pop(L, 1);
    if (has_data(r)) {
        push_value(L, r, reply_of(r)->data);
    } else {
        push_other_data(L, r);
    }
    lua_pushvalue(L, -1);
    bind_keep(L, 1, KEPT_DATA);
    return 1;
}

/*
 * Pushes meta, decoded at the first time and kept. Where there is none it is a table marked as an
 * object, so that it encodes as {}.
 */
static int push_meta(lua_State *L, struct lresponse *r)
{
    bind_kept(L, 1, KEPT_META);
    if (!lua_isnil(L, -1)) {
        return 1;
    }
    lua_pop(L, 1);
    const struct reply *reply = reply_of(r);
    enum json_type type = reply->kind == REPLY_JSON && reply->meta != JSON_NONE
                              ? json_type(&reply->doc, reply->meta)
                              : JSON_NULL;
    bool has = type == JSON_OBJECT || type == JSON_ARRAY; /* nothing else has fields */
    if (has) {
        push_value(L, r, reply->meta);
    } else {
        lua_newtable(L);
        luaL_getmetatable(L, OBJECT_MT);
        lua_setmetatable(L, -2);
    }
    lua_pushvalue(L, -1);
    bind_keep(L, 1, KEPT_META);
    return 1;
}

/* response:get_data() -> the data of the response, or a file; decoded when first asked for. */
static int response_get_data(lua_State *L)
{
    return push_data(L, check(L));
}

/* response:get_meta() -> table, empty where the response has none */
static int response_get_meta(lua_State *L)
{
    return push_meta(L, check(L));
}

/* response:get_status() -> HTTP status */
static int response_get_status(lua_State *L)
{
    lua_pushinteger(L, reply_of(check(L))->status);
    return 1;
}

/* response:is_list() */
static int response_is_list(lua_State *L)
{
    lua_pushboolean(L, is_list(check(L)));
    return 1;
}

/* response:has_next(), response:has_prev() */
static int response_has_next(lua_State *L)
{
    lua_pushboolean(L, paging_has(check(L)->call, true));
    return 1;
}

static int response_has_prev(lua_State *L)
{
    lua_pushboolean(L, paging_has(check(L)->call, false));
    return 1;
}

/* response:_body() -> the whole body as the server sent it, or a file */
static int response_body(lua_State *L)
{
    struct lresponse *r = check(L);
    if (reply_of(r)->kind == REPLY_JSON) {
        push_value(L, r, 0);
    } else {
        push_other_data(L, r);
    }
    return 1;
}

/* Pushes the header fields by lower-case name; a repeated one is joined by ", ". */
static int push_headers(lua_State *L, struct lresponse *r)
{
    const struct fields *fields = &reply_of(r)->fields;
    lua_createtable(L, 0, (int)fields->count);
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *f = &fields->list[i];
        luaL_Buffer b;
        luaL_buffinit(L, &b);
        for (const char *at = f->name; *at; at++) {
            luaL_addchar(&b, text_lower(*at));
        }
        luaL_pushresult(&b);
        lua_pushvalue(L, -1);
        lua_gettable(L, -3);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            lua_pushlstring(L, f->value, f->value_len);
        } else {
            lua_pushliteral(L, ", ");
            lua_pushlstring(L, f->value, f->value_len);
            lua_concat(L, 3);
        }
        lua_settable(L, -3);
    }
    return 1;
}

/*
 * Pushes element `i` (from 1) alone, nil past the ends; the place of the one before is remembered,
 * so a loop takes one step each. Once data was decoded its table counts, which the program may have
 * changed.
 */
static int push_item(lua_State *L, struct lresponse *r, lua_Number i)
{
    bind_kept(L, 1, KEPT_DATA);
    if (!lua_isnil(L, -1)) {
        if (lua_istable(L, -1)) {
            lua_pushnumber(L, i);
            lua_gettable(L, -2);
            return 1;
        }
        return 0;
    }
    if (!(i >= 1 && i <= list_length(r)) || i != (lua_Number)(uint32_t)i) {
        return 0;
    }
    const struct json_doc *doc = &reply_of(r)->doc;
    uint32_t wanted = (uint32_t)i - 1;
    if (r->seen_node == 0 || wanted < r->seen) {
        r->seen = 0;
        r->seen_node = reply_of(r)->data + 1;
    }
    for (; r->seen < wanted; r->seen++) {
        r->seen_node = json_next(doc, r->seen_node);
    }
    push_value(L, r, r->seen_node);
    return 1;
}

/* response:_item(i) -> element i of the list, made now */
static int response_item(lua_State *L)
{
    return push_item(L, check(L), luaL_checknumber(L, 2));
}

/*
 * Pushes the reference id, or nothing. It is copied to the C stack, since the string is owned and
 * pushing may raise; one of 256 bytes or more is no reference.
 */
static int push_reference(lua_State *L, struct lresponse *r)
{
    char *id = reply_reference_id(reply_of(r));
    if (!id) {
        return 0;
    }
    bool short_enough = strlen(id) < 256;
    char copy[256];
    memcpy(copy, id, short_enough ? strlen(id) + 1 : 0);
    mem_free(id);
    if (!short_enough) {
        return 0;
    }
    lua_pushstring(L, copy);
    return 1;
}

/* Pushes a field by its name, or nothing: response[key] is nil for all others. */
static int push_field(lua_State *L, struct lresponse *r, const char *name)
{
    if (strcmp(name, "data") == 0) {
        return push_data(L, r);
    }
    if (strcmp(name, "meta") == 0) {
        return push_meta(L, r);
    }
    if (strcmp(name, "status") == 0) {
        lua_pushinteger(L, reply_of(r)->status);
        return 1;
    }
    if (strcmp(name, "headers") == 0) {
        return push_headers(L, r);
    }
    if (strcmp(name, "attempts") == 0) {
        lua_pushinteger(L, r->call->attempts);
        return 1;
    }
    if (strcmp(name, "elapsed") == 0) {
        lua_pushnumber(L, (lua_Number)(r->call->ended - r->call->begun) / 1e6);
        return 1;
    }
    return strcmp(name, "reference_id") == 0 ? push_reference(L, r) : 0;
}

/* response[key]: a method, a field, or element `key` of the list */
static int response_index(lua_State *L)
{
    struct lresponse *r = check(L);
    if (lua_type(L, 2) == LUA_TNUMBER) {
        return push_item(L, r, lua_tonumber(L, 2));
    }
    lua_pushvalue(L, 2);
    lua_gettable(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1) || lua_type(L, 2) != LUA_TSTRING) {
        return 1;
    }
    return push_field(L, r, lua_tostring(L, 2));
}

/* Elements of a list that somebody may have changed since it was decoded. */
static size_t changed_length(lua_State *L, const struct lresponse *r)
{
    bind_kept(L, 1, KEPT_DATA);
    size_t len = lua_istable(L, -1) ? lua_rawlen(L, -1) : list_length(r);
    lua_pop(L, 1);
    return len;
}

/* #response: elements of the list */
static int response_len(lua_State *L)
{
    struct lresponse *r = check(L);
    size_t len = r->changed && is_list(r) ? changed_length(L, r) : list_length(r);
    lua_pushinteger(L, (lua_Integer)len);
    return 1;
}

/* response:_change(data?): the data is what it now is in Lua, or `data` instead. */
static int response_change(lua_State *L)
{
    struct lresponse *r = check(L);
    lua_settop(L, 2);
    r->changed = true;
    if (!lua_isnil(L, 2)) {
        bind_keep(L, 1, KEPT_DATA);
    }
    return 0;
}

/* "response github.list_issues (200, list of 30)"; one that is no action's has no name. */
static int response_tostring(lua_State *L)
{
    struct lresponse *r = check(L);
    const struct invocation *invocation = r->call->invocation;
    if (invocation) {
        lua_pushfstring(L, "response %s.%s", invocation->connector, invocation->action);
    } else {
        lua_pushliteral(L, "response");
    }
    lua_pushfstring(L, " (%d", reply_of(r)->status);
    if (is_list(r)) {
        lua_pushfstring(L, ", list of %d%s)", (int)list_length(r),
                        paging_has(r->call, true) ? ", more pages" : "");
    } else {
        lua_pushstring(L, reply_of(r)->kind == REPLY_FILE ? ", a file)" : ")");
    }
    lua_concat(L, 3);
    return 1;
}

/* response:_names() -> hub, connector, action (nil, nil for a response that is no action's) */
static int response_names(lua_State *L)
{
    struct lresponse *r = check(L);
    bind_kept(L, 1, KEPT_HUB);
    lua_pushstring(L, r->call->invocation ? r->call->invocation->connector : NULL);
    lua_pushstring(L, r->call->invocation ? r->call->invocation->action : NULL);
    return 3;
}

/* response:_filtered() -> whether it is of an action whose items the server was to filter */
static int response_filtered(lua_State *L)
{
    const struct invocation *invocation = check(L)->call->invocation;
    lua_pushboolean(L, invocation &&
                           json_member(&invocation->params, 0, "response_filters") != JSON_NONE);
    return 1;
}

/* response:_same_data(other) -> whether both hold the same, for loops that a server must not make
 * endless */
static int response_same_data(lua_State *L)
{
    struct lresponse *a = check(L);
    struct lresponse *b = bind_check_response(L, 2);
    bool same =
        has_data(a) && has_data(b) &&
        json_equal(&reply_of(a)->doc, reply_of(a)->data, &reply_of(b)->doc, reply_of(b)->data);
    lua_pushboolean(L, same);
    return 1;
}

void bind_open_response(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", response_gc},
                                    {"__len", response_len},
                                    {"__tostring", response_tostring},
                                    {NULL, NULL}};
    static const luaL_Reg methods[] = {{"get_data", response_get_data},
                                       {"get_meta", response_get_meta},
                                       {"get_status", response_get_status},
                                       {"is_list", response_is_list},
                                       {"has_next", response_has_next},
                                       {"has_prev", response_has_prev},
                                       {"_body", response_body},
                                       {"_change", response_change},
                                       {"_item", response_item},
                                       {"_names", response_names},
                                       {"_filtered", response_filtered},
                                       {"_is_null", response_is_null},
                                       {"_same_data", response_same_data},
                                       {NULL, NULL}};
    bind_class(L, RESPONSE_CLASS, meta, methods);
    bind_add_keeping(L, RESPONSE_CLASS);
    compat_get_registered(L, RESPONSE_CLASS);
    lua_getfield(L, -1, "methods");
    bind_add_page_methods(L);
    lua_pushcclosure(L, response_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
