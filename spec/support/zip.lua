--- Makes zips for specs, right ones and others.

local zip = {}

local function xor(a, b)
  local result, bit = 0, 1
  for _ = 1, 32 do
    if a % 2 ~= b % 2 then result = result + bit end
    a, b, bit = math.floor(a / 2), math.floor(b / 2), bit * 2
  end
  return result
end

local function crc32(bytes)
  local crc = 0xffffffff
  for i = 1, #bytes do
    crc = xor(crc, bytes:byte(i))
    for _ = 1, 8 do
      local odd = crc % 2 == 1
      crc = math.floor(crc / 2)
      if odd then crc = xor(crc, 0xedb88320) end
    end
  end
  return xor(crc, 0xffffffff)
end

local function number(value, bytes)
  local out = {}
  for i = 1, bytes do
    out[i] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  return table.concat(out)
end

--- A zip of `{ {name, content, mode =, flags =, deflated = {bytes, crc}, size = } ... }`. `mode` is that of Unix;
-- `size` is what it claims to unpack to.
function zip.make(entries)
  local bytes, directory, length = {}, {}, 0
  local function add(text)
    bytes[#bytes + 1] = text
    length = length + #text
  end
  for _, entry in ipairs(entries) do
    local name, content = entry[1], entry[2] or ""
    local packed = entry.deflated and entry.deflated.bytes or content
    local head = number(20, 2) .. number(entry.flags or 0, 2) .. number(entry.deflated and 8 or 0, 2) .. number(0, 4)
      .. number(entry.deflated and entry.deflated.crc or crc32(content), 4) .. number(#packed, 4)
      .. number(entry.size or #content, 4) .. number(#name, 2) .. number(0, 2)
    local mode = entry.mode or (name:find("/$") and 0x41ed or 0x81a4)
    directory[#directory + 1] = "PK\1\2" .. number(0x0314, 2) .. head .. number(0, 6) .. number(mode * 65536, 4)
      .. number(length, 4) .. name
    add("PK\3\4" .. head .. name .. packed)
  end
  local start, listed = length, table.concat(directory)
  return table.concat(bytes) .. listed .. "PK\5\6" .. number(0, 4) .. number(#entries, 2) .. number(#entries, 2)
    .. number(#listed, 4) .. number(start, 4) .. number(0, 2)
end

--- So many MiB of zeros, deflated: for `deflated`, and their number for `size`.
function zip.zeros(mebibytes)
  local pipe = assert(io.popen(("head -c %dM /dev/zero | gzip -9cn"):format(mebibytes), "r"))
  local bytes = pipe:read("*a")
  pipe:close()
  local a, b, c, d = bytes:byte(-8, -5)
  return { bytes = bytes:sub(11, -9), crc = a + 256 * (b + 256 * (c + 256 * d)) }, mebibytes * 2 ^ 20
end

return zip
