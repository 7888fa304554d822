--- A list of objects as a table on a terminal: one page, or all of them in a table that grows.

local bosa = require("bosa")
local columns = require("bosa.cli.columns")
local fields = require("bosa.cli.fields")
local pager = require("bosa.cli.pager")
local print_table = require("bosa.cli.table")
local terminal = require("bosa.cli.terminal")
local terminal_text = require("bosa.cli.terminal_text")

local listing = {}

--- A number of a response's meta that counts something; nil: it doesn't.
---@param response userdata
---@param name string
---@return integer?
function listing.count(response, name)
  local meta = response:get_meta()
  local value = type(meta) == "table" and tonumber(meta[name])
  if not value or value < 0 or value % 1 ~= 0 or value >= 2 ^ 53 then return nil end
  return value
end

--- Says, dimly, what the table doesn't show: on one line where there is room for it.
local function note(cx, rest, left_out, width)
  local function say(text) cx:note(cx:paint("dim", terminal_text.cut(terminal_text.safe(text), width))) end
  if not left_out[1] then return rest and say(rest) end
  local more = ("+%d %s: --fields"):format(#left_out, #left_out == 1 and "column" or "columns")
  if rest and #rest + #more + 2 > width then
    say(rest)
    rest = nil
  end
  say((rest and rest .. "; " or "") .. more .. " " .. table.concat(left_out, ","))
end

--- Prints one page.
---@param cx bosa.cli.Context
---@param response userdata
---@param items table[]
---@param wanted string[]? the fields; nil: those that do best
function listing.page(cx, response, items, wanted)
  local width = terminal.columns()
  local names, left_out = wanted, {}
  if not names then
    names, left_out = fields.choose(items, width)
  end
  print_table(cx, names, fields.rows(items, names), { width = width })
  local rest
  if response:has_next() then
    local total = listing.count(response, "total")
    local of = total and total >= #items and (" of %d"):format(total) or #items == 1 and " item" or " items"
    rest = ("%d%s; --all gives every page"):format(#items, of)
  end
  note(cx, rest, left_out, width)
end

---------------------------------------------------------------------------------------------------
-- a table that grows

---@class bosa.cli.Growing
---@field cx bosa.cli.Context
---@field names string[]
---@field left_out string[]
---@field width integer
---@field sheet bosa.cli.Columns
---@field room integer? lines that need no pager; nil: there will be none, or it has begun
---@field held string[][]? rows that wait until it is clear whether they need one; nil: none do
local Growing = {}
Growing.__index = Growing

--- One item's cells. What is no object is one cell.
local function cells_of(names, item)
  if type(item) ~= "table" then return { columns.cell(bosa.json.encode(item) or "") } end
  local row = fields.row(item, names)
  for j, cell in ipairs(row) do row[j] = columns.cell(cell) end
  return row
end

--- A table whose columns are those that suit the first page.
---@param cx bosa.cli.Context
---@param response userdata the first page
---@param items table[] its items
---@param wanted string[]? the fields; nil: those that do best
---@return bosa.cli.Growing
function listing.grow(cx, response, items, wanted)
  local width = terminal.columns()
  local self = setmetatable({ cx = cx, names = wanted, left_out = {}, width = width, held = {} }, Growing)
  if not wanted then
    self.names, self.left_out = fields.choose(items, width)
  end
  local rows, headings = {}, {}
  for i, item in ipairs(items) do rows[i] = cells_of(self.names, item) end
  for j, name in ipairs(self.names) do headings[j] = columns.cell(name) end
  self.headings, self.sheet = headings, columns.new(cx, headings, rows, width, true)
  self.room = pager.room(cx)
  local total = response:has_next() and listing.count(response, "total") or not response:has_next() and #items
  if not self.room or total and total < self.room then
    self:release()
  elseif total then
    self:page()
  end
  return self
end

--- Prints what was held back; from now on rows are printed as they come.
function Growing:release()
  self.sheet:print(self.headings, "bold")
  for _, row in ipairs(self.held) do self.sheet:print(row) end
  self.held = nil
end

--- Goes on in the pager.
function Growing:page()
  pager.begin(self.cx)
  self:release()
end

--- Adds a row.
---@param item any
function Growing:add(item)
  local row = cells_of(self.names, item)
  if not self.held then return self.sheet:print(row) end
  self.held[#self.held + 1] = row
  if #self.held >= self.room then self:page() end
end

--- Whether rows wait, so that nothing is shown yet.
---@return boolean
function Growing:is_silent() return self.held ~= nil end

--- Ends the table; waits until the pager is left.
function Growing:finish()
  if self.held then self:release() end
  note(self.cx, nil, self.left_out, self.width)
  pager.finish(self.cx)
end

return listing
