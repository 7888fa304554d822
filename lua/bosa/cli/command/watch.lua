--- bosa watch: asks a list again and again, and tells what is new.

local uv = require("luv")
local action_words = require("bosa.cli.action_words")
local context = require("bosa.cli.context")
local fields = require("bosa.cli.fields")
local jq = require("bosa.cli.jq")
local loop = require("bosa.loop")
local numbers = require("bosa.cli.numbers")
local output_file = require("bosa.cli.output_file")
local sorted_json = require("bosa.sorted_json")
local task = require("bosa.task")
local template = require("bosa.cli.template")
local terminal_text = require("bosa.cli.terminal_text")

local watch = { summary = "Print what is new in a list, until Ctrl-C", task = true }

watch.examples = {
  "# new issues as JSON lines, also those that come while nobody watches",
  "bosa watch github list_issues owner=lua repo=lua --key number --state issues.json",
  "# a command for each that comes from now on",
  "bosa watch github list_issues owner=lua repo=lua --key number --from-now --exec 'jq -r .title'",
}

local function a_path(text)
  if text == "" then return nil, "--state: the path of a file expected" end
  return text
end

function watch.configure(parser)
  parser:description("Runs an action that returns a list again and again, and prints each new item as a line of JSON, "
    .. "at least once. The first time, all items are new.")
  action_words.add_arguments(parser)
  parser:option("--every", "Seconds from the start of a round to the start of the next (60)."):argname("<seconds>")
    :convert(numbers.seconds("--every", 1, 1000000))
  parser:option("--state", "File that remembers the items; without it, every start begins anew."):argname("<file>")
    :convert(a_path)
  parser:option("--exec", "Run this shell command for each item, with the item as JSON on standard input, and print "
    .. "nothing. If it fails, bosa runs it again in the next round."):argname("<command>")
  parser:option("--key", "Field that identifies an item (id); dots lead into objects."):argname("<name>"):default("id")
    :show_default(false)
  parser:option("--max-pages", "Pages to read in a round (10)."):argname("<n>"):convert(numbers.whole("--max-pages", 1))
  parser:flag("--from-now", "Skip the items that exist at the first start.")
  parser:option("--rounds", "End after this many rounds."):argname("<n>"):convert(numbers.whole("--rounds", 1))
  action_words.add_selection(parser)
  action_words.add_forms(parser, "Filter each item with a jq expression.")
  action_words.add_options(parser)
end

---------------------------------------------------------------------------------------------------
-- --exec

--- Waits for an object that something of luv's will settle.
local function await(object)
  if task.can_wait() then return task.wait(object) end
  while not object.done_ do uv.run("once") end
end

--- Runs a shell's command with a text as its standard input. Nothing of the text is in its line. Gives its exit code.
local function run_command(cx, line, text)
  local ended = { done_ = false }
  local input, ignored = uv.new_pipe(false), uv.new_signal()
  ignored:start("sigpipe", function() end) -- it need not read what it is given
  local handle, message = uv.spawn("/bin/sh", { args = { "-c", line }, stdio = { input, 1, 2 } }, function(code, signal)
    ended.code, ended.done_ = signal > 0 and 128 + signal or code, true
    loop.settle(ended)
  end)
  if not handle then
    input:close()
    ignored:close()
    return nil, "can't run a shell: " .. tostring(message)
  end
  local running = true
  local function stop()
    if running then handle:kill("sigterm") end
  end
  cx:cleanup(stop)
  input:write(text, function() input:close() end)
  await(ended)
  running = false
  cx:drop_cleanup(stop)
  ignored:close()
  handle:close()
  return ended.code
end

--- An item could not be handled: it is given again.
local function try_later(cx, message, again)
  again()
  cx:note(("bosa: %s; it is run again for this item in the next round"):format(message))
end

--- Handles an item by the command.
local function execute(cx, line, item, again)
  io.stdout:flush()
  local code, message = run_command(cx, line, sorted_json.line(item) .. "\n")
  if code ~= 0 then try_later(cx, message or ("the command ended with %d"):format(code), again) end
end

---------------------------------------------------------------------------------------------------
-- printing

--- Prints what jq makes of an item. Each has a jq of its own: only one that has ended has surely seen the item.
local function print_filtered(cx, expression, item, again, to)
  local made = {}
  local filter, err = jq.start(cx, expression, function(text) made[#made + 1] = text end)
  if not filter then return try_later(cx, err, again) end
  filter:feed(sorted_json.line(item) .. "\n")
  local ok, wrong = filter:finish()
  if not ok then return try_later(cx, tostring(wrong), again) end
  to:text(table.concat(made))
end

--- Handles an item in the way that the options say.
local function handle(cx, options, item, again, to)
  local shown = options.fields and fields.project(item, options.fields) or item
  if options.exec then return execute(cx, options.exec, shown, again) end
  if options.template then
    to:text(template.fill(options.template, item))
  elseif options.jq then
    print_filtered(cx, options.jq, shown, again, to)
  else
    to:line(sorted_json.line(shown))
  end
  cx:flush() -- only then it is handled
end

---------------------------------------------------------------------------------------------------
-- the command

--- The fields that the server is to send: those that are wanted, and the key.
local function needed(options)
  local wanted = action_words.wanted_fields(options)
  if not wanted then return nil end
  local list, has_key = {}, false
  for i, name in ipairs(wanted) do list[i], has_key = name, has_key or name == options.key end
  if not has_key then list[#list + 1] = options.key end
  return list
end

local function watch_options(cx, options)
  return {
    every = options.every, state = options.state, key = options.key, max_pages = options.max_pages,
    max_rounds = options.rounds, from_now = options.from_now,
    on_failure = function(err, wait)
      cx:note(("bosa: %s; again in %.0f s"):format(terminal_text.safe((tostring(err):gsub("%s*\n%s*", "; "))), wait))
    end,
  }
end

--- What is wrong with how items are to be handled, before anything is sent; nil: nothing.
local function fault_of(cx, options)
  if options.exec and (options.jq or options.template) then
    return context.error("params", "--exec prints nothing: leave out --jq and --template")
  end
  return action_words.check_forms(cx, options)
end

function watch.run(cx, options)
  local hub, err = cx:hub()
  if not hub then return cx:fail(err) end
  err = fault_of(cx, options)
  if err then return cx:fail(err) end
  local action
  action, err = action_words.prepare(hub, options, needed(options))
  if not action then return cx:fail(err) end
  local to = output_file.open(cx)
  for item, again in action:watch(watch_options(cx, options)) do handle(cx, options, item, again, to) end
end

return watch
