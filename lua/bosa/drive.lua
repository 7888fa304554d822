--- Drives calls in Lua, where libcurl doesn't: over a transport that the user gave, or a host's own sockets.
--
-- The core's state machine says what is next (csrc/core/call.h); `send` does one exchange:
-- it tells the call what came (`_status`, `_field`, `_body`) and gives true, or `nil, kind, message, cause, sent`.

local loop = require("bosa.loop")

local drive = {}

--- drive.sender(hub) -> send: how a hub's calls are sent by who runs now. Set by the module.
---@type fun(hub: userdata): function?
drive.sender = nil

local fetches = setmetatable({}, { __mode = "k" }) -- hub -> connector -> the fetch under way

local step

--- Asks the server for a connector's schemas; the fetch, an ended call.
local function ask(hub, name, send)
  local call, err = hub:_fetch(name)
  if not call then return nil, err end
  step(hub, call, send)
  return call
end

--- Fetches a connector's schemas once, however many wait: `call` (ended), or true where they came from elsewhere.
local function fetch(hub, name)
  local pending = fetches[hub] or {}
  fetches[hub] = pending
  local job = pending[name]
  if not job then
    job = { done_ = false, results = { n = 1 } }
    pending[name] = job
    local host = loop.host()
    local detach = host.detach or function(fn) fn() end
    detach(function()
      local function from_server() job.results = { n = 2, ask(hub, name, drive.sender(hub)) } end
      local shared = hub:_kept("cache")
      local ok, err = pcall(shared and host.share or function(_, _, _, fn) fn() end, hub, name, shared, from_server)
      if not ok then job.results = { n = 2, nil, loop.error("connection", tostring(err), "no") } end
      job.done_, pending[name] = true, nil
      loop.settle(job)
    end)
  end
  loop.wait(job)
  return loop.result(job)
end

local function exchange(call, send)
  call:_sending()
  if call:_ended() then return end -- the deadline has passed: nothing may be sent
  local ok, kind, message, cause, sent = send(call)
  if call:_ended() then return end
  if ok then
    call:_answered()
  else
    call:_broke(sent or "maybe", kind, message, cause)
  end
end

--- Takes a call from its beginning to its end.
step = function(hub, call, send)
  local state = call:_begin()
  while state ~= "ended" do
    if state == "schemas" then
      local fetched, err = fetch(hub, call:_connector())
      call:_schemas(fetched, err and err.message)
    elseif state == "send" then
      exchange(call, send)
    else
      loop.sleep(call:_wake() or 0)
      if not call:_ended() then call:_tick() end
    end
    state = call:_state()
    loop.emit(hub, call)
  end
end

--- Runs a call here and now.
function drive.run(hub, call, send)
  step(hub, call, send)
  return call:_result()
end

--- Runs a call as a task of its own.
function drive.start(hub, call, send)
  local task = loop.spawn(function()
    step(hub, call, send)
    loop.drivers[call] = nil
    loop.settle(call)
  end)
  if not task.done_ then loop.drivers[call] = task end
  return true
end

---------------------------------------------------------------------------------------------------
-- a transport given by the user: function(request) -> reply | nil, err

local function deliver(call, reply)
  if not call:_status(reply.status) then return nil end
  for name, value in pairs(reply.headers or {}) do
    if not call:_field(name .. ": " .. tostring(value)) then return nil end
  end
  local body = reply.body or ""
  if body == "" then return true end
  local taken = call:_body(body)
  while taken == "again" do
    loop.give_chunks(call)
    if call:_ended() then return nil end
    taken = call:_body(body)
  end
  return taken or nil
end

--- Makes a `send` of the user's function.
function drive.custom(transport)
  return function(call)
    local method, url, headers, body = call:_request()
    if body == nil and call:_hungry() then
      return nil, "file", "this transport takes no streamed uploads", nil, "no"
    end
    local request = { method = method, url = url, headers = headers, body = body, timeout = call:_attempt_time() }
    local ok, reply, err = pcall(transport, request)
    if not ok then return nil, "connection", "the transport raised: " .. tostring(reply) end
    if reply == nil then
      local is_table = type(err) == "table"
      local message = is_table and err.message or tostring(err)
      return nil, is_table and err.kind or "connection", message, nil, is_table and err.sent or nil
    end
    if type(reply) ~= "table" or type(reply.status) ~= "number" then
      return nil, "protocol", "the transport must return a table with a status"
    end
    if not deliver(call, reply) then return nil, nil, nil, nil, "yes" end
    return true
  end
end

return drive
