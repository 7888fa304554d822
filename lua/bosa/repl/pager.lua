--- Long text at the prompt, whose loop goes on meanwhile: through the pager of the command's other output.

local uv = require("luv")
local output = require("bosa.cli.pager")
local terminal = require("bosa.cli.terminal")

local pager = {}

--- Whether a text is longer than the screen.
---@param text string
---@return boolean
function pager.is_long(text)
  local height = terminal.lines()
  local lines = select(2, text:gsub("\n", "\n")) + 1
  return height ~= nil and lines >= height
end

--- Shows a text through the pager.
---@param text string
---@param turn fun(enough: fun(): boolean) runs the loop until it is enough
---@return boolean shown false: there is no pager
function pager.show(text, turn)
  local wanted = output.program()
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
