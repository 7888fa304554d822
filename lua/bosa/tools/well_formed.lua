--- Makes of what a server gave as a schema one whose keywords have values of their kind, so that whoever walks through
-- it need not ask. What JSON Schema has no meaning for goes: a value may be anything there, as the validator takes it.

local core = require("bosa.core")
local document = require("bosa.schema.document")

local ARRAY = getmetatable(core.array({}))

local function is_text(value) return type(value) == "string" end
local function is_flag(value) return type(value) == "boolean" end
local function is_number(value) -- one that the VM's numbers can't hold comes as its digits, or as cdata
  return type(value) == "number" or type(value) == "string" or type(value) == "cdata"
end
local function is_object(value) return type(value) == "table" and value[1] == nil and getmetatable(value) ~= ARRAY end

local function is_list_of(is_element)
  return function(value)
    if type(value) ~= "table" or value[1] == nil then return false end
    for _, element in pairs(value) do
      if not is_element(element) then return false end
    end
    return true
  end
end

local is_texts = is_list_of(is_text)

--- keyword -> whether a value of it has a meaning, of those that hold no schemas
local FITS = {
  type = function(value) return is_text(value) or is_texts(value) end,
  enum = is_list_of(function() return true end),
  required = is_texts,
  discriminator = is_object,
  dependentRequired = is_object,
  examples = function(value) return type(value) == "table" end,
}
for name in (
  "$ref $schema $id $comment title description format pattern contentMediaType contentEncoding"
):gmatch("%S+") do
  FITS[name] = is_text
end
for name in ("uniqueItems deprecated readOnly writeOnly"):gmatch("%S+") do FITS[name] = is_flag end
for name in (
  "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems minProperties "
  .. "maxProperties minContains maxContains"
):gmatch("%S+") do
  FITS[name] = is_number
end

local mend

--- A schema of any value: what is none says nothing.
local function whole(value) return mend(is_object(value) and value or core.object({})) end

--- A schema that stands in another one.
local function mended(value)
  if is_flag(value) then return value end
  return whole(value)
end

--- The schemas of a map by their names.
local function mend_map(map)
  local kept = core.object({})
  for name, value in pairs(map) do kept[name] = mended(value) end
  return kept
end

local function mend_list(list)
  local kept = core.array({})
  for i, value in ipairs(list) do kept[i] = mended(value) end
  return kept
end

--- Mends a schema in place.
mend = function(node)
  for keyword, value in pairs(node) do
    local fits, holds = FITS[keyword], document.HOLDS_SCHEMAS[keyword]
    if fits and not fits(value) then
      node[keyword] = nil
    elseif holds == "map" then
      node[keyword] = is_object(value) and mend_map(value) or nil
    elseif holds == "list" then
      node[keyword] = type(value) == "table" and value[1] ~= nil and mend_list(value) or nil
    elseif holds and is_object(value) then
      node[keyword] = whole(value)
    elseif holds and not is_flag(value) then
      node[keyword] = nil
    end
  end
  return node
end

--- Makes a schema well-formed: in place, or in place of what is none.
---@param value table
---@return table schema
return whole
