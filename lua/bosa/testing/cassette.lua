--- Cassettes: what a real server answered, kept in a file, and answered from there ever after.
--
-- The file is indented JSON with its names in order: { "bosa_cassette": 1, "exchanges": [ { request, reply }, ... ] }.
-- Of a request it keeps method, path and body, of a reply status, header fields and body; no Authorization, no
-- X-API-Key, no cookie; secrets are taken out of the rest (bosa.testing.scrub) before anything is written. JSON stays
-- JSON, other text is text, other bytes are base64, files too.

local bosa = require("bosa")
local core = require("bosa.core")
local loop = require("bosa.loop")
local match = require("bosa.testing.match")
local misuse = require("bosa.misuse")
local sorted_json = require("bosa.sorted_json")
local read_body = require("bosa.testing.body")
local scrub = require("bosa.testing.scrub")
local stub = require("bosa.testing.stub")
local task = require("bosa.task")
local read_file = require("bosa.read_file")

local cassette = {}

local VERSION = 1
local INTEGERS = rawget(_G, "jit") and "cdata" or nil
local MODES = { auto = true, record = true, replay = true }
local OPTIONS = { mode = "string", secrets = "table" }
-- of a hub's options those that the one which sends for it has, too
local SENDING = {
  "api_base_url", "allow_http", "ca_file", "proxy", "verify", "connect_timeout", "user_agent", "max_connections",
}
-- header fields that are about the connection or the coding of the bytes, or that are secrets
local DROPPED = {
  connection = true, ["keep-alive"] = true, ["transfer-encoding"] = true, ["content-length"] = true,
  ["content-encoding"] = true, date = true, server = true, ["set-cookie"] = true, authorization = true,
  ["www-authenticate"] = true, ["proxy-authenticate"] = true, ["x-api-key"] = true,
}

---@class bosa.testing.Cassette
---@field path string
---@field recording boolean
---@field exchanges table[] { request, reply | error, used }
---@field relays userdata[] hubs that send what is recorded
local Cassette = {}
Cassette.__index = Cassette
Cassette.__name = "bosa.testing.cassette"
function Cassette.__tostring(self)
  return ("cassette %s (%s)"):format(self.path, self.recording and "recording" or "replaying")
end

---------------------------------------------------------------------------------------------------
-- opening

local function fail(kind, ...) return nil, loop.error(kind, string.format(...), "no") end

local NO_SUCH_FILE = 2 -- ENOENT

--- The text of a cassette; nil alone: it isn't there. One that can't be read is not taken for that: it would be
-- recorded anew, and replaced.
local function text_of(path)
  local text, message, code = read_file(path)
  if not text and code == NO_SUCH_FILE then return nil end
  if not text then return fail("file", "can't read the cassette %s: %s", path, message) end
  return text
end

local function is_reply(reply)
  local status = reply.status
  return type(status) == "number" and status % 1 == 0 and status >= 100 and status <= 599
    and (reply.headers == nil or type(reply.headers) == "table")
end

local function is_error(err) return type(err.kind) == "string" and type(err.message) == "string" end

local function is_parts(parts)
  for _, part in ipairs(type(parts) == "table" and parts or {}) do
    if type(part) ~= "table" then return false end
  end
  return parts == nil or type(parts) == "table"
end

local function is_exchange(value)
  local request = type(value) == "table" and value.request
  if type(request) ~= "table" or type(request.method) ~= "string" then return false end
  if type(request.path) ~= "string" or not is_parts(request.parts) then return false end
  if type(value.reply) == "table" then return is_reply(value.reply) end
  return type(value.error) == "table" and is_error(value.error)
end

--- The exchanges of a cassette's text.
local function parse(path, text)
  local value, err = core.json.decode(text, INTEGERS, true)
  if err then return fail("protocol", "the cassette %s: %s", path, err.message) end
  if type(value) ~= "table" or value.bosa_cassette ~= VERSION or type(value.exchanges) ~= "table" then
    return fail("protocol", "%s is no cassette that this bosa knows", path)
  end
  for i, exchange in ipairs(value.exchanges) do
    if not is_exchange(exchange) then
      return fail("protocol", "the cassette %s: exchange %d is malformed", path, i)
    end
  end
  return value.exchanges
end

local function open(path, options, level)
  if type(path) ~= "string" then misuse.raise(level + 1, "path: string expected, got %s", type(path)) end
  if options == nil then options = {} end
  misuse.check_options(options, OPTIONS, level + 1)
  local mode = options.mode or os.getenv("BOSA_CASSETTE") or "auto"
  local expected = "auto, record or replay expected, got `%s`"
  if not MODES[mode] and options.mode then misuse.raise(level + 1, "mode: " .. expected, mode) end
  if not MODES[mode] then return fail("params", "BOSA_CASSETTE: " .. expected, mode) end
  local text, err
  if mode ~= "record" then text, err = text_of(path) end
  if err then return nil, err end
  if not text and mode == "replay" then return fail("file", "there is no cassette %s", path) end
  local self = setmetatable({
    path = path, recording = text == nil, exchanges = {}, relays = {},
    scrubber = scrub.new(options.secrets),
  }, Cassette)
  if text then
    self.exchanges, err = parse(path, text)
    if err then return nil, err end
    return self
  end
  local file
  file, err = core.writer(path, "private") -- what can't be kept is not asked of a real server
  if not file then return nil, err end
  file:drop()
  return self
end

--- Opens a cassette.
--
-- options.mode: "record" (anew), "replay", or "auto", which records where the file isn't there yet; else
-- $BOSA_CASSETTE, else "auto". options.secrets: a list of further texts that must not be written down.
---@param path string
---@param options { mode: string?, secrets: string[]? }?
---@return bosa.testing.Cassette? cassette, table? err kind "file" or "protocol"
function cassette.open(path, options)
  local self, err = open(path, options, 2)
  return self, err -- no tail call: errors are raised so many levels up
end

---------------------------------------------------------------------------------------------------
-- requests and replies as they are kept

--- The path and query of a URL after the base URL's own path.
local function path_of(url, prefix)
  local path = url:match("^%a+://[^/?]+(.*)$") or url
  if prefix ~= "" and path:sub(1, #prefix) == prefix then path = path:sub(#prefix + 1) end
  return path == "" and "/" or path
end

local function header(headers, wanted)
  for name, value in pairs(headers) do
    if name:lower() == wanted then return value end
  end
  return nil
end

--- A request as it is kept.
local function kept_request(request, prefix)
  local kept = read_body.read(header(request.headers, "content-type"), request.body) or {}
  kept.method, kept.path = request.method, path_of(request.url, prefix)
  return kept
end

local function kept_reply(reply)
  local kept = read_body.read(header(reply.headers or {}, "content-type"), reply.body) or {}
  kept.status, kept.headers = reply.status, core.object({})
  for name, value in pairs(reply.headers or {}) do
    if not DROPPED[name:lower()] then kept.headers[name:lower()] = tostring(value) end
  end
  return kept
end

--- Schemas have properties called token and the like, which are no secrets.
local function is_discovery(request) return request.path:find("^/connectors/%?modules=") ~= nil end

--- A message's copy without secrets.
local function cleaned(scrubber, message, plain)
  return message and scrubber:body(message, plain, read_body.decode64, read_body.encode64)
end

---------------------------------------------------------------------------------------------------
-- recording

--- A function that sends by libcurl, with the same settings as the hub that records; closing the cassette closes what
-- it sends by.
local function relay(self, options)
  local own = {}
  for _, name in ipairs(SENDING) do own[name] = options[name] end
  local hub, fault = bosa.new(own)
  if not hub then return function() return nil, fault end end
  self.relays[#self.relays + 1] = hub
  return function(request)
    local call, err = hub:_send_verbatim(request.method, request.url, request.headers, request.body, request.timeout)
    if not call then return nil, err end
    local response
    response, err = task.run(hub, call)
    if not response then return nil, err end
    local file = response:get_data()
    return { status = response.status, headers = response.headers, body = file and file.file }
  end
end

function Cassette:learn_body(body)
  self.scrubber:learn(body.json)
  self.scrubber:learn(body.form)
end

function Cassette:learn(request, kept)
  self.scrubber:learn_headers(request.headers)
  if not is_discovery(kept) then self:learn_body(kept) end
end

function Cassette:record(request, prefix, send)
  local exchange = { request = kept_request(request, prefix) }
  self.exchanges[#self.exchanges + 1] = exchange -- now: answers may come in another order
  self:learn(request, exchange.request)
  local reply, err = send(request)
  if reply then
    exchange.reply = kept_reply(reply)
    if not is_discovery(exchange.request) then self:learn_body(exchange.reply) end
  else
    local is_table = type(err) == "table"
    exchange.error = {
      kind = is_table and err.kind or "connection", message = tostring(is_table and err.message or err),
      sent = is_table and err.sent or nil,
    }
  end
  return reply, err
end

--- Writes what was recorded: whole or not at all, readable by its owner only. Replaying, nothing is written.
---@return true? ok, table? err
function Cassette:save()
  if not self.recording then return true end
  local list = core.array({})
  for _, exchange in ipairs(self.exchanges) do
    local plain = is_discovery(exchange.request)
    if exchange.reply or exchange.error then
      list[#list + 1] = {
        request = cleaned(self.scrubber, exchange.request, plain),
        reply = cleaned(self.scrubber, exchange.reply, plain),
        error = cleaned(self.scrubber, exchange.error),
      }
    end
  end
  return core.write_private(self.path, sorted_json.encode({ bosa_cassette = VERSION, exchanges = list }) .. "\n")
end

---------------------------------------------------------------------------------------------------
-- replaying

local function reply_of(exchange)
  local reply = exchange.reply
  if not reply then return nil, exchange.error end
  local bytes = read_body.write(reply)
  if not bytes then return nil, { kind = "protocol", message = "the cassette's reply is malformed" } end
  return { status = reply.status, headers = reply.headers, body = bytes }
end

function Cassette:replay(request, prefix)
  local kept = kept_request(request, prefix)
  self:learn(request, kept)
  local plain = is_discovery(kept)
  local exchange = match.find(self.exchanges, kept, plain)
  local why
  if not exchange then
    exchange, why = match.find(self.exchanges, cleaned(self.scrubber, kept, plain), plain)
  end
  if exchange then
    exchange.used = true
    return reply_of(exchange)
  end
  return nil, { kind = "protocol", message = ("the cassette %s has %s"):format(self.path, why), sent = "no" }
end

--- The exchanges that nobody asked for, as a list of words: "3: POST /connectors/github/list_issues".
---@return string[]
function Cassette:unused()
  local list = {}
  for i, exchange in ipairs(self.exchanges) do
    if not exchange.used then list[#list + 1] = ("%d: %s"):format(i, match.name(exchange.request)) end
  end
  return list
end

--- Raises, at the caller's line, when something of a cassette that is replayed was never asked for.
function Cassette:assert_all_used()
  local list = self.recording and {} or self:unused()
  if list[1] then error(("the cassette %s: never asked for %s"):format(self.path, table.concat(list, ", ")), 2) end
end

---------------------------------------------------------------------------------------------------
-- hubs

--- A transport for a hub with these options. Their own `transport`, where there is one, sends what is recorded.
---@param options table of bosa.new
---@return fun(request: table): table?, table?
function Cassette:transport(options)
  options = options or {}
  local base = options.api_base_url or os.getenv("BOSA_API_BASE_URL") or ""
  local prefix = (base:match("^%a+://[^/]+(/.*)$") or ""):gsub("/+$", "")
  for _, name in ipairs({ "api_key", "token" }) do self.scrubber:add(options[name]) end
  if not self.recording then return function(request) return self:replay(request, prefix) end end
  local send = options.transport or relay(self, options)
  return function(request) return self:record(request, prefix, send) end
end

--- A hub that records or replays. Options are those of bosa.new; replaying, none is needed, and nothing is read from
-- the environment.
---@param options table?
---@return userdata? hub, table? err
function Cassette:hub(options)
  local own = {}
  if not self.recording then
    own = { api_base_url = "https://replay.invalid", api_key = stub.KEY, token = stub.TOKEN }
  end
  for name, value in pairs(options or {}) do own[name] = value end
  own.transport = self:transport(own)
  return bosa.new(own)
end

--- Ends it: what was recorded is written. May be called again.
---@return true? ok, table? err
function Cassette:close()
  if self.closed then return true end
  self.closed = true
  for _, hub in ipairs(self.relays) do hub:close() end
  return self:save()
end
function Cassette:__close() self:close() end

--- Runs fn(hub, cassette) with a cassette's hub; then the cassette is closed, and, replayed, must have been used up.
-- What goes wrong is raised.
---@param path string
---@param options table? of cassette.open; `hub`: those of the hub
---@param fn fun(hub: userdata, cassette: bosa.testing.Cassette)
function cassette.use(path, options, fn)
  if fn == nil then options, fn = nil, options end
  if type(fn) ~= "function" then misuse.raise(2, "a function expected, got %s", type(fn)) end
  local own, hub_options = {}, nil
  for name, value in pairs(options or {}) do
    if name == "hub" then hub_options = value else own[name] = value end
  end
  local self, err = open(path, own, 2)
  if not self then error(err, 0) end
  local hub = assert(self:hub(hub_options))
  local ok, raised = pcall(fn, hub, self)
  hub:close()
  local saved, save_err = self:close()
  if not ok then error(raised, 0) end
  if not saved then error(save_err, 0) end
  local all, message = pcall(self.assert_all_used, self)
  if not all then error((tostring(message):gsub("^[^:]+:%d+: ", "")), 2) end
end

return cassette
