--- What every transport promises. Each case is a function of a context, so that it runs wherever Lua does: in a script
-- over libcurl, in an nginx worker over cosockets, over a transport of the user's own.
--
-- c.new(options) makes a hub of the sandbox over the transport in question; c.lab is the `lab` of such a hub. c.stops
-- is whether the transport can be stopped in the middle of an exchange. A case fails by raising.

local bosa = require("bosa")

local function equal(expected, got, what)
  if expected == got then return end
  error(("%s: expected %s, got %s"):format(what or "value", tostring(expected), tostring(got)), 2)
end

--- The error of a failed call, of a kind.
local function fails(kind, sent, response, err)
  if response ~= nil then error("expected an error of kind " .. kind .. ", got " .. tostring(response), 2) end
  equal(kind, err.kind, "kind of `" .. tostring(err) .. "`")
  if sent then equal(sent, err.sent, "sent of `" .. tostring(err) .. "`") end
  return err
end

local keys = 0

--- A name under which the server counts the executions of one case.
local function new_key(c)
  keys = keys + 1
  return table.concat({ "contract", c.name, tostring({}):match("0x%x+") or "", keys }, "-")
end

local function executions(c, key) return assert(c.lab:count({ key = key })).data.count end

--- Waits until the server has executed something under a key: it may come to that later than the call ended.
local function until_executed(c, key, times)
  local count
  repeat count = executions(c, key) until count >= times
  equal(times, count, "executions")
end

local function fault(c, params) return c.lab:action("fault"):params(params) end

local cases = {}
local function case(name, run) cases[#cases + 1] = { name = name, run = run } end

---------------------------------------------------------------------------------------------------
-- what goes out and what comes back

case("gives status, data, meta and header fields", function(c)
  local response = assert(c.lab:list_pages({ total = 3, limit = 2 }))
  equal(200, response.status)
  equal(2, #response.data)
  equal(true, response.meta.has_next)
  equal(true, response.headers["content-type"]:find("application/json", 1, true) ~= nil)
  equal(1, response.attempts)
end)

case("sends the token, the integration and the caller's fields", function(c)
  local response = assert(c.lab:action("echo"):params({ text = "héllo", number = 9007199254740991 })
    :identifier("me@example.com"):headers({ ["X-Extra"] = "yes" }):run())
  local sent = {}
  for _, field in ipairs(response.data.fields) do sent[field.name:lower()] = field.value end
  equal("me@example.com", sent["x-bosa-integration"])
  equal("me@example.com", sent["x-integration"])
  equal("yes", sent["x-extra"])
  equal("Bearer", (sent["authorization"] or ""):match("^%a+"))
  equal("héllo", response.data.body.text)
  equal(9007199254740991, response.data.body.number)
end)

case("walks over pages with and without prefetch", function(c)
  for _, prefetch in ipairs({ 0, 3 }) do
    local count = 0
    for _ in assert(c.lab:list_pages({ total = 25, limit = 4 })):items({ prefetch = prefetch }) do count = count + 1 end
    equal(25, count, "items with prefetch " .. prefetch)
  end
end)

case("gives many results in order", function(c)
  local calls = {}
  for i = 1, 12 do calls[i] = assert(c.lab:action("echo"):params({ number = i }):start()) end
  local results, errors = bosa.all(calls)
  equal(nil, next(errors))
  for i = 1, 12 do equal(i, results[i].data.body.number) end
end)

case("tells of every request, also of the one for the schemas", function(c)
  local told = {}
  local hub = c.new({ on_event = function(event)
    local name = event.connector .. (event.action and "." .. event.action or "")
    local what = event.url and event.method .. " " .. event.url or event.status
    told[#told + 1] = ("%s %s %s"):format(name, event.type, what)
  end })
  local first, second = assert(hub:connect("lab"):action("small"):start()), hub:connect("lab"):action("small"):start()
  bosa.all({ first, second })
  table.sort(told)
  local sent = "lab.small request POST " .. c.url .. "/connectors/lab/small"
  equal(table.concat({
    "lab request GET " .. c.url .. "/connectors/", "lab response 200", sent, sent,
    "lab.small response 200", "lab.small response 200",
  }, "\n"), table.concat(told, "\n"), "what was told")
  hub:close()
end)

case("tells how long a call took, however fast it was", function(c)
  local total
  local hub = c.new({ on_event = function(event)
    if event.type == "response" then total = event.ms.total end
  end })
  local response = assert(hub:connect("lab"):action("small"):run())
  equal(true, total > 0, "the time of the attempt")
  equal(true, response.elapsed > 0, "the time of the call")
  hub:close()
end)

---------------------------------------------------------------------------------------------------
-- time

case("ends an attempt by its timeout, which may have run", function(c)
  local key = new_key(c)
  assert(c.lab:small({})) -- so that only the action takes time
  fails("timeout", "maybe", c.lab:action("slow"):params({ delay_ms = 60000, key = key }):timeout(0.5):run())
  until_executed(c, key, 1)
end)

case("ends a call by its deadline, waits included", function(c)
  local key = new_key(c)
  local action = fault(c, { status = 503, retry_after = 55, key = key }):max_attempts(3):deadline(50)
  local err = fails("server", nil, action:run())
  equal(1, err.attempts)
  equal(1, executions(c, key))
  fails("timeout", "maybe", c.lab:action("slow"):params({ delay_ms = 60000, key = key }):deadline(0.5):run())
  until_executed(c, key, 2)
end)

---------------------------------------------------------------------------------------------------
-- trying again

case("tries 503 again as often as allowed", function(c)
  local key = new_key(c)
  local response = assert(fault(c, { status = 503, retry_after = 0, times = 2, key = key }):max_attempts(3):run())
  equal(3, response.attempts)
  equal(3, executions(c, key))
end)

case("tries once where nothing was said", function(c)
  local key = new_key(c)
  equal(1, fails("server", "yes", fault(c, { status = 503, retry_after = 0, key = key }):run()).attempts)
  equal(1, executions(c, key))
end)

case("obeys the server's word against another try", function(c)
  local key = new_key(c)
  fails("server", "yes", fault(c, { status = 503, retryable = false, key = key }):max_attempts(3):run())
  equal(1, executions(c, key))
end)

case("doesn't send again what may have run", function(c)
  local key = new_key(c)
  fails("connection", "maybe", fault(c, { connection = "close_after_read", key = key }):max_attempts(3):run())
  equal(1, executions(c, key))
end)

case("sends again what may have run where the caller says so", function(c)
  local key = new_key(c)
  local response = assert(fault(c, { connection = "close_after_read", times = 1, key = key })
    :max_attempts(2):replay_unsafe(true):run())
  equal(2, response.attempts)
  equal(2, executions(c, key))
end)

---------------------------------------------------------------------------------------------------
-- cancelling

--- A call that waits for its second attempt, of an action that is never tried again in time.
local function start_waiting(hub, waits, key)
  local action = assert(hub:get_connector("lab")):action("fault")
  local call = assert(action:params({ status = 503, retry_after = 55, key = key }):max_attempts(2):start())
  local _, err
  repeat _, err = call:wait(0.01) until err.kind ~= "timeout" or waits()
  equal("timeout", err.kind)
  return call
end

--- A hub, and a function that says whether a call of it waits for another attempt.
local function new_watched(c)
  local waiting = false
  local hub = c.new({ on_event = function(event) waiting = waiting or event.type == "wait" end })
  return hub, function() return waiting end
end

case("can be cancelled while it waits for another attempt", function(c)
  local key = new_key(c)
  local hub, waits = new_watched(c)
  local call = start_waiting(hub, waits, key)
  call:cancel()
  fails("cancelled", nil, call:wait())
  equal(true, call:done())
  equal(1, executions(c, key))
  hub:close()
end)

case("can be cancelled while it is under way", function(c)
  if not c.stops then return end
  local call = assert(c.lab:action("slow"):params({ delay_ms = 60000 }):start())
  call:cancel()
  fails("cancelled", nil, call:wait())
  equal(200, assert(c.lab:small({})).status)
end)

case("ends with kind closed when its hub is closed", function(c)
  local hub, waits = new_watched(c)
  local call = start_waiting(hub, waits, new_key(c))
  hub:close()
  fails("closed", nil, call:wait())
  fails("closed", "no", hub:run("lab", "small", {}))
end)

---------------------------------------------------------------------------------------------------
-- streams

case("hands a download over in order", function(c)
  local pieces, size = {}, 0
  local params = { bytes = 3000000, chunked = true }
  local response = assert(c.lab:action("download"):params(params):output(function(chunk)
    size = size + #chunk
    pieces[#pieces + 1] = chunk
  end):run())
  equal(200, response.status)
  equal(3000000, size)
  local whole = assert(c.lab:download({ bytes = 3000000 })).data
  equal(true, whole.file == table.concat(pieces), "the same bytes")
end)

case("ends where `output` raises or has enough", function(c)
  local function output(fn) return c.lab:action("download"):params({ bytes = 300000 }):output(fn):run() end
  local err = fails("cancelled", "yes", output(function() error("no room") end))
  equal(true, tostring(err):find("no room", 1, true) ~= nil)
  fails("cancelled", "yes", output(function() return false end))
end)

case("writes a download to a path, or says why not", function(c)
  local path = os.tmpname()
  assert(c.lab:action("download"):params({ bytes = 300000 }):output(path):run())
  local f = assert(io.open(path, "rb"))
  equal(300000, #f:read("*a"))
  f:close()
  os.remove(path)
  fails("file", "no", c.lab:action("download"):params({ bytes = 10 }):output("/proc/none/at/all"):run())
end)

case("uploads from memory, from disk and from a function", function(c)
  local path = os.tmpname()
  local f = assert(io.open(path, "wb"))
  f:write(("d"):rep(200000))
  f:close()
  local left = 5
  local files = {
    { 200000, bosa.file({ path = path }) },
    { 70000, bosa.file({ file = ("m"):rep(70000), filename = "m.bin" }) },
    { 250000, bosa.file({ filename = "r.bin", read = function()
      left = left - 1
      return left >= 0 and ("r"):rep(50000) or nil
    end }) },
  }
  for _, one in ipairs(files) do equal(one[1], assert(c.lab:upload({ file = one[2] })).data.size) end
  os.remove(path)
end)

case("ends where the read function fails", function(c)
  local key = new_key(c)
  local calls = 0
  fails("file", nil, c.lab:upload({ key = key, file = bosa.file({ filename = "x", read = function()
    calls = calls + 1
    if calls > 3 then error("lost") end
    return ("x"):rep(100000)
  end }) }))
  equal(0, executions(c, key))
end)

case("tells of progress", function(c)
  local last, whole, way
  assert(c.lab:action("download"):params({ bytes = 400000 }):output(function() end)
    :on_progress(function(done, total, direction) last, whole, way = done, total, direction end):run())
  equal(400000, last)
  equal(400000, whole)
  equal("down", way)
end)

---------------------------------------------------------------------------------------------------
-- every kind of error

local statuses = { [401] = "auth", [404] = "not_found", [409] = "api", [429] = "rate_limit", [500] = "server" }
for status, kind in pairs(statuses) do
  case("has kind " .. kind .. " for " .. status, function(c)
    local err = fails(kind, "yes", fault(c, { status = status, message = "so it is" }):run())
    equal(status, err.status)
    equal(true, err.message:find("so it is", 1, true) ~= nil)
  end)
end

case("has kind params before anything is sent", function(c)
  local key = new_key(c)
  fails("params", "no", c.lab:slow({ delay_ms = "soon", key = key }))
  equal(0, executions(c, key))
end)

case("has kinds for what the server doesn't have", function(c)
  fails("unknown_connector", "no", c.new():run("labb", "small", {}))
  fails("unknown_action", "no", c.new():run("lab", "smal", {}))
end)

case("has kind connection for a server that isn't there", function(c)
  fails("connection", "no", c.new({ api_base_url = "http://127.0.0.1:1" }):run("lab", "small", {}))
end)

case("has kind tls for a server that doesn't speak it", function(c)
  fails("tls", "no", c.new({ api_base_url = (c.url:gsub("^http:", "https:")) }):run("lab", "small", {}))
end)

case("has kind protocol for an answer that makes no sense", function(c)
  fails("protocol", "yes", fault(c, { status = 200, broken_json = true }):run())
end)

case("has kind file for a file that isn't there", function(c)
  fails("file", "no", c.lab:upload({ file = bosa.file({ path = "/proc/none/at/all" }) }))
end)

return cases
