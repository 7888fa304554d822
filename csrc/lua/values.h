/*
 * values: between Lua values and core documents.
 */
#ifndef BOSA_LUA_VALUES_H
#define BOSA_LUA_VALUES_H

#include "compat.h"
#include "hub/invocation.h"
#include "json/json.h"

/* How an integer comes to Lua that a number of this VM can't hold exactly. */
enum int_mode { INT_STRING, INT_CDATA, INT_NUMBER };

/*
 * Pushes a node as a Lua value. Integers that a number can't hold come as `mode` says; null comes
 * as the value at stack index `null`, 0: as bosa.null; an empty array or object gets the metatable
 * that keeps the two apart. May raise (memory).
 */
void values_push(lua_State *L, const struct json_doc *doc, uint32_t node, enum int_mode mode,
                 int null);

/*
 * bosa.null: lua-cjson's, a light userdata NULL; in Neovim vim.NIL, the only null that its
 * functions take. Pushes it.
 */
void values_push_null(lua_State *L);

/* Has the value at `index` be taken for null from now on, wherever values are read. */
void values_add_null(lua_State *L, int index);

/*
 * True for a null of a host: vim.NIL, ngx.null, or one of values_add_null. Those that are a light
 * userdata NULL, as lua-cjson's and cqueues', need no such question.
 */
bool values_is_null(lua_State *L, int index);

/* True when the value at `index` is the field `name` of the global table `library` (both raw). */
bool values_is_field(lua_State *L, int index, const char *library, const char *name);

/* True when the value on top is the field `name` of a loaded lua-cjson (raw). Pops it. */
bool values_is_cjson(lua_State *L, const char *name);

/*
 * What the table at `index` is by its metatable: a mark of ours, of lua-cjson or of Neovim. Without
 * one, SHAPE_UNKNOWN: then its keys say it.
 */
enum values_shape { SHAPE_UNKNOWN, SHAPE_ARRAY, SHAPE_OBJECT };
enum values_shape values_shape(lua_State *L, int index);

/* Where Lua values are read to. */
struct values_reader {
    struct json_doc *doc; /* what is added to; owned by someone whom __gc finds */
    struct buf *text;     /* not NULL: JSON text is appended here instead; owned likewise */
    struct invocation *invocation; /* takes files; NULL: a file is an error */
    int call; /* with an invocation: the call's absolute index, for files' read functions; 0: nobody
                 is to have those */
    bool odd_name;            /* set where a name in the document is no UTF-8 */
    struct bosa_error *error; /* as `doc` */
};

/*
 * Appends the value at `index`, read raw (no metamethods). BOSA_PARAMS, with the path: a function
 * or another thing that JSON can't say, a table that is neither list nor object, too deep (or
 * within itself), text that is no UTF-8. BOSA_NOMEM. May raise (memory, stack).
 */
enum bosa_status values_read(lua_State *L, int index, struct values_reader *reader);

/*
 * As values_read, to JSON text without a document between: `reader` has a text and no invocation.
 * nil is null.
 */
enum bosa_status values_write(lua_State *L, int index, struct values_reader *reader);

/* As values_read for what must become an object: nil is {}. */
enum bosa_status values_read_object(lua_State *L, int index, struct values_reader *reader);

/* Puts null, array, object, json and the markers' metatables into the module table on top of the
 * stack. */
void values_open(lua_State *L);

/* ---- what the values*.c files share ---- */

#define ARRAY_MT "bosa.array" /* metatables that say which of the two a table is */
#define OBJECT_MT "bosa.object"
#define NULLS "bosa.nulls"       /* registry: weak table of other values that are null */
#define TO_CDATA "bosa.to_cdata" /* registry: function(digits) that hosts with an ffi set */

#endif
