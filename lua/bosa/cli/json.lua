--- JSON as the command prints it.

local sorted_json = require("bosa.sorted_json")
local terminal_text = require("bosa.cli.terminal_text")

local COLORS = {
  name = "cyan", string = "green", number = "yellow", cdata = "yellow", boolean = "yellow", userdata = "dim",
}

--- JSON: indented and coloured on a terminal, one line in a pipe.
---@param cx bosa.cli.Context
---@param value any
local function print_json(cx, value)
  if not cx.tty then return cx:write(sorted_json.line(value) .. "\n") end
  local text = sorted_json.encode(value, function(kind, text)
    return COLORS[kind] and cx:paint(COLORS[kind], text) or text
  end)
  cx:print(terminal_text.json(text))
end

return print_json
