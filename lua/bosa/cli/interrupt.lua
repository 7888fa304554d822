--- Ctrl-C and the signals that end a command: what they mean while a subcommand runs as a task, and their default
-- meaning else.

local uv = require("luv")
local codes = require("bosa.cli.exit").codes

local interrupt = {}

-- by which a command can be ended in good order, and the exit codes that a shell gives for them
local SIGNALS = { sigint = codes.interrupted, sigterm = 143, sighup = 129 }

local handles -- those that listen while somebody does: name -> handle
local pressed -- what they call

--- Gives a signal its default meaning: the interpreter's own of SIGINT shows a trace.
local function restore(name)
  local handle = uv.new_signal()
  handle:start(name, function() end)
  handle:stop()
  handle:close()
end

--- Gives SIGINT its default meaning.
function interrupt.restore() restore("sigint") end

local function start()
  for name, handle in pairs(handles) do handle:start(name, pressed) end
end

--- Has Ctrl-C and its like call `fn(exit_code)` from now on.
---@param fn fun(exit_code: integer)
function interrupt.listen(fn)
  handles = {}
  for name in pairs(SIGNALS) do handles[name] = uv.new_signal() end
  pressed = function(name) fn(SIGNALS[name]) end
  start()
end

--- Ends listening.
function interrupt.close()
  for _, handle in pairs(handles) do handle:close() end
  handles, pressed = nil, nil
end

--- Runs `fn(...)`, which holds everything up; meanwhile Ctrl-C ends the command at once.
function interrupt.suspended(fn, ...)
  if not handles then return fn(...) end
  local function resume(...)
    start()
    return ...
  end
  for _, handle in pairs(handles) do handle:stop() end
  return resume(fn(...))
end

return interrupt
