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
    {ENDPOINT_NAMES, HUB_TODAY, "GET", "/connectors/names", false},
    {ENDPOINT_NAMES, HUB_SEED, "GET", "/connectors", false},
    {ENDPOINT_CREATE_USER, HUB_TODAY, "POST", "/users", false},
    {ENDPOINT_CREATE_USER, HUB_SEED, "POST", "/clients/register-user", false},
    {ENDPOINT_TOKEN, HUB_TODAY, "POST", "/auth/tokens", false},
    {ENDPOINT_TOKEN, HUB_SEED, "POST", "/clients/oauth-token", false},
    {ENDPOINT_WHO_AM_I, HUB_TODAY, "GET", "/users/me", true},
    {ENDPOINT_WHO_AM_I, HUB_SEED, "GET", "/clients/user", true},
    {ENDPOINT_HAS_INTEGRATION, HUB_TODAY, "GET", C "/integration-exists", true},
    {ENDPOINT_HAS_INTEGRATION, HUB_SEED, "GET", C "/integration-exists", true},
    {ENDPOINT_INTEGRATE, HUB_TODAY, "POST", C "/integrations", true},
    {ENDPOINT_INTEGRATE, HUB_SEED, "POST", C "/integrations", true},
    {ENDPOINT_GET_INTEGRATION, HUB_TODAY, "GET", C "/integrations/me%40x", true},
    {ENDPOINT_GET_INTEGRATION, HUB_SEED, "GET", C "/integrations/me%40x", true},
    {ENDPOINT_SELECT_INTEGRATION, HUB_TODAY, "POST", C "/integrations/me%40x", true},
    {ENDPOINT_SELECT_INTEGRATION, HUB_SEED, "POST", C "/integrations/me%40x", true},
    {ENDPOINT_REMOVE_INTEGRATION, HUB_TODAY, "DELETE", C "/integrations/me%40x", true},
    {ENDPOINT_REMOVE_INTEGRATION, HUB_SEED, "DELETE", C "/integrations", true},
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
    status = hub_endpoint_request(hub, endpoint, HUB_TODAY, name, identifier, token, NULL, &request,
                                  &err);
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
    assert_int_equal(hub_endpoint_request(hub, ENDPOINT_REMOVE_INTEGRATION, HUB_TODAY, "a/b?c",
                                          "me@x.com/../y#z", NULL, NULL, &request, &err),
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
    assert_int_equal(hub_endpoint_request(hub, ENDPOINT_REMOVE_INTEGRATION, HUB_TODAY, "github",
                                          NULL, NULL, NULL, &request, &err),
                     BOSA_OK);
    assert_string_equal(request.url, FIXTURE_BASE "/connectors/github/integrations");
    assert_request_field(&request, "X-Bosa-Integration", NULL);
    request_free(&request);
    assert_int_equal(hub_endpoint_request(hub, ENDPOINT_REMOVE_INTEGRATION, HUB_SEED, "github",
                                          "me@x", NULL, NULL, &request, &err),
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
    assert_int_equal(hub_endpoint_request(hub, ENDPOINT_TOKEN, HUB_TODAY, NULL, NULL, TOKEN, &body,
                                          &request, &err),
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
    assert_int_equal(hub_dialect(hub, ENDPOINT_NAMES), HUB_ASK);
    hub_set_dialect(hub, ENDPOINT_NAMES, HUB_SEED);
    assert_int_equal(hub_dialect(hub, ENDPOINT_NAMES), HUB_SEED);
    assert_int_equal(hub_dialect(hub, ENDPOINT_TOKEN), HUB_ASK);
    assert_int_equal(hub_dialect(hub, ENDPOINT_REMOVE_INTEGRATION), HUB_ASK);
    assert_int_equal(hub_dialect(hub, ENDPOINT_GET_INTEGRATION), HUB_TODAY);
    hub_set_dialect(hub, ENDPOINT_GET_INTEGRATION, HUB_SEED);
    assert_int_equal(hub_dialect(hub, ENDPOINT_GET_INTEGRATION), HUB_TODAY); /* alike in both */
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
