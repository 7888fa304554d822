--- Where the command keeps things: the session in the XDG config directory, schemas in the XDG cache directory.
--
-- The session file holds the API key and the token; it is made with mode 0600 in a directory with mode 0700, whole
-- or not at all. One that others can write to is not believed: it says which server gets the next key.

local bosa = require("bosa")
local core = require("bosa.core")
local profile = require("bosa.profile")
local uv = require("luv")
local read_file = require("bosa.read_file")

local config = {}

local MODE_DIR = 448 -- 0700
local PATIENCE = 10 -- seconds that another process may take to write
local LOCK_MS = 20 -- until it is looked again whether it has
local LARGEST = 16 * 2 ^ 20 -- bytes of a file that the command wrote itself

--- A directory of the XDG kind: `variable`, where it is an absolute path, else `fallback` below the home directory.
local function xdg(variable, fallback)
  local dir = os.getenv(variable)
  if dir and dir:sub(1, 1) == "/" then return dir end
  local home = os.getenv("HOME")
  if not home or home == "" then home = uv.os_homedir() end
  return home and home .. "/" .. fallback or nil
end

--- The path of the session file; nil: neither $XDG_CONFIG_HOME nor a home directory is known.
function config.path() return profile.path(uv.os_homedir()) end

--- The directory of the session file; nil likewise.
function config.dir()
  local path = config.path()
  return path and path:match("^(.*)/[^/]+$")
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

--- The content of a file of the command's own. What is none (a FIFO would be waited for) is an error.
---@param path string
---@return string? text, string? message
function config.read_own(path)
  local stat, wrong = uv.fs_stat(path)
  if not stat then return nil, wrong end
  if stat.type ~= "file" then return nil, path .. ": not a regular file" end
  return read_file(path, LARGEST)
end

--- The sessions by the names of their profiles; none where there is no file.
---@return table<string, bosa.Session>? sessions, string? message
---@return boolean? flag of sessions: others can read the file; of a message: others can write it
function config.sessions()
  local path = config.path()
  if not path then return {} end
  local sessions, err, untrusted = profile.read(path)
  if not sessions then return nil, err.message, untrusted end
  return sessions, nil, err
end

--- Whether the session file can't be used: it is damaged, or somebody else can write it.
---@return boolean
function config.is_unusable() return not config.sessions() end

--- Writes a file that only its owner can read, whole or not at all.
---@return true? ok, string? message
function config.write_private(path, text)
  local ok, err = core.write_private(path, text)
  if ok then return true end
  return nil, err.message
end

--- Runs `fn()`, which reads, changes and writes a file of a directory (that is there), while nobody else does so.
---@param dir string
---@param patience number? seconds that somebody else is waited for (10)
---@param fn fun(): any, string?
---@return any result, string? message what `fn` gave; nil and why: it was not run
function config.exclusively(dir, patience, fn)
  local started = core.now()
  local lock, err = core.lock_dir(dir)
  while lock == false do
    if core.now() - started >= (patience or PATIENCE) then return nil, dir .. ": another bosa is writing there" end
    uv.sleep(LOCK_MS)
    lock, err = core.lock_dir(dir)
  end
  if not lock then return nil, err.message end
  local ok, result, message = pcall(fn)
  lock:release()
  if not ok then error(result, 0) end
  return result, message
end

--- Writes the sessions: that of the default profile as the file's own members, where versions before profiles look.
local function write_sessions(sessions)
  local file, others = {}, {}
  for name, value in pairs(sessions[profile.DEFAULT] or {}) do file[name] = value end
  for name, session in pairs(sessions) do
    if name ~= profile.DEFAULT then others[name] = session end
  end
  if next(others) then file.profiles = others end
  return config.write_private(config.path(), bosa.json.encode(file) .. "\n")
end

--- Whether a session can be kept, before a server is asked for one. Makes the directory.
---@return true? ok, string? message
function config.can_save()
  if not config.path() then return nil, "neither XDG_CONFIG_HOME nor HOME says where to keep the session" end
  local ok, message = config.make_dir(config.dir())
  if not ok then return nil, message end
  local file, err = core.writer(config.path(), "private")
  if not file then return nil, err.message end
  file:drop()
  return true
end

--- Keeps the session of a profile. A file that can't be believed gives way to it.
---@param name string
---@param session bosa.Session
---@return true? ok, string? message
function config.save(name, session)
  local ok, message = config.can_save()
  if not ok then return nil, message end
  return config.exclusively(config.dir(), nil, function()
    local sessions = config.sessions() or {}
    sessions[name] = session
    return write_sessions(sessions)
  end)
end

--- Removes the session of a profile; without a name all of them.
---@param name string?
---@return true? ok, string? message
function config.clear(name)
  local path = config.path()
  if not path or not uv.fs_stat(path) then return true end
  return config.exclusively(config.dir(), nil, function()
    local sessions = name and config.sessions() or {}
    if name then sessions[name] = nil end
    if next(sessions) then return write_sessions(sessions) end
    return uv.fs_unlink(path)
  end)
end

return config
