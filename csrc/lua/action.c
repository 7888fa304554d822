/*
 * The action builder: it keeps what the setters were given and takes a snapshot of it when a call
 * is made. It never sends; `run` is Lua's (lua/bosa/run.lua).
 */
#include "bind.h"
#include "options.h"

#include "base/mem.h"
#include "http/header_fields.h"

#include <string.h>

static struct laction *check(lua_State *L)
{
    return luaL_checkudata(L, 1, ACTION_CLASS);
}

/* connector:action(name) -> builder. Lazy, as connect. */
static int connector_action_builder(lua_State *L)
{
    luaL_checkudata(L, 1, CONNECTOR_CLASS);
    size_t len = 0;
    const char *name = bind_check_string(L, 2, &len);
    luaL_argcheck(L, len > 0 && strlen(name) == len, 2, "an action's name expected");
    lua_settop(L, 2);
    bind_kept(L, 1, KEPT_HUB);
    struct lhub *h = bind_check_hub(L, 3);
    struct laction *a = bind_new(L, sizeof *a, ACTION_CLASS);
    if (h->hub) {
        a->policy = *hub_policy(h->hub);
    } else {
        a->policy.max_attempts = 1;
    }
    lua_pushvalue(L, 3);
    bind_keep(L, 4, KEPT_HUB);
    lua_pushvalue(L, 1);
    bind_keep(L, 4, KEPT_CONNECTOR);
    lua_pushvalue(L, 2);
    bind_keep(L, 4, KEPT_NAME);
    return 1;
}

/* Names connector and action only: parameters may hold secrets. */
static int action_tostring(lua_State *L)
{
    check(L);
    bind_kept(L, 1, KEPT_CONNECTOR);
    struct lconnector *c = luaL_checkudata(L, -1, CONNECTOR_CLASS);
    bind_kept(L, 1, KEPT_NAME);
    lua_pushfstring(L, "action %s.%s", c->name, lua_tostring(L, -1));
    return 1;
}

/* Keeps the argument at 2 and returns the builder. */
static int keep(lua_State *L, enum kept what)
{
    lua_settop(L, 2);
    bind_keep(L, 1, what);
    lua_settop(L, 1);
    return 1;
}

/*
 * action:params(table | nil) -> action: all parameters at once; read when the call begins, so the
 * table is still the caller's.
 */
static int action_params(lua_State *L)
{
    struct laction *a = check(L);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
    }
    a->own_params = false;
    return keep(L, KEPT_PARAMS);
}

/*
 * Makes sure that `params` is a table of our own, and pushes it. The copy is shallow and has no
 * metatable.
 */
static void push_own_params(lua_State *L, struct laction *a)
{
    bind_kept(L, 1, KEPT_PARAMS);
    if (a->own_params) {
        return;
    }
    int old = lua_gettop(L);
    lua_newtable(L);
    if (lua_istable(L, old)) {
        lua_pushnil(L);
        while (lua_next(L, old)) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, old + 1);
        }
    }
    lua_remove(L, old);
    lua_pushvalue(L, -1);
    bind_keep(L, 1, KEPT_PARAMS);
    a->own_params = true;
}

/*
 * action:param(name, value) -> action: one more parameter; nil takes it away. The caller's own
 * table is not touched.
 */
static int action_param(lua_State *L)
{
    struct laction *a = check(L);
    (void)bind_check_string(L, 2, NULL);
    lua_settop(L, 3);
    push_own_params(L, a);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, -3);
    lua_settop(L, 1);
    return 1;
}

/*
 * action:response_fields({"id", "user.login"} | nil) -> action: which fields the server is to send
 * (nil: all); a parameter like others.
 */
static int action_response_fields(lua_State *L)
{
    struct laction *a = check(L);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
    }
    lua_settop(L, 2);
    push_own_params(L, a);
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "response_fields");
    lua_settop(L, 1);
    return 1;
}

/* Raises unless it is a string or nil, without NUL: the core takes C strings. */
static void check_text(lua_State *L, int arg)
{
    if (lua_isnoneornil(L, arg)) {
        return;
    }
    luaL_checktype(L, arg, LUA_TSTRING);
    luaL_argcheck(L, strlen(lua_tostring(L, arg)) == lua_rawlen(L, arg), arg,
                  "must not hold a NUL");
}

/* action:token(s | nil) -> action: the user token of this call instead of the hub's. */
static int action_token(lua_State *L)
{
    check(L);
    check_text(L, 2);
    return keep(L, KEPT_TOKEN);
}

/*
 * action:identifier(s | nil), action:account(s | nil) -> action: which of the user's third-party
 * accounts acts.
 */
static int action_identifier(lua_State *L)
{
    check(L);
    check_text(L, 2);
    return keep(L, KEPT_IDENTIFIER);
}

/* Raises unless the table at 2 has strings as keys, and strings or numbers as values. */
static void check_headers(lua_State *L)
{
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING, 2, "names must be strings");
        if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER) {
            lua_pushfstring(L, "`%s`: string expected, got %s", lua_tostring(L, -2),
                            luaL_typename(L, -1));
            luaL_argerror(L, 2, lua_tostring(L, -1));
        }
        lua_pop(L, 1);
    }
}

/*
 * action:headers{name = value} -> action: further header fields. What they say is checked when the
 * call begins: it may come from elsewhere.
 */
static int action_headers(lua_State *L)
{
    check(L);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        check_headers(L);
    }
    return keep(L, KEPT_HEADERS);
}

/* action:max_attempts(n) -> action: 1 to 11. */
static int action_max_attempts(lua_State *L)
{
    struct laction *a = check(L);
    luaL_checktype(L, 2, LUA_TNUMBER);
    lua_Number n = lua_tonumber(L, 2);
    luaL_argcheck(L, n >= 1 && n <= INVOCATION_MAX_ATTEMPTS && n == (int)n, 2,
                  "a whole number from 1 to 11 expected");
    a->policy.max_attempts = (int)n;
    lua_settop(L, 1);
    return 1;
}

/* action:replay_unsafe(bool) -> action: also send again what may have run already. */
static int action_replay_unsafe(lua_State *L)
{
    struct laction *a = check(L);
    luaL_checktype(L, 2, LUA_TBOOLEAN);
    a->policy.replay_unsafe = lua_toboolean(L, 2);
    lua_settop(L, 1);
    return 1;
}

/* action:deadline(seconds | nil) -> action: for the whole call, its attempts and waits. */
static int action_deadline(lua_State *L)
{
    struct laction *a = check(L);
    a->policy.deadline = options_check_ms(L, 2);
    lua_settop(L, 1);
    return 1;
}

/* action:timeout(seconds | nil) -> action: for one attempt; nil is no limit. */
static int action_timeout(lua_State *L)
{
    struct laction *a = check(L);
    a->policy.timeout = options_check_ms(L, 2);
    lua_settop(L, 1);
    return 1;
}

/*
 * action:output(path | function(chunk) | nil) -> action: where a file goes that the response holds.
 */
static int action_output(lua_State *L)
{
    check(L);
    int type = lua_type(L, 2);
    luaL_argcheck(L, type == LUA_TSTRING || type == LUA_TFUNCTION || lua_isnoneornil(L, 2), 2,
                  "a path or a function expected");
    if (type == LUA_TSTRING) {
        check_text(L, 2);
    }
    return keep(L, KEPT_OUTPUT);
}

/* action:on_progress(function(done, total, direction) | nil) -> action */
static int action_on_progress(lua_State *L)
{
    check(L);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TFUNCTION);
    }
    return keep(L, KEPT_ON_PROGRESS);
}

/* ---- the snapshot ---- */

/*
 * A copy of a string that is kept (NULL: none is). Raises when there is no memory. The caller
 * stores it in the invocation at once.
 */
static char *copy_kept(lua_State *L, enum kept what)
{
    size_t len = 0;
    bind_kept(L, 1, what);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
    char *copy = text ? mem_dup(text, len) : NULL;
    lua_pop(L, 1);
    if (text && !copy) {
        bind_nomem(L);
    }
    return copy;
}

/*
 * Adds the field whose name and value are the two on top. A number is taken as a value; converting
 * one that is the key would confuse lua_next.
 */
static enum bosa_status read_header(lua_State *L, struct invocation *invocation,
                                    struct bosa_error *err)
{
    if (lua_type(L, -2) != LUA_TSTRING) {
        return error_set(err, BOSA_PARAMS, "a header field's name must be a string");
    }
    if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER) {
        return error_set(err, BOSA_PARAMS, "header field `%s`: string expected, got %s",
                         lua_tostring(L, -2), luaL_typename(L, -1));
    }
    size_t name_len = 0, value_len = 0;
    const char *name = lua_tolstring(L, -2, &name_len);
    const char *value = lua_tolstring(L, -1, &value_len);
    return fields_add(&invocation->fields, name, name_len, value, value_len, err);
}

/* Adds the builder's header fields. What a field may not be is the core's to say: BOSA_PARAMS. */
static enum bosa_status read_headers(lua_State *L, struct invocation *invocation,
                                     struct bosa_error *err)
{
    enum bosa_status status = BOSA_OK;
    int top = lua_gettop(L);
    bind_kept(L, 1, KEPT_HEADERS);
    if (lua_istable(L, -1)) {
        lua_pushnil(L);
        while (status == BOSA_OK && lua_next(L, top + 1)) {
            status = read_header(L, invocation, err);
            lua_pop(L, 1);
        }
    }
    lua_settop(L, top);
    return status;
}

/*
 * Where the response's bytes go. Lua's functions are kept in the call, so that the builder may get
 * others meanwhile.
 */
static void read_output(lua_State *L, int call, struct invocation *invocation)
{
    bind_kept(L, 1, KEPT_OUTPUT);
    invocation->output = SINK_MEMORY;
    if (lua_isfunction(L, -1)) {
        invocation->output = SINK_CALLER;
        lua_pushvalue(L, -1);
        bind_keep(L, call, KEPT_OUTPUT);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        invocation->output = SINK_PATH;
        invocation->output_path = copy_kept(L, KEPT_OUTPUT);
    }
    bind_kept(L, 1, KEPT_ON_PROGRESS);
    invocation->progress = !lua_isnil(L, -1);
    bind_keep(L, call, KEPT_ON_PROGRESS);
    lua_pop(L, 1);
}

/*
 * Fills the invocation of the call userdata at `call` from the builder at 1. May raise halfway: the
 * invocation is the userdata's. On failure the call's error is filled.
 */
static enum bosa_status read_invocation(lua_State *L, int call, struct lcall *c)
{
    struct invocation *invocation = c->invocation;
    invocation->token = copy_kept(L, KEPT_TOKEN);
    invocation->identifier = copy_kept(L, KEPT_IDENTIFIER);
    invocation->traceparent = copy_kept(L, KEPT_TRACEPARENT); /* a function is Lua's to ask */
    if (!invocation->traceparent) {
        bind_kept(L, 1, KEPT_TRACEPARENT);
        bind_keep(L, call, KEPT_TRACEPARENT);
    }
    read_output(L, call, invocation);
    enum bosa_status status = read_headers(L, invocation, &c->error);
    if (status != BOSA_OK) {
        return status;
    }
    struct values_reader reader = {
        .doc = &invocation->params, .invocation = invocation, .call = call, .error = &c->error};
    bind_kept(L, 1, KEPT_PARAMS);
    json_free(&invocation->params);
    status = values_read_object(L, -1, &reader);
    lua_pop(L, 1);
    return status;
}

/*
 * Pushes a call userdata that holds the invocation of the builder at 1; on failure its error is
 * filled. That the hub is open is asked last, as reading tables may run a finalizer that closes it.
 */
static enum bosa_status snapshot(lua_State *L, struct laction *a, struct lcall **out)
{
    lua_settop(L, 1);
    bind_kept(L, 1, KEPT_HUB);
    struct lhub *h = bind_check_hub(L, 2);
    struct lcall *c = *out = bind_push_call(L, 2);
    bind_kept(L, 1, KEPT_CONNECTOR);
    struct lconnector *connector = luaL_checkudata(L, 4, CONNECTOR_CLASS);
    bind_kept(L, 1, KEPT_NAME);
    size_t len = 0;
    const char *name = lua_tolstring(L, 5, &len);
    c->invocation = invocation_new(connector->name, connector->len, name, len, &a->policy);
    if (!c->invocation) {
        return error_nomem(&c->error);
    }
    enum bosa_status status = read_invocation(L, 3, c);
    if (!h->hub) {
        return error_set(&c->error, BOSA_CLOSED, "the hub is closed");
    }
    if (status != BOSA_OK) {
        c->error.kind = status;
        status = error_locate(&c->error, status, connector->name, name, len);
    }
    lua_settop(L, 3);
    return status;
}

/* action:_call() -> call | nil, err: a new call of what the builder says now. */
static int action_call(lua_State *L)
{
    struct lcall *c;
    if (snapshot(L, check(L), &c) != BOSA_OK) {
        return bind_fail(L, &c->error);
    }
    bind_set_call(L, c, call_new_action(c->hub->hub, c->invocation));
    return 1;
}

/*
 * action:_validate() -> true | nil, err: all that a call does before it sends. The connector's
 * schemas must be loaded.
 */
static int action_validate(lua_State *L)
{
    struct lcall *c;
    enum bosa_status status = snapshot(L, check(L), &c);
    if (status == BOSA_OK) {
        struct moment now = clock_moment();
        status = hub_action_request(c->hub->hub, c->invocation, NULL, &now, &c->error);
    }
    if (status != BOSA_OK) {
        return bind_fail(L, &c->error);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/*
 * action:_copy() -> a builder that says the same. The table of parameters is shared until
 * :param, of either, makes another.
 */
static int action_copy(lua_State *L)
{
    struct laction *a = check(L);
    lua_settop(L, 1);
    struct laction *copy = bind_new(L, sizeof *copy, ACTION_CLASS);
    copy->policy = a->policy;
    a->own_params = false;
    lua_getuservalue(L, 1);
    lua_pushnil(L);
    while (lua_next(L, 3)) {
        bind_keep(L, 2, (enum kept)lua_tointeger(L, -2));
    }
    lua_settop(L, 2);
    return 1;
}

/* action:_hub() -> hub, connector's name, action's name */
static int action_hub(lua_State *L)
{
    check(L);
    bind_kept(L, 1, KEPT_HUB);
    bind_kept(L, 1, KEPT_CONNECTOR);
    struct lconnector *c = luaL_checkudata(L, -1, CONNECTOR_CLASS);
    lua_pushlstring(L, c->name, c->len);
    lua_remove(L, -2);
    bind_kept(L, 1, KEPT_NAME);
    return 3;
}

void bind_open_action(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__tostring", action_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"params", action_params},
                                       {"param", action_param},
                                       {"response_fields", action_response_fields},
                                       {"token", action_token},
                                       {"identifier", action_identifier},
                                       {"account", action_identifier},
                                       {"headers", action_headers},
                                       {"max_attempts", action_max_attempts},
                                       {"replay_unsafe", action_replay_unsafe},
                                       {"deadline", action_deadline},
                                       {"timeout", action_timeout},
                                       {"output", action_output},
                                       {"on_progress", action_on_progress},
                                       {"_call", action_call},
                                       {"_validate", action_validate},
                                       {"_copy", action_copy},
                                       {"_keep", bind_keep_method},
                                       {"_kept", bind_kept_method},
                                       {"_hub", action_hub},
                                       {NULL, NULL}};
    bind_class(L, ACTION_CLASS, meta, methods);
    luaL_getmetatable(L, CONNECTOR_CLASS);
    lua_getfield(L, -1, "methods");
    lua_pushcfunction(L, connector_action_builder);
    lua_setfield(L, -2, "action");
    lua_pop(L, 2);
}
