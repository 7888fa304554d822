--- Saved sessions: what `bosa auth login` has kept, each under the name of a profile.
--
-- They are in one file. The session of the profile "default" is the file's own members, as it was before there were
-- other profiles; those of the others are in its member `profiles`. It holds keys and tokens: others can't write it, or
-- it isn't read (it says which server gets them), and what a session holds goes to the server it is for alone.

local core = require("bosa.core")
local loop = require("bosa.loop")

local profile = {}

local DEFAULT_URL = "https://api.bosa.id"
local PORTS = { http = "80", https = "443" }
local TEXTS = { "api_url", "api_key", "token", "token_type", "username", "user_id", "expires_at" } -- of a session

profile.DEFAULT = "default"

--- What `bosa auth login` keeps.
---@class bosa.Session
---@field api_url string? the server that it is for; without it https://api.bosa.id
---@field api_key string?
---@field token string?
---@field token_type string?
---@field username string?
---@field user_id string?
---@field expires_at string? as the server wrote it
---@field expires number? Unix seconds
---@field allow_http boolean? plain http may be used for it
---@field alone boolean? what it lacks is not to come from the environment; set by profile.load

local function fail(...) return nil, loop.error("file", string.format(...), "no") end

--- Whether a text can name a profile.
---@param name string
---@return boolean
function profile.is_name(name) return #name <= 64 and name:find("^[%w_][%w_.@-]*$") ~= nil end

--- The path of the file with the sessions; nil: neither $XDG_CONFIG_HOME nor a home directory is known.
---@param home string? where $HOME is not set
---@return string?
function profile.path(home)
  local base = os.getenv("XDG_CONFIG_HOME")
  if base and base:sub(1, 1) == "/" then return base .. "/bosa/config.json" end
  local own = os.getenv("HOME")
  if own and own ~= "" then home = own end
  return home and home .. "/.config/bosa/config.json"
end

--- A URL in one form: scheme and host in lower case, no port that goes without saying, no slash at the end.
local function normal(url)
  local scheme, authority, path = url:match("^(%a[%w+.-]*)://([^/]*)(.*)$")
  if not scheme then return url end
  scheme, authority = scheme:lower(), authority:lower()
  local host, port = authority:match("^(.*):(%d+)$")
  if port and port == PORTS[scheme] then authority = host end
  return scheme .. "://" .. authority .. path:gsub("/+$", "")
end

--- Whether two URLs are one server's. Without one: the server that is asked where nothing says which.
---@param a string?
---@param b string?
---@return boolean
function profile.same_server(a, b) return normal(a or DEFAULT_URL) == normal(b or DEFAULT_URL) end

--- Whether the key and the token of the environment may go to a server that a named profile chose: not where the
-- environment says that they are another's.
---@param url string?
---@return boolean
function profile.shares_environment(url)
  local other = os.getenv("BOSA_API_BASE_URL")
  return other == nil or other == "" or profile.same_server(other, url)
end

--- What is wrong with a session that was read; nil: nothing.
local function fault_of(session)
  if type(session) ~= "table" or session[1] ~= nil then return "not a JSON object" end
  for name, value in pairs(session) do
    if value == core.null or value == "" and name ~= "api_url" then session[name] = nil end
  end
  for _, name in ipairs(TEXTS) do
    local value = session[name]
    local fine = value == nil or type(value) == "string" and value ~= "" and not value:find("%c")
    if not fine then return ("its `%s` is no text"):format(name) end
  end
  return nil
end

--- The sessions by the names of their profiles, out of what the file holds.
local function sessions_of(file)
  local sessions, fault = {}, fault_of(file)
  if fault then return nil, fault end
  local others = file.profiles
  if others ~= nil and (type(others) ~= "table" or others[1] ~= nil) then return nil, "its `profiles` is no object" end
  file.profiles = nil
  if next(file) ~= nil then sessions[profile.DEFAULT] = file end
  for name, session in pairs(others or {}) do
    fault = not profile.is_name(name) and "no name of a profile" or fault_of(session)
    if fault then return nil, ("its profile `%s`: %s"):format(name:gsub("%c", "?"), fault) end
    sessions[name] = session
  end
  return sessions
end

--- All sessions of a file, none where there is no file.
---@param path string
---@return table<string, bosa.Session>? sessions
---@return table|boolean|nil err_or_exposed the error; or whether others can read the file
---@return boolean? untrusted others can write the file, so it was not read
function profile.read(path)
  local text, err, untrusted = core.read_private(path)
  if not text then
    if err then return nil, err, untrusted end
    return {}, false
  end
  local file = core.json.decode(text)
  local sessions, fault = sessions_of(file)
  if not sessions then return fail("%s: %s; remove it, or log in again with --api-url", path, fault) end
  return sessions, err
end

--- The names of sessions, in order, the default one first.
---@param sessions table<string, bosa.Session>
---@return string[]
function profile.names(sessions)
  local names = {}
  for name in pairs(sessions) do
    if name ~= profile.DEFAULT then names[#names + 1] = name end
  end
  table.sort(names)
  if sessions[profile.DEFAULT] then table.insert(names, 1, profile.DEFAULT) end
  return names
end

--- That there is no such profile, and what to do.
---@param name string
---@param sessions table<string, bosa.Session>
---@return table err
function profile.unknown(name, sessions)
  local names = profile.names(sessions)
  local shown = name:gsub("%c", "?")
  local text = #names > 0 and "there are " .. table.concat(names, ", ") or "nobody has logged in yet"
  local words = "there is no profile `%s` (%s): run `bosa auth login%s`"
  local option = name ~= profile.DEFAULT and profile.is_name(name) and " --profile " .. name or ""
  return loop.error("file", words:format(shown, text, option), "no")
end

--- The session of a profile, for a hub. For the server at `url`, where that is another, it holds no credentials.
---@param name string
---@param url string?
---@return bosa.Session? session
---@return table? err
function profile.load(name, url)
  local path = profile.path()
  if not path then return fail("neither XDG_CONFIG_HOME nor HOME says where the profile `%s` is", name) end
  local sessions, err = profile.read(path)
  if not sessions then return nil, err end
  local session = sessions[name]
  if not session then return nil, profile.unknown(name, sessions) end
  if url and not profile.same_server(url, session.api_url) then return { api_url = url } end
  session.api_url = session.api_url or DEFAULT_URL
  session.alone = not profile.shares_environment(session.api_url)
  return session
end

return profile
