local bosa = require("bosa")
local lfs = require("lfs")
local server = require("spec.support.server")
local wire = require("spec.support.wire")

local sandbox, hub, lab, keeper -- keeper: a server that answers when it is told to

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  lab = hub:connect("lab")
  keeper = wire.start()
end)
teardown(function()
  keeper.stop()
  sandbox.stop()
end)

--- A hub of the keeper, and a function that gives an action which is answered once its key is released.
local function new_held(on_event)
  local own = bosa.new({ api_base_url = keeper.url, api_key = "sk-client-wire", token = "wire", on_event = on_event })
  local connector = own:connect("wire")
  return own, function(key) return connector:action("act"):params({ case = "held", key = key }) end
end

local function slow(ms, key) return lab:action("slow"):params({ delay_ms = ms, key = key }) end

--- Open descriptors of this process.
local function descriptors()
  local count = 0
  for _ in lfs.dir("/proc/self/fd") do count = count + 1 end
  return count
end

describe("descriptors", function()
  it("are not inherited by other programs", function()
    local function seen()
      local list = {}
      for line in io.popen("for fd in /proc/self/fd/*; do readlink $fd; done 2>/dev/null | sort"):lines() do
        if not line:find("^/proc") and not line:find("^pipe") then list[#list + 1] = line end
      end
      return list
    end
    local before = seen()
    local own = sandbox.hub()
    local under_way = assert(own:connect("lab"):action("slow"):params({ delay_ms = 60000 }):start())
    under_way:wait(0.05)
    local file = assert(own:run("lab", "download", { bytes = 3000000 })) -- in a temporary file
    assert.same(before, seen())
    under_way:cancel()
    own:close()
    assert.equal(3000000, file.data.size)
  end)
end)

describe("two hubs in one loop", function()
  it("hold each other up in neither way", function()
    local other = sandbox.hub()
    local others = other:connect("lab")
    assert(lab:small({}))
    assert(others:small({}))
    for _, pair in ipairs({ { lab, others }, { others, lab } }) do
      local under_way = assert(pair[1]:action("slow"):params({ delay_ms = 60000 }):start())
      for _ = 1, 3 do
        assert.equal(200, assert(pair[2]:small({})).status)
        local quick = assert(pair[2]:action("slow"):params({ delay_ms = 1 }):start())
        assert.equal(200, assert(quick:wait(10)).status)
      end
      assert.is_false(under_way:done())
      under_way:cancel()
      assert.equal("cancelled", select(2, under_way:wait()).kind)
    end
    other:close()
  end)

  it("end in the order in which their answers come", function()
    local one, one_held = new_held()
    local other, other_held = new_held()
    local calls, order = {}, {}
    for i, held in ipairs({ one_held, other_held, one_held, other_held }) do
      calls[i] = assert(held("order" .. i):start()):on_done(function()
        order[#order + 1] = i
        if i > 1 then keeper.release("order" .. i - 1) end
      end)
    end
    keeper.release("order4")
    bosa.all(calls)
    assert.same({ 4, 3, 2, 1 }, order)
    one:close()
    other:close()
  end)
end)

describe("calls", function()
  it("run side by side, and give their results in order", function()
    local calls = {}
    for i = 1, 40 do calls[i] = assert(lab:action("echo"):params({ number = i }):start()) end
    local results, errors = bosa.all(calls)
    assert.is_nil(next(errors))
    for i = 1, 40 do assert.equal(200, results[i].status) end
  end)

  it("are told of once for each thing that comes, in whatever order", function()
    local responses = 0
    local own, held = new_held(function(event) if event.type == "response" then responses = responses + 1 end end)
    assert(own:get_connector("wire"))
    responses = 0
    for round = 1, 3 do
      local one, two = assert(held("one" .. round):start()), assert(held("two" .. round):start())
      repeat one:wait(0.01) until keeper.stats().runs["two" .. round] -- both are sent, one before two
      keeper.release("two" .. round)
      keeper.release("one" .. round)
      assert.equal(200, assert(one:wait()).status)
      assert.equal(200, assert(two:wait()).status)
      assert.equal(2 * round, responses)
    end
    own:close()
  end)

  it("can be waited for again and again", function()
    local call = assert(slow(1):start())
    local first = assert(call:wait())
    assert.equal(first, call:wait())
    assert.is_true(call:done())
  end)

  it("go on after a wait that was too short", function()
    local own, held = new_held()
    local call = assert(held("waited-for-twice"):start())
    local response, err = call:wait(0.001)
    assert.is_nil(response)
    assert.equal("timeout", err.kind)
    assert.is_false(call:done())
    keeper.release("waited-for-twice")
    assert.equal(200, assert(call:wait()).status)
    own:close()
  end)

  it("refuse to wait for a time that is none", function()
    local call = assert(slow(1):start())
    for _, timeout in ipairs({ -1, 0 / 0, "1", false }) do
      local ok, why = pcall(function() call:wait(timeout) end)
      assert.is_false(ok)
      assert.matches("^spec/parallel_spec.lua:%d+: timeout: seconds expected, got ", why)
    end
    assert.equal(200, assert(call:wait(math.huge)).status)
  end)

  it("get somewhere for who only looks again and again", function()
    local call = assert(slow(5):start())
    local looks = 0
    repeat looks = looks + 1 until call:done() or looks > 1e7
    assert.is_true(call:done())
    call = assert(slow(5):start())
    local response
    repeat
      looks = looks + 1
      response = call:wait(0)
    until response or looks > 1e7
    assert.equal(200, response.status)
  end)

  it("can be cancelled", function()
    local call = assert(slow(60000):start())
    call:cancel()
    call:cancel()
    local response, err = call:wait()
    assert.is_nil(response)
    assert.equal("cancelled", err.kind)
    assert.is_true(call:done())
  end)

  it("tell when they are done, whether that was before or after asking", function()
    local seen = {}
    local call = slow(1):start():on_done(function(response) seen[#seen + 1] = response.status end)
    call:wait()
    call:on_done(function(response) seen[#seen + 1] = response.status end)
    assert(slow(1):run())
    assert.same({ 200, 200 }, seen)
  end)

  it("keep to max_connections", function()
    local narrow = bosa.new({
      api_base_url = sandbox.url,
      api_key = sandbox.key,
      token = sandbox.token,
      max_connections = 2,
    })
    local calls = {}
    local before = sandbox.stats().connections
    for i = 1, 10 do calls[i] = assert(narrow:connect("lab"):action("slow"):params({ delay_ms = 10 }):start()) end
    local _, errors = bosa.all(calls)
    assert.is_nil(next(errors))
    assert.is_true(sandbox.stats().connections - 1 <= before + 2) -- one is of who asks
    narrow:close()
  end)

  it("that nobody holds any more are cancelled, and leave no descriptor behind", function()
    local function begin(count)
      local list = {}
      for i = 1, count do
        local other = sandbox.hub()
        assert(other:get_connector("lab"))
        list[i] = { other, other:connect("lab"):action("slow"):params({ delay_ms = 60000 }):start() }
      end
      return list
    end
    begin(1) -- of whose objects a stale slot of the stack may keep some
    for _ = 1, 4 do collectgarbage() end
    local before = descriptors()
    local list = begin(20)
    assert.is_true(descriptors() >= before + #list)
    list = nil
    for _ = 1, 4 do collectgarbage() end
    assert.is_nil(list)
    assert.is_true(descriptors() <= before, descriptors() .. " descriptors, " .. before .. " before")
  end)

  it("end with kind closed when their hub is closed", function()
    local other = sandbox.hub()
    local call = assert(other:connect("lab"):action("slow"):params({ delay_ms = 60000 }):start())
    local heard
    call:on_done(function(_, err) heard = err.kind end)
    other:close()
    local response, err = call:wait()
    assert.is_nil(response)
    assert.equal("closed", err.kind)
    assert.equal("closed", heard)
  end)
end)

describe("tasks", function()
  it("wait without holding each other up", function()
    local own, held = new_held()
    local order = {}
    local one = bosa.async(function()
      assert(held("after-the-quick-one"):run())
      order[#order + 1] = "slow"
      return "a", nil, "c"
    end)
    local two = bosa.async(function()
      assert(slow(1):run())
      order[#order + 1] = "quick"
      keeper.release("after-the-quick-one")
    end)
    assert.same({ n = 3, "a", nil, "c" }, { n = select("#", one:wait()), one:wait() })
    two:wait()
    assert.same({ "quick", "slow" }, order)
    own:close()
  end)

  it("get their arguments", function()
    assert.equal(5, bosa.async(function(a, _, b) return a + b end, 2, nil, 3):wait())
  end)

  it("give what they raise as an error", function()
    local result, err = bosa.async(function() error("oops", 0) end):wait()
    assert.is_nil(result)
    assert.equal("oops", err)
  end)

  it("can be cancelled", function()
    local went_on = false
    local task = bosa.async(function()
      slow(60000):run()
      went_on = true
    end)
    task:cancel()
    local result, err = task:wait()
    assert.is_nil(result)
    assert.equal("cancelled", err.kind)
    assert.is_false(went_on)
  end)

  it("end the call that they run when they are cancelled", function()
    local narrow = bosa.new({
      api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token, max_connections = 1,
    })
    assert(narrow:get_connector("lab"))
    local task = bosa.async(function() narrow:run("lab", "slow", { delay_ms = 60000 }) end)
    task:cancel()
    -- the only connection is free again
    assert(narrow:run("lab", "slow", { delay_ms = 1 }, { deadline = 10 }))
  end)

  it("leave nothing behind, ended or cancelled", function()
    local function go(count)
      local call = assert(slow(20):start())
      for i = 1, count do
        local task = bosa.async(function(n)
          if n % 2 == 0 then call:wait() end
        end, i)
        task:cancel()
      end
      assert(call:wait())
      for _ = 1, 4 do collectgarbage() end
      return collectgarbage("count")
    end
    local before = go(200)
    local kept = go(1000) - before
    assert(kept < 100, kept .. " kB of 1000 tasks") -- each is most of a kB
  end)

  it("wait for tasks and calls alike", function()
    local inner = bosa.async(function() return assert(slow(5):run()).status end)
    local outer = bosa.async(function()
      local results = bosa.all({ inner, assert(slow(5):start()) })
      return results[1], results[2].status
    end)
    local a, b = outer:wait(20)
    assert.equal(200, a)
    assert.equal(200, b)
  end)

  it("fetch schemas once, however many ask", function()
    local other = sandbox.hub()
    local calls = {}
    local list = other:connect("github"):action("list_issues"):params({ owner = "lua", repo = "lua" })
    local before = sandbox.stats().requests
    for i = 1, 10 do calls[i] = list:start() end
    local _, errors = bosa.all(calls)
    assert.is_nil(next(errors))
    assert.equal(before + 1 + 10, sandbox.stats().requests)
    other:close()
  end)
end)

describe("prefetching loops", function()
  local function first(total, limit)
    return assert(lab:list_pages({ total = total, limit = limit, delay_ms = 5 }))
  end

  it("give every item in order", function()
    local seen = {}
    for item in first(95, 10):items({ prefetch = 4 }) do seen[#seen + 1] = item.id or item.number or item end
    assert.equal(95, #seen)
    for i = 2, #seen do assert.is_true(seen[i] ~= seen[i - 1]) end
  end)

  it("follow cursors, one page ahead", function()
    local count = 0
    for _ in assert(lab:list_cursor({ total = 25, limit = 10 })):items({ prefetch = 3 }) do count = count + 1 end
    assert.equal(25, count)
  end)

  it("surface a failing page where its turn comes", function()
    local response = assert(lab:list_pages({ total = 100, limit = 10, fail_page = 4 }))
    local pages = 0
    local ok, err = pcall(function()
      for _ in response:pages({ prefetch = 5 }) do pages = pages + 1 end
    end)
    assert.is_false(ok)
    assert.equal(3, pages)
    assert.equal("server", err.kind)
  end)

  it("cancel what was fetched ahead when they are left", function()
    for _ in first(1000, 10):pages({ prefetch = 8 }) do break end
    collectgarbage()
    collectgarbage()
    assert.equal(200, assert(slow(1):run()).status)
  end)

  it("keep to max_pages and max_items", function()
    local pages, items = 0, 0
    for _ in first(100, 10):pages({ max_pages = 3, prefetch = 2 }) do pages = pages + 1 end
    for _ in first(100, 10):items({ max_items = 17 }) do items = items + 1 end
    assert.equal(3, pages)
    assert.equal(17, items)
  end)
end)
