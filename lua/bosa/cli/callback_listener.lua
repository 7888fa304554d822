--- Where the browser comes back to: an HTTP listener on loopback that waits for a request for each account.
--
-- Each path holds a random word, so that a request that wasn't sent there by the server doesn't count.

local core = require("bosa.core")
local uv = require("luv")

local listener = {}

local MAX_REQUEST = 16384 -- bytes of a request's head
local PAGE = "<!doctype html><meta charset=utf-8><title>bosa</title><p>%s You can close this window.\n"

local function random_word()
  return (assert(uv.random(16)):gsub(".", function(char) return ("%02x"):format(char:byte()) end))
end

local function respond(client, status, text)
  local page = PAGE:format(text)
  local head = "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n"
    .. "Connection: close\r\nCache-Control: no-store\r\n\r\n%s"
  client:write(head:format(status, #page, page), function()
    if not client:is_closing() then client:close() end
  end)
end

local function unescape(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function parse_query(query)
  local fields = {}
  for name, value in (query or ""):gmatch("([^&=]+)=?([^&]*)") do fields[unescape(name)] = unescape(value) end
  return fields
end

--- Answers a request once its head is whole; notes the fields of its query when it is one waited for.
local function take(self, client, head)
  local target = head:match("^GET (%S+) HTTP/1%.[01]\r\n")
  local path, query = (target or ""):match("^([^?]*)%??(.*)$")
  local expected = self.expected[path or ""]
  if not expected then
    respond(client, "404 Not Found", "There is nothing here.")
    return
  end
  local fields = parse_query(query)
  local refused = fields.error or fields.success == "false"
  respond(client, "200 OK", refused and "The account was not connected." or "The account is connected.")
  if expected.fields then return end
  expected.fields = fields
  self.arrived[#self.arrived + 1] = expected
end

local function serve(self)
  local client = uv.new_tcp()
  if not self.server:accept(client) then return client:close() end
  self.clients[client] = true
  local head = ""
  client:read_start(function(err, bytes)
    if err or not bytes or #head > MAX_REQUEST then
      if not client:is_closing() then client:close() end
      return
    end
    if head:find("\r\n\r\n", 1, true) then return end
    head = head .. bytes
    if head:find("\r\n\r\n", 1, true) then take(self, client, head) end
  end)
end

--- A request that is waited for.
---@class bosa.cli.Callback
---@field url string where the browser is to come back to
---@field fields table? the query of the request, once it came

---@class bosa.cli.Listener
---@field expected table<string, bosa.cli.Callback> by path
---@field arrived bosa.cli.Callback[] those that came, and that nobody was told of yet
local Listener = {}
Listener.__index = Listener

--- Opens a listener on a port of loopback.
---@param port integer? 0: any free one
---@return bosa.cli.Listener? listener, string? message
function listener.open(port)
  local self = setmetatable({ server = uv.new_tcp(), clients = {}, expected = {}, arrived = {} }, Listener)
  local ok, message = self.server:bind("127.0.0.1", port or 0)
  if ok then
    ok, message = self.server:listen(16, function(err)
      if not err then serve(self) end
    end)
  end
  if not ok then
    self.server:close()
    return nil, message
  end
  return self
end

--- Expects a request.
---@return bosa.cli.Callback
function Listener:expect()
  local path = "/callback/" .. random_word()
  self.expected[path] = { url = ("http://127.0.0.1:%d%s"):format(self.server:getsockname().port, path) }
  return self.expected[path]
end

--- Waits for the next of the requests that are expected; nil: none came until `deadline`.
---@param deadline number by core.now()
---@return bosa.cli.Callback?
function Listener:wait(deadline)
  local late = false
  local timer = uv.new_timer()
  timer:start(math.max(0, math.ceil((deadline - core.now()) * 1000)), 0, function() late = true end)
  while not self.arrived[1] and not late do uv.run("once") end
  timer:close()
  return table.remove(self.arrived, 1)
end

--- Closes it, once what was answered is sent.
function Listener:close()
  self.server:close()
  local patience = false
  local timer = uv.new_timer()
  timer:start(1000, 0, function() patience = true end)
  local function busy()
    for client in pairs(self.clients) do
      if not client:is_closing() then return true end
    end
    return false
  end
  while busy() and not patience do uv.run("once") end
  for client in pairs(self.clients) do
    if not client:is_closing() then client:close() end
  end
  timer:close()
  uv.run("nowait")
end

return listener
