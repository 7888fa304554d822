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

--- Says something about the table, dimly, on one line.
local function say(cx, text, width) cx:note(cx:paint("dim", terminal_text.cut(terminal_text.safe(text), width))) end

--- Says what the table doesn't show: on one line where there is room for it.
local function note(cx, rest, left_out, width)
  if not left_out[1] then return rest and say(cx, rest, width) end
  local more = ("+%d %s: --fields"):format(#left_out, #left_out == 1 and "column" or "columns")
  if rest and #rest + #more + 2 > width then
    say(cx, rest, width)
    rest = nil
  end
  say(cx, (rest and rest .. "; " or "") .. more .. " " .. table.concat(left_out, ","), width)
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

local MOST_LATER = 100 -- names kept of columns that came too late

---@class bosa.cli.Growing
---@field cx bosa.cli.Context
---@field wanted string[]? the fields that were asked for
---@field first table[] the items of the first page
---@field width integer
---@field room integer? lines that need no pager; nil: there will be none, or it has begun
---@field held any[]? items that wait until it is clear whether they need one; nil: none do
---@field names string[] the columns, once rows are printed
---@field left_out string[]
---@field sheet bosa.cli.Columns
---@field known table<string, true> fields that have a column, or are told
---@field later string[] fields that came when the columns were printed already
local Growing = {}
Growing.__index = Growing

--- One item's cells. What is no object is one cell.
local function cells_of(names, item)
  if type(item) ~= "table" then return { columns.cell(bosa.json.encode(item) or "") } end
  local row = fields.row(item, names)
  for j, cell in ipairs(row) do row[j] = columns.cell(cell) end
  return row
end

--- A table of the items that will be added, those of the first page too. Its columns suit what has come when the first
-- row is printed: the whole list where it fits on the screen, else as many rows as do, or the first page.
---@param cx bosa.cli.Context
---@param response userdata the first page
---@param items table[] its items
---@param wanted string[]? the fields; nil: those that do best
---@return bosa.cli.Growing
function listing.grow(cx, response, items, wanted)
  local self = setmetatable({
    cx = cx, wanted = wanted, first = items, width = terminal.columns(), held = {}, known = {}, later = {},
  }, Growing)
  self.room = pager.room(cx)
  local total = response:has_next() and listing.count(response, "total") or not response:has_next() and #items
  if not self.room then
    self:release()
  elseif total and total >= self.room then
    self:page()
  end
  return self
end

--- Decides on the columns by these items.
function Growing:lay_out(items)
  local objects, rows, headings = {}, {}, {}
  for _, item in ipairs(items) do
    if type(item) == "table" then objects[#objects + 1] = item end
  end
  self.names, self.left_out = self.wanted, {}
  if not self.wanted then
    self.names, self.left_out = fields.choose(objects, self.width)
  end
  for i, item in ipairs(items) do rows[i] = cells_of(self.names, item) end
  for j, name in ipairs(self.names) do headings[j] = columns.cell(name) end
  for _, name in ipairs(fields.names(objects)) do self.known[name] = true end
  self.sheet = columns.new(self.cx, headings, rows, self.width, true)
  self.sheet:print(headings, "bold")
end

--- Prints what was held back; from now on rows are printed as they come.
function Growing:release()
  local held = self.held
  self.held = nil
  self:lay_out(#held > #self.first and held or self.first)
  for _, item in ipairs(held) do self:add(item) end
end

--- Goes on in the pager.
function Growing:page()
  pager.begin(self.cx)
  self:release()
end

--- Keeps the names of fields that the columns were decided on without.
function Growing:keep_later(item)
  if self.wanted or type(item) ~= "table" then return end
  for _, name in ipairs(fields.names({ item })) do
    if not self.known[name] and #self.later < MOST_LATER then
      self.known[name], self.later[#self.later + 1] = true, name
    end
  end
end

--- Adds an item.
---@param item any
function Growing:add(item)
  if not self.held then
    self:keep_later(item)
    return self.sheet:print(cells_of(self.names, item))
  end
  self.held[#self.held + 1] = item
  if #self.held >= self.room then self:page() end
end

--- Whether items wait, so that nothing is shown yet.
---@return boolean
function Growing:is_silent() return self.held ~= nil end

--- Ends the table; waits until the pager is left.
function Growing:finish()
  if self.held then self:release() end
  self.sheet:note_left_out()
  note(self.cx, nil, self.left_out, self.width)
  if self.later[1] then
    say(self.cx, "later items have more columns: --fields " .. table.concat(self.later, ","), self.width)
  end
  pager.finish(self.cx)
end

return listing
