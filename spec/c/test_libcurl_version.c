/* What is said of the libcurl that was loaded. Its part is played here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "transport/libcurl_version.h"

static curl_version_info_data loaded;

curl_version_info_data *curl_version_info(CURLversion age)
{
    (void)age;
    return &loaded;
}

static void one_that_is_new_enough_is_fine(void **state)
{
    (void)state;
    loaded.version = "7.76.0";
    loaded.version_num = 0x074c00;
    assert_null(libcurl_version_complaint());
    loaded.version = "9.0.0";
    loaded.version_num = 0x090000;
    assert_null(libcurl_version_complaint());
}

static void one_that_is_too_old_is_named(void **state)
{
    (void)state;
    loaded.version = "7.75.9-DEV";
    loaded.version_num = 0x074b09;
    assert_string_equal(libcurl_version_complaint(),
                        "bosa needs libcurl 7.76.0 or later, but 7.75.9-DEV was loaded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_new_enough_is_fine),
        cmocka_unit_test(one_that_is_too_old_is_named),
    };
    return cmocka_run_group_tests_name("libcurl_version", tests, NULL, NULL);
}
