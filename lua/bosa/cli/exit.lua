--- Exit codes, and the way to end the command from anywhere.

local exit = {}

exit.codes = { ok = 0, general = 1, auth = 2, subcommand = 3, params = 4, request = 5, interrupted = 130, pipe = 141 }

--- Ends the command with a code, from anywhere below a subcommand's `run`.
---@param code integer
function exit.with(code) error({ exit_code = code }, 0) end

return exit
