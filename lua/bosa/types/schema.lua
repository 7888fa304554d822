--- JSON Schema as types of LuaCATS: what a schema allows becomes a type's text, and each object a class.
--
-- What the server wrote is text in comments and names, never syntax: names that are none are quoted or mended, and
-- descriptions are lines of their own.

local core = require("bosa.core")
local document = require("bosa.schema.document")
local reader = require("bosa.schema")
local reserved = require("bosa.reserved")
local shape = require("bosa.schema.shape")
local sorted_json = require("bosa.sorted_json")

local schema = {}

local WIDTH = 110 -- columns of a description's lines
local LONGEST = 8000 -- bytes of a type
local MOST_DEPTH = 60 -- of classes, lists and unions within each other; what lies deeper is any
local MOST_SHARED = 200 -- schemas that one refers to; what refers to more is shared by no actions
local MOST_BYTES = 65536 -- of what they say together; of more likewise
local SIMPLE = { string = "string", integer = "integer", number = "number", boolean = "boolean", null = "bosa.Null" }

--- Writes the classes of one connector.
---@class bosa.types.Writer
---@field lines string[]
---@field taken table<string, boolean> names of classes in use
---@field last table<string, integer> a wanted name -> the number that it got last
---@field reader bosa.schema.Reader of the document that is being written
---@field classes table<bosa.schema.Shape, string> object -> its class
---@field shared table<string|table, string> a $def, or what it says with all that it refers to -> its type
---@field words table<table, { text: string, targets: table[] }> what schemas of this document say
---@field busy table<table, boolean> schemas whose type is being written
---@field nulls boolean null is a value of its own (responses), not left out (parameters)
---@field connector string the connector's class; those that are made of $defs are named after it
local Writer = {}
Writer.__index = Writer

---@param connector string the connector's class
---@return bosa.types.Writer
function schema.new_writer(connector)
  return setmetatable({
    lines = {}, taken = { [connector] = true }, last = {}, classes = {}, shared = {}, words = {}, busy = {},
    nulls = false, connector = connector,
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
  local name, n = wanted, self.last[wanted] or 1
  while self.taken[name] do
    n = n + 1
    name = wanted .. "_" .. n
  end
  self.taken[name], self.last[wanted] = true, n
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

local function literal(value)
  if type(value) == "string" then return quoted(value) or "string" end
  if type(value) == "boolean" then return tostring(value) end
  if value == core.null then return "bosa.Null" end
  if type(value) == "number" and value % 1 == 0 and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
  if type(value) == "number" then return value % 1 == 0 and math.abs(value) < 2 ^ 64 and "integer" or "number" end
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
  local text = table.concat(list, "|")
  if text == "" or #text > LONGEST then return text == "" and types[1] or "any" end
  return text
end

local function in_brackets(text)
  return text:find("[|(]") and "(" .. text .. ")" or text
end

--- Adds what is said of a property: its description and its default.
local function comment_property(self, property, about)
  self:comment(property.description)
  local default = property.default
  if default == nil and not about.name then default = about.default end
  if default ~= nil and default ~= core.null and type(default) ~= "table" then
    self:comment("Default: " .. core.json.encode(default))
  end
end

--- Whether a property may be missing: one that isn't required, and of a response has no default either.
local function is_optional(self, form, name, about)
  if form.required and form.required[name] then return false end
  return not (self.nulls and about.default ~= nil)
end

--- Writes the class of an object. Classes of its properties are written ahead of it.
function Writer:class(form, wanted, depth)
  local name = self:name(wanted)
  self.classes[form] = name
  local fields = {}
  for _, property_name in ipairs(document.sorted_names(form.properties)) do
    local property, field = form.properties[property_name], schema.field_name(property_name)
    if type(property) ~= "table" then property = property and {} end
    local about = property and self.reader:read(property)
    if about and about.shapes[1] and field then
      local text = self:type_of(property, wanted .. "." .. schema.identifier(property_name), depth + 1) or "any"
      local mark = is_optional(self, form, property_name, about) and "?" or ""
      fields[#fields + 1] = { property, about, ("---@field %s%s %s"):format(field, mark, text) }
    end
  end
  self:comment(form.origin and form.origin.description)
  local is_exact = not self.nulls and not form.additional -- a checker marks what is set besides
  self:line("---@class " .. (is_exact and "(exact) " or "") .. name)
  for _, field in ipairs(fields) do
    comment_property(self, field[1], field[2])
    self:line(field[3])
  end
  self:line("")
  return name
end

local function type_of_object(self, form, wanted, depth)
  if form.properties and next(form.properties) ~= nil then
    return self.classes[form] or self:class(form, wanted, depth)
  end
  local values = form.additional and self:type_of(form.additional, wanted .. ".value", depth + 1) or "any"
  return ("table<string, %s>"):format(values)
end

local function type_of_array(self, form, wanted, depth)
  if type(form.items) ~= "table" or form.is_tuple then return "any[]" end
  return in_brackets(self:type_of(form.items, wanted .. ".item", depth + 1) or "any") .. "[]"
end

--- One of the types of a shape.
local function type_by_name(self, name, form, wanted, depth)
  if name == "array" then return type_of_array(self, form, wanted, depth) end
  if name == "object" then return type_of_object(self, form, wanted, depth) end
  if name == "string" and form.is_file then return "bosa.File" end
  return SIMPLE[name] or "any"
end

--- Adds the types of a shape to a list.
local function add_types(self, list, form, wanted, depth)
  if form.enum then
    for _, value in ipairs(form.enum) do list[#list + 1] = literal(value) end
    return
  end
  for _, name in ipairs(shape.types(form) or { "any" }) do
    list[#list + 1] = type_by_name(self, name, form, wanted, depth)
  end
end

--- The types of a schema's shapes. Several objects have names of their own.
local function type_of_shapes(self, shapes, wanted, depth)
  local types = {}
  for i, form in ipairs(shapes) do
    local name = wanted
    if #shapes > 1 then
      local title = type(form.title) == "string" and form.title
      name = wanted .. "." .. (title and schema.identifier(title) or "choice" .. i)
    end
    add_types(self, types, form, name, depth)
  end
  return union(self, types)
end

--- Whether a schema is a choice of values and nothing else.
local function is_choice(about)
  for _, form in ipairs(about.shapes) do
    if not shape.is_choice(form) then return false end
  end
  return true
end

--- The types of a union's branches, each by its own name. One that leads back to the union adds none.
local function type_of_branches(self, branches, wanted, depth)
  local types = {}
  for i, branch in ipairs(branches) do
    local about = self.reader:read(branch)
    local title = type(branch) == "table" and branch.title
    local name = type(title) == "string" and schema.identifier(title) or ("choice" .. i)
    if is_choice(about) then
      for _, form in ipairs(about.shapes) do add_types(self, types, form, wanted, depth) end
    else
      types[#types + 1] = self:type_of(branch, wanted .. "." .. name, depth + 1)
    end
  end
  return union(self, types)
end

--- What a value says by itself, and what the $refs in it name. It is asked for again by all that lead to it.
local function words_of(self, node)
  local words = self.words[node]
  if words then return words end
  words = { text = sorted_json.line(node), targets = {} }
  local seen = {}
  local function add_refs(part)
    if type(part) ~= "table" then return end
    local target = type(part["$ref"]) == "string" and self.reader:target(part)
    if type(target) == "table" and not seen[target] then
      seen[target] = true
      words.targets[#words.targets + 1] = target
    end
    for _, name in ipairs(document.sorted_names(part)) do add_refs(part[name]) end
  end
  add_refs(node)
  self.words[node] = words
  return words
end

--- What a value says, and what the $refs in it name, and so on; nil: too much.
local function closure(self, first)
  local texts, seen, list, bytes = {}, { [first] = true }, { first }, 0
  local taken = 0
  while taken < #list do
    taken = taken + 1
    local words = words_of(self, list[taken])
    texts[taken], bytes = words.text, bytes + #words.text
    if bytes > MOST_BYTES then return nil end
    for _, target in ipairs(words.targets) do
      if not seen[target] then
        if #list == MOST_SHARED then return nil end
        seen[target] = true
        list[#list + 1] = target
      end
    end
  end
  return table.concat(texts, "\n")
end

--- The type of what a $ref names. Actions that say the same under a name share its class.
local function type_of_named(self, about, depth)
  local target = about.target
  if self.shared[target] then return self.shared[target] end
  local form = #about.shapes == 1 and about.shapes[1]
  if form and self.classes[form] then return self.classes[form] end
  if self.busy[target] then return nil end
  local text = closure(self, target)
  local tagged = tostring(self.reader.tags[target] ~= nil)
  local key = text and table.concat({ about.name, tostring(self.nulls), tagged, text }, "\n")
  if not (key and self.shared[key]) then
    local made = self:type_of(target, self.connector .. "." .. schema.identifier(about.name), depth + 1)
    if not made then return nil end
    self.shared[key or target] = made
  end
  self.shared[target] = self.shared[key or target]
  return self.shared[target]
end

--- The type of what a schema allows. Classes that it needs are written.
---@param node any the schema
---@param wanted string the name of the class that it may become
---@param depth integer? of schemas within each other
---@return string? text nil: it leads back to itself
function Writer:type_of(node, wanted, depth)
  depth = depth or 0
  if type(node) ~= "table" or depth > MOST_DEPTH then return "any" end
  local about = self.reader:read(node)
  if about.name and type(about.target) == "table" then return type_of_named(self, about, depth) end
  local target = about.target
  if type(target) ~= "table" then return "any" end
  if self.busy[target] then return nil end
  self.busy[target] = true
  local branches = document.branches_of(target)
  local text = branches and type_of_branches(self, self.reader:leaves(branches), wanted, depth)
    or type_of_shapes(self, about.shapes, wanted, depth)
  self.busy[target] = nil
  return text
end

--- Has the writer go on with another document.
---@param root table
---@param nulls boolean null is a value of its own (responses), not left out (parameters)
---@return bosa.schema.Reader
function Writer:open(root, nulls)
  self.reader, self.nulls, self.words = reader.reader(root, nulls), nulls, {}
  return self.reader
end

return schema
