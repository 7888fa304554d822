/* buf and error, whose strings it holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "hub/redact.h"
#include "mem_torture.h"
#include "json/json.h"
#include "json/json_error.h"

#define KEY "sk-0123456789"

/* Fails the test when the buffer does not hold exactly this text. */
static void assert_holds(const struct buf *b, const char *text)
{
    assert_false(b->failed);
    assert_int_equal(b->len, strlen(text));
    assert_memory_equal(b->data, text, b->len);
}

/* ---- buf ---- */

static void buf_adds_pieces_in_order(void **unused)
{
    struct buf b;

    (void)unused;
    buf_init(&b);
    buf_add(&b, "ab\0c", 4);
    buf_addc(&b, '-');
    buf_adds(&b, "de");
    buf_addf(&b, "%d/%s", 42, "x");
    assert_int_equal(b.len, 11);
    assert_memory_equal(b.data, "ab\0c-de42/x", 11);
    buf_free(&b);
    assert_null(b.data);
}

static void buf_formats_text_longer_than_its_room(void **unused)
{
    struct buf b;
    char word[201];

    (void)unused;
    memset(word, 'w', 200);
    word[200] = '\0';
    for (size_t before = 0; before < 70; before++) {
        buf_init(&b);
        for (size_t i = 0; i < before; i++) {
            buf_addc(&b, '.');
        }
        buf_addf(&b, "<%s>", word);
        assert_int_equal(b.len, before + 202);
        assert_memory_equal(b.data + before, "<www", 4);
        assert_memory_equal(b.data + before + 198, "www>", 4);
        buf_free(&b);
    }
}

static void buf_escapes_all_but_unreserved_bytes(void **unused)
{
    struct buf b;

    (void)unused;
    buf_init(&b);
    buf_add_escaped(&b, "aZ09-._~", 8);
    buf_add_escaped(&b, " /?%+\0\xc3\xa9@[`{", 12);
    assert_holds(&b, "aZ09-._~%20%2F%3F%25%2B%00%C3%A9%40%5B%60%7B");
    buf_free(&b);
}

static void buf_take_ends_the_text_and_empties_the_buffer(void **unused)
{
    struct buf b;
    size_t len = 99;
    char *text;

    (void)unused;
    buf_init(&b);
    buf_adds(&b, "hello");
    text = buf_take(&b, &len);
    assert_string_equal(text, "hello");
    assert_int_equal(len, 5);
    assert_null(b.data);
    assert_int_equal(b.len, 0);
    mem_free(text);
    text = buf_take(&b, NULL);
    assert_string_equal(text, "");
    mem_free(text);
}

static void buf_take_finds_room_for_the_nul_in_a_full_buffer(void **unused)
{
    struct buf b;
    char *text;

    (void)unused;
    buf_init(&b);
    assert_true(buf_reserve(&b, 1));
    while (b.len < b.cap) {
        buf_addc(&b, 'x');
    }
    text = buf_take(&b, NULL);
    assert_int_equal(text[strlen(text) - 1], 'x');
    mem_free(text);
}

static void buf_clear_keeps_memory(void **unused)
{
    struct buf b;
    char *data;

    (void)unused;
    buf_init(&b);
    buf_adds(&b, "one");
    data = b.data;
    buf_clear(&b);
    buf_adds(&b, "two");
    assert_ptr_equal(b.data, data);
    assert_holds(&b, "two");
    buf_free(&b);
}

static void buf_failure_sticks_until_cleared(void **unused)
{
    struct buf b;
    size_t len;

    (void)unused;
    buf_init(&b);
    mem_torture_fail_at(1);
    buf_adds(&b, "lost");
    mem_torture_fail_at(0);
    assert_true(b.failed);
    buf_adds(&b, "a");
    buf_addc(&b, 'b');
    buf_addf(&b, "%d", 1);
    buf_add_escaped(&b, "c", 1);
    assert_false(buf_reserve(&b, 1));
    assert_int_equal(b.len, 0);
    assert_null(buf_take(&b, &len));
    assert_false(b.failed);
    buf_adds(&b, "again");
    assert_holds(&b, "again");
    buf_free(&b);
}

static void buf_failure_to_grow_keeps_what_was_there_to_be_freed(void **unused)
{
    long live = mem_torture_live();
    struct buf b;

    (void)unused;
    buf_init(&b);
    buf_adds(&b, "text");
    mem_torture_fail_at(1);
    assert_false(buf_reserve(&b, 1000));
    mem_torture_fail_at(0);
    assert_null(buf_take(&b, NULL));
    assert_int_equal(mem_torture_live(), live);
}

static void buf_refuses_sizes_past_size_t(void **unused)
{
    struct buf b;

    (void)unused;
    buf_init(&b);
    buf_adds(&b, "text");
    assert_false(buf_reserve(&b, SIZE_MAX - 2));
    assert_true(b.failed);
    buf_free(&b);
}

/* ---- error ---- */

static void error_set_says_kind_and_message(void **unused)
{
    struct bosa_error e;

    (void)unused;
    error_init(&e);
    assert_true(e.retry_after < 0);
    e.status = 404;
    assert_int_equal(error_set(&e, BOSA_PROTOCOL, "%s\r\n%d\t\x7f", "no\nsense", 7), BOSA_PROTOCOL);
    assert_int_equal(e.kind, BOSA_PROTOCOL);
    assert_string_equal(e.message, "no sense  7  ");
    assert_int_equal(e.status, 0);
    assert_int_equal(error_set(&e, BOSA_API, "again: %s", e.message), BOSA_API);
    assert_string_equal(e.message, "again: no sense  7  ");
    error_clear(&e);
    assert_null(e.message);
    assert_int_equal(e.kind, BOSA_OK);
}

static void error_set_without_memory_is_nomem(void **unused)
{
    long live = mem_torture_live();
    struct bosa_error e;

    (void)unused;
    error_init(&e);
    error_set(&e, BOSA_API, "first");
    mem_torture_fail_at(1);
    assert_int_equal(error_set(&e, BOSA_API, "second"), BOSA_NOMEM);
    mem_torture_fail_at(0);
    assert_int_equal(e.kind, BOSA_NOMEM);
    assert_null(e.message);
    assert_int_equal(mem_torture_live(), live);
}

static void error_field_replaces(void **unused)
{
    struct bosa_error e;

    (void)unused;
    error_init(&e);
    assert_int_equal(error_field(&e.code, "first", 5), BOSA_OK);
    assert_int_equal(error_field(&e.code, e.code + 1, 3), BOSA_OK);
    assert_string_equal(e.code, "irs");
    assert_int_equal(error_field(&e.code, NULL, 0), BOSA_OK);
    assert_string_equal(e.code, "irs");
    mem_torture_fail_at(1);
    assert_int_equal(error_field(&e.code, "x", 1), BOSA_NOMEM);
    mem_torture_fail_at(0);
    assert_string_equal(e.code, "irs");
    error_clear(&e);
}

/* Fills `e` with something in every field; the secret KEY is in all that error_redact looks at. */
static void fill(struct bosa_error *e)
{
    struct json_doc details;
    uint32_t list, object;

    error_set(e, BOSA_RATE_LIMIT, "key " KEY " and " KEY " failed");
    e->sent = BOSA_SENT_MAYBE;
    e->retryable = true;
    e->status = 429;
    e->attempts = 3;
    e->retry_after = 1.5;
    error_field(&e->reference_id, "ref", 3);
    error_field(&e->connector, "github", 6);
    error_field(&e->action, "list_issues", 11);
    error_field(&e->url, "https://host/x", 14);
    error_field(&e->code, "E1", 2);
    error_field(&e->cause, KEY, strlen(KEY));
    error_field(&e->body, "{\0" KEY "}", strlen(KEY) + 3);
    e->body_len = strlen(KEY) + 3;
    json_init(&details);
    list = json_open(&details, JSON_ARRAY);
    object = json_open(&details, JSON_OBJECT);
    json_add_string(&details, KEY, strlen(KEY));
    json_add_string(&details, "<" KEY ">", strlen(KEY) + 2);
    json_close(&details, object, 1);
    json_add_int(&details, 5);
    json_close(&details, list, 2);
    assert_int_equal(json_error_attach(e, &details), BOSA_OK);
}

static void error_copy_is_deep(void **unused)
{
    struct bosa_error from, to;

    (void)unused;
    error_init(&from);
    error_init(&to);
    fill(&from);
    error_set(&to, BOSA_API, "old");
    assert_int_equal(error_copy(&to, &from), BOSA_OK);
    assert_string_equal(to.message, from.message);
    assert_ptr_not_equal(to.message, from.message);
    error_clear(&from);
    assert_int_equal(to.kind, BOSA_RATE_LIMIT);
    assert_int_equal(to.sent, BOSA_SENT_MAYBE);
    assert_true(to.retryable);
    assert_int_equal(to.status, 429);
    assert_int_equal(to.attempts, 3);
    assert_true(to.retry_after == 1.5);
    assert_string_equal(to.reference_id, "ref");
    assert_string_equal(to.connector, "github");
    assert_string_equal(to.action, "list_issues");
    assert_string_equal(to.url, "https://host/x");
    assert_string_equal(to.code, "E1");
    assert_string_equal(to.cause, KEY);
    assert_int_equal(to.body_len, strlen(KEY) + 3);
    assert_memory_equal(to.body, "{\0" KEY "}", to.body_len);
    assert_true(json_is(json_error_details(&to), json_member(json_error_details(&to), 1, KEY),
                        "<" KEY ">"));
    error_clear(&to);
}

static void error_copy_survives_every_failing_allocation(void **unused)
{
    long live = mem_torture_live();
    struct bosa_error from, to;
    enum bosa_status status = BOSA_NOMEM;
    long nth;

    (void)unused;
    error_init(&from);
    fill(&from);
    for (nth = 1; status != BOSA_OK; nth++) {
        error_init(&to);
        mem_torture_fail_at(nth);
        status = error_copy(&to, &from);
        mem_torture_fail_at(0);
        if (status != BOSA_OK) {
            assert_int_equal(status, BOSA_NOMEM);
            assert_null(to.message);
            assert_null(to.details);
        }
    }
    assert_true(nth > 10);
    error_clear(&to);
    error_clear(&from);
    assert_int_equal(mem_torture_live(), live);
}

static void error_move_leaves_nothing_behind(void **unused)
{
    struct bosa_error from, to;
    char *message;

    (void)unused;
    error_init(&from);
    error_init(&to);
    fill(&from);
    message = from.message;
    error_set(&to, BOSA_API, "old");
    error_move(&to, &from);
    assert_ptr_equal(to.message, message);
    assert_int_equal(from.kind, BOSA_OK);
    assert_null(from.message);
    assert_null(from.details);
    assert_true(from.retry_after < 0);
    error_move(&to, &to);
    assert_ptr_equal(to.message, message);
    error_clear(&to);
}

static void error_names_are_those_of_the_api(void **unused)
{
    (void)unused;
    assert_string_equal(error_kind_name(BOSA_PARAMS), "params");
    assert_string_equal(error_kind_name(BOSA_RATE_LIMIT), "rate_limit");
    assert_string_equal(error_kind_name(BOSA_UNKNOWN_ACTION), "unknown_action");
    assert_string_equal(error_kind_name(BOSA_CLOSED), "closed");
    for (int kind = BOSA_OK; kind <= BOSA_CLOSED; kind++) {
        assert_non_null(error_kind_name((enum bosa_status)kind));
    }
    assert_string_equal(error_sent_name(BOSA_SENT_NO), "no");
    assert_string_equal(error_sent_name(BOSA_SENT_MAYBE), "maybe");
    assert_string_equal(error_sent_name(BOSA_SENT_YES), "yes");
}

/* True when the bytes of the secret stand anywhere in the block. */
static bool has_key(const char *block, size_t len)
{
    for (size_t i = 0; i + strlen(KEY) <= len; i++) {
        if (memcmp(block + i, KEY, strlen(KEY)) == 0) {
            return true;
        }
    }
    return false;
}

static void redact(struct bosa_error *e, const char *secret, size_t len)
{
    struct secrets secrets;

    secrets_init(&secrets);
    secrets_add(&secrets, secret, len);
    error_redact(e, &secrets);
    secrets_free(&secrets);
}

static void error_redact_masks_every_occurrence(void **unused)
{
    struct bosa_error e;

    (void)unused;
    error_init(&e);
    fill(&e);
    assert_true(has_key(json_error_details(&e)->text, json_error_details(&e)->text_len));
    redact(&e, KEY, strlen(KEY));
    assert_string_equal(e.message, "key *** and *** failed");
    assert_string_equal(e.cause, "***");
    assert_int_equal(e.body_len, 6);
    assert_memory_equal(e.body, "{\0***}", 6);
    assert_true(
        json_is(json_error_details(&e), json_member(json_error_details(&e), 1, "***"), "<***>"));
    assert_false(has_key(json_error_details(&e)->text, json_error_details(&e)->text_len));
    assert_string_equal(e.connector, "github");
    error_clear(&e);
}

static void error_redact_drops_a_secret_that_the_body_ends_within(void **unused)
{
    static const char body[] = "key: sk-client-0123";
    struct bosa_error e;
    (void)unused;
    error_init(&e);
    e.body = mem_dup(body, sizeof body - 1);
    e.body_len = sizeof body - 1;
    redact(&e, "sk-client-0123456789", 20);
    assert_int_equal(e.body_len, 8);
    assert_memory_equal(e.body, "key: ***", 8);
    redact(&e, "***-client", 10);
    assert_int_equal(e.body_len, 8); /* three bytes in common are no trace */
    error_clear(&e);
}

static void error_redact_passes_over_short_secrets_and_empty_fields(void **unused)
{
    struct bosa_error e;

    (void)unused;
    error_init(&e);
    redact(&e, KEY, strlen(KEY));
    assert_null(e.message);
    error_set(&e, BOSA_API, "abc abcd abcabcd");
    redact(&e, "abc", 3);
    assert_string_equal(e.message, "abc abcd abcabcd");
    redact(&e, "abcd", 4);
    assert_string_equal(e.message, "abc *** abc***");
    redact(&e, "a secret longer than the message", 32);
    assert_string_equal(e.message, "abc *** abc***");
    error_clear(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_adds_pieces_in_order),
        cmocka_unit_test(buf_formats_text_longer_than_its_room),
        cmocka_unit_test(buf_escapes_all_but_unreserved_bytes),
        cmocka_unit_test(buf_take_ends_the_text_and_empties_the_buffer),
        cmocka_unit_test(buf_take_finds_room_for_the_nul_in_a_full_buffer),
        cmocka_unit_test(buf_clear_keeps_memory),
        cmocka_unit_test(buf_failure_sticks_until_cleared),
        cmocka_unit_test(buf_failure_to_grow_keeps_what_was_there_to_be_freed),
        cmocka_unit_test(buf_refuses_sizes_past_size_t),
        cmocka_unit_test(error_set_says_kind_and_message),
        cmocka_unit_test(error_set_without_memory_is_nomem),
        cmocka_unit_test(error_field_replaces),
        cmocka_unit_test(error_copy_is_deep),
        cmocka_unit_test(error_copy_survives_every_failing_allocation),
        cmocka_unit_test(error_move_leaves_nothing_behind),
        cmocka_unit_test(error_names_are_those_of_the_api),
        cmocka_unit_test(error_redact_masks_every_occurrence),
        cmocka_unit_test(error_redact_drops_a_secret_that_the_body_ends_within),
        cmocka_unit_test(error_redact_passes_over_short_secrets_and_empty_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
