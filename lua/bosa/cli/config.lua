--- Where the command keeps things: the session in the XDG config directory, schemas in the XDG cache directory.
--
-- The session file holds the API key and the token; it is made with mode 0600 in a directory with mode 0700, whole
-- or not at all. One that others can write to is not believed: it says which server gets the next key.

local bosa = require("bosa")
local core = require("bosa.core")
local uv = require("luv")

local config = {}

local MODE_DIR = 448 -- 0700
local LARGEST = 16 * 2 ^ 20 -- bytes of a file that the command wrote itself
local READABLE = 63 -- 0077: what others must not have
local TEXTS = { "api_url", "api_key", "token", "token_type", "username", "user_id", "expires_at" } -- of a session

--- A directory of the XDG kind: `variable`, where it is an absolute path, else `fallback` below the home directory.
local function xdg(variable, fallback)
  local dir = os.getenv(variable)
  if dir and dir:sub(1, 1) == "/" then return dir end
  local home = os.getenv("HOME")
  if not home or home == "" then home = uv.os_homedir() end
  return home and home .. "/" .. fallback or nil
end

--- The directory of the session file; nil: neither $XDG_CONFIG_HOME nor a home directory is known.
function config.dir()
  local base = xdg("XDG_CONFIG_HOME", ".config")
  return base and base .. "/bosa"
end

--- The directory of the schemas; nil likewise.
function config.cache_dir()
  local base = xdg("XDG_CACHE_HOME", ".cache")
  return base and base .. "/bosa"
end

--- The directory of the prompt's history; nil likewise.
function config.state_dir()
  local base = xdg("XDG_STATE_HOME", ".local/state")
  return base and base .. "/bosa"
end

--- The path of the session file; nil likewise.
function config.path()
  local dir = config.dir()
  return dir and dir .. "/config.json"
end

--- Makes a directory and those above it.
---@return true? ok, string? message
function config.make_dir(path)
  if uv.fs_stat(path) then return true end
  local parent = path:match("^(.+)/[^/]+$")
  if parent then
    local ok, message = config.make_dir(parent)
    if not ok then return nil, message end
  end
  local ok, message, name = uv.fs_mkdir(path, MODE_DIR)
  if not ok and name ~= "EEXIST" then return nil, message end
  return true
end

--- The content of a file. What is none (a FIFO would be waited for) is an error, and so is one that is too large.
---@param path string
---@return string? text, string? message
function config.read_file(path)
  local stat, wrong = uv.fs_stat(path)
  if not stat then return nil, wrong end
  if stat.type ~= "file" then return nil, path .. ": not a regular file" end
  if stat.size > LARGEST then return nil, path .. ": too large" end
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text
  text, message = file:read("*a")
  file:close()
  return text, message
end

--- Whether somebody else can write the session file: by its mode, or as its owner.
---@return boolean
function config.untrusted()
  local path = config.path()
  local stat = path and uv.fs_stat(path)
  if not stat then return false end
  local group, others = math.floor(stat.mode / 8) % 8, stat.mode % 8
  local foreign = stat.uid ~= 0 and uv.getuid and stat.uid ~= uv.getuid()
  return foreign or math.floor(group / 2) % 2 == 1 or math.floor(others / 2) % 2 == 1
end

--- Whether others than its owner can read or write the session file.
---@return boolean
function config.exposed()
  local path = config.path()
  local stat = path and uv.fs_stat(path)
  return stat ~= nil and stat.mode % (READABLE + 1) ~= 0
end

--- What is wrong with a session that was read; nil: nothing.
local function fault_of(session)
  if type(session) ~= "table" or session[1] ~= nil then return "not a JSON object" end
  for _, name in ipairs(TEXTS) do
    local value = session[name]
    local fine = value == nil or type(value) == "string" and not value:find("%c")
    if not fine then return ("its `%s` is no text"):format(name) end
  end
  return nil
end

--- The session: `{ api_url, api_key, token, ... }`, an empty table where there is none.
---@return table? session, string? message
function config.load()
  local path = config.path()
  if not path or not uv.fs_stat(path) then return {} end
  if config.untrusted() then
    return nil, path .. ": others can write to it, so it is not used; look what it says and chmod 600 it, or log in "
      .. "again with --api-url"
  end
  local text, message = config.read_file(path)
  if not text then return nil, message end
  local session = bosa.json.decode(text)
  for name, value in pairs(type(session) == "table" and session or {}) do
    if value == bosa.null then session[name] = nil end
  end
  local fault = fault_of(session)
  if fault then return nil, ("%s: %s; remove it or log in again"):format(path, fault) end
  return session
end

--- Writes a file that only its owner can read, whole or not at all.
---@return true? ok, string? message
function config.write_private(path, text)
  local ok, err = core.write_private(path, text)
  if ok then return true end
  return nil, err.message
end

--- Keeps a session.
---@return true? ok, string? message
function config.save(session)
  local path = config.path()
  if not path then return nil, "neither XDG_CONFIG_HOME nor HOME says where to keep the session" end
  local ok, message = config.make_dir(config.dir())
  if not ok then return nil, message end
  return config.write_private(path, bosa.json.encode(session) .. "\n")
end

--- Removes the session.
---@return true? ok, string? message
function config.clear()
  local path = config.path()
  if not path or not uv.fs_stat(path) then return true end
  return uv.fs_unlink(path)
end

return config
