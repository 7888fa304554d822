--- The schema of a tool's arguments as a service's strict mode takes it: what the model writes is then sure to fit.
--
-- OpenAI wants every name required, optional ones with null (which a call takes for "left out"); Anthropic knows what
-- is optional, but few limits. Neither takes an object of names that aren't listed. Where a schema can't be said in a
-- mode's words there is none, and the tool is offered without. Limits that a mode doesn't know are told in words.

local core = require("bosa.core")
local schema = require("bosa.tools.schema")

local strict = {}

local MOST_DEPTH = { openai = 10, anthropic = 30 } -- objects within each other
local MOST_PROPERTIES = 5000 -- of one schema (OpenAI)
local MOST_ENUM = 1000 -- values of all enums of one schema (OpenAI)
local FORMATS = {}
for name in ("date-time time date duration email hostname ipv4 ipv6 uuid"):gmatch("%S+") do FORMATS[name] = true end

--- The keywords that a mode knows; what others say is left to the check of a call, which knows them.
local KNOWN = { openai = {}, anthropic = {} }
for name in ("type enum const anyOf $ref $defs description properties required additionalProperties items format")
  :gmatch("%S+") do
  KNOWN.openai[name], KNOWN.anthropic[name] = true, true
end
for name in ("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems"):gmatch("%S+") do
  KNOWN.openai[name] = true
end
--- Names that aren't listed can't be said in either mode.
local BEYOND = { "allOf", "patternProperties", "unevaluatedProperties" }
--- The order in which limits are told.
local TOLD = {
  "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
  "minItems", "maxItems",
}
local WORDS = {
  minLength = "at least %s characters", maxLength = "at most %s characters", pattern = "matching %s",
  minimum = "at least %s", maximum = "at most %s", exclusiveMinimum = "over %s", exclusiveMaximum = "under %s",
  multipleOf = "a multiple of %s", minItems = "at least %s elements", maxItems = "at most %s elements",
}

--- What one conversion knows.
---@class bosa.tools.Strict
---@field mode "openai"|"anthropic"
---@field root table
---@field properties integer
---@field values integer of enums

local function cannot() error(cannot, 0) end -- what a mode can't say ends the conversion

---------------------------------------------------------------------------------------------------
-- limits

local function line(value) return core.json.encode(value, { sorted = true }) end -- on every VM the same

--- Takes away what a mode doesn't know; what limits said is added to the description.
local function drop(node, known)
  local words = {}
  for _, keyword in ipairs(TOLD) do
    local value = node[keyword]
    if value ~= nil and not known[keyword] and type(value) ~= "table" then
      words[#words + 1] = WORDS[keyword]:format(type(value) == "string" and value or line(value))
    end
  end
  for keyword in pairs(node) do
    if not known[keyword] then node[keyword] = nil end
  end
  if not words[1] then return end
  local told = table.concat(words, ", ")
  node.description = node.description and ("%s (%s)"):format(node.description, told) or told
end

---------------------------------------------------------------------------------------------------
-- null

local function with_type(node)
  if node.type == nil then return false end
  local kinds = type(node.type) == "table" and schema.copy(node.type) or core.array({ node.type })
  for _, kind in ipairs(kinds) do
    if kind == "null" then return true end
  end
  kinds[#kinds + 1] = "null"
  node.type = kinds
  if type(node.enum) == "table" then node.enum[#node.enum + 1] = core.null end
  return true
end

--- A schema that takes null, too.
local function or_null(node)
  if node.const == nil and node["$ref"] == nil and node.anyOf == nil and with_type(node) then return node end
  local branches = node.anyOf
  if not branches then
    local about = node.description
    node.description = nil
    return { anyOf = core.array({ node, { type = "null" } }), description = about }
  end
  for _, branch in ipairs(branches) do
    if branch == true or type(branch) == "table" and branch.type == "null" then return node end
  end
  branches[#branches + 1] = { type = "null" }
  return node
end

---------------------------------------------------------------------------------------------------
-- objects

local function required_set(node)
  local set = {}
  for _, name in ipairs(type(node.required) == "table" and node.required or {}) do set[name] = true end
  return set
end

--- Closes an object. Names without a list of them can't be said.
local function close(state, node, is_root)
  if type(node.properties) ~= "table" or next(node.properties) == nil then
    if not is_root then cannot() end
    node.properties = core.object({})
  end
  if type(node.additionalProperties) == "table" or node.additionalProperties == true then cannot() end
  node.additionalProperties = false
  if state.mode ~= "openai" then return end
  local required, all = required_set(node), core.array({})
  for _, name in ipairs(schema.sorted_names(node.properties)) do
    state.properties = state.properties + 1
    all[#all + 1] = name
    if not required[name] then node.properties[name] = or_null(node.properties[name]) end
  end
  if state.properties > MOST_PROPERTIES then cannot() end
  node.required = all
end

---------------------------------------------------------------------------------------------------
-- schemas

local function is_object(node)
  if node.type == "object" then return true end
  for _, kind in ipairs(type(node.type) == "table" and node.type or {}) do
    if kind == "object" then return true end
  end
  return node.type == nil and node.properties ~= nil
end

--- oneOf as anyOf, a tuple as a list of what it may hold; other compositions can't be said.
local function rewrite(node)
  if node.oneOf then
    if node.anyOf then cannot() end
    node.anyOf, node.oneOf = node.oneOf, nil
  end
  for _, keyword in ipairs(BEYOND) do
    if node[keyword] ~= nil and node[keyword] ~= false then cannot() end
  end
  if type(node.format) == "string" and not FORMATS[node.format] then node.format = nil end
end

--- A $ref stands alone. One that leads to itself is beyond Anthropic's mode.
local function convert_ref(state, node)
  if not schema.lookup(state.root, node["$ref"]) then cannot() end
  if state.mode == "anthropic" and state.recursive[node["$ref"]] then cannot() end
  return { ["$ref"] = node["$ref"] }
end

local function check_enum(state, node)
  if type(node.enum) ~= "table" then return end
  state.values = state.values + #node.enum
  if state.values > MOST_ENUM then cannot() end
  for _, value in ipairs(node.enum) do
    if type(value) == "table" then cannot() end
  end
end

local function convert(state, node, depth, is_root)
  if node["$ref"] then return convert_ref(state, node) end
  rewrite(node)
  drop(node, KNOWN[state.mode]) -- of a tuple `items` says what the places may hold
  check_enum(state, node)
  if node.type == nil and not (node.anyOf or node.enum or node.const ~= nil or node.properties) then cannot() end
  local object = is_object(node)
  if object and node.type == nil then node.type = "object" end -- the modes want it said
  depth = depth + (object and 1 or 0)
  if depth > MOST_DEPTH[state.mode] then cannot() end
  schema.map_children(node, function(child, keyword)
    return convert(state, child, keyword == "$defs" and 0 or depth, false)
  end)
  if object then close(state, node, is_root) end
  return node
end

--- Those $refs that a schema has, inlined as it is: only such as lead to themselves stay.
local function recursive_refs(root)
  local set = {}
  local function visit(node)
    if node["$ref"] then set[node["$ref"]] = true end
    schema.each_child(node, visit)
  end
  visit(root)
  return set
end

--- A schema in a mode's words.
---@param shaped table portable, its $refs replaced as far as they can be; stays as it is
---@param mode "openai"|"anthropic"
---@return table? converted nil: it can't be said there
function strict.arguments(shaped, mode)
  local root = schema.copy(shaped)
  local state = { mode = mode, root = root, properties = 0, values = 0, recursive = recursive_refs(root) }
  local ok, converted = pcall(convert, state, root, 0, true)
  if ok then return converted end
  if converted ~= cannot then error(converted, 0) end
  return nil
end

return strict
