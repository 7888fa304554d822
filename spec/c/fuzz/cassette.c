/*
 * Cassettes: a file of any content is refused with an error, or its hub responses calls from it,
 * with results or errors. It is Lua that reads them, so Lua must never raise.
 */
#include "fuzz.h"

#include <lauxlib.h>
#include <lualib.h>
#include <unistd.h>

int luaopen_bosa_core(lua_State *L);

static const char script[] =
    "local path = ...\n"
    "local cassette = require 'bosa.testing.cassette'\n"
    "local function is_error(err) return err ~= nil and type(err.kind) == 'string' end\n"
    "return function()\n"
    "  local tape, err = cassette.open(path, { mode = 'replay' })\n"
    "  if not tape then return assert(is_error(err)) end\n"
    "  local hub = assert(tape:hub())\n"
    "  for _, action in ipairs{ 'list_issues', 'a' } do\n"
    "    local response, failure = hub:run('github', action, { owner = 'x' })\n"
    "    assert(response or is_error(failure))\n"
    "    if response then local _ = response.data, response.meta, response.headers end\n"
    "  end\n"
    "  local modules, failure = hub:get_available_modules()\n"
    "  assert(modules or is_error(failure))\n"
    "  for _, words in ipairs(tape:unused()) do assert(type(words) == 'string') end\n"
    "  hub:close()\n"
    "  tape:close()\n"
    "end\n";

static char path[] = "/tmp/bosa-fuzz-XXXXXX";

static void remove_file(void)
{
    unlink(path);
}

/* A state that knows the module, with the function above on its stack. */
static lua_State *open_state(void)
{
    lua_State *L = luaL_newstate();
    PROMISE(L != NULL);
    int fd = mkstemp(path);
    PROMISE(fd >= 0);
    close(fd);
    atexit(remove_file);
    luaL_openlibs(L);
    luaL_requiref(L, "bosa.core", luaopen_bosa_core, 0);
    PROMISE(luaL_dostring(L, "package.path = 'lua/?.lua;lua/?/init.lua'") == 0);
    PROMISE(luaL_loadstring(L, script) == 0);
    lua_pushstring(L, path);
    if (lua_pcall(L, 1, 1, 0) != 0) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        abort();
    }
    lua_replace(L, 1);
    lua_settop(L, 1);
    return L;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    L = L ? L : open_state();
    FILE *file = fopen(path, "wb");
    PROMISE(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 0, 0, 0) != 0) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        abort();
    }
    lua_gc(L, LUA_GCCOLLECT, 0);
    return 0;
}
