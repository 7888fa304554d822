--- Tools for language models: what a connector's actions look like to one, and how one is run for it.
--
--   connector:tools{ format = "openai" | "anthropic" | "mcp", only = {...}, ... } -> definitions | nil, err
--   hub:call_tool(name, arguments, options?) -> result
--
-- Write definitions with bosa.json.encode: it keeps apart empty lists and empty objects.

local core = require("bosa.core")
local describe = require("bosa.describe")
local names = require("bosa.tools.names")
local reading = require("bosa.tools.reading")
local result = require("bosa.tools.result")
local run = require("bosa.run")
local schema = require("bosa.tools.schema")
local schemas = require("bosa.schema")

local tools = {}

local INTEGERS = rawget(_G, "jit") and "cdata" or nil -- how whole numbers are decoded without loss
local ARRAY = getmetatable(core.array({})) -- of a list that was read from JSON, also of an empty one
local MAX_LENGTH = 50000 -- bytes of an answer's data that are shown, unless told otherwise
local OPENAI_DESCRIPTION = 1024 -- bytes that a description may have there

--- What both functions take.
---@class bosa.ToolOptions
---@field only string[]? actions to offer, by name; `*` stands for anything: { "list_*", "github.get_issue" }
---@field read_only boolean? offer only actions that surely read, by their names (bosa.tools.reading)
---@field files string? a directory that files are exchanged in: those that come are saved there, and paths below it are
--- taken for parameters that take a file. Without it such parameters are left out, and files that come only described

---@class bosa.ToolListOptions : bosa.ToolOptions
---@field format "openai"|"anthropic"|"mcp"

---@class bosa.ToolCallOptions : bosa.ToolOptions
---@field max_length integer? bytes of an answer's data that are shown (50000)

local OFFERED = { only = "table", read_only = "boolean", files = "string" }
local CALL = { max_length = "number" }
local RUN = {
  token = true, identifier = true, account = true, headers = true, max_attempts = true, replay_unsafe = true,
  deadline = true, timeout = true, on_progress = true,
}

---------------------------------------------------------------------------------------------------
-- options

--- Raises at the caller `level` up for an option that isn't one.
local function check_options(options, more, level)
  if type(options) ~= "table" then error("options: table expected, got " .. type(options), level + 1) end
  for name, value in pairs(options) do
    local expected = OFFERED[name] or more[name]
    if not expected then error(("unknown option `%s`"):format(tostring(name)), level + 1) end
    if expected ~= true and type(value) ~= expected then
      error(("option `%s`: %s expected, got %s"):format(name, expected, type(value)), level + 1)
    end
  end
  for i, pattern in ipairs(options.only or {}) do
    if type(pattern) ~= "string" then error(("option `only`: element %d is no string"):format(i), level + 1) end
  end
  local most = options.max_length
  if most and (most % 1 ~= 0 or most < 1) then
    error("option `max_length`: a whole number over 0 expected", level + 1)
  end
end

local function matches(pattern, text)
  return text:find("^" .. pattern:gsub("[^%w%s*]", "%%%0"):gsub("%*", ".*") .. "$") ~= nil
end

--- Whether the options let an action be used.
local function is_offered(connector, action, options)
  if options.read_only and not reading.reads(action) then return false end
  if not options.only then return true end
  for _, pattern in ipairs(options.only) do
    if matches(pattern, action) or matches(pattern, connector .. "." .. action) then return true end
  end
  return false
end

---------------------------------------------------------------------------------------------------
-- definitions

--- A docstring for a model: without what it says of the function's own arguments.
local function description_of(entry)
  local text = type(entry.docstring) == "string" and entry.docstring or ""
  text = ("\n" .. text):gsub("\n%s*Args:%s*\n.*", ""):gsub("\n%s*Returns:%s*\n.*", "")
  return (text:gsub("^%s+", ""):gsub("%s+$", ""):gsub("\n[ \t]+", "\n"))
end

--- What MCP calls annotations: only what an action's name surely says.
local function annotations_of(action)
  if reading.reads(action) then return { readOnlyHint = true } end
  if reading.destroys(action) then return { readOnlyHint = false, destructiveHint = true } end
  return nil
end

local formats = {
  openai = function(tool)
    local short = result.cut(tool.description, OPENAI_DESCRIPTION)
    return { type = "function", ["function"] = { name = tool.name, description = short, parameters = tool.schema } }
  end,
  anthropic = function(tool)
    return { name = tool.name, description = tool.description, input_schema = tool.schema }
  end,
  mcp = function(tool)
    return {
      name = tool.name, description = tool.description, inputSchema = tool.schema,
      annotations = annotations_of(tool.action),
    }
  end,
}

--- connector:tools{ format =, only =, read_only =, files = } -> definitions | nil, err: what a language model is told
-- of the actions that it can call. With `openai`, $refs are replaced by what they name (but for those that lead to
-- themselves). An action that can't do without a file is left out, unless `files` names a directory.
---@param connector userdata
---@param options bosa.ToolListOptions
---@return table[]? definitions sorted by action, table? err
function tools.list(connector, options)
  if options == nil then options = {} end
  check_options(options, { format = "string" }, 2)
  local form = formats[options.format]
  if not form then error('option `format`: "openai", "anthropic" or "mcp" expected', 2) end
  local hub, name = connector:_hub()
  local entries, err = describe.entries(hub, name)
  if not entries then return nil, err end
  local shape = { inline = options.format == "openai", paths = options.files ~= nil }
  local list = {}
  for _, action in ipairs(connector:_actions() or {}) do
    local arguments = is_offered(name, action, options) and schema.shape(schemas.request_of(entries[action]), shape)
    if arguments then
      list[#list + 1] = form({
        name = names.encode(name, action), action = action, description = description_of(entries[action]),
        schema = arguments,
      })
    end
  end
  return core.array(list)
end

---------------------------------------------------------------------------------------------------
-- calls

--- The action of a connector that has a tool's name; nil: none has.
local function find_in(hub, connector, name)
  if not run.load(hub, connector) then return nil end
  for _, action in ipairs(hub:connect(connector):_actions() or {}) do
    if names.encode(connector, action) == name then return action end
  end
  return nil
end

--- The connector and the action of a name that was cut.
local function find_cut(hub, name)
  local connector = names.decode(name)
  local action = connector and find_in(hub, connector, name)
  if action then return connector, action end
  for _, other in ipairs(hub:get_available_modules() or {}) do
    action = find_in(hub, other, name)
    if action then return other, action end
  end
  return nil
end

local function no_such(name)
  return nil, result.failed(("There is no tool `%s`. Use only the tools that are listed."):format(name))
end

--- A tool by its name: `{ name, connector, action, reader, properties }`, or nil and a result.
local function find(hub, name, options)
  local connector, action = names.decode(name)
  if names.is_cut(name) then connector, action = find_cut(hub, name) end
  if not connector or not is_offered(connector, action, options) then return no_such(name) end
  local ok, err = run.load(hub, connector)
  if not ok then return nil, result.of_error(name, action, err) end
  local entry = hub:connect(connector):_describe(action)
  if not entry then
    local _, unknown = hub:connect(connector):action(action):_validate()
    if not unknown then return no_such(name) end
    return nil, result.of_error(name, action, unknown)
  end
  local request = schemas.request_of(entry) or {}
  local reader, properties = schemas.reader(request), {}
  for _, property in ipairs(reader:properties(reader:read(request))) do properties[property.name] = property.about end
  return { name = name, connector = connector, action = action, reader = reader, properties = properties }
end

--- Whether a value that was read from JSON is an object.
---@param value any
---@return boolean
function tools.is_object(value)
  return type(value) == "table" and value[1] == nil and getmetatable(value) ~= ARRAY
end

--- The arguments as a table, or nil and what is wrong with them.
local function read_arguments(arguments)
  if arguments == nil or arguments == core.null then return {} end
  if type(arguments) == "string" then
    if not arguments:find("%S") then return {} end
    local value, err = core.json.decode(arguments, INTEGERS)
    if err then return nil, "they are no JSON (" .. tostring(err.message or err) .. ")" end
    arguments = value
  end
  if not tools.is_object(arguments) then return nil, "they must be a JSON object of names and values" end
  return arguments
end

--- A path of the model's as one below the directory, or nil and what is wrong with it.
local function below(directory, path)
  directory = directory:gsub("/+$", "")
  if path:sub(1, #directory + 1) == directory .. "/" then path = path:sub(#directory + 2):gsub("^/+", "") end
  local fine = path ~= "" and path:sub(1, 1) ~= "/" and not path:find("%z")
  for part in path:gmatch("[^/]+") do fine = fine and part ~= ".." end
  return fine and directory .. "/" .. path or nil
end

--- The files that a value names: a file for a path, a list of them for a list.
local function files_of(name, value, directory)
  if not directory then return nil, ("`%s`: files can't be given here"):format(name) end
  if type(value) == "table" then
    local list = {}
    for i, path in ipairs(value) do
      local file, why = files_of(name, path, directory)
      if not file then return nil, why end
      list[i] = file
    end
    return core.array(list)
  end
  if type(value) ~= "string" then return value end
  local path = below(directory, value)
  if not path then return nil, ("`%s`: the path must be relative, and without `..`"):format(name) end
  return core.file({ path = path })
end

--- The parameters that arguments stand for: those that take a file get one.
local function parameters_of(tool, arguments, directory)
  local params = {}
  for name, value in pairs(arguments) do
    local about = tool.properties[name]
    if value ~= core.null and about and tool.reader:takes_file(about) then
      local why
      value, why = files_of(name, value, directory)
      if value == nil then return nil, why end
    end
    params[name] = value
  end
  return params
end

local function wrong_arguments(name, why)
  return nil, result.failed(("The arguments of %s are wrong, and nothing was done: %s. Correct them and call it again.")
    :format(name, why))
end

--- Makes the action of a tool's call: `{ builder, tool, options }`, or nil and the result that says why not.
---@param hub userdata
---@param name string
---@param arguments string|table|nil
---@param options bosa.ToolCallOptions
---@return table? prepared, bosa.ToolResult? result
function tools.prepare(hub, name, arguments, options)
  local tool, failed = find(hub, name, options)
  if not tool then return nil, failed end
  local values, why = read_arguments(arguments)
  if not values then return wrong_arguments(name, why) end
  values, why = parameters_of(tool, values, options.files)
  if not values then return wrong_arguments(name, why) end
  local builder = hub:connect(tool.connector):action(tool.action):params(values)
  for option, value in pairs(options) do
    if RUN[option] then builder[option](builder, value) end
  end
  return { builder = builder, tool = tool, options = options }
end

--- What is told of a prepared call that has ended.
---@return bosa.ToolResult
function tools.finish(prepared, response, err)
  local tool, options = prepared.tool, prepared.options
  if not response then return result.of_error(tool.name, tool.action, err) end
  local shown = { files = options.files, max_length = options.max_length or MAX_LENGTH }
  return result.of_response(response, shown, tool.properties)
end

local call_options = setmetatable({}, { __index = function(_, name) return CALL[name] or RUN[name] end })

--- hub:call_tool(name, arguments, options?) -> result: runs the action that a tool's name stands for.
--
-- `arguments` is what the model wrote: JSON text, or a table. Whatever goes wrong is a result, too, in words for the
-- model (`is_error`, and `error` where there is an error object); only misuse raises. Options are bosa.ToolCallOptions
-- and those of hub:run: token, identifier, account, headers, max_attempts, replay_unsafe, deadline, timeout,
-- on_progress. `only` and `read_only` hold for what the model made up, too: give those that connector:tools was given.
---@param hub userdata
---@param name string
---@param arguments string|table|nil
---@param options bosa.ToolCallOptions?
---@return bosa.ToolResult
function tools.call(hub, name, arguments, options)
  if type(name) ~= "string" then
    error("bad argument #1 to 'call_tool' (string expected, got " .. type(name) .. ")", 2)
  end
  options = options or {}
  check_options(options, call_options, 2)
  local prepared, failed = tools.prepare(hub, name, arguments, options)
  if not prepared then return failed end
  return tools.finish(prepared, prepared.builder:run())
end

--- Raises at the caller `level` up for options that hub:call_tool doesn't take.
function tools.check_call_options(options, level) check_options(options, call_options, level + 1) end

return tools
