--- Picking fields: the dotted names of --fields, and the columns of a table where none were given.

local bosa = require("bosa")
local sorted_json = require("bosa.sorted_json")
local sorted_names = require("bosa.sorted_names")
local columns = require("bosa.cli.columns")
local core = require("bosa.core")
local terminal_text = require("bosa.cli.terminal_text")

local fields = {}

local WIDEST = 40 -- columns of the terminal past which the width of a field no longer counts
local ENOUGH = 24 -- columns that a field is worth being shown with; it gets more where there is room
local MOST = 8 -- fields shown
local MOST_NAMED = 20 -- fields named in a message
local ARRAY = getmetatable(bosa.array({}))
local FIRST = {
  "id", "number", "key", "name", "title", "identifier", "subject", "login", "state", "status", "type", "email", "from",
} -- fields that tell one thing from another
local LABELS = { "login", "name", "title", "email", "email_address", "id" } -- what stands for an object in a cell

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

--- Adds what the items of a list, and of lists within it, have under a name.
local function collect(items, name, list)
  for _, item in ipairs(items) do
    if type(item) == "table" and item[1] ~= nil then
      collect(item, name, list)
    elseif type(item) == "table" and item[name] ~= nil then
      list[#list + 1] = item[name]
    end
  end
  return list
end

--- What a dotted name leads to; a list on the way gives the values of those of its items that have one.
---@param value any
---@param name string
---@return any
function fields.lookup(value, name)
  for part in name:gmatch("[^.]+") do
    if type(value) ~= "table" then return nil end
    if value[1] ~= nil then value = collect(value, part, {}) else value = value[part] end
  end
  return value
end

--- Whether a value has what a dotted name leads to; in a list one item is enough, and an empty list can't tell.
---@param value any
---@param name string
---@return boolean
function fields.has(value, name)
  if type(value) ~= "table" then return false end
  if value[1] ~= nil then
    for _, item in ipairs(value) do
      if fields.has(item, name) then return true end
    end
    return false
  end
  if getmetatable(value) == ARRAY then return true end
  local part, rest = name:match("^([^.]+)%.?(.*)$")
  if value[part] == nil then return false end
  return rest == "" or value[part] == bosa.null or fields.has(value[part], rest)
end

--- The names that could stand where a dotted name leads to nothing: its beginning that is right, and what can follow.
local function names_beside(value, name, described)
  local before = ""
  for part in name:gmatch("([^.]+)%.") do
    if not fields.has(value, before .. part) then break end
    before = before .. part .. "."
  end
  local holder = before == "" and value or fields.lookup(value, before)
  local list = type(holder) == "table" and fields.names(holder[1] ~= nil and holder or { holder }) or {}
  local seen = {}
  for _, follows in ipairs(list) do seen[follows] = true end
  for _, follows in ipairs(described and described(before) or {}) do
    if not seen[follows] then list[#list + 1] = follows end
  end
  for i, follows in ipairs(list) do list[i] = before .. follows end
  table.sort(list)
  return list
end

--- What is wrong with a name that isn't there, and what was meant.
---@param option string
---@param name string
---@param known string[]
---@return string
local function complaint(option, name, known)
  local message = ("%s: there is no field `%s`"):format(option, name)
  local near = core.nearest(name, known)
  if near then return ("%s; did you mean `%s`?"):format(message, near) end
  if not known[1] then return ("%s; leave %s out to see what there is"):format(message, option) end
  local more = #known > MOST_NAMED and (" and %d more"):format(#known - MOST_NAMED) or ""
  return ("%s; there are %s%s"):format(message, table.concat(known, ", ", 1, math.min(#known, MOST_NAMED)), more)
end

--- Looks for names that are in nothing that came: nil, or what is wrong with the first of them.
---@param option string
---@param names string[]
---@param value any
---@param described (fun(before: string): string[])? gives the names that the schema has after the beginning of one
---@return string?
function fields.missing(option, names, value, described)
  if type(value) ~= "table" then return nil end
  for _, name in ipairs(names) do
    if not fields.has(value, name) then
      return complaint(option, name, names_beside(value, name, described))
    end
  end
  return nil
end

--- A value as text, of a cell for one.
---@param value any
---@return string
local function cell(value)
  if value == nil or value == bosa.null then return "" end
  if type(value) == "string" then return value end
  if type(value) ~= "table" then return sorted_json.line(value) end
  if value[1] == nil then
    for _, label in ipairs(LABELS) do
      if type(value[label]) == "string" then return value[label] end
    end
    return next(value) == nil and "" or sorted_json.line(value)
  end
  local cells = {}
  for i, item in ipairs(value) do cells[i] = cell(item) end
  return table.concat(cells, ", ")
end

fields.text = cell

--- How well a field does in a table, the lowest best, and the columns that it would take; nil: not at all.
local function rank(items, name)
  local widest, some = 0, false
  for _, item in ipairs(items) do
    local value = item[name]
    local text = cell(value)
    if type(value) == "table" and text:sub(1, 1) == "{" then return nil end
    some = some or text ~= ""
    widest = math.max(widest, math.min(WIDEST, terminal_text.columns(text, WIDEST)))
  end
  if not some or name:find("url$") then return nil end
  for place, first in ipairs(FIRST) do
    if name == first then return place, widest end
  end
  return #FIRST + widest, widest
end

local function by_place(a, b)
  if a.place ~= b.place then return a.place < b.place end
  return a.name < b.name
end

--- The names of all fields of a list's items, in order.
---@param items table[]
---@return string[]
function fields.names(items)
  local all = {}
  for _, item in ipairs(items) do
    for name in pairs(type(item) == "table" and item or {}) do
      if type(name) == "string" then all[name] = true end
    end
  end
  return sorted_names(all)
end

--- The fields of a list's items that a table shows: those that tell them apart first, as many as fit. A wide one is
-- cut rather than left out. Then those that it doesn't show.
---@param items table[]
---@param width integer columns of the terminal
---@return string[] names, string[] left_out
function fields.choose(items, width)
  local candidates, names, shown, left_out = {}, {}, {}, {}
  local all = fields.names(items)
  for _, name in ipairs(all) do
    local place, widest = rank(items, name)
    if place then
      widest = math.max(widest, terminal_text.columns(name, WIDEST))
      candidates[#candidates + 1] = { name = name, place = place, width = widest }
    end
  end
  table.sort(candidates, by_place)
  if not candidates[1] and all[1] then candidates[1] = { name = all[1], width = WIDEST } end
  local left = width
  for _, candidate in ipairs(candidates) do
    local whole = columns.is_whole(candidate.name, candidate.width, width)
    local taken = (whole and candidate.width or math.min(candidate.width, ENOUGH)) + 2
    if #names == 0 or (taken - 2 <= left and #names < MOST) then
      names[#names + 1], shown[candidate.name] = candidate.name, true
      left = left - taken
    end
  end
  for _, name in ipairs(all) do
    if not shown[name] then left_out[#left_out + 1] = name end
  end
  return names, left_out
end

--- Whether a value is a list of objects, so that it makes a table.
---@param value any
---@return boolean
function fields.is_table(value)
  if type(value) ~= "table" or value[1] == nil then return false end
  for _, item in ipairs(value) do
    if type(item) ~= "table" or item[1] ~= nil then return false end
  end
  return fields.names(value)[1] ~= nil
end

--- The cells of one item.
---@param item table
---@param names string[]
---@return string[]
function fields.row(item, names)
  local row = {}
  for j, name in ipairs(names) do row[j] = cell(fields.lookup(item, name)) end
  return row
end

--- The rows of a list of objects.
---@param items table[]
---@param names string[]
---@return string[][]
function fields.rows(items, names)
  local rows = {}
  for i, item in ipairs(items) do rows[i] = fields.row(item, names) end
  return rows
end

return fields
