/*
 * Endpoints are matched before actions, as the real router does: no action can be called
 * `integrations`. Paths are compared decoded, with their length, so that %00 and %2F can't reach
 * another resource.
 */
#include "catalog.h"
#include "endpoints.h"

#include <string.h>

static const struct route routes[] = {
    {"GET", "/connectors/names", DIALECT_CURRENT, OPEN_TO_ALL, endpoint_names},
    {"GET", "/connectors", DIALECT_LEGACY, OPEN_TO_ALL, endpoint_legacy_names},
    {"GET", "/connectors/", DIALECT_BOTH, OPEN_TO_ALL, endpoint_discovery},
    {"POST", "/users", DIALECT_CURRENT, NEEDS_KEY, endpoint_create_user},
    {"POST", "/clients/register-user", DIALECT_LEGACY, NEEDS_KEY, endpoint_create_user},
    {"POST", "/auth/tokens", DIALECT_CURRENT, MAY_HAVE_KEY, endpoint_token},
    {"POST", "/clients/oauth-token", DIALECT_LEGACY, NEEDS_KEY, endpoint_token},
    {"GET", "/users/me", DIALECT_CURRENT, NEEDS_USER, endpoint_who_am_i},
    {"GET", "/clients/user", DIALECT_LEGACY, NEEDS_USER, endpoint_who_am_i},
    {"GET", "/connectors/{}/integration-exists", DIALECT_BOTH, NEEDS_USER,
     endpoint_has_integration},
    {"GET", "/connectors/{}/auth-schema", DIALECT_CURRENT, OPEN_TO_ALL, endpoint_auth_schema},
    {"POST", "/connectors/{}/integrations", DIALECT_BOTH, NEEDS_USER, endpoint_integrate},
    {"DELETE", "/connectors/{}/integrations", DIALECT_LEGACY, NEEDS_USER, endpoint_remove_selected},
    {"GET", "/connectors/{}/integrations/{}", DIALECT_BOTH, NEEDS_USER, endpoint_get_integration},
    {"POST", "/connectors/{}/integrations/{}", DIALECT_BOTH, NEEDS_USER,
     endpoint_select_integration},
    {"DELETE", "/connectors/{}/integrations/{}", DIALECT_CURRENT, NEEDS_USER,
     endpoint_remove_integration},
    {"GET", "/connectors/{}/success-authorize-callback", DIALECT_BOTH, OPEN_TO_ALL,
     endpoint_authorized},
    {"GET", "/catalog/tools", DIALECT_CURRENT, OPEN_TO_ALL, endpoint_catalog_tools},
    {"GET", "/catalog/mcp", DIALECT_CURRENT, OPEN_TO_ALL, endpoint_catalog_mcps},
    {"GET", "/catalog/skills", DIALECT_CURRENT, OPEN_TO_ALL, endpoint_catalog_skills},
    {"GET", "/catalog/search", DIALECT_CURRENT, NEEDS_TOKEN, endpoint_catalog_search},
    {"GET", "/api/skills", DIALECT_CURRENT, NEEDS_TOKEN, endpoint_tenant_skills},
    {"GET", "/api/skills/{}", DIALECT_CURRENT, NEEDS_TOKEN, endpoint_tenant_skill},
    {"GET", "/storage/{}", DIALECT_CURRENT, OPEN_TO_ALL, endpoint_skill_file},
    {"GET", "/_sandbox/stats", DIALECT_BOTH, OPEN_TO_ALL, endpoint_stats},
    {"POST", "/_sandbox/reset", DIALECT_BOTH, OPEN_TO_ALL, endpoint_reset},
    {"POST", "/_sandbox/schema-change", DIALECT_BOTH, OPEN_TO_ALL, endpoint_schema_change},
    {"POST", "/_sandbox/expire/{}", DIALECT_BOTH, OPEN_TO_ALL, endpoint_expire},
};

/* True when the path has the pattern's form; notes what stands for each {}. */
static bool matches(const char *pattern, const char *path, size_t len, struct span segments[2])
{
    const char *end = path + len;
    size_t found = 0;
    for (; *pattern; pattern++) {
        if (*pattern != '{') {
            if (path == end || *path++ != *pattern) {
                return false;
            }
            continue;
        }
        const char *start = path;
        while (path < end && *path != '/') {
            path++;
        }
        if (path == start) {
            return false;
        }
        segments[found++] = (struct span){start, (size_t)(path - start)};
        pattern++;
    }
    return path == end;
}

/* True when the first segment of an endpoint is a connector that there is, or isn't meant to be
 * one.
 */
static bool has_connector(struct sandbox *sandbox, const struct target *target)
{
    const struct span *name = &target->segments[0];
    return strncmp(target->route->pattern, "/connectors/{}", 14) != 0 ||
           registry_find(&sandbox->registry, name->text, name->len);
}

/* An endpoint for the path. Where only the method is wrong the status is 405. */
static struct target find_endpoint(struct sandbox *sandbox, const char *method, const char *path,
                                   size_t len)
{
    struct target none = {.status = 404};
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        struct target target = {.status = 200, .route = &routes[i]};
        bool served = routes[i].dialects & sandbox->options.dialect;
        if (!served || !matches(routes[i].pattern, path, len, target.segments) ||
            !has_connector(sandbox, &target)) {
            continue;
        }
        if (strcmp(routes[i].method, method) == 0) {
            return target;
        }
        none.status = 405;
    }
    return none;
}

/* An action for the path /connectors/{connector}/{action}; the action's name may hold slashes. */
static struct target find_action(struct sandbox *sandbox, const char *method, const char *path,
                                 size_t len)
{
    static const char prefix[] = "/connectors/";
    const size_t prefix_len = sizeof prefix - 1;
    struct target target = {.status = 404};
    const char *slash = NULL;
    if (len > prefix_len && memcmp(path, prefix, prefix_len) == 0) {
        path += prefix_len;
        len -= prefix_len;
        slash = memchr(path, '/', len);
    }
    if (!slash) {
        return target;
    }
    size_t name = (size_t)(slash - path);
    target.action = registry_action(&sandbox->registry, path, name, slash + 1, len - name - 1);
    target.segments[0] = (struct span){path, name};
    if (target.action) {
        target.status = strcmp(method, "POST") == 0 ? 200 : 405;
    }
    return target;
}

/* What serves the path, endpoints before actions. */
static struct target find_any(struct sandbox *sandbox, const char *method, const char *path,
                              size_t len)
{
    struct target target = find_endpoint(sandbox, method, path, len);
    return target.status == 404 ? find_action(sandbox, method, path, len) : target;
}

/* True when the path with a slash more or less leads somewhere, by any method. */
static bool is_near(struct sandbox *sandbox, const char *method, const char *path, size_t len)
{
    char other[1024];
    if (len == 0 || len >= sizeof other) {
        return false;
    }
    if (path[len - 1] == '/') {
        return find_any(sandbox, method, path, len - 1).status != 404;
    }
    memcpy(other, path, len);
    other[len] = '/';
    return find_any(sandbox, method, other, len + 1).status != 404;
}

struct target route_find(struct sandbox *sandbox, const char *method, const char *path, size_t len)
{
    struct target target = find_any(sandbox, method, path, len);
    if (target.status == 404 && is_near(sandbox, method, path, len)) {
        target.status = 307;
    }
    return target;
}
