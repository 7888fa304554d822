--- What is sent again, what never is, and how often the server ran it: it counts. Connections that are lost in every
-- way are in spec/wire_spec.lua.
local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox, hub, lab

setup(function() sandbox = server.start() end)
teardown(function() sandbox.stop() end)
before_each(function()
  hub = sandbox.hub({ retry_budget = false })
  lab = hub:connect("lab")
end)
after_each(function() hub:close() end)

local unique = 0

--- Runs a fault under a key of its own: response, err, and how often the server executed it.
local function fault(params, options)
  unique = unique + 1
  params.key = "retry-" .. unique
  local response, err = hub:run("lab", "fault", params, options)
  return response, err, assert(lab:count({ key = params.key })).data.count
end

describe("an answer of the server's", function()
  for _, status in ipairs({ 429, 500, 502, 503, 504 }) do
    it("of status " .. status .. " is tried again as often as allowed", function()
      local response, _, runs = fault({ status = status, retry_after = 0, times = 2 }, { max_attempts = 3 })
      assert.equal(3, response.attempts)
      assert.equal(3, runs)
      local err
      response, err, runs = fault({ status = status, retry_after = 0 }, { max_attempts = 3 })
      assert.is_nil(response)
      assert.equal(3, err.attempts)
      assert.equal(status, err.status)
      assert.is_true(err.retryable)
      assert.equal(3, runs)
    end)

    it("of status " .. status .. " is final unless the caller allows more", function()
      local _, err, runs = fault({ status = status, retry_after = 0, times = 1 })
      assert.equal(1, err.attempts)
      assert.equal(1, runs)
    end)
  end

  for _, status in ipairs({ 400, 401, 403, 404, 409, 422 }) do
    it("of status " .. status .. " is final", function()
      local _, err, runs = fault({ status = status, retry_after = 0, times = 1 }, { max_attempts = 5 })
      assert.equal(status, err.status)
      assert.is_false(err.retryable)
      assert.equal(1, runs)
    end)
  end

  it("decides itself where it says whether to try again", function()
    local _, err, runs = fault({ status = 503, retryable = false, retry_after = 0 }, { max_attempts = 5 })
    assert.is_false(err.retryable)
    assert.equal(1, runs)
    local response
    response, _, runs = fault({ status = 409, retryable = true, retry_after = 0, times = 1 }, { max_attempts = 5 })
    assert.equal(2, response.attempts)
    assert.equal(2, runs)
  end)

  it("sets the time to wait: a date that is past, and the body before the header", function()
    local past = { status = 503, retry_after = "Mon, 23 Nov 2020 21:37:28 GMT", times = 1 }
    assert.equal(2, fault(past, { max_attempts = 2 }).attempts)
    local both = { status = 503, retry_after_seconds = 0, retry_after = 3600, times = 1 }
    assert.equal(2, fault(both, { max_attempts = 2 }).attempts)
  end)

  it("is final where the wait would be too long, for us or for the deadline", function()
    local _, err, runs = fault({ status = 503, retry_after = 65, times = 1 }, { max_attempts = 5 })
    assert.equal(65, err.retry_after)
    assert.equal(1, runs)
    _, err, runs = fault({ status = 429, retry_after = 60, times = 1 }, { max_attempts = 5, deadline = 30 })
    assert.equal("rate_limit", err.kind)
    assert.equal(60, err.retry_after)
    assert.equal(1, runs)
  end)

  it("follows the hub's setting, which a call's goes before", function()
    local own = bosa.new({
      api_base_url = sandbox.url,
      api_key = sandbox.key,
      token = sandbox.token,
      max_attempts = 3,
    })
    local params = { status = 503, retry_after = 0, key = "of-the-hub" }
    assert.equal(3, select(2, own:run("lab", "fault", params)).attempts)
    assert.equal(1, select(2, own:run("lab", "fault", params, { max_attempts = 1 })).attempts)
    assert.equal(2, select(2, own:connect("lab"):action("fault"):params(params):max_attempts(2):run()).attempts)
    own:close()
  end)

  it("that makes no sense has run, and is final", function()
    local _, err, runs = fault({ broken_json = true }, { max_attempts = 5, replay_unsafe = true })
    assert.equal("protocol", err.kind)
    assert.equal("yes", err.sent)
    assert.equal(1, runs)
  end)
end)

describe("a lost connection", function()
  it("within the answer is tried again where the caller says that it may run twice", function()
    local options = { max_attempts = 2, replay_unsafe = true }
    local response, _, runs = fault({ connection = "truncate", times = 1 }, options)
    assert.equal(2, response.attempts)
    assert.equal(2, runs)
  end)

  it("after a whole answer costs nothing", function()
    assert(hub:get_connector("lab"))
    local before = sandbox.stats().executions.fault or 0
    assert.equal(200, assert(lab:fault({ connection = "close_after_answer" })).status)
    assert.equal(before + 1, sandbox.stats().executions.fault)
  end)

  it("does not stand in the way of the calls that wait for one", function()
    local calls = {}
    for i = 1, 20 do
      local name = i % 2 == 0 and "fault" or "small"
      calls[i] = assert(lab:action(name):params(i % 2 == 0 and { connection = "close" } or {}):start())
    end
    local results, errors = bosa.all(calls)
    for i = 1, 20 do
      if i % 2 == 0 then
        assert.equal("connection", errors[i].kind)
      else
        assert.equal(200, results[i].status)
      end
    end
  end)
end)

describe("a connection that was never made", function()
  it("is tried again: nothing was sent", function()
    local gone = server.start()
    local types = {}
    local one = bosa.new({
      api_base_url = gone.url,
      api_key = gone.key,
      token = gone.token,
      on_event = function(event) types[#types + 1] = event.type end,
    })
    assert(one:get_connector("lab"))
    gone.stop()
    types = {}
    local response, err = one:run("lab", "small", {}, { max_attempts = 2 })
    assert.is_nil(response)
    assert.equal("connection", err.kind)
    assert.equal("no", err.sent)
    assert.equal(2, err.attempts)
    assert.is_true(err.retryable)
    assert.equal("request error retry wait request error", table.concat(types, " "))
    one:close()
  end)

  it("because its call was cancelled doesn't keep the next from being made", function()
    for _ = 1, 5 do
      assert.is_nil((fault({ connection = "close" }))) -- so that the next needs a connection of its own
      hub:run("lab", "fault", { connection = "close" })
      local first = assert(lab:action("small"):start())
      first:cancel()
      assert.equal("cancelled", select(2, first:wait()).kind)
      assert.equal(200, assert(lab:action("small"):timeout(20):run()).status)
    end
  end)

  it("to one of a name's addresses leads to the next address", function()
    local port = sandbox.url:match(":(%d+)$")
    local named = bosa.new({
      api_base_url = "http://localhost:" .. port,
      api_key = sandbox.key,
      token = sandbox.token,
    })
    assert.equal(200, assert(named:run("lab", "small")).status)
    named:close()
  end)
end)

describe("a call that is taken back", function()
  it("says whether it can have run, and the server agrees", function()
    assert(lab:small({}))
    local call = assert(lab:action("slow"):params({ delay_ms = 60000, key = "taken-back" }):start())
    assert(lab:small({})) -- meanwhile it has been sent
    call:cancel()
    local _, err = call:wait()
    assert.equal("cancelled", err.kind)
    assert.equal("maybe", err.sent)
    assert.equal(1, assert(lab:count({ key = "taken-back" })).data.count)
  end)

  it("before it was sent has surely not run", function()
    local cold = sandbox.hub()
    local call = assert(cold:connect("lab"):action("slow"):params({ delay_ms = 1, key = "never-sent" }):start())
    call:cancel()
    local _, err = call:wait()
    assert.equal("no", err.sent)
    assert.equal(0, assert(lab:count({ key = "never-sent" })).data.count)
    cold:close()
  end)
end)
