--- How far something is, as one line on the terminal at standard error that is drawn anew. Elsewhere nothing is shown.

local uv = require("luv")
local output = require("bosa.cli.output")

local progress = {}

local BEFORE = 300 -- milliseconds without a line: what is over by then needs none
local BETWEEN = 100 -- milliseconds between two drawings
local SMALL = 10000 -- bytes of a request that need no bar
local BAR = 24 -- columns

---@class bosa.cli.Progress
local Progress = {}
Progress.__index = Progress

--- A progress line; it is wiped away when the command ends.
---@param cx bosa.cli.Context
---@return bosa.cli.Progress
function progress.new(cx)
  local self = setmetatable({ on = cx.progress, drawn = false, due = uv.hrtime() / 1e6 + BEFORE }, Progress)
  cx:cleanup(function() self:clear() end)
  return self
end

--- Draws a line, unless the last one is too fresh.
---@param text string
function Progress:show(text)
  local now = uv.hrtime() / 1e6
  if not self.on or now < self.due then return end
  self.due, self.drawn = now + BETWEEN, true
  io.stderr:write("\r\27[K", text)
  io.stderr:flush()
end

--- Bytes of a transfer; `total` 0 or less: not known.
---@param done number
---@param total number?
---@param direction "up"|"down"
function Progress:bytes(done, total, direction)
  if direction == "up" and total and total < SMALL then return end
  local arrow = direction == "up" and "↑ " or "↓ "
  if not total or total <= 0 then return self:show(arrow .. output.size(done)) end
  local part = math.min(1, done / total)
  local full = math.floor(part * BAR)
  self:show(("%s[%s%s] %3d%%  %s of %s"):format(arrow, ("="):rep(full), (" "):rep(BAR - full), math.floor(part * 100),
    output.size(done), output.size(total)))
end

--- Pages of a list.
---@param pages integer
---@param total integer? how many there are
---@param items integer
function Progress:pages(pages, total, items)
  local of = total and total >= pages and (" of %d"):format(total) or ""
  self:show(("page %d%s, %d items"):format(pages, of, items))
end

--- Wipes the line away.
function Progress:clear()
  if not self.drawn then return end
  self.drawn = false
  io.stderr:write("\r\27[K")
  io.stderr:flush()
end

return progress
