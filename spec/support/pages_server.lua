--- pages_server.lua: a BOSA server whose one action, list of `made`, gives the pages that a spec has written: `dir` is
-- the directory of its files, and `cursor` the name of the file that is the response's body, 1 the first. A page that
-- isn't there is the server's fault. Runs on Lua 5.4 with luv, prints "listening URL" and ends with its standard input.
local http_server = require("spec.support.http_server")

local SCHEMAS = [[{"made":{"list":{"method":"POST","path":"/connectors/made/list","docstring":"Pages.","parameters":
{"request":{"schema":{"type":"object","properties":{"dir":{"type":"string"},"cursor":{"type":"string"}},
"required":["dir"]}}},"response":{"type":"array"}}}}]]
local FAULT = '{"error":{"message":"this page is lost"}}'

--- The body of a page; nil: it isn't there.
local function page(body)
  local file = io.open(("%s/%s"):format(body:match('"dir":"([^"]+)"'), body:match('"cursor":"(%w+)"') or "1"), "rb")
  local text = file and file:read("a")
  if file then file:close() end
  return text
end

http_server.run(function(method, target, _, body)
  local text = SCHEMAS
  if method == "POST" then
    text = page(body)
  elseif target == "/connectors/names" then
    text = '["made"]'
  end
  return http_server.response(text and 200 or 500, text or FAULT, "Content-Type: application/json\r\n")
end)
