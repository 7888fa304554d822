#include "transfer_fixture.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include <curl/curl.h>

#define PATIENCE 30000 /* ms until a test is taken to hang */
#define LOOK 10        /* ms between two looks at what says nothing by itself */

/* ---- what libcurl holds ---- */

static atomic_long curl_blocks; /* its threads allocate, too */

static void *curl_malloc(size_t size)
{
    void *block = malloc(size);
    curl_blocks += block ? 1 : 0;
    return block;
}

static void *curl_calloc(size_t count, size_t size)
{
    void *block = calloc(count, size);
    curl_blocks += block ? 1 : 0;
    return block;
}

static void *curl_realloc(void *block, size_t size)
{
    void *grown = realloc(block, size);
    curl_blocks += !block && grown ? 1 : 0;
    return grown;
}

static char *curl_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = curl_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

static void curl_release(void *block)
{
    curl_blocks -= block ? 1 : 0;
    free(block);
}

/* Before the transfer does, whose own curl_global_init then only counts. */
static void count_blocks(void)
{
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_release, curl_realloc, curl_strdup,
                         curl_calloc);
}

/*
 * How many more blocks libcurl has than `before`. Its threads that look names up may end after the
 * handle that they worked for, and give back what they have then.
 */
static long curl_blocks_left(long before)
{
    long left = curl_blocks - before;
    for (int waited = 0; left != 0 && waited < PATIENCE; waited += LOOK) {
        poll(NULL, 0, LOOK);
        left = curl_blocks - before;
    }
    return left;
}

/* ---- the world ---- */

int world_setup(void **state)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct world *w = calloc(1, sizeof *w);
    if (!w) {
        return -1;
    }
    pthread_once(&once, count_blocks);
    w->live = mem_torture_live();
    w->curl_live = curl_blocks;
    w->options.max_connections = 4;
    w->options.verify = true;
    w->options.proxy = ""; /* not even the environment's */
    w->policy.max_attempts = 1;
    *state = w;
    return 0;
}

int world_teardown(void **state)
{
    struct world *w = *state;
    transfer_free(w->transfer);
    for (size_t i = 0; i < w->count; i++) {
        call_free(w->calls[i].call);
    }
    hub_unref(w->hub);
    if (w->server) {
        wire_server_stop(w->server);
    }
    long left = mem_torture_live() - w->live, curl_left = curl_blocks_left(w->curl_live);
    if (left != 0 || curl_left != 0) {
        print_error("%ld blocks more than before, and %ld of libcurl's\n", left, curl_left);
    }
    free(w);
    return left == 0 && curl_left == 0 ? 0 : -1;
}

/* ---- making ---- */

void teach(struct world *w)
{
    struct moment now = {0, 1000000000, 0};
    struct json_doc doc;
    struct bosa_error err;
    error_init(&err);
    json_init(&doc);
    size_t len = strlen(ACTIONS);
    assert_int_equal(json_parse(&doc, mem_dup(ACTIONS, len), len, &err), BOSA_OK);
    assert_int_equal(hub_learn(w->hub, "github", &doc, NULL, NULL, &now, &err), BOSA_OK);
}

void open_at(struct world *w, const char *url)
{
    struct hub_options options = {.base_url = url,
                                  .api_key = "sk-client-abcdefgh",
                                  .allow_http = true,
                                  .policy = w->policy,
                                  .events = w->events,
                                  .max_response_size = (size_t)1 << 20};
    struct bosa_error err;
    error_init(&err);
    assert_int_equal(hub_new(&w->hub, &options, &err), BOSA_OK);
    assert_int_equal(transfer_new(&w->transfer, &w->options, &err), BOSA_OK);
    teach(w);
}

void open_world(struct world *w, const struct wire_step *const *scripts, size_t count)
{
    char url[64];
    w->server = wire_server_start(scripts, count);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", wire_server_port(w->server));
    open_at(w, url);
}

void open_one(struct world *w, const struct wire_step *script)
{
    static const struct wire_step *scripts[1]; /* one test at a time */
    scripts[0] = script;
    open_world(w, scripts, 1);
}

void forget_schemas(struct world *w)
{
    hub_forget(w->hub, "github");
}

struct invocation *make_plan(struct world *w, const char *action)
{
    struct invocation *invocation = invocation_new("github", 6, action, strlen(action), &w->policy);
    assert_non_null(invocation);
    return invocation;
}

struct outcome *start_plan(struct world *w, struct invocation *invocation)
{
    assert_true(w->count < MAX_CALLS);
    struct outcome *o = &w->calls[w->count++];
    o->call = call_new_action(w->hub, invocation);
    assert_non_null(o->call);
    o->call->owner = o;
    invocation_unref(invocation);
    transfer_start(w->transfer, o->call);
    return o;
}

struct outcome *start(struct world *w)
{
    return start_plan(w, make_plan(w, "list"));
}

struct outcome *start_download(struct world *w)
{
    struct invocation *invocation = make_plan(w, "list");
    invocation->output = SINK_CALLER;
    return start_plan(w, invocation);
}

struct outcome *start_upload(struct world *w, uint64_t size, bool known)
{
    struct invocation *invocation = make_plan(w, "upload");
    invocation->files = mem_zalloc(1, sizeof *invocation->files);
    assert_non_null(invocation->files);
    invocation->file_count = 1;
    invocation->files[0].feed = 0;
    invocation->files[0].size = known ? (int64_t)size : -1;
    json_free(&invocation->params);
    uint32_t root = json_open(&invocation->params, JSON_OBJECT);
    json_add_string(&invocation->params, "file", 4);
    json_add_file(&invocation->params, 0);
    json_close(&invocation->params, root, 1);
    w->calls[w->count].feed_left = size;
    return start_plan(w, invocation);
}

/* ---- the loop ---- */

void feed(struct world *w, struct outcome *o)
{
    static const char bytes[50000];
    struct body *body = o->call->request.body;
    size_t len = o->feed_left < sizeof bytes ? (size_t)o->feed_left : sizeof bytes;
    assert_int_equal(body_needs_input(body), 0);
    assert_int_equal(len > 0 ? body_feed(body, bytes, len) : body_feed_end(body), BOSA_OK);
    o->feed_left -= len;
    transfer_resume(w->transfer, o->call);
}

void drain(struct world *w, struct outcome *o)
{
    struct sink *sink = &o->call->reply.sink;
    const char *bytes;
    size_t len;
    for (; sink_queued(sink, &bytes, &len); sink_dequeue(sink)) {
        o->received += len;
    }
    transfer_resume(w->transfer, o->call);
}

int take_all(struct world *w)
{
    struct call *call;
    unsigned notes;
    int count = 0;
    while ((call = transfer_take(w->transfer, &notes)) != NULL) {
        struct outcome *o = call->owner;
        assert_false(o->ended); /* nothing is told behind the end */
        assert_int_not_equal(notes, 0);
        o->notes |= notes;
        count++;
        if (notes & TRANSFER_ENDED) {
            assert_int_equal(call->state, CALL_ENDED);
            o->ended = true;
            o->order = w->ended++;
        }
        if (notes & TRANSFER_CHUNK && !o->lazy) {
            drain(w, o);
        }
        if (notes & TRANSFER_NEEDS_INPUT && !o->starve) {
            feed(w, o);
        }
    }
    return count;
}

void turn(struct world *w)
{
    struct pollfd p = {transfer_fd(w->transfer), POLLIN, 0};
    assert_int_equal(poll(&p, 1, PATIENCE), 1);
    (void)transfer_step(w->transfer, 0);
    (void)take_all(w);
}

void finish(struct world *w, struct outcome *o)
{
    (void)take_all(w);
    while (!o->ended) {
        turn(w);
    }
}

void finish_all(struct world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        finish(w, &w->calls[i]);
    }
    assert_int_equal(transfer_active(w->transfer), 0);
}

void until_requests(struct world *w, int requests)
{
    while (wire_server_requests(w->server) < requests) {
        struct pollfd p[2] = {{transfer_fd(w->transfer), POLLIN, 0},
                              {wire_server_fd(w->server), POLLIN, 0}};
        assert_true(poll(p, 2, PATIENCE) > 0);
        if (p[1].revents) {
            wire_server_drain(w->server);
        }
        (void)transfer_step(w->transfer, 0);
        (void)take_all(w);
    }
}

/* ---- what came of it ---- */

void assert_ok(const struct outcome *o)
{
    assert_true(o->ended);
    if (!o->call->ok) {
        fail_msg("%s: %s", error_kind_name(o->call->error.kind), o->call->error.message);
    }
}

void assert_failed(const struct outcome *o, enum bosa_status kind, enum bosa_sent sent)
{
    const struct bosa_error *err = &o->call->error;
    assert_int_equal(o->call->state, CALL_ENDED);
    assert_false(o->call->ok);
    assert_string_equal(error_kind_name(err->kind), error_kind_name(kind));
    assert_string_equal(error_sent_name(err->sent), error_sent_name(sent));
    assert_non_null(err->message);
    assert_null(strstr(err->message, "sk-client"));
}

void assert_says(struct world *w, const struct outcome *o, const char *start_words, const char *end)
{
    char words[256];
    snprintf(words, sizeof words, "%s127.0.0.1:%d%s", start_words, wire_server_port(w->server),
             end);
    assert_string_equal(o->call->error.message, words);
}
