--- For the tests of programs that use bosa: hubs without a server.
--
--   testing.hub{ schemas =, stubs = }   answers by functions; parameters are checked as ever
--   testing.cassette(path)              answers of a real server, recorded once and replayed ever after

local bosa = require("bosa")
local cassette = require("bosa.testing.cassette")
local misuse = require("bosa.misuse")
local stub = require("bosa.testing.stub")

local testing = {}

local OWN = { schemas = true, stubs = true, routes = true }
local PAGES = { size = misuse.whole(1), cursor = "string" }
local NOT_WITH_STUBS = { snapshot = "schemas", transport = "stubs", cache = "schemas", cache_dir = "schemas" }

--- Raises for a setting of another type, at the line of the caller of the caller.
local function check(value, name, ...)
  if value == nil then return end
  for _, expected in ipairs({ ... }) do
    if type(value) == expected then return end
  end
  error(("%s: %s expected, got %s"):format(name, table.concat({ ... }, " or "), type(value)), 3)
end

--- A hub that asks no server, and the stub that answers it.
--
-- settings.schemas: a snapshot's path, or its content; parameters are checked against it.
-- settings.stubs: connector -> action -> answer. A connector that the schemas don't have takes any parameters.
-- settings.routes: "GET /users/me" -> answer, for what is no action.
-- Every other setting is an option of bosa.new.
---@param settings table
---@return userdata? hub, bosa.testing.Stub|table stub_or_err
function testing.hub(settings)
  check(settings, "settings", "table")
  settings = settings or {}
  check(settings.schemas, "schemas", "string", "table")
  check(settings.stubs, "stubs", "table")
  check(settings.routes, "routes", "table")
  local options = { api_base_url = "https://stub.invalid", api_key = stub.KEY, token = stub.TOKEN }
  for name, value in pairs(settings) do
    if NOT_WITH_STUBS[name] then error(("%s: use `%s`"):format(name, NOT_WITH_STUBS[name]), 2) end
    if not OWN[name] then options[name] = value end
  end
  local ok, made, err, wrong = pcall(stub.new, settings, options)
  if not ok then error((tostring(made):gsub("^[^:]+:%d+: ", "")), 2) end
  if wrong then error(wrong, 2) end
  if not made then return nil, err end
  return made.hub, made
end

--- An error for a stub to give: { kind =, message =, status =, code =, details =, retry_after =, reference_id =,
-- retryable =, sent = }, each of them optional.
---@param fields table
---@return table
function testing.error(fields)
  check(fields, "error", "table")
  local copy = {}
  for name, value in pairs(fields or {}) do copy[name] = value end
  return setmetatable(copy, stub.Failure)
end

local function page_of(list, first, size)
  local page = bosa.array({})
  for i = first, math.min(first + size - 1, #list) do page[#page + 1] = list[i] end
  return page
end

local function by_number(list, size)
  return function(params)
    local limit, number = params.limit or size, params.page or 1
    local last = math.ceil(#list / limit)
    return page_of(list, (number - 1) * limit + 1, limit), {
      page = number, limit = limit, total = #list, total_page = last, has_next = number < last, has_prev = number > 1,
    }
  end
end

local function by_cursor(list, size, name)
  return function(params)
    local limit, first = params.limit or size, tonumber(params[name]) or 1
    local has_next = first + limit <= #list
    return page_of(list, first, limit), {
      total = #list,
      has_next = has_next,
      has_prev = first > 1,
      forwards_cursor = has_next and tostring(first + limit) or nil,
      backwards_cursor = first > 1 and tostring(math.max(1, first - limit)) or nil,
    }
  end
end

--- A stub that gives a list page by page: by number, or, where `options.cursor` names the parameter, by cursor.
---@param list any[]
---@param options { size: integer?, cursor: string? }? size: items a page, where the request has no `limit` (20)
---@return bosa.testing.Answer
function testing.pages(list, options)
  check(list, "list", "table")
  if options ~= nil then misuse.check_options(options, PAGES, 2) end
  options = options or {}
  local size = options.size or 20
  if options.cursor then return by_cursor(list, size, options.cursor) end
  return by_number(list, size)
end

testing.cassette = cassette.open
testing.use = cassette.use

return testing
