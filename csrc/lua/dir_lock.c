/*
 * Locks of directories, for whoever reads, changes and writes a file in one (base/fileio.h). Called
 * by the command for its sessions, its cache and its prompt's history.
 */
#include "bind.h"

#include "base/fileio.h"

#include <unistd.h>

#define LOCK_CLASS "bosa.dir_lock"

struct dir_lock {
    int fd;                  /* -1: not held */
    struct bosa_error error; /* scratch */
};

/* __gc, and lock:release() */
static int lock_release(lua_State *L)
{
    struct dir_lock *lock = luaL_checkudata(L, 1, LOCK_CLASS);
    if (lock->fd >= 0) {
        close(lock->fd);
        lock->fd = -1;
    }
    error_clear(&lock->error);
    return 0;
}

/* lock_dir(path) -> lock | false (somebody else has it) | nil, err; it never waits. */
static int lock_dir(lua_State *L)
{
    const char *path = bind_check_path(L, 1);
    struct dir_lock *lock = lua_newuserdata(L, sizeof *lock);
    lock->fd = -1;
    error_init(&lock->error);
    luaL_getmetatable(L, LOCK_CLASS);
    lua_setmetatable(L, -2);
    if (fileio_lock_dir(path, &lock->fd, &lock->error) != BOSA_OK) {
        return bind_fail(L, &lock->error);
    }
    if (lock->fd < 0) {
        lua_pushboolean(L, 0);
    }
    return 1;
}

void bind_open_dir_lock(lua_State *L)
{
    static const luaL_Reg methods[] = {{"release", lock_release}, {NULL, NULL}};
    bind_plain_class(L, LOCK_CLASS, lock_release, methods);
    lua_pushcfunction(L, lock_dir);
    lua_setfield(L, -2, "lock_dir");
}
