/*
 * request: parameters as JSON and urlencoded bodies. Multipart bodies are in test_multipart.c, URLs
 * in test_url.c.
 */
#include "request_fixture.h"

#include "http/header_fields.h"
#include "json/json_error.h"

/* Sets JSON parameters and fails the test when type or body are not these. */
static void assert_body(const char *json, bool form, const char *type, const char *body)
{
    struct json_doc doc;
    struct request request;
    struct bosa_error err;
    size_t len;
    error_init(&err);
    parse(&doc, json);
    assert_int_equal(set(&request, &doc, form, NULL, 0, &err), BOSA_OK);
    assert_string_equal(fields_get(&request.fields, "content-type"), type);
    assert_non_null(body_bytes(request.body, &len));
    char *text = read_body(&request, &len);
    assert_int_equal(len, strlen(body));
    assert_string_equal(text, body);
    free(text);
    request_free(&request);
    json_free(&doc);
}

static void parameters_go_as_json(void **unused)
{
    (void)unused;
    assert_body("{}", false, "application/json", "{}");
    assert_body("{\"a\": [1, {\"b\": null}], \"c\": 9007199254740993, \"d\": 1.0}", false,
                "application/json", "{\"a\":[1,{\"b\":null}],\"c\":9007199254740993,\"d\":1.0}");
}

static void a_form_is_urlencoded(void **unused)
{
    static const char type[] = "application/x-www-form-urlencoded";
    (void)unused;
    assert_body("{}", true, type, "");
    assert_body("{\"a\": true, \"b\": false, \"n\": null, \"i\": -12, \"u\": 18446744073709551615}",
                true, type, "a=true&b=false&i=-12&u=18446744073709551615");
    assert_body("{\"big\": 123456789012345678901234567890, \"d\": 1.5, \"e\": 1e300}", true, type,
                "big=123456789012345678901234567890&d=1.5&e=1e300");
    assert_body("{\"l\": [1, \"two\", null, true], \"none\": [], \"x\": \"\"}", true, type,
                "l=1&l=two&l=true&x=");
    assert_body("{\"s\": \"a b&c=d+e/\xC3\xA9\\r\\n\\u0000%\"}", true, type,
                "s=a%20b%26c%3Dd%2Be%2F%C3%A9%0D%0A%00%25");
    assert_body("{\"a b&\": \"-._~\"}", true, type, "a%20b%26=-._~");
    assert_body("{\"a\": 1, \"b\": 2, \"a\": 3}", true, type, "b=2&a=3");
}

/* Names are not looked for one by one among all the others. */
static void a_form_may_have_any_number_of_fields(void **unused)
{
    enum { FIELDS = 60000 };
    struct request request;
    struct json_doc doc;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    json_init(&doc);
    request_init(&request);
    uint32_t open = json_open(&doc, JSON_OBJECT);
    for (int i = 0; i < FIELDS; i++) {
        char name[16];
        json_add_string(&doc, name, (size_t)snprintf(name, sizeof name, "f%05d", i));
        json_add_int(&doc, 1);
    }
    json_close(&doc, open, FIELDS);
    assert_int_equal(set(&request, &doc, true, NULL, 0, &err), BOSA_OK);
    assert_int_equal(body_length(request.body), 9 * FIELDS - 1);
    request_free(&request);
    json_free(&doc);
}

/* Sets parameters that must be refused; the message is left in `err`. */
static void assert_refused(const char *json, bool form, struct bosa_error *err)
{
    struct json_doc doc;
    struct request request;
    parse(&doc, json);
    assert_int_equal(set(&request, &doc, form, NULL, 0, err), BOSA_PARAMS);
    assert_null(request.body);
    assert_int_equal(request.fields.count, 0);
    json_free(&doc);
}

static void what_a_form_can_not_hold_is_refused_with_its_path(void **unused)
{
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    assert_refused("{\"a\": 1, \"filter\": {\"b\": 1}}", true, &err);
    assert_non_null(err.details);
    uint32_t fault = json_at(json_error_details(&err), 0, 0);
    assert_true(json_is(json_error_details(&err),
                        json_member(json_error_details(&err), fault, "path"), "filter"));
    assert_message(
        &err, "parameter `filter`: an object can't be sent in a form, and this action takes one");
    assert_refused("{\"filter\": {}}", true, &err);
    error_clear(&err);
    assert_refused("{\"list\": [1, null, {\"b\": 1}]}", true, &err);
    assert_message(
        &err, "parameter `list[2]`: an object can't be sent in a form, and this action takes one");
    assert_refused("{\"list\": [[1]]}", true, &err);
    assert_message(&err, "parameter `list[0]`: a list within a list can't be sent in a form, and "
                         "this action takes one");
    assert_refused("[1]", true, &err);
    assert_message(&err, "the parameters must be an object, not array");
}

static void an_open_container_sends_nothing_in_a_form(void **unused)
{
    struct json_doc doc;
    struct request request;
    struct bosa_error err;
    size_t len = 9;
    (void)unused;
    error_init(&err);
    uint32_t root = begin(&doc);
    key(&doc, "e");
    uint32_t open = json_open(&doc, JSON_OBJECT);
    json_close(&doc, open, 0);
    doc.nodes[open].flags = JSON_F_EITHER;
    json_close(&doc, root, 1);
    assert_int_equal(set(&request, &doc, true, NULL, 0, &err), BOSA_OK);
    assert_non_null(body_bytes(request.body, &len));
    assert_int_equal(len, 0);
    request_free(&request);
    json_free(&doc);
}

static void text_that_is_not_utf8_is_refused_in_every_encoding(void **unused)
{
    struct json_doc doc;
    struct request request;
    struct bosa_error err;
    (void)unused;
    error_init(&err);
    uint32_t root = begin(&doc);
    key(&doc, "s");
    json_add_string(&doc, "caf\xE9", 4);
    json_close(&doc, root, 1);
    assert_int_equal(set(&request, &doc, false, NULL, 0, &err), BOSA_PARAMS);
    assert_int_equal(set(&request, &doc, true, NULL, 0, &err), BOSA_PARAMS);
    assert_message(&err, "parameter `s`: the text is not UTF-8");
    json_free(&doc);
}

/* ---- the rest ---- */

static void new_parameters_take_the_place_of_the_old(void **unused)
{
    struct json_doc doc;
    struct request request;
    struct bosa_error err;
    size_t len;
    (void)unused;
    error_init(&err);
    parse(&doc, "{\"a\": 1}");
    assert_int_equal(set(&request, &doc, false, NULL, 0, &err), BOSA_OK);
    assert_int_equal(request_set_params(&request, &doc, 0, true, NULL, 0, &err), BOSA_OK);
    assert_int_equal(request.fields.count, 1);
    assert_memory_equal(body_bytes(request.body, &len), "a=1", 3);
    json_free(&doc);
    parse(&doc, "{\"a\": {}}");
    assert_int_equal(request_set_params(&request, &doc, 0, true, NULL, 0, &err), BOSA_PARAMS);
    assert_memory_equal(body_bytes(request.body, &len), "a=1", 3);
    error_clear(&err);
    json_free(&doc);
    request_free(&request);
    assert_string_equal(request.method, "GET");
    assert_null(request.url);
}

static enum bosa_status set_and_free(const struct json_doc *doc, bool form, struct bosa_error *err)
{
    struct request request;
    enum bosa_status status = set(&request, doc, form, NULL, 0, err);
    request_free(&request);
    return status;
}

static enum bosa_status set_as_json(void *doc, struct bosa_error *err)
{
    return set_and_free(doc, false, err);
}

static enum bosa_status set_as_form(void *doc, struct bosa_error *err)
{
    return set_and_free(doc, true, err);
}

static void requests_survive_a_lack_of_memory(void **unused)
{
    struct json_doc doc;
    (void)unused;
    parse(&doc, "{\"a\": [1, 2.5, true], \"text\": \"one that is so long that the buffer has to "
                "grow, and then some\"}");
    assert_true(torture(set_as_json, &doc) > 3);
    assert_true(torture(set_as_form, &doc) > 6);
    json_free(&doc);
}

/*
 * A refusal that can't be told for lack of memory is a lack of memory; nothing is lost on the way.
 */
static void a_refusal_survives_a_lack_of_memory(void **unused)
{
    struct json_doc doc;
    struct request request;
    struct bosa_error err;
    enum bosa_status status = BOSA_NOMEM;
    (void)unused;
    error_init(&err);
    parse(&doc, "{\"a\": [{}]}");
    long live = mem_torture_live();
    for (long nth = 1; status == BOSA_NOMEM; nth++) {
        mem_torture_fail_at(nth);
        status = set(&request, &doc, true, NULL, 0, &err);
        error_clear(&err);
        assert_int_equal(mem_torture_live(), live);
    }
    mem_torture_fail_at(0);
    assert_int_equal(status, BOSA_PARAMS);
    json_free(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_go_as_json),
        cmocka_unit_test(a_form_is_urlencoded),
        cmocka_unit_test(a_form_may_have_any_number_of_fields),
        cmocka_unit_test(what_a_form_can_not_hold_is_refused_with_its_path),
        cmocka_unit_test(an_open_container_sends_nothing_in_a_form),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_in_every_encoding),
        cmocka_unit_test(new_parameters_take_the_place_of_the_old),
        cmocka_unit_test(requests_survive_a_lack_of_memory),
        cmocka_unit_test(a_refusal_survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
