--- Null: of other libraries and hosts as a parameter, and as what a hub is told to give.
local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox
setup(function() sandbox = server.start() end)
teardown(function() sandbox.stop() end)

local function new(options)
  options = options or {}
  options.api_base_url, options.api_key, options.token = sandbox.url, sandbox.key, sandbox.token
  return bosa.new(options)
end

--- What the server got for the parameter `list`, as JSON.
local function sent(hub, value) return assert(hub:run("lab", "echo", { list = { value } })).data.raw end

--- A userdata with an identity of its own, as Neovim's null is one.
local function userdata() return io.tmpfile() end

describe("a null of another library", function()
  local hub
  setup(function() hub = new() end)
  teardown(function() hub:close() end)

  it("is null where it is lua-cjson's", function()
    local ok, cjson = pcall(require, "cjson")
    if ok then assert.matches("%[null%]", sent(hub, cjson.null)) end
    assert.matches("%[null%]", sent(hub, bosa.null))
  end)

  it("is null where the host says so now", function()
    for _, name in ipairs({ "vim", "ngx" }) do
      local value = userdata()
      local before = rawget(_G, name)
      assert.has_error(function() assert(hub:run("lab", "echo", { list = { value } })) end)
      rawset(_G, name, { [name == "vim" and "NIL" or "null"] = value })
      local ok, raw = pcall(sent, hub, value)
      local json = bosa.json.encode({ value })
      rawset(_G, name, before)
      assert.is_true(ok, raw)
      assert.matches("%[null%]", raw)
      assert.equal("[null]", json)
      assert.has_error(function() assert(hub:run("lab", "echo", { list = { value } })) end)
      value:close()
    end
  end)

  it("is null as a light userdata, too, once a hub was told so", function()
    local upvalueid = rawget(debug, "upvalueid") -- gives some
    if not upvalueid then return pending("it is not there in Lua 5.1") end
    local function light() return hub, sandbox end
    local value, other = upvalueid(light, 1), upvalueid(light, 2)
    new({ null = value }):close()
    assert.matches("%[null%]", sent(hub, value))
    assert.equal('{"a":null}', bosa.json.encode({ a = value }))
    local text, err = bosa.json.encode({ a = other })
    assert.is_nil(text)
    assert.matches("`a`: a light userdata can't be sent", err.message, 1, true)
  end)

  it("does not make a library of the host load anything", function()
    local before = rawget(_G, "vim")
    rawset(_G, "vim", setmetatable({}, { __index = function(_, name) error("asked for " .. name) end }))
    local ok, why = pcall(bosa.json.encode, { bosa.object({}), setmetatable({}, {}) })
    rawset(_G, "vim", before)
    assert.is_true(ok, why)
  end)
end)

describe("bosa.new{ null = value }", function()
  local SCHEMAS = '{"t":{"act":{"method":"POST","path":"/connectors/t/act"}}}'
  local JSON = { ["Content-Type"] = "application/json" }

  --- A hub whose server answers so.
  local function answering(null, status, body)
    return bosa.new({ api_base_url = sandbox.url, null = null, transport = function(request)
      if request.method == "GET" then return { status = 200, headers = JSON, body = SCHEMAS } end
      return { status = status, headers = JSON, body = body }
    end })
  end

  it("gives that value for null, everywhere in an answer", function()
    local many = {}
    for i = 1, 100 do many[i] = '{"a":null,"b":[null,1]}' end
    local own = setmetatable({}, { __tostring = function() return "null" end })
    for _, null in ipairs({ userdata(), own, "none", false }) do
      local hub = answering(null, 200, '{"data":[' .. table.concat(many, ",") .. '],"meta":{"total":null}}')
      local function check(item)
        assert.is_true(rawequal(null, item.a))
        assert.is_true(rawequal(null, item.b[1]))
        assert.equal(1, item.b[2])
      end
      local response = assert(hub:run("t", "act"))
      check(response[1])
      for item in response:items() do check(item) end
      for _, item in ipairs(response:get_data()) do check(item) end
      assert.equal(100, #response:get_data())
      assert.is_true(rawequal(null, response:get_meta().total))
      check(assert(hub:execute("t", "act")).data[100])
      hub:close()
      local single = answering(null, 200, '{"data":null,"meta":null}')
      assert.is_true(rawequal(null, assert(single:run("t", "act")):get_data()))
      single:close()
    end
  end)

  it("gives it in an error's details", function()
    local hub = answering("none", 422, '{"detail":[{"loc":["body","x"],"msg":"no","input":null}]}')
    local response, err = hub:run("t", "act")
    assert.is_nil(response)
    local function holds(value)
      if type(value) ~= "table" then return rawequal(value, bosa.null) end
      for _, item in pairs(value) do
        if holds(item) then return true end
      end
      return false
    end
    assert.is_false(holds(err.details))
    hub:close()
  end)

  it("takes it for null as a parameter, and in JSON", function()
    for _, null in ipairs({ userdata(), setmetatable({}, {}) }) do
      local hub = new({ null = null })
      assert.matches("%[null%]", sent(hub, null))
      assert.equal('{"a":null}', bosa.json.encode({ a = null }))
      hub:close()
    end
  end)

  it("takes one that is a table for null where parameters are copied first", function()
    local null, bodies = setmetatable({}, {}), {}
    local either = { anyOf = { { type = "string" }, { type = "null" } } }
    local hub = bosa.new({
      api_base_url = sandbox.url, null = null,
      snapshot = { made = { run = {
        method = "POST", path = "/connectors/made/run", docstring = "Runs.", response = { type = "any" },
        parameters = { request = { schema = { type = "object", properties = {
          a = either, ["$b"] = either, c = { type = "object", properties = { d = either } },
        } } } },
      } } },
      transport = function(request)
        bodies[#bodies + 1] = assert(bosa.json.decode(request.body))
        return { status = 200, headers = JSON, body = '{"data":[{"id":1}]}' }
      end,
    })
    local params = { a = null, ["$b"] = null, c = { d = null } }
    local result = hub:call_tool("made__run", { a = null, ["-x24b"] = null, c = { d = null } })
    assert.is_false(result.is_error, result.content)
    for item in hub:connect("made"):action("run"):params(params):watch({ every = 1, key = "id", max_rounds = 1 }) do
      assert.equal(1, item.id)
    end
    hub:before(function(request) request.params.seen = nil end)
    assert(hub:run("made", "run", params))
    assert.equal(3, #bodies)
    for _, body in ipairs(bodies) do
      assert.same({ a = bosa.null, ["$b"] = bosa.null, c = { d = bosa.null } }, body)
    end
    hub:close()
  end)

  it("leaves other hubs alone", function()
    local other, hub = new({ null = "none" }), new()
    assert.equal(bosa.null, (bosa.json.decode("[null]"))[1])
    assert.matches('%["none"%]', sent(other, "none"))
    hub:close()
    other:close()
  end)
end)

describe("a tool's arguments", function()
  local null = newproxy and newproxy(false) or io.stdout
  local text = { type = "string" }
  local given
  local answer = '{"data":{}}'
  local hub = bosa.new({
    api_base_url = "http://127.0.0.1:1", api_key = "k", null = null,
    snapshot = { made = { run = {
      method = "POST", path = "/connectors/made/run", docstring = "Runs.", response = { type = "any" },
      parameters = { request = { schema = { type = "object", properties = {
        a = text, b = { anyOf = { text, { type = "null" } } }, c = { type = "object", properties = { d = text } },
        e = { type = "string", enum = { "x", bosa.null } },
      } } } },
    } } },
    transport = function(request)
      given = request.body
      return { status = 200, headers = { ["content-type"] = "application/json" }, body = answer }
    end,
  })

  it("may hold the hub's own null for what is left out", function()
    local result = hub:call_tool("made__run", { a = null, b = null, c = { d = null }, e = null })
    assert.is_false(result.is_error, result.content)
    assert.same({ b = bosa.null, c = {} }, assert(bosa.json.decode(given)))
  end)

  it("may be the hub's own null", function()
    assert.is_false(hub:call_tool("made__run", null).is_error)
    assert.equal("{}", given)
  end)

  it("and its result are no file where the server says null", function()
    answer = '{"data":null}'
    local result = hub:call_tool("made__run", {})
    assert.is_false(result.is_error, result.content)
    assert.equal('{"data":null}', result.content)
  end)
end)
