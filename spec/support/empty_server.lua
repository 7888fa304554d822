--- empty_server.lua: a BOSA server that has nothing: its lists are empty, and its one connector `bare`, which is named
-- only to those who ask for it, has no actions. Runs on Lua 5.4 with luv, prints "listening URL" and ends with its
-- standard input.
local http_server = require("spec.support.http_server")

-- path, as a pattern, to the body of a response
local ROUTES = {
  { "^/connectors/names$", "[]" },
  { "^/connectors/%?modules=bare$", '{"bare":{}}' },
  { "^/users/me$", '{"data":{"id":"1","identifier":"me","integrations":[]}}' },
  { "^/catalog/search%?q=off", '{"query":"off","backend":null,"tools":[],"mcp":[],"skills":[]}' },
  { "^/catalog/search", '{"query":"x","backend":{"model":"m"},"tools":[],"mcp":[],"skills":[]}' },
  { "^/catalog/", '{"items":[],"meta":{"total":0}}' },
  { "^/api/skills", '{"items":[],"meta":{"total":0}}' },
}

http_server.run(function(_, target)
  for _, route in ipairs(ROUTES) do
    if target:find(route[1]) then
      return http_server.response(200, route[2], "Content-Type: application/json\r\n")
    end
  end
  return http_server.response(404, '{"error":{"message":"not found"}}', "Content-Type: application/json\r\n")
end)
