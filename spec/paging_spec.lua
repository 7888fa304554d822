--- Pages as servers tell of them: cursors that lie between two pages, numbers that are none, no meta at all.
local bosa = require("bosa")

local JSON = { ["Content-Type"] = "application/json" }
local PROPERTIES = {
  cursor = { type = "string" }, from_last = { type = "boolean" }, page = { type = "integer" },
}

--- A hub whose one action is answered by `answer(parameters)` with a body; `sent` gets all the parameters.
local function new(answer, sent)
  local schema = { type = "object", properties = PROPERTIES }
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
