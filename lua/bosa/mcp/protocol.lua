--- What the Model Context Protocol's revisions are and how they differ.
--
-- Legacy revisions begin with a handshake (`initialize`). Modern ones have none: each request says its revision, and
-- what the client can do, in `params._meta`, so that it can be answered by anyone at any time.

local core = require("bosa.core")
local is_object = require("bosa.tools.options").is_object

local protocol = {}

local INTEGERS = rawget(_G, "jit") and "cdata" or nil -- how whole numbers are decoded without loss

--- The revisions that are spoken, the newest first.
protocol.modern = { "2026-07-28" }
protocol.legacy = { "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" }

protocol.WITHOUT_HEADER = "2025-03-26" -- what a legacy request over HTTP speaks that doesn't say

protocol.codes = {
  parse = -32700, request = -32600, method = -32601, params = -32602, internal = -32603, -- JSON-RPC's
  header = -32020, capability = -32021, version = -32022, elicitation = -32042,
}

local PREFIX = "io.modelcontextprotocol/"
local MAX_BATCH = 100 -- messages that may come as one

--- The names in `_meta` that are the protocol's.
protocol.meta = {
  version = PREFIX .. "protocolVersion", capabilities = PREFIX .. "clientCapabilities", server = PREFIX .. "serverInfo",
}

local function has(list, wanted)
  for _, value in ipairs(list) do
    if value == wanted then return true end
  end
  return false
end

--- Whether a legacy revision is spoken.
---@param version any
---@return boolean
function protocol.is_legacy(version) return has(protocol.legacy, version) end

--- Whether a modern revision is spoken.
---@param version any
---@return boolean
function protocol.is_modern(version) return has(protocol.modern, version) end

--- All revisions, the newest first.
---@return string[]
function protocol.versions()
  local all = core.array({})
  for _, list in ipairs({ protocol.modern, protocol.legacy }) do
    for _, version in ipairs(list) do all[#all + 1] = version end
  end
  return all
end

--- The revision of a session: the one that `initialize` asks for where it is spoken, else the newest of these.
---@param asked string
---@return string
function protocol.agree(asked) return protocol.is_legacy(asked) and asked or protocol.legacy[1] end

--- An error of the protocol, to be given to a client.
---@class bosa.mcp.Error
---@field code integer
---@field message string
---@field data table?

---@param code "parse"|"request"|"method"|"params"|"internal"|"header"|"capability"|"version"|"elicitation"
---@param message string
---@param data table?
---@return bosa.mcp.Error
function protocol.error(code, message, data)
  return { code = protocol.codes[code], message = message, data = data }
end

--- The response that is an error.
---@param id string|number? of the request, where it is known
---@param fault bosa.mcp.Error
---@return table message
function protocol.refusal(id, fault) return { id = id == nil and core.null or id, error = fault } end

---------------------------------------------------------------------------------------------------
-- messages

--- Whether a value can be a request's id, or a token to tell progress by.
function protocol.is_id(value)
  return type(value) == "string" or type(value) == "number" or type(value) == "cdata"
end

--- What tells requests apart: 1 and "1" are two.
function protocol.key_of(id) return type(id) == "string" and "s" .. id or "n" .. tostring(id) end

--- Reads a message: the value, or nil and why not.
---@param text string
---@return any? message, string? why
function protocol.read(text)
  local message, err = core.json.decode(text, INTEGERS, true)
  if err then return nil, tostring(err.message or err) end
  return message
end

--- A message, or a list of them, as one line; names in order, since services keep a prompt that begins as another did.
---@param message table
---@return string
function protocol.write(message)
  for _, one in ipairs(message[1] and message or { message }) do one.jsonrpc = "2.0" end
  return assert(core.json.encode(message, { sorted = true }))
end

--- Whether a revision's clients may send several messages as one.
---@param version string?
---@return boolean
function protocol.has_batches(version) return version == "2025-03-26" or version == "2024-11-05" end

--- What is wrong with several messages that came as one; nil: nothing.
---@param messages any[]
---@return bosa.mcp.Error?
function protocol.fault_of_batch(messages)
  if #messages <= MAX_BATCH then return nil end
  return protocol.error("request", ("Invalid request: at most %d messages at once"):format(MAX_BATCH))
end

--- What is wrong with a message's shape; nil: nothing.
---@param message any
---@return string?
function protocol.fault_of(message)
  if not is_object(message) then return "a message is a JSON object" end
  if message.jsonrpc ~= "2.0" then return 'jsonrpc: "2.0" expected' end
  if type(message.method) ~= "string" then return "method: string expected" end
  if message.params == core.null then message.params = nil end
  if message.params ~= nil and not is_object(message.params) then return "params: object expected" end
  if message.id ~= nil and not protocol.is_id(message.id) then return "id: string or number expected" end
  return nil
end

--- Whether a message answers a request.
---@param message any
---@return boolean
function protocol.is_answer(message)
  return is_object(message) and message.method == nil and (message.result ~= nil or message.error ~= nil)
end

--- An object without the members that are null: clients write null for what they leave out.
---@param object table
---@return table
function protocol.without_nulls(object)
  local kept = {}
  for name, value in pairs(object) do
    if value ~= core.null then kept[name] = value end
  end
  return kept
end

---------------------------------------------------------------------------------------------------
-- eras

--- How a request is to be answered.
---@class bosa.mcp.Context
---@field modern boolean
---@field version string
---@field capabilities table what the client can do
---@field notify fun(message: table) sends a notification of the request's
---@field running table where what can be cancelled is put: `call`
---@field token string? the caller's own

--- Whether a request says its revision itself, and so is modern.
---@param params table
---@return boolean
function protocol.says_version(params)
  return is_object(params._meta) and params._meta[protocol.meta.version] ~= nil
end

--- What a modern request says of itself.
---@param params table
---@return { version: string, capabilities: table }? said, bosa.mcp.Error? fault
function protocol.read_meta(params)
  local version = params._meta[protocol.meta.version]
  local capabilities = params._meta[protocol.meta.capabilities]
  if type(version) ~= "string" then
    return nil, protocol.error("params", "_meta." .. protocol.meta.version .. ": string expected")
  end
  if not protocol.is_modern(version) then
    return nil, protocol.error("version", "Unsupported protocol version", {
      supported = protocol.versions(), requested = version,
    })
  end
  if not is_object(capabilities) then
    return nil, protocol.error("params", "_meta." .. protocol.meta.capabilities .. ": object expected")
  end
  return { version = version, capabilities = capabilities }
end

--- A tool as a revision knows it: what is newer is left out.
---@param tool table
---@param version string
---@return table
function protocol.tool_for(tool, version)
  if version >= "2025-06-18" then return tool end
  local older = { name = tool.name, description = tool.description, inputSchema = tool.inputSchema }
  if version >= "2025-03-26" and tool.annotations then
    older.annotations = { title = tool.title }
    for name, value in pairs(tool.annotations) do older.annotations[name] = value end
  end
  return older
end

return protocol
