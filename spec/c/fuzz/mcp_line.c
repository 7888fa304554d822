/*
 * A line that a client of the Model Context Protocol writes, after a greeting of either kind:
 * whatever it is, the server responses with JSON or not at all, and never raises.
 */
#include "lua_script.h"

static const char script[] =
    "local bosa, mcp = require 'bosa', require 'bosa.mcp'\n"
    "local action = { method = 'POST', path = '/connectors/made/run', docstring = 'Runs.',\n"
    "  response = { type = 'any' }, parameters = { request = { schema = { type = 'object',\n"
    "  properties = { x = { anyOf = { { type = 'string' }, { type = 'null' } } } } } } } }\n"
    "local hub = assert(bosa.new{ api_base_url = 'http://127.0.0.1:1', api_key = 'k', token = "
    "'t',\n"
    "  snapshot = { made = { run = action } }, transport = function()\n"
    "    return { status = 200, headers = { ['Content-Type'] = 'application/json' }, body = "
    "'{\"data\":1}' }\n"
    "  end })\n"
    "local function send(message)\n"
    "  local text = type(message) == 'string' and message or assert(bosa.json.encode(message))\n"
    "  assert(bosa.json.decode(text))\n"
    "end\n"
    "local greeting = "
    "'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":'\n"
    "  .. "
    "'\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"f\",\"version\":\"1\"}}}'\n"
    "return function(bytes)\n"
    "  local server = mcp.new{ hub = hub, connectors = { 'made' }, send = send }\n"
    "  if #bytes % 2 == 0 then server:receive(greeting) end\n"
    "  for line in bytes:gmatch('[^\\n]+') do server:receive(line) end\n"
    "end\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    L = L ? L : script_open(script);
    script_run(L, data, size);
    return 0;
}
