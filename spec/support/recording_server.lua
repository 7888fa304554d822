--- recording_server.lua: a BOSA server that notes every request. Runs on Lua 5.4 with luv, prints "listening URL" and
-- ends with its standard input. Its one connector is `made` with the action `run`, a list of two pages.
--
-- GET /requests gives what came since it was last asked, as "METHOD target traceparent" in lines ("-": none).
local uv = require("luv")

local PROPERTIES = '{"page":{"type":"integer"},"text":{"type":"string"}}'
local SCHEMAS = '{"made":{"run":{"method":"POST","path":"/connectors/made/run","parameters":{"request":{"schema":'
  .. '{"type":"object","properties":' .. PROPERTIES .. '}}},"response":{"type":"any"}}}}'

local routes = {
  { "GET /connectors/%?modules=made$", SCHEMAS },
  { "GET /connectors/names$", '["made"]' },
  { "GET /users/me$", '{"data":{"id":"1","identifier":"me","integrations":[]}}' },
  { "GET /connectors/made/integration%-exists$", '{"data":{"has_integration":true}}' },
}

local requests = {}

local function answer(method, target, head, body)
  if target == "/requests" then
    local text = table.concat(requests, "\n")
    requests = {}
    return 200, text
  end
  requests[#requests + 1] = ("%s %s %s"):format(method, target, head:match("\r\n[Tt]raceparent: ([^\r]+)") or "-")
  if target == "/connectors/made/run" then
    local second = body:find('"page":2', 1, true) ~= nil
    return 200, ('{"data":[1],"meta":{"page":%d,"has_next":%s}}'):format(second and 2 or 1, tostring(not second))
  end
  for _, route in ipairs(routes) do
    if (method .. " " .. target):find(route[1]) then return 200, route[2] end
  end
  return 404, '{"detail":"Not Found"}'
end

local function serve(server)
  local client, text = uv.new_tcp(), ""
  server:accept(client)
  client:read_start(function(err, bytes)
    if err or not bytes then return client:is_closing() or client:close() end
    text = text .. bytes
    local head, body = text:match("^(.-\r\n)\r\n(.*)$")
    local length = head and tonumber(head:lower():match("\r\ncontent%-length: (%d+)") or 0)
    if not head or #body < length or client:is_closing() then return end
    local method, target = head:match("^(%u+) (%S+)")
    client:read_stop()
    local status, answered = answer(method, target, head, body)
    local fields = "Content-Type: application/json\r\nConnection: close\r\n"
    client:write(("HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s"):format(status, fields, #answered, answered),
      function() client:close() end)
  end)
end

local server = uv.new_tcp()
assert(server:bind("127.0.0.1", 0))
server:listen(16, function() serve(server) end)
io.stdout:write("listening http://127.0.0.1:", server:getsockname().port, "\n")
io.stdout:flush()
local input = uv.new_pipe(false)
input:open(0)
input:read_start(function(err, bytes)
  if err or not bytes then uv.stop() end
end)
uv.run()
