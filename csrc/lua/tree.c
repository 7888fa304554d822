/*
 * tree: files below one directory that Lua writes, all of them or none (base/file_tree.h). Called
 * by lua/bosa/skills.lua.
 */
#include "bind.h"

#include "base/file_tree.h"

#define TREE_CLASS "bosa.tree"

struct ltree {
    struct file_tree tree;
    struct bosa_error error; /* scratch */
};

static int tree_gc(lua_State *L)
{
    struct ltree *t = luaL_checkudata(L, 1, TREE_CLASS);
    file_tree_drop(&t->tree);
    error_clear(&t->error);
    return 0;
}

/* tree(dir) -> tree; nothing is touched yet */
static int tree_new(lua_State *L)
{
    const char *top = bind_check_path(L, 1);
    struct ltree *t = lua_newuserdata(L, sizeof *t);
    enum bosa_status status;
    luaL_getmetatable(L, TREE_CLASS);
    error_init(&t->error);
    status = file_tree_init(&t->tree, top, &t->error); /* nothing raises until __gc has it */
    lua_setmetatable(L, -2);
    return status == BOSA_OK ? 1 : bind_fail(L, &t->error);
}

static struct ltree *check_tree(lua_State *L)
{
    struct ltree *t = luaL_checkudata(L, 1, TREE_CLASS);
    luaL_argcheck(L, t->tree.top, 1, "it is over");
    return t;
}

static int give(lua_State *L, struct ltree *t, enum bosa_status status)
{
    if (status != BOSA_OK) {
        return bind_fail(L, &t->error);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* is_safe_path(path) -> whether it may be below any directory */
static int tree_is_safe(lua_State *L)
{
    size_t len = 0;
    const char *path = luaL_checklstring(L, 1, &len);
    lua_pushboolean(L, file_tree_is_safe(path, len));
    return 1;
}

/* tree:check(path, overwrite) -> true | nil, err: whether a file may come to be there. */
static int tree_check(lua_State *L)
{
    struct ltree *t = check_tree(L);
    const char *path = bind_check_path(L, 2);
    return give(L, t, file_tree_check(&t->tree, path, lua_toboolean(L, 3), &t->error));
}

/* tree:add(path) -> true | nil, err: begins the next file. */
static int tree_add(lua_State *L)
{
    struct ltree *t = check_tree(L);
    const char *path = bind_check_path(L, 2);
    return give(L, t, file_tree_add(&t->tree, path, &t->error));
}

/* tree:write(bytes) -> true | nil, err */
static int tree_write(lua_State *L)
{
    struct ltree *t = check_tree(L);
    size_t len = 0;
    const char *bytes = luaL_checklstring(L, 2, &len);
    luaL_argcheck(L, t->tree.file.fd >= 0, 1, "no file was begun");
    return give(L, t, file_tree_write(&t->tree, bytes, len, &t->error));
}

/* tree:finish() -> true | nil, err: the file is whole. */
static int tree_finish(lua_State *L)
{
    struct ltree *t = check_tree(L);
    luaL_argcheck(L, t->tree.file.fd >= 0, 1, "no file was begun");
    return give(L, t, file_tree_end(&t->tree, &t->error));
}

/* tree:place(overwrite) -> true | nil, err: puts all in their places, or none; it is over then. */
static int tree_place(lua_State *L)
{
    struct ltree *t = check_tree(L);
    return give(L, t, file_tree_place(&t->tree, lua_toboolean(L, 2), &t->error));
}

/* tree:drop(): leaves nothing behind of what was not placed. */
static int tree_drop(lua_State *L)
{
    struct ltree *t = luaL_checkudata(L, 1, TREE_CLASS);
    file_tree_drop(&t->tree);
    return 0;
}

void bind_open_tree(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"check", tree_check}, {"add", tree_add},   {"write", tree_write}, {"finish", tree_finish},
        {"place", tree_place}, {"drop", tree_drop}, {NULL, NULL}};
    bind_plain_class(L, TREE_CLASS, tree_gc, methods);
    lua_pushcfunction(L, tree_new);
    lua_setfield(L, -2, "tree");
    lua_pushcfunction(L, tree_is_safe);
    lua_setfield(L, -2, "is_safe_path");
}
