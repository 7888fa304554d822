--- The parameters of an action that can be sent: what help, tools, types and search offer.
--
-- An action that takes a file is sent as a form, and a form holds no objects. Servers list `response_filters`, a list
-- of objects, for such actions, too; whoever gave it would always be refused.

local core = require("bosa.core")
local schema = require("bosa.schema")
local shape = require("bosa.schema.shape")

local request = {}

--- Whether a schema allows values of one type only, and null: `fits(type, form)` says of which.
local function is_all(about, fits)
  local some = false
  for _, form in ipairs(about.shapes) do
    local types = shape.types(form) or {}
    if not shape.is_null(form) then
      some = true
      if #types ~= 1 or not fits(types[1], form) then return false end
    end
  end
  return some
end

local function is_object(name) return name == "object" end

--- Whether a schema allows objects, or lists of them, and nothing else but null.
---@param read bosa.schema.Reader
---@param about bosa.schema.About
---@return boolean
local function is_of_objects(read, about)
  return is_all(about, function(name, form)
    local items = name == "array" and read:items_of(form)
    return is_object(name) or items and is_all(items, is_object) or false
  end)
end

--- The schema of the parameters of an action without the optional ones that can't be sent; nil: it takes none.
---@param entry table what discovery says of the action
---@return table?
function request.offered(entry)
  local whole = schema.request_of(entry)
  if not whole or type(whole.properties) ~= "table" then return whole end
  local read, required, is_form, dropped = schema.reader(whole), {}, false, {}
  for _, name in ipairs(type(whole.required) == "table" and whole.required or {}) do required[name] = true end
  for name, property in pairs(whole.properties) do
    local about = read:read(property)
    is_form = is_form or read:takes_file(about)
    dropped[name] = not required[name] and is_of_objects(read, about) or nil
  end
  if not is_form or next(dropped) == nil then return whole end
  local offered, properties = {}, {}
  for keyword, value in pairs(whole) do offered[keyword] = value end
  for name, property in pairs(whole.properties) do properties[name] = not dropped[name] and property or nil end
  offered.properties = core.object(properties)
  return offered
end

return request
