/*
 * bosa.new: reads and checks every option, so that a mistake is told at the caller's line. It opens
 * nothing.
 */
#include "bind.h"
#include "options.h"

#include "base/mem.h"
#include "http/header_fields.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ON_NEW "bosa.on_new"         /* registry: set_on_new */
#define ON_PROFILE "bosa.on_profile" /* registry: set_on_profile */
#define DEFAULT_URL "https://api.bosa.id"
#define DEFAULT_TIMEOUT_MS 30000
#define DEFAULT_CONNECT_TIMEOUT_MS 10000
#define DEFAULT_RESPONSE_SIZE ((int64_t)64 << 20)
#define DEFAULT_CONNECTIONS 16
#define DEFAULT_CACHE_TTL 3600

static const char *const option_names[] = {"api_base_url",
                                           "api_key",
                                           "token",
                                           "allow_http",
                                           "max_attempts",
                                           "replay_unsafe",
                                           "deadline",
                                           "timeout",
                                           "connect_timeout",
                                           "max_response_size",
                                           "max_connections",
                                           "cache_dir",
                                           "cache_ttl",
                                           "cache",
                                           "ca_file",
                                           "proxy",
                                           "verify",
                                           "user_agent",
                                           "transport",
                                           "on_event",
                                           "int64",
                                           "retry_budget",
                                           "snapshot",
                                           "before",
                                           "after",
                                           "null",
                                           "profile",
                                           "traceparent",
                                           NULL};

/* An option, else an environment variable, else the fallback; an empty variable counts as unset. */
static const char *from_env(const char *option, const char *variable, const char *fallback)
{
    if (option) {
        return option;
    }
    const char *value = getenv(variable);
    return value && value[0] ? value : fallback;
}

/*
 * cache_dir = true stands for the XDG cache directory. Pushes a value that keeps the string alive.
 * False: nobody says where that is, and `err` is set.
 */
static bool read_cache_dir(lua_State *L, int index, const char **out, struct bosa_error *err)
{
    *out = NULL;
    lua_getfield(L, index, "cache_dir");
    if (!lua_isboolean(L, -1)) {
        lua_pop(L, 1);
        *out = options_string(L, index, "cache_dir", NULL);
        return true;
    }
    if (!lua_toboolean(L, -1)) {
        return true;
    }
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (base && base[0] == '/') {
        *out = lua_pushfstring(L, "%s/bosa", base);
    } else if (home && home[0] == '/') {
        *out = lua_pushfstring(L, "%s/.cache/bosa", home);
    } else {
        (void)error_set(err, BOSA_FILE,
                        "neither XDG_CACHE_HOME nor HOME says where the cache is (`cache_dir`)");
    }
    return *out != NULL;
}

/*
 * The defaults of every call. What is left on the stack is bind_hub_make's, which has asked for the
 * room.
 */
static void read_policy(lua_State *L, int index, struct policy *policy)
{
    policy->max_attempts =
        (int)options_int(L, index, "max_attempts", 1, INVOCATION_MAX_ATTEMPTS, 1);
    policy->replay_unsafe = options_bool(L, index, "replay_unsafe", false);
    policy->deadline = options_ms(L, index, "deadline", 0);
    policy->timeout = options_ms(L, index, "timeout", DEFAULT_TIMEOUT_MS);
    policy->connect_timeout = options_ms(L, index, "connect_timeout", DEFAULT_CONNECT_TIMEOUT_MS);
}

/* Raises for another word than the three. */
static enum int_mode read_int_mode(lua_State *L, int index)
{
    const char *name = options_string(L, index, "int64", "string");
    if (strcmp(name, "string") == 0) {
        return INT_STRING;
    }
    if (strcmp(name, "number") == 0) {
        return INT_NUMBER;
    }
    if (strcmp(name, "cdata") != 0) {
        luaL_error(L, "option `int64` must be \"string\", \"cdata\" or \"number\"");
    }
    return INT_CDATA;
}

/* Copies a variable of the environment and anchors the copy; NULL: it is unset, or empty. */
static const char *keep_env(lua_State *L, int self, enum kept what, const char *variable)
{
    const char *value = getenv(variable);
    if (!value || !value[0]) {
        return NULL;
    }
    lua_pushstring(L, value);
    value = lua_tostring(L, -1);
    bind_keep(L, self, what);
    return value;
}

/*
 * The certificates of authorities: the option, else the first variable that is set. As libcurl's
 * command has it, SSL_CERT_DIR goes with SSL_CERT_FILE. nginx has certificates of its own, so it is
 * told of the option alone.
 */
static void read_authorities(lua_State *L, int index, int self, struct lhub *h)
{
    struct transfer_options *o = &h->transfer;
    o->ca_file = options_string(L, index, "ca_file", NULL);
    bind_keep(L, self, KEPT_CA_FILE);
    h->own_ca_file = o->ca_file != NULL;
    if (!o->ca_file) {
        o->ca_file = keep_env(L, self, KEPT_CA_FILE, "BOSA_CA_FILE");
    }
    if (!o->ca_file) {
        o->ca_file = keep_env(L, self, KEPT_CA_FILE, "SSL_CERT_FILE");
        o->ca_dir = keep_env(L, self, KEPT_CA_DIR, "SSL_CERT_DIR");
    }
    if (!o->ca_file && !o->ca_dir) {
        o->ca_file = keep_env(L, self, KEPT_CA_FILE, "CURL_CA_BUNDLE");
    }
}

/* What libcurl will be told when the engine is made. The strings are anchored in the uservalue. */
static void read_transfer(lua_State *L, int index, int self, struct lhub *h)
{
    struct transfer_options *o = &h->transfer;
    o->max_connections =
        (int)options_int(L, index, "max_connections", 1, 10000, DEFAULT_CONNECTIONS);
    o->verify = options_bool(L, index, "verify", true);
    read_authorities(L, index, self, h);
    o->proxy = options_string(L, index, "proxy", NULL);
    bind_keep(L, self, KEPT_PROXY);
    o->user_agent = options_string(L, index, "user_agent", NULL);
    if (o->user_agent && !http_is_value(o->user_agent, strlen(o->user_agent))) {
        luaL_error(L, "option `user_agent` must not hold control characters");
    }
    bind_keep(L, self, KEPT_USER_AGENT);
}

/*
 * Takes the option `proxy` apart now, so that a mistake is told now. The message repeats nothing of
 * it: it may hold a password.
 */
static void check_proxy(lua_State *L, struct lhub *h)
{
    const char *text = h->transfer.proxy;
    if (!text || text[0] == '\0') {
        return;
    }
    enum bosa_status status = proxy_parse(&h->proxy, text, &h->error);
    if (status == BOSA_NOMEM) {
        bind_nomem(L);
    } else if (status != BOSA_OK) {
        luaL_error(L, "option `proxy`: %s", h->error.message);
    }
}

/* A snapshot is a file's path, or what is in such a file as a table. Lua loads it. */
static void keep_snapshot(lua_State *L, int index, int self)
{
    lua_getfield(L, index, "snapshot");
    if (!lua_isnil(L, -1) && !lua_istable(L, -1) && lua_type(L, -1) != LUA_TSTRING) {
        luaL_error(L, "option `snapshot`: path or table expected, got %s", luaL_typename(L, -1));
    }
    bind_keep(L, self, KEPT_SNAPSHOT);
}

/*
 * What null in responses comes as; given as a parameter, it is null, too. But for strings, numbers
 * and booleans: those may be meant.
 */
static void keep_null(lua_State *L, int index, int self, struct lhub *h)
{
    lua_getfield(L, index, "null");
    h->own_null = !lua_isnil(L, -1);
    if (lua_isuserdata(L, -1) || lua_istable(L, -1) || lua_isfunction(L, -1)) {
        values_add_null(L, -1);
    }
    bind_keep(L, self, KEPT_NULL);
}

/* A string, which the core checks, or a function, which Lua asks for each call. */
static const char *keep_traceparent(lua_State *L, int index, int self)
{
    lua_getfield(L, index, "traceparent");
    int type = lua_type(L, -1);
    if (type != LUA_TNIL && type != LUA_TSTRING && type != LUA_TFUNCTION) {
        luaL_error(L, "option `traceparent`: string or function expected, got %s",
                   luaL_typename(L, -1));
    }
    lua_pushvalue(L, -1);
    bind_keep(L, self, KEPT_TRACEPARENT);
    return type == LUA_TSTRING ? options_string(L, index, "traceparent", NULL) : NULL;
}

/*
 * What lua/bosa calls or loads: functions, the snapshot, and `cache` as it is, for the host that
 * shares one.
 */
static void keep_hooks(lua_State *L, int index, int self)
{
    options_push(L, index, "transport", LUA_TFUNCTION);
    bind_keep(L, self, KEPT_TRANSPORT);
    options_push(L, index, "on_event", LUA_TFUNCTION);
    bind_keep(L, self, KEPT_ON_EVENT);
    options_push(L, index, "before", LUA_TFUNCTION);
    bind_keep(L, self, KEPT_BEFORE);
    options_push(L, index, "after", LUA_TFUNCTION);
    bind_keep(L, self, KEPT_AFTER);
    lua_getfield(L, index, "cache");
    bind_keep(L, self, KEPT_CACHE);
    keep_snapshot(L, index, self);
}

/* Without anybody to read them calls queue no events. */
static bool wants_events(lua_State *L, int self)
{
    const char *debug = getenv("BOSA_DEBUG");
    bind_kept(L, self, KEPT_ON_EVENT);
    bool wants = !lua_isnil(L, -1) || (debug && strcmp(debug, "1") == 0);
    lua_pop(L, 1);
    return wants;
}

/* The table of calls by number: weak, so that an abandoned call is collected, which cancels it. */
static void make_calls_table(lua_State *L, int self)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    bind_keep(L, self, KEPT_CALLS);
}

/*
 * For the jitter of retries: two processes that start together are to wait differently. Nothing
 * secret is made of it.
 */
static uint64_t seed(const void *where)
{
    struct moment now = clock_moment();
    return (uint64_t)now.ms * 1000003u ^ (uint64_t)now.unix_s << 20 ^ (uint64_t)(uintptr_t)where ^
           (uint64_t)getpid() << 40;
}

/* set_on_new(f): f(hub) is called for every hub that is made; what Lua has to say of it. An error
 * object that it returns is what becomes of the hub. */
int bind_set_on_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, ON_NEW);
    return 0;
}

/*
 * Returns what `new` returns: the hub at `hub_index`, or nil and the error that Lua's function
 * gave. What that raises goes to the caller of `new`.
 */
static int call_on_new(lua_State *L, int hub_index)
{
    lua_settop(L, hub_index);
    lua_getfield(L, LUA_REGISTRYINDEX, ON_NEW);
    if (!lua_isfunction(L, -1)) {
        lua_settop(L, hub_index);
        return 1;
    }
    lua_pushvalue(L, hub_index);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_settop(L, hub_index);
        return 1;
    }
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/*
 * set_on_profile(f): f(name, url?) reads a saved session: { api_url =, api_key =, token =,
 * allow_http =, alone = } | nil, err. Where `url` is another server's, there is no key and no token
 * in it.
 */
int bind_set_on_profile(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, ON_PROFILE);
    return 0;
}

/* What a saved session says. The strings are anchored on the stack. */
struct session {
    bool named; /* by the option, so it wins over the environment */
    const char *url, *key, *token;
    bool allow_http;
    bool alone; /* the environment is another server's */
};

static const char *session_string(lua_State *L, int index, const char *name)
{
    lua_getfield(L, index, name);
    return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* Whether the caller wants no session, whatever BOSA_PROFILE says: profile = false. */
static bool wants_none(lua_State *L)
{
    lua_getfield(L, 1, "profile");
    bool none = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    lua_pop(L, 1);
    return none;
}

/* Reads the session that the option `profile` or BOSA_PROFILE names. False: it can't be had, and
 * nil and an error are on the stack. */
static bool read_session(lua_State *L, const char *url, struct session *session)
{
    *session = (struct session){.named = false};
    if (wants_none(L)) {
        return true;
    }
    const char *option = options_string(L, 1, "profile", NULL);
    const char *name = from_env(option, "BOSA_PROFILE", NULL);
    session->named = option != NULL;
    if (!name) {
        return true;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, ON_PROFILE);
    lua_pushstring(L, name);
    lua_pushstring(L, option ? url : from_env(url, "BOSA_API_BASE_URL", NULL));
    lua_call(L, 2, 2);
    if (!lua_istable(L, -2)) {
        return false;
    }
    lua_pop(L, 1);
    int index = lua_gettop(L);
    session->url = session_string(L, index, "api_url");
    session->key = session_string(L, index, "api_key");
    session->token = session_string(L, index, "token");
    lua_getfield(L, index, "allow_http");
    session->allow_http = lua_toboolean(L, -1);
    lua_getfield(L, index, "alone");
    session->alone = lua_toboolean(L, -1);
    return true;
}

/* An option, else what the session has, else the variable: the session first where the caller named
 * it, the variable first where another variable did. */
static const char *choose(const struct session *session, const char *option, const char *saved,
                          const char *variable, const char *fallback)
{
    if (option) {
        return option;
    }
    if (session->named && (saved || session->alone)) {
        return saved;
    }
    return from_env(NULL, variable, saved ? saved : fallback);
}

/* Where requests go and with what. False: nil and an error are on the stack. */
static bool read_credentials(lua_State *L, struct hub_options *o)
{
    struct session session;
    const char *url = options_string(L, 1, "api_base_url", NULL);
    const char *key = options_string(L, 1, "api_key", NULL);
    const char *token = options_string(L, 1, "token", NULL);
    if (!read_session(L, url, &session)) {
        return false;
    }
    o->base_url = choose(&session, url, session.url, "BOSA_API_BASE_URL", DEFAULT_URL);
    o->api_key = choose(&session, key, session.key, "BOSA_API_KEY", NULL);
    o->token = choose(&session, token, session.token, "BOSA_TOKEN", NULL);
    o->allow_http = options_bool(L, 1, "allow_http", session.allow_http);
    return true;
}

/* The module in place of options comes of `bosa:new()`. */
static void refuse_module(lua_State *L)
{
    lua_getfield(L, 1, "new");
    if (lua_isfunction(L, -1)) {
        luaL_error(L, "call it with a dot: bosa.new{...}");
    }
    lua_pop(L, 1);
}

/*
 * What hub_new refused. An option raises. What came from a variable of the environment or from a
 * saved session, is no mistake of the caller's: nil and an error that calls it by its name.
 */
static int refuse(lua_State *L, struct bosa_error *err, const struct hub_options *o)
{
    const struct {
        const char *option, *variable, *saved, *value;
    } names[] = {{"api_base_url", "BOSA_API_BASE_URL", "api_url", o->base_url},
                 {"api_key", "BOSA_API_KEY", "api_key", o->api_key},
                 {"token", "BOSA_TOKEN", "token", o->token}};
    for (size_t i = 0; err->message && i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i].option);
        bool about = strncmp(err->message, names[i].option, len) == 0 && err->message[len] == ' ';
        lua_getfield(L, 1, names[i].option);
        if (about && lua_isnil(L, -1)) {
            bool saved = names[i].value != getenv(names[i].variable);
            (void)error_set(err, BOSA_PARAMS, "%s%s%s", saved ? "the profile's " : "",
                            saved ? names[i].saved : names[i].variable, err->message + len);
            return bind_fail(L, err);
        }
        lua_pop(L, 1);
    }
    return bind_misuse(L, 1, err);
}

/*
 * new(options?) -> hub | nil, err (a profile or a snapshot that can't be loaded, a variable of the
 * environment that can't be used); opens nothing else. Raises for every mistake in the options. All
 * that is allocated is the userdata's from the start, so no raise leaks; the strings stay on the
 * stack until hub_new has copied them.
 */
int bind_hub_make(lua_State *L)
{
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkstack(L, 48, NULL);
    refuse_module(L);
    options_check_names(L, 1, option_names);
    struct lhub *h = bind_new(L, sizeof *h, HUB_CLASS, KEPT_ALL);
    error_init(&h->error);
    read_transfer(L, 1, 2, h);
    check_proxy(L, h);
    keep_hooks(L, 1, 2);
    keep_null(L, 1, 2, h);
    make_calls_table(L, 2);
    h->ints = read_int_mode(L, 1);
    struct hub_options o = {.events = wants_events(L, 2), .seed = seed(h)};
    if (!read_credentials(L, &o)) {
        return 2;
    }
    o.traceparent = keep_traceparent(L, 1, 2);
    o.retry_budget = options_bool(L, 1, "retry_budget", true);
    o.max_response_size =
        (size_t)options_int(L, 1, "max_response_size", 1, (int64_t)1 << 40, DEFAULT_RESPONSE_SIZE);
    if (!read_cache_dir(L, 1, &o.cache_dir, &h->error)) {
        return bind_fail(L, &h->error);
    }
    o.cache_ttl = h->cache_ttl = options_int(L, 1, "cache_ttl", 0, INT32_MAX, DEFAULT_CACHE_TTL);
    read_policy(L, 1, &o.policy);
    if (hub_new(&h->hub, &o, &h->error) != BOSA_OK) {
        return refuse(L, &h->error, &o);
    }
    const char *url = hub_base_url(h->hub);
    h->url = mem_dup(url, strlen(url));
    if (!h->url) {
        return bind_nomem(L);
    }
    return call_on_new(L, 2);
}
