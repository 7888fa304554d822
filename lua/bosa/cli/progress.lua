--- How far something is, as one line on the terminal at standard error that is drawn anew. Elsewhere nothing is shown.

local uv = require("luv")
local core = require("bosa.core")
local terminal_text = require("bosa.cli.terminal_text")

local progress = {}

local BEFORE = 0.3 -- seconds without a line: what is over by then needs none
local BETWEEN = 0.1 -- seconds between two drawings
local SMALL = 10000 -- bytes of a transfer that need no bar
local BAR = 24 -- columns

---@class bosa.cli.Progress
---@field cx bosa.cli.Context
---@field text string? what is to be drawn when it is due
local Progress = {}
Progress.__index = Progress

--- A progress line; it is wiped away when the command ends.
---@param cx bosa.cli.Context
---@return bosa.cli.Progress
function progress.new(cx)
  local due = core.now() + BEFORE
  local self = setmetatable({ cx = cx, on = cx.progress, drawn = false, due = due, timer = uv.new_timer() }, Progress)
  cx.bar = self -- which wipes it away before it writes
  cx:cleanup(function()
    self:clear()
    self.timer:close()
  end)
  return self
end

local function draw(self)
  local text = self.text
  self.text = nil
  if not text or self.cx.pager then return end
  self.due, self.drawn = core.now() + BETWEEN, true
  io.stderr:write("\r\27[K", terminal_text.safe(text))
  io.stderr:flush()
end

--- Has a line drawn: now, or once the last one has stood long enough.
---@param text string
function Progress:show(text)
  if not self.on then return end
  self.text = text
  local left = self.due - core.now()
  if left <= 0 then return draw(self) end
  if not self.timer:is_active() then self.timer:start(math.ceil(left * 1000), 0, function() draw(self) end) end
end

--- Bytes of a transfer; `total` 0 or less: not known.
---@param done number
---@param total number?
---@param direction "up"|"down"
function Progress:bytes(done, total, direction)
  if math.max(done, total or 0) < SMALL then return end
  local arrow = direction == "up" and "↑ " or "↓ "
  if not total or total <= 0 then return self:show(arrow .. terminal_text.size(done)) end
  local part = math.min(1, done / total)
  local full = math.floor(part * BAR)
  self:show(("%s[%s%s] %3d%%  %s of %s"):format(arrow, ("="):rep(full), (" "):rep(BAR - full), math.floor(part * 100),
    terminal_text.size(done), terminal_text.size(total)))
end

--- Pages of a list.
---@param pages integer
---@param total integer? how many there are
---@param items integer
function Progress:pages(pages, total, items)
  local of = total and total >= pages and total % 1 == 0 and total < 2 ^ 53 and (" of %d"):format(total) or ""
  self:show(("page %d%s, %d items"):format(pages, of, items))
end

--- Wipes the line away.
function Progress:clear()
  self.text = nil
  if not self.drawn then return end
  self.drawn = false
  io.stderr:write("\r\27[K")
  io.stderr:flush()
end

return progress
