--- How far two names are apart, and which of several was meant: by the rules of csrc/core/base/nearest.

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

--- The words of a name: what is between its signs.
local function words_of(name)
  local list = {}
  for word in name:lower():gmatch("[^%p%s]+") do list[#list + 1] = word end
  return list
end

--- Whether a name has all of these words.
local function has_words(name, words)
  local present = {}
  for _, word in ipairs(words_of(name)) do present[word] = true end
  for _, word in ipairs(words) do
    if not present[word] then return false end
  end
  return true
end

--- The only one of the names that has all words of another: `api_key` for `key`; nil: none has, or several have.
local function holder_of(wanted, names)
  local words, holder = words_of(wanted), nil
  if not words[1] or #wanted < 2 then return nil end
  for _, name in ipairs(names) do
    if #name <= LONGEST and name ~= holder and has_words(name, words) then
      if holder then return nil end
      holder = name
    end
  end
  return holder
end

--- The name that was meant by one that isn't there: the nearest, else the only one that has all its words; nil: none is
-- near. Upper and lower case are alike.
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
  return best or holder_of(wanted, names)
end

--- How far a name is from a word of somebody's; nil: too far. A word of a longer name is near: drive, google_drive.
local function distance_to(word, name)
  if #word < 3 then return nil end
  if ("_" .. name .. "_"):find("_" .. word .. "_", 1, true) then return 0.5 end
  if name:sub(1, #word) == word then return 0.75 end
  if #name > LONGEST or math.abs(#word - #name) > 2 then return nil end
  local most = math.max(1, math.floor(#word / 4))
  local steps = spelling.distance(word, name:lower(), most)
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
