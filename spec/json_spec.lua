local bosa = require("bosa")
local cjson = require("cjson")

local decode, encode = bosa.json.decode, bosa.json.encode
local lossy = math.type == nil -- numbers are doubles: LuaJIT

describe("json.decode", function()
  local accepted = {
    ["null"] = bosa.null,
    ["true"] = true,
    [" \t\r\n1 "] = 1,
    ["\239\187\191 1"] = 1,
    ['"\\udbff\\udfff"'] = "\244\143\191\191",
    ["-0.5e+1"] = -5.0,
    ['"\\u00e9\\ud83d\\ude00\\n"'] = "é😀\n",
    ['"\\"\\\\\\/\\b\\f\\r\\t"'] = '"\\/\b\f\r\t',
  }
  for text, value in pairs(accepted) do
    it("reads " .. text, function() assert.equal(value, (decode(text))) end)
  end

  local refused = {
    "", " ", "nul", "truex", "01", "+1", "1.", ".5", "1e", "0x10", "NaN", "Infinity", "'a'", '"a', '"\\x"',
    '"\\u12"', '"\\ud800"', '"\\ud800\\u0041"', '"\n"', "[1,]", "[,1]", "[1 2]", "{,}", '{"a"}', '{"a":}', "{1:2}",
    '{"a":1,}', "[1", '{"a":1', "[]]", "1 2", "\239\1871", '"\128"', '"\237\160\128"', '"\192\128"', "1e999",
    "1e400", '"\\udfff"', '"\\ud83d\\ue000"', "/* */ 1", '{"a":1 "b":2}', "\0", '"\0"',
  }
  for _, text in ipairs(refused) do
    it(("refuses %q"):format(text), function()
      local value, err = decode(text)
      assert.is_nil(value)
      assert.equal("protocol", err.kind)
      assert.matches("line %d+", err.message)
    end)
  end

  it("says line, column and what was expected", function()
    local _, err = decode('{\n  "a": 1,\n  "b": tru\n}')
    assert.matches("line 3", err.message)
    assert.matches("column", err.message)
  end)

  it("lets the last of duplicate names win", function() assert.equal(2, decode('{"a":1,"a":2}').a) end)

  it("bounds the depth", function()
    assert.truthy(decode(("["):rep(1000) .. ("]"):rep(1000)))
    local value, err = decode(("["):rep(1001) .. ("]"):rep(1001))
    assert.is_nil(value)
    assert.matches("at most 1000 levels", err.message)
    assert.is_nil((decode(("["):rep(1000000))))
  end)

  it("keeps empty lists and empty objects apart, both ways", function()
    assert.equal('{"a":[]}', encode(decode('{"a":[]}')))
    assert.equal('{"a":{}}', encode(decode('{"a":{}}')))
    assert.equal("[[],{}]", encode(decode("[[],{}]")))
  end)

  it("uses lua-cjson's null", function() assert.equal(cjson.null, decode("[null]")[1]) end)

  if lossy then
    it("gives integers past 2^53 as strings of digits", function()
      assert.equal(9007199254740992, decode("9007199254740992"))
      assert.equal("9007199254740993", decode("9007199254740993"))
      assert.equal("-9223372036854775808", decode("-9223372036854775808"))
    end)
    it("gives int64_t and uint64_t when asked to", function()
      local ffi = require("ffi")
      local value = decode("9007199254740993", "cdata")
      assert.is_true(ffi.istype("int64_t", value))
      assert.equal("9007199254740993LL", tostring(value))
      assert.equal("-9223372036854775808LL", tostring((decode("-9223372036854775808", "cdata"))))
      assert.equal("18446744073709551615ULL", tostring((decode("18446744073709551615", "cdata"))))
      assert.equal("18446744073709551615", encode(decode("18446744073709551615", "cdata")))
      assert.equal("-9223372036854775808", encode(decode("-9223372036854775808", "cdata")))
    end)
    it("rounds them knowingly when asked to", function()
      assert.equal(9007199254740992, (decode("9007199254740993", "number")))
    end)
  else
    it("keeps all 64-bit integers", function()
      assert.equal(9007199254740993, decode("9007199254740993"))
      assert.equal(math.mininteger, decode("-9223372036854775808"))
      assert.equal("integer", math.type(decode("12")))
      assert.equal("float", math.type(decode("12.0")))
    end)
    it("gives what doesn't fit as a string of digits", function()
      assert.equal("9223372036854775808", decode("9223372036854775808"))
      assert.equal("18446744073709551615", decode("18446744073709551615"))
    end)
    it("keeps the subtype of a number through text", function()
      assert.equal("[1,1.0]", encode(decode("[1,1.0]")))
    end)
  end

  it("gives integers past 64 bits as strings of digits", function()
    assert.equal("123456789012345678901234567890", decode("123456789012345678901234567890"))
  end)
end)

describe("json.encode", function()
  it("writes the shortest text that reads back the same", function()
    for text in ("0.1 1.5 1e-07 5e-324 1.7976931348623157e+308 123.456 0.30000000000000004"):gmatch("%S+") do
      local written = encode(tonumber(text))
      assert.equal(tonumber(text), tonumber(written))
      assert.is_true(#written <= #text, written .. " is longer than " .. text)
    end
  end)

  it("refuses NaN and infinity", function()
    for _, value in ipairs({ 0 / 0, 1 / 0, -1 / 0 }) do
      local text, err = encode({ a = { value } })
      assert.is_nil(text)
      assert.equal("params", err.kind)
      assert.matches("`a%[1%]`", err.message)
    end
  end)

  it("knows lists from objects", function()
    assert.equal("[1,2]", encode({ 1, 2 }))
    assert.equal('{"a":1}', encode({ a = 1 }))
    assert.equal("[]", encode(bosa.array({})))
    assert.equal("{}", encode(bosa.object({})))
    assert.equal('{"1":"x"}', encode(bosa.object({ "x" })))
  end)

  local circular = {}
  circular.self = circular
  local bad = {
    ["a function"] = { print },
    ["a mixed table"] = { 1, a = 2 },
    ["a list with holes"] = { 1, nil, 3 },
    ["a list that starts late"] = { [2] = 1 },
    ["a table within itself"] = circular,
    ["bytes that are no UTF-8"] = { "\255" },
    ["a boolean key"] = { [true] = 1 },
    ["a userdata"] = { io.stdout },
    ["a thread"] = { coroutine.create(print) },
  }
  for what, value in pairs(bad) do
    it("refuses " .. what, function()
      local text, err = encode(value)
      assert.is_nil(text)
      assert.equal("params", err.kind)
    end)
  end

  it("reads tables raw, so that a metamethod can't raise", function()
    local trap = setmetatable({ a = 1 }, { __index = error, __pairs = error, __len = error })
    assert.equal('{"a":1}', encode(trap))
  end)

  it("agrees with lua-cjson on random values", function()
    math.randomseed(20261123)
    local function value(depth)
      local kind = math.random(depth > 4 and 5 or 7)
      if kind == 1 then return math.random(-1000000, 1000000) end
      if kind == 2 then return math.random(1, 1000) / 8 end
      if kind == 3 then return math.random() < 0.5 end
      if kind == 4 then return bosa.null end
      if kind == 5 then
        local bytes = {}
        for i = 1, math.random(0, 20) do bytes[i] = string.char(math.random(1, 126)) end
        return table.concat(bytes)
      end
      local list = {}
      for i = 1, math.random(1, 5) do list[kind == 6 and i or "k" .. i] = value(depth + 1) end
      return list
    end
    for _ = 1, 300 do
      local v = { value(0) }
      assert.same(v, cjson.decode(encode(v)))
      assert.same(v, (decode(cjson.encode(v))))
    end
  end)
end)

describe("json.encode in a layout", function()
  local sorted = { sorted = true }

  it("puts names in the order of their bytes, and keeps lists", function()
    assert.equal('{"a":{},"a-":1,"a.":[],"aa":[3,2,1],"b":null}', encode({
      b = bosa.null, aa = { 3, 2, 1 }, a = bosa.object({}), ["a-"] = 1, ["a."] = bosa.array({}),
    }, sorted))
    assert.equal("null", encode(nil, sorted))
  end)

  it("gives the same bytes on every VM", function()
    local text = '{"z":1.0,"b":[1,2.50,-0.0,1e3,1e300],"a":9007199254740993}'
    local value = decode(text, lossy and "cdata" or nil)
    assert.equal('{"a":9007199254740993,"b":[1,2.5,0,1000,1e300],"z":1}', encode(value, sorted))
  end)

  it("indents", function()
    assert.equal('{\n  "a": [\n    1\n  ],\n  "b": {}\n}', encode({ b = {}, a = { 1 } }, { sorted = true, indent = 2 }))
    assert.equal("[\n 1,\n 2\n]", encode({ 1, 2 }, { indent = 1 }))
    assert.equal("[1,2]", encode({ 1, 2 }, { indent = 0 }))
  end)

  it("refuses what JSON can't say, with its path", function()
    local text, err = encode({ a = { 0 / 0 } }, sorted)
    assert.is_nil(text)
    assert.equal("params", err.kind)
    assert.truthy(err.message:find("`a[1]`", 1, true))
  end)

  it("raises for options that are none, at the caller's line", function()
    for _, options in ipairs({ { nope = 1 }, { sorted = 1 }, { indent = -1 }, { indent = 17 }, { indent = 1.5 }, 5 }) do
      local ok, message = pcall(function() encode(1, options) end)
      assert.is_false(ok)
      assert.truthy(message:find("json_spec.lua:", 1, true), message)
    end
  end)
end)

describe("lua-cjson's marks for lists", function()
  local before = { array_mt = cjson.array_mt, empty_array_mt = cjson.empty_array_mt }

  setup(function() -- OpenResty's lua-cjson has them, others don't
    cjson.array_mt, cjson.empty_array_mt = before.array_mt or {}, before.empty_array_mt or {}
  end)
  teardown(function() cjson.array_mt, cjson.empty_array_mt = before.array_mt, before.empty_array_mt end)

  it("are understood", function()
    assert.equal('{"a":[]}', encode({ a = setmetatable({}, cjson.array_mt) }))
    assert.equal('{"a":[]}', encode({ a = setmetatable({}, cjson.empty_array_mt) }))
    assert.equal('{"a":[1]}', encode({ a = setmetatable({ 1 }, cjson.empty_array_mt) }))
    assert.equal('{"a":{}}', encode({ a = setmetatable({}, {}) }))
    if cjson.empty_array then assert.equal("[[]]", encode({ cjson.empty_array })) end
  end)
end)
