--- Starts the server that ends connections in every way (wire_server.lua), and asks it what it saw.

local http = require("socket.http")

local wire = {}

local function get(url)
  local body, status = http.request(url)
  assert(status == 200, "the wire server gave " .. tostring(status))
  return body
end

--- Starts a server of this directory: the words of its first line after "listening", and a function that stops it.
local function launch(program)
  local fifo = os.tmpname()
  assert(os.remove(fifo))
  assert(os.execute("mkfifo -m 600 " .. fifo))
  -- the server is no part of what is tested, and a sanitizer's library would not load into it
  local command = ("exec env -u LD_PRELOAD -u LUA_PATH -u LUA_CPATH lua5.4 spec/support/%s >%s"):format(program, fifo)
  local process = assert(io.popen(command, "w"))
  local lines = assert(io.open(fifo, "r"))
  os.remove(fifo)
  local words = assert(lines:read("*l"), program .. " did not start"):match("^listening (.*)$")
  return words, function()
    lines:close()
    process:close()
  end
end

--- Starts hostile_server.lua: { url =, stop = function }
function wire.start_hostile()
  local url, stop = launch("hostile_server.lua")
  return { url = url, stop = stop }
end

--- { url =, elsewhere =, stats = function() -> {runs, closed, elsewhere}, cut = function(at, how), stop = function }
function wire.start()
  local self = {}
  local words
  words, self.stop = launch("wire_server.lua")
  self.url, self.elsewhere = words:match("^(%S+) (%S+)$")

  function self.stats() return assert(require("bosa").json.decode(get(self.url .. "/stats"))) end

  --- Has the next POST's connection end when `at` of its bytes came; nil: none.
  function self.cut(at, how) get(("%s/cut?at=%s&how=%s"):format(self.url, at or "", how)) end

  return self
end

return wire
