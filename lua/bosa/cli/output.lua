--- How results are shown: tables and indented JSON on a terminal, plain lines and one-line JSON in a pipe.

local sorted_json = require("bosa.sorted_json")
local terminal = require("bosa.cli.terminal")

local output = {}

local COLORS = {
  name = "cyan", string = "green", number = "yellow", cdata = "yellow", boolean = "yellow", userdata = "dim",
}
local DEFAULT_WIDTH, NARROWEST = 80, 20

--- Text of somebody else's, made safe for a terminal: control characters, C1 ones too, become spaces.
---@param text string
---@return string
function output.safe(text)
  return (text:gsub("%c", " "):gsub("\194[\128-\159]", " "))
end

--- Columns of the terminal.
---@return integer
function output.width()
  return math.max(NARROWEST, terminal.width() or tonumber(os.getenv("COLUMNS")) or DEFAULT_WIDTH)
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
function output.columns(text)
  local columns = 0
  for char in text:gmatch(CHAR) do columns = columns + (is_wide(code_point(char)) and 2 or 1) end
  return columns
end

--- Text cut to a number of columns, with an ellipsis where something is missing.
---@param text string
---@param limit integer
---@return string
function output.cut(text, limit)
  if output.columns(text) <= limit then return text end
  local kept, columns = {}, 0
  for char in text:gmatch(CHAR) do
    columns = columns + (is_wide(code_point(char)) and 2 or 1)
    if columns > limit - 1 then break end
    kept[#kept + 1] = char
  end
  return table.concat(kept) .. "…"
end

--- The widths of columns, none so wide that the rows don't fit: the widest give first.
local function fit(widths, available)
  local total = 0
  for _, width in ipairs(widths) do total = total + width end
  while total > available do
    local widest = 1
    for i, width in ipairs(widths) do
      if width > widths[widest] then widest = i end
    end
    if widths[widest] <= 4 then return widths end
    widths[widest] = widths[widest] - 1
    total = total - 1
  end
  return widths
end

local function cells_of(rows)
  local cells = {}
  for i, row in ipairs(rows) do
    cells[i] = {}
    for j, cell in ipairs(row) do cells[i][j] = output.safe(tostring(cell)) end
  end
  return cells
end

local function print_aligned(cx, headers, rows)
  local widths = {}
  for j, header in ipairs(headers) do widths[j] = output.columns(header) end
  for _, row in ipairs(rows) do
    for j, cell in ipairs(row) do widths[j] = math.max(widths[j], output.columns(cell)) end
  end
  fit(widths, output.width() - 2 * (#headers - 1))
  local function line(row, style)
    local parts = {}
    for j, cell in ipairs(row) do
      local text = output.cut(cell, widths[j])
      local pad = j < #row and (" "):rep(widths[j] - output.columns(text)) or ""
      parts[j] = (style and cx:paint(style, text) or text) .. pad
    end
    cx:print(table.concat(parts, "  "))
  end
  line(headers, "bold")
  for _, row in ipairs(rows) do line(row) end
end

--- A table with headers on a terminal; in a pipe the rows alone, their cells apart by tabs.
---@param cx bosa.cli.Context
---@param headers string[]
---@param rows any[][]
function output.table(cx, headers, rows)
  local cells = cells_of(rows)
  if cx.tty then return print_aligned(cx, headers, cells) end
  for _, row in ipairs(cells) do cx:print(table.concat(row, "\t")) end
end

--- JSON: indented and coloured on a terminal, one line in a pipe.
---@param cx bosa.cli.Context
---@param value any
function output.json(cx, value)
  if not cx.tty then return cx:print(sorted_json.line(value)) end
  local text = sorted_json.encode(value, function(kind, text)
    return COLORS[kind] and cx:paint(COLORS[kind], text) or text
  end)
  cx:print((text:gsub("\194[\128-\159]", " "):gsub("\127", " ")))
end

--- A number of bytes for people: "12 B", "3.4 kB".
---@param bytes number
---@return string
function output.size(bytes)
  local units, i = { "B", "kB", "MB", "GB", "TB" }, 1
  while bytes >= 1000 and i < #units do
    bytes, i = bytes / 1000, i + 1
  end
  return (i == 1 and "%d %s" or "%.1f %s"):format(bytes, units[i])
end

return output
