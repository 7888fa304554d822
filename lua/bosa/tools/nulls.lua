--- What models write for "left out": null for a parameter that is optional and knows no null. It goes, at any depth; a
-- null that the schema takes stays, and one for what is required stays to be refused.
--
-- A value is held against a set of schemas at once, all that a union could mean: a choice a level, each with all those
-- below it, would be past counting for unions that name themselves.

local core = require("bosa.core")
local schema = require("bosa.tools.schema")

local nulls = {}

local MOST_STEPS = 200000 -- schemas looked at for one call's arguments; beyond that nulls stay
local MOST_DEPTH = 200 -- levels of arguments, as of the check that comes next
local ANYTHING = {} -- the schema `true`

--- What one call's walk knows.
---@class bosa.tools.NullWalk
---@field root table
---@field steps integer

--- Adds a schema and, of a union, its branches to a set.
local function expand(walk, node, set)
  if node == true then node = ANYTHING end
  if type(node) ~= "table" then return end
  node = schema.resolve(node, walk.root)
  if type(node.schema) == "table" and node.type == nil and node.properties == nil then node = node.schema end
  walk.steps = walk.steps + 1
  if set[node] or walk.steps > MOST_STEPS then return end
  set[node] = true
  set[#set + 1] = node
  for _, keyword in ipairs({ "anyOf", "oneOf", "allOf" }) do
    for _, branch in ipairs(type(node[keyword]) == "table" and node[keyword] or {}) do expand(walk, branch, set) end
  end
end

local function is_union(node) return node.anyOf ~= nil or node.oneOf ~= nil or node.allOf ~= nil end

local function has(list, wanted)
  for _, value in ipairs(type(list) == "table" and list or {}) do
    if value == wanted then return true end
  end
  return false
end

--- Whether a schema, its branches aside, takes null.
local function takes_null(node)
  local kind = node.type
  if kind ~= nil and kind ~= "null" and kind ~= "any" and not has(kind, "null") then return false end
  if node.const ~= nil then return node.const == core.null end
  if type(node.enum) == "table" then return has(node.enum, core.null) end
  return kind ~= nil or not is_union(node)
end

local function any_takes_null(set)
  for _, node in ipairs(set) do
    if takes_null(node) then return true end
  end
  return false
end

--- Whether an object can't be of a schema: a constant of it says otherwise.
local function is_other(node, object)
  for name, about in pairs(node.properties) do
    local constant, value = nil, object[name]
    if type(about) == "table" then constant = about.const end
    local says = constant ~= nil and type(constant) ~= "table" and value ~= nil and not core.is_null(value)
    if says and value ~= constant then return true end
  end
  return false
end

--- The object schemas of a set that an object may be of.
local function objects_of(walk, set, object)
  local list = {}
  for _, node in ipairs(set) do
    walk.steps = walk.steps + 1
    if type(node.properties) == "table" and not is_other(node, object) then list[#list + 1] = node end
  end
  return list
end

local clean

--- Whether some object schema of a list has the name.
local function is_known(list, name)
  for _, node in ipairs(list) do
    if type(node.properties) == "table" and node.properties[name] ~= nil then return true end
  end
  return false
end

--- Whether a null is "left out": some schema that the object may be of has the name, none requires it or takes null
-- for it; or only schemas have it that the object is not of.
local function is_left_out(objects, others, name, below)
  if not is_known(objects, name) then return objects[1] ~= nil and is_known(others, name) end
  for _, node in ipairs(objects) do
    if node.properties[name] ~= nil and has(node.required, name) then return false end
  end
  return not any_takes_null(below)
end

local function clean_object(walk, object, set, depth)
  local objects, cleaned = objects_of(walk, set, object), {}
  for name, value in pairs(object) do
    local below = {}
    for _, node in ipairs(objects) do expand(walk, node.properties[name], below) end
    if not below[1] then
      for _, node in ipairs(set) do expand(walk, node.additionalProperties, below) end
    end
    if not core.is_null(value) or not is_left_out(objects, set, name, below) then
      cleaned[name] = clean(walk, value, below, depth + 1)
    end
  end
  return setmetatable(cleaned, getmetatable(object))
end

local function clean_list(walk, list, set, depth)
  local below, cleaned = {}, {}
  for _, node in ipairs(set) do
    expand(walk, node.items, below)
    for _, kind in ipairs(type(node.prefixItems) == "table" and node.prefixItems or {}) do expand(walk, kind, below) end
  end
  for i, value in ipairs(list) do cleaned[i] = clean(walk, value, below, depth + 1) end
  return setmetatable(cleaned, getmetatable(list))
end

clean = function(walk, value, set, depth)
  if type(value) ~= "table" or core.is_null(value) or not set[1] then return value end
  if depth > MOST_DEPTH or walk.steps > MOST_STEPS then return value end
  if value[1] ~= nil then return clean_list(walk, value, set, depth) end
  return clean_object(walk, value, set, depth)
end

--- Whether there is a null anywhere in a value.
local function has_null(value, depth)
  if core.is_null(value) then return true end
  if type(value) ~= "table" or depth > MOST_DEPTH then return false end
  for _, child in pairs(value) do
    if has_null(child, depth + 1) then return true end
  end
  return false
end

--- Arguments without the nulls that stand for what is left out.
---@param arguments table
---@param request table the action's schema
---@return table
function nulls.drop(arguments, request)
  if not has_null(arguments, 0) then return arguments end
  local walk, set = { root = request, steps = 0 }, {}
  expand(walk, request, set)
  return clean(walk, arguments, set, 0)
end

return nulls
