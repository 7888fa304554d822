--- bosa snapshot: keeps schemas in a file, and says what has changed since.

local bosa = require("bosa")
local changes = require("bosa.changes")
local context = require("bosa.cli.context")
local print_json = require("bosa.cli.json")
local print_table = require("bosa.cli.table")
local output_file = require("bosa.cli.output_file")
local taken = require("bosa.snapshot")

local snapshot = { summary = "Keep schemas in a file, and show what has changed since", task = true }

snapshot.examples = {
  "# keep the schemas of two connectors", "bosa snapshot github google_drive -o schemas.json",
  "# what has changed since that breaks callers", "bosa snapshot --diff schemas.json --breaking",
}

local CHANGED = 1 -- exit code of --diff, as diff has it

function snapshot.configure(parser)
  parser:argument("connectors", "Connector names, like github (default: all of the server)."):args("*")
    :argname("<connector>")
  parser:option("-o --output", "Write the snapshot to a file, - for standard output."):argname("<file>")
  parser:option("--diff", "Show what has changed for callers from the snapshot OLD to the snapshot NEW, or to the "
    .. "server (`live`, the default). Exit codes: 0 if nothing has changed, 1 if something has, 4 if a file can't be "
    .. "read."):args("1-2"):argname({ "<old>", "<new>" })
  parser:flag("--breaking", "With --diff: only what breaks callers.")
  parser:flag("--json", "With --diff: a JSON list instead of lines.")
  parser:epilog("Load one with bosa.new{ snapshot = FILE }: bosa then describes its connectors and validates "
    .. "parameters without asking a server.")
end

local function take(cx, options)
  local hub, err = cx:hub(true)
  if not hub then return cx:fail(err) end
  local to -- open before the server is asked
  to, err = output_file.open(cx, options.output, "shared")
  if not to then return cx:fail(err) end
  local text
  text, err = taken.take(hub, options.connectors[1] and options.connectors)
  if not text then return cx:fail(err) end
  to:line((text:gsub("\n$", "")))
  local ok
  ok, err = to:finish()
  if not ok then return cx:fail(err) end
end

--- The connectors of a file. What is wrong with it is a wrong parameter: 1 is the exit code of "changed".
local function read(path)
  local connectors, err = taken.read(path)
  if connectors then return connectors end
  return nil, context.error("params", err.message)
end

--- Those connectors of `old` that are to be compared, as the server has them now.
local function read_live(cx, old, names)
  local hub, err = cx:hub(true)
  if not hub then return nil, err end
  local live = {}
  for name in pairs(old) do
    if not names or names[name] then
      live[name], err = taken.fetch(hub, name)
      if err and err.kind ~= "unknown_connector" then return nil, err end
    end
  end
  return live
end

--- Of all connectors only those that were named.
local function only(connectors, names)
  if not names then return connectors end
  local chosen = {}
  for name in pairs(names) do chosen[name] = connectors[name] end
  return chosen
end

local function read_both(cx, options)
  local names
  for _, name in ipairs(options.connectors) do
    names = names or {}
    names[name] = true
  end
  local from, to = options.diff[1], options.diff[2] or "live"
  local old, err = read(from)
  if not old then return nil, err end
  for name in pairs(names or {}) do
    if not old[name] then return nil, context.error("params", ("%s: it has no connector `%s`"):format(from, name)) end
  end
  local new
  if to == "live" then
    new, err = read_live(cx, old, names)
  else
    new, err = read(to)
  end
  if not new then return nil, err end
  return only(old, names), only(new, names)
end

local function show(cx, list, options)
  if options.json then return print_json(cx, bosa.array(list)) end
  local rows = {}
  for i, change in ipairs(list) do
    local where = change.connector .. (change.action and "." .. change.action or "")
    rows[i] = { change.breaking and "breaking" or "", where, change.text }
  end
  if not rows[1] then -- as diff, which is silent then
    if cx.tty then cx:note("nothing has changed for callers") end
    return
  end
  print_table(cx, { "", "Action", "Change" }, rows)
end

local function diff(cx, options)
  local old, new = read_both(cx, options)
  if not old then return cx:fail(new) end
  local list, err = changes.find(old, new)
  if not list then return cx:fail(context.error("params", err.message)) end
  if options.breaking then list = changes.breaking(list) end
  show(cx, list, options)
  return list[1] and CHANGED or nil
end

function snapshot.run(cx, options)
  if options.diff then return diff(cx, options) end
  if options.breaking or options.json then
    return cx:fail(context.error("params", "--breaking and --json go with --diff"))
  end
  return take(cx, options)
end

return snapshot
