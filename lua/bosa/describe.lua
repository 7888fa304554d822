--- What a connector can do, for people and programs: actions, their parameters, help texts.

local core = require("bosa.core")
local misuse = require("bosa.misuse")
local requests = require("bosa.schema.request")
local run = require("bosa.run")
local schema = require("bosa.schema")

local describe = {}

local INTEGERS = rawget(_G, "jit") and "cdata" or nil -- how whole numbers are decoded without loss
local MAX_DEPTH = 6 -- of nested parameters shown; schemas may refer to themselves
local MOST = 1000 -- parameters shown of one action
local LONGEST_PREFIX = 1000 -- bytes of the names that a nested parameter stands under; below longer ones none is shown

--- The first paragraph of a docstring, on one line.
---@param text any what is no text gives none
---@return string
function describe.first_paragraph(text)
  local from = type(text) == "string" and text:find("%S")
  local words = {}
  while from and from <= #text do -- line by line: one pattern over all lines takes for ever on many empty ones
    local stop = text:find("\n", from, true) or #text + 1
    local line = text:sub(from, stop - 1)
    if not line:find("%S") then break end
    for word in line:gmatch("%S+") do words[#words + 1] = word end
    from = stop + 1
  end
  return table.concat(words, " ")
end

---------------------------------------------------------------------------------------------------
-- parameters

--- What is said of one parameter.
local function parameter_of(reader, prefix, property)
  local about = property.about
  return {
    name = prefix .. property.name,
    type = reader:type_name(about),
    required = property.required,
    default = about.default,
    description = type(about.description) == "string" and about.description or nil,
    enum = reader:values(about),
  }
end

--- Adds those that lie in others, level by level, so that of too many the deepest are left out.
local function read_levels(reader, root)
  local top = { children = {}, about = reader:read(root), prefix = "" }
  local level, count = { top }, 0
  for _ = 1, MAX_DEPTH do
    local below = {}
    for _, holder in ipairs(level) do
      local shown = #holder.prefix <= LONGEST_PREFIX and reader:properties(holder.about) or {}
      for _, property in ipairs(shown) do
        if count >= MOST then return top end
        count = count + 1
        local parameter = parameter_of(reader, holder.prefix, property)
        local child = { parameter = parameter, children = {}, about = property.about, prefix = parameter.name .. "." }
        holder.children[#holder.children + 1], below[#below + 1] = child, child
      end
    end
    level = below
  end
  return top
end

--- Each parameter, with those that lie in it after it.
local function flatten(holder, list)
  for _, child in ipairs(holder.children) do
    list[#list + 1] = child.parameter
    flatten(child, list)
  end
  return list
end

--- The discovery entry of an action: `entry | nil, err`.
local function entry_of(connector, action)
  local hub, name = connector:_hub()
  local ok, err = run.load(hub, name)
  if not ok then return nil, err end
  local entry = connector:_describe(action)
  if entry then return entry end
  return nil, (select(2, connector:action(action):_validate())) -- in the core's words, with the nearest name
end

--- What is known of a connector's actions, with every whole number as it is; nil: nothing is.
---@param hub userdata
---@param connector string
---@return table<string, table>? entries
function describe.known(hub, connector)
  local text = hub:_text(connector)
  return text and core.json.decode(text, INTEGERS)[connector]
end

--- What discovery says of a connector's actions, with every whole number as it is: name -> entry.
---@param hub userdata
---@param connector string
---@return table<string, table>? entries, table? err
function describe.entries(hub, connector)
  local ok, err = run.load(hub, connector)
  if not ok then return nil, err end
  return describe.known(hub, connector) or {}
end

--- connector:get_actions() -> { {name, path, description}, ... } | nil, err
function describe.get_actions(connector)
  local hub, name = connector:_hub()
  local ok, err = run.load(hub, name)
  if not ok then return nil, err end
  local list = {}
  for i, action in ipairs(connector:_actions() or {}) do
    local entry = connector:_describe(action)
    list[i] = { name = action, path = entry.path, description = describe.first_paragraph(entry.docstring) }
  end
  return list
end

--- What a schema of an object's says of its members, those of members too, by dotted names.
---@param root table
---@return table[] parameters { {name, type, required, default, description, enum}, ... }
function describe.parameters(root) return flatten(read_levels(schema.reader(root), root), {}) end

--- connector:get_action_parameters(action) -> { {name, type, required, default, description, enum}, ... } | nil, err
function describe.get_action_parameters(connector, action)
  misuse.check_name(action, "an action", 1, "get_action_parameters")
  local entry, err = entry_of(connector, action)
  if not entry then return nil, err end
  local request = requests.offered(entry)
  return request and describe.parameters(request) or {}
end

local function show_value(value)
  if value == core.null then return "null" end
  return core.json.encode(value, { sorted = true }) or tostring(value)
end

local FILTERS = "response_filters"
local FILTERS_HELP = "  response_filters  what each item of a page must be: see bosa.filter, `bosa run --filter`"

--- Adds what is said of a parameter. The filters that nearly every action takes, 18 parameters deep, get one line.
local function parameter_lines(lines, parameter)
  if parameter.name:sub(1, #FILTERS + 1) == FILTERS .. "." then return end
  if parameter.name == FILTERS then
    lines[#lines + 1] = FILTERS_HELP
    return
  end
  local head = "  " .. parameter.name .. "  " .. parameter.type
  if parameter.required then head = head .. ", required" end
  if parameter.default ~= nil and parameter.default ~= core.null then
    head = head .. ", default " .. show_value(parameter.default)
  end
  lines[#lines + 1] = head
  if parameter.enum then
    local words = {}
    for i, value in ipairs(parameter.enum) do words[i] = show_value(value) end
    lines[#lines + 1] = "      one of " .. table.concat(words, ", ")
  end
  local text = describe.first_paragraph(parameter.description)
  if text ~= "" then lines[#lines + 1] = "      " .. text end
end

local function action_help(connector, name, action)
  local entry, err = entry_of(connector, action)
  if not entry then return nil, err end
  local parameters = describe.get_action_parameters(connector, action)
  local lines = { name .. "." .. action .. ": " .. describe.first_paragraph(entry.docstring), "" }
  if #parameters == 0 then lines[#lines + 1] = "  takes no parameters" end
  for _, parameter in ipairs(parameters) do parameter_lines(lines, parameter) end
  return table.concat(lines, "\n")
end

--- connector:help(action?) -> text | nil, err: for a person at a prompt. Without a name: all actions.
function describe.help(connector, action)
  local _, name = connector:_hub()
  if action ~= nil then
    misuse.check_name(action, "an action", 1, "help")
    return action_help(connector, name, action)
  end
  local actions, err = connector:get_actions()
  if not actions then return nil, err end
  local lines = { name .. ": " .. #actions .. " actions", "" }
  for _, entry in ipairs(actions) do
    lines[#lines + 1] = "  " .. entry.name .. (entry.description ~= "" and "  " .. entry.description or "")
  end
  return table.concat(lines, "\n")
end

return describe
