#include "base/mem.h"
#include "http/header_fields.h"
#include "hub/invocation.h"
#include "mem_torture.h"

#include <stdarg.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define MARK "A-SECRET" /* as long as a number */

static const struct policy POLICY = {3, true, 30000, 10000, 60000};

static void set_text(char **field, const char *text)
{
    *field = mem_dup(text, strlen(text));
    assert_non_null(*field);
}

/* An invocation in which every field is set. */
static struct invocation *full_plan(void)
{
    struct invocation *invocation = invocation_new("github", 6, "upload", 6, &POLICY);
    char text[] = "{\"owner\":\"gl\",\"cursor\":\"C0\"}";
    struct bosa_error err;

    error_init(&err);
    assert_non_null(invocation);
    json_free(&invocation->params);
    assert_int_equal(
        json_parse(&invocation->params, mem_dup(text, strlen(text)), strlen(text), &err), BOSA_OK);
    invocation->files = mem_zalloc(2, sizeof(*invocation->files));
    invocation->file_count = 2;
    set_text(&invocation->files[0].path, "/tmp/a.txt");
    invocation->files[0].feed = BODY_NO_FEED;
    set_text(&invocation->files[1].bytes, "content");
    invocation->files[1].len = 7;
    invocation->files[1].feed = BODY_NO_FEED;
    assert_int_equal(fields_add(&invocation->fields, "X-Own", 5, "1", 1, &err), BOSA_OK);
    set_text(&invocation->token, "token");
    set_text(&invocation->identifier, "me@example.com");
    invocation->output = SINK_PATH;
    set_text(&invocation->output_path, "/tmp/out");
    invocation->progress = true;
    return invocation;
}

static void a_new_plan_asks_for_nothing(void **state)
{
    struct invocation *invocation = invocation_new("github/x", 6, "list_issues?", 11, &POLICY);

    (void)state;
    assert_non_null(invocation);
    assert_string_equal(invocation->connector, "github");
    assert_string_equal(invocation->action, "list_issues");
    assert_int_equal(json_type(&invocation->params, 0), JSON_OBJECT);
    assert_int_equal(invocation->params.nodes[0].len, 0);
    assert_int_equal(invocation->policy.max_attempts, 3);
    assert_true(invocation->policy.replay_unsafe);
    assert_int_equal(invocation->policy.deadline, 60000);
    assert_int_equal(invocation->output, SINK_MEMORY);
    assert_null(invocation->token);
    assert_null(invocation->identifier);
    assert_int_equal(invocation->file_count, 0);
    assert_int_equal(invocation->fields.count, 0);
    invocation_unref(invocation);
}

static void is_counted(void **state)
{
    struct invocation *invocation = invocation_new("a", 1, "b", 1, &POLICY);

    (void)state;
    assert_ptr_equal(invocation_ref(invocation), invocation);
    invocation_unref(invocation);
    assert_string_equal(invocation->connector, "a");
    invocation_unref(invocation);
    invocation_unref(NULL);
}

static void with_changes_one_parameter_and_copies_the_rest(void **state)
{
    struct invocation *invocation = full_plan(), *copy;
    struct json_doc values;

    (void)state;
    json_init(&values);
    json_add_string(&values, "C1", 2);
    copy = invocation_with(invocation, "cursor", &values, 0);
    json_free(&values);
    assert_non_null(copy);
    assert_true(json_is(&invocation->params, json_member(&invocation->params, 0, "cursor"), "C0"));
    invocation_unref(invocation); /* nothing is shared */
    assert_int_equal(copy->params.nodes[0].len, 2);
    assert_true(json_is(&copy->params, json_member(&copy->params, 0, "cursor"), "C1"));
    assert_true(json_is(&copy->params, json_member(&copy->params, 0, "owner"), "gl"));
    assert_string_equal(copy->connector, "github");
    assert_string_equal(copy->action, "upload");
    assert_string_equal(copy->token, "token");
    assert_string_equal(copy->identifier, "me@example.com");
    assert_int_equal(copy->output, SINK_PATH);
    assert_string_equal(copy->output_path, "/tmp/out");
    assert_true(copy->progress);
    assert_int_equal(copy->policy.connect_timeout, 10000);
    assert_string_equal(fields_get(&copy->fields, "x-own"), "1");
    assert_int_equal(copy->file_count, 2);
    assert_string_equal(copy->files[0].path, "/tmp/a.txt");
    assert_int_equal(copy->files[1].len, 7);
    assert_memory_equal(copy->files[1].bytes, "content", 7);
    invocation_unref(copy);
}

static void with_adds_a_parameter(void **state)
{
    struct invocation *invocation = invocation_new("a", 1, "b", 1, &POLICY), *copy;
    struct json_doc values;
    uint32_t page;

    (void)state;
    json_init(&values);
    json_add_int(&values, 2);
    copy = invocation_with(invocation, "page", &values, 0);
    json_free(&values);
    invocation_unref(invocation);
    assert_int_equal(copy->params.nodes[0].len, 1);
    page = json_member(&copy->params, 0, "page");
    assert_int_equal(copy->params.nodes[page].v.i, 2);
    invocation_unref(copy);
}

/* Begins an invocation, and gives it a token and a string of `len` letters as its parameter. */
static void fill(struct invocation *invocation, size_t len)
{
    char *text = mem_zalloc(1, len + 1);
    uint32_t object;

    assert_non_null(text);
    memset(text, 's', len);
    invocation_init(invocation, "github", "upload", &POLICY);
    set_text(&invocation->token, "token");
    object = json_open(&invocation->params, JSON_OBJECT);
    json_add_string(&invocation->params, "a", 1);
    json_add_string(&invocation->params, text, len);
    json_close(&invocation->params, object, 1);
    assert_false(invocation->params.failed);
    mem_free(text);
}

static void one_that_serves_again_keeps_room_and_nothing_in_it(void **state)
{
    long before = mem_torture_live();
    struct invocation invocation = {0};

    (void)state;
    fill(&invocation, 20);
    assert_string_equal(invocation.action, "upload");
    assert_int_equal(invocation.policy.max_attempts, 3);
    const char *room = invocation.params.text;
    invocation_clear(&invocation);
    assert_null(invocation.token);
    assert_int_equal(invocation.params.count, 0);
    assert_ptr_equal(invocation.params.text, room);
    assert_null(memchr(room, 's', 21));
    fill(&invocation, 20);
    assert_ptr_equal(invocation.params.text, room);
    invocation_clear(&invocation);
    fill(&invocation, 1 << 20);
    invocation_clear(&invocation);
    assert_null(invocation.params.text);
    fill(&invocation, 20);
    invocation_close(&invocation);
    assert_int_equal(mem_torture_live(), before);
}

/* As fill, and a number whose bytes are the mark. */
static void fill_marked(struct invocation *invocation, int64_t number)
{
    uint32_t object;

    invocation_init(invocation, "github", "upload", &POLICY);
    set_text(&invocation->token, MARK);
    object = json_open(&invocation->params, JSON_OBJECT);
    json_add_string(&invocation->params, "text", 4);
    json_add_string(&invocation->params, MARK, strlen(MARK));
    json_add_string(&invocation->params, "pin", 3);
    json_add_int(&invocation->params, number);
    json_close(&invocation->params, object, 2);
    assert_false(invocation->params.failed);
}

/* True when the mark is in what a cleared document keeps. */
static bool keeps_mark(const struct json_doc *doc)
{
    const char *nodes = (const char *)doc->nodes;
    bool found = false;

    for (size_t i = 0; i + strlen(MARK) <= doc->text_cap; i++) {
        found = found || memcmp(doc->text + i, MARK, strlen(MARK)) == 0;
    }
    for (size_t i = 0; i + strlen(MARK) <= doc->cap * sizeof *doc->nodes; i++) {
        found = found || memcmp(nodes + i, MARK, strlen(MARK)) == 0;
    }
    return found;
}

static void one_that_serves_again_keeps_no_secret_be_it_a_number(void **state)
{
    struct invocation invocation = {0};
    int64_t number;

    (void)state;
    memcpy(&number, MARK, sizeof number);
    /* what the heap gave may hold an older mark */
    fill(&invocation, 40);
    invocation_clear(&invocation);
    memset(invocation.params.text, 0, invocation.params.text_cap);
    memset(invocation.params.nodes, 0, invocation.params.cap * sizeof *invocation.params.nodes);
    mem_torture_watch(MARK);
    fill_marked(&invocation, number);
    assert_true(keeps_mark(&invocation.params));
    invocation_clear(&invocation);
    assert_non_null(invocation.params.nodes);
    assert_false(keeps_mark(&invocation.params));
    fill_marked(&invocation, number);
    invocation_close(&invocation);
    assert_int_equal(mem_torture_leaked(), 0);
    mem_torture_watch(NULL);
}

static void every_failing_allocation_is_survived(void **state)
{
    long before = mem_torture_live(), made, copied;
    struct invocation *invocation = full_plan(), *copy;
    struct json_doc values;

    (void)state;
    json_init(&values);
    json_add_int(&values, 1);
    mem_torture_fail_at(0);
    invocation_unref(invocation_with(invocation, "page", &values, 0));
    copied = mem_torture_count();
    for (long nth = 1; nth <= copied; nth++) {
        long live = mem_torture_live();

        mem_torture_fail_at(nth);
        assert_null(invocation_with(invocation, "page", &values, 0));
        assert_int_equal(mem_torture_live(), live);
    }
    mem_torture_fail_at(0);
    json_free(&values);
    invocation_unref(invocation);
    mem_torture_fail_at(0);
    invocation_unref(invocation_new("a", 1, "b", 1, &POLICY));
    made = mem_torture_count();
    for (long nth = 1; nth <= made; nth++) {
        mem_torture_fail_at(nth);
        copy = invocation_new("a", 1, "b", 1, &POLICY);
        assert_null(copy);
    }
    mem_torture_fail_at(0);
    assert_int_equal(mem_torture_live(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_plan_asks_for_nothing),
        cmocka_unit_test(is_counted),
        cmocka_unit_test(with_changes_one_parameter_and_copies_the_rest),
        cmocka_unit_test(with_adds_a_parameter),
        cmocka_unit_test(one_that_serves_again_keeps_room_and_nothing_in_it),
        cmocka_unit_test(one_that_serves_again_keeps_no_secret_be_it_a_number),
        cmocka_unit_test(every_failing_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
