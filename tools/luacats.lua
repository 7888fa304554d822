--- Reads LuaCATS annotations: the part of the language that our definitions are written in, and no more.
--
--   luacats.read(into, name, text) -> { classes, aliases, uses, functions, faults }
--     classes    name -> { parents, fields: name -> { type =, optional = } , events: "connect github" -> true }
--     aliases    name -> true
--     uses       name of a type -> where it is used
--     functions  { "Hub:connect" -> { "name", ... } }, the parameters by annotation
--     faults     what can't be read, or is said twice
--   luacats.split(text) -> type, what follows it

local luacats = {}

local BUILT_IN = {}
for word in ([[any nil string number integer boolean table function userdata lightuserdata thread self unknown true
  false]])
  :gmatch("%a+") do BUILT_IN[word] = true end

---------------------------------------------------------------------------------------------------
-- types: a reader by descent; each function takes the text and a place, and gives the place behind what it read

local read_type

local function skip(text, at) return text:match("^%s*()", at) end

--- The place behind a symbol; nil: it isn't there.
local function symbol(text, at, what)
  at = skip(text, at)
  if text:sub(at, at + #what - 1) == what then return at + #what end
  return nil
end

local function need(text, at, what)
  return symbol(text, at, what) or error(("`%s` expected at `%s`"):format(what, text:sub(at)), 0)
end

--- Reads a list with commas between; `read(at)` gives the place behind an element.
local function read_list(text, at, read)
  repeat
    at = read(at)
    local comma = symbol(text, at, ",")
    at = comma or at
  until not comma
  return at
end

local function read_parameter(text, uses)
  return function(at)
    at = skip(text, at)
    local behind = text:match("^[%a_][%w_]*%??()", at) or text:match("^%.%.%.()", at)
    if not behind then error("a parameter's name expected at `" .. text:sub(at) .. "`", 0) end
    local colon = symbol(text, behind, ":")
    return colon and read_type(text, colon, uses) or behind
  end
end

local function read_function(text, at, uses)
  at = need(text, at, "(")
  if not symbol(text, at, ")") then at = read_list(text, at, read_parameter(text, uses)) end
  at = need(text, at, ")")
  local colon = symbol(text, at, ":")
  if not colon then return at end
  return read_list(text, colon, function(place)
    return text:match("^%s*%.%.%.()", place) or read_type(text, place, uses)
  end)
end

local function read_table(text, at, uses)
  return read_list(text, at, function(place)
    place = skip(text, place)
    local key = symbol(text, place, "[")
    if key then
      place = need(text, read_type(text, key, uses), "]")
    else
      place = text:match("^[%a_][%w_]*%??()", place) or error("a field expected at `" .. text:sub(place) .. "`", 0)
    end
    return read_type(text, need(text, place, ":"), uses)
  end)
end

local function read_name(text, at, uses)
  local name, behind = text:match("^([%a_][%w_.%-]*)()", at)
  if not name then error("a type expected at `" .. text:sub(at) .. "`", 0) end
  if name == "fun" then return read_function(text, behind, uses) end
  uses[#uses + 1] = name
  local open = symbol(text, behind, "<")
  if not open then return behind end
  return need(text, read_list(text, open, function(place) return read_type(text, place, uses) end), ">")
end

local function read_primary(text, at, uses)
  at = skip(text, at)
  local behind = text:match('^"[^"]*"()', at) or text:match("^%-?%d+()", at)
  if behind then return behind end
  local open = symbol(text, at, "(")
  if open then return need(text, read_type(text, open, uses), ")") end
  open = symbol(text, at, "{")
  if open then return need(text, read_table(text, open, uses), "}") end
  return read_name(text, at, uses)
end

read_type = function(text, at, uses)
  repeat
    at = read_primary(text, at, uses)
    local more = at
    while more do
      at = more
      more = text:match("^%[%]()", at) or text:match("^%?()", at)
    end
    local bar = symbol(text, at, "|")
    at = bar or at
  until not bar
  return at
end

---------------------------------------------------------------------------------------------------
-- tags

local function note_uses(self, list, where)
  for _, name in ipairs(list) do self.uses[name] = self.uses[name] or where end
end

--- Reads a type at the beginning of a text; what follows is a comment.
local function type_at(self, text, where)
  local uses = {}
  local behind = read_type(text, 1, uses)
  if behind <= #text and not text:find("^%s", behind) then
    error("`" .. text:sub(behind) .. "` stands behind a type", 0)
  end
  note_uses(self, uses, where)
  return text:sub(1, behind - 1)
end

--- A type at the beginning of a text, and what follows it.
---@param text string
---@return string type, string rest
function luacats.split(text)
  local behind = read_type(text, 1, {})
  return text:sub(1, behind - 1), (text:sub(behind):gsub("^%s+", ""))
end

local tags = {}

function tags.meta() end

function tags.class(self, rest, where)
  local name, parents = rest:gsub("^%(exact%)%s+", ""):match("^([%w_.]+)%s*:?%s*(.*)$")
  if not name then error("a class's name expected", 0) end
  local class = self.classes[name] or { parents = {}, fields = {}, events = {} }
  self.classes[name], self.class = class, class
  if parents ~= "" then
    class.parents[#class.parents + 1] = type_at(self, parents, where)
    if class.described then error("the class has parents twice", 0) end
    class.described = true
  end
end

--- The words that a function is chosen by: `fun(self: T, name: "github")`.
local function event_of(text) return text:match('^%(?fun%(self: [%w_.]+, [%w_]+: ("[^"]*")') end

function tags.field(self, rest, where)
  local name, mark, text = rest:match("^([%a_][%w_]*)(%??)%s+(.*)$")
  if not name then name, mark, text = rest:match('^%["([^"]*)"%](%??)%s+(.*)$') end
  if not name then name, mark, text = rest:match("^%[(%a+)%](%??)%s+(.*)$") end
  if not name or not self.class then error("a field's name and type expected", 0) end
  local kind, event = type_at(self, text, where), event_of(text)
  local key = name .. " " .. (event or "")
  if self.class.events[key] then error("the field is there twice", 0) end
  self.class.events[key] = true
  if not event then self.class.fields[name] = { type = kind, optional = mark ~= "" } end
end

function tags.alias(self, rest, where)
  local name, text = rest:match("^([%w_.]+)%s*(.*)$")
  if self.aliases[name] then error("the alias is there twice", 0) end
  self.aliases[name] = true
  if text ~= "" then type_at(self, text, where) end
end

function tags.param(self, rest, where)
  local name, text = rest:match("^([%a_.][%w_.]*)%??%s+(.*)$")
  if not name then error("a parameter's name and type expected", 0) end
  self.parameters[#self.parameters + 1] = name
  type_at(self, text, where)
end

tags["return"] = function(self, rest, where) type_at(self, rest, where) end
tags.type = tags["return"]

function tags.generic(self, rest)
  local name, text = rest:match("^(%a+)%s*:?%s*(.*)$")
  self.generics[name] = true
  if text ~= "" then type_at(self, text, "generic") end
end

function tags.operator(self, rest, where)
  local result = rest:match("^%a+%s*%b():%s*(.*)$") or rest:match("^%a+:%s*(.*)$")
  type_at(self, result or error("an operator expected", 0), where)
end

--- Takes a line of code: a function ends the annotations ahead of it.
local function take_code(self, line)
  local name, parameters = line:match("^function ([%w_.:]+)%((.-)%) end$")
  if not name then return end
  local list = {}
  for word in parameters:gmatch("[%w_.]+") do list[#list + 1] = word end
  if table.concat(list, " ") ~= table.concat(self.parameters, " ") then
    self.faults[#self.faults + 1] = name .. ": its parameters are not those that are described"
  end
  if self.functions[name] then self.faults[#self.faults + 1] = name .. ": described twice" end
  if not self.described then self.faults[#self.faults + 1] = name .. ": without a description" end
  self.functions[name] = list
end

local function take_line(self, line, where)
  local tag, rest = line:match("^%-%-%-%s*@(%a+)%s*(.*)$")
  if tag then
    local fn = tags[tag]
    local ok, why = pcall(fn or function() error("no such tag", 0) end, self, rest, where)
    if not ok then self.faults[#self.faults + 1] = ("%s: %s: %s"):format(where, line, why) end
  elseif line:find("^%-%-%-|") then
    type_at(self, line:sub(5), where)
  elseif line:find("^%-%-%- ") then
    self.described = true
  elseif line ~= "" and not line:find("^%-%-") then
    take_code(self, line)
    self.parameters, self.described = {}, false
  end
end

--- Reads more annotations into what was read so far.
---@param into table? as luacats.read gives it
---@param name string of the file
---@param text string
---@return table
function luacats.read(into, name, text)
  local self = into or { classes = {}, aliases = {}, uses = {}, functions = {}, faults = {}, generics = {} }
  self.parameters, self.class = {}, nil
  local number = 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    take_line(self, line, name .. ":" .. number)
  end
  local chunk, why = (rawget(_G, "loadstring") or load)(text, "=" .. name)
  if not chunk then self.faults[#self.faults + 1] = why end
  return self
end

--- The types that are used and defined nowhere: name -> where.
---@param self table
---@return table<string, string>
function luacats.undefined(self)
  local missing = {}
  for name, where in pairs(self.uses) do
    if not (BUILT_IN[name] or self.classes[name] or self.aliases[name] or self.generics[name]) then
      missing[name] = where
    end
  end
  return missing
end

return luacats
