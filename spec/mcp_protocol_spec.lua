--- bosa.mcp in each revision of the protocol; every message that it sends is held against the protocol's schema.
local bosa = require("bosa")
local mcp = require("bosa.mcp")
local protocol = require("spec.support.protocol")
local server = require("spec.support.server")

local LEGACY = { "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25" }
local ALL = { "github", "google_drive", "google_mail", "lab" }

local sandbox, hub

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
end)
teardown(function() sandbox.stop() end)

--- A client of a server with these options; `revision`: a legacy one that has shaken hands.
local function client(options, revision)
  options = options or {}
  options.hub = options.hub or hub
  if not options.search then options.connectors = options.connectors or ALL end
  return protocol.client(function(send)
    options.send = send
    return mcp.new(options)
  end, revision)
end

local function by_name(tools)
  local found = {}
  for _, tool in ipairs(tools) do found[tool.name] = tool end
  return found
end

local function text_of(answer) return answer.result.content[1].text end

--- A hub whose server knows `made` with one action, of this response schema, and answers with this body; `gone` fails.
local function made_hub(response, body, more)
  local options = { api_base_url = "http://127.0.0.1:9", api_key = "k" }
  for name, value in pairs(more or {}) do options[name] = value end
  local actions = bosa.json.encode({ made = { run = {
    method = "POST", path = "/connectors/made/run", docstring = "Does it.", parameters = bosa.object({}),
    response = response,
  } } })
  function options.transport(request)
    if request.url:find("gone", 1, true) then
      return nil, { kind = "connection", message = "no way there", sent = "no" }
    end
    return { status = 200, headers = { ["Content-Type"] = "application/json" },
      body = request.method == "GET" and actions or body }
  end
  return bosa.new(options)
end

describe("a client with a handshake", function()
  it("is given the revision that it asks for, or else the newest such", function()
    for asked, given in pairs({
      ["2024-11-05"] = "2024-11-05", ["2025-03-26"] = "2025-03-26", ["2025-06-18"] = "2025-06-18",
      ["2025-11-25"] = "2025-11-25", ["2026-07-28"] = "2025-11-25", ["2099-01-01"] = "2025-11-25",
      ["2020-01-01"] = "2025-11-25", [""] = "2025-11-25",
    }) do
      local answer = client():ask("initialize", { protocolVersion = asked, capabilities = bosa.object({}) })
      assert.equal(given, answer.result.protocolVersion)
    end
  end)

  for _, revision in ipairs(LEGACY) do
    it("of " .. revision .. " lists and calls tools in that revision's words", function()
      local one = client(nil, revision)
      local list = one:ask("tools/list").result
      local tool = by_name(list.tools).github__list_issues
      assert.is_nil(list.nextCursor)
      assert.is_nil(list.ttlMs)
      assert.is_nil(list.resultType)
      assert.equal(revision >= "2025-06-18", tool.title ~= nil)
      assert.equal(revision >= "2025-03-26", tool.annotations ~= nil)
      assert.equal(revision >= "2025-06-18", by_name(list.tools).google_drive__search_files.outputSchema ~= nil)
      local called = one:ask("tools/call", { name = "google_drive__search_files" }).result
      assert.is_false(called.isError)
      assert.equal(revision >= "2025-06-18", called.structuredContent ~= nil)
      assert.same({}, one:ask("ping").result)
      assert.equal(-32601, one:ask("server/nothing").error.code)
    end)
  end

  it("of a revision with batches may send several messages as one", function()
    local said = {}
    local one = mcp.new({ hub = hub, connectors = { "lab" }, send = function(line)
      said[#said + 1] = bosa.json.decode(line)
    end })
    local function batch(...) one:receive(bosa.json.encode({ ... })) end
    local function request(id, method, params) return { jsonrpc = "2.0", id = id, method = method, params = params } end
    one:receive(bosa.json.encode(request(0, "initialize", { protocolVersion = "2025-03-26" })))
    batch(request(1, "tools/call", { name = "lab__slow", arguments = { delay_ms = 50 } }), request(2, "ping"),
      { jsonrpc = "2.0", method = "notifications/initialized" }, request(3, "nothing"), { id = 4 }, 5,
      request(6, "tools/call", { name = "lab__slow", arguments = { delay_ms = 60000 } }),
      { jsonrpc = "2.0", method = "notifications/cancelled", params = { requestId = 6 } })
    for _, running in pairs(one.running) do require("bosa.task").wait(running.task) end
    assert.equal(2, #said)
    local ids, codes = {}, {}
    for _, answer in ipairs(said[2]) do
      ids[#ids + 1] = tostring(answer.id == bosa.null and "none" or answer.id)
      codes[#codes + 1] = answer.error and answer.error.code
    end
    table.sort(ids)
    table.sort(codes)
    assert.same({ "1", "2", "3", "4", "none" }, ids)
    assert.same({ -32601, -32600, -32600 }, codes)
    batch({ jsonrpc = "2.0", method = "notifications/initialized" })
    assert.equal(2, #said)
    local pings = {}
    for i = 1, 101 do pings[i] = request(i, "ping") end
    batch((table.unpack or unpack)(pings))
    assert.equal("Invalid request: at most 100 messages at once", said[3].error.message)
    batch((table.unpack or unpack)(pings, 2))
    assert.equal(100, #said[4])
  end)

  it("can't do anything before it, and discovers nothing", function()
    local one = client()
    assert.equal(-32600, one:ask("tools/list").error.code)
    assert.equal(-32602, one:ask("server/discover").error.code) -- no modern error: the client falls back
    assert.same({}, one:ask("ping").result)
  end)
end)

describe("a client without a handshake", function()
  local one

  before_each(function() one = client() end)

  it("discovers what the server is", function()
    local result = one:modern("server/discover").result
    assert.equal("complete", result.resultType)
    assert.same({ "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" }, result.supportedVersions)
    assert.truthy(result.capabilities.tools)
    assert.equal("bosa", result._meta["io.modelcontextprotocol/serverInfo"].name)
    assert.equal(3600000, result.ttlMs)
    assert.equal("public", result.cacheScope)
  end)

  it("lists all tools at once, in one order", function()
    local first = one:modern("tools/list").result
    assert.equal("complete", first.resultType)
    assert.is_true(#first.tools > 30)
    assert.is_nil(first.nextCursor)
    local encode = function(value) return bosa.json.encode(value, { sorted = true }) end
    assert.equal(encode(first), encode(client():modern("tools/list").result))
    assert.equal(-32602, one:modern("tools/list", { cursor = "x" }).error.code)
  end)

  it("calls tools, many in one process with clients of the other era", function()
    assert.is_false(one:modern("tools/call", { name = "lab__small" }).result.isError)
    one.revision = "2025-06-18"
    one:ask("initialize", { protocolVersion = "2025-06-18", capabilities = bosa.object({}) })
    assert.is_nil(one:ask("tools/call", { name = "lab__small" }).result.resultType)
    one.revision = "2026-07-28"
    assert.equal("complete", one:modern("tools/call", { name = "lab__small" }).result.resultType)
  end)

  it("has no handshake and no ping", function()
    for _, method in ipairs({ "initialize", "ping", "logging/setLevel", "resources/list" }) do
      assert.equal(-32601, one:modern(method).error.code)
    end
  end)

  it("must speak a revision that is known, and say what it can do", function()
    local version, can = "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities"
    for _, asked in ipairs({ "1900-01-01", "2025-11-25", "2099-01-01" }) do
      local fault = one:ask("tools/list", { _meta = { [version] = asked, [can] = bosa.object({}) } }).error
      assert.equal(-32022, fault.code)
      assert.equal(asked, fault.data.requested)
      assert.equal("2026-07-28", fault.data.supported[1])
    end
    for _, meta in ipairs({
      { [version] = "2026-07-28" }, { [version] = 5, [can] = bosa.object({}) }, { [version] = "2026-07-28", [can] = 1 },
    }) do
      assert.equal(-32602, one:ask("tools/list", { _meta = meta }).error.code)
    end
  end)
end)

describe("a call", function()
  it("of every tool gives structured content that is what its schema says", function()
    local one = client(nil, "2025-11-25")
    local count = 0
    for _, tool in ipairs(one:ask("tools/list").result.tools) do
      local required = tool.inputSchema.required or {}
      local arguments = bosa.object({})
      for _, name in ipairs(required) do arguments[name] = ({ owner = "lua", repo = "lua", issue_number = 1 })[name] end
      local result = one:ask("tools/call", { name = tool.name, arguments = arguments }).result
      if tool.outputSchema and not result.isError then
        assert.is_true(require("bosa.core").schema(tool.outputSchema):check(result.structuredContent))
        assert.same(bosa.json.decode(result.content[1].text), result.structuredContent)
        count = count + 1
      elseif not tool.outputSchema then
        assert.is_nil(result.structuredContent)
      end
    end
    assert.is_true(count >= 3)
  end)

  it("whose result isn't what the schema says gives it as text, and says so in an event", function()
    local events = {}
    local made = made_hub({ type = "object", properties = { id = { type = "integer" } } }, '{"data":{"id":"seven"}}', {
      on_event = function(event) events[#events + 1] = event end,
    })
    local one = client({ hub = made, connectors = { "made" } })
    one:modern("tools/list")
    local result = one:modern("tools/call", { name = "made__run" }).result
    assert.is_false(result.isError)
    assert.truthy(result.content[1].text:find('"seven"', 1, true))
    assert.is_nil(result.structuredContent.data) -- a client wants some, but nothing of this
    local last = events[#events]
    assert.same({ "warning", "protocol", "made", "run" }, { last.type, last.kind, last.connector, last.action })
    assert.truthy(last.message:find("data.id", 1, true))
    made:close()
  end)

  it("passes on the trace that it is part of, and nothing that is none", function()
    local one = client()
    local trace = { traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate = "a=b",
      baggage = "user=me" }
    local text = text_of(one:modern("tools/call", { name = "lab__echo", _meta = trace }))
    for name, value in pairs(trace) do assert.truthy(text:find(value, 1, true), name) end
    text = text_of(one:modern("tools/call", { name = "lab__echo", _meta = {
      traceparent = "x\r\nX-Evil: 1", tracestate = ("x"):rep(600), baggage = 5,
    } }))
    assert.is_nil(text:lower():find("traceparent", 1, true))
    assert.is_nil(text:lower():find("evil", 1, true))
    assert.is_nil(text:lower():find("tracestate", 1, true))
  end)

  it("acts as the account that its connector was given", function()
    for _, option in ipairs({ "account", "identifier" }) do
      local one = client({ accounts = { lab = "me@example.com" }, [option] = "everyone" })
      assert.truthy(text_of(one:modern("tools/call", { name = "lab__echo" })):find("me@example.com", 1, true))
      one = client({ accounts = { github = "me@example.com" }, [option] = "everyone" })
      assert.truthy(text_of(one:modern("tools/call", { name = "lab__echo" })):find("everyone", 1, true))
    end
  end)

  it("hears how far it is, and can be cancelled", function()
    for _, revision in ipairs({ "2024-11-05", "2025-03-26", "2025-11-25" }) do
      local one = client(nil, revision)
      one:ask("tools/call", { name = "lab__list_bytes", arguments = { bytes = 300000 }, _meta = { progressToken = 7 } })
      assert.is_true(#one.notes > 0)
      assert.equal(revision > "2024-11-05", one.notes[1].params.message ~= nil)
      assert.equal(7, one.notes[1].params.progressToken)
    end
    local one = client()
    local params = { name = "lab__slow", arguments = { delay_ms = 60000 } }
    params._meta = protocol.meta()
    local id = one:send("tools/call", params)
    assert.is_true(one.server:busy())
    one.server:receive(bosa.json.encode({
      jsonrpc = "2.0", method = "notifications/cancelled", params = { requestId = id, reason = "enough" },
    }))
    assert.is_false(one.server:busy())
    assert.is_nil(one.answers[id])
  end)
end)

describe("a connector that can't be loaded", function()
  local made, one

  before_each(function()
    made = made_hub({ type = "any" }, '{"data":1}')
    one = client({ hub = made, connectors = { "gone", "made" } })
  end)
  after_each(function() made:close() end)

  it("is an error of its tools; the others work", function()
    local list = one:modern("tools/list").result
    assert.equal(1, #list.tools)
    assert.is_true(list.ttlMs <= 5000)
    assert.is_false(one:modern("tools/call", { name = "made__run" }).result.isError)
    local failed = one:modern("tools/call", { name = "gone__run" }).result
    assert.is_true(failed.isError)
    assert.truthy(failed.content[1].text:find("no way there", 1, true))
    assert.equal(-32602, one:modern("tools/call", { name = "made__nothing" }).error.code)
    assert.equal(-32602, one:modern("tools/call", { name = "other__run" }).error.code)
  end)

  it("is an error of the list where there is no other", function()
    one = client({ hub = made, connectors = { "gone" } })
    local fault = one:modern("tools/list").error
    assert.equal(-32603, fault.code)
    assert.truthy(fault.message:find("no way there", 1, true))
  end)
end)

describe("three tools in place of one for each action", function()
  it("are under 2 kB however many connectors there are", function()
    for _, options in ipairs({ { search = true }, { search = true, connectors = ALL } }) do
      local list = client(options):modern("tools/list").result.tools
      assert.equal(3, #list)
      assert.is_true(#bosa.json.encode(list) < 2000)
    end
  end)

  it("find, describe and call", function()
    for _, connectors in ipairs({ false, ALL }) do
      local one = client({ search = true, connectors = connectors or nil })
      local function call(name, arguments)
        local result = one:modern("tools/call", { name = name, arguments = arguments }).result
        return bosa.json.decode(result.content[1].text) or result.content[1].text, result.isError
      end
      local found = call("search_actions", { query = "open isues of a repo" }).actions
      assert.truthy(found[1].name:find("issue", 1, true))
      assert.is_true(#found <= 10)
      assert.matches("other words", call("search_actions", { query = "zzzz" }).note)
      local about = call("describe_action", { name = "github__list_issues" })
      assert.same({ "owner", "repo" }, about.arguments.required)
      local called, is_error = call("call_action", {
        name = "github__list_issues", arguments = { owner = "lua", repo = "lua", limit = 2 },
      })
      assert.is_false(is_error)
      assert.equal(2, #called.data)
      for _, wrong in ipairs({
        { "describe_action", {} }, { "call_action", {} }, { "search_actions", {} }, { "call_action", { name = "x" } },
        { "describe_action", { name = "github__nothing" } }, { "call_action", { name = "nothing__here" } },
        { "call_action", { name = "github__list_issues", arguments = { owner = 1 } } },
      }) do
        local _, failed = call(wrong[1], wrong[2])
        assert.is_true(failed)
      end
      assert.equal(-32602, one:modern("tools/call", { name = "github__list_issues" }).error.code)
    end
  end)

  it("know actions by the names that `change` gives them, and not those that it leaves out", function()
    local function change(tool)
      if tool.action == "get_issue" then return nil end
      tool.name, tool.description = "my_" .. tool.name:gsub("__", "_"), tool.description .. " Of mine."
      tool.rename.owner = "whose"
      return tool
    end
    for _, connectors in ipairs({ false, ALL }) do
      local one = client({ search = true, connectors = connectors or nil, change = change })
      local function call(name, arguments)
        local result = one:modern("tools/call", { name = name, arguments = arguments }).result
        return bosa.json.decode(result.content[1].text) or result.content[1].text, result.isError
      end
      local name = "my_github_list_issues"
      assert.same({ "whose", "repo" }, call("describe_action", { name = name }).arguments.required)
      local called, is_error = call("call_action", { name = name, arguments = { whose = "lua", repo = "lua" } })
      assert.is_false(is_error, called)
      local names = {}
      for _, found in ipairs(call("search_actions", { query = "get issue", connector = "github" }).actions) do
        names[found.name] = found.description
      end
      assert.truthy(names[name]:find("Of mine.", 1, true))
      assert.is_nil(names.github__get_issue or names.my_github_get_issue or names.github__list_issues)
      for _, gone in ipairs({ "github__list_issues", "my_github_get_issue", "github__get_issue" }) do
        assert.is_true(select(2, call("call_action", { name = gone })))
      end
    end
  end)

  it("reach no further than the server's options", function()
    local one = client({ search = true, connectors = { "github" }, read_only = true })
    local function call(name, arguments)
      return one:modern("tools/call", { name = name, arguments = arguments }).result
    end
    assert.is_nil(call("search_actions", { query = "create issue" }).content[1].text:find("create_issue", 1, true))
    assert.is_nil(call("search_actions", { query = "small", connector = "lab" }).content[1].text:find("lab__", 1, true))
    assert.is_true(call("call_action", { name = "github__create_issue" }).isError)
    assert.is_true(call("call_action", { name = "lab__small" }).isError)
    assert.is_true(one:modern("tools/list").result.tools[3].annotations.readOnlyHint)
  end)
end)

describe("a request that is nested too deep", function()
  it("is answered with its id, where that is at the top", function()
    local deep, said = ("["):rep(2000) .. ("]"):rep(2000), nil
    local one = mcp.new({ hub = hub, connectors = { "lab" }, send = function(text) said = bosa.json.decode(text) end })
    for line, id in pairs({
      ['{"id":7,"params":' .. deep .. "}"] = 7, ['{"params":{"id":1,"x":' .. deep .. '}, "id" : "a\\"b"}'] = 'a"b',
      ['{"params":{"id":1,"x":' .. deep .. "}}"] = bosa.null, ['{"id":[7],"x":' .. deep .. "}"] = bosa.null,
      ['{"id":7,"params":' .. deep] = bosa.null, ["[" .. deep .. ',{"id":7}]'] = bosa.null,
    }) do
      one:receive(line)
      assert.equal(-32700, said.error.code)
      assert.equal(id, said.id, line:sub(1, 40))
    end
  end)
end)
