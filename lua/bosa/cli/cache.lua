--- What the command remembers of a server between runs, for completion without a network.
--
-- The library keeps schemas in the cache directory; beside them stands here which connectors there are.

local bosa = require("bosa")
local config = require("bosa.cli.config")

local cache = {}

local FOR_EVER = 2147483647 -- seconds

local function path()
  local dir = config.cache_dir()
  return dir and dir .. "/connectors.json"
end

--- The strings of a list; whatever else was written there is left out.
local function strings(list)
  local names = {}
  for _, name in ipairs(type(list) == "table" and list or {}) do
    if type(name) == "string" then names[#names + 1] = name end
  end
  return names
end

--- What the file says: base URL -> names. It is only a cache, so one of another shape says nothing.
local function read()
  local text = path() and config.read_own(path())
  local known = text and bosa.json.decode(text)
  local names = {}
  for url, list in pairs(type(known) == "table" and known or {}) do
    if type(url) == "string" then names[url] = bosa.array(strings(list)) end
  end
  return names
end

--- The names of a server's connectors, as far as they were seen.
---@param hub userdata
---@return string[]
function cache.names(hub) return strings(read()[hub:_url()]) end

--- Changes what is remembered of a server: `change(names)` gives the new names. A cache that can't be written, or that
-- somebody else is writing, is no error.
local function change_names(hub, change)
  if not path() or not config.make_dir(config.cache_dir()) then return end
  config.exclusively(config.cache_dir(), 0, function()
    local known = read()
    known[hub:_url()] = bosa.array(change(strings(known[hub:_url()])))
    return config.write_private(path(), assert(bosa.json.encode(known)) .. "\n")
  end)
end

--- Remembers the names of a server's connectors.
---@param hub userdata
---@param names string[]
function cache.keep_names(hub, names)
  change_names(hub, function() return names end)
end

--- Remembers one connector.
---@param hub userdata
---@param name string
function cache.keep_name(hub, name)
  local function has(names)
    for _, known in ipairs(names) do
      if known == name then return true end
    end
    return false
  end
  if has(cache.names(hub)) then return end
  change_names(hub, function(names)
    if not has(names) then names[#names + 1] = name end
    table.sort(names)
    return names
  end)
end

--- A hub that knows what is in the cache, however old, and asks no server.
---@param api_url string?
---@return userdata? hub nil: the URL is none
function cache.hub(api_url)
  local ok, hub = pcall(bosa.new, {
    api_base_url = api_url,
    profile = false,
    allow_http = true,
    cache_dir = config.cache_dir(),
    cache_ttl = FOR_EVER,
    transport = function() return nil, "offline" end,
  })
  return ok and hub or nil
end

return cache
