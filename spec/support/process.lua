--- Starts a helper program of the specs that runs on Lua 5.4 with luv, says where it listens in its first line, and
-- ends with its standard input, so also when the test process dies.

local process = {}

--- The program's first line, and a function that stops it.
---@param program string file in spec/support and its arguments
function process.start(program)
  local fifo = os.tmpname()
  assert(os.remove(fifo))
  assert(os.execute("mkfifo -m 600 " .. fifo))
  -- the program is no part of what is tested, and a sanitizer's library would not load into it
  local command = "exec env -u LD_PRELOAD -u LUA_PATH -u LUA_CPATH lua5.4 spec/support/" .. program .. " >" .. fifo
  local handle = assert(io.popen(command, "w"))
  local lines = assert(io.open(fifo, "r"))
  os.remove(fifo)
  local first = assert(lines:read("*l"), program .. " did not start")
  return first, function()
    lines:close()
    handle:close()
  end
end

return process
