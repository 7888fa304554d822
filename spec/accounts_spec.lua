--- Accounts that are connected, expire and are renewed, over real sockets.
local bosa = require("bosa")
local server = require("spec.support.server")

local CALLBACK = "http://127.0.0.1:1/callback"
local CONFIGURATION = { host = "db.example.com", user = "ada", password = "hush" }

local sandbox, hub, token, count

setup(function()
  sandbox = server.start("--require-account")
  hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
  count = 0
end)
teardown(function()
  hub:close()
  sandbox.stop()
end)

before_each(function() -- a user without accounts
  count = count + 1
  local user = assert(hub:create_bosa_user("user" .. count .. "@example.com"))
  token = assert(hub:authenticate_bosa_user(user.identifier, user.secret)).token
end)

local function connect(connector, options)
  return sandbox.browse(assert(hub:initiate_connector_auth(connector, token, CALLBACK, options)))
end

local function statuses()
  local list = {}
  for _, one in ipairs(assert(hub:get_user_info(token)).integrations) do list[one.connector] = one.auth_status end
  return list
end

local function list_issues(options)
  options = options or { token = token }
  return hub:run("github", "list_issues", { owner = "lua", repo = "lua" }, options)
end

describe("an account", function()
  it("that expired is renewed with replace_duplicate, and only so", function()
    assert.matches("^http://127%.0%.0%.1:1/callback%?user_identifier=user", connect("github"))
    assert.same({ github = "active" }, statuses())
    assert(list_issues())
    sandbox.expire("github")
    assert.same({ github = "expired" }, statuses())
    local response, err = list_issues()
    assert.is_nil(response)
    assert.equal("not_connected", err.kind)
    assert.matches("bosa integrations renew github", err.message, 1, true)

    assert.matches("error=duplicate_user_error", connect("github"))
    assert.same({ github = "expired" }, statuses())
    assert.matches("error=duplicate_user_error", connect("github", { replace_duplicate = false }))
    assert.matches("user_identifier=", connect("github", { replace_duplicate = true }))
    assert.same({ github = "active" }, statuses())
    assert(list_issues())
  end)

  it("that is configured is renewed likewise", function()
    assert.is_true(assert(hub:initiate_plugin_configuration("lab", token, CONFIGURATION)).success)
    sandbox.expire("lab")
    local result, err = hub:initiate_plugin_configuration("lab", token, CONFIGURATION)
    assert.is_nil(result)
    assert.equal("api", err.kind)
    assert.same({ lab = "expired" }, statuses())
    assert(hub:initiate_plugin_configuration("lab", token, CONFIGURATION, { replace_duplicate = true }))
    assert.same({ lab = "active" }, statuses())
  end)

  it("that nobody has can't act", function()
    connect("github")
    local response, err = list_issues({ token = token, account = "nobody" })
    assert.is_nil(response)
    assert.equal("not_connected", err.kind)
    assert.equal(404, err.status)
    assert.matches("nobody account found on github. Please integrate first;", err.message, 1, true)
  end)

  it("is asked for by options that are looked at", function()
    for _, case in ipairs({
      { "unknown option `replace`", { replace = true } },
      { "option `replace_duplicate`: boolean expected, got string", { replace_duplicate = "yes" } },
      { "options: table expected, got boolean", true },
    }) do
      for method, third in pairs({ initiate_connector_auth = CALLBACK, initiate_plugin_configuration = {} }) do
        local ok, message = pcall(function()
          local result = hub[method](hub, "lab", token, third, case[2])
          return result
        end)
        assert.is_false(ok)
        assert.matches("accounts_spec.lua:%d+: ", message)
        assert.matches(case[1], message, 1, true)
      end
    end
  end)
end)

describe("get_auth_schema", function()
  it("tells how accounts are connected, without key and token", function()
    local anyone = bosa.new({ api_base_url = sandbox.url })
    assert.same({ { type = "oauth2" } }, anyone:get_auth_schema("github"))
    local types = assert(anyone:get_auth_schema("lab"))
    assert.equal(1, #types)
    assert.equal("custom", types[1].type)
    assert.same({ "host", "user", "password" }, types[1].config.required)
    anyone:close()
  end)

  it("says where a server doesn't tell", function()
    local types, err = hub:get_auth_schema("nope")
    assert.is_nil(types)
    assert.equal("not_found", err.kind)
    for _, data in ipairs({ "[]", "{}", "null", '{"supported_auth_types":7}' }) do
      local odd = bosa.new({
        api_base_url = "http://127.0.0.1:1",
        transport = function()
          return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = '{"data":' .. data .. "}" }
        end,
      })
      types, err = odd:get_auth_schema("x")
      assert.is_nil(types)
      assert.equal("protocol", err.kind)
    end
  end)
end)

describe("wait_for_integration", function()
  it("is over when the user has connected the account", function()
    local looks = {}
    local url = assert(hub:initiate_connector_auth("github", token, CALLBACK))
    assert.is_true(hub:wait_for_integration("github", token, {
      interval = 0.01,
      callback = function(seconds)
        looks[#looks + 1] = seconds
        if #looks == 3 then sandbox.browse(url) end
      end,
    }))
    assert.equal(3, #looks)
    assert.is_true(looks[1] <= looks[2] and looks[2] <= looks[3])
  end)

  it("waits for an account that is there but has expired until it is renewed", function()
    connect("github")
    sandbox.expire("github")
    local url = assert(hub:initiate_connector_auth("github", token, CALLBACK, { replace_duplicate = true }))
    local looks = 0
    assert.is_true(hub:wait_for_integration("github", token, {
      interval = 0.01,
      callback = function()
        looks = looks + 1
        if looks == 2 then sandbox.browse(url) end
      end,
    }))
    assert.equal(2, looks)
  end)

  it("waits for one of several accounts by its name", function()
    connect("github")
    local url = assert(hub:initiate_connector_auth("github", token, CALLBACK)) .. "&account=second"
    local looks = 0
    assert.is_true(hub:wait_for_integration("github", token, {
      interval = 0.01, account = "second",
      callback = function()
        looks = looks + 1
        if looks == 1 then sandbox.browse(url) end
      end,
    }))
    assert.equal(1, looks)
  end)

  it("ends with kind timeout", function()
    local ok, err = hub:wait_for_integration("github", token, { timeout = 0.5, interval = 0.02 })
    assert.is_nil(ok)
    assert.same({ "timeout", "yes", "github" }, { err.kind, err.sent, err.connector })
    ok, err = hub:wait_for_integration("github", token, { timeout = 0 })
    assert.is_nil(ok)
    assert.equal("timeout", err.kind)
    connect("github")
    sandbox.expire("github")
    ok, err = hub:wait_for_integration("github", token, { timeout = 0 })
    assert.is_nil(ok)
    assert.matches("expired", err.message)
  end)

  it("waits out what may pass, and says that nothing was asked", function()
    local nowhere = bosa.new({ api_base_url = "http://127.0.0.1:1", token = "t" })
    local looks = 0
    local ok, err = nowhere:wait_for_integration("github", nil, {
      timeout = 0.5, interval = 0.02, callback = function() looks = looks + 1 end,
    })
    assert.is_nil(ok)
    assert.is_true(looks > 1)
    assert.same({ "timeout", "no" }, { err.kind, err.sent })
    assert.matches("cannot connect", err.message)
  end)

  it("ends at once where waiting can't help, or the callback ends it", function()
    local ok, err = hub:wait_for_integration("gihtub", token)
    assert.is_nil(ok)
    assert.equal("unknown_connector", err.kind)
    ok, err = hub:wait_for_integration("github", "no-such-token")
    assert.is_nil(ok)
    assert.equal("auth", err.kind)
    ok, err = hub:wait_for_integration("github", token, { callback = function() return false end })
    assert.is_nil(ok)
    assert.equal("cancelled", err.kind)
  end)

  it("takes any status for well that doesn't say otherwise", function()
    for status, well in pairs({
      ['"active"'] = true, ["null"] = true, ['"SOMETHING_NEW"'] = true, ['""'] = true, ["7"] = true,
      ['"EXPIRED"'] = false, ['"token_revoked"'] = false, ['"invalid"'] = false,
    }) do
      local body = { ["integration-exists"] = '{"has_integration":true}' }
      body.me = ('{"integrations":[{"connector":"x","user_identifier":"a","auth_status":%s}]}'):format(status)
      local one = bosa.new({
        api_base_url = "http://127.0.0.1:1", token = "t",
        transport = function(request)
          local data = body[request.url:match("[^/]+$")]
          return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = '{"data":' .. data .. "}" }
        end,
      })
      local ok = one:wait_for_integration("x", nil, { timeout = 0 })
      assert.equal(well, ok == true, status)
    end
  end)

  it("takes options that are looked at", function()
    for message, options in pairs({
      ["unknown option `seconds`"] = { seconds = 1 },
      ["option `timeout`: number expected, got string"] = { timeout = "1" },
      ["option `timeout`: seconds expected, at least 0, got -1"] = { timeout = -1 },
      ["option `interval`: seconds expected, at least 0.01, got 0"] = { interval = 0 },
      ["option `callback`: function expected, got table"] = { callback = {} },
    }) do
      local ok, err = pcall(function()
        local result = hub:wait_for_integration("github", token, options)
        return result
      end)
      assert.is_false(ok)
      assert.matches("accounts_spec.lua:%d+: " .. message:gsub("%p", "%%%0"), err)
    end
  end)

  it("holds up no other task", function()
    local waits = bosa.async(function() return hub:wait_for_integration("github", token, { interval = 0.01 }) end)
    assert.is_false(waits:done())
    local other = bosa.async(function() return connect("github") end)
    assert.matches("user_identifier", assert(other:wait()))
    assert.is_true(waits:wait())
  end)
end)

describe("a token alone", function()
  it("is enough for all but creating users", function()
    local alone = bosa.new({ api_base_url = sandbox.url, token = token })
    connect("github")
    assert(alone:run("github", "list_issues", { owner = "lua", repo = "lua" }))
    assert.is_true(alone:user_has_integration("github"))
    assert(alone:get_user_info())
    assert(alone:initiate_connector_auth("google_drive", nil, CALLBACK))
    local user, err = alone:create_bosa_user("someone@example.com")
    assert.is_nil(user)
    assert.same({ "auth", 404 }, { err.kind, err.status })
    assert.matches("no API key was given", err.message)
    alone:close()
    local wrong = bosa.new({ api_base_url = sandbox.url, token = token, api_key = "sk-client-wrong" })
    user, err = wrong:get_user_info()
    assert.is_nil(user)
    assert.equal("auth", err.kind)
    wrong:close()
  end)

  it("is not enough for the legacy API", function()
    local old = server.start("--dialect legacy")
    local alone = bosa.new({ api_base_url = old.url, token = old.token })
    local user, err = alone:get_user_info()
    assert.is_nil(user)
    assert.equal("auth", err.kind)
    assert.matches("no API key was given", err.message)
    alone:close()
    old.stop()
  end)
end)
