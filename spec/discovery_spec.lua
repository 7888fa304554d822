--- What a server can do, and when it is asked: schemas once, the names of endpoints in both dialects.
local bosa = require("bosa")
local server = require("spec.support.server")

describe("discovery", function()
  local sandbox, hub

  setup(function() sandbox = server.start() end)
  teardown(function() sandbox.stop() end)
  before_each(function()
    hub = sandbox.hub()
  end)
  after_each(function() hub:close() end)

  --- The requests that fn() makes.
  local function requests(fn)
    local before = sandbox.stats().requests
    fn()
    return sandbox.stats().requests - before
  end

  it("does not happen before it is needed", function()
    assert.equal(0, requests(function()
      hub:connect("github"):action("list_issues"):params({ owner = 5 }):response_fields({ "id" })
    end))
  end)

  it("happens once, however many wait for it", function()
    local results, errors
    assert.equal(21, requests(function()
      local calls = {}
      for i = 1, 20 do calls[i] = assert(hub:connect("lab"):action("small"):start()) end
      results, errors = bosa.all(calls)
    end))
    assert.equal(20, #results)
    assert.is_nil(next(errors))
  end)

  it("fails once for all that wait for it", function()
    local errors
    assert.equal(1, requests(function()
      local calls = {}
      for i = 1, 5 do calls[i] = assert(hub:connect("nothing"):action("x"):start()) end
      errors = select(2, bosa.all(calls))
    end))
    for i = 1, 5 do
      assert.equal("unknown_connector", errors[i].kind)
      assert.equal("no", errors[i].sent)
      assert.equal("nothing", errors[i].connector)
    end
  end)

  it("goes on for the others when the first that waited is cancelled", function()
    local first = assert(hub:connect("lab"):action("small"):start())
    local second = assert(hub:connect("lab"):action("small"):start())
    first:cancel()
    assert.equal(200, assert(second:wait()).status)
    assert.equal("cancelled", select(2, first:wait()).kind)
  end)

  it("is one request a connector, and none for what is known", function()
    assert.equal(2, requests(function()
      for _ = 1, 3 do
        assert(hub:get_connector("github"))
        assert(hub:get_connector("lab"))
      end
    end))
    assert.equal(0, requests(function()
      local lab = hub:connect("lab")
      assert(lab:get_actions())
      assert(lab:get_action_parameters("keywords"))
      assert(lab:help())
      assert(lab:action("small"):validate())
    end))
  end)

  it("is no hub's but its own", function()
    assert(hub:get_connector("lab"))
    local other = bosa.new({ api_base_url = sandbox.url })
    assert.equal(1, requests(function() assert(other:get_connector("lab")) end))
    other:close()
  end)

  it("lists actions by name, with path and description", function()
    local by_name, names = {}, {}
    for i, action in ipairs(assert(hub:connect("lab"):get_actions())) do
      names[i], by_name[action.name] = action.name, action
    end
    local sorted = {}
    for i, name in ipairs(names) do sorted[i] = name end
    table.sort(sorted)
    assert.same(sorted, names)
    assert.same({
      name = "admin/revoke",
      path = "/connectors/lab/admin/revoke",
      description = "Has a slash in its name.",
    }, by_name["admin/revoke"])
    assert.truthy(by_name["get-users"])
  end)

  it("leaves out what is no action", function()
    for _, name in ipairs({ "github", "google_drive", "google_mail", "lab" }) do
      for _, action in ipairs(assert(hub:connect(name):get_actions())) do
        assert.is_nil(action.name:match("^integration"), action.name)
        assert.is_nil(action.name:match("^success%-authorize"), action.name)
      end
    end
    local response, err = hub:run("github", "integrations")
    assert.is_nil(response)
    assert.equal("unknown_action", err.kind)
  end)

  it("describes parameters: the required ones first, nested ones with dots", function()
    local list = assert(hub:connect("lab"):get_action_parameters("keywords"))
    local by_name = {}
    for _, parameter in ipairs(list) do by_name[parameter.name] = parameter end
    assert.same({
      name = "name",
      type = "string",
      required = true,
      description = "Between 1 and 20 characters.",
    }, list[1])
    assert.equal("integer", by_name["point.y"].type)
    assert.is_true(by_name["point.y"].required)
    assert.is_false(by_name.point.required)
    assert.equal("array of string", by_name.tags.type)
    assert.equal("integer | string", by_name.id.type)
    assert.equal("red", by_name.colour.default)
    assert.same({ "red", "green", "blue" }, by_name.colour.enum)
    assert.equal("any", by_name.anything.type)
    assert.equal(bosa.null, by_name.level.default)
    assert.is_false(by_name.flag.default)
  end)

  it("describes a union by all of its branches", function()
    local by_name = {}
    for _, parameter in ipairs(assert(hub:connect("lab"):get_action_parameters("unions"))) do
      by_name[parameter.name] = parameter
    end
    assert.is_true(by_name.shape.required)
    assert.same({ "circle", "square" }, by_name["shape.kind"].enum)
    -- each is required in one of the branches only
    assert.is_false(by_name["shape.radius"].required)
    assert.is_false(by_name["shape.side"].required)
    assert.truthy(by_name["shapes.kind"])
  end)

  it("ends, where a schema refers to itself", function()
    local list = assert(hub:connect("lab"):get_action_parameters("keywords"))
    local deepest = 0
    for _, parameter in ipairs(list) do
      deepest = math.max(deepest, select(2, parameter.name:gsub("%.", "")))
    end
    assert.is_true(deepest >= 2 and deepest < 10)
  end)

  it("has no parameters where there are none", function()
    assert.same({}, hub:connect("lab"):get_action_parameters("no_params"))
  end)

  it("writes help for a person", function()
    local github = hub:connect("github")
    local all = assert(github:help())
    for _, action in ipairs(github:get_actions()) do assert.matches(action.name, all, 1, true) end
    local one = assert(github:help("list_issues"))
    assert.matches("owner  string, required", one, 1, true)
    assert.matches('one of "open"', one, 1, true)
    assert.matches("flag  boolean, default false", assert(hub:connect("lab"):help("keywords")), 1, true)
    assert.matches("takes no parameters", assert(hub:connect("lab"):help("no_params")), 1, true)
  end)

  it("knows the action that may have been meant, in every way to ask", function()
    local github = hub:connect("github")
    for _, result in ipairs({
      { github:list_isues({}) },
      { hub:run("github", "list_isues") },
      { hub:execute("github", "list_isues") },
      { github:action("list_isues"):validate() },
      { github:get_action_parameters("list_isues") },
      { github:help("list_isues") },
    }) do
      local err = result[2]
      assert.is_nil(result[1])
      assert.equal("unknown_action", err.kind)
      assert.equal("github", err.connector)
      assert.equal("list_isues", err.action)
      assert.equal("no", err.sent)
      assert.matches("did you mean `list_issues`?", err.message, 1, true)
    end
    local _, err = hub:run("github", "something_else_entirely")
    assert.is_nil(err.message:find("did you mean", 1, true))
  end)

  it("says which connector there isn't, in every way to ask", function()
    local nothing = hub:connect("nothing")
    for _, result in ipairs({
      { hub:get_connector("nothing") },
      { nothing:get_actions() },
      { nothing:get_action_parameters("x") },
      { nothing:help() },
      { nothing:x({}) },
    }) do
      assert.is_nil(result[1])
      assert.equal("unknown_connector", result[2].kind)
      assert.equal("nothing", result[2].connector)
      assert.matches("`nothing`", tostring(result[2]), 1, true)
    end
  end)

  it("is made anew after refresh_connector, for that connector alone", function()
    assert(hub:get_connector("lab"))
    assert(hub:get_connector("github"))
    assert(hub:refresh_connector("lab"))
    assert.equal(1, requests(function()
      assert(hub:get_connector("lab"))
      assert(hub:get_connector("github"))
    end))
    assert.is_true(hub:refresh_connector("never_seen"))
  end)

  it("finds a new action after refresh_connector", function()
    local own = server.start()
    local one = bosa.new({ api_base_url = own.url, api_key = own.key, token = own.token })
    local lab = assert(one:get_connector("lab"))
    own.change_schema()
    local _, err = lab:action("fresh"):run()
    assert.equal("unknown_action", err.kind)
    assert(one:refresh_connector("lab"))
    assert.equal(200, assert(lab:action("fresh"):run()).status)
    one:close()
    own.stop()
  end)
end)

for _, dialect in ipairs({ "current", "legacy", "both" }) do
  describe("a server of the dialect " .. dialect, function()
    local sandbox, hub

    setup(function()
      sandbox = server.start("--dialect " .. dialect)
      hub = sandbox.hub()
    end)
    teardown(function()
      hub:close()
      sandbox.stop()
    end)

    it("tells its connectors", function()
      assert.same({ "github", "google_drive", "google_mail", "lab" }, hub:get_available_modules())
    end)

    it("is asked in its dialect once that is known", function()
      assert(hub:get_available_modules())
      local before = sandbox.stats().requests
      assert(hub:get_available_modules())
      assert.equal(before + 1, sandbox.stats().requests)
    end)

    it("runs actions", function()
      assert.equal(200, assert(hub:run("github", "list_issues", { owner = "lua", repo = "lua" })).status)
    end)

    it("signs users up and knows them", function()
      local user = assert(hub:create_user(dialect .. "@example.com"))
      local token = assert(hub:authenticate(user.identifier, user.secret))
      assert.equal(dialect .. "@example.com", assert(hub:get_user_info(token.token)).identifier)
      assert.is_false(hub:user_has_integration("google_drive", token.token))
    end)

    it("is not taken for the other because of its own refusals", function()
      local stranger = bosa.new({ api_base_url = sandbox.url, api_key = "sk-client-wrong" })
      local user, err = stranger:create_user("x@example.com")
      assert.is_nil(user)
      assert.equal("auth", err.kind)
      stranger:close()
    end)
  end)
end
