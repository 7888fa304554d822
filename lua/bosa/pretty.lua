--- JSON for people: indented, names in order. Shared by the command and the editor.

local core = require("bosa.core")

local pretty = {}

local encode = core.json.encode

local function plain(_, text) return text end

local function sorted_names(object)
  local names = {}
  for name in pairs(object) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

local add

--- Adds the lines of a list or an object, whose elements `each(add_element)` gives.
local function add_block(out, depth, open, close, count, each)
  local pad, given = ("  "):rep(depth + 1), 0
  out[#out + 1] = open .. "\n"
  each(function(label, value)
    given = given + 1
    out[#out + 1] = pad .. label
    add(out, value, depth + 1)
    out[#out + 1] = given < count and ",\n" or "\n"
  end)
  out[#out + 1] = ("  "):rep(depth) .. close
end

add = function(out, value, depth)
  local paint = out.paint
  if type(value) ~= "table" or next(value) == nil then
    local text = assert(encode(value))
    out[#out + 1] = paint(type(value), text)
  elseif value[1] ~= nil then
    add_block(out, depth, "[", "]", #value, function(element)
      for _, item in ipairs(value) do element("", item) end
    end)
  else
    local names = sorted_names(value)
    add_block(out, depth, "{", "}", #names, function(element)
      for _, name in ipairs(names) do element(paint("name", assert(encode(tostring(name)))) .. ": ", value[name]) end
    end)
  end
end

--- A value as indented JSON, without a newline at the end. Raises for what is no JSON value.
---@param value any as it comes from a response
---@param paint (fun(kind: string, text: string): string)? colours a scalar by its Lua type, and names ("name")
---@return string
function pretty.encode(value, paint)
  local out = { paint = paint or plain }
  add(out, value, 0)
  return table.concat(out)
end

return pretty
