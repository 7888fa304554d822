--- Of which trace a request is a part: what goes out, seen by the server, and what on_event is told.
local bosa = require("bosa")
local http = require("socket.http")
local nginx = require("spec.support.nginx")
local process = require("spec.support.process")
local server = require("spec.support.server")

local A = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
local B = "00-11111111111111111111111111111111-2222222222222222-00"

local url, stop
local hubs = {}

setup(function()
  local line
  line, stop = process.start("recording_server.lua")
  url = line:match("^listening (%S+)")
end)
teardown(function() stop() end)
before_each(function() http.request(url .. "/requests") end)
after_each(function()
  for _, hub in ipairs(hubs) do hub:close() end
  hubs = {}
end)

local function new(options)
  options.api_base_url, options.api_key, options.token = url, "key", "token"
  local hub = bosa.new(options)
  hubs[#hubs + 1] = hub
  return hub
end

--- What the server saw since it was last asked, in lines.
local function seen() return (assert(http.request(url .. "/requests"))) end

local SCHEMAS, RUN = "GET /connectors/?modules=made ", "POST /connectors/made/run "

--- A function that gives another traceparent each time.
local function numbered()
  local n = 0
  return function()
    n = n + 1
    return ("00-%032x-%016x-01"):format(n, n)
  end, function(i) return ("00-%032x-%016x-01"):format(i, i) end
end

describe("a hub's traceparent", function()
  it("goes with every request: discovery, actions and pages, users, integrations", function()
    local hub = new({ traceparent = A })
    local first = assert(hub:run("made", "run"))
    assert(first:next_page())
    assert(hub:get_available_modules())
    assert(hub:get_user_info())
    assert(hub:user_has_integration("made"))
    assert.equal(table.concat({
      SCHEMAS .. A, RUN .. A, RUN .. A, "GET /connectors/names " .. A, "GET /users/me " .. A,
      "GET /connectors/made/integration-exists " .. A,
    }, "\n"), seen())
  end)

  it("isn't sent where there is none", function()
    assert(new({}):run("made", "run"))
    assert.equal(SCHEMAS .. "-\n" .. RUN .. "-", seen())
  end)

  it("may be a function, which is asked for each call; a fetch is a part of the call that needs it", function()
    local fn, nth = numbered()
    local hub = new({ traceparent = fn })
    local first = assert(hub:run("made", "run"))
    assert(first:next_page())
    assert(hub:get_user_info())
    assert(hub:connect("made"):action("run"):start():wait())
    assert.equal(table.concat({
      SCHEMAS .. nth(1), RUN .. nth(1), RUN .. nth(2), "GET /users/me " .. nth(3), RUN .. nth(4),
    }, "\n"), seen())
  end)

  it("may be a function that says that no trace is going on", function()
    local events = {}
    local hub = new({ traceparent = function() end, on_event = function(event) events[#events + 1] = event end })
    assert(hub:run("made", "run"))
    assert.equal(SCHEMAS .. "-\n" .. RUN .. "-", seen())
    for _, event in ipairs(events) do assert.not_equal("warning", event.type) end
  end)

  local bad = {
    { "raises", function() error("no span", 0) end, "traceparent raised: no span" },
    { "raises what has no text",
      function() error(setmetatable({}, { __tostring = function() error("no text") end })) end, "a table that gives" },
    { "gives a malformed one", function() return A:upper() end, "malformed" },
    { "would break the message", function() return A .. "\r\nX-Evil: 1" end, "malformed" },
    { "gives something else", function() return 5 end, "must return a string, not a number" },
  }
  for _, case in ipairs(bad) do
    it("costs no call where the function " .. case[1] .. ", and on_event is told", function()
      local warning
      local hub = new({
        traceparent = case[2],
        on_event = function(event) if event.type == "warning" then warning = event end end,
      })
      assert(hub:run("made", "run"))
      assert.equal(SCHEMAS .. "-\n" .. RUN .. "-", seen())
      assert.same({ "params", "made" }, { warning.kind, warning.connector })
      assert.matches(case[3], warning.message, 1, true)
    end)
  end
end)

describe("an action's traceparent", function()
  it("goes before the caller's own field, and that before the hub's", function()
    local hub = new({ traceparent = A })
    local action = hub:connect("made"):action("run"):headers({ Traceparent = B })
    assert(action:run())
    assert(action:traceparent(A):run())
    assert(action:traceparent(nil):headers({}):run())
    local lines = seen()
    assert.equal(SCHEMAS .. B .. "\n" .. RUN .. B .. "\n" .. RUN .. A .. "\n" .. RUN .. A, lines)
  end)

  it("belongs to the snapshot: its pages and its fetch carry it, the builder may go on", function()
    local hub = new({ traceparent = A })
    local action = hub:connect("made"):action("run"):traceparent(B)
    local first = assert(action:run())
    action:traceparent(A)
    assert(first:next_page())
    assert.equal(SCHEMAS .. B .. "\n" .. RUN .. B .. "\n" .. RUN .. B, seen())
  end)

  it("may be a function and an option", function()
    local fn, nth = numbered()
    local hub = new({ traceparent = A })
    assert(hub:run("made", "run", {}, { traceparent = fn }))
    assert(hub:connect("made"):run({}, { traceparent = B }))
    assert(hub:execute("made", "run", {}, { traceparent = fn }))
    local lines = seen()
    assert.truthy(lines:find(RUN .. nth(1) .. "\n" .. RUN .. B .. "\n" .. RUN .. nth(2), 1, true), lines)
  end)

  it("goes with validate's fetch", function()
    local hub = new({ traceparent = A })
    assert(hub:connect("made"):action("run"):traceparent(B):validate())
    assert.equal(SCHEMAS .. B, seen())
    local fn, nth = numbered()
    hub:refresh_connector("made")
    assert(hub:connect("made"):action("run"):traceparent(fn):validate())
    assert.equal(SCHEMAS .. nth(1), seen())
  end)

  it("is the header field where the caller sets it, also with the fetch", function()
    for _, options in ipairs({ {}, { traceparent = A }, { traceparent = function() return A end } }) do
      for _, name in ipairs({ "traceparent", "Traceparent" }) do
        local hub = new(options)
        local action = hub:connect("made"):action("run"):headers({ [name] = B })
        assert(action:run())
        assert.equal(SCHEMAS .. B .. "\n" .. RUN .. B, seen())
        hub:refresh_connector("made")
        assert(action:validate())
        assert.equal(SCHEMAS .. B, seen())
      end
    end
  end)

  it("is the setter's where both are there", function()
    local action = new({}):connect("made"):action("run"):headers({ traceparent = B }):traceparent(A)
    assert(action:run())
    assert.equal(SCHEMAS .. A .. "\n" .. RUN .. A, seen())
  end)

  it("passes through hooks", function()
    local hub = new({})
    hub:before(function(request) request.params.text = "x" end)
    assert(hub:connect("made"):action("run"):traceparent(B):run())
    assert.equal(SCHEMAS .. B .. "\n" .. RUN .. B, seen())
  end)
end)

describe("a traceparent", function()
  local wrong = {
    "", "x", A .. "-x", A:upper(), (A:gsub("^00", "ff")), (A:gsub("0af7651916cd43dd8448eb211c80319c", ("0"):rep(32))),
    (A:gsub("b7ad6b7169203331", ("0"):rep(16))), (A:gsub("%-", "_")), A:sub(1, -2) .. "g", A:sub(1, -2) .. "\0",
  }
  for i, text in ipairs(wrong) do
    it(("that is malformed (%d) raises at the caller's line"):format(i), function()
      local ok, message = pcall(function() bosa.new({ traceparent = text }) end)
      assert.is_false(ok)
      assert.matches("trace_spec.lua:%d+:.*`traceparent`", message)
      local hub = new({})
      local action = hub:connect("made"):action("run")
      ok, message = pcall(function() action:traceparent(text) end)
      assert.is_false(ok)
      assert.matches("trace_spec.lua:%d+: bad argument #1 to 'traceparent'", message)
      ok, message = pcall(function() hub:run("made", "run", {}, { traceparent = text }) end)
      assert.is_false(ok)
      assert.matches("trace_spec.lua:%d+: option `traceparent`", message)
      assert.equal("", seen())
    end)
  end

  it("is a string or a function", function()
    for _, value in ipairs({ 5, true, {} }) do
      assert.matches("string or function expected", select(2, pcall(bosa.new, { traceparent = value })), 1, true)
      local action = new({}):connect("made"):action("run")
      assert.matches("string or function expected", select(2, pcall(action.traceparent, action, value)), 1, true)
    end
  end)

  it("may have any version and any flags", function()
    local other = (A:gsub("^00", "cc"):gsub("01$", "a5"))
    assert(new({ traceparent = other }):run("made", "run"))
    assert.equal(SCHEMAS .. other .. "\n" .. RUN .. other, seen())
  end)
end)

describe("on_event", function()
  it("has the traceparent and its trace id", function()
    local events = {}
    local hub = new({ traceparent = A, on_event = function(event) events[#events + 1] = event end })
    assert(hub:run("made", "run"))
    assert.is_true(#events >= 2)
    for _, event in ipairs(events) do
      assert.same({ A, "0af7651916cd43dd8448eb211c80319c" }, { event.traceparent, event.trace_id })
    end
    events = {}
    assert(hub:run("made", "run", {}, { headers = { traceparent = B } }))
    assert.equal(B, events[1].traceparent)
    events = {}
    assert(new({ on_event = function(event) events[#events + 1] = event end }):run("made", "run"))
    assert.is_nil(events[1].traceparent)
    assert.is_nil(events[1].trace_id)
  end)
end)

describe("what fails before anything is sent", function()
  it("has the trace in its events all the same", function()
    for _, case in ipairs({
      { { traceparent = A }, {}, A },
      { { traceparent = function() return A end }, {}, A },
      { { traceparent = A }, { headers = { traceparent = B } }, B },
      { { traceparent = function() return A end }, { headers = { traceparent = B } }, B },
      { { traceparent = A }, { headers = { traceparent = "none" } }, nil },
    }) do
      local events = {}
      case[1].on_event = function(event) events[#events + 1] = event end
      local hub = new(case[1])
      assert.equal("params", select(2, hub:run("made", "run", { text = 5 }, case[2])).kind)
      assert.equal("error", events[#events].type)
      assert.equal(case[3], events[#events].traceparent)
    end
    local events = {}
    local nowhere = bosa.new({
      api_base_url = "http://127.0.0.1:1", traceparent = A, on_event = function(event) events[#events + 1] = event end,
    })
    assert.equal("connection", select(2, nowhere:run("made", "run")).kind)
    assert.equal(A, events[#events].traceparent)
  end)
end)

describe("elsewhere than over libcurl", function()
  it("a user's transport gets it", function()
    local got = {}
    local hub = bosa.new({
      api_base_url = "http://127.0.0.1:1", traceparent = A,
      transport = function(request)
        got[#got + 1] = request.headers.traceparent or "-"
        local body = request.method == "GET" and '{"made":{"run":{"method":"POST","path":"/connectors/made/run"}}}'
        return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = body or "{}" }
      end,
    })
    assert(hub:connect("made"):action("run"):traceparent(B):run())
    assert(hub:run("made", "run"))
    assert.same({ B, B, A }, got)
  end)

  it("nginx's cosockets send it, and ask the function in the request that calls", function()
    local web = nginx.start({ http = [[ init_by_lua_block {
      bosa = require("bosa")
      hub = bosa.new({ api_base_url = "]] .. url .. [[", api_key = "k", token = "t",
        traceparent = function() return ngx.var.http_traceparent end })
    } ]], server = [[ location = /call { content_by_lua_block {
      ngx.print(assert(hub:run("made", "run")).status)
    } } ]] })
    local status = io.popen(("env -u LD_PRELOAD curl -s -H 'traceparent: %s' '%s/call'"):format(B, web.url)):read("*a")
    web.stop()
    assert.equal("200", status)
    assert.equal(SCHEMAS .. B .. "\n" .. RUN .. B, seen())
  end)
end)

describe("the example of counters in nginx", function()
  it("counts what became of calls, for Prometheus", function()
    local sandbox = server.start()
    local env = { BOSA_API_BASE_URL = sandbox.url, BOSA_API_KEY = sandbox.key, BOSA_TOKEN = sandbox.token }
    local web = nginx.example("metrics.conf", env)
    local statuses = {}
    for i, query in ipairs({ "owner=lua&repo=lua", "owner=lua&repo=lua", "" }) do
      statuses[i] = select(2, web.get("/issues?" .. query))
    end
    local counters = web.get("/metrics")
    local log = web.log()
    web.stop()
    sandbox.stop()
    assert.same({ 200, 200, 502 }, statuses, log)
    local labels = 'connector="github",action="list_issues"'
    for _, line in ipairs({
      ("bosa_responses_total{%s,status=\"200\"} 2"):format(labels),
      ("bosa_response_seconds_count{%s} 2"):format(labels),
      ("bosa_errors_total{%s,kind=\"params\"} 1"):format(labels),
      "# TYPE bosa_retries_total counter",
    }) do assert.truthy(counters:find(line .. "\n", 1, true), counters) end
    local sum = counters:match(("bosa_response_seconds_sum{%s} (%%S+)"):format(labels))
    assert.is_true(tonumber(sum) > 0, counters)
  end)
end)
