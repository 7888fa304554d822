local bosa = require("bosa")
local mcp = require("bosa.mcp")
local command = require("spec.support.command")

local SDK, SDK_2 = "mcp-1", "mcp-2"

local sandbox, bin

setup(function() bin, sandbox = command.start() end)
teardown(function() bin:close() end)

local decode = bosa.json.decode

local function line(message)
  message.jsonrpc = message.jsonrpc or "2.0"
  return assert(bosa.json.encode(message))
end

local function request(id, method, params) return line({ id = id, method = method, params = params }) end

local function initialize(version)
  return request("hello", "initialize", {
    protocolVersion = version or "2025-06-18", capabilities = bosa.object({}),
    clientInfo = { name = "spec", version = "1" },
  })
end

local function tool_call(id, name, arguments, meta)
  return request(id, "tools/call", { name = name, arguments = arguments, _meta = meta })
end

--- Runs `bosa mcp` with these lines as its input: its answers by id (`list`: in order), what it said, its exit code.
local function session(words, lines, options)
  table.insert(words, 1, "mcp")
  options = options or {}
  options.stdin = table.concat(lines, "\n") .. (options.unfinished and "" or "\n")
  local out, err, code = bin:run(words, options)
  local answers = { list = {} }
  for text in out:gmatch("([^\n]*)\n") do
    local message = assert(decode(text))
    assert.equal("2.0", message.jsonrpc)
    table.insert(answers.list, message)
    if message.id ~= nil and message.id ~= bosa.null then answers[message.id] = message end
  end
  return answers, err, code
end

--- A server in this process whose hub knows the connector `made` with so many actions. Its transport fails while
-- `world.down`.
local function made(count, options)
  local actions, world, said = bosa.object({}), {}, {}
  for i = 1, count do
    actions[("do_%03d"):format(i)] = {
      method = "POST", path = "/connectors/made/run", docstring = "Does it.", parameters = bosa.object({}),
      response = bosa.object({}),
    }
  end
  local hub = bosa.new({ api_base_url = "http://127.0.0.1:9", api_key = "k", transport = function(sent)
    if world.down then return nil, { kind = "connection", message = "no way there", sent = "no" } end
    local body = sent.method == "GET" and { made = actions } or { data = { done = true } }
    return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = bosa.json.encode(body) }
  end })
  options = options or {}
  options.hub, options.connectors = hub, { "made" }
  options.send = function(text) said[#said + 1] = assert(decode(text)) end
  local made_server = mcp.new(options)
  local function ask(text)
    made_server:receive(text)
    return table.remove(said)
  end
  return ask, world, made_server, said
end

--- What a client of the official SDK reports of `bosa mcp`; nil: the SDK can't be had.
local function report_of(sdk, place, client)
  place = os.getenv("BOSA_BUILD") .. place
  local made_it = os.execute(("tools/venv.sh %s '%s' mcp 2>%s/venv"):format(command.quote(place), sdk, bin.dir))
  if made_it ~= true and made_it ~= 0 then return nil end
  os.execute(("mkdir -p %s/files && echo given >%s/files/given.txt"):format(bin.dir, bin.dir))
  local words = { "mcp", "lab", "github", "google_drive", "google_mail", "--files", bin.dir .. "/files" }
  local env = {} -- the SDK starts a server with hardly any environment
  for _, name in ipairs({ "LUA_PATH", "LUA_CPATH", "LD_PRELOAD", "ASAN_OPTIONS" }) do
    env[name] = os.getenv(name)
  end
  local python = ("env -u LD_PRELOAD PYTHONDONTWRITEBYTECODE=1 %s/bin/python"):format(command.quote(place))
  return assert(decode(command.output_of(("%s spec/mcp/%s %s"):format(python, client, bin:line(words, env)))))
end

describe("bosa mcp, with the protocol's own client", function()
  local report

  setup(function() report = report_of(SDK, "/mcp-client", "client.py") end)

  local function it_is_seen(what, fn)
    it(what, function()
      if not report then return pending("the MCP SDK can't be had: " .. command.read_file(bin.dir .. "/venv")) end
      fn()
    end)
  end

  it_is_seen("agrees on the version", function()
    assert.equal("2025-11-25", report.version)
    assert.equal("bosa", report.server)
  end)

  it_is_seen("lists every action of every connector", function()
    local count = 0
    local hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    for _, connector in ipairs({ "lab", "github", "google_drive", "google_mail" }) do
      for _, action in ipairs(assert(hub:connect(connector):get_actions())) do
        local name = require("bosa.tools.names").encode(connector, action.name)
        assert.truthy(report.tools[name], name)
        count = count + 1
      end
    end
    hub:close()
    for _ in pairs(report.tools) do count = count - 1 end
    assert.equal(0, count)
  end)

  it_is_seen("calls every one", function()
    local failed, count = {}, 0
    for name, call in pairs(report.calls) do
      if call.is_error then failed[#failed + 1] = name .. ": " .. call.text end
      count = count + 1
    end
    assert.same({}, failed)
    assert.truthy(count > 25)
    assert.equal(42, decode(report.calls.lab__small.text).data.size + 2)
    assert.truthy(report.calls.google_mail__get_attachment.text:find(bin.dir .. "/files/", 1, true))
    assert.truthy(command.read_file(bin.dir .. "/files/visitors.csv"):find("\n"))
  end)

  it_is_seen("has many calls under way at once", function()
    assert.equal(10, #report.at_once)
    for _, text in ipairs(report.at_once) do assert.equal(300, decode(text).data.delay_ms) end
    assert.equal(10, sandbox.stats().in_flight_max)
  end)

  it_is_seen("tells how far it is", function()
    local last = 0
    for _, told in ipairs(report.progress) do
      assert.truthy(told[1] > last)
      last = told[1]
    end
    assert.truthy(last >= 20000000)
    assert.equal("bytes received", report.progress[#report.progress][3])
  end)

  it_is_seen("doesn't answer what was cancelled", function() assert.same({ "small" }, report.after_cancelling) end)

  it_is_seen("says what is wrong with a call", function()
    assert.same({ code = -32602, message = "Unknown tool: gitlab__list_issues" }, report.unknown)
    assert.truthy(report.faulty:find("nothing was done", 1, true))
    assert.truthy(report.faulty:find("`delay_ms`", 1, true))
  end)
end)

describe("bosa mcp, with the protocol's second own client", function()
  local report

  setup(function() report = report_of(SDK_2, "/mcp-client-2", "client2.py") end)

  for mode, version in pairs({ auto = "2026-07-28", legacy = "2025-11-25", ["2026-07-28"] = "2026-07-28" }) do
    it("lists, calls, hears of progress and cancels, mode " .. mode, function()
      if not report then return pending("the MCP SDK can't be had: " .. command.read_file(bin.dir .. "/venv")) end
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

describe("bosa mcp, through a pipe,", function()
  it("answers initialize with the version asked for, or the newest that begins so", function()
    for asked, given in pairs({
      ["2025-06-18"] = "2025-06-18", ["2024-11-05"] = "2024-11-05", ["2099-01-01"] = "2025-11-25",
    }) do
      local answers, err, code = session({ "lab" }, { initialize(asked) })
      local result = answers.hello.result
      assert.equal(given, result.protocolVersion)
      assert.equal("bosa", result.serverInfo.name)
      assert.equal(bosa.version, result.serverInfo.version)
      assert.truthy(result.capabilities.tools)
      assert.equal("", err)
      assert.equal(0, code)
    end
    local answers = session({ "lab" }, { request(1, "initialize", { protocolVersion = 1 }) })
    assert.equal(-32602, answers[1].error.code)
  end)

  it("wants initialize first, but answers a ping", function()
    local answers = session({ "lab" }, { request(1, "tools/list"), request(2, "ping"), initialize() })
    assert.equal(-32600, answers[1].error.code)
    assert.same({}, answers[2].result)
    assert.truthy(answers.hello.result)
  end)

  it("finishes what is under way when its input ends, also behind a last line without a newline", function()
    local answers, err, code = session({ "lab" }, {
      initialize(), tool_call(1, "lab__slow", { delay_ms = 200 }), tool_call("1", "lab__small"),
    }, { unfinished = true })
    assert.equal(200, decode(answers[1].result.content[1].text).data.delay_ms)
    assert.truthy(answers["1"].result)
    assert.is_false(answers[1].result.isError)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("reads from a file and writes to one", function()
    command.write_file(bin.dir .. "/requests", initialize() .. "\r\n\r\n" .. request(1, "ping") .. "\r\n")
    os.execute(("cd %s && %s <%s/requests >%s/answers"):format(command.quote(command.top), bin:line({ "mcp", "lab" }),
      bin.dir, bin.dir))
    local _, count = command.read_file(bin.dir .. "/answers"):gsub("\n", "")
    assert.equal(2, count)
  end)

  it("tells each thing that is wrong with a message, and goes on", function()
    local answers = session({ "lab" }, {
      initialize(),
      "nonsense",
      "[" .. request(1, "ping") .. "]",
      '"text"',
      line({ id = 2, method = "ping", jsonrpc = "1.0" }),
      line({ id = 3 }),
      line({ id = 4, method = 5 }),
      line({ id = 5, method = "ping", params = bosa.array({ 1 }) }),
      line({ id = bosa.null, method = "ping" }),
      line({ id = bosa.object({}), method = "ping" }),
      request(6, "resources/list"),
      line({ method = "notifications/nobody/knows" }),
      line({ id = 99, result = bosa.object({}) }),
      tool_call(7, nil, {}),
      tool_call(8, "lab__small", bosa.array({ 1 })),
      tool_call(9, "lab__nope", {}),
      tool_call(10, "github__list_issues", { owner = "lua", repo = "lua" }),
      request(11, "ping"),
    })
    local seen = {}
    for i = 2, 11 do seen[i - 1] = answers.list[i].error and answers.list[i].error.code end
    assert.same({ -32700, -32600, -32600, -32600, -32600, -32600, -32600, -32600, -32600, -32601 }, seen)
    assert.equal(-32602, answers[7].error.code)
    assert.equal(-32602, answers[8].error.code)
    assert.same({ code = -32602, message = "Unknown tool: lab__nope" }, answers[9].error)
    assert.equal(-32602, answers[10].error.code) -- of a connector that is not served
    assert.truthy(answers[11].result)
    assert.equal(16, #answers.list)
  end)

  it("takes no second request with the id of one under way", function()
    local answers = session({ "lab" }, {
      initialize(), tool_call(1, "lab__slow", { delay_ms = 100 }), tool_call(1, "lab__small"),
    })
    assert.equal(3, #answers.list)
    assert.equal(100, decode(answers[1].result.content[1].text).data.delay_ms)
    for _, answer in ipairs(answers.list) do
      if answer.error then
        assert.equal(bosa.null, answer.id)
        assert.equal(-32600, answer.error.code)
      end
    end
  end)

  it("doesn't answer what was cancelled, nor wait for it", function()
    local answers, _, code = session({ "lab" }, {
      initialize(), tool_call(1, "lab__slow", { delay_ms = 600000, key = "not to be waited for" }),
      line({ method = "notifications/cancelled", params = { requestId = 1 } }),
      line({ method = "notifications/cancelled", params = { requestId = "never seen" } }),
      line({ method = "notifications/cancelled" }),
      request(2, "ping"),
    })
    assert.is_nil(answers[1])
    assert.equal(2, #answers.list)
    assert.truthy(answers[2].result)
    assert.equal(0, code)
  end)

  it("refuses a message that is too long, and reads the next one", function()
    local answers = session({ "lab" }, { initialize(), ("x"):rep(17 * 1024 * 1024), request(1, "ping") })
    assert.equal(-32700, answers.list[2].error.code)
    assert.truthy(answers[1].result)
    assert.equal(3, #answers.list)
  end)

  it("offers only what was asked for, in the list and to calls", function()
    local lines = {
      initialize(), request(1, "tools/list"), tool_call(2, "github__create_issue", {
        owner = "lua", repo = "lua", title = "never made",
      }), tool_call(3, "github__get_issue", { owner = "lua", repo = "lua", issue_number = 1 }),
    }
    local created = sandbox.stats().executions.create_issue
    local answers = session({ "github", "--read-only" }, lines)
    for _, tool in ipairs(answers[1].result.tools) do
      assert.is_true(tool.annotations.readOnlyHint)
      assert.is_not_equal("github__create_issue", tool.name)
    end
    assert.equal("Unknown tool: github__create_issue", answers[2].error.message)
    assert.is_false(answers[3].result.isError)
    answers = session({ "github", "--only", "list_*", "--only", "github.create_*" }, { lines[1], lines[2], lines[4] })
    assert.equal(5, #answers[1].result.tools)
    assert.equal(-32602, answers[3].error.code)
    assert.equal(created, sandbox.stats().executions.create_issue)
  end)

  it("says when its options leave no tool", function()
    local input = initialize() .. "\n" .. request(1, "tools/list") .. "\n"
    local _, err = bin:run({ "mcp", "github", "--only", "nothing_*" }, { stdin = input })
    assert.matches("^bosa: no tool is served: [^\n]+\n$", err)
    _, err = bin:run({ "mcp", "github", "--only", "list_*" }, { stdin = input })
    assert.equal("", err)
  end)

  it("ends when nobody reads its answers any more", function()
    local lines = { initialize() }
    for i = 1, 300 do lines[#lines + 1] = request(i, "tools/list") end
    local input = table.concat(lines, "\n") .. "\n"
    local _, _, code = bin:run({ "mcp", "github" }, { stdin = input, tail = "| head -c 10" })
    assert.equal(141, code)
  end)

  it("ends with one line and a code for what can't work", function()
    for _, try in ipairs({
      { { "mcp" }, 4, "name connectors to serve" },
      { { "mcp", "lab", "--files", bin.dir .. "/nowhere" }, 4, "no such directory" },
      { { "mcp", "lab", "--timeout", "soon" }, 4, "seconds, above 0" },
      { { "mcp", "lab", "--nope" }, 4, "unknown option" },
      { { "mcp", "lab" }, 2, "no API key", { BOSA_API_KEY = false, BOSA_TOKEN = false } },
    }) do
      local out, err, code = bin:run(try[1], { env = try[4] })
      assert.equal("", out)
      assert.equal(try[2], code)
      assert.truthy(err:find(try[3], 1, true), err)
      assert.equal(err:find("\n"), #err)
    end
  end)

  it("says that it has no standard input", function()
    local err = command.output_of(("cd %s && %s <&- 2>&1; echo $?"):format(command.quote(command.top),
      bin:line({ "mcp", "lab" })))
    assert.matches("^bosa: standard input can't be read: [^\n]+\n1\n$", err)
  end)

  it("serves the other connectors where one can't be loaded, and says so", function()
    local answers, err, code = session({ "gitlab", "lab" }, {
      initialize(), request(1, "tools/list"), tool_call(2, "lab__small", {}), tool_call(3, "gitlab__list_issues", {}),
    })
    assert.is_true(#answers[1].result.tools > 5)
    assert.is_false(answers[2].result.isError)
    assert.is_true(answers[3].result.isError)
    assert.truthy(answers[3].result.content[1].text:find("gitlab", 1, true))
    assert.truthy(err:find("gitlab", 1, true) and err:find("not served", 1, true), err)
    assert.equal(0, code)
    answers = session({ "gitlab" }, { initialize(), request(1, "tools/list") })
    assert.truthy(answers[1].error.message:find("gitlab", 1, true))
  end)

  it("offers three tools with --search", function()
    local lines = { initialize(), request(1, "tools/list"), tool_call(2, "search_actions", { query = "list issues" }) }
    for _, words in ipairs({ { "--search" }, { "--search", "github" } }) do
      local answers, err = session(words, lines)
      assert.equal(3, #answers[1].result.tools)
      assert.truthy(answers[2].result.content[1].text:find("github__list_issues", 1, true))
      assert.equal("", err)
    end
  end)

  it("acts as the accounts that --account names, and leaves out what --except names", function()
    local lines = { initialize(), request(1, "tools/list"), tool_call(2, "lab__echo", {}) }
    for _, try in ipairs({
      { { "--account", "all@x" }, "all@x" }, { { "--account", "lab=one@x", "--account", "all@x" }, "one@x" },
      { { "--account", "all@x", "--account", "github=one@x" }, "all@x" },
    }) do
      table.insert(try[1], 1, "lab")
      local answers = session(try[1], lines)
      assert.truthy(answers[2].result.content[1].text:find(try[2], 1, true))
    end
    local answers = session({ "lab", "--except", "e*", "--except", "lab.l*" }, lines)
    for _, tool in ipairs(answers[1].result.tools) do assert.is_nil(tool.name:find("^lab__[el]")) end
    assert.equal(-32602, answers[2].error.code)
  end)

  it("goes on when the server can't be reached yet", function()
    local env = { BOSA_API_BASE_URL = "http://127.0.0.1:9", XDG_CACHE_HOME = bin.dir .. "/empty" }
    local answers, err, code = session({ "lab" }, { initialize(), request(1, "tools/list") }, { env = env })
    assert.truthy(answers.hello.result)
    assert.equal(-32603, answers[1].error.code)
    assert.truthy(err:find("^bosa: "))
    assert.equal(0, code)
  end)

  it("shows no secret", function()
    local env = { BOSA_TOKEN = "token-not-to-be-seen", BOSA_API_KEY = "key-not-to-be-seen" }
    local input = initialize() .. "\n" .. tool_call(1, "lab__echo") .. "\n"
    local out, err = bin:run({ "mcp", "lab", "-v" }, { stdin = input, env = env })
    assert.is_nil((out .. err):find("not-to-be-seen", 1, true))
  end)
end)

describe("bosa mcp, on a terminal,", function()
  it("says what it waits for, answers, and ends with Ctrl-D or Ctrl-C", function()
    for _, key in ipairs({ "C-d", "C-c" }) do
      local terminal = bin:terminal(bin:line({ "mcp", "lab" }) .. "; echo ended $?")
      terminal:wait_for("Serving on standard input and output")
      terminal:type('{"jsonrpc":"2.0","id":1,"method":"ping"}')
      terminal:press("Enter")
      terminal:wait_for('"id":1,"jsonrpc":"2.0","result":{}')
      terminal:press(key)
      terminal:wait_for(key == "C-d" and "ended 0" or "ended 130")
      terminal:close()
    end
  end)
end)

describe("a server of bosa.mcp", function()
  it("gives its list in one page: well-known clients read no other", function()
    local ask = made(120)
    ask(initialize())
    local result = ask(request(1, "tools/list", { cursor = bosa.null })).result
    assert.equal(120, #result.tools)
    assert.equal("made__do_001", result.tools[1].name)
    assert.equal("made__do_120", result.tools[120].name)
    assert.is_nil(result.nextCursor)
    for _, bad in ipairs({ "", "0", "51", 51, false }) do
      assert.equal(-32602, ask(request(1, "tools/list", { cursor = bad })).error.code)
    end
  end)

  it("lists again what could not be listed", function()
    local ask, world = made(2)
    ask(initialize())
    world.down = true
    assert.truthy(ask(request(1, "tools/list")).error.message:find("no way there", 1, true))
    assert.is_true(ask(tool_call(2, "made__do_001")).result.isError)
    world.down = false
    assert.equal(2, #ask(request(3, "tools/list")).result.tools)
    assert.is_false(ask(tool_call(4, "made__do_001")).result.isError)
  end)

  it("tells a failed call as a result, not as an error of the protocol", function()
    local ask, world = made(2)
    ask(initialize())
    ask(request(1, "tools/list"))
    world.down = true
    local result = ask(tool_call(2, "made__do_001")).result
    assert.is_true(result.isError)
    assert.truthy(result.content[1].text:find("no way there", 1, true))
  end)

  it("takes null for what is left out", function()
    local ask = made(1)
    ask(initialize())
    assert.equal(1, #ask(request(1, "tools/list", bosa.null)).result.tools)
    assert.is_false(ask(tool_call(2, "made__do_001", bosa.null, bosa.null)).result.isError)
  end)

  it("answers what it can't write, too", function()
    local hub = bosa.new({ api_key = "k" })
    local said = {}
    local one = mcp.new({ hub = hub, connectors = { "x" }, send = function(text)
      if text:find("instructions", 1, true) then error("not this one", 0) end
      said[#said + 1] = assert(decode(text))
    end })
    one:receive(initialize())
    assert.equal(-32603, said[1].error.code)
    assert.is_false(one:busy())
  end)

  it("keeps ids as they came", function()
    local ask = made(1)
    assert.equal("", ask(request("", "ping")).id)
    assert.equal(-7, ask(request(-7, "ping")).id)
    local said
    local hub = bosa.new({ api_key = "k" })
    local one = mcp.new({ hub = hub, connectors = { "x" }, send = function(text) said = text end })
    one:receive('{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}')
    assert.truthy(said:find('"id":9007199254740993,', 1, true))
  end)

  it("has nothing under way once it is closed", function()
    local _, _, one, said = made(1)
    one:receive(initialize())
    assert.is_false(one:busy())
    one:close()
    assert.is_false(one:busy())
    assert.equal(1, #said)
  end)

  it("raises misuse at the caller's line", function()
    local hub = bosa.new({ api_key = "k" })
    local function send() end
    local function with(options)
      local all = { hub = hub, connectors = { "x" }, send = send }
      for name, value in pairs(options) do all[name] = value or nil end
      return all
    end
    for expected, options in pairs({
      ["options: table expected, got number"] = 5,
      ["option `send`: function expected, got nil"] = with({ send = false }),
      ["option `hub`: bosa.hub expected, got nil"] = with({ hub = false }),
      ["option `hub`: bosa.hub expected, got userdata"] = with({ hub = hub:connect("x") }),
      ["option `connectors`: a list of names expected, unless `search` is set"] = with({ connectors = false }),
      ["option `connectors`: table expected, got string"] = with({ connectors = "x" }),
      ["option `connectors`: a list of strings expected"] = with({ connectors = { 5 } }),
      ["option `accounts`: the account of each connector"] = with({ accounts = { "me" } }),
      ["option `search`: boolean expected, got number"] = with({ search = 5 }),
      ["option `callback_uri`: string expected, got number"] = with({ callback_uri = 5 }),
      ["option `deadline`: seconds above 0 expected"] = with({ deadline = 0 }),
      ["option `only`: table expected, got string"] = with({ only = "x" }),
      ["unknown option `acount`; did you mean `account`?"] = with({ acount = "me" }),
    }) do
      local ok, message = pcall(function() return (mcp.new(options)) end)
      assert.is_false(ok)
      assert.matches("mcp_spec.lua:%d+: ", message)
      assert.matches(expected, message, 1, true)
    end
    local one = mcp.new(with({}))
    local ok, message = pcall(function() one:receive({}) end)
    assert.is_false(ok)
    assert.matches("mcp_spec.lua:%d+: bad argument #1 to 'receive'", message)
    hub:close()
  end)
end)
