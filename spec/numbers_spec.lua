--- Integers, null and empty containers on their way to the server and back.
local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox, hub, lab
local lossy = math.type == nil -- numbers are doubles: LuaJIT

setup(function()
  sandbox = server.start()
  hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token })
  lab = hub:connect("lab")
end)
teardown(function()
  hub:close()
  sandbox.stop()
end)

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
      exact:close()
    end)
  else
    it("keeps all 64 bits", function()
      assert.equal(9007199254740993, round_trip(9007199254740993))
      assert.equal(math.mininteger, round_trip(math.mininteger))
      assert.equal("integer", math.type(round_trip(5.0)))
    end)
    it("past 64 bits goes and comes as digits", function()
      assert.equal("18446744073709551615", round_trip("18446744073709551615"))
    end)
  end

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
    local raw = assert(lab:echo({ list = {}, object = {} })).data.raw
    local data = bosa.json.decode(raw)
    assert.equal("[]", bosa.json.encode(data.list))
    assert.equal("{}", bosa.json.encode(data.object))
  end)
end)
