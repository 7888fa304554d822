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

--- A file's read function: standard input in pieces of so many bytes. At its end the loop has a turn first: a Ctrl-C
-- that ended who writes, and came before the reading, is then told before an upload is taken for whole.
---@param size integer
---@return fun(): string?, string?
function stdin.reader(size)
  local ended = false
  return function()
    if ended then return nil end
    local bytes, message = stdin.read(size)
    if bytes or message then return bytes, message end
    ended = true
    return ""
  end
end

return stdin
