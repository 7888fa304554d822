--- What a watch remembers: the keys of items that were handled, in memory and in a file.
--
-- The file is JSON, by its owner alone to be read:
--   { "bosa_watch": 1, "connector":, "action":, "key":, "parameters": a checksum, "primed": bool, "keys": [...] }
-- Its keys are in the order in which they were handled. It is written whole or not at all when a round ends; until
-- then each item that was handled adds a line, since the whole file for each would take the square of their number:
--   { "handled": a key, "of": a checksum of the watch's identity }
-- A line that a crash cut off, and one of another watch, count for nothing: then the item is given again.

local core = require("bosa.core")
local loop = require("bosa.loop")
local read_file = require("bosa.read_file")

local state = {}

local VERSION = 1
local LONGEST_KEY = 200 -- bytes; of a longer one its length and a checksum are kept
local LARGEST_FILE = 64 * 2 ^ 20 -- bytes that are read
local EXACT = 2 ^ 53 -- doubles past it may stand for several integers

--- A checksum of a text, the same on every VM: two sums of products, each below 2^32.
---@param text string
---@return string
function state.checksum(text)
  local a, b = 1, 7
  for i = 1, #text do
    local byte = text:byte(i)
    a = (a * 31 + byte) % 4294967291
    b = (b * 131 + byte) % 4294967279
  end
  return ("%.0f-%.0f-%d"):format(a, b, #text)
end

---------------------------------------------------------------------------------------------------
-- keys

--- The text of a value that can be a key; nil: it can't. A number and its digits are one key.
local function text_of(value)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "cdata" then return (tostring(value):gsub("U?LL$", "")) end
  if kind ~= "number" then return nil end
  if math.type and math.type(value) == "integer" then return ("%d"):format(value) end
  if value > EXACT or value < -EXACT then return nil end
  return value % 1 == 0 and ("%.0f"):format(value) or ("%.17g"):format(value)
end

--- What a dotted path leads to in an item; a member of that very name goes first.
local function lookup(item, path)
  if type(item) ~= "table" then return nil end
  if item[path] ~= nil then return item[path] end
  local value = item
  for name in path:gmatch("[^.]+") do
    if type(value) ~= "table" then return nil end
    value = value[name]
  end
  return value
end

--- The key of an item; nil and why it has none.
---@param item any
---@param path string
---@return string? key, string? why
function state.key_of(item, path)
  local value = lookup(item, path)
  if value == nil then return nil, ("an item has no `%s`"):format(path) end
  local text = text_of(value)
  if not text and type(value) == "number" then
    return nil, ("`%s` of an item is a number that is not exact; see `int64` of bosa.new"):format(path)
  elseif not text then
    local got = value == core.null and "null" or type(value)
    return nil, ("`%s` of an item is no key: string or number expected, got %s"):format(path, got)
  end
  if #text <= LONGEST_KEY then return text end
  local beginning = text:sub(1, 40)
  local is_cut = text:find("^[\128-\191]", 41) -- within a character, and the file is UTF-8
  if is_cut then beginning = beginning:gsub("[\192-\255][\128-\191]*$", "") end
  return beginning .. "..." .. state.checksum(text)
end

---------------------------------------------------------------------------------------------------
-- memory

---@class bosa.WatchState
---@field path string? the file
---@field identity table<string, string> what the file must be of
---@field keep integer keys that are kept when they are on no page
---@field order string[] keys, oldest first
---@field seen table<string, integer> key -> the round that had it last on a page
---@field primed boolean? a first round is over
---@field dirty boolean? the file lags behind
---@field lines boolean? the file has lines after its document
---@field mark string? what the lines are of
local State = {}
State.__index = State

---@return bosa.WatchState
function state.new(path, identity, keep)
  return setmetatable({ path = path, identity = identity, keep = keep, order = {}, seen = {} }, State)
end

--- Notes that an item was on a page. Returns whether it was handled.
function State:look(key, round)
  if not self.seen[key] then return false end
  self.seen[key] = round
  return true
end

--- Remembers an item as handled.
function State:add(key, round)
  if self.seen[key] then return end
  self.seen[key], self.order[#self.order + 1], self.dirty = round, key, true
end

--- Remembers an item as handled, in the file, too.
---@return true? ok, table? err
function State:handle(key, round)
  local whole = self.dirty
  self:add(key, round)
  if self.path and not whole and self:append(key) then self.dirty = false end
  return self:save()
end

--- Forgets the oldest keys that were on no page of a whole round, down to `keep`.
function State:forget(round)
  local excess = #self.order - self.keep
  if excess <= 0 then return end
  local left = {}
  for _, key in ipairs(self.order) do
    if excess > 0 and self.seen[key] ~= round then
      excess, self.seen[key] = excess - 1, nil
    else
      left[#left + 1] = key
    end
  end
  self.order, self.dirty = left, true
end

---------------------------------------------------------------------------------------------------
-- file

local function fail(kind, ...) return nil, loop.error(kind, string.format(...), "no") end

--- The content of a file; "" where there is none yet. Nothing else is read: a FIFO would be waited for.
local function read(path)
  local is_file = core.is_file(path)
  if is_file == false then return fail("file", "the watch's state %s: not a regular file", path) end
  local text, message = "", nil
  if is_file then
    text, message = read_file(path, LARGEST_FILE)
    if text == "" then text = "\0" end -- it is written whole: an empty one is damaged
  end
  if not text then return fail("file", "can't read the watch's state: %s", message) end
  return text
end

--- Why a state is of another watch; nil: it isn't.
local function other_watch(identity, document)
  for _, name in ipairs({ "connector", "action", "key" }) do
    local got = document[name]
    if got ~= identity[name] then
      return ("is of another watch: the %s is `%s`, not `%s`"):format(name, got, identity[name])
    end
  end
  return document.parameters ~= identity.parameters and "is of a watch with other parameters" or nil
end

--- Why a document is no state of this watch; nil: it is.
local function complaint_of(self, document)
  if type(document) ~= "table" or document.bosa_watch == nil then return "is no state of a watch" end
  if document.bosa_watch ~= VERSION then return "is of another version of bosa" end
  for name in pairs(self.identity) do
    if type(document[name]) ~= "string" then return ("is damaged: it has no `%s`"):format(name) end
  end
  local keys = document.keys
  local is_list = type(keys) == "table" and (next(keys) == nil or keys[1] ~= nil)
  if not is_list then return "is damaged: it has no `keys`" end
  for _, key in ipairs(keys) do
    if type(key) ~= "string" then return "is damaged: a key is no string" end
  end
  return other_watch(self.identity, document)
end

--- What the lines of a watch say that they are of.
local function mark_of(identity)
  local words = {}
  for name, value in pairs(identity) do words[#words + 1] = name .. "=" .. value end
  table.sort(words)
  return state.checksum(table.concat(words, "\n"))
end

--- Adds a line to the file. False: it can't be, as there is no file any more.
function State:append(key)
  self.mark = self.mark or mark_of(self.identity)
  local line = core.json.encode({ handled = key, of = self.mark }, { sorted = true })
  local file = line and io.open(self.path, "r+b") -- which makes no new one: the document has to come first
  if not file then return false end
  local ok = file:seek("end") and file:write(line, "\n")
  self.lines = true
  return file:close() and ok ~= nil
end

--- The keys of the lines after the document.
local function handled_in(lines, mark)
  local keys = {}
  for line in lines:gmatch("([^\n]*)\n") do
    local said = core.json.decode(line)
    if type(said) == "table" and said.of == mark and type(said.handled) == "string" then
      keys[#keys + 1] = said.handled
    end
  end
  return keys
end

--- A file's document, and the lines after it.
---@return any document, table? err
---@return string lines
local function parse(text)
  local document, err = core.json.decode(text)
  local first, rest = text:match("^([^\n]*\n)(.+)$")
  if not err or not first then return document, err, "" end
  document, err = core.json.decode(first)
  return document, err, rest
end

--- Reads the file, if there is one, and sees to it that it can be written.
---@return true? ok, table? err
function State:load()
  if not self.path then return true end
  local text, err = read(self.path)
  if not text then return nil, err end
  if text == "" then
    self.dirty = true
    return self:save()
  end
  local document, why, lines = parse(text)
  if why then return fail("file", "the watch's state %s is damaged: %s", self.path, why.message) end
  why = complaint_of(self, document)
  if why then return fail("file", "the watch's state %s %s", self.path, why) end
  for _, key in ipairs(document.keys) do self:add(key, 0) end
  for _, key in ipairs(handled_in(lines, mark_of(self.identity))) do self:add(key, 0) end
  self.primed = document.primed == true
  self.dirty = lines ~= "" or not text:find("^[^\n]*\n$") -- a line follows nothing but a line
  return true
end

--- Writes the file where it lags behind, or at the end of a round (`tidy`) where it has lines.
---@param tidy boolean?
---@return true? ok, table? err
function State:save(tidy)
  if not self.path or not (self.dirty or tidy and self.lines) then return true end
  local document = { bosa_watch = VERSION, primed = self.primed or false, keys = core.array(self.order) }
  for name, value in pairs(self.identity) do document[name] = value end
  local text, err = core.json.encode(document, { sorted = true })
  if text then
    text, err = core.write_private(self.path, text .. "\n")
  end
  if not text then return nil, err end
  self.dirty, self.lines = false, false
  return true
end

return state
