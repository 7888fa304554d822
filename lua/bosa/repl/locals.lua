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

--- Adds the names behind a `local`; the token after them.
local function read_names(tokens, i, found)
  local all, all_at
  all, all_at, i = attribute_at(tokens, i) -- of Lua 5.5: for every name
  while true do
    local name, attribute, at = text_at(tokens, i), nil, nil
    attribute, at, i = attribute_at(tokens, i + 1)
    found[#found + 1] = { name = name, attribute = attribute or all, at = at or all_at }
    if text_at(tokens, i) ~= "," then return i end
    i = i + 1
  end
end

--- The local variables of a chunk's outermost block, and where that ends: at its `return`, or behind the text.
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

---@class bosa.repl.Locals
---@field variables table<string, { get: fun(): any, set: fun(value: any)? }>
---@field closing any[] values that end with the prompt, oldest first
---@field scope table what chunks see as their globals: these variables, then those of `env`
local Locals = {}
Locals.__index = Locals

local function keep(self, name, get, set, close)
  local value = get()
  if close and value then
    local meta = getmetatable(value)
    if type(meta) ~= "table" or meta.__close == nil then
      error(("variable '%s' got a non-closable value"):format(name), 0)
    end
    self.closing[#self.closing + 1] = value
  end
  self.variables[name] = { get = get, set = set }
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
function locals.new(env)
  local self = setmetatable({ variables = {}, closing = {} }, Locals)
  local function hand_over(...) return keep(self, ...) end
  self.scope = setmetatable({}, {
    __index = function(_, name)
      local variable = self.variables[name]
      if variable then return variable.get() end
      if name == KEEP then return hand_over end
      return env[name]
    end,
    __newindex = function(_, name, value)
      local variable = self.variables[name]
      if not variable then
        env[name] = value
      elseif variable.set then
        variable.set(value)
      else
        error(("attempt to assign to const variable '%s'"):format(name), 2)
      end
    end,
  })
  return self
end

return locals
