--- Finds test data that is no part of the repository: $BOSA_SHARED, or ../shared.

local bosa = require("bosa")

local shared = {}

local function root() return os.getenv("BOSA_SHARED") or "../shared" end

--- The text of a file; nil: it isn't there.
function shared.text(path)
  local file = io.open(root() .. "/" .. path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

--- The path of a file; nil: it isn't there.
function shared.path(path) return shared.text(path) and root() .. "/" .. path end

--- A validator of one definition of a revision of the Model Context Protocol; nil: its schema isn't there.
---@param revision string
---@param definition string
function shared.protocol(revision, definition)
  local text = shared.text("mcp/" .. revision .. ".json")
  if not text then return nil end
  local schema = bosa.json.decode(text)
  local defs = schema["$defs"] or schema.definitions
  assert(defs[definition], definition)
  schema["$ref"] = (schema["$defs"] and "#/$defs/" or "#/definitions/") .. definition
  return assert(require("bosa.core").schema(schema))
end

return shared
