--- Tables: aligned, with headers, on a terminal; rows with tabs in a pipe.

local terminal = require("bosa.cli.terminal")
local terminal_text = require("bosa.cli.terminal_text")

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
    for j, cell in ipairs(row) do cells[i][j] = terminal_text.safe(tostring(cell)) end
  end
  return cells
end

local function print_aligned(cx, headers, rows)
  local widths = {}
  for j, header in ipairs(headers) do widths[j] = terminal_text.columns(header) end
  for _, row in ipairs(rows) do
    for j, cell in ipairs(row) do widths[j] = math.max(widths[j], terminal_text.columns(cell)) end
  end
  fit(widths, terminal.columns() - 2 * (#headers - 1))
  local function line(row, style)
    local parts = {}
    for j, cell in ipairs(row) do
      local text = terminal_text.cut(cell, widths[j])
      local pad = j < #row and (" "):rep(widths[j] - terminal_text.columns(text)) or ""
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
local function print_table(cx, headers, rows)
  local cells = cells_of(rows)
  if cx.tty then return print_aligned(cx, cells_of({ headers })[1], cells) end
  for _, row in ipairs(cells) do cx:print(table.concat(row, "\t")) end
end

return print_table
