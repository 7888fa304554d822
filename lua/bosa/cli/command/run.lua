--- bosa run: runs an action.

local bosa = require("bosa")
local core = require("bosa.core")
local cache = require("bosa.cli.cache")
local fields = require("bosa.cli.fields")
local print_json = require("bosa.cli.json")
local listing = require("bosa.cli.listing")
local terminal_text = require("bosa.cli.terminal_text")
local params = require("bosa.cli.params")
local sorted_json = require("bosa.sorted_json")
local progress = require("bosa.cli.progress")
local output_file = require("bosa.cli.output_file")

local run = { summary = "Run an action", task = true }

local function whole(text)
  local number = params.positive(text)
  if not number or number % 1 ~= 0 or number > core.max_attempts then
    return nil, ("--max-attempts: a whole number from 1 to %d expected, not '%s'"):format(core.max_attempts, text)
  end
  return number
end

function run.configure(parser)
  parser:argument("connector", "Connector name, like github.")
  parser:argument("action", "Action name, like list_issues.")
  parser:argument("parameters", "name=text, which the schema says the type of; name:=JSON; name@file. A list is given "
    .. "by repeating the name, a place in an object with dots."):args("*"):argname("<name=value>")
  parser:flag("--all", "Every page of a list: a table that grows, in a pipe JSON lines.")
  parser:option("--fields", "Only these fields, like id,user.login."):argname("<names>"):convert(fields.parse)
  parser:option("-o --output", "Write the response to a file, - for standard output."):argname("<file>")
  parser:flag("--json", "JSON also on a terminal.")
  parser:option("--input", "Parameters from a file with a JSON object, - for standard input."):argname("<file>")
  parser:option("--account", "The connected account that acts."):argname("<who>")
  parser:option("--timeout", "Seconds that an attempt may take (30)."):argname("<seconds>"):convert(params.positive)
  parser:option("--max-attempts", "Attempts in all, on 429 and server errors (1)."):argname("<n>"):convert(whole)
end

--- The values of the parameters, typed by the action's schema.
local function read_parameters(known, options)
  if not options.input then return params.read(options.parameters, known) end
  local values, err = params.read_object("--input", options.input)
  if not values then return nil, err end
  return params.read(options.parameters, known, values)
end

local function has(known, name)
  for _, parameter in ipairs(known) do
    if parameter.name == name then return true end
  end
  return false
end

--- Takes a file's chunks to standard output; false once it is closed.
local function to_stdout(cx, trouble)
  return function(chunk)
    local ok, err = pcall(cx.write, cx, chunk)
    if ok then return true end
    trouble.err = err
    return false
  end
end

--- Where the bytes of an answer that is a file go: a path, a function, or nil for memory.
local function file_output(cx, options, trouble)
  if options.output and options.output ~= "-" then return options.output end
  if options.output == "-" or not cx.tty then return to_stdout(cx, trouble) end
  return nil
end

--- The action, ready to be run.
local function prepare(cx, hub, options, trouble)
  local connector = hub:connect(options.connector)
  local known, err = connector:get_action_parameters(options.action)
  if not known then return nil, err end
  cache.keep_name(hub, options.connector)
  local values
  values, err = read_parameters(known, options)
  if not values then return nil, err end
  local action = connector:action(options.action):params(values)
  if options.fields and has(known, "response_fields") then action:response_fields(options.fields) end
  if options.account then action:account(options.account) end
  if options.timeout then action:timeout(options.timeout) end
  if options.max_attempts then action:max_attempts(options.max_attempts) end
  local place = file_output(cx, options, trouble)
  if place then action:output(place) end
  return action
end

local function save_file(cx, file, options)
  if options.output and options.output ~= "-" then
    if cx.progress then cx:note(("Saved %s (%s)"):format(options.output, terminal_text.size(file.size))) end
    return
  end
  if options.output == "-" or not cx.tty then return end -- its bytes are written already
  local path, err = file:save_in(".")
  if not path then return cx:fail(err) end
  cx:note(("Saved %s (%s)"):format(terminal_text.safe(path), terminal_text.size(file.size)))
end

local function chosen(value, options)
  if not options.fields then return value end
  return fields.project(value, options.fields)
end

local function write_json(cx, value, to)
  if not to.file then return print_json(cx, value) end
  to:line(sorted_json.line(value))
  local ok, err = to:finish()
  if not ok then return cx:fail(err) end
end

--- Whether a list is to be a table.
local function wants_table(cx, options)
  return cx.tty and not options.json and (not options.output or options.output == "-")
end

local function show(cx, response, options, to)
  local data = response:get_data()
  if type(data) == "userdata" and data ~= bosa.null then
    to:drop()
    return save_file(cx, data, options)
  end
  if wants_table(cx, options) and response:is_list() and #response == 0 then return cx:note("no items") end
  if not wants_table(cx, options) or not fields.is_table(data) then return write_json(cx, chosen(data, options), to) end
  listing.page(cx, response, data, options.fields)
end

--- What takes the items of all pages: a table that grows, or lines of JSON.
local function sink_of(cx, response, options, to)
  local data = response:get_data()
  if wants_table(cx, options) and fields.is_table(data) then return listing.grow(cx, response, data, options.fields) end
  return {
    add = function(_, item) to:line(sorted_json.line(chosen(item, options))) end,
    is_silent = function() return to.file or not cx.tty end,
    finish = function() return to:finish() end,
  }
end

--- Every item of every page.
local function show_all(cx, response, options, to, bar)
  if wants_table(cx, options) and #response == 0 and not response:has_next() then return cx:note("no items") end
  local sink = sink_of(cx, response, options, to)
  local total = listing.count(response, "total_page")
  local pages, items, last = 0, 0, nil
  for item, page in response:items({ prefetch = 1 }) do
    if page ~= last then
      pages, items, last = pages + 1, items + #page, page
      if sink:is_silent() then bar:pages(pages, total, items) end
    end
    sink:add(item)
  end
  bar:clear()
  local _, err = sink:finish()
  if err then return cx:fail(err) end
end

function run.run(cx, options)
  local hub, err = cx:hub()
  if not hub then return cx:fail(err) end
  local trouble = {}
  local action
  action, err = prepare(cx, hub, options, trouble)
  if not action then return cx:fail(err) end
  local to -- open before anything is sent, and as long as it is not clear what comes: a FIFO's reader waits for its end
  to, err = output_file.open(cx, options.output)
  if not to then return cx:fail(err) end
  local bar = progress.new(cx)
  if cx.progress and not options.all then action:on_progress(function(...) bar:bytes(...) end) end
  local response
  response, err = action:run()
  bar:clear()
  if trouble.err then return cx:fail(trouble.err) end
  if not response then return cx:fail(err) end
  if options.all and response:is_list() then return show_all(cx, response, options, to, bar) end
  return show(cx, response, options, to)
end

return run
