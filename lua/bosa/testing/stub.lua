--- A server made of functions: the responses of actions for tests that need no server.
--
-- It stands behind the hub as a transport, so parameters are checked, requests made and answers read by the real core.

local core = require("bosa.core")
local describe = require("bosa.describe")
local loop = require("bosa.loop")
local message_body = require("bosa.testing.body")
local snapshot = require("bosa.snapshot")

local stub = {}

-- what a hub without a server has for secrets; unlike any word, since secrets are taken out of errors
stub.KEY, stub.TOKEN = "sk-client-of-no-server", "token-of-no-server"

local JSON_HEADERS = { ["Content-Type"] = "application/json" }
local STATUS = { auth = 401, not_found = 404, rate_limit = 429, api = 400, server = 500 } -- unless the stub names one
local NETWORK = { connection = true, timeout = true, tls = true, protocol = true, file = true }

--- What a stub answers: data, a file (bosa.file{ file = bytes }), an error (bosa.testing.error), or a function that
-- returns `data, meta`, or `nil, err`; it is given the parameters as they were sent and { connector, action, headers }.
---@alias bosa.testing.Answer any|fun(params: table, request: table): any, any

--- A made-up error, of which the hub makes a real one.
local Failure = { __name = "bosa.testing.error" }
stub.Failure = Failure

---@class bosa.testing.Stub
---@field hub userdata the hub that it answers
local Stub = {}
Stub.__index = Stub
Stub.__name = "bosa.testing.stub"

---------------------------------------------------------------------------------------------------
-- schemas

--- What discovery would say of an action that takes anything.
local function open_entry(connector, action)
  local properties = { page = core.object({}), cursor = core.object({}), limit = core.object({}) }
  return {
    method = "POST",
    path = "/connectors/" .. connector .. "/" .. action,
    docstring = "A stub that takes any parameters.",
    parameters = { request = { schema = { type = "object", properties = properties, additionalProperties = true } } },
    response = { type = "any" },
  }
end

--- The connectors to pretend: those of the schemas, and those of stubs that no schema is given for.
local function complete(connectors, stubs)
  local all = core.object({})
  for name, actions in pairs(connectors) do all[name] = actions end
  for name, answers in pairs(stubs) do
    if not connectors[name] then
      all[name] = core.object({})
      for action in pairs(answers) do all[name][action] = open_entry(name, action) end
    end
  end
  return all
end

--- A stub that doesn't fit the schemas, as a message; nil: all do.
local function misfit(connectors, stubs)
  for name, answers in pairs(stubs) do
    if type(answers) ~= "table" then
      return ("stubs.%s: table of actions expected, got %s"):format(name, type(answers))
    end
    for action in pairs(answers) do
      if connectors[name] and not connectors[name][action] then
        return ("stubs.%s: the schemas have no action `%s`"):format(name, tostring(action))
      end
    end
  end
  return nil
end

---------------------------------------------------------------------------------------------------
-- parameters

local function typed_text(kind, text)
  if kind:find("boolean", 1, true) and (text == "true" or text == "false") then return text == "true" end
  if kind:find("integer", 1, true) or kind:find("number", 1, true) then
    local value, err = core.json.decode(text)
    return err and text or value
  end
  return text
end

--- One field of a form, typed as its schema says; a file is { file =, filename =, content_type = }.
local function typed(kinds, name, texts)
  local kind = kinds[name] or "string"
  local values = {}
  for i, text in ipairs(texts) do values[i] = type(text) == "table" and text or typed_text(kind, text) end
  if kind:find("array of", 1, true) then return core.array(values) end
  return values[1]
end

local function part_value(part)
  local bytes = part.text or message_body.decode64(part.base64)
  if not part.filename then return bytes end
  return { file = bytes, filename = part.filename, content_type = part.content_type }
end

--- The parameters that a request carries.
function Stub:params_of(connector, action, headers, bytes)
  local body = message_body.read(headers["Content-Type"], bytes) or {}
  if body.json ~= nil then return body.json end
  if body.text and not body.form then return core.json.decode(body.text) or {} end
  local form = body.form or {}
  for _, part in ipairs(body.parts or {}) do
    form[part.name] = form[part.name] or {}
    table.insert(form[part.name], part_value(part))
  end
  local kinds, params = {}, {}
  for _, known in ipairs(describe.get_action_parameters(self.hub:connect(connector), action) or {}) do
    kinds[known.name] = known.type
  end
  for name, texts in pairs(form) do params[name] = typed(kinds, name, texts) end
  return params
end

---------------------------------------------------------------------------------------------------
-- answers

local function json_reply(value, status)
  local text, err = core.json.encode(value)
  if text then return { status = status or 200, headers = JSON_HEADERS, body = text } end
  return nil, { kind = "protocol", message = "the stub's response can't be JSON: " .. err.message, sent = "yes" }
end

local function file_reply(file)
  local name = file.filename or "file"
  return {
    status = 200,
    headers = {
      ["Content-Type"] = file.content_type or "application/octet-stream",
      ["Content-Disposition"] = ('attachment; filename="%s"'):format(name:gsub('["%c]', "_")),
    },
    body = file.file or "",
  }
end

local function kind_of(status)
  for kind, own in pairs(STATUS) do
    if own == status then return kind end
  end
  return status == 403 and "auth" or status >= 500 and "server" or "api"
end

--- An error by its status, as a server words it.
local function error_reply(err, status)
  local headers = { ["Content-Type"] = "application/json" }
  if err.retry_after then headers["Retry-After"] = tostring(err.retry_after) end
  if err.reference_id then headers["X-Request-ID"] = err.reference_id end
  local said = { message = err.message or "the stub says no", code = err.code, details = err.details }
  if err.retryable ~= nil then said.recovery = { retryable = err.retryable } end
  local reply, why = json_reply({ error = said }, status)
  if reply then reply.headers = headers end
  return reply, why
end

--- An error of a kind that no answer and no network has: it takes the place of the call's own.
local function instead(err, connector, action)
  local made = { connector = connector, action = action, sent = "no", retryable = false }
  for name, value in pairs(err) do made[name] = value end
  made.message = made.message or made.kind
  return nil, { kind = "protocol", message = made.message, instead = core.new_error(made) }
end

--- What a stub's error becomes: a server's response, a network's failure, or an error as it stands.
local function fail(err, connector, action)
  if type(err) ~= "table" then err = { kind = "server", message = tostring(err) } end
  local status = err.status or STATUS[err.kind] or (not err.kind and 500) or nil
  if status and status >= 400 and (not err.kind or err.kind == kind_of(status)) then return error_reply(err, status) end
  if NETWORK[err.kind] and not err.status then
    return nil, { kind = err.kind, message = err.message or "the stub says so", sent = err.sent }
  end
  return instead(err, connector, action)
end

local function is_file(value) return type(value) == "userdata" and getmetatable(value) == core.classes.file end

--- An empty table is a list, unless the schema of the response says that it is an object.
local function listed(data, entry)
  if type(data) ~= "table" or next(data) ~= nil or getmetatable(data) then return data end
  local response = type(entry) == "table" and type(entry.response) == "table" and entry.response or {}
  local schema = type(response.properties) == "table" and response.properties.data or response
  return schema.type == "object" and core.object(data) or core.array(data)
end

--- The reply that stands for what a stub gave.
local function reply_of(data, meta, place)
  if getmetatable(data) == Failure then return fail(data, place.connector, place.action) end
  if data == nil and meta ~= nil then return fail(meta, place.connector, place.action) end
  if is_file(data) then return file_reply(data) end
  if data == nil then data = core.null end
  if meta == nil then meta = core.null end
  return json_reply({ data = listed(data, place.entry), meta = meta })
end

local function raised(name, message)
  local text = ("the stub of %s raised: %s"):format(name, loop.text(message))
  return nil, { kind = "protocol", message = text, sent = "yes" }
end

local function answer(given, name, params, place)
  if type(given) ~= "function" then return reply_of(given, nil, place) end
  local ok, data, meta = pcall(given, params, place.request)
  if not ok then return raised(name, data) end
  return reply_of(data, meta, place)
end

---------------------------------------------------------------------------------------------------
-- requests

function Stub:note(connector, action, params)
  self.seen[connector] = self.seen[connector] or {}
  local list = self.seen[connector][action] or {}
  self.seen[connector][action] = list
  list[#list + 1] = params
end

function Stub:answer_action(connector, action, request)
  local params = self:params_of(connector, action, request.headers, request.body)
  self:note(connector, action, params)
  local given = (self.stubs[connector] or {})[action]
  local name = connector .. "." .. action
  if given == nil then
    return nil, { kind = "protocol", message = "there is no stub of " .. name, sent = "no" }
  end
  return answer(given, name, params, {
    connector = connector,
    action = action,
    entry = self.connectors[connector][action],
    request = { connector = connector, action = action, headers = request.headers },
  })
end

--- What a request without a stub of an action is about: a route of the caller's, names, schemas, or nothing.
function Stub:answer_other(request, path)
  local name = request.method .. " " .. path
  local given = self.routes[name]
  if given ~= nil then
    local body = message_body.read(request.headers["Content-Type"], request.body)
    return answer(given, name, body and body.json, { request = { headers = request.headers } })
  end
  if name == "GET /connectors/names" then return json_reply(core.array(snapshot.names(self.hub))) end
  if path:find("^/connectors/%?modules=") then return json_reply({}) end
  return nil, { kind = "protocol", message = ("there is no stub of %s; name it in `routes`"):format(name), sent = "no" }
end

function Stub:handle(request)
  local path = request.url:match("^%a+://[^/]+(.*)$")
  local place = request.method == "POST" and self.paths[path]
  if place then return self:answer_action(place.connector, place.action, request) end
  return self:answer_other(request, path)
end

--- The parameters of every call of an action that came so far, in order.
---@param connector string
---@param action string
---@return table[]
function Stub:calls(connector, action)
  local list = {}
  for i, params in ipairs((self.seen[connector] or {})[action] or {}) do list[i] = params end
  return list
end

--- Changes what an action answers from now on.
---@param connector string
---@param action string
---@param given bosa.testing.Answer
function Stub:set(connector, action, given)
  if not (self.connectors[connector] or {})[action] then
    error(("stub %s.%s: there is no such action"):format(tostring(connector), tostring(action)), 2)
  end
  self.stubs[connector] = self.stubs[connector] or {}
  self.stubs[connector][action] = given
end

--- Forgets the calls so far.
function Stub:reset() self.seen = {} end

--- The paths that actions are run at.
local function paths_of(connectors)
  local paths = {}
  for connector, actions in pairs(connectors) do
    for action, entry in pairs(actions) do
      if type(entry) == "table" and entry.path then paths[entry.path] = { connector = connector, action = action } end
    end
  end
  return paths
end

--- A stub and its hub, or `nil, err` (schemas that can't be read), or `nil, nil, message` (misuse).
---@param settings { schemas: bosa.Snapshot?, stubs: table?, routes: table? }
---@param options table of bosa.new
---@return bosa.testing.Stub? stub, table? err, string? misuse
function stub.new(settings, options)
  local known, err = snapshot.read(settings.schemas or {})
  if not known then return nil, err end
  local stubs = settings.stubs or {}
  local wrong = misfit(known, stubs)
  if wrong then return nil, nil, wrong end
  local connectors = complete(known, stubs)
  local self = setmetatable({
    connectors = connectors, paths = paths_of(connectors), stubs = {}, routes = settings.routes or {}, seen = {},
  }, Stub)
  for name, answers in pairs(stubs) do
    self.stubs[name] = {}
    for action, given in pairs(answers) do self.stubs[name][action] = given end
  end
  options.snapshot = connectors
  options.transport = function(request) return self:handle(request) end
  self.hub, err = core.new(options)
  if not self.hub then return nil, err end
  return self
end

return stub
