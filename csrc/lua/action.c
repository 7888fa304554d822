/*
 * The action builder: it keeps what the setters were given and takes a snapshot of it when a call
 * is made. It never sends; `run` is Lua's (lua/bosa/run.lua).
 */
#include "bind.h"
#include "options.h"

#include "base/mem.h"
#include "http/header_fields.h"

#include <string.h>

#define CHECK_CLASS "bosa.check"

static struct laction *check(lua_State *L)
{
    return bind_check_class(L, 1, ACTION_CLASS);
}

/* Pushes a builder for two names, as bind_new does. */
static struct laction *push_builder(lua_State *L, struct lhub *hub, const char *connector,
                                    size_t connector_len, const char *name, size_t name_len)
{
    size_t names = connector_len + name_len + 2;
    struct laction *a = bind_new(L, sizeof *a + names, ACTION_CLASS, KEPT_MORE);
    a->hub = hub;
    a->connector_len = connector_len;
    a->name_len = name_len;
    memcpy(a->names, connector, connector_len);
    memcpy(a->names + connector_len + 1, name, name_len);
    a->name = a->names + connector_len + 1;
    return a;
}

/* connector:action(name) -> builder. Lazy, as connect. */
static int connector_action_builder(lua_State *L)
{
    struct lconnector *c = bind_check_class(L, 1, CONNECTOR_CLASS);
    size_t len = 0;
    const char *name = bind_check_string(L, 2, &len);
    luaL_argcheck(L, len > 0 && strlen(name) == len, 2, "an action's name expected");
    lua_settop(L, 2);
    bind_kept(L, 1, KEPT_HUB);
    struct lhub *h = bind_check_hub(L, 3);
    struct laction *a = push_builder(L, h, c->name, c->len, name, len);
    lua_pushvalue(L, 3);
    bind_keep(L, 4, KEPT_HUB);
    if (h->hub) {
        a->policy = *hub_policy(h->hub);
    } else {
        a->policy.max_attempts = 1;
    }
    lua_pushvalue(L, 1);
    bind_keep(L, 4, KEPT_CONNECTOR);
    lua_pushvalue(L, 2);
    bind_keep(L, 4, KEPT_NAME);
    return 1;
}

/* Names connector and action only: parameters may hold secrets. */
static int action_tostring(lua_State *L)
{
    struct laction *a = check(L);
    lua_pushfstring(L, "action %s.%s", a->names, a->name);
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
 * Where the response's bytes go. Lua's functions are kept in the call (0: nowhere), so that the
 * builder may get others meanwhile.
 */
static void read_output(lua_State *L, int call, struct invocation *invocation)
{
    int top = lua_gettop(L);
    bind_kept(L, 1, KEPT_OUTPUT);
    if (lua_isfunction(L, -1)) {
        invocation->output = SINK_CALLER;
        if (call) {
            bind_keep(L, call, KEPT_OUTPUT);
        }
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        invocation->output = SINK_PATH;
        invocation->output_path = copy_kept(L, KEPT_OUTPUT);
    }
    lua_settop(L, top);
    bind_kept(L, 1, KEPT_ON_PROGRESS);
    invocation->progress = !lua_isnil(L, -1);
    if (call && invocation->progress) {
        bind_keep(L, call, KEPT_ON_PROGRESS);
    }
    lua_settop(L, top);
}

/*
 * Fills the invocation from the builder at 1; Lua's functions are kept in the call at `call`, 0:
 * nowhere. May raise halfway: the invocation belongs to a userdata. On failure `err` is filled.
 */
static enum bosa_status read_builder(lua_State *L, int call, struct invocation *invocation,
                                     struct bosa_error *err)
{
    invocation->token = copy_kept(L, KEPT_TOKEN);
    invocation->identifier = copy_kept(L, KEPT_IDENTIFIER);
    invocation->traceparent = copy_kept(L, KEPT_TRACEPARENT); /* a function is Lua's to ask */
    if (call && !invocation->traceparent) {
        bind_kept(L, 1, KEPT_TRACEPARENT);
        bind_keep(L, call, KEPT_TRACEPARENT);
    }
    read_output(L, call, invocation);
    enum bosa_status status = read_headers(L, invocation, err);
    if (status != BOSA_OK) {
        return status;
    }
    struct values_reader reader = {
        .doc = &invocation->params, .invocation = invocation, .call = call, .error = err};
    bind_kept(L, 1, KEPT_PARAMS);
    json_clear(&invocation->params);
    status = values_read_object(L, -1, &reader);
    invocation->plain = !reader.odd_name && invocation->file_count == 0;
    lua_pop(L, 1);
    return status;
}

/* What read_builder's status comes to. That the hub is open is asked after it, as reading tables
 * may run a finalizer that closes it. */
static enum bosa_status locate(const struct laction *a, enum bosa_status status,
                               struct bosa_error *err)
{
    if (!a->hub->hub) {
        return error_set(err, BOSA_CLOSED, "the hub is closed");
    }
    if (status == BOSA_OK) {
        return status;
    }
    err->kind = status;
    return error_locate(err, status, a->names, a->name, a->name_len);
}

/* action:_call() -> call, nil, hub | nil, err: a new call of what the builder says now. */
static int action_call(lua_State *L)
{
    struct laction *a = check(L);
    lua_settop(L, 1);
    bind_kept(L, 1, KEPT_HUB);
    struct lcall *c = bind_push_call(L, 2);
    c->invocation = invocation_new(a->names, a->connector_len, a->name, a->name_len, &a->policy);
    if (!c->invocation) {
        return bind_nomem(L);
    }
    enum bosa_status status = locate(a, read_builder(L, 3, c->invocation, &c->error), &c->error);
    if (status != BOSA_OK) {
        return bind_fail(L, &c->error);
    }
    bind_set_call(L, c, call_new_action(c->hub->hub, c->invocation));
    lua_pushnil(L);
    lua_pushvalue(L, 2);
    return 3;
}

/* ---- validating ---- */

/* What is checked, in Lua's care. One serves call after call, so a check makes no garbage. */
struct lcheck {
    struct invocation invocation;
    struct bosa_error error;
};

static int check_gc(lua_State *L)
{
    struct lcheck *k = luaL_checkudata(L, 1, CHECK_CLASS);
    invocation_close(&k->invocation);
    error_clear(&k->error);
    return 0;
}

/* Pushes the one that is kept between calls; a new one where that is in use. */
static struct lcheck *take_check(lua_State *L)
{
    struct lcheck *k = bind_take_spare(L);
    if (k) {
        return k;
    }
    k = lua_newuserdata(L, sizeof *k);
    memset(k, 0, sizeof *k);
    error_init(&k->error);
    luaL_getmetatable(L, CHECK_CLASS);
    lua_setmetatable(L, -2);
    return k;
}

/* True when the connector's schemas are in memory, or on disk, whence they are read. */
static bool is_loaded(const struct laction *a, const struct moment *now)
{
    struct hub *hub = a->hub->hub;
    return hub && (hub_find(hub, a->names, now) || hub_recall(hub, a->names, now));
}

/*
 * action:_validate(if_loaded?) -> true | nil, err: all that a call does before it sends. The
 * connector's schemas must be loaded; `if_loaded`: where they are not, the result is false.
 */
static int action_validate(lua_State *L)
{
    struct laction *a = check(L);
    struct moment now = clock_moment();
    if (lua_toboolean(L, 2) && !is_loaded(a, &now)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    lua_settop(L, 1);
    struct lcheck *k = take_check(L);
    invocation_init(&k->invocation, a->names, a->name, &a->policy);
    enum bosa_status status = locate(a, read_builder(L, 0, &k->invocation, &k->error), &k->error);
    if (status == BOSA_OK) {
        status = hub_action_check(a->hub->hub, &k->invocation, &now, &k->error);
    }
    invocation_clear(&k->invocation);
    if (status != BOSA_OK) {
        return bind_fail(L, &k->error);
    }
    bind_give_spare(L, 2);
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
    struct laction *copy =
        push_builder(L, a->hub, a->names, a->connector_len, a->name, a->name_len);
    copy->policy = a->policy;
    a->own_params = false;
    for (int what = KEPT_HUB; what <= KEPT_MORE; what++) {
        bind_kept(L, 1, (enum kept)what);
        bind_keep(L, 2, (enum kept)what);
    }
    return 1;
}

/* action:_hub() -> hub, connector's name, action's name */
static int action_hub(lua_State *L)
{
    struct laction *a = check(L);
    bind_kept(L, 1, KEPT_HUB);
    lua_pushlstring(L, a->names, a->connector_len);
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
                                       {"_copy", action_copy},
                                       {"_hub", action_hub},
                                       {NULL, NULL}};
    bind_class(L, ACTION_CLASS, meta, methods);
    bind_add_keeping(L, ACTION_CLASS);
    bind_plain_class(L, CHECK_CLASS, check_gc, NULL);
    compat_get_registered(L, ACTION_CLASS);
    lua_getfield(L, -1, "methods");
    lua_pushnil(L);
    lua_pushcclosure(L, action_validate, 1);
    lua_setfield(L, -2, "_validate");
    lua_pop(L, 2);
    compat_get_registered(L, CONNECTOR_CLASS);
    lua_getfield(L, -1, "methods");
    lua_pushcfunction(L, connector_action_builder);
    lua_setfield(L, -2, "action");
    lua_pop(L, 2);
}
