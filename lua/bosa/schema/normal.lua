--- The normal form of a server's schema: JSON Schema 2020-12, whatever draft or dialect the server writes.
--
--   $ref             "#/$defs/NAME" with a plain name, at the root; what it named elsewhere is moved there. One that
--                    leads nowhere goes, as what it means is the server's to say
--   definitions      $defs; a list of items is prefixItems, additionalItems are items, dependencies are parted in two
--   nullable         null is one of the types; exclusiveMinimum and exclusiveMaximum are numbers
--   if, then, else   and dependentSchemas: their names are among the object's own
--   null             for a keyword is as if it were absent, and so is a value that the keyword can't have
--
-- All who read schemas in Lua begin here. The validator in C reads the same dialects by itself.

local core = require("bosa.core")
local document = require("bosa.schema.document")
local is_object = require("bosa.is_object")

local normal = {}

local MOST_COPIES = 20000 -- tables copied of what conditions name, and of a root that refers to itself
local MOST_SCOPES = 50 -- documents within each other that a $ref is looked up in
local MOST_IDS = 50 -- documents whose names end alike
local LONGEST_NAME = 60 -- bytes of a name in $defs
local BIG = 16 -- digits of a whole number that Lua may not hold
local MOST_COUNT = 1e18 -- a larger bound of a count is none

local KEEPS_NULL = { const = true, default = true }
local TYPES = {
  null = true, boolean = true, integer = true, number = true, string = true, array = true, object = true, file = true,
}

---------------------------------------------------------------------------------------------------
-- values of keywords

local function is_list(value) return type(value) == "table" and not is_object(value) end

local function text_or_nil(value) return type(value) == "string" and value or nil end

local function flag_or_nil(value)
  if type(value) == "boolean" then return value end
  return nil
end

--- A number; digits are one that Lua can't hold.
local function number_or_nil(value)
  if type(value) == "number" then return value end
  if type(value) == "cdata" then -- the same text on every VM
    local number = tonumber(value)
    return number and number >= 2 ^ 63 and number or value
  end
  if type(value) == "string" and #value >= BIG and value:find("^%-?%d+$") then return tonumber(value) + 0.0 end
  return nil
end

local function count_or_nil(value)
  local number = tonumber(number_or_nil(value))
  if not number or number < 0 or number >= MOST_COUNT then return nil end
  return math.floor(number)
end

local function step_or_nil(value)
  local number = number_or_nil(value)
  return number and number > 0 and number or nil
end

--- Strings of a list, each once.
local function names_or_nil(value)
  local kept, seen = core.array({}), {}
  for _, name in ipairs(is_list(value) and value or {}) do
    if type(name) == "string" and not seen[name] then kept[#kept + 1] = name end
    seen[name] = true
  end
  return kept[1] and kept or nil
end

--- One type or several; a name that is none allows any.
local function types_or_nil(value)
  if type(value) == "string" then return TYPES[value] and value or nil end
  local kept = names_or_nil(value)
  for _, name in ipairs(kept or {}) do
    if not TYPES[name] then return nil end
  end
  return kept and (kept[2] and kept or kept[1])
end

local function list_or_nil(value) return is_list(value) and value or nil end

local function schemas_or_nil(value) return is_list(value) and value[1] ~= nil and value or nil end

local function map_or_nil(value)
  if type(value) ~= "table" or value[1] ~= nil then return nil end
  return next(value) == nil and core.object({}) or value
end

local function schema_or_nil(value)
  if type(value) == "boolean" then return value end
  return map_or_nil(value)
end

--- What an object that has one property must have, or be, too.
local function dependencies_or_nil(value) return map_or_nil(value) end

local CHECKS = {
  ["$ref"] = text_or_nil, ["$dynamicRef"] = text_or_nil, ["$recursiveRef"] = text_or_nil, type = types_or_nil,
  required = names_or_nil, enum = list_or_nil, examples = list_or_nil, dependencies = dependencies_or_nil,
  dependentRequired = dependencies_or_nil,
}
for _, group in ipairs({
  { text_or_nil, "title description format pattern contentMediaType contentEncoding $comment" },
  { text_or_nil, "$anchor $dynamicAnchor $id" },
  { flag_or_nil, "uniqueItems deprecated readOnly writeOnly nullable" },
  { count_or_nil, "minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains" },
  { number_or_nil, "minimum maximum" },
  { step_or_nil, "multipleOf" },
}) do
  for keyword in group[2]:gmatch("%S+") do CHECKS[keyword] = group[1] end
end
for _, keyword in ipairs(document.MAPS) do CHECKS[keyword] = map_or_nil end
for _, keyword in ipairs(document.LISTS) do CHECKS[keyword] = schemas_or_nil end
for _, keyword in ipairs(document.SINGLES) do CHECKS[keyword] = schema_or_nil end
CHECKS.items, CHECKS.additionalItems = nil, nil -- a list, too, in older drafts
CHECKS.schema = function() return nil end -- the older form of a property, which this isn't

--- Takes the values away that keywords can't have.
local function check_values(node)
  for keyword, value in pairs(node) do
    local check = CHECKS[keyword]
    if value == core.null then
      if not KEEPS_NULL[keyword] then node[keyword] = nil end
    elseif check then
      node[keyword] = check(value)
    end
  end
end

---------------------------------------------------------------------------------------------------
-- older drafts and other dialects

--- Items by their places, as drafts before 2020-12 say them.
local function rewrite_items(node)
  if is_list(node.items) then
    if node.prefixItems == nil and node.items[1] ~= nil then node.prefixItems = node.items end
    node.items = schema_or_nil(node.additionalItems)
  else
    node.items = schema_or_nil(node.items)
  end
  node.additionalItems = nil
end

--- A limit that is a flag, as draft 4 has it.
local function rewrite_limit(node, limit, exclusive)
  local value = node[exclusive]
  if value == nil then return end
  if type(value) ~= "boolean" then
    node[exclusive] = number_or_nil(value)
  elseif value then
    node[limit], node[exclusive] = nil, node[limit]
  else
    node[exclusive] = nil
  end
end

local function rewrite_dependencies(node)
  local schemas, required = node.dependentSchemas, node.dependentRequired
  for name, value in pairs(node.dependencies or {}) do
    if is_list(value) then
      required = required or core.object({})
      required[name] = value
    elseif schema_or_nil(value) ~= nil then
      schemas = schemas or core.object({})
      schemas[name] = value
    end
  end
  for name, value in pairs(required or {}) do required[name] = names_or_nil(value) end
  node.dependentSchemas, node.dependentRequired, node.dependencies = schemas, required, nil
end

local function rewrite_nullable(node)
  if node.nullable and node.type ~= nil then
    local types = core.array({})
    for i, name in ipairs(type(node.type) == "table" and node.type or { node.type }) do types[i] = name end
    types[#types + 1] = "null"
    node.type = names_or_nil(types)
  end
  node.nullable = nil
end

--- The first of the words for a $ref.
local function rewrite_ref(node)
  if node["$dynamicRef"] == nil and node["$recursiveRef"] == nil then return end
  node["$ref"] = node["$ref"] or node["$dynamicRef"] or node["$recursiveRef"]
  node["$dynamicRef"], node["$recursiveRef"] = nil, nil
end

local function rewrite(node)
  if node.items ~= nil or node.additionalItems ~= nil then rewrite_items(node) end
  rewrite_limit(node, "minimum", "exclusiveMinimum")
  rewrite_limit(node, "maximum", "exclusiveMaximum")
  if node.dependencies or node.dependentRequired then rewrite_dependencies(node) end
  if node.nullable ~= nil then rewrite_nullable(node) end
  rewrite_ref(node)
end

---------------------------------------------------------------------------------------------------
-- conditions

local function copy_of(state, value)
  if type(value) ~= "table" then return value end
  state.copies = state.copies + 1
  if state.copies > MOST_COPIES then return core.object({}) end
  local copy = {}
  for name, item in pairs(value) do copy[name] = copy_of(state, item) end
  return setmetatable(copy, getmetatable(value))
end

local function add_names(state, node, from)
  local properties = type(from) == "table" and type(from.properties) == "table" and from.properties or {}
  for name, property in pairs(properties) do
    node.properties = node.properties or core.object({})
    if node.properties[name] == nil then node.properties[name] = copy_of(state, property) end
  end
end

--- Has an object list the names that it may have on some condition.
local function add_conditional_names(state, node)
  add_names(state, node, node["then"])
  add_names(state, node, node["else"])
  if not node.dependentSchemas then return end
  for _, name in ipairs(document.sorted_names(node.dependentSchemas)) do
    add_names(state, node, node.dependentSchemas[name])
  end
end

--- Has an object list the names that it requires.
local function add_required_names(node)
  if not node.properties or not node.required then return end
  for _, name in ipairs(node.required) do
    if node.properties[name] == nil then node.properties[name] = core.object({}) end
  end
end

---------------------------------------------------------------------------------------------------
-- the walk over all schemas

--- What lies where a schema belongs, as one.
local function schema_at(value, keyword)
  if keyword == "properties" then value = document.unwrap(value) end
  value = schema_or_nil(value)
  if value == nil then return core.object({}) end
  return value
end

--- Calls fn(container, key, keyword) for every place right below `node` where a schema is.
local function each_place(node, fn)
  for _, keyword in ipairs(document.MAPS) do
    local map = node[keyword]
    for name in pairs(map or {}) do fn(map, name, keyword) end
  end
  for _, keyword in ipairs(document.LISTS) do
    local list = node[keyword]
    for i = 1, #(list or {}) do fn(list, i, keyword) end
  end
  for _, keyword in ipairs(document.SINGLES) do
    if node[keyword] ~= nil then fn(node, keyword, keyword) end
  end
end

local PLAIN_REF = "^#/%$defs/([%w_%.%-]+)$"

--- Whether a $ref names what is where it should be.
local function is_plain(state, ref)
  local name = ref:match(PLAIN_REF)
  local defs = name and state.root["$defs"]
  return type(defs) == "table" and type(defs[name]) == "table"
end

local function visit(state, node)
  check_values(node)
  rewrite(node)
  if node["$ref"] and not is_plain(state, node["$ref"]) or node.definitions or node["$defs"] and node ~= state.root then
    state.is_odd = true
  end
  each_place(node, function(container, key, keyword)
    local child = schema_at(container[key], keyword)
    container[key] = child
    if type(child) == "table" then visit(state, child) end
  end)
  if node["then"] ~= nil or node["else"] ~= nil or node.dependentSchemas then add_conditional_names(state, node) end
  add_required_names(node)
end

---------------------------------------------------------------------------------------------------
-- $refs

--- The part of a document's name behind its last slash.
local function end_of(name) return name:match("[^/]*$") end

--- Notes of a schema what it is called as a document.
local function add_id(state, node)
  local name = node["$id"]:gsub("#$", "")
  local list = state.ids[end_of(name)] or {}
  state.ids[end_of(name)] = list
  if #list < MOST_IDS then list[#list + 1] = { name, node } end
end

--- Notes of every schema where it is, what it is called, and which $refs there are, in the order of their names.
local function survey(state, node, container, key, scope)
  if state.places[node] then return end
  state.places[node] = { container = container, key = key }
  if node["$defs"] or node.definitions or node["$id"] then scope = { node = node, around = scope } end
  for _, keyword in ipairs({ "$anchor", "$dynamicAnchor" }) do
    local anchor = node[keyword]
    if anchor and not state.anchors[anchor] then state.anchors[anchor] = node end
  end
  if node["$id"] then add_id(state, node) end
  if node["$ref"] then state.refs[#state.refs + 1] = { node = node, scope = scope } end
  for _, keyword in ipairs(document.MAPS) do
    local map = node[keyword] or {}
    state.holders[map] = true
    for _, name in ipairs(document.sorted_names(map)) do
      if type(map[name]) == "table" then survey(state, map[name], map, name, scope) end
    end
  end
  for _, keyword in ipairs(document.LISTS) do
    state.holders[node[keyword] or {}] = true
    for i, child in ipairs(node[keyword] or {}) do
      if type(child) == "table" then survey(state, child, node[keyword], i, scope) end
    end
  end
  for _, keyword in ipairs(document.SINGLES) do
    if type(node[keyword]) == "table" then survey(state, node[keyword], node, keyword, scope) end
  end
end

--- Whether two names of documents may be of one: the end of one is the other.
local function is_same_document(a, b)
  if #a < #b then a, b = b, a end
  return a == b or b ~= "" and a:sub(-#b - 1) == "/" .. b
end

--- The document that the part of a $ref before its fragment names; nil: it is another one.
local function document_of(state, name)
  for _, id in ipairs(state.ids[end_of(name)] or {}) do
    if is_same_document(id[1], name) then return id[2] end
  end
  return nil
end

--- What a $ref names; nil: nothing in this document.
local function find(state, ref, scope)
  local name, fragment = ref:match("^([^#]*)#?(.*)$")
  if name ~= "" then
    local root = document_of(state, name)
    if not root or fragment == "" then return root end
    return state.anchors[fragment] or document.lookup(root, "#" .. fragment)
  end
  if fragment ~= "" and fragment:sub(1, 1) ~= "/" then return state.anchors[fragment] end
  local found
  if not state.scoped then found = document.lookup(state.root, ref) end
  local left = MOST_SCOPES
  while found == nil and scope and fragment ~= "" and left > 0 do
    found = document.lookup(scope.node, ref)
    scope, left = scope.around, left - 1
  end
  if found == nil then found = document.lookup(state.root, ref) end
  return found
end

--- A name that no schema in $defs has.
local function free_name(state, wanted)
  local plain = wanted:gsub("[^%w_%.%-]", "_"):sub(1, LONGEST_NAME)
  if plain == "" then plain = "schema" end
  local name, count = plain, state.counts[plain] or 1
  while state.defs[name] ~= nil do
    count = count + 1
    name = plain .. count
  end
  state.counts[plain] = count
  return name
end

--- What lies below a keyword that nobody knows, or in a value, as a schema of its own.
local function schema_of_value(state, value)
  local copy = copy_of(state, value)
  visit(state, copy)
  survey(state, copy, nil, nil, nil)
  return copy
end

--- The name in $defs of what a $ref leads to; what is elsewhere is to be moved. nil: it is no schema.
local function name_of(state, target, ref)
  if state.names[target] then return state.names[target] end
  if state.holders[target] then return nil end
  local place = state.places[target]
  local name = place and place.container == state.defs and place.key
  if not name or not name:find("^[%w_%.%-]+$") then
    name = free_name(state, document.last_part(ref) or "schema")
    state.defs[name] = true -- taken
    state.names[target] = name
    state.moved[#state.moved + 1] = { node = place and target or schema_of_value(state, target), name = name }
  end
  state.names[target] = name
  return name
end

--- Has every $ref name a schema in the root's $defs, and nothing else.
local function rename_refs(state)
  local at = 0
  while at < #state.refs do
    at = at + 1
    local node, place = state.refs[at].node, state.places[state.refs[at].node]
    local target = schema_or_nil(find(state, node["$ref"], state.refs[at].scope))
    local name = type(target) == "table" and name_of(state, target, node["$ref"])
    if name then
      node["$ref"] = "#/$defs/" .. name
    elseif target == false and place.container then
      place.container[place.key] = false
    else
      node["$ref"] = nil
    end
  end
end

--- Moves to $defs what $refs name elsewhere.
local function move(state)
  for _, moved in ipairs(state.moved) do
    local target, name = moved.node, moved.name
    local place = state.places[target]
    if place.container == state.defs then
      state.defs[place.key] = nil
    elseif place.container and place.container[place.key] == target then
      place.container[place.key] = core.object({ ["$ref"] = "#/$defs/" .. name })
    end
    if target ~= state.root then state.defs[name] = target end
  end
  for node in pairs(state.places) do
    node["$defs"], node.definitions = nil, nil
    node["$id"], node["$anchor"], node["$dynamicAnchor"] = nil, nil, nil
  end
  local name = state.names[state.root]
  if name then state.defs[name] = copy_of(state, state.root) end
  if next(state.defs) ~= nil then state.root["$defs"] = state.defs end
end

---------------------------------------------------------------------------------------------------

--- Brings a schema into its normal form, in place. A list is none, and says nothing.
---@param root table
---@param scoped boolean? schemas within it may be documents of their own, whose $refs are looked up there first
---@return table root
function normal.form(root, scoped)
  if is_list(root) then root = core.object({}) end
  local state = { root = root, scoped = scoped, copies = 0, places = {}, anchors = {}, ids = {}, refs = {}, names = {},
    counts = {}, moved = {}, holders = {} }
  visit(state, root)
  root["$schema"], root["$vocabulary"], root["$recursiveAnchor"] = nil, nil, nil
  if not state.is_odd then
    root["$id"], root["$anchor"], root["$dynamicAnchor"] = nil, nil, nil
    return root
  end
  state.defs = root["$defs"] or core.object({})
  survey(state, root, nil, nil, nil)
  rename_refs(state)
  move(state)
  return root
end

return normal
