/*
 * Orderly responses go through libmicrohttpd's buffers. Those that break on the way are streams
 * of our own, which end the connection themselves when they reach the cut.
 */
#include "send.h"

#include "base/mem.h"
#include "http/header_fields.h"

#include <string.h>
#include <sys/socket.h>

#define BLOCK ((size_t)128 << 10) /* bytes made at once of a response that isn't in memory */
#define PATTERN_PERIOD 251

/* The source of a response's bytes that are made as they are sent. */
struct stream {
    char *bytes;   /* owned; NULL: the pattern */
    uint64_t size; /* of the whole */
    uint64_t cut;  /* where the connection ends; size: nowhere */
    int fd;        /* of the connection */
    bool reset;    /* how it ends */
};

/* The socket of the connection, -1 if there is none. */
static int descriptor(const struct exchange *x)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/*
 * Ends the connection at once, in order or by a reset. libmicrohttpd closes the socket later, when
 * it next has work; connecting to no address is what resets before that, on Linux, and elsewhere
 * closing does.
 */
static void end_connection(int fd, bool reset)
{
    struct linger linger = {1, 0};
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (!reset) {
        shutdown(fd, SHUT_RDWR);
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    (void)connect(fd, &nowhere, sizeof nowhere);
}

/* Bytes of the pattern from an offset on. */
static void fill_pattern(char *out, uint64_t from, size_t len)
{
    unsigned value = (unsigned)(from % PATTERN_PERIOD);
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)value;
        value = value + 1 == PATTERN_PERIOD ? 0 : value + 1;
    }
}

/* libmicrohttpd asks for bytes from `position` on. */
static ssize_t read_stream(void *cls, uint64_t position, char *out, size_t max)
{
    struct stream *stream = cls;
    if (position >= stream->size) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (position >= stream->cut) {
        end_connection(stream->fd, stream->reset);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    uint64_t left = stream->cut - position;
    size_t len = left < max ? (size_t)left : max;
    if (stream->bytes) {
        memcpy(out, stream->bytes + position, len);
    } else {
        fill_pattern(out, position, len);
    }
    return (ssize_t)len;
}

/* libmicrohttpd is done with a stream. */
static void free_stream(void *cls)
{
    struct stream *stream = cls;
    mem_free(stream->bytes);
    mem_free(stream);
}

/* A response whose bytes are made as they are sent. Takes the body out of the response. */
static struct MHD_Response *stream_response(struct exchange *x)
{
    struct response *response = &x->response;
    struct stream *stream = mem_zalloc(1, sizeof *stream);
    size_t len = 0;
    if (!stream) {
        return NULL;
    }
    stream->size = response->size;
    if (response->kind == RESPONSE_BODY) {
        stream->bytes = buf_take(&response->body, &len);
        stream->size = len;
    }
    bool whole = response->end == END_WELL || response->end == END_CLOSE_AFTER_RESPONSE;
    stream->cut = whole ? stream->size : response->end == END_AFTER_HEADERS ? 0 : stream->size / 2;
    stream->fd = descriptor(x);
    stream->reset = response->end == END_RESET_IN_BODY;
    struct MHD_Response *mhd =
        MHD_create_response_from_callback(response->chunked ? MHD_SIZE_UNKNOWN : stream->size,
                                          BLOCK, read_stream, stream, free_stream);
    if (!mhd) {
        free_stream(stream);
    }
    return mhd;
}

/* A response whose bytes are in memory. Takes the body out of the response. */
static struct MHD_Response *memory_response(struct response *response)
{
    size_t len;
    if (response->kind == RESPONSE_SHARED) {
        union {
            const char *shared;
            void *given; /* libmicrohttpd doesn't write to it */
        } bytes = {response->shared};
        return MHD_create_response_from_buffer((size_t)response->size, bytes.given,
                                               MHD_RESPMEM_PERSISTENT);
    }
    char *body = buf_take(&response->body, &len);
    if (!body) {
        return NULL;
    }
    struct MHD_Response *mhd =
        MHD_create_response_from_buffer_with_free_callback(len, body, mem_free);
    if (!mhd) {
        mem_free(body);
    }
    return mhd;
}

/* The header fields that every response has, and the response's own. */
static void add_fields(struct exchange *x, struct MHD_Response *mhd, bool contract_2)
{
    const struct fields *fields = &x->response.fields;
    MHD_add_response_header(mhd, "X-Request-ID", x->id);
    if (contract_2) {
        MHD_add_response_header(mhd, "X-GL-Error-Contract", "2");
    }
    bool redirects = x->response.status >= 300 && x->response.status < 400;
    if (!redirects && !fields_get(fields, "Content-Type")) {
        MHD_add_response_header(mhd, "Content-Type", "application/json");
    }
    for (size_t i = 0; i < fields->count; i++) {
        MHD_add_response_header(mhd, fields->list[i].name, fields->list[i].value);
    }
}

enum MHD_Result send_response(struct exchange *x)
{
    struct response *response = &x->response;
    const char *contract = exchange_field(x, "X-GL-Error-Contract");
    bool contract_2 = contract && strcmp(contract, "2") == 0;
    if (response->end == END_CLOSE || response->end == END_RESET) {
        end_connection(descriptor(x), response->end == END_RESET);
        return MHD_NO;
    }
    if (!response_finish(response, x->id, contract_2)) {
        return MHD_NO;
    }
    bool in_memory = response->kind != RESPONSE_PATTERN && !response->chunked &&
                     (response->end == END_WELL || response->end == END_CLOSE_AFTER_RESPONSE);
    struct MHD_Response *mhd = in_memory ? memory_response(response) : stream_response(x);
    if (!mhd) {
        return MHD_NO;
    }
    add_fields(x, mhd, contract_2);
    enum MHD_Result result = MHD_queue_response(x->connection, (unsigned)response->status, mhd);
    MHD_destroy_response(mhd);
    return result;
}

void send_done(struct exchange *x)
{
    if (x->response.end == END_CLOSE_AFTER_RESPONSE) {
        end_connection(descriptor(x), false);
    }
}
