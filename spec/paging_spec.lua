--- Pages as servers tell of them: cursors that lie between two pages, numbers that are none, no meta at all.
local bosa = require("bosa")

local JSON = { ["Content-Type"] = "application/json" }
local PROPERTIES = {
  cursor = { type = "string" }, from_last = { type = "boolean" }, page = { type = "integer" },
}

--- A hub whose one action is answered by `answer(parameters)` with a body; `sent` gets all the parameters.
-- `properties`: other ones than those above.
local function new(answer, sent, properties)
  local schema = { type = "object", properties = properties or PROPERTIES }
  local action = { method = "POST", path = "/connectors/t/list", parameters = { request = { schema = schema } } }
  return bosa.new({
    api_base_url = "http://127.0.0.1:1", snapshot = { t = { list = action } },
    transport = function(request)
      local parameters = bosa.json.decode(request.body)
      if sent then sent[#sent + 1] = request.body end
      return { status = 200, headers = JSON, body = answer(parameters) }
    end,
  })
end

--- Five items, two a page, as GitHub gives them: the first ones behind a cursor, or the last ones before it.
local function github(parameters)
  local at = tonumber((parameters.cursor or ""):match("%d+"))
  local first, last
  if parameters.from_last then
    last = at and at - 1 or 5
    first = math.max(1, last - 1)
  else
    first = at and at + 1 or 1
    last = math.min(5, first + 1)
  end
  local items = bosa.array({})
  for i = first, last do items[#items + 1] = i end
  return bosa.json.encode({
    data = items,
    meta = {
      has_next = last < 5, has_prev = first > 1, forwards_cursor = "c" .. last, backwards_cursor = "c" .. first,
    },
  })
end

local function items_of(response) return table.concat(response:get_data(), ",") end

describe("a list that takes from_last", function()
  it("gives the page before", function()
    local sent = {}
    local first = assert(new(github, sent):run("t", "list", {}))
    local second = assert(first:next_page())
    local third = assert(second:next_page())
    assert.same({ "1,2", "3,4", "5" }, { items_of(first), items_of(second), items_of(third) })
    local back = assert(third:prev_page())
    assert.equal("3,4", items_of(back))
    assert.equal("1,2", items_of(assert(back:prev_page())))
    assert.equal("5", items_of(assert(back:next_page())))
    assert.same({ cursor = "c4", from_last = false }, bosa.json.decode(sent[#sent]))
    assert.is_nil((assert(back:prev_page()):prev_page()))
  end)

  it("is gone through backwards", function()
    local pages = {}
    for page in assert(new(github):run("t", "list", { from_last = true })):pages({ reverse = true }) do
      pages[#pages + 1] = items_of(page)
    end
    assert.same({ "4,5", "2,3", "1" }, pages)
  end)
end)

--- Five pages by number, whose meta has the cursors too, as `cursor` writes them; `stuck`: the first one, whatever is
-- asked for.
local function numbered(cursor, stuck)
  return function(parameters)
    local page = stuck and 1 or parameters.page or 1
    return ('{"data":[%d],"meta":{"page":%d,"total_page":5,"has_next":%s,"has_prev":%s,%s}}'):format(page, page,
      tostring(page < 5), tostring(page > 1), ('"forwards_cursor":%s,"backwards_cursor":%s'):format(cursor, cursor))
  end
end

describe("a list by number", function()
  local CURSORS = { "null", '""', "{}", "[]", "false", "1.5" }
  local own = { page = { type = "integer" } }

  it("is gone through both ways, whatever stands for the cursors that it has none of", function()
    for _, cursor in ipairs(CURSORS) do
      local pages = {}
      for page in assert(new(numbered(cursor)):run("t", "list", {})):pages() do pages[#pages + 1] = items_of(page) end
      for page in assert(new(numbered(cursor)):run("t", "list", { page = 5 })):pages({ reverse = true }) do
        pages[#pages + 1] = items_of(page)
      end
      assert.equal("1 2 3 4 5 5 4 3 2 1", table.concat(pages, " "))
    end
  end)

  it("ends with an error when the same page comes again, also with cursors that the action doesn't take", function()
    for _, cursor in ipairs({ "null", '""', "{}", "[]", "false", "1.5", '"c"', "7" }) do
      for _, prefetch in ipairs({ 0, 3 }) do
        local first = assert(new(numbered(cursor, true), nil, own):run("t", "list", {}))
        local ok, err = pcall(function()
          local count = 0
          for _ in first:pages({ prefetch = prefetch }) do
            count = count + 1
            assert(count < 10, "endless")
          end
        end)
        assert.is_false(ok)
        assert.equal("protocol", err.kind)
        assert.matches("the same page again", err.message, 1, true)
      end
    end
  end)
end)

describe("pages that hold no list", function()
  --- How a loop over pages ends where each of them says that there is another.
  local function ending(data, meta)
    local count = 0
    local first = assert(new(function(parameters)
      return ('{"data":%s,"meta":{"has_next":true%s}}'):format(data, meta:format(parameters.page or 1))
    end, nil, { page = { type = "integer" } }):run("t", "list", {}))
    local ok, err = pcall(function()
      for _ in first:pages() do
        count = count + 1
        if count == 5 then error("endless") end
      end
    end)
    assert.is_false(ok)
    return count, type(err) == "string" and "endless" or err.kind
  end

  it("end with an error when the same comes again", function()
    for _, data in ipairs({ "null", '{"a":[1]}', '"text"' }) do
      assert.same({ 1, "protocol" }, { ending(data, "") })
      assert.same({ 1, "protocol" }, { ending(data, ',"page":1') })
    end
    assert.same({ 1, "protocol" }, { ending("null", ',"page":%d') })
    assert.same({ 5, "endless" }, { ending('{"a":[1]}', ',"page":%d') }) -- by chance, as their numbers say
  end)
end)

describe("a cursor that is a number", function()
  --- Three pages; the cursor is a number.
  local function answer(first)
    return function(parameters)
      local at = tonumber((tostring(parameters.cursor or ""):gsub("U?LL$", ""):match("%d$"))) or 0
      return ('{"data":[%d],"meta":{"has_next":%s,"forwards_cursor":%s%d}}'):format(at, tostring(at < 2), first, at + 1)
    end
  end

  local function pages_of(cursor, first, sent)
    local pages = {}
    for page in assert(new(answer(first), sent, { cursor = cursor }):run("t", "list", {})):pages() do
      pages[#pages + 1] = items_of(page)
    end
    return table.concat(pages, " ")
  end

  it("is sent as a string where the action takes no number", function()
    local text, null = { type = "string" }, { type = "null" }
    local either = { type = { "string", "null" } }
    for _, schema in ipairs({ text, either, { anyOf = { text, null } }, { oneOf = { null, text } } }) do
      for _, first in ipairs({ "", "1844674407370955161", "12345678901234567890123" }) do
        local sent = {}
        assert.equal("0 1 2", pages_of(schema, first, sent))
        assert.equal(('{"cursor":"%s2"}'):format(first), sent[3])
      end
    end
  end)

  it("stays a number where the action takes one", function()
    local integer, text = { type = "integer" }, { type = "string" }
    for _, schema in ipairs({ integer, { type = "number" }, { anyOf = { text, integer } }, {} }) do
      local sent = {}
      assert.equal("0 1 2", pages_of(schema, "", sent))
      assert.equal('{"cursor":2}', sent[3])
    end
  end)

  it("that comes again ends the loop", function()
    local same = function() return '{"data":[1],"meta":{"has_next":true,"forwards_cursor":5}}' end
    local page = assert(new(same):run("t", "list", {}):next_page())
    local none, err = page:next_page()
    assert.is_nil(none)
    assert.matches("the same cursor again", err.message, 1, true)
  end)
end)

describe("a page whose data is null", function()
  it("has no items, and the ones after it are read", function()
    local function answer(parameters)
      local at = tonumber(parameters.cursor or "0")
      return ('{"data":%s,"meta":{"has_next":%s,"forwards_cursor":"%d"}}'):format(at == 1 and "[7]" or "null",
        tostring(at < 2), at + 1)
    end
    local items = {}
    for item in assert(new(answer):run("t", "list", {})):items() do items[#items + 1] = item end
    assert.same({ 7 }, items)
    for _, data in ipairs({ '{"data":{}}', '{"data":"x"}', '{"data":0}', '{"data":false}' }) do
      local ok, err = pcall(function()
        for _ in assert(new(function() return data end):run("t", "list", {})):items() do error("no item") end
      end)
      assert.is_false(ok)
      assert.matches("the response is not a list; its value is in `data`", tostring(err), 1, true)
    end
  end)
end)

describe("meta", function()
  it("is an empty table where the answer has none", function()
    for _, body in ipairs({ '{"data":[1],"meta":null}', '{"data":[1]}', "[1]" }) do
      local response = assert(new(function() return body end):run("t", "list", {}))
      assert.is_nil(response:get_meta().total)
      assert.equal("{}", bosa.json.encode(response:get_meta()))
      assert.equal(response:get_meta(), response.meta)
    end
  end)

  it("is an empty table where it is none", function()
    for _, meta in ipairs({ "1", "2.5", "true", "false", '"x"' }) do
      local response = assert(new(function() return '{"data":[1],"meta":' .. meta .. "}" end):run("t", "list", {}))
      assert.is_nil(response:get_meta().total)
      assert.equal("{}", bosa.json.encode(response.meta))
      assert.is_false(response:has_next())
    end
  end)

  it("may hold numbers that count nothing", function()
    for _, number in ipairs({ "2.5", "-1", "1e300", "1e400", '"7"', "null", "99999999999999999999" }) do
      local meta = ('{"total":%s,"total_page":%s,"page":%s,"limit":%s}'):format(number, number, number, number)
      local response = assert(new(function() return '{"data":[1],"meta":' .. meta .. "}" end):run("t", "list", {}))
      for item in response:items({ prefetch = 2 }) do assert.equal(1, item) end
      assert.is_false(response:has_next())
    end
  end)
end)

describe("a transport", function()
  local function fail(err)
    local action = { method = "POST", path = "/a", parameters = {} }
    local hub = bosa.new({
      api_base_url = "http://127.0.0.1:1", snapshot = { t = { act = action } },
      transport = function() return nil, err end,
    })
    return select(2, hub:run("t", "act"))
  end

  it("that fails without words keeps its empty message", function()
    for _, err in ipairs({ "", { kind = "timeout", message = "" }, { message = "" } }) do
      assert.equal("", fail(err).message)
    end
  end)

  it("that fails without a message is told of in ours", function()
    assert.equal("the transport gave no reply", fail(nil).message)
    assert.equal("the transport failed", fail({ kind = "file" }).message)
  end)
end)
