--- The tools of a server: which there are, and what stands behind a name. Kept for as long as the server's schemas are
-- the same; a connector that can't be loaded is tried again by whoever asks next, and the others are served meanwhile.

local loop = require("bosa.loop")
local names = require("bosa.tools.names")
local result = require("bosa.tools.result")
local run = require("bosa.run")
local tools = require("bosa.tools")

local catalog = {}

---@class bosa.mcp.Catalog
---@field hub userdata
---@field connectors string[]
---@field options bosa.ToolCallOptions
---@field made table<string, bosa.mcp.Made> by connector
---@field failed table<string, table> connector -> why it can't be loaded
---@field resolved table<string, table> tool's name -> what its call needs
---@field quiet boolean? don't say where messages go what can't be loaded
local Catalog = {}
Catalog.__index = Catalog

--- The tools of one connector.
---@class bosa.mcp.Made
---@field text string? the schemas that they were made of
---@field list table[] definitions
---@field actions string[] of each definition
---@field names table<string, { connector: string, action: string, definition: table }>

---@param hub userdata
---@param connectors string[]
---@param options bosa.ToolCallOptions
---@return bosa.mcp.Catalog
function catalog.new(hub, connectors, options)
  return setmetatable({
    hub = hub, connectors = connectors, options = options, made = {}, failed = {}, resolved = {},
  }, Catalog)
end

--- Says of a connector that it can't be loaded: once for each reason, where messages go.
local function tell(self, connector, err)
  local before = self.failed[connector]
  self.failed[connector] = err
  if self.quiet or before and tostring(before) == tostring(err) then return end
  local text = tostring(err)
  if not text:find(connector, 1, true) then text = connector .. ": " .. text end
  loop.host().report(text .. "; its tools are not served")
end

local function make(self, connector)
  local list, err, actions = tools.definitions(self.hub, connector, self.options)
  if not list then return nil, err end
  local by_name = {}
  for i, definition in ipairs(list) do
    by_name[definition.name] = { connector = connector, action = actions[i], definition = definition }
  end
  return { text = self.hub:_text(connector), list = list, actions = actions, names = by_name }
end

--- The tools of a connector; nil, err: it can't be loaded. Waits, where its schemas must be fetched.
---@param connector string
---@return bosa.mcp.Made? made, table? err
function Catalog:of(connector)
  local ok, err = run.load(self.hub, connector)
  local made = ok and self.made[connector]
  if ok and not (made and made.text == self.hub:_text(connector)) then
    made, err = make(self, connector)
    self.made[connector], self.resolved = made, {}
  end
  if not made then
    tell(self, connector, err)
    return nil, err
  end
  self.failed[connector] = nil
  return made
end

--- All tools, in the order of the connectors and of their actions' names.
---@return table[] definitions
---@return table<string, table> failed connector -> err
function Catalog:list()
  local list, seen = {}, {}
  for _, connector in ipairs(self.connectors) do
    local made = self:of(connector)
    for _, definition in ipairs(made and made.list or {}) do
      if not seen[definition.name] then list[#list + 1] = definition end
      seen[definition.name] = true
    end
  end
  return list, self.failed
end

--- The tool of an action; nil: it isn't offered.
---@param connector string
---@param action string
---@return table? definition
function Catalog:tool_of(connector, action)
  local made = self:of(connector)
  for i, name in ipairs(made and made.actions or {}) do
    if name == action then return made.list[i] end
  end
  return nil
end

--- The connector among those that are served that a name says it is of; nil: any, as names that `change` made.
local function connector_of(self, name)
  if self.options.change then return nil end
  local said = names.decode(name)
  for _, connector in ipairs(self.connectors) do
    if connector == said then return connector end
  end
  return nil
end

local function look(self, name)
  for _, connector in ipairs(self.connectors) do
    local made = self.made[connector]
    if made and made.names[name] then return made.names[name] end
  end
  return nil
end

--- What a tool's name means: its connector, action and definition; nil: nothing does, or the result that says
--- why that can't be told.
---@param name string
---@return { connector: string, action: string, definition: table }? found, bosa.ToolResult? failed
function Catalog:find(name)
  local found = look(self, name)
  if found then return found end
  local said = connector_of(self, name)
  for _, connector in ipairs(said and { said } or self.connectors) do self:of(connector) end
  found = look(self, name)
  if found then return found end
  if said and self.failed[said] then return nil, result.of_error(name, name, self.failed[said]) end
  return nil
end

--- What the call of a tool needs, as tools.resolve gives it.
---@param name string
---@return table? tool, bosa.ToolResult? failed nil: there is no such tool
function Catalog:resolve(name)
  local found, failed = self:find(name)
  if not found then return nil, failed end
  local tool = self.resolved[name]
  if tool then return tool end
  tool, failed = tools.resolve(self.hub, name, found.connector, found.action, self.options)
  if not tool then return nil, failed end
  tool.definition = found.definition
  self.resolved[name] = tool
  return tool
end

return catalog
