--- Lua's collector, whose settings are named otherwise since Lua 5.5.
local collector = {}

local modern = tonumber(_VERSION:match("%d+$")) >= 5

local function set(name, value)
  if modern then return collectgarbage("param", name, value) end
  return collectgarbage("set" .. name, value)
end

--- Has the collector never rest, so that what is held by nothing is gone at once.
---@return fun() restore makes it as it was
function collector.never_rests()
  local pause, speed = set("pause", 0), set("stepmul", 1000)
  return function()
    set("pause", pause)
    set("stepmul", speed)
  end
end

return collector
