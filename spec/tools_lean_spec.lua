--- What lean definitions leave out, what they keep, how long they are, and that they are the same bytes everywhere.
local bosa = require("bosa")
local command = require("spec.support.command")
local directory = require("spec.support.directory")
local shared = require("spec.support.shared")

local function encode(value) return assert(bosa.json.encode(value, { sorted = true })) end

local function made_tool(request, options, entry)
  entry = entry or {}
  entry.method, entry.path = "POST", "/connectors/made/run"
  entry.docstring = entry.docstring or "Does it."
  entry.parameters, entry.response = { request = { schema = request } }, entry.response or { type = "any" }
  local hub = bosa.new({ api_base_url = "http://127.0.0.1:9", api_key = "k", snapshot = { made = { run = entry } } })
  options = options or {}
  options.format = options.format or "mcp"
  local list = assert(hub:connect("made"):tools(options))
  hub:close()
  return list[1]
end

local function object(properties, more)
  local node = { type = "object", properties = properties, title = "Request", description = "Request model." }
  for name, value in pairs(more or {}) do node[name] = value end
  return node
end

local or_null = { anyOf = { { type = "string" }, { type = "null" } }, default = bosa.null, title = "T" }

describe("a lean definition", function()
  it("has no response_filters, and one line for response_fields", function()
    local filters = { anyOf = { { type = "array", items = { ["$ref"] = "#/$defs/F" } }, { type = "null" } } }
    local request = object({
      response_filters = filters,
      response_fields = { anyOf = { { type = "array", items = { type = "string" } }, { type = "null" } },
        default = bosa.null, description = ("Long. "):rep(50), examples = { { "id" } } },
      update = object({ response_fields = or_null, response_filters = filters, id = { type = "integer" } }),
    }, { ["$defs"] = { F = object({ a = { type = "string" } }) } })
    assert.equal('{"properties":{"response_fields":{"description":"Only these fields: id, user.login",'
      .. '"items":{"type":"string"},"type":"array"},"update":{"description":"Request model.",'
      .. '"properties":{"id":{"type":"integer"}},"type":"object"}},"type":"object"}',
      encode(made_tool(request).inputSchema))
    local full = made_tool(request, { full = true }).inputSchema
    assert.truthy(full.properties.response_filters)
    assert.truthy(full["$defs"].F)
    assert.same({ { "id" } }, full.properties.response_fields.examples)
  end)

  it("has no titles, examples and null where a name may be left out", function()
    local request = object({
      a = or_null, b = { anyOf = { { type = "integer", minimum = 1 }, { type = "null" } }, default = 30 },
      c = { type = { "string", "null" }, examples = { "x" } }, d = or_null,
      title = { type = "string", title = "Title", description = "What it is called." },
    }, { required = { "d" } })
    assert.equal('{"properties":{"a":{"type":"string"},"b":{"default":30,"minimum":1,"type":"integer"},'
      .. '"c":{"type":"string"},"d":{"anyOf":[{"type":"string"},{"type":"null"}],"default":null},'
      .. '"title":{"description":"What it is called.","type":"string"}},"required":["d"],"type":"object"}',
      encode(made_tool(request).inputSchema))
  end)

  it("keeps enums, limits, other defaults and descriptions that say something", function()
    local request = object({
      a = { enum = { "x", "y" }, type = "string", default = "x", description = "  Which\n\n      of  the two.  " },
      b = { type = "integer", minimum = 1, maximum = 9, default = false }, user_id = { type = "string",
        description = "The ID of the user." },
    })
    assert.equal('{"properties":{"a":{"default":"x","description":"Which\\nof the two.","enum":["x","y"],'
      .. '"type":"string"},"b":{"default":false,"maximum":9,"minimum":1,"type":"integer"},'
      .. '"user_id":{"type":"string"}},"type":"object"}', encode(made_tool(request).inputSchema))
  end)

  it("says a thing once where it is named once, and by $ref where it is named more often", function()
    local request = object({
      once = { ["$ref"] = "#/$defs/Once", description = "The one." }, first = { ["$ref"] = "#/$defs/Twice" },
      second = { ["$ref"] = "#/$defs/Twice", type = "object" },
    }, { ["$defs"] = {
      Once = object({ a = { type = "string" } }), Twice = object({ b = { type = "string" } }),
    } })
    assert.equal('{"$defs":{"Twice":{"description":"Request model.","properties":{"b":{"type":"string"}},'
      .. '"type":"object"}},"properties":{"first":{"$ref":"#/$defs/Twice"},"once":{"description":"The one.",'
      .. '"properties":{"a":{"type":"string"}},"type":"object"},"second":{"$ref":"#/$defs/Twice"}},"type":"object"}',
      encode(made_tool(request).inputSchema))
  end)

  it("keeps the type beside a $ref that allows others", function()
    local request = object({ a = { ["$ref"] = "#/$defs/Mixed", type = "string" }, b = { ["$ref"] = "#/$defs/Mixed" },
      c = { ["$ref"] = "#/$defs/Either", type = "object" }, d = { ["$ref"] = "#/$defs/Either", type = "object" },
      e = { ["$ref"] = "#/$defs/Either", type = { "object", "array" } },
    }, { ["$defs"] = {
      Mixed = { enum = { "x", 5 } },
      Either = { oneOf = { object({ f = { type = "string" } }), { ["$ref"] = "#/$defs/Named" } } },
      Named = { allOf = { { type = "object" }, { title = "N" } } },
    } })
    local lean = made_tool(request).inputSchema.properties
    assert.same({ ["$ref"] = "#/$defs/Mixed", type = "string" }, lean.a)
    for _, name in ipairs({ "c", "d", "e" }) do assert.same({ ["$ref"] = "#/$defs/Either" }, lean[name]) end
    local response = object({ data = request.properties.a, meta = request.properties.c }, request)
    response.properties = { data = request.properties.a, meta = request.properties.c }
    local told = made_tool(object({}), nil, { response = response }).outputSchema.properties
    assert.same({ ["$ref"] = "#/$defs/Mixed", type = "string" }, told.data)
    assert.same({ ["$ref"] = "#/$defs/Either" }, told.meta)
  end)

  it("lets anything through below what is too deep, and never less", function()
    local node = { type = "string" }
    for _ = 1, 150 do node = { type = "object", properties = { n = node }, required = { "n" } } end
    local request = object({ x = node, y = { ["not"] = node }, z = { oneOf = { node, { type = "integer" } } } })
    local lean = made_tool(request).inputSchema
    local value = "s"
    for _ = 1, 150 do value = { n = value } end
    local check = assert(require("bosa.core").schema(lean))
    assert.is_true(check:check({ x = value, y = value, z = value }))
    assert.is_nil((check:check({ x = { n = { n = 5 } } })))
    assert.is_nil((check:check({ z = "s" })))
  end)

  it("takes its description from the parameters' where the action has none", function()
    assert.equal("Request model.", made_tool(object({}), nil, { docstring = "" }).description)
    assert.equal("Lists them.\nAll of them.", made_tool(object({}), nil, {
      docstring = "\n   Lists them.\n\n      All of them.\n\n   Args:\n     request: it.\n",
    }).description)
  end)

  it("leaves what the server described as it was", function()
    local hub = bosa.new({ api_base_url = "http://127.0.0.1:9", api_key = "k", snapshot = { made = { run = {
      method = "POST", path = "/x", docstring = "D", response = { type = "any" },
      parameters = { request = { schema = object({ a = or_null }) } },
    } } } })
    assert(hub:connect("made"):tools({ format = "openai" }))
    assert.equal("string", hub:connect("made"):get_action_parameters("run")[1].type)
    assert.truthy(encode(hub:connect("made"):tools({ format = "mcp", full = true })):find('"title":"T"', 1, true))
    hub:close()
  end)
end)

describe("the schema of a result", function()
  local function output_of(response) return made_tool(object({}), nil, { response = response }).outputSchema end

  it("is of the whole result, whether the server describes that or its data", function()
    local data = object({ id = { type = "integer", title = "Id", default = 0 } }, { required = { "id" } })
    local lean_data = '{"properties":{"id":{"type":"integer"}},"type":"object"}'
    assert.equal('{"properties":{"data":' .. lean_data .. '},"type":"object"}', encode(output_of(data)))
    local envelope = object({ data = data, meta = { anyOf = { { type = "object" }, { type = "null" } } } })
    assert.equal('{"properties":{"data":' .. lean_data .. ',"meta":{"type":["object","null"]}},"type":"object"}',
      encode(output_of(envelope)))
    assert.equal('{"properties":{"data":{"items":{},"type":"array"}},"type":"object"}',
      encode(output_of({ type = "array", items = { type = "any" } })))
    assert.equal('{"type":"object"}', encode(output_of({ type = "object" })))
    assert.is_nil(output_of({ type = "any" }))
  end)

  it("has the $defs at its top that the server hid within", function()
    local label = function(kind) return { type = "object", properties = { name = { type = kind } } } end
    local response = { type = "object", properties = {
      data = { type = "array", items = { type = "object", properties = { label = { ["$ref"] = "#/$defs/Label" } },
        ["$defs"] = { Label = label("string") } } },
      meta = { type = "object", properties = { label = { ["$ref"] = "#/$defs/Label" } },
        ["$defs"] = { Label = label("integer") } },
    } }
    local made = output_of(response)
    assert.equal("#/$defs/Label", made.properties.data.items.properties.label["$ref"])
    assert.equal("string", made["$defs"].Label.properties.name.type)
    assert.equal("#/$defs/Label2", made.properties.meta.properties.label["$ref"])
    assert.equal("integer", made["$defs"].Label2.properties.name.type)
  end)

  it("promises nothing of what the server's names and doesn't say", function()
    local made = output_of({ type = "object", properties = { a = { ["$ref"] = "#/$defs/Gone" } } })
    assert.same({}, made.properties.data.properties.a)
    assert.is_nil(output_of({ ["$ref"] = "#/$defs/Gone" }))
  end)
end)

--- A program that prints definitions of everything that a connector has.
local function printed(vm, path, format, strict)
  local program = command.quote(("local b = require('bosa') local h = b.new{ api_base_url = 'http://127.0.0.1:9',"
    .. " snapshot = '%s' } for _, c in ipairs{'github','google_drive','made'} do local l = h:connect(c):tools{"
    .. " format = '%s', strict = %s } if l then print(b.json.encode(l, { sorted = true })) end end"):format(path,
    format, tostring(strict)))
  return command.output_of(("BUILD=%s tools/on-vm.sh %s @lua -e %s"):format(
    command.quote(os.getenv("BOSA_BUILD")), vm, program))
end

local function built_vms()
  local list = {}
  for _, vm in ipairs({ "lua5.4", "luajit" }) do
    local file = io.open(("%s/%s/bosa/core.so"):format(os.getenv("BOSA_BUILD"), vm))
    if file then
      file:close()
      list[#list + 1] = vm
    end
  end
  return list
end

describe("definitions", function()
  local dir

  setup(function() dir = directory() end)
  teardown(function() os.execute("rm -rf " .. dir) end)

  --- The one text that all processes on all VMs print.
  local function same_everywhere(path, format, strict)
    local text
    for _, vm in ipairs(built_vms()) do
      for _ = 1, 3 do
        local one = printed(vm, path, format, strict)
        assert.is_true(#one > 1000)
        text = text or one
        assert.is_true(one == text, format .. " differs on " .. vm)
      end
    end
    return text
  end

  it("are the same bytes in every process and on every VM, however much is replaced", function()
    local defs, properties = { D0 = { type = "string", default = 1.0 } }, {}
    for i = 1, 40 do
      local below = { ["$ref"] = ("#/$defs/D%d"):format(i - 1) }
      local number = { type = "number", maximum = 1e3 }
      defs["D" .. i] = { type = "object", properties = { a = below, b = below, c = number } }
      properties["p" .. i] = { ["$ref"] = "#/$defs/D" .. i }
    end
    local entry = { method = "POST", path = "/x", docstring = "D", response = { type = "any" },
      parameters = { request = { schema = { type = "object", properties = properties, ["$defs"] = defs } } } }
    command.write_file(dir .. "/made.json", bosa.json.encode({ made = { run = entry } }))
    command.write_file(dir .. "/strict.json", '{"made":{"run":{"method":"POST","path":"/x","docstring":"'
      .. ("D"):rep(1000) .. '","response":{"type":"any"},'
      .. '"parameters":{"request":{"schema":{"type":"object","properties":{"a":'
      .. '{"type":"number","maximum":1000.0,"minimum":1.5e0,"default":2.0}}}}}}}}')
    for _, format in ipairs({ "openai", "mcp" }) do same_everywhere(dir .. "/made.json", format) end
    local told = same_everywhere(dir .. "/strict.json", "anthropic", true)
    assert.truthy(told:find("at most 1000", 1, true))
  end)

  local MOST = { openai = 56000, openai_responses = 56000, anthropic = 56000, gemini = 56000, mcp = 74000 }
  local real = { shared.path("schemas/github.json"), shared.path("schemas/google_drive.json") }
  for format, most in pairs(real[2] and MOST or {}) do
    it(("of the real github and google_drive fit their budget as %s"):format(format), function()
      local total = 0
      for _, path in ipairs(real) do total = total + #same_everywhere(path, format) end
      assert.is_true(total <= most, format .. ": " .. total)
      assert.is_true(total > most / 2)
    end)
  end
end)
