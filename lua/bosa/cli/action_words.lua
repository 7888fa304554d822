--- An action in the words of a command line: its name, its parameters, and the options of its call.

local core = require("bosa.core")
local cache = require("bosa.cli.cache")
local context = require("bosa.cli.context")
local fields = require("bosa.cli.fields")
local filters = require("bosa.cli.filters")
local jq = require("bosa.cli.jq")
local numbers = require("bosa.cli.numbers")
local params = require("bosa.cli.params")
local template = require("bosa.cli.template")

local action_words = {}

--- Adds the arguments that name an action and give its parameters.
function action_words.add_arguments(parser)
  parser:argument("connector", "Connector name, like github.")
  parser:argument("action", "Action name, like list_issues.")
  parser:argument("parameters", "name=text (the schema decides the type), name:=JSON or name@file. Repeat a name for a "
    .. "list; use dots for a field of an object."):args("*"):argname("<name=value>")
end

--- Adds the options that say which items are wanted, and what of them.
function action_words.add_selection(parser)
  parser:option("--fields", "Only these fields, like id,user.login."):argname("<names>"):convert(fields.parse)
  parser:option("--filter", "Only matching items: state=open, state=open,closed, comments>=2, number=1..5, "
    .. "created_at>=2025-02-01, labels[].name=bug. May be repeated; an item must match all."):argname("<condition>")
    :count("*")
end

--- Adds the options that say in which form items are printed; `jq_help` says what of --jq.
function action_words.add_forms(parser, jq_help)
  parser:option("--jq", jq_help):argname("<expression>")
  parser:option("--template", "Write a text for each item, with fields in braces, like '{number}\\t{title}\\n'.")
    :argname("<text>"):convert(template.parse)
end

--- What is wrong with them, before anything is sent; nil: nothing.
---@return table? err
function action_words.check_forms(cx, options)
  if options.jq and options.template then return context.error("params", "--jq and --template exclude each other") end
  if not options.jq then return nil end
  local ok, err = jq.check(cx, options.jq)
  return not ok and err or nil
end

--- The fields that are printed; nil: all.
---@return string[]?
function action_words.wanted_fields(options)
  if not options.template then return options.fields end
  local names = template.names(options.template)
  return not template.takes_all(options.template) and names[1] and names or nil
end

--- Adds --timeout.
function action_words.add_timeout(parser)
  parser:option("--timeout", "Seconds for one attempt (30)."):argname("<seconds>")
    :convert(numbers.seconds("--timeout", 0, 1000000))
end

--- Adds the options of a call.
function action_words.add_options(parser)
  parser:option("--input", "File with parameters as a JSON object, - for standard input; the command line "
    .. "overrides it."):argname("<file>")
  parser:option("--account", "Connected account to use."):argname("<who>")
  action_words.add_timeout(parser)
  parser:option("--max-attempts", "Attempts in all, after 429, 5xx and failed connects (1)."):argname("<n>")
    :convert(numbers.whole("--max-attempts", 1, core.max_attempts))
end

--- The values of the parameters, typed by the action's schema.
local function read_parameters(known, options)
  if not options.input then return params.read(options.parameters, known) end
  local values, err = params.read_object("--input", options.input)
  if not values then return nil, err end
  return params.read(options.parameters, known, values, options.input == "-" and "--input" or nil)
end

local function has(known, name)
  for _, parameter in ipairs(known) do
    if parameter.name == name then return true end
  end
  return false
end

--- Puts the options of a call into its builder.
---@return true? ok, table? err
local function set_options(action, options)
  if options.filter and options.filter[1] then
    local list, err = filters.read(options.filter)
    if not list then return nil, err end
    action:response_filters(list)
  end
  if options.account then action:account(options.account) end
  if options.timeout then action:timeout(options.timeout) end
  if options.max_attempts then action:max_attempts(options.max_attempts) end
  return true
end

--- The action, ready to be run.
---@param hub userdata
---@param options table the parsed arguments
---@param wanted string[]? fields that the server is to send, where the action takes such a list
---@return userdata? action, table? err
function action_words.prepare(hub, options, wanted)
  local connector = hub:connect(options.connector)
  local known, err = connector:get_action_parameters(options.action)
  if not known then return nil, err end
  cache.keep_name(hub, options.connector)
  local values
  values, err = read_parameters(known, options)
  if not values then return nil, err end
  local action = connector:action(options.action):params(values)
  if wanted and has(known, "response_fields") and values.response_fields == nil then action:response_fields(wanted) end
  local ok
  ok, err = set_options(action, options)
  if not ok then return nil, err end
  return action
end

return action_words
