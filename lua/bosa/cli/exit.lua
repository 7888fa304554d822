--- Exit codes, and the way to end the command from anywhere.

local stdio = require("bosa.cli.stdio")

local exit = {}

exit.codes = { ok = 0, general = 1, auth = 2, subcommand = 3, params = 4, request = 5, interrupted = 130, pipe = 141 }

--- Ends the command with a code, from anywhere below a subcommand's `run`.
---@param code integer
function exit.with(code) error({ exit_code = code }, 0) end

--- Whether what was raised is Ctrl-C in the interpreter's own way, pressed before anybody listened.
---@param err any
---@return boolean
function exit.is_interrupt(err) return type(err) == "string" and err:find("interrupted!", 1, true) ~= nil end

local EPIPE = 32

--- Says on standard error that nothing can be written to standard output, unless its reader has had enough.
---@param message string?
---@param errno integer?
---@return integer exit_code
function exit.unwritten(message, errno)
  if errno == EPIPE then return exit.codes.pipe end
  local words = require("bosa.cli.terminal_text").safe(tostring(message))
  io.stderr:write("bosa: can't write to standard output: ", words, "\n")
  return exit.codes.general
end

--- Writes lines of the command's own to standard output, surely.
---@param text string
---@param code integer what the command exits with when they were written
---@return integer exit_code
function exit.print(text, code)
  local ok, message, errno = stdio.write(io.stdout, text, "\n")
  if ok then ok, message, errno = stdio.flush(io.stdout) end
  return ok and code or exit.unwritten(message, errno)
end

return exit
