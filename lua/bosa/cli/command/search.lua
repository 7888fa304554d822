--- bosa search: which action does what words tell of.

local cache = require("bosa.cli.cache")
local numbers = require("bosa.cli.numbers")
local print_json = require("bosa.cli.json")
local print_table = require("bosa.cli.table")

local search = { summary = "Find actions by words" }

search.examples = {
  "# which action does it?", "bosa search send an e-mail",
  "# only where it is looked for, and only what reads", "bosa search --connector github --read-only issue",
}

function search.configure(parser)
  parser:description("Finds actions by the words of their names, descriptions and parameters, the best first. Near "
    .. "spellings count, too. bosa asks the server for schemas only, and keeps them.")
  parser:argument("words", "What you want to do."):args("+")
  parser:option("--connector", "Search only here; may be repeated."):argname("<connector>"):count("*")
  parser:option("--limit", "Actions to show at most (10)."):argname("<n>")
    :convert(numbers.whole("--limit", 1))
  parser:flag("--read-only", "Only actions whose name is clearly read-only.")
  parser:flag("--json", "A JSON list instead of a table.")
end

--- Says which connectors could not be searched.
local function warn(cx, failed)
  local names = {}
  for name in pairs(failed) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do cx:fail(failed[name]) end
end

function search.run(cx, options)
  local hub, err = cx:hub(true)
  if not hub then return cx:fail(err) end
  local connectors = options.connector and options.connector[1] and options.connector or nil
  local list, failed = hub:search_actions(table.concat(options.words, " "), {
    connectors = connectors, limit = options.limit, read_only = options.read_only or nil,
  })
  if not list then return cx:fail(failed) end
  for _, name in ipairs(connectors or {}) do
    if not failed[name] then cache.keep_name(hub, name) end
  end
  warn(cx, failed)
  if options.json then return print_json(cx, list) end
  local rows = {}
  for i, found in ipairs(list) do rows[i] = { found.connector, found.action, found.description } end
  print_table(cx, { "Connector", "Action", "Description" }, rows, {
    empty = "no action has these words; `bosa connectors` and `bosa actions CONNECTOR` list what there is",
  })
end

return search
