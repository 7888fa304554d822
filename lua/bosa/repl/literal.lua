--- Values as Lua would have them typed: names in order, on one line where that fits, bounded in depth and length.

local core = require("bosa.core")
local terminal_text = require("bosa.cli.terminal_text")
local reserved = require("bosa.reserved")

local literal = {}

local MAX_DEPTH = 4 -- tables within each other
local MAX_ITEMS = 20 -- of one table
local MAX_VALUES = 200 -- in all
local MAX_TEXT = 200 -- bytes of a text

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

---------------------------------------------------------------------------------------------------
-- texts

local function as_digits(bytes)
  return (bytes:gsub(".", function(byte) return ("\\%03d"):format(byte:byte()) end))
end

--- A text in quotes, without a byte that a terminal would obey.
---@param text string
---@return string
function literal.quote(text)
  local quoted = text:gsub('[%c"\\]', function(char) return ESCAPES[char] or as_digits(char) end)
  if not terminal_text.is_utf8(quoted) then return '"' .. quoted:gsub("[\128-\255]", as_digits) .. '"' end
  quoted = terminal_text.replace_obeyed(quoted, as_digits)
  return '"' .. quoted .. '"'
end

--- The text without what follows `limit` bytes, cut between characters; the second value: whether something is missing.
---@param text string
---@param limit integer
---@return string text, boolean cut
function literal.cut(text, limit)
  if #text <= limit then return text, false end
  while limit > 0 and text:byte(limit + 1) >= 128 and text:byte(limit + 1) < 192 do limit = limit - 1 end
  return text:sub(1, limit), true
end

local function text_of(value)
  local kept, cut = literal.cut(value, MAX_TEXT)
  return literal.quote(kept) .. (cut and (" (of %d bytes)"):format(#value) or "")
end

---------------------------------------------------------------------------------------------------
-- a tree of what is shown: leaves with a text, tables with items

local function leaf(state, kind, text)
  return { text = state.paint(kind, text), width = terminal_text.columns(text) }
end

local function scalar(state, value)
  if value == core.null then return leaf(state, "userdata", "null") end
  if type(value) == "string" then return leaf(state, "string", text_of(value)) end
  return leaf(state, type(value), terminal_text.safe(tostring(value)))
end

--- The names of a table: its list first, then the others in order.
local function names_of(value)
  local list, others = #value, {}
  for name in next, value do
    if not (type(name) == "number" and name >= 1 and name <= list and name % 1 == 0) then
      others[#others + 1] = name
    end
  end
  table.sort(others, function(a, b)
    if type(a) ~= type(b) then return type(a) < type(b) end
    if type(a) == "number" or type(a) == "string" then return a < b end
    return tostring(a) < tostring(b)
  end)
  return list, others
end

local function label(state, name)
  if type(name) == "string" and name:find("^[%a_][%w_]*$") and not reserved.set[name] then
    return leaf(state, "name", name)
  end
  local is_table = type(name) == "table"
  local inner = is_table and leaf(state, "table", terminal_text.safe(tostring(name))) or scalar(state, name)
  return { text = "[" .. inner.text .. "]", width = inner.width + 2 }
end

local build

local function add_item(state, node, name, value, depth)
  local item = build(state, value, depth + 1)
  item.label = name ~= nil and label(state, name) or nil
  node.items[#node.items + 1] = item
  node.width = node.width + item.width + (item.label and item.label.width + 3 or 0) + 2
end

local function add_note(state, node, count)
  local item = leaf(state, "note", ("... %d more"):format(count))
  node.items[#node.items + 1] = item
  node.width = node.width + item.width + 2
end

local function build_table(state, value, depth)
  if next(value) == nil then return leaf(state, "table", "{}") end
  if state.above[value] then return leaf(state, "note", "{ a table above }") end
  if depth >= MAX_DEPTH then return leaf(state, "note", "{...}") end
  local node = { items = {}, width = 2 }
  local list, others = names_of(value)
  local total = list + #others
  state.above[value] = true
  for i = 1, total do
    if #node.items == MAX_ITEMS or state.left <= 0 then
      add_note(state, node, total - i + 1)
      break
    end
    local name = i > list and others[i - list] or nil
    add_item(state, node, name, rawget(value, name == nil and i or name), depth)
  end
  state.above[value] = nil
  return node
end

build = function(state, value, depth)
  state.left = state.left - 1
  if type(value) ~= "table" then return scalar(state, value) end
  local meta = getmetatable(value)
  if type(meta) == "table" and meta.__tostring then
    return leaf(state, "table", terminal_text.safe(tostring(value)))
  end
  return build_table(state, value, depth)
end

---------------------------------------------------------------------------------------------------
-- layout

local write

--- Whether an item can go on the line that the one before it is on: both are plain values of a list.
local function fits(out, item, before, column)
  local plain = not item.items and not item.label and not before.items and not before.label
  return plain and column + item.width + 3 <= out.limit
end

--- Writes items; `outer` is what begins a line, nil: all are on one.
local function write_items(out, node, outer)
  local column = 0
  for i, item in ipairs(node.items) do
    local beside = not outer or i > 1 and fits(out, item, node.items[i - 1], column)
    if i > 1 then out[#out + 1] = beside and ", " or "," end
    if not beside then
      out[#out + 1] = outer
      column = out.indent
    end
    column = column + item.width + 2
    if item.label then out[#out + 1] = item.label.text .. " = " end
    write(out, item)
  end
end

write = function(out, node)
  if not node.items then
    out[#out + 1] = node.text
  elseif out.indent + node.width <= out.limit then
    local limit = out.limit
    out.limit = math.huge
    out[#out + 1] = "{ "
    write_items(out, node)
    out[#out + 1] = " }"
    out.limit = limit
  else
    local outer = "\n" .. (" "):rep(out.indent)
    out.indent = out.indent + 2
    out[#out + 1] = "{"
    write_items(out, node, outer .. "  ")
    out[#out + 1] = "," .. outer .. "}"
    out.indent = out.indent - 2
  end
end

--- A value of any kind.
---@param value any
---@param width integer columns of a line
---@param paint fun(kind: string, text: string): string colours a part by its Lua type, or "name" or "note"
---@return string
function literal.write(value, width, paint)
  local state = { paint = paint, above = {}, left = MAX_VALUES }
  local out = { indent = 0, limit = width }
  write(out, build(state, value, 0))
  return table.concat(out)
end

return literal
