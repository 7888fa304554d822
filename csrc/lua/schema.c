/*
 * schema: JSON Schema for Lua: a compiled schema checks any value. For what isn't an action's
 * parameters, which calls check by themselves: results that were promised to a client.
 */
#include "bind.h"

#include "schema/schema.h"

static const char schema_class[] = "bosa.schema";
#define SCHEMA_CLASS schema_class

struct lschema {
    struct json_doc doc; /* the schema's text; what is compiled borrows from it */
    struct schema *schema;
    struct bosa_error error; /* scratch */
};

/*
 * A schema that was finalized may still be reached by another finalizer: `schema` is NULL for
 * check, which then raises.
 */
static int schema_gc(lua_State *L)
{
    struct lschema *s = bind_check_class(L, 1, SCHEMA_CLASS);
    schema_free(s->schema);
    s->schema = NULL;
    json_free(&s->doc);
    error_clear(&s->error);
    return 0;
}

/* Reads the value at `index` into a document; false: the error is set. */
static bool read_value(lua_State *L, int index, struct json_doc *doc, struct bosa_error *error)
{
    struct values_reader reader = {.doc = doc, .error = error};
    enum bosa_status status = values_read(L, index, &reader);
    error->kind = status;
    return status == BOSA_OK;
}

/* schema(value) -> schema | nil, err: compiles JSON Schema that is a table. */
static int schema_make(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct lschema *s = bind_new(L, sizeof *s, SCHEMA_CLASS, KEPT_FEW);
    json_init(&s->doc);
    error_init(&s->error);
    if (!read_value(L, 1, &s->doc, &s->error) ||
        schema_compile(&s->schema, &s->doc, 0, &s->error) != BOSA_OK) {
        return bind_fail(L, &s->error);
    }
    return 1;
}

/*
 * schema:check(value) -> true | nil, err: err.details names every validation error with its path.
 * The value is read into a document in Lua's care, since reading a table may raise.
 */
static int schema_check_value(lua_State *L)
{
    struct lschema *s = bind_check_class(L, 1, SCHEMA_CLASS);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    luaL_argcheck(L, s->schema, 1, "a schema expected");
    struct json_doc *doc = bind_push_nodes(L);
    if (!read_value(L, 2, doc, &s->error) ||
        schema_check(s->schema, doc, 0, 0, "property", &s->error) != BOSA_OK) {
        return bind_fail(L, &s->error);
    }
    lua_pushboolean(L, true);
    return 1;
}

void bind_open_schema(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", schema_gc}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"check", schema_check_value}, {NULL, NULL}};
    bind_class(L, SCHEMA_CLASS, meta, methods);
    lua_pushcfunction(L, schema_make);
    lua_setfield(L, -2, "schema");
}
