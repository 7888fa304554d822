--- Answers requests of the Model Context Protocol, whatever carries them: bosa.mcp for lines, bosa.mcp.http for nginx.
-- Keeps nothing of a client between two requests.

local catalog = require("bosa.mcp.catalog")
local connect = require("bosa.mcp.connect")
local core = require("bosa.core")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local output = require("bosa.tools.output")
local protocol = require("bosa.mcp.protocol")
local request_state = require("bosa.mcp.request_state")
local search_tools = require("bosa.mcp.search_tools")
local tool_options = require("bosa.tools.options")
local tools = require("bosa.tools")

local service = {}

local PROGRESS_EVERY = 0.1 -- seconds
local SHORT_TTL = 5000 -- milliseconds that a list may be kept that lacks a connector

local INSTRUCTIONS = "Each tool calls one action of %s through a BOSA server. A result is JSON with `data`. If it has "
  .. "`next_page`, call the tool again with these arguments for more. A result that is too long is cut, and its `note` "
  .. "says how to ask for less."

local is_object = tools.is_object

---@class bosa.mcp.Service
---@field hub userdata
---@field connectors string[]? nil: all that the server has (with `search`)
---@field catalog bosa.mcp.Catalog
---@field accounts table<string, string> connector -> the account that acts
---@field callback_uri string where the browser ends that connected an account
---@field request_state bosa.mcp.RequestState
---@field search boolean? three tools that find, describe and call actions, in place of a tool for each
---@field options bosa.ToolCallOptions
local Service = {}
Service.__index = Service

local OWN = {
  connectors = tool_options.strings, search = "boolean", callback_uri = "string",
  hub = function(value)
    if getmetatable(value) ~= core.classes.hub then return "bosa.hub expected, got " .. type(value) end
  end,
  accounts = function(value)
    if type(value) ~= "table" then return "table expected, got " .. type(value) end
    for connector, account in pairs(value) do
      if type(connector) ~= "string" or type(account) ~= "string" then
        return "the account of each connector expected, both as strings"
      end
    end
  end,
  state_secret = function(value)
    if type(value) ~= "string" or #value < 16 then return "a string of 16 bytes or more expected" end
  end,
}

--- Makes a service. Misuse raises at the caller `level` up.
---@param options table hub, connectors, accounts, search, and the options of hub:call_tool
---@param level integer
---@return bosa.mcp.Service
function service.new(options, level)
  local own, rest = {}, {}
  for name, value in pairs(options) do
    if OWN[name] then own[name] = value else rest[name] = value end
  end
  misuse.check_options(own, OWN, level + 1)
  if not own.hub then misuse.raise(level + 1, "option `hub`: bosa.hub expected, got nil") end
  tools.check_call_options(own.hub, rest, level + 1)
  if not own.connectors and not own.search then
    misuse.raise(level + 1, "option `connectors`: a list of names expected, unless `search` is set")
  end
  local self = { hub = own.hub, connectors = own.connectors, search = own.search, options = rest }
  self.accounts, self.callback_uri = own.accounts or {}, own.callback_uri or own.hub:_url()
  self.request_state = request_state.new(self.hub, own.state_secret)
  self.options.connectors = self.connectors
  self.catalog = catalog.new(self.hub, self.connectors or {}, self.options)
  return setmetatable(self, Service)
end

---------------------------------------------------------------------------------------------------
-- who the server is

local function server_info() return { name = "bosa", title = "BOSA", version = core.version } end

function Service:instructions()
  if self.search then return search_tools.INSTRUCTIONS end
  return INSTRUCTIONS:format(table.concat(self.connectors, ", "))
end

local CAPABILITIES = { tools = core.object({}) }

local methods = {} -- method -> function(service, params, cx): a result, or nil and an error of the protocol

function methods.initialize(self, params)
  if type(params.protocolVersion) ~= "string" then
    return nil, protocol.error("params", "protocolVersion: string expected")
  end
  return {
    protocolVersion = protocol.agree(params.protocolVersion), capabilities = CAPABILITIES,
    serverInfo = server_info(), instructions = self:instructions(),
  }
end

function methods.ping() return core.object({}) end

methods["server/discover"] = function(self)
  return {
    supportedVersions = protocol.versions(), capabilities = CAPABILITIES, instructions = self:instructions(),
    ttlMs = self:ttl(), cacheScope = "public",
  }
end

--- Milliseconds for which what is said of connectors may be kept.
function Service:ttl() return math.floor(self.hub:_cache_ttl() * 1000) end

---------------------------------------------------------------------------------------------------
-- the list of tools

--- The definitions of all tools, and the connectors that are missing. Waits, where schemas must be fetched.
---@return table[] list
---@return table<string, table> failed connector -> err
function Service:list()
  if self.search then return search_tools.list(self.options.read_only), {} end
  return self.catalog:list()
end

--- Why none of the connectors can be served; nil: some can.
local function why_none(self, failed)
  local reasons = {}
  for i, connector in ipairs(self.connectors) do
    if not failed[connector] then return nil end
    reasons[i] = tostring(failed[connector])
  end
  return table.concat(reasons, "; ")
end

methods["tools/list"] = function(self, params, cx)
  if params.cursor ~= nil then return nil, protocol.error("params", "cursor: not one that tools/list gave") end
  local list, failed = self:list()
  local why = next(failed) and why_none(self, failed)
  if why then return nil, protocol.error("internal", why) end
  local shown = core.array({})
  for i, tool in ipairs(list) do shown[i] = protocol.tool_for(tool, cx.version) end
  if not cx.modern then return { tools = shown } end
  return { tools = shown, ttlMs = next(failed) and SHORT_TTL or self:ttl(), cacheScope = "public" }
end

---------------------------------------------------------------------------------------------------
-- calls

--- Tells the client how far a call is, where it gave a token to tell by. What is told only ever grows, as the protocol
-- wants: a response's bytes are counted on from those of the request, and so are those of another attempt.
local function progress_teller(cx, token)
  local before, seen, told, told_at = 0, 0, 0, nil
  return function(done, total, direction)
    if done < seen then before = before + seen end
    seen = done
    local now = core.now()
    local early = told_at and now - told_at < PROGRESS_EVERY and done ~= total
    if before + done <= told or early then return end
    told, told_at = before + done, now
    cx.notify({ method = "notifications/progress", params = {
      progressToken = token, progress = told, total = total and before + total or nil,
      message = cx.version > "2024-11-05" and (direction == "up" and "bytes sent" or "bytes received") or nil,
    } })
  end
end

local CONTEXT = { tracestate = 512, baggage = 8192 } -- the longest that is passed on

--- The header fields of a request, with what of the client's trace context is no traceparent.
local function headers_of(given, meta)
  local headers = {}
  for name, value in pairs(given or {}) do headers[name] = value end
  for name, longest in pairs(CONTEXT) do
    local value = meta[name]
    if type(value) == "string" and #value <= longest and value:find("^[\32-\126]+$") then headers[name] = value end
  end
  return headers
end

--- The options of one call.
local function call_options(self, connector, meta, cx)
  local options = {}
  for name, value in pairs(self.options) do options[name] = value end
  local own = self.accounts[connector]
  if own then options.account, options.identifier = own, nil end
  options.token = cx.token or options.token
  options.headers = headers_of(options.headers, meta)
  local trace = meta.traceparent
  if type(trace) == "string" and core.is_traceparent(trace) then options.traceparent = trace end
  if protocol.is_id(meta.progressToken) then options.on_progress = progress_teller(cx, meta.progressToken) end
  return options
end

--- Runs a prepared call, which can be cancelled meanwhile: by `running.call`, or by who can end the whole thread.
local function run(prepared, running)
  if running.ends_with_thread then return tools.finish(prepared, prepared.builder:run()) end
  local call, err = prepared.builder:start()
  if not call then return tools.finish(prepared, nil, err) end
  running.call = call
  return tools.finish(prepared, call:wait())
end

--- Runs a tool.
---@param tool table as Catalog:resolve gives it
---@param arguments table?
---@param meta table
---@param cx bosa.mcp.Context
---@return bosa.ToolResult
function Service:run(tool, arguments, meta, cx)
  local prepared, failed = tools.prepare(self.hub, tool, arguments, call_options(self, tool.connector, meta, cx))
  if not prepared then return failed end
  return run(prepared, cx.running)
end

local MISFIT = "The result is not what the schema says; it is in the text."

--- What a result is as a table, where its tool promises one by its schema.
local function structured_of(self, tool, result)
  local promised = tool.definition and tool.definition.outputSchema
  if not promised or result.is_error then return nil end
  local ok, why = output.check(promised, result.structured)
  if ok then return result.structured end
  local on_event = self.hub:_kept("on_event")
  if on_event then
    loop.guarded(on_event, {
      type = "warning", kind = "protocol", connector = tool.connector, action = tool.action,
      message = "the response is not what its schema says: " .. why,
    })
  end
  return { note = MISFIT }
end

--- A result in the protocol's words.
---@param result bosa.ToolResult
---@param tool table?
---@param cx bosa.mcp.Context
function Service:tell(result, tool, cx)
  local told = { content = { { type = "text", text = result.content } }, isError = result.is_error }
  if tool and cx.version >= "2025-06-18" then told.structuredContent = structured_of(self, tool, result) end
  return told
end

--- Runs a tool, and has the user connect an account where one is missing: the protocol's result.
---@param tool table
---@param arguments table?
---@param params table the request's
---@param meta table
---@param cx bosa.mcp.Context
---@return table? result, bosa.mcp.Error? fault
function Service:call(tool, arguments, params, meta, cx)
  local result = connect.answered(self, tool.connector, params, cx) or self:run(tool, arguments, meta, cx)
  local asked, fault = connect.ask(self, tool.connector, result, cx)
  if asked or fault then return asked, fault end
  return self:tell(result, not self.search and tool or nil, cx)
end

methods["tools/call"] = function(self, params, cx)
  if type(params.name) ~= "string" then return nil, protocol.error("params", "name: string expected") end
  if params.arguments ~= nil and not is_object(params.arguments) then
    return nil, protocol.error("params", "arguments: object expected")
  end
  local meta = is_object(params._meta) and params._meta or {}
  if self.search then return search_tools.call(self, params, meta, cx) end
  local tool, failed = self.catalog:resolve(params.name)
  if failed then return self:tell(failed, nil, cx) end
  if not tool then return nil, protocol.error("params", "Unknown tool: " .. params.name) end
  return self:call(tool, params.arguments, params, meta, cx)
end

---------------------------------------------------------------------------------------------------
-- requests

local LEGACY = { initialize = true, ping = true }
local MODERN = { ["server/discover"] = true }

--- What is missing in a result of a modern revision.
local function complete(result)
  result.resultType = result.resultType or "complete"
  result._meta = { [protocol.meta.server] = server_info() }
  return result
end

--- Answers a request.
---@param method string
---@param params table
---@param cx bosa.mcp.Context
---@return table? result, bosa.mcp.Error? fault
function Service:answer(method, params, cx)
  local handler = methods[method]
  if not handler or cx.modern and LEGACY[method] or not cx.modern and MODERN[method] then
    return nil, protocol.error("method", "Method not found: " .. method)
  end
  local result, fault = handler(self, protocol.without_nulls(params), cx)
  if result and cx.modern then result = complete(result) end
  return result, fault
end

return service
