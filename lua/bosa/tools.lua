--- Tools for language models: what a connector's actions look like to one, and how one is run for it.
--
--   connector:tools{ format = "openai" | "anthropic" | "mcp", only = {...}, ... } -> definitions | nil, err
--   hub:call_tool(name, arguments, options?) -> result
--
-- Write definitions with bosa.json.encode(list, { sorted = true }): it keeps apart empty lists and empty objects, and
-- gives the same bytes each time, which services that keep a prompt's beginning need.

local core = require("bosa.core")
local definitions = require("bosa.tools.definitions")
local formats = require("bosa.tools.formats")
local misuse = require("bosa.misuse")
local names = require("bosa.tools.names")
local nulls = require("bosa.tools.nulls")
local checked = require("bosa.tools.options")
local portable = require("bosa.tools.portable")
local result = require("bosa.tools.result")
local run = require("bosa.run")
local schemas = require("bosa.schema")

local tools = {}

local INTEGERS = rawget(_G, "jit") and "cdata" or nil -- how whole numbers are decoded without loss
local MAX_LENGTH = 50000 -- bytes of a response's data that are shown, unless told otherwise

---@class bosa.ToolListOptions : bosa.ToolOptions
---@field format "openai"|"openai_responses"|"anthropic"|"gemini"|"mcp"
---@field full boolean? say all that the server says; without it what a model reads without use is left out
---@field strict boolean? have the service hold the model to the schema, where it can and the schema allows

---@class bosa.ToolCallOptions : bosa.ToolOptions
---@field max_length integer? bytes of a response's data that are shown (50000)

local LIST = checked.known({ format = "string", full = "boolean", strict = "boolean" })
local RUN = {
  token = true, identifier = true, account = true, headers = true, max_attempts = true, replay_unsafe = true,
  deadline = true, timeout = true, on_progress = true, traceparent = true,
} -- of hub:run, which checks them
local CALL = checked.known(RUN)
CALL.max_length = misuse.whole(1)

tools.is_object = checked.is_object

---------------------------------------------------------------------------------------------------
-- definitions

local function make_list(hub, connector, options, format)
  local list, err, entries = definitions.list(hub, connector, {
    only = options.only, except = options.except, read_only = options.read_only, files = options.files,
    change = options.change, full = options.full, inline = format.inline or options.strict,
  })
  if not list then return nil, err end
  local made, actions = core.array({}), {}
  for i, tool in ipairs(list) do
    made[i], actions[i] = format.make(tool, options, entries[tool.action]), tool.action
  end
  return made, nil, actions
end

--- connector:tools{ format =, only =, ... } -> definitions | nil, err: what a language model is told of the actions
-- that it can call. An action that can't do without a file is left out, unless `files` names a directory.
---@param connector userdata
---@param options bosa.ToolListOptions
---@return table[]? definitions sorted by action, table? err
function tools.list(connector, options)
  if options == nil then options = {} end
  misuse.check_options(options, LIST, 2)
  local format = formats[options.format]
  if not format then
    misuse.raise(2, 'option `format`: "openai", "openai_responses", "anthropic", "gemini" or "mcp" expected')
  end
  if options.strict and not format.strict then misuse.raise(2, "option `strict`: %s has none", options.format) end
  local hub, name = connector:_hub()
  local list, err = make_list(hub, name, options, format)
  return list, err
end

--- The definitions of a connector for bosa.mcp: those of the form mcp, and the action of each.
---@param hub userdata
---@param connector string
---@param options bosa.ToolOptions
---@return table[]? definitions, table? err, string[]? actions
function tools.definitions(hub, connector, options) return make_list(hub, connector, options, formats.mcp) end

---------------------------------------------------------------------------------------------------
-- finding what a name stands for

--- An error that leaves open whether there is a tool; nil for one that says that there is no such connector.
local function open_question(err) return err and err.kind ~= "unknown_connector" and err or nil end

--- The action of a connector that has a tool's name; nil: none has, or, with an error, its actions can't be had.
local function find_in(hub, connector, name)
  local ok, err = run.load(hub, connector)
  if not ok then return nil, open_question(err) end
  for _, action in ipairs(hub:connect(connector):_actions() or {}) do
    if names.encode(connector, action) == name then return action end
  end
  return nil
end

--- The connector and the action of a name that was cut; nil: no tool has it, or, with an error, nobody knows.
local function find_cut(hub, name, connectors)
  local connector = names.decode(name)
  local action, err, why
  if connector then
    action, err = find_in(hub, connector, name)
    if action then return connector, action end
  end
  if not connectors then
    connectors, why = hub:get_available_modules()
    err = err or why
  end
  for _, other in ipairs(connectors or {}) do
    action, why = find_in(hub, other, name)
    if action then return other, action end
    err = err or why
  end
  return nil, nil, err
end

--- The tool whose name `change` made; nil: there is none, or, with an error, nobody knows.
local function find_changed(hub, name, options)
  local err
  for _, connector in ipairs(options.connectors or {}) do
    local list, why = definitions.list(hub, connector, options)
    err = err or open_question(why)
    for _, tool in ipairs(list or {}) do
      if tool.name == name then return tool.connector, tool.action end
    end
  end
  return nil, nil, err
end

local function no_such(name)
  return nil, result.failed(("There is no tool `%s`. Use only the tools that are listed."):format(core.shown(name)))
end

--- What `change` made of a tool; false: it isn't offered under this name; nil: nothing changes tools.
local function changed_tool(name, connector, action, entry, options)
  if not options.change then return nil end
  local tool = definitions.make(connector, action, entry, options)
  return tool and tool.name == name and tool or false
end

--- Of an action, what its call needs: `{ name, connector, action, request, reader, properties, changed }`, or nil and a
--- result.
---@param hub userdata
---@param name string the tool's
---@param connector string
---@param action string
---@param options bosa.ToolCallOptions
---@return table? tool, bosa.ToolResult? failed
function tools.resolve(hub, name, connector, action, options)
  local ok, err = run.load(hub, connector)
  if not ok then return nil, result.of_error(name, action, err) end
  local entry = hub:connect(connector):_describe(action)
  if not entry then
    local _, unknown = hub:connect(connector):action(action):_validate()
    if not unknown then return no_such(name) end
    return nil, result.of_error(name, action, unknown)
  end
  local changed = changed_tool(name, connector, action, entry, options)
  if changed == false then return no_such(name) end
  local request = schemas.request_of(entry) or {}
  local reader, properties = schemas.reader(request), {}
  for _, property in ipairs(reader:properties(reader:read(request))) do properties[property.name] = property.about end
  return {
    name = name, connector = connector, action = action, request = request, changed = changed, reader = reader,
    properties = properties,
  }
end

--- A tool by its name, as tools.resolve gives it.
---@param hub userdata
---@param name string
---@param options bosa.ToolCallOptions
---@return table? tool, bosa.ToolResult? failed
function tools.find(hub, name, options)
  local connector, action = names.decode(name)
  local err
  if names.is_cut(name) then connector, action, err = find_cut(hub, name, options.connectors) end
  if options.connectors and options.change then
    local other, other_action, why = find_changed(hub, name, options)
    err = err or why
    if other then connector, action = other, other_action end
  end
  if not connector and err then return nil, result.of_error(name, name, err) end
  if not connector or not checked.let(connector, action, options) then return no_such(name) end
  return tools.resolve(hub, name, connector, action, options)
end

---------------------------------------------------------------------------------------------------
-- arguments

--- The arguments as a table, or nil and what is wrong with them.
local function read_arguments(arguments)
  if type(arguments) == "string" then
    if not arguments:find("%S") then return {} end
    local value, err = core.json.decode(arguments, INTEGERS, true)
    if err then return nil, "they are no JSON (" .. tostring(err.message or err) .. ")" end
    arguments = value
  end
  if arguments == nil or core.is_null(arguments) then return {} end
  if not checked.is_object(arguments) then return nil, "they must be a JSON object of names and values" end
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

--- The parameters that arguments stand for: by the server's names, without nulls that mean nothing, and with files
--- for paths. And whether some of them are files; without parameters what is wrong.
local function parameters_of(tool, arguments, directory)
  if tool.changed then arguments = definitions.undo(tool.changed, arguments) end
  arguments = nulls.drop(portable.restore(arguments, tool.request), tool.request)
  local params, has_files = {}, false
  for name, value in pairs(arguments) do
    local about = tool.properties[name]
    if not core.is_null(value) and about and tool.reader:takes_file(about) then
      local file, why = files_of(name, value, directory)
      if file == nil and not directory and tool.reader:takes_text(about) then file = value end -- then it is no path
      if file == nil then return nil, why end
      params[name], has_files = file, has_files or type(file) == "userdata" or type(file) == "table"
    else
      params[name] = value
    end
  end
  return params, has_files
end

---------------------------------------------------------------------------------------------------
-- calls

local function wrong_arguments(name, why)
  return nil, result.failed(("The arguments of %s are wrong, and nothing was done: %s. Correct them and call it again.")
    :format(name, why))
end

--- Makes the action of a tool's call: `{ builder, tool, options }`, or nil and the result that says why not.
---@param hub userdata
---@param tool table as tools.resolve gives it
---@param arguments string|table|nil
---@param options bosa.ToolCallOptions
---@return table? prepared, bosa.ToolResult? result
function tools.prepare(hub, tool, arguments, options)
  local values, why = read_arguments(arguments)
  if not values then return wrong_arguments(tool.name, why) end
  local about
  values, about = parameters_of(tool, values, options.files)
  if not values then return wrong_arguments(tool.name, about) end
  if options.files and about ~= true then -- a directory that is only read from is enough for who sends a file of it
    local writable, err = core.can_save_in(options.files)
    if not writable then return nil, result.of_error(tool.name, tool.action, err, tool.changed) end
  end
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
  if not response then return result.of_error(tool.name, tool.action, err, tool.changed) end
  local shown = { files = options.files, max_length = options.max_length or MAX_LENGTH, name = tool.name }
  return result.of_response(response, shown, tool.properties)
end

--- Raises at the caller `level` up for options that hub:call_tool doesn't take.
function tools.check_call_options(hub, options, level)
  misuse.check_options(options, CALL, level + 1)
  misuse.check_account(options, level + 1)
  local builder -- of any action: what it refuses, every builder does
  for name, value in pairs(options) do
    if RUN[name] then
      builder = builder or hub:connect("any"):action("any")
      misuse.set_option(level + 1, builder, builder[name], name, value)
    end
  end
end

--- hub:call_tool(name, arguments, options?) -> result: runs the action that a tool's name stands for.
--
-- `arguments` is what the model wrote: JSON text, or a table. Whatever goes wrong is a result, too, in words for the
-- model (`is_error`, and `error` where there is an error object); only misuse raises. Options are bosa.ToolCallOptions
-- and those of hub:run: token, identifier, account, headers, max_attempts, replay_unsafe, deadline, timeout,
-- on_progress. `only`, `except`, `read_only` and `change` hold for what the model made up, too: give those that
-- connector:tools was given, and with a `change` that renames tools the `connectors` that they are of.
---@param hub userdata
---@param name string
---@param arguments string|table|nil
---@param options bosa.ToolCallOptions?
---@return bosa.ToolResult
function tools.call(hub, name, arguments, options)
  misuse.check_type(name, "string", 1, "call_tool")
  if options ~= nil then tools.check_call_options(hub, options, 2) end
  options = options or {}
  local tool, failed = tools.find(hub, name, options)
  if not tool then return failed end
  local prepared
  prepared, failed = tools.prepare(hub, tool, arguments, options)
  if not prepared then return failed end
  return tools.finish(prepared, prepared.builder:run())
end

return tools
