/*
 * Connections over libcurl. It connects and does TLS; its HTTP is not used. job_exchange.c and
 * pool.c call this; it never calls them.
 *
 * What experiments with libcurl 7.76 to 8.23 taught is said where it is heeded.
 */
#include "transport/connection.h"

#include "base/mem.h"
#include "http/url.h"
#include "transport/curl_setup.h"
#include "transport/sigpipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELD_BYTES 4096 /* received at once on a new connection, before its request */

struct engine {
    CURLM *multi;  /* owned */
    CURL *model;   /* owned; never connects: the handles of connections are copies of it */
    CURLSH *share; /* owned; TLS sessions, where libcurl doesn't share them by itself; else NULL */
    struct poller *poller;
    unsigned version; /* of the libcurl that is there at run time */
    bool abandoned;
    int64_t due;               /* when libcurl wants engine_run, ms; CALL_NEVER: not */
    struct connection *all;    /* owned */
    struct connection **by_fd; /* owned; connected ones */
    size_t fd_cap;
    struct attempt *done, *last_done; /* connections that were made, or not, in their order */
    struct proxies proxies;
};

/* A connection as this file sees it. */
struct attempt {
    struct connection c;  /* the first: one's address is the other's */
    struct attempt *next; /* in `done` */
    bool is_done;
    CURLcode result;
    int socket_error;            /* errno where a socket could not be opened; 0 */
    char words[CURL_ERROR_SIZE]; /* libcurl's, for a person */
};

static struct attempt *attempt_of(struct connection *c)
{
    return (struct attempt *)c;
}

/* ---- callbacks: they note, and never call the caller ---- */

static struct attempt *attempt_of_easy(CURL *easy)
{
    char *context = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
    return (struct attempt *)(void *)context;
}

static void add_done(struct engine *e, struct attempt *a)
{
    if (a->is_done) {
        return;
    }
    a->is_done = true;
    if (e->last_done) {
        e->last_done->next = a;
    } else {
        e->done = a;
    }
    e->last_done = a;
}

/* A connection that can't be watched would never get on. (libcurl has handles of its own, too.) */
static void give_up(struct engine *e, struct attempt *a, int number)
{
    if (a) {
        a->result = number == ENOMEM ? CURLE_OUT_OF_MEMORY : CURLE_COULDNT_CONNECT;
        a->socket_error = number;
        add_done(e, a);
    }
}

/*
 * Never fails: for libcurl that would be the end of the whole multi handle. A socket that is new to
 * libcurl may have the number of one that it closed without a word. That of a connection handed
 * over is ours: 8.5 calls for it while its handle is removed.
 */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct engine *e = context;
    int bits = (what & CURL_POLL_IN ? POLLER_READ : 0) | (what & CURL_POLL_OUT ? POLLER_WRITE : 0);
    if (engine_find(e, fd)) {
        return 0;
    }
    if (what == CURL_POLL_REMOVE || !known) {
        poller_forget(e->poller, fd);
    }
    if (what == CURL_POLL_REMOVE) {
        return 0;
    }
    if (!known) {
        curl_multi_assign(e->multi, fd, e);
    }
    if (!poller_watch(e->poller, fd, bits)) {
        give_up(e, attempt_of_easy(easy), errno);
    }
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *context)
{
    struct engine *e = context;
    (void)multi;
    e->due = ms < 0 ? CALL_NEVER : clock_ms() + ms;
    return 0;
}

/* A program that this process starts must not inherit connections. */
static int open_private(int family, int type, int protocol)
{
#ifdef SOCK_CLOEXEC
    return socket(family, type | SOCK_CLOEXEC, protocol);
#else
    int fd = socket(family, type, protocol);
    if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
#endif
}

static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct attempt *a = context;
    (void)purpose;
    int fd = open_private(address->family, address->socktype, address->protocol);
    if (fd < 0) {
        a->socket_error = errno;
        return CURL_SOCKET_BAD;
    }
    poller_forget(a->c.engine->poller, fd);
    return fd;
}

static int on_close(void *context, curl_socket_t fd)
{
    struct engine *e = context;
    poller_forget(e->poller, fd);
    return close(fd);
}

/* Unless an option before could not be set. */
#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(easy, option, value))

static CURLcode set_target(CURL *easy, struct attempt *a, const char *origin, int64_t timeout)
{
    CURLcode bad = CURLE_OK;
    SET(CURLOPT_URL, origin);
    SET(CURLOPT_PRIVATE, a);
    SET(CURLOPT_ERRORBUFFER, a->words);
    SET(CURLOPT_OPENSOCKETDATA, a);
    SET(CURLOPT_SHARE, a->c.engine->share); /* which a copy of a handle does not have */
    SET(CURLOPT_CONNECTTIMEOUT_MS, timeout > 0 && timeout < INT_MAX ? (long)timeout : INT_MAX);
    return bad;
}

/* ---- the table of descriptors ---- */

struct connection *engine_find(const struct engine *engine, int fd)
{
    return fd >= 0 && (size_t)fd < engine->fd_cap ? engine->by_fd[fd] : NULL;
}

static bool note_fd(struct engine *e, struct connection *c)
{
    size_t wanted = (size_t)c->fd + 1;
    if (wanted > e->fd_cap) {
        wanted = wanted < 2 * e->fd_cap ? 2 * e->fd_cap : wanted + 16;
        struct connection **grown = mem_realloc(e->by_fd, wanted * sizeof *grown);
        if (!grown) {
            return false;
        }
        memset(grown + e->fd_cap, 0, (wanted - e->fd_cap) * sizeof *grown);
        e->by_fd = grown;
        e->fd_cap = wanted;
    }
    e->by_fd[c->fd] = c;
    return true;
}

/* ---- connecting ---- */

static void link_connection(struct engine *e, struct connection *c)
{
    c->next = e->all;
    if (e->all) {
        e->all->previous = c;
    }
    e->all = c;
}

static void unlink_connection(struct engine *e, struct connection *c)
{
    if (c->previous) {
        c->previous->next = c->next;
    } else if (e->all == c) {
        e->all = c->next;
    }
    if (c->next) {
        c->next->previous = c->previous;
    }
}

static void remove_done(struct engine *e, const struct attempt *a)
{
    struct attempt *before = NULL;
    for (struct attempt *at = e->done; at; before = at, at = at->next) {
        if (at == a) {
            *(before ? &before->next : &e->done) = a->next;
            e->last_done = e->last_done == a ? before : e->last_done;
            return;
        }
    }
}

/*
 * libcurl says that a connection was made. Until its first receive libcurl may close it for another
 * one's sake, so that comes at once. What a server says before it was asked is kept.
 */
static void take_over(struct engine *e, struct attempt *a)
{
    struct connection *c = &a->c;
    curl_socket_t fd = CURL_SOCKET_BAD;
    size_t got = 0;
    curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (fd == CURL_SOCKET_BAD) {
        a->result = CURLE_COULDNT_CONNECT;
        return;
    }
    c->fd = fd;
    a->words[0] = '\0'; /* of addresses that were tried before */
    if (!buf_reserve(&c->held, HELD_BYTES) || !note_fd(e, c)) {
        a->result = CURLE_OUT_OF_MEMORY;
        return;
    }
    if (connection_receive(c, c->held.data, HELD_BYTES, &got) == IO_OK) {
        c->held.len = got;
        c->dead = got == 0;
    }
    if (!c->dead && !connection_watch(c, POLLER_READ)) {
        a->socket_error = errno;
        c->dead = true;
    }
}

/* After every action of libcurl's, as some versions connect without a further call. */
static void collect(struct engine *e)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(e->multi, &left)) != NULL) {
        struct attempt *a = attempt_of_easy(message->easy_handle);
        a->result = message->data.result;
        if (a->result == CURLE_OK) {
            take_over(e, a);
        }
        add_done(e, a);
    }
}

/* Has libcurl act, and collects what came of it. */
static void act(struct engine *e, curl_socket_t fd, int bits)
{
    int running;
    struct sigpipe_guard guard;
    sigpipe_block(&guard, e->version);
    curl_multi_socket_action(e->multi, fd, bits, &running);
    collect(e);
    sigpipe_unblock(&guard);
}

void engine_run(struct engine *engine)
{
    engine->due = CALL_NEVER;
    act(engine, CURL_SOCKET_TIMEOUT, 0);
}

void engine_serve(struct engine *engine, const struct poller_event *event)
{
    act(engine, event->fd,
        (event->bits & POLLER_READ ? CURL_CSELECT_IN : 0) |
            (event->bits & POLLER_WRITE ? CURL_CSELECT_OUT : 0) |
            (event->bits & POLLER_ERROR ? CURL_CSELECT_ERR : 0));
}

int64_t engine_due(const struct engine *engine)
{
    return engine->due;
}

/* What libcurl is to connect to: the part of the URL before its path. NULL: no memory. */
static char *origin_of(const char *text)
{
    struct url url;
    bool ok = url_parse(&url, text, strlen(text));
    return mem_dup(text, ok ? strlen(text) - url.target_len : strlen(text));
}

struct connection *connection_open(struct engine *engine, const char *url, int64_t timeout,
                                   struct bosa_error *err)
{
    struct attempt *a = mem_zalloc(1, sizeof *a);
    struct url parts;
    if (!a) {
        (void)error_nomem(err);
        return NULL;
    }
    struct connection *c = &a->c;
    c->engine = engine;
    c->fd = -1;
    buf_init_secret(&c->held);
    link_connection(engine, c);
    c->origin = origin_of(url);
    c->easy = c->origin && url_parse(&parts, c->origin, strlen(c->origin))
                  ? curl_easy_duphandle(engine->model)
                  : NULL;
    if (!c->easy || set_target(c->easy, a, c->origin, timeout) ||
        curl_setup_proxy(c->easy, proxies_for(&engine->proxies, &parts))) {
        connection_close(c);
        (void)error_nomem(err);
        return NULL;
    }
    c->secure = parts.https;
    CURLMcode bad = curl_multi_add_handle(engine->multi, c->easy);
    if (bad) {
        (void)error_set(err, bad == CURLM_OUT_OF_MEMORY ? BOSA_NOMEM : BOSA_CONNECTION,
                        "libcurl can't connect (%s)", curl_multi_strerror(bad));
        connection_close(c);
        return NULL;
    }
    return c;
}

/* ---- what became of it ---- */

static enum bosa_status kind_of(CURLcode code)
{
    static const enum bosa_status kinds[CURL_LAST] = {
        [CURLE_OPERATION_TIMEDOUT] = BOSA_TIMEOUT,
        [CURLE_OUT_OF_MEMORY] = BOSA_NOMEM,
        [CURLE_SSL_CONNECT_ERROR] = BOSA_TLS,
        [CURLE_SSL_CERTPROBLEM] = BOSA_TLS,
        [CURLE_SSL_CIPHER] = BOSA_TLS,
        [CURLE_SSL_CACERT_BADFILE] = BOSA_TLS,
        [CURLE_PEER_FAILED_VERIFICATION] = BOSA_TLS,
        [CURLE_USE_SSL_FAILED] = BOSA_TLS,
        [CURLE_SSL_ISSUER_ERROR] = BOSA_TLS,
        [CURLE_SSL_ENGINE_INITFAILED] = BOSA_TLS,
        [CURLE_SSL_INVALIDCERTSTATUS] = BOSA_TLS,
    };
    enum bosa_status kind = code < CURL_LAST ? kinds[code] : BOSA_OK;
    return kind == BOSA_OK ? BOSA_CONNECTION : kind;
}

/* Says which proxy it was that could not be reached: the error names the server. */
static void add_proxy(const struct connection *c, char *room, size_t size)
{
    struct url parts;
    size_t len = strlen(room);
    const struct proxy *proxy = url_parse(&parts, c->origin, strlen(c->origin))
                                    ? proxies_for(&c->engine->proxies, &parts)
                                    : NULL;
    if (proxy && curl_setup_used_proxy(c->easy)) {
        snprintf(room + len, size - len, ", through the proxy %s", proxy->url);
    }
}

/* The best that is known about why, for a person: the system's words, else libcurl's. */
static const char *why(const struct attempt *a, char *room, size_t size)
{
    long number = a->socket_error, refused = 0;
    curl_easy_getinfo(a->c.easy, CURLINFO_HTTP_CONNECTCODE, &refused);
    if (refused >= 300) {
        snprintf(room, size, "the proxy refused: status %ld", refused);
        return room;
    }
    if (number == 0 && a->result == CURLE_COULDNT_CONNECT) {
        curl_easy_getinfo(a->c.easy, CURLINFO_OS_ERRNO, &number);
    }
    if (number > 0) {
        char words[ERROR_SYSTEM_WORDS];
        snprintf(room, size, "%s", error_system((int)number, words, sizeof words));
        add_proxy(&a->c, room, size);
        return room;
    }
    if (a->result == CURLE_OK) {
        return "closed as soon as it was made";
    }
    return a->words[0] ? a->words : curl_easy_strerror(a->result);
}

void engine_next_connected(struct engine *engine, struct connected *out)
{
    struct attempt *a = engine->done;
    char room[400]; /* the words of the system, and the host of a proxy */
    out->connection = a ? &a->c : NULL;
    error_init(&out->error);
    if (!a) {
        return;
    }
    remove_done(engine, a);
    a->next = NULL;
    a->is_done = false;
    out->ok = a->result == CURLE_OK && !a->c.dead;
    if (!out->ok) {
        enum bosa_status kind = a->result == CURLE_OK ? BOSA_CONNECTION : kind_of(a->result);
        const char *words = why(a, room, sizeof room);
        (void)error_set(&out->error, kind, "%s", words);
    }
}

bool engine_has_connected(const struct engine *engine)
{
    return engine->done;
}

void connection_timing(const struct connection *c, struct call_timing *timing)
{
    curl_off_t dns = 0, connect = 0, tls = 0;
    curl_easy_getinfo(c->easy, CURLINFO_NAMELOOKUP_TIME_T, &dns);
    curl_easy_getinfo(c->easy, CURLINFO_CONNECT_TIME_T, &connect);
    curl_easy_getinfo(c->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    timing->dns = dns > 0 ? (double)dns / 1000 : -1;
    timing->connect = connect > 0 ? (double)connect / 1000 : -1;
    timing->tls = tls > 0 ? (double)tls / 1000 : -1;
}

/* ---- bytes ---- */

bool connection_watch(struct connection *c, int bits)
{
    if (c->watched == bits) {
        return true;
    }
    bool done = poller_watch(c->engine->poller, c->fd, bits);
    c->watched = done ? bits : 0;
    return done;
}

static enum io io_of(struct connection *c, CURLcode code)
{
    if (code == CURLE_AGAIN) {
        return IO_AGAIN;
    }
    c->dead = c->dead || code != CURLE_OK;
    return code == CURLE_OK ? IO_OK : IO_FAILED;
}

enum io connection_send(struct connection *c, const char *bytes, size_t len, size_t *sent)
{
    struct sigpipe_guard guard;
    *sent = 0;
    sigpipe_block(&guard, c->engine->version);
    CURLcode code = curl_easy_send(c->easy, bytes, len, sent);
    sigpipe_unblock(&guard);
    return io_of(c, code);
}

enum io connection_receive(struct connection *c, char *out, size_t cap, size_t *got)
{
    struct sigpipe_guard guard;
    *got = 0;
    sigpipe_block(&guard, c->engine->version);
    CURLcode code = curl_easy_recv(c->easy, out, cap, got);
    sigpipe_unblock(&guard);
    return io_of(c, code);
}

const char *connection_why(const struct connection *c)
{
    const struct attempt *a = (const struct attempt *)c;
    return a->words[0] ? a->words : "lost";
}

/* Before 7.85 libcurl leaves a connection open when its handle is removed. */
void connection_close(struct connection *c)
{
    struct engine *e = c->engine;
    struct attempt *a = attempt_of(c);
    if (a->is_done) {
        remove_done(e, a);
    }
    if (c->fd >= 0 && engine_find(e, c->fd) == c) {
        e->by_fd[c->fd] = NULL;
    }
    if (c->easy && !e->abandoned) {
        struct sigpipe_guard guard;
        sigpipe_block(&guard, e->version);
        poller_forget(e->poller, c->fd);
        if (c->fd >= 0 && e->version < 0x075500) {
            shutdown(c->fd, SHUT_RDWR);
        }
        curl_multi_remove_handle(e->multi, c->easy);
        curl_easy_cleanup(c->easy);
        sigpipe_unblock(&guard);
    }
    unlink_connection(e, c);
    buf_free(&c->held);
    mem_free(c->origin);
    mem_free(a);
}

/* ---- birth and death ---- */

static void init_libcurl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool set_callbacks(struct engine *e)
{
    return !curl_easy_setopt(e->model, CURLOPT_OPENSOCKETFUNCTION, on_open) &&
           !curl_easy_setopt(e->model, CURLOPT_CLOSESOCKETFUNCTION, on_close) &&
           !curl_easy_setopt(e->model, CURLOPT_CLOSESOCKETDATA, e) &&
           !curl_multi_setopt(e->multi, CURLMOPT_SOCKETFUNCTION, on_socket) &&
           !curl_multi_setopt(e->multi, CURLMOPT_SOCKETDATA, e) &&
           !curl_multi_setopt(e->multi, CURLMOPT_TIMERFUNCTION, on_timer) &&
           !curl_multi_setopt(e->multi, CURLMOPT_TIMERDATA, e);
}

static bool set_up(struct engine *e, const struct transfer_options *options)
{
    if (!curl_setup_share(&e->share, e->version)) {
        return false;
    }
    e->model = curl_setup_model(options);
    e->multi = curl_setup_multi();
    return e->model && e->multi && set_callbacks(e);
}

enum bosa_status engine_new(struct engine **out, const struct transfer_options *options,
                            struct poller *poller, struct bosa_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct engine *e = mem_zalloc(1, sizeof *e);
    *out = NULL;
    if (!e) {
        return error_nomem(err);
    }
    pthread_once(&once, init_libcurl);
    e->version = curl_version_info(CURLVERSION_NOW)->version_num;
    e->poller = poller;
    e->due = CALL_NEVER;
    enum bosa_status status = proxies_find(&e->proxies, options->proxy, err);
    if (status != BOSA_OK) {
        engine_free(e);
        return status;
    }
    if (!set_up(e, options)) {
        engine_free(e);
        return error_set(err, BOSA_CONNECTION, "libcurl can't be set up");
    }
    *out = e;
    return BOSA_OK;
}

void engine_abandon(struct engine *engine)
{
    engine->abandoned = true;
    for (struct connection *c = engine->all; c; c = c->next) {
        if (c->fd >= 0) {
            close(c->fd);
        }
    }
}

/* Handles, then the multi handle: in the other order sockets leak. */
void engine_free(struct engine *engine)
{
    while (engine->all) {
        connection_close(engine->all);
    }
    if (!engine->abandoned) {
        curl_easy_cleanup(engine->model);
        curl_multi_cleanup(engine->multi);
        curl_share_cleanup(engine->share);
    }
    proxies_free(&engine->proxies);
    mem_free(engine->by_fd);
    mem_free(engine);
}
