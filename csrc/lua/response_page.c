/*
 * The pages around a response: the calls that fetch them, and what tells one page from another.
 * Methods of the response's class, for lua/bosa/paging.lua; nothing is sent here.
 */
#include "bind.h"

#include "call/paging.h"

#include <stdio.h>

/*
 * Pushes a call userdata, still without an invocation, with this response's hub and callbacks.
 * Feeds are not handed on: paging refuses what was uploaded from a function.
 */
static struct lcall *push_page(lua_State *L)
{
    bind_kept(L, 1, KEPT_HUB);
    struct lcall *c = bind_push_call(L, -1);
    bind_kept(L, 1, KEPT_OUTPUT);
    bind_keep(L, -2, KEPT_OUTPUT);
    bind_kept(L, 1, KEPT_ON_PROGRESS);
    bind_keep(L, -2, KEPT_ON_PROGRESS);
    return c;
}

/* nil and an error about the hub, which is asked late: making userdata may have run a finalizer
 * that closed it. */
static int fail_closed(lua_State *L, struct lcall *c)
{
    error_set(&c->error, BOSA_CLOSED, "the hub is closed");
    return bind_fail(L, &c->error);
}

/* Makes the call of the invocation that `c` has got. */
static int finish_page(lua_State *L, struct lcall *c)
{
    if (!c->hub->hub) {
        return fail_closed(L, c);
    }
    bind_set_call(L, c, call_new_action(c->hub->hub, c->invocation));
    return 1;
}

/* The page of a list that is asked for by offset. */
static int offset_page(lua_State *L, struct lresponse *r, struct lcall *c, bool forward)
{
    struct call *call = NULL;
    if (!c->hub->hub) {
        return fail_closed(L, c);
    }
    if (paging_offset_call(r->call, forward, &call, &r->error) != BOSA_OK) {
        return bind_fail(L, &r->error);
    }
    if (!call) {
        return 0;
    }
    bind_set_call(L, c, call);
    return 1;
}

/*
 * response:_page_call(forward) -> call | nil (there is none) | nil, err: the server says that there
 * is a page and gives no way to it, or what was uploaded can't be read twice.
 */
static int response_page_call(lua_State *L)
{
    struct lresponse *r = bind_check_response(L, 1);
    bool forward = lua_toboolean(L, 2);
    luaL_checkstack(L, 16, NULL);
    struct lcall *c = push_page(L);
    if (paging_is_offset(r->call)) {
        return offset_page(L, r, c, forward);
    }
    if (paging_invocation(r->call, forward, &c->invocation, &r->error) != BOSA_OK) {
        return bind_fail(L, &r->error);
    }
    return c->invocation ? finish_page(L, c) : 0;
}

/* response:_cursor(forward) -> the cursor by which that page is asked for, as a string; nil: none
 */
static int response_cursor(lua_State *L)
{
    struct lresponse *r = bind_check_response(L, 1);
    const struct json_doc *doc = &r->call->reply.doc;
    uint32_t node = paging_cursor(r->call, lua_toboolean(L, 2));
    if (node == JSON_NONE) {
        return 0;
    }
    char digits[24];
    size_t len = 0;
    const char *text = digits;
    if (json_type(doc, node) == JSON_INT) {
        len = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)doc->nodes[node].v.i);
    } else if (json_type(doc, node) == JSON_UINT) {
        len = (size_t)snprintf(digits, sizeof digits, "%llu",
                               (unsigned long long)doc->nodes[node].v.u);
    } else {
        text = json_text(doc, node, &len);
    }
    lua_pushlstring(L, text, len);
    return 1;
}

/* response:_numbered() -> page, last page (0: not said) when pages ahead can be asked for by
 * number; nil: they can't */
static int response_numbered(lua_State *L)
{
    int64_t page, last;
    if (!paging_numbered(bind_check_response(L, 1)->call, &page, &last)) {
        return 0;
    }
    lua_pushinteger(L, (lua_Integer)page);
    lua_pushinteger(L, (lua_Integer)last);
    return 2;
}

/* response:_numbered_call(page) -> call | nil, err. Only after response:_numbered gave numbers. */
static int response_numbered_call(lua_State *L)
{
    struct lresponse *r = bind_check_response(L, 1);
    lua_Integer page = luaL_checkinteger(L, 2);
    luaL_checkstack(L, 16, NULL);
    struct lcall *c = push_page(L);
    c->invocation = paging_invocation_page(r->call, page);
    return c->invocation ? finish_page(L, c) : bind_nomem(L);
}

void bind_add_page_methods(lua_State *L)
{
    static const luaL_Reg methods[] = {{"_page_call", response_page_call},
                                       {"_cursor", response_cursor},
                                       {"_numbered", response_numbered},
                                       {"_numbered_call", response_numbered_call},
                                       {NULL, NULL}};
    compat_setfuncs(L, methods);
}
