--- nginx's Lua module (OpenResty): requests over cosockets, waiting by its semaphores, tasks as its light threads.
--
-- A cosocket belongs to the request that made it, so each exchange is done by whoever runs the call. In `init`, where
-- nginx has no event loop yet, libcurl may block (this host is then not "running"); in phases without cosockets a call
-- fails and the error names the phase.

local loop = require("bosa.loop")

local ngx = rawget(_G, "ngx")
local BODY_PIECE = 65536 -- bytes of an upload sent at a time
local READ_PIECE = 65536 -- bytes of an answer read at most at a time
local IDLE_MS = 60000 -- for which a connection is kept
local RECOUNT = 1 -- seconds after which who waits for a place looks whether some were lost
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
  if not can_yield[ngx.get_phase()] then return nil end
  local semaphore = require("ngx.semaphore").new(0)
  return {
    wake = function() semaphore:post(1) end,
    park = function(timeout)
      if timeout then
        semaphore:wait(timeout)
        return
      end
      repeat until semaphore:wait(3600)
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
-- one exchange

local function is_timeout(err) return err == "timeout" end

--- Sets the socket's timeouts to what is left of the attempt; false: nothing is.
local function set_timeout(sock, deadline)
  if not deadline then
    sock:settimeout(24 * 3600 * 1000)
    return true
  end
  local left = deadline - ngx.now()
  if left <= 0 then return false end
  sock:settimeout(math.max(1, math.floor(left * 1000)))
  return true
end

--- What is known of a hub, made at its first call here.
---@class bosa.nginx.Place
---@field connections integer max_connections
---@field used integer places of max_connections that are taken, or handed to a waiter
---@field holders table<userdata, boolean> calls that have a place; weak: a killed thread's call is collected
---@field gate table semaphore of those who wait for a place; forgets who is killed
---@field handed integer places that were posted to it and not taken since
---@field verify boolean
---@field origin bosa.nginx.Origin? where its last call went
local places = setmetatable({}, { __mode = "k" })
local weak = { __mode = "k" }

local function place_of(hub)
  local place = places[hub]
  if place then return place end
  local verify, connections = hub:_verify()
  place = { connections = connections, used = 0, holders = setmetatable({}, weak), handed = 0 }
  place.verify = verify
  place.gate = require("ngx.semaphore").new(0)
  places[hub] = place
  return place
end

--- A thread that is killed can't give its place back; that its call has ended, or is gone, tells of it.
local function recount(place)
  local count = 0
  for call in pairs(place.holders) do
    if call:_ended() then
      place.holders[call] = nil
    else
      count = count + 1
    end
  end
  place.used = math.min(place.used, count + place.handed)
end

--- Waits for one of the hub's max_connections places (nginx's own queue of connects loses places on the way).
-- False: none was free in time.
local function take_place(place, call, deadline)
  while place.used >= place.connections do
    recount(place)
    if place.used < place.connections then break end
    local left = deadline and deadline - ngx.now() or RECOUNT
    if left <= 0 then return false end
    if place.gate:wait(math.min(left, RECOUNT)) then
      place.handed = place.handed - 1
      place.holders[call] = true
      return true
    end
    collectgarbage() -- where all wait, nothing else would have it run
  end
  place.used = place.used + 1
  place.holders[call] = true
  return true
end

--- Hands the place to a waiter that has none yet, or frees it.
local function leave_place(place, call)
  if not place.holders[call] then return end -- it was counted as free already
  place.holders[call] = nil
  if place.gate:count() < 0 then
    place.handed = place.handed + 1
    place.gate:post(1)
  else
    place.used = place.used - 1
  end
end

--- Where a hub's connections go: made anew only where a redirect leads elsewhere, which it seldom does.
---@class bosa.nginx.Origin
---@field scheme string
---@field name string
---@field port integer
---@field literal string the name as an address is written
---@field where string for messages
---@field options table of connect: those of one hub's settings share a pool
local function origin_of(place, scheme, name, port)
  local origin = place.origin
  if origin and origin.scheme == scheme and origin.name == name and origin.port == port then return origin end
  local literal = name:find(":", 1, true) and "[" .. name .. "]" or name
  local pool = table.concat({ "bosa", scheme, name, port, tostring(place.verify), place.connections }, "|")
  origin = { scheme = scheme, name = name, port = port, literal = literal, where = literal .. ":" .. port }
  origin.options = { pool = pool, pool_size = place.connections }
  place.origin = origin
  return origin
end

local function connect(place, origin, deadline, limit)
  local sock = ngx.socket.tcp()
  if limit and (not deadline or ngx.now() + limit < deadline) then deadline = ngx.now() + limit end
  if not set_timeout(sock, deadline) then return nil, "timeout", "no time left to connect to " .. origin.where end
  local ok, err = sock:connect(origin.literal, origin.port, origin.options)
  if not ok then
    local kind = is_timeout(err) and "timeout" or "connection"
    return nil, kind, "cannot connect to " .. origin.where .. " (" .. err .. ")"
  end
  if origin.scheme == "https" and sock:getreusedtimes() == 0 then
    ok, err = sock:sslhandshake(nil, origin.name, place.verify)
    if not ok then
      sock:close()
      return nil, "tls", "no secure connection to " .. origin.where .. " (" .. tostring(err) .. ")"
    end
  end
  return sock
end

--- Sends the request, whose first bytes are `pending`: true, or nil and why. `heard`: functions of the user's wait for
-- progress or chunks.
local function send_request(call, sock, deadline, pending, done, heard)
  while true do
    if pending ~= "" then
      if not set_timeout(sock, deadline) then return nil, "timeout" end
      local sent, err = sock:send(pending)
      if not sent then return nil, err end
    end
    if heard then loop.show_progress(call) end
    if done then return true end
    pending, done = call:_wire_body(BODY_PIECE)
    if pending == false then return nil, "refused" end
    if pending == "hungry" then
      loop.feed(call)
      if call:_ended() then return nil, "ended" end
      pending = ""
    end
  end
end

--- Hands received bytes to the core: whether the answer is whole and the connection may be kept; nil for a refusal.
local function take(call, bytes)
  local at, whole, keep = 1, false, nil
  while at and not whole and at <= #bytes do
    at, whole, keep = call:_wire_read(bytes, at)
    if at and not whole and at <= #bytes then
      loop.give_chunks(call)
      if call:_ended() then return nil end
    end
  end
  if not at then return nil end
  return whole, keep
end

--- Reads the answer: true and whether the connection may be kept, or nil and why.
local function read_answer(call, sock, deadline, heard)
  local whole, keep = false, false
  while not whole do
    if not set_timeout(sock, deadline) then return nil, "timeout" end
    local bytes, err = sock:receiveany(READ_PIECE)
    if bytes then
      whole, keep = take(call, bytes)
      if whole == nil then return nil, "refused" end
      if heard then loop.show_progress(call) end
    elseif err == "closed" then
      if not call:_wire_closed() then return nil, "refused" end
      whole = true
    else
      return nil, err
    end
  end
  if heard then loop.give_chunks(call) end
  return true, keep
end

local function failure(call, err, where, seconds)
  local sent = call:_wire_status() > 0 and "yes" or "maybe"
  if err == "refused" then return nil, nil, nil, nil, sent end
  if is_timeout(err) then
    local message = "no answer in time from " .. where
    if seconds then message = string.format("no answer within %g s from %s", seconds, where) end
    return nil, "timeout", message, nil, sent
  end
  return nil, "connection", "the connection to " .. where .. " was lost (" .. tostring(err) .. ")", nil, sent
end

local function exchange(call, place, seconds, deadline)
  local head, done, scheme, name, port, heard, limit = call:_wire_start(BODY_PIECE)
  if not head then return nil, nil, nil, nil, "no" end
  local origin = origin_of(place, scheme, name, port)
  local sock, kind, message = connect(place, origin, deadline, limit)
  if not sock then return nil, kind, message, nil, "no" end
  if call:_ended() then -- by somebody else, meanwhile
    sock:close()
    return nil, nil, nil, nil, "no"
  end
  local sent, err = send_request(call, sock, deadline, head, done, heard)
  if not sent and (err == "refused" or err == "ended" or is_timeout(err)) then
    sock:close()
    return failure(call, err, origin.where, seconds)
  end
  -- a server may answer before it has read everything, and then close: what it said counts
  local read, keep = read_answer(call, sock, deadline, heard)
  if not read then
    sock:close()
    return failure(call, sent and keep or err, origin.where, seconds)
  end
  if sent and keep then
    sock:setkeepalive(IDLE_MS)
  else
    sock:close()
  end
  return true
end

local function exchange_in_turn(call, place)
  local seconds = call:_attempt_time()
  local deadline = seconds and ngx.now() + seconds
  if not take_place(place, call, deadline) then
    return nil, "timeout", "no connection was free in time", nil, "no"
  end
  local ok, kind, message, cause, sent = exchange(call, place, seconds, deadline)
  leave_place(place, call)
  return ok, kind, message, cause, sent
end

--- How calls of a hub are sent in the phase that is running, which `running` has just looked at.
function host.send(hub)
  if can_yield[phase] then
    local place = place_of(hub)
    place.send = place.send or function(call) return exchange_in_turn(call, place) end
    return place.send
  end
  local where = phase
  return function()
    local message = "nginx's phase `" .. where .. "` can't wait for a server: use ngx.timer.at"
    return nil, "connection", message, nil, "no"
  end
end

---------------------------------------------------------------------------------------------------
-- schemas shared by the workers

--- Fetches by `fetch()` unless another worker has done so or is about to. `shared` is the hub's `cache` (ngx.shared.X).
function host.share(hub, name, shared, fetch)
  local key = "bosa:" .. tostring(hub) .. ":" .. name
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
function host.unshare(hub, name, shared) shared:delete("bosa:" .. tostring(hub) .. ":" .. name) end

return host
