/*
 * One thread of libmicrohttpd's serves all connections, so handlers need no locks. A request that
 * waits is suspended and takes no thread.
 */
#include "server.h"

#include "base/mem.h"
#include "exchange.h"
#include "send.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECTION_LIMIT 16384u
#define CONNECTION_MEMORY                                                                          \
    ((size_t)64 << 10) /* for the header fields of a request, and for reading its body */
#define BACKLOG 4096u
#define PEM_MAX 65536

struct server {
    struct MHD_Daemon *daemon;
    struct sandbox *sandbox;
    char *cert, *key; /* owned; NULL without TLS */
};

/* True for requests that count: those under /_sandbox/ are about the server itself. */
static bool counts(const struct exchange *x)
{
    return strncmp(x->uri, "/_sandbox/", 10) != 0;
}

/* A request's first line is there. What is returned becomes the request's state. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    (void)connection;
    return exchange_new(cls, uri);
}

/* Counts a request, and how many there are at once. */
static void note_begin(struct exchange *x)
{
    struct stats *stats = &x->sandbox->stats;
    if (!counts(x)) {
        return;
    }
    stats->requests++;
    stats->in_flight++;
    if (stats->in_flight > stats->in_flight_max) {
        stats->in_flight_max = stats->in_flight;
    }
}

/*
 * Called once with the header fields, then with each piece of the body, then with none when the
 * request is whole; and once more when a delay is over.
 */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *len, void **state)
{
    struct sandbox *sandbox = cls;
    struct exchange *x = *state;
    (void)url;
    (void)version;
    if (!x) {
        return MHD_NO;
    }
    if (!x->begun) {
        exchange_begin(x, connection, method);
        note_begin(x);
        return MHD_YES;
    }
    if (*len > 0) {
        exchange_take(x, bytes, *len);
        *len = 0;
        return MHD_YES;
    }
    if (!x->responded) {
        exchange_respond(x);
        if (x->response.delay_ms > 0 &&
            wake_later(sandbox->wake, connection, x->response.delay_ms)) {
            return MHD_YES;
        }
    }
    return send_response(x);
}

/* A request is over, in whatever way. */
static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct sandbox *sandbox = cls;
    struct exchange *x = *state;
    (void)connection;
    if (!x) {
        return;
    }
    if (x->begun && counts(x)) {
        sandbox->stats.in_flight--;
    }
    if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        send_done(x);
    }
    if (sandbox->options.verbose) {
        fprintf(stderr, "%s %s %s %d\n", x->id, x->method, x->uri,
                how == MHD_REQUEST_TERMINATED_COMPLETED_OK ? x->response.status : 0);
    }
    exchange_free(x);
    *state = NULL;
}

/* A connection begins or ends. Small responses must not wait for an acknowledgement. */
static void on_connection(void *cls, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
    struct sandbox *sandbox = cls;
    (void)state;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        sandbox->stats.open--;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int on = 1;
    if (info) {
        setsockopt(info->connect_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    sandbox->stats.open++;
    sandbox->stats.connections++;
}

/* Paths are decoded by us, who keep their length: a decoded NUL would end libmicrohttpd's. */
static size_t leave_encoded(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

/* Reads a PEM file as an owned string. */
static char *read_pem(const char *path, struct bosa_error *err)
{
    char text[PEM_MAX];
    FILE *file = fopen(path, "rb");
    if (!file) {
        char room[ERROR_SYSTEM_WORDS];
        error_set(err, BOSA_FILE, "can't open %s: %s", path,
                  error_system(errno, room, sizeof room));
        return NULL;
    }
    size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    char *copy = mem_dup(text, len);
    mem_wipe(text, sizeof text);
    if (!copy) {
        error_nomem(err);
    }
    return copy;
}

/* The address to listen on. */
static struct addrinfo *resolve(const struct options *options, struct bosa_error *err)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", options->port & 0xFFFFu);
    int code = getaddrinfo(options->host, port, &hints, &found);
    if (code != 0) {
        error_set(err, BOSA_CONNECTION, "can't listen on %s: %s", options->host,
                  gai_strerror(code));
        return NULL;
    }
    return found;
}

/* Starts the daemon, with a thread of its own. */
static struct MHD_Daemon *start_daemon(struct server *server, const struct addrinfo *address)
{
    struct sandbox *sandbox = server->sandbox;
    unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    flags |= address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0u;
    flags |= server->cert ? MHD_USE_TLS : 0u;
    flags |= sandbox->options.verbose ? MHD_USE_ERROR_LOG : 0u;
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
                                   {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        flags, (uint16_t)sandbox->options.port, NULL, NULL, on_request, sandbox,
        MHD_OPTION_SOCK_ADDR, address->ai_addr, MHD_OPTION_URI_LOG_CALLBACK, on_uri, sandbox,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, sandbox, MHD_OPTION_NOTIFY_CONNECTION, on_connection, sandbox,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY, MHD_OPTION_LISTEN_BACKLOG_SIZE, BACKLOG, MHD_OPTION_ARRAY,
        server->cert ? tls : none, MHD_OPTION_END);
}

/*
 * Reads the files of TLS, starts the thread that wakes and the daemon. server_stop undoes all of
 * it.
 */
static enum bosa_status start(struct server *server, struct bosa_error *err)
{
    const struct options *options = &server->sandbox->options;
    if (options->tls_cert) {
        server->cert = read_pem(options->tls_cert, err);
        server->key = server->cert ? read_pem(options->tls_key, err) : NULL;
        if (!server->key) {
            return err->kind;
        }
    }
    server->sandbox->wake = wake_new();
    if (!server->sandbox->wake) {
        return error_set(err, BOSA_NOMEM, "can't start a thread");
    }
    struct addrinfo *address = resolve(options, err);
    if (!address) {
        return err->kind;
    }
    server->daemon = start_daemon(server, address);
    freeaddrinfo(address);
    if (!server->daemon) {
        return error_set(err, BOSA_CONNECTION, "can't listen on %s, port %u", options->host,
                         options->port);
    }
    return BOSA_OK;
}

enum bosa_status server_start(struct server **out, struct sandbox *sandbox, struct bosa_error *err)
{
    struct server *server = mem_zalloc(1, sizeof *server);
    if (!server) {
        return error_nomem(err);
    }
    server->sandbox = sandbox;
    enum bosa_status status = start(server, err);
    if (status != BOSA_OK) {
        server_stop(server);
        return status;
    }
    *out = server;
    return BOSA_OK;
}

unsigned server_port(const struct server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void server_stop(struct server *server)
{
    if (server->sandbox->wake) {
        wake_stop(server->sandbox->wake);
    }
    if (server->daemon) {
        MHD_stop_daemon(server->daemon);
    }
    if (server->key) {
        mem_wipe(server->key, strlen(server->key));
    }
    mem_free(server->cert);
    mem_free(server->key);
    mem_free(server);
}
