--- cqueues: any coroutine of a controller may wait; one of ours drives the hubs while they are active.

local loop = require("bosa.loop")

local host = { name = "cqueues", has_loop = true, turns = true }

local cqueues, condition
local drivers = {} -- hub -> true while a coroutine drives it
local changed -- signalled when a timer or a hub was added

function host.running()
  cqueues = cqueues or package.loaded.cqueues
  if type(cqueues) ~= "table" or not cqueues.running then return false end
  local _, inside = cqueues.running()
  return inside == true
end

function host.defer(fn) fn() end

host.report = loop.to_stderr

local function signal()
  condition = condition or require("cqueues.condition")
  changed = changed or condition.new()
  changed:signal()
end

--- Drives a hub until it has nothing under way.
local function drive(hub)
  while drivers[hub] do
    cqueues.poll({ pollfd = hub:_fd(), events = "r" }, changed, loop.next_timer())
    loop.turn(0)
  end
end

function host.watch(hub)
  if drivers[hub] then return end
  drivers[hub] = true
  signal()
  cqueues.running():wrap(drive, hub)
end

function host.unwatch(hub)
  drivers[hub] = nil
  if changed then changed:signal() end
end

--- Has a turn taken in `seconds`: by the drivers if there are any, else by a coroutine that waits for it.
function host.arm(seconds)
  if next(drivers) then
    signal()
    return
  end
  cqueues.running():wrap(function()
    cqueues.sleep(seconds)
    loop.turn(0)
  end)
end

function host.parker()
  condition = condition or require("cqueues.condition")
  local woken = condition.new()
  return {
    wake = function() woken:signal() end,
    park = function(timeout) woken:wait(timeout) end,
  }
end

function host.spawn(task, finish, fn, ...)
  local arguments, n = { ... }, select("#", ...)
  cqueues.running():wrap(function()
    if task.done_ then return end
    finish(task, pcall(fn, (table.unpack or unpack)(arguments, 1, n)))
  end)
end

return host
