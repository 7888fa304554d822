/* The endpoints of a hub in their two dialects. */
#include "hub_fixture.h"

#define TOKEN "user-token-1"

#define C "/connectors/git%20hub"

static const struct {
    enum endpoint endpoint;
    enum hub_dialect dialect;
    const char *method, *path;
    bool bearer;
} ROUTES[] = {
    {ENDPOINT_NAMES, DIALECT_CURRENT, "GET", "/connectors/names", false},
    {ENDPOINT_NAMES, DIALECT_LEGACY, "GET", "/connectors", false},
    {ENDPOINT_CREATE_USER, DIALECT_CURRENT, "POST", "/users", false},
    {ENDPOINT_CREATE_USER, DIALECT_LEGACY, "POST", "/clients/register-user", false},
    {ENDPOINT_TOKEN, DIALECT_CURRENT, "POST", "/auth/tokens", false},
    {ENDPOINT_TOKEN, DIALECT_LEGACY, "POST", "/clients/oauth-token", false},
    {ENDPOINT_WHO_AM_I, DIALECT_CURRENT, "GET", "/users/me", true},
    {ENDPOINT_WHO_AM_I, DIALECT_LEGACY, "GET", "/clients/user", true},
    {ENDPOINT_AUTH_SCHEMA, DIALECT_CURRENT, "GET", C "/auth-schema", false},
    {ENDPOINT_AUTH_SCHEMA, DIALECT_LEGACY, "GET", C "/auth-schema", false},
    {ENDPOINT_HAS_INTEGRATION, DIALECT_CURRENT, "GET", C "/integration-exists", true},
    {ENDPOINT_HAS_INTEGRATION, DIALECT_LEGACY, "GET", C "/integration-exists", true},
    {ENDPOINT_INTEGRATE, DIALECT_CURRENT, "POST", C "/integrations", true},
    {ENDPOINT_INTEGRATE, DIALECT_LEGACY, "POST", C "/integrations", true},
    {ENDPOINT_GET_INTEGRATION, DIALECT_CURRENT, "GET", C "/integrations/me%40x", true},
    {ENDPOINT_GET_INTEGRATION, DIALECT_LEGACY, "GET", C "/integrations/me%40x", true},
    {ENDPOINT_SELECT_INTEGRATION, DIALECT_CURRENT, "POST", C "/integrations/me%40x", true},
    {ENDPOINT_SELECT_INTEGRATION, DIALECT_LEGACY, "POST", C "/integrations/me%40x", true},
    {ENDPOINT_REMOVE_INTEGRATION, DIALECT_CURRENT, "DELETE", C "/integrations/me%40x", true},
    {ENDPOINT_REMOVE_INTEGRATION, DIALECT_LEGACY, "DELETE", C "/integrations", true},
};

static void every_endpoint_has_its_route_in_both_dialects(void **state)
{
    struct hub *hub = fixture_hub("hub-token", NULL, 0);
    struct bosa_error err;

    (void)state;
    error_init(&err);
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
        struct request request;
        char url[200];

        request_init(&request);
        assert_int_equal(hub_endpoint_request(hub, ROUTES[i].endpoint, ROUTES[i].dialect, "git hub",
                                              "me@x", NULL, NULL, &request, &err),
                         BOSA_OK);
        snprintf(url, sizeof(url), FIXTURE_BASE "%s", ROUTES[i].path);
        assert_string_equal(request.url, url);
        assert_string_equal(request.method, ROUTES[i].method);
        assert_request_field(&request, "X-API-Key", FIXTURE_KEY);
        assert_request_field(&request, "X-GL-Error-Contract", "2");
        assert_request_field(&request, "Authorization",
                             ROUTES[i].bearer ? "Bearer hub-token" : NULL);
        assert_null(request.body);
        request_free(&request);
    }
    hub_unref(hub);
}

/* The kind of an endpoint's request that must fail; `says` must be in its message. */
static enum bosa_status endpoint_error(const char *token, enum endpoint endpoint, const char *name,
                                       const char *identifier, const char *says)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct request request;
    struct bosa_error err;
    enum bosa_status status;

    error_init(&err);
    request_init(&request);
    status = hub_endpoint_request(hub, endpoint, DIALECT_CURRENT, name, identifier, token, NULL,
                                  &request, &err);
    assert_int_not_equal(status, BOSA_OK);
    assert_int_equal(err.kind, status);
    assert_int_equal(err.sent, BOSA_SENT_NO);
    assert_non_null(strstr(err.message, says));
    assert_null(request.url);
    error_clear(&err);
    hub_unref(hub);
    return status;
}

static void what_acts_for_a_user_needs_a_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
        if (ROUTES[i].bearer) {
            assert_int_equal(endpoint_error(NULL, ROUTES[i].endpoint, "github", "me", "token"),
                             BOSA_AUTH);
        }
    }
}

static void the_path_can_not_be_left(void **state)
{
    static const char *const bad_parts[] = {".", "..", ""};
    struct hub *hub = fixture_hub(TOKEN, NULL, 0);
    struct request request;
    struct bosa_error err;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(endpoint_error(TOKEN, ENDPOINT_REMOVE_INTEGRATION, "github", bad_parts[i],
                                        "identifier"),
                         BOSA_PARAMS);
        assert_int_equal(
            endpoint_error(TOKEN, ENDPOINT_HAS_INTEGRATION, bad_parts[i], NULL, "connector"),
            BOSA_PARAMS);
    }
    assert_int_equal(endpoint_error(TOKEN, ENDPOINT_GET_INTEGRATION, "github", NULL, "identifier"),
                     BOSA_PARAMS);
    error_init(&err);
    assert_int_equal(hub_endpoint_request(hub, ENDPOINT_REMOVE_INTEGRATION, DIALECT_CURRENT,
                                          "a/b?c", "me@x.com/../y#z", NULL, NULL, &request, &err),
                     BOSA_OK);
    assert_string_equal(request.url, FIXTURE_BASE "/connectors/a%2Fb%3Fc/integrations/"
                                                  "me%40x.com%2F..%2Fy%23z");
    request_free(&request);
    hub_unref(hub);
}

static void removing_without_an_identifier_takes_the_seeds_form(void **state)
{
    struct hub *hub = fixture_hub(TOKEN, NULL, 0);
    struct request request;
    struct bosa_error err;

    (void)state;
    error_init(&err);
    assert_int_equal(hub_endpoint_request(hub, ENDPOINT_REMOVE_INTEGRATION, DIALECT_CURRENT,
                                          "github", NULL, NULL, NULL, &request, &err),
                     BOSA_OK);
    assert_string_equal(request.url, FIXTURE_BASE "/connectors/github/integrations");
    assert_request_field(&request, "X-Bosa-Integration", NULL);
    request_free(&request);
    assert_int_equal(hub_endpoint_request(hub, ENDPOINT_REMOVE_INTEGRATION, DIALECT_LEGACY,
                                          "github", "me@x", NULL, NULL, &request, &err),
                     BOSA_OK);
    assert_request_field(&request, "X-Bosa-Integration", "me@x"); /* the path has no place for it */
    assert_request_field(&request, "X-Integration", "me@x");
    request_free(&request);
    hub_unref(hub);
}

static void an_endpoints_body_is_json(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);
    struct json_doc body = fixture_doc("{\"identifier\":\"me\",\"secret\":\"sk-user-x\"}");
    struct request request;
    struct bosa_error err;

    (void)state;
    error_init(&err);
    assert_int_equal(hub_endpoint_request(hub, ENDPOINT_TOKEN, DIALECT_CURRENT, NULL, NULL, TOKEN,
                                          &body, &request, &err),
                     BOSA_OK);
    assert_request_field(&request, "Content-Type", "application/json");
    assert_request_field(&request, "Authorization", "Bearer " TOKEN); /* given on purpose */
    assert_request_body(&request, "{\"identifier\":\"me\",\"secret\":\"sk-user-x\"}");
    request_free(&request);
    json_free(&body);
    hub_unref(hub);
}

static void remembers_the_dialect_of_each_endpoint(void **state)
{
    struct hub *hub = fixture_hub(NULL, NULL, 0);

    (void)state;
    assert_int_equal(hub_dialect(hub, ENDPOINT_NAMES), DIALECT_UNKNOWN);
    hub_set_dialect(hub, ENDPOINT_NAMES, DIALECT_LEGACY);
    assert_int_equal(hub_dialect(hub, ENDPOINT_NAMES), DIALECT_LEGACY);
    assert_int_equal(hub_dialect(hub, ENDPOINT_TOKEN), DIALECT_UNKNOWN);
    assert_int_equal(hub_dialect(hub, ENDPOINT_REMOVE_INTEGRATION), DIALECT_UNKNOWN);
    assert_int_equal(hub_dialect(hub, ENDPOINT_GET_INTEGRATION), DIALECT_CURRENT);
    hub_set_dialect(hub, ENDPOINT_GET_INTEGRATION, DIALECT_LEGACY);
    assert_int_equal(hub_dialect(hub, ENDPOINT_GET_INTEGRATION), DIALECT_CURRENT); /* alike in both
                                                                                    */
    hub_unref(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_endpoint_has_its_route_in_both_dialects),
        cmocka_unit_test(what_acts_for_a_user_needs_a_token),
        cmocka_unit_test(the_path_can_not_be_left),
        cmocka_unit_test(removing_without_an_identifier_takes_the_seeds_form),
        cmocka_unit_test(an_endpoints_body_is_json),
        cmocka_unit_test(remembers_the_dialect_of_each_endpoint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
