/*
 * What recording needs: a request sent as it is, with a response that nobody judged. Called by
 * bosa.testing. It adds no key and no token of the hub's: the request has what it needs.
 */
#include "bind.h"

#include "base/mem.h"
#include "http/header_fields.h"

#include <stdlib.h>
#include <string.h>

static const char *check_method(lua_State *L, int arg)
{
    static const char *const names[] = {"GET", "POST", "DELETE", NULL};
    return names[luaL_checkoption(L, arg, NULL, names)];
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct field *)a)->name, ((const struct field *)b)->name);
}

/* Adds the fields of the table at `index`, by name: a table has no order that is the same each
 * time. */
static enum bosa_status read_fields(lua_State *L, int index, struct fields *fields,
                                    struct bosa_error *err)
{
    enum bosa_status status = BOSA_OK;
    lua_pushnil(L);
    while (status == BOSA_OK && lua_next(L, index)) {
        size_t name_len = 0, len = 0;
        bool texts = lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING;
        const char *name = texts ? lua_tolstring(L, -2, &name_len) : NULL;
        const char *value = texts ? lua_tolstring(L, -1, &len) : NULL;
        status = texts ? fields_add(fields, name, name_len, value, len, err)
                       : error_set(err, BOSA_PARAMS, "header fields must be strings");
        lua_pop(L, 1);
    }
    if (fields->count > 1) {
        qsort(fields->list, fields->count, sizeof *fields->list, by_name);
    }
    return status;
}

/*
 * Fills a request that is on the caller's C stack, from the arguments. Nothing here raises: the
 * arguments were checked, and no number is made a string. On failure the caller frees what is
 * there.
 */
static enum bosa_status fill(lua_State *L, struct request *request, struct bosa_error *err)
{
    size_t url_len = 0, len = 0;
    const char *url = lua_tolstring(L, 3, &url_len);
    const char *bytes = lua_tolstring(L, 5, &len);
    request->url = mem_dup(url, url_len);
    if (!request->url) {
        return error_nomem(err);
    }
    if (bytes) {
        request->body = body_new();
        if (!request->body || body_add_bytes(request->body, bytes, len) != BOSA_OK) {
            return error_nomem(err);
        }
    }
    return read_fields(L, 4, &request->fields, err);
}

/*
 * hub:_send_verbatim(method, url, headers, body?, timeout?) -> call | nil, err: sends this and
 * nothing else; its response has status, headers, and the bytes as a file.
 */
static int hub_send_verbatim(lua_State *L)
{
    struct lhub *h = bind_check_hub(L, 1);
    struct request request;
    request_init(&request);
    request.method = check_method(L, 2);
    luaL_checkstring(L, 3);
    luaL_checktype(L, 4, LUA_TTABLE);
    luaL_optstring(L, 5, NULL);
    lua_Number timeout = luaL_optnumber(L, 6, 0);
    lua_settop(L, 6);
    struct lcall *c = bind_push_call(L, 1);
    if (!h->hub) {
        error_set(&h->error, BOSA_CLOSED, "the hub is closed");
        return bind_fail(L, &h->error);
    }
    if (fill(L, &request, &h->error) != BOSA_OK) {
        request_free(&request);
        return bind_fail(L, &h->error);
    }
    bind_set_call(L, c, call_new_verbatim(h->hub, &request, (int64_t)(timeout * 1000)));
    return 1;
}

void bind_open_recording(lua_State *L)
{
    compat_get_registered(L, HUB_CLASS);
    lua_getfield(L, -1, "methods");
    lua_pushcfunction(L, hub_send_verbatim);
    lua_setfield(L, -2, "_send_verbatim");
    lua_pop(L, 2);
}
