/*
 * Files, to send and received. Content is read in pieces, and never copied into Lua unless it is
 * asked for. Called by programs (bosa.file, response.data) and, when a call takes its snapshot, by
 * values_read.c. What a path to send holds is read by the request (request/body.h), not here.
 */
#include "bind.h"
#include "options.h"

#include "base/fileio.h"
#include "base/mem.h"
#include "http/file_name.h"
#include "http/header_fields.h"
#include "hub/redact.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_CHUNK 65536

static struct lfile *check(lua_State *L)
{
    return bind_check_class(L, 1, FILE_CLASS);
}

struct lfile *bind_test_file(lua_State *L, int index)
{
    return bind_test_class(L, index, FILE_CLASS);
}

static int file_gc(lua_State *L)
{
    struct lfile *f = check(L);
    file_part_free(&f->part);
    memset(&f->part, 0, sizeof f->part);
    error_clear(&f->error);
    return 0;
}

/* Pushes a file without content or size. */
static struct lfile *new_file(lua_State *L)
{
    struct lfile *f = bind_new(L, sizeof *f, FILE_CLASS, KEPT_FEW);
    error_init(&f->error);
    f->part.feed = BODY_NO_FEED;
    f->part.size = -1;
    return f;
}

/*
 * A copy of the string on top, which stays; nil is NULL. Raises without memory. The caller puts the
 * copy into the userdata before it calls Lua again.
 */
static char *copy_top(lua_State *L, size_t *len_out)
{
    size_t len = 0;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
    char *copy = text ? mem_dup(text, len) : NULL;
    if (text && !copy) {
        bind_nomem(L);
    }
    if (len_out) {
        *len_out = len;
    }
    return copy;
}

/*
 * Which of path, file and read the table at 1 has; raises unless it is exactly one. Copies go into
 * the userdata at 2, which frees them after a raise.
 */
static void read_source(lua_State *L, struct lfile *f)
{
    int given = 0;
    options_string(L, 1, "path", NULL);
    f->part.path = copy_top(L, NULL);
    given += f->part.path != NULL;
    lua_getfield(L, 1, "file");
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING) {
        luaL_error(L, "option `file`: string of bytes expected, got %s", luaL_typename(L, -1));
    }
    f->part.bytes = copy_top(L, &f->part.len);
    given += f->part.bytes != NULL;
    options_push(L, 1, "read", LUA_TFUNCTION);
    if (!lua_isnil(L, -1)) {
        given++;
        lua_pushvalue(L, -1);
        bind_keep(L, 2, KEPT_READ);
    }
    if (given != 1) {
        luaL_error(L, "bosa.file needs exactly one of `path`, `file` and `read`");
    }
}

/*
 * Reads `headers` of the table at 1 into the userdata, and leaves the option on the stack. What was
 * added before a raise is freed with the userdata.
 */
static void read_fields(lua_State *L, struct lfile *f)
{
    options_push(L, 1, "headers", LUA_TTABLE);
    int headers = lua_gettop(L);
    if (lua_isnil(L, headers)) {
        return;
    }
    lua_pushnil(L);
    while (lua_next(L, headers)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) {
            luaL_error(L, "option `headers`: names and values must be strings");
        }
        size_t name_len = 0, len = 0;
        const char *name = lua_tolstring(L, -2, &name_len);
        const char *value = lua_tolstring(L, -1, &len);
        if (fields_add(&f->part.fields, name, name_len, value, len, &f->error) != BOSA_OK) {
            bind_misuse(L, 1, &f->error);
        }
        lua_pop(L, 1);
    }
}

/* Raises where the content type can't be a field's value. The probe is freed before that. */
static void check_content_type(lua_State *L, struct lfile *f)
{
    struct fields probe = {0};
    const char *type = f->part.content_type;
    if (!type) {
        return;
    }
    enum bosa_status status = fields_add(&probe, "Content-Type", 12, type, strlen(type), &f->error);
    fields_free(&probe);
    if (status != BOSA_OK) {
        bind_misuse(L, 1, &f->error);
    }
}

/* file{path = ...} | file{file = bytes, ...} | file{read = function() return chunk end, size = n}:
 * a file to send. */
static int file_make(lua_State *L)
{
    static const char *const names[] = {"path",     "file",         "read",    "size",
                                        "filename", "content_type", "headers", NULL};
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    luaL_checkstack(L, 20, NULL);
    options_check_names(L, 1, names);
    struct lfile *f = new_file(L);
    read_source(L, f);
    f->part.size = options_int(L, 1, "size", 0, (int64_t)1 << 52, -1);
    options_string(L, 1, "filename", NULL);
    f->part.filename = copy_top(L, NULL);
    options_string(L, 1, "content_type", NULL);
    f->part.content_type = copy_top(L, NULL);
    check_content_type(L, f);
    read_fields(L, f);
    lua_settop(L, 2);
    return 1;
}

void bind_push_received_file(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    struct lfile *f = new_file(L);
    f->received = true;
    lua_pushvalue(L, index);
    bind_keep(L, -2, KEPT_RESPONSE);
}

/* The reply whose sink has the bytes; NULL for a file to send. The response stays on the stack. */
static const struct reply *received(lua_State *L, struct lfile *f)
{
    if (!f->received) {
        return NULL;
    }
    bind_kept(L, 1, KEPT_RESPONSE);
    return &bind_check_response(L, -1)->call->reply;
}

/*
 * Reads up to `cap` bytes from `offset` and pushes them as a string; *got 0 is the end. Pushes no
 * string on failure, whose error is in `f`. The room is a userdata below the string, as pushing
 * that may raise.
 */
static enum bosa_status push_bytes(lua_State *L, struct lfile *f, const struct sink *sink,
                                   uint64_t offset, size_t cap, size_t *got)
{
    char *room = lua_newuserdata(L, cap ? cap : 1);
    size_t filled = 0;
    enum bosa_status status = BOSA_OK;
    while (status == BOSA_OK && filled < cap) {
        size_t n = 0;
        status = sink_read(sink, offset + filled, room + filled, cap - filled, &n, &f->error);
        if (n == 0) {
            break;
        }
        filled += n;
    }
    *got = filled;
    if (status == BOSA_OK) {
        lua_pushlstring(L, room, filled);
    }
    return status;
}

/*
 * file.file: all bytes of a file that came (nil where `output` took them), or that were given. An
 * index has one result, so a read that fails is raised, as an error object.
 */
static int push_content(lua_State *L, struct lfile *f)
{
    const struct reply *reply = received(L, f);
    if (!reply) {
        if (!f->part.bytes) {
            return 0;
        }
        lua_pushlstring(L, f->part.bytes, f->part.len);
        return 1;
    }
    if (reply->sink.kind != SINK_MEMORY) {
        return 0;
    }
    size_t size = (size_t)reply->sink.size, got = 0;
    if (size != reply->sink.size) { /* on 32 bits */
        return bind_nomem(L);
    }
    if (push_bytes(L, f, &reply->sink, 0, size, &got) != BOSA_OK) {
        bind_fail(L, &f->error);
        return lua_error(L);
    }
    return 1;
}

/* Pushes a string; NULL pushes nothing, which Lua takes for nil. */
static int push_text(lua_State *L, const char *text)
{
    if (!text) {
        return 0;
    }
    lua_pushstring(L, text);
    return 1;
}

/* The size of the file at a path; below 0: none that is known. A FIFO is not opened: its writer
 * would notice. */
static int64_t path_size(struct lfile *f)
{
    struct stat st;
    int64_t size = FILEIO_UNKNOWN;
    int fd = -1;
    if (stat(f->part.path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return size;
    }
    if (fileio_open(f->part.path, &fd, &size, &f->error) != BOSA_OK) {
        error_clear(&f->error);
        return (int64_t)st.st_size;
    }
    close(fd);
    return size;
}

/* Pushes the size in bytes; nothing where it isn't known, as of a `read` without `size`. */
static int push_size(lua_State *L, struct lfile *f, const struct reply *reply)
{
    int64_t size = f->part.path ? path_size(f) : f->part.size;
    if (reply) {
        lua_pushnumber(L, (lua_Number)reply->sink.size);
    } else if (f->part.bytes) {
        lua_pushnumber(L, (lua_Number)f->part.len);
    } else if (size >= 0) {
        lua_pushnumber(L, (lua_Number)size);
    } else {
        return 0;
    }
#if !COMPAT_LOSSY_INTEGERS
    lua_pushinteger(L, (lua_Integer)lua_tonumber(L, -1));
#endif
    return 1;
}

/*
 * Pushes the header fields as a table. Of a file that came they are the response's, which
 * received() left on top.
 */
static int push_headers(lua_State *L, const struct lfile *f, const struct reply *reply)
{
    if (reply) {
        lua_getfield(L, -1, "headers");
        return 1;
    }
    const struct fields *fields = &f->part.fields;
    lua_createtable(L, 0, (int)fields->count);
    for (size_t i = 0; i < fields->count; i++) {
        lua_pushlstring(L, fields->list[i].value, fields->list[i].value_len);
        lua_setfield(L, -2, fields->list[i].name);
    }
    return 1;
}

/*
 * file[key]: a method (the upvalue has them), or file, filename, content_type, headers, size.
 * Raises for a key that is no string, and for a received file whose response was finalized.
 */
static int file_index(lua_State *L)
{
    struct lfile *f = check(L);
    const char *name = luaL_checkstring(L, 2);
    lua_pushvalue(L, 2);
    lua_gettable(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1)) {
        return 1;
    }
    if (strcmp(name, "file") == 0) {
        return push_content(L, f);
    }
    const struct reply *reply = received(L, f);
    if (strcmp(name, "filename") == 0) {
        return push_text(L, reply ? reply->filename : f->part.filename);
    }
    if (strcmp(name, "content_type") == 0) {
        return push_text(L,
                         reply ? fields_get(&reply->fields, "Content-Type") : f->part.content_type);
    }
    if (strcmp(name, "size") == 0) {
        return push_size(L, f, reply);
    }
    return strcmp(name, "headers") == 0 ? push_headers(L, f, reply) : 0;
}

static int file_tostring(lua_State *L)
{
    struct lfile *f = check(L);
    const struct reply *reply = received(L, f);
    const char *name = reply ? reply->filename : f->part.filename ? f->part.filename : f->part.path;
    if (push_size(L, f, reply) == 0) {
        lua_pushliteral(L, "?");
    }
    lua_pushfstring(L, "file %s (%s bytes)", name ? name : "without a name", lua_tostring(L, -1));
    return 1;
}

/*
 * The sink of a file that came and is held, with its response on the stack; NULL: the error is
 * filled.
 */
static const struct sink *held(lua_State *L, struct lfile *f)
{
    const struct reply *reply = received(L, f);
    if (reply && reply->sink.kind == SINK_MEMORY) {
        return &reply->sink;
    }
    error_set(&f->error, BOSA_FILE,
              reply ? "the file went to `output`, it is not held here"
                    : "this is a file to send, not one that came");
    return NULL;
}

/* file:save(path) -> path | nil, err: whole or not at all. */
static int file_save(lua_State *L)
{
    struct lfile *f = check(L);
    const char *path = bind_check_path(L, 2);
    const struct sink *sink = held(L, f);
    if (!sink || sink_save(sink, path, &f->error) != BOSA_OK) {
        return bind_fail(L, &f->error);
    }
    lua_pushvalue(L, 2);
    return 1;
}

/*
 * Moves an owned string to the Lua stack. It is the userdata's meanwhile, in a field that nobody
 * needs, and so is freed also when Lua has no memory for it.
 */
static int push_owned(lua_State *L, struct lfile *f, char *text)
{
    mem_free(f->error.cause);
    f->error.cause = text;
    lua_pushstring(L, text);
    error_clear(&f->error);
    return 1;
}

/* file:save_in(dir) -> path | nil, err: under a safe form of the server's name, never over another
 * file. */
static int file_save_in(lua_State *L)
{
    struct lfile *f = check(L);
    const char *dir = bind_check_path(L, 2);
    const struct sink *sink = held(L, f);
    if (!sink) {
        return bind_fail(L, &f->error);
    }
    const struct reply *reply = received(L, f);
    char *name = http_safe_filename(reply->filename ? reply->filename : "");
    if (!name) {
        return bind_nomem(L);
    }
    char *saved = NULL;
    enum bosa_status status = sink_save_in(sink, dir, name, &saved, &f->error);
    mem_free(name);
    if (status == BOSA_OK) {
        return push_owned(L, f, saved);
    }
    const struct call *call = bind_check_response(L, -1)->call; /* received left it there */
    error_redact_hub(&f->error, call->hub, call->invocation ? call->invocation->token : NULL);
    return bind_fail(L, &f->error);
}

/* file:_read(offset, size) -> bytes | nil (the end) | nil, err */
static int file_read(lua_State *L)
{
    struct lfile *f = check(L);
    lua_Number offset = luaL_checknumber(L, 2);
    lua_Number size = luaL_optnumber(L, 3, DEFAULT_CHUNK);
    luaL_argcheck(L, offset >= 0 && offset < 9e15, 2, "an offset expected");
    luaL_argcheck(L, size >= 1 && size <= BIND_MAX_CHUNK, 3, "a size expected");
    const struct sink *sink = held(L, f);
    size_t got = 0;
    if (!sink || push_bytes(L, f, sink, (uint64_t)offset, (size_t)size, &got) != BOSA_OK) {
        return bind_fail(L, &f->error);
    }
    return got > 0;
}

void bind_open_file(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", file_gc}, {"__tostring", file_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"save", file_save}, {"save_in", file_save_in}, {"_read", file_read}, {NULL, NULL}};
    bind_class(L, FILE_CLASS, meta, methods);
    compat_get_registered(L, FILE_CLASS);
    lua_getfield(L, -1, "methods");
    lua_pushcclosure(L, file_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, file_make);
    lua_setfield(L, -2, "file");
}
