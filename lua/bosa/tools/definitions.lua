--- Makes tools of a connector's actions: what a model is told of each, before a service's form is put on it.

local core = require("bosa.core")
local describe = require("bosa.describe")
local lean = require("bosa.tools.lean")
local names = require("bosa.tools.names")
local options = require("bosa.tools.options")
local portable = require("bosa.tools.portable")
local reading = require("bosa.tools.reading")
local schema = require("bosa.tools.schema")
local requests = require("bosa.schema.request")

local definitions = {}

--- One tool, as `change` sees it. `preset`, `hide` and `rename` are empty, to be filled: what a call then sends is
--- what the server knows.
---@class bosa.Tool
---@field connector string
---@field action string
---@field name string 1 to 64 of the characters a-z, A-Z, 0-9, _ and -; the first is a letter or _
---@field title string
---@field description string
---@field parameters table JSON Schema of the arguments
---@field read_only boolean the action's name is clearly read-only
---@field preset table<string, any> parameters that always have a value; the model isn't told of them
---@field hide string[] parameters that the model isn't told of and can't set
---@field rename table<string, string> the server's name of a parameter -> the one that the model is told

--- The words of an action's name: "List issues".
local function title_of(action)
  local words = action:gsub("(%l)(%u)", "%1 %2"):gsub("[^%w\128-\255]+", " "):gsub("^ ", ""):gsub(" $", "")
  return words == "" and action or (words:gsub("^%l", string.upper))
end

--- A docstring up to what it says of the function's own arguments.
local function without_sections(docstring)
  local kept = {}
  for line in (docstring .. "\n"):gmatch("([^\n]*)\n") do
    if line:find("^%s*Args:%s*$") or line:find("^%s*Returns:%s*$") then break end
    kept[#kept + 1] = line
  end
  return table.concat(kept, "\n")
end

--- A docstring for a model.
local function description_of(entry, request, title)
  local text = lean.words(type(entry.docstring) == "string" and without_sections(entry.docstring) or "")
  if text == "" and request and type(request.description) == "string" then text = lean.words(request.description) end
  return text ~= "" and text or title
end

---------------------------------------------------------------------------------------------------
-- changes

local function take_away(parameters, name)
  parameters.properties[name] = nil
  local kept = core.array({})
  for _, known in ipairs(type(parameters.required) == "table" and parameters.required or {}) do
    if known ~= name then kept[#kept + 1] = known end
  end
  parameters.required = kept[1] and kept or nil
end

local function rename(parameters, from, to)
  local properties = parameters.properties
  if properties[from] == nil then return end
  properties[to], properties[from] = properties[from], nil
  for i, known in ipairs(type(parameters.required) == "table" and parameters.required or {}) do
    if known == from then parameters.required[i] = to end
  end
end

--- What `change` makes of a tool; nil: it isn't offered.
local function changed(tool, change)
  local made = change(tool)
  if made == nil then return nil end
  local name = type(made) == "table" and made.name
  if type(name) ~= "string" or #name > 64 or not name:find("^[%a_][%w_%-]*$") then
    error("option `change`: a tool's name has 1 to 64 letters, digits, _ and -; the first is a letter or _", 0)
  end
  for parameter in pairs(made.preset) do take_away(made.parameters, parameter) end
  for _, parameter in ipairs(made.hide) do take_away(made.parameters, parameter) end
  for _, from in ipairs(schema.sorted_names(made.rename)) do rename(made.parameters, from, made.rename[from]) end
  return made
end

--- Arguments by the server's names, with what was hidden or preset.
---@param tool bosa.Tool
---@param arguments table
---@return table
function definitions.undo(tool, arguments)
  local back, restored = {}, core.object({})
  for from, to in pairs(tool.rename) do back[to] = from end
  for name, value in pairs(arguments) do
    if back[name] or not tool.rename[name] then restored[back[name] or name] = value end
  end
  for _, name in ipairs(tool.hide) do restored[name] = nil end
  for name, value in pairs(tool.preset) do restored[name] = value end
  return restored
end

---------------------------------------------------------------------------------------------------
-- tools

---@class bosa.tools.Making
---@field files string?
---@field full boolean? say all that the server says
---@field inline boolean? replace each $ref by what it names
---@field change (fun(tool: bosa.Tool): bosa.Tool?)?

--- The tool of one action.
---@param connector string
---@param action string
---@param entry table what discovery says of it
---@param given bosa.tools.Making
---@return bosa.Tool? tool nil: it can't be called without a file, or `change` left it out
function definitions.make(connector, action, entry, given)
  local request, is_limited = schema.limit(requests.offered(entry))
  local wanted = given.full and request or lean.trim(request)
  local parameters = schema.shape(wanted, { inline = given.inline, paths = given.files ~= nil })
  if not parameters then return nil end
  if not given.full then lean.arguments(parameters) end
  local portable_parameters, note = portable.arguments(schema.bound(parameters, is_limited))
  local title = title_of(action)
  local description = description_of(entry, request, title)
  local tool = {
    connector = connector, action = action, name = names.encode(connector, action), title = title,
    description = note and description .. "\n" .. note or description, parameters = portable_parameters,
    read_only = reading.reads(action), preset = {}, hide = {}, rename = {},
  }
  if given.change then return changed(tool, given.change) end
  return tool
end

--- The tools of a connector that the options let through, in the order of the actions' names.
---@param hub userdata
---@param connector string
---@param given bosa.ToolOptions|bosa.tools.Making
---@return bosa.Tool[]? list, table? err
---@return table<string, table> entries what discovery says of the actions
function definitions.list(hub, connector, given)
  local entries, err = describe.entries(hub, connector)
  if not entries then return nil, err, {} end
  local list = {}
  for _, action in ipairs(hub:connect(connector):_actions() or {}) do
    local tool = options.let(connector, action, given) and definitions.make(connector, action, entries[action], given)
    if tool then list[#list + 1] = tool end
  end
  return list, nil, entries
end

return definitions
