/*
 * exchange: bytes of a call for hosts in which Lua moves them between the core and a socket. The
 * exchange itself is the core's (call/exchange.h).
 *
 * What these functions refuse is kept in the exchange, for call:_exchange_broke(). They give false
 * for a call whose exchange is over, too: others may have ended it while its driver waited, and
 * then its content is gone, nothing more may be sent for it, and what comes is not its response.
 */
#include "bind.h"

#include "http/url.h"

#include <string.h>

/*
 * False also where call:_sending began the attempt: a transport that writes requests by itself has
 * no exchange here.
 */
static bool is_under_way(const struct lcall *c)
{
    return c->call->state == CALL_EXCHANGE && c->exchange.call == c->call;
}

static int push_no(lua_State *L)
{
    lua_pushboolean(L, 0);
    return 1;
}

/* False on the stack for what the exchange refused; raises without memory. */
static int refused(lua_State *L, enum bosa_status status)
{
    return status == BOSA_NOMEM ? bind_nomem(L) : push_no(L);
}

/* What was given to Lua to send is taken to have been sent when Lua comes back for more. */
static void note_sent(struct lcall *c)
{
    if (c->given > 0) {
        exchange_sent(&c->exchange, c->given);
        c->given = 0;
    }
}

/* Pushes "http" or "https", host, port of a URL. */
static void push_place(lua_State *L, const char *text)
{
    struct url url = {0};
    url_parse(&url, text, strlen(text));
    lua_pushstring(L, url.https ? "https" : "http");
    lua_pushlstring(L, url.host, url.host_len);
    lua_pushinteger(L, url.port);
}

/* True when a URL is below the hub's base URL, as all are but those that redirects lead to. */
static bool is_hubs(const struct lcall *c, const char *text)
{
    const char *base = c->hub->url;
    size_t len = base ? strlen(base) : 0;
    return len > 0 && strncmp(text, base, len) == 0 && (text[len] == '/' || text[len] == '?');
}

/* hub:_place() -> "http" or "https", host, port of the base URL, also of a closed one; nil: it is
 * gone */
static int hub_place(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    if (!h->url) {
        return 0;
    }
    push_place(L, h->url);
    return 3;
}

/* Pushes whether the call at 1 has an `output` or `on_progress` to serve. */
static void push_has_listener(lua_State *L)
{
    bind_kept(L, 1, KEPT_OUTPUT);
    bind_kept(L, 1, KEPT_ON_PROGRESS);
    lua_pushboolean(L, !lua_isnil(L, -1) || !lua_isnil(L, -2));
    lua_replace(L, -3);
    lua_pop(L, 1);
}

/* Pushes ms as seconds; nil for no bound. */
static void push_seconds(lua_State *L, int64_t ms)
{
    if (ms > 0 && ms != CALL_NEVER) {
        lua_pushnumber(L, (lua_Number)ms / 1000);
    } else {
        lua_pushnil(L);
    }
}

/* Pushes the next bytes to send, and whether the request ends with them; or "needs_input". */
static int push_output(lua_State *L, struct lcall *c)
{
    const char *bytes;
    size_t len;
    enum bosa_status status = exchange_output(&c->exchange, &bytes, &len);
    if (status == BOSA_AGAIN) {
        lua_pushliteral(L, "needs_input");
        return 1;
    }
    if (status != BOSA_OK) {
        return refused(L, status);
    }
    lua_pushlstring(L, bytes, len);
    lua_pushboolean(L, c->exchange.request_ended);
    c->given = len;
    return 2;
}

/*
 * call:_exchange_begin() -> the request's first bytes, whether that is all, whether there is an
 * `output` or `on_progress` to serve, seconds that the attempt may take, and connecting (nil: no
 * bound), "http" or "https", host, port (nil: those of hub:_place) | false. Takes a call in "send"
 * to "exchange".
 */
static int exchange_begin_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    struct moment now = clock_moment();
    if (call_sending(c->call, &now) != CALL_EXCHANGE) {
        return push_no(L);
    }
    bool secure = strncmp(c->call->request.url, "https:", 6) == 0;
    const char *agent = c->hub->transfer.user_agent;
    c->given = 0;
    enum bosa_status status =
        exchange_begin(&c->exchange, c->call, agent ? agent : TRANSFER_USER_AGENT, secure);
    if (status != BOSA_OK) {
        return refused(L, status);
    }
    if (push_output(L, c) != 2) {
        return push_no(L);
    }
    push_has_listener(L);
    push_seconds(L, call_attempt_time(c->call, &now));
    push_seconds(L, call_policy(c->call)->connect_timeout);
    if (is_hubs(c, c->call->request.url)) {
        return 5;
    }
    push_place(L, c->call->request.url);
    return 8;
}

/* call:_exchange_output() -> bytes, whether the request ends with them | "needs_input" | false.
 * What was given before was sent. */
static int exchange_output_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    if (!is_under_way(c)) {
        return push_no(L);
    }
    note_sent(c);
    return push_output(L, c);
}

/*
 * call:_exchange_rewind(unsent?) -> whether the request may go on another connection, as the kept
 * one was lost; its first bytes, which Lua still has, are to be sent again then. `unsent`: they
 * surely were not.
 */
static int exchange_rewind_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    if (!is_under_way(c)) {
        return push_no(L);
    }
    size_t given = c->given;
    if (!lua_toboolean(L, 2)) {
        note_sent(c);
    }
    bool may = exchange_may_move(&c->exchange);
    if (may) {
        exchange_rewind(&c->exchange);
        c->given = given;
    }
    lua_pushboolean(L, may);
    return 1;
}

/*
 * call:_exchange_input(bytes, from?, finish?) -> position after what was taken (from `from`, 1 is
 * the first byte), whether the response is whole, whether the connection may be kept then, whether
 * `output` must take chunks first and the rest, if only "", is to be given again then | false.
 * `finish`: a whole response is given to the call at once, as call:_responded does.
 */
static int exchange_input_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    size_t len = 0, used = 0;
    const char *bytes = luaL_checklstring(L, 2, &len);
    lua_Integer from = luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, from >= 1 && (size_t)from <= len + 1, 3,
                  "a position within the bytes expected");
    size_t at = (size_t)from - 1;
    if (!is_under_way(c)) {
        return push_no(L);
    }
    note_sent(c);
    enum bosa_status status = exchange_input(&c->exchange, bytes + at, len - at, &used);
    if (status != BOSA_OK && status != BOSA_AGAIN) {
        return refused(L, status);
    }
    lua_pushinteger(L, (lua_Integer)(at + used + 1));
    lua_pushboolean(L, c->exchange.whole);
    lua_pushboolean(L, exchange_keeps_connection(&c->exchange));
    lua_pushboolean(L, status == BOSA_AGAIN);
    if (c->exchange.whole && lua_toboolean(L, 4)) {
        struct moment now = clock_moment();
        exchange_free(&c->exchange); /* a response may be held for long */
        call_responded(c->call, NULL, &now);
    }
    return 4;
}

/* call:_exchange_closed() -> true: the response is whole | false: it was cut off */
static int exchange_closed_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    if (!is_under_way(c)) {
        return push_no(L);
    }
    note_sent(c);
    lua_pushboolean(L, exchange_closed(&c->exchange));
    return 1;
}

/*
 * The kind at `arg`. "protocol" is not among them: a malformed response is for the exchange to
 * find, which refuses it.
 */
static enum bosa_status check_kind(lua_State *L, int arg)
{
    static const char *const names[] = {"connection", "timeout", "tls", "file", NULL};
    static const enum bosa_status kinds[] = {BOSA_CONNECTION, BOSA_TIMEOUT, BOSA_TLS, BOSA_FILE};
    return kinds[luaL_checkoption(L, arg, NULL, names)];
}

/*
 * call:_exchange_broke(kind?, why?, unsent?, seconds?, queued?) -> true | false: there is no whole
 * response. What the exchange refused counts for more than `kind`, which must be given where it
 * refused nothing. `unsent`: what was given last was surely not sent. `seconds` that were allowed,
 * for "timeout"; `queued`: no connection slot was free.
 */
static int exchange_broke_(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    struct exchange *x = &c->exchange;
    struct moment now = clock_moment();
    if (!lua_toboolean(L, 4)) {
        note_sent(c);
    }
    c->given = 0;
    if (!is_under_way(c)) {
        return push_no(L);
    }
    enum bosa_sent sent = exchange_sent_so_far(x);
    if (x->refusal.kind != BOSA_OK) {
        error_move(&c->error, &x->refusal);
    } else {
        struct call_break b = {.kind = check_kind(L, 2),
                               .sent = sent,
                               .queued = lua_toboolean(L, 6),
                               .ms = (int64_t)(luaL_optnumber(L, 5, 0) * 1000),
                               .why = luaL_optstring(L, 3, NULL)};
        call_describe_break(&c->error, c->call, &b);
    }
    call_broke(c->call, sent, &c->error, NULL, &now);
    exchange_free(x); /* the call may be held for long */
    lua_pushboolean(L, 1);
    return 1;
}

/* The room that an argument asks for. */
static size_t check_max(lua_State *L, int arg)
{
    lua_Integer max = luaL_checkinteger(L, arg);
    luaL_argcheck(L, max > 0 && max <= 1 << 24, arg, "1 byte to 16 MiB expected");
    return (size_t)max;
}

/* call:_body_piece(max) -> bytes ("": the end) | "needs_input", true | false: the content as it is,
 * for a transport that frames it itself */
static int body_piece(lua_State *L)
{
    struct lcall *c = bind_check_call(L);
    size_t max = check_max(L, 2), got = 0;
    if (c->call->state != CALL_EXCHANGE) {
        return push_no(L);
    }
    char *room = lua_newuserdata(L, max);
    enum bosa_status status = body_read(c->call->request.body, room, max, &got, &c->error);
    if (status == BOSA_AGAIN) {
        lua_pushliteral(L, "needs_input");
        lua_pushboolean(L, 1);
        return 2;
    }
    if (status != BOSA_OK) {
        c->error.kind = status;
        return refused(L, status);
    }
    lua_pushlstring(L, room, got);
    return 1;
}

void bind_open_exchange(lua_State *L)
{
    static const luaL_Reg methods[] = {{"_exchange_begin", exchange_begin_},
                                       {"_exchange_output", exchange_output_},
                                       {"_exchange_rewind", exchange_rewind_},
                                       {"_exchange_input", exchange_input_},
                                       {"_exchange_closed", exchange_closed_},
                                       {"_exchange_broke", exchange_broke_},
                                       {"_body_piece", body_piece},
                                       {NULL, NULL}};
    static const luaL_Reg hub_methods[] = {{"_place", hub_place}, {NULL, NULL}};
    compat_get_registered(L, CALL_CLASS);
    lua_getfield(L, -1, "methods");
    compat_setfuncs(L, methods);
    lua_pop(L, 2);
    compat_get_registered(L, HUB_CLASS);
    lua_getfield(L, -1, "methods");
    compat_setfuncs(L, hub_methods);
    lua_pop(L, 2);
}
