--- A server of the Model Context Protocol (version 2025-06-18) whose tools are the actions of connectors.
--
--   local server = require("bosa.mcp").new({ hub = hub, connectors = { "github" }, send = function(line) ... end })
--   server:receive(line)  -- each message of the client's
--   server:busy()         -- whether requests are under way
--   server:close()        -- ends them
--
-- It knows messages and nothing of how they travel: `bosa mcp` carries them over standard input and output. Requests
-- run as tasks (bosa.async), so that many are under way at once on the hub's one engine.

local core = require("bosa.core")
local loop = require("bosa.loop")
local sorted_json = require("bosa.sorted_json")
local task = require("bosa.task")
local tools = require("bosa.tools")

local mcp = {}

--- The versions of the protocol that are spoken, the newest first; what is sent is the same in both.
mcp.versions = { "2025-06-18", "2024-11-05" }

local PAGE = 50 -- tools in one answer of tools/list
local PROGRESS_EVERY = 0.1 -- seconds
local INTEGERS = rawget(_G, "jit") and "cdata" or nil -- how whole numbers are decoded without loss

local is_object = tools.is_object

local codes = { parse = -32700, request = -32600, method = -32601, params = -32602, internal = -32603 } -- of JSON-RPC

local INSTRUCTIONS = "Each tool calls one action of %s through a BOSA server. An answer is JSON with `data`; where it "
  .. "says `next_page`, call the tool again with those arguments for more. What is too long is cut, and says how to "
  .. "ask for less."

---@class bosa.mcp.Options : bosa.ToolCallOptions
---@field hub userdata
---@field connectors string[] whose actions are offered
---@field send fun(line: string) takes a message for the client: one line of JSON without its newline
---@field token string? and the other options of hub:call_tool

---@class bosa.mcp.Server
---@field hub userdata
---@field connectors string[]
---@field send fun(line: string)
---@field options bosa.ToolCallOptions
---@field running table<string, bosa.mcp.Running> by the request's id
---@field initialized boolean
---@field listing bosa.Task? that makes the list of tools
local Server = {}
Server.__index = Server

---@class bosa.mcp.Running
---@field task bosa.Task?
---@field call userdata|bosa.Task|nil the action's call
---@field cancelled boolean?

--- Makes a server. Misuse raises.
---@param options bosa.mcp.Options
---@return bosa.mcp.Server
function mcp.new(options)
  local own = { hub = options.hub, connectors = options.connectors, send = options.send, running = {} }
  assert(type(own.hub) == "userdata" and type(own.connectors) == "table" and type(own.send) == "function",
    "hub, connectors and send are needed")
  own.options, own.initialized = {}, false
  for name, value in pairs(options) do
    if own[name] == nil then own.options[name] = value end
  end
  tools.check_call_options(own.options, 2)
  return setmetatable(own, Server)
end

---------------------------------------------------------------------------------------------------
-- messages

local function is_id(value)
  return type(value) == "string" or type(value) == "number" or type(value) == "cdata"
end

--- An object without the members that are null: clients write null for what they leave out.
local function without_nulls(object)
  local kept = {}
  for name, value in pairs(object) do
    if value ~= core.null then kept[name] = value end
  end
  return kept
end

--- What tells requests apart: 1 and "1" are two.
local function key_of(id) return type(id) == "string" and "s" .. id or "n" .. tostring(id) end

local function post(server, message)
  message.jsonrpc = "2.0"
  server.send(sorted_json.line(message)) -- names in order: services keep a prompt that begins as another did
end

local function fail(server, id, code, text)
  post(server, { id = id == nil and core.null or id, error = { code = code, message = text } })
end

---------------------------------------------------------------------------------------------------
-- the list of tools

local function make_list(server)
  local list, names = {}, {}
  local shape = {
    format = "mcp", only = server.options.only, read_only = server.options.read_only, files = server.options.files,
  }
  for _, name in ipairs(server.connectors) do
    local some, err = server.hub:connect(name):tools(shape)
    if not some then return nil, err end
    for _, tool in ipairs(some) do
      if not names[tool.name] then list[#list + 1] = tool end
      names[tool.name] = true
    end
  end
  server.names = names
  return list
end

--- The tools as tools/list gives them, from all connectors. Made once; one that failed is tried again.
-- Waits: call it in a task, or let it block.
---@return table[]? list, table? err
function Server:list()
  if not self.listing then self.listing = task.spawn(make_list, self) end
  local listing = self.listing
  task.wait(listing)
  local list, err = loop.result(listing)
  if not list and self.listing == listing then self.listing = nil end
  return list, err
end

---------------------------------------------------------------------------------------------------
-- requests

-- Method -> function(server, params, running): a result, or nil, an error's code, and its text.
local handlers = {}

function handlers.initialize(server, params)
  local wanted = params.protocolVersion
  if type(wanted) ~= "string" then return nil, codes.params, "protocolVersion: string expected" end
  server.initialized = true
  local version = mcp.versions[1]
  for _, known in ipairs(mcp.versions) do
    if wanted == known then version = known end
  end
  return {
    protocolVersion = version,
    capabilities = { tools = core.object({}) },
    serverInfo = { name = "bosa", title = "BOSA", version = core.version },
    instructions = INSTRUCTIONS:format(table.concat(server.connectors, ", ")),
  }
end

function handlers.ping() return core.object({}) end

handlers["tools/list"] = function(server, params)
  local list, err = server:list()
  if not list then return nil, codes.internal, tostring(err) end
  local first = 1
  if params.cursor ~= nil then
    first = type(params.cursor) == "string" and tonumber(params.cursor:match("^%d+$")) or 0
    if first <= 1 or first > #list then return nil, codes.params, "cursor: not one that tools/list gave" end
  end
  local last = math.min(first + PAGE - 1, #list)
  local page = {}
  for i = first, last do page[#page + 1] = list[i] end
  return { tools = core.array(page), nextCursor = last < #list and ("%d"):format(last + 1) or nil }
end

--- Tells the client how far a call is, where it gave a token to tell by. What is told only ever grows, as the protocol
-- wants: an answer's bytes are counted on from those of the request, and so are those of another attempt.
local function progress_teller(server, token)
  local before, seen, told, told_at = 0, 0, 0, nil
  return function(done, total, direction)
    if done < seen then before = before + seen end
    seen = done
    local now = core.now()
    local early = told_at and now - told_at < PROGRESS_EVERY and done ~= total
    if before + done <= told or early then return end
    told, told_at = before + done, now
    post(server, { method = "notifications/progress", params = {
      progressToken = token, progress = told, total = total and before + total or nil,
      message = direction == "up" and "bytes sent" or "bytes received",
    } })
  end
end

--- The options of one call.
local function call_options(server, meta)
  local options = {}
  for name, value in pairs(server.options) do options[name] = value end
  local token = is_object(meta) and meta.progressToken
  if is_id(token) then options.on_progress = progress_teller(server, token) end
  return options
end

--- Runs a prepared call, which can be cancelled meanwhile.
local function run(prepared, running)
  local call, err = prepared.builder:start()
  if not call then return tools.finish(prepared, nil, err) end
  running.call = call
  return tools.finish(prepared, call:wait())
end

handlers["tools/call"] = function(server, params, running)
  if type(params.name) ~= "string" then return nil, codes.params, "name: string expected" end
  if params.arguments ~= nil and not is_object(params.arguments) then
    return nil, codes.params, "arguments: object expected"
  end
  local list, err = server:list()
  if not list then return nil, codes.internal, tostring(err) end
  if not server.names[params.name] then return nil, codes.params, "Unknown tool: " .. params.name end
  local options = call_options(server, params._meta)
  local tool, result = tools.find(server.hub, params.name, options)
  local prepared
  if tool then prepared, result = tools.prepare(server.hub, tool, params.arguments, options) end
  if prepared then result = run(prepared, running) end
  return {
    content = { { type = "text", text = result.content } }, isError = result.is_error,
    structuredContent = result.structured,
  }
end

local function handle(server, request, running)
  local handler = handlers[request.method]
  if not handler then return nil, codes.method, "Method not found: " .. request.method end
  if not server.initialized and request.method ~= "initialize" and request.method ~= "ping" then
    return nil, codes.request, "The session begins with initialize"
  end
  return handler(server, without_nulls(request.params or {}), running)
end

--- Answers a request, unless it was cancelled.
local function answer(server, request, running)
  local result, code, text = handle(server, request, running)
  if running.cancelled then return end
  if result then
    post(server, { id = request.id, result = result })
  else
    fail(server, request.id, code, text)
  end
end

--- Answers a request, also one that fails in a way that nobody thought of.
local function take_request(server, request, running)
  local ok, why = pcall(answer, server, request, running)
  if running.cancelled then return end
  server.running[key_of(request.id)] = nil
  if ok then return end
  loop.host().report(tostring(why))
  fail(server, request.id, codes.internal, "Internal error")
end

local function cancel(running)
  running.cancelled = true
  if running.call then running.call:cancel() end
  if running.task then running.task:cancel() end
end

--- A notification: only that a request is to be cancelled asks for something. The protocol forbids it of initialize.
local function take_notice(server, notice)
  if notice.method ~= "notifications/cancelled" or not is_object(notice.params) then return end
  local id = notice.params.requestId
  local running = is_id(id) and server.running[key_of(id)]
  if not running then return end
  server.running[key_of(id)] = nil
  cancel(running)
end

--- What is wrong with a message; nil: nothing.
local function fault_of(server, message)
  if not is_object(message) then return "a message is a JSON object" end
  if message.jsonrpc ~= "2.0" then return 'jsonrpc: "2.0" expected' end
  if type(message.method) ~= "string" then return "method: string expected" end
  if message.params == core.null then message.params = nil end
  if message.params ~= nil and not is_object(message.params) then return "params: object expected" end
  if message.id == nil then return nil end
  if not is_id(message.id) then return "id: string or number expected" end
  if server.running[key_of(message.id)] then return "id: a request with this one is under way" end
  return nil
end

local function is_answer(message)
  return is_object(message) and message.method == nil and (message.result ~= nil or message.error ~= nil)
end

--- Takes a message of the client's: one line of JSON. What is wrong with it is told to the client.
---@param line string
function Server:receive(line)
  local message, err = core.json.decode(line, INTEGERS)
  if err then return fail(self, nil, codes.parse, "Parse error: " .. tostring(err.message or err)) end
  if is_answer(message) then return end -- to nothing that was asked
  local fault = fault_of(self, message)
  if fault then
    local id = is_object(message) and is_id(message.id) and message.id or nil
    if id and self.running[key_of(id)] then id = nil end -- or it would be taken for the answer that is to come
    return fail(self, id, codes.request, "Invalid request: " .. fault)
  end
  if message.id == nil then return take_notice(self, message) end
  local running = {}
  self.running[key_of(message.id)] = running
  running.task = task.spawn(take_request, self, message, running)
end

--- Tells the client that a message of its can't be read.
---@param why string
function Server:refuse(why) fail(self, nil, codes.parse, "Parse error: " .. why) end

--- Whether requests are under way.
---@return boolean
function Server:busy() return next(self.running) ~= nil end

--- Ends what is under way, without an answer.
function Server:close()
  local running = self.running
  self.running = {}
  for _, one in pairs(running) do cancel(one) end
  if self.listing then task.cancel(self.listing) end
end

return mcp
