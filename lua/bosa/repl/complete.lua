--- What can be typed next at the prompt: names, methods, actions, parameters and their values.
--
-- It looks at what is known already; the server is asked only for what neither memory nor the cache has, for a moment.

local core = require("bosa.core")
local candidates = require("bosa.candidates")
local loop = require("bosa.loop")
local names = require("bosa.repl.names")
local terminal_text = require("bosa.cli.terminal_text")
local reserved = require("bosa.reserved")
local scan = require("bosa.repl.scan")
local task = require("bosa.task")

local complete = {}

local PATIENCE = 2 -- seconds that a Tab waits for a server
local LONGEST = 2000 -- bytes of a chunk in which words are completed
local PAUSE = 10 -- seconds after which it asks again a server that didn't answer

local FIELDS = {
  response = { "data", "meta", "status", "headers", "attempts", "elapsed", "reference_id" },
  file = { "file", "filename", "content_type", "headers", "size" },
}
local ENDINGS = { run = "response", next_page = "response", prev_page = "response", start = "call", wait = "response" }
local OF_CONNECTOR = { action = true, help = true, get_action_parameters = true }
local OF_HUB = {} -- hub methods whose first argument is a connector
for name in ("connect run execute get_connector refresh_connector user_has_integration initiate_connector_auth "
  .. "initiate_plugin_configuration get_integration select_integration remove_integration"):gmatch("%S+") do
  OF_HUB[name] = true
end

---@class bosa.repl.Complete
---@field names bosa.repl.Names
---@field resting table<string, number> what a server didn't answer, until when it isn't asked again
local Complete = {}
Complete.__index = Complete

---------------------------------------------------------------------------------------------------
-- what is known

--- Runs `fn()` as a task, for no longer than a Tab may take.
local function briefly(self, what, fn)
  if (self.resting[what] or 0) > core.now() then return end
  local work = task.spawn(fn)
  if task.wait(work, PATIENCE) and loop.result(work) then return end
  task.cancel(work)
  self.resting[what] = core.now() + PAUSE
end

--- Names of connectors: asks for them where not even the cache has some.
local function connectors(self)
  local list = self.names:list()
  if #list > 0 or self.names:asked() then return list end
  briefly(self, "connectors", function() return self.names:ask() end)
  return self.names:list()
end

--- Whether the schemas of a connector are there.
local function load(self, connector)
  local hub, name = connector:_hub()
  if hub:_has(name) then return true end
  briefly(self, name, function() return hub:get_connector(name) end)
  return hub:_has(name)
end

local function actions(self, connector)
  if not load(self, connector) then return {} end
  local hub, name = connector:_hub()
  return candidates.names(candidates.actions(hub, name))
end

---------------------------------------------------------------------------------------------------
-- what an expression stands for, without running anything

--- A member of a value, for what can be looked at without running code of somebody's.
local function member(value, name)
  name = tonumber(name) or name
  if type(value) == "table" then return rawget(value, name) end
  local class = names.class_of(value)
  if class == "connector" or class == "response" or class == "file" then return value[name] end
  return nil
end

--- A value by its path: github, _.data.1.user, string.
local function resolve(self, path)
  local first, rest = path:match("^([%a_][%w_]*)(.*)$")
  if not first then return nil end
  local value = self.names:value(first)
  if value == nil then value = rawget(_G, first) end
  if value == nil then
    connectors(self)
    value = self.names:connector(first)
  end
  for name in rest:gmatch("[^.]+") do value = member(value, name) end
  return value
end

local function connector_at(self, path)
  local value = resolve(self, path)
  return names.class_of(value) == "connector" and value or nil
end

--- An expression without the arguments of the call at its end, and whether there was one.
local function without_arguments(text)
  local rest = text:gsub("%s+$", ""):match('^(.*[%w_]%s*)%b()$') or text:match("^(.*[%w_]%s*)%b{}$")
    or text:match('^(.*[%w_]%s*)"[^"]*"$')
  return rest and rest:gsub("%s+$", "")
end

--- The connector that the call at the end of a text gives: hub:connect("github").
local function connected(self, text)
  local name = text:match("connect%s*%(?%s*[\"']([%w_-]+)[\"']%s*%)?$")
  return name and self.names:hub():connect(name)
end

--- The class of what a chain of calls gives, like github:action("x"):params{...}.
local function class_of_chain(text)
  local name = (without_arguments(text) or ""):match("[:.]%s*([%a_][%w_]*)$")
  if not name or OF_HUB[name] and name ~= "run" then return nil end
  if ENDINGS[name] then return ENDINGS[name] end
  if name == "action" or core.classes.action.methods[name] then return "action" end
  if core.classes.hub.methods[name] or core.classes.connector.methods[name] then return nil end
  return "response"
end

---------------------------------------------------------------------------------------------------
-- members

local function add_public(list, members)
  for name in pairs(members) do
    if type(name) == "string" and name:find("^%a[%w_]*$") then list[#list + 1] = name end
  end
end

local function members_of_class(class, separator)
  local list = {}
  add_public(list, core.classes[class].methods)
  for _, name in ipairs(separator == "." and FIELDS[class] or {}) do list[#list + 1] = name end
  return list
end

local function members_of(self, value, separator)
  local class = names.class_of(value)
  local list = class and members_of_class(class, separator) or {}
  if class == "connector" then
    for _, name in ipairs(actions(self, value)) do list[#list + 1] = name end
  elseif type(value) == "string" then
    add_public(list, string)
  elseif type(value) == "table" and not names.is_method(value) then
    add_public(list, value)
    local meta = getmetatable(value)
    local index = type(meta) == "table" and rawget(meta, "__index")
    if type(index) == "table" then add_public(list, index) end
  end
  return list
end

--- What can follow `expression.` and `expression:`.
local function after_separator(self, before, separator)
  local joint, path = ("\n" .. before:gsub("%[ ?(%d+) ?%]", ".%1")):match("([^%w_])([%a_][%w_.]*)$")
  if joint == "." or joint == ":" then return {} end
  if path then return members_of(self, resolve(self, path), separator) end
  local connector = connected(self, before)
  if connector then return members_of(self, connector, separator) end
  local class = class_of_chain(before)
  return class and members_of_class(class, separator) or {}
end

local function globals(self, lead)
  local list = connectors(self)
  for _, name in ipairs(self.names:set_names()) do list[#list + 1] = name end
  if lead == "" then return list end
  add_public(list, _G)
  for _, word in ipairs(reserved.list) do list[#list + 1] = word end
  return list
end

---------------------------------------------------------------------------------------------------
-- parameters

--- The connector and the action that the table at a bracket is the parameters of.
local function call_before(self, text)
  text = text:gsub("%s*%(?%s*$", "")
  local hub_connector, hub_action = text:match("[:.]%w+%s*%(%s*[\"']([%w_-]+)[\"']%s*,%s*[\"']([%w_-]+)[\"']%s*,$")
  if hub_connector then return self.names:hub():connect(hub_connector), hub_action end
  local path, name = text:match("([%a_][%w_.]*)%s*:%s*([%a_][%w_]*)$")
  if path and name ~= "params" then return connector_at(self, path), name end
  local builder = path and resolve(self, path)
  if names.class_of(builder) == "action" then return builder:_kept("connector"), builder:_kept("name") end
  path, name = text:match("([%a_][%w_.]*)%s*:%s*action%s*%(?%s*[\"']([%w_-]+)[\"'].*[:.]params$")
  if path then return connector_at(self, path), name end
  return nil
end

--- Where the table of a call's parameters begins, and the names that lead from it to the innermost bracket.
---@return integer? i which of the open brackets
---@return string prefix like "shape."
local function outermost(text, open)
  local prefix, i = "", #open
  local function is_table(at) return at and text:sub(at, at) == "{" end
  while is_table(open[i]) do
    local before = text:sub(1, open[i] - 1)
    local name = before:match("([%a_][%w_]*)%s*=%s*$")
    local in_list = is_table(open[i - 1]) and before:find("[{,;]%s*$")
    if not name and not in_list then return i, prefix end
    prefix, i = (name and name .. "." or "") .. prefix, i - 1
  end
  return nil, prefix
end

--- The parameters that may stand in the innermost of the open brackets, by their names there.
local function parameters_at(self, text, open)
  local i, prefix = outermost(text, open)
  if not i then return {} end
  local connector, action = call_before(self, text:sub(1, open[i] - 1))
  if not connector or not load(self, connector) then return {} end
  local list = {}
  for _, parameter in ipairs(connector:get_action_parameters(action) or {}) do
    local own = parameter.name:sub(1, #prefix) == prefix and parameter.name:sub(#prefix + 1) or "."
    if own ~= "" and not own:find(".", 1, true) then
      parameter.name = own
      list[#list + 1] = parameter
    end
  end
  return list
end

--- Names of parameters that aren't given yet; nil: no name can stand here.
local function parameter_names(self, text, open, lead)
  local inside = scan.outline(text:sub(open[#open] + 1, #text - #lead))
  if not inside:find("^%s*$") and not inside:find("[,;]%s*$") then return nil end
  local given, list = {}, {}
  for name in inside:gmatch("([%a_][%w_]*)%s*=") do given[name] = true end
  for _, parameter in ipairs(parameters_at(self, text, open)) do
    if not given[parameter.name] then list[#list + 1] = parameter.name end
  end
  return list
end

--- The texts that the parameter may be whose value is being typed.
local function values(self, text, open, before)
  local name = before:match("([%a_][%w_]*)%s*=%s*{?%s*$")
  if not name then return {} end
  if before:find("{%s*$") then open = { (table.unpack or unpack)(open, 1, #open - 1) } end
  local list = {}
  for _, parameter in ipairs(parameters_at(self, text, open)) do
    for _, value in ipairs(parameter.name == name and parameter.enum or {}) do
      if type(value) == "string" then list[#list + 1] = value end
    end
  end
  return list
end

---------------------------------------------------------------------------------------------------
-- the place

--- What can stand in the string that begins at `quote`.
local function in_string(self, text, place)
  local before = text:sub(1, place.quote - 1)
  local path, method = before:match("([%a_][%w_.]*)%s*[:.]%s*([%a_][%w_]*)%s*%(?%s*$")
  if path and OF_CONNECTOR[method] then
    local connector = connector_at(self, path)
    if connector then return actions(self, connector) end
  end
  if path and OF_HUB[method] and names.class_of(resolve(self, path)) == "hub" then return connectors(self) end
  local name = before:match("[:.]%s*run%s*%(%s*[\"']([%w_-]+)[\"']%s*,%s*$")
    or before:match("[:.]%s*execute%s*%(%s*[\"']([%w_-]+)[\"']%s*,%s*$")
  if name then return actions(self, self.names:hub():connect(name)) end
  return values(self, text, place.open, before)
end

--- Whether a word, which may be a server's, stands for itself in Lua: as a name, or where `quote` says so in a string.
local function stands_for_itself(word, quote)
  if not quote then return word:find("^[%a_][%w_]*$") ~= nil end
  return not word:find("[\"'\\%]]") and terminal_text.safe(word) == word
end

--- What can stand in a string where none has been begun yet, in quotes.
local function with_quotes(self, before, lead, open)
  local list = { in_quotes = true }
  if not before:find("[=(,{] ?$") then return list end
  for _, word in ipairs(in_string(self, before .. '"', { quote = #before + 1, open = open })) do
    if word:sub(1, #lead) == lead and stands_for_itself(word, true) then list[#list + 1] = '"' .. word .. '"' end
  end
  return list
end

--- The word that is being typed, what it may become, and what follows it then.
local function at(self, typed)
  local place = scan.read(typed)
  local text, quote = place.text, place.quote
  if place.comment or #text > LONGEST then return "", {}, "" end
  if quote then return text:sub(quote + 1), in_string(self, text, place), text:sub(quote, quote) end
  local lead = text:match("[%a_][%w_]*$") or ""
  local before, separator = text:sub(1, #text - #lead):match("^(.-) ?([.:])$")
  if separator and before:find("[%w_)}\"'%]]$") then return lead, after_separator(self, before, separator), "" end
  local strings = with_quotes(self, text:sub(1, #text - #lead), lead, place.open)
  if strings[1] then return lead, strings, "" end
  local last = place.open[#place.open]
  local list = last and text:sub(last, last) == "{" and parameter_names(self, text, place.open, lead)
  if list and list[1] then return lead, list, " = " end
  return lead, globals(self, lead), ""
end

--- What the word at the end of a text may become.
---@param text string all that has been typed of the chunk, up to the cursor
---@return integer start where the word begins
---@return string[] words in order, each once
---@return string ending what follows the word if it is the only one
function Complete:at(text)
  local ok, lead, list, ending = pcall(at, self, text)
  if not ok then return #text + 1, {}, "" end
  local seen, words = {}, {}
  local quote = ending ~= "" and ending ~= " = "
  for _, word in ipairs(list.in_quotes and list or candidates.starting_with(lead, list)) do
    if not seen[word] and (list.in_quotes or stands_for_itself(word, quote)) then words[#words + 1] = word end
    seen[word] = true
  end
  table.sort(words)
  return #text - #lead + 1, words, ending
end

--- The completion of a prompt.
---@param known bosa.repl.Names
---@return bosa.repl.Complete
function complete.new(known) return setmetatable({ names = known, resting = {} }, Complete) end

return complete
