--- Schemas in a file: taken from a server once, read without one ever after, and compared.
--
-- The text of a snapshot is JSON with its names in order, so that two of them compare well line by line:
--   { "bosa_snapshot": 1, "taken": "2026-01-31T12:00:00Z", "connectors": { NAME: { ACTION: {...}, ... }, ... } }
-- A response of discovery, `{ NAME: { ACTION: {...}, ... }, ... }`, is read as one, too.

local core = require("bosa.load_core")
local describe = require("bosa.describe")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local run = require("bosa.run")
local sorted_json = require("bosa.sorted_json")
local read_file = require("bosa.read_file")

local snapshot = {}

local VERSION = 1
local INTEGERS = rawget(_G, "jit") and "cdata" or nil -- how whole numbers are decoded without loss

--- What a snapshot is read from: a path, or the content of a file as a table.
---@alias bosa.Snapshot string|table

local function fail(kind, ...) return nil, loop.error(kind, string.format(...), "no") end

--- The JSON text of a source, and what it is called in messages.
local function text_of(source)
  if type(source) == "string" then
    local text, message = read_file(source)
    if not text then return fail("file", "can't read the snapshot: %s", message) end
    return text, nil, "the snapshot " .. source
  end
  local ok, text = pcall(sorted_json.line, source)
  if ok then return text, nil, "the snapshot" end
  return fail("protocol", "the snapshot can't be written as JSON: %s", tostring(text))
end

--- Gives a hub that is being made what its option `snapshot` names.
---@param hub userdata
---@return table? err
function snapshot.load(hub)
  local source = hub:_kept("snapshot")
  if not source then return nil end
  local text, err, name = text_of(source)
  if not text then return err end
  local names
  names, err = hub:_load_snapshot(text)
  if not names then
    err.message = name .. ": " .. err.message
    return err
  end
  table.sort(names)
  hub:_keep("snapshot", names)
end

--- The names of the connectors that a hub has from a snapshot, sorted; nil: it has none.
---@param hub userdata
---@return string[]?
function snapshot.names(hub)
  local names = hub:_kept("snapshot")
  if not names then return nil end
  local copy = {}
  for i, name in ipairs(names) do copy[i] = name end
  return copy
end

local function place(hub, name)
  for i, known in ipairs(hub:_kept("snapshot") or {}) do
    if known == name then return i end
  end
  return nil
end

--- A connector that is to be asked for anew is of the snapshot no longer.
---@param hub userdata
---@param name string
function snapshot.drop(hub, name)
  local i = place(hub, name)
  if i then table.remove(hub:_kept("snapshot"), i) end
end

---------------------------------------------------------------------------------------------------
-- taking

--- A connector's actions as the server describes them now: action -> what discovery says of it.
---@param hub userdata
---@param name string
---@return table<string, table>? actions, table? err
function snapshot.fetch(hub, name)
  if not place(hub, name) then
    local fetched, err = run.run(hub:_fetch(name))
    if not fetched then return nil, err end
  end
  local actions = describe.known(hub, name)
  if not actions then return fail("closed", "the schemas of %s are gone: has the hub been closed?", name) end
  return actions
end

--- Takes a snapshot of connectors: the server is asked for each of them.
---@param hub userdata
---@param names string[]? all that the server has
---@return string? text JSON, with a newline at its end
---@return table? err
function snapshot.take(hub, names)
  if getmetatable(hub) ~= core.classes.hub then
    misuse.raise(2, "bad argument #1 to 'take' (bosa.hub expected, got %s)", type(hub))
  end
  if names ~= nil then
    misuse.check_type(names, "table", 2, "take")
    for _, name in ipairs(names) do misuse.check_name(name, "a connector", 2, "take") end
  end
  local err
  if not names then
    names, err = hub:get_available_modules()
    if not names then return nil, err end
  end
  local connectors = core.object({})
  for _, name in ipairs(names) do
    connectors[name], err = snapshot.fetch(hub, name)
    if not connectors[name] then return nil, err end
  end
  return sorted_json.encode({
    bosa_snapshot = VERSION,
    taken = os.date("!%Y-%m-%dT%H:%M:%SZ"),
    connectors = connectors,
  }) .. "\n"
end

---------------------------------------------------------------------------------------------------
-- reading

--- The connectors of a snapshot: name -> action -> what discovery says of it.
---@param source bosa.Snapshot
---@return table<string, table>? connectors, table? err
function snapshot.read(source)
  if type(source) ~= "string" and type(source) ~= "table" then
    misuse.raise(2, "bad argument #1 to 'read' (path or table expected, got %s)", type(source))
  end
  local text, err, name = text_of(source)
  if not text then return nil, err end
  local value
  value, err = core.json.decode(text, INTEGERS, true)
  if err then return fail("protocol", "%s: %s", name, err.message) end
  if type(value) == "table" and value.bosa_snapshot ~= nil then value = value.connectors end
  if type(value) ~= "table" then return fail("protocol", "%s: a snapshot must be a JSON object", name) end
  for connector, actions in pairs(value) do
    if type(actions) ~= "table" or actions[1] ~= nil then
      return fail("protocol", "%s's `%s` is no JSON object of actions", name, tostring(connector))
    end
  end
  return value
end

return snapshot
