--- Where the prompt's lines come from: GNU Readline, a terminal without it, or a pipe.
--
-- A reader has `line(prompt)`, which gives a line, or nil and "end" or "interrupt", and `interactive`. On a terminal it
-- runs luv's loop while it waits, so that calls under way go on.

local uv = require("luv")

local reader = {}

--- Opens the terminal anew: libuv leaves a descriptor that it was given in a mode that the standard library can't do
-- with.
local function open_terminal() return uv.fs_open("/dev/tty", "r", 0) end

---------------------------------------------------------------------------------------------------
-- GNU Readline

local Readline = { interactive = true }
Readline.__index = Readline

--- The only word that a text may become, as Readline takes it: it closes a string by itself, and once more behind one
-- that is closed, unless there is a choice.
local function only_word(word, ending, joint)
  local quoted = joint == '"' or joint == "'"
  if not quoted then return { word .. ending } end
  if ending == joint then return { word } end
  return { word, word .. (ending == "" and " " or ending) }
end

--- Hands the words that a text may become to Readline, whose word begins at `from`.
local function completer(self, library, complete)
  return function(line, from, to)
    library.set_completion_append_character("")
    local before = self.above .. line:sub(1, to)
    from = from + #self.above
    local start, words, ending = complete(before)
    for i, word in ipairs(words) do
      words[i] = (before:sub(from, start - 1) .. word):sub(math.max(from - start, 0) + 1)
    end
    if #words ~= 1 then return words end
    return only_word(words[1], ending, before:sub(from - 1, from - 1))
  end
end

--- Takes what is readable, until the line is whole. An interrupted one is left to Readline, which begins the next one
-- anew: lua-readline 3.2 can take its handler away only from within it, elsewhere it writes to a closed file.
local function wait(self, library, state)
  while not state.ended do
    state.readable = false
    self.turn(function() return state.readable end)
    if self.interrupted() then
      if library.sigcleanup then library.sigcleanup() end
      return nil, "interrupt"
    end
    library.read_char()
  end
  if state.line then return state.line end
  return nil, "end"
end

--- Reads a line.
---@param prompt string
---@param above string? what of the chunk stands above it
---@return string? line, "end"|"interrupt"? why
function Readline:line(prompt, above)
  local state, library = {}, self.library
  self.above = above and above .. "\n" or ""
  library.handler_install(prompt, function(line)
    library.handler_remove()
    state.line, state.ended = line, true
  end)
  self.poll:start("r", function() state.readable = true end)
  local line, why = wait(self, library, state)
  self.poll:stop()
  if why then io.stderr:write("\n") end
  return line, why
end

--- Has a line found again by the arrow keys.
function Readline:remember(line) self.library.add_history(line) end

function Readline:close()
  self.poll:close()
  uv.fs_close(self.fd)
end

--- Whether lua-readline is there, and new enough (2.8).
local function find_readline()
  local ok, library = pcall(require, "readline")
  if not ok or type(library) ~= "table" or not library.set_readline_name then return nil end
  return library
end

local function new_readline(options)
  local library = find_readline()
  if not library then return nil end
  local fd = open_terminal()
  local poll = fd and uv.new_poll(fd)
  if not poll then return nil end
  local self = setmetatable({ library = library, fd = fd, poll = poll, above = "" }, Readline)
  self.turn, self.interrupted = options.turn, options.interrupted
  library.set_options({ histfile = "", auto_add = false }) -- neither its own file nor every line
  library.set_readline_name("bosa")
  library.set_complete_function(completer(self, library, options.complete))
  return self
end

---------------------------------------------------------------------------------------------------
-- a terminal alone

local Terminal = { interactive = true }
Terminal.__index = Terminal

--- Reads a line, which the terminal lets edit as far as it can.
function Terminal:line(prompt)
  io.stderr:write(prompt)
  local tty = self.tty
  local got, ended = self.rest, false
  tty:read_start(function(err, bytes)
    if err or not bytes then ended = true else got = got .. bytes end
  end)
  local line, why
  repeat
    self.turn(function() return ended or got:find("\n", 1, true) end)
    line, self.rest = got:match("^([^\n]*)\n(.*)$")
    why = not line and (self.interrupted() and "interrupt" or ended and "end")
  until line or why
  tty:read_stop()
  self.rest = self.rest or ""
  if why then io.stderr:write("\n") end
  return line, why or nil
end

function Terminal:close()
  self.tty:close()
  uv.fs_close(self.fd)
end

local function new_terminal(options)
  local fd = open_terminal()
  local tty = fd and uv.new_tty(fd, true)
  if not tty then return nil end
  local self = setmetatable({ tty = tty, fd = fd, rest = "" }, Terminal)
  self.turn, self.interrupted = options.turn, options.interrupted
  return self
end

---------------------------------------------------------------------------------------------------
-- a pipe or a file

local Pipe = { interactive = false }
Pipe.__index = Pipe

function Pipe.line()
  local line = io.stdin:read("*l")
  if line then return line end
  return nil, "end"
end

function Pipe.close() end

---------------------------------------------------------------------------------------------------

---@class bosa.repl.ReaderOptions
---@field turn fun(enough: fun(): boolean) runs the loop until it is enough, or Ctrl-C was pressed
---@field interrupted fun(): boolean whether it was, since this was asked
---@field complete fun(text: string): integer, string[], string

--- A reader: Readline where standard input is a terminal and lua-readline is there.
---@param options bosa.repl.ReaderOptions
function reader.new(options)
  if uv.guess_handle(0) ~= "tty" then return Pipe end
  return new_readline(options) or new_terminal(options) or Pipe
end

return reader
