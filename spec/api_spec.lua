--- The public names, arguments and misuse; against the sandbox where a server is needed.
local bosa = require("bosa")
local mcp = require("bosa.mcp")
local server = require("spec.support.server")
local testing = require("bosa.testing")
local raised = require("spec.support.raised")

describe("bosa", function()
  it("has the module's names", function()
    for _, name in ipairs({ "new", "array", "object", "file", "async", "all" }) do
      assert.equal("function", type(bosa[name]), name)
    end
    assert.equal("string", type(bosa.version))
    assert.equal("userdata", type(bosa.null))
  end)
end)

describe("bosa.new", function()
  it("gives a userdata that shows where it goes", function()
    local hub = bosa.new({ api_base_url = "https://api.bosa.id/", api_key = "sk-client-1" })
    assert.equal("userdata", type(hub))
    assert.equal("bosa (https://api.bosa.id)", tostring(hub))
  end)

  it("keeps a path prefix", function()
    assert.equal("bosa (https://x.example/hub)", tostring(bosa.new({ api_base_url = "https://x.example/hub/" })))
  end)

  local mistakes = {
    { { api_base_url = "ftp://x" }, "http" },
    { { api_base_url = "http://api.example" }, "allow_http" },
    { { api_base_url = "https://user:pw@x.example" }, "api_base_url" },
    { { api_base_url = "https://x.example/?a=b" }, "no query" },
    { { api_key = "a\r\nb" }, "key" },
    { { user_agent = "a\r\nX-Evil: 1" }, "user_agent" },
    { { user_agent = "a\nb" }, "user_agent" },
    { { user_agent = "a\0b" }, "user_agent" },
    { { user_agent = "a\127b" }, "user_agent" },
    { { timeout = "5" }, "timeout" },
    { { timeout = -1 }, "timeout" },
    { { max_attempts = 12 }, "max_attempts" },
    { { max_attempts = 1.5 }, "max_attempts" },
    { { time_out = 5 }, "did you mean `timeout`" },
    { { api_url = "https://x.example" }, "did you mean `api_base_url`" },
    { { key = "x" }, "did you mean `api_key`" },
    { { attempts_max = 5 }, "did you mean `max_attempts`" },
    { { _file = "x" }, "did you mean `ca_file`" },
    { { tioEkn = "x" }, "did you mean `token`" },
    { bosa, "call it with a dot: bosa.new{...}" },
    { { verify = "no" }, "verify" },
    { { on_event = {} }, "on_event" },
    { { int64 = "float" }, "int64" },
    { { "positional" }, "names" },
  }
  for _, case in ipairs(mistakes) do
    it("raises at the caller's line: " .. case[2], function()
      local message = raised(function() bosa.new(case[1]) end)
      assert.matches(case[2], message, 1, true)
      assert.matches("api_spec.lua:%d+:", message)
    end)
  end

  it("allows plain http to loopback, and elsewhere when told to", function()
    assert.truthy(bosa.new({ api_base_url = "http://127.0.0.1:1" }))
    assert.truthy(bosa.new({ api_base_url = "http://localhost" }))
    assert.truthy(bosa.new({ api_base_url = "http://api.example", allow_http = true }))
  end)
end)

describe("misuse", function()
  local hub = bosa.new({ api_base_url = "http://127.0.0.1:1", api_key = "k" })
  local github = hub:connect("github")
  local action = github:action("list_issues")
  local cases = {
    { function() hub:connect() end, "string expected" },
    { function() hub:connect("") end, "name" },
    { function() github:action(5.5 and nil) end, "string expected" },
    { function() hub:connect(5) end, "string expected, got number" },
    { function() github:action(5) end, "string expected, got number" },
    { function() action:param(5, 1) end, "string expected, got number" },
    { function() bosa.json.decode(5) end, "string expected, got number" },
    { function() bosa.file({ file = "x" }):save(5) end, "string expected, got number" },
    { function() bosa.file({ file = "x" }):chunks(0) end, "bad argument #1 to 'chunks'" },
    { function() bosa.file({ file = "x" }):chunks("x") end, "bad argument #1 to 'chunks'" },
    { function() bosa.new({ max_attempts = 12 }) end, "a whole number from 1 to 11" },
    { function() github:list_issues({}, { deadlin = 1 }) end, "did you mean `deadline`?" },
    { function() action:watch({ evry = 60 }) end, "did you mean `every`?" },
    { function() hub:list_tools({ limt = 1 }) end, "did you mean `limit`?" },
    { function() github:tools({ format = "mcp", exept = {} }) end, "did you mean `except`?" },
    { function() hub:call_tool("x", {}, { deadlin = 1 }) end, "did you mean `deadline`?" },
    { function() hub:wait_for_integration("x", nil, { intervall = 1 }) end, "did you mean `interval`?" },
    { function() hub:run("", "list_issues") end, "bad argument #1 to 'run' (a connector's name expected)" },
    { function() hub:execute("github", "") end, "bad argument #2 to 'execute' (an action's name expected)" },
    { function() hub:get_connector("a\0b") end, "a connector's name expected" },
    { function() github:help("") end, "bad argument #1 to 'help' (an action's name expected)" },
    { function() github:get_action_parameters("") end, "an action's name expected" },
    { function() hub:call_tool("x", {}, { token = 5 }) end, "option `token`: string expected, got number" },
    { function() hub:call_tool("x", {}, { deadline = 0 }) end, "option `deadline`: seconds above 0 expected" },
    { function() hub:call_tool("x", {}, { traceparent = "x" }) end, "option `traceparent`: " },
    { function() action:params("x") end, "table expected" },
    { function() action:param(nil, 1) end, "string expected" },
    { function() action:max_attempts(0) end, "1 to 11" },
    { function() action:max_attempts("x") end, "number expected" },
    { function() action:timeout(0) end, "seconds above 0 expected" },
    { function() action:timeout(math.huge) end, "at most 1000000000 seconds expected; false is no limit" },
    { function() bosa.new({ timeout = math.huge }) end, "option `timeout`: at most 1000000000 seconds expected" },
    { function() bosa.new({ deadline = 0 / 0 }) end, "option `deadline`: seconds above 0 expected" },
    { function() action:deadline(-1) end, "seconds" },
    { function() action:token({}) end, "string expected" },
    { function() action:token("a\0b") end, "NUL" },
    { function() action:replay_unsafe(1) end, "boolean expected" },
    { function() action:output(5) end, "path or a function" },
    { function() action:on_progress(5) end, "function expected" },
    { function() action:headers("x") end, "table expected" },
    { function() action:headers({ "x" }) end, "names must be strings" },
    { function() action:headers({ ["X-A"] = {} }) end, "`X-A`: string expected, got table" },
    { function() github:list_issues({}, { headers = { ["X-A"] = true } }) end,
      "option `headers`: `X-A`: string expected, got boolean" },
    { function() github:list_issues("x") end, "table expected" },
    { function() github:list_issues({}, { time = 1 }) end, "unknown option `time`" },
    { function() github:list_issues({}, { timeout = "x" }) end, "timeout" },
    { function() hub:run("github", "list_issues", {}, 5) end, "table expected" },
    { function() hub:run("github", "list_issues", {}, { time_out = 5 }) end, "did you mean `timeout`" },
    { function() hub:run("github", "list_issues", {}, { attempts = 5 }) end, "did you mean `max_attempts`" },
    { function() hub:run("github", "list_issues", {}, { attempts_max = 5 }) end, "did you mean `max_attempts`" },
    { function() hub:run("github", "list_issues", {}, { tioEkn = "x" }) end, "did you mean `token`" },
    { function() hub:run("github", "list_issues", {}, { zzz = 5 }) end, "unknown option `zzz`" },
    { function() hub:run("github", "list_issues", {}, { 5 }) end, "names, not positions" },
    { function() hub:search("x", { kind = "tools" }) end, "did you mean `kinds`" },
    { function() github:action("list_issues"):watch({ rounds = 1 }) end, "did you mean `max_rounds`" },
    { function() bosa.filter.string("a", "b", { rot = "c" }) end, "did you mean `root`" },
    { function() hub.connect(github, "x") end, "bosa.hub expected" },
    { function() action.run(hub) end, "bosa.action expected" },
    { function() hub:run("x", "y", {}, { identifier = "a", account = "b" }) end, "`identifier` and `account`" },
    { function() github:x({}, { identifier = "a", account = "b" }) end, "`identifier` and `account`" },
    { function() hub:call_tool("x", {}, { identifier = "a", account = "b" }) end, "`identifier` and `account`" },
    { function() hub:run() end, "bad argument #1 to 'run'" },
    { function() hub:execute("github") end, "bad argument #2 to 'execute'" },
    { function() hub:get_connector() end, "bad argument #1" },
    { function() github.list_issues(hub, {}) end, "bosa.connector expected" },
    { function() github:help(5) end, "string expected" },
    { function() bosa.file({}) end, "exactly one" },
    { function() bosa.file({ path = "x", file = "y" }) end, "exactly one" },
    { function() bosa.file({ pth = "x" }) end, "did you mean `path`" },
    { function() bosa.async(5) end, "function expected" },
    { function() bosa.all(5) end, "table expected" },
    { function() bosa.all({ 5 }) end, "element 1: call or task expected" },
    { function() bosa.all({ {} }) end, "element 1: call or task expected" },
    { function() hub.get_user_info("x") end, "bosa.hub expected" },
    { function() hub.refresh_connector("x", "y") end, "bosa.hub expected" },
    { function() hub:get_user_info("a\0b") end, "NUL" },
    { function() hub:create_bosa_user("") end, "identifier" },
    { function() hub:authenticate_bosa_user("x") end, "secret" },
    { function() bosa.array(5) end, "table expected" },
    { function() bosa.file({ file = "x" }):chunks(0) end, "bad argument #1 to 'chunks' (a whole number" },
    { function() bosa.file({ file = "x" }):chunks("1") end, "bad argument #1 to 'chunks' (a whole number" },
    { function() github:help(5) end, "bad argument #1 to 'help'" },
    { function() github:get_action_parameters() end, "bad argument #1 to 'get_action_parameters'" },
    { function() github:tools({ format = "mcp", only = { 5 } }) end, "option `only`: a list of strings" },
    { function() hub:call_tool("x", {}, { max_length = 0.5 }) end, "option `max_length`: a whole number, 1 or more" },
    { function() hub:call_tool("x", {}, false) end, "options: table expected" },
    { function() hub:search_actions("x", { limit = 0 }) end, "option `limit`: a whole number, 1 or more" },
    { function() mcp.new({ hub = hub, connectors = {} }) end, "option `send`: function expected" },
    { function() mcp.new({ hub = 5, connectors = {}, send = print }) end, "option `hub`: bosa.hub expected" },
    { function() mcp.new({ hub = hub, send = print }) end, "option `connectors`: a list of names expected" },
    { function() mcp.new({ hub = hub, connectors = {}, send = print, only = 5 }) end, "option `only`" },
    { function() testing.cassette("x", "replay") end, "options: table expected, got string" },
    { function() testing.cassette("x", { mode = "play" }) end, "mode: auto" },
  }
  for i, case in ipairs(cases) do
    it(("%d raises at the caller's line: %s"):format(i, case[2]), function()
      local message = raised(case[1])
      assert.matches(case[2], message, 1, true)
      assert.matches("api_spec.lua:%d+:", message)
    end)
  end

  it("is no misuse to build with any name", function()
    assert.equal("action github.no_such_thing", tostring(github:action("no_such_thing")))
  end)
end)

describe("without a server", function()
  it("a call fails with kind connection, and was surely not sent", function()
    local hub = bosa.new({ api_base_url = "http://127.0.0.1:1", api_key = "k" })
    local response, err = hub:run("github", "list_issues", { owner = "lua", repo = "lua" })
    assert.is_nil(response)
    assert.equal("connection", err.kind)
    assert.equal("no", err.sent)
    assert.equal("github", err.connector)
    assert.equal("list_issues", err.action)
    assert.matches("127.0.0.1", tostring(err), 1, true)
  end)

  it("a closed hub answers everything with kind closed", function()
    local hub = bosa.new({ api_base_url = "http://127.0.0.1:1" })
    local github = hub:connect("github")
    hub:close()
    hub:close()
    for _, result in ipairs({
      { github:list_issues({}) },
      { hub:execute("github", "list_issues") },
      { hub:get_available_modules() },
      { hub:get_connector("github") },
      { github:get_actions() },
      { github:action("list_issues"):start() },
      { github:action("list_issues"):validate() },
      { hub:refresh_connector("github") },
      { hub:get_user_info("t") },
    }) do
      assert.is_nil(result[1])
      assert.equal("closed", result[2].kind)
    end
    assert.matches("closed", tostring(hub))
  end)
end)

describe("environment", function()
  local sandbox
  setup(function() sandbox = server.start() end)
  teardown(function() sandbox.stop() end)

  it("gives URL, key and token where the options don't", function()
    local lua = arg and arg[-1] or "lua5.4"
    local script = "local b=require('bosa') local r=assert(b.new():run('github','list_issues',"
      .. "{owner='lua',repo='lua'})) print(r.status)"
    local command = string.format("BOSA_API_BASE_URL=%s BOSA_API_KEY=%s BOSA_TOKEN=%s %s -e %q",
      sandbox.url, sandbox.key, sandbox.token, os.getenv("BOSA_LUA") or lua, script)
    local process = io.popen(command)
    local output = process:read("*a")
    process:close()
    assert.equal("200\n", output)
  end)

  --- The kind and the message of the error that `bosa.new` gives in an environment.
  local function refused(settings, options)
    local script = ("local ok, err = require([[bosa]]).new{%s} print(ok, err.kind, err.sent, err)"):format(options)
    local process = io.popen(("bash -c \"env -u BOSA_PROFILE %s %s -e '%s' 2>&1\""):format(settings,
      os.getenv("BOSA_LUA") or "lua5.4", script))
    local output = process:read("*a")
    process:close()
    return output
  end

  it("is named where what it gives can't be", function()
    for _, case in ipairs({
      { "BOSA_API_BASE_URL", "nowhere" }, { "BOSA_API_BASE_URL", "http://example.com" },
      { "BOSA_API_KEY", "$'a\\nb'" }, { "BOSA_TOKEN", "$'a\\nb'" }, { "BOSA_TOKEN", "$'a\\x01b'" },
    }) do
      local output = refused(("%s=%s"):format(case[1], case[2]), "")
      assert.matches("^nil\tparams\tno\t" .. case[1] .. " ", output)
    end
  end)

  it("is named where it doesn't say where the cache is", function()
    assert.matches("^nil\tfile\tno\tneither XDG_CACHE_HOME nor HOME says", refused("-u XDG_CACHE_HOME -u HOME",
      "cache_dir = true"))
  end)

  it("is of no matter where an option is wrong", function()
    local output = refused("BOSA_TOKEN=$'a\\nb'", "token = string.char(10)")
    assert.matches("bad argument #1 to 'new' (token ", output, 1, true)
  end)
end)
