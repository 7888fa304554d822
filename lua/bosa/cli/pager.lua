--- What is longer than the screen goes through a pager: $PAGER, else less where there is one.

local uv = require("luv")
local exit = require("bosa.cli.exit")
local stdio = require("bosa.cli.stdio")
local terminal = require("bosa.cli.terminal")

local pager = {}

local LESS = "less -FRX"
local PREPARE = "LESS=${LESS-FRX}; export LESS; " -- $PAGER is less in most places, and there colours need -R
local EPIPE = 32

--- The shell's line that starts the pager; nil: there is none.
local function program()
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
  if not cx.tty or cx.pager or os.getenv("TERM") == "dumb" or not program() then return nil end
  local height = terminal.lines()
  return height and height - 1 -- the shell's prompt is to come
end

--- Has what is printed from now on go through the pager.
---@param cx bosa.cli.Context
---@return boolean begun
function pager.begin(cx)
  local line = program()
  if not line then return false end
  if cx.bar then cx.bar:clear() end
  io.stdout:flush()
  local file = io.popen(line, "w")
  if not file then return false end
  local watchers = {}
  for i, signal in ipairs({ "sigint", "sigpipe" }) do
    watchers[i] = uv.new_signal()
    watchers[i]:start(signal, function() end)
  end
  cx.pager = setmetatable({ file = file, watchers = watchers }, Pager)
  cx:cleanup(function() pager.finish(cx) end)
  return true
end

--- Writes to the pager. Who has left it has seen enough: the command ends well. Only a flush tells that: a line that
-- the C library could not hand on counts as written.
---@param text string
function Pager:write(text)
  local ok, message, errno = stdio.write(self.file, text)
  if ok then ok, message, errno = stdio.flush(self.file) end
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

--- Shows a text through the pager, which a loop is turned beside.
---@param text string
---@param turn fun(enough: fun(): boolean) turns the loop until it is enough
---@return boolean shown false: there is no pager
function pager.show(text, turn)
  local line = program()
  if not line then return false end
  local input, ended, status = uv.new_pipe(false), false, nil
  local broken = uv.new_signal() -- a pager that ends early is no reason to end
  broken:start("sigpipe", function() end)
  local child = uv.spawn("sh", { args = { "-c", line }, stdio = { input, 1, 2 } }, function(code)
    ended, status = true, code
  end)
  if child then
    input:write(text .. "\n")
    input:shutdown(function() if not input:is_closing() then input:close() end end)
    turn(function() return ended end)
    child:close()
  end
  if not input:is_closing() then input:close() end
  broken:close()
  return child ~= nil and status ~= 127 -- what the shell says of a command that isn't there
end

return pager
