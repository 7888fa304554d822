--- Whether a value that was read from JSON is an object: no list, also none that is empty.

local core = require("bosa.core")

local ARRAY = getmetatable(core.array({}))

---@param value any
---@return boolean
return function(value)
  return type(value) == "table" and value[1] == nil and getmetatable(value) ~= ARRAY
end
