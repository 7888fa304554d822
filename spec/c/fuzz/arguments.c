/*
 * Words of a command line that stand for parameters, one a line: values that can be written as
 * JSON, or an error of kind "params". Words that name files, and those that are no UTF-8,
 * are left out.
 */
#include "lua_script.h"

static const char script[] =
    "local json, params = require('bosa').json, require 'bosa.cli.params'\n"
    "local known = {\n"
    "  { name = 'text', type = 'string' }, { name = 'count', type = 'integer' },\n"
    "  { name = 'ratio', type = 'number | null' }, { name = 'on', type = 'boolean' },\n"
    "  { name = 'list', type = 'array of integer' }, { name = 'deep', type = 'object' },\n"
    "  { name = 'deep.a', type = 'string' }, { name = 'many', type = 'array of object' },\n"
    "  { name = 'many.b', type = 'integer' }, { name = 'file', type = 'file' } }\n"
    "return function(bytes)\n"
    "  local words = {}\n"
    "  for word in bytes:gmatch('[^\\n]+') do\n"
    "    if utf8.len(word) and not word:find('@', 1, true) then words[#words + 1] = word end\n"
    "  end\n"
    "  local values, err = params.read(words, known)\n"
    "  assert(values and json.encode(values) or (err and err.kind == 'params'))\n"
    "end\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    L = L ? L : script_open(script);
    script_run(L, data, size);
    return 0;
}
