--- A prompt at work: reads chunks, runs each as a task, shows what it gave or what went wrong.
--
-- Tasks and timers are resumed here, outside of luv's callbacks, so that a line that never waits can be interrupted,
-- too: every now and then it is asked whether Ctrl-C was pressed.

local bosa = require("bosa")
local uv = require("luv")
local exit = require("bosa.cli.exit")
local interrupt = require("bosa.cli.interrupt")
local host = require("bosa.host.uv")
local locals = require("bosa.repl.locals")
local terminal = require("bosa.cli.terminal")
local show = require("bosa.repl.show")

local session = {}

local LEAVES = { exit = true, quit = true, ["exit()"] = true, ["quit()"] = true } -- as a whole line
local STEPS = 1000000 -- of the virtual machine between two looks for Ctrl-C
local unpack = table.unpack or unpack

---@class bosa.repl.Session
---@field cx bosa.cli.Context
---@field names bosa.repl.Names
---@field history bosa.repl.History
---@field failed boolean whether a line went wrong
---@field pressed boolean whether Ctrl-C was pressed
local Session = {}
Session.__index = Session

---------------------------------------------------------------------------------------------------
-- the loop

local function drain(self)
  local queue = self.queue
  while queue[1] do
    local ok, err = pcall(table.remove(queue, 1))
    if not ok then self:report(err) end
  end
end

--- Runs the loop until `enough()` or Ctrl-C; false: nothing is left that could ever make it enough.
function Session:turn(enough)
  drain(self)
  while not enough() and not self.pressed do
    local alive = uv.run("once")
    local more = alive or self.queue[1] ~= nil
    drain(self)
    if not more and not enough() then return false end
  end
  return true
end

--- Runs the loop until `enough()`; Ctrl-C is for somebody else, who has the terminal.
function Session:turn_beside(enough)
  while not enough() do
    uv.run("once")
    drain(self)
  end
  self.pressed = false
end

--- Whether Ctrl-C was pressed since this was asked.
function Session:interrupted()
  local pressed = self.pressed
  self.pressed = false
  return pressed
end

--- Keeps what the loop has to run for this prompt to do.
function Session:begin()
  host.collect_deferred(function(fn) self.queue[#self.queue + 1] = fn end)
  self.signal = uv.new_signal()
  self.signal:unref()
end

--- Has Ctrl-C looked at here, or end the command again.
function Session:listen(on)
  if on then
    self.signal:start("sigint", function() self.pressed = true end)
  else
    self.signal:stop()
  end
end

--- Gives back what `begin` took.
function Session:finish()
  host.collect_deferred(nil)
  self.names.locals:close()
  self.signal:close()
  interrupt.restore()
end

---------------------------------------------------------------------------------------------------
-- chunks

local function load_text(text, env)
  if not rawget(_G, "jit") then return load(text, "=stdin", "t", env) end
  local chunk, message = load(text, "=stdin", "t", env)
  if chunk then require("jit").off(chunk, true) end -- compiled code is never asked whether it may go on
  return chunk, message
end

--- Compiles a text, an expression if it is one: a function, or nil, a message, and whether more may make it whole.
---@param text string
---@param scope table what it sees as globals
---@param line integer? the number of its first line
---@return function? chunk, string? message, boolean? incomplete
function session.compile(text, scope, line)
  text = text:gsub("^%s*=", "")
  local asked = text:match("^%s*%?%s*(.*)$") -- ?x
  if text:find("^%s*help%s*$") then asked = "" end
  if asked then text = "help(" .. asked .. ")" end
  local above = ("\n"):rep((line or 1) - 1)
  -- the value in front keeps a call from being a tail call, whose errors would have no place
  local chunk, why = load_text(above .. "return nil, " .. text, scope)
  if chunk then return function() return select(2, chunk()) end end
  local message
  chunk, message = load_text(above .. text, scope)
  if chunk then
    local with_locals = locals.rewrite(text)
    return with_locals and load_text(above .. with_locals, scope) or chunk
  end
  local incomplete = why:find("<eof>'?$") or message:find("<eof>'?$")
  return nil, message, incomplete ~= nil
end

local function pack(...) return { n = select("#", ...), ... } end

--- Where in the chunk an error was is left out where there is one line of it anyway.
local function without_place(message) return (message:gsub("^stdin:1: ", "")) end

--- What may have been meant by the name that Lua's message says is nil; "": nothing.
local function hint_of(self, message)
  local name = self.names.missing
  local is_about = name and message:find("nil value", 1, true) and message:find("'" .. name .. "'", 1, true)
  if not is_about then return "" end
  local suggestion = self.names:suggestion(name)
  return suggestion and "; " .. suggestion or ""
end

--- Says what went wrong, as one line.
function Session:report(err)
  if type(err) == "table" and err.exit_code then error(err, 0) end
  self.failed = true
  local meta = type(err) == "table" and getmetatable(err)
  if type(err) == "table" and not (type(meta) == "table" and meta.__tostring) then
    err = "(the error is a table without a text)"
  end
  if show.is_error(err) then
    self.names.last_error = err
    self.cx:fail(err)
  else
    err = tostring(err)
    self.cx:fail((self.reader.interactive and without_place(err) or err) .. hint_of(self, err))
  end
end

function Session:style()
  local function paint(style, text) return self.cx:paint(style, text) end
  return { width = terminal.columns(), paint = paint }
end

--- Looks whether Ctrl-C was pressed: a signal that came is only told by the loop.
local function look_for_signal(self)
  self.signal:ref() -- a loop without any handle doesn't look
  uv.run("nowait")
  self.signal:unref()
end

--- Runs a chunk and shows its results.
local function perform(self, chunk)
  local co = coroutine.running()
  debug.sethook(function()
    if coroutine.running() ~= co then return end -- LuaJIT has one hook for all
    look_for_signal(self)
    if self.pressed then error("interrupted", 0) end
  end, "", STEPS)
  local results = pack(chunk())
  if results.n == 0 then return end
  local text, err = show.results(self:style(), results)
  if not text then error(err, 0) end
  if results[1] ~= nil then self.names.env._ = results[1] end
  self.cx:print(text)
  local suggestion = results.n == 1 and results[1] == nil and self.names.missing == self.alone
    and self.names:suggestion(self.alone)
  if suggestion then self.cx:note(("`%s` is not set; %s"):format(self.alone, suggestion)) end
end

--- Ctrl-C ends a chunk, and where nobody types, everything.
local function stop(self)
  if not self.reader.interactive then error({ exit_code = exit.codes.interrupted }, 0) end
  self.pending = {}
  self.cx:note("interrupted")
end

--- Runs a chunk to its end, or to Ctrl-C.
function Session:run(chunk)
  local outcome
  self:listen(true)
  local task = bosa.async(function()
    outcome = pack(pcall(perform, self, chunk))
  end)
  local goes_on = self:turn(function() return task:done() end)
  debug.sethook() -- LuaJIT has one for all
  if not task:done() then task:cancel() end
  look_for_signal(self)
  self:listen(self.reader.interactive)
  if self:interrupted() then
    stop(self)
  elseif not goes_on and not outcome then
    self:report("nothing that is under way can end this wait")
  elseif outcome and not outcome[1] then
    self:report(unpack(outcome, 2, 2))
  end
end

---------------------------------------------------------------------------------------------------
-- lines

--- Lines that were whole can be found again, unless there is a secret in them.
local function remember(self, text)
  if not self.reader.remember or not text:find("%S") or text == self.latest then return end
  self.latest = text
  if not self.history:keep(text) then return end
  for line in (text .. "\n"):gmatch("(.-)\n") do self.reader:remember(line) end
end

--- The next line. Lines that came at once, as by pasting them, are taken one by one.
local function read_line(self, prompt, above)
  if not self.pending[1] then
    io.stdout:flush()
    local text, why = self.reader:line(prompt, above)
    if not text then return nil, why end
    for line in (text .. "\n"):gmatch("(.-)\n") do self.pending[#self.pending + 1] = line end
  end
  self.number = self.number + 1
  return table.remove(self.pending, 1)
end

--- Whether a line ends the prompt: `exit` and `quit`, unless they are variables.
local function leaves(self, line)
  local word = line:match("^%s*(.-)%s*;?%s*$")
  return LEAVES[word] ~= nil and self.names:value(word:match("%a+")) == nil
end

--- Reads lines until they make a chunk: its text, and the function, or nil and what is wrong with it.
local function read_chunk(self)
  local text, first, message = nil, self.number + 1, nil
  while true do
    local line, why = read_line(self, text and ">> " or "> ", text)
    if why == "interrupt" then
      self:interrupted()
      return nil, "interrupt"
    end
    if not line then return text, "end", nil, message end
    if not text and leaves(self, line) then return nil, "end" end
    text = text and text .. "\n" .. line or line
    local place = not self.reader.interactive and first or nil
    local chunk, incomplete
    chunk, message, incomplete = session.compile(text, self.names.locals:scope(), place)
    if chunk or not incomplete then return text, nil, chunk, message end
  end
end

--- Reads and runs one chunk; false: there are no more.
local function step(self)
  local text, why, chunk, message = read_chunk(self)
  if why == "interrupt" then return true end
  if why == "end" then
    if text and not self.reader.interactive then self:report(message) end
    return false
  end
  remember(self, text)
  self.names.missing, self.alone = nil, text:match("^%s*=?%s*([%a_][%w_]*)%s*$") or false
  if chunk then self:run(chunk) else self:report(message) end
  return true
end

--- Runs until the lines end.
---@param reader table as bosa.repl.reader gives it
function Session:loop(reader)
  self.reader = reader
  self:listen(reader.interactive)
  if reader.remember then
    for _, line in ipairs(self.history:load()) do reader:remember(line) end
  end
  while step(self) do end -- each turn runs a chunk
end

--- A prompt.
---@param cx bosa.cli.Context
---@param known bosa.repl.Names
---@param history bosa.repl.History
---@return bosa.repl.Session
function session.new(cx, known, history)
  return setmetatable({
    cx = cx, names = known, history = history, queue = {}, pending = {}, failed = false, pressed = false, number = 0,
  }, Session)
end

return session
