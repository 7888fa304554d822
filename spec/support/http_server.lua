--- The HTTP of a server that a spec has made up: one request a connection, `respond(method, target, head, body)` gives
-- the response's bytes. Runs on Lua 5.4 with luv, prints "listening URL" and ends with its standard input.
local uv = require("luv")

local http_server = {}

--- The bytes of a response.
---@param status integer
---@param body string
---@param fields string header fields, each with its CRLF
---@return string
function http_server.response(status, body, fields)
  return ("HTTP/1.1 %d X\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s"):format(status, fields, #body, body)
end

local function serve(server, respond)
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
    client:write(respond(method, target, head, body), function() client:close() end)
  end)
end

--- Serves until standard input ends.
---@param respond fun(method: string, target: string, head: string, body: string): string
function http_server.run(respond)
  local server = uv.new_tcp()
  assert(server:bind("127.0.0.1", 0))
  server:listen(16, function() serve(server, respond) end)
  io.stdout:write("listening http://127.0.0.1:", server:getsockname().port, "\n")
  io.stdout:flush()
  local input = uv.new_pipe(false)
  input:open(0)
  input:read_start(function(err, bytes)
    if err or not bytes then uv.stop() end
  end)
  uv.run()
end

return http_server
