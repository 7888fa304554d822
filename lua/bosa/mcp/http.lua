--- Streamable HTTP of the Model Context Protocol, in a content handler of nginx.
--
--   local hub = bosa.new({ cache = ngx.shared.bosa })                       -- once, in a module
--   require("bosa.mcp.http").handle({ hub = hub, connectors = { "github" }, allowed_origins = {} })
--
-- Nothing is kept between two requests but schemas, so any number of workers and machines serve one hub. A response is
-- JSON, or a stream of events once there is progress to tell or the call takes long. The client that closes it cancels
-- the call (with `lua_check_client_abort on`). Each caller acts by the token in its Authorization header; the API key
-- stays here.

local core = require("bosa.load_core")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local protocol = require("bosa.mcp.protocol")
local request_id = require("bosa.mcp.request_id")
local service = require("bosa.mcp.service")
local checked = require("bosa.tools.options")
local semaphore = rawget(_G, "ngx") and require("ngx.semaphore")

local http = {}

local is_object = checked.is_object

local MAX_BODY = 4 * 1024 * 1024 -- bytes of a request
local MAX_TIME = 300 -- seconds that a request may take
local KEEP_ALIVE = 15 -- seconds of silence after which a stream says that it is there
local MOST_ENDPOINTS = 16 -- kept for the options that handle() was given

-- the status of a response by its error's code; 200 for others
local STATUS = {
  [protocol.codes.parse] = 400, [protocol.codes.request] = 400, [protocol.codes.header] = 400,
  [protocol.codes.capability] = 400, [protocol.codes.version] = 400,
}

---@class bosa.mcp.HttpOptions : bosa.ToolCallOptions
---@field hub userdata
---@field connectors string[] whose actions are offered; may be left out with `search`
---@field allowed_origins string[]? of pages that may call; `http://localhost:*` stands for any port (none)
---@field max_body integer? bytes of a request (4 MiB); nginx's client_max_body_size comes first
---@field max_time number? seconds that a request may take (300)
---@field resource_metadata string? URL that a 401 names
---@field accounts table<string, string>? connector -> the account that acts there
---@field callback_uri string? where the browser ends that connected an account
---@field state_secret string? signs questions to users: 16 bytes or more, the same on all machines (made at random)
---@field search boolean? offer three tools that find, describe and call actions
---@field token string? the token of callers without one; nil: they are told to have one

---@class bosa.mcp.Endpoint
---@field service bosa.mcp.Service
---@field options bosa.mcp.HttpOptions
local Endpoint = {}
Endpoint.__index = Endpoint

local OWN = {
  allowed_origins = checked.strings, max_body = misuse.whole(1), resource_metadata = "string",
  max_time = function(value)
    if type(value) ~= "number" then return "number expected, got " .. type(value) end
    return not (value > 0 and value < math.huge) and "a number above 0 expected, got " .. tostring(value) or nil
  end,
}

--- An endpoint; misuse raises at the caller `level` up.
local function make(options, level)
  if type(options) ~= "table" then misuse.raise(level + 1, "options: table expected, got %s", type(options)) end
  local own, rest = {}, {}
  for name, value in pairs(options) do
    if OWN[name] then own[name] = value else rest[name] = value end
  end
  misuse.check_options(own, OWN, level + 1)
  return setmetatable({ service = service.new(rest, level + 1), options = options }, Endpoint)
end

--- Makes an endpoint for handle(), once for many requests. Misuse raises.
---@param options bosa.mcp.HttpOptions
---@return bosa.mcp.Endpoint
function http.new(options)
  local endpoint = make(options, 2)
  return endpoint -- no tail call: errors are raised so many levels up
end

---------------------------------------------------------------------------------------------------
-- answers

--- Ends the request with a status and a body.
local function finish(status, body, headers)
  ngx.status = status
  ngx.header["Content-Type"] = body and "application/json" or nil
  ngx.header["Cache-Control"] = "no-store"
  for name, value in pairs(headers or {}) do ngx.header[name] = value end
  if status ~= 204 then ngx.header["Content-Length"] = #(body or "") end
  if body then ngx.print(body) else ngx.send_headers() end
  return ngx.exit(ngx.HTTP_OK)
end

local function refuse(status, fault, id, headers)
  return finish(status, protocol.write(protocol.refusal(id, fault)), headers)
end

---------------------------------------------------------------------------------------------------
-- what a request says beside its body

--- A header field's only value; nil: there is none, false: there are several.
local function field(headers, name)
  local value = headers[name]
  if type(value) == "table" then return false end
  return value
end

local function origin_fits(allowed, origin)
  if allowed == origin then return true end
  local before = allowed:match("^(.*:)%*$")
  return before ~= nil and origin:sub(1, #before) == before and origin:find("^%d+$", #before + 1) ~= nil
end

--- Whether a page may call: one that isn't told to be may be anyone's.
local function origin_is_allowed(options, origin)
  for _, allowed in ipairs(options.allowed_origins or {}) do
    if origin and origin_fits(allowed, origin) then return true end
  end
  return false
end

--- Whether a list of media types has one.
local function accepts(accept, kind)
  local main = kind:match("^[^/]+")
  for range in (accept or "*/*"):lower():gmatch("[^,%s;]+/[^,%s;]+") do
    if range == kind or range == "*/*" or range == main .. "/*" then return true end
  end
  return false
end

--- The caller's token; nil: none, false: what is there is none.
local function token_of(headers)
  local value = field(headers, "authorization")
  if value == nil then return nil end
  return value and value:match("^[Bb][Ee][Aa][Rr][Ee][Rr] +([%w%-%._~%+/]+=*)$") or false
end

--- A header's value as it was before it was made to fit one.
local function decoded(value)
  local base64 = value and value:match("^=%?base64%?(.*)%?=$")
  if not base64 then return value end
  return ngx.decode_base64(base64)
end

--- What is wrong with a modern request's header; nil: nothing.
local function header_fault(headers, message)
  local function mismatch(name) return protocol.error("header", name .. " must be what the body says") end
  local params = message.params
  if field(headers, "mcp-protocol-version") ~= params._meta[protocol.meta.version] then
    return mismatch("MCP-Protocol-Version")
  end
  if field(headers, "mcp-method") ~= message.method then return mismatch("Mcp-Method") end
  if message.method ~= "tools/call" then return nil end
  if decoded(field(headers, "mcp-name")) ~= params.name then return mismatch("Mcp-Name") end
  return nil
end

--- How a request is to be answered, or what is wrong with it.
---@return bosa.mcp.Context? cx, bosa.mcp.Error? fault, integer? status
local function context_of(headers, message)
  local params, said = message.params or {}, field(headers, "mcp-protocol-version")
  if protocol.says_version(params) then
    local fault = header_fault(headers, message)
    if fault then return nil, fault end
    local meta
    meta, fault = protocol.read_meta(params)
    if not meta then return nil, fault, 400 end
    return { modern = true, version = meta.version, capabilities = meta.capabilities }
  end
  if said == false then
    return nil, protocol.error("header", "MCP-Protocol-Version must be what the body says")
  end
  if protocol.is_modern(said) or message.method == "server/discover" then
    return nil, protocol.error("params", "_meta." .. protocol.meta.version .. " is needed"), 400
  end
  if said and not protocol.is_legacy(said) and message.method ~= "initialize" then
    return nil, protocol.error("version", "Unsupported protocol version", {
      supported = protocol.versions(), requested = said,
    })
  end
  return { modern = false, version = said or protocol.WITHOUT_HEADER, capabilities = core.object({}) }
end

---------------------------------------------------------------------------------------------------
-- one exchange

--- What is under way for one POST.
---@class bosa.mcp.Exchange
---@field streams boolean whether events were begun
---@field can_stream boolean whether the client takes them
---@field running table
---@field answer table? what is to be said in the end
---@field status integer
---@field wake table semaphore

local function begin_stream(exchange)
  if exchange.streams then return end
  exchange.streams = true
  ngx.status = 200
  ngx.header["Content-Type"] = "text/event-stream"
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["X-Accel-Buffering"] = "no"
end

--- Sends text of the stream; false: the client is gone.
local function send(exchange, text)
  begin_stream(exchange)
  return ngx.print(text) and ngx.flush() and true or false
end

local function event(message) return "event: message\ndata: " .. protocol.write(message) .. "\n\n" end

--- What is under way ends with its thread, which is killed next.
local function cancel(exchange) exchange.running.cancelled = true end

--- Answers one request: the message, and the status that it has alone.
local function answer(endpoint, exchange, message, headers)
  local cx, fault, status = context_of(headers, message)
  local result
  if cx then
    cx.running, cx.token = exchange.running, exchange.token
    cx.notify = function(note)
      if exchange.can_stream and not exchange.running.cancelled then send(exchange, event(note)) end
    end
    result, fault = endpoint.service:answer(message.method, message.params or {}, cx)
  end
  if result then return { id = message.id, result = result }, 200 end
  if fault.code == protocol.codes.method and cx.modern then status = 404 end
  return protocol.refusal(message.id, fault), status or STATUS[fault.code] or 200
end

local function answer_safely(endpoint, exchange, message, headers)
  local fault = protocol.fault_of(message)
  if fault then
    local id = is_object(message) and protocol.is_id(message.id) and message.id or nil
    return protocol.refusal(id, protocol.error("request", "Invalid request: " .. fault)), 400
  end
  local ok, said, status = pcall(answer, endpoint, exchange, message, headers)
  if ok then return said, status end
  loop.host().report(loop.text(said))
  return protocol.refusal(message.id, protocol.error("internal", "Internal error")), 200
end

--- The messages' answers; nil: they want none.
local function answer_all(endpoint, exchange, messages, is_batch, headers)
  local answers, status = core.array({}), 200
  for _, message in ipairs(messages) do
    local wants_none = protocol.is_answer(message) or protocol.fault_of(message) == nil and message.id == nil
    if not wants_none and not exchange.running.cancelled then
      answers[#answers + 1], status = answer_safely(endpoint, exchange, message, headers)
    end
  end
  if is_batch then return answers[1] and answers, 200 end
  return answers[1], status
end

--- Waits for the response, and says meanwhile that the exchange is alive. False: the client is gone, or time is up.
local function wait(exchange, seconds)
  local deadline = core.now() + seconds
  while not exchange.done do
    local left = deadline - core.now()
    if left <= 0 then return false, "late" end
    exchange.wake:wait(math.min(left, KEEP_ALIVE))
    if not exchange.done and exchange.can_stream and left > KEEP_ALIVE then
      if not send(exchange, ": still under way\n\n") then return false, "gone" end
    end
  end
  return true
end

--- Runs what the messages ask for, and says what comes of it.
local function run(endpoint, exchange, messages, is_batch, headers)
  exchange.wake = semaphore.new(0)
  local thread = ngx.thread.spawn(function()
    local said, status = answer_all(endpoint, exchange, messages, is_batch, headers)
    exchange.answer, exchange.status, exchange.done = said, status, true
    exchange.wake:post(1)
  end)
  ngx.on_abort(function() -- needs lua_check_client_abort; without it a write that fails tells
    cancel(exchange)
    ngx.exit(499)
  end)
  local in_time, why = wait(exchange, endpoint.options.max_time or MAX_TIME)
  if not in_time then
    cancel(exchange)
    ngx.thread.kill(thread)
    if why == "gone" then return ngx.exit(499) end
    local fault = protocol.error("internal", "The request took too long")
    exchange.answer, exchange.status = protocol.refusal(not is_batch and messages[1].id or nil, fault), 504
  end
  if exchange.streams then
    send(exchange, event(exchange.answer))
    return ngx.exit(ngx.HTTP_OK)
  end
  if not exchange.answer then return finish(202) end
  return finish(exchange.status, protocol.write(exchange.answer))
end

---------------------------------------------------------------------------------------------------
-- the request

--- A body that nginx has put into a file, as far as it is wanted; nil and why it can't be read.
local function read_body_file(path, most)
  local file, why = io.open(path, "rb")
  if not file then return nil, why end
  local body
  body, why = file:read(most)
  file:close()
  if why then return nil, why end
  return body or ""
end

--- The request's body; nil: the response to it was given.
local function read_body(most)
  local function too_large()
    refuse(413, protocol.error("request", ("A request has at most %d bytes"):format(most)))
  end
  if (tonumber(ngx.var.http_content_length) or 0) > most then return too_large() end
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if not body then
    local path, why = ngx.req.get_body_file(), nil
    body = ""
    if path then
      body, why = read_body_file(path, most + 1)
    end
    if not body then
      loop.host().report("the request's body can't be read: " .. tostring(why))
      return refuse(500, protocol.error("internal", "Internal error"))
    end
  end
  if #body > most then return too_large() end
  return body
end

--- Whether the request may go on by what its header section says; otherwise the response is given.
local function check_header(options, headers)
  local origin = field(headers, "origin")
  local is_fine = origin_is_allowed(options, origin)
  if origin ~= nil and not is_fine then
    return refuse(403, protocol.error("request", "Origin is not allowed"))
  end
  if is_fine then ngx.header["Access-Control-Allow-Origin"], ngx.header["Vary"] = origin, "Origin" end
  local method = ngx.req.get_method()
  if method == "OPTIONS" and is_fine then
    return finish(204, nil, {
      ["Access-Control-Allow-Methods"] = "POST",
      ["Access-Control-Allow-Headers"] = field(headers, "access-control-request-headers") or nil,
    })
  end
  if method ~= "POST" then
    return refuse(405, protocol.error("request", "Only POST is served"), nil, { Allow = "POST" })
  end
  local kind = (field(headers, "content-type") or ""):lower():match("^%s*([^;%s]*)")
  if kind ~= "application/json" then
    return refuse(415, protocol.error("request", "Content-Type: application/json expected"))
  end
  if not accepts(field(headers, "accept") or nil, "application/json") then
    return refuse(406, protocol.error("request", "Accept: application/json and text/event-stream expected"))
  end
  return true
end

--- Whether the messages ask for a call and this endpoint has no token of its own for it: all but calls is public.
local function needs_token(endpoint, messages)
  if endpoint.service.options.token then return false end
  for _, message in ipairs(messages) do
    if is_object(message) and message.method == "tools/call" then return true end
  end
  return false
end

local function unauthorized(options, is_wrong, id)
  local challenge = { "Bearer" }
  if is_wrong then challenge[#challenge + 1] = 'error="invalid_token"' end
  if options.resource_metadata then
    challenge[#challenge + 1] = ('resource_metadata="%s"'):format(options.resource_metadata)
  end
  local text = challenge[1] .. (challenge[2] and " " .. table.concat(challenge, ", ", 2) or "")
  return refuse(401, protocol.error("request", "A token is needed: Authorization: Bearer"), id, {
    ["WWW-Authenticate"] = text,
  })
end

--- Serves the request that nginx is at.
function Endpoint:handle()
  local headers = setmetatable(ngx.req.get_headers(200), nil) -- names are in lower case; it would look for others
  if not check_header(self.options, headers) then return end
  local body = read_body(self.options.max_body or MAX_BODY)
  if not body then return end
  local message, why = protocol.read(body)
  if why then return refuse(400, protocol.error("parse", "Parse error: " .. why), request_id.find(body)) end
  local is_batch = type(message) == "table" and message[1] ~= nil
  if is_batch and not protocol.has_batches(field(headers, "mcp-protocol-version") or protocol.WITHOUT_HEADER) then
    return refuse(400, protocol.error("request", "Invalid request: one message expected"))
  end
  local fault = is_batch and protocol.fault_of_batch(message)
  if fault then return refuse(400, fault) end
  local messages = is_batch and message or { message }
  local token = token_of(headers)
  local id = is_object(message) and protocol.is_id(message.id) and message.id or nil
  if token == false or token == nil and needs_token(self, messages) then
    return unauthorized(self.options, token == false, id)
  end
  return run(self, {
    can_stream = accepts(field(headers, "accept") or nil, "text/event-stream") and not is_batch,
    running = { ends_with_thread = true }, token = token, status = 200,
  }, messages, is_batch, headers)
end

---------------------------------------------------------------------------------------------------

local kept = {} -- the endpoints that handle() made, the latest first

local function is_same(a, b, depth)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" or depth > 2 then return false end
  for name, value in pairs(a) do
    if not is_same(value, b[name], depth + 1) then return false end
  end
  for name in pairs(b) do
    if a[name] == nil then return false end
  end
  return true
end

--- Serves the request that nginx is at: in a content handler. The options may be a new table each time; what is made of
--- them is kept. Functions among them should be the same each time.
---@param options bosa.mcp.HttpOptions
function http.handle(options)
  for _, endpoint in ipairs(kept) do
    if is_same(endpoint.options, options, 0) then return endpoint:handle() end
  end
  local endpoint = make(options, 2)
  table.insert(kept, 1, endpoint)
  kept[MOST_ENDPOINTS + 1] = nil
  return endpoint:handle()
end

return http
