#include "bind.h"

#include <string.h>

/*
 * wire: HTTP/1.1 bytes of a call, for hosts in which Lua moves them between the core and a socket.
 * What these functions refuse is kept in the call's error, for call:_broke(sent). They give false
 * for a call that is not flying, too.
 */

static struct lcall *check(lua_State *L)
{
    struct lcall *c = luaL_checkudata(L, 1, CALL_CLASS);
    if (!c->call) {
        luaL_error(L, "this call has given its result already");
    }
    return c;
}

/* False on the stack for a refusal kept in the call; raises without memory. */
static int refused(lua_State *L, struct lcall *c, enum bosa_status status)
{
    if (status == BOSA_NOMEM) {
        return bind_nomem(L);
    }
    c->error.kind = status;
    lua_pushboolean(L, 0);
    return 1;
}

/*
 * True while the exchange goes on. A call may have been ended by others while its driver waited:
 * then its body is gone, nothing more may be sent for it, and what comes is not its answer.
 */
static bool is_flying(const struct lcall *c)
{
    return c->call->state == CALL_FLYING;
}

static int push_no(lua_State *L)
{
    lua_pushboolean(L, 0);
    return 1;
}

/* The room that an argument asks for. */
static size_t check_max(lua_State *L, int arg)
{
    lua_Integer max = luaL_checkinteger(L, arg);
    luaL_argcheck(L, max > 0 && max <= 1 << 24, arg, "1 byte to 16 MiB expected");
    return (size_t)max;
}

/* Pushes "http" or "https", host, port of the call's request. */
static void push_place(lua_State *L, const struct lcall *c)
{
    struct url url = {0};
    const char *text = c->call->request.url;
    url_parse(&url, text, strlen(text));
    lua_pushstring(L, url.https ? "https" : "http");
    lua_pushlstring(L, url.host, url.host_len);
    lua_pushinteger(L, url.port);
}

/* Pushes whether the call at 1 has an `output` or `on_progress` to serve. */
static void push_heard(lua_State *L)
{
    bind_kept(L, 1, "output");
    bind_kept(L, 1, "on_progress");
    lua_pushboolean(L, !lua_isnil(L, -1) || !lua_isnil(L, -2));
    lua_replace(L, -3);
    lua_pop(L, 1);
}

/*
 * call:_wire_start(max) -> the request's first bytes (its head, and of the body what is at hand, up
 * to max), whether that is all, "http" or "https", host, port, whether there is an `output` or
 * `on_progress` to serve, connect_timeout in seconds (nil: no limit) | false. Begins the reading of
 * an answer, too.
 */
static int wire_start(lua_State *L)
{
    struct lcall *c = check(L);
    size_t max = check_max(L, 2);
    struct request *request = &c->call->request;
    if (!is_flying(c)) {
        return push_no(L);
    }
    http1_free(&c->wire);
    http1_init(&c->wire);
    struct buf *b = &c->out;
    buf_clear(b);
    bool done = !request->body;
    enum bosa_status status = http1_write_head(b, request, &c->error);
    if (status == BOSA_OK && !done) {
        status = http1_write_body(b, request->body, max, &done, &c->error);
    }
    if (status != BOSA_OK && status != BOSA_AGAIN) {
        return refused(L, c, status);
    }
    lua_pushlstring(L, b->data, b->len);
    lua_pushboolean(L, done);
    push_place(L, c);
    push_heard(L);
    const struct policy *policy = c->invocation ? &c->invocation->policy : hub_policy(c->call->hub);
    if (policy->connect_timeout > 0) {
        lua_pushnumber(L, (lua_Number)policy->connect_timeout / 1000);
        return 7;
    }
    return 6;
}

/* call:_wire_body(max) -> bytes, done | "hungry" | false. */
static int wire_body(lua_State *L)
{
    struct lcall *c = check(L);
    size_t max = check_max(L, 2);
    bool done = false;
    struct buf *b = &c->out;
    if (!is_flying(c)) {
        return push_no(L);
    }
    buf_clear(b);
    enum bosa_status status = http1_write_body(b, c->call->request.body, max, &done, &c->error);
    if (status == BOSA_AGAIN) {
        lua_pushliteral(L, "hungry");
        return 1;
    }
    if (status != BOSA_OK) {
        return refused(L, c, status);
    }
    lua_pushlstring(L, b->data ? b->data : "", b->len);
    lua_pushboolean(L, done);
    return 2;
}

/* call:_body_piece(max) -> bytes ("": the end) | "hungry", true | false: the body as it is, for a
 * transport that frames it itself */
static int body_piece(lua_State *L)
{
    struct lcall *c = check(L);
    size_t max = check_max(L, 2), got = 0;
    if (!is_flying(c)) {
        return push_no(L);
    }
    char *room = lua_newuserdata(L, max);
    enum bosa_status status = body_read(c->call->request.body, room, max, &got, &c->error);
    if (status == BOSA_AGAIN) {
        lua_pushliteral(L, "hungry");
        lua_pushboolean(L, 1);
        return 2;
    }
    if (status != BOSA_OK) {
        return refused(L, c, status);
    }
    lua_pushlstring(L, room, got);
    return 1;
}

/*
 * call:_wire_read(bytes, from) -> position behind what was taken (from `from`, 1 is the first
 * byte), whether the answer is whole, whether the connection may be kept then | false. A position
 * not behind the last byte of an answer that isn't whole: `output` must take chunks first.
 */
static int wire_read(lua_State *L)
{
    struct lcall *c = check(L);
    size_t len = 0, used = 0;
    const char *bytes = luaL_checklstring(L, 2, &len);
    lua_Integer from = luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, from >= 1 && (size_t)from <= len + 1, 3,
                  "a position within the bytes expected");
    size_t at = (size_t)from - 1;
    if (!is_flying(c)) {
        return push_no(L);
    }
    enum bosa_status status =
        http1_read(&c->wire, &c->call->reply, bytes + at, len - at, &used, &c->error);
    if (status != BOSA_OK && status != BOSA_AGAIN) {
        return refused(L, c, status);
    }
    lua_pushinteger(L, (lua_Integer)(at + used + 1));
    lua_pushboolean(L, c->wire.phase == HTTP1_DONE);
    lua_pushboolean(L, c->wire.keep_alive);
    return 3;
}

/* call:_wire_closed() -> true: the answer is whole | false: it was cut off */
static int wire_closed(lua_State *L)
{
    struct lcall *c = check(L);
    enum bosa_status status = http1_closed(&c->wire, &c->error);
    if (status != BOSA_OK) {
        return refused(L, c, status);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* call:_wire_status() -> the answer's status (0: none yet) */
static int wire_status(lua_State *L)
{
    lua_pushinteger(L, check(L)->call->reply.status);
    return 1;
}

void bind_open_wire(lua_State *L)
{
    static const luaL_Reg methods[] = {{"_wire_start", wire_start},
                                       {"_wire_body", wire_body},
                                       {"_wire_read", wire_read},
                                       {"_wire_closed", wire_closed},
                                       {"_wire_status", wire_status},
                                       {"_body_piece", body_piece},
                                       {NULL, NULL}};
    luaL_getmetatable(L, CALL_CLASS);
    lua_getfield(L, -1, "methods");
    compat_setfuncs(L, methods);
    lua_pop(L, 2);
}
