--- recording_server.lua: a BOSA server that notes every request. Runs as spec.support.http_server says. Its one
-- connector is `made` with the actions `run`, a list of two pages, and `send`, which takes files.
--
-- GET /requests gives what came since it was last asked, as "METHOD target traceparent" in lines ("-": none).
local http_server = require("spec.support.http_server")

local PROPERTIES = '{"page":{"type":"integer"},"text":{"type":"string"}}'
local SCHEMAS = '{"made":{"run":{"method":"POST","path":"/connectors/made/run","parameters":{"request":{"schema":'
  .. '{"type":"object","properties":' .. PROPERTIES .. '}}},"response":{"type":"any"}},'
  .. '"send":{"method":"POST","path":"/connectors/made/send","parameters":{"request":{"schema":{"type":"object",'
  .. '"properties":{"files":{"type":"array","items":{"type":"string","format":"binary"}}},"required":["files"]}}},'
  .. '"response":{"type":"any"}}}}'

local routes = {
  { "GET /connectors/%?modules=made$", SCHEMAS },
  { "GET /connectors/names$", '["made"]' },
  { "GET /users/me$", '{"data":{"id":"1","identifier":"me","integrations":[]}}' },
  { "GET /connectors/made/integration%-exists$", '{"data":{"has_integration":true}}' },
  { "GET /connectors/made/auth%-schema$", '{"data":{"supported_auth_types":[{"type":"custom","config":{"type":"object",'
    .. '"properties":{"password":{"enum":["a"]},"pin":{"type":"integer","format":"password","maximum":9},'
    .. '"keys":{"type":"array","items":{"format":"password","enum":["a"]}},"name":{"enum":["a"]}}}}]}}' },
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

http_server.run(function(...)
  local status, answered = answer(...)
  return http_server.response(status, answered, "Content-Type: application/json\r\n")
end)
