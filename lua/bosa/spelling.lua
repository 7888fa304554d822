--- How far two names are apart, and which of several was meant.

local spelling = {}

local LONGEST = 128 -- bytes of a name that is compared

--- The edit distance of two words, neighbours that changed places counted once; past `most` any number past it.
---@param a string
---@param b string
---@param most integer
---@return integer
function spelling.distance(a, b, most)
  if math.abs(#a - #b) > most then return most + 1 end
  local before, row = {}, {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local current, least = { [0] = i }, i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      local best = math.min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (same and 0 or 1))
      local swapped = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j)
      if swapped then best = math.min(best, before[j - 2] + 1) end
      current[j], least = best, math.min(least, best)
    end
    if least > most then return most + 1 end
    before, row = row, current
  end
  return row[#b]
end

--- The name that was meant by one that isn't there: the nearest; nil: none is near. Upper and lower case are alike.
---@param wanted string
---@param names string[]
---@return string?
function spelling.nearest(wanted, names)
  local best
  local most = #wanted < 4 and 1 or math.floor(#wanted / 3)
  if wanted == "" or #wanted > LONGEST then return nil end
  for _, name in ipairs(names) do
    local distance = #name <= LONGEST and spelling.distance(wanted:lower(), name:lower(), most)
    if distance and distance <= most then
      best, most = name, distance - 1
      if most < 0 then return best end
    end
  end
  return best
end

return spelling
