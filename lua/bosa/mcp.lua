--- A server of the Model Context Protocol whose tools are the actions of connectors.
--
--   local server = require("bosa.mcp").new({ hub = hub, connectors = { "github" }, send = function(line) ... end })
--   server:receive(line)  -- each message of the client's
--   server:busy()         -- whether requests are under way
--   server:close()        -- ends them
--
-- It knows messages and nothing of how they travel: `bosa mcp` carries them over standard input and output. Clients of
-- the stateless revision and of those with a handshake are served alike (bosa.mcp.protocol). Requests run as tasks
-- (bosa.async), so that many are under way at once on the hub's one engine.

local core = require("bosa.load_core")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local protocol = require("bosa.mcp.protocol")
local request_id = require("bosa.mcp.request_id")
local service = require("bosa.mcp.service")
local task = require("bosa.task")
local is_object = require("bosa.tools").is_object

local mcp = {}

--- The revisions of the protocol that are spoken, the newest first.
mcp.versions = protocol.versions()

---@class bosa.mcp.Options : bosa.ToolCallOptions
---@field hub userdata
---@field connectors string[] whose actions are offered; may be left out with `search`
---@field send fun(line: string) takes a message for the client: one line of JSON without its newline
---@field accounts table<string, string>? connector -> the account that acts there
---@field callback_uri string? where the browser ends that connected an account (the server's own address)
---@field search boolean? offer three tools that find, describe and call actions
---@field token string? and the other options of hub:call_tool

---@class bosa.mcp.Server
---@field service bosa.mcp.Service
---@field send fun(line: string)
---@field running table<string, bosa.mcp.Running> by the request's id
---@field version string? the legacy revision that `initialize` agreed on
---@field capabilities table what a legacy client can do
---@field closed boolean?
local Server = {}
Server.__index = Server

---@class bosa.mcp.Running
---@field task bosa.Task?
---@field call userdata|bosa.Task|nil the action's call
---@field cancelled boolean?
---@field reply fun(message: table?) takes the answer; nil: there is none

--- Makes a server. Misuse raises.
---@param options bosa.mcp.Options
---@return bosa.mcp.Server
function mcp.new(options)
  if type(options) ~= "table" then misuse.raise(2, "options: table expected, got %s", type(options)) end
  if type(options.send) ~= "function" then
    misuse.raise(2, "option `send`: function expected, got %s", type(options.send))
  end
  local rest = {}
  for name, value in pairs(options) do
    if name ~= "send" then rest[name] = value end
  end
  return setmetatable({
    service = service.new(rest, 2), send = options.send, running = {}, capabilities = {},
  }, Server)
end

---------------------------------------------------------------------------------------------------
-- messages

local function post(server, message) server.send(protocol.write(message)) end

--- What takes the response to a message that came alone.
local function alone(server)
  return function(message)
    if message then post(server, message) end
  end
end

--- What takes the responses to the messages of a batch, which go out together.
local function together(server, count)
  local answers = core.array({})
  return function(message)
    if message then answers[#answers + 1] = message end
    count = count - 1
    if count == 0 and answers[1] and not server.closed then post(server, answers) end
  end
end

--- How a request is to be answered, or what is wrong with it.
---@return bosa.mcp.Context? cx, bosa.mcp.Error? fault
local function context_of(server, request, running)
  local params = request.params or {}
  local function notify(message)
    if not running.cancelled then post(server, message) end
  end
  if protocol.says_version(params) then
    local said, fault = protocol.read_meta(params)
    if not said then return nil, fault end
    return {
      modern = true, version = said.version, capabilities = said.capabilities, notify = notify, running = running,
    }
  end
  if request.method == "server/discover" then
    return nil, protocol.error("params", "_meta." .. protocol.meta.version .. " is needed")
  end
  if not server.version and request.method ~= "initialize" and request.method ~= "ping" then
    return nil, protocol.error("request", "The session begins with initialize")
  end
  return {
    modern = false, version = server.version or protocol.legacy[1], capabilities = server.capabilities,
    notify = notify, running = running,
  }
end

--- `initialize` chooses what the messages after it mean.
local function adopt(server, params, result)
  server.version = result.protocolVersion
  server.capabilities = is_object(params.capabilities) and params.capabilities or {}
end

--- Answers a request, unless it was cancelled.
local function answer(server, request, running)
  local cx, fault = context_of(server, request, running)
  local result
  if cx then result, fault = server.service:answer(request.method, request.params or {}, cx) end
  if running.cancelled then return end
  if not result then return running.reply(protocol.refusal(request.id, fault)) end
  if request.method == "initialize" then adopt(server, request.params, result) end
  running.reply({ id = request.id, result = result })
end

--- Answers a request, also one that fails in a way that nobody thought of.
local function take_request(server, request, running)
  local ok, why = pcall(answer, server, request, running)
  if running.cancelled then return end
  server.running[protocol.key_of(request.id)] = nil
  if ok then return end
  loop.host().report(loop.text(why))
  running.reply(protocol.refusal(request.id, protocol.error("internal", "Internal error")))
end

local function cancel(running)
  running.cancelled = true
  running.reply(nil)
  if running.call then running.call:cancel() end
  if running.task then running.task:cancel() end
end

--- A notification: only that a request is to be cancelled asks for something.
local function take_notice(server, notice)
  if notice.method ~= "notifications/cancelled" or not is_object(notice.params) then return end
  local id = notice.params.requestId
  local key = protocol.is_id(id) and protocol.key_of(id)
  local running = key and server.running[key]
  if not running then return end
  server.running[key] = nil
  cancel(running)
end

--- Takes one message; `reply` is called once, with its response or without.
local function take(self, message, reply)
  if protocol.is_answer(message) then return reply(nil) end -- to nothing that was asked
  local fault = protocol.fault_of(message)
  local id = is_object(message) and protocol.is_id(message.id) and message.id or nil
  local key = id ~= nil and protocol.key_of(id)
  if key and self.running[key] then
    fault, id = "id: a request with this one is under way", nil -- or it would be taken for the response that is to come
  end
  if fault then return reply(protocol.refusal(id, protocol.error("request", "Invalid request: " .. fault))) end
  if message.id == nil then
    take_notice(self, message)
    return reply(nil)
  end
  local running = { reply = reply }
  self.running[key] = running
  running.task = task.spawn(take_request, self, message, running)
  if running.task.error then -- it could not begin
    self.running[key] = nil
    reply(protocol.refusal(id, protocol.error("internal", running.task.error.message)))
  end
end

--- Takes what the client sent: one line of JSON. What is wrong with it is told to the client.
---@param line string
function Server:receive(line)
  misuse.check_type(line, "string", 1, "receive")
  local message, why = protocol.read(line)
  if why then return self:refuse(why, request_id.find(line)) end
  if type(message) ~= "table" or message[1] == nil or not protocol.has_batches(self.version) then
    return take(self, message, alone(self))
  end
  local fault = protocol.fault_of_batch(message)
  if fault then return post(self, protocol.refusal(nil, fault)) end
  local reply = together(self, #message)
  for _, one in ipairs(message) do take(self, one, reply) end
end

--- Tells the client that a message of its can't be read.
---@param why string
---@param id string|number? of the request, where it is known
function Server:refuse(why, id) post(self, protocol.refusal(id, protocol.error("parse", "Parse error: " .. why))) end

--- The tools as tools/list gives them, from all connectors that can be loaded. Waits: call it in a task, or let it
--- block.
---@return table[] list
---@return table<string, bosa.Error> failed connector -> why it can't be loaded
function Server:list() return self.service:list() end

--- Whether requests are under way.
---@return boolean
function Server:busy() return next(self.running) ~= nil end

--- Ends what is under way, without a response.
function Server:close()
  local running = self.running
  self.running, self.closed = {}, true
  for _, one in pairs(running) do cancel(one) end
end

return mcp
