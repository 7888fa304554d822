--- Users, tokens and integrations: what a server offers besides running actions.

local accounts = require("bosa.accounts")
local core = require("bosa.core")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local run = require("bosa.run")
local snapshot = require("bosa.snapshot")

local server = { methods = {} }
local methods = server.methods

local encode = core.json.encode

---------------------------------------------------------------------------------------------------
-- objects that hold a secret: readable by name, never shown, not even by who shows all fields of a table

local hidden = setmetatable({}, { __mode = "k" }) -- object -> its secret

--- A user as created or read. `secret` is there only right after creation.
---@class bosa.User
---@field id string
---@field identifier string
---@field secret string?
---@field secret_preview string?
---@field is_active boolean?
---@field integrations bosa.Integration[]?
local User = { __name = "bosa.user" }
function User.__index(user, name) return name == "secret" and hidden[user] or nil end
function User.__tostring(user)
  return string.format("user %s (secret %s)", tostring(user.identifier), tostring(user.secret_preview or "not shown"))
end

--- A user token.
---@class bosa.Token
---@field token string
---@field token_type string
---@field expires_at string as the server wrote it
---@field expires number? Unix seconds
local Token = { __name = "bosa.token" }
function Token.__index(token, name) return name == "token" and hidden[token] or nil end
function Token.__tostring(token)
  return "token " .. (token.expires_at and "until " .. tostring(token.expires_at) or "without expiry")
end

--- Days from 1970-01-01 to a date of the Gregorian calendar.
local function days(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local century = math.floor(year / 100)
  return 365 * year + math.floor(year / 4) - century + math.floor(century / 4)
    + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

--- Unix seconds of "2026-12-23 16:28:34.255867" (UTC) or an ISO 8601 time; nil: neither.
local function unix_seconds(text)
  if type(text) ~= "string" then return nil end
  local y, mo, d, h, mi, s, rest = text:match("^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):(%d%d%.?%d*)(.*)$")
  if not y then return nil end
  local seconds = days(tonumber(y), tonumber(mo), tonumber(d)) * 86400 + h * 3600 + mi * 60 + tonumber(s)
  local sign, oh, om = rest:match("^([+-])(%d%d):?(%d%d)$")
  if sign then
    local offset = oh * 3600 + om * 60
    seconds = sign == "+" and seconds - offset or seconds + offset
  elseif rest ~= "" and rest ~= "Z" then
    return nil
  end
  return seconds
end

---------------------------------------------------------------------------------------------------

local function check(value, name, position, method, optional)
  if optional and value == nil then return end
  local got = type(value)
  if got == "string" then
    got = value == "" and "an empty one" or value:find("\0", 1, true) and "one with a NUL" or nil
  end
  if not got then return end
  misuse.raise(3, "bad argument #%d to '%s' (%s: string expected, got %s)", position, method, name, got)
end

local function ask(hub, endpoint, name, identifier, token, body)
  local text, err
  if body ~= nil then
    text, err = encode(body)
    if not text then return nil, err end
  end
  return run.run(hub:_endpoint(endpoint, name, identifier, token, text))
end

local function data_of(response, err)
  if not response then return nil, err end
  return response:get_data()
end

local function protocol_error(message)
  return nil, loop.error("protocol", message, "yes")
end

local SECRETS = { [User] = "secret", [Token] = "token" }

--- Whether a value can be the name or the id of something.
local function is_named(value) return type(value) == "string" or type(value) == "number" or type(value) == "cdata" end

--- A table of the response, marked with `class`, its secret put aside; anything else is malformed.
local function object_of(class, data, err)
  if err then return nil, err end
  if type(data) ~= "table" then return protocol_error("malformed response: not an object") end
  if class == User and not is_named(data.identifier) and not is_named(data.id) then
    return protocol_error("malformed response: it has no user")
  end
  local name = SECRETS[class]
  hidden[data], data[name] = data[name], nil
  return setmetatable(data, class)
end

local UNASKED = { connection = true, timeout = true, tls = true, auth = true } -- the server can't be asked

--- Names of all connectors, sorted. Where the server can't be asked, those of the hub's snapshot.
---@return string[]? names, table? err
function methods:get_available_modules()
  local data, err = data_of(ask(self, "names"))
  if err then
    local names = UNASKED[err.kind] and snapshot.names(self)
    if names then return names end
    return nil, err
  end
  if type(data) ~= "table" then return protocol_error("malformed response: not a list of names") end
  local names = {}
  for key, value in pairs(data) do
    local name = type(key) == "string" and key or value
    if type(name) == "table" then name = name.name end
    if type(name) == "string" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- Creates a user; its `secret` is shown this once.
---@return bosa.User? user, table? err
function methods:create_bosa_user(identifier)
  check(identifier, "identifier", 1, "create_bosa_user")
  return object_of(User, data_of(ask(self, "create_user", nil, nil, nil, { identifier = identifier })))
end
methods.create_user = methods.create_bosa_user

--- A token for a user.
---@return bosa.Token? token, table? err
function methods:authenticate_bosa_user(identifier, secret)
  check(identifier, "identifier", 1, "authenticate_bosa_user")
  check(secret, "secret", 2, "authenticate_bosa_user")
  local body = { identifier = identifier, secret = secret }
  local token, err = object_of(Token, data_of(ask(self, "token", nil, nil, nil, body)))
  if not token then return nil, err end
  if type(token.token) ~= "string" then return protocol_error("malformed response: it has no token") end
  token.expires = unix_seconds(token.expires_at)
  return token
end
methods.authenticate = methods.authenticate_bosa_user

--- Who a token belongs to.
---@return bosa.User? user, table? err
function methods:get_user_info(token)
  check(token, "token", 1, "get_user_info", true)
  return object_of(User, data_of(ask(self, "who_am_i", nil, nil, token)))
end

--- Whether the user has an account of this connector's service connected.
---@return boolean? has, table? err
function methods:user_has_integration(name, token)
  check(name, "connector", 1, "user_has_integration")
  check(token, "token", 2, "user_has_integration", true)
  local data, err = data_of(ask(self, "has", name, nil, token))
  if err then return nil, err end
  if type(data) ~= "table" or type(data.has_integration) ~= "boolean" then
    return protocol_error("malformed response: it doesn't say whether there is an integration")
  end
  return data.has_integration
end

local RENEWING = { replace_duplicate = "boolean" }

--- Whether `options` ask to renew the auth of an account that is there; nil where they don't say, which older servers
-- understand, too. Mistakes raise at the caller of the method.
local function replaces(options)
  if options == nil then return nil end
  misuse.check_options(options, RENEWING, 3)
  return options.replace_duplicate
end

--- The URL that the user is to open to connect an account; the browser ends at `callback_uri`. With
-- `replace_duplicate`, an account that is there already is renewed; without it the browser comes back with an error.
---@param options { replace_duplicate: boolean? }?
---@return string? url, table? err
function methods:initiate_connector_auth(name, token, callback_uri, options)
  check(name, "connector", 1, "initiate_connector_auth")
  check(token, "token", 2, "initiate_connector_auth", true)
  check(callback_uri, "callback_uri", 3, "initiate_connector_auth")
  local replace = replaces(options)
  local body = { callback_url = callback_uri, replace_duplicate = replace }
  local data, err = data_of(ask(self, "integrate", name, nil, token, body))
  if err then return nil, err end
  if type(data) ~= "table" or type(data.url) ~= "string" then
    return protocol_error("malformed response: it has no url")
  end
  return data.url
end

--- Connects an account of a service that is set up by a configuration instead of a browser; with `replace_duplicate`
-- it renews one that is there.
---@param options { replace_duplicate: boolean? }?
---@return table? result, table? err
function methods:initiate_plugin_configuration(name, token, config, options)
  check(name, "connector", 1, "initiate_plugin_configuration")
  check(token, "token", 2, "initiate_plugin_configuration", true)
  misuse.check_type(config, "table", 3, "initiate_plugin_configuration")
  local replace = replaces(options)
  if next(config) == nil then config = core.object({}) end
  local body = { auth_type = "custom", configuration = config, replace_duplicate = replace }
  return data_of(ask(self, "integrate", name, nil, token, body))
end

--- How accounts of a connector are connected: `{ type = "oauth2" }` (in a browser) and `{ type = "custom", config = }`
-- (by a configuration, which that JSON Schema describes), in the server's order. It needs neither key nor token.
---@return bosa.AuthType[]? types, table? err
function methods:get_auth_schema(name)
  check(name, "connector", 1, "get_auth_schema")
  local data, err = data_of(ask(self, "auth_schema", name))
  if err then return nil, err end
  local list = type(data) == "table" and data.supported_auth_types
  if type(list) ~= "table" then return protocol_error("malformed response: it has no list of auth types") end
  local types = core.array({})
  for _, one in ipairs(list) do
    if type(one) == "table" and type(one.type) == "string" then types[#types + 1] = one end
  end
  return types
end

--- Waits until the user has an account of the connector that can act. See bosa.accounts.
---@param options bosa.WaitOptions?
---@return true? ok, table? err
function methods:wait_for_integration(name, token, options)
  check(name, "connector", 1, "wait_for_integration")
  check(token, "token", 2, "wait_for_integration", true)
  return accounts.wait(self, name, token, accounts.read_options(options, 3))
end

--- One of the user's connected accounts.
---@return bosa.Integration? integration, table? err
function methods:get_integration(name, token, user_identifier)
  check(name, "connector", 1, "get_integration")
  check(token, "token", 2, "get_integration", true)
  check(user_identifier, "user_identifier", 3, "get_integration")
  local data, err = data_of(ask(self, "get", name, user_identifier, token))
  if err then return nil, err end
  if type(data) ~= "table" or data[1] ~= nil then return protocol_error("malformed response: it has no integration") end
  return data
end

--- A `{ success, message }` of a response; the server's "no" comes as one too, with the error after it. That the key is
-- wrong is no such "no".
local function outcome(data, err)
  if err then
    local is_no = err.status == 200 and (err.kind == "api" or err.kind == "not_connected")
    if is_no then return { success = false, message = err.message }, err end
    return nil, err
  end
  local is_table = type(data) == "table"
  local message = is_table and type(data.message) == "string" and data.message or ""
  return { success = not is_table or data.success ~= false, message = message }
end

--- Makes one of the user's connected accounts the one that acts.
---@return table? outcome {success =, message =}
---@return table? err
function methods:select_integration(name, token, user_identifier)
  check(name, "connector", 1, "select_integration")
  check(token, "token", 2, "select_integration", true)
  check(user_identifier, "user_identifier", 3, "select_integration")
  return outcome(data_of(ask(self, "select", name, user_identifier, token)))
end

--- Disconnects an account; without `user_identifier`, the connector's only one (servers of the older dialect).
---@return table? outcome {success =, message =}
---@return table? err
function methods:remove_integration(name, token, user_identifier)
  check(name, "connector", 1, "remove_integration")
  check(token, "token", 2, "remove_integration", true)
  check(user_identifier, "user_identifier", 3, "remove_integration", true)
  return outcome(data_of(ask(self, "remove", name, user_identifier, token)))
end

return server
