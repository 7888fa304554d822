--- Ctrl-C: what it means while a subcommand runs as a task, and its default meaning else.

local uv = require("luv")

local interrupt = {}

local signal -- the handle that listens while somebody does
local pressed -- what it calls

--- Gives SIGINT its default meaning: the interpreter's own shows a trace.
function interrupt.restore()
  local handle = uv.new_signal()
  handle:start("sigint", function() end)
  handle:stop()
  handle:close()
end

--- Has Ctrl-C call `fn()` from now on.
---@param fn function
function interrupt.listen(fn)
  signal, pressed = uv.new_signal(), fn
  signal:start("sigint", pressed)
end

--- Ends listening.
function interrupt.close()
  signal:close()
  signal, pressed = nil, nil
end

--- Runs `fn(...)`, which holds everything up; meanwhile Ctrl-C ends the command at once.
function interrupt.suspended(fn, ...)
  if not signal then return fn(...) end
  local function resume(...)
    signal:start("sigint", pressed)
    return ...
  end
  signal:stop()
  return resume(fn(...))
end

return interrupt
