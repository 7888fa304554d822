/*
 * The state machine of a call, step by step, for whoever drives it in Lua (lua/bosa/transport.lua):
 * each function that changes the state returns its new name, and whether there are events, so that
 * Lua need not ask for either. call/call.h has the rules. No function here waits or touches a
 * socket; a step in the wrong state changes nothing.
 */
#include "bind.h"

#include <string.h>

/*
 * The call at 1, under way or ended. Raises when it became a response: its `struct call` belongs to
 * that now.
 */
struct lcall *bind_check_call(lua_State *L)
{
    struct lcall *c = bind_check_class(L, 1, CALL_CLASS);
    if (!c->call) {
        luaL_error(L, "this call has given its result already");
    }
    return c;
}

static const char *state_name(const struct call *call)
{
    switch (call->state) {
    case CALL_NEW:
        return "new";
    case CALL_SCHEMAS:
        return "schemas";
    case CALL_SEND:
        return "send";
    case CALL_EXCHANGE:
        return "exchange";
    case CALL_WAITING:
        return "waiting";
    case CALL_ENDED:
        break;
    }
    return "ended";
}

/* Pushes the state's name, and whether call:_event() would give one. */
static int push_state(lua_State *L, const struct call *call)
{
    lua_pushstring(L, state_name(call));
    lua_pushboolean(L, call_has_event(call));
    return 2;
}

/*
 * call:_begin() -> state: "schemas" where the connector isn't loaded, "send", or "ended": no
 * request could be made, as of invalid parameters.
 */
static int call_begin_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    struct moment now = clock_moment();
    call_begin(c->call, &now);
    return push_state(L, c->call);
}

/* call:_state() -> "new", "schemas", "send", "exchange", "waiting" or "ended"; whether there are
 * events */
static int call_state_(lua_State *L)
{
    return push_state(L, bind_check_call(L)->call);
}

/*
 * call:_schemas(fetch | nil, message?) -> state: the fetch (an ended call) that this one waited
 * for; without both: the schemas are there. Its error is copied, as others wait for the same fetch;
 * `message` is for a fetch that could not be made.
 */
static int call_schemas_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    struct lcall *fetch = bind_test_class(L, 2, CALL_CLASS);
    const char *message = luaL_optstring(L, 3, NULL);
    struct moment now = clock_moment();
    const struct bosa_error *failure = NULL;
    if (fetch && fetch->call && !fetch->call->ok) {
        failure = &fetch->call->error;
    } else if (message) {
        error_set(&c->error, BOSA_CONNECTION, "%s", message);
        failure = &c->error;
    }
    call_schemas(c->call, failure, &now);
    error_clear(&c->error);
    return push_state(L, c->call);
}

/* call:_connector() -> the connector's name; nil: none */
static int call_connector(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    lua_pushstring(L, c->invocation ? c->invocation->connector : c->call->name);
    return 1;
}

/*
 * call:_request() -> method, url, headers, body (a string; nil: none; false: by call:_body_piece).
 * Of header fields with one name the last counts.
 */
static int call_request(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    const struct request *r = &c->call->request;
    lua_pushstring(L, r->method);
    lua_pushstring(L, r->url);
    lua_createtable(L, 0, (int)r->fields.count);
    for (size_t i = 0; i < r->fields.count; i++) {
        lua_pushlstring(L, r->fields.list[i].value, r->fields.list[i].value_len);
        lua_setfield(L, -2, r->fields.list[i].name);
    }
    size_t len = 0;
    const char *bytes = r->body ? body_bytes(r->body, &len) : NULL;
    if (bytes) {
        lua_pushlstring(L, bytes, len);
    } else if (r->body) {
        lua_pushboolean(L, 0);
    } else {
        lua_pushnil(L);
    }
    return 4;
}

/* call:_sending() -> "exchange", or "ended": the deadline has passed, and nothing must be sent. */
static int call_sending_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    struct moment now = clock_moment();
    call_sending(c->call, &now);
    return push_state(L, c->call);
}

/*
 * Pushes true, or false with the reason in `c->error`, where _broke finds it. Raises without
 * memory.
 */
static int deliver(lua_State *L, enum bosa_status status, struct lcall *c)
{
    if (status == BOSA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    c->error.kind = status;
    if (status == BOSA_NOMEM) {
        return bind_nomem(L);
    }
    lua_pushboolean(L, 0);
    return 1;
}

/* call:_status(code) -> true | false: a malformed response; then _broke() */
static int call_status(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    return deliver(L, reply_status(&c->call->reply, (int)luaL_checkinteger(L, 2), &c->error), c);
}

/* call:_field(line) -> true | false, as _status */
static int call_field(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    size_t len = 0;
    const char *line = luaL_checklstring(L, 2, &len);
    return deliver(L, reply_field(&c->call->reply, line, len, &c->error), c);
}

/*
 * call:_body(bytes) -> true | false; "again": nothing was taken, give the same bytes once `output`
 * has taken some.
 */
static int call_body(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    size_t len = 0;
    const char *bytes = luaL_checklstring(L, 2, &len);
    enum bosa_status status = reply_body(&c->call->reply, bytes, len, &c->error);
    if (status == BOSA_AGAIN) {
        lua_pushliteral(L, "again");
        return 1;
    }
    return deliver(L, status, c);
}

/*
 * call:_responded() -> state: _status, _field and _body were given the whole response. It may lead
 * to another attempt ("send", "waiting") or to a fetch ("schemas").
 */
static int call_responded_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    struct moment now = clock_moment();
    call_responded(c->call, NULL, &now);
    return push_state(L, c->call);
}

/*
 * call:_broke(sent, kind?, message?, cause?) -> state: there is no whole response. `sent`: "no",
 * "maybe" or "yes". Without a kind: what _status, _field or _body refused.
 */
static int call_broke_(lua_State *L)
{
    static const char *const sents[] = {"no", "maybe", "yes", NULL};
    static const char *const names[] = {"connection", "timeout", "tls", "protocol", "file", NULL};
    static const enum bosa_status kinds[] = {BOSA_CONNECTION, BOSA_TIMEOUT, BOSA_TLS, BOSA_PROTOCOL,
                                             BOSA_FILE};
    struct lcall *c = bind_check_call(L);
    enum bosa_sent sent = (enum bosa_sent)luaL_checkoption(L, 2, NULL, sents);
    const char *cause = luaL_optstring(L, 5, NULL);
    if (!lua_isnoneornil(L, 3)) {
        enum bosa_status kind = kinds[luaL_checkoption(L, 3, NULL, names)];
        error_set(&c->error, kind, "%s", luaL_checkstring(L, 4));
        error_field(&c->error.cause, cause, cause ? strlen(cause) : 0);
    }
    struct moment now = clock_moment();
    call_broke(c->call, sent, &c->error, NULL, &now);
    return push_state(L, c->call);
}

/* call:_wake() -> seconds until _tick is due, at least 0; nil: never */
static int call_wake(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    int64_t at = call_wake_at(c->call);
    if (at == CALL_NEVER) {
        return 0;
    }
    struct moment now = clock_moment();
    lua_pushnumber(L, at <= now.ms ? 0 : (lua_Number)(at - now.ms) / 1000);
    return 1;
}

/* call:_attempt_time() -> seconds that this attempt may take; nil: no bound */
static int call_attempt(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    struct moment now = clock_moment();
    int64_t ms = call_attempt_time(c->call, &now);
    if (ms == CALL_NEVER) {
        return 0;
    }
    lua_pushnumber(L, (lua_Number)ms / 1000);
    return 1;
}

/* call:_tick() -> state: the time that _wake named has come. Too early it changes nothing. */
static int call_tick_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    struct moment now = clock_moment();
    call_tick(c->call, &now);
    return push_state(L, c->call);
}

void bind_open_call_steps(lua_State *L)
{
    static const luaL_Reg methods[] = {{"_begin", call_begin_},
                                       {"_state", call_state_},
                                       {"_schemas", call_schemas_},
                                       {"_request", call_request},
                                       {"_connector", call_connector},
                                       {"_sending", call_sending_},
                                       {"_status", call_status},
                                       {"_field", call_field},
                                       {"_body", call_body},
                                       {"_responded", call_responded_},
                                       {"_broke", call_broke_},
                                       {"_wake", call_wake},
                                       {"_attempt_time", call_attempt},
                                       {"_tick", call_tick_},
                                       {NULL, NULL}};
    compat_get_registered(L, CALL_CLASS);
    lua_getfield(L, -1, "methods");
    compat_setfuncs(L, methods);
    lua_pop(L, 2);
}
