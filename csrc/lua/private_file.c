/*
 * Reading a file that holds secrets, by the rules of those that are written so. Called where a
 * saved session is read: by bosa.new{ profile = } and by the command.
 */
#include "bind.h"

#include "base/fileio.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PRIVATE_CLASS "bosa.private"
#define PRIVATE_MAX ((size_t)1 << 20) /* bytes of such a file */
#define MODE_WRITABLE 0022            /* by others than the owner */
#define MODE_EXPOSED 0077

struct private_file {
    int fd;     /* -1: not open */
    char *text; /* owned; may hold secrets */
    size_t len, cap;
    struct bosa_error error;
};

static int private_gc(lua_State *L)
{
    struct private_file *f = luaL_checkudata(L, 1, PRIVATE_CLASS);
    if (f->fd >= 0) {
        close(f->fd);
        f->fd = -1;
    }
    if (f->text) {
        mem_wipe(f->text, f->cap);
        mem_free(f->text);
        f->text = NULL;
    }
    error_clear(&f->error);
    return 0;
}

/* Whether somebody else can write it: by its mode, or as its owner. */
static bool is_untrusted(const struct stat *about)
{
    return (about->st_mode & MODE_WRITABLE) ||
           (about->st_uid != 0 && about->st_uid != getuid() && about->st_uid != geteuid());
}

/* Reads all that an open file has. */
static enum bosa_status read_all(struct private_file *f, const char *path, size_t size)
{
    size_t got = 1;
    enum bosa_status status = BOSA_OK;
    f->cap = size + 1;
    f->text = size <= PRIVATE_MAX ? mem_alloc(f->cap) : NULL;
    if (!f->text) {
        return size > PRIVATE_MAX ? error_set(&f->error, BOSA_FILE, "%s: it is too large", path)
                                  : error_nomem(&f->error);
    }
    while (status == BOSA_OK && got > 0 && f->len < size) {
        status = fileio_read(f->fd, path, (int64_t)f->len, f->text + f->len, size - f->len, &got,
                             &f->error);
        f->len += status == BOSA_OK ? got : 0;
    }
    return status;
}

/* nil, err, and whether others can write it. */
static int fail(lua_State *L, struct private_file *f, bool untrusted)
{
    int count = bind_fail(L, &f->error);
    lua_pushboolean(L, untrusted);
    return count + 1;
}

/*
 * read_private(path) -> text, whether others can read it | nil (there is no such file) | nil, err,
 * whether others can write it: then it is not read.
 */
static int read_private(lua_State *L)
{
    const char *path = bind_check_path(L, 1);
    struct private_file *f = lua_newuserdata(L, sizeof *f);
    struct stat about;
    int64_t size;
    *f = (struct private_file){.fd = -1};
    error_init(&f->error);
    luaL_getmetatable(L, PRIVATE_CLASS);
    lua_setmetatable(L, -2);
    if (stat(path, &about) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return 0;
    }
    if (fileio_open(path, &f->fd, &size, &f->error) != BOSA_OK) {
        return fail(L, f, false);
    }
    if (fstat(f->fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        error_set(&f->error, BOSA_FILE, "%s: not a regular file", path);
        return fail(L, f, false);
    }
    if (is_untrusted(&about)) {
        error_set(&f->error, BOSA_FILE,
                  "%s: others can write to it, so it is not used; look what it says and chmod 600 "
                  "it, or log in again with --api-url",
                  path);
        return fail(L, f, true);
    }
    if (read_all(f, path, about.st_size > 0 ? (size_t)about.st_size : 0) != BOSA_OK) {
        return fail(L, f, false);
    }
    lua_pushlstring(L, f->text, f->len);
    lua_pushboolean(L, (about.st_mode & MODE_EXPOSED) != 0);
    return 2;
}

/* is_file(path) -> whether it is a regular file; nil: nothing is there, or it can't be told. */
static int is_file(lua_State *L)
{
    struct stat about;
    if (stat(bind_check_path(L, 1), &about) != 0) {
        return 0;
    }
    lua_pushboolean(L, S_ISREG(about.st_mode));
    return 1;
}

void bind_open_private_file(lua_State *L)
{
    bind_plain_class(L, PRIVATE_CLASS, private_gc, NULL);
    lua_pushcfunction(L, read_private);
    lua_setfield(L, -2, "read_private");
    lua_pushcfunction(L, is_file);
    lua_setfield(L, -2, "is_file");
}
