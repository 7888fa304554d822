--- soak.lua MINUTES[/N] [SEED]: mixed calls with random faults against the server that the environment names, and a
-- report of what memory and descriptors they left. Exits with 1 where a call ended in a way it must not, or where
-- memory or descriptors grew.
local bosa = require("bosa")
local core = require("bosa.core")

local whole, parts = tostring(arg[1] or 10):match("^([%d.]+)/?(%d*)$")
local minutes = assert(tonumber(whole), "usage: soak.lua MINUTES[/N] [SEED]") / (tonumber(parts) or 1)
local seed = tonumber(arg[2]) or os.time()
math.randomseed(seed)

local FLIGHT = 24 -- tasks at once
local GROWTH_KB = 16 * 1024 -- of resident memory after the warm-up that is still no leak: the heap's own unrest

local hub = bosa.new({ max_connections = 8, timeout = 20 })
local lab = hub:connect("lab")
local path = os.tmpname()

local function status_kb(name)
  for line in io.lines("/proc/self/status") do
    local kb = line:match("^" .. name .. ":%s*(%d+)")
    if kb then return tonumber(kb) end
  end
end

local function descriptors()
  local list = io.popen("ls /proc/" .. io.open("/proc/self/stat"):read("n") .. "/fd | wc -l")
  local count = tonumber(list:read("*a"))
  list:close()
  return count
end

local function measure()
  for _ = 1, 3 do collectgarbage() end
  return { memory = status_kb("VmRSS"), lua = collectgarbage("count"), fds = descriptors() }
end

---------------------------------------------------------------------------------------------------
-- what is called

local function pick(list) return list[math.random(#list)] end

--- A fault must give an error of one of these kinds, or, for a connection that ends behind the answer, none.
local kinds = {
  close = { connection = true },
  close_after_read = { connection = true },
  reset = { connection = true },
  close_after_headers = { connection = true, protocol = true },
  truncate = { connection = true, protocol = true },
  reset_in_body = { connection = true, protocol = true },
}

--- `close_behind` leaves connections that the server is about to close; a call that takes one may meet its end, and
-- is not sent again. (`sent` is "yes" where an attempt before it was answered.)
local function was_closed_behind(err) return err and err.kind == "connection" and err.sent ~= "no" end

local function expect(ok, err, what, allowed)
  if was_closed_behind(err) then return "fault" end
  local right = ok
  if allowed then right = not ok and allowed[err.kind] end
  if not right then error((what or "a call") .. ": " .. tostring(err or "no error"), 0) end
  return allowed and "fault" or "call"
end

local jobs = {}

function jobs.small() return expect(lab:small({})) end

function jobs.invalid()
  local _, err = lab:slow({ delay_ms = "soon" })
  return expect(nil, err, "invalid", { params = true })
end

function jobs.list()
  local response, err = lab:list_bytes({ bytes = math.random(200, 200000) })
  if response then assert(#response.data == #response) end
  return expect(response, err, "list")
end

function jobs.pages()
  local count, total = 0, math.random(0, 300)
  local first, err = lab:list_pages({ total = total, limit = 20 })
  if not first then return expect(first, err, "pages") end
  for _ in first:items({ prefetch = math.random(0, 6) }) do count = count + 1 end
  assert(count == total, "pages: " .. count .. " of " .. total)
  return "call"
end

function jobs.left_early()
  local seen = 0
  local first, err = lab:list_pages({ total = 500, limit = 10 })
  if not first then return expect(first, err, "left early") end
  for _ in first:items({ prefetch = 6 }) do
    seen = seen + 1
    if seen == 15 then break end
  end
  return "call"
end

function jobs.status()
  local status = pick({ 400, 401, 404, 422, 429, 500, 503 })
  local _, err = lab:fault({ status = status, message = "soaked" })
  return expect(nil, err, "status " .. status, { api = true, auth = true, not_found = true, params = true,
    rate_limit = true, server = true })
end

function jobs.broken_json()
  local _, err = lab:fault({ status = 200, broken_json = true })
  return expect(nil, err, "broken JSON", { protocol = true })
end

function jobs.connection()
  local how = pick({ "close", "close_after_read", "reset", "close_after_headers", "truncate", "reset_in_body" })
  local _, err = lab:fault({ connection = how })
  return expect(nil, err, how, kinds[how])
end

function jobs.close_behind() return expect(lab:fault({ connection = "close_after_answer" })) end

function jobs.retried()
  local key = "soak-" .. math.random(2 ^ 31)
  local response, err = lab:action("fault"):params({ status = 503, times = 1, key = key, retry_after = 0 })
    :max_attempts(3):run()
  assert(not response or response.attempts == 2)
  return expect(response, err, "retried")
end

function jobs.timeout()
  local _, err = lab:action("slow"):params({ delay_ms = 2000 }):timeout(0.05):run()
  return expect(nil, err, "timeout", { timeout = true })
end

function jobs.cancelled()
  local call = assert(lab:action("slow"):params({ delay_ms = 2000 }):start())
  call:cancel()
  local _, err = call:wait()
  return expect(nil, err, "cancelled", { cancelled = true })
end

function jobs.abandoned()
  assert(lab:action("slow"):params({ delay_ms = 5 }):start())
  return "call"
end

function jobs.upload()
  local left = math.random(0, 20)
  local file = bosa.file({ filename = "soak.bin", read = function()
    left = left - 1
    return left >= 0 and ("x"):rep(10000) or nil
  end })
  return expect(lab:upload({ file = file }))
end

function jobs.download()
  local bytes = math.random(0, 300000)
  local response, err = lab:action("download"):params({ bytes = bytes }):output(path):run()
  return expect(response, err, "download")
end

function jobs.chunks()
  local bytes, got = math.random(0, 300000), 0
  local response, err = lab:action("download"):params({ bytes = bytes, chunked = true })
    :output(function(chunk) got = got + #chunk end):run()
  assert(not response or got == bytes, "chunks: " .. got .. " of " .. bytes)
  return expect(response, err, "chunks")
end

function jobs.json()
  local value = { list = bosa.array({}), n = math.random(), text = ("é"):rep(math.random(0, 50)) }
  local text = assert(bosa.json.encode(value))
  assert(bosa.json.decode(text).text == value.text)
  return "call"
end

---------------------------------------------------------------------------------------------------
-- the run

local names = {}
for name in pairs(jobs) do names[#names + 1] = name end
table.sort(names)

local counts = { call = 0, fault = 0 }

local function round()
  local tasks = {}
  for i = 1, FLIGHT do
    local name = pick(names)
    tasks[i] = bosa.async(function() return jobs[name]() or "call" end)
  end
  local results, errors = bosa.all(tasks)
  for i = 1, FLIGHT do
    local err = errors[i]
    if err and (type(err) == "string" or not was_closed_behind(err)) then error(tostring(err), 0) end
    local outcome = err and "fault" or results[i]
    counts[outcome] = counts[outcome] + 1
  end
end

local function run_until(stop)
  repeat round() until core.now() >= stop
end

local begun = core.now()
local length = minutes * 60
print(("soaking for %g minutes, seed %d, %s"):format(minutes, seed, jit and jit.version or _VERSION))
local ok, why = pcall(function()
  run_until(begun + length * 0.2) -- everything was used once: what grows from here on is a leak
  local before = measure()
  run_until(begun + length)
  local after = measure()
  print(("calls %d, faults survived %d, %.0f a second"):format(counts.call, counts.fault,
    (counts.call + counts.fault) / (core.now() - begun)))
  print(("memory %d kB -> %d kB, Lua %.0f kB -> %.0f kB, descriptors %d -> %d"):format(before.memory, after.memory,
    before.lua, after.lua, before.fds, after.fds))
  assert(after.memory - before.memory < GROWTH_KB, "memory grew")
  assert(after.fds - before.fds <= 8, "descriptors grew") -- connections may come and go
end)
os.remove(path)
if not ok then
  io.stderr:write("soak: ", tostring(why), " (seed ", seed, ")\n")
  os.exit(1)
end
