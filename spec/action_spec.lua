--- Running actions, in every way the public API offers.
local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox, hub, github, lab

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  github, lab = hub:connect("github"), hub:connect("lab")
end)
teardown(function() sandbox.stop() end)

local repo = { owner = "lua", repo = "lua" }

describe("an action", function()
  it("runs directly: the body as the server sent it, and the status", function()
    local body, status, headers = hub:execute("github", "list_pull_requests", repo)
    assert.equal(200, status)
    assert.equal("table", type(body.data))
    assert.equal("table", type(body.meta))
    assert.matches("^application/json", headers["content-type"])
    body, status, headers = github:action("list_pull_requests"):params(repo):execute()
    assert.equal(200, status)
    assert.is_true(#body.data > 0)
    assert.matches("^[%w._:-]+$", headers["x-request-id"])
    assert.equal(2, select("#", hub:execute("github", "list_pull_requests", {}))) -- a failure has none
  end)

  it("runs by the fluent chain, by hub:run and as a method", function()
    local numbers = {}
    for i, response in ipairs({
      assert(github:action("list_issues"):params(repo):max_attempts(2):timeout(5):run()),
      assert(hub:run("github", "list_issues", repo, { timeout = 5 })),
      assert(github:list_issues(repo)),
    }) do
      numbers[i] = response[1].number
    end
    assert.equal(numbers[1], numbers[2])
    assert.equal(numbers[1], numbers[3])
  end)

  it("can be built in steps, used again and changed in between", function()
    local action = github:action("list_issues"):param("owner", "lua"):param("repo", "lua"):param("limit", 2)
    assert.equal(2, #assert(action:run()))
    assert.equal(3, #assert(action:param("limit", 3):run()))
    assert.is_true(#assert(action:param("limit", nil):run()) > 3)
  end)

  it("takes a snapshot when it runs, and leaves the caller's table alone", function()
    local params = { owner = "lua", repo = "lua", limit = 1 }
    local action = github:action("list_issues"):params(params)
    local call = assert(action:start())
    params.limit = 5
    assert.equal(1, #assert(call:wait()))
    assert.equal(5, #assert(action:run()))
    action:param("limit", 2)
    assert.equal(5, params.limit)
  end)

  it("asks for the wanted fields only", function()
    local response = assert(github
      :action("list_pull_requests")
      :params(repo)
      :response_fields({ "number", "user.login" })
      :run())
    local pr = response[1]
    assert.equal("number", type(pr.number))
    assert.equal("string", type(pr.user.login))
    assert.is_nil(pr.title)
    assert.is_nil(pr.user.id)
  end)

  it("takes nil back to what it is without", function()
    local action = lab:action("echo"):params({ text = "x" })
    local plain = assert(action:run()).data
    action:response_fields({ "raw" }):headers({ ["X-Mine"] = "yes" }):identifier("nobody"):token("wrong")
    action:output("/nowhere/at/all"):on_progress(function() error("not wanted") end):timeout(0.001):deadline(0.001)
    for _, name in ipairs({
      "response_fields", "response_filters", "headers", "identifier", "token", "output", "on_progress", "timeout",
      "deadline", "traceparent",
    }) do
      assert.equal(action, action[name](action, nil))
    end
    local again = assert(action:run()).data
    assert.same({ plain.raw, #plain.fields }, { again.raw, #again.fields })
  end)

  it("sends key, token, account, and the caller's own header fields", function()
    local data = assert(lab
      :action("echo")
      :params({ text = "x" })
      :token(sandbox.token)
      :account("work")
      :headers({ ["X-Mine"] = "yes", ["X-API-Key"] = "not mine" })
      :run()).data
    local seen = {}
    for _, field in ipairs(data.fields) do seen[field.name] = field.value end
    assert.equal(sandbox.key, seen["X-API-Key"])
    assert.equal("Bearer " .. sandbox.token, seen.Authorization)
    assert.equal("work", seen["X-Integration"])
    assert.equal("work", seen["X-Bosa-Integration"])
    assert.equal("yes", seen["X-Mine"])
    assert.equal("application/json", seen["Content-Type"])
  end)

  it("refuses header fields that would break the message", function()
    for _, headers in ipairs({ { a = "b\r\nX: y" }, { ["a b"] = "c" }, { ["a:"] = "c" }, { Host = "evil.example" } }) do
      local response, err = lab:action("small"):headers(headers):run()
      assert.is_nil(response)
      assert.equal("params", err.kind)
      assert.equal("no", err.sent)
    end
  end)

  it("sends strings as given: not trimmed, not dropped when empty", function()
    local text = "  \t ü \n "
    assert.equal(text, bosa.json.decode(assert(lab:echo({ text = text })).data.raw).text)
    assert.equal("", bosa.json.decode(assert(lab:echo({ text = "" })).data.raw).text)
  end)

  it("runs where it takes no parameters, and under names with - and /", function()
    for _, name in ipairs({ "no_params", "get-users", "admin/revoke" }) do
      assert.equal(200, assert(lab:action(name):run()).status)
    end
    local response, err = lab:action("no_params"):params({ a = 1 }):run()
    assert.is_nil(response)
    assert.equal("params", err.kind)
  end)

  it("keeps what it made at the third party", function()
    local made = assert(github:create_issue({ owner = "lua", repo = "lua", title = "state lives" })).data
    local found = assert(github:get_issue({ owner = "lua", repo = "lua", issue_number = made.number })).data
    assert.equal("state lives", found.title)
    assert.equal(made.number, assert(github:list_issues(repo))[1].number)
  end)

  it("validates without sending", function()
    local before = sandbox.stats().requests
    assert.is_true(github:action("list_issues"):params(repo):validate())
    local ok, err = github:action("list_issues"):validate()
    assert.is_nil(ok)
    assert.equal("params", err.kind)
    assert.equal(before, sandbox.stats().requests)
  end)

  it("uses one connection for one call after another", function()
    local one = sandbox.hub()
    local before = sandbox.stats().connections
    for _ = 1, 20 do assert(one:connect("lab"):small({})) end
    -- asking for the statistics is a connection of curl's own
    assert.is_true(sandbox.stats().connections - before <= 2)
    one:close()
  end)

  it("discovers a connector once", function()
    local one = sandbox.hub()
    local before = sandbox.stats().requests
    for _ = 1, 5 do assert(one:connect("lab"):small({})) end
    assert.equal(before + 6, sandbox.stats().requests)
    assert(one:refresh_connector("lab"))
    assert(one:connect("lab"):small({}))
    assert.equal(before + 8, sandbox.stats().requests)
    one:close()
  end)
end)
