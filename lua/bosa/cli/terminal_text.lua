--- Text for a terminal: made safe, measured in columns, cut.

local terminal_text = {}

--- Text of somebody else's, made safe for a terminal: control characters, C1 ones too, become spaces.
---@param text string
---@return string
function terminal_text.safe(text)
  return (text:gsub("%c", " "):gsub("\194[\128-\159]", " "))
end

-- first and last code points of what takes two columns: East Asian wide characters and emoji
local WIDE = {
  { 0x1100, 0x115f }, { 0x2e80, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
  { 0xff00, 0xff60 }, { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd },
}

local function is_wide(code)
  if code < WIDE[1][1] then return false end
  for _, range in ipairs(WIDE) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

--- The code point that a UTF-8 sequence stands for.
local function code_point(char)
  local first = char:byte()
  if first < 0x80 then return first end
  local code = first >= 0xf0 and first % 8 or first >= 0xe0 and first % 16 or first % 32
  for i = 2, #char do code = code * 64 + char:byte(i) % 64 end
  return code
end

local CHAR = "[%z\1-\127\194-\244][\128-\191]*"

--- Columns that text takes.
---@param text string
---@return integer
function terminal_text.columns(text)
  local columns = 0
  for char in text:gmatch(CHAR) do columns = columns + (is_wide(code_point(char)) and 2 or 1) end
  return columns
end

--- Text cut to a number of columns, with an ellipsis where something is missing.
---@param text string
---@param limit integer
---@return string
function terminal_text.cut(text, limit)
  if terminal_text.columns(text) <= limit then return text end
  local kept, columns = {}, 0
  for char in text:gmatch(CHAR) do
    columns = columns + (is_wide(code_point(char)) and 2 or 1)
    if columns > limit - 1 then break end
    kept[#kept + 1] = char
  end
  return table.concat(kept) .. "…"
end

--- A number of bytes for people: "12 B", "3.4 kB".
---@param bytes number
---@return string
function terminal_text.size(bytes)
  local units, i = { "B", "kB", "MB", "GB", "TB" }, 1
  while bytes >= 1000 and i < #units do
    bytes, i = bytes / 1000, i + 1
  end
  return (i == 1 and "%d %s" or "%.1f %s"):format(bytes, units[i])
end

return terminal_text
