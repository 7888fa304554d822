--- The fields of an action's responses, as far as its schema tells. Responses may have others, too.

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

--- A function that gives the names of the fields that follow a beginning: "" or "user." for one.
---@param hub userdata that has loaded the connector
---@param connector string
---@param action string
---@return fun(before: string): string[]
function response_fields.of(hub, connector, action)
  return function(before)
    local entry = hub:connect(connector):_describe(action)
    local response = type(entry) == "table" and schema.response_of(entry)
    if not response then return {} end
    local reader = schema.reader(response)
    local about = data_of(reader, response)
    for part in before:gmatch("[^.]+") do
      local found
      for _, property in ipairs(reader:properties(about)) do
        if property.name == part then found = property.about end
      end
      if not found then return {} end
      about = found
    end
    local names = {}
    for i, property in ipairs(reader:properties(about)) do names[i] = property.name end
    return names
  end
end

return response_fields
