--- What an action's name says of what it does. Only the name is known, so the rule is a narrow one:
--
-- An action reads when the first word of its name (after the last `/`) is one of READS, and no word says that it
-- also writes (create, delete, revoke, ...) or does more than one thing (and, or, then). It adds when that first one is
-- create, add, upload and the like and no other word says more; it settles, so that a second run changes nothing more,
-- when it is delete, set and the like.

local reading = {}

local function set(words)
  local result = {}
  for word in words:gmatch("%a+") do result[word] = true end
  return result
end

local READS = set("get list search find read fetch count describe show view download")
local ADDS = set("create add insert upload copy duplicate send append post reply invite")
local DESTROYS = "delete remove revoke trash purge clear drop destroy erase wipe expunge truncate prune discard unlink "
  .. "uninstall terminate kill "
local SETTLES = set(DESTROYS .. "set replace enable disable")
local WRITES = set(DESTROYS .. "create update replace set add send write move rename upload insert edit merge reset "
  .. "cancel enable disable disconnect and or then")

--- The words of a name in lower case, and the place of the first one after the last slash.
local function words_of(name)
  local words, first = {}, 1
  for segment in name:gmatch("[^/]+") do
    first = #words + 1
    local parted = segment:gsub("(%l)(%u)", "%1 %2")
    for word in parted:gmatch("%w+") do words[#words + 1] = word:lower() end
  end
  return words, first
end

--- Whether an action surely reads only, by its name.
---@param name string
---@return boolean
function reading.reads(name)
  local words, first = words_of(name)
  if not READS[words[first]] then return false end
  for _, word in ipairs(words) do
    if WRITES[word] then return false end
  end
  return true
end

--- Whether an action only adds something, by its name: nothing that is there changes.
---@param name string
---@return boolean
function reading.adds(name)
  local words, first = words_of(name)
  if not ADDS[words[first]] then return false end
  for i = first + 1, #words do
    if WRITES[words[i]] then return false end
  end
  return true
end

--- Whether running an action again surely changes nothing more, by its name.
---@param name string
---@return boolean
function reading.settles(name)
  local words, first = words_of(name)
  return SETTLES[words[first]] or false
end

return reading
