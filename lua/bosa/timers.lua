--- Timers by the time at which they are due: a binary heap, so that one of very many is added, taken back or found due
-- in a few steps.

local timers = {}

---@class bosa.Timer
---@field at number when it is due, by core.now()
---@field fn function
---@field order integer tells which was added first, of those that are due at the same time
---@field place integer? in the heap; nil: it was taken out

---@class bosa.Timers
---@field [integer] bosa.Timer none is due before the one at half its place
---@field added integer
local Timers = {}
Timers.__index = Timers

local function is_before(a, b) return a.at < b.at or a.at == b.at and a.order < b.order end

local function put(self, timer, place)
  self[place], timer.place = timer, place
end

--- Moves a timer up to where the one above it is due before it.
local function rise(self, timer)
  local place = timer.place
  while place > 1 do
    local half = math.floor(place / 2)
    if is_before(self[half], timer) then break end
    put(self, self[half], place)
    place = half
  end
  put(self, timer, place)
end

--- Moves a timer down to where those below it are due after it.
local function sink(self, timer)
  local place = timer.place
  while true do
    local below, other = self[2 * place], self[2 * place + 1]
    if other and is_before(other, below) then below = other end
    if not below or is_before(timer, below) then break end
    local freed = below.place
    put(self, below, place)
    place = freed
  end
  put(self, timer, place)
end

--- Adds a timer.
---@param at number
---@param fn function
---@return bosa.Timer
function Timers:add(at, fn)
  self.added = self.added + 1
  local timer = { at = at, fn = fn, order = self.added, place = #self + 1 }
  rise(self, timer)
  return timer
end

--- Takes a timer out; one that was taken out before stays so.
---@param timer bosa.Timer
function Timers:remove(timer)
  local place = timer.place
  if not place then return end
  timer.place = nil
  local last = table.remove(self)
  if last == timer then return end
  put(self, last, place)
  rise(self, last)
  sink(self, last)
end

--- The timer that is due first; nil: there is none.
---@return bosa.Timer?
function Timers:first() return self[1] end

---@return bosa.Timers
function timers.new() return setmetatable({ added = 0 }, Timers) end

return timers
