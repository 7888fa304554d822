--- ours.lua ROW N: one measurement of this module. Prints "value cpu_us_per_unit" or, for files, "MB/s growth_kB".
local bosa = require("bosa")
local core = require("bosa.core")
local row, n = arg[1], tonumber(arg[2])
local hub = bosa.new({ max_response_size = 2 ^ 30, cache_dir = os.getenv("BENCH_CACHE") })
local lab = hub:connect("lab")
if row == "start" then -- from the start of the process to the first result, schemas cached or not
  assert(lab:small({}))
  os.exit(0)
end
assert(hub:get_connector("lab"))

--- Peak resident memory of this process, kB.
local function peak()
  for line in io.lines("/proc/self/status") do
    local kb = line:match("^VmHWM:%s*(%d+)")
    if kb then return tonumber(kb) end
  end
end

local function rate(fn)
  fn()
  local begun, cpu = core.now(), os.clock()
  for _ = 1, n do fn() end
  return n / (core.now() - begun), (os.clock() - cpu) * 1e6 / n
end

--- The same actions on the server that costs next to nothing (backend.lua).
local function fast(action)
  local connector = bosa.new({ api_base_url = os.getenv("BENCH_BACKEND_URL") }):connect("lab")
  assert(connector:get_actions())
  return connector:action(action):params({})
end

local function list(bytes) return fast("list_" .. bytes) end

local function all_read(bytes)
  local action = list(bytes)
  return rate(function() assert(#assert(action:run()).data > 0) end)
end

local rows = {}

function rows.small()
  local action = fast("small")
  return rate(function() assert(assert(action:run()).data) end)
end

rows["list-16k"] = function() return all_read(16000) end
rows["list-160k"] = function() return all_read(160000) end

rows["list-160k-meta"] = function()
  local action = list(160000)
  return rate(function() assert(assert(action:run()):get_meta()) end)
end

rows["list-160k-one"] = function()
  local action = list(160000)
  return rate(function()
    local response = assert(action:run())
    assert(response[1] and response:get_meta() ~= false)
  end)
end

function rows.pages()
  local first = assert(lab:list_pages({ total = n * 10, limit = 10, delay_ms = 50 }))
  local begun, count = core.now(), 0
  for _ in first:pages({ prefetch = 8 }) do count = count + 1 end
  assert(count == n)
  return core.now() - begun, 0
end

function rows.flight()
  local wide = bosa.new({ max_connections = 100 })
  local action = wide:connect("lab"):action("slow"):params({ delay_ms = 50 })
  assert(action:run())
  collectgarbage()
  local before = peak()
  local begun, calls = core.now(), {}
  for i = 1, n do calls[i] = assert(action:start()) end
  local results = bosa.all(calls)
  assert(#results == n)
  return core.now() - begun, (peak() - before) / n
end

function rows.upload()
  local before, chunk, left = peak(), ("x"):rep(1048576), n
  local file = bosa.file({
    size = n * 1048576,
    read = function()
      left = left - 1
      return left >= 0 and chunk or nil
    end,
  })
  local begun = core.now()
  assert(lab:action("upload"):params({ file = file }):timeout(nil):run())
  return n / (core.now() - begun), peak() - before
end

function rows.download()
  local before, size = peak(), 0
  local begun = core.now()
  assert(lab:action("download"):params({ bytes = n * 1048576 }):timeout(nil)
    :output(function(bytes) size = size + #bytes end):run())
  assert(size == n * 1048576)
  return n / (core.now() - begun), peak() - before
end

function rows.validate()
  local real = bosa.new({ api_base_url = os.getenv("BENCH_SCHEMAS_URL") })
  local action = real:connect("github"):action("list_pull_requests"):params({
    owner = "lua", repo = "lua", base = "main", head = "x", direction = "ASC", order_by = "CREATED_AT", per_page = 30,
    states = { "OPEN" }, labels = { "bug" }, response_fields = { "id", "user.login" },
  })
  assert(action:validate())
  return rate(function() assert(action:validate()) end)
end

--- A hub that learns the real schemas from a server of theirs, or from a cache.
local function learn(options)
  local other = bosa.new(options)
  local github = assert(other:get_connector("github"))
  for _, action in ipairs(github:_actions()) do github:action(action):params({}):validate() end -- compiles each
  other:close()
end

local function milliseconds(fn)
  fn()
  local begun = core.now()
  for _ = 1, n do fn() end
  return (core.now() - begun) * 1e3 / n, 0
end

function rows.discovery()
  return milliseconds(function() learn({ api_base_url = os.getenv("BENCH_SCHEMAS_URL") }) end)
end

rows["discovery-cache"] = function()
  local options = { api_base_url = os.getenv("BENCH_SCHEMAS_URL"), cache_dir = os.getenv("BENCH_SCHEMAS_CACHE") }
  return milliseconds(function() learn(options) end)
end

-- growth: milliseconds for n of something, and kB of Lua's memory where that tells more

rows["growth-items"] = function()
  local text = "[" .. ('{"id":1,"name":"pump"},'):rep(n - 1) .. '{"id":1,"name":"pump"}]'
  collectgarbage()
  local before, begun = collectgarbage("count"), core.now()
  local items = assert(bosa.json.decode(text))
  local spent, kb = (core.now() - begun) * 1e3, collectgarbage("count") - before
  assert(#items == n)
  return spent, kb
end

rows["growth-pages"] = function()
  local begun, count = core.now(), 0
  for _ in assert(lab:list_pages({ total = n * 10, limit = 10 })):pages() do count = count + 1 end
  assert(count == n)
  return (core.now() - begun) * 1e3, 0
end

rows["growth-parameters"] = function()
  local numbers = {}
  for i = 1, n do numbers[i] = i end
  local action = lab:action("echo_form"):params({ numbers = numbers })
  assert(action:validate())
  local begun = core.now()
  assert(action:validate())
  return (core.now() - begun) * 1e3, 0
end

rows["growth-calls"] = function()
  local wide, calls = bosa.new({ max_connections = 100 }), {}
  local action = wide:connect("lab"):action("small"):params({})
  assert(action:run())
  local begun = core.now()
  for i = 1, n do calls[i] = assert(action:start()) end
  local _, errors = bosa.all(calls)
  assert(not next(errors))
  return (core.now() - begun) * 1e3, 0
end

local a, b = rows[row]()
print(("%.4f %.2f"):format(a, b))
