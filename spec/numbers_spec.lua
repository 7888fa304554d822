--- Integers, null and empty containers on their way to the server and back.
local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox, hub, lab
local lossy = math.type == nil -- numbers are doubles: LuaJIT

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  lab = hub:connect("lab")
end)
teardown(function() sandbox.stop() end)

local function round_trip(value) return assert(lab:integers({ value = value })).data.value end

describe("an integer", function()
  it("makes its round trip", function()
    for _, value in ipairs({ 0, 1, -1, 9007199254740991 }) do assert.equal(value, round_trip(value)) end
  end)

  if lossy then
    it("past 2^53 goes and comes as digits or int64_t", function()
      assert.equal("9007199254740993", round_trip("9007199254740993"))
      assert.equal("-9223372036854775808", round_trip("-9223372036854775808"))
      local exact = bosa.new({
        api_base_url = sandbox.url,
        api_key = sandbox.key,
        token = sandbox.token,
        int64 = "cdata",
      })
      local ffi = require("ffi")
      local value = ffi.cast("int64_t", 9007199254740992) + 1
      assert.equal("9007199254740993LL", tostring(assert(exact:run("lab", "integers", { value = value })).data.value))
      for _, digits in ipairs({ "9007199254740993", "-9223372036854775808", "9223372036854775807" }) do
        value = assert(exact:run("lab", "integers", { value = digits })).data.value
        assert.equal("cdata", type(value))
        assert.equal(digits .. "LL", tostring(value))
        assert.equal(value, assert(exact:run("lab", "integers", { value = value })).data.value)
      end
      local largest = -ffi.new("uint64_t", 1)
      assert.equal("18446744073709551615ULL",
        tostring(assert(exact:run("lab", "integers", { value = largest })).data.value))
      exact:close()
    end)
    it("past 2^53 is rounded where the hub is told to", function()
      local rounding = bosa.new({
        api_base_url = sandbox.url,
        api_key = sandbox.key,
        token = sandbox.token,
        int64 = "number",
      })
      assert.equal(9007199254740992, assert(rounding:run("lab", "integers")).data.past_double)
      rounding:close()
    end)
  else
    it("keeps all 64 bits", function()
      assert.equal(9007199254740993, round_trip(9007199254740993))
      assert.equal(math.mininteger, round_trip(math.mininteger))
      assert.equal("integer", math.type(round_trip(5.0)))
    end)
    it("is no float when the server sent none", function()
      assert.equal("float", math.type(assert(lab:echo({ number = 0.5 })).data.body.number))
      assert.equal('{"number":5}', assert(lab:echo({ number = 5 })).data.raw)
    end)
    it("past 64 bits goes and comes as digits", function()
      assert.equal("18446744073709551615", round_trip("18446744073709551615"))
    end)
  end

  it("is given by the server in every size", function()
    local data = assert(lab:integers({})).data
    assert.equal(7, data.small)
    assert.equal(bosa.null, data.value)
    assert.equal("18446744073709551615", data.unsigned)
    assert.equal("123456789012345678901234567890", data.huge)
    if lossy then
      assert.equal("9007199254740993", data.past_double)
      assert.equal("-9223372036854775808", data.lowest)
      assert.equal("9223372036854775807", data.highest)
    else
      assert.equal("integer", math.type(data.small))
      assert.equal(9007199254740993, data.past_double)
      assert.equal(math.mininteger, data.lowest)
      assert.equal(math.maxinteger, data.highest)
    end
  end)

  it("goes round whatever its size, as it came, and as a bare number", function()
    local data = assert(lab:integers({})).data
    for _, name in ipairs({ "small", "past_double", "lowest", "highest", "unsigned", "huge" }) do
      assert.equal(data[name], round_trip(data[name]), name)
    end
    -- what the server got, byte by byte
    local raw = assert(lab:echo({ number = 7 })).data.raw
    assert.equal('{"number":7}', raw)
  end)

  it("as digits is refused where a number would do, and where it is no number", function()
    local short = lossy and "9007199254740992" or "9223372036854775807"
    for _, text in ipairs({ "5", "-5", short, "", "12345678901234567890x", " 12345678901234567890", "1e30",
      "0123456789012345678901", "+12345678901234567890", "--12345678901234567890", "12345678901234567890.5" }) do
      local response, err = lab:integers({ value = text })
      assert.is_nil(response, text)
      assert.equal("params", err.kind)
      assert.equal("value", err.details[1].path)
    end
  end)

  it("is not taken for a string, nor a short digit string for an integer", function()
    local response, err = lab:integers({ value = "12" })
    assert.is_nil(response)
    assert.equal("params", err.kind)
    response, err = lab:echo({ text = 12 })
    assert.is_nil(response)
    assert.equal("params", err.kind)
    response, err = lab:integers({ value = 1.5 })
    assert.is_nil(response)
    assert.equal("params", err.kind)
  end)
end)

describe("an empty table", function()
  it("is what the schema says", function()
    assert.equal('{"list":[]}', assert(lab:echo({ list = {} })).data.raw)
    assert.equal('{"object":{}}', assert(lab:echo({ object = {} })).data.raw)
  end)

  it("is what the caller says where no schema does", function()
    local function sent(value) return assert(lab:keywords({ name = "a", anything = value })).data.anything end
    assert.equal("[]", bosa.json.encode(sent(bosa.array({}))))
    assert.equal("{}", bosa.json.encode(sent(bosa.object({}))))
    assert.equal('[[],{}]', bosa.json.encode(sent({ bosa.array({}), bosa.object({}) })))
  end)

  it("stays what it was when it came from a server", function()
    local raw = assert(lab:fault({
      status = 200,
      content_type = "application/json",
      body = '{"data":{"list":[],"object":{},"nothing":null}}',
    })).data
    local again = assert(lab:keywords({ name = "a", anything = raw })).data.anything
    assert.equal("[]", bosa.json.encode(again.list))
    assert.equal("{}", bosa.json.encode(again.object))
    assert.equal(bosa.null, again.nothing)
  end)

  it("of the wrong kind is refused", function()
    for _, params in ipairs({ { list = bosa.object({}) }, { object = bosa.array({}) } }) do
      local response, err = lab:echo(params)
      assert.is_nil(response)
      assert.equal("params", err.kind)
    end
  end)
end)

describe("null", function()
  it("is bosa.null, and sent where it was given", function()
    assert.equal('{"text":null}', assert(lab:echo({ text = bosa.null })).data.raw)
    assert.equal(bosa.null, assert(lab:echo({ text = bosa.null })).data.body.text)
  end)

  it("is the null of lua-cjson, where that is installed", function()
    local has, cjson = pcall(require, "cjson")
    if has then assert.equal(cjson.null, bosa.null) end
  end)
end)
