--- The options of tools: what they may be, and which actions they let through.

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

--- Why a value is no list of strings; nil: it is one.
---@param value any
---@return string?
function options.strings(value)
  if type(value) ~= "table" then return "table expected, got " .. type(value) end
  for _, element in ipairs(value) do
    if type(element) ~= "string" then return "a list of strings expected, with a " .. type(element) .. " in it" end
  end
  return nil
end

local OFFERED = {
  only = options.strings, except = options.strings, connectors = options.strings, read_only = "boolean",
  files = "string", change = "function",
}

--- The options of tools and further ones, as misuse.check_options takes them.
---@param more table<string, string|true|fun(value: any): string?>
---@return table
function options.known(more)
  local known = {}
  for _, set in ipairs({ OFFERED, more }) do
    for name, expected in pairs(set) do known[name] = expected end
  end
  return known
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

options.is_object = require("bosa.is_object")

return options
