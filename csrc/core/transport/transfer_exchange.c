/*
 * One request and its answer between a transport's callbacks and the core's readers and writers;
 * and the descriptors that such exchanges go through.
 */
#include "transport/transfer_internal.h"

#include "base/mem.h"
#include "http/header_fields.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Keeps the kind of a refusal, also where no memory was left for its words. */
static enum bosa_status keep(struct flight *f, enum bosa_status status)
{
    if (status != BOSA_OK && status != BOSA_AGAIN) {
        f->refusal.kind = status;
    }
    return status;
}

/* Some bytes went up or down. */
static void note_progress(struct flight *f)
{
    if (f->call->invocation && f->call->invocation->progress) {
        flight_note(f, TRANSFER_PROGRESS);
    }
}

/* ---- the answer ---- */

/* The code of a status line ("HTTP/1.1 200 OK", "HTTP/2 200"); -1: none. */
static int parse_status(const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    size_t at = space ? (size_t)(space - line) + 1 : len;
    int status = 0;
    if (len - at < 3) {
        return -1;
    }
    for (size_t i = at; i < at + 3; i++) {
        if (line[i] < '0' || line[i] > '9') {
            return -1;
        }
        status = status * 10 + (line[i] - '0');
    }
    return status;
}

/* Behind the head of an answer come its trailers, which nobody asked for, or another head. */
enum bosa_status exchange_line(struct flight *f, const char *line, size_t len)
{
    struct reply *reply = &f->call->reply;
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r')) {
        len--;
    }
    if (f->in_body) {
        return BOSA_OK;
    }
    if (!f->in_head && len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        f->in_head = true;
        f->transfer->wire->sockets.multiplexed |= len > 5 && line[5] >= '2';
        return keep(f, reply_status(reply, parse_status(line, len), &f->refusal));
    }
    if (len == 0) {
        f->in_head = false;
    }
    return f->in_head ? keep(f, reply_field(reply, line, len, &f->refusal)) : BOSA_OK;
}

/* The caller is told of the first chunk, not only of a full queue, so that it need not run full. */
enum bosa_status exchange_body(struct flight *f, const char *bytes, size_t len)
{
    struct reply *reply = &f->call->reply;
    f->in_body = true;
    enum bosa_status status = reply_body(reply, bytes, len, &f->refusal);
    if (reply->sink.kind == SINK_CALLER && reply->sink.bytes.len > 0) {
        flight_note(f, TRANSFER_CHUNK);
    }
    f->paused = f->paused || status == BOSA_AGAIN;
    if (status == BOSA_OK) {
        note_progress(f);
    }
    return keep(f, status);
}

/* ---- the request ---- */

bool exchange_is_get(const struct request *request)
{
    return strcmp(request->method, "GET") == 0;
}

/*
 * libcurl takes a compressed file that was cut off for a whole one, and while the caller has enough
 * it keeps what it has unpacked, up to a thousand times what came.
 */
bool exchange_wants_file(const struct call *call)
{
    return call->invocation && call->invocation->output != SINK_MEMORY;
}

static void add_line(struct buf *out, const char *name, const char *between, const char *value)
{
    buf_adds(out, name);
    buf_adds(out, between);
    buf_adds(out, value);
    buf_addc(out, '\0');
}

/* At most as long as all the lines of a request, so that the text need not move when it grows. */
static size_t measure(const struct fields *fields)
{
    size_t bytes = 128; /* our own lines */
    for (size_t i = 0; i < fields->count; i++) {
        bytes += strlen(fields->list[i].name) + fields->list[i].value_len + 4;
    }
    return bytes;
}

size_t exchange_head(struct buf *out, const struct request *request)
{
    const struct fields *fields = &request->fields;
    size_t count = fields->count + 1;
    buf_clear(out);
    buf_reserve(out, measure(fields));
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->list[i];
        add_line(out, field->name, field->value_len > 0 ? ": " : ";", field->value);
    }
    add_line(out, "Expect", ":", ""); /* no waiting for "100 Continue" */
    if (request->body && body_length(request->body) < 0) {
        add_line(out, "Transfer-Encoding", ": ", "chunked");
        count++;
    }
    if (!fields_get(fields, "Content-Type")) {
        add_line(out, "Content-Type", ":", ""); /* libcurl would make one up */
        count++;
    }
    return out->failed ? 0 : count;
}

void exchange_forget(struct buf *text)
{
    if (text->data) {
        mem_wipe(text->data, text->len);
    }
    buf_clear(text);
}

enum bosa_status exchange_read(struct flight *f, char *out, size_t cap, size_t *got)
{
    struct body *body = f->call->request.body;
    *got = 0;
    if (!body) {
        return BOSA_OK;
    }
    enum bosa_status status = body_read(body, out, cap, got, &f->refusal);
    if (status == BOSA_AGAIN) {
        f->paused = true;
        flight_note(f, TRANSFER_NEEDS_INPUT);
    } else if (*got > 0) {
        note_progress(f);
    }
    return keep(f, status);
}

/* The next tick sees to it. */
void exchange_give_up(struct flight *f)
{
    if (f->refusal.kind == BOSA_OK) {
        (void)error_nomem(&f->refusal);
    }
    f->until = 0;
    heap_put(&f->transfer->heap, f, f->until);
}

void exchange_break_off(struct flight *f, int number)
{
    (void)error_set(&f->refusal, BOSA_CONNECTION, "cannot watch a connection (error %d)", number);
    exchange_give_up(f);
}

/* ---- descriptors ---- */

/* Numbers of descriptors are used again, those of their files are not. */
struct socket_copy {
    int fd;
    ino_t file;
    int port; /* ours; 0: not known yet */
};

static bool reserve(struct sockets *set)
{
    if (set->count < set->cap) {
        return true;
    }
    size_t cap = set->cap ? set->cap * 2 : 16;
    struct socket_copy *grown = mem_realloc(set->list, cap * sizeof *grown);
    if (grown) {
        set->list = grown;
        set->cap = cap;
    }
    return grown;
}

/* The place of a descriptor; set->count: it is none of them. */
static size_t find(const struct sockets *set, int fd)
{
    size_t i = 0;
    while (i < set->count && set->list[i].fd != fd) {
        i++;
    }
    return i;
}

/* What tells a descriptor's file from others, 0 when nothing does. */
static ino_t file_of(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 ? about.st_ino : 0;
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

int sockets_open(struct wire *wire, int family, int type, int protocol)
{
    struct sockets *set = &wire->sockets;
    int fd = reserve(set) ? open_private(family, type, protocol) : -1;
    if (fd < 0) {
        return -1;
    }
    size_t i = find(set, fd);
    set->list[i] = (struct socket_copy){fd, file_of(fd), 0};
    set->count += i == set->count;
    poller_forget(wire->poller, fd);
    return fd;
}

int sockets_close(struct wire *wire, int fd)
{
    struct sockets *set = &wire->sockets;
    size_t i = find(set, fd);
    poller_forget(wire->poller, fd);
    if (i < set->count) {
        set->list[i] = set->list[--set->count];
    }
    return close(fd);
}

/* Our port of a connection; 0: it has none yet. */
static int port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } own = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t size = sizeof own;
    if (getsockname(fd, &own.any, &size) != 0) {
        return 0;
    }
    return own.any.sa_family == AF_INET    ? ntohs(own.v4.sin_port)
           : own.any.sa_family == AF_INET6 ? ntohs(own.v6.sin6_port)
                                           : 0;
}

/* The one connection from a port of ours; NULL: none, or two to different places. */
static struct socket_copy *find_port(struct sockets *set, int port)
{
    struct socket_copy *found = NULL;
    for (size_t i = 0; i < set->count; i++) {
        struct socket_copy *s = &set->list[i];
        s->port = s->port != 0 ? s->port : port_of(s->fd);
        if (s->port == port && found) {
            return NULL;
        }
        found = s->port == port ? s : found;
    }
    return found;
}

void sockets_cut_off_talker(struct wire *wire, int own_port)
{
    struct socket_copy *s = find_port(&wire->sockets, own_port);
    char byte;
    if (s && !wire->sockets.multiplexed && file_of(s->fd) == s->file &&
        recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
        shutdown(s->fd, SHUT_RDWR);
    }
}

bool sockets_has(const struct wire *wire, int fd)
{
    return find(&wire->sockets, fd) < wire->sockets.count;
}

/* One of which nothing is known but its number is left where it is. */
void sockets_sweep(struct wire *wire)
{
    struct sockets *set = &wire->sockets;
    for (size_t i = set->count; i-- > 0;) {
        struct socket_copy s = set->list[i];
        if (s.file != 0 && file_of(s.fd) != s.file) {
            poller_forget(wire->poller, s.fd);
            set->list[i] = set->list[--set->count];
        }
    }
}

void sockets_free(struct sockets *set, bool close_all)
{
    for (size_t i = 0; close_all && i < set->count; i++) {
        const struct socket_copy *s = &set->list[i];
        if (s->file != 0 && file_of(s->fd) == s->file) {
            close(s->fd);
        }
    }
    mem_free(set->list);
    *set = (struct sockets){NULL, 0, 0, false};
}
