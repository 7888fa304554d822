--- Streamable HTTP in nginx; every message that comes is held against the protocol's schema of its revision.
local bosa = require("bosa")
local command = require("spec.support.command")
local nginx = require("spec.support.nginx")
local protocol = require("spec.support.protocol")
local server = require("spec.support.server")
local shared_by_all = [[
  lua_shared_dict bosa 10m;
  init_by_lua_block {
    bosa = require("bosa")
    hub = bosa.new({ api_base_url = os.getenv("API"), api_key = os.getenv("KEY"), token = os.getenv("TOKEN"),
      cache = ngx.shared.bosa })
  }
]]
local locations = [[
  client_max_body_size 8m;
  location = /ended { content_by_lua_block { ngx.print(ngx.shared.bosa:get("ended") or 0) } }
  log_by_lua_block { if ngx.status == 499 then ngx.shared.bosa:incr("ended", 1, 0) end }
  location = /mcp { content_by_lua_block {
    require("bosa.mcp.http").handle({ hub = hub, connectors = { "github", "google_drive", "google_mail", "lab" },
      allowed_origins = { "https://app.example.com", "http://localhost:*" }, max_body = 100000,
      callback_uri = "https://app.example.com/done" })
  } }
  location = /shared_token { content_by_lua_block {
    require("bosa.mcp.http").handle({ hub = hub, connectors = { "lab" }, token = os.getenv("TOKEN") })
  } }
  location = /every { content_by_lua_block {
    require("bosa.mcp.http").handle({ hub = hub, connectors = { "github", "google_drive", "google_mail", "lab" },
      token = os.getenv("TOKEN") })
  } }
  location = /search { content_by_lua_block {
    require("bosa.mcp.http").handle({ hub = hub, search = true, resource_metadata = "https://a.example/meta" })
  } }
  location = /lost { client_body_in_file_only on;
    access_by_lua_block { ngx.req.read_body() os.remove(ngx.req.get_body_file()) }
    content_by_lua_block { require("bosa.mcp.http").handle({ hub = hub, connectors = { "lab" } }) } }
  location = /short { content_by_lua_block {
    require("bosa.mcp.http").handle({ hub = hub, connectors = { "lab" }, max_time = 0.05 })
  } }
]]

local sandbox, web

setup(function()
  sandbox = server.start()
  web = nginx.start({
    http = shared_by_all, server = locations, workers = 2,
    env = { API = sandbox.url, KEY = sandbox.key, TOKEN = sandbox.token },
  })
end)
teardown(function()
  web.stop()
  sandbox.stop()
end)

--- A POST: status, body, headers. A header of false is left out.
local function post(path, body, headers, method)
  local http, ltn12, text = require("socket.http"), require("ltn12"), {}
  local sent = {
    ["Content-Type"] = "application/json", Accept = "application/json, text/event-stream",
    Authorization = "Bearer " .. sandbox.token, ["Content-Length"] = #body,
  }
  for name, value in pairs(headers or {}) do sent[name] = value or nil end
  local _, status, answered = http.request({
    url = web.url .. path, method = method or "POST", headers = sent, source = ltn12.source.string(body),
    sink = ltn12.sink.table(text),
  })
  return status, table.concat(text), answered
end

--- How many requests ended as their clients went.
local function ended() return tonumber((web.get("/ended"))) end

local function encode(value) return assert(bosa.json.encode(value)) end

--- The messages of an answer, each checked.
local function messages_of(body, headers, revision, method)
  local list = {}
  if headers["content-type"] == "text/event-stream" then
    for data in body:gmatch("event: message\ndata: ([^\n]*)\n\n") do
      list[#list + 1] = assert(bosa.json.decode(data))
    end
  else
    list[1] = assert(bosa.json.decode(body))
  end
  for _, message in ipairs(list) do
    if method == "initialize" or method == "ping" then revision = "2025-11-25" end
    protocol.check(message, revision, method)
  end
  return list
end

--- A modern request: the last message of its answer, the status, all messages, the headers.
local function modern(method, params, headers, path)
  params = params or {}
  params._meta = protocol.meta(params._meta, params.can)
  params.can = nil
  local sent = { ["MCP-Protocol-Version"] = "2026-07-28", ["Mcp-Method"] = method }
  if method == "tools/call" then sent["Mcp-Name"] = params.name end
  for name, value in pairs(headers or {}) do sent[name] = value end
  local status, body, answered = post(path or "/mcp", encode({
    jsonrpc = "2.0", id = 1, method = method, params = params,
  }), sent)
  local list = messages_of(body, answered, "2026-07-28", method)
  return list[#list], status, list, answered
end

local function legacy(revision, method, params, headers)
  local sent = { ["MCP-Protocol-Version"] = method ~= "initialize" and revision or nil }
  for name, value in pairs(headers or {}) do sent[name] = value end
  local status, body, answered = post("/mcp", encode({
    jsonrpc = "2.0", id = "a", method = method, params = params,
  }), sent)
  local list = messages_of(body, answered, revision or "2025-03-26", method)
  return list[#list], status, list, answered
end

describe("a client without a handshake", function()
  it("discovers, lists and calls", function()
    local answer, status, _, headers = modern("server/discover")
    assert.equal(200, status)
    assert.equal("application/json", headers["content-type"])
    assert.equal("2026-07-28", answer.result.supportedVersions[1])
    assert.is_nil(headers["mcp-session-id"])
    local tools = modern("tools/list").result.tools
    assert.is_true(#tools > 30)
    for _ = 1, 5 do assert.same(tools, modern("tools/list").result.tools) end -- by any worker
    local called = modern("tools/call", { name = "github__list_issues", arguments = { owner = "lua", repo = "lua" } })
    assert.is_false(called.result.isError)
    assert.is_true(modern("tools/call", { name = "github__list_issues" }).result.isError)
    local encoded = { ["Mcp-Name"] = "=?base64?bGFiX19zbWFsbA==?=" }
    assert.equal(200, (select(2, modern("tools/call", { name = "lab__small" }, encoded))))
  end)

  it("must say in the header what the body says", function()
    for _, headers in ipairs({
      { ["MCP-Protocol-Version"] = "2025-11-25" }, { ["MCP-Protocol-Version"] = false }, { ["Mcp-Method"] = "ping" },
      { ["Mcp-Method"] = false }, { ["Mcp-Name"] = "lab__other" }, { ["Mcp-Name"] = false },
      { ["Mcp-Name"] = "=?base64?!?=" },
    }) do
      local answer, status = modern("tools/call", { name = "lab__small" }, headers)
      assert.same({ 400, -32020 }, { status, answer.error.code })
    end
    for _, params in ipairs({ "", ',"params":{}', ',"params":{"_meta":{}}' }) do
      local status, body = post("/mcp", '{"jsonrpc":"2.0","id":1,"method":"tools/list"' .. params .. "}",
        { ["MCP-Protocol-Version"] = "2026-07-28", ["Mcp-Method"] = "tools/list" })
      assert.equal(400, status)
      assert.equal(-32602, bosa.json.decode(body).error.code)
    end
  end)

  it("must speak a revision that is known, and a method of it", function()
    local newer = "2099-01-01"
    local answer, status = modern("tools/list", { _meta = { ["io.modelcontextprotocol/protocolVersion"] = newer } },
      { ["MCP-Protocol-Version"] = newer })
    assert.same({ 400, -32022 }, { status, answer.error.code })
    answer, status = modern("nothing/there")
    assert.same({ 404, -32601 }, { status, answer.error.code })
    answer, status = modern("tools/list", { _meta = { ["io.modelcontextprotocol/clientCapabilities"] = 5 } })
    assert.same({ 400, -32602 }, { status, answer.error.code })
  end)

  it("hears how far a call is as events, and the answer after them", function()
    local answer, status, list, headers = modern("tools/call", {
      name = "lab__list_bytes", arguments = { bytes = 300000 }, _meta = { progressToken = 7 },
    })
    assert.equal(200, status)
    assert.equal("text/event-stream", headers["content-type"])
    assert.equal("no", headers["x-accel-buffering"])
    assert.is_true(#list > 1)
    assert.equal("notifications/progress", list[1].method)
    assert.is_false(answer.result.isError)
    local _
    _, _, list, headers = modern("tools/call", {
      name = "lab__list_bytes", arguments = { bytes = 300000 }, _meta = { progressToken = 7 },
    }, { Accept = "application/json" })
    assert.equal("application/json", headers["content-type"])
    assert.equal(1, #list)
  end)

  it("acts by its own token, and by no other", function()
    local answer, status, _, headers = modern("tools/call", { name = "lab__small" }, { Authorization = false })
    assert.same({ 401, "Bearer" }, { status, headers["www-authenticate"] })
    assert.truthy(answer.error)
    _, status = modern("tools/list", nil, { Authorization = false })
    assert.equal(200, status)
    for _, wrong in ipairs({ "Basic abc", "Bearer", "Bearer a b", "Bearer \1" }) do
      local refused = select(2, modern("tools/list", nil, { Authorization = wrong }))
      assert.is_true(refused == 401 or refused == 400, wrong)
    end
    answer = modern("tools/call", { name = "lab__small" }, { Authorization = "Bearer nobody" })
    assert.is_true(answer.result.isError)
    assert.is_nil(encode(answer):find(sandbox.key, 1, true))
    assert.is_nil(encode(answer):find("nobody", 1, true))
    answer = modern("tools/call", { name = "lab__small" }, { Authorization = false }, "/shared_token")
    assert.is_false(answer.result.isError)
    _, _, _, headers = modern("tools/call", { name = "search_actions", arguments = { query = "x" } },
      { Authorization = false }, "/search")
    assert.equal('Bearer resource_metadata="https://a.example/meta"', headers["www-authenticate"])
  end)

  it("finds, describes and calls by three tools", function()
    local words = { query = "list issues" }
    local found = modern("tools/call", { name = "search_actions", arguments = words }, nil, "/search")
    assert.truthy(found.result.content[1].text:find("github__list_issues", 1, true))
    local called = modern("tools/call", { name = "call_action", arguments = { name = "lab__small" } }, nil, "/search")
    assert.is_false(called.result.isError)
  end)

  it("that closes the stream cancels the call", function()
    local before = ended()
    local body = encode({ jsonrpc = "2.0", id = 1, method = "tools/call", params = {
      name = "lab__slow", arguments = { delay_ms = 60000 }, _meta = protocol.meta(),
    } })
    local socket = require("socket")
    local one = assert(socket.connect("127.0.0.1", web.port))
    one:send(("POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/json, "
      .. "text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: lab__slow\r\n"
      .. "Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"):format(sandbox.token, #body, body))
    repeat until sandbox.stats().executions.slow == 1
    one:close()
    repeat until ended() == before + 1
    assert.is_false(modern("tools/call", { name = "lab__small" }).result.isError)
  end)

  it("isn't served longer than the server wants", function()
    local answer, status = modern("tools/call", { name = "lab__slow", arguments = { delay_ms = 60000 } }, nil, "/short")
    assert.equal(504, status)
    assert.equal(-32603, answer.error.code)
  end)
end)

describe("a client with a handshake", function()
  for _, revision in ipairs({ "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25" }) do
    it("of " .. revision .. " is served without a session", function()
      local answer, status, _, headers = legacy(revision, "initialize", {
        protocolVersion = revision, capabilities = bosa.object({}), clientInfo = { name = "spec", version = "1" },
      })
      assert.same({ 200, revision }, { status, answer.result.protocolVersion })
      assert.is_nil(headers["mcp-session-id"])
      local noted, body = post("/mcp", '{"jsonrpc":"2.0","method":"notifications/initialized"}',
        { ["MCP-Protocol-Version"] = revision })
      assert.same({ 202, "" }, { noted, body })
      assert.is_true(#legacy(revision, "tools/list").result.tools > 30)
      assert.is_false(legacy(revision, "tools/call", { name = "lab__small" }).result.isError)
      assert.same({}, legacy(revision, "ping").result)
      assert.equal(-32601, legacy(revision, "nothing").error.code)
      local _, _, list = legacy(revision, "tools/call", {
        name = "lab__list_bytes", arguments = { bytes = 300000 }, _meta = { progressToken = "p" },
      })
      assert.is_true(#list > 1)
    end)
  end

  it("that doesn't say its revision speaks 2025-03-26, and may send several messages as one", function()
    local tool = legacy(nil, "tools/list").result.tools[1]
    assert.is_nil(tool.title)
    assert.truthy(tool.annotations)
    local status, body = post("/mcp", '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"x"},'
      .. '{"jsonrpc":"2.0","method":"notifications/initialized"},{"id":3}]')
    assert.equal(200, status)
    local answers = bosa.json.decode(body)
    assert.same({ 1, 2, 3 }, { answers[1].id, answers[2].id, answers[3].id == bosa.null and 3 or answers[3].id })
    local ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
    assert.equal(400, (post("/mcp", "[" .. ping .. "]", { ["MCP-Protocol-Version"] = "2025-11-25" })))
    status, body = post("/mcp", "[" .. (ping .. ","):rep(100) .. ping .. "]")
    assert.same({ 400, "Invalid request: at most 100 messages at once" },
      { status, bosa.json.decode(body).error.message })
  end)

  it("of a revision that isn't known is refused", function()
    local answer, status = legacy("1999-01-01", "tools/list")
    assert.same({ 400, -32022 }, { status, answer.error.code })
  end)
end)

describe("a request that is none", function()
  local ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'

  it("is refused by its header", function()
    for status, headers in pairs({
      [403] = { Origin = "https://evil.example.com" }, [415] = { ["Content-Type"] = "text/plain" },
      [406] = { Accept = "text/html" }, [401] = { Authorization = "Basic x" },
    }) do
      assert.equal(status, (post("/mcp", ping, headers)))
    end
    for _, origin in ipairs({
      "null", "http://localhost:80.evil.com", "http://localhost", "https://app.example.com.x",
    }) do
      assert.equal(403, (post("/mcp", ping, { Origin = origin })))
    end
    assert.equal(403, (post("/search", ping, { Origin = "https://app.example.com" })))
    for _, origin in ipairs({ "https://app.example.com", "http://localhost:8080" }) do
      local status, _, headers = post("/mcp", ping, { Origin = origin })
      assert.same({ 200, origin }, { status, headers["access-control-allow-origin"] })
    end
    assert.equal(204, (post("/mcp", "", { Origin = "http://localhost:1", Authorization = false }, "OPTIONS")))
    for _, method in ipairs({ "GET", "DELETE", "PUT", "OPTIONS" }) do
      local status, _, headers = post("/mcp", "", nil, method)
      assert.same({ 405, "POST" }, { status, headers.allow })
    end
  end)

  it("is refused by its body", function()
    for body, code in pairs({
      ["{"] = -32700, [""] = -32700, ["5"] = -32600, ['{"id":1}'] = -32600, ["[]"] = -32600,
      ['{"jsonrpc":"2.0","id":{},"method":"ping"}'] = -32600,
      ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}'] = -32600, [("["):rep(5000)] = -32700,
    }) do
      local status, answered = post("/mcp", body)
      assert.same({ 400, code, body }, { status, bosa.json.decode(answered).error.code, body })
    end
    assert.equal(413, (post("/mcp", '{"x":"' .. ("x"):rep(100000) .. '"}')))
    assert.equal(413, (post("/mcp", '{"x":"' .. ("x"):rep(9000000) .. '"}')))
  end)
end)

describe("a body that nginx has put into a file", function()
  it("is read, and an error where it can't be", function()
    local message = encode({ jsonrpc = "2.0", id = 1, method = "ping", params = { x = ("x"):rep(50000) } })
    local status, answered = post("/mcp", message)
    assert.same({ 200, 1 }, { status, bosa.json.decode(answered).id })
    status, answered = post("/lost", message)
    assert.same({ 500, -32603 }, { status, bosa.json.decode(answered).error.code })
    assert.matches("the request's body can't be read: [^\n]*No such file", web.log())
  end)
end)

--- What a client of an official SDK reports; nil, why: it can't be had.
local function report_of(version, place, client)
  local said = os.tmpname()
  place = command.quote(os.getenv("BOSA_BUILD") .. place)
  local made = os.execute(("tools/venv.sh %s %s mcp 2>%s"):format(place, version, said))
  local why = command.read_file(said)
  os.remove(said)
  if made ~= true and made ~= 0 then return nil, why end
  return assert(bosa.json.decode(command.output_of(("env -u LD_PRELOAD PYTHONDONTWRITEBYTECODE=1 %s/bin/python "
    .. "spec/mcp/%s %s/every"):format(place, client, web.url))))
end

it("serves the protocol's own client", function()
  local report, why = report_of("mcp-1", "/mcp-client", "client.py")
  if not report then return pending("the MCP SDK can't be had: " .. why) end
  assert.same({ "2025-11-25", "bosa", 1 }, { report.version, report.server, report.pages })
  local count = 0
  for name, call in pairs(report.calls) do
    assert.is_false(call.is_error, name .. ": " .. call.text)
    count = count + 1
  end
  assert.is_true(count > 25)
  assert.equal(10, #report.at_once)
  assert.is_true(report.progress[#report.progress][1] >= 20000000)
  assert.same({ "small" }, report.after_cancelling)
  assert.same({ code = -32602, message = "Unknown tool: gitlab__list_issues" }, report.unknown)
end)

describe("the protocol's second own client", function()
  local report, why

  setup(function() report, why = report_of("mcp-2", "/mcp-client-2", "client2.py") end)

  for mode, version in pairs({ auto = "2026-07-28", legacy = "2025-11-25", ["2026-07-28"] = "2026-07-28" }) do
    it("lists, calls, hears of progress and cancels, mode " .. mode, function()
      if not report then return pending("the MCP SDK can't be had: " .. why) end
      local seen = report[mode]
      assert.equal(version, seen.version)
      assert.is_true(#seen.tools > 25)
      assert.same({}, seen.failed)
      assert.is_true(seen.progress[#seen.progress] >= 1900000)
      assert.is_true(seen.cancelled)
      assert.equal(-32602, seen.unknown)
    end)
  end
end)

describe("the example", function()
  it("serves over TLS", function()
    local certificates = require("spec.support.certificates")
    local f = assert(io.open("examples/openresty/mcp.conf"))
    local text = f:read("*a")
    f:close()
    local example = nginx.start({
      env = { BOSA_API_BASE_URL = sandbox.url, BOSA_API_KEY = sandbox.key },
      config = function(of)
        certificates.make(of.dir, "server", "127.0.0.1")
        local conf = text:gsub("listen 8443", "listen 127.0.0.1:" .. of.port)
        return (of.modules .. "\n" .. conf:gsub("http {", "http {\n  " .. of.paths, 1))
      end,
    })
    local body = encode({ jsonrpc = "2.0", id = 1, method = "tools/call", params = {
      name = "github__list_issues", arguments = { owner = "lua", repo = "lua" }, _meta = protocol.meta(),
    } })
    local curl = io.popen(("env -u LD_PRELOAD curl -s --cacert %s/server.crt https://127.0.0.1:%d/mcp -H 'Accept: */*' "
      .. "-H 'Content-Type: application/json' -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/call' "
      .. "-H 'Mcp-Name: github__list_issues' -H 'Authorization: Bearer %s' -d '%s'"):format(example.dir, example.port,
      sandbox.token, body))
    local answer = bosa.json.decode(curl:read("*a"))
    curl:close()
    local log = example.log()
    example.stop()
    assert.is_table(answer, log)
    protocol.check(answer, "2026-07-28", "tools/call")
    assert.is_false(answer.result.isError)
  end)
end)

it("nothing went wrong that nobody thought of", function()
  for line in web.log():gmatch("[^\n]*%[error%][^\n]*") do
    local tried = line:find("too large body", 1, true) -- nginx's own limit
      or line:find("the request's body can't be read", 1, true)
    assert.truthy(tried, line)
  end
end)
