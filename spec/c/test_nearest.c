/* nearest: which of several names was meant. */
#include "net_fixture.h"

#include "base/nearest.h"

#define TEN "abcdefghij"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* What is found for `wanted` among names with blanks between them; NULL: none. */
static void assert_meant(const char *wanted, const char *names, const char *expected)
{
    struct nearest best = NEAREST_NONE;
    size_t len = 0;
    for (const char *name = names; *name; name += strspn(name, " ")) {
        size_t name_len = strcspn(name, " ");
        nearest_try(&best, wanted, strlen(wanted), name, name_len);
        name += name_len;
    }
    const char *found = nearest_found(&best, &len);
    if (!expected) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(found, expected, len);
}

static void a_slip_of_the_finger_is_found(void **unused)
{
    static const struct {
        const char *wanted, *names, *meant;
    } cases[] = {
        /* one byte in names of up to five, then a third of them */
        {"a", "b", "b"},
        {"a", "bc", NULL},
        {"abc", "abd", "abd"},
        {"abc", "xbd", NULL},
        {"abcde", "abcdx", "abcdx"},
        {"abcde", "abcxy", NULL},
        {"abcdef", "abcdxy", "abcdxy"},
        {"abcdef", "abcxyz", NULL},
        /* lengths may differ by as much */
        {"abcdef", "abcdefgh", "abcdefgh"},
        {"abcdef", "abcdefghi", NULL},
        {"abcdef", "abcd", "abcd"},
        {"abcdef", "abc", NULL},
        {"bcdefg", "abcdef", "abcdef"},
        {"abcdefg", "defgh", NULL},
        {"xyabcdef", "abcdef", "abcdef"},
        {"abcdef", "xyabcdef", "xyabcdef"},
        {"abcd", "abcxd", "abcxd"},
        {"abcd", "axbcd", "axbcd"},
        {"abcd", "abd", "abd"},
        /* case counts nothing */
        {"ABCDEF", "abcdef", "abcdef"},
        {"ABCdef", "abcDXY", "abcDXY"},
        /* neighbours that are swapped count once, at each place */
        {"ba", "ab", "ab"},
        {"bac", "abc", "abc"},
        {"acb", "abc", "abc"},
        {"bADcfe", "abcdef", NULL},
        {"Bacdfe", "abcdef", "abcdef"},
        {"axb", "bxa", NULL},
        /* the nearest, and of two that are as near the first */
        {"abcdef", "abcdxy abcdex abcdyz", "abcdex"},
        {"abcdef", "abcdex abcdey", "abcdex"},
        {"abcdef", "abcdxy abcdef abcdex", "abcdef"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_meant(cases[i].wanted, cases[i].names, cases[i].meant);
    }
}

static void a_part_of_one_name_stands_for_it(void **unused)
{
    static const struct {
        const char *wanted, *names, *meant;
    } cases[] = {
        {"key", "api_key token_file", "api_key"},
        {"Key", "api-KEY", "api-KEY"},
        {"id", "user_id_of_it", "user_id_of_it"},
        {"k", "api_k_s", NULL},
        {"keys", "api_key_of_it", NULL},
        {"ke", "api_key", NULL},
        {"pi", "api_key", NULL},
        {"attempts_max", "max_attempts", "max_attempts"},
        {"max.attempts", "the_max_of_all_attempts", "the_max_of_all_attempts"},
        {"max_tries", "the_max_of_all_attempts", NULL},
        {"tries_max", "the_max_of_all_attempts", NULL},
        {"_file", "ca_file_name", "ca_file_name"},
        {"file__", "ca_file_name", "ca_file_name"},
        {"__", "a__b__c", NULL},
        {"v2", "api_v2_base", "api_v2_base"},
        {"\xc3\xa9t\xc3\xa9", "un_\xc3\xa9t\xc3\xa9_long", "un_\xc3\xa9t\xc3\xa9_long"},
        {"\xc4\x80", "un_\xc4\x80_long", "un_\xc4\x80_long"},
        {"a\xc4", "un_a\xc4\x80_long", NULL},
        {"key", "api_hey_or_so", NULL},
        {"x_key", "the_api_key", NULL},
        {"a_b", "the_b_of_some_a", "the_b_of_some_a"},
        /* of one alone, however often it is offered */
        {"key", "api_key_1 api_key_2", NULL},
        {"key", "api_key_1 api_key_1", "api_key_1"},
        {"key", "api_key_1 api_key_10", NULL},
        /* a slip is nearer */
        {"key", "api_key_1 kex", "kex"},
        {"key", "kex api_key_1", "kex"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_meant(cases[i].wanted, cases[i].names, cases[i].meant);
    }
}

static void long_names_are_passed_over(void **unused)
{
    static const char longest[] = HUNDRED TEN TEN "12345678",
                      longer[] = HUNDRED TEN TEN "123456789";
    (void)unused;
    assert_meant(longest, longest, longest);
    assert_meant(longest, longer, NULL);
    assert_meant(longer, longest, NULL);
    assert_meant(longer, longer, NULL);
    assert_meant("", "a", NULL);
    assert_meant("a", "", NULL);
}

/* 42 slips are allowed in 128 bytes. */
static void names_of_the_greatest_length_are_compared_to_their_ends(void **unused)
{
    static const size_t counts[] = {1, 2, 41, 42};
    char wanted[128 + 1], name[128 + 1];
    (void)unused;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        size_t last = counts[i];
        memset(wanted, 'a', 128);
        memset(wanted + 128 - last, 'x', last);
        memset(name, 'a', 128);
        wanted[128] = name[128] = '\0';
        assert_meant(wanted, name, name);
        assert_meant(name, wanted, wanted);
        memset(name, 'b', 42 - last);
        assert_meant(wanted, name, name);
        assert_meant(name, wanted, wanted);
        memset(name, 'b', 42 - last + 1);
        assert_meant(wanted, name, NULL);
        assert_meant(name, wanted, NULL);
    }
}

static void nothing_past_the_end_is_looked_at(void **unused)
{
    struct nearest best = NEAREST_NONE;
    size_t len = 0;
    (void)unused;
    nearest_try(&best, "keys", 3, "api_keyx", 7);
    assert_string_equal(nearest_found(&best, &len), "api_keyx");
    assert_int_equal(len, 7);
    best = NEAREST_NONE;
    nearest_try(&best, "api_keys", 7, "the_key_of_an_api", 17);
    assert_non_null(nearest_found(&best, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_of_the_finger_is_found),
        cmocka_unit_test(a_part_of_one_name_stands_for_it),
        cmocka_unit_test(long_names_are_passed_over),
        cmocka_unit_test(names_of_the_greatest_length_are_compared_to_their_ends),
        cmocka_unit_test(nothing_past_the_end_is_looked_at),
    };
    return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
