--- Drives calls in Lua, where libcurl doesn't: over a transport that the user gave, or a host's own sockets.
--
-- The core's state machine says what is next (csrc/core/call/call.h); `send(call)` takes a call in "send" through one
-- exchange: begins it (`_sending`), tells the call what came, and how it ended (`_answered`, `_broke`).

local loop = require("bosa.loop")

local transport = {}

--- transport.sender(hub) -> send: how a hub's calls are sent by who runs now. Set by the module.
---@type fun(hub: userdata): function?
transport.sender = nil

local fetches = setmetatable({}, { __mode = "k" }) -- hub -> connector -> the fetch under way

local step

--- Asks the server for a connector's schemas; the fetch, an ended call.
local function ask(hub, name, send)
  local call, err = hub:_fetch(name)
  if not call then return nil, err end
  step(hub, call, send)
  return call
end

--- Ends a fetch for all who wait for it. Nothing here may fail before the next one can begin.
local function finish(job, ok, err)
  job.done_, job.pending[job.name] = true, nil
  if not ok then job.failure = err end
  loop.settle(job)
end

--- Begins to fetch a connector's schemas.
local function begin_fetch(hub, name, pending)
  local job = { done_ = false, results = { n = 1 }, failure = false, pending = pending, name = name }
  local function from_server() job.results = { n = 2, ask(hub, name, transport.sender(hub)) } end
  local function fetch_it()
    local host, shared = loop.host(), hub:_kept("cache")
    if shared and host.share then return host.share(hub, name, shared, from_server) end
    from_server()
  end
  local function work() finish(job, pcall(fetch_it)) end
  local detach = loop.host().detach or loop.spawn -- apart from whoever asks: their end must not be its end
  pending[name] = job
  local ok, task = pcall(detach, work)
  if job.done_ then return job end
  if not ok then
    finish(job, false, task)
  elseif task and task.done_ then -- it ended before it began
    finish(job, false, task.error)
  end
  return job
end

--- Fetches a connector's schemas once, however many wait: `call` (ended), or true where they came from elsewhere.
local function fetch(hub, name)
  local pending = fetches[hub] or {}
  fetches[hub] = pending
  local job = pending[name] or begin_fetch(hub, name, pending)
  loop.wait(job)
  if job.failure then return nil, loop.error("connection", tostring(job.failure), "no") end
  return loop.result(job)
end

--- One exchange. What `send` raises, where it should not, ends it too.
local function exchange(call, send)
  local ok, err = pcall(send, call)
  if ok or call:_ended() then return end
  if call:_state() == "send" then call:_sending() end
  if call:_state() == "exchange" then call:_broke("maybe", "connection", "sending raised: " .. tostring(err)) end
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
function transport.run(hub, call, send)
  step(hub, call, send)
  return call:_result()
end

--- Runs a call as a task of its own.
function transport.start(hub, call, send)
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

--- Why a reply makes no sense; nil: it does.
local function reply_fault(reply)
  if type(reply) ~= "table" then return "the transport must return a table with a status" end
  local status = reply.status
  if type(status) ~= "number" or status % 1 ~= 0 or status < 100 or status > 599 then
    return "the transport's reply must have a status from 100 to 599"
  end
  if reply.headers ~= nil and type(reply.headers) ~= "table" then return "the transport's headers must be a table" end
  if reply.body ~= nil and type(reply.body) ~= "string" then return "the transport's body must be a string" end
end

local function deliver(call, reply)
  if not call:_status(reply.status) then return nil end
  for name, value in pairs(reply.headers or {}) do
    if not call:_field(tostring(name) .. ": " .. tostring(value)) then return nil end
  end
  local body = reply.body or ""
  if body == "" then return true end
  local taken = call:_body(body)
  while taken == "again" do
    loop.give_chunks(call)
    if call:_ended() then return nil end
    taken = call:_body(body)
  end
  if not taken then return nil end
  loop.give_chunks(call)
  loop.show_progress(call)
  return true
end

--- The whole body of a request that is not in memory yet: nil where it can't be read (the call knows why) or was ended.
local function collect_body(call)
  local pieces = {}
  while true do
    local bytes, needs_input = call:_body_piece(65536)
    if needs_input then
      loop.feed(call)
      if call:_ended() then return nil end
    elseif not bytes then
      return nil
    elseif bytes == "" then
      return table.concat(pieces)
    else
      pieces[#pieces + 1] = bytes
    end
  end
end

local kinds = { connection = true, timeout = true, tls = true, protocol = true, file = true }
local sents = { no = true, maybe = true, yes = true }

--- Tells the call what a transport said went wrong. (An error's `instead` is for bosa.testing: it becomes the call's
-- result.)
local function refuse(call, err)
  if type(err) ~= "table" then
    return call:_broke("maybe", "connection", err and tostring(err) or "the transport gave no reply")
  end
  if err.instead then call:_keep("error", err.instead) end
  local message = type(err.message) == "string" and err.message or "the transport failed"
  call:_broke(sents[err.sent] and err.sent or "maybe", kinds[err.kind] and err.kind or "connection", message)
end

--- Makes a `send` of the user's function.
function transport.custom(fn)
  return function(call)
    call:_sending()
    if call:_ended() then return end -- the deadline has passed: nothing may be sent
    local method, url, headers, body = call:_request()
    if body == false then
      body = collect_body(call)
      if not body then return call:_ended() or call:_broke("no") end
    end
    local request = { method = method, url = url, headers = headers, body = body, timeout = call:_attempt_time() }
    local ok, reply, err = pcall(fn, request)
    if call:_ended() then return end -- by somebody else, meanwhile
    if not ok then return call:_broke("maybe", "connection", "the transport raised: " .. tostring(reply)) end
    if reply == nil then return refuse(call, err) end
    local fault = reply_fault(reply)
    if fault then return call:_broke("maybe", "protocol", fault) end
    local delivered = deliver(call, reply)
    if call:_ended() then return end
    if delivered then
      call:_answered()
    else
      call:_broke("yes")
    end
  end
end

return transport
