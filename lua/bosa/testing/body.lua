--- Bodies of messages as tables: what a cassette keeps, and what a stub is given.
--
-- A table has one of: json (the value), form (name -> list of texts), parts (of a multipart form: { name, filename,
-- content_type, and text or base64 }), text, base64.

local core = require("bosa.core")
local sorted_json = require("bosa.sorted_json")

local body = {}

local INTEGERS = rawget(_G, "jit") and "cdata" or nil -- how whole numbers are decoded without loss
local DIGITS = "[%[:,%s]%-?(" .. ("%d"):rep(19) .. "+)" -- numbers that may be past 64 bits
local LARGEST = INTEGERS and "18446744073709551615" or "9223372036854775807" -- that survives decoding

---------------------------------------------------------------------------------------------------
-- base64

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local VALUES = {}
for i = 1, #ALPHABET do VALUES[ALPHABET:sub(i, i)] = i - 1 end

--- Bytes as base64.
---@param bytes string
---@return string
function body.encode64(bytes)
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    for place = 0, 3 do
      local digit = math.floor(n / 64 ^ (3 - place)) % 64
      local wanted = place < 2 or (place == 2 and b) or (place == 3 and c)
      out[#out + 1] = wanted and ALPHABET:sub(digit + 1, digit + 1) or "="
    end
  end
  return table.concat(out)
end

--- The bytes of base64 that encode64 made; nil: it is none.
---@param text string
---@return string?
function body.decode64(text)
  if #text % 4 ~= 0 or text:find("[^%w+/=]") then return nil end
  local out = {}
  for i = 1, #text, 4 do
    local n, pad = 0, 0
    for j = i, i + 3 do
      local char = text:sub(j, j)
      pad = pad + (char == "=" and 1 or 0)
      n = n * 64 + (VALUES[char] or 0)
    end
    out[#out + 1] = string.char(math.floor(n / 65536), math.floor(n / 256) % 256, n % 256):sub(1, 3 - pad)
  end
  return table.concat(out)
end

---------------------------------------------------------------------------------------------------
-- reading

--- Bytes as text where they are readable UTF-8, else as base64.
local function plain(bytes)
  if not bytes:find("[%z\1-\8\14-\31\127]") and core.json.encode(bytes) then return { text = bytes } end
  return { base64 = body.encode64(bytes) }
end

local function unescape(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function read_form(bytes)
  local form = core.object({})
  for pair in bytes:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name = unescape(name)
    form[name] = form[name] or {}
    table.insert(form[name], unescape(value))
  end
  return { form = form }
end

local function read_part(head, bytes)
  local part = plain(bytes)
  local disposition = head:match("[Cc]ontent%-[Dd]isposition:%s*([^\r\n]*)") or ""
  part.name = disposition:match('[; ]name="([^"]*)"') or ""
  part.filename = disposition:match('filename="([^"]*)"')
  part.content_type = head:match("[Cc]ontent%-[Tt]ype:%s*([^\r\n]*)")
  return part
end

local function read_parts(bytes, boundary)
  local parts = {}
  local mark = "\r\n--" .. boundary
  bytes = "\r\n" .. bytes
  local _, from = bytes:find(mark, 1, true)
  while from do
    local at, to = bytes:find(mark, from + 1, true)
    if not at then break end
    local head, content = bytes:sub(from + 1, at - 1):match("^\r\n(.-)\r\n\r\n(.*)$")
    if not head then return plain(bytes:sub(3)) end
    parts[#parts + 1] = read_part(head, content)
    from = to
  end
  return { parts = core.array(parts) }
end

--- Whether JSON holds an integer that no number of this VM does.
local function is_lossy(bytes)
  for digits in bytes:gmatch(DIGITS) do
    if #digits > #LARGEST or #digits == #LARGEST and digits > LARGEST then return true end
  end
  return false
end

local function read_json(bytes)
  if is_lossy(bytes) then return plain(bytes) end
  local value, err = core.json.decode(bytes, INTEGERS)
  return err and plain(bytes) or { json = value }
end

--- Whether a media type is JSON's.
local function is_json(kind)
  return kind:find("^application/json") or kind:find("^text/json") or kind:find("^[%w.-]+/[%w.-]+%+json")
end

--- A body as a table; nil: there is none.
---@param content_type string?
---@param bytes string?
---@return table?
function body.read(content_type, bytes)
  if not bytes or bytes == "" then return nil end
  local kind = (content_type or ""):lower()
  if is_json(kind) then return read_json(bytes) end
  if kind:find("^application/x%-www%-form%-urlencoded") then return read_form(bytes) end
  local boundary = kind:find("^multipart/form%-data") and content_type:match('boundary="?([^";]+)')
  return boundary and read_parts(bytes, boundary) or plain(bytes)
end

--- The bytes of a table that `read` made of JSON, text or bytes; nil: it is malformed.
---@param stored table
---@return string? bytes "" where there is no body
function body.write(stored)
  if stored.json ~= nil then return sorted_json.line(stored.json) end
  if type(stored.base64) == "string" then return body.decode64(stored.base64) end
  if stored.text ~= nil and type(stored.text) ~= "string" then return nil end
  return stored.text or ""
end

return body
