--- The words of a command line, as a shell would take them apart: at white space, but for quotes and backslashes.

local words = {}

--- The text in double quotes at `at`, where a backslash quotes another one and a quote, and the place after it.
local function read_quoted(line, at)
  local parts = {}
  at = at + 1
  while at <= #line do
    local char = line:sub(at, at)
    if char == '"' then return table.concat(parts), at + 1 end
    if char == "\\" and line:find('^["\\]', at + 1) then at = at + 1 end
    parts[#parts + 1] = line:sub(at, at)
    at = at + 1
  end
  return nil
end

--- A word's text, and the place after it; nil: a quote is never closed.
local function read_word(line, at)
  local parts = {}
  while at <= #line do
    local char = line:sub(at, at)
    if char:find("%s") then break end
    if char == "'" then
      local last = line:find("'", at + 1, true)
      if not last then return nil end
      parts[#parts + 1] = line:sub(at + 1, last - 1)
      at = last + 1
    elseif char == '"' then
      local text, after = read_quoted(line, at)
      if not text then return nil end
      parts[#parts + 1] = text
      at = after
    else
      if char == "\\" and at < #line then at = at + 1 end
      parts[#parts + 1] = line:sub(at, at)
      at = at + 1
    end
  end
  return table.concat(parts), at
end

--- The words of a line; nil: a quote is never closed.
---@param line string
---@return string[]?
function words.split(line)
  local list, at = {}, 1
  while true do
    at = line:find("%S", at)
    if not at then return list end
    local text, after = read_word(line, at)
    if not text then return nil end
    list[#list + 1] = text
    at = after
  end
end

--- A word as it is to be typed, so that `split` gives it back.
---@param word string
---@return string
function words.quote(word)
  if word ~= "" and not word:find("[%s'\"\\|]") then return word end
  if not word:find("'", 1, true) then return "'" .. word .. "'" end
  return '"' .. word:gsub('["\\]', "\\%0") .. '"'
end

return words
