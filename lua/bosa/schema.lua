--- The reader of JSON Schema: what a schema allows, told the same to all who ask (help, tools, types, completion).
--
-- A schema says it in many ways: behind a $ref, by its members (allOf), by one of its branches (anyOf, oneOf), by its
-- own keywords. The reader brings each into one form: a list of shapes, of which a value must fit one. A shape has no
-- $ref and no branches any more. What a shape's properties and items are is read when it is asked for.
--
-- Schemas are the server's. They may lead to themselves, through thousands of names, or stand for more shapes than
-- there is memory: every walk is bounded, and what is beyond the bounds is read as "any value".

local core = require("bosa.core")
local document = require("bosa.schema.document")
local normal = require("bosa.schema.normal")
local references = require("bosa.schema.references")
local shape = require("bosa.schema.shape")
local sorted_json = require("bosa.sorted_json")

local schema = {}

local MOST_SHAPES = 256 -- of one schema
local MOST_DEPTH = 50 -- of $refs with siblings, members and branches within each other
local MOST_UNIONS = 200 -- within one union
local WORK_OF_ONE = 1000 -- steps for one schema
local WORK_OF_ALL = 20000 -- steps for all that one reader reads
local MOST_NESTED = 20 -- lists within lists that are named
local LONGEST_NAME = 500 -- bytes of a type's name
local ANNOTATIONS = { "title", "description", "default" } -- that are of use here

--- The schema of the parameters of an action, in its normal form; nil: it takes none.
---@param entry table what discovery says of the action; its schema is brought into that form
---@return table?
function schema.request_of(entry)
  local request = type(entry.parameters) == "table" and entry.parameters.request
  local found = type(request) == "table" and request.schema
  if not found or found == core.null then return nil end
  return normal.form(type(found) == "table" and found or core.object({}))
end

--- The schema of the response of an action, in its normal form; nil: the server tells nothing.
---@param entry table what discovery says of the action; its schema is brought into that form
---@return table?
function schema.response_of(entry)
  local response = entry.response
  if type(response) ~= "table" or response[1] ~= nil then return nil end
  return normal.form(response, true)
end

--- What a schema says.
---@class bosa.schema.About
---@field shapes bosa.schema.Shape[] none: no value is valid
---@field title any
---@field description any
---@field default any
---@field target any the schema behind the $refs that it is
---@field name string? under which $defs has that

--- Reads one document.
---@class bosa.schema.Reader
---@field references bosa.schema.References
---@field tags table<table, table<string, boolean>> branch of a union -> the names of its tags
---@field known table<table, bosa.schema.Shape[]>
---@field abouts table<any, bosa.schema.About>
---@field answers table<bosa.schema.Shape[], table<string, any>> to questions about them
---@field nested integer questions that are being answered
---@field open table<table, boolean> schemas that are being read
---@field cuts integer how often one led back to itself
---@field work integer steps left for this schema
---@field budget integer steps left for all
local Reader = {}
Reader.__index = Reader

--- A reader of one document.
---@param root table
---@param scoped boolean? schemas within it may be documents of their own, whose $refs are looked up there first
---@return bosa.schema.Reader
function schema.reader(root, scoped)
  local named = references.read(root, scoped)
  return setmetatable({
    references = named, tags = named.tags, known = {}, abouts = {}, answers = {}, open = {}, nested = 0, cuts = 0,
    work = 0, budget = WORK_OF_ALL,
  }, Reader)
end

--- What the $ref of a schema names; nil: nothing.
---@param node table
---@return table|boolean|nil
function Reader:target(node) return self.references:target(node) end

---------------------------------------------------------------------------------------------------
-- shapes

--- Takes steps; false: none are left.
local function afford(self, steps)
  self.work, self.budget = self.work - steps, self.budget - steps
  if self.work > 0 and self.budget > 0 then return true end
  self.cuts = self.cuts + 1 -- what is cut off is not to be remembered
  return false
end

local function count(map)
  local n = 0
  for _ in pairs(map) do n = n + 1 end
  return n
end

--- Takes the steps of what two shapes that become one both have: properties, and the values of enums.
local function charge(self, a, b)
  if a.properties and b.properties then
    self.work = self.work - count(b.properties)
    self.budget = self.budget - count(a.properties) - count(b.properties)
  end
  if a.enum and b.enum then self.budget = self.budget - #a.enum - #b.enum end
end

--- Every shape of one list together with every one of another.
local function product(self, a, b)
  if #a == 1 and a[1] == shape.ANY then return b end
  if #b == 1 and b[1] == shape.ANY then return a end
  if #a * #b > MOST_SHAPES or not afford(self, #a * #b) then return { shape.ANY } end
  local list, same = {}, #b == 1
  for _, one in ipairs(a) do
    for _, other in ipairs(b) do
      charge(self, one, other)
      list[#list + 1] = shape.both(one, other)
      same = same and list[#list] == one
    end
  end
  return same and a or list
end

--- Adds the shapes of a branch, those that are choices of values as one.
local function add_shapes(list, seen, shapes)
  for _, form in ipairs(shapes) do
    if shape.is_choice(form) and not seen[form] then
      if not list.choice then
        list.choice = { enum = {} }
        list[#list + 1] = list.choice
      end
      for _, value in ipairs(form.enum) do list.choice.enum[#list.choice.enum + 1] = value end
    elseif not seen[form] then
      list[#list + 1] = form
    end
    seen[form] = true
  end
end

--- The branches of a union, with those of the unions that are its branches. One that leads back to the union adds
-- none.
---@param branches any[]
---@return any[]
function Reader:leaves(branches)
  local list, seen, stack, left = {}, {}, {}, MOST_UNIONS
  local function push(more)
    for i = #more, 1, -1 do stack[#stack + 1] = more[i] end
  end
  push(branches)
  while #stack > 0 do
    local branch = table.remove(stack)
    local target = branch
    if document.is_alias(branch) then target = self.references:follow(branch).target end
    if target ~= nil and not seen[target] then
      seen[target] = type(target) == "table"
      local nested = document.branches_of(target)
      if nested then
        left, self.budget = left - 1, self.budget - #nested
        if left == 0 or self.budget < 0 then return { true } end
        push(nested)
      else
        list[#list + 1] = branch
      end
    end
  end
  return list
end

--- The shapes of a union. A branch that leads back to the union adds none.
local function union_shapes(self, branches, depth)
  local list, seen, leaves = {}, {}, self:leaves(branches)
  local cyclic = leaves[1] == nil
  for _, branch in ipairs(leaves) do
    local shapes = self:expand(branch, depth + 1)
    if shapes then
      add_shapes(list, seen, shapes)
    else
      cyclic = true
    end
  end
  if #list > MOST_SHAPES or cyclic and not list[1] then return { shape.ANY } end
  if list.choice then list.choice.enum = shape.values(list.choice.enum) end
  list.choice = nil
  return list
end

--- Whether a schema says all by its own keywords.
local function is_plain(node)
  return node["$ref"] == nil and node.allOf == nil and node.anyOf == nil and node.oneOf == nil
end

--- What the schema says as a whole.
local function combine(self, node, depth)
  local list = { shape.own(node, self.tags[node]) }
  if type(node["$ref"]) == "string" then
    local target = self:target(node)
    if target ~= nil then list = product(self, self:expand(target, depth + 1) or { shape.ANY }, list) end
  end
  for _, member in ipairs(type(node.allOf) == "table" and node.allOf or {}) do
    list = product(self, list, self:expand(member, depth + 1) or { shape.ANY })
  end
  for _, keyword in ipairs({ "anyOf", "oneOf" }) do
    local branches = node[keyword]
    if type(branches) == "table" and branches[1] ~= nil then
      list = product(self, list, union_shapes(self, branches, depth))
    end
  end
  return list
end

--- The shapes of a schema; nil: it leads back to one that is being read.
---@param node any
---@param depth integer
---@return bosa.schema.Shape[]?
function Reader:expand(node, depth)
  if document.is_alias(node) then
    node = self.references:follow(node).target
    if node == nil then return nil end
  end
  if node == false then return {} end
  if type(node) ~= "table" then return { shape.ANY } end
  if self.known[node] then return self.known[node] end
  if is_plain(node) then
    self.known[node] = { shape.own(node, self.tags[node]) }
    return self.known[node]
  end
  if not afford(self, 1) then return { shape.ANY } end
  if self.open[node] then
    self.cuts = self.cuts + 1
    return nil
  end
  if depth > MOST_DEPTH then
    self.cuts = self.cuts + 1
    return { shape.ANY }
  end
  self.open[node] = true
  local cuts = self.cuts
  local list = combine(self, node, depth)
  self.open[node] = nil
  if cuts == self.cuts or depth == 0 then self.known[node] = list end
  return list
end

--- An annotation of a schema, or of what its $ref and its members name.
local function annotation(self, node, keyword)
  if type(node) ~= "table" then return nil end
  if node[keyword] ~= nil then return node[keyword] end
  local named = {}
  if type(node["$ref"]) == "string" then named[1] = self:target(node) end
  for _, member in ipairs(type(node.allOf) == "table" and node.allOf or {}) do named[#named + 1] = member end
  for _, other in ipairs(named) do
    local found
    if document.is_alias(other) then
      found = self.references:follow(other)[keyword]
    elseif type(other) == "table" then
      found = other[keyword]
    end
    if found ~= nil then return found end
  end
  return nil
end

--- Notes what a schema names.
local function note_target(about, chain, otherwise)
  about.target, about.name = chain.target, chain.name or otherwise
  for _, keyword in ipairs(ANNOTATIONS) do about[keyword] = chain[keyword] end
  if about.target == nil then about.target = true end
end

--- What a schema says.
---@param node any
---@return bosa.schema.About
function Reader:read(node)
  if type(node) == "table" and self.abouts[node] then return self.abouts[node] end
  self.work = WORK_OF_ONE
  local about = { shapes = self:expand(node, 0) or { shape.ANY }, target = node }
  if document.is_alias(node) then
    note_target(about, self.references:follow(node))
  elseif type(node) == "table" and type(node["$ref"]) == "string" then
    local target = self:target(node)
    if type(target) == "table" and self:expand(target, 1) == about.shapes then -- siblings that change nothing
      local chain = document.is_alias(target) and self.references:follow(target) or { target = target }
      note_target(about, chain, document.definition_name(node["$ref"]))
      for _, keyword in ipairs(ANNOTATIONS) do
        if node[keyword] ~= nil then about[keyword] = node[keyword] end
      end
    end
  end
  for _, keyword in ipairs(ANNOTATIONS) do
    if about[keyword] == nil then about[keyword] = annotation(self, about.target, keyword) end
  end
  if type(node) == "table" then self.abouts[node] = about end
  return about
end

---------------------------------------------------------------------------------------------------
-- questions

--- What the items of a shape are; nil: nothing is said of them.
---@return bosa.schema.About?
function Reader:items_of(form)
  if form.is_tuple or type(form.items) ~= "table" or not shape.allows(form, "array") then return nil end
  return self:read(form.items)
end

--- The response to a question about a schema, kept with it. One that comes back to itself, or goes too deep, has
-- `otherwise` for a response.
local function once(self, about, question, otherwise, fn)
  local answers = self.answers[about.shapes] or {}
  self.answers[about.shapes] = answers
  if answers[question] ~= nil then return answers[question] end
  local nested = self.nested
  if nested > MOST_NESTED then return otherwise end
  answers[question] = otherwise
  self.nested = nested + 1
  answers[question] = fn(self, about)
  self.nested = nested
  return answers[question]
end

--- A word for one type of a shape.
local function word_for(self, name, form)
  if name == "string" and form.is_file then return "file" end
  local items = name == "array" and self:items_of(form)
  local item = items and self:type_name(items) or "any"
  return item == "any" and name or "array of " .. item
end

local function name_type(self, about)
  local words, seen, null = {}, {}, false
  for _, form in ipairs(about.shapes) do
    local types = shape.types(form)
    if not types then return "any" end
    for _, name in ipairs(types) do
      local word = word_for(self, name, form)
      if name == "null" then
        null = true
      elseif not seen[word] then
        words[#words + 1] = word
      end
      seen[word] = true
    end
  end
  local text = table.concat(words, " | ")
  if text == "" then return null and "null" or "any" end
  return #text <= LONGEST_NAME and text or "any"
end

--- A word for a schema's type: "string", "array of integer", "string | integer", "file". null is left out.
---@param about bosa.schema.About
---@return string
function Reader:type_name(about) return once(self, about, "type_name", "any", name_type) end

local function list_values(self, about)
  local values = {}
  for _, form in ipairs(about.shapes) do
    if not shape.is_null(form) then
      local items = not form.enum and self:items_of(form)
      local more = form.enum or items and self:values(items)
      if not more then return false end
      for _, value in ipairs(more) do
        if value ~= core.null then values[#values + 1] = value end
      end
    end
  end
  return values[1] ~= nil and shape.values(values)
end

--- The values that a schema allows, or the items of the list that it is; nil: others, too. null is left out.
---@param about bosa.schema.About
---@return any[]?
function Reader:values(about) return once(self, about, "values", false, list_values) or nil end

local function find_file(self, about)
  for _, form in ipairs(about.shapes) do
    if shape.is_file(form) then return true end
    local items = self:items_of(form)
    if items and self:takes_file(items) then return true end
  end
  return false
end

--- Whether a schema allows a file, or a list of files.
---@param about bosa.schema.About
---@return boolean
function Reader:takes_file(about) return once(self, about, "takes_file", false, find_file) end

local function find_text(self, about)
  for _, form in ipairs(about.shapes) do
    if not form.is_file and shape.allows(form, "string") then return true end
    local items = self:items_of(form)
    if items and self:takes_text(items) then return true end
  end
  return false
end

--- Whether a schema allows a string that is no file, or a list of such.
---@param about bosa.schema.About
---@return boolean
function Reader:takes_text(about) return once(self, about, "takes_text", false, find_text) end

--- Whether a shape is nothing without a file.
local function shape_needs_file(self, form)
  if shape.is_file(form) then return true end
  local items = self:items_of(form)
  if items and self:needs_file(items) then return true end
  for name in pairs(form.properties and form.required or {}) do
    local property = form.properties[name]
    if type(property) == "table" and self:needs_file(self:read(property)) then return true end
  end
  return false
end

local function need_file(self, about)
  local some = false
  for _, form in ipairs(about.shapes) do
    if not shape.is_null(form) then
      some = true
      if not shape_needs_file(self, form) then return false end
    end
  end
  return some
end

--- Whether nothing but null is left of a schema where there are no files.
---@param about bosa.schema.About
---@return boolean
function Reader:needs_file(about) return once(self, about, "needs_file", false, need_file) end

--- Whether nothing but a file, or null, is allowed.
---@param about bosa.schema.About
---@return boolean
function schema.is_file(about)
  local some = false
  for _, form in ipairs(about.shapes) do
    if shape.is_file(form) then
      some = true
    elseif not shape.is_null(form) then
      return false
    end
  end
  return some
end

local function add_objects(self, about, found, seen, depth)
  if seen[about] or depth > MOST_NESTED then return found end
  seen[about] = true
  for _, form in ipairs(about.shapes) do
    if form.properties then
      found[#found + 1] = form
    else
      local items = self:items_of(form)
      if items then add_objects(self, items, found, seen, depth + 1) end
    end
  end
  return found
end

--- The default that all of several schemas have; nil: they have different ones.
local function shared_default(self, nodes)
  local first = annotation(self, nodes[1], "default")
  for i = 2, first ~= nil and #nodes or 0 do
    local other = annotation(self, nodes[i], "default")
    if other == nil or sorted_json.line(other) ~= sorted_json.line(first) then return nil end
  end
  return first
end

--- A property of an object, or of several that a value may be.
---@class bosa.schema.Property
---@field name string
---@field about bosa.schema.About
---@field required boolean by each of the objects

--- The properties of the objects that a schema allows, or that the items of its list are: the required ones first,
-- then by name. One that may never be there is left out.
---@param about bosa.schema.About
---@return bosa.schema.Property[]
function Reader:properties(about)
  local objects = add_objects(self, about, {}, {}, 0)
  local nodes, counts = {}, {}
  for _, object in ipairs(objects) do
    for name, node in pairs(object.properties) do
      nodes[name] = nodes[name] or { n = 0 }
      if not nodes[name][node] then
        nodes[name].n = nodes[name].n + 1
        nodes[name][nodes[name].n], nodes[name][node] = node, true
      end
      if object.required and object.required[name] then counts[name] = (counts[name] or 0) + 1 end
    end
  end
  local list = {}
  for name, several in pairs(nodes) do
    local node = several[1]
    if several.n > 1 then
      node = { anyOf = {} }
      for i = 1, several.n do node.anyOf[i] = several[i] end
      node.description = annotation(self, several[1], "description")
      node.default = shared_default(self, node.anyOf)
    end
    local property = { name = name, about = self:read(node), required = counts[name] == #objects }
    if property.about.shapes[1] then list[#list + 1] = property end
  end
  table.sort(list, function(a, b)
    if a.required ~= b.required then return a.required end
    return a.name < b.name
  end)
  return list
end

return schema
