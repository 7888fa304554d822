--- Filters: what bosa.filter makes, what response_filters takes, and what the sandbox leaves of a page by them.
local bosa = require("bosa")
local server = require("spec.support.server")

local f = bosa.filter
local sandbox, hub, github

setup(function()
  sandbox = server.start()
  hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token })
  github = hub:connect("github")
end)
teardown(function()
  hub:close()
  sandbox.stop()
end)

local function issues(filters)
  return github:action("list_issues"):params({ owner = "lua", repo = "lua", state = "all" }):response_filters(filters)
end

--- The items of the first page that a predicate lets through, by their numbers.
local function expected(predicate)
  local numbers = {}
  for _, item in ipairs(assert(issues(nil):run()).data) do
    if predicate(item) then numbers[#numbers + 1] = item.number end
  end
  assert.is_true(#numbers > 0 and #numbers < 30, "the case tells nothing")
  return numbers
end

local function numbers_of(response)
  local numbers = {}
  for i, item in ipairs(response.data) do numbers[i] = item.number end
  return numbers
end

local function has_label(item, name)
  for _, label in ipairs(item.labels) do
    if label.name == name then return true end
  end
  return false
end

describe("a filter", function()
  local cases = {
    { "string, in whatever case", f.string("state", "CLOSED"), function(i) return i.state == "closed" end },
    { "string, in this case", f.string("state", "closed", { ignore_case = false }),
      function(i) return i.state == "closed" end },
    { "string_list", f.string_list("user.login", { "CITRA", "nobody" }),
      function(i) return i.user.login == "citra" end },
    { "number", f.number("comments", 11), function(i) return i.comments == 11 end },
    { "number_list", f.number_list("comments", { 11, 4 }), function(i) return i.comments == 11 or i.comments == 4 end },
    { "number_range, from", f.number_range("comments", 11, nil), function(i) return i.comments >= 11 end },
    { "number_range, to", f.number_range("comments", nil, 4), function(i) return i.comments <= 4 end },
    { "number_range, both", f.number_range("comments", 4, 11),
      function(i) return i.comments >= 4 and i.comments <= 11 end },
    { "date_range", f.date_range("created_at", "2025-05-01", "2025-06-01T00:00:00Z"),
      function(i) return i.created_at >= "2025-05-01" and i.created_at <= "2025-06-01T00:00:00Z" end },
    { "string in a list of objects", f.string("labels.name", "bug"), function(i) return has_label(i, "bug") end },
  }
  for _, case in ipairs(cases) do
    it("of kind " .. case[1] .. " leaves what it names", function()
      assert.same(expected(case[3]), numbers_of(assert(issues({ case[2] }):run())))
    end)
  end

  it("is one of several that must all hold", function()
    local both = assert(issues({ f.string("state", "open"), f.number_range("comments", 11) }):run())
    assert.same(expected(function(i) return i.state == "open" and i.comments >= 11 end), numbers_of(both))
    assert.equal(0, #assert(issues({ f.string("state", "open", { ignore_case = false }),
      f.string("state", "OPEN", { ignore_case = false }) }):run()))
  end)

  it("with a root thins out a list in each item", function()
    local page = assert(issues({ f.string("name", "bug", { root = "labels" }) }):run())
    assert.equal(30, #page)
    local some = false
    for i, item in ipairs(assert(issues(nil):run()).data) do
      assert.equal(has_label(item, "bug") and 1 or 0, #page[i].labels)
      some = some or #item.labels > #page[i].labels and #page[i].labels > 0
    end
    for _, item in ipairs(page.data) do
      for _, label in ipairs(item.labels) do assert.equal("bug", label.name) end
    end
  end)

  it("is applied before response_fields", function()
    local page = assert(issues({ f.number_range("comments", 20) }):response_fields({ "number" }):run())
    assert.same(expected(function(i) return i.comments >= 20 end), numbers_of(page))
    assert.same({ number = page[1].number }, page[1])
  end)

  it("goes with every page, also where many of them are empty", function()
    local found = {}
    for item in assert(issues({ f.number_range("number", 1, 2) }):run()):items() do found[#found + 1] = item.number end
    assert.same({ 2, 1 }, found)
  end)

  it("may be an option of run and of execute", function()
    local params, options = { owner = "lua", repo = "lua" }, { response_filters = { f.number("comments", 11) } }
    for _, data in ipairs({
      assert(hub:run("github", "list_issues", params, options)).data,
      assert(hub:execute("github", "list_issues", params, options)).data,
      assert(github:list_issues(params, options)).data,
    }) do
      assert.is_true(#data > 0)
      for _, item in ipairs(data) do assert.equal(11, item.comments) end
    end
  end)
end)

describe("response_filters", function()
  --- What the action would send as response_filters.
  local function sent(filters)
    local seen
    local action = github:action("list_issues"):params({ owner = "lua", repo = "lua" }):response_filters(filters)
    action:before(function(request)
      seen = request.params.response_filters
      return nil, "seen"
    end)
    action:run()
    return seen
  end

  it("takes plain tables, and always sends their type", function()
    assert.same({
      { type = "string", field_name = "a", value = "x" },
      { type = "number", field_name = "a", value = 5 },
      { type = "string_list", field_name = "a", values = { "x", "y" } },
      { type = "number_list", field_name = "a", values = { 1, 2 } },
      { type = "date_range", field_name = "a", to_date = "2025-01-01" },
      { type = "number_range", field_name = "a", from_value = 1 },
    }, sent({
      { field_name = "a", value = "x" }, { field_name = "a", value = 5 }, { field_name = "a", values = { "x", "y" } },
      { field_name = "a", values = { 1, 2 } }, { field_name = "a", to_date = "2025-01-01" },
      { field_name = "a", from_value = 1 },
    }))
  end)

  it("leaves the caller's tables alone, and keeps what they said then", function()
    local mine = { field_name = "comments", value = 11 }
    local list = { mine }
    local action = issues(list)
    mine.value, list[2] = 4, { field_name = "comments", value = 7 }
    assert.is_nil(mine.type)
    assert.same(expected(function(i) return i.comments == 11 end), numbers_of(assert(action:run())))
    assert.equal(30, #assert(action:response_filters(nil):run()))
    assert.equal(30, #assert(action:response_filters({}):run()))
  end)

  it("takes numbers that the VM's can't hold", function()
    local digits = "98765432109876543210"
    assert.equal(0, #assert(issues({ f.number("number", digits), f.number_list("number", { digits, 1 }) }):run()))
  end)

  local wrong = {
    { 5, "table expected, got number" },
    { f.string("a", "b"), "a list of filters expected, got one filter" },
    { { x = 1 }, "with the name x" },
    { { f.string("a", "b"), 5 }, "filter 2: table expected, got number" },
    { { [2] = f.string("a", "b") }, "filter 1: table expected, got nil" },
    { { { value = 5 } }, "filter 1: `field_name`" },
    { { { field_name = "", value = 5 } }, "filter 1: `field_name`" },
    { { { field_name = "x" } }, "filter 1: `type` is missing" },
    { { { field_name = "x", type = "text", value = "y" } }, "there is no `type` text" },
    { { { field_name = "x", type = "string", value = 5 } }, "`value`: string expected, got number" },
    { { { field_name = "x", value = "y", colour = 1 } }, "a string filter has no `colour`" },
    { { { field_name = "x", values = { 1, "2" } } }, "`values`: list of numbers expected" },
    { { { field_name = "x", values = {} } }, "`values`: list of numbers expected" },
    { { { field_name = "x", type = "number_range" } }, "`from_value` or `to_value` is missing" },
    { { { field_name = "x", value = 0 / 0 } }, "`value`: number expected" },
    { { { field_name = "x", value = "y", root = 5 } }, "`root`: string expected, got number" },
  }
  for i, case in ipairs(wrong) do
    it(("raises at the caller's line (%d): %s"):format(i, case[2]), function()
      local ok, message = pcall(function() github:action("list_issues"):response_filters(case[1]) end)
      assert.is_false(ok)
      assert.matches(case[2], message, 1, true)
      assert.matches("filters_spec.lua:%d+: bad argument #1 to 'response_filters'", message)
      ok, message = pcall(function() hub:run("github", "list_issues", {}, { response_filters = case[1] }) end)
      assert.is_false(ok)
      assert.matches("filters_spec.lua:%d+: option `response_filters`", message)
    end)
  end

  it("is refused by name before anything is sent where the action takes none", function()
    local before = sandbox.stats().requests
    local form = hub:connect("google_drive"):action("create_file")
    for _, action in ipairs({
      form:params({ name = "x" }), form:params({ file = bosa.file({ file = "x", filename = "x" }) }),
      hub:connect("lab"):action("echo"), hub:connect("lab"):action("no_params"),
    }) do
      local response, err = action:response_filters({ f.string("name", "x") }):run()
      assert.is_nil(response)
      assert.same({ "params", "no" }, { err.kind, err.sent })
      assert.matches("response_filters", tostring(err), 1, true)
    end
    local after = sandbox.stats().requests
    assert.is_true(after - before <= 3, "more than the schemas of two connectors, and the question itself")
  end)

  it("has one line in the help", function()
    local count = 0
    for line in (assert(github:help("list_issues")) .. "\n"):gmatch("(.-)\n") do
      if line:find("response_filters", 1, true) then count = count + 1 end
    end
    assert.equal(1, count)
    assert.is_nil(assert(github:help("list_issues")):find("ignore_case", 1, true))
  end)
end)

describe("bosa.filter", function()
  it("raises at the caller's line", function()
    for _, case in ipairs({
      { function() f.string("a", 5) end, "'string' (`value`: string expected, got number)" },
      { function() f.string(nil, "x") end, "`field_name`" },
      { function() f.string_list("a", "x") end, "list of strings expected" },
      { function() f.number("a", "5") end, "`value`: number expected, got string" },
      { function() f.number("a", 5, { ignore_case = true }) end, "a number filter has no `ignore_case`" },
      { function() f.number_list("a", {}) end, "list of numbers expected" },
      { function() f.number_range("a") end, "`from_value` or `to_value` is missing" },
      { function() f.date_range("a", 5) end, "`from_date`: string expected" },
      { function() f.date_range("a", "x", nil, { rot = "b" }) end, "unknown option `rot`" },
      { function() f.string("a", "x", 5) end, "bad options of 'string' (table expected, got number)" },
    }) do
      local ok, message = pcall(case[1])
      assert.is_false(ok)
      assert.matches(case[2], message, 1, true)
      assert.matches("filters_spec.lua:%d+:", message)
    end
  end)
end)
