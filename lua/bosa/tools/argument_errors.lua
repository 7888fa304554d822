--- The validation errors of a model's arguments, in the names that the model knows: what `change` hides, presets or
-- renames is named nowhere else.

local core = require("bosa.core")

local argument_errors = {}

local MOST_NAMED = 15

--- The names of a tool's parameters as the model was told them.
local function names_of(changed)
  local names = {}
  for name in pairs(changed.parameters.properties or {}) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- What is said of a name that there isn't; `told`: the names that there are were said already.
local function unknown(name, names, told)
  local text = ("unknown parameter `%s`"):format(name)
  local meant = core.nearest(name, names)
  if meant then return ("%s; did you mean `%s`?"):format(text, meant), told end
  if told or not names[1] or #names > MOST_NAMED then return text, told end
  return ("%s; there are %s"):format(text, table.concat(names, ", ")), true
end

--- A message with the model's name for the parameter that it is about.
local function renamed(detail, rename)
  local root = detail.path:match("^[^.%[]+")
  local name = root and rename[root]
  if not name then return detail.message end
  local from, to = detail.message:find("`" .. root, 1, true)
  if not from then return detail.message end
  return detail.message:sub(1, from) .. name .. detail.message:sub(to + 1)
end

--- The errors of a call that was not sent, a message each.
---@param err table of kind "params"
---@param changed bosa.Tool? the tool as `change` made it
---@return string[]
function argument_errors.messages(err, changed)
  local list, names, told = {}, changed and names_of(changed), false
  for _, detail in ipairs(type(err.details) == "table" and err.details or {}) do
    local message, path = detail.message, changed and type(detail.path) == "string" and detail.path
    if path and detail.keyword == "additionalProperties" and not path:find("[.%[]") then
      message, told = unknown(path, names, told)
    elseif path then
      message = renamed(detail, changed.rename)
    end
    list[#list + 1] = tostring(message)
  end
  return list
end

return argument_errors
