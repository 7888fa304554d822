--- What a line of Lua is about where the cursor stands: in a string, in a comment, within which brackets.

local scan = {}

local CLOSES = { [")"] = true, ["}"] = true, ["]"] = true }
local OPENS = { ["("] = true, ["{"] = true, ["["] = true }

---@class bosa.repl.Place
---@field quote integer? where the string begins that the text ends in
---@field comment boolean the text ends in a comment
---@field open integer[] where the brackets stand that are open, outermost first

--- The end of a long string or comment that begins at `at`; nil: it has none in this text, false: there is none.
local function long_end(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return false end
  local _, last = text:find("]" .. level .. "]", at, true)
  return last
end

--- The end of a string in quotes that begins at `at`; nil: it has none.
local function string_end(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text do
    local char = text:sub(i, i)
    if char == quote then return i end
    i = i + (char == "\\" and 2 or 1)
  end
  return nil
end

--- The end of a comment that begins at `at`; nil: it has none.
local function comment_end(text, at)
  local last = long_end(text, at + 2)
  if last == false then last = text:find("\n", at, true) end
  return last
end

--- Takes what begins at `i`: where it ends, or nil and in what the text ends.
local function skip(text, i, open)
  local char = text:sub(i, i)
  if char == '"' or char == "'" then return string_end(text, i), "quote" end
  if text:find("^%-%-", i) then return comment_end(text, i), "comment" end
  local last = char == "[" and long_end(text, i)
  if last ~= false then return last, "comment" end
  if OPENS[char] then open[#open + 1] = i end
  if CLOSES[char] then open[#open] = nil end
  return i
end

--- Reads a text up to its end.
---@param text string
---@return bosa.repl.Place
function scan.read(text)
  local place, i = { open = {}, comment = false }, 1
  while i <= #text do
    local last, within = skip(text, i, place.open)
    if not last then
      if within == "quote" then place.quote = i else place.comment = true end
      return place
    end
    i = last + 1
  end
  return place
end

--- A text with its strings and what is in brackets of its own taken out.
---@param text string
---@return string
function scan.outline(text)
  local parts, i = {}, 1
  while i <= #text do
    local char = text:sub(i, i)
    local last
    if char == '"' or char == "'" then
      last = string_end(text, i)
    elseif OPENS[char] then
      last = select(2, text:find("^%b" .. char .. (char == "(" and ")" or char == "{" and "}" or "]"), i))
    end
    if last then i = last else parts[#parts + 1] = char end
    i = i + 1
  end
  return table.concat(parts)
end

return scan
