/* Secrets are wiped before their memory goes back, also where a buffer or a document grew. */
#include "base/secrets.h"
#include "call/exchange.h"
#include "call_fixture.h"

#define MARK "MARKED-SECRET"

/* Every block that is given back is searched. */
static void open_marked(struct world *w)
{
    w->options.api_key = "key-" MARK;
    w->options.token = "token-" MARK;
    open_hub(w);
    teach(w, OLD_SCHEMAS);
    mem_torture_watch(MARK);
}

static void close_marked(struct world *w)
{
    call_free(w->call);
    hub_unref(w->hub);
    w->call = NULL;
    w->hub = NULL;
    assert_int_equal(mem_torture_leaked(), 0);
    mem_torture_watch(NULL);
}

/* Writes the request as it goes to the wire. */
static void write_request(struct world *w)
{
    struct exchange x = {0};
    const char *bytes;
    size_t len;
    bool seen = false;

    assert_int_equal(exchange_begin(&x, w->call, "test", false), BOSA_OK);
    for (;;) {
        assert_int_equal(exchange_output(&x, &bytes, &len), BOSA_OK);
        if (len == 0) {
            break;
        }
        for (size_t i = 0; i + strlen(MARK) <= len; i++) {
            seen = seen || memcmp(bytes + i, MARK, strlen(MARK)) == 0;
        }
        exchange_sent(&x, len);
    }
    assert_true(seen);
    exchange_free(&x);
}

static void the_watch_sees_what_is_not_wiped(void **state)
{
    char *block = mem_dup("a " MARK " here", strlen("a " MARK " here"));

    (void)state;
    mem_torture_watch(MARK);
    block = mem_realloc(block, 100);
    assert_int_equal(mem_torture_leaked(), 1);
    mem_free(block);
    assert_int_equal(mem_torture_leaked(), 2);
    mem_torture_watch(NULL);
}

static void an_actions_request_leaves_none(void **state)
{
    struct world *w = *state;
    struct invocation *invocation;

    open_marked(w);
    invocation = invocation_new("github", 6, "list", 4, &w->policy);
    invocation->token = mem_dup("given-" MARK, strlen("given-" MARK));
    json_clear(&invocation->params);
    uint32_t open = json_open(&invocation->params, JSON_OBJECT);
    json_add_string(&invocation->params, "page_token", 10);
    json_add_string(&invocation->params, MARK, strlen(MARK));
    for (int i = 0; i < 5; i++) {
        json_add_string(&invocation->params, "page_token", 10);
        json_add_string(&invocation->params, MARK MARK MARK MARK, 4 * strlen(MARK));
    }
    json_close(&invocation->params, open, 6);
    w->call = call_new_action(w->hub, invocation);
    invocation_unref(invocation);
    assert_int_equal(call_begin(w->call, &w->now), CALL_SEND);
    write_request(w);
    close_marked(w);
}

static void a_form_leaves_none(void **state)
{
    struct world *w = *state;
    struct invocation *invocation;

    for (int parts = 0; parts < 2; parts++) {
        open_hub(w);
        teach(w, "{\"github\":{" ENTRY("up", "\"file\":{\"format\":\"binary\"},\"s\":{}") "}}");
        mem_torture_watch(MARK);
        invocation = invocation_new("github", 6, "up", 2, &w->policy);
        json_clear(&invocation->params);
        uint32_t open = json_open(&invocation->params, JSON_OBJECT);
        json_add_string(&invocation->params, "s", 1);
        json_add_string(&invocation->params, MARK MARK MARK MARK, 4 * strlen(MARK));
        if (parts) {
            struct file_part file = {.feed = BODY_NO_FEED, .len = 3};

            file.bytes = mem_dup("abc", 3);
            file.filename = mem_dup("x", 1);
            invocation->files =
                (struct file_part *)(void *)mem_dup((const char *)&file, sizeof file);
            invocation->file_count = 1;
            json_add_string(&invocation->params, "file", 4);
            json_add_file(&invocation->params, 0);
        }
        json_close(&invocation->params, open, parts ? 2 : 1);
        w->call = call_new_action(w->hub, invocation);
        invocation_unref(invocation);
        assert_int_equal(call_begin(w->call, &w->now), CALL_SEND);
        write_request(w);
        close_marked(w);
    }
}

static void an_endpoints_body_and_an_error_that_repeats_it_leave_none(void **state)
{
    static const char *const responses[] = {
        "{\"error\":{\"message\":\"" MARK " token-" MARK " key-" MARK "\",\"code\":\"" MARK "\"}}",
        "{\"detail\":[{\"loc\":[\"body\",\"" MARK "\"],\"msg\":\"bad " MARK "\"}]}",
        "no JSON: " MARK " and \\u004dARKED-SECRET",
    };
    struct world *w = *state;

    for (size_t i = 0; i < COUNT(responses); i++) {
        open_marked(w);
        new_endpoint(w, ENDPOINT_TOKEN, NULL,
                     "{\"identifier\":\"me\",\"secret\":\"" MARK "\",\"configuration\":[\"" MARK
                     "-too\"]}");
        assert_int_equal(call_begin(w->call, &w->now), CALL_SEND);
        write_request(w);
        assert_int_equal(answer_with(w, 400, NULL, responses[i]), CALL_ENDED);
        assert_false(w->call->ok);
        assert_null(strstr(w->call->error.message, MARK));
        close_marked(w);
    }
}

/* A token, in bare deflate's one stored block, which comes in two pieces. */
static void a_decoded_response_leaves_none(void **state)
{
    static const char body[] = "{\"token\":\"" MARK "\"}";
    const unsigned len = sizeof body - 1;
    struct world *w = *state;
    struct exchange x = {0};
    struct buf wire;
    size_t used;

    open_marked(w);
    new_endpoint(w, ENDPOINT_TOKEN, NULL, "{}");
    assert_int_equal(call_begin(w->call, &w->now), CALL_SEND);
    assert_int_equal(call_sending(w->call, &w->now), CALL_EXCHANGE);
    assert_int_equal(exchange_begin(&x, w->call, "test", false), BOSA_OK);
    buf_init_secret(&wire);
    buf_addf(&wire,
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: deflate\r\n"
             "Content-Length: %u\r\n\r\n%c%c%c%c%c%s",
             len + 5, 1, (char)len, 0, (char)~len, (char)0xff, body);
    assert_int_equal(exchange_input(&x, wire.data, wire.len - 1, &used), BOSA_OK);
    assert_int_equal(used, wire.len - 1);
    assert_int_equal(exchange_input(&x, wire.data + used, 1, &used), BOSA_OK);
    assert_true(x.whole);
    buf_free(&wire);
    exchange_free(&x);
    assert_int_equal(call_responded(w->call, NULL, &w->now), CALL_ENDED);
    assert_true(w->call->ok);
    assert_int_equal(w->call->reply.doc.count, 3);
    close_marked(w);
}

static void texts_that_are_searched_leave_none(void **state)
{
    static const char given[] = "\\u004dARKED-SECRET and %4dARKED-SECRET and &#77;ARKED-SECRET";
    char *text = mem_dup(given, strlen(given));
    struct secrets secrets;
    bool failed = false;

    (void)state;
    mem_torture_watch(MARK);
    secrets_init(&secrets);
    secrets_add(&secrets, MARK, strlen(MARK));
    assert_int_equal(secrets_mask(&secrets, text, strlen(text), false, &failed), 19);
    secrets_free(&secrets);
    mem_free(text);
    assert_int_equal(mem_torture_leaked(), 0);
    mem_torture_watch(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_watch_sees_what_is_not_wiped),
        world_test(an_actions_request_leaves_none),
        world_test(a_form_leaves_none),
        world_test(an_endpoints_body_and_an_error_that_repeats_it_leave_none),
        world_test(a_decoded_response_leaves_none),
        cmocka_unit_test(texts_that_are_searched_leave_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
