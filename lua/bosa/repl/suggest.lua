--- The name that somebody may have meant.

local suggest = {}

local LONGEST = 64 -- bytes of a name that others are compared with

--- How many letters must be changed, added, taken away or swapped with their neighbour to make one name of another.
local function distance(a, b)
  local before, row = nil, {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local above = row
    row = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost)
      local swapped = before and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j)
      if swapped then row[j] = math.min(row[j], before[j - 2] + 1) end
    end
    before = above
  end
  return row[#b]
end

--- How far a name is from what was typed; nil: too far. A word of a longer name is near: drive, google_drive.
local function distance_to(typed, name)
  if #typed >= 3 and ("_" .. name .. "_"):find("_" .. typed .. "_", 1, true) then return 0.5 end
  if #typed >= 3 and name:sub(1, #typed) == typed then return 0.75 end
  if #typed < 3 or #name > LONGEST or math.abs(#typed - #name) > 2 then return nil end
  local steps = distance(typed, name:lower())
  return steps <= math.max(1, math.floor(#typed / 4)) and steps or nil
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
