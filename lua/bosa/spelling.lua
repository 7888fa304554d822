--- Which names were meant by a word or a part of one. The nearest of several names is core.nearest.

local core = require("bosa.core")

local spelling = {}

local LONGEST = 128 -- bytes of a name that is compared

--- How far a name is from a word of somebody's; nil: too far. A word of a longer name is near: drive, google_drive.
local function distance_to(word, name)
  if #word < 3 then return nil end
  if ("_" .. name .. "_"):find("_" .. word .. "_", 1, true) then return 0.5 end
  if name:sub(1, #word) == word then return 0.75 end
  if #name > LONGEST or math.abs(#word - #name) > 2 then return nil end
  local most = math.max(1, math.floor(#word / 4))
  local steps = core.distance(word, name, most)
  return steps <= most and steps or nil
end

--- The names that may be meant by a word, also by a part of one, in order: at most three, equally near.
---@param word string
---@param names string[]
---@return string[]
function spelling.like(word, names)
  word = word:lower()
  if #word > LONGEST then return {} end
  local best, list, seen = math.huge, {}, {}
  for _, name in ipairs(names) do
    local steps = not seen[name] and distance_to(word, name)
    seen[name] = true
    if steps and steps < best then best, list = steps, {} end
    if steps and steps == best then list[#list + 1] = name end
  end
  table.sort(list)
  return { list[1], list[2], list[3] }
end

return spelling
