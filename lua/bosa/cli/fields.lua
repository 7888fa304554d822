--- Picking fields: the dotted names of --fields, and the columns of a table where none were given.

local bosa = require("bosa")
local terminal_text = require("bosa.cli.terminal_text")

local fields = {}

local WIDEST, MOST = 40, 8 -- columns of the terminal that one field gets, and fields shown
local FIRST = {
  "id", "number", "key", "name", "title", "identifier", "subject", "login", "state", "status", "type", "email", "from",
} -- fields that tell one thing from another
local LABELS = { "login", "name", "title", "email", "id" } -- what stands for an object in a cell

--- The names of a list like "id,user.login".
---@param text string
---@return string[]? names, string? message
function fields.parse(text)
  local names = {}
  for item in (text .. ","):gmatch("(.-),") do
    local name = item:match("^%s*(.-)%s*$")
    if name == "" or name:find("^%.") or name:find("%.$") or name:find("..", 1, true) then
      return nil, "--fields: names with commas between them expected, like id,user.login"
    end
    names[#names + 1] = name
  end
  return names
end

local function tree_of(names)
  local tree = {}
  for _, name in ipairs(names) do
    local node = tree
    for part, dot in name:gmatch("([^.]+)(%.?)") do
      if node[part] == true then break end
      if dot == "" then
        node[part] = true
      else
        node[part] = node[part] or {}
        node = node[part]
      end
    end
  end
  return tree
end

local function pick(value, tree)
  if tree == true or type(value) ~= "table" or next(value) == nil then return value end
  local picked = {}
  if value[1] ~= nil then
    for i, item in ipairs(value) do picked[i] = pick(item, tree) end
    return bosa.array(picked)
  end
  for name, inner in pairs(tree) do
    if value[name] ~= nil then picked[name] = pick(value[name], inner) end
  end
  return bosa.object(picked)
end

--- A value with these fields alone; in a list, of each of its items.
---@param value any
---@param names string[]
---@return any
function fields.project(value, names) return pick(value, tree_of(names)) end

--- What a dotted name leads to; a list on the way gives all of its items' values.
local function lookup(value, name)
  for part in name:gmatch("[^.]+") do
    if type(value) ~= "table" then return nil end
    if value[1] ~= nil and type(value[1]) == "table" then
      local list = {}
      for i, item in ipairs(value) do list[i] = type(item) == "table" and item[part] or nil end
      value = list
    else
      value = value[part]
    end
  end
  return value
end

--- A value as text of a cell.
local function cell(value)
  if value == nil or value == bosa.null then return "" end
  if type(value) == "string" then return value end
  if type(value) ~= "table" then return bosa.json.encode(value) end
  if value[1] == nil then
    for _, label in ipairs(LABELS) do
      if type(value[label]) == "string" then return value[label] end
    end
    return next(value) == nil and "" or bosa.json.encode(value)
  end
  local cells = {}
  for i, item in ipairs(value) do cells[i] = cell(item) end
  return table.concat(cells, ", ")
end

--- How well a field does in a table; nil: not at all.
local function rank(items, name)
  local widest, some = 0, false
  for _, item in ipairs(items) do
    local value = item[name]
    if type(value) == "string" and (value:find("\n") or #value > 3 * WIDEST) then return nil end
    local text = cell(value)
    if type(value) == "table" and text:sub(1, 1) == "{" then return nil end
    some = some or text ~= ""
    widest = math.max(widest, terminal_text.columns(text))
  end
  if not some or name:find("url$") then return nil end
  for place, first in ipairs(FIRST) do
    if name == first then return place, widest end
  end
  return #FIRST + widest, widest
end

--- The fields of a list's items that a table shows: those that tell them apart first, as many as fit.
local function choose(items, width)
  local candidates, seen = {}, {}
  for _, item in ipairs(items) do
    for name in pairs(item) do
      local place, widest
      if not seen[name] then place, widest = rank(items, name) end
      seen[name] = true
      if place then
        candidates[#candidates + 1] = { name = name, place = place, width = math.max(widest, #name) }
      end
    end
  end
  table.sort(candidates, function(a, b)
    if a.place ~= b.place then return a.place < b.place end
    return a.name < b.name
  end)
  local names, left = {}, width
  for _, candidate in ipairs(candidates) do
    local taken = math.min(candidate.width, WIDEST) + 2
    if #names == 0 or (taken <= left and #names < MOST) then
      names[#names + 1] = candidate.name
      left = left - taken
    end
  end
  return names
end

--- Whether a value is a list of objects, so that it makes a table.
---@param value any
---@return boolean
function fields.is_table(value)
  if type(value) ~= "table" or value[1] == nil then return false end
  for _, item in ipairs(value) do
    if type(item) ~= "table" or item[1] ~= nil then return false end
  end
  return true
end

--- Headers and rows of a list of objects.
---@param items table[]
---@param names string[]? the fields; nil: those that do best
---@param width integer columns of the terminal
---@return string[] headers, string[][] rows
function fields.rows(items, names, width)
  names = names or choose(items, width)
  local rows = {}
  for i, item in ipairs(items) do
    rows[i] = {}
    for j, name in ipairs(names) do rows[i][j] = cell(lookup(item, name)) end
  end
  return names, rows
end

return fields
