/*
 * A whole session by way of the binding (discover, validate, run, retry, page, upload, download,
 * cancel) against the sandbox server, in which memory runs out at every allocation in turn: of the
 * core, and of Lua. It must end with an error, lose nothing, and the next session must work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem_torture.h"

int luaopen_bosa_core(lua_State *L);

#define MOST 100000 /* allocations of a session; more would be a loop */

/* Lua's memory: how much is out, and which allocation fails (and, as Lua then collects and tries
 * again, the one behind it). */
struct heap {
    size_t out;
    long count, fail_at;
};

static void *allocate(void *context, void *block, size_t old, size_t size)
{
    struct heap *heap = context;
    size_t had = block ? old : 0;
    if (size == 0) {
        free(block);
        heap->out -= had;
        return NULL;
    }
    if (size > had) {
        heap->count++;
        if (heap->fail_at && (heap->count == heap->fail_at || heap->count == heap->fail_at + 1)) {
            return NULL;
        }
    }
    void *grown = realloc(block, size);
    if (grown) {
        heap->out += size - had;
    }
    return grown;
}

/* ---- the server ---- */

struct server {
    pid_t pid;
    int until; /* closed, it ends */
    char url[128], key[128], token[512];
};

static void exec_server(int in, int out)
{
    const char *program = getenv("BOSA_SANDBOX");
    dup2(in, 0);
    dup2(out, 1);
    for (int fd = 3; fd < 64; fd++) {
        close(fd);
    }
    execl(program, program, "--port", "0", "--until-eof", (char *)NULL);
    _exit(127);
}

static int start_server(void **state)
{
    static struct server server;
    int in[2], out[2];
    char line[1024];
    if (!getenv("BOSA_SANDBOX") || pipe(in) != 0 || pipe(out) != 0) {
        return -1;
    }
    server.pid = fork();
    if (server.pid == 0) {
        exec_server(in[0], out[1]);
    }
    close(in[0]);
    close(out[1]);
    server.until = in[1];
    FILE *lines = fdopen(out[0], "r");
    while (lines && !(server.url[0] && server.key[0] && server.token[0]) &&
           fgets(line, sizeof line, lines)) {
        sscanf(line, "listening on %127s", server.url);
        sscanf(line, "api key %127s", server.key);
        sscanf(line, "token %511s", server.token);
    }
    *state = &server;
    return server.token[0] ? 0 : -1;
}

static int stop_server(void **state)
{
    struct server *server = *state;
    int status = 0;
    close(server->until);
    waitpid(server->pid, &status, 0);
    return 0;
}

/* ---- the session ---- */

static const char script[] =
    "local bosa = require('bosa')\n"
    "local function new() return bosa.new({ api_base_url = URL, api_key = KEY, token = TOKEN }) "
    "end\n"
    "local function must(value, err) if value == nil then error(err, 0) end return value end\n"
    "local told = '{\"lab\":{\"act\":{\"method\":\"POST\",\"path\":\"/connectors/lab/act\"}}}'\n"
    "local own = bosa.new({ api_base_url = URL, transport = function(request)\n"
    "  return { status = 200, headers = { ['Content-Type'] = 'application/json' },\n"
    "    body = request.method == 'GET' and told or '{\"data\":1}' }\n"
    "end })\n"
    "function after()\n"
    "  local left = task\n" /* what was under way may go on, and end */
    "  task = nil\n"
    "  if left then pcall(left.wait, left) end\n"
    "  local hub = new()\n"
    "  assert(must(hub:run('lab', 'small', {})).status == 200)\n"
    "  hub:close()\n"
    "  must(own:run('lab', 'act'))\n"
    "  if wrong then error(wrong) end\n"
    "end\n"
    "function session()\n"
    "  local hub = new()\n"
    "  local lab = hub:connect('lab')\n"
    "  must(hub:get_available_modules())\n"
    "  must(lab:get_action_parameters('keywords'))\n"
    "  local bad, err = lab:keywords({ nmae = 1, level = 11, tags = { 1, 2 } })\n"
    "  if bad or err.kind ~= 'params' then error(err, 0) end\n"
    "  must(lab:echo({ text = 'héllo', number = 1.5, list = { 1, { a = bosa.null } } }))\n"
    "  must(lab:action('fault'):params({ status = 503, retry_after = 0, times = 1,\n"
    "    key = tostring({}) .. bosa.json.encode(os.clock()) }):max_attempts(2):run())\n"
    "  local count = 0\n"
    "  for item in must(lab:list_pages({ total = 7, limit = 3 })):items({ prefetch = 2 }) do\n"
    "    count = count + (item and 1) end\n"
    "  if count ~= 7 then error('items: ' .. count) end\n"
    "  local left = 3\n"
    "  must(lab:upload({ file = bosa.file({ filename = 'f', read = function()\n"
    "    left = left - 1 return left >= 0 and ('x'):rep(2000) or nil end }) }))\n"
    "  local size = 0\n"
    "  must(lab:action('download'):params({ bytes = 5000 }):output(function(c) size = size + #c "
    "end)\n"
    "    :on_progress(function() end):run())\n"
    "  if size ~= 5000 then error('download: ' .. size) end\n"
    "  must(lab:download({ bytes = 100, filename = 'x' })).data:chunks(10)()\n"
    "  local call = must(lab:action('slow'):params({ delay_ms = 2000 }):start())\n"
    "  call:cancel()\n"
    "  call = must(lab:action('small'):params({}):start())\n"
    "  pcall(call.wait, call)\n" /* where that found no memory for its result, so does the next */
    "  local _, failure = call:wait()\n"
    "  wrong = failure and failure.kind == 'ok' and 'an error without a kind'\n"
    "  task = bosa.async(function() return must(lab:small({})) end)\n"
    "  must(task:wait())\n"
    "  must(hub:get_user_info(TOKEN))\n"
    "  tostring(select(2, lab:fault({ status = 422, message = 'no' })))\n"
    "  own:refresh_connector('lab')\n"
    "  must(own:run('lab', 'act'))\n"
    "  require('bosa.core').write_private('/nowhere/at/all', 'x')\n"
    "  hub:close()\n"
    "end\n";

static void set_global(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setglobal(L, name);
}

/* A Lua with the module, the script loaded, and one session behind it: what is made once is made.
 */
static lua_State *open_lua(struct heap *heap, const struct server *server)
{
#if LUA_VERSION_NUM >= 505
    lua_State *L = lua_newstate(allocate, heap, 0);
#else
    lua_State *L = lua_newstate(allocate, heap);
#endif
    assert_non_null(L);
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, luaopen_bosa_core);
    lua_setfield(L, -2, "bosa.core");
    lua_pop(L, 1);
    lua_pushliteral(L, "lua/?.lua;lua/?/init.lua");
    lua_setfield(L, -2, "path");
    lua_settop(L, 0);
    set_global(L, "URL", server->url);
    set_global(L, "KEY", server->key);
    set_global(L, "TOKEN", server->token);
    if (luaL_dostring(L, script) != LUA_OK) {
        fail_msg("%s", lua_tostring(L, -1));
    }
    return L;
}

/* Calls a global function: whether it came to its end. */
static bool call(lua_State *L, const char *name)
{
    lua_settop(L, 0);
    lua_getglobal(L, name);
    return lua_pcall(L, 0, 0, 0) == LUA_OK;
}

static void must_pass(lua_State *L, const char *name)
{
    if (!call(L, name)) {
        fail_msg("%s: %s", name, luaL_tolstring(L, -1, NULL));
    }
}

/* The blocks of the core that are out once Lua has let go of what it can. */
static long settled(lua_State *L)
{
    lua_settop(L, 0);
    for (int i = 0; i < 3; i++) {
        lua_gc(L, LUA_GCCOLLECT, 0);
    }
    return mem_torture_live();
}

/* Has the session run with every allocation failing in turn, until it passes. */
static void torture(const struct server *server, bool core)
{
    struct heap heap = {0};
    long begin = mem_torture_live(), n = 1;
    lua_State *L = open_lua(&heap, server);
    must_pass(L, "session");
    long rest = settled(L);
    for (bool passed = false; !passed; n++) {
        assert_true(n < MOST);
        mem_torture_fail_at(core ? n : 0);
        heap.count = 0;
        heap.fail_at = core ? 0 : n;
        call(L, "session");
        passed = (core ? mem_torture_count() : heap.count) < n;
        mem_torture_fail_at(0);
        heap.fail_at = 0;
        must_pass(L, "after");
        if (settled(L) > rest) { /* fewer: decode or encode has let go of what it kept */
            fail_msg("allocation %ld: %ld blocks lost", n, mem_torture_live() - rest);
        }
    }
    must_pass(L, "session");
    lua_close(L);
    assert_int_equal(heap.out, 0);
    assert_int_equal(mem_torture_live(), begin);
    assert_true(n > 500);
}

static void a_session_survives_a_core_without_memory(void **state)
{
    torture(*state, true);
}

static void a_session_survives_a_lua_without_memory(void **state)
{
    torture(*state, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_survives_a_core_without_memory),
        cmocka_unit_test(a_session_survives_a_lua_without_memory),
    };
    return cmocka_run_group_tests_name("session", tests, start_server, stop_server);
}
