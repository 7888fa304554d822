--- What was meant by the name of a connector or an action that isn't there.

local cache = require("bosa.cli.cache")
local candidates = require("bosa.candidates")
local core = require("bosa.core")

local suggestions = {}

local MOST_NAMED = 15 -- in a message

--- The nearest of the names, else what there is, as the end of a message.
---@param wanted string
---@param names string[]
---@param where string? what tells of all of them
---@return string
function suggestions.among(wanted, names, where)
  local near = core.nearest(wanted, names)
  if near then return ("; did you mean `%s`?"):format(near) end
  if not names[1] then return "" end
  if #names <= MOST_NAMED then return "; there are " .. table.concat(names, ", ") end
  return where and ("; %s lists what there is"):format(where) or ""
end

--- The names of all connectors: those that the server tells, else those that were seen.
local function connectors(hub)
  local names = hub:get_available_modules()
  if names then cache.keep_names(hub, names) end
  return names or cache.names(hub)
end

--- What a connector and an action in one word were to be; nil: the name is no such word.
local function taken_apart(name, names)
  local connector, action = name:match("^([^./:]+)[./:](.+)$")
  for _, known in ipairs(names) do
    if known == connector then return ("; did you mean `%s %s`?"):format(connector, action) end
  end
  return nil
end

--- What is to be added to an error about a name; nothing where there is nothing to add.
---@param hub userdata
---@param err table
---@return string
function suggestions.of(hub, err)
  if type(err.message) == "string" and err.message:find("did you mean", 1, true) then return "" end
  if err.kind == "unknown_connector" and type(err.connector) == "string" then
    local names = connectors(hub)
    return taken_apart(err.connector, names) or suggestions.among(err.connector, names, "`bosa connectors`")
  end
  if err.kind == "unknown_action" and type(err.connector) == "string" and type(err.action) == "string" then
    local names = candidates.names(candidates.actions(hub, err.connector))
    return suggestions.among(err.action, names, ("`bosa actions %s`"):format(err.connector))
  end
  return ""
end

return suggestions
