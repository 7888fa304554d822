--- luasocket.lua BYTES N: the peer of a hand-written client: LuaSocket with keep-alive, lua-cjson; all items read.
local socket = require("socket")
local cjson = require("cjson")
local bytes, n = tonumber(arg[1]), tonumber(arg[2])
local host, port = os.getenv("BENCH_BACKEND_URL"):match("^http://([^:]+):(%d+)$")
local connection = assert(socket.connect(host, tonumber(port)))
connection:setoption("tcp-nodelay", true)

local action = bytes == 0 and "small" or "list_" .. bytes
local body = "{}"
local request = ("POST /connectors/lab/%s HTTP/1.1\r\nHost: %s\r\nX-API-Key: %s\r\nAuthorization: Bearer %s\r\n"
  .. "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"):format(
  action, host, os.getenv("BOSA_API_KEY"), os.getenv("BOSA_TOKEN"), #body, body)

local function call()
  assert(connection:send(request))
  assert(assert(connection:receive("*l")):match("^HTTP/1.1 200"))
  local length
  repeat
    local line = assert(connection:receive("*l"))
    length = line:match("^[Cc]ontent%-[Ll]ength: (%d+)") or length
  until line == ""
  local answer = assert(connection:receive(tonumber(length)))
  return cjson.decode(answer).data
end

call()
local begun, cpu = socket.gettime(), os.clock()
for _ = 1, n do assert(call()) end
print(("%.4f %.2f"):format(n / (socket.gettime() - begun), (os.clock() - cpu) * 1e6 / n))
