/*
 * Values between Lua and JSON: the classes of arrays and objects, null, and json.encode and
 * json.decode.
 */
#include "values.h"
#include "options.h"

#include "bind.h"

#include "base/mem.h"

#include <string.h>

/* Of memory that decode, and encode, keep for the next call. */
#define KEPT_BYTES ((size_t)16 << 20)
#define SECRET_BYTES ((size_t)1 << 20) /* a text that is larger is no saved session */
#define FIRST_BYTES 4096 /* of a box's text: it moves, and leaves a copy, past these */

/* ---- the module's part ---- */

/*
 * Sets the metatable of this name on the table at 1, or on a new one, and returns it. Another
 * metatable that the table had is lost.
 */
static int mark(lua_State *L, const char *metatable)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    luaL_getmetatable(L, metatable);
    lua_setmetatable(L, 1);
    return 1;
}

/* array(t?): marks a table as a JSON array (an empty one needs it) and returns it. */
static int values_array(lua_State *L)
{
    return mark(L, ARRAY_MT);
}

/* object(t?): marks a table as a JSON object and returns it. */
static int values_object(lua_State *L)
{
    return mark(L, OBJECT_MT);
}

/* A document in Lua's care, for functions that may raise halfway. */
struct ldoc {
    struct json_doc doc;
    struct buf out;
    size_t given; /* bytes of the text that is decoded */
    struct bosa_error error;
};

/* Wipes what was read and written: it may be a saved session. */
static void wipe(struct ldoc *box)
{
    size_t read = box->given > box->doc.text_len ? box->given : box->doc.text_len;
    if (read <= SECRET_BYTES && read <= box->doc.text_cap) {
        mem_wipe(box->doc.text, read);
    }
    if (box->out.len <= SECRET_BYTES) {
        mem_wipe(box->out.data, box->out.len);
    }
    box->given = 0;
}

/*
 * For a box whose call failed or raised, and for the end of the state: most boxes go back to their
 * closure.
 */
static int ldoc_gc(lua_State *L)
{
    struct ldoc *box = luaL_checkudata(L, 1, "bosa.doc");
    wipe(box);
    json_free(&box->doc);
    buf_free(&box->out);
    error_clear(&box->error);
    return 0;
}

/* Pushes the box that is kept between calls; a new one where that is in use. */
static struct ldoc *take_box(lua_State *L)
{
    struct ldoc *box = bind_take_spare(L);
    if (box) {
        return box;
    }
    box = lua_newuserdata(L, sizeof *box);
    json_init(&box->doc);
    buf_init(&box->out);
    box->given = 0;
    error_init(&box->error);
    luaL_getmetatable(L, "bosa.doc");
    lua_setmetatable(L, -2);
    return box;
}

/*
 * Gives back the box at `index`, emptied. Memory past KEPT_BYTES is not held on to. Not called
 * after a failure: that box is garbage, and the next call makes another.
 */
static void give_box(lua_State *L, int index, struct ldoc *box)
{
    wipe(box);
    if (box->doc.cap * sizeof *box->doc.nodes + box->doc.text_cap > KEPT_BYTES) {
        json_free(&box->doc);
    }
    if (box->out.cap > KEPT_BYTES) {
        buf_free(&box->out);
    }
    json_clear(&box->doc);
    buf_clear(&box->out);
    bind_give_spare(L, index);
}

/* The names stand in the order of enum int_mode. */
static enum int_mode check_mode(lua_State *L, int arg)
{
    static const char *const names[] = {"string", "cdata", "number", NULL};
    return (enum int_mode)luaL_checkoption(L, arg, "string", names);
}

/*
 * json.decode(text, int64?, lenient?) -> value | nil, err. `lenient`: what a server or a model
 * wrote, where half a surrogate pair and bytes that are no UTF-8 are read as U+FFFD. The parser
 * changes its text in place, so it gets a copy; text and nodes are the box's when making the tables
 * raises.
 */
static int values_decode(lua_State *L)
{
    size_t len = 0;
    const char *text = bind_check_string(L, 1, &len);
    enum int_mode mode = check_mode(L, 2);
    bool lenient = lua_toboolean(L, 3);
    lua_settop(L, 2);
    struct ldoc *box = take_box(L);
    char *copy = json_room(&box->doc, len);
    if (!copy) {
        return bind_nomem(L);
    }
    memcpy(copy, text, len);
    box->given = len;
    enum bosa_status status = lenient ? json_parse_lenient(&box->doc, copy, len, &box->error)
                                      : json_parse(&box->doc, copy, len, &box->error);
    if (status != BOSA_OK) {
        return bind_fail(L, &box->error);
    }
    values_push(L, &box->doc, 0, mode, 0);
    give_box(L, 3, box);
    return 1;
}

/* The layout that the options at `arg` ask for; none is one line in the tables' own order. */
static struct json_layout check_layout(lua_State *L, int arg)
{
    static const char *const names[] = {"sorted", "indent", NULL};
    struct json_layout how = {false, 0};
    if (lua_isnoneornil(L, arg)) {
        return how;
    }
    luaL_checktype(L, arg, LUA_TTABLE);
    options_check_names(L, arg, names);
    how.sorted = options_bool(L, arg, "sorted", false);
    how.indent = (unsigned)options_int(L, arg, "indent", 0, JSON_MAX_INDENT, 0);
    return how;
}

/*
 * Writes the value at 1 to the box's text; nil is null. Without a layout no document is made. With
 * one it is needed, as names are sorted before they are written.
 */
static enum bosa_status write_value(lua_State *L, struct ldoc *box, const struct json_layout *how)
{
    if (!how->sorted && !how->indent) {
        struct values_reader reader = {.text = &box->out, .error = &box->error};
        return values_write(L, 1, &reader);
    }
    struct values_reader reader = {.doc = &box->doc, .error = &box->error};
    if (lua_isnil(L, 1)) {
        json_add_null(&box->doc);
    }
    enum bosa_status status = lua_isnil(L, 1) ? BOSA_OK : values_read(L, 1, &reader);
    if (status != BOSA_OK) {
        return status;
    }
    if (box->doc.failed) {
        return error_nomem(&box->error);
    }
    return json_write_layout(&box->out, &box->doc, 0, how, &box->error);
}

/*
 * json.encode(value, { sorted =, indent = }?) -> text | nil, err. Fails for what JSON can't say,
 * with its path. Raises for an option that is wrong.
 */
static int values_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 2);
    struct json_layout how = check_layout(L, 2);
    lua_settop(L, 2);
    struct ldoc *box = take_box(L);
    if (!buf_reserve(&box->out, FIRST_BYTES)) {
        return bind_nomem(L);
    }
    enum bosa_status status = write_value(L, box, &how);
    if (status != BOSA_OK) {
        box->error.kind = status;
        return bind_fail(L, &box->error);
    }
    lua_pushlstring(L, box->out.data, box->out.len);
    give_box(L, 3, box);
    return 1;
}

/* set_to_cdata(f): how INT_CDATA makes its values; from Lua, since only there is ffi. */
static int values_set_to_cdata(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, TO_CDATA);
    return 0;
}

/* Makes a metatable that only marks a table. From Lua 5.3 on messages call the table by __name. */
static void named_metatable(lua_State *L, const char *name)
{
    luaL_newmetatable(L, name);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_pop(L, 1);
}

/* Sets a field of the table on top to a function that keeps a box. */
static void set_boxed(lua_State *L, const char *name, lua_CFunction function)
{
    lua_pushnil(L);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

/* ---- null ---- */

static const char null_key; /* its address is the registry's key of bosa.null, where that is no
                               light userdata */

/*
 * Kept in the registry where it is no light userdata, since that is decided once, when the module
 * is opened.
 */
void values_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&null_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushlightuserdata(L, NULL);
    }
}

/* Pushes the field `name` of the global table `library`, nil where there is none; raw, as a library
 * may load parts of itself when they are asked for. */
static void push_field(lua_State *L, const char *library, const char *name)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_pushliteral(L, "_G");
    lua_rawget(L, -2);
    lua_remove(L, -2);
    for (int i = 0; i < 2; i++) {
        if (!lua_istable(L, -1)) {
            lua_pop(L, 1);
            lua_pushnil(L);
            return;
        }
        lua_pushstring(L, i == 0 ? library : name);
        lua_rawget(L, -2);
        lua_remove(L, -2);
    }
}

/*
 * Neither loads the library nor runs its metamethods: a host that has not loaded it has no such
 * value.
 */
bool values_is_field(lua_State *L, int index, const char *library, const char *name)
{
    index = lua_absindex(L, index);
    push_field(L, library, name);
    bool same = !lua_isnil(L, -1) && lua_rawequal(L, -1, index);
    lua_pop(L, 1);
    return same;
}

/* The table is weak: a value that nobody holds any more is forgotten. */
void values_add_null(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    lua_getfield(L, LUA_REGISTRYINDEX, NULLS);
    lua_pushvalue(L, index);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

bool values_is_null(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    lua_getfield(L, LUA_REGISTRYINDEX, NULLS);
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    bool known = lua_toboolean(L, -1);
    lua_pop(L, 2);
    return known || values_is_field(L, index, "vim", "NIL") ||
           values_is_field(L, index, "ngx", "null");
}

/* is_null(value) -> whether it is taken for null wherever a value is sent */
static int values_is_null_(lua_State *L)
{
    luaL_checkany(L, 1);
    bool plain = lua_islightuserdata(L, 1) && !lua_touserdata(L, 1);
    lua_pushboolean(L, plain || values_is_null(L, 1));
    return 1;
}

/* Chooses bosa.null, and pushes it. */
static void open_null(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, NULLS);
    push_field(L, "vim", "NIL");
    if (lua_type(L, -1) == LUA_TUSERDATA) {
        lua_pushlightuserdata(L, (void *)&null_key);
        lua_insert(L, -2);
        lua_rawset(L, LUA_REGISTRYINDEX);
    } else {
        lua_pop(L, 1);
    }
    values_push_null(L);
}

void values_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"array", values_array},
                                         {"object", values_object},
                                         {"is_null", values_is_null_},
                                         {"set_to_cdata", values_set_to_cdata},
                                         {NULL, NULL}};
    named_metatable(L, ARRAY_MT);
    named_metatable(L, OBJECT_MT);
    bind_plain_class(L, "bosa.doc", ldoc_gc, NULL);
    compat_setfuncs(L, functions);
    lua_newtable(L);
    set_boxed(L, "decode", values_decode);
    set_boxed(L, "encode", values_encode);
    lua_setfield(L, -2, "json");
    open_null(L);
    lua_setfield(L, -2, "null");
}
