--- Turns: hubs that have calls, timers, and what is to be run next.
--
-- The core never calls Lua. It is stepped here, and what it then has to say (a call has ended, wants bytes, has
-- bytes, made progress, has events) is handled here, in plain Lua, which may yield. `loop.turn` is one round; a
-- host's event loop calls it when a hub's descriptor is readable or a timer is due, and where no host runs
-- `task.wait` (bosa.task) calls it until what is waited for is done.

local core = require("bosa.core")
local debug_log = require("bosa.debug_log")
local new_timers = require("bosa.timers").new

local loop = {}

-- hubs whose engine has calls -> the host that watches them; weak, as calls that nobody waits for don't keep a hub
local active = setmetatable({}, { __mode = "k" })
local waiters = {} -- waitable -> list of functions that wake who waits; pins what is waited for
local callbacks = {} -- waitable -> list of functions for on_done; pins likewise
local ready, first, last = {}, 1, 0 -- functions to run in this turn: a queue
local timers = new_timers()
local turning = 0 -- turns being taken, within each other
local LONGEST = 1e9 -- seconds of a timer: hosts count milliseconds as integers, and math.huge is none
local unpack = table.unpack or unpack
-- What the collector is told of each chunk of a download: they are large and short-lived, and without it LuaJIT
-- lets 20 MB of them gather. In kB; since Lua 5.5 in bytes.
local STEP = tonumber(_VERSION:match("%d+$")) >= 5 and 32 * 1024 or 32

---------------------------------------------------------------------------------------------------
-- hosts

--- What runs a program, and lets it wait. A new one is a module in bosa/host that has these; bosa.init adds it.
---@class bosa.Host
---@field name string
---@field running fun(): boolean whether it is the one that runs now; asked at each call and each wait
---@field has_loop boolean? it goes on by itself while nobody waits
---@field turns boolean? it takes turns of this module by itself
---@field watch fun(hub: userdata) has turns taken as long as the hub's descriptor (`_fd`) is readable
---@field unwatch fun(hub: userdata)
---@field arm fun(seconds: number) has a turn taken in so many seconds, or sooner
---@field disarm? fun() has none taken: no timer is left
---@field defer fun(fn: function) runs a function of the user's where the host's own functions may be called
---@field report fun(message: string) says what nobody waits for
---@field parker? fun(): { wake: fun(), park: fun(timeout: number?) } how the running coroutine waits, where the host's
--- own coroutines can; tasks of bosa.task know by themselves
---@field spawn? fun(task: bosa.Task, finish: function, fn: function, ...: any) runs fn(...) in a coroutine of its own;
--- finish(task, pcall(...)) ends the task
---@field detach? fun(fn: function) runs `fn` so that the end of who runs now is not its end
---@field send? fun(hub: userdata): fun(call: userdata) how a hub's calls are sent; without it over libcurl
---@field obstacle? fun(): string? why nothing can be sent nor waited for here and now
---@field share? fun(hub: userdata, name: string, shared: any, fetch: fun()) fetches schemas once for several processes
---@field unshare? fun(hub: userdata, name: string, shared: any) forgets them

local hosts = {} ---@type bosa.Host[]

--- Says on standard error what nobody waits for: `report` of a host that has no other place for it.
---@param message string
function loop.to_stderr(message)
  io.stderr:write("bosa: ", require("bosa.cli.terminal_text").lines(message), "\n")
end

--- A script without an event loop: who waits takes the turns.
---@type bosa.Host
local plain = {
  name = "plain",
  running = function() return true end,
  watch = function() end,
  unwatch = function() end,
  arm = function() end,
  defer = function(fn) fn() end,
  report = loop.to_stderr,
}

--- Adds a host; those that were added first are asked first whether they run.
---@param host bosa.Host
function loop.add_host(host) hosts[#hosts + 1] = host end

--- The host that is running now.
---@return bosa.Host
function loop.host()
  for i = 1, #hosts do
    if hosts[i].running() then return hosts[i] end
  end
  return plain
end

--- An error object made here.
function loop.error(kind, message, sent)
  return core.new_error({ kind = kind, message = message, sent = sent, retryable = false })
end

--- Takes a hub's key and token, and the token that was given for this, out of an error that was made here of what a
-- server said. A hub that was closed meanwhile can't tell them from other words, so none of these are shown.
---@param hub userdata
---@param err table
---@param token string?
---@return table err
function loop.redact(hub, err, token)
  if err.kind == "closed" then return err end -- in words of ours
  err.message = hub:_redact(err.message, token) or "the hub was closed meanwhile; why this failed is lost"
  return err
end

--- What a function of the user's raised, as text: its __tostring may raise, too, or on LuaJIT give no string.
---@param value any
---@return string
function loop.text(value)
  local ok, text = pcall(tostring, value)
  return ok and type(text) == "string" and text or ("a %s that gives no text"):format(type(value))
end

---------------------------------------------------------------------------------------------------
-- what is done

local function is_done(object)
  if type(object) == "userdata" then return object:_ended() end
  return object.done_
end

--- The result of something that is done: a call's `response | nil, err`, a task's return values.
function loop.result(object)
  if type(object) == "userdata" then return object:_result() end
  object.observed = true
  if object.results then return unpack(object.results, 1, object.results.n) end
  return nil, object.error
end

local function later(fn)
  ready[last + 1] = fn
  last = last + 1
end

--- One that raises takes no other with it: the rest is run in the next turn.
local function run_ready()
  while first <= last do
    local fn = ready[first]
    ready[first] = nil
    first = first + 1
    fn()
  end
  first, last = 1, 0
end

--- Runs user code that nobody waits for; what it raises is reported, not lost and not passed on to a stranger.
local function guarded(fn, ...)
  local ok, err = pcall(fn, ...)
  if not ok then loop.host().report(loop.text(err)) end
end

--- Tells everyone who waits that `object` is done.
local function settle(object)
  local list, done = waiters[object], callbacks[object]
  waiters[object], callbacks[object] = nil, nil
  if list then
    for i = 1, #list do list[i]() end
  end
  if done then
    local host = loop.host()
    for i = 1, #done do
      host.defer(function() guarded(done[i], loop.result(object)) end)
    end
  end
end

---------------------------------------------------------------------------------------------------
-- what the core has to say

local function emit(hub, call)
  local event = call:_event()
  if not event then return end
  local on_event = hub:_kept("on_event")
  while event do
    if on_event then guarded(on_event, event) end
    debug_log(event)
    event = call:_event()
  end
end

--- Ends a call before its time, or takes back a result that nobody has seen: that is an event, too.
local function fail(call, kind, message)
  call:_fail(kind, message)
  emit(call:_kept("hub"), call)
end

local function show_progress(call)
  local fn = call:_kept("on_progress")
  if not fn then return end
  local sent, to_send, received, to_receive = call:_progress()
  if not sent then return end
  local ok, err = true, nil
  if to_send ~= 0 and received == 0 then
    ok, err = pcall(fn, sent, to_send, "up")
  elseif received > 0 then
    ok, err = pcall(fn, received, to_receive, "down")
  end
  if not ok then fail(call, "cancelled", "on_progress raised: " .. loop.text(err)) end
end

--- Gives what came to the `output` function. It stops the call by returning false.
local function give_chunks(call)
  local fn = call:_kept("output")
  local bytes = call:_take()
  while bytes do
    local ok, answer = pcall(fn, bytes)
    if not ok then
      fail(call, "cancelled", "output raised: " .. loop.text(answer))
      return
    end
    if answer == false then
      fail(call, "cancelled", "output stopped the call")
      return
    end
    bytes = call:_take()
    collectgarbage("step", STEP)
  end
  call:_resume()
end

local EMPTY_READS = 8 -- answers of "" in a row (a filter that has nothing yet), after which others have their turn
local EMPTY_PAUSE = 0.005 -- seconds until `read` is asked again

--- Asks the waiting `read` function for the next bytes of the upload. "" is no end: it has nothing yet, and is asked
-- again in a while: the engine's calls by a timer; who drives one itself is given the seconds to sleep before that.
---@return number? seconds
local function feed(call)
  local read = call:_needs_input()
  if not read then return end
  for _ = 1, EMPTY_READS do
    local ok, bytes, why = pcall(read)
    if not ok then return fail(call, "file", "the file's read function raised: " .. loop.text(bytes)) end
    if bytes ~= nil and type(bytes) ~= "string" then
      return fail(call, "file", "the file's read function must return a string or nil, not a " .. type(bytes))
    end
    if bytes == nil and type(why) == "table" then return fail(call, "file", tostring(why.message)) end
    if bytes == nil and why ~= nil then
      return fail(call, "file", "the file's read function failed: " .. loop.text(why))
    end
    if bytes ~= "" then return call:_feed(bytes) end
  end
  if call:_driven() then
    local held = setmetatable({ call = call }, { __mode = "v" }) -- who lets go of the call ends it, also now
    loop.timer(EMPTY_PAUSE, function()
      if held.call and not held.call:_ended() then loop.feed(held.call) end
    end)
    return nil
  end
  local left = call:_attempt_time()
  if left and left <= EMPTY_PAUSE then return fail(call, "timeout", "the upload's bytes did not come in time") end
  return EMPTY_PAUSE
end

local function handle(hub, call, ended, needs_input, chunk, progress, event)
  if event then emit(hub, call) end
  if progress then show_progress(call) end
  if chunk then give_chunks(call) end
  if needs_input then feed(call) end
  if ended or call:_ended() then settle(call) end
end

--- Handles everything that the hub's core has to say.
local function drain(hub)
  local call, ended, needs_input, chunk, progress, event = hub:_next()
  while call do
    handle(hub, call, ended, needs_input, chunk, progress, event)
    call, ended, needs_input, chunk, progress, event = hub:_next()
  end
  if active[hub] and hub:_active() == 0 then
    active[hub].unwatch(hub)
    active[hub] = nil
  end
end

---------------------------------------------------------------------------------------------------
-- timers

local function fire_timers()
  local now, timer = core.now(), timers:first()
  while timer and timer.at <= now do
    timers:remove(timer)
    later(timer.fn)
    timer = timers:first()
  end
end

--- Runs `fn` in `seconds`.
---@param seconds number
---@param fn function
---@return bosa.Timer timer for loop.cancel_timer
function loop.timer(seconds, fn)
  seconds = math.min(seconds, LONGEST)
  local timer = timers:add(core.now() + seconds, fn)
  loop.host().arm(seconds)
  return timer
end

--- Takes a timer back. With the last one the host's own goes, too, so that its loop may end.
function loop.cancel_timer(timer)
  timers:remove(timer)
  if timers:first() or first <= last then return end
  local host = loop.host()
  if host.disarm then host.disarm() end
end

--- Seconds until the first timer, at most `limit` (nil: no limit).
local function next_timer(limit)
  local timer = timers:first()
  if not timer then return limit end
  return math.min(math.max(0, timer.at - core.now()), limit or math.huge)
end

---------------------------------------------------------------------------------------------------
-- turning

local function step_all(seconds)
  local ms = seconds and math.ceil(seconds * 1000) or -1
  local one, other = next(active)
  if one then other = next(active, one) end
  if one and not other then
    one:_step(ms)
    drain(one)
    return
  end
  local hubs = {}
  for hub in pairs(active) do hubs[#hubs + 1] = hub end
  if ms ~= 0 then core.poll(hubs, ms) end
  for i = 1, #hubs do
    hubs[i]:_step(0)
    drain(hubs[i])
  end
end

local function turn(seconds)
  fire_timers()
  local busy = first <= last
  run_ready()
  step_all(busy and 0 or next_timer(seconds))
  fire_timers()
  run_ready()
end

--- One round: due timers, what is ready, a step of every active hub that waits at most `seconds`
-- (nil: until something happens).
function loop.turn(seconds)
  turning = turning + 1
  local ok, err = pcall(turn, seconds)
  turning = turning - 1
  if not ok then error(err, 0) end
end

--- Has the host's loop take a turn soon, unless one is being taken.
function loop.nudge()
  if turning == 0 then loop.host().arm(0) end
end

--- Has `fn` run in a turn soon, whoever takes it.
function loop.soon(fn)
  later(fn)
  loop.nudge()
end

--- Whether nothing is under way that a turn could do.
local function is_idle() return not next(active) and not timers:first() and first > last end

--- Takes turns until `object` is done, or until `deadline`. Returns whether it is done. Raises where nothing that is
-- under way could end the wait.
---@param object bosa.Waitable
---@param deadline number? by core.now()
---@return boolean
function loop.block_until(object, deadline)
  while not is_done(object) do
    local left = deadline and deadline - core.now()
    if left and left <= 0 then
      loop.turn(0) -- so that who only looks again and again gets somewhere, too
      return is_done(object)
    end
    if is_idle() then
      if not left then error(loop.error("closed", "nothing that is under way can end this wait", "maybe"), 0) end
      core.poll({}, math.ceil(left * 1000))
      return is_done(object)
    end
    loop.turn(left)
  end
  return true
end

--- Whether it is done; where no loop runs, what has come in meanwhile is looked at first.
function loop.look(object)
  if not is_done(object) and turning == 0 and not loop.host().has_loop then loop.turn(0) end
  return is_done(object)
end

---------------------------------------------------------------------------------------------------
-- who is told

local function remove(list, item)
  for i = 1, list and #list or 0 do
    if list[i] == item then
      table.remove(list, i)
      return
    end
  end
end

--- Has `wake()` called once `object` is done.
function loop.add_waiter(object, wake)
  local list = waiters[object] or {}
  waiters[object] = list
  list[#list + 1] = wake
end

--- Takes back what add_waiter has noted.
function loop.remove_waiter(object, wake)
  remove(waiters[object], wake)
  if waiters[object] and not waiters[object][1] then waiters[object] = nil end
end

--- Has `fn(loop.result(object))` run once `object` is done (soon, if it is).
function loop.on_done(object, fn)
  if is_done(object) and not waiters[object] then
    local host = loop.host()
    local function tell() guarded(fn, loop.result(object)) end
    if not host.turns then return host.defer(tell) end -- nobody would take the turn
    return loop.soon(tell)
  end
  local list = callbacks[object] or {}
  callbacks[object] = list
  list[#list + 1] = fn
end

--- Whether anybody is told once `object` is done.
function loop.has_listener(object) return (waiters[object] or callbacks[object]) ~= nil end

---------------------------------------------------------------------------------------------------
-- calls of a hub's engine

--- Has the host watch a hub whose engine has calls.
local function watch(hub)
  if active[hub] then return end
  local host = loop.host()
  active[hub] = host
  host.watch(hub)
end

--- Gives a call to the hub's engine, and has the host watch it.
---@return boolean?, table? err
function loop.start(hub, call)
  local ok, err = hub:_start(call)
  if not ok then return nil, err end
  watch(hub)
  return true
end

--- Gives a call to the hub's engine and, where nothing else is under way and no host runs, takes it to its end: a
-- short way for a script that does one thing at a time.
---@return boolean? ended, table? err
function loop.start_alone(hub, call)
  if is_idle() and loop.host() == plain then
    local ended, err = hub:_run(call)
    if ended == nil then return nil, err end
    while not ended do
      drain(hub)
      run_ready()
      ended = call:_ended()
      if ended or next(active) or timers:first() then break end
      ended = hub:_run(call)
    end
    if ended then return true end
  else
    local ok, err = hub:_start(call)
    if not ok then return nil, err end
  end
  watch(hub)
  return false
end

--- Closes a hub and watches it no more. Returns the calls of it that somebody waits for: they are to be told.
---@return table<userdata, boolean>
function loop.close(hub)
  local calls = {}
  for _, listeners in ipairs({ waiters, callbacks }) do
    for object in pairs(listeners) do
      if type(object) == "userdata" and object:_kept("hub") == hub then calls[object] = true end
    end
  end
  if active[hub] then
    active[hub].unwatch(hub)
    active[hub] = nil
  end
  hub:_close()
  return calls
end

loop.settle = settle
loop.emit = emit
loop.fail = fail
loop.guarded = guarded
loop.give_chunks = give_chunks
loop.feed = feed
loop.show_progress = show_progress
loop.next_timer = next_timer
loop.is_done = is_done

return loop
