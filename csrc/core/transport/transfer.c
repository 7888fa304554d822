/*
 * The wire: libcurl's side of transfer.
 *
 * A lane is one of libcurl's handles with all that a request needs there. Lanes are kept and used
 * again: most options are set once, and header lines are written into memory that is there already.
 */
#include "transport/transfer_internal.h"

#include "base/mem.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#define IDLE_CONNECTION_SECONDS 110L /* less than most servers and middleboxes keep one */
#define RECEIVE_BYTES (64L << 10)    /* of libcurl's buffer: fewer turns for large bodies */
/* Up to here a body in memory goes with its header, and is counted so. */
#define ONE_PIECE_BYTES (LIBCURL_VERSION_NUM < 0x080700 ? (size_t)64 << 10 : 0)

struct lane {
    struct wire *wire;
    struct flight *flight;    /* NULL: idle */
    struct lane *next;        /* idle */
    CURL *easy;               /* owned */
    struct buf text;          /* header lines, each with a NUL behind; may hold secrets */
    struct curl_slist *lines; /* owned array, chained: what libcurl reads */
    size_t line_cap;
    bool begun;        /* the request was begun on a connection */
    bool in_one_piece; /* libcurl counts the body with the header */
    bool refused;      /* libcurl wanted to send it a second time */
    long sent_before;  /* bytes that libcurl counted before the request itself: a proxy's */
    char words[CURL_ERROR_SIZE]; /* libcurl's, for a person */
};

/* ---- callbacks of a request: they write to the core's buffers, and never call the host ---- */

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct lane *l = context;
    return exchange_line(l->flight, line, size * count) == BOSA_OK ? size * count : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct lane *l = context;
    enum bosa_status status = exchange_body(l->flight, bytes, size * count);
    return status == BOSA_OK ? size * count : status == BOSA_AGAIN ? CURL_WRITEFUNC_PAUSE : 0;
}

static size_t on_read(char *out, size_t size, size_t count, void *context)
{
    struct lane *l = context;
    size_t got = 0;
    enum bosa_status kind = exchange_read(l->flight, out, size * count, &got);
    return kind == BOSA_OK ? got : kind == BOSA_AGAIN ? CURL_READFUNC_PAUSE : CURL_READFUNC_ABORT;
}

/* Where libcurl can't ask on_begin, this keeps it from sending a body a second time. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
    (void)context;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

/* Bytes of requests written for this lane's exchange so far, by libcurl's count. */
static long written(const struct lane *l)
{
    long bytes = 0;
    curl_easy_getinfo(l->easy, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes;
}

#if LIBCURL_VERSION_NUM >= 0x075000
/*
 * Asked before each time that libcurl sends the request. When a connection that had served before
 * dies without an answer, libcurl sends the request again on a new one, and says nothing. That is
 * allowed where nothing had been written, and for a GET, which changes nothing.
 */
static int on_begin(void *context, char *ip, char *own_ip, int port, int own_port)
{
    struct lane *l = context;
    long bytes = written(l);
    (void)ip;
    (void)own_ip;
    (void)port;
    if (!l->begun) {
        long connects = 0;
        curl_easy_getinfo(l->easy, CURLINFO_NUM_CONNECTS, &connects);
        if (connects == 0) {
            sockets_cut_off_talker(l->wire, own_port);
        }
        l->begun = true;
        l->sent_before = bytes;
        return CURL_PREREQFUNC_OK;
    }
    if (bytes == l->sent_before || exchange_is_get(&l->flight->call->request)) {
        return CURL_PREREQFUNC_OK;
    }
    l->refused = true;
    return CURL_PREREQFUNC_ABORT;
}
#endif

/* ---- callbacks of the multi handle and of connections ---- */

/* NULL: a handle of libcurl's own. */
static struct lane *lane_of(CURL *easy)
{
    char *lane = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &lane);
    return (struct lane *)(void *)lane;
}

/* A connection that can't be watched would never get on: its exchange is broken off. */
static void refuse_socket(CURL *easy)
{
    int number = errno;
    struct lane *l = lane_of(easy);
    if (l && l->flight) {
        exchange_break_off(l->flight, number);
    }
}

/* Never fails: for libcurl that would be the end of the whole multi handle. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *of_socket)
{
    struct wire *wire = context;
    int bits = (what & CURL_POLL_IN ? POLLER_READ : 0) | (what & CURL_POLL_OUT ? POLLER_WRITE : 0);
    (void)of_socket;
    if (what == CURL_POLL_REMOVE && !sockets_has(wire, fd)) {
        poller_forget(wire->poller, fd); /* a resolver's, which is closed without a word */
    } else if (!poller_watch(wire->poller, fd, bits)) {
        refuse_socket(easy);
    }
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *context)
{
    struct wire *wire = context;
    (void)multi;
    wire->due = ms < 0 ? CALL_NEVER : poller_now() + ms;
    return 0;
}

static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    int fd = sockets_open(context, address->family, address->socktype, address->protocol);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_close(void *context, curl_socket_t fd)
{
    return sockets_close(context, fd);
}

/* A name is about to be looked up, by way of descriptors that libcurl opens without a word, too. */
static int on_resolve(void *resolver, void *reserved, void *context)
{
    (void)resolver;
    (void)reserved;
    sockets_sweep(context);
    return 0;
}

/* ---- lanes ---- */

/* Unless an option before could not be set. */
#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(easy, option, value))

/* What is the same for every request of every transfer. */
static CURLcode set_fixed(CURL *easy)
{
    CURLcode bad = CURLE_OK;
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* header lines would be sent to any host */
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_SECONDS);
    SET(CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(CURLOPT_QUICK_EXIT, 1L); /* else taking a request back waits for the resolver */
#endif
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    /* a libcurl without HTTP/2 refuses this, and speaks HTTP/1.1 */
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    return bad;
}

/* What the caller may choose. */
static CURLcode set_chosen(CURL *easy, const struct transfer_options *o)
{
    CURLcode bad = CURLE_OK;
    SET(CURLOPT_SSL_VERIFYPEER, o->verify ? 1L : 0L);
    SET(CURLOPT_SSL_VERIFYHOST, o->verify ? 2L : 0L);
    SET(CURLOPT_USERAGENT, o->user_agent ? o->user_agent : "bosa-lua/" BOSA_VERSION);
    if (o->ca_file) {
        SET(CURLOPT_CAINFO, o->ca_file);
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* the system's, where there is one */
    }
    SET(CURLOPT_PROXY, o->proxy);
    return bad;
}

static CURLcode set_callbacks(CURL *easy, struct wire *wire)
{
    CURLcode bad = CURLE_OK;
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_SEEKFUNCTION, on_seek);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, wire);
    SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
    SET(CURLOPT_CLOSESOCKETDATA, wire);
    SET(CURLOPT_RESOLVER_START_FUNCTION, on_resolve);
    SET(CURLOPT_RESOLVER_START_DATA, wire);
#if LIBCURL_VERSION_NUM >= 0x075000
    wire->guarded = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_begin) == CURLE_OK;
#endif
    return bad;
}

static CURLcode set_contexts(CURL *easy, struct lane *l)
{
    CURLcode bad = CURLE_OK;
    SET(CURLOPT_PRIVATE, l);
    SET(CURLOPT_ERRORBUFFER, l->words);
    SET(CURLOPT_HEADERDATA, l);
    SET(CURLOPT_WRITEDATA, l);
    SET(CURLOPT_READDATA, l);
#if LIBCURL_VERSION_NUM >= 0x075000
    SET(CURLOPT_PREREQDATA, l);
#endif
    return bad;
}

static void lane_free(struct lane *l)
{
    if (!l->wire->abandoned) {
        curl_easy_cleanup(l->easy);
    }
    exchange_forget(&l->text);
    buf_free(&l->text);
    mem_free(l->lines);
    mem_free(l);
}

static struct lane *lane_new(struct wire *wire)
{
    struct lane *l = mem_zalloc(1, sizeof *l);
    if (!l) {
        return NULL;
    }
    l->wire = wire;
    buf_init(&l->text);
    l->easy = curl_easy_duphandle(wire->model);
    if (!l->easy || set_contexts(l->easy, l)) {
        lane_free(l);
        return NULL;
    }
    return l;
}

/* An idle lane or a new one, ready for a flight. NULL: no memory. */
static struct lane *take_lane(struct wire *wire)
{
    struct lane *l = wire->idle;
    if (!l) {
        return lane_new(wire);
    }
    wire->idle = l->next;
    l->begun = l->refused = false;
    return l;
}

static void give_lane_back(struct lane *l)
{
    if (l->wire->serve_once) {
        lane_free(l);
        return;
    }
    exchange_forget(&l->text);
    l->flight = NULL;
    l->next = l->wire->idle;
    l->wire->idle = l;
}

/* ---- requests ---- */

/* Makes libcurl's list of the lines in l->text. False: no memory. */
static bool chain_lines(struct lane *l, size_t count)
{
    char *line = l->text.data;
    if (count > l->line_cap) {
        struct curl_slist *grown = mem_realloc(l->lines, count * sizeof *grown);
        if (!grown) {
            return false;
        }
        l->lines = grown;
        l->line_cap = count;
    }
    for (size_t i = 0; i < count; i++) {
        l->lines[i].data = line;
        l->lines[i].next = i + 1 < count ? &l->lines[i + 1] : NULL;
        line += strlen(line) + 1;
    }
    return true;
}

/*
 * A body in memory is sent from there, in one piece with the header; but not where its bytes are
 * to be counted, or where only on_seek keeps libcurl from sending it a second time.
 */
static CURLcode set_body(struct lane *l, const struct call *call)
{
    const struct request *r = &call->request;
    bool counted = call->invocation && call->invocation->progress;
    CURL *easy = l->easy;
    CURLcode bad = CURLE_OK;
    size_t len = 0;
    const char *bytes = r->body ? body_bytes(r->body, &len) : "";
    bool from_memory = bytes && l->wire->guarded && !counted;
    l->in_one_piece = from_memory && len <= ONE_PIECE_BYTES;
    SET(CURLOPT_POSTFIELDS, from_memory ? bytes : NULL);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body ? body_length(r->body) : 0));
    return bad;
}

/* libcurl's 0 is a bound of its own, ours is none. The time of all of it is the driver's matter. */
static CURLcode set_request(struct lane *l, const struct call *call)
{
    const struct request *r = &call->request;
    bool is_post = strcmp(r->method, "POST") == 0;
    int64_t connect = transfer_policy(call)->connect_timeout;
    CURL *easy = l->easy;
    bool has_body = r->body || is_post;
    CURLcode bad = has_body ? set_body(l, call) : curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    SET(CURLOPT_CUSTOMREQUEST, is_post || exchange_is_get(r) ? NULL : r->method);
    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_ACCEPT_ENCODING, exchange_wants_file(call) ? "identity" : "");
    SET(CURLOPT_HTTPHEADER, l->lines);
    SET(CURLOPT_CONNECTTIMEOUT_MS, connect > 0 && connect < INT_MAX ? (long)connect : INT_MAX);
    if (!l->wire->guarded) {
        /* without a body there is nothing whose second sending on_seek could refuse */
        bool alone = !exchange_is_get(r) && (!r->body || body_length(r->body) == 0);
        SET(CURLOPT_FRESH_CONNECT, alone ? 1L : 0L);
    }
    return bad;
}

enum bosa_status wire_send(struct wire *wire, struct flight *f, struct bosa_error *err)
{
    struct lane *l = take_lane(wire);
    if (!l) {
        return error_nomem(err);
    }
    l->flight = f;
    if (!chain_lines(l, exchange_head(&l->text, &f->call->request)) || set_request(l, f->call)) {
        give_lane_back(l);
        return error_nomem(err);
    }
    CURLMcode bad = curl_multi_add_handle(wire->multi, l->easy);
    if (bad) {
        give_lane_back(l);
        return error_set(err, bad == CURLM_OUT_OF_MEMORY ? BOSA_NOMEM : BOSA_CONNECTION,
                         "libcurl refuses the request (%s)", curl_multi_strerror(bad));
    }
    f->lane = l;
    wire->count++;
    wire->running++;
    return BOSA_OK;
}

void wire_drop(struct wire *wire, struct flight *f)
{
    if (!wire->abandoned) {
        curl_multi_remove_handle(wire->multi, f->lane->easy);
    }
    give_lane_back(f->lane);
    f->lane = NULL;
    wire->count--;
    wire->running -= wire->running > 0; /* too few only means a look in vain */
}

/* Bytes that libcurl held back and could not give are lost to it, and it would go on without. */
bool wire_resume(const struct flight *f)
{
    CURLcode bad = curl_easy_pause(f->lane->easy, CURLPAUSE_CONT);
    return bad != CURLE_WRITE_ERROR && bad != CURLE_OUT_OF_MEMORY;
}

/* ---- how an exchange ended ---- */

enum bosa_sent wire_sent(const struct flight *f)
{
    const struct lane *l = f->lane;
    bool begun = l->begun || !l->wire->guarded;
    if (l->wire->abandoned) {
        return BOSA_SENT_MAYBE; /* the parent goes on with it */
    }
    return begun && written(l) > l->sent_before ? BOSA_SENT_MAYBE : BOSA_SENT_NO;
}

/* Milliseconds from the start; what never came is negative. */
static double ms_of(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;
    curl_easy_getinfo(easy, info, &us);
    return us > 0 ? (double)us / 1000 : -1;
}

static void read_timing(const struct lane *l, struct call_timing *timing)
{
    long connects = 0, header = 0, head_up = written(l);
    curl_off_t up = 0, down = 0;
    curl_easy_getinfo(l->easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(l->easy, CURLINFO_HEADER_SIZE, &header);
    curl_easy_getinfo(l->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(l->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    timing->dns = ms_of(l->easy, CURLINFO_NAMELOOKUP_TIME_T);
    timing->connect = ms_of(l->easy, CURLINFO_CONNECT_TIME_T);
    timing->tls = ms_of(l->easy, CURLINFO_APPCONNECT_TIME_T);
    timing->first_byte = ms_of(l->easy, CURLINFO_STARTTRANSFER_TIME_T);
    timing->total = ms_of(l->easy, CURLINFO_TOTAL_TIME_T);
    timing->bytes_up = (uint64_t)head_up + (l->in_one_piece ? 0 : (uint64_t)up);
    timing->bytes_down = (uint64_t)header + (uint64_t)down;
    timing->reused = connects == 0;
}

/*
 * libcurl says "no memory" of a header line larger than it takes, too; that is an answer. So are
 * HTTP/0.9, to it an "unsupported protocol", and a folded line before any field, a "bad argument".
 * A chunk that makes no sense differs from a lost connection in its words alone.
 */
static enum bosa_status kind_of(CURLcode code, const char *words, enum bosa_sent sent)
{
    static const enum bosa_status kinds[CURL_LAST] = {
        [CURLE_OPERATION_TIMEDOUT] = BOSA_TIMEOUT,    [CURLE_WEIRD_SERVER_REPLY] = BOSA_PROTOCOL,
        [CURLE_UNSUPPORTED_PROTOCOL] = BOSA_PROTOCOL, [CURLE_BAD_FUNCTION_ARGUMENT] = BOSA_PROTOCOL,
        [CURLE_BAD_CONTENT_ENCODING] = BOSA_PROTOCOL, [CURLE_HTTP2] = BOSA_PROTOCOL,
        [CURLE_HTTP2_STREAM] = BOSA_PROTOCOL,         [CURLE_SSL_CONNECT_ERROR] = BOSA_TLS,
        [CURLE_SSL_CERTPROBLEM] = BOSA_TLS,           [CURLE_SSL_CIPHER] = BOSA_TLS,
        [CURLE_PEER_FAILED_VERIFICATION] = BOSA_TLS,  [CURLE_USE_SSL_FAILED] = BOSA_TLS,
        [CURLE_SSL_CACERT_BADFILE] = BOSA_TLS,        [CURLE_OUT_OF_MEMORY] = BOSA_NOMEM,
    };
    enum bosa_status kind = code < CURL_LAST ? kinds[code] : BOSA_OK;
    if ((kind == BOSA_NOMEM && sent != BOSA_SENT_NO) ||
        (code == CURLE_RECV_ERROR && strstr(words, "chunked-encoding"))) {
        return BOSA_PROTOCOL;
    }
    return kind == BOSA_OK ? BOSA_CONNECTION : kind;
}

/* The best that is known about why, for a person: the system's words, else libcurl's. */
static const char *why(const struct lane *l, CURLcode code, char *room, size_t size)
{
    long number = 0;
    if (l->refused || code == CURLE_SEND_FAIL_REWIND) {
        return "the server closed it, and the request is not sent twice";
    }
    curl_easy_getinfo(l->easy, CURLINFO_OS_ERRNO, &number);
    if (code == CURLE_COULDNT_CONNECT && number > 0 && strerror_r((int)number, room, size) == 0) {
        return room;
    }
    return l->words[0] != '\0' ? l->words : curl_easy_strerror(code);
}

/* The only time that libcurl watches is that of connecting. */
static void describe(struct lane *l, CURLcode code, struct wire_outcome *out)
{
    const struct call *call = l->flight->call;
    char room[128];
    if (l->flight->refusal.kind != BOSA_OK) {
        error_move(&out->cause, &l->flight->refusal);
        return;
    }
    transfer_describe(&out->cause, call, kind_of(code, l->words, out->sent), out->sent,
                      transfer_policy(call)->connect_timeout, why(l, code, room, sizeof room));
}

bool wire_next_done(struct wire *wire, struct wire_outcome *out)
{
    int left;
    CURLMsg *message = curl_multi_info_read(wire->multi, &left); /* CURLMSG_DONE is all there is */
    if (!message) {
        return false;
    }
    CURLcode code = message->data.result;
    struct lane *l = lane_of(message->easy_handle);
    if (code == CURLE_OK && l->flight->in_head) {
        code = CURLE_PARTIAL_FILE; /* which libcurl does not say of a header that is cut off */
    }
    out->flight = l->flight;
    out->whole = code == CURLE_OK;
    out->sent = wire_sent(l->flight);
    error_init(&out->cause);
    if (!out->whole) {
        describe(l, code, out);
    }
    out->timed = hub_events(l->flight->call->hub);
    if (out->timed) {
        read_timing(l, &out->timing);
    }
    wire->running++; /* it was none of them, and dropping takes one out */
    wire_drop(wire, l->flight);
    return true;
}

/* ---- work ---- */

void wire_run(struct wire *wire)
{
    wire->due = CALL_NEVER;
    curl_multi_socket_action(wire->multi, CURL_SOCKET_TIMEOUT, 0, &wire->running);
}

void wire_serve(struct wire *wire, const struct poller_event *event)
{
    int bits = (event->bits & POLLER_READ ? CURL_CSELECT_IN : 0) |
               (event->bits & POLLER_WRITE ? CURL_CSELECT_OUT : 0) |
               (event->bits & POLLER_ERROR ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(wire->multi, event->fd, bits, &wire->running);
}

/* ---- birth and death ---- */

static void init_libcurl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool set_multi(struct wire *wire, long connections)
{
    CURLM *multi = wire->multi = curl_multi_init();
    return multi && !curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) &&
           !curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, wire) &&
           !curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) &&
           !curl_multi_setopt(multi, CURLMOPT_TIMERDATA, wire) &&
           !curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
}

enum bosa_status wire_new(struct wire **out, const struct transfer_options *options,
                          struct poller *poller, struct bosa_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct wire *wire = mem_zalloc(1, sizeof *wire);
    *out = NULL;
    if (!wire) {
        return error_nomem(err);
    }
    pthread_once(&once, init_libcurl);
    /* libcurl 7.83 to 8.0 keep a pointer into the last answer's freed header in a used handle, and
     * follow it where the next answer begins with a folded line (curl's PR 11103). */
    const curl_version_info_data *about = curl_version_info(CURLVERSION_NOW);
    wire->serve_once = about->version_num >= 0x075300 && about->version_num < 0x080100;
    /* Before 7.88 OpenSSL writes to a socket by itself, and one that is closed would be the end of
     * the process, unless libcurl may ignore SIGPIPE meanwhile. It needs no other signal where
     * threads look names up. */
    bool may_ignore = about->version_num < 0x075800 && about->features & CURL_VERSION_ASYNCHDNS;
    wire->poller = poller;
    wire->due = CALL_NEVER;
    CURL *model = wire->model = curl_easy_init();
    if (!model || curl_easy_setopt(model, CURLOPT_NOSIGNAL, may_ignore ? 0L : 1L) ||
        set_fixed(model) || set_chosen(model, options) || set_callbacks(model, wire) ||
        !set_multi(wire, options->max_connections)) {
        wire_free(wire);
        return error_set(err, BOSA_CONNECTION, "libcurl can't be set up");
    }
    *out = wire;
    return BOSA_OK;
}

void wire_free(struct wire *wire)
{
    while (wire->idle) {
        struct lane *l = wire->idle;
        wire->idle = l->next;
        lane_free(l);
    }
    if (!wire->abandoned) {
        curl_easy_cleanup(wire->model);
        curl_multi_cleanup(wire->multi);
    }
    sockets_free(&wire->sockets, wire->abandoned);
    mem_free(wire);
}
