--- bosa auth: log in, log out, and who is logged in.

local config = require("bosa.cli.config")
local context = require("bosa.cli.context")
local safe = require("bosa.cli.terminal_text").safe
local terminal = require("bosa.cli.terminal")
local core = require("bosa.core")

local auth = { summary = "Log in, log out, show who is logged in" }

auth.examples = {
  "# log in; the key and the secret are asked for", "bosa auth login",
  "# in a script, without them in the list of processes",
  "printf '%s\\n' \"$KEY\" \"$USER_NAME\" \"$SECRET\" | bosa auth login",
  "# who is logged in", "bosa auth status",
  "# forget it", "bosa auth logout",
}

local DEFAULT_URL = "https://api.bosa.id"
local REFUSED = { auth = true, api = true, not_found = true, params = true }
local AS_ARGUMENT = "bosa: warning: a key or secret given as an argument is seen in the list of processes and kept in "
  .. "the shell's history; leave it out to be asked for it"

function auth.configure(parser)
  parser:command_target("verb")
  local login = parser:command("login", "Log in with a client API key and a user's secret. What is not given is "
    .. "asked for, the key and the secret without echo; in a pipe they are lines of standard input.")
  login:argument("client_api_key", "Client API key (better left out)."):args("?")
  login:argument("username", "User identifier."):args("?")
  login:argument("user_secret", "User secret (better left out)."):args("?")
  parser:command("logout", "Forget the session.")
  parser:command("status", "Show who is logged in, where, and until when.")
end

--- What is needed to log in: `{ api_key, username, secret }`, asked for where it was not given.
local function answers(cx, options)
  local questions = {
    { "api_key", options.client_api_key, terminal.ask_secret, "Client API Key" },
    { "username", options.username, terminal.ask, "Username (User Identifier)" },
    { "secret", options.user_secret, terminal.ask_secret, "User Secret" },
  }
  local given = {}
  for _, question in ipairs(questions) do
    local name, value, ask, text = question[1], question[2], question[3], question[4]
    value = value or ask(cx, text)
    if not value or value == "" then return nil, context.error("auth", text .. ": input is required") end
    if value:find("%c") then return nil, context.error("auth", text .. ": control characters are not allowed") end
    given[name] = value
  end
  return given
end

--- A server's text as a line of the session; nil: none.
local function kept(value)
  if type(value) == "number" then value = tostring(value) end
  return type(value) == "string" and safe(value) or nil
end

local function session_of(url, given, token, allow_http)
  return {
    api_url = url,
    api_key = given.api_key,
    username = given.username,
    token = token.token,
    token_type = kept(token.token_type),
    expires_at = kept(token.expires_at),
    expires = token.expires,
    user_id = kept(token.user_id),
    allow_http = allow_http or nil,
  }
end

--- Where a value is from, when the environment has it.
local function origin(variable)
  local value = os.getenv(variable)
  return value and value ~= "" and " (from " .. variable .. ")" or ""
end

local function login(cx, options)
  if options.client_api_key or options.user_secret then cx:note(AS_ARGUMENT) end
  if config.untrusted() and (options.api_url or os.getenv("BOSA_API_BASE_URL")) then cx:forget_session() end
  local credentials, err = cx:credentials()
  if not credentials then return cx:fail(err) end
  local url = credentials.api_url or DEFAULT_URL
  if cx.interactive then cx:note("Logging in to " .. url) end
  local given
  given, err = answers(cx, options)
  if not given then return cx:fail(err) end
  local hub
  hub, err = cx:make_hub({ api_url = url, api_key = given.api_key, allow_http = options.allow_http })
  if not hub then return cx:fail(err) end
  local token
  token, err = hub:authenticate_bosa_user(given.username, given.secret)
  if not token then
    local code = cx:fail(err)
    return REFUSED[err.kind] and 2 or code
  end
  if token.token:find("%c") then
    return cx:fail(context.error("protocol", "malformed response: the token has control characters"))
  end
  local ok, message = config.save(session_of(url, given, token, options.allow_http))
  if not ok then return cx:fail("the session can't be kept: " .. message) end
  cx:print(cx:paint("green", "Logged in as " .. safe(given.username)))
  if cx.tty then
    cx:print("Token expires: " .. safe(tostring(token.expires_at)))
    cx:print("Session saved to " .. config.path())
  end
  for _, variable in ipairs({ "BOSA_API_KEY", "BOSA_TOKEN" }) do
    if origin(variable) ~= "" then cx:note(("bosa: note: %s is set, and wins over the session"):format(variable)) end
  end
end

local function not_authenticated(cx)
  return cx:fail(context.error("auth", "not authenticated: " .. core.no_credentials))
end

--- Says which variables are used whatever the session is.
local function note_variables(cx)
  for _, variable in ipairs({ "BOSA_API_KEY", "BOSA_TOKEN" }) do
    if origin(variable) ~= "" then cx:note(("bosa: note: %s is set, and is still used"):format(variable)) end
  end
end

local function logout(cx)
  local session, err = config.load()
  if session and not session.api_key then
    note_variables(cx)
    return not_authenticated(cx)
  end
  local ok, message = config.clear()
  if not ok then return cx:fail(message) end
  if err then cx:note("bosa: " .. err) end
  cx:print("Logged out")
  note_variables(cx)
end

--- When a session ends, in local time; nil: that isn't known as a time.
local function local_time(expires)
  if type(expires) ~= "number" then return nil end
  local ok, text = pcall(os.date, "%Y-%m-%d %H:%M:%S %Z", math.floor(expires))
  return ok and text or nil
end

--- A key that can be recognized but not used.
local function masked(key)
  if #key < 20 then return "set" end
  return (key:match("^sk%-%a+%-") or "") .. "..." .. key:sub(-4)
end

local function status(cx)
  local credentials, err = cx:credentials()
  if not credentials then return cx:fail(err) end
  if not credentials.api_key then return not_authenticated(cx) end
  local session = cx:session()
  local from_session = credentials.token ~= nil and credentials.token == session.token
  local function row(name, value)
    if value then cx:print(cx:paint("bold", name .. ":") .. " " .. safe(tostring(value))) end
  end
  row("Username", from_session and session.username)
  row("API URL", credentials.api_url or DEFAULT_URL)
  row("Client API Key", masked(credentials.api_key) .. origin("BOSA_API_KEY"))
  row("Token", (credentials.token and "set" or "none") .. origin("BOSA_TOKEN"))
  row("Token Expires", from_session and (local_time(session.expires) or session.expires_at))
  row("User ID", from_session and session.user_id)
  row("Config File", from_session and config.path())
  if from_session and type(session.expires) == "number" and session.expires <= os.time() then
    return cx:fail(context.error("auth", "the token has expired: run `bosa auth login`"))
  end
end

local verbs = { login = login, logout = logout, status = status }

function auth.run(cx, options) return verbs[options.verb](cx, options) end

return auth
