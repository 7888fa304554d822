--- The names at the prompt: Lua's own, `hub`, `help`, and each connector of the server by its name.
--
-- Nothing is fetched before a name is used that neither Lua nor the cache knows; then the server is asked, once.

local bosa = require("bosa")
local core = require("bosa.core")
local cache = require("bosa.cli.cache")
local locals = require("bosa.repl.locals")
local spelling = require("bosa.spelling")

local names = {}

--- The class of one of the library's objects: "hub", "connector", "action", ...; nil: it is none.
---@param value any
---@return string?
function names.class_of(value)
  if type(value) ~= "userdata" then return nil end
  local meta = getmetatable(value)
  for name, class in pairs(core.classes) do
    if class == meta then return name end
  end
  return nil
end

---------------------------------------------------------------------------------------------------
-- an action as a connector gives it: github.list_issues

--- It is called as the library's own function; besides, it knows whose action it is.
---@class bosa.repl.Method
---@field connector userdata
---@field name string
---@field run function
local Method = { __name = "bosa.method" }
function Method.__call(self, ...) return self.run(...) end
function Method.__tostring(self)
  local _, connector = self.connector:_hub()
  return ("%s.%s"):format(connector, self.name)
end

---@param value any
---@return boolean
function names.is_method(value) return getmetatable(value) == Method end

--- Has connectors give actions that can be shown and asked for help, in this process, in place of plain functions.
function names.install()
  local class = core.classes.connector
  local plain = class.__index
  class.__index = function(connector, name)
    local value = plain(connector, name)
    if value == nil or class.methods[name] ~= nil then return value end
    return setmetatable({ connector = connector, name = name, run = value }, Method)
  end
end

---------------------------------------------------------------------------------------------------
-- connectors

---@class bosa.repl.Names
---@field env table the prompt's globals
---@field locals bosa.repl.Locals the local variables of its chunks, above these
---@field first userdata the hub of the command
---@field missing string? the last name that nothing was found for
---@field last_error table? what `err` is while nobody has set it
local Names = {}
Names.__index = Names

--- What a name was set to at the prompt; nil: nothing.
---@param name string
---@return any
function Names:value(name)
  if self.locals:has(name) then return self.locals:get(name) end
  return rawget(self.env, name)
end

--- The names that were set at the prompt.
---@return string[]
function Names:set_names()
  local list = {}
  for name in pairs(self.locals.variables) do list[#list + 1] = name end
  for name in next, self.env do
    if type(name) == "string" and not self.locals:has(name) then list[#list + 1] = name end
  end
  return list
end

--- The hub that `hub` is: the command's, or another one that it was set to.
---@return userdata
function Names:hub()
  local hub = self:value("hub")
  return names.class_of(hub) == "hub" and hub or self.first
end

--- What is known of the hub's connectors: `set` of names, `objects` by name, whether the server was `asked`.
local function known(self)
  local hub = self:hub()
  local about = self.about[hub]
  if not about then
    about = { set = {}, objects = {}, asked = false }
    for _, name in ipairs(cache.names(hub)) do about.set[name] = true end
    self.about[hub] = about
  end
  return about
end

--- Remembers a connector.
---@param name string
function Names:add(name) known(self).set[name] = true end

--- The names of the connectors, as far as they are known.
---@return string[]
function Names:list()
  local list = {}
  for name in pairs(known(self).set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

--- Whether the server has been asked for its connectors.
---@return boolean
function Names:asked() return known(self).asked end

--- Asks the server which connectors there are, unless it was asked before.
---@return true? ok, table? err
function Names:ask()
  local about, hub = known(self), self:hub()
  if about.asked then return true end
  local list, err = hub:get_available_modules()
  if not list then return nil, err end
  about.set, about.asked = {}, true
  for _, name in ipairs(list) do about.set[name] = true end
  cache.keep_names(hub, list)
  return true
end

--- A connector that is known by its name; nil: it isn't.
---@param name string
---@return userdata?
function Names:connector(name)
  local about = known(self)
  if not about.set[name] then return nil end
  about.objects[name] = about.objects[name] or self:hub():connect(name)
  return about.objects[name]
end

--- What a name that isn't set stands for.
local function find(self, name)
  local value = _G[name]
  if value ~= nil or type(name) ~= "string" or not name:find("^%a[%w_]*$") then return value end
  local connector = self:connector(name)
  if connector then return connector end
  if name == "err" and self.last_error then return self.last_error end
  local ok, err = self:ask()
  if not ok then
    error(("`%s` is not set, and whether it is a connector can't be asked: %s"):format(name, tostring(err)), 0)
  end
  connector = self:connector(name)
  if not connector then self.missing = name end
  return connector
end

--- What somebody may have meant by a name that is not set, as part of a sentence; nil: nothing comes near.
---@param name string
---@return string?
function Names:suggestion(name)
  local list = self:list()
  for _, known_name in ipairs(self:set_names()) do list[#list + 1] = known_name end
  for known_name in pairs(_G) do
    if type(known_name) == "string" then list[#list + 1] = known_name end
  end
  local nearest = spelling.like(name, list)
  if not nearest[1] then return nil end
  return "did you mean `" .. table.concat(nearest, "` or `") .. "`?"
end

--- The names of a prompt.
---@param hub userdata
---@return bosa.repl.Names
function names.new(hub)
  local self = setmetatable({ first = hub, about = setmetatable({}, { __mode = "k" }) }, Names)
  self.env = setmetatable({ hub = hub, bosa = bosa }, { __index = function(_, name) return find(self, name) end })
  self.env._G = self.env
  self.locals = locals.new(self.env)
  return self
end

return names
