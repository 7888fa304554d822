--- Hooks: what they see, change and refuse; in which order; in every way that an action can be run.
local bosa = require("bosa")
local loop = require("bosa.loop")
local task = require("bosa.task")
local server = require("spec.support.server")

local sandbox, hub

setup(function() sandbox = server.start() end)
teardown(function() sandbox.stop() end)
before_each(function()
  hub = sandbox.hub()
end)
after_each(function() hub:close() end)

--- What lab.echo saw of a run: { body =, headers = by name }.
local function echo(builder)
  local data = assert(builder:run()).data
  data.headers = {}
  for _, field in ipairs(data.fields) do data.headers[field.name:lower()] = field.value end
  return data
end

--- A value whose text can't be had.
local mute = setmetatable({}, { __tostring = function() error("no text") end })

describe("a before hook", function()
  it("sees what is asked for, and no secret", function()
    local seen
    hub:before(function(request) seen = request end)
    local action = hub:connect("lab"):action("echo"):params({ text = "a" }):headers({ ["X-Mine"] = "1" })
    assert(action:identifier("me@example.com"):token(sandbox.token):run())
    assert.same({
      connector = "lab", action = "echo", params = { text = "a" }, headers = { ["X-Mine"] = "1" },
      identifier = "me@example.com",
    }, seen)
  end)

  it("changes the request in place, and leaves the caller's own alone", function()
    local params, headers = { text = "a", object = { x = 1 } }, { ["X-Mine"] = "1" }
    hub:before(function(request)
      request.params.text = "changed"
      request.params.object.x = 2
      request.headers["X-Mine"] = "2"
      request.headers["X-More"] = "3"
      request.identifier = "other"
    end)
    local action = hub:connect("lab"):action("echo"):params(params):headers(headers)
    local saw = echo(action)
    assert.equal("changed", saw.body.text)
    assert.equal(2, saw.body.object.x)
    assert.equal("2", saw.headers["x-mine"])
    assert.equal("3", saw.headers["x-more"])
    assert.equal("other", saw.headers["x-bosa-integration"])
    assert.same({ text = "a", object = { x = 1 } }, params)
    assert.same({ ["X-Mine"] = "1" }, headers)
    assert.equal("changed", echo(action).body.text) -- the second run begins anew
  end)

  it("may give another request", function()
    hub:before(function(request)
      return { connector = request.connector, action = request.action, params = { text = "mine" } }
    end)
    assert.equal("mine", echo(hub:connect("lab"):action("echo"):params({ text = "a" })).body.text)
  end)

  it("runs before the check, also that of validate", function()
    hub:before(function(request) request.params.owner = "lua" end)
    local action = hub:connect("github"):action("list_issues"):params({ repo = "lua" })
    assert.is_true(action:validate())
    assert.equal(200, assert(action:run()).status)
    hub:before(function(request) request.params.owner = 5 end)
    assert.equal("params", select(2, action:validate()).kind)
    assert.equal("params", select(2, action:run()).kind)
  end)

  it("sets the token", function()
    local bare = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key, token = "wrong" })
    assert.equal("auth", select(2, bare:run("github", "list_issues", { owner = "lua", repo = "lua" })).kind)
    bare:before(function(request) request.token = sandbox.token end)
    assert(bare:run("github", "list_issues", { owner = "lua", repo = "lua" }))
  end)

  it("refuses, and nothing is sent", function()
    local calls = 0
    local reasons = {
      { function() return nil, "not on Sundays" end, "cancelled", "not on Sundays" },
      { function() return false end, "cancelled", "refused" },
      { function() return nil, { kind = "auth", message = "not you", status = 401 } end, "auth", "not you" },
      { function() return nil, { kind = "nonsense", message = "x" } end, "cancelled", "x" },
      { function() return nil, loop.error("rate_limit", "slower", "no") end, "rate_limit", "slower" },
      { function() error("broken", 0) end, "cancelled", "before raised: broken" },
      { function() error(mute) end, "cancelled", "before raised: a table that gives no text" },
      { function() return nil, mute end, "cancelled", "cancelled" },
      { function() return nil, { sent = "never", message = mute } end, "cancelled", "gives no text" },
      { function() return 5 end, "cancelled", "must return a request" },
      { function(request) request.params = 5 end, "cancelled", "a request that can't be: bad argument" },
      { function(request) request.action = "echo" end, "cancelled", "can't be changed" },
      { function(request) request.token = {} end, "cancelled", "a request that can't be: bad argument" },
    }
    assert(hub:get_connector("lab"))
    local before = sandbox.stats().requests
    for _, reason in ipairs(reasons) do
      local action = hub:connect("lab"):action("small"):before(reason[1]):before(function() calls = calls + 1 end)
      for _, result in ipairs({ { action:run() }, { action:start():wait() }, { action:execute() } }) do
        local err = result[2]
        assert.is_nil(result[1])
        assert.equal(reason[2], err.kind)
        assert.equal("no", err.sent)
        assert.truthy(err.message:find(reason[3], 1, true), err.message)
        assert.matches("^[^\n]*$", tostring(err))
      end
      assert.equal(reason[2], select(2, action:validate()).kind)
    end
    assert.equal(0, sandbox.stats().requests - before)
  end)

  it("names the action in what it refuses with", function()
    local _, err = hub:connect("lab"):action("small"):before(function() return nil, "no" end):run()
    assert.equal("lab.small: no", tostring(err))
  end)
end)

describe("an after hook", function()
  it("sees the response once a run, however many attempts it took", function()
    local seen = {}
    hub:after(function(response, err, request)
      seen[#seen + 1] = { response and response.attempts, err, request.action, request.params.key }
    end)
    local action = hub:connect("lab"):action("fault"):max_attempts(2)
    action:params({ key = "after", status = 500, times = 1, retry_after = 0 })
    assert.equal(2, assert(action:run()).attempts)
    assert.same({ { 2, nil, "fault", "after" } }, seen)
  end)

  it("sees the error, and what was refused before", function()
    local kinds = {}
    hub:after(function(response, err)
      assert.is_nil(response)
      kinds[#kinds + 1] = err.kind
    end)
    assert.equal("server", select(2, hub:run("lab", "fault", { status = 500 })).kind)
    local refused = hub:connect("lab"):action("small"):before(function() return false end)
    assert.equal("cancelled", select(2, refused:run()).kind)
    assert.same({ "server", "cancelled" }, kinds)
  end)

  it("changes the data in place, for every way to look at it", function()
    hub:after(function(response)
      table.remove(response.data)
      response.data[1].id = "changed"
    end)
    local action = hub:connect("lab"):action("list_pages"):params({ total = 5 })
    local response = assert(action:run())
    assert.equal(4, #response)
    assert.equal("changed", response[1].id)
    assert.equal("changed", response:get_data()[1].id)
    local ids = {}
    for item in response:items() do ids[#ids + 1] = item.id end
    assert.same({ "changed", 2, 3, 4 }, ids)
    local body, status, headers = action:execute()
    assert.matches("^application/json", headers["content-type"])
    assert.equal(4, #body.data)
    assert.equal("changed", body.data[1].id)
    assert.equal("table", type(body.meta))
    assert.equal(200, status)
  end)

  it("gives other data, or another response", function()
    local action = hub:connect("lab"):action("small")
    action:after(function() return { mine = true } end)
    assert.same({ mine = true }, assert(action:run()).data)
    assert.same({ mine = true }, (action:execute()).data or (action:execute()))
    local other = assert(hub:run("lab", "echo", { text = "other" }))
    action:after(function() return other end) -- runs before the one that was added first
    assert.same({ mine = true }, assert(action:run()).data)
    assert.equal(other, assert(action:run()))
  end)

  it("makes an answer of an error", function()
    local spare = assert(hub:run("lab", "small"))
    hub:after(function(_, err) return err and spare end)
    assert.equal(spare, assert(hub:run("lab", "fault", { status = 500 })))
  end)

  it("refuses", function()
    local reasons = {
      { function() return nil, "too much" end, "cancelled", "too much" },
      { function() return nil, { kind = "api", message = "no", status = 400 } end, "api", "no" },
      { function() error("broken", 0) end, "cancelled", "after raised: broken" },
      { function() error(mute) end, "cancelled", "after raised: a table that gives no text" },
      { function() return nil, { sent = 5, message = mute } end, "cancelled", "gives no text" },
      { function() return 5 end, "cancelled", "must return" },
    }
    for _, reason in ipairs(reasons) do
      local action = hub:connect("lab"):action("small"):after(reason[1])
      for _, result in ipairs({ { action:run() }, { action:start():wait() }, { action:execute() } }) do
        assert.is_nil(result[1])
        assert.equal(reason[2], result[2].kind)
        assert.equal("yes", result[2].sent)
        assert.truthy(result[2].message:find(reason[3], 1, true))
      end
    end
    local _, err = hub:connect("lab"):action("small"):after(function() return nil, "late" end):run()
    assert.equal("yes", err.sent)
  end)
end)

describe("hooks", function()
  it("run from the hub to the action, and back again", function()
    local order = {}
    local function note(word) return function() order[#order + 1] = word end end
    local own = bosa.new({
      api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token,
      before = note("hub 1"), after = note("hub -1"),
    })
    assert.equal(own, own:before(note("hub 2")):after(note("hub -2")))
    local lab = own:connect("lab")
    assert.equal(lab, lab:before(note("connector")):after(note("-connector")))
    local action = lab:action("small")
    assert.equal(action, action:before(note("action")):after(note("-action")))
    assert(action:run())
    assert.same({ "hub 1", "hub 2", "connector", "action", "-action", "-connector", "hub -2", "hub -1" }, order)
    order = {}
    assert(lab:small())
    assert.same({ "hub 1", "hub 2", "connector", "-connector", "hub -2", "hub -1" }, order)
    order = {}
    assert(own:run("lab", "small"))
    assert.same({ "hub 1", "hub 2", "hub -2", "hub -1" }, order)
  end)

  it("see every page once, with the parameters as they were given", function()
    local asked, got = {}, 0
    hub:before(function(request)
      asked[#asked + 1] = request.params.page or 1
      request.params.total = request.params.total + 5 -- would add up if it saw what it made
    end)
    hub:after(function(response)
      got = got + 1
      for _, item in ipairs(response.data) do item.seen = true end
    end)
    local lab = hub:connect("lab")
    for _, prefetch in ipairs({ 0, 2 }) do
      asked, got = {}, 0
      local count = 0
      for item in assert(lab:list_pages({ total = 40 })):items({ prefetch = prefetch }) do
        assert.is_true(item.seen)
        count = count + 1
      end
      assert.equal(45, count)
      assert.same({ 1, 2, 3 }, asked)
      assert.equal(3, got)
    end
    asked = {}
    local second = assert(assert(lab:list_pages({ total = 40 })):next_page())
    assert.is_true(second[1].seen)
    assert.same({ 1, 2 }, asked)
    assert.same({ 1, 2, 1 }, (assert(second:prev_page()) and asked))
    assert.equal(3, #assert(assert(lab:list_pages({ total = 40 })):get_all_items()))
  end)

  it("see the pages behind a cursor", function()
    local asked = {}
    hub:before(function(request) asked[#asked + 1] = request.params.cursor or "first" end)
    local count = 0
    for _ in assert(hub:run("lab", "list_cursor", { total = 50 })):items() do count = count + 1 end
    assert.equal(50, count)
    assert.equal("first", asked[1])
    assert.equal("string", type(asked[2]))
    assert.is_true(#asked > 1)
  end)

  it("that refuse a page end the loop with their error", function()
    hub:before(function(request)
      if (request.params.page or 1) > 1 then return nil, "one page only" end
    end)
    local ok, err = pcall(function()
      for _ in assert(hub:run("lab", "list_pages", { total = 60 })):pages() do end
    end)
    assert.is_false(ok)
    assert.equal("one page only", err.message)
  end)

  it("may wait, without holding up others", function()
    local plain = sandbox.hub()
    plain:before(function(request)
      task.sleep(0.02)
      request.params.text = "waited"
    end)
    plain:after(function() task.sleep(0.02) end)
    local calls = {}
    for i = 1, 5 do calls[i] = plain:connect("lab"):action("echo"):start() end
    for i = 1, 5 do assert.is_false(calls[i]:done()) end
    local results, errors = bosa.all(calls)
    assert.is_nil(next(errors))
    for i = 1, 5 do assert.equal("waited", results[i].data.body.text) end
    local told
    calls[1]:on_done(function(response) told = response.status end)
    assert.equal(200, calls[1]:wait().status)
    loop.turn(0)
    assert.equal(200, told)
  end)

  it("leave a call that was begun cancellable, and what it sent is given up", function()
    local after = 0
    hub:after(function() after = after + 1 end)
    local call = hub:connect("lab"):action("slow"):params({ delay_ms = 60000 }):start()
    loop.turn(0)
    call:cancel()
    assert.is_true(call:done())
    assert.equal("cancelled", select(2, call:wait()).kind)
    assert.equal(0, hub:_active())
    assert.equal(0, after)
  end)

  it("end with the hub", function()
    hub:after(function() end)
    local call = hub:connect("lab"):action("slow"):params({ delay_ms = 60000 }):start()
    hub:close()
    assert.equal("closed", select(2, call:wait()).kind)
  end)

  it("work over a transport, too", function()
    local own = bosa.new({
      api_base_url = "http://127.0.0.1:1",
      snapshot = { lab = { x = { method = "POST", path = "/x", parameters = { request = { schema = {
        type = "object", properties = { a = { type = "string" } },
      } } } } } },
      transport = function(request)
        local headers = { ["Content-Type"] = "application/json" }
        return { status = 200, headers = headers, body = '{"data":' .. request.body .. "}" }
      end,
      before = function(request) request.params.a = "b" end,
    })
    assert.same({ a = "b" }, assert(own:run("lab", "x")).data)
    assert.same({ a = "b" }, assert(own:connect("lab"):action("x"):start():wait()).data)
  end)

  it("are functions", function()
    for _, object in ipairs({ hub, hub:connect("lab"), hub:connect("lab"):action("small") }) do
      for _, which in ipairs({ "before", "after" }) do
        local ok, message = pcall(function() object[which](object, {}) end)
        assert.is_false(ok)
        local expected = "hooks_spec.lua:%d+: bad argument #1 to '" .. which .. "' %(function expected, got table%)"
        assert.matches(expected, message)
      end
    end
    assert.has_error(function() bosa.new({ before = {} }) end)
    assert.has_error(function() bosa.new({ after = "x" }) end)
  end)
end)
