--- The catalog of a server: the tools, MCP servers and skills that there are. Only servers of the current API have one.

local core = require("bosa.core")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local run = require("bosa.run")

local catalog = { methods = {} }
local methods = catalog.methods

local MOST = 200 -- items that a server gives in one page

---------------------------------------------------------------------------------------------------
-- options

--- Why a value is none that the option takes; nil: it is one.
local kinds = {}

function kinds.string(value)
  if type(value) ~= "string" then return "string expected, got " .. type(value) end
end

local function one_of(...)
  local words = { ... }
  return function(value)
    for _, word in ipairs(words) do
      if value == word then return nil end
    end
    return '"' .. table.concat(words, '" or "') .. '" expected'
  end
end

kinds.limit = misuse.whole(1, MOST)
kinds.offset = misuse.whole(0, 2 ^ 31)
kinds.count = misuse.whole(1, 2 ^ 31)
kinds.source = one_of("agent", "openclaw")
kinds.kind = one_of("tools", "mcp", "skills")

function kinds.kinds(value)
  if type(value) ~= "table" or #value == 0 then return 'a list of "tools", "mcp" and "skills" expected' end
  for _, kind in ipairs(value) do
    local why = kinds.kind(kind)
    if why then return "a list of " .. why end
  end
end

--- The options of a method, checked: those of them that are the server's. Misuse raises at the caller of the method.
---@param options table?
---@param known table<string, fun(value: any): string?>
---@return table query
function catalog.check(options, known)
  local query = core.object({})
  if options == nil then return query end
  misuse.check_options(options, known, 3)
  for name, value in pairs(options) do query[name] = value end
  return query
end

catalog.kinds = kinds

---------------------------------------------------------------------------------------------------
-- requests

--- Asks one of the endpoints that are asked by a query.
---@param hub userdata
---@param endpoint string
---@param query table?
---@param token string?
---@param identifier string?
---@return userdata? response, table? err
function catalog.ask(hub, endpoint, query, token, identifier)
  local text, err
  if query then
    text, err = core.json.encode(query, { sorted = true })
    if not text then return nil, err end
  end
  return run.run(hub:_endpoint(endpoint, nil, identifier, token, text))
end

--- A response that is malformed.
---@param message string
---@return nil, table err
function catalog.malformed(message) return nil, loop.error("protocol", "malformed response: " .. message, "yes") end

--- A list by pages: its response, whose data are the items.
---@param hub userdata
---@param endpoint string
---@param query table
---@param token string?
---@return userdata? response, table? err
function catalog.list(hub, endpoint, query, token)
  local response, err = catalog.ask(hub, endpoint, query, token)
  if not response then return nil, err end
  if not response:is_list() then return catalog.malformed("it has no list of items") end
  return response
end

local TOOLS = {
  q = kinds.string, connector = kinds.string, category = kinds.string, limit = kinds.limit, offset = kinds.offset,
}
local MCPS = { q = kinds.string, category = kinds.string, limit = kinds.limit, offset = kinds.offset }
local SKILLS = { q = kinds.string, source = kinds.source, limit = kinds.limit, offset = kinds.offset }
local SEARCH = { kinds = kinds.kinds, count = kinds.count, token = kinds.string }

---@class bosa.CatalogTools
---@field q string? words in a tool's name or description
---@field connector string?
---@field category string?
---@field limit integer? items of a page, 1 to 200 (50)
---@field offset integer? items before it (0)

---@class bosa.CatalogMcps
---@field q string?
---@field category string?
---@field limit integer?
---@field offset integer?

---@class bosa.CatalogSkills
---@field q string?
---@field source "agent"|"openclaw"|nil
---@field limit integer?
---@field offset integer?

--- The tools of all connectors. `items()` and `pages()` of the response go through all pages.
---@param options bosa.CatalogTools?
---@return userdata? response, table? err
function methods:list_tools(options) return catalog.list(self, "catalog_tools", catalog.check(options, TOOLS)) end

--- The connectors that can be reached as MCP servers.
---@param options bosa.CatalogMcps?
---@return userdata? response, table? err
function methods:list_mcps(options) return catalog.list(self, "catalog_mcps", catalog.check(options, MCPS)) end

--- Skills that others have published.
---@param options bosa.CatalogSkills?
---@return userdata? response, table? err
function methods:list_skills(options) return catalog.list(self, "catalog_skills", catalog.check(options, SKILLS)) end

---@class bosa.CatalogSearch
---@field kinds string[]? of "tools", "mcp" and "skills" (all)
---@field count integer? the best of each kind
---@field token string? the user's token in place of the hub's

---@class bosa.CatalogFound
---@field query string
---@field backend table|userdata what the server searched with; null: search is switched off
---@field tools table[]
---@field mcp table[]
---@field skills table[]

--- Searches all of them by meaning; needs a user's token.
---@param words string
---@param options bosa.CatalogSearch?
---@return bosa.CatalogFound? found, table? err
function methods:search(words, options)
  misuse.check_type(words, "string", 1, "search")
  local query = catalog.check(options, SEARCH)
  local token = query.token
  query.q, query.token = words, nil
  query.kinds = query.kinds and table.concat(query.kinds, ",")
  local response, err = catalog.ask(self, "catalog_search", query, token)
  if not response then return nil, err end
  local found = response:get_data()
  if type(found) ~= "table" then return catalog.malformed("not an object") end
  for _, kind in ipairs({ "tools", "mcp", "skills" }) do
    if type(found[kind]) ~= "table" then found[kind] = core.array({}) end
  end
  return found
end
methods.semantic_search = methods.search

--- How an MCP client is to connect to a server of the catalog: its URL and header fields, with the token in them.
-- Sends no request.
---@param item table of list_mcps or search
---@param token string? without it Authorization is empty, to be filled in
---@return {url: string, headers: table<string, string>}
function methods.get_mcp_config(_, item, token)
  local config = type(item) == "table" and item.config
  if type(config) ~= "table" or type(config.url) ~= "string" then
    misuse.raise(2, "bad argument #1 to 'get_mcp_config' (an item of list_mcps expected)")
  end
  if token ~= nil then
    misuse.check_type(token, "string", 2, "get_mcp_config")
    if token:find("%c") then misuse.raise(2, "bad argument #2 to 'get_mcp_config' (it can't be in a header field)") end
  end
  local headers = {}
  for name, value in pairs(type(config.headers) == "table" and config.headers or {}) do
    local is_field = type(name) == "string" and type(value) == "string"
    if is_field and name:lower() ~= "authorization" then headers[name] = value end
  end
  headers.Authorization = token and token ~= "" and "Bearer " .. token or ""
  return { url = config.url, headers = headers }
end

return catalog
