--- Takes secrets out of what is to be written down.
--
-- A secret is a value that is known to be one (the hub's key and token, those of the requests, the caller's own), and
-- the text under a name that says so (token, secret, password ...), whose value is then known, too.

local scrub = {}

--- What stands in a secret's place. In a comparison it stands for any text.
scrub.MARK = "[secret]"

local SHORTEST, SHORTEST_LEARNED = 4, 8 -- bytes of a secret: a shorter one would be found everywhere

local NAMES = {}
for _, name in ipairs({
  "token", "accesstoken", "refreshtoken", "idtoken", "sessiontoken", "bearertoken", "usertoken", "authtoken",
  "secret", "usersecret", "secretpreview", "clientsecret", "signingsecret", "webhooksecret", "apikey", "xapikey",
  "apitoken", "privatekey", "secretkey", "password", "passwd", "passphrase", "authorization",
}) do
  NAMES[name] = true
end
local WHOLE = { configuration = true, credentials = true } -- objects in which every text counts as a secret
local QUERY = "([?&]([%w_.%-]+)=)([^&#%s\"]+)" -- in URLs
local MEMBER = '("([%w_%-]+)\\?"%s*:%s*\\?")([^"\\]*)' -- in JSON, also within a string

local function is_secret_name(name)
  return type(name) == "string" and NAMES[name:lower():gsub("[_%-]", "")] ~= nil
end

---@class bosa.testing.Scrubber
---@field values string[] known secrets, the longest first
local Scrubber = {}
Scrubber.__index = Scrubber

---@param values string[]?
---@return bosa.testing.Scrubber
function scrub.new(values)
  local self = setmetatable({ values = {}, known = {} }, Scrubber)
  for _, value in ipairs(values or {}) do self:add(value) end
  return self
end

local function percent_encoded(text)
  return (text:gsub("[^%w%-._~]", function(char) return ("%%%02X"):format(char:byte()) end))
end

local function keep(self, value)
  if self.known[value] then return end
  self.known[value] = true
  self.values[#self.values + 1] = value
  table.sort(self.values, function(a, b) return #a > #b or (#a == #b and a < b) end)
end

--- Makes a value known as a secret.
---@param value any what is no text, or too short, is passed over
function Scrubber:add(value, shortest)
  if type(value) ~= "string" or #value < (shortest or SHORTEST) or value == scrub.MARK then return end
  keep(self, value)
  keep(self, percent_encoded(value))
end

local function replace(text, what)
  local from, to = text:find(what, 1, true)
  if not from then return text end
  local pieces, at = {}, 1
  while from do
    pieces[#pieces + 1] = text:sub(at, from - 1)
    at = to + 1
    from, to = text:find(what, at, true)
  end
  return table.concat(pieces, scrub.MARK) .. scrub.MARK .. text:sub(at)
end

local function hide(head, name, _) return is_secret_name(name) and head .. scrub.MARK or nil end

--- Text without the secrets that are known, and without those that are named in it: of URLs' queries, of JSON.
---@param text string
---@param plain boolean? names say nothing here
---@return string
function Scrubber:text(text, plain)
  if not plain then text = text:gsub(QUERY, hide):gsub(MEMBER, hide) end
  for _, value in ipairs(self.values) do text = replace(text, value) end
  return text
end

--- How much of what stands under a name is secret: its "text" (and a list's texts), "all" that is below, nothing.
local function secrecy(name, within)
  if within == "all" or WHOLE[name] then return "all" end
  if type(name) == "number" then return within end
  return is_secret_name(name) and "text" or nil
end

--- A copy of a JSON value without secrets.
---@param value any
---@param plain boolean? names say nothing here, as in schemas
---@param within "text"|"all"|nil what is above says that it is secret
function Scrubber:value(value, plain, within)
  if type(value) == "string" then return within and scrub.MARK or self:text(value, plain) end
  if type(value) ~= "table" then return value end
  local copy = setmetatable({}, getmetatable(value))
  for name, item in pairs(value) do
    local clean = type(name) == "string" and self:text(name, plain) or name
    copy[clean] = self:value(item, plain, not plain and secrecy(name, within) or nil)
  end
  return copy
end

--- Learns the secrets of a JSON value by their names.
---@param value any
---@param within "text"|"all"|nil
function Scrubber:learn(value, within)
  if type(value) == "string" and within then return self:add(value, SHORTEST_LEARNED) end
  if type(value) ~= "table" then return end
  for name, item in pairs(value) do self:learn(item, secrecy(name, within)) end
end

--- Learns the secrets of header fields.
---@param headers table<string, string>
function Scrubber:learn_headers(headers)
  for name, value in pairs(headers) do
    local lower = name:lower()
    if lower == "authorization" then self:add(value:match("^%S+%s+(.+)$") or value) end
    if lower == "x-api-key" then self:add(value) end
  end
end

--- A body as bosa.testing.body reads it, without secrets.
---@param body table?
---@param plain boolean?
---@param decode fun(text: string): string? of base64
---@param encode fun(bytes: string): string
---@return table?
function Scrubber:body(body, plain, decode, encode)
  if not body then return nil end
  local copy = {}
  for name, item in pairs(body) do
    if name == "base64" then
      copy.base64 = encode(self:text(decode(item)))
    elseif name == "parts" then
      copy.parts = setmetatable({}, getmetatable(item))
      for i, part in ipairs(item) do copy.parts[i] = self:part(part, decode, encode) end
    else
      copy[name] = self:value(item, plain)
    end
  end
  return copy
end

--- A part of a multipart form without secrets; its name may tell that it is one.
function Scrubber:part(part, decode, encode)
  if is_secret_name(part.name) and not part.filename then return { name = part.name, text = scrub.MARK } end
  return self:body(part, true, decode, encode)
end

return scrub
