/*
 * The hub: its engine, its schemas, its endpoints. Each function returns at once; waiting is Lua's.
 */
#include "bind.h"

#include "base/mem.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct lhub *bind_check_hub(lua_State *L, int arg)
{
    return bind_check_class(L, arg, HUB_CLASS);
}

/*
 * False once the hub was closed, by close or by a finalizer: then nothing of the core is there, and
 * a function returns fail_closed.
 */
static bool is_open(const struct lhub *h)
{
    return h->hub;
}

/* Returns nil and the error of a closed hub. */
static int fail_closed(lua_State *L, struct bosa_error *err)
{
    error_set(err, BOSA_CLOSED, "the hub is closed");
    return bind_fail(L, err);
}

/* Lets go of the engine and the hub; calls under way end with kind "closed". May be called again.
 */
static void release(struct lhub *h)
{
    transfer_free(h->engine);
    h->engine = NULL;
    hub_unref(h->hub);
    h->hub = NULL;
}

/* hub:_close(): the C side of close. */
static int hub_close(lua_State *L)
{
    release(bind_check_hub(L, 1));
    return 0;
}

/*
 * May run before the finalizers of calls and responses that still hold the userdata, so nothing
 * that was freed stays reachable from it.
 */
static int hub_gc(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    release(h);
    mem_free(h->url);
    h->url = NULL;
    proxy_free(&h->proxy);
    error_clear(&h->error);
    return 0;
}

static int hub_tostring(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    lua_pushfstring(L, "bosa (%s)%s", h->url ? h->url : "", is_open(h) ? "" : " closed");
    return 1;
}

struct transfer *bind_engine(struct lhub *h)
{
    if (h->engine && !transfer_is_mine(h->engine)) {
        transfer_free(h->engine);
        h->engine = NULL;
    }
    return h->engine;
}

/*
 * The engine, made at first use: libcurl is started by the first call, not by bosa.new. On failure
 * the hub's error is filled.
 */
static enum bosa_status engine(struct lhub *h, struct transfer **out)
{
    bind_engine(h);
    enum bosa_status status = BOSA_OK;
    if (!h->engine) {
        status = transfer_new(&h->engine, &h->transfer, &h->error);
    }
    *out = h->engine;
    return status;
}

/*
 * Puts a call into the hub's list of those that Lua has to look at. One that is in it keeps its
 * place and gets the notes, too.
 */
static void note(struct lhub *h, struct lcall *c, unsigned notes)
{
    c->notes |= notes;
    if (notes & TRANSFER_ENDED) {
        c->driven = false;
    }
    if (c->queued) {
        return;
    }
    c->queued = true;
    c->next = NULL;
    if (h->last) {
        h->last->next = c;
    } else {
        h->first = c;
    }
    h->last = c;
}

/*
 * Moves what the engine has to say into the list. A call without an owner has lost its userdata, or
 * is a response already: nobody waits for it.
 */
static void collect(struct lhub *h)
{
    unsigned notes;
    struct call *call;
    while (h->engine && (call = transfer_take(h->engine, &notes)) != NULL) {
        if (call->owner) {
            note(h, call->owner, notes);
        }
    }
}

void bind_hub_forget_call(struct lhub *h, struct lcall *c)
{
    if (!c->queued) {
        return;
    }
    struct lcall **at = &h->first;
    struct lcall *before = NULL;
    while (*at && *at != c) {
        before = *at;
        at = &(*at)->next;
    }
    if (*at) {
        *at = c->next;
        h->last = h->last == c ? before : h->last;
    }
    c->queued = false;
}

/*
 * Gives a new call to the engine. It may end at once, as of invalid parameters; then it is in the
 * list. On failure the hub's error is filled.
 */
static enum bosa_status start(struct lhub *h, struct lcall *c)
{
    struct transfer *t;
    if (!is_open(h)) {
        return error_set(&h->error, BOSA_CLOSED, "the hub is closed");
    }
    enum bosa_status status = engine(h, &t);
    if (status == BOSA_OK) {
        transfer_start(t, c->call);
        c->driven = c->call->transport;
        collect(h);
    }
    return status;
}

/* hub:_start(call) -> true | nil, err: gives a new call to the engine. */
static int hub_start(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    if (start(h, bind_check_class(L, 2, CALL_CLASS)) != BOSA_OK) {
        return bind_fail(L, &h->error);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* Works for at most `timeout` ms (-1: until there is something for Lua). False: there is nothing,
 * as the time is over or a signal came. */
static bool step(struct lhub *h, int timeout)
{
    if (!bind_engine(h)) {
        return false;
    }
    bool something = transfer_step(h->engine, h->first ? 0 : timeout);
    collect(h);
    return something;
}

/* Milliseconds for poll; -1, without end, for none and below 0. */
static int check_timeout(lua_State *L, int arg)
{
    lua_Number ms = luaL_optnumber(L, arg, -1);
    return ms < 0 ? -1 : ms > 1e9 ? (int)1e9 : (int)ms;
}

/* hub:_step(timeout_ms?): works until some call has something for Lua (hub:_next). */
static int hub_step(lua_State *L)
{
    step(bind_check_hub(L, 1), check_timeout(L, 2));
    return 0;
}

/*
 * hub:_next() -> call, ended, needs_input, chunk, progress, event: the first call of the list (nil:
 * none) and what it has. One that the collector has taken out of the weak table already, before its
 * __gc has run, is passed over.
 */
static int hub_next(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    bind_kept(L, 1, KEPT_CALLS);
    while (h->first) {
        struct lcall *c = h->first;
        h->first = c->next;
        h->last = h->first ? h->last : NULL;
        c->queued = false;
        unsigned notes = c->notes;
        c->notes = 0;
        lua_rawgeti(L, -1, (int)c->id);
        if (!lua_isnil(L, -1)) {
            for (unsigned bit = TRANSFER_ENDED; bit <= TRANSFER_EVENT; bit <<= 1) {
                lua_pushboolean(L, (notes & bit) != 0);
            }
            return 6;
        }
        lua_pop(L, 1);
    }
    return 0;
}

/*
 * hub:_run(call) -> true when the call's end is all that there is for Lua; then it isn't in the
 * list any more. False when there is something else to look at first, or a signal came: Lua's own
 * handlers run only in Lua. A new call is given to the engine first; nil, err: that can't be.
 */
static int hub_run(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    struct lcall *c = bind_check_class(L, 2, CALL_CLASS);
    bool undisturbed = true;
    if (c->call && c->call->state == CALL_NEW && start(h, c) != BOSA_OK) {
        return bind_fail(L, &h->error);
    }
    while (undisturbed && c->driven && c->call && c->call->state != CALL_ENDED && !h->first) {
        undisturbed = step(h, -1);
    }
    bool only = h->first == c && !c->next && c->notes == TRANSFER_ENDED;
    if (only) {
        bind_hub_forget_call(h, c);
        c->notes = 0;
    }
    lua_pushboolean(L, only);
    return 1;
}

/* hub:_fd() -> the engine's descriptor (nil before the first call): readable when _step has work.
 */
static int hub_fd(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    if (!bind_engine(h)) {
        return 0;
    }
    lua_pushinteger(L, transfer_fd(h->engine));
    return 1;
}

/* hub:_active() -> calls that the engine has. */
static int hub_active(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    struct transfer *t = bind_engine(h);
    lua_pushinteger(L, t ? (lua_Integer)transfer_active(t) : 0);
    return 1;
}

/*
 * poll(hubs, timeout_ms): waits until one of the hubs' engines has work, -1 for ever; not at all
 * where a hub has a call to look at. Without hubs: just waits. The set is a userdata, since
 * checking the list may raise.
 */
static int hub_poll(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    int timeout = check_timeout(L, 2);
    size_t count = lua_rawlen(L, 1);
    struct pollfd *set = lua_newuserdata(L, (count + 1) * sizeof *set);
    nfds_t used = 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, (int)i);
        struct lhub *h = bind_check_hub(L, -1);
        lua_pop(L, 1);
        timeout = h->first ? 0 : timeout;
        if (bind_engine(h)) {
            set[used++] = (struct pollfd){.fd = transfer_fd(h->engine), .events = POLLIN};
        }
    }
    poll(set, used, timeout);
    return 0;
}

/* hub:_has(name) -> whether the connector's schemas are in memory (or on disk, whence they are
 * read). */
static int hub_has(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    const char *name = luaL_checkstring(L, 2);
    struct moment now = clock_moment();
    lua_pushboolean(L,
                    is_open(h) && (hub_find(h->hub, name, &now) || hub_recall(h->hub, name, &now)));
    return 1;
}

/* hub:_forget(name) -> true | nil, err: schemas in memory and on disk; none are no error. */
static int hub_forget_connector(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    const char *name = luaL_checkstring(L, 2);
    if (!is_open(h)) {
        return fail_closed(L, &h->error);
    }
    hub_forget(h->hub, name);
    lua_pushboolean(L, 1);
    return 1;
}

/* hub:_fetch(name) -> call | nil, err: a new call that fetches a connector's schemas. */
static int hub_fetch(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    const char *name = luaL_checkstring(L, 2);
    struct lcall *c = bind_push_call(L, 1);
    if (!is_open(h)) {
        return fail_closed(L, &h->error);
    }
    bind_set_call(L, c, call_new_fetch(h->hub, name));
    return 1;
}

/*
 * Makes the call of an endpoint with the JSON body `text` (NULL: none). The arguments are read
 * before the body, as nothing may raise while it is on the C stack. It may hold a key, so it is
 * wiped. *out NULL with BOSA_OK: no memory for the call.
 */
static enum bosa_status make_endpoint(lua_State *L, struct lhub *h, int which, const char *text,
                                      size_t len, struct call **out)
{
    const char *name = luaL_optstring(L, 3, NULL);
    const char *identifier = luaL_optstring(L, 4, NULL);
    const char *token = luaL_optstring(L, 5, NULL);
    struct json_doc body;
    json_init(&body);
    if (text) {
        char *copy = mem_dup(text, len);
        enum bosa_status status = copy ? json_parse(&body, copy, len, &h->error) : BOSA_NOMEM;
        if (status != BOSA_OK) {
            json_wipe(&body);
            h->error.kind = status;
            return status;
        }
    }
    *out = call_new_endpoint(h->hub, (enum endpoint)which, name, identifier, token,
                             text ? &body : NULL);
    json_wipe(&body);
    return BOSA_OK;
}

/*
 * hub:_learn(name, text) -> true | false: takes schemas from elsewhere (a cache of the host's) as
 * just fetched; false: they are no schemas of it. nil: the hub is closed.
 */
static int hub_learn_text(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    const char *name = luaL_checkstring(L, 2);
    size_t len = 0;
    const char *text = luaL_checklstring(L, 3, &len);
    char *copy = is_open(h) ? mem_dup(text, len) : NULL;
    if (!copy) {
        return is_open(h) ? bind_nomem(L) : 0;
    }
    struct json_doc doc;
    struct moment now = clock_moment();
    json_init(&doc);
    enum bosa_status status = json_parse_lenient(&doc, copy, len, &h->error);
    if (status == BOSA_OK) {
        status = hub_learn(h->hub, name, &doc, NULL, NULL, &now, &h->error);
    }
    json_free(&doc);
    error_clear(&h->error);
    lua_pushboolean(L, status == BOSA_OK);
    return 1;
}

/* For text that a function which may raise gathers. */
static int buf_gc(lua_State *L)
{
    buf_free(luaL_checkudata(L, 1, BUF_CLASS));
    return 0;
}

/*
 * hub:_text(name) -> a loaded connector's schemas as JSON; nil: not loaded. The userdata is made
 * before the connector is looked up: a finalizer could take that away.
 */
static int hub_text(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    const char *name = luaL_checkstring(L, 2);
    struct moment now = clock_moment();
    struct buf *out = lua_newuserdata(L, sizeof *out);
    buf_init(out);
    bind_set_class(L, BUF_CLASS);
    struct connector *c = is_open(h) ? hub_find(h->hub, name, &now) : NULL;
    if (!c || json_write(out, &c->doc, 0, &h->error) != BOSA_OK) {
        error_clear(&h->error);
        return 0;
    }
    lua_pushlstring(L, out->data, out->len);
    buf_free(out);
    return 1;
}

/* hub:_url() -> the base URL; "" once it is closed */
static int hub_url(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    lua_pushstring(L, h->url ? h->url : "");
    return 1;
}

/* hub:_tls() -> whether certificates are checked, connections allowed at once, ca_file (nil: none)
 */
static int hub_tls(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    lua_pushboolean(L, h->transfer.verify);
    lua_pushinteger(L, h->transfer.max_connections);
    lua_pushstring(L, h->own_ca_file ? h->transfer.ca_file : NULL);
    return 3;
}

/* Pushes a proxy's scheme, host and port, as its URL has them; 1080 where it has none, as curl. */
static void push_proxy_place(lua_State *L, const char *url)
{
    const char *host = strstr(url, "://") + 3;
    const char *bracket = strchr(host, ']');
    const char *colon = strchr(bracket ? bracket : host, ':');
    lua_pushlstring(L, url, (size_t)(host - 3 - url));
    lua_pushlstring(L, host, colon ? (size_t)(colon - host) : strlen(host));
    lua_pushinteger(L, colon ? (lua_Integer)strtol(colon + 1, NULL, 10) : 1080);
}

/*
 * hub:_proxy() -> scheme, host, port, user, password (nil: none) of the option `proxy`; nil: no
 * such option. For nginx, which connects by itself; proxy_parse has checked the URL.
 */
static int hub_proxy(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    if (!h->proxy.url) {
        return 0;
    }
    push_proxy_place(L, h->proxy.url);
    lua_pushstring(L, h->proxy.user);
    lua_pushstring(L, h->proxy.password);
    return 5;
}

/* hub:_cache_ttl() -> seconds that schemas count as fresh */
static int hub_cache_ttl(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)bind_check_hub(L, 1)->cache_ttl);
    return 1;
}

/*
 * hub:_endpoint(which, name?, identifier?, token?, json_text?) -> call | nil, err: a new call.
 * Whether the hub is open is asked after the userdata was made, which may run finalizers.
 */
static int hub_endpoint(lua_State *L)
{
    static const char *const names[] = {"names",
                                        "create_user",
                                        "token",
                                        "who_am_i",
                                        "catalog_tools",
                                        "catalog_mcps",
                                        "catalog_skills",
                                        "catalog_search",
                                        "tenant_skills",
                                        "tenant_skill",
                                        "download",
                                        "auth_schema",
                                        "has",
                                        "integrate",
                                        "get",
                                        "select",
                                        "remove",
                                        NULL};
    struct lhub *h = bind_check_hub(L, 1);
    int which = luaL_checkoption(L, 2, NULL, names);
    size_t len = 0;
    const char *text = luaL_optlstring(L, 6, NULL, &len);
    lua_settop(L, 6);
    struct lcall *c = bind_push_call(L, 1);
    struct call *call = NULL;
    if (!is_open(h)) {
        return fail_closed(L, &h->error);
    }
    if (make_endpoint(L, h, which, text, len, &call) != BOSA_OK) {
        return bind_fail(L, &h->error);
    }
    bind_set_call(L, c, call);
    return 1;
}

/*
 * hub:_redact(text, token?) -> text, without the hub's key and token, nor that one: for errors that
 * lua/bosa makes. nil: the hub is closed, and knows them no longer.
 */
static int hub_redact(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    size_t len, token_len = 0;
    const char *text = luaL_checklstring(L, 2, &len);
    const char *token = luaL_optlstring(L, 3, NULL, &token_len);
    char *copy = lua_newuserdata(L, len + 1);
    bool failed = false;
    if (!is_open(h)) {
        return 0;
    }
    struct secrets secrets;
    memcpy(copy, text, len);
    secrets_init(&secrets);
    hub_secrets(h->hub, &secrets);
    secrets_add(&secrets, token, token_len);
    len = secrets_mask(&secrets, copy, len, false, &failed);
    secrets_free(&secrets);
    if (failed) {
        return bind_nomem(L);
    }
    lua_pushlstring(L, copy, len);
    return 1;
}

void bind_open_hub(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", hub_gc}, {"__tostring", hub_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"_close", hub_close},
                                       {"_start", hub_start},
                                       {"_step", hub_step},
                                       {"_next", hub_next},
                                       {"_run", hub_run},
                                       {"_fd", hub_fd},
                                       {"_active", hub_active},
                                       {"_has", hub_has},
                                       {"_forget", hub_forget_connector},
                                       {"_fetch", hub_fetch},
                                       {"_endpoint", hub_endpoint},
                                       {"_learn", hub_learn_text},
                                       {"_text", hub_text},
                                       {"_redact", hub_redact},
                                       {"_url", hub_url},
                                       {"_tls", hub_tls},
                                       {"_proxy", hub_proxy},
                                       {"_cache_ttl", hub_cache_ttl},
                                       {NULL, NULL}};
    bind_plain_class(L, BUF_CLASS, buf_gc, NULL);
    bind_class(L, HUB_CLASS, meta, methods);
    bind_add_keeping(L, HUB_CLASS);
    lua_pushcfunction(L, bind_hub_make);
    lua_setfield(L, -2, "new");
    lua_pushcfunction(L, bind_set_on_new);
    lua_setfield(L, -2, "set_on_new");
    lua_pushcfunction(L, bind_set_on_profile);
    lua_setfield(L, -2, "set_on_profile");
    lua_pushcfunction(L, hub_poll);
    lua_setfield(L, -2, "poll");
}
