--- The JSON Schema of a tool's arguments, made of what discovery says of an action's parameters.
--
-- It says the same as the server's, but for what a language model's service can't take or must know:
--   files      parameters that take one become paths, or are left out
--   $ref       stays, with the $defs that are needed, or is replaced by what it names; one that leads to itself stays
--   unions     the tag that tells their branches apart is required: the server wants it even where it has a default
--   type: any  is not JSON Schema, and goes

local core = require("bosa.core")
local sorted_json = require("bosa.sorted_json")

local schema = {}

local MAPS = { "properties", "patternProperties", "dependentSchemas", "$defs", "definitions" }
local LISTS = { "anyOf", "oneOf", "allOf", "prefixItems" }
local SINGLES = { "items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else" }
local ANNOTATIONS = { title = true, description = true, default = true, examples = true, deprecated = true }

local MOST_TABLES = 4000 -- of one schema with its $refs replaced; beyond that they stay
local MOST_HOPS = 20 -- from a $ref to a $ref

local PATH_HINT = "Path of a file, relative to the directory that files are exchanged in."

---@class bosa.tools.SchemaOptions
---@field inline boolean? replace each $ref by what it names
---@field paths boolean? parameters that take a file become paths; else they are left out

---------------------------------------------------------------------------------------------------
-- walking

local function copy_of(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for name, item in pairs(value) do copy[name] = copy_of(item) end
  return setmetatable(copy, getmetatable(value))
end

local function map_list(node, keyword, fn)
  local kept = {}
  for _, child in ipairs(node[keyword]) do
    if type(child) == "table" then child = fn(child) end
    if child ~= nil then kept[#kept + 1] = child end
  end
  node[keyword] = core.array(kept)
end

--- Replaces every schema right below `node` by what fn(child, keyword) makes of it; nil takes it away.
local function map_children(node, fn)
  for _, keyword in ipairs(MAPS) do
    if type(node[keyword]) == "table" then
      local made = {}
      for name, child in pairs(node[keyword]) do
        if type(child) == "table" then child = fn(child, keyword) end
        made[name] = child
      end
      node[keyword] = core.object(made)
    end
  end
  for _, keyword in ipairs(LISTS) do
    if type(node[keyword]) == "table" then map_list(node, keyword, fn) end
  end
  for _, keyword in ipairs(SINGLES) do
    if type(node[keyword]) == "table" then node[keyword] = fn(node[keyword], keyword) end
  end
  return node
end

--- Calls fn(child, keyword) for every schema right below `node`.
local function each_child(node, fn)
  for _, keywords in ipairs({ MAPS, LISTS }) do
    for _, keyword in ipairs(keywords) do
      for _, child in pairs(type(node[keyword]) == "table" and node[keyword] or {}) do
        if type(child) == "table" then fn(child, keyword) end
      end
    end
  end
  for _, keyword in ipairs(SINGLES) do
    if type(node[keyword]) == "table" then fn(node[keyword], keyword) end
  end
end

--- What a $ref within `root` names; nil for one that leads elsewhere.
local function lookup(root, ref)
  local pointer = ref:match("^#(.*)$")
  local target = pointer and root
  for part in (pointer or ""):gmatch("[^/]+") do
    part = part:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
    part = part:gsub("~1", "/"):gsub("~0", "~")
    target = type(target) == "table" and target[part] or nil
  end
  return type(target) == "table" and target or nil
end

--- The schema itself, behind its $refs.
local function resolve(node, root)
  for _ = 1, MOST_HOPS do
    local target = type(node["$ref"]) == "string" and lookup(root, node["$ref"])
    if not target then return node end
    node = target
  end
  return node
end

---------------------------------------------------------------------------------------------------
-- unions, and what is no JSON Schema

local function require_name(node, name)
  if type(node.properties) ~= "table" or node.properties[name] == nil then return end
  local required = type(node.required) == "table" and node.required or {}
  for _, known in ipairs(required) do
    if known == name then return end
  end
  required[#required + 1] = name
  node.required = core.array(required)
end

local function mend(node, root)
  if node.type == "any" then node.type = nil end
  local tag = type(node.discriminator) == "table" and node.discriminator.propertyName
  if type(tag) == "string" then
    for _, branch in ipairs(type(node.oneOf or node.anyOf) == "table" and (node.oneOf or node.anyOf) or {}) do
      if type(branch) == "table" then require_name(resolve(branch, root), tag) end
    end
  end
  return map_children(node, function(child, keyword)
    local wrapped = keyword == "properties" and child.type == nil and child.schema
    return mend(type(wrapped) == "table" and wrapped or child, root)
  end)
end

---------------------------------------------------------------------------------------------------
-- files

local function is_file(node, root)
  return node.format == "binary" or resolve(node, root).format == "binary"
end

local function is_null(node) return node.type == "null" end

--- Whether a parameter takes a file: itself, by a branch of a union, or as items of a list.
---@param node table
---@param root table
---@return boolean
function schema.takes_file(node, root)
  node = resolve(node, root)
  if node.format == "binary" then return true end
  if type(node.items) == "table" and is_file(node.items, root) then return true end
  for _, branch in ipairs(node.anyOf or node.oneOf or {}) do
    if type(branch) == "table" and schema.takes_file(branch, root) then return true end
  end
  return false
end

local function as_path(node, root)
  local target = resolve(node, root)
  local about = node.description or target.description
  return {
    type = "string",
    title = node.title or target.title,
    description = about and about .. " " .. PATH_HINT or PATH_HINT,
  }
end

--- Of `required`, the names that still are properties; nil where one that is required is gone.
local function still_whole(node, before)
  for _, name in ipairs(type(node.required) == "table" and node.required or {}) do
    if type(node.properties) == "table" and before[name] and node.properties[name] == nil then return nil end
  end
  return node
end

--- A schema whose files are paths, or gone; nil: nothing is left of it.
local function without_files(node, root, paths)
  if is_file(node, root) then return paths and as_path(node, root) or nil end
  local before = type(node.properties) == "table" and node.properties or {}
  local branches = type(node.anyOf) == "table" and "anyOf" or "oneOf"
  local count = type(node[branches]) == "table" and #node[branches]
  local had_items = node.items ~= nil
  map_children(node, function(child, keyword)
    if keyword == "$defs" or keyword == "definitions" then
      return without_files(child, root, paths) or child -- one that is a file is named by no $ref any more
    end
    return without_files(child, root, paths)
  end)
  if had_items and node.items == nil then return nil end
  local left = count and node[branches]
  if left and #left < count and (not left[1] or #left == 1 and is_null(left[1])) then return nil end
  return still_whole(node, before)
end

---------------------------------------------------------------------------------------------------
-- $refs

--- The name in $defs that a $ref needs; nil: it needs none.
local function def_of(ref) return ref:match("^#/%$defs/([^/]+)") end

--- Calls fn(ref) for every $ref of a schema, those in its $defs left out.
local function each_ref(node, fn)
  if type(node["$ref"]) == "string" then fn(node["$ref"]) end
  each_child(node, function(child, keyword)
    if keyword ~= "$defs" and keyword ~= "definitions" then each_ref(child, fn) end
  end)
end

--- Whether a $ref leads back to itself.
local function is_recursive(ref, root)
  local seen, found = {}, false
  local function visit(name)
    if found or seen[name] then return end
    seen[name] = true
    local target = lookup(root, name)
    if not target then return end
    each_ref(target, function(next_name)
      found = found or next_name == ref
      visit(next_name)
    end)
  end
  visit(ref)
  return found or ref == "#"
end

--- A schema with the annotations of the $ref that named it; where they can't be one, both hold.
local function merge(target, siblings)
  local whole, both = copy_of(target), copy_of(siblings)
  both["$ref"] = nil
  for name, value in pairs(both) do
    local here = target[name]
    if here ~= nil and not ANNOTATIONS[name] and sorted_json.line(here) ~= sorted_json.line(value) then
      return { allOf = core.array({ copy_of(target), both }) }
    end
    whole[name] = value
  end
  return whole
end

--- What replacing the $refs of one schema knows.
---@class bosa.tools.Inlining
---@field root table
---@field tables integer made so far
---@field stays table<string, boolean> $refs that are not to be replaced

local function stays(state, ref)
  if state.stays[ref] == nil then
    state.stays[ref] = lookup(state.root, ref) == nil or is_recursive(ref, state.root)
  end
  return state.stays[ref] or state.tables > MOST_TABLES
end

local function inline(node, state)
  state.tables = state.tables + 1
  local ref = node["$ref"]
  if type(ref) == "string" and not stays(state, ref) then
    return inline(merge(lookup(state.root, ref), node), state)
  end
  node.discriminator = nil -- it names branches by their $refs; their constants say the same
  return map_children(node, function(child, keyword)
    if keyword == "$defs" or keyword == "definitions" then return child end
    return inline(child, state)
  end)
end

--- Leaves those $defs that are needed; `inlining`: they are worked on, too.
local function prune(root, inlining)
  local defs, kept, any = root["$defs"], {}, false
  if type(defs) ~= "table" then return root end
  local function keep(ref)
    local name = def_of(ref)
    if not name or kept[name] or type(defs[name]) ~= "table" then return end
    kept[name], any = inlining and inline(copy_of(defs[name]), inlining) or defs[name], true
    each_ref(kept[name], keep)
  end
  each_ref(root, keep)
  root["$defs"] = any and core.object(kept) or nil
  return root
end

---------------------------------------------------------------------------------------------------

--- A schema of its own, behind the $ref that it may be.
local function root_of(request)
  local root = copy_of(request)
  if type(root["$ref"]) ~= "string" then return root end
  local target = copy_of(resolve(root, root))
  target["$defs"] = root["$defs"]
  return target
end

--- The parameters of an action by name, as the server describes them.
---@param request table the schema of its parameters
---@return table<string, table>
function schema.properties(request)
  local properties = resolve(request, request).properties
  return type(properties) == "table" and properties or {}
end

--- The schema of a tool's arguments.
---@param request table? the schema of an action's parameters; nil: it takes none
---@param options bosa.tools.SchemaOptions
---@return table? arguments nil: the action can't be called without a file
function schema.shape(request, options)
  if not request then return { type = "object", properties = core.object({}) } end
  local root = root_of(request)
  mend(root, root)
  local shaped = without_files(root, copy_of(root), options.paths)
  if not shaped then return nil end
  local state
  if options.inline then
    state = { root = copy_of(shaped), tables = 0, stays = {} }
    shaped = inline(shaped, state)
  end
  shaped = prune(shaped, state)
  shaped.type = "object"
  if type(shaped.properties) ~= "table" then shaped.properties = core.object({}) end
  return shaped
end

return schema
