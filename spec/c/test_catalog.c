/* The catalog's endpoints: what goes along with each, pages by offset, and downloads. */
#include "call_fixture.h"

#include "call/paging.h"

#define PAGE(total, limit, offset, items)                                                          \
    "{\"items\":[" items "],\"meta\":{\"total\":" #total ",\"limit\":" #limit                      \
    ",\"offset\":" #offset "}}"

/* Begins the call of an endpoint without a connector; `query` is JSON or NULL. */
static void begin(struct world *w, enum endpoint endpoint, const char *identifier,
                  const char *token, const char *query)
{
    struct json_doc doc;
    struct bosa_error err;

    error_init(&err);
    json_init(&doc);
    if (query) {
        assert_int_equal(json_parse(&doc, mem_dup(query, strlen(query)), strlen(query), &err),
                         BOSA_OK);
    }
    call_free(w->call);
    w->call = call_new_endpoint(w->hub, endpoint, NULL, identifier, token, query ? &doc : NULL);
    assert_non_null(w->call);
    call_begin(w->call, &w->now);
}

static void assert_field(const struct world *w, const char *name, const char *value)
{
    const char *found = fields_get(&w->call->request.fields, name);

    if (!value) {
        assert_null(found);
    } else {
        assert_non_null(found);
        assert_string_equal(found, value);
    }
}

static void each_endpoint_gets_its_credentials_and_no_others(void **state)
{
    static const struct {
        enum endpoint endpoint;
        const char *identifier, *url;
        bool key, token;
    } rows[] = {
        {ENDPOINT_CATALOG_TOOLS, NULL, BASE "/catalog/tools", false, false},
        {ENDPOINT_CATALOG_MCPS, NULL, BASE "/catalog/mcp", false, false},
        {ENDPOINT_CATALOG_SKILLS, NULL, BASE "/catalog/skills", false, false},
        {ENDPOINT_CATALOG_SEARCH, NULL, BASE "/catalog/search", true, true},
        {ENDPOINT_TENANT_SKILLS, NULL, BASE "/api/skills", false, true},
        {ENDPOINT_TENANT_SKILL, "a/b", BASE "/api/skills/a%2Fb", false, true},
        {ENDPOINT_DOWNLOAD, "https://store.example/x?s=1", "https://store.example/x?s=1", false,
         false},
    };
    struct world *w = *state;

    w->options.token = "hub-token-1";
    open_hub(w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int given = 0; given < 2; given++) {
            bool foreign = rows[i].endpoint == ENDPOINT_DOWNLOAD;

            begin(w, rows[i].endpoint, rows[i].identifier, given ? TOKEN : NULL, NULL);
            assert_int_equal(w->call->state, CALL_SEND);
            assert_string_equal(w->call->request.method, "GET");
            assert_string_equal(w->call->request.url, rows[i].url);
            assert_field(w, "X-API-Key", rows[i].key ? KEY : NULL);
            assert_field(w, "X-GL-Error-Contract", foreign ? NULL : "2");
            assert_field(w, "Authorization",
                         !rows[i].token ? NULL
                         : given        ? "Bearer " TOKEN
                                        : "Bearer hub-token-1");
            assert_null(w->call->request.body);
        }
    }
}

static void what_needs_a_token_says_so_before_it_is_sent(void **state)
{
    static const enum endpoint needing[] = {ENDPOINT_CATALOG_SEARCH, ENDPOINT_TENANT_SKILLS,
                                            ENDPOINT_TENANT_SKILL};
    struct world *w = *state;

    open_hub(w);
    for (size_t i = 0; i < COUNT(needing); i++) {
        begin(w, needing[i], "7", NULL, NULL);
        assert_int_equal(w->call->state, CALL_ENDED);
        assert_int_equal(w->call->error.kind, BOSA_AUTH);
        assert_int_equal(w->call->error.sent, BOSA_SENT_NO);
    }
}

static void a_query_is_encoded(void **state)
{
    struct world *w = *state;

    open_hub(w);
    begin(w, ENDPOINT_CATALOG_TOOLS, NULL, NULL, "{\"limit\":3,\"q\":\"a b&c\\u00fc=\"}");
    assert_string_equal(w->call->request.url, BASE "/catalog/tools?limit=3&q=a%20b%26c%C3%BC%3D");
    begin(w, ENDPOINT_CATALOG_TOOLS, NULL, NULL, "{}");
    assert_string_equal(w->call->request.url, BASE "/catalog/tools");
}

/* The query of the next page, or of the one before; "none". */
static const char *turned(struct world *w, bool forward)
{
    static char out[200];
    struct bosa_error err;
    struct call *page;

    error_init(&err);
    assert_true(paging_is_offset(w->call));
    assert_int_equal(paging_offset_call(w->call, forward, &page, &err), BOSA_OK);
    assert_int_equal(page != NULL, paging_has(w->call, forward));
    if (!page) {
        return "none";
    }
    call_begin(page, &w->now);
    const char *query = strchr(page->request.url, '?');
    snprintf(out, sizeof out, "%s", query ? query : "");
    call_free(page);
    return out;
}

static void pages_go_by_what_was_asked_for(void **state)
{
    static const struct {
        const char *query, *body, *next, *before;
    } rows[] = {
        {NULL, PAGE(3, 2, 0, "1,2"), "?offset=2", "none"},
        {"{\"limit\":2,\"q\":\"x\"}", PAGE(3, 2, 0, "1,2"), "?limit=2&q=x&offset=2", "none"},
        {"{\"limit\":2,\"offset\":2}", PAGE(3, 2, 2, "3"), "none", "?limit=2&offset=0"},
        {"{\"limit\":2,\"offset\":1}", PAGE(9, 2, 1, "2,3"), "?limit=2&offset=3",
         "?limit=2&offset=0"},
        {"{\"limit\":2,\"offset\":5}", PAGE(9, 2, 5, "6,7"), "?limit=2&offset=7",
         "?limit=2&offset=3"},
        /* a server that passes over the offset */
        {"{\"limit\":2,\"offset\":2}", PAGE(9, 2, 0, "1,2"), "?limit=2&offset=4",
         "?limit=2&offset=0"},
        /* nothing came, so nothing is behind it */
        {NULL, PAGE(9, 2, 0, ""), "none", "none"},
        /* meta says little, or nothing that makes sense */
        {"{\"limit\":2}", "{\"items\":[1,2],\"meta\":null}", "?limit=2&offset=2", "none"},
        {"{\"limit\":2}", "{\"items\":[1],\"meta\":null}", "none", "none"},
        {NULL, "{\"items\":[1,2]}", "none", "none"},
        {"{\"limit\":2}", "{\"items\":[1,2],\"meta\":{\"total\":\"9\",\"limit\":-1}}",
         "?limit=2&offset=2", "none"},
        {"{\"limit\":2}", "{\"items\":[1,2],\"meta\":{\"total\":-1,\"offset\":null}}",
         "?limit=2&offset=2", "none"},
        {NULL, "{\"items\":[1],\"meta\":{\"total\":9,\"offset\":9223372036854775807}}", "none",
         "?offset=9223372036854775757"},
    };
    struct world *w = *state;

    open_hub(w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        begin(w, ENDPOINT_CATALOG_TOOLS, NULL, NULL, rows[i].query);
        response(w, 200, rows[i].body);
        assert_true(w->call->ok);
        assert_string_equal(turned(w, true), rows[i].next);
        assert_string_equal(turned(w, false), rows[i].before);
    }
}

static void only_lists_have_items_as_data(void **state)
{
    struct world *w = *state;

    open_hub(w);
    begin(w, ENDPOINT_TENANT_SKILLS, NULL, TOKEN, NULL);
    response(w, 200, PAGE(1, 50, 0, "1"));
    assert_int_equal(json_type(&w->call->reply.doc, w->call->reply.data), JSON_ARRAY);
    begin(w, ENDPOINT_CATALOG_SEARCH, NULL, TOKEN, NULL);
    response(w, 200, PAGE(1, 50, 0, "1"));
    assert_int_equal(w->call->reply.data, 0);
    assert_false(paging_is_offset(w->call));
    begin(w, ENDPOINT_CATALOG_TOOLS, NULL, NULL, NULL);
    response(w, 200, "{\"data\":[1,2],\"items\":[1]}");
    assert_int_equal(w->call->reply.doc.nodes[w->call->reply.data].len, 2);
}

static void a_server_without_the_routes_is_told_apart(void **state)
{
    struct world *w = *state;

    open_hub(w);
    begin(w, ENDPOINT_CATALOG_TOOLS, NULL, NULL, NULL);
    response(w, 404, NO_ROUTE);
    assert_int_equal(w->call->error.kind, BOSA_NOT_FOUND);
    assert_message_has(w, "this server has no catalog");
    begin(w, ENDPOINT_TENANT_SKILL, "7", TOKEN, NULL);
    response(w, 404, "{\"error\":{\"message\":\"Skill not found.\"}}");
    assert_int_equal(w->call->error.kind, BOSA_NOT_FOUND);
    assert_null(strstr(w->call->error.message, "catalog"));
}

static void only_https_is_downloaded_from(void **state)
{
    static const char *const refused[] = {"http://store.example/x?secret-sig",
                                          "ftp://store.example/x",
                                          "https://u:secret-sig@store.example/x",
                                          "/x",
                                          "",
                                          "https://store.example/x#secret-sig"};
    struct world *w = *state;

    open_hub(w);
    for (size_t i = 0; i < COUNT(refused); i++) {
        begin(w, ENDPOINT_DOWNLOAD, refused[i], NULL, NULL);
        assert_int_equal(w->call->state, CALL_ENDED);
        assert_int_equal(w->call->error.kind, BOSA_PROTOCOL);
        assert_null(strstr(w->call->error.message, "secret-sig"));
    }
    begin(w, ENDPOINT_DOWNLOAD, "http://127.0.0.1:9/x", NULL, NULL);
    assert_int_equal(w->call->state, CALL_SEND);
    hub_unref(w->hub);
    w->options.allow_http = true;
    open_hub(w);
    begin(w, ENDPOINT_DOWNLOAD, refused[0], NULL, NULL);
    assert_int_equal(w->call->state, CALL_SEND);
}

/* Whatever it says that it is. */
static void what_is_downloaded_is_a_file(void **state)
{
    struct world *w = *state;

    open_hub(w);
    begin(w, ENDPOINT_DOWNLOAD, "https://store.example/x", NULL, NULL);
    response(w, 200, "{\"data\":1}");
    assert_ok(w, 1);
    assert_int_equal(w->call->reply.kind, REPLY_FILE);
    assert_int_equal(w->call->reply.sink.size, 10);
    begin(w, ENDPOINT_DOWNLOAD, "https://store.example/x?a=first-part&b=second-part", NULL, NULL);
    answer_with(w, 403, "Content-Type: text/plain",
                "first-part second-part a=first-part&b=second-part");
    assert_int_equal(w->call->error.kind, BOSA_AUTH);
    assert_null(strstr(w->call->error.body, "-part"));
    assert_string_equal(w->call->error.url, "https://store.example/x");
    assert_null(strstr(w->call->error.message, "API key"));
}

/* A server may send without end. */
static void a_download_is_bounded(void **state)
{
    static char piece[1 << 20];
    struct world *w = *state;
    struct bosa_error err;
    enum bosa_status status = BOSA_OK;
    uint64_t taken = 0;

    open_hub(w);
    begin(w, ENDPOINT_DOWNLOAD, "https://store.example/x", NULL, NULL);
    sending(w);
    error_init(&err);
    assert_int_equal(reply_status(&w->call->reply, 200, &err), BOSA_OK);
    w->call->reply.max_file = 3 * sizeof piece + 7; /* the real bound takes too long here */
    while (status == BOSA_OK) {
        status = reply_body(&w->call->reply, piece, sizeof piece, &err);
        taken += status == BOSA_OK ? sizeof piece : 0;
    }
    assert_int_equal(status, BOSA_PROTOCOL);
    assert_int_equal(taken, 3 * sizeof piece);
    error_clear(&err);
}

static void without_memory_nothing_leaks(void **state)
{
    struct world *w = *state;
    bool done = false;

    open_hub(w);
    for (long i = 1; !done; i++) {
        struct bosa_error err;
        struct call *page = NULL;

        begin(w, ENDPOINT_CATALOG_TOOLS, NULL, NULL, "{\"limit\":2}");
        response(w, 200, PAGE(3, 2, 0, "1,2"));
        error_init(&err);
        mem_torture_fail_at(i);
        done = paging_offset_call(w->call, true, &page, &err) == BOSA_OK &&
               call_begin(page, &w->now) == CALL_SEND;
        mem_torture_fail_at(0);
        error_clear(&err);
        call_free(page);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(each_endpoint_gets_its_credentials_and_no_others),
        world_test(what_needs_a_token_says_so_before_it_is_sent),
        world_test(a_query_is_encoded),
        world_test(pages_go_by_what_was_asked_for),
        world_test(only_lists_have_items_as_data),
        world_test(a_server_without_the_routes_is_told_apart),
        world_test(only_https_is_downloaded_from),
        world_test(what_is_downloaded_is_a_file),
        world_test(a_download_is_bounded),
        world_test(without_memory_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
