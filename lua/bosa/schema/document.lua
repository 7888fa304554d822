--- JSON Schema as a tree: which schemas lie in one, and what a $ref names.

local core = require("bosa.core")

local document = {}

local MAPS = { "properties", "patternProperties", "dependentSchemas", "$defs", "definitions" }
local LISTS = { "anyOf", "oneOf", "allOf", "prefixItems" }
local SINGLES = {
  "items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else", "unevaluatedItems",
  "unevaluatedProperties", "contentSchema",
}
document.MAPS, document.LISTS, document.SINGLES = MAPS, LISTS, SINGLES

--- Keywords whose values are schemas, or hold some -> how: "map", "list" or "single".
document.HOLDS_SCHEMAS = {}
for how, list in pairs({ map = MAPS, list = LISTS, single = SINGLES }) do
  for _, keyword in ipairs(list) do document.HOLDS_SCHEMAS[keyword] = how end
end

--- Keywords that say nothing of which values are valid.
document.ANNOTATIONS = {
  title = true, description = true, default = true, examples = true, deprecated = true, readOnly = true,
  writeOnly = true,
}

--- The names of a map in order: what is counted on the way is then counted alike in every process.
document.sorted_names = require("bosa.sorted_names")

--- Calls fn(child, keyword) for every schema right below `node`, also for those that are booleans.
---@param node table
---@param fn fun(child: any, keyword: string)
function document.each_child(node, fn) -- every schema comes by here again and again: nothing is made on the way
  for i = 1, #MAPS do
    local map = node[MAPS[i]]
    if type(map) == "table" then
      for _, name in ipairs(document.sorted_names(map)) do fn(map[name], MAPS[i]) end
    end
  end
  for i = 1, #LISTS do
    local list = node[LISTS[i]]
    if type(list) == "table" then
      for _, child in ipairs(list) do fn(child, LISTS[i]) end
    end
  end
  for i = 1, #SINGLES do
    local child = node[SINGLES[i]]
    if child ~= nil then fn(child, SINGLES[i]) end
  end
end

local function map_list(node, keyword, fn)
  local kept = {}
  for _, child in ipairs(node[keyword]) do
    if type(child) == "table" then
      kept[#kept + 1] = fn(child, keyword)
    else
      kept[#kept + 1] = child
    end
  end
  node[keyword] = kept[1] ~= nil and core.array(kept) or nil
end

--- Replaces every schema right below `node` by what fn(child, keyword, name) makes of it; nil takes it away.
---@param node table
---@param fn fun(child: table, keyword: string, name: string?): any
---@return table node
function document.map_children(node, fn)
  for i = 1, #MAPS do
    local keyword = MAPS[i]
    local map = node[keyword]
    if type(map) == "table" then
      local made = {}
      for _, name in ipairs(document.sorted_names(map)) do
        local child = map[name]
        if type(child) == "table" then child = fn(child, keyword, name) end
        made[name] = child
      end
      node[keyword] = core.object(made)
    end
  end
  for i = 1, #LISTS do
    if type(node[LISTS[i]]) == "table" then map_list(node, LISTS[i], fn) end
  end
  for i = 1, #SINGLES do
    local child = node[SINGLES[i]]
    if type(child) == "table" then node[SINGLES[i]] = fn(child, SINGLES[i]) end
  end
  return node
end

--- One part of a JSON pointer, without %XX, ~0 and ~1.
local function unescape(part)
  part = part:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
  return (part:gsub("~1", "/"):gsub("~0", "~"))
end

--- What a $ref names within a document; nil: nothing there.
---@param root table
---@param ref string
---@return table|boolean|nil
function document.lookup(root, ref)
  local pointer = ref:match("^#(.*)$")
  if not pointer or (pointer ~= "" and pointer:sub(1, 1) ~= "/") then return nil end
  local target = root
  for escaped in pointer:gmatch("/([^/]*)") do
    if type(target) ~= "table" then return nil end
    local part = unescape(escaped)
    if target[part] ~= nil then
      target = target[part]
    elseif part:find("^%d+$") and #part < 10 then
      target = target[tonumber(part) + 1]
    else
      return nil
    end
  end
  if type(target) == "table" or type(target) == "boolean" then return target end
  return nil
end

--- The name of a definition that a $ref names; nil: it names something else.
---@param ref string
---@return string?
function document.definition_name(ref)
  local name = ref:match("^#/%$defs/([^/]+)$") or ref:match("^#/definitions/([^/]+)$")
  return name and unescape(name)
end

--- The last part of the JSON pointer that a $ref is; nil: it is none, or names the root.
---@param ref string
---@return string?
function document.last_part(ref)
  local part = ref:match("#/.*/([^/]*)$") or ref:match("#/([^/]*)$") or ref:match("([^/#]+)$")
  return part and unescape(part)
end

--- The older form of a property, {"schema": {...}}, stands for that document.
---@param property any
---@return any
function document.unwrap(property)
  if type(property) ~= "table" or type(property.schema) ~= "table" or property.type ~= nil or property["$ref"] ~= nil
    or property.anyOf ~= nil then
    return property
  end
  return property.schema
end

--- Whether a schema says nothing but the name of another one.
---@param node any
---@return boolean
function document.is_alias(node)
  if type(node) ~= "table" or type(node["$ref"]) ~= "string" then return false end
  for keyword in pairs(node) do
    if keyword ~= "$ref" and keyword ~= "$defs" and keyword ~= "definitions" and not document.ANNOTATIONS[keyword] then
      return false
    end
  end
  return true
end

local UNION = { anyOf = true, oneOf = true, discriminator = true, ["$defs"] = true, definitions = true }

--- The branches of a schema that is a union and nothing else; nil: it is none.
---@param node any
---@return any[]?
function document.branches_of(node)
  if type(node) ~= "table" or node.anyOf ~= nil and node.oneOf ~= nil then return nil end
  local branches = node.anyOf or node.oneOf
  if type(branches) ~= "table" or branches[1] == nil then return nil end
  for keyword in pairs(node) do
    if not UNION[keyword] and not document.ANNOTATIONS[keyword] then return nil end
  end
  return branches
end

return document
