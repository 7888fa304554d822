--- Holds messages of a server of the Model Context Protocol against the protocol's own schemas, where these are there
-- (spec.support.shared).

local bosa = require("bosa")
local shared = require("spec.support.shared")

local protocol = {}

-- the schema that a revision's messages are held against: the oldest two have none of their own here
local SCHEMA_OF = { ["2024-11-05"] = "2025-06-18", ["2025-03-26"] = "2025-06-18" }
local RESULTS = {
  initialize = "InitializeResult", ping = "EmptyResult", ["tools/list"] = "ListToolsResult",
  ["server/discover"] = "DiscoverResult", ["tools/call"] = "CallToolResult",
}
local ERRORS = {
  [-32020] = "HeaderMismatchError", [-32021] = "MissingRequiredClientCapabilityError",
  [-32022] = "UnsupportedProtocolVersionError", [-32042] = "URLElicitationRequiredError",
}

local compiled = {}

local function schema(revision, definition)
  local key = revision .. definition
  if compiled[key] == nil then compiled[key] = shared.protocol(revision, definition) or false end
  return compiled[key]
end

local function check(revision, definition, value)
  local one = schema(revision, definition)
  if not one then return end
  local ok, err = one:check(value)
  if not ok then error(("%s %s: %s\n%s"):format(revision, definition, tostring(err), bosa.json.encode(value)), 0) end
end

local function error_definition(revision, code)
  if code == -32042 and revision < "2025-11-25" then return nil end
  if code ~= -32042 and revision < "2026-07-28" then return nil end
  return ERRORS[code]
end

--- Raises unless a message is what the protocol allows.
---@param message table as decoded
---@param revision string that was spoken
---@param method string? of the request that it answers
function protocol.check(message, revision, method)
  revision = SCHEMA_OF[revision] or revision
  if message.method then
    return check(revision, message.id == nil and "ServerNotification" or "ServerRequest", message)
  end
  if message.error then
    if message.id == bosa.null then message.id = nil end -- to a message without an id that can be read
    if message.id ~= nil or revision >= "2025-11-25" then
      check(revision, revision < "2025-11-25" and "JSONRPCError" or "JSONRPCErrorResponse", message)
    end
    local definition = error_definition(revision, message.error.code)
    return definition and check(revision, definition, message)
  end
  check(revision, revision < "2025-11-25" and "JSONRPCResponse" or "JSONRPCResultResponse", message)
  local definition = RESULTS[method]
  if message.result.resultType == "input_required" then definition = "InputRequiredResult" end
  if definition then check(revision, definition, message.result) end
end

local META = "io.modelcontextprotocol/"

--- What a modern request says of itself.
---@param more table? further members of `_meta`
---@param capabilities table?
function protocol.meta(more, capabilities)
  local meta = {
    [META .. "protocolVersion"] = "2026-07-28", [META .. "clientCapabilities"] = capabilities or bosa.object({}),
    [META .. "clientInfo"] = { name = "spec", version = "1" },
  }
  for name, value in pairs(more or {}) do meta[name] = value end
  return meta
end

--- A client of a server in this process: every message that the server sends is checked.
---   client:ask(method, params) -> message   client:modern(method, params, capabilities) -> message
---   client.notes: the notifications since the last request
---@param make fun(send: fun(line: string)): bosa.mcp.Server
---@param revision string? of a legacy client; it shakes hands at once
function protocol.client(make, revision, capabilities)
  local client = { notes = {}, methods = {}, answers = {}, revision = revision or "2026-07-28", id = 0 }
  client.server = make(function(line)
    local message = assert(not line:find("\n") and bosa.json.decode(line))
    local method, spoken = client.methods[message.id], client.revision
    if method == "initialize" or method == "ping" then spoken = "2025-11-25" end -- of the handshake's era
    local fine, fault = pcall(protocol.check, message, spoken, method)
    if not fine then client.fault = client.fault or fault end -- raised here it would be the server's
    if message.method then
      client.notes[#client.notes + 1] = message
    else
      client.answers[message.id or "none"] = message
    end
  end)

  --- Sends a request and doesn't wait: its id.
  function client.send(_, method, params)
    client.id = client.id + 1
    client.methods[client.id] = method
    client.server:receive(assert(bosa.json.encode({
      jsonrpc = "2.0", id = client.id, method = method, params = params,
    })))
    return client.id
  end

  --- The answer to a request; what runs meanwhile is waited for.
  function client.ask(self, method, params)
    self.notes = {}
    local id = self:send(method, params)
    local running = self.server.running["n" .. id]
    if running then require("bosa.task").wait(running.task) end
    if self.fault then error(self.fault, 2) end
    return self.answers[id]
  end

  function client.modern(self, method, params, can)
    params = params or {}
    params._meta = protocol.meta(params._meta, can)
    return self:ask(method, params)
  end

  if revision then
    client:ask("initialize", {
      protocolVersion = revision, capabilities = capabilities or bosa.object({}),
      clientInfo = { name = "spec", version = "1" },
    })
  end
  return client
end

return protocol
