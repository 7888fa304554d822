--- lcurl.lua BYTES N: the peer of a client over libcurl's own HTTP: Lua-cURL (Debian's lua-curl, on LuaJIT; one handle,
-- kept), lua-cjson; all items read.
local curl = require("curl")
local cjson = require("cjson")
local socket = require("socket")
local bytes, n = tonumber(arg[1]), tonumber(arg[2])
local action = bytes == 0 and "small" or "list_" .. bytes
local easy = curl.easy_init()
easy:setopt(curl.OPT_URL, os.getenv("BENCH_BACKEND_URL") .. "/connectors/lab/" .. action)
easy:setopt(curl.OPT_POSTFIELDS, "{}")
easy:setopt(curl.OPT_HTTPHEADER, { "X-API-Key: " .. os.getenv("BOSA_API_KEY"), "Authorization: Bearer "
  .. os.getenv("BOSA_TOKEN"), "Content-Type: application/json" })

local parts = {}
easy:setopt(curl.OPT_WRITEFUNCTION, function(piece, length)
  parts[#parts + 1] = piece
  return length
end)

local function call()
  parts = {}
  assert(easy:perform())
  return cjson.decode(table.concat(parts)).data
end

assert(call())
local begun, cpu = socket.gettime(), os.clock()
for _ = 1, n do assert(call()) end
print(("%.4f %.2f"):format(n / (socket.gettime() - begun), (os.clock() - cpu) * 1e6 / n))
