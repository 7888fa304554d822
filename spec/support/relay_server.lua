--- relay_server.lua TARGET_PORT [CREDENTIALS]: passes bytes on between clients and a server of this machine, and ends
-- connections as it is told. Runs on Lua 5.4 with luv, prints "listening PORT CONTROL_PORT" and ends with its standard
-- input.
--
-- A client that begins with CONNECT is given what it asks for, whatever the name: that port of this machine. With
-- CREDENTIALS ("user:password" in base64) it must show them, else it gets a 407; "*" asks for none.
--
-- Lines to the control port: "kill HOW" ends every connection now; "up N HOW" ends the connection that brings the Nth
-- byte from a client, counted from now on over all, "down N HOW" that brings the Nth from the server (these N - 1 are
-- passed on); "target PORT"; "stats". HOW is close or reset. Each is answered by a line of JSON once it is done.
local uv = require("luv")

local target, credentials = tonumber(arg[1]), arg[2]
if credentials == "*" then credentials = nil end
local is_proxy = arg[2] ~= nil
local pairs_ = {} -- client -> server, both TCP handles
local rule -- {direction, left, how}
local counts = { connections = 0, refused = 0, tunnels = {} }

local function shut(handle, how, done)
  if handle:is_closing() then return done and done() end
  if how == "reset" then
    handle:close_reset(done)
  else
    handle:close(done)
  end
end

--- Ends both sides; the client's in this way.
local function part(client, how, done)
  local server = pairs_[client]
  pairs_[client] = nil
  if server then shut(server, "close") end
  shut(client, how, done)
end

--- Passes bytes on, unless the rule ends the connection with them.
local function pass(direction, client, to, bytes)
  if rule and rule.direction == direction then
    rule.left = rule.left - #bytes
    if rule.left <= 0 then
      local how, given = rule.how, bytes:sub(1, #bytes + rule.left - 1)
      rule = nil
      if given == "" then return part(client, how) end
      to:write(given, function() part(client, how) end)
      return
    end
  end
  to:write(bytes)
end

local function connect(client, port, first, reply)
  local server = uv.new_tcp()
  pairs_[client] = server
  server:connect("127.0.0.1", port, function(err)
    if err or client:is_closing() then return part(client, "close") end
    server:nodelay(true)
    if reply then client:write(reply) end
    if first ~= "" then pass("up", client, server, first) end
    server:read_start(function(read_err, bytes)
      if read_err or not bytes then return part(client, "close") end
      if not client:is_closing() then pass("down", client, client, bytes) end
    end)
    client:read_start(function(read_err, bytes)
      if read_err or not bytes then return part(client, "close") end
      if not server:is_closing() then pass("up", client, server, bytes) end
    end)
  end)
end

--- A client of the proxy: reads what it asks for.
local function ask(client)
  local head = ""
  client:read_start(function(err, bytes)
    if err or not bytes then return shut(client) end
    head = head .. bytes
    local stop = select(2, head:find("\r\n\r\n", 1, true))
    if not stop then return end
    client:read_stop()
    local place, port = head:match("^CONNECT (%S+):(%d+) HTTP/1.1\r\n")
    local shown = head:match("\r\nProxy%-Authorization: Basic (%S+)\r\n")
    if not place or (credentials and shown ~= credentials) then
      counts.refused = counts.refused + 1
      local status = place and "407 Proxy Authentication Required" or "400 Bad Request"
      client:write("HTTP/1.1 " .. status .. "\r\nContent-Length: 0\r\n\r\n", function() shut(client) end)
      return
    end
    counts.tunnels[#counts.tunnels + 1] = place
    connect(client, tonumber(port), head:sub(stop + 1), "HTTP/1.1 200 Connection established\r\n\r\n")
  end)
end

local function accept(listener)
  local client = uv.new_tcp()
  listener:accept(client)
  client:nodelay(true)
  counts.connections = counts.connections + 1
  if is_proxy then return ask(client) end
  connect(client, target, "")
end

local function kill_all(how, done)
  local left = 1
  local function one()
    left = left - 1
    if left == 0 then done() end
  end
  local all = {}
  for client in pairs(pairs_) do all[#all + 1] = client end
  for i = 1, #all do
    left = left + 1
    part(all[i], how, one)
  end
  one()
end

local function obey(conn, line)
  local function done()
    local tunnels = {}
    for i, place in ipairs(counts.tunnels) do tunnels[i] = ("%q"):format(place) end
    local text = ('{"connections":%d,"refused":%d,"tunnels":[%s],"pending":%s}\n'):format(counts.connections,
      counts.refused, table.concat(tunnels, ","), tostring(rule ~= nil))
    conn:write(text, function() shut(conn) end)
  end
  local word, rest = line:match("^(%S+) ?(.*)$")
  if word == "kill" then return kill_all(rest, done) end
  if word == "target" then target = tonumber(rest) end
  if word == "up" or word == "down" then
    local n, how = rest:match("^(%d+) (%a+)$")
    rule = { direction = word, left = tonumber(n), how = how }
  end
  done()
end

local function control(listener)
  local conn = uv.new_tcp()
  listener:accept(conn)
  local text = ""
  conn:read_start(function(err, bytes)
    if err or not bytes then return shut(conn) end
    text = text .. bytes
    local line = text:match("^([^\n]*)\n")
    if line then obey(conn, line) end
  end)
end

local function listen(on_connection)
  local listener = uv.new_tcp()
  assert(listener:bind("127.0.0.1", 0))
  assert(listener:listen(128, function() on_connection(listener) end))
  return listener:getsockname().port
end

print("listening " .. listen(accept) .. " " .. listen(control))
io.stdout:flush()

local stdin = uv.new_pipe()
stdin:open(0)
stdin:read_start(function(_, bytes) if not bytes then os.exit(0) end end)
uv.run()
