--- Tables: aligned, with headings, on a terminal; rows with tabs in a pipe.

local columns = require("bosa.cli.columns")
local pager = require("bosa.cli.pager")
local terminal = require("bosa.cli.terminal")

local function cells_of(row)
  local cells = {}
  for j, cell in ipairs(row) do cells[j] = columns.cell(cell) end
  return cells
end

local function print_aligned(cx, headings, rows, options)
  local sheet = columns.new(cx, headings, rows, options.width or terminal.columns())
  local room = options.paged ~= false and pager.room(cx)
  local paged = room and #rows + 1 > room and pager.begin(cx)
  sheet:print(headings, "bold")
  for _, row in ipairs(rows) do sheet:print(row) end
  sheet:note_left_out()
  if paged then pager.finish(cx) end
end

---@class bosa.cli.TableOptions
---@field empty string? what is said where there are no rows, in a pipe too: on standard error
---@field width integer? columns of the terminal
---@field paged boolean? false: without a pager, however long it is

--- A table with headings on a terminal; in a pipe the rows alone, their cells apart by tabs.
---@param cx bosa.cli.Context
---@param headings string[]
---@param rows any[][]
---@param options bosa.cli.TableOptions?
local function print_table(cx, headings, rows, options)
  options = options or {}
  if not rows[1] then return cx:note(options.empty or "nothing to show") end
  local cells = {}
  for i, row in ipairs(rows) do cells[i] = cells_of(row) end
  if not cx.tty then
    for _, row in ipairs(cells) do cx:print(table.concat(row, "\t")) end
  else
    print_aligned(cx, cells_of(headings), cells, options)
  end
end

return print_table
