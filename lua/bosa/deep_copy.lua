--- A copy of a value of parameters: tables anew, with their metatables, everything else as it is. What a table holds
-- twice, the copy holds twice, too. Used where parameters are kept while their owner may go on to change them.

local core = require("bosa.core")

local function deep_copy(value, seen)
  if type(value) ~= "table" or core.is_null(value) then return value end -- a hub's own null may be a table
  if seen[value] then return seen[value] end
  local copy = {}
  seen[value] = copy
  for name, item in pairs(value) do copy[name] = deep_copy(item, seen) end
  local meta = getmetatable(value)
  return type(meta) == "table" and setmetatable(copy, meta) or copy
end

---@generic T
---@param value T
---@return T
return function(value) return deep_copy(value, {}) end
