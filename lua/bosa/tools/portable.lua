--- Makes a tool's schema one that every service takes: one definition that a service refuses sinks the whole request.
--
--   unions at the top  become one object with the parameters of all branches; a note says which belong together
--   arrays             have `items`
--   names              are of the characters that services allow (names.parameter)
--
-- What is left takes all that the server's schema takes, and more; a call is checked against the server's.

local core = require("bosa.core")
local names = require("bosa.tools.names")
local schema = require("bosa.tools.schema")

local portable = {}

local UNIONS = { "allOf", "anyOf", "oneOf" }
local NOT_AT_THE_TOP = { "not", "enum", "const", "if", "then", "else", "dependentSchemas", "dependentRequired" }
local MOST_BRANCHES = 200 -- of the unions at the top that are looked at
local MOST_DEPTH = 200 -- levels of arguments, as of the check that comes next

local map_children = schema.map_children

local function line(value) return core.json.encode(value, { sorted = true }) end

---------------------------------------------------------------------------------------------------
-- unions at the top

--- One schema more in a union.
local function any_of(union, one)
  local branches = core.array({})
  local is_union = type(union.anyOf) == "table" and next(union) == "anyOf" and next(union, "anyOf") == nil
  for i, branch in ipairs(is_union and union.anyOf or { union }) do branches[i] = branch end
  branches[#branches + 1] = one
  return { anyOf = branches }
end

--- What several branches say of one parameter, as one schema.
local function either(a, b)
  if line(a) == line(b) then return a end
  local constants = core.array({})
  for _, one in ipairs({ a, b }) do
    local values = type(one.enum) == "table" and one.enum or { one.const }
    if values[1] == nil then return any_of(a, b) end
    for _, value in ipairs(values) do constants[#constants + 1] = value end
  end
  return { type = a.type == b.type and a.type or nil, enum = constants, description = a.description or b.description }
end

--- Adds a parameter to those of the other branches.
local function add_property(into, name, about)
  if type(about) ~= "table" then about = {} end
  into[name] = into[name] and either(into[name], about) or about
end

local function set_of(list)
  local set = {}
  for _, name in ipairs(type(list) == "table" and list or {}) do
    if type(name) == "string" then set[name] = true end
  end
  return set
end

--- What a branch of a union at the top wants, in words: kind = "a", x.
local function wants(branch, required)
  local words = {}
  for _, name in ipairs(schema.sorted_names(required)) do
    local about = type(branch.properties) == "table" and branch.properties[name]
    local constant
    if type(about) == "table" then constant = about.const end
    words[#words + 1] = constant ~= nil and name .. " = " .. line(constant) or name
  end
  return table.concat(words, ", ")
end

local gather

--- Gathers the branches of one union: what all of them require, or of `allOf` any.
local function gather_union(state, node, keyword, properties)
  local common, notes = nil, {}
  for _, branch in ipairs(type(node[keyword]) == "table" and node[keyword] or {}) do
    if type(branch) == "table" then
      local required, resolved = gather(state, branch, properties)
      notes[#notes + 1] = wants(resolved, required)
      if not common then common = required
      elseif keyword == "allOf" then for name in pairs(required) do common[name] = true end
      else for name in pairs(common) do common[name] = required[name] end end
    end
  end
  if keyword ~= "allOf" and notes[2] then state.notes[#state.notes + 1] = table.concat(notes, " | ") end
  return common or {}
end

--- Gathers the parameters of a schema and of its unions' branches; gives the set of those that it requires.
gather = function(state, node, properties)
  node = schema.resolve(node, state.root)
  if state.seen[node] or state.count >= MOST_BRANCHES then return {}, node end
  state.seen[node], state.count = true, state.count + 1
  for _, name in ipairs(schema.sorted_names(type(node.properties) == "table" and node.properties or {})) do
    add_property(properties, name, node.properties[name])
  end
  local required = set_of(node.required)
  for _, keyword in ipairs(UNIONS) do
    for name in pairs(gather_union(state, node, keyword, properties)) do required[name] = true end
  end
  state.seen[node] = nil -- another branch may name it, too; only one within itself is left out
  return required, node
end

local function has_union(shaped)
  for _, keyword in ipairs(UNIONS) do
    if shaped[keyword] ~= nil then return true end
  end
  return false
end

--- A list of names in the order of a list that has some of them, then in theirs.
local function in_order(set, first)
  local list = core.array({})
  for _, name in ipairs(type(first) == "table" and first or {}) do
    if set[name] then list[#list + 1] = name end
    set[name] = nil
  end
  for _, name in ipairs(schema.sorted_names(set)) do list[#list + 1] = name end
  return list
end

--- Makes a union at the top one object. Gives the note for the model; nil: there was none to make.
local function flatten(shaped)
  for _, keyword in ipairs(NOT_AT_THE_TOP) do shaped[keyword] = nil end
  if shaped["$ref"] then -- beside properties of its own
    shaped.allOf = type(shaped.allOf) == "table" and shaped.allOf or core.array({})
    shaped.allOf[#shaped.allOf + 1], shaped["$ref"] = { ["$ref"] = shaped["$ref"] }, nil
  end
  if not has_union(shaped) then return nil end
  local state, properties = { root = shaped, seen = {}, count = 0, notes = {} }, core.object({})
  local required = gather(state, shaped, properties)
  for _, keyword in ipairs(UNIONS) do shaped[keyword] = nil end
  shaped.properties, shaped.discriminator = properties, nil
  for name in pairs(required) do
    if properties[name] == nil then required[name] = nil end
  end
  local list = in_order(required, shaped.required)
  shaped.required = list[1] and list or nil
  return state.notes[1] and "Arguments are one of: " .. table.concat(state.notes, "; and one of: ")
end

---------------------------------------------------------------------------------------------------
-- arrays

local function is_array(node)
  if node.type == "array" then return true end
  for _, name in ipairs(type(node.type) == "table" and node.type or {}) do
    if name == "array" then return true end
  end
  return false
end

--- What the elements of a tuple may be, for who knows `items` only. Behind its places a tuple without an end may have
-- anything.
local function items_of(node)
  local places = type(node.prefixItems) == "table" and #node.prefixItems or 0
  local most = type(node.maxItems) == "number" and node.maxItems or math.huge
  if most > places and node.items ~= false then return core.object({}) end
  local kinds, seen = core.array({}), {}
  for _, kind in ipairs(type(node.prefixItems) == "table" and node.prefixItems or {}) do
    local text = line(kind)
    if not seen[text] then kinds[#kinds + 1] = schema.copy(kind) end
    seen[text] = true
  end
  if not kinds[1] then return core.object({}) end
  return kinds[2] and { anyOf = kinds } or kinds[1]
end

--- A branch, a definition or a kind of items that is a boolean, as an object: not every service knows the short form.
local function spell_booleans(list)
  for place, child in pairs(type(list) == "table" and list or {}) do
    if type(child) == "boolean" then list[place] = core.object({ ["not"] = not child and core.object({}) or nil }) end
  end
end

--- The branches of a union that a value can fit; all of them where it can fit none.
local function without_false(branches)
  local kept = core.array({})
  for _, branch in ipairs(type(branches) == "table" and branches or {}) do
    if branch ~= false then kept[#kept + 1] = branch end
  end
  return kept[1] ~= nil and kept or branches
end

local function give_items(node)
  node.anyOf, node.oneOf = without_false(node.anyOf), without_false(node.oneOf)
  for _, keyword in ipairs({ "anyOf", "oneOf", "allOf", "prefixItems", "properties", "$defs" }) do
    spell_booleans(node[keyword])
  end
  if is_array(node) and type(node.items) ~= "table" then node.items = items_of(node) end
  return map_children(node, give_items)
end

---------------------------------------------------------------------------------------------------
-- names

local function rename(node)
  if type(node.properties) == "table" then
    local made = core.object({})
    for name, child in pairs(node.properties) do made[names.parameter(name)] = child end
    node.properties = made
    for i, name in ipairs(type(node.required) == "table" and node.required or {}) do
      if type(name) == "string" then node.required[i] = names.parameter(name) end
    end
  end
  return map_children(node, rename)
end

--- Whether some of an object's names, or of those below it, may stand for others.
local function has_stand_in(value, depth)
  if type(value) ~= "table" or depth > MOST_DEPTH then return false end
  for name, child in pairs(value) do
    if type(name) == "string" and (name == "-x" or name:find("%-[xz]%x%x")) then return true end
    if has_stand_in(child, depth + 1) then return true end
  end
  return false
end

local function collect(node, found)
  for name in pairs(type(node.properties) == "table" and node.properties or {}) do
    local stand_in = type(name) == "string" and names.parameter(name) or name
    if stand_in ~= name then found[stand_in] = name end
  end
  schema.each_child(node, function(child) collect(child, found) end)
  return found
end

local function restore(value, found, depth)
  if type(value) ~= "table" or core.is_null(value) or depth > MOST_DEPTH then return value end
  local restored = {}
  for name, child in pairs(value) do restored[found[name] or name] = restore(child, found, depth + 1) end
  return setmetatable(restored, getmetatable(value))
end

--- Arguments with the names that the server knows.
---@param arguments table as a model gave them, by the names that it was told
---@param request table the action's schema
---@return table
function portable.restore(arguments, request)
  if not has_stand_in(arguments, 0) then return arguments end
  return restore(arguments, collect(request, {}), 0)
end

---------------------------------------------------------------------------------------------------

--- Makes the schema of a tool's arguments portable, in place.
---@param shaped table as schema.shape gives it
---@return table shaped, string? note what a model is to know of them besides
function portable.arguments(shaped)
  local note = flatten(shaped)
  shaped.type = "object"
  if note then schema.prune(shaped) end
  return rename(give_items(shaped)), note
end

return portable
