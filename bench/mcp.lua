--- mcp.lua SECONDS [PYTHON]: nginx with one worker serving the Model Context Protocol, beside the Python SDK's own
-- server: calls a second and memory, each with the same call to the same backend. Then what a model reads first, in
-- tokens of four bytes. Needs wrk, and $BENCH_BACKEND_URL (bench/backend.lua).
package.path = "./?.lua;" .. package.path
local bosa = require("bosa")
local nginx = require("spec.support.nginx")
local socket = require("socket")

local seconds, python = tonumber(arg[1]) or 5, arg[2]
local backend, key, token = os.getenv("BENCH_BACKEND_URL"), os.getenv("BOSA_API_KEY"), os.getenv("BOSA_TOKEN")

---------------------------------------------------------------------------------------------------
-- calls

local CALL = [[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lab__small","arguments":{},"_meta":{]]
  .. [["io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},]]
  .. [["io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}}}]]

--- What wrk sends; a response that is no result is counted as an error.
local SCRIPT = [[
wrk.method, wrk.body = "POST", %q
for name, value in pairs({ ["Content-Type"] = "application/json", Accept = "application/json, text/event-stream",
  ["MCP-Protocol-Version"] = "2026-07-28", ["Mcp-Method"] = "tools/call", ["Mcp-Name"] = "lab__small",
  Authorization = "Bearer %s" }) do wrk.headers[name] = value end
local wrong = 0
function response(status, _, body)
  if status ~= 200 or not body:find('"isError":false', 1, true) then wrong = wrong + 1 end
  if wrong == 1 then io.stderr:write(status, " ", body:sub(1, 300), "\n") end
end
]]

local script = os.tmpname()
local file = assert(io.open(script, "w"))
file:write(SCRIPT:format(CALL, token))
file:close()

local function memory_of(pid)
  for line in io.lines("/proc/" .. pid .. "/status") do
    local kilobytes = line:match("^VmRSS:%s+(%d+)")
    if kilobytes then return tonumber(kilobytes) / 1024 end
  end
end

--- Calls a second, the median's milliseconds, and the process's memory after that in MB.
local function measure(url, pid)
  local rate, ms
  for _, long in ipairs({ 1, seconds }) do -- the first only warms up
    local process = io.popen(("wrk --latency -t1 -c32 -d%ds -s %s %s"):format(long, script, url))
    local text = process:read("*a")
    process:close()
    rate = assert(tonumber(text:match("Requests/sec:%s+([%d.]+)")), text)
    local value, unit = text:match("50%%%s+([%d.]+)(%a+)")
    ms = tonumber(value) * (unit == "us" and 0.001 or unit == "s" and 1000 or 1)
  end
  return rate, ms, memory_of(pid)
end

local function read_line(path)
  local f = assert(io.open(path))
  local line = f:read("*l")
  f:close()
  return line
end

local function of_nginx()
  local web = nginx.start({
    http = ([[
      lua_shared_dict bosa 10m;
      init_by_lua_block {
        mcp = require("bosa.mcp.http").new({ connectors = { "lab" }, hub = require("bosa").new({
          api_base_url = "%s", api_key = "%s", max_connections = 64, cache = ngx.shared.bosa }) })
      }
    ]]):format(backend, key),
    server = "location = /mcp { content_by_lua_block { mcp:handle() } }",
  })
  local rate, ms, memory = measure(web.url .. "/mcp", read_line(web.dir .. "/nginx.pid"))
  web.stop()
  return rate, ms, memory
end

--- The memory of a worker whose handler does nothing: less than that no program in nginx can have.
local function of_bare_nginx()
  local web = nginx.start({
    server = [[location = /nothing { content_by_lua_block { ngx.print('"isError":false') } }]],
  })
  local _, _, memory = measure(web.url .. "/nothing", read_line(web.dir .. "/nginx.pid"))
  web.stop()
  return memory
end

--- The Python server ends with the shell that holds the pipe.
local function of_python()
  local free = assert(socket.bind("127.0.0.1", 0))
  local _, port = free:getsockname()
  free:close()
  local pid_file = os.tmpname()
  local command = "%s bench/mcp_server.py %s %d & p=$!; echo $p >%s; cat >/dev/null; kill $p; exec 2>/dev/null; wait $p"
  local process = io.popen(command:format(python, backend, port, pid_file), "w")
  for _ = 1, 2000 do
    local one = socket.connect("127.0.0.1", port)
    if one then
      one:close()
      break
    end
    socket.select(nil, nil, 0.01)
  end
  local rate, ms, memory = measure(("http://127.0.0.1:%d/mcp"):format(port), read_line(pid_file))
  process:close()
  os.remove(pid_file)
  return rate, ms, memory
end

local function show(name, rate, ms, memory)
  print(("mcp %-8s %8.0f calls/s  p50 %.2f ms  %.0f MB"):format(name, rate, ms, memory))
end

local rate, ms, memory = of_nginx()
show("nginx", rate, ms, memory)
print(("mcp floor    %.0f MB of that has a worker with an empty handler"):format(of_bare_nginx()))
if python then
  local peer_rate, peer_ms, peer_memory = of_python()
  show("python", peer_rate, peer_ms, peer_memory)
  print(("mcp ratio    %8.1f x the calls (goal 20), %.2f of the memory (goal 0.1)"):format(rate / peer_rate,
    memory / peer_memory))
else
  print("missing: the Python SDK's server (mcp 2.3.0)")
end
os.remove(script)

---------------------------------------------------------------------------------------------------
-- what a model reads first

--- The tokens of what tools/list gives.
local function tokens(options)
  local said
  options.send = function(line) said = line end
  local server = require("bosa.mcp").new(options)
  local list = server:list()
  server:close()
  assert(said == nil)
  return math.ceil(#assert(bosa.json.encode(list, { sorted = true })) / 4)
end

--- The same of definitions with all that the server says.
local function tokens_of_all(hub, connectors)
  local bytes = 0
  for _, connector in ipairs(connectors) do
    local list = assert(hub:connect(connector):tools({ format = "mcp", full = true }))
    bytes = bytes + #assert(bosa.json.encode(list))
  end
  return math.ceil(bytes / 4)
end

local function show_reading(what, hub, connectors)
  print(("first read, %-28s whole %7d  lean %6d  search %4d tokens"):format(what, tokens_of_all(hub, connectors),
    tokens({ hub = hub, connectors = connectors }), tokens({ hub = hub, connectors = connectors, search = true })))
end

local hub = bosa.new()
show_reading("1 connector (sandbox)", hub, { "github" })
show_reading("3 connectors (sandbox)", hub, { "github", "google_drive", "google_mail" })
hub:close()
local real = "../shared/schemas/"
local found = io.open(real .. "github.json")
if found then
  found:close()
  local one = bosa.new({ snapshot = real .. "github.json" })
  show_reading("1 connector (real github)", one, { "github" })
  one:close()
end
