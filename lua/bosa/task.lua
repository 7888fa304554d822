--- Who waits, and how: tasks, which are coroutines of ours or threads of the host, and calls.
--
-- Who waits yields where it can, and else blocks: then turns of bosa.loop are taken until the wait is over.

local core = require("bosa.core")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")

local task = {}

--- A thing that can be waited for: a call (userdata) or a task (table).
---@alias bosa.Waitable userdata|bosa.Task

---@class bosa.Task
---@field done_ boolean
---@field results table?
---@field error any
---@field observed boolean whether someone has asked for its result
---@field inner { call: userdata? }? the call that it is about, which ends with it
---@field timer table? what ends its wait, if nothing does earlier
---@field running userdata? the call that it runs just now, which nobody else holds; it ends with it, too
---@field open userdata? what task.with has open just now
local Task = {}
Task.__index = Task
Task.__name = "bosa.task"
function Task.__tostring(self) return "task (" .. (self.done_ and "ended" or "under way") .. ")" end

local tasks = setmetatable({}, { __mode = "k" }) -- coroutine -> its task
local hosted = setmetatable({}, { __mode = "k" }) -- coroutine of the host's -> its task
local drivers = setmetatable({}, { __mode = "k" }) -- call -> the task that takes it to its end, where no engine does
local unpack = table.unpack or unpack
local is_done = loop.is_done

--- Whether a value is a task.
function task.is_task(value) return getmetatable(value) == Task end

---------------------------------------------------------------------------------------------------
-- waiting

local resume

--- How a task of ours waits: it yields, and `wake` has it resumed. nil: no task of ours runs.
local function own_parker()
  local co = coroutine.running()
  if not co or not tasks[co] then return nil end
  local woken = false
  return {
    wake = function()
      if woken then return end
      woken = true
      loop.soon(function() resume(co) end)
    end,
    park = function(timeout)
      local timer = timeout and loop.timer(timeout, function()
        if woken then return end
        woken = true
        resume(co)
      end)
      local self = tasks[co]
      self.timer = timer
      coroutine.yield()
      self.timer = nil
      if timer then loop.cancel_timer(timer) end
    end,
  }
end

--- Why nothing can be sent, begun or waited for here and now, as an error; nil: it can.
---@param sent string? of the error: "no" where nothing was sent before
---@param host bosa.Host? that runs now, where it has just been looked for
---@return table? err
function task.obstacle(sent, host)
  host = host or loop.host()
  local why = host.obstacle and host.obstacle()
  return why and loop.error("connection", why, sent or "no")
end

--- How who runs now can wait without blocking; nil: not at all. A function that C code called (string.gsub, table.sort,
-- require, a metamethod) can't yield, whoever runs it: it blocks, or raises where the host can't have that.
local function parker_of(host)
  local err = task.obstacle("maybe")
  if err then error(err, 0) end
  if not core.is_yieldable() then return nil end
  return own_parker() or (host.parker and host.parker())
end

--- Whether who runs now can wait without holding up its host.
---@return boolean
function task.can_wait() return parker_of(loop.host()) ~= nil end

--- Waits for a call or a task, at most `timeout` seconds. Yields where the host lets it, else blocks.
-- Returns whether it is done.
---@param object bosa.Waitable
---@param timeout number? seconds
---@return boolean
function task.wait(object, timeout)
  if is_done(object) then return true end
  local parker = parker_of(loop.host())
  if not parker then return loop.block_until(object, timeout and core.now() + timeout) end
  loop.add_waiter(object, parker.wake)
  parker.park(timeout)
  loop.remove_waiter(object, parker.wake)
  return is_done(object)
end

--- Waits `seconds`, as task.wait does.
function task.sleep(seconds)
  local parker = parker_of(loop.host())
  if parker then
    parker.park(seconds)
    return
  end
  local over = { done_ = false }
  local timer = loop.timer(seconds, function() over.done_ = true end)
  loop.block_until(over)
  loop.cancel_timer(timer)
end

---------------------------------------------------------------------------------------------------
-- tasks

--- Lets go of an ended task's coroutine: a weak table of LuaJIT's keeps a key that its value refers to.
local function let_go(self)
  if not self.co then return end
  tasks[self.co] = nil
  self.co = nil
end

--- A task that was cancelled has its result: where the host can't stop its coroutine, what that gives comes too late.
local function end_task(self, ok, ...)
  if self.done_ then return let_go(self) end
  self.done_ = true
  if ok then
    self.results = { n = select("#", ...), ... }
  else
    self.error = (...)
  end
  if not ok and not self.observed and not loop.has_listener(self) then
    local host = loop.host()
    if host.has_loop then host.report(loop.text(self.error)) end
  end
  loop.settle(self)
  let_go(self)
end

--- Resumes a task's coroutine.
resume = function(co)
  local self = tasks[co]
  if not self or self.done_ or coroutine.status(co) ~= "suspended" then return end -- ended meanwhile
  local ok, err = coroutine.resume(co)
  if not ok and not self.done_ then end_task(self, false, err) end
end

--- Runs fn(...) as a task: at once, until it waits for the first time. Where the host can't have a task begin, it has
-- ended with an error, and fn was not run.
---@return bosa.Task
function task.spawn(fn, ...)
  local host = loop.host()
  local self = setmetatable({ done_ = false, observed = false }, Task)
  if host.spawn then
    local err = task.obstacle()
    if err then
      self.done_, self.error = true, err
      return self
    end
    host.spawn(self, end_task, function(...)
      hosted[coroutine.running()] = self
      return fn(...)
    end, ...)
    return self
  end
  local args, n = { ... }, select("#", ...)
  local co = coroutine.create(function()
    end_task(self, pcall(fn, unpack(args, 1, n)))
  end)
  tasks[co] = self
  self.co = co
  resume(co)
  return self
end

local function dropped(self, thing, ...)
  if self then self.open = nil end
  thing:drop()
  return ...
end

--- Gives what fn() gives, after thing:drop(). A task that is cancelled meanwhile never comes back here: then the thing
-- is dropped by who cancels it.
function task.with(thing, fn)
  local co = coroutine.running() or false
  local self = tasks[co] or hosted[co]
  if self then self.open = thing end
  return dropped(self, thing, fn())
end

--- Has a task take a call to its end by `work()`: the task ends with the call.
---@param call userdata
---@param work function
function task.drive(call, work)
  local driver = task.spawn(function()
    work()
    drivers[call] = nil
    loop.settle(call)
  end)
  if not driver.done_ then drivers[call] = driver end
end

--- Runs a call of the hub's engine to its end, and gives its result.
---@return userdata? response, table? err
function task.run(hub, call)
  local self = tasks[coroutine.running() or false]
  if self then
    local ok, err = loop.start(hub, call)
    if not ok then return nil, err end
    self.running = call
    task.wait(call)
    self.running = nil
    return call:_result()
  end
  local ended, err = loop.start_alone(hub, call)
  if ended == nil then return nil, err end
  if not ended then task.wait(call) end
  return call:_result()
end

--- Ends a call or a task before its time. A task's coroutine is not resumed again.
---@param object bosa.Waitable
---@param kind string? of the call's error: "cancelled"
function task.cancel(object, kind)
  if is_done(object) then return end
  if type(object) == "userdata" then
    loop.fail(object, kind or "cancelled")
    loop.settle(object)
    local driver = drivers[object]
    drivers[object] = nil
    if driver then task.cancel(driver) end
    return
  end
  if object.kill then object.kill() end
  if object.timer then loop.cancel_timer(object.timer) end
  object.timer = nil -- it holds the coroutine
  if object.open then object.open:drop() end
  object.done_ = true
  object.error = loop.error("cancelled", "the task was cancelled", "maybe")
  loop.settle(object)
  let_go(object)
  if object.inner and object.inner.call then task.cancel(object.inner.call) end
  if object.running then task.cancel(object.running) end
end

--- Ends everything of a hub that is being closed: the core ends the calls it has, who waits for them is told, and so
-- are the drivers of the others.
function task.close(hub)
  local open = {}
  for _, call in pairs(hub:_kept("calls")) do
    if not call:_ended() then open[call] = true end
  end
  local ended = loop.close(hub)
  for call in pairs(open) do
    if drivers[call] then ended[call] = true end
    loop.emit(hub, call) -- that the core has ended it
  end
  for call in pairs(ended) do
    if call:_ended() then
      loop.settle(call)
    else
      task.cancel(call, "closed")
    end
  end
  loop.nudge()
end

---------------------------------------------------------------------------------------------------
-- methods

--- Raises unless `timeout` is one, at the caller of the method.
local function check_timeout(timeout)
  if timeout ~= nil and not (type(timeout) == "number" and timeout >= 0) then -- NaN is none
    misuse.raise(3, "timeout: seconds expected, got %s", tostring(timeout))
  end
end

--- Waits for the result, at most `timeout` seconds; after that `nil, err` of kind "timeout", and the call goes on.
local function wait(self, timeout)
  check_timeout(timeout)
  local err = not is_done(self) and task.obstacle("maybe")
  if err then return nil, err end
  if task.wait(self, timeout) then return loop.result(self) end
  return nil, loop.error("timeout", string.format("still under way after %g s", timeout), "maybe")
end

local unchecked = {
  wait = wait,
  --- Ends it; its result is then an error of kind "cancelled".
  cancel = function(self) task.cancel(self) end,
  --- Whether the result is there.
  done = loop.look,
  --- Has `fn(response, err)` run once the result is there. Returns the call.
  on_done = function(self, fn)
    misuse.check_type(fn, "function", 1, "on_done")
    loop.on_done(self, fn)
    return self
  end,
}

--- The methods of tasks, which are those of calls, too.
task.methods = {}
for name, method in pairs(unchecked) do
  task.methods[name] = function(self, ...)
    if getmetatable(self) ~= Task then misuse.check_self(self, "call", name) end
    return method(self, ...)
  end
  Task[name] = task.methods[name]
end

return task
