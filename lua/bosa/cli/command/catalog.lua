--- bosa catalog: the tools, MCP servers and skills that a server offers.

local bosa = require("bosa")
local numbers = require("bosa.cli.numbers")
local print_json = require("bosa.cli.json")
local print_table = require("bosa.cli.table")
local sorted_json = require("bosa.sorted_json")

local catalog = { summary = "List and search the tools, MCP servers and skills of the server", task = true }

catalog.examples = {
  "# the tools of a connector, and those about something",
  "bosa catalog tools --connector github\nbosa catalog tools pull request",
  "# search everything by meaning", "bosa catalog search send an invoice",
}

local function add_list(parser, name, summary)
  local command = parser:command(name, summary)
  command:argument("words", "Only items with these words in their name or description."):args("*")
  command:option("--limit", "Items to show, 1 to 200 (50)."):argname("<n>"):convert(numbers.whole("--limit", 1, 200))
  command:option("--offset", "Items to skip (0)."):argname("<n>"):convert(numbers.whole("--offset", 0))
  command:flag("--all", "All pages.")
  command:flag("--json", "A JSON list instead of a table.")
  return command
end

function catalog.configure(parser)
  parser:command_target("verb")
  local tools = add_list(parser, "tools", "List the tools of all connectors.")
  tools:option("--connector", "Only those of this connector."):argname("<connector>")
  tools:option("--category", "Only those of this category."):argname("<category>")
  add_list(parser, "mcps", "List the connectors that are MCP servers.")
    :option("--category", "Only those of this category."):argname("<category>")
  add_list(parser, "skills", "List skills that others have published.")
    :option("--source", "Only those of this source: agent or openclaw."):argname("<source>")
    :choices({ "agent", "openclaw" })
  local search = parser:command("search", "Search all three by meaning; needs a user token.")
  search:argument("words", "What you want to do."):args("+")
  search:option("--kind", "Search only tools, mcp or skills; may be repeated."):argname("<kind>"):count("*")
    :choices({ "tools", "mcp", "skills" })
  search:option("--count", "Items of each kind."):argname("<n>"):convert(numbers.whole("--count", 1))
  search:flag("--json", "JSON instead of a table.")
end

local function text(value) return type(value) == "string" and value or "" end

--- How a kind of item is asked for and shown.
local LISTS = {
  tools = {
    method = "list_tools",
    items = "tools",
    headers = { "Tool", "Connector", "Description" },
    row = function(item) return { text(item.name), text(item.connector), text(item.description) } end,
  },
  mcps = {
    method = "list_mcps",
    items = "MCP servers",
    headers = { "Server", "Tools", "URL", "Description" },
    row = function(item)
      local count = type(item.tool_count) == "number" and sorted_json.line(item.tool_count) or ""
      return { text(item.name), count, text(item.mcp_url), text(item.description) }
    end,
  },
  skills = {
    method = "list_skills",
    items = "skills",
    headers = { "Skill", "Source", "Author", "URL", "Description" },
    row = function(item)
      return { text(item.name), text(item.source), text(item.author), text(item.url), text(item.description) }
    end,
  },
}

local function rows_of(items, row)
  local rows = {}
  for i, item in ipairs(items) do rows[i] = type(item) == "table" and row(item) or { text(item) } end
  return rows
end

--- The items of one page, or of all; on a terminal it is told that there are more. Raises what goes wrong after the
-- first page.
local function items_of(cx, page, all)
  if not all then
    if page:has_next() and cx.interactive then cx:note("There are more: --all shows them.") end
    return page:get_data()
  end
  local items = bosa.array({})
  for item in page:items() do items[#items + 1] = item end
  return items
end

local function list(cx, hub, options)
  local kind = LISTS[options.verb]
  local page, err = hub[kind.method](hub, {
    q = options.words[1] and table.concat(options.words, " ") or nil,
    connector = options.connector,
    category = options.category,
    source = options.source,
    limit = options.limit or options.all and 200 or nil,
    offset = options.offset,
  })
  if not page then return cx:fail(err) end
  local items = items_of(cx, page, options.all)
  if options.json then return print_json(cx, items) end
  local narrowed = options.words[1] or options.connector or options.category or options.source or options.offset
  print_table(cx, kind.headers, rows_of(items, kind.row), {
    empty = ("the catalog has no %s"):format(kind.items) .. (narrowed and " that match" or ""),
  })
end

local GROUPS = { { "tools", "tool" }, { "mcp", "mcp" }, { "skills", "skill" } }

local function search(cx, hub, options)
  local found, err = hub:search(table.concat(options.words, " "), {
    kinds = options.kind and options.kind[1] and options.kind or nil, count = options.count,
  })
  if not found then return cx:fail(err) end
  if options.json then return print_json(cx, found) end
  local rows = {}
  for _, group in ipairs(GROUPS) do
    for _, item in ipairs(found[group[1]]) do
      local one = type(item) == "table" and item or { name = item }
      local score = type(one.score) == "number" and ("%.2f"):format(one.score) or ""
      rows[#rows + 1] = { group[2], text(one.name), score, text(one.description) }
    end
  end
  local off = found.backend == bosa.null
  print_table(cx, { "Kind", "Name", "Score", "Description" }, rows, {
    empty = off and "this server's search is switched off" or "the catalog has nothing like this",
  })
end

function catalog.run(cx, options)
  local hub, err = cx:hub(true)
  if not hub then return cx:fail(err) end
  return (options.verb == "search" and search or list)(cx, hub, options)
end

return catalog
