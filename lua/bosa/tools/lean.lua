--- Takes out of a tool's schema what a model reads without use: every definition is read before each conversation.
--
--   response_filters   goes: a model that wants less asks for less
--   response_fields    keeps one line
--   title, examples    go, and so does what only a server reads: discriminator, $schema
--   null               for what is optional: a union with it, a default of it
--   descriptions       that repeat a name, or what a $ref names
--   $ref               to what is named only there: it stands in its place
--
-- What is left takes the same arguments, but for those nulls and the filters. The server's own schema is what a call is
-- checked against, so a model that knows more may still use it.

local core = require("bosa.core")
local document = require("bosa.schema.document")
local schema = require("bosa.tools.schema")

local lean = {}

local FIELDS_HINT = "Only these fields: id, user.login"
local DROPPED = { "title", "examples", "discriminator", "$schema", "$id", "deprecated" }
local MOST_DEPTH = 50 -- schemas within each other down to a $ref that is replaced; further down they stay
local ANNOTATIONS = { title = true, description = true, default = true, examples = true, deprecated = true }

local map_children = schema.map_children

---------------------------------------------------------------------------------------------------
-- parameters of the server's own

local function is_required(node, name)
  for _, known in ipairs(type(node.required) == "table" and node.required or {}) do
    if known == name then return true end
  end
  return false
end

--- Takes `response_filters` away, below the top `response_fields` too; at the top that is one line.
local function cut_response_parameters(node, is_top)
  local properties = node.properties
  if type(properties) ~= "table" then return end
  if not is_required(node, "response_filters") then properties.response_filters = nil end
  if not properties.response_fields or is_required(node, "response_fields") then return end
  properties.response_fields = is_top
      and { type = "array", items = { type = "string" }, description = FIELDS_HINT } or nil
end

---------------------------------------------------------------------------------------------------
-- null

local function is_null(branch) return type(branch) == "table" and branch.type == "null" and branch.const == nil end

--- A union's only branch in its place. The union's own words win; where both say what can't be one, it stays a union.
local function merge_branch(node, keyword, branch)
  for name in pairs(branch) do
    if node[name] ~= nil and not ANNOTATIONS[name] then return end
  end
  node[keyword] = nil
  for name, value in pairs(branch) do
    if node[name] == nil then node[name] = value end
  end
end

--- Takes null out of a union or a list of types.
local function without_null(node)
  if type(node.type) == "table" then
    local kept = {}
    for _, name in ipairs(node.type) do
      if name ~= "null" then kept[#kept + 1] = name end
    end
    node.type = kept[2] and core.array(kept) or kept[1]
  end
  for _, keyword in ipairs({ "anyOf", "oneOf" }) do
    local branches, kept = node[keyword], {}
    for _, branch in ipairs(type(branches) == "table" and branches or {}) do
      if not is_null(branch) then kept[#kept + 1] = branch end
    end
    if kept[1] and #kept < #branches then
      node[keyword] = core.array(kept)
      if not kept[2] and type(kept[1]) == "table" then merge_branch(node, keyword, kept[1]) end
    end
  end
end

--- In an object: null goes where a name may as well be left out.
local function cut_nulls(node)
  local required = {}
  for _, name in ipairs(type(node.required) == "table" and node.required or {}) do required[name] = true end
  for name, child in pairs(type(node.properties) == "table" and node.properties or {}) do
    if type(child) == "table" and not required[name] then
      if child.default == core.null then child.default = nil end
      without_null(child)
    end
  end
end

---------------------------------------------------------------------------------------------------
-- words

local LITTLE = {} -- words that tell nothing by themselves
for word in ("a an the of to in for by with be is are this that on from its it or and all used"):gmatch("%a+") do
  LITTLE[word] = true
end

--- Adds the words of a text to a set, in lower case and in the singular.
local function add_words(set, text)
  for word in text:gsub("(%l)(%u)", "%1 %2"):lower():gmatch("[%w\128-\255]+") do
    set[#word > 3 and word:gsub("s$", "") or word] = true
  end
  return set
end

--- Whether a word is one of the names that a schema stands under.
---@param names { words: table<string, boolean>, above: table? }?
local function is_in(names, word)
  while names do
    if names.words[word] then return true end
    names = names.above
  end
  return false
end

--- Whether a text has a word that the names don't have.
local function says_more(text, names)
  for word in pairs(add_words({}, text)) do
    if not LITTLE[word] and not is_in(names, word) then return true end
  end
  return false
end

--- A text without the indentation of the code that it was written in.
---@param text string
---@return string
function lean.words(text)
  text = text:gsub("\r\n?", "\n"):gsub("[ \t][ \t]+", " "):gsub(" ?\n ?", "\n"):gsub("\n\n+", "\n")
  local from = text:find("%S")
  return from and text:match("^.*%S", from) or ""
end

--- `names`: the words of the names that a schema stands under, the innermost first; nil: it stands under none.
local function cut_words(node, names, root)
  for _, keyword in ipairs(DROPPED) do
    local value = node[keyword]
    if value ~= nil and (keyword ~= "title" or type(value) == "string") then node[keyword] = nil end
  end
  if type(node.description) ~= "string" then return end
  node.description = lean.words(node.description)
  local named = type(node["$ref"]) == "string" and schema.lookup(root, node["$ref"])
  local repeated = named and named.description == node.description
  if repeated or not says_more(node.description, names) then node.description = nil end
end

--- What says nothing: any name is fine where no word is said of it, and what a $ref names may know its type.
local function cut_defaults(node, root)
  if node.additionalProperties == true then node.additionalProperties = nil end
  schema.cut_type(node, root)
end

---------------------------------------------------------------------------------------------------

local function cut(node, names, root)
  cut_words(node, names, root)
  cut_defaults(node, root)
  cut_nulls(node)
  return map_children(node, function(child, keyword, name)
    cut_response_parameters(child, false)
    if keyword ~= "properties" then return cut(child, names, root) end
    return cut(child, { words = add_words({}, name), above = names }, root)
  end)
end

--- An action's parameters without those that lean definitions never show: to be shaped next.
---@param request table? as the server describes it; stays as it is
---@return table?
function lean.trim(request)
  if not request then return nil end
  local trimmed = {}
  for name, value in pairs(request) do trimmed[name] = value end
  if type(request.properties) == "table" then
    trimmed.properties = core.object({})
    for name, value in pairs(request.properties) do trimmed.properties[name] = value end
  end
  cut_response_parameters(trimmed, true)
  return trimmed
end

---------------------------------------------------------------------------------------------------
-- $refs

--- How often each $ref is there, and how often with words of its own.
local function count_refs(root)
  local all, described = {}, {}
  local function visit(node)
    local ref = node["$ref"]
    if type(ref) == "string" then
      all[ref] = (all[ref] or 0) + 1
      described[ref] = (described[ref] or 0) + (node.description and 1 or 0)
    end
    schema.each_child(node, visit)
  end
  visit(root)
  return all, described
end

--- Takes the description of what a $ref names where each $ref has one.
local function cut_described(root)
  local all, described = count_refs(root)
  for ref, count in pairs(all) do
    local target = schema.lookup(root, ref)
    if target and described[ref] == count then target.description = nil end
  end
end

local function has_other_words(node, target)
  for name in pairs(node) do
    if name ~= "$ref" and target[name] ~= nil and not ANNOTATIONS[name] then return true end
  end
  return false
end

--- What a $ref names, where it can be put in its place: a definition alone. The whole, and what lies within it, stay
-- where they are, and may hold the very $ref.
local function placeable(ref, root, counts, within)
  local is_single = type(ref) == "string" and counts[ref] == 1 and not within[ref] and document.definition_name(ref)
  return is_single and schema.lookup(root, ref)
end

--- Puts what is named once where it is named. What leads to itself is named there, too, and so never once... but by
-- itself alone, where nothing leads to it.
local function place_single_refs(node, root, counts, within, level)
  local ref = level < MOST_DEPTH and node["$ref"]
  local target = placeable(ref, root, counts, within)
  if target and not has_other_words(node, target) then
    within[ref], node["$ref"] = true, nil
    for name, value in pairs(target) do
      if node[name] == nil then node[name] = schema.copy(value) end -- another $ref may lead into the definition
    end
    place_single_refs(node, root, counts, within, level + 1)
    within[ref] = nil
    return node
  end
  return schema.map_children(node, function(child, keyword)
    if keyword == "$defs" or keyword == "definitions" then return child end
    return place_single_refs(child, root, counts, within, level + 1)
  end)
end

---------------------------------------------------------------------------------------------------

--- Makes the schema of a tool's arguments lean, in place.
---@param shaped table as schema.shape gives it
---@return table shaped
function lean.arguments(shaped)
  shaped.description = nil -- the tool has one
  cut_response_parameters(shaped, true) -- behind a $ref `trim` didn't see them
  cut(shaped, nil, shaped)
  cut_described(shaped)
  place_single_refs(shaped, shaped, count_refs(shaped), {}, 0)
  return schema.prune(shaped)
end

return lean
