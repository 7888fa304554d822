--- What changed for callers between two snapshots: actions, their parameters, and the fields of their responses.
--
-- A change breaks callers when what was right before may be refused now, or when what they read may be gone.

local bosa = require("bosa")
local schema = require("bosa.schema")
local sorted_json = require("bosa.sorted_json")
local sorted_names = require("bosa.sorted_names")

local changes = {}

--- One change. `parameter` is a parameter's dotted name; of a response, `field` is.
---@class bosa.Change
---@field connector string
---@field action string?
---@field parameter string?
---@field field string?
---@field change string "connector removed", "parameter added", "type", "required", "enum added", ...
---@field breaking boolean
---@field text string

--- The changes found so far, and where the search is.
---@class bosa.Changes
local Changes = {}
Changes.__index = Changes

function Changes:add(change, breaking, text, name)
  self.list[#self.list + 1] = {
    connector = self.connector,
    action = self.action,
    [self.what] = name,
    change = change,
    breaking = breaking,
    text = text,
  }
end

---------------------------------------------------------------------------------------------------
-- helpers

local function sorted_keys(old, new)
  local both = {}
  for name in pairs(old) do both[name] = true end
  for name in pairs(new) do both[name] = true end
  return sorted_names(both)
end

local function by_name(list)
  local map = {}
  for _, entry in ipairs(list) do map[entry.name] = entry end
  return map
end

local function parent_of(name) return name:match("^(.+)%.[^.]+$") end

--- A value as JSON; nil is nil.
local function shown(value)
  if value == nil then return nil end
  return sorted_json.line(value)
end

--- The members of a list as JSON, as a set and in order.
local function value_set(list)
  local set, order = {}, {}
  for _, value in ipairs(list or {}) do
    local text = shown(value)
    if not set[text] then order[#order + 1] = text end
    set[text] = true
  end
  return set, order
end

local function words_of(kind)
  local set = {}
  for word in (kind .. " | "):gmatch("(.-) | ") do set[word] = true end
  return set
end

--- Whether everything of type `narrow` is of type `wide`, too.
local function includes(wide, narrow)
  local set = words_of(wide)
  if set.any then return true end
  for word in pairs(words_of(narrow)) do
    if not set[word] and not (word == "integer" and set.number) then return false end
  end
  return true
end

---------------------------------------------------------------------------------------------------
-- parameters

function Changes:compare_enum(name, old, new)
  local was, was_list = value_set(old.enum)
  local is, is_list = value_set(new.enum)
  if old.enum and not new.enum then
    return self:add("enum dropped", false, ("parameter %s may now have any value"):format(name), name)
  end
  if new.enum and not old.enum then
    local text = ("parameter %s may now only be one of %s"):format(name, table.concat(is_list, ", "))
    return self:add("enum introduced", true, text, name)
  end
  for _, value in ipairs(is_list) do
    if not was[value] then self:add("enum added", false, ("parameter %s may now be %s"):format(name, value), name) end
  end
  for _, value in ipairs(was_list) do
    if not is[value] then
      self:add("enum removed", true, ("parameter %s may no longer be %s"):format(name, value), name)
    end
  end
end

function Changes:compare_default(name, old, new)
  local was, is = shown(old.default), shown(new.default)
  if was == is then return end
  local text = ("parameter %s has the default %s instead of %s"):format(name, is or "none", was or "none")
  self:add("default", false, text, name)
end

function Changes:compare_parameter(name, old, new)
  if old.type ~= new.type then
    local text = ("parameter %s is %s instead of %s"):format(name, new.type, old.type)
    self:add("type", not includes(new.type, old.type), text, name)
  end
  if old.required and not new.required then
    self:add("optional", false, ("parameter %s is optional now"):format(name), name)
  elseif new.required and not old.required then
    self:add("required", true, ("parameter %s is required now"):format(name), name)
  end
  self:compare_enum(name, old, new)
  self:compare_default(name, old, new)
end

--- Parameters of both, by name. What is nested in one that came or went comes or goes with it.
function Changes:compare_parameters(old, new)
  for _, name in ipairs(sorted_keys(old, new)) do
    local parent = parent_of(name)
    if old[name] and new[name] then
      self:compare_parameter(name, old[name], new[name])
    elseif new[name] and (not parent or old[parent]) then
      local required = new[name].required
      local text = ("parameter %s (%s) was added%s"):format(name, new[name].type, required and " and is required" or "")
      self:add("parameter added", required, text, name)
    elseif old[name] and (not parent or new[parent]) then
      self:add("parameter removed", true, ("parameter %s was removed"):format(name), name)
    end
  end
end

--- Fields of a response; callers are broken by what they can't read any more.
function Changes:compare_fields(old, new)
  for _, name in ipairs(sorted_keys(old, new)) do
    local parent = parent_of(name)
    if old[name] and new[name] then
      if old[name].type ~= new[name].type then
        local text = ("the response's %s is %s instead of %s"):format(name, new[name].type, old[name].type)
        self:add("field type", not includes(old[name].type, new[name].type), text, name)
      end
    elseif new[name] and (not parent or old[parent]) then
      self:add("field added", false, ("the response has %s (%s)"):format(name, new[name].type), name)
    elseif old[name] and (not parent or new[parent]) then
      self:add("field removed", true, ("the response's %s was removed"):format(name), name)
    end
  end
end

---------------------------------------------------------------------------------------------------
-- schemas

local WORDS = { title = true, description = true, examples = true, example = true }

--- A schema without what only people read. Properties may be called like that, too.
local function bare(node, is_map)
  if type(node) ~= "table" then return node end
  local copy = setmetatable({}, getmetatable(node))
  for name, value in pairs(node) do
    if is_map or not WORDS[name] then
      copy[name] = bare(value, not is_map and (name == "properties" or name == "$defs"))
    end
  end
  return copy
end

--- A hub that knows these connectors and reaches nothing.
local function offline(connectors)
  return bosa.new({
    api_base_url = "http://127.0.0.1:1",
    snapshot = connectors,
    transport = function() return nil, "there is no server here" end,
  })
end

--- The same connectors with the schema of each action's response in the place of its parameters'.
local function answers_of(connectors)
  local swapped = bosa.object({})
  for connector, actions in pairs(connectors) do
    swapped[connector] = bosa.object({})
    for action, entry in pairs(actions) do
      if type(entry) == "table" and type(entry.response) == "table" then
        swapped[connector][action] = {
          method = entry.method,
          path = entry.path,
          parameters = { request = { schema = entry.response } },
        }
      end
    end
  end
  return swapped
end

--- What a snapshot's connectors are asked by: `{ connectors, parameters = hub, answers = hub }`.
local function open(connectors)
  local parameters, err = offline(connectors)
  if not parameters then return nil, err end
  local answers
  answers, err = offline(answers_of(connectors))
  if not answers then return nil, err end
  return { connectors = connectors, parameters = parameters, answers = answers }
end

local function fields(hub, connector, action)
  return by_name(hub:connect(connector):get_action_parameters(action) or {})
end

function Changes:compare_action(old, new)
  local connector, action, before = self.connector, self.action, #self.list
  self:compare_parameters(fields(old.parameters, connector, action), fields(new.parameters, connector, action))
  local was = schema.request_of(old.connectors[connector][action])
  local is = schema.request_of(new.connectors[connector][action])
  if #self.list == before and shown(bare(was)) ~= shown(bare(is)) then
    self:add("schema", false, "what the parameters may be has changed in its details")
  end
  self.what = "field"
  self:compare_fields(fields(old.answers, connector, action), fields(new.answers, connector, action))
  self.what = "parameter"
end

local function action_set(side, connector)
  local set = {}
  for _, action in ipairs(side.parameters:connect(connector):_actions() or {}) do set[action] = true end
  return set
end

function Changes:compare_connector(old, new)
  local was, is = action_set(old, self.connector), action_set(new, self.connector)
  for _, action in ipairs(sorted_keys(was, is)) do
    self.action = action
    if not was[action] then
      self:add("action added", false, "the action was added")
    elseif not is[action] then
      self:add("action removed", true, "the action was removed")
    else
      self:compare_action(old, new)
    end
  end
  self.action = nil
end

--- What changed for callers, by connector and action. Both sides are as bosa.snapshot's `read` gives them.
---@param old table<string, table>
---@param new table<string, table>
---@return bosa.Change[]? list, table? err kind "protocol": one of them is malformed
function changes.find(old, new)
  local from, err = open(old)
  if not from then return nil, err end
  local to
  to, err = open(new)
  if not to then return nil, err end
  local self = setmetatable({ list = {}, what = "parameter" }, Changes)
  for _, name in ipairs(sorted_keys(old, new)) do
    self.connector = name
    if not old[name] then
      self:add("connector added", false, "the connector was added")
    elseif not new[name] then
      self:add("connector removed", true, "the connector was removed")
    else
      self:compare_connector(from, to)
    end
  end
  return self.list
end

--- Of a list of changes those that break callers.
---@param list bosa.Change[]
---@return bosa.Change[]
function changes.breaking(list)
  local chosen = {}
  for _, change in ipairs(list) do
    if change.breaking then chosen[#chosen + 1] = change end
  end
  return chosen
end

return changes
