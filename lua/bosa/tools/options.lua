--- The options of tools: what they may be, and which actions they let through.

local core = require("bosa.core")
local misuse = require("bosa.misuse")
local reading = require("bosa.tools.reading")

local options = {}

--- What tools are offered.
---@class bosa.ToolOptions
---@field only string[]? actions to offer, by name; `*` stands for anything: { "list_*", "github.get_issue" }. A tool's
--- name of the catalog is one, too: "github_get_issue_tool"
---@field except string[]? actions not to offer, likewise
---@field read_only boolean? offer only actions whose name is clearly read-only (bosa.tools.reading)
---@field files string? a directory that files are exchanged in: those that come are saved there, and paths below it are
--- taken for parameters that take a file. Without it such parameters are left out, and files that come only described
---@field change (fun(tool: bosa.Tool): bosa.Tool?)? sees every tool, and may change it or leave it out (nil)
---@field connectors string[]? where hub:call_tool looks for a tool whose name `change` made

local OFFERED = {
  only = "table", except = "table", read_only = "boolean", files = "string", change = "function", connectors = "table",
}

--- Whether all elements of a list are strings.
---@param list table
---@return boolean
function options.is_list_of_strings(list)
  for _, element in ipairs(list) do
    if type(element) ~= "string" then return false end
  end
  return true
end

local function unknown(level, name, more)
  local known = {}
  for _, names in ipairs({ OFFERED, more }) do
    for each in pairs(names) do known[each] = true end
  end
  misuse.unknown_option(level + 1, name, known)
end

--- Raises at the caller `level` up for an option that isn't one.
---@param given table
---@param more table<string, string|true> further options: name -> Lua type, or true for any
---@param level integer
function options.check(given, more, level)
  if type(given) ~= "table" then error("options: table expected, got " .. type(given), level + 1) end
  for name, value in pairs(given) do
    local expected = OFFERED[name] or more[name]
    if not expected then unknown(level + 1, name, more) end
    if expected ~= true and type(value) ~= expected then
      error(("option `%s`: %s expected, got %s"):format(name, expected, type(value)), level + 1)
    end
  end
  for _, name in ipairs({ "only", "except", "connectors" }) do
    if given[name] and not options.is_list_of_strings(given[name]) then
      error(("option `%s`: a list of strings expected"):format(name), level + 1)
    end
  end
end

local function matches(pattern, text)
  return text:find("^" .. pattern:gsub("[^%w%s*]", "%%%0"):gsub("%*", ".*") .. "$") ~= nil
end

--- The name that the catalog of a server has for an action.
local function catalog_name(connector, action) return ((connector .. "_" .. action .. "_tool"):gsub("%-", "_")) end

local function any_matches(patterns, connector, action)
  for _, pattern in ipairs(patterns) do
    if matches(pattern, action) or matches(pattern, connector .. "." .. action) then return true end
    if pattern == catalog_name(connector, action) then return true end
  end
  return false
end

--- Whether the options let an action be used.
---@param connector string
---@param action string
---@param given bosa.ToolOptions
---@return boolean
function options.let(connector, action, given)
  if given.read_only and not reading.reads(action) then return false end
  if given.except and any_matches(given.except, connector, action) then return false end
  return not given.only or any_matches(given.only, connector, action)
end

local ARRAY = getmetatable(core.array({})) -- of a list that was read from JSON, also of an empty one

--- Whether a value that was read from JSON is an object.
---@param value any
---@return boolean
function options.is_object(value)
  return type(value) == "table" and value[1] == nil and getmetatable(value) ~= ARRAY
end

return options
