/*
 * Lua values to a document, or straight to JSON text. Called when a call takes its snapshot, and by
 * json.encode; what no JSON can hold is an error with its place. It reads raw: of the value's
 * metamethods only a cdata's tostring runs. Whatever it fills is owned by a userdata, so a raise
 * halfway leaks nothing.
 */
#include "base/mem.h"
#include "base/text.h"
#include "bind.h"
#include "values.h"
#include "values_put.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LUAJIT_TCDATA 10
#define BIG_DIGITS 16 /* fewer say a number that every VM holds */

/* Where the reader is, for error paths: a chain of stack frames from the value up to the root. */
struct frame {
    const struct frame *up;
    const char *key; /* borrowed from a string on the Lua stack; NULL: `index` counts */
    lua_Integer index;
    int depth;
};

/*
 * Writes "list[2].name" for a place; nothing for the root. Recursion is as deep as the value, which
 * read_table bounds.
 */
static void write_path(struct buf *out, const struct frame *at)
{
    if (!at || !at->up) {
        return;
    }
    write_path(out, at->up);
    if (at->key) {
        buf_adds(out, out->len ? "." : "");
        buf_adds(out, at->key);
    } else {
        buf_addf(out, "[%lld]", (long long)at->index);
    }
}

/* Sets the error for a value that can't be sent: "`path`: why". */
static enum bosa_status refuse(struct values_reader *r, const struct frame *at, const char *why)
{
    struct buf path;
    buf_init(&path);
    write_path(&path, at);
    buf_addc(&path, '\0');
    enum bosa_status status;
    if (path.failed) {
        status = error_nomem(r->error);
    } else if (path.len == 1) {
        status = error_set(r->error, BOSA_PARAMS, "%s", why);
    } else {
        status = error_set(r->error, BOSA_PARAMS, "`%s`: %s", path.data, why);
    }
    buf_free(&path);
    return status;
}

static enum bosa_status read_value(lua_State *L, int index, struct values_reader *r,
                                   const struct frame *at);

/*
 * Bytes that are no UTF-8 are refused, never repaired: what is sent is what the program said. A
 * string of digits is noted where the VM has no number for it, so that a schema may take it for an
 * integer.
 */
static inline enum bosa_status read_string(lua_State *L, int index, struct values_reader *r,
                                           const struct frame *at);

/* read_value of what is a string, more often than not. */
static inline enum bosa_status read_item(lua_State *L, int index, struct values_reader *r,
                                         const struct frame *at)
{
    return lua_type(L, index) == LUA_TSTRING ? read_string(L, index, r, at)
                                             : read_value(L, index, r, at);
}

/* Number of entries of a table, counted no further than `limit` + 1. Leaves the stack as it was. */
static size_t entries(lua_State *L, int index, size_t limit)
{
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (++count > limit) {
            lua_pop(L, 1);
            return count;
        }
    }
    return count;
}

/*
 * Reads elements in the order in which the table gives them, as long as their keys are 1, 2, 3, ...
 * For nearly every list they all are, and then nothing else is in the table. *done says how many
 * were read, *all whether there were no others.
 */
static enum bosa_status read_in_order(lua_State *L, int index, struct values_reader *r,
                                      struct frame *frame, size_t *done, bool *all)
{
    int key = lua_gettop(L) + 1;
    *all = true;
    lua_pushnil(L);
    while (*all && lua_next(L, index)) {
        enum bosa_status status = BOSA_OK;
        frame->index = (lua_Integer)*done + 1;
        if (lua_type(L, key) == LUA_TNUMBER && lua_tonumber(L, key) == (lua_Number)frame->index) {
            status = read_item(L, key + 1, r, frame);
            ++*done;
        } else {
            *all = false;
        }
        if (status != BOSA_OK) {
            return status;
        }
        lua_settop(L, key);
    }
    lua_settop(L, key - 1);
    return BOSA_OK;
}

/* Refuses the list of which `hole` is the element that is nil. */
static enum bosa_status refuse_hole(struct values_reader *r, const struct frame *hole)
{
    char why[64];
    snprintf(why, sizeof why, "not a sequence: index %lld is nil", (long long)hole->index);
    return refuse(r, hole->up, why);
}

/* Elements `done` + 1 to `len`, where the table's own order is another; holes are refused. */
static enum bosa_status read_the_rest(lua_State *L, int index, size_t done, size_t len,
                                      struct values_reader *r, struct frame *frame)
{
    for (size_t i = done + 1; i <= len; i++) {
        frame->index = (lua_Integer)i;
        lua_rawgeti(L, index, (int)i);
        enum bosa_status status =
            lua_isnil(L, -1) ? refuse_hole(r, frame) : read_value(L, lua_gettop(L), r, frame);
        lua_pop(L, 1);
        if (status != BOSA_OK) {
            return status;
        }
    }
    return BOSA_OK;
}

/*
 * Refuses a list that has more than its elements. Keys past the first element that is nil are
 * elements, too, to whoever wrote them; where the list ends then is the VM's own choice.
 */
static enum bosa_status refuse_keys(lua_State *L, int index, struct values_reader *r,
                                    struct frame *hole)
{
    bool past = false;
    for (hole->index = 1, lua_rawgeti(L, index, 1); !lua_isnil(L, -1);) {
        lua_pop(L, 1);
        lua_rawgeti(L, index, (int)++hole->index);
    }
    while (lua_next(L, index)) { /* the nil is there already */
        lua_pop(L, 1);
        past = past ||
               (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) > (lua_Number)hole->index);
    }
    return past ? refuse_hole(r, hole)
                : refuse(r, hole->up, "a list must have no other keys than 1 to its length");
}

/* A list of `len` elements. Other keys and holes are refused. */
static enum bosa_status read_array(lua_State *L, int index, size_t len, struct values_reader *r,
                                   const struct frame *at)
{
    struct frame frame = {at, NULL, 0, at->depth + 1};
    size_t done = 0;
    bool all = false;
    uint32_t open = put_open(r, JSON_ARRAY);
    enum bosa_status status = read_in_order(L, index, r, &frame, &done, &all);
    if (status == BOSA_OK && !(all && done == len)) {
        if (entries(L, index, len) > len) {
            return refuse_keys(L, index, r, &frame);
        }
        status = read_the_rest(L, index, done, len, r, &frame);
    }
    if (status != BOSA_OK) {
        return status;
    }
    put_close(r, open, JSON_ARRAY, len);
    return put_result(r);
}

/* Adds the key at `index` as a name. A number is one only where the table was marked as an object.
 */
static enum bosa_status read_key(lua_State *L, int index, bool numbers, struct values_reader *r,
                                 const struct frame *at, struct frame *frame)
{
    size_t len = 0;
    int type = lua_type(L, index);
    if (type != LUA_TSTRING) {
        if (type != LUA_TNUMBER || !numbers) {
            return refuse(r, at,
                          type == LUA_TNUMBER
                              ? "a table must be either a list or have names for keys"
                              : "an object's keys must be strings");
        }
        lua_pushvalue(L, index); /* lua_tolstring would change the key itself, and confuse lua_next
                                  */
        index = lua_gettop(L);
    }
    frame->key = lua_tolstring(L, index, &len);
    return put_name(r, frame->key, len) ? BOSA_OK : refuse(r, at, "a name must be UTF-8");
}

/*
 * A table with names. One without entries that isn't `marked` is `either`: it isn't said whether it
 * is a list or an object. A key's text is borrowed from the Lua stack, where it stays until its
 * value was read.
 */
static enum bosa_status read_object(lua_State *L, int index, bool marked, struct values_reader *r,
                                    const struct frame *at)
{
    uint32_t open = put_open(r, JSON_OBJECT);
    size_t count = 0;
    struct frame frame = {at, NULL, 0, at->depth + 1};
    lua_pushnil(L);
    int value = lua_gettop(L) + 1;
    while (lua_next(L, index)) {
        enum bosa_status status = read_key(L, value - 1, marked, r, at, &frame);
        if (status == BOSA_OK) {
            status = read_item(L, value, r, &frame);
        }
        if (status != BOSA_OK) {
            return status;
        }
        lua_settop(L, value - 1);
        count++;
    }
    put_close(r, open, JSON_OBJECT, count);
    if (count == 0 && !marked && !r->text && !r->doc->failed) {
        r->doc->nodes[open].flags |= JSON_F_EITHER;
    }
    return put_result(r);
}

/* Decides between list, object and null, and bounds the depth: a table within itself ends there. */
static enum bosa_status read_table(lua_State *L, int index, struct values_reader *r,
                                   const struct frame *at)
{
    if (at->depth >= JSON_MAX_DEPTH || !lua_checkstack(L, 12)) {
        return refuse(r, NULL, "nested too deep (a table within itself?)");
    }
    if (lua_getmetatable(L, index)) {
        lua_pop(L, 1);
        if (values_is_null(L, index)) {
            put_null(r);
            return BOSA_OK;
        }
    }
    enum values_shape shape = values_shape(L, index);
    size_t len = shape == SHAPE_OBJECT ? 0 : lua_rawlen(L, index);
    if (shape == SHAPE_OBJECT || (shape == SHAPE_UNKNOWN && len == 0)) {
        return read_object(L, index, shape == SHAPE_OBJECT, r, at);
    }
    return len > UINT32_MAX ? refuse(r, at, "too long") : read_array(L, index, len, r, at);
}

/*
 * True for digits (with a sign; BIG_DIGITS bytes at least) that say a whole number which this VM's
 * numbers may not hold.
 */
static bool is_big_digits(const char *text, size_t len)
{
    size_t sign = len > 0 && text[0] == '-';
    size_t digits = len - sign;
    if (digits > 400 || text[sign] == '0') {
        return false;
    }
    for (size_t i = sign; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    if (digits > 19) {
        return true;
    }
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno == ERANGE) {
        return true;
    }
#if COMPAT_LOSSY_INTEGERS
    return value > (long long)JSON_EXACT_DOUBLE || value < -(long long)JSON_EXACT_DOUBLE;
#else
    (void)value;
    return false;
#endif
}

static inline enum bosa_status read_string(lua_State *L, int index, struct values_reader *r,
                                           const struct frame *at)
{
    size_t len = 0;
    const char *text = lua_tolstring(L, index, &len);
    if (len > UINT32_MAX) {
        return refuse(r, at, "too long");
    }
    if (r->text ? !json_write_string(r->text, text, len) : !text_is_utf8(text, len)) {
        return refuse(r, at, "text must be UTF-8 (bytes go as a bosa.file)");
    }
    if (r->text) {
        buf_addc(r->text, ',');
        return BOSA_OK;
    }
    json_add_string(r->doc, text, len);
    if (len >= BIG_DIGITS && !r->doc->failed && is_big_digits(text, len)) {
        r->doc->nodes[r->doc->count - 1].flags |= JSON_F_BIGDIGITS;
    }
    return BOSA_OK;
}

/*
 * On a VM without integers a whole double becomes one, as programs there have nothing else to write
 * it with. Past 2^53 it stays a double: it may have been rounded.
 */
static enum bosa_status read_number(lua_State *L, int index, struct values_reader *r,
                                    const struct frame *at)
{
#if !COMPAT_LOSSY_INTEGERS
    if (lua_isinteger(L, index)) {
        put_int(r, lua_tointeger(L, index));
        return BOSA_OK;
    }
#endif
    double value = lua_tonumber(L, index);
    if (!isfinite(value)) {
        return refuse(r, at, "JSON has no word for infinity or not-a-number");
    }
#if COMPAT_LOSSY_INTEGERS
    if (value == floor(value) && fabs(value) <= JSON_EXACT_DOUBLE) {
        put_int(r, (int64_t)value);
        return BOSA_OK;
    }
#endif
    put_double(r, value);
    return BOSA_OK;
}

/*
 * LuaJIT's int64_t and uint64_t, by what tostring says of them: "12LL", "12ULL". Lua's C API has no
 * other way to a cdata's value. tostring is the program's global, so this may raise.
 */
static enum bosa_status read_cdata(lua_State *L, int index, struct values_reader *r,
                                   const struct frame *at)
{
    lua_getglobal(L, "tostring");
    lua_pushvalue(L, index);
    lua_call(L, 1, 1);
    const char *text = lua_tostring(L, -1);
    char *end = NULL;
    errno = 0;
    bool negative = text && text[0] == '-';
    uint64_t magnitude = text ? strtoull(text + negative, &end, 10) : 0;
    bool is_unsigned = end && strcmp(end, "ULL") == 0;
    bool whole =
        end && end != text + negative && errno == 0 && (is_unsigned || strcmp(end, "LL") == 0);
    lua_pop(L, 1);
    if (!whole) {
        return refuse(r, at, "a cdata other than int64_t and uint64_t can't be sent");
    }
    if (negative) {
        put_int(r, (int64_t)(0 - magnitude));
    } else {
        put_uint(r, magnitude);
    }
    return BOSA_OK;
}

/*
 * Keeps the read function on top as the call's feed of this number, and pops it. Feeds are counted
 * from 0, their table from 1. May raise: the file is in the invocation by then, which is the
 * call's.
 */
static void keep_feed(lua_State *L, int call, uint32_t number)
{
    bind_kept(L, call, KEPT_FEEDS);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        bind_keep(L, call, KEPT_FEEDS);
    }
    lua_insert(L, -2);
    lua_rawseti(L, -2, (int)number + 1);
    lua_pop(L, 1);
}

/*
 * Takes a copy of a file into the invocation, its read function into the feeds. The count grows
 * once the copy is whole, so that the invocation frees no half of one.
 */
static enum bosa_status read_file(lua_State *L, int index, struct lfile *file,
                                  struct values_reader *r, const struct frame *at)
{
    if (!r->invocation) {
        return refuse(r, at, "a file can't be part of JSON");
    }
    if (file->received) {
        return refuse(r, at,
                      "a received file can't be sent; save it, and send bosa.file{path = ...}");
    }
    struct invocation *invocation = r->invocation;
    struct file_part *grown =
        mem_realloc(invocation->files, (invocation->file_count + 1) * sizeof *invocation->files);
    if (!grown) {
        return error_nomem(r->error);
    }
    invocation->files = grown;
    struct file_part *part = &grown[invocation->file_count];
    if (file_part_copy(part, &file->part) != BOSA_OK) {
        return error_nomem(r->error);
    }
    uint32_t number = (uint32_t)invocation->file_count++;
    json_add_file(r->doc, number);
    bind_kept(L, index, KEPT_READ);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return BOSA_OK;
    }
    part->feed = number;
    if (r->call) {
        keep_feed(L, r->call, number);
    } else {
        lua_pop(L, 1);
    }
    return BOSA_OK;
}

/*
 * A light userdata: NULL is null (lua-cjson, cqueues, bosa.null), and so are the hosts' own;
 * lua-cjson's empty_array is a list.
 */
static enum bosa_status read_pointer(lua_State *L, int index, struct values_reader *r,
                                     const struct frame *at)
{
    if (!lua_touserdata(L, index)) {
        put_null(r);
        return BOSA_OK;
    }
    if (values_is_null(L, index)) {
        put_null(r);
        return BOSA_OK;
    }
    lua_pushvalue(L, index);
    if (!values_is_cjson(L, "empty_array")) {
        return refuse(r, at, "a light userdata can't be sent");
    }
    uint32_t open = put_open(r, JSON_ARRAY);
    put_close(r, open, JSON_ARRAY, 0);
    return BOSA_OK;
}

/* A file, or a null that is a full userdata: vim.NIL, or a hub's own. */
static enum bosa_status read_userdata(lua_State *L, int index, struct values_reader *r,
                                      const struct frame *at)
{
    struct lfile *file = bind_test_file(L, index);
    if (file) {
        return read_file(L, index, file, r, at);
    }
    if (values_is_null(L, index)) {
        put_null(r);
        return BOSA_OK;
    }
    return refuse(r, at, "a userdata can't be sent");
}

/*
 * Appends one value of any type. On failure the stack may be higher than before: values_read cuts
 * it.
 */
static enum bosa_status read_value(lua_State *L, int index, struct values_reader *r,
                                   const struct frame *at)
{
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        put_bool(r, lua_toboolean(L, index));
        return BOSA_OK;
    case LUA_TNUMBER:
        return read_number(L, index, r, at);
    case LUA_TSTRING:
        return read_string(L, index, r, at);
    case LUA_TTABLE:
        return read_table(L, index, r, at);
    case LUA_TLIGHTUSERDATA:
        return read_pointer(L, index, r, at);
    case LUA_TUSERDATA:
        return read_userdata(L, index, r, at);
    case LUAJIT_TCDATA:
        return read_cdata(L, index, r, at);
    case LUA_TNIL:
        return refuse(r, at, "nil can't be sent (bosa.null can)");
    default:
        return refuse(r, at,
                      lua_isfunction(L, index) ? "a function can't be sent"
                                               : "a thread can't be sent");
    }
}

/*
 * Restores the stack also after a failure, so that callers need not count. After a raise nobody
 * looks at the document again but its __gc.
 */
enum bosa_status values_read(lua_State *L, int index, struct values_reader *reader)
{
    struct frame root = {NULL, NULL, 0, 0};
    int top = lua_gettop(L);
    luaL_checkstack(L, 8, "JSON too deep");
    enum bosa_status status = read_value(L, lua_absindex(L, index), reader, &root);
    lua_settop(L, top);
    return status == BOSA_OK ? put_result(reader) : status;
}

/* The text ends with the comma that every value has after it; it is taken off. */
enum bosa_status values_write(lua_State *L, int index, struct values_reader *reader)
{
    if (lua_isnil(L, index)) {
        put_null(reader);
    } else {
        enum bosa_status status = values_read(L, index, reader);
        if (status != BOSA_OK) {
            return status;
        }
    }
    if (!reader->text->failed) {
        reader->text->len--; /* the comma */
    }
    return put_result(reader);
}

/* An empty table, which may be either, is an object here. */
enum bosa_status values_read_object(lua_State *L, int index, struct values_reader *reader)
{
    struct json_doc *doc = reader->doc;
    uint32_t at = doc->count;
    if (lua_isnoneornil(L, index)) {
        uint32_t open = json_open(doc, JSON_OBJECT);
        json_close(doc, open, 0);
        return doc->failed ? error_nomem(reader->error) : BOSA_OK;
    }
    enum bosa_status status = values_read(L, index, reader);
    if (status != BOSA_OK) {
        return status;
    }
    if (doc->nodes[at].flags & JSON_F_EITHER) {
        doc->nodes[at].flags = 0;
    }
    if (doc->nodes[at].type != JSON_OBJECT) {
        return error_set(reader->error, BOSA_PARAMS, "parameters must have names, not positions");
    }
    return BOSA_OK;
}
