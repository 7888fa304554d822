/*
 * Files that Lua writes, by the core's one function for that (base/file_write.h), as `output` and
 * `save` do. Called by the command (its output, its sessions) and by bosa.testing. A file that
 * isn't finished leaves nothing behind: __gc drops it. Private ones are read back in
 * private_file.c.
 */
#include "bind.h"

#include "base/file_write.h"
#include "base/fileio.h"

#include <string.h>

#define WRITER_CLASS "bosa.writer"

struct lwriter {
    struct file_write file;
    struct bosa_error error; /* scratch */
};

static int writer_gc(lua_State *L)
{
    struct lwriter *w = luaL_checkudata(L, 1, WRITER_CLASS);
    file_write_drop(&w->file);
    error_clear(&w->error);
    return 0;
}

/*
 * Pushes a writer without a file. It is initialised before it gets its metatable, since __gc may
 * run from then on.
 */
static struct lwriter *new_writer(lua_State *L)
{
    struct lwriter *w = lua_newuserdata(L, sizeof *w);
    file_write_init(&w->file);
    error_init(&w->error);
    luaL_getmetatable(L, WRITER_CLASS);
    lua_setmetatable(L, -2);
    return w;
}

static unsigned check_flags(lua_State *L, int arg)
{
    static const char *const names[] = {"kept", "private", "shared", NULL};
    static const unsigned flags[] = {0, FILE_PRIVATE, FILE_SHARED};
    return flags[luaL_checkoption(L, arg, "kept", names)];
}

/*
 * writer(path, mode?) -> writer | nil, err. `mode` of a new file: "kept" (0600; one that was there
 * keeps its own), "private" (0600 always), "shared" (by umask).
 */
static int writer_open(lua_State *L)
{
    const char *path = bind_check_path(L, 1);
    unsigned flags = check_flags(L, 2);
    struct lwriter *w = new_writer(L);
    if (file_write_open(&w->file, AT_FDCWD, path, flags, &w->error) != BOSA_OK) {
        return bind_fail(L, &w->error);
    }
    return 1;
}

/* Raises for one that was finished, dropped, or let go of after a failure. */
static struct lwriter *check_open(lua_State *L)
{
    struct lwriter *w = luaL_checkudata(L, 1, WRITER_CLASS);
    luaL_argcheck(L, w->file.fd >= 0, 1, "the file is closed");
    return w;
}

/*
 * Pushes true, or nil and the error: then the file is dropped, so that nothing half written gets
 * its name.
 */
static int finish(lua_State *L, struct lwriter *w, enum bosa_status status)
{
    if (status != BOSA_OK) {
        file_write_drop(&w->file);
        return bind_fail(L, &w->error);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* writer:write(bytes) -> true | nil, err: on failure the file is let go of. */
static int writer_write(lua_State *L)
{
    struct lwriter *w = check_open(L);
    size_t len = 0;
    const char *bytes = luaL_checklstring(L, 2, &len);
    return finish(L, w, file_write_add(&w->file, bytes, len, &w->error));
}

/* writer:finish() -> true | nil, err: puts it in its place. */
static int writer_finish(lua_State *L)
{
    struct lwriter *w = check_open(L);
    return finish(L, w, file_write_finish(&w->file, &w->error));
}

/* writer:drop(): lets go of what was not finished. */
static int writer_drop(lua_State *L)
{
    struct lwriter *w = luaL_checkudata(L, 1, WRITER_CLASS);
    file_write_drop(&w->file);
    return 0;
}

/* write_private(path, bytes) -> true | nil, err: whole or not at all, readable by its owner only.
 */
static int write_private(lua_State *L)
{
    const char *path = bind_check_path(L, 1);
    size_t len = 0;
    const char *bytes = luaL_checklstring(L, 2, &len);
    struct lwriter *w = new_writer(L);
    return finish(L, w, file_write_all(AT_FDCWD, path, bytes, len, FILE_PRIVATE, &w->error));
}

/* fill_streams(): the standard streams that are closed become /dev/null. */
static int fill_streams(lua_State *L)
{
    (void)L;
    fileio_fill_streams();
    return 0;
}

void bind_open_writer(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"write", writer_write}, {"finish", writer_finish}, {"drop", writer_drop}, {NULL, NULL}};
    bind_plain_class(L, WRITER_CLASS, writer_gc, methods);
    lua_pushcfunction(L, writer_open);
    lua_setfield(L, -2, "writer");
    lua_pushcfunction(L, fill_streams);
    lua_setfield(L, -2, "fill_streams");
    lua_pushcfunction(L, write_private);
    lua_setfield(L, -2, "write_private");
}
