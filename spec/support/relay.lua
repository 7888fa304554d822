--- Starts what stands between a client and a server (relay_server.lua), and tells it what to do to connections.

local process = require("spec.support.process")
local socket = require("socket")

local relay = {}

local function base64(text)
  return (require("mime").b64(text))
end

--- { port =, command = function(line) -> stats, stop = function }.
local function start(arguments)
  local line, stop = process.start("relay_server.lua " .. arguments)
  local port, control = line:match("^listening (%d+) (%d+)$")
  local self = { port = tonumber(port), stop = stop }

  --- Gives an order (see relay_server.lua), and waits until it is done: {connections, refused, tunnels, pending}.
  function self.command(...)
    local conn = assert(socket.connect("127.0.0.1", tonumber(control)))
    assert(conn:send(table.concat({ ... }, " ") .. "\n"))
    local text = assert(conn:receive("*l"))
    conn:close()
    return assert(require("bosa").json.decode(text))
  end

  function self.stats() return self.command("stats") end
  return self
end

--- Passes everything on to the server that has this URL; .url is that server's, by way of the relay.
function relay.start(url)
  local self = start(assert(url:match(":(%d+)$")))
  self.url = url:match("^(%a+://)") .. "127.0.0.1:" .. self.port
  return self
end

--- A proxy that knows every name, as one of this machine. `credentials`: "user:password" that it asks for.
function relay.proxy(credentials)
  return start("0 " .. (credentials and base64(credentials) or "'*'"))
end

return relay
