/*
 * The call: its result, its events, and bytes that wait for Lua. Lua (run, loop, transport) drives
 * it. No function here waits, and none calls a function of the user's: what is to be called is
 * handed to Lua.
 */
#include "bind.h"

#include "base/mem.h"
#include "call/paging.h"

#include <string.h>

static struct lcall *check(lua_State *L)
{
    return bind_check_class(L, 1, CALL_CLASS);
}

/*
 * The hub is kept before anything else may raise, since __gc goes to `c->hub`. Notes are found by
 * the number in the hub's table, which is weak: it keeps no call alive.
 */
struct lcall *bind_push_call(lua_State *L, int hub_index)
{
    hub_index = lua_absindex(L, hub_index);
    struct lhub *h = bind_check_hub(L, hub_index);
    struct lcall *c = bind_new(L, sizeof *c, CALL_CLASS, KEPT_FEW);
    error_init(&c->error);
    c->hub = h;
    c->id = ++h->last_id;
    lua_pushvalue(L, hub_index);
    bind_keep(L, -2, KEPT_HUB);
    bind_kept(L, hub_index, KEPT_CALLS);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (int)c->id);
    lua_pop(L, 1);
    return c;
}

/*
 * `owner` leads from a note of the engine to the userdata (collect in hub.c). Whoever takes the
 * call away from the userdata clears it.
 */
void bind_set_call(lua_State *L, struct lcall *c, struct call *call)
{
    if (!call) {
        bind_nomem(L);
        return;
    }
    c->call = call;
    call->owner = c;
}

/*
 * Stops a call that the engine still has; its result is then of that kind. An engine that is gone
 * (the hub was closed, or the process forked) has ended its calls already.
 */
static void stop(struct lcall *c, enum bosa_status kind)
{
    struct transfer *engine = bind_engine(c->hub);
    if (c->driven && engine) {
        transfer_cancel(engine, c->call, kind);
    }
    c->driven = false;
}

/*
 * A call that nobody holds is cancelled. The engine lets go of it before it is freed, then the
 * hub's list does. The hub's memory is still there, as the uservalue has it, though its own __gc
 * may have run: then only the list is left of it.
 */
static int call_gc(lua_State *L)
{
    struct lcall *c = check(L);
    if (c->call) {
        stop(c, BOSA_CANCELLED);
        c->call->owner = NULL;
    }
    if (c->hub) {
        bind_hub_forget_call(c->hub, c);
    }
    call_free(c->call);
    c->call = NULL;
    invocation_unref(c->invocation);
    c->invocation = NULL;
    exchange_free(&c->exchange);
    error_clear(&c->error);
    return 0;
}

/* A call that became a response counts as ended, too. */
static int call_tostring(lua_State *L)
{
    struct lcall *c = check(L);
    const struct invocation *invocation = c->invocation;
    const char *state = !c->call || c->call->state == CALL_ENDED ? "ended" : "under way";
    if (invocation) {
        lua_pushfstring(L, "call %s.%s (%s)", invocation->connector, invocation->action, state);
    } else {
        lua_pushfstring(L, "call (%s)", state);
    }
    return 1;
}

/*
 * call:_ended() -> whether the result is there. Asks for the engine first: in a forked child that
 * ends the parent's calls.
 */
static int call_ended(lua_State *L)
{
    struct lcall *c = check(L);
    bind_engine(c->hub);
    lua_pushboolean(L, !c->call || c->call->state == CALL_ENDED);
    return 1;
}

/*
 * call:_result() -> response | nil, err: of an ended call; the same values each time. Raises while
 * the call is under way, and each time for one that ended without memory. `null` within the error's
 * details is the hub's own.
 */
static int call_result(lua_State *L)
{
    struct lcall *c = check(L);
    bind_kept(L, 1, KEPT_ERROR);
    if (!lua_isnil(L, -1)) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    bind_kept(L, 1, KEPT_RESPONSE);
    if (!lua_isnil(L, -1)) {
        return 1;
    }
    struct call *call = c->call;
    if (!call || call->state != CALL_ENDED) {
        return luaL_error(L, "the call has not ended");
    }
    if (call->ok) {
        bind_push_response(L, 1);
        lua_pushvalue(L, -1);
        bind_keep(L, 1, KEPT_RESPONSE);
        return 1;
    }
    if (call->error.kind == BOSA_NOMEM) {
        return bind_nomem(L); /* each time: bind_fail would clear it */
    }
    int null = 0;
    if (c->hub->own_null) {
        bind_kept(L, 1, KEPT_HUB);
        bind_kept(L, -1, KEPT_NULL);
        null = lua_gettop(L);
    }
    int count = bind_fail_with(L, &call->error, null);
    lua_pushvalue(L, -1);
    bind_keep(L, 1, KEPT_ERROR);
    return count;
}

/*
 * call:_fail(kind?, message?): ends the call, whoever drives it, with "cancelled" where no kind is
 * given. One that has ended stays as it is, but for a message: that is of who receives the rest of
 * a response, whose result nobody has seen yet. What the engine doesn't have may have reached a
 * socket of Lua's, so `sent` is "maybe" in an exchange.
 */
static int call_fail(lua_State *L)
{
    static const char *const names[] = {"cancelled", "closed", "file", "timeout", NULL};
    static const enum bosa_status kinds[] = {BOSA_CANCELLED, BOSA_CLOSED, BOSA_FILE, BOSA_TIMEOUT};
    struct lcall *c = check(L);
    enum bosa_status kind = kinds[luaL_checkoption(L, 2, "cancelled", names)];
    const char *message = luaL_optstring(L, 3, NULL);
    bind_kept(L, 1, KEPT_RESPONSE);
    bool is_over = !c->call || (c->call->state == CALL_ENDED && (!message || !c->call->ok));
    if (is_over || !lua_isnil(L, -1)) {
        return 0;
    }
    struct moment now = clock_moment();
    if (c->call->state == CALL_ENDED) {
        call_revoke(c->call, &now);
    } else {
        stop(c, kind);
    }
    if (c->call->state != CALL_ENDED) {
        call_cancel(c->call, kind, BOSA_SENT_MAYBE, &now);
    }
    if (message && !c->call->ok) {
        error_field(&c->call->error.message, message, strlen(message));
    }
    return 0;
}

/*
 * call:_param(name) -> a parameter as it was given; nil: it was not, or it is a file, whose value
 * stayed in Lua
 */
static int call_param(lua_State *L)
{
    struct lcall *c = check(L);
    const char *name = luaL_checkstring(L, 2);
    uint32_t node = c->invocation ? json_member(&c->invocation->params, 0, name) : JSON_NONE;
    if (node == JSON_NONE || json_type(&c->invocation->params, node) == JSON_FILE) {
        return 0;
    }
    values_push(L, &c->invocation->params, node, INT_STRING, 0);
    return 1;
}

/*
 * call:_trace(text, own) -> whether the text is a traceparent, which a call that has not begun then
 * has. `own`: the caller gave it for this call, and not for the hub.
 */
static int call_set_trace(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    size_t len = 0;
    const char *text = luaL_checklstring(L, 2, &len);
    bool valid = traceparent_is_valid(text, len);
    if (valid && lua_toboolean(L, 3) && c->invocation && !c->invocation->traceparent) {
        c->invocation->traceparent = mem_dup(text, len);
        if (!c->invocation->traceparent) {
            return bind_nomem(L);
        }
    } else if (valid) {
        call_trace(c->call, text);
    }
    lua_pushboolean(L, valid);
    return 1;
}

/* call:_traceparent() -> of which trace it is a part, as far as is known by now; nil: of none */
static int call_its_traceparent(lua_State *L)
{
    lua_pushstring(L, call_traceparent(bind_check_call(L)->call));
    return 1;
}

/* ---- bytes by way of Lua ---- */

#define STREAM_PIECE 65536 /* bytes of a FIFO that are read at a time */

/*
 * The read function of a FIFO or a device: bytes, "" (nothing yet), nil (the end), or nil, err. The
 * call is its upvalue. The room is a userdata, since pushing the bytes may raise.
 */
static int read_stream(lua_State *L)
{
    struct lcall *c = bind_check_class(L, lua_upvalueindex(1), CALL_CLASS);
    struct body *body = c->call ? c->call->request.body : NULL;
    char *room = lua_newuserdata(L, STREAM_PIECE);
    size_t got = 0;
    if (!body) {
        return 0;
    }
    enum bosa_status status = body_read_stream(body, room, STREAM_PIECE, &got, &c->error);
    if (status != BOSA_OK && status != BOSA_AGAIN) {
        return bind_fail(L, &c->error);
    }
    if (status == BOSA_OK && got == 0) {
        return 0;
    }
    lua_pushlstring(L, room, got);
    return 1;
}

/*
 * call:_needs_input() -> read function that must give bytes now; nil: none. Feeds are counted from
 * 0, their table from 1.
 */
static int call_needs_input(lua_State *L)
{
    struct lcall *c = check(L);
    struct body *body = c->call ? c->call->request.body : NULL;
    uint32_t feed = body ? body_needs_input(body) : BODY_NO_FEED;
    if (feed == BODY_NO_FEED) {
        return 0;
    }
    if (feed == BODY_STREAM) {
        lua_pushvalue(L, 1);
        lua_pushcclosure(L, read_stream, 1);
        return 1;
    }
    bind_kept(L, 1, KEPT_FEEDS);
    lua_rawgeti(L, -1, (int)feed + 1);
    return 1;
}

/* call:_driven() -> whether the engine has it, and asks again when it is fed. */
static int call_driven(lua_State *L)
{
    lua_pushboolean(L, check(L)->driven);
    return 1;
}

/*
 * Tells the engine to go on. Nothing to do for a call that Lua drives: its driver asks again by
 * itself.
 */
static void resume(struct lcall *c)
{
    struct transfer *engine = bind_engine(c->hub);
    if (c->driven && engine) {
        transfer_resume(engine, c->call);
    }
}

/*
 * call:_feed(bytes | nil): what the waiting read function gave; nil is its end. "" leaves it
 * waiting. Bytes that come after the call's end are dropped.
 */
static int call_feed(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    size_t len = 0;
    const char *bytes = luaL_optlstring(L, 2, NULL, &len);
    struct body *body = c->call->request.body;
    if (!body || c->call->state == CALL_ENDED) {
        return 0;
    }
    if ((bytes ? body_feed(body, bytes, len) : body_feed_end(body)) == BOSA_NOMEM) {
        return bind_nomem(L);
    }
    resume(c);
    return 0;
}

/*
 * call:_take() -> bytes that came for `output`; nil: none waiting. They leave the queue once Lua
 * has them, so a raise loses none.
 */
static int call_take(lua_State *L)
{
    struct lcall *c = check(L);
    const char *bytes;
    size_t len;
    if (!c->call || !sink_queued(&c->call->reply.sink, &bytes, &len)) {
        return 0;
    }
    lua_pushlstring(L, bytes, len);
    sink_dequeue(&c->call->reply.sink);
    return 1;
}

/* call:_resume(): goes on after _take. May come too late, when the call has ended. */
static int call_resume(lua_State *L)
{
    struct lcall *c = check(L);
    if (c->call) {
        resume(c);
    }
    return 0;
}

/* Pushes a count of bytes, nil below 0. */
static void push_bytes(lua_State *L, int64_t bytes)
{
    if (bytes < 0) {
        lua_pushnil(L);
    } else {
        lua_pushinteger(L, (lua_Integer)bytes);
    }
}

/* call:_progress() -> sent, to_send (nil: unknown), received, to_receive (nil: unknown) */
static int call_progress(lua_State *L)
{
    struct lcall *c = check(L);
    if (!c->call) {
        return 0;
    }
    struct body *body = c->call->request.body;
    push_bytes(L, body ? body_done(body) : 0);
    push_bytes(L, body ? body_length(body) : 0);
    push_bytes(L, (int64_t)c->call->reply.received);
    push_bytes(L, c->call->reply.expected);
    return 4;
}

/* ---- events ---- */

/* Sets a field of the table on top. A negative value means that it isn't known, and sets none. */
static void set_number(lua_State *L, const char *name, double value)
{
    if (value >= 0) {
        lua_pushnumber(L, value);
        lua_setfield(L, -2, name);
    }
}

/* As set_number. */
static void set_integer(lua_State *L, const char *name, int64_t value)
{
    if (value >= 0) {
        lua_pushinteger(L, (lua_Integer)value);
        lua_setfield(L, -2, name);
    }
}

/* Sets `ms`, `bytes_up`, `bytes_down` and `reused` of the event on top. */
static void set_timing(lua_State *L, const struct call_timing *t)
{
    lua_createtable(L, 0, 5);
    set_number(L, "dns", t->dns);
    set_number(L, "connect", t->connect);
    set_number(L, "tls", t->tls);
    set_number(L, "first_byte", t->first_byte);
    set_number(L, "total", t->total);
    lua_setfield(L, -2, "ms");
    set_integer(L, "bytes_up", (int64_t)t->bytes_up);
    set_integer(L, "bytes_down", (int64_t)t->bytes_down);
    lua_pushboolean(L, t->reused);
    lua_setfield(L, -2, "reused");
}

/* A fetch has a connector and no action, an endpoint a connector or neither. */
static void set_names(lua_State *L, const struct lcall *c, const struct call_event *e)
{
    const char *connector = c->invocation ? c->invocation->connector : c->call->name;
    if (connector) {
        lua_pushstring(L, connector);
        lua_setfield(L, -2, "connector");
    }
    if (c->invocation && !e->of_fetch) {
        lua_pushstring(L, c->invocation->action);
        lua_setfield(L, -2, "action");
    }
}

/*
 * Of which trace the request is a part and, for EVENT_REQUEST, what is sent where to: the URL
 * without its query, which holds parameters.
 */
static void set_request(lua_State *L, const struct call *call, const struct call_event *e)
{
    struct call_event_request r;
    call_event_request(call, e, &r);
    if (r.traceparent) {
        lua_pushlstring(L, r.traceparent, TRACEPARENT_LEN);
        lua_setfield(L, -2, "traceparent");
        lua_pushlstring(L, r.traceparent + TRACEPARENT_ID_AT, TRACEPARENT_ID_LEN);
        lua_setfield(L, -2, "trace_id");
    }
    if (e->type == EVENT_REQUEST && r.url) {
        lua_pushstring(L, r.method);
        lua_setfield(L, -2, "method");
        lua_pushlstring(L, r.url, strcspn(r.url, "?"));
        lua_setfield(L, -2, "url");
    }
}

/*
 * call:_event() -> the oldest event as a table; nil: none. Which fields it has depends on `type`.
 */
static int call_event(lua_State *L)
{
    struct lcall *c = check(L);
    struct call_event e;
    if (!c->call || !call_next_event(c->call, &e)) {
        return 0;
    }
    lua_createtable(L, 0, 12);
    lua_pushstring(L, call_event_name(e.type));
    lua_setfield(L, -2, "type");
    set_names(L, c, &e);
    set_request(L, c->call, &e);
    set_integer(L, "attempt", e.attempt);
    set_integer(L, "status", e.status > 0 ? e.status : -1);
    if (e.type == EVENT_WAIT) {
        set_number(L, "seconds", e.wait);
    }
    if (e.type == EVENT_RETRY) {
        set_integer(L, "budget", e.budget);
    }
    if (e.type == EVENT_ERROR || e.type == EVENT_RETRY) {
        lua_pushstring(L, error_kind_name(e.kind));
        lua_setfield(L, -2, "kind");
    }
    if (e.type == EVENT_ERROR) {
        lua_pushstring(L, error_sent_name(e.sent));
        lua_setfield(L, -2, "sent");
    }
    if (e.type == EVENT_RESPONSE || e.type == EVENT_ERROR) {
        set_timing(L, &e.timing);
    }
    return 1;
}

void bind_open_call(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", call_gc}, {"__tostring", call_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"_ended", call_ended},
                                       {"_result", call_result},
                                       {"_fail", call_fail},
                                       {"_param", call_param},
                                       {"_trace", call_set_trace},
                                       {"_traceparent", call_its_traceparent},
                                       {"_needs_input", call_needs_input},
                                       {"_driven", call_driven},
                                       {"_feed", call_feed},
                                       {"_take", call_take},
                                       {"_resume", call_resume},
                                       {"_progress", call_progress},
                                       {"_event", call_event},
                                       {NULL, NULL}};
    bind_class(L, CALL_CLASS, meta, methods);
    bind_add_keeping(L, CALL_CLASS);
}
