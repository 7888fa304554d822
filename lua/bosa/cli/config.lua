--- Where the command keeps things: the session in the XDG config directory, schemas in the XDG cache directory.
--
-- The session file holds the API key and the token; it is made with mode 0600 in a directory with mode 0700, whole
-- or not at all.

local bosa = require("bosa")
local uv = require("luv")

local config = {}

local MODE_DIR, MODE_FILE = 448, 384 -- 0700, 0600
local READABLE = 63 -- 0077: what others must not have

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

local function read_all(path)
  local file, message, code = io.open(path, "rb")
  if not file then return nil, message, code end
  local text
  text, message = file:read("*a")
  file:close()
  return text, message
end

--- Whether others than its owner can read or write the session file.
---@return boolean
function config.exposed()
  local path = config.path()
  local stat = path and uv.fs_stat(path)
  return stat ~= nil and stat.mode % (READABLE + 1) ~= 0
end

--- The session: `{ api_url, api_key, token, ... }`, an empty table where there is none.
---@return table? session, string? message
function config.load()
  local path = config.path()
  if not path or not uv.fs_stat(path) then return {} end
  local text, message = read_all(path)
  if not text then return nil, message end
  local session = bosa.json.decode(text)
  if type(session) ~= "table" then return nil, path .. ": not a JSON object; remove it or log in again" end
  for name, value in pairs(session) do
    if value == bosa.null then session[name] = nil end
  end
  return session
end

local function write_all(fd, text)
  local written = 0
  while written < #text do
    local n, message = uv.fs_write(fd, text:sub(written + 1), written)
    if not n then return nil, message end
    written = written + n
  end
  return uv.fs_fsync(fd)
end

--- Writes a file that only its owner can read, beside its place, and renames it.
---@return true? ok, string? message
function config.write_private(path, text)
  local fd, beside = uv.fs_mkstemp(path .. ".XXXXXX")
  if not fd then return nil, beside end
  local ok, message = uv.fs_fchmod(fd, MODE_FILE)
  if ok then ok, message = write_all(fd, text) end
  uv.fs_close(fd)
  if ok then ok, message = uv.fs_rename(beside, path) end
  if ok then return true end
  uv.fs_unlink(beside)
  return nil, message
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
