--- Takes secrets out of what is to be written down.
--
-- A secret is a value that is known to be one (the hub's key and token, those of the requests, the caller's own), and
-- the text under a name that says so (token, secret, password ...), whose value is then known, too.

local scrub = {}

--- What stands in a secret's place. In a comparison it stands for any text.
scrub.MARK = "[secret]"

local SHORTEST, SHORTEST_LEARNED = 4, 8 -- bytes of a secret: a shorter one would be found everywhere

-- what the name of a secret ends in, whatever stands before: api_secret, clientApiKey, X-Auth-Token, db_password
local ENDINGS = {
  "token", "secret", "secretpreview", "apikey", "privatekey", "secretkey", "accesskey", "encryptionkey", "signingkey",
  "masterkey", "sharedkey", "password", "passwd", "pwd", "passphrase", "passcode", "pincode", "authorization",
  "credential", "otp",
}
-- ... but for places in lists, which are no secrets and are asked for again
local PLACES = { "pagetoken", "nexttoken", "prevtoken", "previoustoken", "synctoken", "continuationtoken" }
local NAMES = { pin = true, authtokens = true, accesstokens = true, secrets = true, passwords = true, apikeys = true }
local WHOLE = { configuration = true, credentials = true } -- objects in which every text counts as a secret
local SIGNATURES = { sig = true, signature = true, xamzsignature = true, xgoogsignature = true } -- of presigned URLs
local USER = "(://)[^/?#%s\"\\:@]*:[^/?#%s\"\\@]+@" -- a user and a password in a URL
local QUERY = "([?&]([%w_.%-]+)=)([^&#%s\"]+)" -- in URLs
local MEMBER = '"([%w_%-. ]+)(\\*)"%s*:%s*%2"' -- in JSON, also within a string, where quotes have backslashes
local NUMBER = '("([%w_%-. ]+)\\*"%s*:%s*)(%-?%d[%d.eE+-]*)' -- the same with a number

local function ends_in(name, endings)
  for _, ending in ipairs(endings) do
    if name:sub(-#ending) == ending then return true end
  end
  return false
end

local function is_secret_name(name)
  if type(name) ~= "string" then return false end
  name = name:lower():gsub("[^%w]", "")
  return NAMES[name] or ends_in(name, ENDINGS) and not ends_in(name, PLACES)
end

--- Numbers, those of 64 bits too, as text; nil for anything else.
local function digits_of(value)
  local kind = type(value)
  if kind ~= "number" and kind ~= "cdata" then return nil end
  return (tostring(value):gsub("U?LL$", ""))
end

---@class bosa.testing.Scrubber
---@field values string[] known secrets; the longest first, unless `unsorted`
---@field unsorted boolean
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

local function json_escaped(text) return (text:gsub('[\\"]', "\\%0")) end

local function keep(self, value)
  if self.known[value] then return end
  self.known[value] = true
  self.values[#self.values + 1] = value
  self.unsorted = true
end

--- Makes a value known as a secret.
---@param value any what is no text, or too short, is passed over
function Scrubber:add(value, shortest)
  if type(value) ~= "string" or #value < (shortest or SHORTEST) or value == scrub.MARK then return end
  keep(self, value)
  keep(self, percent_encoded(value))
  keep(self, (percent_encoded(value):gsub("%%%x%x", string.lower)))
  keep(self, json_escaped(value))
  keep(self, (json_escaped(value):gsub("/", "\\/")))
  keep(self, (value:gsub("[^%w]", function(char) return ("\\u%04x"):format(char:byte()) end)))
  keep(self, (value:gsub("[^%w]", function(char) return ("\\u%04X"):format(char:byte()) end)))
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

local function longer(a, b) return #a > #b or (#a == #b and a < b) end

--- Where the string ends that is within quotes of so many backslashes: the place before those of the quote.
local function closing(text, at, slashes)
  while true do
    local from, to, run = text:find('(\\*)"', at)
    if not from then return #text + 1 end
    if #run % (2 * (slashes + 1)) == slashes then return to - slashes end
    at = to + 1
  end
end

--- JSON, also within a string, without the strings under names of secrets.
local function hide_members(text)
  local pieces, at = {}, 1
  while true do
    local from, to, name, slashes = text:find(MEMBER, at)
    if not from then break end
    pieces[#pieces + 1] = text:sub(at, to)
    at = to + 1
    if is_secret_name(name) then
      pieces[#pieces + 1] = scrub.MARK
      at = closing(text, at, #slashes)
    end
  end
  return table.concat(pieces) .. text:sub(at)
end

--- Of a URL's query.
local function hide(head, name, _)
  local secret = is_secret_name(name) or SIGNATURES[name:lower():gsub("[^%w]", "")]
  return secret and head .. scrub.MARK or nil
end

--- In place of a number stands a string, with quotes as the name has them.
local function hide_number(head, name, _)
  if not is_secret_name(name) then return nil end
  local quote = head:match('^"[^\\"]*(\\*")')
  return head .. quote .. scrub.MARK .. quote
end

--- Text without the secrets that are known, and without those that are named in it: of URLs' queries, of JSON.
---@param text string
---@param plain boolean? names say nothing here
---@return string
function Scrubber:text(text, plain)
  if not plain then
    text = text:gsub(QUERY, hide):gsub(USER, "%1" .. scrub.MARK .. "@")
    text = hide_members(text):gsub(NUMBER, hide_number)
  end
  if self.unsorted then
    table.sort(self.values, longer)
    self.unsorted = false
  end
  for _, value in ipairs(self.values) do text = replace(text, value) end
  return text
end

--- How much of what stands under a name is secret: its "text" (a list's texts, an object's), "all" that is below,
-- nothing.
local function secrecy(name, within)
  if within == "all" or WHOLE[name] or within == "text" and type(name) == "string" then return "all" end
  if type(name) == "number" then return within end
  return is_secret_name(name) and "text" or nil
end

--- A copy of a JSON value without secrets.
---@param value any
---@param plain boolean? names say nothing here, as in schemas
---@param within "text"|"all"|nil what is above says that it is secret
function Scrubber:value(value, plain, within)
  if type(value) == "string" then return within and scrub.MARK or self:text(value, plain) end
  if within and digits_of(value) then return scrub.MARK end
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
  if within and digits_of(value) then return self:add(digits_of(value), SHORTEST_LEARNED) end
  if type(value) ~= "table" then return end
  for name, item in pairs(value) do self:learn(item, secrecy(name, within)) end
end

--- Learns the secrets of header fields.
---@param headers table<string, string>
function Scrubber:learn_headers(headers)
  for name, value in pairs(headers) do
    local lower = name:lower()
    if lower == "authorization" then self:add(value:match("^%S+%s+(.+)$") or value) end
    if lower ~= "authorization" and is_secret_name(lower) then self:add(value) end
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
