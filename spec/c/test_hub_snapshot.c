/* Schemas from a snapshot: what is taken, how long it stays, and what is refused. */
#include <unistd.h>

#include "hub_fixture.h"

#define TTL 60
#define LATER (FIXTURE_NOW + 1000 * TTL)

static const char TWO[] = "{\"github\":{\"a\":{\"method\":\"POST\",\"path\":\"/g/a\"}},"
                          "\"mail\":{\"b\":{\"method\":\"POST\",\"path\":\"/m/b\",\"n\":"
                          "9007199254740993}}}";

static enum bosa_status load(struct hub *hub, const char *text, struct json_doc *names,
                             struct bosa_error *err)
{
    error_init(err);
    json_init(names);
    return hub_load_snapshot(hub, text, strlen(text), names, err);
}

/* Loads what must be good and gives up the names. */
static void load_well(struct hub *hub, const char *text)
{
    struct json_doc names;
    struct bosa_error err;

    if (load(hub, text, &names, &err) != BOSA_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    json_free(&names);
}

static struct connector *find(struct hub *hub, const char *name, int64_t seconds)
{
    struct moment now = fixture_at(seconds);

    return hub_find(hub, name, &now);
}

static void takes_every_connector_and_tells_their_names(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, TTL);
    struct json_doc names;
    struct bosa_error err;

    (void)state;
    assert_int_equal(load(hub, TWO, &names, &err), BOSA_OK);
    assert_int_equal(json_type(&names, 0), JSON_ARRAY);
    assert_int_equal(names.nodes[0].len, 2);
    assert_true(json_is(&names, json_at(&names, 0, 0), "github"));
    assert_true(json_is(&names, json_at(&names, 0, 1), "mail"));
    assert_non_null(connector_action(find(hub, "github", FIXTURE_NOW), "a", 1));
    assert_null(connector_action(find(hub, "mail", FIXTURE_NOW), "a", 1));
    json_free(&names);
    hub_unref(hub);
}

static void both_forms_of_a_file_hold_the_same(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, TTL);

    (void)state;
    load_well(hub, "{\"taken\":\"2026\",\"connectors\":{\"mail\":{\"b\":{\"method\":\"POST\","
                   "\"path\":\"/m/b\"}}},\"bosa_snapshot\":1}");
    assert_non_null(connector_action(find(hub, "mail", FIXTURE_NOW), "b", 1));
    assert_null(find(hub, "taken", FIXTURE_NOW));
    hub_unref(hub);
}

static void numbers_keep_all_their_digits(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, TTL);
    struct connector *mail;
    uint32_t n;

    (void)state;
    load_well(hub, TWO);
    mail = find(hub, "mail", FIXTURE_NOW);
    n = json_member(&mail->doc, connector_action(mail, "b", 1)->node, "n");
    assert_int_equal(mail->doc.nodes[n].v.i, 9007199254740993);
    hub_unref(hub);
}

static void it_never_gets_too_old_until_it_is_forgotten(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, TTL);
    struct bosa_error err;

    (void)state;
    load_well(hub, TWO);
    assert_non_null(find(hub, "github", LATER));
    hub_forget(hub, "github");
    assert_null(find(hub, "github", FIXTURE_NOW));
    assert_non_null(find(hub, "mail", LATER));
    assert_int_equal(fixture_learn(hub, "github", FIXTURE_GITHUB, NULL, FIXTURE_NOW, &err),
                     BOSA_OK);
    assert_non_null(find(hub, "github", FIXTURE_NOW));
    assert_null(find(hub, "github", LATER));
    hub_unref(hub);
}

static void nothing_of_it_is_written_to_the_disk(void **state)
{
    char dir[] = "/tmp/bosa-snapshot-XXXXXX";
    struct hub *hub, *other;
    struct moment now = fixture_at(FIXTURE_NOW);

    (void)state;
    assert_non_null(mkdtemp(dir));
    hub = fixture_hub(NULL, dir, TTL);
    other = fixture_hub(NULL, dir, TTL);
    load_well(hub, TWO);
    assert_false(hub_recall(other, "github", &now));
    hub_unref(hub);
    hub_unref(other);
    assert_int_equal(rmdir(dir), 0); /* so it is empty */
}

static void nonsense_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{\"github\":",
        "{\"github\":null}",
        "{\"github\":[]}",
        "{\"\":{}}",
        "{\"a\\u0000b\":{}}",
        "{\"bosa_snapshot\":2,\"connectors\":{}}",
        "{\"bosa_snapshot\":\"1\",\"connectors\":{}}",
        "{\"bosa_snapshot\":1}",
        "{\"bosa_snapshot\":1,\"connectors\":[]}",
        "{\"github\":{\"a\":{\"method\":\"POST\",\"path\":\"//other.example/a\"}}}",
    };
    struct hub *hub = fixture_hub(NULL, NULL, TTL);

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct json_doc names;
        struct bosa_error err;

        assert_int_equal(load(hub, texts[i], &names, &err), BOSA_PROTOCOL);
        assert_int_equal(err.kind, BOSA_PROTOCOL);
        assert_non_null(err.message);
        assert_null(find(hub, "github", FIXTURE_NOW));
        error_clear(&err);
        json_free(&names);
    }
    hub_unref(hub);
}

static void every_failing_allocation_is_survived(void **state)
{
    long before = mem_torture_live(), nth = 0;
    enum bosa_status status = BOSA_NOMEM;

    (void)state;
    while (status != BOSA_OK) {
        struct hub *hub = fixture_hub(NULL, NULL, TTL);
        struct json_doc names;
        struct bosa_error err;

        mem_torture_fail_at(++nth);
        status = load(hub, TWO, &names, &err);
        mem_torture_fail_at(0);
        assert_true(status == BOSA_OK || status == BOSA_NOMEM);
        assert_int_equal(err.kind, status);
        error_clear(&err);
        json_free(&names);
        hub_unref(hub);
        assert_int_equal(mem_torture_live(), before);
    }
    assert_true(nth > 10);
}

/* A program may hold a snapshot of any number of connectors: none is looked for by looking at all.
 */
static void any_number_of_connectors_is_held(void **state)
{
    enum { CONNECTORS = 60000 };
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct moment now = fixture_at(FIXTURE_NOW);
    struct json_doc names;
    struct bosa_error err;
    struct buf text;

    (void)state;
    buf_init(&text);
    json_init(&names);
    error_init(&err);
    for (int i = CONNECTORS; i > 0; i--) {
        buf_addf(&text, "%s\"c%d\":{}", i < CONNECTORS ? "," : "{", i);
    }
    buf_addc(&text, '}');
    assert_int_equal(hub_load_snapshot(hub, text.data, text.len, &names, &err), BOSA_OK);
    assert_int_equal(names.nodes[0].len, CONNECTORS);
    assert_true(json_is(&names, 1, "c60000"));
    assert_non_null(hub_find(hub, "c1", &now));
    assert_non_null(hub_find(hub, "c60000", &now));
    hub_forget(hub, "c500");
    assert_null(hub_find(hub, "c500", &now));
    assert_non_null(hub_find(hub, "c501", &now));
    json_free(&names);
    buf_free(&text);
    hub_unref(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_connector_and_tells_their_names),
        cmocka_unit_test(both_forms_of_a_file_hold_the_same),
        cmocka_unit_test(numbers_keep_all_their_digits),
        cmocka_unit_test(it_never_gets_too_old_until_it_is_forgotten),
        cmocka_unit_test(nothing_of_it_is_written_to_the_disk),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(every_failing_allocation_is_survived),
        cmocka_unit_test(any_number_of_connectors_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
