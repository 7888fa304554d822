--- reference.lua DIR: writes the definitions of lua/bosa/meta as sources that LDoc understands, a file for each class
-- that has methods or functions. LDoc has its own tags, and no types with blanks.

local luacats = require("tools.luacats")

local MODULES = { -- in the order of the reference; the others are classes
  ["bosa"] = true, ["bosa.json"] = true, ["bosa.testing"] = true, ["bosa.snapshot"] = true, ["bosa.changes"] = true,
  ["bosa.mcp"] = true,
}

local function read_file(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

--- The blocks of a file: comment lines, and the line of code behind them.
local function blocks_of(text)
  local blocks, comment = {}, {}
  for line in (text .. "\n"):gmatch("(.-)\n") do
    if line:find("^%-%-%-") then
      comment[#comment + 1] = line:sub(4)
    elseif comment[1] then
      blocks[#blocks + 1] = { comment = comment, code = line }
      comment = {}
    end
  end
  return blocks
end

--- A type as LDoc takes it: one word, `?` first where it may be nil. What LDoc can't say is left to `rest`.
---@return string word, string rest the type in full, where the word doesn't say it all
local function word_of(kind)
  local plain = kind:gsub("%s+", "")
  local simple = plain:gsub("%(?fun%b().*", "function"):gsub("table(%b<>)", function(of)
    return "{[" .. of:sub(2, -2):gsub(",", "]=") .. "}"
  end)
  if simple:find("^%b{}$") and simple:find(":") then simple = "table" end
  local maybe = simple:find("%?$") or simple:find("|nil$")
  simple = simple:gsub("%?$", ""):gsub("|nil$", ""):gsub("^%((.*)%)$", "%1")
  if maybe then simple = simple:find("|") and "?|" .. simple or "?" .. simple end
  local said_all = not (kind:find("fun(", 1, true) or kind:find("^{"))
  return simple, said_all and "" or (" `%s`"):format(kind)
end

--- What is said of a name and its type: `name? type text`.
local function named(rest)
  local name, mark, text = rest:match("^([%w_.]+)(%??)%s+(.*)$")
  if not name then name, mark, text = rest:match("^(%b[])(%??)%s+(.*)$") end
  local kind, about = luacats.split(text)
  local word, more = word_of(kind)
  return name, mark ~= "", word, about .. more
end

local function add(out, ...) out[#out + 1] = table.concat({ ... }) end

local function add_field(out, rest, above)
  local name, optional, kind, about = named(rest)
  local text = table.concat(above, " ") .. (above[1] and " " or "") .. about
  add(out, "-- @tfield", optional and "[opt] " or " ", kind, " ", name:gsub("[%[%]]", ""), " ", text)
end

local function add_result(out, rest)
  local kind, text = luacats.split(rest)
  local name, about = text:match("^([%a_][%w_]*)%s*(.*)$")
  local word, more = word_of(kind)
  add(out, "-- @treturn ", word, " ", name and ("`%s` "):format(name) or "", about or text, more)
end

--- The tags of a comment, and the text above them.
local function parts_of(block)
  local text, tags, above = {}, {}, {}
  for _, line in ipairs(block.comment) do
    local tag, rest = line:match("^%s*@(%a+)%s*(.*)$")
    local choice = line:match("^| (.*)$")
    if tag then
      tags[#tags + 1] = { tag, rest, above = above }
      above = {}
    elseif choice then
      text[#text + 1] = "\n--  * `" .. choice:match('^"[^"]*"') .. "` " .. choice:gsub('^"[^"]*"%s*', "")
    elseif tags[1] then
      above[#above + 1] = line:gsub("^%s+", "")
    else
      text[#text + 1] = line:gsub("^%s?", "")
    end
  end
  return text, tags
end

local function add_text(out, text, fallback)
  add(out, "--- ", text[1] or fallback)
  for i = 2, #text do add(out, "-- ", text[i]) end
end

local function find(tags, name)
  for _, tag in ipairs(tags) do
    if tag[1] == name then return tag[2] end
  end
  return nil
end

--- Fields of a class as a table of their own.
local function add_table(out, text, name, tags)
  add_text(out, text, name)
  add(out, "-- @table ", name)
  for _, tag in ipairs(tags) do
    if tag[1] == "field" then add_field(out, tag[2], tag.above) end
  end
  add(out, "")
end

local function add_function(out, text, tags, code)
  add_text(out, text, code)
  for _, tag in ipairs(tags) do
    if tag[1] == "param" and not tag[2]:find("^%.%.%.") then
      local name, optional, kind, about = named(tag[2])
      add(out, "-- @tparam", optional and "[opt] " or " ", kind, " ", name, " ", about)
    elseif tag[1] == "param" then
      add(out, "-- @param ... ", (tag[2]:gsub("^%.%.%.%s*", "")))
    elseif tag[1] == "return" then
      add_result(out, tag[2])
    end
  end
  add(out, code)
  add(out, "")
end

local Reference = {}
Reference.__index = Reference

--- Begins a file for a class with functions.
function Reference:begin(class, variable, text, tags)
  local out = {}
  add_text(out, text, class)
  add(out, MODULES[class] and "-- @module " or "-- @classmod ", class)
  add(out, "")
  add(out, "local ", variable, " = {}")
  add(out, "")
  self.files[class], self.variables[variable], self.out = out, out, out
  for _, tag in ipairs(tags) do
    if tag[1] == "field" then return add_table(out, { "What it holds." }, "fields", tags) end
  end
end

function Reference:take(block)
  local text, tags = parts_of(block)
  local class, alias = find(tags, "class"), find(tags, "alias")
  local parent = class and class:match(":%s*(bosa%.%S+)")
  if parent then text[#text + 1] = ("Takes all of @{%s}, too."):format(parent) end
  local kind = alias and alias:match("^%S+%s+(.*)$")
  if kind then text[#text + 1] = (" `%s`"):format(kind) end
  local variable = block.code:match("^local ([%w_]+) = {}$")
  if class and variable then return self:begin(class:match("^[%w_.]+"), variable, text, tags) end
  if class then return add_table(self.out, text, class:match("^[%w_.]+"), tags) end
  if alias then return add_table(self.out, text, alias:match("^[%w_.]+"), tags) end
  local owner = block.code:match("^function ([%w_]+)[.:]")
  if owner then add_function(self.variables[owner] or self.out, text, tags, block.code) end
end

local function write(dir, files)
  for class, out in pairs(files) do
    local file = assert(io.open(("%s/%s.lua"):format(dir, class), "w"))
    file:write(table.concat(out, "\n"), "\n")
    file:close()
  end
end

-- The files in the order of the reference. What belongs to no class of its file goes to the module.
local FILES = {
  "bosa", "hub", "connector", "action", "response", "tools", "mcp", "mcp_http", "snapshot", "changes", "testing",
}

local dir = assert(arg[1], "usage: reference.lua DIR")
local reference = setmetatable({ files = {}, variables = {}, out = {} }, Reference)
for _, name in ipairs(FILES) do
  reference.variables, reference.out = {}, reference.files["bosa"]
  for _, block in ipairs(blocks_of(read_file("lua/bosa/meta/" .. name .. ".lua"))) do reference:take(block) end
end
write(dir, reference.files)
