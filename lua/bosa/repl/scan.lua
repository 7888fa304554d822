--- What a line of Lua is about where the cursor stands: in a string, in a comment, within which brackets.

local scan = {}

local CLOSES = { [")"] = true, ["}"] = true, ["]"] = true }
local OPENS = { ["("] = true, ["{"] = true, ["["] = true }

---@class bosa.repl.Place
---@field text string what was read, with one space for each comment and each run of white space
---@field quote integer? where in it the string begins that it ends in
---@field comment boolean it ends in a comment, or in a string of several lines
---@field open integer[] where in it the brackets stand that are open, outermost first

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

--- The end of a run of white space that begins at `at`.
local function space_end(text, at) return (text:find("%S", at) or #text + 1) - 1 end

--- What begins at `i`: its kind, and where it ends; nil: it is never closed.
local function piece_at(text, i)
  local char = text:sub(i, i)
  if char == '"' or char == "'" then return "string", string_end(text, i) end
  if char:find("%s") then return "space", space_end(text, i) end
  if text:find("^%-%-", i) then return "comment", comment_end(text, i) end
  local last = char == "[" and long_end(text, i)
  if last == false then return "sign", i end
  return "long", last
end

--- The words, numbers and signs of a text in order, without white space and comments: each as { text, first, last }, a
--- string as { "", first, last }. What is never closed ends the list.
---@param text string
---@return { [1]: string, [2]: integer, [3]: integer }[]
function scan.tokens(text)
  local list, i = {}, 1
  while i <= #text do
    local kind, last = piece_at(text, i)
    if not last then break end
    if kind == "sign" then
      last = select(2, text:find("^[%a_][%w_]*", i)) or select(2, text:find("^%d[%w_.]*", i)) or i
      list[#list + 1] = { text:sub(i, last), i, last }
    elseif kind == "string" or kind == "long" then
      list[#list + 1] = { "", i, last }
    end
    i = last + 1
  end
  return list
end

--- Reads a text up to its end.
---@param text string
---@return bosa.repl.Place
function scan.read(text)
  local place, parts, size, i = { open = {}, comment = false }, {}, 0, 1
  while i <= #text do
    local kind, last = piece_at(text, i)
    local piece = (kind == "space" or kind == "comment") and " " or text:sub(i, last or #text)
    if kind == "sign" and OPENS[piece] then place.open[#place.open + 1] = size + 1 end
    if kind == "sign" and CLOSES[piece] then place.open[#place.open] = nil end
    if not last then
      place.quote = kind == "string" and size + 1 or nil
      place.comment = kind ~= "string"
    end
    parts[#parts + 1] = piece
    size = size + #piece
    i = (last or #text) + 1
  end
  place.text = table.concat(parts)
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
