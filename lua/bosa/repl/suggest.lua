--- The name that somebody may have meant.

local spelling = require("bosa.spelling")

local suggest = {}

local LONGEST = 64 -- bytes of a name that others are compared with

--- How far a name is from what was typed; nil: too far. A word of a longer name is near: drive, google_drive.
local function distance_to(typed, name)
  if #typed >= 3 and ("_" .. name .. "_"):find("_" .. typed .. "_", 1, true) then return 0.5 end
  if #typed >= 3 and name:sub(1, #typed) == typed then return 0.75 end
  if #typed < 3 or #name > LONGEST or math.abs(#typed - #name) > 2 then return nil end
  local most = math.max(1, math.floor(#typed / 4))
  local steps = spelling.distance(typed, name:lower(), most)
  return steps <= most and steps or nil
end

--- The names that are nearest to what was typed, in order: at most three, equally near.
---@param typed string
---@param names string[]
---@return string[]
function suggest.names(typed, names)
  typed = typed:lower()
  if #typed > LONGEST then return {} end
  local best, list, seen = math.huge, {}, {}
  for _, name in ipairs(names) do
    local steps = not seen[name] and distance_to(typed, name)
    seen[name] = true
    if steps and steps < best then best, list = steps, {} end
    if steps and steps == best then list[#list + 1] = name end
  end
  table.sort(list)
  return { list[1], list[2], list[3] }
end

return suggest
