--- bosa auth: log in, log out, and who is logged in, under which profile.

local bosa = require("bosa")
local config = require("bosa.cli.config")
local context = require("bosa.cli.context")
local print_json = require("bosa.cli.json")
local print_table = require("bosa.cli.table")
local profile = require("bosa.profile")
local safe = require("bosa.cli.terminal_text").safe
local terminal = require("bosa.cli.terminal")
local core = require("bosa.core")

local auth = { summary = "Log in, log out, show who is logged in" }

auth.examples = {
  "# log in; the key and the secret are asked for", "bosa auth login",
  "# in a script, without them in the list of processes",
  "printf '%s\\n' \"$KEY\" \"$USER_NAME\" \"$SECRET\" | bosa auth login",
  "# who is logged in", "bosa auth status",
  "# keep a token that you have", "printf '%s\\n' \"$TOKEN\" | bosa auth login --with-token",
  "# forget it", "bosa auth logout",
  "# a session beside it, for another server or user", "bosa auth login --profile work",
}

local DEFAULT_URL = "https://api.bosa.id"
local CHECK_SECONDS = 10 -- that the server may take to say whether a token works
local NOTHING_SAVED = "not logged in: no session is saved here"
local REFUSED = { auth = true, api = true, not_found = true, params = true }
local AS_ARGUMENT = "bosa: warning: a key or secret given as an argument is seen in the list of processes and kept in "
  .. "the shell's history; leave it out to be asked for it"

function auth.configure(parser)
  parser:command_target("verb")
  local login = parser:command("login", "Log in with a client API key and a user's secret. bosa asks for what you "
    .. "leave out, for the key and the secret without echo; in a pipe it reads lines of standard input. An empty line "
    .. "is no key: current servers need one to create users only.")
  login:flag("--with-token", "Keep a user token that you have: bosa asks for it in place of the user and the secret.")
  login:argument("client_api_key", "Client API key (leave it out, and bosa asks)."):args("?")
  login:argument("username", "User identifier."):args("?")
  login:argument("user_secret", "User secret (leave it out, and bosa asks)."):args("?")
  local logout = parser:command("logout", "Forget the saved session, or that of --profile.")
  logout:flag("--all", "Forget the sessions of all profiles.")
  parser:command("status", "Show who is logged in, where and until when, and ask the server whether it works.")
  local list = parser:command("list", "List the saved sessions by their profiles.")
  list:flag("--json", "A JSON list instead of a table.")
end

--- A server's text as a line of the session; nil: none.
local function kept(value)
  if type(value) == "number" then value = tostring(value) end
  return type(value) == "string" and safe(value) or nil
end

--- What is needed to log in: `{ api_key?, username, secret }`, or `{ api_key?, token }`, asked for where it was not
-- given.
local function answers(cx, options)
  local questions = {
    { "api_key", options.client_api_key, terminal.ask_secret, "Client API Key (empty: none)", may_be_empty = true },
    { "username", options.username, terminal.ask, "Username (User Identifier)" },
    { "secret", options.user_secret, terminal.ask_secret, "User Secret" },
  }
  if options.with_token then questions = { { "token", nil, terminal.ask_secret, "User Token" } } end
  local given = { api_key = options.client_api_key }
  for _, question in ipairs(questions) do
    local name, value, ask, text = question[1], question[2], question[3], question[4]
    value = value or ask(cx, text)
    local is_empty = not value or value == ""
    if is_empty and not (question.may_be_empty and value) then
      return nil, context.error("auth", text .. ": input is required")
    end
    if value:find("%c") then return nil, context.error("auth", text .. ": control characters are not allowed") end
    given[name] = not is_empty and value or nil
  end
  return given
end

--- The token that is kept, and whose it is: made by user and secret, or given.
---@return table? token, table? err
local function token_of(hub, given)
  if not given.token then return hub:authenticate_bosa_user(given.username, given.secret) end
  local user, err = hub:get_user_info(given.token)
  if not user then return nil, err end
  given.username = kept(user.identifier) or "?"
  return { token = given.token, token_type = "Bearer", user_id = user.id }
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
  local name = cx:profile()
  if not profile.is_name(name) then
    local message = "--profile: up to 64 letters, digits, `_`, `-`, `.` and `@` expected"
    return cx:fail(context.error("params", message))
  end
  if config.is_unusable() and (options.api_url or os.getenv("BOSA_API_BASE_URL")) then cx:forget_session() end
  local credentials, err = cx:credentials(true)
  if not credentials then return cx:fail(err) end
  local url = credentials.api_url or DEFAULT_URL
  local ok, message = config.can_save() -- or the token that the server gives would be lost
  if not ok then return cx:fail("the session can't be kept: " .. message) end
  if cx.interactive then cx:note("Logging in to " .. url) end
  local given
  given, err = answers(cx, options)
  if not given then return cx:fail(err) end
  local hub
  hub, err = cx:make_hub({ api_url = url, api_key = given.api_key, allow_http = options.allow_http })
  if not hub then return cx:fail(err) end
  local token
  token, err = token_of(hub, given)
  if not token then
    local code = cx:fail(err)
    return REFUSED[err.kind] and 2 or code
  end
  if token.token:find("%c") then
    return cx:fail(context.error("protocol", "malformed response: the token has control characters"))
  end
  ok, message = config.save(name, session_of(url, given, token, options.allow_http))
  if not ok then return cx:fail("the session can't be kept: " .. message) end
  local as = name == profile.DEFAULT and "" or (" (profile %s)"):format(name)
  cx:print(cx:paint("green", "Logged in as " .. safe(given.username) .. as))
  if cx.tty then
    if token.expires_at then cx:print("Token expires: " .. safe(tostring(token.expires_at))) end
    cx:print("Session saved to " .. config.path())
  end
  for _, variable in ipairs(options.profile and {} or { "BOSA_API_KEY", "BOSA_TOKEN" }) do
    if origin(variable) ~= "" then cx:note(("bosa: note: %s is set, and wins over the session"):format(variable)) end
  end
end

local function not_authenticated(cx, message)
  local names = profile.names(config.sessions() or {})
  local others = "; say --profile NAME for one of the profiles " .. table.concat(names, ", ")
  return cx:fail(context.error("auth", message .. (names[1] and others or "")))
end

--- Says which variables are used whatever the session is.
local function note_variables(cx)
  for _, variable in ipairs({ "BOSA_API_KEY", "BOSA_TOKEN" }) do
    if origin(variable) ~= "" then cx:note(("bosa: note: %s is set, and is still used"):format(variable)) end
  end
end

--- Ends the session of a profile, or all of them. A file that can't be read is removed.
local function logout(cx, options)
  local sessions, err = config.sessions()
  local name, chosen = cx:profile()
  local all = options.all or not sessions
  if sessions and not all and not sessions[name] then
    if chosen then return cx:fail(profile.unknown(name, sessions)) end
    note_variables(cx)
    return not_authenticated(cx, NOTHING_SAVED)
  end
  if sessions and all and not next(sessions) then
    note_variables(cx)
    return not_authenticated(cx, NOTHING_SAVED)
  end
  local ok, message = config.clear(not all and name or nil)
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

local function is_over(session) return type(session.expires) == "number" and session.expires <= os.time() end

--- Asks the server whether key and token work: who the user is, or nil and an error that says which of them doesn't.
local function ask_server(cx, credentials)
  local hub, err = cx:make_hub({
    api_url = credentials.api_url, api_key = credentials.api_key, token = credentials.token,
    allow_http = credentials.allow_http, timeout = CHECK_SECONDS,
  })
  if not hub then return nil, err end
  local user
  user, err = hub:get_user_info(credentials.token)
  if user then return user end
  if err.kind == "auth" then
    local what = err.status == 404 and "the API key" or "the user token"
    local message = ("the server refuses %s (%s): run %s"):format(what, err.message, cx:login_command())
    return nil, context.error("auth", message)
  end
  local message = "could not ask the server whether key and token work: " .. tostring(err)
  return nil, context.error(err.kind, message)
end

local function status(cx)
  local credentials, err = cx:credentials()
  if not credentials then return cx:fail(err) end
  if not credentials.api_key and not credentials.token then
    return not_authenticated(cx, "not authenticated: " .. core.no_credentials)
  end
  local session = cx:session()
  local from_session = credentials.token ~= nil and credentials.token == session.token
  local function row(name, value)
    if value then cx:print(cx:paint("bold", name .. ":") .. " " .. safe(tostring(value))) end
  end
  local function of_session(value) return from_session and value or nil end
  local function from(variable, value) return value == os.getenv(variable) and origin(variable) or "" end
  local name, chosen = cx:profile()
  row("Profile", (chosen or #profile.names(config.sessions() or {}) > 1) and name)
  row("Username", of_session(session.username))
  row("API URL", credentials.api_url or DEFAULT_URL)
  local key, token = credentials.api_key, credentials.token
  row("Client API Key", (key and masked(key) or "none") .. from("BOSA_API_KEY", key))
  row("Token", (token and "set" or "none") .. from("BOSA_TOKEN", token))
  row("Token Expires", of_session(local_time(session.expires) or session.expires_at))
  row("User ID", of_session(session.user_id))
  row("Config File", of_session(config.path()))
  if from_session and is_over(session) then
    return cx:fail(context.error("auth", "the token has expired: run " .. cx:login_command()))
  end
  if not token then
    row("Server", "not asked: only a user token says whether the key works")
    return
  end
  local user
  user, err = ask_server(cx, credentials)
  if not user then return cx:fail(err) end
  row("Server", ("accepts the %s of %s"):format(key and "key and the token" or "token", tostring(user.identifier)))
end

--- Rows of the profiles: name, server, user, expiry, and which is in use.
local function list(cx, options)
  local sessions, message = config.sessions()
  if not sessions then return cx:fail(context.error("file", message)) end
  local rows, objects, current = {}, bosa.array({}), cx:profile()
  for i, name in ipairs(profile.names(sessions)) do
    local session = sessions[name]
    local over = is_over(session)
    local url = session.api_url or DEFAULT_URL
    objects[i] = {
      profile = name, api_url = url, username = session.username, expires_at = session.expires_at, expired = over,
      current = name == current,
    }
    local expires = (local_time(session.expires) or session.expires_at or "") .. (over and " (expired)" or "")
    rows[i] = { name, url, session.username or "", expires, name == current and "in use" or "" }
  end
  if options.json then return print_json(cx, objects) end
  print_table(cx, { "Profile", "API URL", "Username", "Token Expires", "" }, rows, {
    empty = "no sessions are saved; `bosa auth login` makes one",
  })
end

local verbs = { login = login, logout = logout, status = status, list = list }

function auth.run(cx, options) return verbs[options.verb](cx, options) end

return auth
