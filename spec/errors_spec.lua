--- Every kind of error, what it says, and whether the action can have run.
local bosa = require("bosa")
local command = require("spec.support.command")
local server = require("spec.support.server")

local sandbox, hub, lab, github

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  lab, github = hub:connect("lab"), hub:connect("github")
end)
teardown(function() sandbox.stop() end)

local function fault(params, options) return hub:run("lab", "fault", params, options) end

--- How often the server has executed something under a key.
local function executions(key) return assert(lab:count({ key = key })).data.count end

describe("an error", function()
  it("joins with strings, as other libraries' errors do", function()
    local _, err = github:list_issues({})
    assert.equal("failed: " .. tostring(err), "failed: " .. err)
    assert.equal(tostring(err) .. "!", err .. "!")
    assert.equal(tostring(err) .. tostring(err), err .. err)
    assert.equal(5 .. tostring(err), 5 .. err)
    for _, other in ipairs({ {}, true, print }) do
      local ok, message = pcall(function() return "x" .. (err .. other) end)
      assert.is_false(ok)
      assert.matches("^spec/errors_spec.lua:%d+: attempt to concatenate a " .. type(other) .. " value$", message)
    end
  end)

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
    assert(lab:small({})) -- so that there is a connection, which takes the request at once
    local response, err = lab:action("slow"):params({ delay_ms = 60000 }):timeout(0.5):run()
    assert.is_nil(response)
    assert.equal("timeout", err.kind)
    assert.equal("maybe", err.sent)
    response, err = lab:action("slow"):params({ delay_ms = 60000 }):deadline(0.05):run()
    assert.is_nil(response)
    assert.equal("timeout", err.kind)
  end)

  it("of a deadline that passes before a connection is free says so", function()
    local one = sandbox.hub({ max_connections = 1 })
    assert(one:get_connector("lab"))
    local slow = one:connect("lab"):action("slow"):params({ delay_ms = 60000 })
    local first = assert(slow:start())
    local _, err = slow:deadline(0.05):run()
    assert.same({ "timeout", "no" }, { err.kind, err.sent })
    assert.matches("passed while waiting for a connection$", err.message)
    first:cancel()
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

--- One error of each kind, with what the world did.
local kinds = {
  params = function() return lab:keywords({}) end,
  unknown_connector = function() return hub:run("nothing", "x") end,
  unknown_action = function() return hub:run("lab", "nothing") end,
  auth = function() return fault({ status = 401 }) end,
  not_found = function() return fault({ status = 404, message = "No such issue." }) end,
  rate_limit = function() return fault({ status = 429 }) end,
  api = function() return fault({ status = 418 }) end,
  server = function() return fault({ status = 503 }) end,
  connection = function() return fault({ connection = "reset" }) end,
  timeout = function() return lab:action("slow"):params({ delay_ms = 60000 }):timeout(0.5):run() end,
  tls = function()
    local port = sandbox.url:match(":(%d+)$") -- where nobody speaks TLS
    return bosa.new({ api_base_url = "https://127.0.0.1:" .. port, api_key = "k" }):run("lab", "small")
  end,
  protocol = function() return fault({ broken_json = true }) end,
  file = function() return lab:upload({ file = bosa.file({ path = command.missing }) }) end,
  cancelled = function()
    local call = assert(lab:action("slow"):params({ delay_ms = 60000 }):start())
    call:cancel()
    return call:wait()
  end,
  closed = function()
    local other = bosa.new({ api_base_url = sandbox.url, api_key = "k" })
    local call = assert(other:connect("lab"):action("small"):start())
    other:close()
    return call:wait()
  end,
}
local sent = {
  auth = "yes", not_found = "yes", rate_limit = "yes", api = "yes", server = "yes", protocol = "yes",
  connection = "maybe", timeout = "maybe", cancelled = "maybe",
}
local retryable = { rate_limit = true, server = true, connection = true, timeout = true }

describe("an error of kind", function()
  for kind, provoke in pairs(kinds) do
    it(kind .. " has the fields of its kind, and one line for a person", function()
      assert(lab:small({})) -- so that there is a connection, and the schemas are known
      local response, err = provoke()
      assert.is_nil(response)
      assert.equal(kind, err.kind)
      assert.equal(sent[kind] or "no", err.sent)
      assert.equal(retryable[kind] or false, err.retryable)
      assert.equal("string", type(err.message))
      assert.is_nil(tostring(err):find("[%c]"), tostring(err))
      assert.truthy(tostring(err):find(err.message, 1, true))
      assert.equal("string", type(err.connector))
    end)
  end

  it("of the server's carries what it said of itself", function()
    local body = bosa.json.encode({
      error = {
        message = "Slow\ndown.",
        code = "too_fast",
        type = "throttled",
        details = { limit = 5 },
        recovery = { retryable = true, retry_after_seconds = 3 },
      },
    })
    local _, err = fault({ status = 429, body = body, content_type = "application/json" })
    assert.equal("429 Too Many Requests: Slow down.", err.message)
    assert.equal("too_fast", err.code)
    assert.equal("throttled", err.type)
    assert.equal(2, err.contract) -- the sandbox keeps the contract that it is asked for
    assert.same({ limit = 5 }, err.details)
    assert.equal(3, err.retry_after)
    assert.equal(body, err.body)
    assert.matches("%(reference [%w-]+%)$", tostring(err))
    assert.equal(err.reference_id, tostring(err):match("%(reference (.-)%)$"))
  end)

  it("of the server's names the field, and doesn't repeat what was sent", function()
    local detail = { { type = "missing", loc = { "body", "owner" }, msg = "Field required", input = "what was sent" } }
    local body = bosa.json.encode({ detail = detail })
    local _, err = fault({ status = 422, body = body, content_type = "application/json" })
    assert.equal("api", err.kind)
    assert.matches("body.owner: Field required", err.message, 1, true)
    assert.equal("missing", err.details[1].type)
    assert.is_nil(err.details[1].input)
    assert.is_nil(err.body:find("what was sent", 1, true))
  end)

  it("auth is what the server calls a wrong key, whatever its status", function()
    local _, err = fault({ status = 404, body = '{"detail":"Invalid API Key."}', content_type = "application/json" })
    assert.equal("auth", err.kind)
  end)

  it("protocol is a redirect that would lead the key elsewhere", function()
    local _, err = fault({ status = 307, headers = { Location = "http://evil.example/x" } })
    assert.equal("protocol", err.kind)
    assert.equal("no", err.sent)
    assert.matches("evil.example", err.message, 1, true)
  end)

  it("any is of one type, also where a loop raises it", function()
    local _, one = fault({ status = 500 })
    local page = assert(lab:list_pages({ total = 30, limit = 10, fail_page = 2 }))
    local ok, other = pcall(function() for _ in page:items() do end end)
    assert.is_false(ok)
    assert.equal(getmetatable(one), getmetatable(other))
    assert.equal("server", other.kind)
  end)
end)
