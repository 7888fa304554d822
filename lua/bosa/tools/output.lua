--- The JSON Schema of what a tool gives back, made of what discovery says of an action's response; and the check
-- whether a result is such.
--
-- A tool's result is an object { data, meta, next_page, note } (bosa.tools.result). The server may describe that
-- object, or its data only. Nothing is required: `response_fields` leaves out what it likes.

local core = require("bosa.core")
local is_object = require("bosa.tools.options").is_object
local requests = require("bosa.schema")
local schema = require("bosa.tools.schema")

local output = {}

local DROPPED = { "title", "examples", "default", "discriminator", "required", "$schema", "$id", "$anchor",
  "$dynamicAnchor", "deprecated" }

---------------------------------------------------------------------------------------------------
-- leanness

local function is_null(branch) return type(branch) == "table" and branch.type == "null" end

--- "or null" as a list of types, where that is all that a union says.
local function join_null(node)
  local branches = node.anyOf
  if type(branches) ~= "table" or #branches ~= 2 or not is_null(branches[2]) then return end
  local kind = branches[1]
  if type(kind) ~= "table" or type(kind.type) ~= "string" or kind.enum or kind.const ~= nil then return end
  for name, value in pairs(kind) do
    if node[name] == nil then node[name] = value end
  end
  node.anyOf, node.type = nil, core.array({ kind.type, "null" })
end

local function cut(node, full, root)
  for _, keyword in ipairs(DROPPED) do node[keyword] = nil end
  if not full then node.description = nil end
  if node.type == "any" then node.type = nil end
  if node.type == "file" then node.type = "string" end
  schema.cut_type(node, root)
  if node.additionalProperties == true then node.additionalProperties = nil end
  join_null(node)
  return schema.map_children(node, function(child) return cut(child, full, root) end)
end

---------------------------------------------------------------------------------------------------

local function says_nothing(node) return next(node) == nil or next(node) == "type" and next(node, "type") == nil end

--- The schema of a whole result; the server's may be of its data only.
local function whole(node)
  if node.type == "object" and says_nothing(node) then return { type = "object" } end
  if node.type == "object" and type(node.properties) == "table" and node.properties.data ~= nil then
    node.additionalProperties = nil -- a result says more than the server did
    return node
  end
  return { type = "object", properties = core.object({ data = node }) }
end

--- The schema of what a tool of an action gives back.
---@param entry table what discovery says of the action
---@param full boolean? with descriptions
---@return table? schema nil: the server tells nothing
function output.schema(entry, full)
  local response = entry.response
  if not is_object(response) or response.type == "any" or next(response) == nil then return nil end
  local told = requests.response_of(entry)
  if next(told) == nil or schema.is_large(told) then return nil end
  local root = schema.copy(told)
  local defs = cut(root, full, root)["$defs"]
  root["$defs"] = nil
  local node = whole(root)
  node["$defs"] = defs
  return schema.prune(schema.bound(node))
end

--- Whether a result is what its tool's schema says: true, or nil and why not.
---@param promised table as output.schema gives it
---@param structured table
---@return true? ok, string? why
function output.check(promised, structured)
  local compiled, err = core.schema(promised)
  local ok
  if compiled then ok, err = compiled:check(structured) end
  if ok then return true end
  return nil, tostring(err and err.message or err)
end

return output
