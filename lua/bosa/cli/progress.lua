--- How far something is, as one line on the terminal at standard error that is drawn anew. Elsewhere nothing is shown.

local core = require("bosa.core")
local loop = require("bosa.loop")
local terminal_text = require("bosa.cli.terminal_text")

local progress = {}

local BEFORE = 0.5 -- seconds without a line: what is over by then needs none
local BETWEEN = 0.1 -- seconds between two drawings
local SMALL = 10000 -- bytes of a transfer that need no bar
local BAR = 24 -- columns
local SPINNER = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" }

---@class bosa.cli.Progress
---@field cx bosa.cli.Context
---@field on boolean standard error is a terminal
---@field hub userdata? whose calls are waited for
---@field text string? what is to be drawn when it is due
---@field told boolean? a line says how far it is, so the spinner needn't
---@field drawn boolean there is a line
---@field since number when the terminal was last written to, by core.now()
---@field turns integer how often the spinner was drawn
---@field timer table?
local Progress = {}
Progress.__index = Progress

--- The command's progress line; it is wiped away when something else is written, and when the command ends.
---@param cx bosa.cli.Context
---@return bosa.cli.Progress
function progress.new(cx)
  if cx.bar then return cx.bar end
  local self = setmetatable({ cx = cx, on = cx.progress, drawn = false, since = core.now(), turns = 0 }, Progress)
  cx.bar = self -- which wipes it away before it writes
  cx:cleanup(function()
    self:clear()
    if self.timer then loop.cancel_timer(self.timer) end
  end)
  return self
end

--- Whether the server is being waited for.
local function is_waiting(self) return self.hub ~= nil and self.hub:_active() > 0 end

local function draw(self, text)
  self.drawn, self.text = true, nil
  io.stderr:write("\r\27[K", terminal_text.safe(text))
  io.stderr:flush()
end

--- Draws what is due, and comes again as long as there may be something. It runs while the command waits.
local function tick(self)
  self.timer = nil
  if self.cx.pager then return end
  if core.now() - self.since >= BEFORE - 0.001 then
    if self.text then
      draw(self, self.text)
    elseif is_waiting(self) and not self.told then
      self.turns = self.turns + 1
      draw(self, SPINNER[self.turns % #SPINNER + 1] .. " waiting for the server")
    end
  end
  if self.text or is_waiting(self) then self:wait() end
end

--- Looks from now on whether there is something to draw.
function Progress:wait()
  if not self.on or self.timer then return end
  local left = self.since + BEFORE - core.now()
  self.timer = loop.timer(math.max(left, BETWEEN), function() tick(self) end)
end

--- Shows that a hub's calls are waited for.
---@param hub userdata
function Progress:watch(hub)
  self.hub = hub
  self:wait()
end

--- Has a line drawn: soon, and no sooner than something has taken its time. It stays until another one.
---@param text string
function Progress:show(text)
  if not self.on then return end
  self.text, self.told = text, true
  self:wait()
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

--- Wipes the line away: something else is written, or what it is about is over.
function Progress:clear()
  self.text, self.told = nil, false
  self.since = core.now()
  if not self.drawn then return end
  self.drawn = false
  io.stderr:write("\r\27[K")
  io.stderr:flush()
end

return progress
