#include "base/mem.h"
#include "call/paging.h"
#include "mem_torture.h"

#include <stdarg.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static const struct policy POLICY = {1, false, 0, 0, 0};

static void parse(struct json_doc *doc, const char *text)
{
    struct bosa_error err;

    error_init(&err);
    json_init(doc);
    assert_int_equal(json_parse(doc, mem_dup(text, strlen(text)), strlen(text), &err), BOSA_OK);
}

/* An ended call of an action whose parameters and meta were these; `meta` NULL: none. */
static struct call *ended(const char *params, const char *meta, const char *cursor_name,
                          bool takes_page)
{
    struct call *call = mem_zalloc(1, sizeof(*call));

    assert_non_null(call);
    call->kind = CALL_ACTION;
    call->state = CALL_ENDED;
    call->ok = true;
    call->cursor_name = cursor_name;
    call->takes_page = takes_page;
    call->invocation = invocation_new("github", 6, "list", 4, &POLICY);
    json_free(&call->invocation->params);
    parse(&call->invocation->params, params);
    call->reply.kind = REPLY_JSON;
    parse(&call->reply.doc, meta == NULL ? "[]" : meta);
    call->reply.meta = meta == NULL ? JSON_NONE : 0;
    return call;
}

static void end(struct call *call)
{
    invocation_unref(call->invocation);
    json_free(&call->reply.doc);
    mem_free(call);
}

static bool has(const char *meta, bool forward)
{
    struct call *call = ended("{}", meta, NULL, false);
    bool response = paging_has(call, forward);

    end(call);
    return response;
}

/*
 * What the invocation of the next (or previous) page sends, as JSON text in a static buffer;
 * "none", or "error: " and the message.
 */
static const char *turn(struct call *call, bool forward)
{
    static char out[512];
    struct bosa_error err;
    struct invocation *invocation = call->invocation;
    struct buf text;
    enum bosa_status status;

    error_init(&err);
    buf_init(&text);
    status = paging_invocation(call, forward, &invocation, &err);
    if (status != BOSA_OK) {
        assert_null(invocation);
        assert_int_equal(err.kind, status);
        assert_string_equal(err.connector, "github");
        assert_string_equal(err.action, "list");
        buf_addf(&text, "%s: %s", error_kind_name(status), err.message);
    } else if (invocation == NULL) {
        buf_adds(&text, "none");
    } else {
        assert_int_equal(json_write(&text, &invocation->params, 0, &err), BOSA_OK);
    }
    buf_addc(&text, '\0');
    assert_true(text.len <= sizeof(out));
    memcpy(out, text.data, text.len);
    buf_free(&text);
    error_clear(&err);
    invocation_unref(invocation);
    end(call);
    return out;
}

static const char *next(const char *params, const char *meta, const char *cursor, bool page)
{
    return turn(ended(params, meta, cursor, page), true);
}

static const char *prev(const char *params, const char *meta, const char *cursor, bool page)
{
    return turn(ended(params, meta, cursor, page), false);
}

static void has_next_and_has_prev_decide(void **state)
{
    (void)state;
    assert_true(has("{\"has_next\":true,\"has_prev\":false}", true));
    assert_false(has("{\"has_next\":true,\"has_prev\":false}", false));
    assert_false(has("{\"has_next\":false,\"forwards_cursor\":\"C1\"}", true));
    assert_false(has("{\"has_prev\":false,\"backwards_cursor\":\"C1\",\"page\":3}", false));
    assert_false(has("{\"has_next\":\"true\"}", true));
}

static void where_they_are_missing_the_rest_of_meta_tells(void **state)
{
    (void)state;
    assert_true(has("{\"forwards_cursor\":\"C1\"}", true));
    assert_true(has("{\"has_next\":null,\"forwards_cursor\":7}", true));
    assert_false(has("{\"forwards_cursor\":null}", true));
    assert_false(has("{\"forwards_cursor\":\"\"}", true));
    assert_false(has("{\"forwards_cursor\":{}}", true));
    assert_false(has("{\"backwards_cursor\":\"C1\"}", true));
    assert_true(has("{\"backwards_cursor\":\"C1\"}", false));
    assert_true(has("{\"page\":2,\"total_page\":3}", true));
    assert_false(has("{\"page\":3,\"total_page\":3}", true));
    assert_false(has("{\"page\":3}", true));
    assert_true(has("{\"page\":2}", false));
    assert_false(has("{\"page\":1}", false));
    assert_false(has("{}", true));
    assert_false(has("{}", false));
    assert_false(has(NULL, true));
    assert_false(has("[1]", true));
}

static void only_an_ended_ok_action_has_pages(void **state)
{
    static const char meta[] = "{\"has_next\":true,\"forwards_cursor\":\"C1\"}";
    struct call *call = ended("{}", meta, "cursor", false);

    (void)state;
    assert_true(paging_has(call, true));
    call->state = CALL_EXCHANGE;
    assert_false(paging_has(call, true));
    call->state = CALL_ENDED;
    call->ok = false;
    assert_false(paging_has(call, true));
    call->ok = true;
    call->reply.kind = REPLY_FILE;
    assert_false(paging_has(call, true));
    call->reply.kind = REPLY_JSON;
    call->kind = CALL_ENDPOINT;
    assert_false(paging_has(call, true));
    end(call);
}

static void the_cursor_goes_back_as_it_came(void **state)
{
    (void)state;
    assert_string_equal(next("{\"owner\":\"gl\"}", "{\"has_next\":true,\"forwards_cursor\":\"C1\"}",
                             "cursor", false),
                        "{\"owner\":\"gl\",\"cursor\":\"C1\"}");
    assert_string_equal(
        next("{}", "{\"has_next\":true,\"forwards_cursor\":9007199254740993}", "cursor", false),
        "{\"cursor\":9007199254740993}");
    assert_string_equal(next("{}",
                             "{\"has_next\":true,\"forwards_cursor\":123456789012345678901234}",
                             "cursor", false),
                        "{\"cursor\":123456789012345678901234}");
    assert_string_equal(prev("{\"cursor\":\"C2\"}",
                             "{\"has_prev\":true,\"backwards_cursor\":\"C0\","
                             "\"forwards_cursor\":\"C3\"}",
                             "cursor", false),
                        "{\"cursor\":\"C0\"}");
}

/* The page before (or behind) where the action takes `from_last`. */
static const char *turn_from_last(const char *params, const char *meta, bool forward)
{
    struct call *call = ended(params, meta, "cursor", false);

    call->takes_from_last = true;
    return turn(call, forward);
}

static void from_last_says_on_which_side_of_the_cursor_the_page_lies(void **state)
{
    static const char meta[] = "{\"has_next\":true,\"has_prev\":true,\"forwards_cursor\":\"F\","
                               "\"backwards_cursor\":\"B\"}";

    (void)state;
    assert_string_equal(turn_from_last("{}", meta, true), "{\"cursor\":\"F\"}");
    assert_string_equal(turn_from_last("{}", meta, false), "{\"cursor\":\"B\",\"from_last\":true}");
    assert_string_equal(turn_from_last("{\"cursor\":\"C\",\"from_last\":true}", meta, false),
                        "{\"cursor\":\"B\",\"from_last\":true}");
    assert_string_equal(turn_from_last("{\"cursor\":\"C\",\"from_last\":true}", meta, true),
                        "{\"cursor\":\"F\",\"from_last\":false}");
    assert_string_equal(turn_from_last("{\"from_last\":false}", meta, true),
                        "{\"from_last\":false,\"cursor\":\"F\"}");
    assert_string_equal(turn_from_last("{\"from_last\":true}", meta, false),
                        "{\"from_last\":true,\"cursor\":\"B\"}");
    /* one cursor with a page on each side is no ring, the same side again is one */
    assert_string_equal(turn_from_last("{\"cursor\":\"B\"}", meta, false),
                        "{\"cursor\":\"B\",\"from_last\":true}");
    assert_string_equal(turn_from_last("{\"cursor\":\"B\",\"from_last\":true}", meta, false),
                        "protocol: the server gave the same cursor again");
    assert_string_equal(turn_from_last("{\"cursor\":\"F\"}", meta, true),
                        "protocol: the server gave the same cursor again");
}

static void the_cursor_goes_under_the_actions_name_for_it(void **state)
{
    (void)state;
    assert_string_equal(
        next("{}", "{\"has_next\":true,\"forwards_cursor\":\"TOK2\"}", "page_token", false),
        "{\"page_token\":\"TOK2\"}");
}

static void a_cursor_wins_over_a_page(void **state)
{
    static const char meta[] = "{\"has_next\":true,\"forwards_cursor\":\"C1\",\"page\":1,"
                               "\"total_page\":9}";

    (void)state;
    assert_string_equal(next("{}", meta, "cursor", true), "{\"cursor\":\"C1\"}");
    assert_string_equal(next("{}", meta, NULL, true), "{\"page\":2}");
}

static void pages_are_counted_from_the_servers_word(void **state)
{
    (void)state;
    assert_string_equal(next("{\"page\":2}", "{\"has_next\":true,\"page\":2}", NULL, true),
                        "{\"page\":3}");
    assert_string_equal(prev("{\"page\":2}", "{\"has_prev\":true,\"page\":2}", NULL, true),
                        "{\"page\":1}");
    assert_string_equal(next("{\"page\":7}", "{\"has_next\":true,\"page\":3}", NULL, true),
                        "{\"page\":4}");
}

static void else_from_what_was_asked_and_else_from_one(void **state)
{
    (void)state;
    assert_string_equal(next("{\"page\":4}", "{\"has_next\":true}", NULL, true), "{\"page\":5}");
    assert_string_equal(next("{\"page\":4.0}", "{\"has_next\":true}", NULL, true), "{\"page\":5}");
    assert_string_equal(next("{}", "{\"has_next\":true}", NULL, true), "{\"page\":2}");
    assert_string_equal(next("{\"page\":\"x\"}", "{\"has_next\":true,\"page\":1.5}", NULL, true),
                        "{\"page\":2}");
}

static void there_is_nothing_before_page_one(void **state)
{
    (void)state;
    assert_string_equal(prev("{}", "{\"has_prev\":true,\"page\":1}", NULL, true), "none");
    assert_string_equal(prev("{}", "{\"has_prev\":true,\"page\":-9223372036854775808}", NULL, true),
                        "none");
    assert_string_equal(next("{}", "{\"has_next\":true,\"page\":9223372036854775807}", NULL, true),
                        "none");
}

static void there_is_none_where_meta_says_so(void **state)
{
    (void)state;
    assert_string_equal(
        next("{}", "{\"has_next\":false,\"forwards_cursor\":\"C1\"}", "cursor", true), "none");
    assert_string_equal(
        prev("{}", "{\"has_prev\":false,\"backwards_cursor\":\"C1\"}", "cursor", true), "none");
    assert_string_equal(next("{}", NULL, "cursor", true), "none");
}

static void the_same_page_again_is_an_error(void **state)
{
    (void)state;
    assert_string_equal(next("{\"cursor\":\"C1\"}",
                             "{\"has_next\":true,\"forwards_cursor\":\"C1\"}", "cursor", false),
                        "protocol: the server gave the same cursor again");
    assert_string_equal(
        next("{\"cursor\":5.0}", "{\"has_next\":true,\"forwards_cursor\":5}", "cursor", false),
        "protocol: the server gave the same cursor again");
    assert_string_equal(next("{\"page\":2}", "{\"has_next\":true,\"page\":1}", NULL, true),
                        "protocol: the server gave another page than the one asked for");
    assert_string_equal(prev("{\"page\":2}", "{\"has_prev\":true,\"page\":3}", NULL, true),
                        "protocol: the server gave another page than the one asked for");
}

static void a_page_that_can_not_be_asked_for_is_an_error(void **state)
{
    (void)state;
    assert_string_equal(next("{}", "{\"has_next\":true,\"forwards_cursor\":\"C1\"}", NULL, false),
                        "protocol: the server says that there is a next page, but list takes "
                        "neither a cursor nor a page");
    assert_string_equal(prev("{}", "{\"has_prev\":true}", "cursor", false),
                        "protocol: the server says that there is a previous page, but gave no "
                        "cursor for it");
}

/* Gives the call a file that is read from a function of the caller. */
static void upload_feed(struct call *call)
{
    call->invocation->files = mem_zalloc(1, sizeof(*call->invocation->files));
    assert_non_null(call->invocation->files);
    call->invocation->file_count = 1;
    call->invocation->files[0].feed = 0;
    call->invocation->files[0].size = -1;
}

static void a_feed_can_not_be_sent_twice(void **state)
{
    struct call *call = ended("{}", "{\"has_next\":true,\"page\":1}", NULL, true);
    int64_t page, last;

    (void)state;
    assert_true(paging_numbered(call, &page, &last));
    upload_feed(call);
    assert_false(paging_numbered(call, &page, &last));
    assert_non_null(strstr(turn(call, true), "params: another page can't be asked for"));
}

static void a_feed_does_not_matter_where_there_is_no_page(void **state)
{
    struct call *call = ended("{}", "{\"has_next\":false}", NULL, true);

    (void)state;
    upload_feed(call);
    assert_string_equal(turn(call, true), "none");
}

static bool numbered(const char *meta, const char *cursor, bool takes_page, int64_t *page,
                     int64_t *last)
{
    struct call *call = ended("{}", meta, cursor, takes_page);
    bool response = paging_numbered(call, page, last);

    end(call);
    return response;
}

static void numbers_tell_the_pages_ahead(void **state)
{
    int64_t page, last;

    (void)state;
    assert_true(numbered("{\"page\":2,\"total_page\":5}", NULL, true, &page, &last));
    assert_int_equal(page, 2);
    assert_int_equal(last, 5);
    assert_true(numbered("{\"page\":2}", "cursor", true, &page, &last));
    assert_int_equal(last, 0);
    assert_true(numbered("{\"page\":2,\"total_page\":-1}", NULL, true, &page, &last));
    assert_int_equal(last, 0);
    assert_true(numbered("{\"page\":1,\"forwards_cursor\":\"C1\"}", NULL, true, &page, &last));
}

static void where_they_do_not_pages_come_one_by_one(void **state)
{
    int64_t page, last;

    (void)state;
    assert_false(numbered("{\"page\":2,\"total_page\":5}", NULL, false, &page, &last));
    assert_false(numbered("{\"total_page\":5}", NULL, true, &page, &last));
    assert_false(numbered("{\"page\":0}", NULL, true, &page, &last));
    assert_false(numbered("{\"page\":1,\"forwards_cursor\":\"C1\"}", "cursor", true, &page, &last));
    assert_false(numbered(NULL, NULL, true, &page, &last));
}

static void a_page_by_its_number(void **state)
{
    struct call *call = ended("{\"page\":1,\"owner\":\"gl\"}", "{\"page\":1}", NULL, true);
    struct invocation *invocation = paging_invocation_page(call, 4);
    uint32_t page;

    (void)state;
    assert_non_null(invocation);
    page = json_member(&invocation->params, 0, "page");
    assert_int_equal(invocation->params.nodes[page].v.i, 4);
    assert_true(json_is(&invocation->params, json_member(&invocation->params, 0, "owner"), "gl"));
    invocation_unref(invocation);
    end(call);
}

/* Asks for a page each way and by number; false when there was no memory for one. */
static bool turn_all(struct call *call, long fail_at)
{
    struct invocation *invocations[2];
    struct bosa_error err[2];
    bool good = true;

    error_init(&err[0]);
    error_init(&err[1]);
    mem_torture_fail_at(fail_at);
    good = paging_invocation(call, true, &invocations[0], &err[0]) == BOSA_OK;
    good = paging_invocation(call, false, &invocations[1], &err[1]) == BOSA_PROTOCOL && good;
    for (int i = 0; i < 2; i++) {
        invocation_unref(invocations[i]);
        error_clear(&err[i]);
    }
    return good;
}

static void every_failing_allocation_is_told(void **state)
{
    struct call *call = ended("{\"cursor\":\"C0\"}",
                              "{\"has_next\":true,\"forwards_cursor\":\"C1\","
                              "\"has_prev\":true,\"backwards_cursor\":\"C0\"}",
                              "cursor", false);
    long before = mem_torture_live(), count;

    (void)state;
    assert_true(turn_all(call, 0));
    count = mem_torture_count();
    assert_true(count > 5);
    for (long nth = 1; nth <= count; nth++) {
        assert_false(turn_all(call, nth));
        assert_int_equal(mem_torture_live(), before);
    }
    mem_torture_fail_at(1);
    assert_null(paging_invocation_page(call, 2));
    mem_torture_fail_at(0);
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_next_and_has_prev_decide),
        cmocka_unit_test(where_they_are_missing_the_rest_of_meta_tells),
        cmocka_unit_test(only_an_ended_ok_action_has_pages),
        cmocka_unit_test(the_cursor_goes_back_as_it_came),
        cmocka_unit_test(from_last_says_on_which_side_of_the_cursor_the_page_lies),
        cmocka_unit_test(the_cursor_goes_under_the_actions_name_for_it),
        cmocka_unit_test(a_cursor_wins_over_a_page),
        cmocka_unit_test(pages_are_counted_from_the_servers_word),
        cmocka_unit_test(else_from_what_was_asked_and_else_from_one),
        cmocka_unit_test(there_is_nothing_before_page_one),
        cmocka_unit_test(there_is_none_where_meta_says_so),
        cmocka_unit_test(the_same_page_again_is_an_error),
        cmocka_unit_test(a_page_that_can_not_be_asked_for_is_an_error),
        cmocka_unit_test(a_feed_can_not_be_sent_twice),
        cmocka_unit_test(a_feed_does_not_matter_where_there_is_no_page),
        cmocka_unit_test(numbers_tell_the_pages_ahead),
        cmocka_unit_test(where_they_do_not_pages_come_one_by_one),
        cmocka_unit_test(a_page_by_its_number),
        cmocka_unit_test(every_failing_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
