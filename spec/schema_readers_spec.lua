--- Help, parameters, tools, types and the validator answer the same questions about the same schemas.
local bosa = require("bosa")
local names = require("bosa.tools.names")
local sorted_json = require("bosa.sorted_json")
local tools = require("bosa.tools")
local types = require("bosa.types")
local luacats = require("tools.luacats")
local command = require("spec.support.command")

local INTEGERS = rawget(_G, "jit") and "cdata" or nil

--- A hub that knows the connector `made` with one action, `run`, whose parameters have this schema.
local function hub_of(request, options)
  local made = options or {}
  local response = made.response or bosa.object({})
  made.api_base_url, made.api_key, made.response = "http://127.0.0.1:1", "k", nil
  made.snapshot = { made = { run = {
    method = "POST", path = "/connectors/made/run", docstring = "Runs.", response = response,
    parameters = { request = { schema = request } },
  } } }
  return bosa.new(made)
end

local function decoded(text) return assert(bosa.json.decode(text)) end

--- The parameters of an action by name.
local function parameters_of(hub, connector, action)
  local found = {}
  for _, parameter in ipairs(assert(hub:connect(connector):get_action_parameters(action))) do
    found[parameter.name] = parameter
  end
  return found
end

--- The fields of a class that stands for parameters.
local function fields_of(hub, connector, class)
  local own
  for path in io.popen("ls lua/bosa/meta/*.lua"):lines() do own = luacats.read(own, path, command.read_file(path)) end
  local found = luacats.read(own, "made", assert(types.of_connector(hub, connector)))
  assert.same({}, found.faults)
  assert.same({}, luacats.undefined(found))
  return found.classes[class].fields, found
end

--- The parameter as a model's tool describes it, read back as if the server had said so.
local function through_tool(hub, format)
  local tool = assert(hub:connect("made"):tools({ format = format, files = "/tmp" }))[1]
  local arguments = tool.inputSchema or tool["function"].parameters
  assert(bosa.json.encode(arguments))
  local name = "made__run"
  assert.equal(name, tool.name or tool["function"].name)
  return parameters_of(hub_of(arguments), "made", "run")
end

local function accepts(hub, value)
  local ok, err = hub:connect("made"):action("run"):params({ x = value }):validate()
  return ok, ok and "" or tostring(err)
end

-- What x may be: its schema (and $defs), the word for its type, the values that it is one of, its type in LuaCATS,
-- values that are valid, values that aren't.
local cases = {
  { name = "a $ref with %20 and ~1",
    schema = [[{"$ref":"#/$defs/a%20b~1c"}]], defs = [[{"a b/c":{"type":"integer"}}]],
    type = "integer", luacats = "integer", good = { 5 }, bad = { "5" } },
  { name = "a $ref with siblings",
    schema = [[{"$ref":"#/$defs/S","type":"string","description":"D"}]], defs = [[{"S":{"enum":["a","b",5]}}]],
    type = "string", enum = { "a", "b" }, luacats = '"a"|"b"', good = { "a" }, bad = { "c", 5 } },
  { name = "a $ref into properties",
    schema = [[{"$ref":"#/properties/y"}]], more = [["y":{"type":"boolean"}]],
    type = "boolean", luacats = "boolean", good = { true }, bad = { "true" } },
  { name = "a $ref into a list",
    schema = [[{"$ref":"#/$defs/U/anyOf/1"}]], defs = [[{"U":{"anyOf":[{"type":"integer"},{"type":"string"}]}}]],
    type = "string", luacats = "string", good = { "s" }, bad = { 5 } },
  { name = "a $ref to a $ref",
    schema = [[{"$ref":"#/$defs/A"}]], defs = [[{"A":{"$ref":"#/$defs/B","title":"A"},"B":{"const":"b"}}]],
    type = "string", enum = { "b" }, luacats = '"b"', good = { "b" }, bad = { "a" } },
  { name = "anyOf with null",
    schema = [[{"anyOf":[{"type":"integer"},{"type":"null"}]}]],
    type = "integer", luacats = "integer", good = { 5, bosa.null }, bad = { "5" } },
  { name = "anyOf of two types",
    schema = [[{"anyOf":[{"type":"integer"},{"type":"string"}]}]],
    type = "integer | string", luacats = "integer|string", good = { 5, "s" }, bad = { true } },
  { name = "anyOf of two enums",
    schema = [[{"anyOf":[{"enum":["a"]},{"enum":["b","a"]},{"type":"null"}]}]],
    type = "string", enum = { "a", "b" }, luacats = '"a"|"b"', good = { "a", "b", bosa.null }, bad = { "c" } },
  { name = "oneOf of constants",
    schema = [[{"oneOf":[{"const":"a","title":"A"},{"const":"b"}]}]],
    type = "string", enum = { "a", "b" }, luacats = '"a"|"b"', good = { "a", "b" }, bad = { "c" } },
  { name = "a constant or any integer",
    schema = [[{"anyOf":[{"const":"all"},{"type":"integer"}]}]],
    type = "string | integer", luacats = '"all"|integer', good = { "all", 7 }, bad = { "none" } },
  { name = "unions within unions",
    schema = [[{"anyOf":[{"oneOf":[{"const":1},{"const":2}]},{"anyOf":[{"const":3},{"type":"null"}]}]}]],
    type = "integer", enum = { 1, 2, 3 }, luacats = "1|2|3", good = { 1, 3 }, bad = { 4 } },
  { name = "allOf of one",
    schema = [[{"allOf":[{"$ref":"#/$defs/E"}],"default":"a"}]], defs = [[{"E":{"enum":["a","b"]}}]],
    type = "string", enum = { "a", "b" }, luacats = '"a"|"b"', good = { "b" }, bad = { "c" } },
  { name = "allOf of two enums",
    schema = [[{"allOf":[{"enum":["a","b"]},{"enum":["b","c"]}]}]],
    type = "string", enum = { "b" }, luacats = '"b"', good = { "b" }, bad = { "a", "c" } },
  { name = "an enum and a type",
    schema = [[{"type":"string","enum":["a",5,null]}]],
    type = "string", enum = { "a" }, luacats = '"a"', good = { "a" }, bad = { 5 } },
  { name = "a list of an enum",
    schema = [[{"type":"array","items":{"anyOf":[{"const":"a"},{"const":"b"}]}}]],
    type = "array of string", enum = { "a", "b" }, luacats = '("a"|"b")[]',
    good = { { "a", "b" } }, bad = { { "c" } } },
  { name = "several types",
    schema = [[{"type":["integer","null","boolean"]}]],
    type = "integer | boolean", luacats = "integer|boolean", good = { 1, true }, bad = { "1" } },
  { name = "true", schema = "true", type = "any", luacats = "any", good = { 1, "s" }, bad = {} },
  { name = "an empty schema", schema = "{}", type = "any", luacats = "any", good = { 1, "s" }, bad = {} },
  { name = "a union with any", schema = [[{"anyOf":[{"type":"string"},true]}]],
    type = "any", luacats = "any", good = { 1, "s" }, bad = {} },
  { name = "a union with nothing", schema = [[{"anyOf":[{"type":"string"},false]}]],
    type = "string", luacats = "string", good = { "s" }, bad = { 1 } },
  { name = "a list of lists", schema = [[{"type":"array","items":{"type":"array","items":{"type":"number"}}}]],
    type = "array of array of number", luacats = "number[][]", good = { { { 1.5 } } }, bad = { { 1.5 } } },
  { name = "the older form", schema = [[{"schema":{"type":"integer"}}]],
    type = "integer", luacats = "integer", good = { 1 }, bad = { "1" } },
  { name = "a $ref to nowhere", schema = [[{"$ref":"#/$defs/none"}]],
    type = "any", luacats = "any", good = { 1, "s", { 5 } }, bad = {} },
  { name = "a $ref to a list", schema = [[{"$ref":"#/$defs/list"}]], defs = [[{"list":[{"type":"string"}]}]],
    type = "any", luacats = "any", good = { 1, "s", { 5 } }, bad = {} },
  { name = "a $ref to a name", schema = [[{"$ref":"#/$defs/name"}]], defs = [[{"name":"string"}]],
    type = "any", luacats = "any", good = { 1, "s" }, bad = {} },
  { name = "a $ref to nowhere with siblings", schema = [[{"$ref":"#/$defs/none","type":"integer"}]],
    type = "integer", luacats = "integer", good = { 1 }, bad = { "s" } },
  { name = "a union with a $ref to nowhere", schema = [[{"anyOf":[{"type":"integer"},{"$ref":"#none"}]}]],
    type = "any", luacats = "any", good = { 1, "s" }, bad = {} },
  { name = "a list of a $ref to nowhere", schema = [[{"type":"array","items":{"$ref":"#/$defs/none"}}]],
    type = "array", luacats = "any[]", good = { { 1, "s" } }, bad = { "s" } },
  { name = "a union that is none", schema = [[{"type":"integer","anyOf":5,"not":5,"properties":7,"required":[5]}]],
    type = "integer", luacats = "integer", good = { 1 }, bad = { "s" } },
  { name = "a list that holds itself",
    schema = [[{"$ref":"#/$defs/L"}]],
    defs = [[{"L":{"anyOf":[{"type":"string"},{"type":"array","items":{"$ref":"#/$defs/L"}}]}}]],
    type = "string | array", luacats = "string|any[]", good = { "s", { "s", { "s" } } }, bad = { 5 } },
}

--- The schema of parameters in which x has a case's schema.
local function request_of(case)
  return decoded(('{"type":"object","properties":{"x":%s%s},"$defs":%s}'):format(
    case.schema, case.more and "," .. case.more or "", case.defs or "{}"))
end

describe("every reader of schemas", function()
  for _, case in ipairs(cases) do
    it("agrees about " .. case.name, function()
      local hub = hub_of(request_of(case))
      local x = parameters_of(hub, "made", "run").x
      assert.equal(case.type, x.type)
      assert.same(case.enum, x.enum)
      assert.truthy(hub:connect("made"):help("run"):find("  x  " .. case.type, 1, true))
      assert.equal(case.luacats, (fields_of(hub, "made", "bosa.connectors.made.run.Params")).x.type)
      for _, format in ipairs({ "mcp", "openai" }) do
        local shown = through_tool(hub, format).x
        assert.equal(case.type, shown.type, format)
        assert.same(case.enum, shown.enum, format)
      end
      for _, value in ipairs(case.good) do
        local ok, why = accepts(hub, value)
        assert.is_true(ok, why)
      end
      for _, value in ipairs(case.bad) do assert.is_nil((accepts(hub, value)), sorted_json.line(value)) end
    end)
  end

  it("leaves out what may never be given", function()
    local hub = hub_of(decoded('{"type":"object","properties":{"x":false,"y":{"type":"string"}}}'))
    assert.is_nil(parameters_of(hub, "made", "run").x)
    assert.is_nil(fields_of(hub, "made", "bosa.connectors.made.run.Params").x)
    assert.is_nil(through_tool(hub, "mcp").x)
    assert.is_nil((accepts(hub, 1)))
  end)

  it("knows the members of allOf, also of the whole", function()
    local request = decoded([[{"allOf":[{"$ref":"#/$defs/P"},{"properties":{"b":{"type":"string"}},"required":["b"]}],
      "$defs":{"P":{"type":"object","properties":{"a":{"type":"integer"},"c":{"type":"boolean"}},"required":["a"]}}}]])
    local hub = hub_of(request)
    local parameters = parameters_of(hub, "made", "run")
    assert.same({ "integer", true }, { parameters.a.type, parameters.a.required })
    assert.same({ "string", true }, { parameters.b.type, parameters.b.required })
    assert.same({ "boolean", false }, { parameters.c.type, parameters.c.required })
    local fields = fields_of(hub, "made", "bosa.connectors.made.run.Params")
    assert.same({ type = "integer", optional = false }, fields.a)
    assert.same({ type = "boolean", optional = true }, fields.c)
    for _, format in ipairs({ "mcp", "openai" }) do
      local tool = assert(hub:connect("made"):tools({ format = format }))[1]
      local arguments = tool.inputSchema or tool["function"].parameters
      assert.equal("integer", arguments.properties.a.type)
      assert.same({ "a", "b" }, arguments.required)
    end
    local _, err = hub:connect("made"):action("run"):params({ c = true }):validate()
    assert.equal(2, #err.details)
  end)

  it("wants the tag of a union, and knows it of all branches", function()
    local request = decoded([[{"type":"object","properties":{"f":{"$ref":"#/$defs/F","type":"object"}},"$defs":{
      "F":{"oneOf":[{"$ref":"#/$defs/A"},{"$ref":"#/$defs/B"},{"$ref":"#/$defs/C"}],
           "discriminator":{"propertyName":"t"}},
      "A":{"type":"object","properties":{"t":{"const":"a","default":"a"},"v":{"type":"string"}},"required":["v"]},
      "B":{"type":"object","properties":{"t":{"const":"b","default":"b"},"v":{"type":"number"}},"required":["v"]},
      "C":{"type":"object","properties":{"t":{"const":"c","default":"c"},"w":{"type":"integer"}}}}}]])
    local hub = hub_of(request)
    local own = parameters_of(hub, "made", "run")
    for _, found in ipairs({ own, through_tool(hub, "mcp"), through_tool(hub, "openai") }) do
      assert.same({ "a", "b", "c" }, found["f.t"].enum)
      assert.is_true(found["f.t"].required)
      assert.is_nil(found["f.t"].default)
      assert.equal("string | number", found["f.v"].type)
      assert.is_false(found["f.v"].required)
      assert.equal("integer", found["f.w"].type)
    end
    local fields, found = fields_of(hub, "made", "bosa.connectors.made.run.Params")
    assert.equal("bosa.connectors.made.A|bosa.connectors.made.B|bosa.connectors.made.C", fields.f.type)
    for class, tag in pairs({ A = '"a"', B = '"b"', C = '"c"' }) do
      assert.same({ type = tag, optional = false }, found.classes["bosa.connectors.made." .. class].fields.t)
    end
    local action = hub:connect("made"):action("run")
    assert.is_true(action:params({ f = { t = "c" } }):validate())
    assert.is_nil((action:params({ f = { v = "s" } }):validate()))
  end)

  it("tells a file however it is said", function()
    local file = [[{"type":"string","contentMediaType":"application/octet-stream"}]]
    for said, expected in pairs({
      [file] = { "file", "bosa.File" },
      [('{"anyOf":[%s,{"type":"null"}]}'):format(file)] = { "file", "bosa.File" },
      [('{"type":"array","items":%s}'):format(file)] = { "array of file", "bosa.File[]" },
      [('{"anyOf":[{"type":"array","items":%s},{"type":"null"}]}'):format(file)] = { "array of file", "bosa.File[]" },
      [('{"allOf":[%s]}'):format(file)] = { "file", "bosa.File" },
      [ [[{"$ref":"#/$defs/Maybe"}]] ] = { "file", "bosa.File" },
      [ [[{"type":"string","format":"binary"}]] ] = { "file", "bosa.File" },
    }) do
      local sent
      local hub = hub_of(decoded(('{"type":"object","properties":{"x":%s,"y":{"type":"string"}},"$defs":{"Maybe":%s}}')
        :format(said, ('{"anyOf":[%s,{"type":"null"}]}'):format(file))), {
        transport = function(request)
          sent = request
          return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = "{}" }
        end,
      })
      assert.equal(expected[1], parameters_of(hub, "made", "run").x.type, said)
      assert.equal(expected[2], fields_of(hub, "made", "bosa.connectors.made.run.Params").x.type, said)
      for _, format in ipairs({ "mcp", "openai" }) do
        local tool = assert(hub:connect("made"):tools({ format = format }))[1]
        local arguments = tool.inputSchema or tool["function"].parameters
        assert.is_nil(arguments.properties.x, said)
        assert.falsy(bosa.json.encode(arguments):find("octet", 1, true) and not arguments["$defs"], said)
        assert.equal((expected[1]:gsub("file", "string")), through_tool(hub, format).x.type, said)
      end
      local one = bosa.file({ file = "bytes", filename = "a.txt" })
      local is_list = expected[1]:find("array", 1, true)
      assert(hub:run("made", "run", { x = is_list and { one } or one, y = "s" }))
      assert.matches("^multipart/form%-data", sent.headers["Content-Type"], said)
      assert(hub:run("made", "run", { y = "s" }))
      assert.equal("application/x-www-form-urlencoded", sent.headers["Content-Type"], said)
    end
  end)

  it("takes a text that stands for bytes for a text", function()
    local hub = hub_of(decoded('{"type":"object","properties":{"x":{"type":"string",'
      .. '"contentMediaType":"application/octet-stream","contentEncoding":"base64"}}}'))
    assert.equal("string", parameters_of(hub, "made", "run").x.type)
    assert.is_true(accepts(hub, "Zm9v"))
  end)
end)

--- Asks all that is not a validator; what they answer is of no matter here, but that they do.
local function ask_all(request)
  local hub = hub_of(request)
  local github = hub:connect("made")
  local parameters = assert(github:get_action_parameters("run"))
  assert(github:help("run"))
  assert(github:tools({ format = "mcp" }))
  assert(bosa.json.encode(assert(github:tools({ format = "openai", files = "/tmp" }))))
  assert(types.of_connector(hub, "made"))
  assert(hub:call_tool("made__no_such", "{}"))
  local tool = assert(tools.resolve(hub, "made__run", "made", "run", {}))
  assert(tools.prepare(hub, tool, '{"x":"none","y":1}', { files = "/tmp" }))
  return parameters
end

describe("a reader of schemas ends", function()
  local function ref(name) return { ["$ref"] = "#/$defs/" .. name } end
  local function object(properties, defs)
    return { type = "object", properties = properties, ["$defs"] = bosa.object(defs) }
  end

  --- `count` schemas d1, d2, ... that `make(i, next)` makes, and one at the end.
  local function chain(count, make)
    local defs = { ["d" .. count + 1] = { type = "string" } }
    for i = 1, count do defs["d" .. i] = make("d" .. i + 1, i) end
    return object({ x = ref("d1") }, defs)
  end

  local hostile = {
    ["a union that names itself"] = object({ x = ref("U") }, { U = { anyOf = { ref("U"), { type = "null" } } } }),
    ["a $ref that names itself"] = object({ x = ref("R") }, { R = ref("R") }),
    ["two $refs that name each other"] = object({ x = ref("A") }, { A = ref("B"), B = ref("A") }),
    ["allOf that names itself"] = object({ x = ref("A") }, { A = { allOf = { ref("A"), { type = "string" } } } }),
    ["a list of itself"] = object({ x = ref("L") }, { L = { type = "array", items = ref("L") } }),
    ["unions that all name each other"] = (function()
      local defs, branches = {}, { { type = "string" } }
      for i = 1, 40 do branches[i + 1] = ref("d" .. i) end
      for i = 1, 40 do defs["d" .. i] = { anyOf = branches } end
      return object({ x = ref("d1") }, defs)
    end)(),
    ["objects with many ways to themselves"] = (function()
      local properties = {}
      for i = 1, 40 do properties["p" .. i] = ref("O") end
      return object({ x = ref("O") }, { O = { type = "object", properties = properties } })
    end)(),
    ["thousands of $refs"] = chain(1000, function(next_name) return ref(next_name) end),
    ["thousands of $refs with siblings"] = chain(1000, function(next_name)
      return { ["$ref"] = "#/$defs/" .. next_name, type = "string", description = "D" }
    end),
    ["thousands of objects in each other"] = chain(1000, function(next_name)
      return { type = "object", properties = { n = ref(next_name) }, required = { "n" } }
    end),
    ["thousands of lists in each other"] = chain(1000, function(next_name)
      return { type = "array", items = ref(next_name) }
    end),
    ["thousands of unions in each other"] = chain(1000, function(next_name)
      return { anyOf = { ref(next_name), { type = "integer" } } }
    end),
    ["nested unions that double"] = chain(20, function(next_name, i)
      local both = { allOf = { ref(next_name), { title = "a" .. i } } }
      return { anyOf = { both, { type = "array", items = ref(next_name) } } }
    end),
    ["nested unions of objects"] = chain(20, function(next_name)
      return { anyOf = {
        { type = "object", properties = { a = ref(next_name) } },
        { type = "object", properties = { b = ref(next_name) } },
      } }
    end),
    ["members that multiply"] = (function()
      local members = {}
      for i = 1, 20 do
        members[i] = { anyOf = { { properties = { ["a" .. i] = true } }, { properties = { ["b" .. i] = true } } } }
      end
      return object({ x = { allOf = members } }, {})
    end)(),
    ["thousands of constants"] = (function()
      local branches = {}
      for i = 1, 5000 do branches[i] = { const = "c" .. i } end
      return object({ x = { oneOf = branches } }, {})
    end)(),
    ["a schema 300 deep"] = (function()
      local node = { type = "string" }
      for _ = 1, 300 do node = { anyOf = { { type = "array", items = node } } } end
      return object({ x = node }, {})
    end)(),
  }
  for name, request in pairs({
    ["the whole in itself, named once"] = '{"type":"object","properties":{"x":{"type":"object","properties":{"y":'
      .. '{"$ref":"#"}}}}}',
    ["a property in itself, named once"] = '{"type":"object","properties":{"x":{"type":"object","properties":{"y":'
      .. '{"$ref":"#/properties/x"}}}}}',
    ["a part of a definition in itself"] = '{"type":"object","properties":{"x":{"$ref":"#/$defs/D"}},"$defs":{"D":'
      .. '{"properties":{"y":{"type":"object","properties":{"z":{"$ref":"#/$defs/D/properties/y"}}}}}}}',
  }) do
    hostile[name] = decoded(request)
  end
  for name, request in pairs(hostile) do
    it("with " .. name, function()
      local parameters = ask_all(request)
      assert.equal("x", parameters[1].name)
      assert.is_true(#parameters <= 1000)
    end)
  end

  it("with what they mean, where a chain or a choice is only long", function()
    assert.equal("string", ask_all(hostile["thousands of $refs"])[1].type)
    assert.equal(5000, #ask_all(hostile["thousands of constants"])[1].enum)
    assert.equal("null", ask_all(hostile["a union that names itself"])[1].type)
    assert.equal("string", ask_all(hostile["allOf that names itself"])[1].type)
  end)
end)

---------------------------------------------------------------------------------------------------

local directory = os.getenv("BOSA_SCHEMAS") or "../shared/schemas"

--- The literal strings of a LuaCATS type.
local function literals(text)
  local list = {}
  for literal in text:gmatch('"(.-)"') do list[#list + 1] = literal end
  return list
end

--- The faults of an action's parameters by their path; those that are only missing apart.
local function faults_of(hub, connector, action, params)
  local faults, missing = {}, {}
  local _, err = hub:connect(connector):action(action):params(params):validate()
  for _, fault in ipairs(err and err.details or {}) do
    (fault.keyword == "required" and missing or faults)[fault.path] = true
  end
  return faults, missing
end

--- Checks what all say of one parameter of the first level.
local function check_parameter(hub, connector, action, parameter, field, shown)
  local where = connector .. "." .. action .. "." .. parameter.name
  assert.equal(parameter.required, not field.optional, where)
  assert.equal(parameter.type:gsub("file", "string"), shown.type, where)
  assert.equal(parameter.required, shown.required, where)
  assert.same(parameter.enum, shown.enum, where)
  local wrong = faults_of(hub, connector, action, { [parameter.name] = bosa.object({ ["no such"] = 1 }) })
  local is_object = parameter.type:find("object") and not parameter.type:find("array of object")
  if not is_object and parameter.type ~= "any" then assert.is_true(wrong[parameter.name], where) end
  if not parameter.enum then return end
  if type(parameter.enum[1]) == "string" then assert.same(parameter.enum, literals(field.type), where) end
  local is_list = parameter.type:find("array", 1, true)
  for _, value in ipairs(parameter.enum) do
    local faults = faults_of(hub, connector, action, { [parameter.name] = is_list and { value } or value })
    assert.is_nil(next(faults), where)
  end
end

describe("the real schemas", function()
  local files = {}
  for path in io.popen(("ls %s/*.json 2>/dev/null"):format(command.quote(directory))):lines() do
    files[#files + 1] = path
  end
  if not files[1] then
    pending("are not beside this checkout")
    return
  end
  for _, path in ipairs(files) do
    it("are read alike: " .. path:match("[^/]*$"), function()
      local schemas = assert(bosa.json.decode(command.read_file(path), INTEGERS))
      local hub = bosa.new({ api_base_url = "http://127.0.0.1:1", api_key = "k", snapshot = schemas })
      for connector in pairs(schemas) do
        local _, found = fields_of(hub, connector, "bosa.connectors." .. connector)
        local by_name = {}
        for _, tool in ipairs(assert(hub:connect(connector):tools({ format = "mcp", files = "/tmp", full = true }))) do
          by_name[tool.name] = tool
        end
        for _, action in ipairs(assert(hub:connect(connector):get_actions())) do
          local parameters = parameters_of(hub, connector, action.name)
          local class = found.classes[("bosa.connectors.%s.%s.Params"):format(connector, action.name)]
          local tool = by_name[names.encode(connector, action.name)]
          local shown = tool and parameters_of(hub_of(tool.inputSchema), "made", "run") or {}
          local required = {}
          for name, parameter in pairs(parameters) do
            if not name:find(".", 1, true) then
              check_parameter(hub, connector, action.name, parameter, class.fields[name], assert(shown[name], name))
              required[name] = parameter.required or nil
            end
          end
          local _, missing = faults_of(hub, connector, action.name, {})
          assert.same(required, missing, action.name)
        end
      end
    end)
  end
end)

describe("an action that is sent as a form", function()
  local filter = { type = "object", properties = { type = { const = "string" }, value = { type = "string" } } }
  local or_null = { anyOf = { { type = "array", items = { ["$ref"] = "#/$defs/f" } }, { type = "null" } } }

  local function form_hub(file, required)
    return hub_of({
      type = "object", required = bosa.array(required or {}), ["$defs"] = { f = filter },
      properties = {
        file = file, name = { type = "string" }, names = { type = "array", items = { type = "string" } },
        response_filters = or_null, about = { ["$ref"] = "#/$defs/f" }, anything = {},
        either = { anyOf = { { type = "string" }, { type = "object" } } },
      },
    })
  end
  local FILE = { anyOf = { { type = "string", format = "binary" }, { type = "null" } } }

  --- What offers each of the names, or doesn't.
  local function assert_offers(hub, expected, ...)
    local help = hub:connect("made"):help("run")
    local tool = hub:connect("made"):tools({ format = "mcp", full = true, files = "/tmp" })[1].inputSchema.properties
    local written = types.of_connector(hub, "made")
    local parameters = parameters_of(hub, "made", "run")
    for _, name in ipairs({ ... }) do
      assert.equal(expected, help:find("\n  " .. name .. "  ", 1, true) ~= nil, "help: " .. name)
      assert.equal(expected, tool[name] ~= nil, "tools: " .. name)
      assert.equal(expected, written:find("field " .. name, 1, true) ~= nil, "types: " .. name)
      assert.equal(expected, parameters[name] ~= nil, "parameters: " .. name)
    end
  end

  it("offers no object that can't be sent in one", function()
    local hub = form_hub(FILE)
    assert_offers(hub, false, "response_filters", "about")
    assert_offers(hub, true, "file", "name", "names", "anything", "either")
  end)

  it("offers what is required, and what another action can be sent", function()
    assert_offers(form_hub(FILE, { "about" }), true, "about")
    assert_offers(form_hub({ type = "string" }), true, "response_filters", "about")
  end)
end)
