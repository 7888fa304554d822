--- Writing to an open file, with a word on whether it worked that holds.
--
-- LuaJIT's compiled code has the interpreter run a write or a flush that failed once more, and gives what that says:
-- the C library has dropped the bytes by then, so there is nothing to fail any more. These two are never compiled.

local stdio = {}

--- Writes. The file, or nil, a message and an errno.
---@param file file*
---@param ... string
---@return any written, string? message, integer? errno
function stdio.write(file, ...) return file:write(...) end

--- Hands over what was written. True, or nil, a message and an errno.
---@param file file*
---@return any flushed, string? message, integer? errno
function stdio.flush(file) return file:flush() end

if rawget(_G, "jit") then
  local jit = require("jit")
  jit.off(stdio.write)
  jit.off(stdio.flush)
end

return stdio
