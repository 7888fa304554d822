--- Shapes: what a schema says once its $refs are followed and its branches are parted. A value fits a schema when it
-- fits one of its shapes.

local core = require("bosa.core")
local document = require("bosa.schema.document")
local is_object = require("bosa.is_object")
local sorted_json = require("bosa.sorted_json")

local shape = {}

--- One of the forms that a value may have.
---@class bosa.schema.Shape
---@field types string[]? nil: any
---@field enum any[]? the values that are allowed
---@field properties table<string, any>? name -> schema
---@field required table<string, boolean>?
---@field items any the schema of a list's items
---@field is_tuple boolean? the first items have schemas of their own
---@field additional any the schema of the properties that have no name
---@field is_file boolean? a string is a file
---@field title any
---@field origin table? the schema that says all this alone

--- The shape of any value.
shape.ANY = {} ---@type bosa.schema.Shape

local TYPES = {
  null = "null", boolean = "boolean", integer = "integer", number = "number", string = "string", array = "array",
  object = "object", file = "string",
}

---------------------------------------------------------------------------------------------------
-- types and values

--- What JSON Schema calls the type of a value.
---@param value any
---@return string
local function type_of_value(value)
  if value == core.null then return "null" end
  local kind = type(value)
  if kind == "number" then return value % 1 == 0 and "integer" or "number" end
  if kind == "cdata" then return "integer" end
  if kind ~= "table" then return kind end
  return is_object(value) and "object" or "array"
end

--- Whether a list of types has one; number has integer, too.
---@param types string[]
---@param name string
---@return boolean
local function has_type(types, name)
  for _, known in ipairs(types) do
    if known == name or known == "number" and name == "integer" then return true end
  end
  return false
end

shape.has_type = has_type

--- The types of two lists that both allow; nil: any.
local function both_types(a, b)
  if not a or not b then return a or b end
  local types = {}
  for _, name in ipairs(a) do
    if has_type(b, name) then
      types[#types + 1] = name
    elseif name == "number" and has_type(b, "integer") then
      types[#types + 1] = "integer"
    end
  end
  return types
end

--- Of the values those that have one of the types (nil: any), each once.
---@param values any[]
---@param types string[]?
---@return any[]
function shape.values(values, types)
  local kept, seen = {}, {}
  for _, value in ipairs(values) do
    local key = sorted_json.line(value)
    if not seen[key] and (not types or has_type(types, type_of_value(value))) then kept[#kept + 1] = value end
    seen[key] = true
  end
  return kept
end

local function both_enums(a, b)
  if not a or not b then return a or b end
  local known, values = {}, {}
  for _, value in ipairs(b) do known[sorted_json.line(value)] = true end
  for _, value in ipairs(a) do
    if known[sorted_json.line(value)] then values[#values + 1] = value end
  end
  return values
end

---------------------------------------------------------------------------------------------------
-- of one schema

--- The shape, or nil where no value fits it.
local function if_possible(made)
  if made.enum then made.enum = shape.values(made.enum, made.types) end
  if made.types and not made.types[1] or made.enum and made.enum[1] == nil then return nil end
  return made
end

--- The types that a schema names; nil: any, as for a name that is no type.
local function read_types(node)
  local names = node.type
  if type(names) == "string" then names = { names } end
  if type(names) ~= "table" then return nil end
  local types = {}
  for _, name in ipairs(names) do
    if not TYPES[name] then return nil end
    types[#types + 1] = TYPES[name]
  end
  return types[1] and types or nil
end

--- Whether a schema says that a string is a file: bytes as they are, not a text that stands for them.
local function says_file(node)
  if node.format == "binary" or node.type == "file" then return true end
  local media, encoding = node.contentMediaType, node.contentEncoding
  if type(media) ~= "string" or encoding ~= nil and encoding ~= "binary" then return false end
  return media:lower():match("^([^ ;]+)") == "application/octet-stream"
end

shape.says_file = says_file

local function read_required(node, tags)
  local required
  for _, name in ipairs(type(node.required) == "table" and node.required or {}) do
    required = required or {}
    if type(name) == "string" then required[name] = true end
  end
  for tag in pairs(tags or {}) do
    required = required or {}
    required[tag] = true
  end
  return required
end

--- The properties of an object, also those that are only required.
local function read_properties(node, required)
  if type(node.properties) ~= "table" then return nil end
  local properties = {}
  for name in pairs(required or {}) do properties[name] = true end
  for name, property in pairs(node.properties) do properties[tostring(name)] = document.unwrap(property) end
  return properties
end

local function read_enum(node)
  local enum = type(node.enum) == "table" and node.enum or nil
  if node.const == nil then return enum end
  return both_enums({ node.const }, enum)
end

--- What a schema's own keywords say; nil: no value is valid.
---@param node table
---@param tags table<string, boolean>? properties that it requires as a branch of a union
---@return bosa.schema.Shape?
function shape.own(node, tags)
  local required = read_required(node, tags)
  local made = {
    types = read_types(node), enum = read_enum(node), properties = read_properties(node, required),
    required = required, is_tuple = node.prefixItems ~= nil or nil,
    is_file = says_file(node) or nil,
  }
  if type(node.items) == "table" or type(node.items) == "boolean" then made.items = node.items end
  if type(node.additionalProperties) == "table" then made.additional = node.additionalProperties end
  if next(made) == nil then return shape.ANY end
  made.title, made.origin = node.title, node
  return if_possible(made)
end

---------------------------------------------------------------------------------------------------
-- of two

--- A schema that says what two say.
local function both_schemas(a, b)
  if a == nil or a == true or a == b then return b end
  if b == nil or b == true then return a end
  if a == false or b == false then return false end
  return { allOf = { a, b } }
end

local function both_maps(a, b, join)
  if not a or not b then return a or b end
  local map = {}
  for name, value in pairs(a) do map[name] = value end
  for name, value in pairs(b) do map[name] = join(map[name], value) end
  return map
end

--- Whether a shape says no more than its types.
local function is_types_alone(made)
  for field in pairs(made) do
    if field ~= "types" and field ~= "origin" and field ~= "title" then return false end
  end
  return true
end

--- Whether `a` says nothing that `b` doesn't.
local function adds_nothing(a, b)
  if a == shape.ANY or a == b then return true end
  if not is_types_alone(a) then return false end
  local types = shape.types(b)
  return types ~= nil and #both_types(types, a.types) == #types
end

--- The shape that two are together; nil: no value fits both.
---@param a bosa.schema.Shape
---@param b bosa.schema.Shape
---@return bosa.schema.Shape?
function shape.both(a, b)
  if adds_nothing(a, b) then return b end
  if adds_nothing(b, a) then return a end
  return if_possible({
    types = both_types(a.types, b.types), enum = both_enums(a.enum, b.enum),
    properties = both_maps(a.properties, b.properties, both_schemas),
    required = both_maps(a.required, b.required, function(_, value) return value end),
    items = both_schemas(a.items, b.items), additional = both_schemas(a.additional, b.additional),
    is_file = a.is_file or b.is_file, is_tuple = a.is_tuple or b.is_tuple, title = a.title or b.title,
  })
end

---------------------------------------------------------------------------------------------------
-- questions

--- The types of a shape; nil: any.
---@param made bosa.schema.Shape
---@return string[]?
function shape.types(made)
  if made.enum then
    local types, seen = {}, {}
    for _, value in ipairs(made.enum) do
      local name = type_of_value(value)
      if not seen[name] then types[#types + 1] = name end
      seen[name] = true
    end
    return types
  end
  if made.types then return made.types end
  if made.properties or made.additional ~= nil then return { "object" } end
  if made.items ~= nil or made.is_tuple then return { "array" } end
  return made.is_file and { "string" } or nil
end

--- Whether a value of a type fits a shape, "array" for one; a shape that says nothing of types tells nothing.
---@param made bosa.schema.Shape
---@param name string
---@return boolean
function shape.allows(made, name)
  local types = shape.types(made)
  return types ~= nil and has_type(types, name)
end

--- Whether nothing but null fits a shape.
---@param made bosa.schema.Shape
---@return boolean
function shape.is_null(made)
  local types = shape.types(made)
  return types ~= nil and #types == 1 and types[1] == "null"
end

--- Whether a file fits a shape.
---@param made bosa.schema.Shape
---@return boolean
function shape.is_file(made) return made.is_file ~= nil and shape.allows(made, "string") end

--- Whether a shape is a choice of plain values and nothing else.
---@param made bosa.schema.Shape
---@return boolean
function shape.is_choice(made)
  if not made.enum or made.properties or made.items ~= nil or made.is_file then return false end
  for _, value in ipairs(made.enum) do
    if type(value) == "table" then return false end
  end
  return true
end

return shape
