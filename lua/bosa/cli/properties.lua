--- A table of an object's members, in order of their names.

local bosa = require("bosa")
local print_table = require("bosa.cli.table")

---@param cx bosa.cli.Context
---@param object table<string, any>
return function(cx, object)
  local names, rows = {}, {}
  for name in pairs(object) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    local value = object[name]
    rows[i] = { name, type(value) == "table" and bosa.json.encode(value) or value == bosa.null and "" or value }
  end
  print_table(cx, { "Property", "Value" }, rows)
end
