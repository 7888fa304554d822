--- The JSON Schema of a tool's arguments, made of what discovery says of an action's parameters.
--
-- It says the same as the server's, but for what a language model's service can't take or must know:
--   files      parameters that take one become paths, or are left out
--   $ref       stays, with the $defs that are needed, or is replaced by what it names; one that leads to itself stays
--   unions     the tag that tells their branches apart is required: the server wants it even where it has a default
--   type: any  is not JSON Schema, and goes
--   size       of more than MOST_DEFINITIONS definitions the nearest to the top are kept
--   depth      beyond MOST_LEVELS a value may be anything: every definition can be encoded, and read by who gets it

local core = require("bosa.core")
local document = require("bosa.schema.document")
local reader = require("bosa.schema")
local shape = require("bosa.schema.shape")
local sorted_json = require("bosa.sorted_json")

local schema = {}

local MOST_TABLES = 4000 -- of one schema with its $refs replaced; beyond that they stay
local MOST_HOPS = 20 -- from a $ref to a $ref
local MOST_DEPTH = 50 -- schemas within each other down to a $ref that is replaced; further down they stay
local MOST_LEVELS = 100 -- schemas within each other in a definition
local MOST_DEFINITIONS = 500 -- of one schema; further ones take anything
local MOST_BRANCHES = 1000 -- that are looked at to see of which type a value is
local MOST_COPIES = 100000 -- tables and values in them that were copied for that; beyond that they stay
local MOST_VISITS = 20000 -- of $refs, to find those that lead to themselves; beyond that they stay

local PATH_HINT = "Path of a file, relative to the directory that files are exchanged in."

---@class bosa.tools.SchemaOptions
---@field inline boolean? replace each $ref by what it names
---@field paths boolean? parameters that take a file become paths; else they are left out

local function copy_of(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for name, item in pairs(value) do copy[name] = copy_of(item) end
  return setmetatable(copy, getmetatable(value))
end

---------------------------------------------------------------------------------------------------
-- unions, and what is no JSON Schema

local function require_names(node, names)
  if type(node.properties) ~= "table" then return end
  local required, known = type(node.required) == "table" and node.required or {}, {}
  for _, name in ipairs(required) do known[name] = true end
  for _, name in ipairs(document.sorted_names(names)) do
    if not known[name] and node.properties[name] ~= nil then required[#required + 1] = name end
  end
  if required[1] ~= nil then node.required = core.array(required) end
end

--- What a property is, as JSON Schema has it.
local function plain_property(property)
  if property == true then return core.object({}) end
  return document.unwrap(property)
end

--- Adds what the server's validator wants and JSON Schema doesn't say, and takes away what is no JSON Schema.
local function mend(node, read)
  if node.type == "any" then node.type = nil end
  node["$id"], node["$anchor"], node["$dynamicAnchor"] = nil, nil, nil -- no $ref names them
  if read.tags[node] then require_names(node, read.tags[node]) end
  local properties = type(node.properties) == "table" and node.properties or {}
  for name, property in pairs(properties) do
    properties[name] = plain_property(property)
    if property == false then properties[name] = nil end
  end
  return document.map_children(node, function(child) return mend(child, read) end)
end

---------------------------------------------------------------------------------------------------
-- files

local function as_path(about)
  local text = about.description
  return { type = "string", title = about.title, description = text and text .. " " .. PATH_HINT or PATH_HINT }
end

--- Takes away what is said of a file where no path stands for it: a union that takes anything, too.
local function without_marks(node)
  if node.type == "file" then node.type = "string" end
  if shape.says_file(node) then node.format, node.contentMediaType, node.contentEncoding = nil, nil, nil end
  return node
end

--- Whether a schema is said by what it names or consists of, and not by branches of its own.
local function has_no_branches(node) return node.anyOf == nil and node.oneOf == nil end

--- A schema without its files; nil: nothing is left of it.
local function without_files(node, read)
  if read:needs_file(read:read(node)) then return nil end
  return document.map_children(without_marks(node), function(child, keyword)
    local kept = without_files(child, read)
    if keyword == "$defs" then return kept or child end -- no $ref names it any more
    if keyword == "prefixItems" then return kept or core.object({}) end -- the places after it stay where they are
    return kept
  end)
end

--- A schema whose files are paths.
local function with_paths(node, read)
  local about = read:read(node)
  if has_no_branches(node) and reader.is_file(about) then return as_path(about) end
  return document.map_children(without_marks(node), function(child) return with_paths(child, read) end)
end

---------------------------------------------------------------------------------------------------
-- $refs

--- The name in $defs that a $ref needs; nil: it needs none.
local function def_of(ref)
  local name = ref:match("^#/%$defs/([^/]+)")
  return name and document.definition_name("#/$defs/" .. name)
end

--- Adds every $ref of a schema to a list, those in its $defs left out.
local function add_refs(node, list)
  if type(node) ~= "table" then return list end
  if type(node["$ref"]) == "string" then list[#list + 1] = node["$ref"] end
  document.each_child(node, function(child, keyword)
    if keyword ~= "$defs" and keyword ~= "definitions" then add_refs(child, list) end
  end)
  return list
end

--- The $refs of what a $ref names, remembered.
local function refs_below(state, ref)
  if not state.below[ref] then state.below[ref] = add_refs(document.lookup(state.root, ref), {}) end
  return state.below[ref]
end

--- Whether a $ref leads back to itself, or to more than can be looked at.
local function is_recursive(state, ref)
  if ref == "#" then return true end
  local list, seen = { ref }, {}
  while #list > 0 do
    for _, name in ipairs(refs_below(state, table.remove(list))) do
      state.visits = state.visits + 1
      if name == ref or name == "#" or state.visits > MOST_VISITS then return true end
      if not seen[name] then list[#list + 1] = name end
      seen[name] = true
    end
  end
  return false
end

--- A copy, whose size counts.
local function counted_copy(value, state)
  state.copies = state.copies + 1
  if type(value) ~= "table" then return value end
  local copy = {}
  for name, item in pairs(value) do copy[name] = counted_copy(item, state) end
  return setmetatable(copy, getmetatable(value))
end

--- A schema with the annotations of the $ref that named it; where they can't be one, both hold.
local function merge(target, siblings, state)
  local whole, both = counted_copy(target, state), copy_of(siblings)
  both["$ref"] = nil
  for name, value in pairs(both) do
    local here = target[name]
    if here ~= nil and not document.ANNOTATIONS[name] and sorted_json.line(here) ~= sorted_json.line(value) then
      return { allOf = core.array({ counted_copy(target, state), both }) }
    end
    whole[name] = value
  end
  return whole
end

--- What replacing the $refs of one schema knows.
---@class bosa.tools.Inlining
---@field root table
---@field tables integer made so far
---@field copies integer tables and values copied so far
---@field visits integer
---@field below table<string, string[]>
---@field stays table<string, boolean> $refs that are not to be replaced

local function stays(state, ref, level)
  if state.tables > MOST_TABLES or state.copies > MOST_COPIES or level > MOST_DEPTH then return true end
  if state.stays[ref] == nil then
    state.stays[ref] = type(document.lookup(state.root, ref)) ~= "table" or is_recursive(state, ref)
  end
  return state.stays[ref]
end

local function inline(node, state, level)
  state.tables = state.tables + 1
  local ref = node["$ref"]
  if type(ref) == "string" and not stays(state, ref, level) then
    return inline(merge(document.lookup(state.root, ref), node, state), state, level + 1)
  end
  node.discriminator = nil -- it names branches by their $refs; their constants say the same
  return document.map_children(node, function(child, keyword)
    if keyword == "$defs" or keyword == "definitions" then return child end
    return inline(child, state, level + 1)
  end)
end

--- Leaves those $defs that are needed; `inlining`: they are worked on, too.
local function prune(root, inlining)
  local defs, kept = root["$defs"], {}
  if type(defs) ~= "table" then return root end
  local list = add_refs(root, {})
  while #list > 0 do
    local name = def_of(table.remove(list))
    if name and not kept[name] and type(defs[name]) == "table" then
      kept[name] = inlining and inline(copy_of(defs[name]), inlining, 0) or defs[name]
      add_refs(kept[name], list)
    end
  end
  root["$defs"] = next(kept) ~= nil and core.object(kept) or nil
  return root
end

---------------------------------------------------------------------------------------------------
-- size

local DEFINITIONS = { "$defs", "definitions" }

--- Whether a schema has more definitions than are taken.
---@param request table
---@return boolean
function schema.is_large(request)
  local count = 0
  for _, keyword in ipairs(DEFINITIONS) do
    for _ in pairs(type(request[keyword]) == "table" and request[keyword] or {}) do count = count + 1 end
  end
  return count > MOST_DEFINITIONS
end

--- The definition that a $ref leads to, or into: its keyword and its name; nil: none.
local function definition_of(ref)
  local keyword, name = ref:match("^#/(%$?[%a]+)/([^/]+)")
  if keyword ~= "$defs" and keyword ~= "definitions" then return nil end
  return keyword, document.definition_name("#/$defs/" .. name)
end

--- A schema without the definitions that are too many: those named nearest to the top are kept. The $refs to others
-- lead nowhere then, and `bound` has them take anything.
---@param request table? left as it is
---@return table? request, boolean is_limited
function schema.limit(request)
  if not request or not schema.is_large(request) then return request, false end
  local limited, count, at = {}, 0, 1
  for keyword, value in pairs(request) do limited[keyword] = value end
  for _, keyword in ipairs(DEFINITIONS) do limited[keyword] = request[keyword] and core.object({}) or nil end
  local list = add_refs(limited, {})
  while list[at] and count < MOST_DEFINITIONS do
    local keyword, name = definition_of(list[at])
    local all = keyword and request[keyword]
    local definition = type(all) == "table" and all[name] or nil
    if definition ~= nil and limited[keyword][name] == nil then
      limited[keyword][name], count = definition, count + 1
      add_refs(definition, list)
    end
    at = at + 1
  end
  return limited, true
end

---------------------------------------------------------------------------------------------------

--- The schema as one object with properties of its own, where it is one that has them by its $ref or its members:
-- models' services want that of a tool.
local function root_of(request)
  local root = copy_of(request)
  if root["$ref"] == nil and root.allOf == nil then return root end
  local shapes = reader.reader(root):read(root).shapes
  local form = #shapes == 1 and shapes[1]
  if not form or not form.properties then return root end
  local made = copy_of(form.origin or {})
  for keyword in pairs(document.ANNOTATIONS) do
    if root[keyword] ~= nil then made[keyword] = root[keyword] end
  end
  made["$defs"], made.definitions = root["$defs"], root.definitions
  made.properties = core.object(copy_of(form.properties))
  made.required = form.required and core.array(document.sorted_names(form.required)) or nil
  if made.additionalProperties == nil and root.additionalProperties ~= nil then
    made.additionalProperties = root.additionalProperties
  end
  return made
end

--- The schema of a tool's arguments.
---@param request table? the schema of an action's parameters; nil: it takes none
---@param options bosa.tools.SchemaOptions
---@return table? arguments nil: the action can't be called without a file
function schema.shape(request, options)
  if not request then return { type = "object", properties = core.object({}) } end
  local root = root_of(request)
  mend(root, reader.reader(root))
  local filter = options.paths and with_paths or without_files
  local shaped = filter(root, reader.reader(copy_of(root)))
  if not shaped then return nil end
  local state
  if options.inline then
    state = { root = copy_of(shaped), tables = 0, copies = 0, visits = 0, below = {}, stays = {} }
    shaped = inline(shaped, state, 0)
  end
  shaped = prune(shaped, state)
  shaped.type = "object"
  if type(shaped.properties) ~= "table" then shaped.properties = core.object({}) end
  return shaped
end

--- The schema itself, behind its $refs.
local function resolve(node, root)
  for _ = 1, MOST_HOPS do
    local target = type(node["$ref"]) == "string" and document.lookup(root, node["$ref"])
    if type(target) ~= "table" then return node end
    node = target
  end
  return node
end

--- Calls fn(child, keyword) for every schema right below `node` that is a table.
local function each_child(node, fn)
  document.each_child(node, function(child, keyword)
    if type(child) == "table" then fn(child, keyword) end
  end)
end

--- The table that a $ref names; nil: there is none.
local function lookup(root, ref)
  local target = document.lookup(root, ref)
  return type(target) == "table" and target or nil
end

---------------------------------------------------------------------------------------------------
-- depth

local NARROWS = { ["not"] = true, ["if"] = true } -- where a schema that lets more through means that less is valid

local function is_deeper(value, most)
  if type(value) ~= "table" then return false end
  if most == 0 then return true end
  for _, child in pairs(value) do
    if is_deeper(child, most - 1) then return true end
  end
  return false
end

--- Takes away what is no schema and nested too deep: a default, an enum.
local function bound_values(node, state)
  for keyword, value in pairs(node) do
    if not document.HOLDS_SCHEMAS[keyword] and is_deeper(value, MOST_LEVELS) then
      node[keyword] = nil
      state.cuts = state.cuts + 1
    end
  end
end

local function bound(node, state, level)
  if level > MOST_LEVELS then
    state.cuts = state.cuts + 1
    local kind = type(node.type) == "string" and node.type or nil
    return core.object({ type = kind, items = kind == "array" and core.object({}) or nil })
  end
  bound_values(node, state)
  if state.is_limited and type(node["$ref"]) == "string" and document.lookup(state.root, node["$ref"]) == nil then
    node["$ref"], state.cuts = nil, state.cuts + 1
  end
  local loose = {}
  document.map_children(node, function(child, keyword)
    local cuts = state.cuts
    local made = bound(child, state, level + 1)
    loose[keyword] = loose[keyword] or state.cuts > cuts
    return not (loose[keyword] and NARROWS[keyword]) and made or nil
  end)
  if loose.oneOf then -- more than one branch may hold now
    node.anyOf, node.oneOf = node.anyOf or node.oneOf, nil
  end
  return node
end

--- Makes a schema, in place, one that is at most MOST_LEVELS deep. What is cut takes anything.
---@param root table
---@param is_limited boolean? `limit` took definitions away
---@return table root
function schema.bound(root, is_limited)
  local state = { cuts = 0, root = root, is_limited = is_limited }
  bound(root, state, 0)
  if state.cuts == 0 then return root end
  local function mend_ref(node)
    local ref = node["$ref"]
    if type(ref) == "string" and document.lookup(root, ref) == nil then node["$ref"] = nil end
    return document.map_children(node, mend_ref)
  end
  return prune(mend_ref(root))
end

---------------------------------------------------------------------------------------------------
-- types

--- Whether a schema's own keywords leave only values of some types.
local function says_types(node, types)
  local kinds = type(node.type) == "string" and { node.type } or node.type
  if type(kinds) == "table" and kinds[1] ~= nil then
    for _, kind in ipairs(kinds) do
      if not shape.has_type(types, kind) then return false end
    end
    return true
  end
  local values = type(node.enum) == "table" and node.enum or node.const ~= nil and { node.const }
  return values and values[1] ~= nil and #shape.values(values, types) == #shape.values(values)
end

--- Whether whatever is valid surely has one of some types.
---@param node any
---@param types string[]
---@param root table
---@return boolean
local function is_of(node, types, root, state)
  state.left = state.left - 1
  if type(node) ~= "table" or state.left < 0 or state.depth > MOST_HOPS then return false end
  if says_types(node, types) then return true end
  state.depth = state.depth + 1
  local found = type(node["$ref"]) == "string" and is_of(document.lookup(root, node["$ref"]), types, root, state)
  for _, keyword in ipairs({ "anyOf", "oneOf" }) do
    local branches = type(node[keyword]) == "table" and node[keyword] or {}
    local all = branches[1] ~= nil
    for _, branch in ipairs(not found and branches or {}) do all = all and is_of(branch, types, root, state) end
    found = found or all
  end
  for _, member in ipairs(type(node.allOf) == "table" and node.allOf or {}) do
    found = found or is_of(member, types, root, state)
  end
  state.depth = state.depth - 1
  return found
end

--- Takes the type away that stands beside a $ref, where what is named says it already.
---@param node table
---@param root table
function schema.cut_type(node, root)
  local types = type(node.type) == "string" and { node.type } or node.type
  if type(node["$ref"]) ~= "string" or type(types) ~= "table" then return end
  local target = document.lookup(root, node["$ref"])
  if is_of(target, types, root, { left = MOST_BRANCHES, depth = 0 }) then node.type = nil end
end

-- what the passes behind `shape` walk with
schema.copy = copy_of
schema.map_children = document.map_children
schema.each_child = each_child
schema.resolve = resolve
schema.lookup = lookup
schema.prune = prune
schema.sorted_names = document.sorted_names

return schema
