#include "transfer_internal.h"

#include "mem.h"

#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#ifndef BOSA_VERSION
#define BOSA_VERSION "dev"
#endif

#define MAX_IDLE_HANDLES 64 /* libcurl handles kept for the next requests */
#define IDLE_CONNECTION_SECONDS 110L

/*
 * Forks that lie behind this process, counted by pthread_atfork: asking the system which process
 * this is would cost a system call a step. The one piece of state here that belongs to the process.
 */
static volatile sig_atomic_t forks;

static void count_fork(void)
{
    forks = forks + 1;
}

/* Gives libcurl's handle back to the idle ones; nothing is called for this flight any more. */
void transfer_land(struct flight *f)
{
    struct transfer *t = f->transfer;
    if (!f->easy) {
        return;
    }
    curl_multi_remove_handle(t->multi, f->easy);
    curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(f->headers);
    f->headers = NULL;
    if (t->idle_count < MAX_IDLE_HANDLES) {
        t->idle[t->idle_count++] = f->easy;
    } else {
        curl_easy_cleanup(f->easy);
    }
    f->easy = NULL;
    f->paused = false;
    t->flying--;
}

/* ---- libcurl's callbacks: they write to the core, and never call anything of the host ---- */

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct flight *f = context;
    size_t len = size * count;
    size_t end = len;
    while (end > 0 && (line[end - 1] == '\n' || line[end - 1] == '\r')) {
        end--;
    }
    if (end == 0 || f->in_body) {
        return len;
    }
    if (end >= 9 && memcmp(line, "HTTP/", 5) == 0) {
        long status = 0;
        curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
        return reply_status(&f->call->reply, (int)status, &f->error) == BOSA_OK ? len : 0;
    }
    return reply_field(&f->call->reply, line, end, &f->error) == BOSA_OK ? len : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct flight *f = context;
    size_t len = size * count;
    f->in_body = true;
    enum bosa_status status = reply_body(&f->call->reply, bytes, len, &f->error);
    if (f->call->reply.sink.kind == SINK_CALLER && f->call->reply.sink.bytes.len > 0) {
        flight_note(f, TRANSFER_CHUNK);
    }
    if (status == BOSA_AGAIN) {
        f->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (f->call->plan && f->call->plan->progress) {
        flight_note(f, TRANSFER_PROGRESS);
    }
    f->error.kind = status == BOSA_NOMEM ? BOSA_NOMEM : f->error.kind;
    return status == BOSA_OK ? len : 0;
}

static size_t on_read(char *out, size_t size, size_t count, void *context)
{
    struct flight *f = context;
    size_t got = 0;
    if (!f->call->request.body) {
        return 0;
    }
    enum bosa_status status = body_read(f->call->request.body, out, size * count, &got, &f->error);
    if (status == BOSA_AGAIN) {
        f->paused = true;
        flight_note(f, TRANSFER_HUNGRY);
        return CURL_READFUNC_PAUSE;
    }
    if (status != BOSA_OK) {
        f->error.kind = status;
        return CURL_READFUNC_ABORT;
    }
    if (f->call->plan && f->call->plan->progress) {
        flight_note(f, TRANSFER_PROGRESS);
    }
    return got;
}

/* Refusing to rewind is what keeps libcurl from sending a request a second time by itself. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
    (void)context;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *of_socket)
{
    struct transfer *t = context;
    (void)easy;
    (void)of_socket;
    int bits = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) {
        bits |= POLLER_READ;
    }
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) {
        bits |= POLLER_WRITE;
    }
    return poller_watch(t->poller, fd, what == CURL_POLL_REMOVE ? 0 : bits) ? 0 : -1;
}

/* libcurl closes a connection's socket. */
static int on_close(void *context, curl_socket_t fd)
{
    struct transfer *t = context;
    poller_forget(t->poller, fd);
    return close(fd);
}

static int on_timer(CURLM *multi, long ms, void *context)
{
    struct transfer *t = context;
    (void)multi;
    t->curl_due = ms < 0 ? INT64_MAX : poller_now() + ms;
    return 0;
}

/* ---- handles ---- */

/* What is the same for every request of this transfer. */
static bool set_common(struct transfer *t, CURL *easy)
{
    CURLcode bad = CURLE_OK;
#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(easy, option, value))
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(CURLOPT_QUICK_EXIT, 1L);
#endif
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, t->verify ? 1L : 0L);
    SET(CURLOPT_SSL_VERIFYHOST, t->verify ? 2L : 0L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_SECONDS);
    SET(CURLOPT_ACCEPT_ENCODING, "");
    SET(CURLOPT_USERAGENT, t->user_agent ? t->user_agent : "bosa-lua/" BOSA_VERSION);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_SEEKFUNCTION, on_seek);
    SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
    SET(CURLOPT_CLOSESOCKETDATA, t);
#undef SET
    if (!bad && t->ca_file) {
        bad = curl_easy_setopt(easy, CURLOPT_CAINFO, t->ca_file);
    }
    if (!bad && t->proxy) {
        bad = curl_easy_setopt(easy, CURLOPT_PROXY, t->proxy);
    }
    return !bad;
}

static CURL *take_handle(struct transfer *t)
{
    if (t->idle_count > 0) {
        return t->idle[--t->idle_count];
    }
    CURL *easy = curl_easy_init();
    if (easy && !set_common(t, easy)) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    return easy;
}

/* Adds "name: value" to the list; a value that is empty needs libcurl's ";" form. False: no memory.
 */
static bool add_header(struct curl_slist **list, struct buf *line, const char *name,
                       const char *value)
{
    buf_clear(line);
    buf_adds(line, name);
    buf_adds(line, *value ? ": " : ";");
    buf_adds(line, value);
    buf_addc(line, '\0');
    struct curl_slist *longer = line->failed ? NULL : curl_slist_append(*list, line->data);
    *list = longer ? longer : *list;
    return longer != NULL;
}

static struct curl_slist *make_headers(const struct request *r, bool chunked)
{
    struct curl_slist *list = NULL;
    struct buf line;
    bool ok = true;
    buf_init(&line);
    for (size_t i = 0; ok && i < r->fields.count; i++) {
        ok = add_header(&list, &line, r->fields.list[i].name, r->fields.list[i].value);
    }
    if (ok && chunked) {
        ok = add_header(&list, &line, "Transfer-Encoding", "chunked");
    }
    /* No waiting for "100 Continue", and no form's type on a POST without a body: a name without a
     * value keeps libcurl from adding the field, and takes out none that is already in the list. */
    static const char *const unwanted[] = {"Expect:", "Content-Type:"};
    for (size_t i = 0; ok && i < sizeof unwanted / sizeof *unwanted; i++) {
        struct curl_slist *longer = curl_slist_append(list, unwanted[i]);
        ok = longer != NULL;
        list = longer ? longer : list;
    }
    if (line.data) {
        mem_wipe(line.data, line.cap);
    }
    buf_free(&line);
    if (!ok) {
        curl_slist_free_all(list);
        return NULL;
    }
    return list;
}

static CURLcode set_method(CURL *easy, const struct request *r)
{
    bool is_get = strcmp(r->method, "GET") == 0;
    bool is_post = strcmp(r->method, "POST") == 0;
    int64_t length = r->body ? body_length(r->body) : 0;
    CURLcode bad = CURLE_OK;
    if (r->body || is_post) {
        bad = curl_easy_setopt(easy, CURLOPT_POST, 1L);
        bad = bad ? bad : curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    } else {
        bad = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    bad = bad ? bad
              : curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_get || is_post ? NULL : r->method);
    /* without body bytes there is nothing whose rewinding could be refused, so such a request gets
     * a connection of its own */
    bool alone = !is_get && length == 0;
    return bad ? bad : curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, alone ? 1L : 0L);
}

static const struct policy *policy_of(const struct call *call)
{
    return call->plan ? &call->plan->policy : hub_policy(call->hub);
}

static CURLcode set_times(CURL *easy, const struct call *call, const struct moment *m)
{
    int64_t attempt = call_attempt_time(call, m);
    int64_t connect = policy_of(call)->connect_timeout;
    attempt = attempt == CALL_NEVER ? 0 : attempt > 0 ? attempt : 1;
    attempt = attempt > INT_MAX ? INT_MAX : attempt;
    connect = connect > 0 && connect < INT_MAX ? connect : INT_MAX;
    CURLcode bad = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)attempt);
    return bad ? bad : curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
}

/* Hands a flight's request to libcurl. False: no memory, or libcurl refuses an option. */
bool transfer_take_off(struct flight *f, const struct moment *m)
{
    struct transfer *t = f->transfer;
    struct request *r = &f->call->request;
    bool chunked = r->body && body_length(r->body) < 0;
    CURL *easy = take_handle(t);
    if (!easy) {
        return false;
    }
    f->easy = easy;
    f->in_body = false;
    t->flying++;
    f->headers = make_headers(r, chunked);
    CURLcode bad = f->headers ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    bad = bad ? bad : curl_easy_setopt(easy, CURLOPT_URL, r->url);
    bad = bad ? bad : curl_easy_setopt(easy, CURLOPT_HTTPHEADER, (struct curl_slist *)f->headers);
    bad = bad ? bad : set_method(easy, r);
    bad = bad ? bad : set_times(easy, f->call, m);
    bad = bad ? bad : curl_easy_setopt(easy, CURLOPT_PRIVATE, f);
    bad = bad ? bad : curl_easy_setopt(easy, CURLOPT_HEADERDATA, f);
    bad = bad ? bad : curl_easy_setopt(easy, CURLOPT_WRITEDATA, f);
    bad = bad ? bad : curl_easy_setopt(easy, CURLOPT_READDATA, f);
    return !bad && curl_multi_add_handle(t->multi, easy) == CURLM_OK;
}

/* ---- how a request ended ---- */

static double ms_of(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;
    curl_easy_getinfo(easy, info, &us);
    return (double)us / 1000;
}

static void read_timing(CURL *easy, struct call_timing *timing)
{
    long connects = 0, request_bytes = 0, header_bytes = 0;
    curl_off_t up = 0, down = 0;
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &header_bytes);
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    timing->dns = ms_of(easy, CURLINFO_NAMELOOKUP_TIME_T);
    timing->connect = ms_of(easy, CURLINFO_CONNECT_TIME_T);
    timing->tls = ms_of(easy, CURLINFO_APPCONNECT_TIME_T);
    timing->first_byte = ms_of(easy, CURLINFO_STARTTRANSFER_TIME_T);
    timing->total = ms_of(easy, CURLINFO_TOTAL_TIME_T);
    timing->bytes_up = (uint64_t)request_bytes + (uint64_t)up;
    timing->bytes_down = (uint64_t)header_bytes + (uint64_t)down;
    timing->reused = connects == 0;
}

static enum bosa_status kind_of(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return BOSA_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return BOSA_TLS;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_WRITE_ERROR:
        return BOSA_PROTOCOL;
    default:
        return BOSA_CONNECTION;
    }
}

/* Fills `err` with what libcurl says; where a callback refused, it has spoken already. */
static void describe(struct flight *f, CURLcode code, enum bosa_sent sent, struct bosa_error *err)
{
    if (f->error.kind != BOSA_OK && f->error.kind != BOSA_AGAIN) {
        error_move(err, &f->error);
        return;
    }
    enum bosa_status kind = kind_of(code);
    const char *why = curl_easy_strerror(code);
    if (code == CURLE_OUT_OF_MEMORY) {
        /* this is also what libcurl says of header fields longer than it takes */
        kind = sent == BOSA_SENT_NO ? BOSA_NOMEM : BOSA_PROTOCOL;
        why = "no memory, or a header that is too large";
    }
    transfer_word(f->call, kind, sent, why, err);
}

/* Whether the request can have reached the server. */
static enum bosa_sent transfer_sent(struct flight *f)
{
    long bytes = 0;
    curl_easy_getinfo(f->easy, CURLINFO_REQUEST_SIZE, &bytes);
    if (f->call->reply.status > 0) {
        return BOSA_SENT_YES;
    }
    return bytes > 0 ? BOSA_SENT_MAYBE : BOSA_SENT_NO;
}

static void complete(struct flight *f, CURLcode code)
{
    struct call_timing timing;
    struct bosa_error err;
    struct moment m = transfer_now();
    enum bosa_sent sent = transfer_sent(f);
    memset(&timing, 0, sizeof timing);
    if (hub_events(f->call->hub)) {
        read_timing(f->easy, &timing);
    }
    transfer_land(f);
    if (code == CURLE_OK) {
        call_answered(f->call, &timing, &m);
    } else {
        error_init(&err);
        describe(f, code, sent, &err);
        call_broke(f->call, sent, &err, &timing, &m);
        error_clear(&err);
    }
    error_clear(&f->error);
    flight_follow(f);
}

static void read_completions(struct transfer *t)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(t->multi, &left)) != NULL) {
        char *private = NULL;
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        complete((struct flight *)(void *)private, code);
    }
}

/* ---- stepping ---- */

/* One round; true unless waiting ended with nothing, by a signal or the time. */
static bool round_once(struct transfer *t, int timeout)
{
    struct poller_event events[TRANSFER_MAX_EVENTS];
    int running = 0;
    int most = transfer_patience(t, timeout);
    int n = poller_wait(t->poller, events, TRANSFER_MAX_EVENTS, most);
    bool in_time = most != timeout && flight_due(t) <= poller_now();
    for (int i = 0; i < n; i++) {
        int bits = (events[i].bits & POLLER_READ ? CURL_CSELECT_IN : 0) |
                   (events[i].bits & POLLER_WRITE ? CURL_CSELECT_OUT : 0) |
                   (events[i].bits & POLLER_ERROR ? CURL_CSELECT_ERR : 0);
        if (events[i].fd >= 0) {
            curl_multi_socket_action(t->multi, events[i].fd, bits, &running);
        }
    }
    if (t->curl_due <= poller_now()) {
        t->curl_due = INT64_MAX;
        curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    /* behind the last socket action: in the other order big bodies stall now and then */
    read_completions(t);
    flight_tick_all(t);
    flight_seat_all(t);
    return n > 0 || in_time;
}

bool transfer_step(struct transfer *transfer, int timeout)
{
    bool go_on = true;
    if (transfer->noted.first) {
        timeout = 0;
    }
    do {
        go_on = round_once(transfer, timeout);
    } while (timeout < 0 && go_on && !transfer->noted.first && transfer->active > 0);
    transfer_arm(transfer);
    return transfer->noted.first != NULL;
}

void transfer_start(struct transfer *transfer, struct call *call)
{
    struct moment m = transfer_now();
    struct flight *f = flight_new(transfer, call, false);
    if (!f) {
        /* nobody could be told: it ends here, and its owner sees its state */
        call_cancel(call, BOSA_NOMEM, BOSA_SENT_NO, &m);
        return;
    }
    transfer->active++;
    call_begin(call, &m);
    flight_follow(f);
    flight_seat_all(transfer);
    transfer_arm(transfer);
    if (transfer->noted.first) {
        poller_wake(transfer->poller);
    }
}

void transfer_resume(struct transfer *transfer, struct call *call)
{
    struct flight *f = call->driver;
    if (!f || !f->easy || !f->paused) {
        return;
    }
    f->paused = false;
    curl_easy_pause(f->easy, CURLPAUSE_CONT);
    transfer_arm(transfer);
    if (transfer->noted.first) {
        poller_wake(transfer->poller);
    }
}

void transfer_cancel(struct transfer *transfer, struct call *call, enum bosa_status kind)
{
    struct flight *f = call->driver;
    struct moment m = transfer_now();
    if (!f) {
        return;
    }
    if (call->state != CALL_ENDED) {
        call_cancel(call, kind, f->easy ? transfer_sent(f) : BOSA_SENT_NO, &m);
        transfer->active--;
    }
    flight_free(f);
    flight_seat_all(transfer);
    transfer_arm(transfer);
    if (transfer->active == 0) {
        poller_wake(transfer->poller); /* a host's loop may stop watching now */
    }
}

int transfer_fd(struct transfer *transfer)
{
    transfer->nested = true;
    transfer_arm(transfer);
    return poller_fd(transfer->poller);
}

bool transfer_is_mine(const struct transfer *transfer)
{
    return transfer->generation == (unsigned)forks;
}

/* ---- birth and death ---- */

static void init_libcurl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    pthread_atfork(NULL, NULL, count_fork);
}

static bool copy_option(char **to, const char *from)
{
    *to = from ? mem_dup(from, strlen(from)) : NULL;
    return !from || *to;
}

static bool set_multi(struct transfer *t)
{
    t->multi = curl_multi_init();
    return t->multi &&
           curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t) == CURLM_OK &&
           curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
           curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t) == CURLM_OK &&
           curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)t->max_connections) == CURLM_OK;
}

enum bosa_status transfer_new(struct transfer **out, const struct transfer_options *options,
                              struct bosa_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct transfer *t = mem_zalloc(1, sizeof *t);
    *out = NULL;
    if (!t) {
        return error_set(err, BOSA_NOMEM, "out of memory");
    }
    pthread_once(&once, init_libcurl);
    t->generation = (unsigned)forks;
    t->max_connections = options->max_connections;
    t->verify = options->verify;
    t->curl_due = INT64_MAX;
    t->idle = mem_zalloc(MAX_IDLE_HANDLES, sizeof *t->idle);
    bool whole = t->idle && copy_option(&t->ca_file, options->ca_file) &&
                 copy_option(&t->proxy, options->proxy) &&
                 copy_option(&t->user_agent, options->user_agent);
    enum bosa_status status =
        whole ? poller_new(&t->poller, err) : error_set(err, BOSA_NOMEM, "out of memory");
    if (status == BOSA_OK && !set_multi(t)) {
        status = error_set(err, BOSA_CONNECTION, "libcurl cannot be used here");
    }
    if (status != BOSA_OK) {
        transfer_free(t);
        return status;
    }
    *out = t;
    return BOSA_OK;
}

/* In a child after a fork libcurl's memory describes the parent's sockets: it is left alone, and
 * lost. */
static void free_libcurl(struct transfer *t)
{
    if (!transfer_is_mine(t)) {
        return;
    }
    for (size_t i = 0; t->idle && i < t->idle_count; i++) {
        curl_easy_cleanup(t->idle[i]);
    }
    curl_multi_cleanup(t->multi);
}

void transfer_free(struct transfer *transfer)
{
    if (!transfer) {
        return;
    }
    struct moment m = transfer_now();
    bool mine = transfer_is_mine(transfer);
    while (transfer->first) {
        struct flight *f = transfer->first;
        f->easy = mine ? f->easy : NULL;
        call_cancel(f->call, BOSA_CLOSED, f->easy ? transfer_sent(f) : BOSA_SENT_NO, &m);
        flight_free(f);
    }
    free_libcurl(transfer);
    poller_free(transfer->poller);
    mem_free(transfer->heap.items);
    mem_free(transfer->idle);
    mem_free(transfer->ca_file);
    mem_free(transfer->proxy);
    mem_free(transfer->user_agent);
    mem_free(transfer);
}
