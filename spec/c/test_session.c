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
    char dir[64]; /* for files; removed at the end */
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
    strcpy(server.dir, "/tmp/bosa-test-XXXXXX");
    if (!mkdtemp(server.dir) || !getenv("BOSA_SANDBOX") || pipe(in) != 0 || pipe(out) != 0) {
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
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", server->dir);
    return system(command);
}

/* ---- the session ---- */

static const char script[] =
    "bosa = require('bosa')\n"
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
    "  require('bosa.core').write_private('/dev/null/at/all', 'x')\n"
    "  hub:close()\n"
    "end\n";

/*
 * Every public method that the session does not call, once, on a hub whose server is a function: so
 * that what one of them loses is seen.
 */
static const char rest[] =
    "local core = require('bosa.core')\n"
    "local schemas = "
    "'{\"t\":{\"act\":{\"method\":\"POST\",\"path\":\"/connectors/t/act\",\"docstring\":\"d\",'\n"
    "  .. "
    "'\"parameters\":{\"request\":{\"schema\":{\"type\":\"object\",\"properties\":{\"page\":{'\n"
    "  .. "
    "'\"type\":\"integer\",\"default\":1},\"f\":{\"type\":\"string\",\"format\":\"binary\"}}}}}}}}'"
    "\n"
    "local json = { ['Content-Type'] = 'application/json', ['X-More'] = 'a' }\n"
    "local function response(request)\n"
    "  local path = request.url:match('://[^/]*(/[^?]*)')\n"
    "  if path == '/connectors/' then return schemas, json end\n"
    "  if path == '/connectors/names' then return '[\"t\"]', json end\n"
    "  if request.body == 'page=9' then\n"
    "    return 'content', { ['Content-Type'] = 'text/plain', ['Content-Disposition'] = "
    "'attachment; "
    "filename=n.txt' }\n"
    "  end\n"
    "  if path == '/connectors/t/act' then\n"
    "    local page = tonumber((request.body or ''):match('page=(%d)')) or 1\n"
    "    return bosa.json.encode({ data = { { a = bosa.null }, 2 }, meta = { page = page, "
    "total_page = 3,\n"
    "      has_next = page < 3, has_prev = page > 1 } }), json\n"
    "  end\n"
    "  return "
    "'{\"data\":{\"id\":\"i\",\"token\":\"t\",\"url\":\"http://x/\",\"has_integration\":true}}', "
    "json\n"
    "end\n"
    "local options = { api_base_url = URL, api_key = KEY, token = TOKEN, null = 'none', on_event = "
    "function() end,\n"
    "  transport = function(request)\n"
    "    local body, headers = response(request)\n"
    "    return { status = 200, headers = headers, body = body }\n"
    "  end }\n"
    "local function try(fn, ...) local ok, err = pcall(fn, ...)\n"
    "  if not ok and tostring(err):find('memory') then error(err, 0) end end\n"
    "function rest_session()\n"
    "  local hub = bosa.new(options)\n"
    "  local t = hub:connect('t')\n"
    "  t:get_actions() t:get_action_parameters('act') t:help('act') t:tools({ format = 'mcp' }) "
    "tostring(t) "
    "tostring(hub)\n"
    "  hub:get_connector('t') hub:get_available_modules() hub:execute('t', 'act', { page = 1 })\n"
    "  for _, name in ipairs({ 'create_bosa_user', 'authenticate_bosa_user', 'get_user_info',\n"
    "    'user_has_integration', 'initiate_connector_auth', 'initiate_plugin_configuration', "
    "'get_integration',\n"
    "    'select_integration', 'remove_integration' }) do\n"
    "    for _, last in ipairs({ 'http://x/', {} }) do try(hub[name], hub, 't', 't', last) end\n"
    "  end\n"
    "  hub:call_tool('t__act', '{\"page\":2}') hub:call_tool('none', {}) try(hub.call_tool, hub, "
    "'t__act', 12)\n"
    "  local action = t:action('act'):param('page', 1):token('t'):identifier('i'):headers({ "
    "['X-A'] = 'b' })\n"
    "    :max_attempts(1):replay_unsafe(true):deadline(5):timeout(5):on_progress(function() end)\n"
    "  action:validate() action:execute() tostring(action)\n"
    "  local r = action:run()\n"
    "  if r then\n"
    "    r:get_data() r:get_meta() r:get_status() r:is_list() r:has_next() r:has_prev() "
    "r:next_page()\n"
    "    r:prev_page() tostring(r)\n"
    "    local _ = #r, r[1], r.headers, r.status, r.attempts, r.elapsed, r.reference_id\n"
    "    for _ in r:pages({ max_pages = 2 }) do end\n"
    "    for _ in r:items({ max_items = 3 }) do end\n"
    "  end\n"
    "  local got = t:act({ page = 9 })\n"
    "  local file = got and got.data\n"
    "  if file then\n"
    "    local _ = file.file, file.size, file.filename, file.content_type, file.headers, "
    "tostring(file)\n"
    "    file:save(DIR .. '/saved') os.remove((file:save_in(DIR)) or '')\n"
    "    for _ in file:chunks(2) do end\n"
    "  end\n"
    "  t:action('act'):params({ page = 9 }):output(DIR .. '/output'):run()\n"
    "  t:action('act'):params({ page = 9 }):output(DIR .. '/none/output'):run()\n"
    "  t:act({ f = bosa.file({ path = DIR .. '/saved', filename = 'a', content_type = 'b/c', "
    "headers = { a = 'b' } }) })\n"
    "  t:act({ f = bosa.file({ file = 'x' }) }) tostring(bosa.file({ path = DIR }))\n"
    "  hub:before(function() end) hub:after(function() end)\n"
    "  t:act({ page = 1 })\n"
    "  bosa.json.decode('[') bosa.json.decode('[1,{\"a\":12345678901234567890}]')\n"
    "  bosa.json.encode({ bosa.array({}), bosa.object({}), 'none' })\n"
    "  bosa.all({ (t:action('act'):start()) })\n"
    "  hub:refresh_connector('t')\n"
    "  local writer = core.writer(DIR .. '/written')\n"
    "  if writer then writer:write('x') writer:finish() writer:drop() end\n"
    "  core.write_private(DIR .. '/private', 'x')\n"
    "  hub:close()\n"
    "  hub:run('t', 'act')\n"
    "  bosa.new({ api_base_url = URL, snapshot = { bosa_snapshot = 1, connectors = {} } "
    "}):close()\n"
    "end\n";

/* A saved session as it is written and read. */
static const char saved[] = "function saved_session()\n"
                            "  local core, all = require('bosa.core'), { api_key = KEY, profiles = "
                            "{ a = { token = TOKEN } } "
                            "}\n"
                            "  for _, how in ipairs({ {}, { sorted = true, indent = 2 } }) do\n"
                            "    local text = assert(bosa.json.encode(all, how))\n"
                            "    assert(core.write_private(DIR .. '/session', text))\n"
                            "    text = assert(core.read_private(DIR .. '/session'))\n"
                            "    assert(core.json.decode(text).api_key == KEY)\n"
                            "    assert(core.json.decode(text .. '\\255', nil, true) == nil)\n"
                            "    assert(core.json.decode(text:sub(1, -2)) == nil)\n"
                            "    bosa.json.encode({ KEY, print })\n"
                            "  end\n"
                            "  os.remove(DIR .. '/session')\n"
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
    set_global(L, "DIR", server->dir);
    if (luaL_dostring(L, script) != LUA_OK || luaL_dostring(L, rest) != LUA_OK ||
        luaL_dostring(L, saved) != LUA_OK) {
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

/* Has the session run with every allocation (every `stride`th) failing in turn, until it passes. */
static void torture(const struct server *server, bool core, const char *session, long stride)
{
    struct heap heap = {0};
    long begin = mem_torture_live(), n = 1;
    lua_State *L = open_lua(&heap, server);
    must_pass(L, session);
    must_pass(L, "after");
    long live = settled(L);
    for (bool passed = false; !passed; n += stride) {
        assert_true(n < MOST);
        mem_torture_fail_at(core ? n : 0);
        heap.count = 0;
        heap.fail_at = core ? 0 : n;
        call(L, session);
        passed = (core ? mem_torture_count() : heap.count) < n;
        mem_torture_fail_at(0);
        heap.fail_at = 0;
        must_pass(L, "after");
        if (settled(L) > live) { /* fewer: decode or encode has let go of what it kept */
            fail_msg("allocation %ld: %ld blocks lost", n, mem_torture_live() - live);
        }
    }
    must_pass(L, session);
    lua_close(L);
    assert_int_equal(heap.out, 0);
    assert_int_equal(mem_torture_live(), begin);
    assert_true(n > 500);
}

/* Nothing that the session gives back holds the key or the token, whether memory lacked or not. */
static void a_session_leaves_no_secret_in_memory(void **state)
{
    const struct server *server = *state;
    const char *const secrets[] = {server->key, server->token};
    for (size_t i = 0; i < 2; i++) {
        mem_torture_watch(secrets[i]);
        torture(server, true, "session", 1);
        long leaked = mem_torture_leaked();
        mem_torture_watch(NULL);
        assert_int_equal(leaked, 0);
    }
}

static void a_saved_session_leaves_no_secret_in_memory(void **state)
{
    const struct server *server = *state;
    const char *const secrets[] = {server->key, server->token};
    for (size_t i = 0; i < 2; i++) {
        struct heap heap = {0};
        lua_State *L = open_lua(&heap, server);
        mem_torture_watch(secrets[i]);
        must_pass(L, "saved_session");
        must_pass(L, "rest_session");
        must_pass(L, "saved_session");
        lua_close(L);
        long leaked = mem_torture_leaked();
        mem_torture_watch(NULL);
        assert_int_equal(leaked, 0);
    }
}

static void a_session_survives_a_core_without_memory(void **state)
{
    torture(*state, true, "session", 1);
}

static void a_session_survives_a_lua_without_memory(void **state)
{
    torture(*state, false, "session", 1);
}

static void every_other_method_survives_a_core_without_memory(void **state)
{
    torture(*state, true, "rest_session", 1);
}

static void every_other_method_survives_a_lua_without_memory(void **state)
{
    torture(*state, false, "rest_session", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_survives_a_core_without_memory),
        cmocka_unit_test(a_session_survives_a_lua_without_memory),
        cmocka_unit_test(every_other_method_survives_a_core_without_memory),
        cmocka_unit_test(every_other_method_survives_a_lua_without_memory),
        cmocka_unit_test(a_session_leaves_no_secret_in_memory),
        cmocka_unit_test(a_saved_session_leaves_no_secret_in_memory),
    };
    return cmocka_run_group_tests_name("session", tests, start_server, stop_server);
}
