--- One bad character in what a server or a language model writes costs that character and nothing else.
local bosa = require("bosa")

local LOST = "\239\191\189" -- U+FFFD
local MARK = "\239\187\191" -- a byte order mark
local JSON = { ["Content-Type"] = "application/json" }
local HALVES = {
  ["\\ud83d"] = LOST,
  ["\\udfff"] = LOST,
  ["\\ud83d\\ue000"] = LOST .. "\238\128\128",
  ["\\ude00\\ud83d"] = LOST .. LOST,
  ["\\ud83d\\ud83d\\ude00"] = LOST .. "\240\159\152\128",
  ["\\udbff\\udfff"] = "\244\143\191\191",
  ["\255\254"] = LOST .. LOST,
  ["one\n\ttwo\1"] = "one\n\ttwo\1",
}

local function discovery(description)
  return '{"t":{"act":{"method":"POST","path":"/connectors/t/act","parameters":{"request":{"schema":{"type":"object",'
    .. '"properties":{"s":{"type":"string","description":"' .. description .. '"}}}}}}}}'
end

local function new(body, headers, description)
  return bosa.new({
    api_base_url = "http://127.0.0.1:1", token = "t",
    transport = function(request)
      if request.method == "GET" then
        return { status = 200, headers = JSON, body = MARK .. discovery(description or "") }
      end
      return { status = 200, headers = headers or JSON, body = body }
    end,
  })
end

describe("an answer", function()
  for half, read in pairs(HALVES) do
    it(("with %q is read"):format(half), function()
      local response = assert(new(('{"data":[{"t":"%s"},{"t":"whole"}]}'):format(half)):run("t", "act"))
      assert.equal(read, response[1].t)
      assert.equal("whole", response[2].t)
    end)

    it(("of discovery with %q is read"):format(half), function()
      local parameters = assert(new("{}", nil, half):connect("t"):get_action_parameters("act"))
      assert.equal(read, parameters[1].description)
    end)
  end

  it("may begin with a byte order mark, with a content type and without", function()
    for _, headers in ipairs({ JSON, {} }) do
      assert.equal(7, assert(new(MARK .. ' {"data":7}', headers):run("t", "act")).data)
    end
  end)

  it("with a number past all doubles holds the largest", function()
    local data = assert(new('{"data":[1e400,-1e400]}'):run("t", "act")).data
    assert.equal(1.7976931348623157e308, data[1])
    assert.equal(-1.7976931348623157e308, data[2])
  end)
end)

describe("a model's arguments", function()
  it("are sent with U+FFFD for half a surrogate pair, and with newlines that are not escaped", function()
    local sent
    local hub = bosa.new({
      api_base_url = "http://127.0.0.1:1", token = "t",
      transport = function(request)
        if request.method == "GET" then return { status = 200, headers = {}, body = discovery("") } end
        sent = request.body
        return { status = 200, headers = {}, body = '{"data":1}' }
      end,
    })
    assert.is_false(hub:call_tool("t__act", MARK .. '{"s":"cut \\ud83d"}').is_error)
    assert.equal('{"s":"cut ' .. LOST .. '"}', sent)
    assert.is_false(hub:call_tool("t__act", '{"s":"line\nline"}').is_error)
    assert.equal('{"s":"line\\nline"}', sent)
  end)
end)

describe("a snapshot", function()
  it("may hold half a surrogate pair and begin with a byte order mark", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(MARK, discovery("cut \\ud83d"))
    file:close()
    local hub = assert(bosa.new({ api_base_url = "http://127.0.0.1:1", snapshot = path }))
    os.remove(path)
    assert.equal("cut " .. LOST, assert(hub:connect("t"):get_action_parameters("act"))[1].description)
  end)
end)

describe("json.decode", function()
  it("refuses half a pair unless it is told to be lenient", function()
    assert.is_nil((bosa.json.decode('"\\ud83d"')))
    assert.is_nil((bosa.json.decode('"a\nb"')))
    assert.equal(LOST, (bosa.json.decode('"\\ud83d"', nil, true)))
    assert.equal("9007199254740993123", (bosa.json.decode("9007199254740993123", "string", true)) .. "")
  end)
end)
