--- Long text on a terminal: through the pager that $PAGER names, or less.

local uv = require("luv")

local pager = {}

local DEFAULT_ROWS = 24

--- The command that shows text page by page; nil: nobody wants one, or there is none.
local function command()
  local wanted = os.getenv("PAGER")
  if wanted and wanted ~= "" then return wanted ~= "cat" and wanted or nil end
  return "less -FRX"
end

--- Rows of the terminal on standard output.
local function rows()
  local tty = uv.fs_open("/dev/tty", "r+", 0)
  local handle = tty and uv.new_tty(tty, false)
  local _, height
  if handle then
    _, height = uv.tty_get_winsize(handle)
    handle:close()
  end
  if tty then uv.fs_close(tty) end
  return type(height) == "number" and height > 0 and height or tonumber(os.getenv("LINES")) or DEFAULT_ROWS
end

--- Whether a text is longer than the screen.
---@param text string
---@return boolean
function pager.is_long(text)
  local lines = select(2, text:gsub("\n", "\n")) + 1
  return lines >= rows()
end

--- Shows a text through the pager.
---@param text string
---@param turn fun(enough: fun(): boolean) runs the loop until it is enough
---@return boolean shown false: there is no pager
function pager.show(text, turn)
  local wanted = command()
  if not wanted then return false end
  local input, ended, status = uv.new_pipe(false), false, nil
  local broken = uv.new_signal() -- a pager that ends early is no reason to end
  broken:start("sigpipe", function() end)
  local child = uv.spawn("sh", { args = { "-c", wanted }, stdio = { input, 1, 2 } }, function(code)
    ended, status = true, code
  end)
  if child then
    input:write(text .. "\n")
    input:shutdown(function() if not input:is_closing() then input:close() end end)
    turn(function() return ended end)
    child:close()
  end
  if not input:is_closing() then input:close() end
  broken:close()
  return child ~= nil and status ~= 127 -- what the shell says of a command that isn't there
end

return pager
