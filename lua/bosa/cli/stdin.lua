--- Reading standard input, which holds everything up: while it does, Ctrl-C must end the command at once, or an upload
-- whose producer was ended by it would be taken for whole.

local interrupt = require("bosa.cli.interrupt")

local stdin = {}

--- Reads as io.read does.
---@param what string|integer
---@return string? text, string? message
function stdin.read(what)
  return interrupt.suspended(io.stdin.read, io.stdin, what)
end

return stdin
