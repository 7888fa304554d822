--- What errors tell people to do where a server's own words lead astray.

local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox
setup(function() sandbox = server.start() end)
teardown(function() sandbox.stop() end)

local SCHEMA = '{"sql":{"act":{"method":"POST","path":"/connectors/sql/act","parameters":{"request":{"schema":'
  .. '{"type":"object","properties":{"aa":{"type":"integer"},"bb":{"type":"integer"}},"required":[]}}}}}}'

--- A hub whose server gives this response to everything but discovery, and the requests that it saw.
local function hub_of(status, body, options)
  local seen = {}
  options = options or {}
  options.api_base_url = "https://bosa.example"
  options.transport = function(request)
    seen[#seen + 1] = request
    local is_schema = request.url:find("?modules=", 1, true)
    return { status = is_schema and 200 or status, headers = { ["content-type"] = "application/json" },
      body = is_schema and SCHEMA or body }
  end
  return bosa.new(options), seen
end

local function error_of(...)
  local response, err = hub_of(...):run("sql", "act", {})
  assert.is_nil(response)
  return err
end

local BAD_KEY = '{"error":{"message":"Invalid API Key."}}'
local UNAUTHORIZED = '{"error":{"message":"Unauthorized"}}'
local ABSENT = '{"error":{"message":"No None account found on sql. Please integrate first."}}'

describe("credentials that were not given", function()
  it("are named, with the ways to give them", function()
    for _, case in ipairs({ { 404, BAD_KEY }, { 401, UNAUTHORIZED } }) do
      local err = error_of(case[1], case[2])
      assert.equal("auth", err.kind)
      for _, word in ipairs({ "no API key", "no user token", "bosa auth login", "BOSA_API_KEY", "BOSA_TOKEN" }) do
        assert.matches(word, err.message, 1, true)
      end
      assert.is_nil(err.message:find("Invalid API Key", 1, true))
      assert.same({ case[1], case[2] }, { err.status, err.body })
    end
  end)

  it("are told one by one", function()
    local err = error_of(404, BAD_KEY, { token = "jwt-token" })
    assert.matches("no API key was given: run `bosa auth login`, or set BOSA_API_KEY$", err.message)
    err = error_of(401, UNAUTHORIZED, { api_key = "sk-client-x" })
    assert.matches("no user token was given: run `bosa auth login`, or set BOSA_TOKEN$", err.message)
  end)

  it("are not what is wrong where they were given", function()
    local given = { api_key = "sk-client-x", token = "jwt-token" }
    assert.equal("404 Not Found: Invalid API Key.", error_of(404, BAD_KEY, given).message)
    assert.equal("401 Unauthorized", error_of(401, UNAUTHORIZED, given).message)
    local hub = hub_of(401, UNAUTHORIZED, { api_key = "sk-client-x" })
    local _, err = hub:run("sql", "act", {}, { token = "jwt-token" })
    assert.equal("401 Unauthorized", err.message)
  end)
end)

describe("an account that is not connected", function()
  it("has a kind of its own, and says how to connect one", function()
    local err = error_of(404, ABSENT, { api_key = "sk-client-x", token = "jwt-token" })
    assert.equal("not_connected", err.kind)
    assert.matches("`bosa integrations add sql`", err.message, 1, true)
    assert.matches("hub:initiate_connector_auth", err.message, 1, true)
  end)

  it("is told to a model as a matter for the user", function()
    local hub = hub_of(404, ABSENT, { api_key = "sk-client-x", token = "jwt-token" })
    local tool = assert(hub:connect("sql"):tools({ format = "anthropic" }))[1]
    local result = hub:call_tool(tool.name, {})
    assert.is_true(result.is_error)
    assert.matches("connect", result.content, 1, true)
    assert.is_nil(result.content:find("Check the names", 1, true))
  end)
end)

describe("several wrong parameters", function()
  it("are all named in one line", function()
    local _, err = hub_of(200, "{}"):run("sql", "act", { aa = "x", bb = "y", cc = 1 })
    for _, name in ipairs({ "aa", "bb", "cc" }) do assert.matches("`" .. name .. "`", tostring(err), 1, true) end
    assert.is_nil(tostring(err):find("more)", 1, true))
  end)

  it("are named as far as they fit 300 characters", function()
    local params = {}
    for i = 1, 40 do params[("unknown_%02d"):format(i)] = i end
    local _, err = hub_of(200, "{}"):run("sql", "act", params)
    local line = tostring(err)
    assert.is_true(#line <= 300 and #line > 200)
    local named = select(2, line:gsub("unknown parameter", ""))
    assert.equal(40 - named, tonumber(line:match(" %(and (%d+) more%)$")))
  end)
end)

describe("a line of several wrong parameters", function()
  --- The line about two parameters with names of such lengths, in characters.
  local function line_of(first, second)
    local params = { [("a"):rep(first)] = 1, [("b"):rep(second)] = 1 }
    return tostring(select(2, hub_of(200, "{}"):run("sql", "act", params)))
  end

  it("names all of them up to 300 characters", function()
    local room = 300 + 40 - #line_of(20, 20) -- for both names
    local first = math.floor(room / 2)
    local longest = line_of(first, room - first)
    assert.equal(300, #longest)
    assert.matches("`a+`.*`b+`", longest)
    assert.matches("`a+`.* %(and 1 more%)$", line_of(first, room - first + 1))
    assert.matches("`a+`.* %(and 1 more%)$", line_of(first + 1, room - first))
  end)
end)

describe("calls about accounts", function()
  it("tell a wrong key by its kind", function()
    for _, name in ipairs({ "select_integration", "get_integration", "remove_integration" }) do
      local hub = hub_of(200, '{"data":{"success":false,"error":"Invalid API Key."}}', { api_key = "sk-client-x" })
      local outcome, err = hub[name](hub, "sql", "jwt-token", "me")
      assert.is_nil(outcome)
      assert.equal("auth", err.kind)
    end
  end)

  it("tell a connector that isn't there", function()
    local hub = sandbox.hub()
    for _, call in ipairs({
      { "user_has_integration", "nope" }, { "get_integration", "nope", nil, "me" },
      { "select_integration", "nope", nil, "me" }, { "remove_integration", "nope", nil, "me" },
      { "initiate_connector_auth", "nope", nil, "http://127.0.0.1/" },
    }) do
      local result, err = hub[call[1]](hub, (table.unpack or unpack)(call, 2, 4))
      assert.is_nil(result)
      assert.equal("unknown_connector", err.kind)
      assert.matches("no connector `nope`", err.message, 1, true)
    end
    hub:close()
  end)

  it("don't blame the connector for an identifier with a slash", function()
    local hub = hub_of(404, '{"detail":"Not Found"}', { api_key = "sk-client-x" })
    local _, err = hub:get_integration("sql", "jwt-token", "a/b")
    assert.equal("not_found", err.kind)
  end)
end)

describe("an account's name", function()
  it("is sent as the ISO 8859-1 that servers read", function()
    local hub, seen = hub_of(200, '{"data":1}')
    assert(hub:run("sql", "act", {}, { account = "J\195\188rgen \195\191" }))
    assert.equal("J\252rgen \255", seen[#seen].headers["X-Bosa-Integration"])
    assert.equal("J\252rgen \255", seen[#seen].headers["X-Integration"])
  end)

  it("is refused before anything is sent where that lacks a character", function()
    for _, name in ipairs({ "\197\129ukasz", "\230\151\165\230\156\172", "a\240\159\152\128" }) do
      local hub, seen = hub_of(200, '{"data":1}')
      local action = hub:connect("sql"):action("act"):account(name)
      local ok, err = action:validate()
      assert.is_nil(ok)
      assert.equal("params", err.kind)
      ok, err = action:run()
      assert.is_nil(ok)
      assert.equal("params", err.kind)
      assert.equal("no", err.sent)
      assert.equal(1, #seen) -- discovery
    end
  end)

  it("is cut in the message where it is long", function()
    local hub = hub_of(200, '{"data":1}')
    local long = ("\230\151\165"):rep(500)
    local _, err = hub:connect("sql"):action("act"):account(long):validate()
    assert.equal("params", err.kind)
    assert.matches("`\230\151\165[\230\151\165]+%.%.%.` has", err.message)
    assert.is_true(#err.message < 400)
  end)
end)

describe("reading", function()
  it("knows the words of what destroys", function()
    local reading = require("bosa.tools.reading")
    for word in ("revoke trash purge drop destroy erase wipe expunge delete remove clear"):gmatch("%a+") do
      assert.is_false(reading.reads(word .. "_items"))
      assert.is_false(reading.reads("list_" .. word .. "_items"))
      assert.is_false(reading.reads("admin/get" .. word:gsub("^%l", string.upper) .. "Items"))
    end
    assert.is_true(reading.reads("list_items"))
  end)
end)
