--- Parameters are checked before anything is sent; every fault is told at once.
local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox, hub, lab

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  lab = assert(hub:get_connector("lab"))
end)
teardown(function() sandbox.stop() end)

--- The faults of lab.keywords's parameters by their path; sure that nothing was sent.
local function faults(params)
  params.name = params.name or "pump"
  local before = sandbox.stats().requests
  local response, err = lab:keywords(params)
  assert.is_nil(response)
  assert.equal("params", err.kind)
  assert.equal("no", err.sent)
  assert.is_false(err.retryable)
  assert.is_nil(err.status)
  assert.is_nil(err.attempts)
  assert.equal(before, sandbox.stats().requests)
  local by_path = {}
  for _, fault in ipairs(err.details) do by_path[fault.path] = fault end
  return by_path, err
end

--- What the server was given.
local function sent(params)
  params.name = params.name or "pump"
  return assert(lab:keywords(params)).data
end

describe("a parameter", function()
  local refused = {
    { { name = "" }, "name", "minLength" },
    { { name = ("x"):rep(21) }, "name", "maxLength" },
    { { name = 5 }, "name", "type" },
    { { level = 0 }, "level", "minimum" },
    { { level = 11 }, "level", "maximum" },
    { { level = 1.5 }, "level", "type" },
    { { level = "1" }, "level", "type" },
    { { ratio = 0 }, "ratio", "exclusiveMinimum" },
    { { ratio = 1 }, "ratio", "exclusiveMaximum" },
    { { step = 3 }, "step", "multipleOf" },
    { { kind = "other" }, "kind", "const" },
    { { colour = "purple" }, "colour", "enum" },
    { { flag = "yes" }, "flag", "type" },
    { { flag = 1 }, "flag", "type" },
    { { tags = bosa.array({}) }, "tags", "minItems" },
    { { tags = { "a", "b", "c", "d" } }, "tags", "maxItems" },
    { { tags = { "a", "a" } }, "tags", "uniqueItems" },
    { { tags = { "a", 5 } }, "tags[1]", "type" },
    { { tags = { a = "b" } }, "tags", "type" },
    { { pair = { "a" } }, "pair", "minItems" },
    { { pair = { 1, 2 } }, "pair[0]", "type" },
    { { limits = { a = "b" } }, "limits.a", "type" },
    { { point = { x = 1 } }, "point.y", "required" },
    { { point = { x = 1, y = 2, z = 3 } }, "point.z", "additionalProperties" },
    { { tree = { value = 1, children = { { value = 2, children = { { value = "x" } } } } } },
      "tree.children[0].children[0].value", "type" },
    { { shape = { kind = "circel", radius = 1 } }, "shape.kind", "discriminator" },
    { { shape = { kind = "circle" } }, "shape.radius", "required" },
    { { shape = { kind = "square", side = -1 } }, "shape.side", "exclusiveMinimum" },
    { { id = true }, "id", "type" },
  }
  for i, case in ipairs(refused) do
    it(("%d is refused at %s by %s"):format(i, case[2], case[3]), function()
      local fault = faults(case[1])[case[2]]
      assert.truthy(fault, "no fault at " .. case[2])
      assert.equal(case[3], fault.keyword)
      assert.equal("string", type(fault.expected))
      assert.equal("string", type(fault.got))
      assert.matches(case[2], fault.message, 1, true)
    end)
  end

  local accepted = {
    { level = 1 },
    { level = 10 },
    { level = bosa.null },
    { ratio = 0.5 },
    { step = -10 },
    { kind = "fixed" },
    { colour = "blue" },
    { flag = true },
    { tags = { "a", "b", "c" } },
    { pair = { "a", 1 } },
    { limits = { a = 1, b = 2 } },
    { point = { x = 1, y = 2 } },
    { tree = { value = 1, children = { { value = 2 } } } },
    { shape = { kind = "circle", radius = 1.5 } },
    { shape = { kind = "square", side = 2, label = bosa.null } },
    { id = 5 },
    { id = "five" },
    { anything = { 1, "two", { three = true } } },
    { name = ("ü"):rep(20) },
  }
  for i, params in ipairs(accepted) do
    it(("%d is sent as it was given: %s"):format(i, next(params)), function()
      local name, value = next(params)
      assert.same(value, sent(params)[name])
    end)
  end

  it("that is an empty table is the empty array or object that the schema lists", function()
    local schema = require("bosa.core").schema
    assert.is_true(assert(schema({ type = "array", const = bosa.array({}) })):check({}))
    assert.is_true(assert(schema({ type = "array", enum = { bosa.array({ 1 }), bosa.array({}) } })):check({}))
    assert.is_true(assert(schema({ type = "object", const = bosa.object({}) })):check({}))
    assert.is_nil((assert(schema({ type = "array", const = bosa.object({}) })):check({})))
    assert.is_nil((assert(schema({ type = "array", enum = { bosa.array({ 1 }) } })):check({})))
  end)

  it("of a whole number is an integer however the VM holds it", function()
    assert.equal(5, sent({ level = 5.0 }).level)
  end)

  it("is not filled in where it was left out, nor changed", function()
    local params = { point = { x = 1, y = 2 } }
    local got = sent(params)
    assert.is_nil(got.colour)
    assert.is_nil(got.flag)
    assert.same({ name = "pump", point = { x = 1, y = 2 } }, params)
  end)
end)

local function messages_of(err)
  local messages = {}
  for i, fault in ipairs(err.details) do messages[i] = fault.message end
  return messages
end

describe("what is missing or misspelt", function()
  it("is told together, with what may have been meant", function()
    local github = hub:connect("github")
    local response, err = github:create_issue({ onwer = "lua", repo = "lua", titel = "x" })
    assert.is_nil(response)
    local by_path = {}
    for _, fault in ipairs(err.details) do by_path[fault.path] = fault end
    assert.equal("required", by_path.owner.keyword)
    assert.equal("required", by_path.title.keyword)
    assert.equal("owner", by_path.onwer.suggestion)
    assert.equal("title", by_path.titel.suggestion)
    assert.equal(4, #err.details)
    local line = tostring(err)
    assert.matches("^github%.create_issue: ", line)
    assert.equal(#"github.create_issue: " + 3 * #"; " + #table.concat(messages_of(err)), #line)
    for _, message in ipairs(messages_of(err)) do assert.matches(message, line, 1, true) end
  end)

  it("is told in the schema's order, unknown names after it in the alphabet's", function()
    local params = { stat = "x", limit = "many", labelz = 3, onwer = "lua", page = "first", state = 5, a = 1, b = 2 }
    local _, err = hub:connect("github"):list_issues(params)
    local paths = {}
    for i, fault in ipairs(err.details) do paths[i] = fault.path end
    assert.equal("owner repo state page limit a b labelz onwer stat", table.concat(paths, " "))
  end)

  it("is counted to the last, of very many the first are listed", function()
    local list = {}
    for i = 1, 150 do list[i] = "x" end
    local check = assert(require("bosa.core").schema({ type = "array", items = { type = "integer" } }))
    local ok, err = check:check(list)
    assert.is_nil(ok)
    assert.equal("`[0]`: expected integer, got string (and 149 more)", err.message)
    assert.equal("[0] [9] [10] [63]", table.concat({
      err.details[1].path, err.details[10].path, err.details[11].path, err.details[#err.details].path,
    }, " "))
    assert.equal(64, #err.details)
  end)

  it("has a suggestion in enumerations and tags, too, and none where nothing is near", function()
    assert.equal("red", faults({ colour = "rde" }).colour.suggestion)
    assert.is_nil(faults({ colour = "turquoise" }).colour.suggestion)
    assert.equal("circle", faults({ shape = { kind = "circel" } })["shape.kind"].suggestion)
    assert.equal("x", faults({ point = { x = 1, y = 2, xx = 3 } })["point.xx"].suggestion)
  end)

  it("is told of the union's tag, which has to be sent", function()
    assert.truthy(faults({ shape = { radius = 1 } })["shape.kind"])
  end)

  it("is any name where there are no parameters", function()
    local response, err = lab:action("no_params"):params({ name = 1 }):run()
    assert.is_nil(response)
    assert.equal("params", err.kind)
    assert.equal("no", err.sent)
    assert.matches("takes no parameters", err.message, 1, true)
    assert.equal(1, #err.details)
    assert.equal(err.message, err.details[1].message)
  end)
end)

describe("a value that JSON can't hold", function()
  local loop = {}
  loop.again = loop
  local deep = {}
  for _ = 1, 2000 do deep = { deep } end
  local values = {
    ["not a number"] = 0 / 0,
    ["an infinity"] = math.huge,
    ["a function"] = print,
    ["a thread"] = coroutine.create(function() end),
    ["a table in itself"] = loop,
    ["a table too deep"] = deep,
    ["a table with names and positions"] = { 1, 2, a = 3 },
    ["a table with a gap"] = { [1] = 1, [5] = 5 },
    ["text that is not UTF-8"] = "\255\254",
    ["an object of ours"] = bosa.new({ api_base_url = "http://127.0.0.1:1" }),
  }
  for name, value in pairs(values) do
    it("is refused: " .. name, function()
      local before = sandbox.stats().requests
      local response, err = lab:keywords({ name = "a", anything = value })
      assert.equal(before, sandbox.stats().requests)
      assert.is_nil(response)
      assert.equal("params", err.kind)
      assert.equal("no", err.sent)
      local where = name:find("table in itself") and "within itself" or name:find("deep") and "deep" or "anything"
      assert.matches(where, tostring(err), 1, true)
    end)
  end
end)

describe("validate", function()
  it("says the same as run, and sends nothing", function()
    local action = lab:action("keywords"):params({ name = "", level = 11 })
    local before = sandbox.stats().requests
    local ok, err = action:validate()
    assert.is_nil(ok)
    assert.equal("params", err.kind)
    assert.equal(2, #err.details)
    assert.is_true(action:params({ name = "pump" }):validate())
    assert.equal(before, sandbox.stats().requests)
  end)

  it("leaves nothing to the collector", function()
    local action = lab:action("keywords"):params({ name = "pump", level = 3 })
    for _ = 1, 200 do assert(action:validate()) end
    collectgarbage()
    collectgarbage("stop")
    local before = collectgarbage("count")
    for _ = 1, 2000 do assert(action:validate()) end
    local grown = collectgarbage("count") - before
    collectgarbage("restart")
    assert.is_true(grown < 64, grown .. " kB")
  end)

  local has_ffi, ffi = pcall(require, "ffi")
  if has_ffi then
    it("may be asked while another one reads its parameters", function()
      local globals, real = getfenv(0), tostring -- luacheck: ignore
      local inner, ok, err = lab:action("keywords"):params({ name = "" }), nil, nil
      rawset(globals, "tostring", function(value)
        rawset(globals, "tostring", real)
        ok, err = inner:validate()
        assert(inner:params({ name = "pump" }):validate())
        return real(value)
      end)
      local outer = { lab:action("integers"):params({ value = ffi.cast("int64_t", 5) }):validate() }
      rawset(globals, "tostring", real)
      assert.is_nil(ok)
      assert.equal("params", err.kind)
      assert.same({ true }, outer)
    end)
  end
end)
