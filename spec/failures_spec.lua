--- How each method of the hub fails.
local bosa = require("bosa")
local server = require("spec.support.server")

--- Every method that asks the server, with arguments that are well formed.
local callback = "http://127.0.0.1:1/"
local methods = {
  get_available_modules = function(hub) return hub:get_available_modules() end,
  get_connector = function(hub) return hub:get_connector("github") end,
  create_bosa_user = function(hub) return hub:create_bosa_user("x@example.com") end,
  authenticate_bosa_user = function(hub) return hub:authenticate_bosa_user("x@example.com", "sk-user-x") end,
  get_user_info = function(hub) return hub:get_user_info("token") end,
  user_has_integration = function(hub) return hub:user_has_integration("github", "token") end,
  initiate_connector_auth = function(hub) return hub:initiate_connector_auth("github", "token", callback) end,
  initiate_plugin_configuration = function(hub)
    return hub:initiate_plugin_configuration("github", "token", { a = 1 })
  end,
  get_integration = function(hub) return hub:get_integration("github", "token", "x") end,
  get_auth_schema = function(hub) return hub:get_auth_schema("github") end,
  select_integration = function(hub) return hub:select_integration("github", "token", "x") end,
  remove_integration = function(hub) return hub:remove_integration("github", "token", "x") end,
  run = function(hub) return hub:run("github", "list_issues", {}) end,
  execute = function(hub) return hub:execute("github", "list_issues", {}) end,
}

local json = { ["Content-Type"] = "application/json" }
local cases = {
  { "no server", nil, "connection" },
  { "a wrong key", { status = 404, headers = json, body = '{"error":{"message":"Invalid API Key."}}' }, "auth" },
  { "401", { status = 401, headers = json, body = '{"detail":"Unauthorized"}' }, "auth" },
  { "500", { status = 500, headers = { ["Content-Type"] = "text/plain" }, body = "Internal Server Error" }, "server" },
  { "broken JSON", { status = 200, headers = json, body = '{"data":' }, "protocol" },
  { "a redirect to another origin", { status = 307, headers = { Location = "http://evil.example/" } }, "protocol" },
}

for name, method in pairs(methods) do
  describe("hub:" .. name, function()
    for _, case in ipairs(cases) do
      it("answers " .. case[1] .. " with an error of kind " .. case[3], function()
        local hub = bosa.new({
          api_base_url = "http://127.0.0.1:1",
          api_key = "sk-client-failing",
          transport = case[2] and function() return case[2] end or nil,
        })
        local result, err = method(hub)
        assert.is_nil(result)
        assert.equal(case[3], err.kind)
        assert.is_true(err.sent == "no" or err.sent == "maybe" or err.sent == "yes")
        assert.equal("boolean", type(err.retryable))
        assert.is_nil(tostring(err):find("sk-client-failing", 1, true))
        hub:close()
      end)
    end
  end)
end

describe("an expired token", function()
  it("is of kind auth wherever it is used", function()
    local sandbox = server.start()
    local hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    local user = assert(hub:create_bosa_user("expired@example.com"))
    local token = assert(hub:authenticate_bosa_user(user.identifier, user.secret)).token
    for _, result in ipairs({
      { hub:get_user_info(token) },
      { hub:user_has_integration("github", token) },
      { hub:get_integration("github", token, "x") },
      { hub:run("lab", "small", {}, { token = token }) },
    }) do
      assert.is_nil(result[1])
      assert.equal("auth", result[2].kind)
      assert.is_nil(tostring(result[2]):find(token, 1, true))
    end
    hub:close()
    sandbox.stop()
  end)
end)
