--- JSON Schema as types of LuaCATS: what a schema allows becomes a type's text, and each object a class.
--
-- What the server wrote is text in comments and names, never syntax: names that are none are quoted or mended, and
-- descriptions are lines of their own.

local core = require("bosa.core")
local sorted_json = require("bosa.sorted_json")
local reserved = require("bosa.reserved")

local schema = {}

local WIDTH = 110 -- columns of a description's lines
local SIMPLE = { string = "string", integer = "integer", number = "number", boolean = "boolean", null = "bosa.Null" }

--- Writes the classes of one connector.
---@class bosa.types.Writer
---@field lines string[]
---@field taken table<string, boolean> names of classes in use
---@field classes table<table, string> schema -> its class
---@field shared table<string, string> what a $def says, with all that it refers to -> its type
---@field nulls boolean null is a value of its own (answers), not left out (parameters)
---@field connector string the connector's class; those that are made of $defs are named after it
local Writer = {}
Writer.__index = Writer

---@param connector string the connector's class
---@return bosa.types.Writer
function schema.new_writer(connector)
  return setmetatable({
    lines = {}, taken = { [connector] = true }, classes = {}, shared = {}, nulls = false, connector = connector,
  }, Writer)
end

---------------------------------------------------------------------------------------------------
-- names and texts

--- A part of a class's name.
---@param text string
---@return string
function schema.identifier(text)
  local name = text:gsub("[^%w_]", "_")
  return name:find("^%d") and "_" .. name or name
end

--- A string as a literal type; nil: it can't be one.
local function quoted(text)
  if text:find('[%c"\\]') or not core.json.encode(text) then return nil end
  return '"' .. text .. '"'
end
schema.quoted = quoted

--- A field's name as LuaCATS wants it; nil: it can't be written.
---@param name string
---@return string?
function schema.field_name(name)
  if name:find("^[%a_][%w_]*$") and not reserved.set[name] then return name end
  local text = quoted(name)
  return text and "[" .. text .. "]"
end

--- A name that no class has yet.
function Writer:name(wanted)
  local name, n = wanted, 1
  while self.taken[name] do
    n = n + 1
    name = wanted .. "_" .. n
  end
  self.taken[name] = true
  return name
end

function Writer:line(text) self.lines[#self.lines + 1] = text end

--- Adds a line of a comment. No text of the server's may begin it in a way that means something.
local function add_comment(self, text)
  if text:find("^[%w\"'`(*]") then
    self:line("--- " .. text)
  else
    self:line("--- - " .. text)
  end
end

--- Adds a description as a comment.
---@param text any
function Writer:comment(text)
  if type(text) ~= "string" then return end
  local line = ""
  for word in text:gsub("%c", " "):gmatch("%S+") do
    if line ~= "" and #line + #word + 1 > WIDTH then
      add_comment(self, line)
      line = ""
    end
    line = line == "" and word or line .. " " .. word
  end
  if line ~= "" then add_comment(self, line) end
end

---------------------------------------------------------------------------------------------------
-- types

--- What a $ref names in the nearest schema around it that has it: the target, and the schemas around that.
local function lookup(ref, scopes)
  local name = ref:match("^#/%$defs/([^/]+)$") or ref:match("^#/definitions/([^/]+)$")
  if not name then return nil end
  for i = #scopes, 1, -1 do
    local defs = scopes[i]["$defs"] or scopes[i].definitions
    local target = type(defs) == "table" and defs[name]
    if type(target) == "table" then return target, name, { (table.unpack or unpack)(scopes, 1, i) } end
  end
  return nil
end

local function literal(value)
  if type(value) == "string" then return quoted(value) or "string" end
  if type(value) == "boolean" then return tostring(value) end
  if value == core.null then return "bosa.Null" end
  if type(value) == "number" and value % 1 == 0 and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
  if type(value) == "number" then return "number" end
  return type(value) == "cdata" and "integer" or "any"
end

--- A union of types, each once. null is left out where it is no value of its own.
local function union(self, types)
  local list, seen = {}, {}
  for _, text in ipairs(types) do
    if text == "any" then return "any" end
    if not seen[text] and (self.nulls or text ~= "bosa.Null") then list[#list + 1] = text end
    seen[text] = true
  end
  if not list[1] then return types[1] or "any" end
  return table.concat(list, "|")
end

local function in_brackets(text)
  return text:find("[|(]") and "(" .. text .. ")" or text
end

local function is_required(node, name)
  for _, required in ipairs(type(node.required) == "table" and node.required or {}) do
    if required == name then return true end
  end
  return false
end

--- Whether a property may be missing: of parameters one that isn't required, of answers one that has no default either.
local function is_optional(self, node, name, property)
  if is_required(node, name) then return false end
  return not (self.nulls and property.default ~= nil)
end

local function sorted_names(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

--- Adds what is said of a property: its description and its default.
local function comment_property(self, property)
  self:comment(property.description)
  local default = property.default
  if default ~= nil and default ~= core.null and type(default) ~= "table" then
    self:comment("Default: " .. core.json.encode(default))
  end
end

--- Writes the class of an object. Classes of its properties are written ahead of it.
function Writer:class(node, scopes, wanted)
  local name = self:name(wanted)
  self.classes[node] = name
  local fields = {}
  for _, property_name in ipairs(sorted_names(node.properties)) do
    local property, field = node.properties[property_name], schema.field_name(property_name)
    if type(property) == "table" and field then
      local text = self:type_of(property, scopes, wanted .. "." .. schema.identifier(property_name))
      local mark = is_optional(self, node, property_name, property) and "?" or ""
      fields[#fields + 1] = { property, ("---@field %s%s %s"):format(field, mark, text) }
    end
  end
  self:comment(node.description)
  self:line("---@class " .. name)
  for _, field in ipairs(fields) do
    comment_property(self, field[1])
    self:line(field[2])
  end
  self:line("")
  return name
end

local function type_of_object(self, node, scopes, wanted)
  if type(node.properties) == "table" and next(node.properties) ~= nil then
    return self.classes[node] or self:class(node, scopes, wanted)
  end
  local values = "any"
  if type(node.additionalProperties) == "table" then
    values = self:type_of(node.additionalProperties, scopes, wanted .. ".value")
  end
  return ("table<string, %s>"):format(values)
end

local function type_of_array(self, node, scopes, wanted)
  if type(node.items) ~= "table" or node.prefixItems ~= nil then return "any[]" end
  return in_brackets(self:type_of(node.items, scopes, wanted .. ".item")) .. "[]"
end

--- The branches of a union, each by its own name.
local function type_of_branches(self, branches, scopes, wanted)
  local types = {}
  for i, branch in ipairs(branches) do
    local title = type(branch) == "table" and branch.title
    local name = type(title) == "string" and schema.identifier(title) or ("choice" .. i)
    types[i] = self:type_of(branch, scopes, wanted .. "." .. name)
  end
  return union(self, types)
end

local function type_by_name(self, name, node, scopes, wanted)
  if name == "array" then return type_of_array(self, node, scopes, wanted) end
  if name == "object" then return type_of_object(self, node, scopes, wanted) end
  if name == "string" and node.format == "binary" then return "bosa.File" end
  return SIMPLE[name] or "any"
end

--- Adds to `texts` what a value says, and what the $refs in it name.
local function add_closure(node, scopes, texts, seen)
  if type(node) ~= "table" then return end
  local target, _, around = lookup(type(node["$ref"]) == "string" and node["$ref"] or "", scopes)
  if target and not seen[target] then
    seen[target] = true
    texts[#texts + 1] = sorted_json.line(target)
    add_closure(target, around, texts, seen)
  end
  for _, name in ipairs(sorted_names(node)) do add_closure(node[name], scopes, texts, seen) end
end

--- The type of what a $ref names. Actions that say the same under a name share its class.
local function type_of_ref(self, node, scopes)
  local target, name, around = lookup(node["$ref"], scopes)
  if not target then return "any" end
  if self.classes[target] then return self.classes[target] end
  local texts = { name, tostring(self.nulls) }
  add_closure(node, scopes, texts, {})
  local key = table.concat(texts, "\n")
  if not self.shared[key] then
    self.shared[key] = "any" -- for one that leads to itself and is no class
    self.shared[key] = self:type_of(target, around, self.connector .. "." .. schema.identifier(name))
  end
  return self.shared[key]
end

--- The type of what a schema allows. Classes that it needs are written.
---@param node any the schema
---@param scopes table[] the schemas around it, the outermost first
---@param wanted string the name of the class that it may become
---@return string
function Writer:type_of(node, scopes, wanted)
  if type(node) ~= "table" then return "any" end
  if node["$defs"] or node.definitions then
    scopes = { (table.unpack or unpack)(scopes) }
    scopes[#scopes + 1] = node
  end
  if type(node["$ref"]) == "string" then return type_of_ref(self, node, scopes) end
  if node.const ~= nil then return literal(node.const) end
  if type(node.enum) == "table" and node.enum[1] ~= nil then
    local types = {}
    for i, value in ipairs(node.enum) do types[i] = literal(value) end
    return union(self, types)
  end
  local branches = node.anyOf or node.oneOf
  if type(branches) == "table" and branches[1] ~= nil then return type_of_branches(self, branches, scopes, wanted) end
  if type(node.allOf) == "table" and #node.allOf == 1 then return self:type_of(node.allOf[1], scopes, wanted) end
  if type(node.type) == "table" then
    local types = {}
    for i, name in ipairs(node.type) do types[i] = type_by_name(self, name, node, scopes, wanted) end
    return union(self, types)
  end
  return type_by_name(self, node.type or node.properties and "object", node, scopes, wanted)
end

return schema
