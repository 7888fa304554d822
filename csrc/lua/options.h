/*
 * options: reading a table of named options, so that every mistake is named at the caller's line.
 */
#ifndef BOSA_LUA_OPTIONS_H
#define BOSA_LUA_OPTIONS_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_MAX_SECONDS 1e9 /* longer times are refused: surely not seconds */

/* Raises unless every key of the table at `index` is in the NULL-terminated list, naming the
 * nearest. */
void options_check_names(lua_State *L, int index, const char *const *names);

/*
 * Each reads one option and leaves its value on the stack, so that a string stays alive; nil gives
 * `fallback`. Another type, a number out of range: raises "option `name` ...".
 */
const char *options_string(lua_State *L, int index, const char *name, const char *fallback);
bool options_bool(lua_State *L, int index, const char *name, bool fallback);
int64_t options_int(lua_State *L, int index, const char *name, int64_t min, int64_t max,
                    int64_t fallback);

/* Seconds (fractions allowed) as milliseconds, at least 1; `false` is 0: no limit. */
int64_t options_ms(lua_State *L, int index, const char *name, int64_t fallback);

/* Pushes the option if it is nil or of Lua type `type`; else raises. */
void options_push(lua_State *L, int index, const char *name, int type);

/* The value at `arg` as milliseconds, as options_ms; nil is 0. Raises an argument error. */
int64_t options_check_ms(lua_State *L, int arg);

#endif
