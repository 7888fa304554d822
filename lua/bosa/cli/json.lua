--- JSON as the command prints it.

local sorted_json = require("bosa.sorted_json")

local COLORS = {
  name = "cyan", string = "green", number = "yellow", cdata = "yellow", boolean = "yellow", userdata = "dim",
}

--- JSON: indented and coloured on a terminal, one line in a pipe.
---@param cx bosa.cli.Context
---@param value any
local function print_json(cx, value)
  if not cx.tty then return cx:print(sorted_json.line(value)) end
  local text = sorted_json.encode(value, function(kind, text)
    return COLORS[kind] and cx:paint(COLORS[kind], text) or text
  end)
  cx:print((text:gsub("\194[\128-\159]", " "):gsub("\127", " ")))
end

return print_json
