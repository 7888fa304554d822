--- The columns of a table on a terminal: how wide each is, and a row as a line.

local terminal_text = require("bosa.cli.terminal_text")

local columns = {}

local GAP = 2 -- cells between two columns
local LEAST = 4 -- cells that a column is worth having with
local SPARE = 4 -- cells that a column gets more than its first rows need, where later ones may need them

---@class bosa.cli.Columns
---@field cx bosa.cli.Context
---@field widths integer[]
---@field left_out integer columns at the end that the terminal has no room for
local Columns = {}
Columns.__index = Columns

--- A value as the text of a cell: one line, safe on a terminal.
---@param value any
---@return string
function columns.cell(value)
  local text = tostring(value):gsub("%s*[\r\n]%s*", " ")
  return terminal_text.safe(text)
end

--- How many columns have a place, none with less than LEAST cells that needs more; the first always has one.
local function count_that_fit(widths, available)
  local taken = -GAP
  for i, width in ipairs(widths) do
    taken = taken + GAP + math.min(width, LEAST)
    if taken > available and i > 1 then return i - 1 end
  end
  return #widths
end

--- Whether a column is shown whole: an id that was cut is of no use. One that takes more than half of the line is cut.
---@param heading string
---@param width integer cells that its values need
---@param available integer cells of the line
---@return boolean
function columns.is_whole(heading, width, available) return heading:lower() == "id" and width <= available / 2 end

--- The widest of the columns that may be cut; where none of them has a cell too many, of all.
local function widest_of(widths, whole)
  local widest
  for i, width in ipairs(widths) do
    if not whole[i] and width > LEAST and (not widest or width > widths[widest]) then widest = i end
  end
  if widest then return widest end
  for i, width in ipairs(widths) do
    if not widest or width > widths[widest] then widest = i end
  end
  return widest
end

--- Makes the widest narrower until all fit: the cells that are left; nil: they can't.
---@param widths integer[] which are changed
---@param headings string[]
---@param available integer cells of the line
---@return integer? left
function columns.fit(widths, headings, available)
  local total, whole = GAP * (#widths - 1), {}
  for i, width in ipairs(widths) do
    total = total + width
    whole[i] = columns.is_whole(headings[i], width, available)
  end
  while total > available do
    local widest = widest_of(widths, whole)
    if widths[widest] == 1 then return nil end
    widths[widest] = widths[widest] - 1
    total = total - 1
  end
  return available - total
end

--- Gives away what is left of the line: to each column a little, to the last one the rest.
local function widen(widths, spare)
  for _ = 1, SPARE do
    for i = 1, #widths do
      if spare == 0 then return end
      widths[i], spare = widths[i] + 1, spare - 1
    end
  end
  widths[#widths] = widths[#widths] + spare
end

--- The columns for these rows, as wide as their cells, and together no wider than the terminal.
---@param cx bosa.cli.Context
---@param headings string[]
---@param rows string[][] cells, as columns.cell makes them
---@param available integer cells of the terminal
---@param growing boolean? more rows will come
---@return bosa.cli.Columns
function columns.new(cx, headings, rows, available, growing)
  local widths = {}
  for j, heading in ipairs(headings) do widths[j] = math.min(terminal_text.columns(heading, available), available) end
  for _, row in ipairs(rows) do
    for j = 1, #widths do
      local cells = math.min(terminal_text.columns(row[j] or "", available), available)
      widths[j] = math.max(widths[j], cells)
    end
  end
  local count = count_that_fit(widths, available)
  local left_out = #widths - count
  for j = #widths, count + 1, -1 do widths[j] = nil end
  local spare = columns.fit(widths, headings, available)
  if growing and spare then widen(widths, spare) end
  return setmetatable({ cx = cx, widths = widths, left_out = left_out }, Columns)
end

--- Prints a row.
---@param row string[] cells
---@param style string?
function Columns:print(row, style)
  local parts = {}
  for j, width in ipairs(self.widths) do
    local text = terminal_text.cut(row[j] or "", width)
    local pad = j < #self.widths and (" "):rep(width - terminal_text.columns(text)) or ""
    parts[j] = (style and self.cx:paint(style, text) or text) .. pad
  end
  self.cx:print((table.concat(parts, (" "):rep(GAP)):gsub(" +$", "")))
end

--- Says, dimly, how many columns the terminal has no room for; nothing where it has.
function Columns:note_left_out()
  local more = self.left_out
  if more == 0 then return end
  self.cx:note(self.cx:paint("dim", ("+%d %s: too narrow here"):format(more, more == 1 and "column" or "columns")))
end

return columns
