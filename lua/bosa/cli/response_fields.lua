--- The fields that an action's responses have, as far as its schema says.

local describe = require("bosa.describe")
local fields = require("bosa.cli.fields")
local schema = require("bosa.schema")

local response_fields = {}

--- What a schema says of the data: behind `data`, where the response is described with its envelope.
local function data_of(reader, response)
  local about = reader:read(response)
  for _, property in ipairs(reader:properties(about)) do
    if property.name == "data" then return property.about end
  end
  return about
end

--- Whether the schema lists every property: none says that there may be others, and none is of any kind.
local function is_complete(about, depth)
  for _, form in ipairs(about.shapes) do
    if form.additional or depth > 3 then return false end
    if not form.properties and not form.items and next(form) == nil then return false end
  end
  return true
end

--- Looks a dotted name up: nil where it is there, or may be; else the names that are, with what leads to them.
local function look_up(reader, about, name)
  local before = ""
  for part in name:gmatch("[^.]+") do
    local list, found = {}, nil
    local properties = reader:properties(about)
    if not properties[1] or not is_complete(about, 0) then return nil end
    for i, property in ipairs(properties) do
      list[i] = before .. property.name
      if property.name == part then found = property.about end
    end
    if not found then return list end
    about, before = found, before .. part .. "."
  end
  return nil
end

--- What is wrong with the first name that the schema of an action's responses doesn't have; nil: nothing, or there is
-- no such schema.
---@param option string
---@param hub userdata
---@param connector string
---@param action string
---@param names string[]
---@return string?
function response_fields.missing(option, hub, connector, action, names)
  local entries = describe.known(hub, connector)
  local entry = entries and entries[action]
  local response = type(entry) == "table" and entry.response
  if type(response) ~= "table" then return nil end
  local reader = schema.reader(response)
  local about = data_of(reader, response)
  for _, name in ipairs(names) do
    local known = look_up(reader, about, name)
    if known then return fields.complaint(option, name, known) end
  end
  return nil
end

return response_fields
