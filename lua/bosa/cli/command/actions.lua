--- bosa actions: what a connector can do.

local bosa = require("bosa")
local cache = require("bosa.cli.cache")
local print_json = require("bosa.cli.json")
local print_table = require("bosa.cli.table")

local actions = { summary = "List the actions of a connector" }

actions.examples = {
  "# what github can do", "bosa actions github",
  "# the names alone", "bosa actions github | cut -f1",
}

function actions.configure(parser)
  parser:argument("connector", "Connector name, like github.")
  parser:flag("--json", "A JSON list instead of a table.")
end

function actions.run(cx, options)
  local hub, err = cx:hub(true)
  if not hub then return cx:fail(err) end
  local list
  list, err = hub:connect(options.connector):get_actions()
  if not list then return cx:fail(err) end
  cache.keep_name(hub, options.connector)
  if options.json then return print_json(cx, bosa.array(list)) end
  local rows = {}
  for i, action in ipairs(list) do rows[i] = { action.name, action.description } end
  print_table(cx, { "Action", "Description" }, rows, {
    empty = ("%s has no actions"):format(options.connector),
  })
end

return actions
