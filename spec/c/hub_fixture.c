#include "hub_fixture.h"
#include "http/header_fields.h"

#define REQUEST(properties)                                                                        \
    "\"request\":{\"name\":\"request\",\"required\":true,\"schema\":{\"type\":\"object\","         \
    "\"properties\":{" properties "}}}"
#define ENTRY(method, path, parameters)                                                            \
    "{\"method\":\"" method "\",\"path\":\"/connectors/github/" path                               \
    "\",\"docstring\":\"About " path ".\",\"parameters\":{" parameters                             \
    "\"http_headers\":{}},\"response\":{\"type\":\"any\"}}"

const char
    FIXTURE_GITHUB[] =
        "{\"github\":{"
        "\"upload\":" ENTRY("POST", "upload",
                            REQUEST("\"file\":{\"type\":\"string\",\"format\":\"binary\"},"
                                    "\"page_token\":{\"type\":\"string\"},"
                                    "\"next_token\":{\"type\":\"string\"}") ",") ",\"integrations\""
                                                                                 ":" ENTRY("POST",
                                                                                           "integra"
                                                                                           "tions",
                                                                                           "") ",\""
                                                                                               "int"
                                                                                               "egr"
                                                                                               "ati"
                                                                                               "ons"
                                                                                               "/{"
                                                                                               "use"
                                                                                               "r_"
                                                                                               "ide"
                                                                                               "nti"
                                                                                               "fie"
                                                                                               "r}"
                                                                                               "\""
                                                                                               ":" ENTRY("GET",
                                                                                                         "integrations/{user_identifier}",
                                                                                                         "") ",\"integration-exists\":" ENTRY("POST", "integration-exists", "") ",\"success-authorize-callback\":" ENTRY("POST", "success-authorize-callback", "") ",\"auth-schema\":" ENTRY("GET", "auth-schema", "") ",\"list_issues\":" ENTRY("POST",
                                                                                                                                                                                                                                                                                                                                                 "list_issues",
                                                                                                                                                                                                                                                                                                                                                 REQUEST(
                                                                                                                                                                                                                                                                                                                                                     "\"owner\":{\"type\":\"string\"},"
                                                                                                                                                                                                                                                                                                                                                     "\"page_token\":{\"type\":\"string\"},"
                                                                                                                                                                                                                                                                                                                                                     "\"cursor\":{\"type\":\"string\"},"
                                                                                                                                                                                                                                                                                                                                                     "\"page\":{\"type\":\"integer\"}") ",") ",\"create_issue\":" ENTRY("POST",
                                                                                                                                                                                                                                                                                                                                                                                                                        "create_issue",
                                                                                                                                                                                                                                                                                                                                                                                                                        REQUEST(
                                                                                                                                                                                                                                                                                                                                                                                                                            "\"title\":{\"type\":\"string\"},"
                                                                                                                                                                                                                                                                                                                                                                                                                            "\"labels\":{\"type\":\"array\",\"items\":{\"type\":"
                                                                                                                                                                                                                                                                                                                                                                                                                            "\"string\"}}") ",") ",\"admin/revoke-all\":" ENTRY("POST",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                "admin/revoke-all",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                "") "}}";

struct moment fixture_at(int64_t seconds)
{
    struct moment now = {seconds % 100000 * 1000, seconds, 0};

    return now;
}

struct hub *fixture_hub(const char *token, const char *cache_dir, int64_t cache_ttl)
{
    struct hub_options options = {0};
    struct bosa_error err;
    struct hub *hub;

    options.base_url = FIXTURE_BASE "/";
    options.api_key = FIXTURE_KEY;
    options.token = token;
    options.cache_dir = cache_dir;
    options.cache_ttl = cache_ttl;
    options.policy.max_attempts = 1;
    error_init(&err);
    assert_int_equal(hub_new(&hub, &options, &err), BOSA_OK);
    return hub;
}

struct json_doc fixture_doc(const char *text)
{
    struct json_doc doc;
    struct bosa_error err;
    char *copy = mem_dup(text, strlen(text));

    error_init(&err);
    json_init(&doc);
    assert_non_null(copy);
    if (json_parse(&doc, copy, strlen(text), &err) != BOSA_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    return doc;
}

enum bosa_status fixture_learn(struct hub *hub, const char *name, const char *text,
                               const char *etag, int64_t seconds, struct bosa_error *err)
{
    struct moment now = fixture_at(seconds);
    struct json_doc doc = fixture_doc(text);
    enum bosa_status status;

    error_init(err);
    status = hub_learn(hub, name, &doc, etag, NULL, &now, err);
    assert_null(doc.nodes); /* moved, whatever came of it */
    return status;
}

struct hub *fixture_ready(const char *token)
{
    struct hub *hub = fixture_hub(token, NULL, 0);
    struct bosa_error err;

    assert_int_equal(fixture_learn(hub, "github", FIXTURE_GITHUB, NULL, FIXTURE_NOW, &err),
                     BOSA_OK);
    return hub;
}

void assert_request_field(const struct request *request, const char *name, const char *value)
{
    const char *found = fields_get(&request->fields, name);
    int count = 0;

    if (value == NULL) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_string_equal(found, value);
    for (size_t i = 0; i < request->fields.count; i++) {
        const char *other = request->fields.list[i].name;

        count += http_same(other, strlen(other), name, strlen(name));
    }
    assert_int_equal(count, 1);
}

void assert_request_body(const struct request *request, const char *text)
{
    size_t len = 0;
    const char *bytes = request->body == NULL ? NULL : body_bytes(request->body, &len);

    assert_non_null(bytes);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(bytes, text, len);
}
