--- Local variables of a chunk that later chunks see, so that a script can be pasted line by line.
--
-- A call is added to the chunk's end that hands over, for each local variable of its outermost block, a function that
-- reads it and one that sets it. Later chunks share the variable itself, also with functions that hold it.

local scan = require("bosa.repl.scan")

local locals = {}

local KEEP = "__bosa_keep" -- a name that chunks see, and that nobody would choose
local OPENS = { ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true }
local CLOSES = { ["end"] = true, ["until"] = true }
local UNUSED = "_" -- by habit a value that nobody wants; at the prompt the last result

---@class bosa.repl.Local
---@field name string
---@field attribute string? "const" or "close"
---@field at integer? where the attribute stands in the text

---------------------------------------------------------------------------------------------------
-- reading a chunk, which is known to compile

local function text_at(tokens, i) return tokens[i] and tokens[i][1] end

--- The attribute at a token: its name, where it stands, and the token after it.
local function attribute_at(tokens, i)
  if text_at(tokens, i) ~= "<" then return nil, nil, i end
  return text_at(tokens, i + 1), tokens[i + 1][2], i + 3
end

--- Adds the names after a `local`; the token after them.
local function read_names(tokens, i, found)
  local all, all_at
  all, all_at, i = attribute_at(tokens, i) -- of Lua 5.5: for every name
  while true do
    local name = text_at(tokens, i)
    local attribute, at, after = attribute_at(tokens, i + 1)
    found[#found + 1] = { name = name, attribute = attribute or all, at = at or all_at }
    if text_at(tokens, after) ~= "," then return after end
    i = after + 1
  end
end

--- The local variables of a chunk's outermost block, and where that ends: at its `return`, or after the text.
---@param text string
---@return bosa.repl.Local[] found, integer? return_at
function locals.find(text)
  local tokens, found, depth, i = scan.tokens(text), {}, 0, 1
  while tokens[i] do
    local word = tokens[i][1]
    i = i + 1
    if depth == 0 and word == "return" then return found, tokens[i - 1][2] end
    if depth == 0 and word == "local" then
      if text_at(tokens, i) == "function" then
        found[#found + 1] = { name = text_at(tokens, i + 1) }
      else
        i = read_names(tokens, i, found)
      end
    elseif OPENS[word] then
      depth = depth + 1
    elseif CLOSES[word] then
      depth = depth - 1
    end
  end
  return found, nil
end

--- The names once each, as they are at the block's end.
local function latest(found)
  local list, by_name = {}, {}
  for _, variable in ipairs(found) do
    if variable.name ~= UNUSED then
      if not by_name[variable.name] then list[#list + 1] = variable.name end
      by_name[variable.name] = variable
    end
  end
  return list, by_name
end

--- The text of a chunk that hands over its local variables; nil: it has none. What is to be closed when its block ends
--- is closed when the prompt does, as that is the block.
---@param text string
---@return string?
function locals.rewrite(text)
  local found, return_at = locals.find(text)
  local names, by_name = latest(found)
  if not names[1] then return nil end
  for _, variable in ipairs(found) do
    if variable.attribute == "close" then
      text = text:sub(1, variable.at - 1) .. "const" .. text:sub(variable.at + #"close")
    end
  end
  local parts = { return_at and " do " or "\ndo " } -- no line more ahead of the `return`
  for _, name in ipairs(names) do
    local attribute = by_name[name].attribute
    local set = attribute and "nil" or ("function(...) %s = ... end"):format(name)
    parts[#parts + 1] = ("%s(%q, function() return %s end, %s, %s) "):format(KEEP, name, name, set,
      tostring(attribute == "close"))
  end
  parts[#parts + 1] = "end "
  local place = return_at or #text + 1
  return text:sub(1, place - 1) .. table.concat(parts) .. text:sub(place)
end

---------------------------------------------------------------------------------------------------
-- what was handed over

---@alias bosa.repl.Variables table<string, { get: fun(): any, set: fun(value: any)? }>

---@class bosa.repl.Locals
---@field variables bosa.repl.Variables never changed: another one takes its place, as chunks have seen this one
---@field scopes table<bosa.repl.Variables, table> the latest one's scope
---@field closing any[] values that end with the prompt, oldest first
---@field env table
local Locals = {}
Locals.__index = Locals

local function close_at_end(self, name, value)
  if not value then return end
  local meta = getmetatable(value)
  if type(meta) ~= "table" or meta.__close == nil then
    error(("variable '%s' got a non-closable value"):format(name), 0)
  end
  self.closing[#self.closing + 1] = value
end

local function keep(self, name, get, set, close)
  if close then close_at_end(self, name, get()) end
  local variables = {}
  for known, variable in pairs(self.variables) do variables[known] = variable end
  variables[name] = { get = get, set = set }
  self.variables = variables
end

--- Whether a local variable of this name was kept.
---@param name string
---@return boolean
function Locals:has(name) return self.variables[name] ~= nil end

---@param name string
---@return any
function Locals:get(name)
  local variable = self.variables[name]
  if variable then return variable.get() end
  return nil
end

local function new_scope(self, variables)
  local env = self.env
  local function hand_over(...) return keep(self, ...) end
  return setmetatable({}, {
    __index = function(_, name)
      local variable = variables[name]
      if variable then return variable.get() end
      if name == KEEP then return hand_over end
      return env[name]
    end,
    __newindex = function(_, name, value)
      local variable = variables[name]
      if not variable then
        env[name] = value
      elseif variable.set then
        variable.set(value)
      else
        error(("attempt to assign to const variable '%s'"):format(name), 2)
      end
    end,
  })
end

--- What a chunk that is compiled now sees as its globals: the variables that are there now, then those of `env`.
---@return table
function Locals:scope()
  local variables = self.variables
  if not self.scopes[variables] then self.scopes = { [variables] = new_scope(self, variables) } end
  return self.scopes[variables]
end

--- Closes what is to be closed, the latest first, as at the end of a block.
function Locals:close()
  for i = #self.closing, 1, -1 do
    local value = self.closing[i]
    pcall(getmetatable(value).__close, value, nil)
  end
  self.closing = {}
end

--- The local variables of a prompt, above the globals of `env`.
---@param env table
---@return bosa.repl.Locals
function locals.new(env) return setmetatable({ variables = {}, scopes = {}, closing = {}, env = env }, Locals) end

return locals
