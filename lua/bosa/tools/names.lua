--- Names of tools: `github__list_issues` for the action list_issues of the connector github.
--
-- Language models take ^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$; names of connectors and actions may hold anything. So a byte
-- that is not allowed becomes `-x` and its two hexadecimal digits (`lab__admin-x2frevoke`), and so does what would be
-- taken for such an escape or for the two underscores between the parts. A name that would not begin with a letter or
-- an underscore has that byte escaped, and an underscore before it. No two actions share a name, and each can be read
-- back.
-- Where that is too long, the name is cut and ends in `-z` and a checksum of the whole: which action is meant is then
-- found by looking.

local names = {}

local LONGEST = 64
local CHECKSUM = "%-z%x%x%x%x%x%x%x%x%x%x%x%x$"
local KEPT = LONGEST - 14 -- bytes of a cut name that stay: the rest is the checksum

local function hex(char) return ("-x%02x"):format(char:byte()) end

--- A text whose hyphens can't be taken for an escape's.
local function escape_hyphens(text)
  return (text:gsub("()(%-)", function(at, char)
    local behind = text:sub(at + 1)
    if behind:find("^x%x%x") or behind:find("^z%x%x%x%x%x%x%x%x%x%x%x%x$") then return hex(char) end
    return char
  end))
end

--- A part of a name with its escapes. `first`: the part before the underscores.
local function escape(text, first)
  text = escape_hyphens(text):gsub("[^%w_%-]", hex)
  if first then
    text = text:gsub("_(_+)", function(more) return "_" .. more:gsub("_", hex) end):gsub("_$", hex)
  end
  return text
end

--- The first part of a name, escaped, so that it begins as it must. An underscore before an escape is such a one only.
local function escape_beginning(text)
  if text:find("^%-x%x%x") then return "_" .. text end
  if text:find("^_%-x%x%x") then return "_" .. hex("_") .. text:sub(2) end
  return (text:gsub("^[^%a_]", function(char) return "_" .. hex(char) end))
end

local function unescape(text)
  return (text:gsub("%-x(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function unescape_first(text) return unescape((text:gsub("^_(%-x%x%x)", "%1"))) end

--- 48 bits that tell texts apart, the same on every VM.
local function checksum(text)
  local a, b = 7, 11
  for i = 1, #text do
    local byte = text:byte(i)
    a = (a * 257 + byte) % 16777213
    b = (b * 263 + byte) % 16777199
  end
  return ("%06x%06x"):format(a, b)
end

--- The name of a tool.
---@param connector string
---@param action string
---@return string name 1 to 64 of the characters a-z, A-Z, 0-9, _ and -; the first is a letter or _
function names.encode(connector, action)
  local name = escape_beginning(escape(connector, true)) .. "__" .. escape(action)
  if #name <= LONGEST then return name end
  return name:sub(1, KEPT) .. "-z" .. checksum(name)
end

--- The name of a parameter as services take it: 1 to 64 of the characters a-z, A-Z, 0-9, _, - and dots. Most are as
-- they were; of the others no two share one.
---@param name string
---@return string
function names.parameter(name)
  if name == "" then return "-x" end
  local kept = escape_hyphens(name):gsub("[^%w_%.%-]", hex)
  if #kept <= LONGEST then return kept end
  return kept:sub(1, KEPT) .. "-z" .. checksum(name)
end

--- The connector and the action that a name stands for; of a name that was cut, only the connector, where that is
-- whole; nothing for what is no tool's name.
---@param name string
---@return string? connector, string? action
function names.decode(name)
  local first, second = name:match("^(.-)__(.+)$")
  if not first or first == "" or #name > LONGEST or name:find("[^%w_%-]") then return nil end
  if name:find(CHECKSUM) and #name == LONGEST then return unescape_first(first), nil end
  local connector, action = unescape_first(first), unescape(second)
  if names.encode(connector, action) ~= name then return nil end
  return connector, action
end

--- Whether the name was cut, so that even its connector may have to be looked for.
---@param name string
---@return boolean
function names.is_cut(name) return #name == LONGEST and name:find(CHECKSUM) ~= nil end

return names
