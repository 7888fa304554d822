--- What can be typed next: names of actions and parameters, for the completion of shells and editors.

local candidates = {}

--- The names that begin with `lead`.
---@param lead string
---@param names string[]
---@return string[]
function candidates.starting_with(lead, names)
  local list = {}
  for _, name in ipairs(names) do
    if name:sub(1, #lead) == lead then list[#list + 1] = name end
  end
  return list
end

--- A connector's actions, each with its description; empty where they can't be had.
---@param hub userdata
---@param connector string
---@return { name: string, description: string }[]
function candidates.actions(hub, connector) return hub:connect(connector):get_actions() or {} end

--- An action's parameters, without those nested in others; empty where they can't be had.
---@param hub userdata
---@param connector string
---@param action string
---@return table[] parameters as connector:get_action_parameters gives them
function candidates.parameters(hub, connector, action)
  local list = {}
  for _, parameter in ipairs(hub:connect(connector):get_action_parameters(action) or {}) do
    if not parameter.name:find(".", 1, true) then list[#list + 1] = parameter end
  end
  return list
end

--- The values that a parameter may have, as words `name=value`; empty where its schema doesn't name them all.
---@param parameter table
---@return string[]
function candidates.values(parameter)
  local words = {}
  for _, value in ipairs(parameter.enum or parameter.type == "boolean" and { true, false } or {}) do
    local is_plain = type(value) ~= "table" and type(value) ~= "userdata"
    if is_plain then words[#words + 1] = parameter.name .. "=" .. tostring(value) end
  end
  return words
end

--- The names of a list of actions or parameters.
---@param list table[]
---@return string[]
function candidates.names(list)
  local names = {}
  for i, entry in ipairs(list) do names[i] = entry.name end
  return names
end

return candidates
