--- The names of a table in order: what is made of it is then the same in every process.

local function by_text(a, b) return tostring(a) < tostring(b) end

--- The names of a map in order. Strings alone are compared by the VM itself, which takes a fifth of the time.
---@param map table
---@return string[]
return function(map)
  local list, is_text = {}, true
  for name in pairs(map) do
    list[#list + 1] = name
    is_text = is_text and type(name) == "string"
  end
  if list[2] == nil then return list end
  if is_text then table.sort(list) else table.sort(list, by_text) end
  return list
end
