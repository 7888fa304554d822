--- Starts the server that ends connections in every way (wire_server.lua), and asks it what it saw.

local http = require("socket.http")
local process = require("spec.support.process")

local wire = {}

local function get(url)
  local body, status = http.request(url)
  assert(status == 200, "the wire server gave " .. tostring(status))
  return body
end

--- Starts hostile_server.lua: { url =, stop = function }
function wire.start_hostile()
  local line, stop = process.start("hostile_server.lua")
  return { url = line:match("^listening (%S+)"), stop = stop }
end

--- { url =, elsewhere =, stats = function() -> {runs, closed, elsewhere}, cut = function(at, how),
-- release = function(key), stop = function }
function wire.start()
  local self = {}
  local line, stop = process.start("wire_server.lua")
  self.url, self.elsewhere = line:match("^listening (%S+) (%S+)$")
  self.stop = stop

  function self.stats() return assert(require("bosa").json.decode(get(self.url .. "/stats"))) end

  --- Has the next POST's connection end when `at` of its bytes came; nil: none.
  function self.cut(at, how) get(("%s/cut?at=%s&how=%s"):format(self.url, at or "", how)) end

  --- Has the server answer the action with `case = "held"` and this key.
  function self.release(key) get(("%s/release?key=%s"):format(self.url, key)) end

  return self
end

return wire
