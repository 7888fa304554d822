--- A list of objects as the lines of a buffer.

local columns = require("bosa.cli.columns")
local fields = require("bosa.cli.fields")
local terminal_text = require("bosa.cli.terminal_text")

local vim = rawget(_G, "vim")
local sheet = {}

local GAP = "  "

local function width_of(text) return vim.fn.strdisplaywidth(text) end

--- A value as one line.
local function cell(value) return terminal_text.safe((tostring(value):gsub("%s+", " "))) end

--- A text that takes no more than so many cells. Neovim is asked for their number: it depends on its options.
local function cut(text, width)
  if width_of(text) <= width then return text end
  text = vim.fn.strcharpart(text, 0, width - 1)
  while width_of(text) > width - 1 do text = vim.fn.strcharpart(text, 0, vim.fn.strchars(text) - 1) end
  return text .. "…"
end

local function line_of(row, widths)
  local parts = {}
  for j, text in ipairs(row) do
    parts[j] = cut(text, widths[j])
    if j < #row then parts[j] = parts[j] .. (" "):rep(math.max(widths[j] - width_of(parts[j]), 0)) end
  end
  return (table.concat(parts, GAP):gsub(" +$", ""))
end

--- Whether a value can be shown so.
sheet.fits = fields.is_table

--- The lines of a list of objects: the names of the fields that tell the most, then a line for each.
---@param items table[]
---@param width integer cells of the window
---@return string[]
function sheet.lines(items, width)
  local names = fields.choose(items, width)
  local rows = fields.rows(items, names)
  table.insert(rows, 1, names)
  local widths, lines = {}, {}
  for i, row in ipairs(rows) do
    for j = 1, #names do
      row[j] = i == 1 and names[j] or cell(row[j])
      widths[j] = math.min(math.max(widths[j] or 0, width_of(row[j])), width)
    end
  end
  columns.fit(widths, names, width)
  for i, row in ipairs(rows) do lines[i] = line_of(row, widths) end
  return lines
end

return sheet
