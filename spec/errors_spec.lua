--- Every kind of error, what it says, and whether the action can have run.
local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox, hub, lab, github

setup(function()
  sandbox = server.start()
  hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token })
  lab, github = hub:connect("lab"), hub:connect("github")
end)
teardown(function()
  hub:close()
  sandbox.stop()
end)

local function fault(params, options) return hub:run("lab", "fault", params, options) end

--- How often the server has executed something under a key.
local function executions(key) return assert(lab:count({ key = key })).data.count end

describe("an error", function()
  local cases = {
    { { status = 400 }, "api" },
    { { status = 401 }, "auth" },
    { { status = 403 }, "auth" },
    { { status = 404, message = "No such thing." }, "not_found" },
    { { status = 409 }, "api" },
    { { status = 429 }, "rate_limit" },
    { { status = 500 }, "server" },
    { { status = 503, body = "Service Unavailable", content_type = "text/plain" }, "server" },
    { { status = 502, body = "<html><h1>Bad Gateway</h1></html>", content_type = "text/html" }, "server" },
    { { status = 200, broken_json = true }, "protocol" },
  }
  for _, case in ipairs(cases) do
    local broken = case[1].broken_json and " with broken JSON" or ""
    it(("of status %d%s has kind %s"):format(case[1].status, broken, case[2]), function()
      local response, err = fault(case[1])
      assert.is_nil(response)
      assert.equal(case[2], err.kind)
      assert.equal("yes", err.sent)
      assert.equal(1, err.attempts)
      assert.equal("lab", err.connector)
      assert.equal("fault", err.action)
      if not case[1].broken_json then assert.equal(case[1].status, err.status) end
      assert.equal(sandbox.url .. "/connectors/lab/fault", err.url)
      assert.is_nil(tostring(err):find("\n"))
      assert.matches("^lab%.fault: ", tostring(err))
    end)
  end

  it("carries what the server said", function()
    local _, err = fault({ status = 429, message = "Slow down.", retry_after = 7 })
    assert.matches("Slow down.", err.message, 1, true)
    assert.equal(7, err.retry_after)
    assert.is_true(err.retryable)
    assert.equal("string", type(err.reference_id))
    assert.equal("string", type(err.body))
  end)

  for _, connection in ipairs({ "close", "reset", "truncate" }) do
    it("tells a connection that ends by " .. connection, function()
      local key = "lost-" .. connection
      local response, err = fault({ connection = connection, key = key }, { max_attempts = 5 })
      assert.is_nil(response)
      assert.equal("connection", err.kind)
      assert.is_true(err.sent == "maybe" or err.sent == "yes")
      assert.equal(1, err.attempts) -- what may have run is not sent again
      assert.equal(1, executions(key))
    end)
  end

  it("is not hidden by a connection that was kept: nothing is sent twice", function()
    for i = 1, 10 do
      assert(lab:small({})) -- so that the next request goes over a connection that has served
      local key = "kept-" .. i
      local response, err = fault({ connection = "close", key = key }, { max_attempts = 3 })
      assert.is_nil(response)
      assert.equal("maybe", err.sent)
      assert.equal(1, executions(key))
    end
  end)

  it("of a time limit says that it may have run", function()
    local response, err = lab:action("slow"):params({ delay_ms = 60000 }):timeout(0.05):run()
    assert.is_nil(response)
    assert.equal("timeout", err.kind)
    assert.equal("maybe", err.sent)
    response, err = lab:action("slow"):params({ delay_ms = 60000 }):deadline(0.05):run()
    assert.is_nil(response)
    assert.equal("timeout", err.kind)
  end)

  it("of an answer that is too large names the option", function()
    local small = bosa.new({
      api_base_url = sandbox.url,
      api_key = sandbox.key,
      token = sandbox.token,
      max_response_size = 300000,
    })
    local response, err = small:run("lab", "list_bytes", { bytes = 1000000 })
    assert.is_nil(response)
    assert.equal("protocol", err.kind)
    assert.matches("max_response_size", err.message)
    small:close()
  end)

  it("of an unknown connector or action has the nearest name", function()
    local _, err = hub:run("nothing_like_it", "x")
    assert.equal("unknown_connector", err.kind)
    assert.equal("no", err.sent)
    _, err = hub:run("github", "list_isues")
    assert.equal("unknown_action", err.kind)
    assert.matches("did you mean `list_issues`", err.message)
    local _, get_err = hub:get_connector("nothing_like_it")
    assert.equal("unknown_connector", get_err.kind)
    _, err = github:get_action_parameters("list_isues")
    assert.equal("unknown_action", err.kind)
    _, err = github:help("list_isues")
    assert.equal("unknown_action", err.kind)
  end)

  it("lists all faults of the parameters, each with its path", function()
    local _, err = github:list_issues({ onwer = "lua", repo = 5, state = "opened", labels = { "a", 7 } })
    assert.equal("params", err.kind)
    assert.equal("no", err.sent)
    local by_path = {}
    for _, detail in ipairs(err.details) do by_path[detail.path] = detail end
    assert.equal("required", by_path.owner.keyword)
    assert.equal("owner", by_path.onwer.suggestion)
    assert.equal("string", by_path.repo.expected)
    assert.equal("integer", by_path.repo.got)
    assert.equal("open", by_path.state.suggestion)
    assert.equal("type", by_path["labels[1]"].keyword)
  end)

  it("of a wrong key is of kind auth", function()
    local stranger = bosa.new({ api_base_url = sandbox.url, api_key = "sk-client-wrong", token = sandbox.token })
    local response, err = stranger:run("lab", "small")
    assert.is_nil(response)
    assert.equal("auth", err.kind)
    local nobody = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key, token = "wrong" })
    response, err = nobody:run("lab", "small")
    assert.is_nil(response)
    assert.equal("auth", err.kind)
    assert.equal(401, err.status)
  end)
end)
