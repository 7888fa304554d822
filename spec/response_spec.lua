--- Answers, their pages and items, and loops that no server can make endless.
local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox, hub, github, lab

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  github, lab = hub:connect("github"), hub:connect("lab")
end)
teardown(function() sandbox.stop() end)

describe("a response", function()
  it("has its fields", function()
    local response = assert(github:list_issues({ owner = "lua", repo = "lua", limit = 4 }))
    assert.equal("userdata", type(response))
    assert.equal(4, #response)
    assert.is_true(response:is_list())
    assert.equal(response.data, response:get_data())
    assert.equal(response.data[2], response[2])
    assert.equal(response.meta, response:get_meta())
    assert.equal(200, response:get_status())
    assert.equal(1, response.attempts)
    assert.equal("number", type(response.elapsed))
    assert.equal("string", type(response.reference_id))
    assert.matches("json", response.headers["content-type"])
    assert.is_nil(response[5])
    assert.is_nil(response[0])
    assert.is_nil(response.no_such_field)
    assert.matches("list of 4", tostring(response))
  end)

  it("gives an item alone, the same as in data", function()
    local response = assert(github:list_issues({ owner = "lua", repo = "lua", limit = 4 }))
    local third, first = response[3], response[1]
    assert.same(response.data[3], third)
    assert.same(response.data[1], first)
  end)

  it("turns pages forward and backward", function()
    local page = assert(github:list_issues({ owner = "lua", repo = "lua", limit = 5 }))
    local seen = { page.meta.page }
    assert.is_false(page:has_prev())
    for _ = 1, 2 do
      page = assert(page:next_page())
      seen[#seen + 1] = page.meta.page
    end
    while true do
      local before, err = page:prev_page()
      assert.is_nil(err)
      if not before then break end
      page = before
      seen[#seen + 1] = page.meta.page
    end
    assert.same({ 1, 2, 3, 2, 1 }, seen)
  end)

  it("gives plain nil where there is no further page", function()
    local page = assert(lab:list_pages({ total = 3, limit = 10 }))
    assert.is_false(page:has_next())
    local nothing, err = page:next_page()
    assert.is_nil(nothing)
    assert.is_nil(err)
  end)

  it("sends the cursor under the name that the schema has", function()
    local drive = hub:connect("google_drive")
    local ids, pages = {}, 0
    for item, page in assert(drive:search_files({ page_size = 5 })):items({ max_pages = 3 }) do
      assert.is_nil(ids[item.id])
      ids[item.id] = page
      pages = pages + 1
    end
    assert.equal(15, pages)
  end)

  it("gives all pages, as the reference does", function()
    local all = assert(assert(lab:list_cursor({ total = 25, limit = 10 })):get_all_items())
    assert.equal(3, #all)
    assert.equal(10, #all[1].data)
    assert.equal(5, #all[3].data)
    assert.equal("table", type(all[1].meta))
  end)

  it("loops over pages in both directions", function()
    local first = assert(lab:list_pages({ total = 30, limit = 10 }))
    local seen = {}
    local last
    for page in first:pages() do
      seen[#seen + 1] = page.meta.page
      last = page
    end
    for page in last:pages({ reverse = true }) do seen[#seen + 1] = page.meta.page end
    assert.same({ 1, 2, 3, 3, 2, 1 }, seen)
  end)

  it("of another kind than a list has no length and no items", function()
    local response = assert(lab:echo({ text = "x" }))
    assert.is_false(response:is_list())
    assert.equal(0, #response)
    assert.is_nil(response[1])
    local ok, err = pcall(function()
      for _ in response:items() do error("there is no item") end
    end)
    assert.is_false(ok)
    assert.equal("protocol", err.kind)
    assert.equal("echo", err.action)
    local count = 0
    for page in response:pages() do
      count = count + 1
      assert.equal(response, page)
    end
    assert.equal(1, count)
  end)

  it("without a body has no data", function()
    local response = assert(lab:fault({ status = 204 }))
    assert.equal(204, response.status)
    assert.is_nil(response.data)
    assert.same({}, response.meta)
    assert.is_false(response:has_next())
    local body, status, headers = lab:action("fault"):params({ status = 204 }):execute()
    assert.same({}, body)
    assert.equal(204, status)
    assert.equal("table", type(headers))
  end)

  it("goes back by cursor, too", function()
    local first = assert(lab:list_cursor({ total = 30, limit = 10 }))
    local second = assert(first:next_page())
    assert.equal(11, second[1].id)
    assert.is_true(second:has_prev())
    assert.equal(1, assert(second:prev_page())[1].id)
    assert.is_false(first:has_prev())
  end)

  it("asks for further pages with the same parameters and options", function()
    local options = { token = sandbox.token, account = "work", timeout = 20 }
    local response = assert(hub:run("lab", "list_pages", { total = 7, limit = 2, page = 2 }, options))
    local ids = {}
    for item in response:items() do ids[#ids + 1] = item.id end
    assert.same({ 3, 4, 5, 6, 7 }, ids)
  end)
end)

for _, prefetch in ipairs({ 0, 1, 4, 100 }) do
  describe("a loop that fetches " .. prefetch .. " pages ahead", function()
    for _, style in ipairs({ "list_pages", "list_cursor" }) do
      it("gives every item once, in order, with its page: " .. style, function()
        local first = assert(hub:run("lab", style, { total = 95, limit = 10 }))
        local ids, pages, last = {}, 0, nil
        for item, page in first:items({ prefetch = prefetch }) do
          ids[#ids + 1] = item.id
          if page ~= last then pages, last = pages + 1, page end
          assert.equal(item.id, page[(item.id - 1) % 10 + 1].id)
        end
        assert.equal(95, #ids)
        for i, id in ipairs(ids) do assert.equal(i, id) end
        assert.equal(10, pages)
      end)

      it("stops after max_pages and max_items: " .. style, function()
        local first = assert(hub:run("lab", style, { total = 95, limit = 10 }))
        local count, pages = 0, 0
        for _ in first:items({ prefetch = prefetch, max_items = 25 }) do count = count + 1 end
        assert.equal(25, count)
        count = 0
        for _ in first:items({ prefetch = prefetch, max_pages = 2 }) do count = count + 1 end
        assert.equal(20, count)
        for _ in first:pages({ prefetch = prefetch, max_pages = 3 }) do pages = pages + 1 end
        assert.equal(3, pages)
        for limit, wanted in pairs({ [0] = 0, [1] = 1, [10] = 1, [11] = 2, [1000] = 10 }) do
          pages = 0
          for page in first:pages({ prefetch = prefetch, max_items = limit }) do pages = pages + math.min(1, #page) end
          assert.equal(wanted, pages)
        end
        for _ in first:items({ prefetch = prefetch, max_items = 0 }) do error("none was wanted") end
      end)

      it("asks for no page that the loop can't want: " .. style, function()
        local asked = 0
        local counting = sandbox.hub({
          on_event = function(event) if event.type == "request" then asked = asked + 1 end end,
        })
        local first = assert(counting:run("lab", style, { total = 95, limit = 10 }))
        for wanted, options in pairs({
          [0] = { max_items = 10 }, [1] = { max_items = 20 }, [2] = { max_pages = 3 },
          [3] = { max_items = 100, max_pages = 4 }, [9] = {},
        }) do
          options.prefetch, asked = prefetch, 0
          for _ in first:items(options) do end -- luacheck: ignore
          assert.equal(wanted, asked)
        end
      end)

      it("goes backward: " .. style, function()
        local page = assert(hub:run("lab", style, { total = 30, limit = 10 }))
        page = assert(assert(page:next_page()):next_page())
        local ids = {}
        for before in page:pages({ reverse = true, prefetch = prefetch }) do ids[#ids + 1] = before[1].id end
        assert.same({ 21, 11, 1 }, ids)
      end)
    end

    it("raises the error of a page after the items before it", function()
      local first = assert(lab:list_pages({ total = 50, limit = 10, fail_page = 4 }))
      local count = 0
      local ok, err = pcall(function()
        for _ in first:items({ prefetch = prefetch }) do count = count + 1 end
      end)
      assert.is_false(ok)
      assert.equal(30, count)
      assert.equal("server", err.kind)
      assert.equal("list_pages", err.action)
      assert.matches("This page can't be read.", tostring(err), 1, true)
    end)

    it("can be left early and begun again", function()
      local first = assert(lab:list_pages({ total = 95, limit = 10 }))
      for _ = 1, 3 do
        local seen = 0
        for item in first:items({ prefetch = prefetch }) do
          seen = item.id
          if seen == 15 then break end
        end
        assert.equal(15, seen)
      end
    end)

    it("has nothing to do where there is nothing", function()
      local first = assert(lab:list_pages({ total = 0 }))
      for _ in first:items({ prefetch = prefetch }) do error("there is no item") end
      local pages = 0
      for _ in first:pages({ prefetch = prefetch }) do pages = pages + 1 end
      assert.equal(1, pages)
    end)
  end)
end

describe("get_all_items", function()
  it("gives nil and the error of the page that failed", function()
    local all, err = assert(lab:list_pages({ total = 50, limit = 10, fail_page = 3 })):get_all_items()
    assert.is_nil(all)
    assert.equal("server", err.kind)
  end)
end)

describe("a server that never comes to an end", function()
  local schema = '{"c":{"list":{"method":"POST","path":"/connectors/c/list","parameters":{"request":{"schema":'
    .. '{"type":"object","properties":{"cursor":{"type":"string"},"page":{"type":"integer"}}}}}}}}'
  local json = { ["Content-Type"] = "application/json" }

  --- The first page of a server that answers with answer(parameters, number of the request).
  local function first_page(answer)
    local asked = 0
    local one = bosa.new({
      api_base_url = "http://127.0.0.1:1",
      transport = function(request)
        if request.method == "GET" then return { status = 200, headers = json, body = schema } end
        asked = asked + 1
        assert(asked < 50, "it was asked without end")
        return { status = 200, headers = json, body = answer(bosa.json.decode(request.body), asked) }
      end,
    })
    return assert(one:connect("c"):list({}))
  end

  local cases = {
    ["gives the same cursor"] = function()
      return '{"data":[{"id":1}],"meta":{"has_next":true,"forwards_cursor":"A"}}'
    end,
    ["gives the same cursor with other items"] = function(_, asked)
      return ('{"data":[{"id":%d}],"meta":{"has_next":true,"forwards_cursor":"A"}}'):format(asked)
    end,
    ["gives two cursors in turn"] = function(params)
      local cursor = params.cursor == "A" and "B" or "A"
      return ('{"data":["%s"],"meta":{"has_next":true,"forwards_cursor":"%s"}}'):format(cursor, cursor)
    end,
    ["gives three cursors in turn, as numbers"] = function(_, asked)
      return ('{"data":[%d],"meta":{"has_next":true,"forwards_cursor":"%d"}}'):format(asked, asked % 3)
    end,
    ["gives the first page whatever is asked for"] = function()
      return '{"data":[{"id":1}],"meta":{"page":1,"limit":1,"has_next":true}}'
    end,
    ["gives the first page and a total, whatever is asked for"] = function()
      return '{"data":[{"id":1}],"meta":{"page":1,"limit":1,"total":1000000,"total_page":1000000,"has_next":true}}'
    end,
    ["gives empty pages"] = function(params)
      return ('{"data":[],"meta":{"page":%d,"has_next":true}}'):format(params.page or 1)
    end,
    ["gives the same page without its number"] = function()
      return '{"data":[{"id":1}],"meta":{"page":null,"has_next":true}}'
    end,
  }
  for name, answer in pairs(cases) do
    for _, prefetch in ipairs({ 0, 3 }) do
      it(("ends the loop with an error when it %s (prefetch %d)"):format(name, prefetch), function()
        local first = first_page(answer)
        for _, loop in ipairs({ "pages", "items" }) do
          local ok, err = pcall(function()
            for _ in first[loop](first, { prefetch = prefetch }) do end
          end)
          assert.is_false(ok)
          assert.equal("table", type(err), tostring(err))
          assert.equal("protocol", err.kind)
          assert.equal("c", err.connector)
          assert.equal("list", err.action)
        end
      end)
    end
    it("ends get_all_items with an error when it " .. name, function()
      local all, err = first_page(answer):get_all_items()
      assert.is_nil(all)
      assert.equal("protocol", err.kind)
    end)
  end

  it("is taken at its word when pages that differ in number hold the same", function()
    local first = first_page(function(params)
      local page = params.page or 1
      return ('{"data":["same"],"meta":{"page":%d,"total_page":4,"has_next":%s}}'):format(page, tostring(page < 4))
    end)
    local count = 0
    for _ in first:items() do count = count + 1 end
    assert.equal(4, count)
  end)

  it("may give nonsense for meta", function()
    for _, meta in ipairs({ "null", "[]", "5", '"x"', '{"has_next":"yes"}', '{"page":"x","total_page":-1}' }) do
      local first = first_page(function() return '{"data":[1],"meta":' .. meta .. "}" end)
      assert.is_false(first:has_next())
      assert.is_false(first:has_prev())
      local count = 0
      for _ in first:items({ prefetch = 2 }) do count = count + 1 end
      assert.equal(1, count)
    end
  end)
end)

describe("the options of a loop", function()
  local mistakes = {
    { { prefech = 2 }, "prefech" },
    { { prefetch = -1 }, "prefetch" },
    { { prefetch = 1.5 }, "prefetch" },
    { { prefetch = 101 }, "prefetch" },
    { { max_pages = "3" }, "max_pages" },
    { { reverse = 1 }, "reverse" },
    { { max_item = 1 }, "did you mean `max_items`" },
    { 5, "table expected" },
  }
  for i, case in ipairs(mistakes) do
    it(("%d raise at the caller's line: %s"):format(i, case[2]), function()
      local first = assert(lab:list_pages({ total = 3 }))
      for _, loop in ipairs({ "pages", "items" }) do
        local ok, message = pcall(function() first[loop](first, case[1]) end)
        assert.is_false(ok)
        assert.matches("response_spec.lua:%d+:.*" .. case[2], message)
      end
    end)
  end
end)
