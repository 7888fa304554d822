#include "wire_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 512
#define HEAD_BYTES 8192

struct connection {
    struct wire_server *server;
    const struct wire_step *script;
    pthread_t thread;
    int fd;
    char buffer[65536]; /* received, not used yet */
    size_t held;
    char head[HEAD_BYTES]; /* of the request being read */
    size_t head_len, body_len;
};

struct wire_server {
    int listener, port;
    int pipe[2]; /* a byte for each request */
    const struct wire_step *const *scripts;
    size_t script_count;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open, refusing, stopping;
    int connections, requests;
    struct connection *all[MAX_CONNECTIONS];
    char last[HEAD_BYTES];
    size_t last_body;
};

static void need(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

/* A test may look for descriptors that are inherited; these are not what it looks for. */
static int keep_private(int fd)
{
    need(fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0, "fcntl");
    return fd;
}

/* ---- reading requests ---- */

/* Receives more into the buffer. False: the other side has closed. */
static bool receive(struct connection *c)
{
    ssize_t got = recv(c->fd, c->buffer + c->held, sizeof c->buffer - c->held, 0);
    if (got <= 0) {
        return false;
    }
    c->held += (size_t)got;
    return true;
}

static void drop(struct connection *c, size_t len)
{
    memmove(c->buffer, c->buffer + len, c->held - len);
    c->held -= len;
}

/* Where `text` ends in what is held, 0: it isn't there. */
static size_t find(const struct connection *c, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= c->held; i++) {
        if (memcmp(c->buffer + i, text, len) == 0) {
            return i + len;
        }
    }
    return 0;
}

static bool read_head(struct connection *c)
{
    size_t end;
    while ((end = find(c, "\r\n\r\n")) == 0) {
        if (c->held == sizeof c->buffer || !receive(c)) {
            return false;
        }
    }
    need(end < HEAD_BYTES, "a header that is too large for the test server");
    memcpy(c->head, c->buffer, end);
    c->head[end] = '\0';
    c->head_len = end;
    c->body_len = 0;
    drop(c, end);
    return true;
}

/* Reads and drops `len` bytes of a body. */
static bool read_bytes(struct connection *c, size_t len)
{
    c->body_len += len;
    while (len > 0) {
        size_t now = c->held < len ? c->held : len;
        drop(c, now);
        len -= now;
        if (len > 0 && !receive(c)) {
            return false;
        }
    }
    return true;
}

/* Reads a chunk; *size 0 is the last one. */
static bool read_chunk(struct connection *c, size_t *size)
{
    size_t end;
    while ((end = find(c, "\r\n")) == 0) {
        if (!receive(c)) {
            return false;
        }
    }
    *size = strtoul(c->buffer, NULL, 16);
    drop(c, end);
    bool ok = read_bytes(c, *size) && read_bytes(c, 2);
    c->body_len -= 2;
    return ok;
}

/* The value of a header field of the request, NULL: it has none. */
static const char *field(const struct connection *c, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = strstr(c->head, "\r\n"); at; at = strstr(at + 2, "\r\n")) {
        if (strncasecmp(at + 2, name, len) == 0 && at[2 + len] == ':') {
            return at + 2 + len + 1 + strspn(at + 2 + len + 1, " ");
        }
    }
    return NULL;
}

static bool read_body(struct connection *c)
{
    const char *length = field(c, "Content-Length");
    size_t chunk = 1;
    if (length) {
        return read_bytes(c, strtoul(length, NULL, 10));
    }
    if (!field(c, "Transfer-Encoding")) {
        return true;
    }
    while (chunk > 0) {
        if (!read_chunk(c, &chunk)) {
            return false;
        }
    }
    return true;
}

static void count_request(struct connection *c)
{
    struct wire_server *s = c->server;
    pthread_mutex_lock(&s->lock);
    s->requests++;
    memcpy(s->last, c->head, c->head_len + 1);
    s->last_body = c->body_len;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    need(write(s->pipe[1], "r", 1) == 1, "pipe");
}

/* ---- the other steps ---- */

static bool send_bytes(struct connection *c, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(c->fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

static bool fill(struct connection *c, size_t n)
{
    static const char filler[65536];
    bool ok = true;
    while (ok && n > 0) {
        size_t now = n < sizeof filler ? n : sizeof filler;
        ok = send_bytes(c, filler, now);
        n -= now;
    }
    return ok;
}

/* Waits for the gate, or where `requests` is over 0, for so many requests. */
static bool wait_for(struct connection *c, int requests)
{
    struct wire_server *s = c->server;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping && !(requests > 0 ? s->requests >= requests : s->open)) {
        pthread_cond_wait(&s->changed, &s->lock);
    }
    bool ok = !s->stopping;
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static void hold(struct connection *c)
{
    do {
        c->held = 0;
    } while (receive(c));
}

static bool reset(struct connection *c)
{
    struct linger at_once = {1, 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return false;
}

/* Does one step. False: the connection is over. */
static bool do_step(struct connection *c, const struct wire_step *step)
{
    switch (step->op) {
    case WIRE_READ:
        if (!read_head(c) || !read_body(c)) {
            return false;
        }
        count_request(c);
        return true;
    case WIRE_HEAD:
        if (!read_head(c)) {
            return false;
        }
        count_request(c);
        return true;
    case WIRE_SEND:
        return send_bytes(c, step->bytes, step->n > 0 ? step->n : strlen(step->bytes));
    case WIRE_FILL:
        return fill(c, step->n);
    case WIRE_GATE:
        return wait_for(c, 0);
    case WIRE_MEET:
        return wait_for(c, (int)step->n);
    case WIRE_AGAIN:
        return true;
    case WIRE_HOLD:
        hold(c);
        return false;
    case WIRE_RESET:
        return reset(c);
    case WIRE_END:
        break;
    }
    return false;
}

static void *serve(void *context)
{
    struct connection *c = context;
    const struct wire_step *step = c->script;
    while (do_step(c, step)) {
        step = step->op == WIRE_AGAIN ? c->script : step + 1;
    }
    pthread_mutex_lock(&c->server->lock);
    close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&c->server->lock);
    return NULL;
}

/* ---- the server ---- */

/* Begins with a new connection. False: no more are to be accepted. */
static bool greet(struct wire_server *s, int fd)
{
    pthread_mutex_lock(&s->lock);
    bool go_on = !s->refusing;
    if (go_on) {
        struct connection *c = calloc(1, sizeof *c);
        need(c && s->connections < MAX_CONNECTIONS, "connection");
        size_t at = (size_t)s->connections;
        c->server = s;
        c->fd = keep_private(fd);
        c->script = s->scripts[at < s->script_count ? at : s->script_count - 1];
        s->all[s->connections++] = c;
        need(pthread_create(&c->thread, NULL, serve, c) == 0, "pthread_create");
    }
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void *accept_all(void *context)
{
    struct wire_server *s = context;
    for (;;) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0 || !greet(s, fd)) {
            if (fd >= 0) {
                close(fd);
            }
            return NULL;
        }
    }
}

static struct sockaddr_in address_of(int port)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

struct wire_server *wire_server_start(const struct wire_step *const *scripts, size_t count)
{
    struct wire_server *s = calloc(1, sizeof *s);
    struct sockaddr_in address = address_of(0);
    socklen_t len = sizeof address;
    need(s && pipe(s->pipe) == 0, "pipe");
    s->scripts = scripts;
    s->script_count = count;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->listener = keep_private(socket(AF_INET, SOCK_STREAM, 0));
    (void)keep_private(s->pipe[0]);
    (void)keep_private(s->pipe[1]);
    need(bind(s->listener, (struct sockaddr *)&address, len) == 0, "bind");
    need(listen(s->listener, 256) == 0, "listen");
    need(getsockname(s->listener, (struct sockaddr *)&address, &len) == 0, "getsockname");
    s->port = ntohs(address.sin_port);
    need(pthread_create(&s->thread, NULL, accept_all, s) == 0, "pthread_create");
    return s;
}

int wire_server_port(const struct wire_server *server)
{
    return server->port;
}

int wire_server_connections(struct wire_server *server)
{
    pthread_mutex_lock(&server->lock);
    int count = server->connections;
    pthread_mutex_unlock(&server->lock);
    return count;
}

int wire_server_requests(struct wire_server *server)
{
    pthread_mutex_lock(&server->lock);
    int count = server->requests;
    pthread_mutex_unlock(&server->lock);
    return count;
}

void wire_server_last(struct wire_server *server, char *out, size_t cap, size_t *body)
{
    pthread_mutex_lock(&server->lock);
    snprintf(out, cap, "%s", server->last);
    *body = server->last_body;
    pthread_mutex_unlock(&server->lock);
}

int wire_server_fd(struct wire_server *server)
{
    return server->pipe[0];
}

void wire_server_drain(struct wire_server *server)
{
    char byte;
    need(read(server->pipe[0], &byte, 1) == 1, "pipe");
}

void wire_server_open(struct wire_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->open = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

void wire_server_refuse(struct wire_server *server)
{
    struct sockaddr_in address = address_of(server->port);
    pthread_mutex_lock(&server->lock);
    server->refusing = true;
    pthread_mutex_unlock(&server->lock);
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* wakes the one who accepts */
    (void)connect(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    pthread_join(server->thread, NULL);
    close(server->listener);
    server->listener = -1;
}

/* Lets every thread see that it is over. */
static void begin_stop(struct wire_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->changed);
    for (int i = 0; i < s->connections; i++) {
        if (s->all[i]->fd >= 0) {
            shutdown(s->all[i]->fd, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

void wire_server_stop(struct wire_server *server)
{
    if (server->listener >= 0) {
        wire_server_refuse(server);
    }
    begin_stop(server);
    for (int i = 0; i < server->connections; i++) {
        pthread_join(server->all[i]->thread, NULL);
        free(server->all[i]);
    }
    close(server->pipe[0]);
    close(server->pipe[1]);
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->changed);
    free(server);
}
