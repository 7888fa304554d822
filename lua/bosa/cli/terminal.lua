--- Asking somebody: a line, a secret without echo, yes or no. Where standard input is no terminal, lines are read
-- from it without a word.

local uv = require("luv")
local exit = require("bosa.cli.exit")
local terminal_text = require("bosa.cli.terminal_text")

local terminal = {}

local CTRL_C, CTRL_D, CTRL_U, ESC = 3, 4, 21, 27
local ERASE = { [8] = true, [127] = true }
local ENTER = { [10] = true, [13] = true }
local RAW, COOKED = 1, 0
local DEFAULT_COLUMNS, NARROWEST, WIDEST = 80, 20, 10000
local READABLE = 100

--- The text without its last UTF-8 character.
local function without_last(text) return (text:gsub("[^\128-\191]?[\128-\191]*$", "", 1)) end

--- One key of a line being typed: the line, and what ends it: "enter", "interrupt" or "end".
local function key(line, byte)
  if ENTER[byte] then return line, "enter" end
  if byte == CTRL_C then return line, "interrupt" end
  if byte == CTRL_D and line == "" then return line, "end" end
  if ERASE[byte] then return without_last(line) end
  if byte == CTRL_U then return "" end
  if byte < 32 or byte == ESC then return line end
  return line .. string.char(byte)
end

--- The controlling terminal, opened anew: libuv leaves a descriptor that it was given in a mode that the standard
-- library can't do with. nil: there is none.
local function open_tty()
  local fd = uv.fs_open("/dev/tty", "r+", 0)
  local tty = fd and uv.new_tty(fd, true)
  if tty then return tty, fd end
  if fd then uv.fs_close(fd) end
  return nil
end

local function close_tty(tty, fd)
  tty:close()
  uv.fs_close(fd)
end

--- Columns and lines of the controlling terminal; nil: not known.
local function tty_size()
  local tty, fd = open_tty()
  if not tty then return nil end
  local width, height = uv.tty_get_winsize(tty)
  close_tty(tty, fd)
  if type(width) ~= "number" then return nil end
  return width > 0 and width or nil, height > 0 and height or nil
end

--- A number of cells that the environment tells; nil: it doesn't.
local function told(variable)
  local number = tonumber(os.getenv(variable))
  return number and number >= 1 and number <= WIDEST and math.floor(number) or nil
end

--- Columns of the terminal; what COLUMNS says wins.
---@return integer
function terminal.columns()
  return math.max(NARROWEST, told("COLUMNS") or (tty_size()) or DEFAULT_COLUMNS)
end

--- Columns that a help has: those of the terminal, as long as lines can be read; of a pipe, what can be read.
---@return integer
function terminal.reading_columns()
  if uv.guess_handle(1) ~= "tty" then return READABLE end
  return math.min(READABLE, terminal.columns())
end

--- Lines of the terminal; what LINES says wins. nil: not known.
---@return integer?
function terminal.lines() return told("LINES") or (select(2, tty_size())) end

--- Reads a line without echo: the line, and what ended it.
local function read_unseen()
  local tty, fd = open_tty()
  if not tty then return "", "end" end
  local line, how = "", nil
  uv.tty_set_mode(tty, RAW)
  tty:read_start(function(err, bytes)
    if err or not bytes then how = how or "end" end
    for i = 1, bytes and #bytes or 0 do
      if how then return end
      line, how = key(line, bytes:byte(i))
    end
  end)
  while not how do uv.run("once") end
  tty:read_stop()
  uv.tty_set_mode(tty, COOKED)
  close_tty(tty, fd)
  io.stderr:write("\n")
  return line, how
end

--- A line without the white space around it, and without the byte order mark that an editor put before it.
local function strip(line) return line and line:gsub("^\239\187\191", ""):match("^%s*(.-)%s*$") end

--- Asks for a line. nil: there was none.
---@param cx bosa.cli.Context
---@param question string
---@return string?
function terminal.ask(cx, question)
  if cx.bar then cx.bar:clear() end
  if cx.interactive then io.stderr:write(terminal_text.safe(question), ": ") end
  return strip(io.read("*l"))
end

--- Asks for a secret, which is not shown. nil: there was none. Ctrl-C ends the command.
---@param cx bosa.cli.Context
---@param question string
---@return string?
function terminal.ask_secret(cx, question)
  if not cx.interactive then return terminal.ask(cx, question) end
  if cx.bar then cx.bar:clear() end
  io.stderr:write(terminal_text.safe(question), ": ")
  local line, how = read_unseen()
  if how == "interrupt" then exit.with(exit.codes.interrupted) end
  if how == "end" then return nil end
  return strip(line)
end

--- Asks yes or no; no is what an empty line means. nil: nobody answers.
---@param cx bosa.cli.Context
---@param question string
---@return boolean?
function terminal.confirm(cx, question)
  local answer = terminal.ask(cx, question .. " [y/N]")
  if not answer then return nil end
  answer = answer:lower()
  return answer == "y" or answer == "yes"
end

return terminal
