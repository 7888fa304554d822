--- nginx's Lua module (OpenResty): requests over cosockets, waiting by its semaphores, tasks as its light threads.
--
-- A cosocket belongs to the request that made it, so each exchange is done by whoever runs the call. In `init`, where
-- nginx has no event loop yet, libcurl may block (this host is then not "running"); in phases without cosockets a call
-- fails and the error names the phase.

local core = require("bosa.core")
local loop = require("bosa.loop")
local tunnel = require("bosa.host.tunnel")

local ngx = rawget(_G, "ngx")
local semaphores = ngx and require("ngx.semaphore")
local now = core.now
local READ_PIECE = 65536 -- bytes of a response read at most at a time
local ONE_WRITE = 16384 -- bytes that a socket takes whole or not at all
local IDLE_MS = 60000 -- for which a connection is kept
local LOOK = 0.1 -- seconds after which a lookup of a name looks whether anybody still waits for it
local LAST_LOOK = 0.01 -- seconds for a response that came while the rest of a request could not be sent in time
local UNBOUNDED = 24 * 3600 * 1000 -- milliseconds of a socket's timeout where there is no limit
local MOMENT = 0.001 -- seconds for which a socket's timeouts, which are counted in milliseconds, stay as they were set
local LONGEST_WAIT = 3600 -- seconds for a semaphore at a time: its milliseconds are a C int
local RECOUNT = 1 -- seconds after which who waits for a slot looks whether some were lost
local FETCH_LOCK = 10 -- seconds for which one worker's fetch holds back the others'

local can_yield = {
  rewrite = true,
  server_rewrite = true,
  access = true,
  content = true,
  timer = true,
  ssl_cert = true,
  ssl_session_fetch = true,
  preread = true,
}

local host = { name = "nginx", has_loop = true }
local phase -- as of the last look; asking nginx costs, and the host is looked for right before it sends

function host.running()
  if not ngx then return false end
  phase = ngx.get_phase()
  return phase ~= "init"
end

function host.watch() end
function host.unwatch() end
function host.arm() end
function host.defer(fn) fn() end
function host.report(message) ngx.log(ngx.ERR, "bosa: ", message) end

--- Waits by a semaphore of this request's own.
function host.parker()
  local semaphore = semaphores.new(0)
  return {
    wake = function() semaphore:post(1) end,
    park = function(timeout)
      local deadline = timeout and now() + timeout
      local left = timeout or LONGEST_WAIT
      repeat
        local woken = semaphore:wait(math.max(0.001, math.min(left, LONGEST_WAIT)))
        if deadline then left = deadline - now() end
      until woken or left <= 0
    end,
  }
end

--- Runs fn(...) as a light thread of this request.
function host.spawn(task, finish, fn, ...)
  local thread = ngx.thread.spawn(function(...) finish(task, pcall(fn, ...)) end, ...)
  task.kill = function() ngx.thread.kill(thread) end
end

--- Runs `fn` apart from this request, whose end must not be its end.
function host.detach(fn)
  local ok = ngx.timer.at(0, function() fn() end)
  if not ok then fn() end
end

---------------------------------------------------------------------------------------------------
-- connection slots

--- What is known of a hub, made at its first call here.
---@class bosa.nginx.Slots
---@field connections integer max_connections
---@field used integer slots that are taken, or handed to a waiter
---@field holders table<userdata, boolean> calls that have a slot; weak: a killed thread's call is collected
---@field gate table semaphore of those who wait for a slot; forgets who is killed
---@field handed integer slots that were posted to it and not taken since
---@field verify boolean
---@field ca_file string?
---@field id integer of the hub, in this worker: no two share connections
---@field proxy bosa.nginx.Proxy?
---@field origin bosa.nginx.Origin? where its last call went that a redirect led elsewhere
---@field home bosa.nginx.Origin where all others go
local slots_by_hub = setmetatable({}, { __mode = "k" })
local weak = { __mode = "k" }
local hubs = 0 -- that were seen in this worker

local origin_of

local function slots_of(hub)
  local slots = slots_by_hub[hub]
  if slots then return slots end
  local verify, connections, ca_file = hub:_tls()
  hubs = hubs + 1
  slots = { connections = connections, used = 0, holders = setmetatable({}, weak), handed = 0 }
  slots.verify, slots.ca_file, slots.id, slots.proxy = verify, ca_file, hubs, tunnel.proxy_of(hub)
  slots.gate = semaphores.new(0)
  slots.home = origin_of(slots, hub:_place())
  slots_by_hub[hub] = slots
  return slots
end

--- A thread that is killed can't give its slot back; that its call has ended, or is gone, tells of it.
local function recount(slots)
  local count = 0
  for call in pairs(slots.holders) do
    if call:_ended() then
      slots.holders[call] = nil
    else
      count = count + 1
    end
  end
  slots.used = math.min(slots.used, count + slots.handed)
end

--- Waits for one of the hub's max_connections slots (nginx's own queue of connects loses places on the way).
-- False: none was free in time.
local function take_slot(slots, call, deadline)
  while slots.used >= slots.connections do
    recount(slots)
    if slots.used < slots.connections then break end
    local left = deadline and deadline - now() or RECOUNT
    if left <= 0 then return false end
    if slots.gate:wait(math.min(left, RECOUNT)) then
      slots.handed = slots.handed - 1
      slots.holders[call] = true
      return true
    end
    collectgarbage() -- where all wait, nothing else would have it run
  end
  slots.used = slots.used + 1
  slots.holders[call] = true
  return true
end

--- Hands the slot to a waiter that has none yet, or frees it.
local function leave_slot(slots, call)
  if not slots.holders[call] then return end -- it was counted as free already
  slots.holders[call] = nil
  if slots.gate:count() < 0 then
    slots.handed = slots.handed + 1
    slots.gate:post(1)
  else
    slots.used = slots.used - 1
  end
end

---------------------------------------------------------------------------------------------------
-- connections

local function milliseconds(seconds) return math.max(1, math.floor(seconds * 1000)) end

--- Sets the socket's timeouts to what is left until `deadline`; false: nothing is.
local function set_timeout(sock, deadline)
  local left = deadline and deadline - now()
  if left and left <= 0 then return false end
  sock:settimeout(left and milliseconds(left) or UNBOUNDED)
  return true
end

--- Sets the timeouts for connecting, until `deadline`, and for what follows in the attempt; false: nothing is left.
local function set_timeouts(sock, deadline, x)
  local at = x.at or now()
  if deadline and deadline <= at then return false end
  local rest = x.deadline and milliseconds(x.deadline - at) or UNBOUNDED
  sock:settimeouts(deadline and milliseconds(deadline - at) or UNBOUNDED, rest, rest)
  x.set = at
  return true
end

--- Sets the timeouts for what is next in the attempt, unless that was done a moment ago; false: nothing is left.
local function renew_timeouts(sock, x)
  local at = x.at or now()
  if x.set and at - x.set < MOMENT then return true end
  x.set = at
  return set_timeout(sock, x.deadline)
end

--- Where a hub's connections go: made anew only where a redirect leads elsewhere, which it seldom does.
---@class bosa.nginx.Origin
---@field scheme string
---@field name string
---@field port integer
---@field literal string the name as an address is written
---@field is_address boolean
---@field options table of connect: a pool of this hub's own
origin_of = function(slots, scheme, name, port)
  local origin = slots.origin
  if origin and origin.scheme == scheme and origin.name == name and origin.port == port then return origin end
  local is_ipv6 = name:find(":", 1, true)
  origin = { scheme = scheme, name = name, port = port, literal = is_ipv6 and "[" .. name .. "]" or name }
  origin.is_address = is_ipv6 or name:find("^%d+%.%d+%.%d+%.%d+$") ~= nil
  local pool = table.concat({ "bosa", slots.id, scheme, name, port }, "|")
  origin.options = { pool = pool, pool_size = slots.connections }
  slots.origin = origin
  return origin
end

--- Runs `fn` at most until `deadline`: its results, or nil, "timeout". nginx's own name lookup obeys no timeout of a
-- socket's, so its thread is killed then. Only the one that made a thread can kill it, and who asks here may be killed
-- meanwhile: so another thread watches over it.
local function within(deadline, fn)
  local asker, over = coroutine.running(), nil
  local done, first, second
  local function run()
    local ok
    ok, first, second = pcall(fn)
    if not ok then first, second = nil, tostring(first) end
    done = true
    if over then over:post(1) end
  end
  local guard = ngx.thread.spawn(function()
    local worker = ngx.thread.spawn(run)
    if done then return end -- a kept connection, as a rule
    over = semaphores.new(0)
    while not done and now() < deadline and coroutine.status(asker) ~= "dead" do
      over:wait(math.max(0.001, math.min(deadline - now(), LOOK)))
    end
    if not done then ngx.thread.kill(worker) end
  end)
  ngx.thread.wait(guard)
  if not done then return nil, "timeout" end
  return first, second
end

--- Connects to a host by name or address: true, or nil and why.
---@param to bosa.nginx.Proxy|bosa.nginx.Origin
local function reach(sock, to, options, deadline, x)
  if not set_timeouts(sock, deadline, x) then return nil, "timeout" end
  if to.is_address or not deadline then return sock:connect(to.literal, to.port, options) end
  x.at = nil -- others run before a thread is waited for, even where it is done at once
  return within(deadline, function() return sock:connect(to.literal, to.port, options) end)
end

local function handshake(slots, sock, origin)
  if slots.ca_file then
    local ok, err = tunnel.trust(sock, slots.ca_file)
    if not ok then return nil, err end
  end
  -- lua-resty-core raises where a handshake failed after it had waited
  local returned, ok, err = pcall(sock.sslhandshake, sock, nil, origin.name, slots.verify)
  if not returned then return nil, "the handshake failed" end
  if ok then return true end
  if origin.is_address and slots.verify and tostring(err):find("host mismatch", 1, true) then
    err = err .. ": nginx can't check the certificate of an address; use a name"
  end
  return nil, tostring(err)
end

--- A connection to the origin, and whether it is a kept one. nil: kind, why.
local function connect(slots, origin, deadline, x)
  local sock, proxy = ngx.socket.tcp(), slots.proxy
  local function in_time()
    x.set = nil -- what is set here is for connecting alone
    return set_timeout(sock, deadline)
  end
  local ok, err = reach(sock, proxy or origin, origin.options, deadline, x)
  if not ok then
    if err == "timeout" then return nil, "timeout", err end
    if proxy then err = ("%s, through the proxy http://%s:%d"):format(err, proxy.literal, proxy.port) end
    return nil, "connection", err
  end
  if sock:getreusedtimes() > 0 then return sock, true end
  x.at = nil
  if proxy then
    ok, err = tunnel.open(sock, proxy, origin, in_time)
    if not ok then
      sock:close()
      return nil, err == "timeout" and "timeout" or "connection", err
    end
  end
  if origin.scheme == "https" then
    ok, err = in_time(), "timeout"
    if ok then ok, err = handshake(slots, sock, origin) end
    if not ok then
      sock:close()
      return nil, err == "timeout" and "timeout" or "tls", err
    end
  end
  return sock, false
end

---------------------------------------------------------------------------------------------------
-- one exchange: the core decides everything, the bytes go through here

--- What one exchange is about, as call:_exchange_begin gives it.
---@class bosa.nginx.Exchange
---@field bytes string the request's first bytes
---@field done boolean whether that is all
---@field listener boolean functions of the user's wait for progress or chunks
---@field deadline number? by the monotonic clock
---@field seconds number? that the attempt may take
---@field connect_seconds number? that connecting may take
---@field at number? the time, as long as nothing was waited for; nil: it is to be asked for
---@field set number? when the socket's timeouts were set

--- Sends the request: true, or nil, why, and whether surely nothing of it was sent.
local function send_request(call, sock, x)
  local bytes, done, first = x.bytes, x.done, true
  while true do
    if bytes ~= "" then
      if not renew_timeouts(sock, x) then return nil, "timeout", first end
      local sent, err = sock:send(bytes)
      x.at = nil
      if not sent then return nil, err, first and #bytes <= ONE_WRITE and err ~= "timeout" end
      first = false
    end
    if x.listener then loop.show_progress(call) end
    if done then return true end
    bytes, done = call:_exchange_output()
    if bytes == false then return nil, "refused" end
    if bytes == "needs_input" then
      local pause = loop.feed(call)
      if pause then ngx.sleep(pause) end
      if call:_ended() then return nil, "ended" end
      bytes = ""
    end
  end
end

--- Hands received bytes to the core: whether the response is whole and the connection may be kept; nil for a refusal.
local function take(call, bytes, listener)
  local at, whole, keep, full = call:_exchange_input(bytes, 1, not listener)
  while full do
    loop.give_chunks(call)
    if call:_ended() then return nil end
    at, whole, keep, full = call:_exchange_input(bytes, at, not listener)
  end
  if not at then return nil end
  return whole, keep
end

--- Reads the response: true and whether the connection may be kept, or nil and why.
local function read_response(call, sock, x)
  local whole, keep = false, false
  while not whole do
    if not renew_timeouts(sock, x) then return nil, "timeout" end
    local bytes, err = sock:receiveany(READ_PIECE)
    if bytes then
      whole, keep = take(call, bytes, x.listener)
      if whole == nil then return nil, "refused" end
      if x.listener then loop.show_progress(call) end
    elseif err == "closed" then
      if not call:_exchange_closed() then return nil, err end
      whole = true
    else
      return nil, err
    end
  end
  if x.listener then loop.give_chunks(call) end
  return true, keep
end

--- Tells the call that its exchange broke.
local function broke(call, x, err, unsent)
  if call:_ended() then return end
  local kind = err == "timeout" and "timeout" or "connection"
  call:_exchange_broke(kind, err == "closed" and "closed by the server" or tostring(err), unsent, x.seconds)
end

--- Sends and receives over a connection. True: the request is to go on another one, as this kept one was lost.
local function converse(call, sock, x, kept)
  local sent, why, unsent = send_request(call, sock, x)
  x.at = nil
  if not sent and why == "timeout" then x.deadline, x.set = now() + LAST_LOOK, nil end
  if not sent and (why == "refused" or why == "ended") then
    sock:close()
    broke(call, x, why, unsent)
    return false
  end
  if not sent and kept and unsent and call:_exchange_rewind(true) then
    sock:close()
    return true
  end
  -- a server may respond before it has read everything, and then close: what it said counts
  local whole, how = read_response(call, sock, x) -- how: whether it may be kept, or why there is no response
  if not (whole and sent and how and sock:setkeepalive(IDLE_MS)) then sock:close() end
  if whole then
    if not call:_ended() and call:_state() == "exchange" then call:_responded() end
    return false
  end
  if kept and how ~= "timeout" and how ~= "refused" and call:_exchange_rewind(unsent) then return true end
  broke(call, x, how, unsent)
  return false
end

--- What ends connecting: the attempt's time, or that of connecting.
local function connect_deadline(x)
  local limit = x.connect_seconds and (x.at or now()) + x.connect_seconds
  if limit and (not x.deadline or limit < x.deadline) then return limit, x.connect_seconds end
  return x.deadline, x.seconds
end

local function exchange(call, slots, x, origin)
  repeat
    local deadline, seconds = connect_deadline(x)
    local sock, how, why = connect(slots, origin, deadline, x) -- how: whether it is a kept one, or what kind of error
    if not sock then
      if not call:_ended() then call:_exchange_broke(how, why, true, seconds) end
      return
    end
    if not x.at and call:_ended() then -- by somebody else, meanwhile
      sock:close()
      return
    end
  until not converse(call, sock, x, how)
end

--- Takes a call in "send" through one exchange.
local function send(call, slots)
  local x, scheme, name, port = {}
  x.bytes, x.done, x.listener, x.seconds, x.connect_seconds, scheme, name, port = call:_exchange_begin()
  if not x.bytes then
    if not call:_ended() then call:_exchange_broke() end
    return
  end
  local begun = now()
  x.deadline = x.seconds and begun + x.seconds
  if slots.used < slots.connections then x.at = begun end
  if not take_slot(slots, call, x.deadline) then
    if not call:_ended() then call:_exchange_broke("timeout", nil, true, x.seconds, true) end
    return
  end
  if x.at or not call:_ended() then
    exchange(call, slots, x, scheme and origin_of(slots, scheme, name, port) or slots.home)
  end
  leave_slot(slots, call)
end

--- Why nothing can be sent here and now, and nothing waited for; nil: it can. A worker must not block.
function host.obstacle()
  if not can_yield[phase] then
    return "nginx's phase `" .. phase .. "` can't wait for a server: call it in rewrite, access or content, or "
      .. "from ngx.timer.at"
  end
  if not core.is_yieldable() then
    return "nginx can't wait for a server within a function that C code calls (string.gsub, table.sort, require, "
      .. "a metamethod): make the call outside of it"
  end
  return nil
end

--- How calls of a hub are sent.
function host.send(hub)
  local slots = slots_of(hub)
  slots.send = slots.send or function(call) return send(call, slots) end
  return slots.send
end

---------------------------------------------------------------------------------------------------
-- schemas shared by the workers

local function shared_key(hub, name) return "bosa:" .. hub:_url() .. ":" .. name end

--- Fetches by `fetch()` unless another worker has done so or is about to. `shared` is the hub's `cache` (ngx.shared.X).
function host.share(hub, name, shared, fetch)
  local key = shared_key(hub, name)
  local lock = key .. ":lock"
  local waited = 0
  while true do
    local text = shared:get(key)
    if text and hub:_learn(name, text) then return end
    if waited >= FETCH_LOCK or shared:add(lock, true, FETCH_LOCK) then break end
    ngx.sleep(0.02)
    waited = waited + 0.02
  end
  fetch()
  local text = hub:_text(name)
  if text then shared:set(key, text, hub:_cache_ttl()) end
  shared:delete(lock)
end

--- Forgets what the workers share of a connector.
function host.unshare(hub, name, shared) shared:delete(shared_key(hub, name)) end

return host
