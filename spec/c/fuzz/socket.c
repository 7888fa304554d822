/*
 * The bytes of a response through a real socket and libcurl: the call ends, with a response or an
 * error that makes sense, and the transfer holds no call any more.
 */
#include "fuzz.h"
#include "transport/transfer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACTIONS                                                                                    \
    "{\"x\":{\"y\":{\"method\":\"POST\",\"path\":\"/connectors/x/y\",\"docstring\":\"\","          \
    "\"parameters\":{\"request\":{\"schema\":{\"type\":\"object\"}}}}}}"
#define PATIENCE 2000 /* ms for a response */

static struct world {
    int listener;
    struct hub *hub;
    struct transfer *transfer;
    struct policy policy;
} world;

static int listen_on(char url[64])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    PROMISE(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 8) == 0);
    PROMISE(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    snprintf(url, 64, "http://127.0.0.1:%d", ntohs(at.sin_port));
    return fd;
}

static void set_up(void)
{
    char url[64];
    struct bosa_error err;
    struct json_doc doc;
    struct moment now = {0, 1000000000, 0};
    struct transfer_options options = {.max_connections = 1, .proxy = "", .verify = true};
    if (world.hub) {
        return;
    }
    error_init(&err);
    world.listener = listen_on(url);
    world.policy = (struct policy){.max_attempts = 1, .timeout = PATIENCE};
    struct hub_options hub = {.base_url = url,
                              .api_key = "sk-client-fuzzed",
                              .policy = world.policy,
                              .max_response_size = 1 << 16};
    PROMISE(hub_new(&world.hub, &hub, &err) == BOSA_OK);
    PROMISE(transfer_new(&world.transfer, &options, &err) == BOSA_OK);
    json_init(&doc);
    size_t len = strlen(ACTIONS);
    PROMISE(json_parse(&doc, mem_dup(ACTIONS, len), len, &err) == BOSA_OK);
    PROMISE(hub_learn(world.hub, "x", &doc, NULL, NULL, &now, &err) == BOSA_OK);
}

/* A GET (schemas are asked for again after a 404) ends with its header, the POST with its body. */
static bool is_whole(const char *request, size_t len)
{
    const char *end = request[0] == 'G' ? "\r\n\r\n" : "{}";
    size_t tail = strlen(end);
    return len >= tail && memcmp(request + len - tail, end, tail) == 0;
}

/* Reads the request of a new connection and writes the response. False: there is none. */
static bool serve(const uint8_t *data, size_t size)
{
    struct pollfd p = {world.listener, POLLIN, 0};
    char request[4096];
    size_t got = 0;
    if (poll(&p, 1, 0) != 1) {
        return false;
    }
    int fd = accept(world.listener, NULL, NULL);
    PROMISE(fd >= 0);
    while (got < sizeof request) {
        (void)transfer_step(world.transfer, 0);
        ssize_t n = recv(fd, request + got, sizeof request - got, MSG_DONTWAIT);
        got += n > 0 ? (size_t)n : 0;
        if (n == 0 || is_whole(request, got)) {
            break;
        }
    }
    for (size_t sent = 0; sent < size;) {
        ssize_t n = send(fd, data + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            break;
        }
        sent += (size_t)n;
    }
    close(fd);
    return true;
}

static void check_end(const struct call *call)
{
    const struct bosa_error *err = &call->error;
    PROMISE(call->state == CALL_ENDED);
    PROMISE(call->ok || (err->message && !strstr(err->message, "sk-client-fuzzed")));
    PROMISE(call->ok || err->kind != BOSA_TIMEOUT);
    PROMISE(transfer_active(world.transfer) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned notes = 0;
    bool ended = false;
    set_up();
    struct invocation *invocation = invocation_new("x", 1, "y", 1, &world.policy);
    PROMISE(invocation != NULL);
    struct call *call = call_new_action(world.hub, invocation);
    PROMISE(call != NULL);
    transfer_start(world.transfer, call);
    while (!ended) {
        transfer_step(world.transfer, serve(data, size) ? 0 : 1); /* a redirect connects once more
                                                                   */
        while (transfer_take(world.transfer, &notes)) {
            ended = ended || (notes & TRANSFER_ENDED);
        }
    }
    check_end(call);
    call_free(call);
    invocation_unref(invocation);
    return 0;
}
