--- The lines of former prompts, in a file that only its owner can read. What looks like a secret isn't kept.

local uv = require("luv")
local config = require("bosa.cli.config")

local history = {}

local MODE = 384 -- 0600
local MOST = 1000 -- lines that are kept
local LONGEST = 4096 -- bytes of one of them
local RUN = 20 -- characters of letters and digits without a break that may be a key

local WORDS = { "token", "secret", "passw", "api_?key", "authenticat", "authoriz", "bearer", "credential",
  "private_?key" }

---@class bosa.repl.History
---@field path string? nil: nothing is kept
---@field secrets string[]
local History = {}
History.__index = History

--- Whether a run of characters may be a key: letters and digits mixed, without a break.
local function may_be_key(run) return #run >= RUN and run:find("%d") ~= nil and run:find("%a") ~= nil end

--- Whether lines look as if there were a secret in them: by a word of theirs, a key's look, or a secret that is known.
---@param text string
---@return boolean
function History:is_secret(text)
  local lower = text:lower()
  for _, word in ipairs(WORDS) do
    if lower:find(word) then return true end
  end
  for _, secret in ipairs(self.secrets) do
    if text:find(secret, 1, true) then return true end
  end
  for run in text:gmatch("[%w_+/=-]+") do
    if may_be_key(run) then return true end
  end
  return false
end

local function read(path)
  local lines = {}
  for line in (config.read_own(path) or ""):gmatch("[^\n]+") do lines[#lines + 1] = line end
  return lines
end

local function last_of(lines)
  local kept = {}
  for i = math.max(1, #lines - MOST + 1), #lines do kept[#kept + 1] = lines[i] end
  return kept
end

--- Has `fn()` change the file while no other prompt does.
function History:alone(fn) return config.exclusively(self.path:match("^(.+)/[^/]+$"), nil, fn) end

--- The lines that were kept, oldest first.
---@return string[]
function History:load()
  if not self.path then return {} end
  local lines = read(self.path)
  if #lines <= MOST then return lines end
  local kept = last_of(lines)
  self:alone(function() -- another prompt may have kept a line meanwhile
    kept = last_of(read(self.path))
    return config.write_private(self.path, table.concat(kept, "\n") .. "\n")
  end)
  return kept
end

--- Keeps the lines of a chunk; true: they were, or could have been. A file that can't be written is no error.
---@param text string
---@return boolean
function History:keep(text)
  if #text > LONGEST or self:is_secret(text) then return false end
  local dir = self.path and self.path:match("^(.+)/[^/]+$")
  if not dir or not config.make_dir(dir) then return true end
  local stat = uv.fs_stat(self.path)
  if stat and stat.type ~= "file" then return true end -- a FIFO would be waited for
  self:alone(function()
    local fd = uv.fs_open(self.path, "a", MODE)
    if not fd then return end
    uv.fs_fchmod(fd, MODE)
    uv.fs_write(fd, text .. "\n", -1)
    uv.fs_close(fd)
  end)
  return true
end

--- The history of a prompt.
---@param path string?
---@param secrets string[] what must never be kept
---@return bosa.repl.History
function history.new(path, secrets) return setmetatable({ path = path, secrets = secrets }, History) end

return history
