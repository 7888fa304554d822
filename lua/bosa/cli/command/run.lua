--- bosa run: runs an action.

local bosa = require("bosa")
local action_words = require("bosa.cli.action_words")
local context = require("bosa.cli.context")
local fields = require("bosa.cli.fields")
local jq = require("bosa.cli.jq")
local print_json = require("bosa.cli.json")
local listing = require("bosa.cli.listing")
local response_fields = require("bosa.cli.response_fields")
local template = require("bosa.cli.template")
local terminal_text = require("bosa.cli.terminal_text")
local sorted_json = require("bosa.sorted_json")
local progress = require("bosa.cli.progress")
local output_file = require("bosa.cli.output_file")

local run = { summary = "Run an action", task = true }

run.examples = {
  "# the open bugs as a table; a list is given by repeating its name",
  "bosa run github list_issues owner=lua repo=lua labels=bug",
  "# every page, with some fields",
  "bosa run github list_issues owner=lua repo=lua --all --fields number,title,user.login",
  "# through jq, and as text",
  "bosa run github list_issues owner=lua repo=lua --jq '.[].title'\n"
    .. "bosa run github list_issues owner=lua repo=lua --template '{number}\\t{title}\\n'",
  "# send a file, save one",
  "bosa run google_drive create_file name=Report file@report.pdf\n"
    .. "bosa run google_drive download_file id=1By2Yl7GbpmXdtyvS24wu-WZJPNQdP_ff -o report.pdf",
  "# parameters from a file, one of them replaced",
  'bosa run github create_issue --input issue.json title="Another title"',
}

--- --help after an action's name is about that action.
function run.topic(result)
  if not result.connector then return nil end
  return {
    topic = result.connector, action = result.action, of_action = true, api_url = result.api_url,
    ca_file = result.ca_file, allow_http = result.allow_http, verbose = result.verbose,
  }
end

function run.configure(parser)
  action_words.add_arguments(parser)
  parser:flag("--all", "Every page of a list: one growing table, or in a pipe a line of JSON for each item.")
  action_words.add_selection(parser)
  parser:option("-o --output", "Write the response to a file, - for standard output."):argname("<file>")
  parser:flag("--json", "JSON on a terminal, too.")
  action_words.add_forms(parser, "Filter the response with a jq expression; with --all, each item by itself.")
  action_words.add_options(parser)
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

--- Where the bytes of a file go: a path, a function, or nil for memory.
local function file_output(cx, options, trouble)
  if options.output and options.output ~= "-" then return options.output end
  if options.output == "-" or not cx.tty then return to_stdout(cx, trouble) end
  return nil
end

--- The action, ready to be run.
local function prepare(cx, hub, options, trouble)
  local err = action_words.check_forms(cx, options)
  if err then return nil, err end
  local action
  action, err = action_words.prepare(hub, options, action_words.wanted_fields(options))
  if not action then return nil, err end
  local target = file_output(cx, options, trouble)
  if target then action:output(target) end
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

--- Whether a list is to be a table.
local function wants_table(cx, options)
  local filtered = options.jq or options.template
  return cx.tty and not options.json and not filtered and (not options.output or options.output == "-")
end

--- Says which of the names that were asked for came in no item.
local function complain(cx, options, data)
  local described = response_fields.of(cx:hub(), options.connector, options.action)
  local message = options.fields and fields.missing("--fields", options.fields, data, described)
    or options.template and fields.missing("--template", options.template_names, data, described)
  return message and cx:fail(context.error("params", message)) or nil
end

--- What takes values one by one and writes them in the form that is asked for: `sink | nil, err`.
local function sink_of(cx, options, to)
  local sink = {
    add = function(_, value) to:line(sorted_json.line(chosen(value, options))) end,
    is_silent = function() return to.file or not cx.tty end,
    finish = function() return to:finish() end,
  }
  if options.template then
    sink.add = function(_, value) to:text(template.fill(options.template, value)) end
  elseif options.jq then
    local filter, err = jq.start(cx, options.jq, function(text) to:text(text) end)
    if not filter then return nil, err end
    sink.add = function(_, value) filter:feed(sorted_json.line(chosen(value, options)) .. "\n") end
    sink.finish = function()
      local ok, wrong = filter:finish()
      if not ok then return nil, wrong end
      return to:finish()
    end
  end
  return sink
end

--- Writes the response of one call in a form that is no table.
local function write(cx, response, data, options, to)
  local json = not options.jq and not options.template
  if json and not to.file then return print_json(cx, chosen(data, options)) end
  local sink, err = sink_of(cx, options, to)
  if not sink then return cx:fail(err) end
  if options.template and response:is_list() then
    for _, item in ipairs(data) do sink:add(item) end
  else
    sink:add(data)
  end
  local _, wrong = sink:finish()
  if wrong then return cx:fail(wrong) end
end

local function show(cx, response, options, to)
  local data = response:get_data()
  if type(data) == "userdata" and data ~= bosa.null then
    to:drop()
    return save_file(cx, data, options)
  end
  local code
  if not wants_table(cx, options) then
    code = write(cx, response, data, options, to)
  elseif response:is_list() and #response == 0 then
    cx:note("no items")
  elseif fields.is_table(data) then
    listing.page(cx, response, data, options.fields)
  else
    code = write(cx, response, data, options, to)
  end
  return code or complain(cx, options, data)
end

--- Adds every item of every page. Raises what goes wrong after the first.
local function add_all(response, sink, bar)
  local total = listing.count(response, "total_page")
  local pages, items, last = 0, 0, nil
  for item, page in response:items({ prefetch = 1 }) do
    if page ~= last then
      pages, items, last = pages + 1, items + #page, page
      if sink:is_silent() then bar:pages(pages, total, items) end
    end
    sink:add(item)
  end
end

--- Every item of every page.
local function show_all(cx, response, options, to, bar)
  local data = response:get_data()
  local code = complain(cx, options, data)
  if code then return code end
  if wants_table(cx, options) and #response == 0 and not response:has_next() then return cx:note("no items") end
  local sink, err
  if wants_table(cx, options) and fields.is_table(data) then
    sink = listing.grow(cx, response, data, options.fields)
  else
    sink, err = sink_of(cx, options, to)
  end
  if not sink then return cx:fail(err) end
  local added, wrong = pcall(add_all, response, sink, bar)
  bar:clear()
  if not added then
    if sink.held then sink:finish() end -- rows that were held back are no less true
    error(wrong, 0)
  end
  wrong = select(2, sink:finish())
  if wrong then return cx:fail(wrong) end
end

function run.run(cx, options)
  local hub, err = cx:hub()
  if not hub then return cx:fail(err) end
  options.template_names = options.template and template.names(options.template)
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
