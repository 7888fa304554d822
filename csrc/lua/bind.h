/*
 * bind: what the binding's files share: the classes' C sides, errors, the arguments.
 *
 * Each class is a userdata that keeps the Lua values that it needs. No heap pointer
 * is on the C stack only while a Lua function may raise: it is in a userdata with __gc first.
 */
#ifndef BOSA_LUA_BIND_H
#define BOSA_LUA_BIND_H

#include "call/call.h"
#include "call/exchange.h"
#include "http/proxy.h"
#include "transport/transfer.h"
#include "values.h"

/*
 * The names of the classes. The address of a name stands for the class: it begins each of its
 * userdata, and the registry has the metatable under it, besides under the name.
 */
extern const char bind_class_hub[], bind_class_connector[], bind_class_action[], bind_class_call[],
    bind_class_response[], bind_class_file[], bind_class_error[], bind_class_buf[],
    bind_class_nodes[];

#define HUB_CLASS bind_class_hub
#define CONNECTOR_CLASS bind_class_connector
#define ACTION_CLASS bind_class_action
#define CALL_CLASS bind_class_call
#define RESPONSE_CLASS bind_class_response
#define FILE_CLASS bind_class_file
#define ERROR_CLASS bind_class_error
#define BUF_CLASS bind_class_buf     /* a struct buf that a function which may raise fills */
#define NODES_CLASS bind_class_nodes /* a struct json_doc, likewise */

#define BIND_MAX_CHUNK (1 << 26) /* bytes that file:chunks gives at once */

struct lcall;

struct lhub {
    struct hub *hub;                  /* a reference; NULL once closed */
    struct transfer *engine;          /* made at first use */
    struct transfer_options transfer; /* its strings are kept */
    bool own_ca_file;                 /* ca_file is the option, not the environment's */
    struct proxy proxy;               /* the option, taken apart; no url: none */
    enum int_mode ints;
    bool own_null;              /* null is another value than bosa.null, which is kept */
    char *url;                  /* owned; for tostring, also when closed */
    int64_t cache_ttl;          /* seconds */
    int64_t last_id;            /* of the calls */
    struct lcall *first, *last; /* calls with notes, in the order they came */
    struct bosa_error error;    /* scratch of the function that runs */
};

/* Keeps hub, before, after. */
struct lconnector {
    size_t len;
    char name[]; /* a NUL after it; of the userdata itself, so it is there as long as that is */
};

/* Keeps hub, connector, name, params, token, identifier, headers, output, on_progress, traceparent,
 * before, after. */
struct laction {
    struct policy policy;
    struct lhub *hub; /* borrowed from the kept hub */
    const char *name; /* the action's, in `names`, as long as name_len says */
    size_t connector_len, name_len;
    bool own_params; /* `params` is a copy of ours, which :param may change */
    char names[];    /* the connector's and the action's, a NUL after each */
};

/* Keeps hub, response, error, feeds, output, on_progress, traceparent. */
struct lcall {
    struct call *call;             /* owned; NULL once it became a response */
    struct invocation *invocation; /* a reference; what is being read from Lua must belong to
                                      someone */
    struct lhub *hub;              /* borrowed from the kept hub */
    int64_t id;                    /* in the hub's table of calls */
    unsigned notes;                /* of transfer_take, not given to Lua yet */
    bool queued;                   /* in the hub's list */
    bool driven;                   /* the engine has it */
    struct lcall *next;
    struct exchange exchange; /* where the host owns the sockets */
    size_t given;             /* bytes given to Lua to send, of which nothing is known yet */
    struct bosa_error error;  /* scratch; what a _status, _field or _body refused */
};

/* Keeps hub, data, meta, hooks, output, on_progress, null. */
struct lresponse {
    struct call *call; /* owned; ended, ok */
    enum int_mode ints;
    bool own_null;            /* as the hub's */
    bool changed;             /* the kept `data` counts, not the document */
    uint32_t seen, seen_node; /* element number `seen` (from 0) of the list is at `seen_node`; 0, 0:
                                 none yet */
    struct bosa_error error;  /* scratch */
};

/* Keeps the response for a file that came, the read function for one to send. */
struct lfile {
    struct file_part part;   /* a file to send */
    bool received;           /* a file that came; its bytes are the response's */
    struct bosa_error error; /* scratch */
};

/* ---- errors: one way to raise, one to return ---- */

/* Pushes nil and the error object made of `err`, which is cleared; raises Lua's memory error for
 * BOSA_NOMEM. Returns 2. */
int bind_fail(lua_State *L, struct bosa_error *err);

/* The same; null in `details` comes as the value at stack index `null` (0: bosa.null). */
int bind_fail_with(lua_State *L, struct bosa_error *err, int null);

/* Pushes the error object only. */
void bind_push_error(lua_State *L, struct bosa_error *err);

/* Raises `err` as an argument error at the caller's line, and clears it. Does not return. */
int bind_misuse(lua_State *L, int arg, struct bosa_error *err);

/* Raises Lua's own "not enough memory". Does not return. */
int bind_nomem(lua_State *L);

/* ---- userdata ---- */

/*
 * Every call that makes a Lua value may run finalizers, and those may close a hub and make it
 * forget its connectors: what is borrowed of a hub is asked for after the last such call, and
 * copied.
 */

/* Pushes a userdata with an empty document, which goes with it. */
struct json_doc *bind_push_nodes(lua_State *L);

/* What the userdata at `index` holds if bind_new made it for the class, else NULL. */
void *bind_test_class(lua_State *L, int index, const char *class_name);

/* The same of an argument; raises where it is not, as luaL_checkudata does. */
void *bind_check_class(lua_State *L, int arg, const char *class_name);

/*
 * A userdata that a function, a closure, keeps as its first upvalue from one call to the next, so
 * that a call makes no garbage. Taken out, it is pushed and returned; NULL, and nothing is pushed,
 * while it is in use: by a call that raised or failed, or within which this one runs. Given back,
 * it is the one at `index`.
 */
void *bind_take_spare(lua_State *L);
void bind_give_spare(lua_State *L, int index);

/* Sets the class's metatable on the value on top. */
void bind_set_class(lua_State *L, const char *class_name);

/* Makes the metatable of a class, and pushes it. A class may do without bind_new. */
void bind_new_metatable(lua_State *L, const char *class_name);

/* Makes a class: metatable with __name, __index (a table with `methods`, which Lua adds to) and
 * `meta`; pushes nothing. */
void bind_class(lua_State *L, const char *class_name, const luaL_Reg *meta,
                const luaL_Reg *methods);

/*
 * Makes a class to which Lua adds nothing: a metatable with __gc, and with `methods` (NULL: none)
 * for __index; pushes nothing.
 */
void bind_plain_class(lua_State *L, const char *class_name, lua_CFunction gc,
                      const luaL_Reg *methods);

/*
 * Lua values that userdata keep, by the numbers of their user values; two of different classes may
 * have one number. A userdata has room for those up to one of the three ends.
 */
enum kept {
    KEPT_HUB = 1,
    KEPT_RESPONSE = 2, /* call */
    KEPT_DATA = 2,     /* response */
    KEPT_CONNECTOR = 2,
    KEPT_ERROR = 3, /* call */
    KEPT_META = 3,  /* response */
    KEPT_NAME = 3,  /* action */
    KEPT_PARAMS = 4,
    KEPT_HOOKS = 4, /* response */
    KEPT_FEEDS = 4, /* call */
    KEPT_READ = 4,  /* file */
    KEPT_OUTPUT,
    KEPT_ON_PROGRESS,
    KEPT_TRACEPARENT,
    KEPT_NULL,
    KEPT_FEW = KEPT_NULL, /* calls, responses, files */
    KEPT_TOKEN,
    KEPT_IDENTIFIER,
    KEPT_HEADERS,
    KEPT_BEFORE,
    KEPT_AFTER,
    KEPT_MORE = KEPT_AFTER, /* connectors, actions */
    KEPT_TRANSPORT,
    KEPT_ON_EVENT,
    KEPT_CALLS,
    KEPT_CACHE,
    KEPT_SNAPSHOT,
    KEPT_CA_FILE,
    KEPT_CA_DIR,
    KEPT_PROXY,
    KEPT_USER_AGENT,
    KEPT_ALL = KEPT_USER_AGENT /* hubs */
};

/* Pushes a zeroed userdata of a class, with room for the kept values up to `last`; none is kept. */
void *bind_new(lua_State *L, size_t size, const char *class_name, enum kept last);

/* Keeps the value on top in the userdata at `index`, and pops it; or pushes what is kept. */
void bind_keep(lua_State *L, int index, enum kept what);
void bind_kept(lua_State *L, int index, enum kept what);

/* Adds methods for Lua to a class: object:_keep(name, value), and object:_kept(name) -> value. */
void bind_add_keeping(lua_State *L, const char *class_name);

/* ---- classes ---- */

struct lhub *bind_check_hub(lua_State *L, int arg); /* raises when it is none; it may be closed */
/* Raises also for one whose __gc has run: another object's finalizer may still reach it. */
struct lresponse *bind_check_response(lua_State *L, int arg);
/* Adds the methods of response_page.c to the table on top: those of the response's class. */
void bind_add_page_methods(lua_State *L);

/*
 * A path, borrowed from the argument. It goes to the system as a C string, so one with a NUL would
 * name another file: that raises, as what is no string does.
 */
const char *bind_check_path(lua_State *L, int arg);

/* Raises unless it is a string: unlike Lua's own, it takes no number for one. `len` may be NULL. */
const char *bind_check_string(lua_State *L, int arg, size_t *len);

struct lfile *bind_test_file(lua_State *L, int index); /* NULL when it is none */

/* Pushes a new call userdata, still empty, for the hub at `hub_index`. */
struct lcall *bind_push_call(lua_State *L, int hub_index);

/* The call at 1, under way or ended; raises when it became a response (a mistake of lua/bosa
 * alone). */
struct lcall *bind_check_call(lua_State *L);

/* Puts a call just made into `c`; NULL raises the memory error. */
void bind_set_call(lua_State *L, struct lcall *c, struct call *call);

/*
 * The hub's engine; NULL: none. One that belongs to the parent of a forked process is let go of
 * first, which ends its calls, so that none of them is freed under it.
 */
struct transfer *bind_engine(struct lhub *hub);

/* Takes a call that dies out of the hub's list of those with notes. */
void bind_hub_forget_call(struct lhub *hub, struct lcall *c);

/* Pushes the response of an ended, ok call whose userdata is at `index`, taking its `struct call`.
 */
void bind_push_response(lua_State *L, int index);

/* Pushes a file userdata for the response at `index`. */
void bind_push_received_file(lua_State *L, int index);

/* new(options?) -> hub | nil, err (hub_new.c); opens no socket. Raises for every mistake in the
 * options. */
int bind_hub_make(lua_State *L);
int bind_set_on_new(lua_State *L);
int bind_set_on_profile(lua_State *L);

/* The openers of the files, called once by luaopen_bosa_core with the module table on top. */
void bind_open_nodes(lua_State *L);
void bind_open_error(lua_State *L);
void bind_open_hub(lua_State *L);
void bind_open_snapshot(lua_State *L);
void bind_open_connector(lua_State *L);
void bind_open_action(lua_State *L);
void bind_open_call(lua_State *L);
void bind_open_call_steps(lua_State *L);
void bind_open_exchange(lua_State *L);
void bind_open_recording(lua_State *L);
void bind_open_response(lua_State *L);
void bind_open_file(lua_State *L);
void bind_open_schema(lua_State *L);
void bind_open_save(lua_State *L);
void bind_open_writer(lua_State *L);
void bind_open_tree(lua_State *L);
void bind_open_private_file(lua_State *L);
void bind_open_dir_lock(lua_State *L);
void bind_open_nearest(lua_State *L);

#endif
