--- Three tools in place of one for each action: find, describe, call. However many connectors there are, a model reads
-- no more than these before it begins.

local catalog = require("bosa.mcp.catalog")
local core = require("bosa.core")
local names = require("bosa.tools.names")
local protocol = require("bosa.mcp.protocol")
local results = require("bosa.tools.result")
local search = require("bosa.search")

local search_tools = {}

search_tools.INSTRUCTIONS = "search_actions finds actions of the connected services by words, describe_action tells "
  .. "the arguments of one, call_action calls it."

local LIMIT = 10
local NOTHING = "No action has these words. Use fewer or other words, as in: list issues."

local function hints(reads)
  return { readOnlyHint = reads, destructiveHint = not reads, idempotentHint = reads, openWorldHint = true }
end

local function text(description) return { type = "string", description = description } end

local function definition(name, title, description, properties, required, reads)
  return {
    name = name, title = title, description = description, annotations = hints(reads),
    inputSchema = { type = "object", properties = properties, required = core.array(required) },
  }
end

--- The three definitions.
---@param read_only boolean? only reading actions can be called
---@return table[]
function search_tools.list(read_only)
  return {
    definition("search_actions", "Search actions", "Finds actions by what they do; gives names, the best first.", {
      query = text("What is to be done, like: list open issues"),
      connector = text("Only of this service, like github"),
      limit = { type = "integer", minimum = 1, maximum = 50, default = LIMIT },
    }, { "query" }, true),
    definition("describe_action", "Describe action", "Tells the JSON Schema of an action's arguments.", {
      name = text("As search_actions gave it"),
    }, { "name" }, true),
    definition("call_action", "Call action", "Calls an action.", {
      name = text("As search_actions gave it"),
      arguments = { type = "object", description = "As describe_action tells" },
    }, { "name" }, read_only == true),
  }
end

local function line(value) return assert(core.json.encode(value, { sorted = true })) end

---------------------------------------------------------------------------------------------------
-- finding

--- The connectors that are served; nil: all that the server has.
local function served(service, connector)
  if not connector then return service.connectors end
  for _, name in ipairs(service.connectors or { connector }) do
    if name == connector then return { connector } end
  end
  return {}
end

--- The catalog for a connector: the service's own, or one made where no connectors were named.
local function catalog_of(service, connector)
  if service.connectors then return service.catalog end
  service.catalogs = service.catalogs or {}
  local made = service.catalogs[connector]
  if not made then
    made = catalog.new(service.hub, { connector }, service.options)
    made.quiet = true -- a model may make names up
    if made:of(connector) then service.catalogs[connector] = made end
  end
  return made
end

--- What a model is told of an action that was found; nil: `change` leaves it out.
local function shown(service, one)
  if not service.options.change then return { name = one.name, description = one.description } end
  local tool = catalog_of(service, one.connector):tool_of(one.connector, one.action)
  return tool and { name = tool.name, description = tool.description }
end

local function search_actions(service, arguments)
  if type(arguments.query) ~= "string" then return results.failed("`query`: a string is needed.") end
  local limit = type(arguments.limit) == "number" and math.floor(arguments.limit) or LIMIT
  local options = service.options
  local list, failed = search.actions(service.hub, arguments.query, {
    connectors = served(service, type(arguments.connector) == "string" and arguments.connector or nil),
    limit = math.max(1, math.min(limit, 50)), read_only = options.read_only, only = options.only,
    except = options.except,
  })
  if not list then return results.of_error("search_actions", "search_actions", failed) end
  local found = core.array({})
  for _, one in ipairs(list) do found[#found + 1] = shown(service, one) end
  local missing = {}
  for name, err in pairs(failed) do missing[name] = tostring(err) end
  return { is_error = false, content = line({
    actions = found, not_searched = next(missing) and missing or nil, note = not found[1] and NOTHING or nil,
  }) }
end

--- What a name means, as Catalog:find and Catalog:resolve tell it.
local function look_up(service, name, method)
  local catalogs = { service.catalog }
  if not service.connectors then
    local said = not service.options.change and names.decode(name)
    catalogs = {}
    for i, connector in ipairs(said and { said } or search.connectors(service.hub) or {}) do
      catalogs[i] = catalog_of(service, connector)
    end
  end
  local failed
  for _, one in ipairs(catalogs) do
    local found, why = one[method](one, name)
    if found then return found end
    failed = failed or why
  end
  return nil, failed
end

local function no_such(name)
  return results.failed(("There is no action `%s`. Use a name that search_actions gave."):format(name))
end

local function describe_action(service, arguments)
  local found, failed = look_up(service, arguments.name, "find")
  if not found then return failed or no_such(arguments.name) end
  local about = found.definition
  return { is_error = false, content = line({
    name = about.name, description = about.description, arguments = about.inputSchema,
  }) }
end

local function call_action(service, arguments, params, meta, cx)
  local tool, failed = look_up(service, arguments.name, "resolve")
  if not tool then return service:tell(failed or no_such(arguments.name), nil, cx) end
  return service:call(tool, arguments.arguments, params, meta, cx)
end

local handlers = { search_actions = search_actions, describe_action = describe_action, call_action = call_action }

--- Answers tools/call.
---@param service bosa.mcp.Service
---@param params table
---@param meta table
---@param cx bosa.mcp.Context
---@return table? result, bosa.mcp.Error? fault
function search_tools.call(service, params, meta, cx)
  local handler = handlers[params.name]
  if not handler then return nil, protocol.error("params", "Unknown tool: " .. params.name) end
  local arguments = params.arguments or {}
  if handler ~= search_actions and type(arguments.name) ~= "string" then
    return service:tell(results.failed("`name`: a string is needed."), nil, cx)
  end
  if handler == call_action then return call_action(service, arguments, params, meta, cx) end
  return service:tell(handler(service, arguments), nil, cx)
end

return search_tools
