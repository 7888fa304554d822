local bosa = require("bosa")
local server = require("spec.support.server")

for _, dialect in ipairs({ "current", "legacy" }) do
  describe("on a server of the dialect " .. dialect, function()
    local sandbox, hub

    setup(function()
      sandbox = server.start("--dialect " .. dialect)
      hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    end)
    teardown(function()
      hub:close()
      sandbox.stop()
    end)

    it("lists the connectors", function()
      local names = assert(hub:get_available_modules())
      assert.equal("github google_drive google_mail lab", table.concat(names, " "))
    end)

    it("signs a user up and in", function()
      local user = assert(hub:create_bosa_user("new@example.com"))
      assert.equal("new@example.com", user.identifier)
      assert.matches("^sk%-user%-", user.secret)
      assert.is_nil(tostring(user):find(user.secret, 1, true))
      assert.truthy(tostring(user):find(user.secret_preview, 1, true))

      local token = assert(hub:authenticate_bosa_user(user.identifier, user.secret))
      assert.equal("string", type(token.token))
      assert.equal("string", type(token.expires_at))
      assert.is_true(token.expires > 1600000000)
      assert.is_nil(tostring(token):find(token.token, 1, true))

      local info = assert(hub:get_user_info(token.token))
      assert.equal("new@example.com", info.identifier)
    end)

    it("has aliases", function()
      local user = assert(hub:create_user("alias@example.com"))
      assert.truthy(hub:authenticate(user.identifier, user.secret))
    end)

    it("refuses a wrong secret, token and key", function()
      local token, err = hub:authenticate_bosa_user(sandbox.user.identifier, "sk-user-wrong")
      assert.is_nil(token)
      assert.is_truthy(err.kind == "auth" or err.kind == "not_found" or err.kind == "api")
      assert.is_nil(tostring(err):find("sk-user-wrong", 1, true))
      assert.matches("check the user's identifier and secret", err.message, 1, true)

      local info
      info, err = hub:get_user_info("no-such-token")
      assert.is_nil(info)
      assert.equal("auth", err.kind)

      local stranger = bosa.new({ api_base_url = sandbox.url, api_key = "sk-client-wrong-key" })
      info, err = stranger:get_user_info(sandbox.token)
      assert.is_nil(info)
      assert.equal("auth", err.kind)
      assert.is_nil(tostring(err):find("sk-client-wrong-key", 1, true))
    end)

    it("needs a token, and says so before it asks", function()
      local info, err = hub:get_user_info()
      assert.is_nil(info)
      assert.equal("auth", err.kind)
      assert.equal("no", err.sent)
    end)

    it("connects, selects, shows and removes accounts", function()
      local token = sandbox.token
      local url = assert(hub:initiate_connector_auth("google_mail", token, "http://127.0.0.1:1/callback"))
      assert.matches("^https?://", url)
      assert.equal("boolean", type(hub:user_has_integration("google_mail", token)))
      assert.is_true(hub:user_has_integration("github", token))
      local info = assert(hub:get_user_info(token))
      local who
      for _, integration in ipairs(info.integrations) do
        if integration.connector == "github" then who = integration.user_identifier end
      end
      assert.equal("string", type(who))
      assert.equal("table", type(assert(hub:get_integration("github", token, who))))
      assert.is_true(assert(hub:select_integration("github", token, who)).success)
      assert.is_true(assert(hub:remove_integration("github", token, who)).success)
    end)

    it("tells that an integration is unknown", function()
      local outcome, err = hub:select_integration("github", sandbox.token, "nobody@example.com")
      assert.is_false(outcome.success)
      assert.equal("string", type(outcome.message))
      assert.equal("api", err.kind)
      local integration
      integration, err = hub:get_integration("github", sandbox.token, "nobody@example.com")
      assert.is_nil(integration)
      assert.equal("api", err.kind)
    end)

    it("keeps an identifier in its place in the path", function()
      for _, name in ipairs({ "me@x.com/../y", "a b?c#d", "ü" }) do
        local outcome = hub:remove_integration("github", sandbox.token, name)
        assert.is_true(outcome == nil or outcome.success == false)
      end
      local integration, err = hub:get_integration("github", sandbox.token, "..")
      assert.is_nil(integration)
      assert.equal("params", err.kind)
      assert.equal("no", err.sent)
    end)
  end)
end

describe("an answer that holds no user", function()
  it("is malformed, and no user without a name", function()
    for _, body in ipairs({ "{}", "[]", '["ada"]', '{"data":{"status":"ok"}}', '{"identifier":null,"id":{}}' }) do
      local hub = bosa.new({ api_base_url = "http://127.0.0.1:1", api_key = "k", token = "t", transport = function()
        return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = body }
      end })
      for _, ask in ipairs({ hub.get_user_info, function() return hub:create_bosa_user("ada") end }) do
        local user, err = ask(hub)
        assert.is_nil(user)
        assert.same({ "protocol", "malformed response: it has no user" }, { err.kind, err.message })
      end
      hub:close()
    end
  end)
end)
