--- What names another place in a JSON Schema: $refs, aliases that lead from one to the next, and the tags
-- (discriminator) that tell the branches of a union. For bosa.schema, the reader.
--
-- A $ref may lead to itself, nowhere, or into a document within the document.

local document = require("bosa.schema.document")

local references = {}

local MOST_BRANCHES = 200 -- schemas within a branch that are looked at for its tag

--- What the $refs of one document lead to.
---@class bosa.schema.References
---@field root table
---@field targets table<table, any> schema with a $ref -> what it names, where that lies in a document of its own
---@field tags table<table, table<string, boolean>> branch of a union -> the names of its tags
---@field chains table<table, bosa.schema.Chain>
local References = {}
References.__index = References

--- What the $ref of a schema names; nil: nothing.
---@param node table
---@return table|boolean|nil
function References:target(node)
  local target = self.targets[node]
  if target ~= nil then return target end
  return document.lookup(self.root, node["$ref"])
end

--- Where a chain of $refs ends, and what is said on its way.
---@class bosa.schema.Chain
---@field target any nil: it leads to itself
---@field name string?

--- Follows a schema that is an alias, to the one that is none.
---@return bosa.schema.Chain
function References:follow(node)
  local path, seen = {}, {}
  while document.is_alias(node) and not self.chains[node] and not seen[node] do
    seen[node] = true
    path[#path + 1] = node
    node = self:target(node)
    if node == nil then node = true end -- one that leads nowhere is no constraint
  end
  local chain = type(node) == "table" and self.chains[node]
  if not chain then
    chain = { target = node }
    if seen[node] then chain.target = nil end
  end
  for i = #path, 1, -1 do
    local alias = path[i]
    local made = { target = chain.target, name = chain.name or document.definition_name(alias["$ref"]) }
    for keyword in pairs(document.ANNOTATIONS) do
      made[keyword] = alias[keyword]
      if made[keyword] == nil then made[keyword] = chain[keyword] end
    end
    self.chains[alias], chain = made, made
  end
  return chain
end

--- Marks a branch of a union that is told by a tag: it requires the tag.
local function mark(self, branch, tag)
  local list, seen, left = { branch }, {}, MOST_BRANCHES
  while #list > 0 and left > 0 do
    local node = table.remove(list)
    left = left - 1
    if document.is_alias(node) then node = self:follow(node).target end
    if type(node) == "table" and not seen[node] then
      seen[node] = true
      if type(node.properties) == "table" and node.properties[tag] ~= nil then
        self.tags[node] = self.tags[node] or {}
        self.tags[node][tag] = true
      end
      if type(node["$ref"]) == "string" then list[#list + 1] = self:target(node) end
      for _, keyword in ipairs({ "allOf", "anyOf", "oneOf" }) do
        for _, child in ipairs(type(node[keyword]) == "table" and node[keyword] or {}) do list[#list + 1] = child end
      end
    end
  end
end

local function branches_of(node)
  if type(node.oneOf) == "table" then return node.oneOf end
  return type(node.anyOf) == "table" and node.anyOf or {}
end

--- Goes through the document once: $refs into documents within this one, and unions with tags.
local function survey(self, scoped)
  local unions, list, seen = {}, { { node = self.root } }, {}
  while #list > 0 do
    local place = table.remove(list)
    local node, around = place.node, place.around
    if type(node) == "table" and not seen[node] then
      seen[node] = true
      if node["$defs"] or node.definitions then around = { node = node, around = around } end
      if type(node["$ref"]) == "string" then
        if not scoped then self.targets[node] = document.lookup(self.root, node["$ref"]) end
        local scope = around
        while scope and self.targets[node] == nil do
          self.targets[node] = document.lookup(scope.node, node["$ref"])
          scope = scope.around
        end
      end
      local tag = type(node.discriminator) == "table" and node.discriminator.propertyName
      if type(tag) == "string" then unions[#unions + 1] = { node, tag } end
      document.each_child(node, function(child) list[#list + 1] = { node = child, around = around } end)
    end
  end
  for _, union in ipairs(unions) do
    for _, branch in ipairs(branches_of(union[1])) do mark(self, branch, union[2]) end
  end
end

--- Reads the $refs and the tags of one document.
---@param root table
---@param scoped boolean? schemas within it may be documents of their own, whose $refs are looked up there first
---@return bosa.schema.References
function references.read(root, scoped)
  local self = setmetatable({ root = root, targets = {}, tags = {}, chains = {} }, References)
  survey(self, scoped)
  return self
end

return references
