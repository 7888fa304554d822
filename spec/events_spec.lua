local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox
local broken = { status = 200, headers = { ["Content-Type"] = "application/json" }, body = "{" }

setup(function() sandbox = server.start() end)
teardown(function() sandbox.stop() end)

local function new(options)
  options.api_base_url, options.api_key, options.token = sandbox.url, sandbox.key, sandbox.token
  return bosa.new(options)
end

local function types(events)
  local list = {}
  for i, event in ipairs(events) do list[i] = event.type end
  return table.concat(list, " ")
end

describe("on_event", function()
  it("tells every attempt, retry, wait and outcome", function()
    local events = {}
    local hub = new({ on_event = function(event) events[#events + 1] = event end })
    local lab = hub:connect("lab")
    assert(hub:get_connector("lab"))
    events = {}
    assert(lab:action("fault"):params({ status = 503, retry_after = 0, times = 1, key = "e1" }):max_attempts(2):run())
    assert.equal("request response retry wait request response", types(events))
    local response = events[2]
    assert.equal("POST", events[1].method)
    assert.equal(sandbox.url .. "/connectors/lab/fault", events[1].url)
    assert.equal("lab", response.connector)
    assert.equal("fault", response.action)
    assert.equal(503, response.status)
    assert.equal(1, response.attempt)
    assert.equal("number", type(response.ms.total))
    assert.is_true(response.bytes_up > 0 and response.bytes_down > 0)
    assert.equal("boolean", type(response.reused))
    assert.equal("server", events[3].kind)
    assert.is_true(events[3].budget < 500)
    assert.is_false(events[6].reused) -- a connection that brought a 5xx is not used again
    hub:close()
  end)

  it("tells a request's URL without its query", function()
    local first
    local hub = new({ on_event = function(event) first = first or event end })
    assert(hub:get_connector("lab"))
    assert.equal("GET", first.method)
    assert.equal(sandbox.url .. "/connectors/", first.url)
    hub:close()
  end)

  it("tells a failure", function()
    local last
    local hub = bosa.new({
      api_base_url = "http://127.0.0.1:1",
      on_event = function(event) last = event end,
    })
    hub:run("lab", "small")
    assert.equal("error", last.type)
    assert.equal("connection", last.kind)
    assert.equal("no", last.sent)
  end)

  it("tells that a call was ended before its time", function()
    local events = {}
    local hub = new({ on_event = function(event) events[#events + 1] = event end })
    assert(hub:get_connector("lab"))
    local function last_of(run)
      events = {}
      run()
      return { events[#events].type, events[#events].kind }
    end
    local function slow() return assert(hub:connect("lab"):action("slow"):params({ delay_ms = 60000 }):start()) end
    assert.same({ "error", "cancelled" }, last_of(function() slow():cancel() end))
    local download = hub:connect("lab"):action("download"):output(function() return false end)
    for _, bytes in ipairs({ 5, 4000000 }) do
      assert.same({ "error", "cancelled" }, last_of(function() download:params({ bytes = bytes }):run() end))
    end
    local held = slow()
    assert.same({ "error", "closed" }, last_of(function() hub:close() end))
    assert.equal("closed", select(2, held:wait()).kind)
  end)

  it("tells no times of a call that was never sent", function()
    local ended
    local hub = new({ max_connections = 1, on_event = function(event)
      if event.type == "error" and event.action then ended = event end
    end })
    local slow = hub:connect("lab"):action("slow"):params({ delay_ms = 60000 })
    --- Cancels one that waits for the schemas, or for a connection.
    local function cancel()
      ended = nil
      assert(slow:start()):cancel()
      assert.same({ "cancelled", "no" }, { ended.kind, ended.sent })
      assert.same({ {}, 0, 0, false }, { ended.ms, ended.bytes_up, ended.bytes_down, ended.reused })
    end
    cancel()
    assert(hub:get_connector("lab"))
    local held = assert(slow:start()) -- has the only connection
    cancel()
    held:cancel()
    hub:close()
  end)

  it("may call the hub, close it, or raise", function()
    local hub, inner
    hub = new({
      on_event = function(event)
        if event.type == "request" and event.action == "small" and not inner then
          inner = true
          inner = assert(hub:connect("lab"):echo({ text = "from inside" })).status
        end
      end,
    })
    assert.equal(200, assert(hub:connect("lab"):small({})).status)
    assert.equal(200, inner)
    hub:close()

    hub = new({ on_event = function(event) if event.action then hub:close() end end })
    local response, err = hub:run("lab", "slow", { delay_ms = 50 })
    assert.is_true(response ~= nil or err.kind == "closed")

    local odd = setmetatable({}, { __tostring = function() return 5 end }) -- LuaJIT gives it as it is
    for _, reason in ipairs({ "on_event raised on purpose: shown, and otherwise ignored", odd }) do
      hub = new({ on_event = function() error(reason, 0) end })
      assert.equal(200, assert(hub:run("lab", "small")).status)
      hub:close()
    end
  end)
end)

describe("the retry budget", function()
  it("keeps a failing server from being buried", function()
    local sent = 0
    local hub = bosa.new({
      api_base_url = "http://127.0.0.1:1",
      transport = function(request)
        if request.method == "GET" then
          return { status = 200, headers = { ["Content-Type"] = "application/json" },
            body = '{"c":{"a":{"method":"POST","path":"/connectors/c/a","parameters":{}}}}' }
        end
        sent = sent + 1
        return { status = 503, headers = { ["Retry-After"] = "0" }, body = "" }
      end,
    })
    local calls = 0
    repeat
      calls = calls + 1
      local before = sent
      hub:connect("c"):action("a"):max_attempts(11):run()
    until sent == before + 1 or calls > 100
    assert.is_true(calls <= 100, "it was never spent")
    assert.equal(100, sent - calls) -- 500 tokens, 5 a retry
  end)

  it("can be turned off", function()
    local sent = 0
    local hub = bosa.new({
      api_base_url = "http://127.0.0.1:1",
      retry_budget = false,
      transport = function(request)
        if request.method == "GET" then
          return { status = 200, headers = { ["Content-Type"] = "application/json" },
            body = '{"c":{"a":{"method":"POST","path":"/connectors/c/a","parameters":{}}}}' }
        end
        sent = sent + 1
        return { status = 503, headers = { ["Retry-After"] = "0" }, body = "" }
      end,
    })
    for _ = 1, 20 do hub:connect("c"):action("a"):max_attempts(11):run() end
    assert.equal(220, sent)
  end)
end)

describe("a transport of the user's own", function()
  it("gets the request and gives the reply", function()
    local seen
    local hub = bosa.new({
      api_base_url = "http://127.0.0.1:1/base",
      api_key = "sk-client-own",
      token = "own-token",
      transport = function(request)
        if request.method == "GET" then
          return { status = 200, headers = { ["Content-Type"] = "application/json" },
            body = '{"c":{"a":{"method":"POST","path":"/connectors/c/a","parameters":{"request":{"schema":'
              .. '{"type":"object","properties":{"n":{"type":"integer"}}}}}}}}' }
        end
        seen = request
        return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = '{"data":[1,2]}' }
      end,
    })
    local response = assert(hub:run("c", "a", { n = 5 }))
    assert.same({ 1, 2 }, response.data)
    assert.equal("POST", seen.method)
    assert.equal("http://127.0.0.1:1/base/connectors/c/a", seen.url)
    assert.equal('{"n":5}', seen.body)
    assert.equal("sk-client-own", seen.headers["X-API-Key"])
    local call = assert(hub:connect("c"):action("a"):start())
    assert.equal(200, assert(call:wait()).status)
  end)

  it("fails with what it says", function()
    local cases = {
      { function() return nil, "no route" end, "connection" },
      { function() return nil, { kind = "timeout", message = "too slow" } end, "timeout" },
      { function() error("broken") end, "connection" },
      { function() return 5 end, "protocol" },
      { function() return { status = 999 } end, "protocol" },
      { function() return broken end, "protocol" },
    }
    for _, case in ipairs(cases) do
      local hub = bosa.new({ api_base_url = "http://127.0.0.1:1", transport = case[1] })
      local response, err = hub:get_available_modules()
      assert.is_nil(response)
      assert.equal(case[2], err.kind)
    end
  end)
end)
