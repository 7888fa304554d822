/*
 * save: bytes of Lua's as a new file in a directory, under the rules of files that come. Called by
 * lua/bosa/tools. It never writes over a file, whatever the name says.
 */
#include "bind.h"

#include "base/fileio.h"
#include "base/mem.h"
#include "http/file_name.h"
#include "reply/sink.h"

#include <string.h>

#define SAVING_CLASS "bosa.saving"

/* What one save holds, so that nothing is lost when Lua raises. */
struct saving {
    struct sink sink;
    char *name, *saved; /* owned */
    struct bosa_error error;
};

static int saving_gc(lua_State *L)
{
    struct saving *s = luaL_checkudata(L, 1, SAVING_CLASS);
    sink_free(&s->sink);
    mem_free(s->name);
    mem_free(s->saved);
    s->name = s->saved = NULL;
    error_clear(&s->error);
    return 0;
}

/*
 * A sink in memory allocates nothing when it is made, so the raise leaks nothing without a
 * metatable.
 */
static struct saving *push_saving(lua_State *L)
{
    struct saving *s = lua_newuserdata(L, sizeof *s);
    memset(s, 0, sizeof *s);
    error_init(&s->error);
    if (sink_init(&s->sink, SINK_MEMORY, NULL) != BOSA_OK) {
        bind_nomem(L);
    }
    luaL_getmetatable(L, SAVING_CLASS);
    lua_setmetatable(L, -2);
    return s;
}

/* save_in(dir, name, bytes) -> path | nil, err: whole or not at all, never over another file. */
static int save_in(lua_State *L)
{
    size_t len;
    const char *dir = bind_check_path(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const char *bytes = luaL_checklstring(L, 3, &len);
    struct saving *s = push_saving(L);
    s->name = http_safe_filename(name);
    if (!s->name) {
        return bind_nomem(L);
    }
    if (sink_write(&s->sink, bytes, len, &s->error) != BOSA_OK ||
        sink_finish(&s->sink, &s->error) != BOSA_OK ||
        sink_save_in(&s->sink, dir, s->name, &s->saved, &s->error) != BOSA_OK) {
        return bind_fail(L, &s->error);
    }
    lua_pushstring(L, s->saved);
    return 1;
}

/* can_save_in(dir) -> true | nil, err: whether it is a directory that files can be saved in. */
static int can_save_in(lua_State *L)
{
    const char *dir = bind_check_path(L, 1);
    struct saving *s = push_saving(L);
    if (fileio_check_dir(dir, &s->error) != BOSA_OK) {
        return bind_fail(L, &s->error);
    }
    lua_pushboolean(L, 1);
    return 1;
}

void bind_open_save(lua_State *L)
{
    bind_plain_class(L, SAVING_CLASS, saving_gc, NULL);
    lua_pushcfunction(L, save_in);
    lua_setfield(L, -2, "save_in");
    lua_pushcfunction(L, can_save_in);
    lua_setfield(L, -2, "can_save_in");
}
