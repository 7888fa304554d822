--- JSON for people: names in order, so that the same value is always the same text; indented or on one line.
-- Shared by the command and the editor.

local core = require("bosa.core")
local sorted_names = require("bosa.sorted_names")

local sorted_json = {}

local encode = core.json.encode

local function plain(_, text) return text end

--- Begins a new line, `depth` deep; on one line it doesn't.
local function break_line(out, depth)
  if out.indented then out[#out + 1] = "\n" .. ("  "):rep(depth) end
end

local add

local function add_list(out, list, depth)
  out[#out + 1] = "["
  for i, item in ipairs(list) do
    if i > 1 then out[#out + 1] = "," end
    break_line(out, depth + 1)
    add(out, item, depth + 1)
  end
  break_line(out, depth)
  out[#out + 1] = "]"
end

local function add_object(out, object, depth)
  out[#out + 1] = "{"
  for i, name in ipairs(sorted_names(object)) do
    if i > 1 then out[#out + 1] = "," end
    break_line(out, depth + 1)
    out[#out + 1] = out.paint("name", assert(encode(tostring(name)))) .. (out.indented and ": " or ":")
    add(out, object[name], depth + 1)
  end
  break_line(out, depth)
  out[#out + 1] = "}"
end

add = function(out, value, depth)
  if type(value) ~= "table" or next(value) == nil then
    out[#out + 1] = out.paint(type(value), assert(encode(value)))
  elseif value[1] ~= nil then
    add_list(out, value, depth)
  else
    add_object(out, value, depth)
  end
end

--- A value as indented JSON, without a newline at the end. Raises for what is no JSON value.
---@param value any as it comes from a response
---@param paint (fun(kind: string, text: string): string)? colours a scalar by its Lua type, and names ("name")
---@return string
function sorted_json.encode(value, paint)
  local out = { paint = paint or plain, indented = true }
  add(out, value, 0)
  return table.concat(out)
end

--- A value as JSON on one line. Raises for what is no JSON value.
---@param value any as it comes from a response
---@return string
function sorted_json.line(value)
  local out = { paint = plain, indented = false }
  add(out, value, 0)
  return table.concat(out)
end

return sorted_json
