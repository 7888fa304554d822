--- A transport of a user's own, made by hand over LuaSocket: blocking, without keep-alive, without TLS.

local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")

--- One exchange: `reply | nil, err` as bosa.new{ transport = } asks for.
local function transport(request)
  if request.url:match("^https:") then return nil, { kind = "tls", message = "no TLS here", sent = "no" } end
  local pieces, headers, connected = {}, {}, false
  for name, value in pairs(request.headers) do headers[name] = value end
  headers["Content-Length"] = request.body and tostring(#request.body) or nil
  local ok, status, fields = http.request({
    url = request.url,
    method = request.method,
    headers = headers,
    source = request.body and ltn12.source.string(request.body) or nil,
    sink = ltn12.sink.table(pieces),
    redirect = false,
    create = function()
      local sock = socket.tcp()
      sock:settimeout(request.timeout)
      return setmetatable({ settimeout = function() return 1 end }, { __index = function(_, name)
        return function(_, ...)
          local result = { sock[name](sock, ...) }
          if name == "connect" then connected = result[1] ~= nil end
          return (table.unpack or unpack)(result, 1, 4)
        end
      end })
    end,
  })
  if ok then return { status = status, headers = fields, body = table.concat(pieces) } end
  local kind = (status == "timeout" or status == "wantread") and "timeout" or "connection"
  return nil, { kind = kind, message = tostring(status), sent = connected and "maybe" or "no" }
end

return transport
