--- Takes calls to their end in Lua, where libcurl doesn't: over a transport that the user gave, or a host's own
-- sockets.
--
-- The core's state machine says what is next (csrc/core/call/call.h); `send(call)` takes a call in "send" through one
-- exchange: begins it (`_sending`), tells the call what came, and how it ended (`_responded`, `_broke`).

local loop = require("bosa.loop")
local task = require("bosa.task")
local user = require("bosa.transport.user")

local transport = {}

-- Hubs that were seen to have no transport of the user's. The others' are not kept here: a function that refers to its
-- hub would keep it for ever.
local without = setmetatable({}, { __mode = "k" })

--- How a hub's calls are sent by who runs now: over the user's transport, or the host's sockets. nil: over libcurl.
---@param hub userdata
---@return function? send, bosa.Host host that runs now
function transport.sender(hub)
  local host = loop.host()
  if not without[hub] then
    local given = hub:_kept("transport")
    if given then return user.sender(given), host end
    without[hub] = true
  end
  return host.send and host.send(hub), host
end

local fetches = setmetatable({}, { __mode = "k" }) -- hub -> connector -> the fetch under way

local step

--- Asks the server for a connector's schemas; the fetch, an ended call. It is a part of the trace of who waits first.
local function ask(hub, name, send, traceparent)
  local call, err = hub:_fetch(name)
  if not call then return nil, err end
  if traceparent then call:_trace(traceparent) end
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
local function begin_fetch(hub, name, pending, traceparent)
  local job = { done_ = false, results = { n = 1 }, failure = false, pending = pending, name = name }
  local function from_server() job.results = { n = 2, ask(hub, name, transport.sender(hub), traceparent) } end
  local function fetch_it()
    local host, shared = loop.host(), hub:_kept("cache")
    if shared and host.share then return host.share(hub, name, shared, from_server) end
    from_server()
  end
  local function work() finish(job, pcall(fetch_it)) end
  local detach = loop.host().detach or task.spawn -- apart from whoever asks: their end must not be its end
  pending[name] = job
  local ok, worker = pcall(detach, work)
  if job.done_ then return job end
  if not ok then
    finish(job, false, worker)
  elseif worker and worker.done_ then -- it ended before it began
    finish(job, false, worker.error)
  end
  return job
end

--- Fetches a connector's schemas once, however many wait: `call` (ended), or true where they came from elsewhere.
local function fetch(hub, name, traceparent)
  local pending = fetches[hub] or {}
  fetches[hub] = pending
  local job = pending[name] or begin_fetch(hub, name, pending, traceparent)
  task.wait(job)
  if job.failure then return nil, loop.error("connection", loop.text(job.failure), "no") end
  return loop.result(job)
end

--- One exchange. What `send` raises, where it should not, ends it too.
local function exchange(call, send)
  local ok, err = pcall(send, call)
  if ok or call:_ended() then return end
  if call:_state() == "send" then call:_sending() end
  if call:_state() == "exchange" then call:_broke("maybe", "connection", "sending raised: " .. loop.text(err)) end
end

--- Takes a call from its beginning to its end.
step = function(hub, call, send)
  local state, events = call:_begin()
  if events then loop.emit(hub, call) end -- it may have ended at once
  while state ~= "ended" do
    if state == "schemas" then
      local fetched, err = fetch(hub, call:_connector(), call:_traceparent())
      call:_schemas(fetched, err and err.message)
    elseif state == "send" then
      exchange(call, send)
    else
      task.sleep(call:_wake() or 0)
      if not call:_ended() then call:_tick() end
    end
    state, events = call:_state()
    if events then loop.emit(hub, call) end
  end
end

--- Runs a call here and now.
function transport.run(hub, call, send, host)
  local err = task.obstacle(nil, host)
  if err then return nil, err end
  step(hub, call, send)
  return call:_result()
end

--- Runs a call as a task of its own.
function transport.start(hub, call, send, host)
  local err = task.obstacle(nil, host)
  if err then return nil, err end
  task.drive(call, function() step(hub, call, send) end)
  return true
end

return transport
