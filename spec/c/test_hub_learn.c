/* Connectors and schemas of a hub: from a discovery response, from the disk, out of memory again.
 */
#include <dirent.h>
#include <unistd.h>

#include "http/header_fields.h"
#include "hub/cache.h"
#include "hub_fixture.h"

#define TTL 3600

static struct connector *find(struct hub *hub, const char *name, int64_t seconds)
{
    struct moment now = fixture_at(seconds);

    return hub_find(hub, name, &now);
}

static struct action *action(struct hub *hub, const char *name)
{
    struct connector *github = find(hub, "github", FIXTURE_NOW);

    assert_non_null(github);
    return connector_action(github, name, strlen(name));
}

/* ---- responses ---- */

static void learns_the_actions_of_an_answer(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct connector *github = find(hub, "github", FIXTURE_NOW);
    static const char *const names[] = {"admin/revoke-all", "create_issue", "list_issues",
                                        "upload"};
    struct action *list;

    (void)state;
    assert_string_equal(github->name, "github");
    assert_int_equal(github->fetched, FIXTURE_NOW);
    assert_int_equal(github->action_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(github->actions[i].name_len, strlen(names[i]));
        assert_memory_equal(github->actions[i].name, names[i], strlen(names[i]));
        assert_ptr_equal(action(hub, names[i]), &github->actions[i]);
    }
    list = action(hub, "list_issues");
    assert_int_equal(list->path_len, strlen("/connectors/github/list_issues"));
    assert_memory_equal(list->path, "/connectors/github/list_issues", list->path_len);
    assert_true(json_is(&github->doc, json_member(&github->doc, list->node, "docstring"),
                        "About list_issues."));
    hub_unref(hub);
}

static void the_connectors_own_routes_are_no_actions(void **state)
{
    static const char *const names[] = {
        "integrations",
        "integrations/{user_identifier}",
        "integration-exists",
        "success-authorize-callback",
        "auth-schema",
        "list_issue",
        "list_issues_",
        "",
        "zzz",
    };
    struct hub *hub = fixture_ready(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_null(action(hub, names[i]));
    }
    assert_null(connector_action(find(hub, "github", FIXTURE_NOW), "list_issues!", 10));
    hub_unref(hub);
}

static void of_two_entries_with_one_name_the_last_counts(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct bosa_error err;
    struct connector *connector;

    (void)state;
    assert_int_equal(fixture_learn(hub, "a",
                                   "{\"a\":{\"x\":{\"method\":\"POST\",\"path\":\"/first\"},"
                                   "\"b\":{\"method\":\"POST\",\"path\":\"/b\"},"
                                   "\"x\":{\"method\":\"POST\",\"path\":\"/last\"}}}",
                                   NULL, 1, &err),
                     BOSA_OK);
    connector = find(hub, "a", 1);
    assert_int_equal(connector->action_count, 2);
    assert_memory_equal(connector_action(connector, "x", 1)->path, "/last", 5);
    hub_unref(hub);
}

static void an_answer_without_the_name_says_there_is_no_such_connector(void **state)
{
    static const char *const responses[] = {"{}", "{\"github\":{}}", "{\"githb\":null}"};
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct bosa_error err;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fixture_learn(hub, "githb", responses[i], NULL, 1, &err),
                         BOSA_UNKNOWN_CONNECTOR);
        assert_int_equal(err.kind, BOSA_UNKNOWN_CONNECTOR);
        assert_int_equal(err.sent, BOSA_SENT_NO);
        assert_string_equal(err.message, "the server has no connector `githb`");
        assert_string_equal(err.connector, "githb");
        error_clear(&err);
    }
    assert_null(find(hub, "githb", 1));
    hub_unref(hub);
}

static void a_connector_that_is_gone_is_forgotten(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct bosa_error err;

    (void)state;
    assert_int_equal(fixture_learn(hub, "github", "{}", NULL, FIXTURE_NOW, &err),
                     BOSA_UNKNOWN_CONNECTOR);
    error_clear(&err);
    assert_null(find(hub, "github", FIXTURE_NOW));
    hub_unref(hub);
}

static void an_answer_that_makes_no_sense_changes_nothing(void **state)
{
    static const char *const responses[] = {
        "[]",
        "null",
        "\"github\"",
        "{\"github\":[]}",
        "{\"github\":\"x\"}",
        "{\"github\":{\"a\":{\"method\":\"POST\"}}}",
        "{\"github\":{\"a\":{\"method\":\"POST\",\"path\":7}}}",
    };
    struct hub *hub = fixture_ready(NULL);
    struct bosa_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++) {
        assert_int_equal(fixture_learn(hub, "github", responses[i], NULL, FIXTURE_NOW, &err),
                         BOSA_PROTOCOL);
        assert_string_equal(err.connector, "github");
        error_clear(&err);
        assert_non_null(action(hub, "list_issues"));
    }
    hub_unref(hub);
}

static void a_path_that_leads_elsewhere_is_refused(void **state)
{
    static const char *const paths[] = {
        "//evil.example/x",
        "http://evil.example/x",
        "@evil.example/x",
        ".evil.example",
        "x",
        "",
        "/a/../b",
        "/a/%2e%2E/b",
        "/./a",
        "/a?b=c",
        "/a#b",
        "/a b",
        "/a\\\\b",
        "\\\\\\\\evil",
        "/a\\r\\nX: y",
        "/\\u00e9",
        "/a\\u0000b",
    };
    struct bosa_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct hub *hub = fixture_hub(NULL, NULL, 0);
        char response[256];

        snprintf(response, sizeof(response),
                 "{\"a\":{\"good\":{\"method\":\"POST\",\"path\":\"/good\"},"
                 "\"bad\":{\"method\":\"POST\",\"path\":\"%s\"}}}",
                 paths[i]);
        if (fixture_learn(hub, "a", response, NULL, 1, &err) != BOSA_PROTOCOL) {
            fail_msg("%s was taken", paths[i]);
        }
        assert_string_equal(err.action, "bad");
        error_clear(&err);
        assert_null(find(hub, "a", 1));
        hub_unref(hub);
    }
}

static void entries_that_are_no_actions_may_be_anything(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct bosa_error err;

    (void)state;
    assert_int_equal(fixture_learn(hub, "a",
                                   "{\"a\":{\"x\":7,\"y\":null,\"z\":{},\"w\":{\"method\":1},"
                                   "\"v\":{\"method\":\"GET\",\"path\":\"//evil\"}}}",
                                   NULL, 1, &err),
                     BOSA_OK);
    assert_int_equal(find(hub, "a", 1)->action_count, 0);
    hub_unref(hub);
}

/* ---- schemas of actions ---- */

static void an_actions_schema_is_compiled_once(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct connector *github = find(hub, "github", FIXTURE_NOW);
    const struct schema *first, *second;
    struct bosa_error err;

    (void)state;
    error_init(&err);
    assert_null(action(hub, "list_issues")->schema);
    assert_int_equal(action_schema(github, action(hub, "list_issues"), &first, &err), BOSA_OK);
    assert_non_null(first);
    assert_true(schema_has_property(first, "owner", 5));
    assert_int_equal(action_schema(github, action(hub, "list_issues"), &second, &err), BOSA_OK);
    assert_ptr_equal(first, second);
    assert_int_equal(action_schema(github, action(hub, "admin/revoke-all"), &first, &err), BOSA_OK);
    assert_null(first);
    hub_unref(hub);
}

static void tells_how_an_action_is_paged(void **state)
{
    struct hub *hub = fixture_ready(NULL);
    struct connector *github = find(hub, "github", FIXTURE_NOW);

    (void)state;
    assert_string_equal(action_paging(github, action(hub, "list_issues"))->cursor_name, "cursor");
    assert_true(action_paging(github, action(hub, "list_issues"))->takes_page);
    assert_string_equal(action_paging(github, action(hub, "upload"))->cursor_name, "page_token");
    assert_false(action_paging(github, action(hub, "upload"))->takes_page);
    assert_null(action_paging(github, action(hub, "create_issue"))->cursor_name);
    assert_null(action_paging(github, action(hub, "admin/revoke-all"))->cursor_name);
    assert_false(action_paging(github, action(hub, "admin/revoke-all"))->takes_page);
    hub_unref(hub);
}

/* ---- age ---- */

static void too_old_is_not_found_until_it_is_confirmed(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, TTL);
    struct bosa_error err;
    struct moment later = fixture_at(FIXTURE_NOW + TTL + 1);

    (void)state;
    assert_int_equal(fixture_learn(hub, "github", FIXTURE_GITHUB, "\"v1\"", FIXTURE_NOW, &err),
                     BOSA_OK);
    assert_non_null(find(hub, "github", FIXTURE_NOW + TTL));
    assert_null(find(hub, "github", FIXTURE_NOW + TTL + 1));
    hub_confirm(hub, "github", &later);
    assert_non_null(find(hub, "github", FIXTURE_NOW + TTL + 1));
    assert_int_equal(find(hub, "github", FIXTURE_NOW + TTL + 1)->fetched, FIXTURE_NOW + TTL + 1);
    hub_confirm(hub, "nobody", &later);
    hub_unref(hub);
}

static void a_clock_set_back_makes_nothing_fresh_for_ever(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, TTL);
    struct bosa_error err;

    (void)state;
    assert_int_equal(fixture_learn(hub, "github", FIXTURE_GITHUB, NULL, FIXTURE_NOW, &err),
                     BOSA_OK);
    assert_non_null(find(hub, "github", FIXTURE_NOW - 1));
    assert_null(find(hub, "github", FIXTURE_NOW - TTL - 1));
    hub_unref(hub);
}

static void without_a_ttl_schemas_stay(void **state)
{
    struct hub *hub = fixture_ready(NULL);

    (void)state;
    assert_non_null(find(hub, "github", FIXTURE_NOW + INT64_C(1000000000)));
    hub_unref(hub);
}

static void forgets_one_and_keeps_the_others(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct bosa_error err;

    (void)state;
    for (char name[] = "a", *c = name; *c < 'e'; ++*c) {
        char response[] = "{\"a\":{}}";

        response[2] = *c;
        assert_int_equal(fixture_learn(hub, name, response, NULL, 1, &err), BOSA_OK);
    }
    hub_forget(hub, "b");
    hub_forget(hub, "nobody");
    assert_non_null(find(hub, "a", 1));
    assert_null(find(hub, "b", 1));
    assert_non_null(find(hub, "c", 1));
    assert_non_null(find(hub, "d", 1));
    hub_unref(hub);
}

/* ---- the disk ---- */

static int make_dir(void **state)
{
    char *dir = strdup("/tmp/bosa-hub-XXXXXX");

    *state = dir;
    return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
    DIR *dir = opendir(*state);
    struct dirent *entry;

    while ((entry = readdir(dir)) != NULL) {
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
    rmdir(*state);
    free(*state);
    return 0;
}

static bool recall(struct hub *hub, const char *name, int64_t seconds)
{
    struct moment now = fixture_at(seconds);

    return hub_recall(hub, name, &now);
}

/* Lets a hub that ends at once learn github, so that only the disk knows it. */
static void learn_to_disk(const char *dir, const char *etag)
{
    struct hub *hub = fixture_hub(NULL, dir, TTL);
    struct bosa_error err;

    assert_int_equal(fixture_learn(hub, "github", FIXTURE_GITHUB, etag, FIXTURE_NOW, &err),
                     BOSA_OK);
    hub_unref(hub);
}

/* The value that the discovery request of github would have for a field; NULL: none. Static buffer.
 */
static const char *asked(struct hub *hub, const char *field)
{
    static char value[100];
    struct request request;
    struct bosa_error err;
    const char *found;

    error_init(&err);
    request_init(&request);
    assert_int_equal(hub_discovery_request(hub, "github", &request, &err), BOSA_OK);
    found = fields_get(&request.fields, field);
    if (found != NULL) {
        snprintf(value, sizeof(value), "%s", found);
    }
    request_free(&request);
    return found == NULL ? NULL : value;
}

static void another_hub_recalls_what_one_learned(void **state)
{
    struct hub *hub = fixture_hub(NULL, *state, TTL);

    assert_false(recall(hub, "github", FIXTURE_NOW));
    learn_to_disk(*state, "\"v1\"");
    assert_null(find(hub, "github", FIXTURE_NOW));
    assert_true(recall(hub, "github", FIXTURE_NOW + 10));
    assert_int_equal(find(hub, "github", FIXTURE_NOW + 10)->fetched, FIXTURE_NOW);
    assert_int_equal(find(hub, "github", FIXTURE_NOW + 10)->action_count, 4);
    assert_string_equal(asked(hub, "If-None-Match"), "\"v1\"");
    assert_false(recall(hub, "drive", FIXTURE_NOW));
    hub_unref(hub);
}

static void without_a_directory_nothing_is_recalled(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, TTL);

    learn_to_disk(*state, NULL);
    assert_false(recall(hub, "github", FIXTURE_NOW));
    hub_unref(hub);
}

static void a_stale_one_is_kept_for_its_validator(void **state)
{
    struct hub *hub = fixture_hub(NULL, *state, TTL);
    struct moment later = fixture_at(FIXTURE_NOW + TTL + 1);

    learn_to_disk(*state, "\"v1\"");
    assert_false(recall(hub, "github", later.unix_s));
    assert_null(hub_find(hub, "github", &later));
    assert_string_equal(asked(hub, "If-None-Match"), "\"v1\"");
    hub_confirm(hub, "github", &later);
    assert_non_null(hub_find(hub, "github", &later));
    hub_unref(hub);
    hub = fixture_hub(NULL, *state, TTL); /* the disk was told, too */
    assert_true(recall(hub, "github", later.unix_s + TTL));
    hub_unref(hub);
}

static void a_stale_one_without_a_validator_is_not(void **state)
{
    struct hub *hub = fixture_hub(NULL, *state, TTL);

    learn_to_disk(*state, NULL);
    assert_false(recall(hub, "github", FIXTURE_NOW + TTL + 1));
    assert_null(find(hub, "github", FIXTURE_NOW));
    hub_unref(hub);
}

static void with_a_ttl_of_0_the_disk_is_never_fresh(void **state)
{
    struct hub *hub = fixture_hub(NULL, *state, 0);

    learn_to_disk(*state, "\"v1\"");
    assert_false(recall(hub, "github", FIXTURE_NOW));
    assert_null(find(hub, "github", FIXTURE_NOW)); /* though in memory nothing ages */
    assert_string_equal(asked(hub, "If-None-Match"), "\"v1\"");
    hub_unref(hub);
}

static void what_is_held_is_not_replaced_by_what_is_older(void **state)
{
    struct hub *hub = fixture_hub(NULL, *state, TTL);
    struct connector *held;
    struct bosa_error err;

    assert_int_equal(fixture_learn(hub, "github", FIXTURE_GITHUB, "\"v2\"", FIXTURE_NOW + 5, &err),
                     BOSA_OK);
    held = find(hub, "github", FIXTURE_NOW + 5);
    learn_to_disk(*state, "\"v1\"");
    assert_false(recall(hub, "github", FIXTURE_NOW + 5));
    assert_ptr_equal(find(hub, "github", FIXTURE_NOW + 5), held);
    assert_string_equal(held->etag, "\"v2\"");
    hub_unref(hub);
}

static void forgetting_reaches_the_disk(void **state)
{
    struct hub *hub = fixture_hub(NULL, *state, TTL);

    learn_to_disk(*state, NULL);
    hub_forget(hub, "github");
    assert_false(recall(hub, "github", FIXTURE_NOW));
    hub_unref(hub);
}

/* Puts a text that is whole for the cache under github's name. */
static void plant(const char *dir, const char *text)
{
    struct cache_entry entry = {mem_dup(text, strlen(text)), strlen(text), FIXTURE_NOW, NULL, NULL};
    struct bosa_error err;

    error_init(&err);
    assert_int_equal(cache_write(dir, FIXTURE_BASE, "github", &entry, &err), BOSA_OK);
    cache_entry_free(&entry);
}

static void what_makes_no_sense_on_the_disk_is_removed(void **state)
{
    static const char *const texts[] = {
        "", "{", "{}", "[]", "{\"github\":{\"a\":{\"method\":\"POST\",\"path\":\"//evil\"}}}",
    };
    struct hub *hub = fixture_hub(NULL, *state, TTL);
    struct cache_entry entry;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        plant(*state, texts[i]);
        assert_false(recall(hub, "github", FIXTURE_NOW));
        assert_null(find(hub, "github", FIXTURE_NOW));
        assert_false(cache_read(*state, FIXTURE_BASE, "github", &entry));
    }
    hub_unref(hub);
}

static void a_disk_that_can_not_be_written_does_not_matter(void **state)
{
    struct hub *hub = fixture_hub(NULL, "/dev/null/at/all", TTL);
    struct bosa_error err;

    (void)state;
    assert_int_equal(fixture_learn(hub, "github", FIXTURE_GITHUB, NULL, FIXTURE_NOW, &err),
                     BOSA_OK);
    assert_non_null(find(hub, "github", FIXTURE_NOW));
    assert_false(recall(hub, "github", FIXTURE_NOW));
    hub_forget(hub, "github");
    hub_unref(hub);
}

/* ---- memory ---- */

/* One life of a hub's schemas; false when learning or compiling found no memory. */
static bool live(const char *dir, long fail_at)
{
    struct hub *hub = fixture_hub(NULL, dir, TTL);
    struct moment now = fixture_at(FIXTURE_NOW);
    struct json_doc doc = fixture_doc(FIXTURE_GITHUB);
    struct bosa_error err;
    enum bosa_status status;

    error_init(&err);
    mem_torture_fail_at(fail_at);
    (void)hub_recall(hub, "github", &now);
    status = hub_learn(hub, "github", &doc, "\"v1\"", "date", &now, &err);
    if (status == BOSA_OK) {
        struct connector *github = hub_find(hub, "github", &now);
        const struct schema *schema;

        status = action_schema(github, connector_action(github, "upload", 6), &schema, &err);
        (void)action_paging(github, connector_action(github, "list_issues", 11));
        hub_confirm(hub, "github", &now);
    }
    assert_int_equal(err.kind, status);
    assert_true(status == BOSA_OK || status == BOSA_NOMEM);
    error_clear(&err);
    hub_unref(hub);
    return status == BOSA_OK;
}

static void every_failing_allocation_is_survived(void **state)
{
    long before = mem_torture_live(), count;
    int failed = 0;

    assert_true(live(*state, 0));
    assert_true(live(*state, 0)); /* this time there is something to recall, as in all that follow
                                   */
    count = mem_torture_count();
    for (long nth = 1; nth <= count; nth++) {
        failed += !live(*state, nth);
        assert_int_equal(mem_torture_live(), before);
    }
    mem_torture_fail_at(0);
    assert_true(failed > 5);
    assert_true(live(*state, 0));
}

int main(void)
{
#define ON_DISK(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_the_actions_of_an_answer),
        cmocka_unit_test(the_connectors_own_routes_are_no_actions),
        cmocka_unit_test(of_two_entries_with_one_name_the_last_counts),
        cmocka_unit_test(an_answer_without_the_name_says_there_is_no_such_connector),
        cmocka_unit_test(a_connector_that_is_gone_is_forgotten),
        cmocka_unit_test(an_answer_that_makes_no_sense_changes_nothing),
        cmocka_unit_test(a_path_that_leads_elsewhere_is_refused),
        cmocka_unit_test(entries_that_are_no_actions_may_be_anything),
        cmocka_unit_test(an_actions_schema_is_compiled_once),
        cmocka_unit_test(tells_how_an_action_is_paged),
        cmocka_unit_test(too_old_is_not_found_until_it_is_confirmed),
        cmocka_unit_test(a_clock_set_back_makes_nothing_fresh_for_ever),
        cmocka_unit_test(without_a_ttl_schemas_stay),
        cmocka_unit_test(forgets_one_and_keeps_the_others),
        ON_DISK(another_hub_recalls_what_one_learned),
        ON_DISK(without_a_directory_nothing_is_recalled),
        ON_DISK(a_stale_one_is_kept_for_its_validator),
        ON_DISK(a_stale_one_without_a_validator_is_not),
        ON_DISK(with_a_ttl_of_0_the_disk_is_never_fresh),
        ON_DISK(what_is_held_is_not_replaced_by_what_is_older),
        ON_DISK(forgetting_reaches_the_disk),
        ON_DISK(what_makes_no_sense_on_the_disk_is_removed),
        ON_DISK(every_failing_allocation_is_survived),
        cmocka_unit_test(a_disk_that_can_not_be_written_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
