--- Reading standard input, which holds everything up: while it does, Ctrl-C must end the command at once, or an upload
-- whose producer was ended by it would be taken for whole.

local stdin = {}

local function nothing() end

--- Called before and after a read: whoever handles SIGINT lets go of it meanwhile.
stdin.before, stdin.after = nothing, nothing

--- Reads as io.read does.
---@param what string|integer
---@return string? text, string? message
function stdin.read(what)
  stdin.before()
  local text, message = io.stdin:read(what)
  stdin.after()
  return text, message
end

return stdin
