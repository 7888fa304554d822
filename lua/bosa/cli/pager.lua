--- What is longer than the screen goes through a pager: $PAGER, else less where there is one.

local uv = require("luv")
local exit = require("bosa.cli.exit")
local terminal = require("bosa.cli.terminal")

local pager = {}

local LESS = "less -FRX"
local PREPARE = "LESS=${LESS-FRX}; export LESS; " -- $PAGER is less in most places, and there colours need -R
local EPIPE = 32

--- The shell's line that starts the pager; nil: there is none.
---@return string?
function pager.program()
  local own = os.getenv("PAGER")
  if own then return own:find("%S") and PREPARE .. own or nil end
  for dir in (os.getenv("PATH") or ""):gmatch("[^:]+") do
    if uv.fs_access(dir .. "/less", "X") then return LESS end
  end
  return nil
end

---@class bosa.cli.Pager
---@field file file* its standard input
---@field watchers userdata[] of signals: Ctrl-C is for the pager to understand, and it may be left at any time
local Pager = {}
Pager.__index = Pager

--- How many lines need no pager; nil: none is there, or there is nothing to page for.
---@param cx bosa.cli.Context
---@return integer?
function pager.room(cx)
  if not cx.tty or cx.pager or os.getenv("TERM") == "dumb" or not pager.program() then return nil end
  local height = terminal.lines()
  return height and height - 1 -- the shell's prompt is to come
end

--- Has what is printed from now on go through the pager.
---@param cx bosa.cli.Context
---@return boolean begun
function pager.begin(cx)
  local line = pager.program()
  if not line then return false end
  if cx.bar then cx.bar:clear() end
  io.stdout:flush()
  local file = io.popen(line, "w")
  if not file then return false end
  file:setvbuf("line")
  local watchers = {}
  for i, signal in ipairs({ "sigint", "sigpipe" }) do
    watchers[i] = uv.new_signal()
    watchers[i]:start(signal, function() end)
  end
  cx.pager = setmetatable({ file = file, watchers = watchers }, Pager)
  cx:cleanup(function() pager.finish(cx) end)
  return true
end

--- Writes to the pager. Who has left it has seen enough: the command ends well.
---@param text string
function Pager:write(text)
  local ok, message, errno = self.file:write(text)
  if ok then return end
  if errno == EPIPE then exit.with(exit.codes.ok) end
  error(message, 0)
end

--- Waits until the pager is left; what was to be said meanwhile is said then.
---@param cx bosa.cli.Context
function pager.finish(cx)
  local self = cx.pager
  if not self then return end
  self.file:close()
  for _, watcher in ipairs(self.watchers) do watcher:close() end
  cx.pager = nil
  cx:flush_notes()
end

return pager
