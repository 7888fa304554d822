--- What models write as arguments, and what the server is sent for it.
local bosa = require("bosa")

--- A hub whose server knows the connector `made` with one action, `run`, of these parameters, and gives back what it
--- was sent.
local function echo_hub(request)
  local entry = {
    method = "POST", path = "/connectors/made/run", docstring = "Does it.", response = { type = "any" },
    parameters = request and { request = { schema = request } } or bosa.object({}),
  }
  return bosa.new({ api_base_url = "http://127.0.0.1:9", api_key = "k", snapshot = { made = { run = entry } },
    transport = function(sent)
      return { status = 200, headers = { ["Content-Type"] = "application/json" },
        body = '{"data":{"sent":' .. (sent.body ~= "" and sent.body or "null") .. "}}" }
    end })
end

--- The JSON that the server is sent for arguments; nil and the text for the model where nothing is sent.
local function sent(request, arguments, options)
  local hub = echo_hub(request)
  local r = hub:call_tool("made__run", arguments, options)
  hub:close()
  if r.is_error then return nil, r.content end
  return bosa.json.encode(r.structured.data.sent, { sorted = true })
end

local function object(properties, required, more)
  local node = { type = "object", properties = properties, required = required and bosa.array(required) }
  for name, value in pairs(more or {}) do node[name] = value end
  return node
end

local text, whole = { type = "string" }, { type = "integer" }
local or_null = { anyOf = { { type = "integer" }, { type = "null" } } }

describe("arguments that are null", function()
  it("are none", function()
    for _, arguments in ipairs({ "null", " null\n", "", bosa.null }) do
      assert.equal("{}", sent(nil, arguments))
      assert.equal("{}", sent(object({ a = text }), arguments))
    end
    assert.equal("{}", sent(nil, nil))
  end)

  it("leave out an optional parameter that knows no null, and only such", function()
    local request = object({ owner = text, page = { type = "integer", default = 1 }, m = or_null,
      e = { enum = { "a", bosa.null } }, any = bosa.object({}), t = { type = { "string", "null" } } }, { "owner" })
    assert.equal('{"any":null,"e":null,"m":null,"owner":"x","t":null}',
      sent(request, '{"owner":"x","page":null,"m":null,"e":null,"any":null,"t":null}'))
    local nothing, why = sent(request, '{"owner":null}')
    assert.is_nil(nothing)
    assert.truthy(why:find("`owner`", 1, true))
    nothing, why = sent(request, '{"owner":"x","pgae":null}')
    assert.is_nil(nothing)
    assert.truthy(why:find("pgae", 1, true))
  end)

  it("do so at any depth: in objects, lists, maps and unions", function()
    local point = object({ x = whole, y = whole, label = text }, { "x" })
    local request = object({
      point = { ["$ref"] = "#/$defs/Point" }, points = { type = "array", items = { ["$ref"] = "#/$defs/Point" } },
      map = { type = "object", additionalProperties = { ["$ref"] = "#/$defs/Point" } },
      shape = { oneOf = { object({ kind = { const = "a", type = "string" }, size = whole }, { "kind", "size" }),
        object({ kind = { const = "b", type = "string" }, size = whole }, { "kind" }) } },
    }, nil, { ["$defs"] = { Point = point } })
    assert.equal('{"map":{"k":{"x":1}},"point":{"x":1},"points":[{"x":1},{"x":2,"y":3}],"shape":{"kind":"b"}}',
      sent(request, [[{"point":{"x":1,"y":null},"points":[{"x":1,"label":null},{"x":2,"y":3,"label":null}],
        "map":{"k":{"x":1,"y":null}},"shape":{"kind":"b","size":null}}]]))
    assert.is_nil((sent(request, '{"shape":{"kind":"a","size":null}}')))
  end)

  it("leave out what only other branches of a union have", function()
    local branches = {
      object({ on = { const = true, type = "boolean" }, x = text }, { "on", "x" }),
      object({ on = { const = false, type = "boolean" }, y = { type = "array" } }, { "on" }),
    }
    for _, request in ipairs({ { oneOf = branches }, { anyOf = branches, type = "object" } }) do
      assert.equal('{"on":false}', sent(request, '{"on":false,"x":null,"y":null}'))
      assert.equal('{"on":true,"x":"a"}', sent(request, '{"on":true,"x":"a","y":null}'))
      assert.is_nil((sent(request, '{"on":true,"x":null}')))
      assert.is_nil((sent(request, '{"on":false,"z":null}')))
    end
  end)
end)

describe("hostile arguments", function()
  --- A union that names itself, over and over.
  local function hall_of_mirrors()
    local branches = {}
    for i = 1, 8 do branches[i] = { ["$ref"] = "#/$defs/U" } end
    branches[9] = object({ next = { ["$ref"] = "#/$defs/U" }, v = whole })
    branches[10] = object({ next = { anyOf = { { ["$ref"] = "#/$defs/U" }, text } }, w = whole })
    return object({ u = { ["$ref"] = "#/$defs/U" } }, nil, { ["$defs"] = { U = { anyOf = branches } } })
  end

  it("lose their nulls also below unions that name themselves, 22 deep", function()
    local nested, cleaned = { v = bosa.null, w = 1 }, { w = 1 }
    for _ = 1, 22 do nested, cleaned = { next = nested, v = bosa.null }, { next = cleaned } end
    assert.same({ u = cleaned }, require("bosa.tools.nulls").drop({ u = nested }, hall_of_mirrors()))
  end)

  it("are sent without them, or refused in words", function()
    local cleaned = { w = 1 }
    for _ = 1, 22 do cleaned = { next = cleaned } end
    local nested = bosa.json.encode({ u = cleaned }):gsub('"w":1', '"v":null,"w":1')
    local body, why = sent(hall_of_mirrors(), nested)
    if body then
      assert.equal(bosa.json.encode({ u = cleaned }, { sorted = true }), body)
    else
      assert.truthy(why:find("`u`", 1, true) or why:find("u.next", 1, true), why)
    end
  end)

  it("don't stop definitions of such unions", function()
    local hub = echo_hub(hall_of_mirrors())
    for _, format in ipairs({ "openai", "anthropic", "mcp" }) do
      assert.equal(1, #hub:connect("made"):tools({ format = format, files = "/tmp" }))
    end
    hub:close()
  end)

  it("of any depth and kind never raise", function()
    local circular = {}
    circular.self = circular
    local deep = ("["):rep(900) .. ("]"):rep(900)
    for _, request in ipairs({ object({ a = bosa.object({}) }), object({ u = { ["$ref"] = "#" } }) }) do
      for _, arguments in ipairs({
        '{"a":' .. deep .. "}", '{"u":' .. deep .. "}", '{"u":' .. ('{"u":'):rep(400) .. "null" .. ("}"):rep(401),
        '{"a":"\\ud83d"}', '{"a":1', "\255", '{"a":1e999}', '{"":null}', '{"1":null}', circular, { a = print },
        { [1] = 2, a = 3 }, { a = 0 / 0 }, '{"a-x20b":1}', '{"-x":null}', { a = { circular } },
      }) do
        local hub = echo_hub(request)
        local ok, r = pcall(hub.call_tool, hub, "made__run", arguments)
        assert.is_true(ok, tostring(r))
        assert.equal("boolean", type(r.is_error))
        assert.equal("string", type(r.content))
        hub:close()
      end
    end
  end)
end)

describe("parameters whose names no service takes", function()
  local long = ("long"):rep(30)
  local request = object({ ["a b"] = text, ["$filter"] = or_null, [long] = text, [""] = text, ["a-x20b"] = text,
    deep = object({ ["x[]"] = text }), map = { type = "object" } }, { "a b" })

  it("have others for the model, which a call undoes", function()
    local hub = echo_hub(request)
    local tool = hub:connect("made"):tools({ format = "anthropic" })[1]
    local names, given = {}, {}
    for name in pairs(tool.input_schema.properties) do names[#names + 1] = name end
    assert.equal(7, #names)
    for _, name in ipairs(names) do
      if name ~= "deep" and name ~= "map" and name ~= "-x24filter" then given[name] = "v" end
    end
    given.deep, given.map = { ["x-x5b-x5d"] = "v" }, { ["p-x20q"] = "v" }
    assert.equal(bosa.json.encode({
      [""] = "v", ["a b"] = "v", ["a-x20b"] = "v", [long] = "v", deep = { ["x[]"] = "v" }, map = { ["p-x20q"] = "v" },
    }, { sorted = true }), sent(request, given))
    assert.same({ "a-x20b" }, tool.input_schema.required)
    hub:close()
  end)

  it("are taken by the server's names, too", function()
    assert.equal('{"$filter":1,"a b":"v"}', sent(request, '{"a b":"v","$filter":1}'))
  end)
end)

describe("option change", function()
  local request = object({ owner = text, repo = text, secret = text, page = whole }, { "owner", "repo" })

  local function change(tool)
    if tool.action == "gone" then return nil end
    tool.name = "my_" .. tool.action
    tool.description = tool.description .. " Of mine."
    tool.preset.owner = "me"
    tool.hide[1] = "secret"
    tool.rename.page = "page_number"
    return tool
  end

  local function changed_hub()
    local function entry(path)
      return { method = "POST", path = "/connectors/made/" .. path, docstring = "Does it.", response = { type = "any" },
        parameters = { request = { schema = request } } }
    end
    return bosa.new({ api_base_url = "http://127.0.0.1:9", api_key = "k",
      snapshot = { made = { run = entry("run"), gone = entry("gone") } },
      transport = function(asked)
        return { status = 200, headers = { ["Content-Type"] = "application/json" },
          body = '{"data":{"sent":' .. asked.body .. "}}" }
      end })
  end

  it("names, hides, presets and renames, or leaves a tool out", function()
    local hub = changed_hub()
    local list = hub:connect("made"):tools({ format = "anthropic", change = change })
    assert.equal(1, #list)
    assert.equal("my_run", list[1].name)
    assert.equal("Does it. Of mine.", list[1].description)
    assert.equal('{"properties":{"page_number":{"type":"integer"},"repo":{"type":"string"}},"required":["repo"],'
      .. '"type":"object"}', bosa.json.encode(list[1].input_schema, { sorted = true }))
    hub:close()
  end)

  it("is undone by a call that is given it", function()
    local hub = changed_hub()
    local options = { change = change, connectors = { "made" } }
    local r = hub:call_tool("my_run", '{"repo":"r","page_number":2,"secret":"s","owner":"you"}', options)
    assert.same({ owner = "me", page = 2, repo = "r" }, r.structured.data.sent)
    for _, name in ipairs({ "made__run", "my_gone", "made__gone" }) do
      r = hub:call_tool(name, "{}", options)
      assert.truthy(r.is_error and r.content:find("no tool", 1, true), r.content)
    end
    hub:close()
  end)

  it("is kept to in what a model is told of its mistakes", function()
    local hub = changed_hub()
    local options = { change = change, connectors = { "made" } }
    local function told(arguments) return hub:call_tool("my_run", arguments, options).content:match("\n(.*)$") end
    assert.equal("- unknown parameter `zzz`; there are page_number, repo", told('{"repo":"r","zzz":1}'))
    assert.equal("- unknown parameter `number`; did you mean `page_number`?", told('{"repo":"r","number":1}'))
    assert.equal("- missing parameter `repo` (string)\n- `page_number`: expected integer, got string",
      told('{"page_number":"x"}'))
    hub:close()
  end)

  it("raises for a name that no service takes", function()
    local hub = changed_hub()
    for _, name in ipairs({ "", "a b", "1a", "-a", ("x"):rep(65) }) do
      assert.has_error(function()
        hub:connect("made"):tools({ format = "mcp", change = function(tool)
          tool.name = name
          return tool
        end })
      end)
    end
    hub:close()
  end)
end)

describe("option except", function()
  it("keeps actions from lists and calls", function()
    local hub = echo_hub(object({}))
    assert.equal(0, #hub:connect("made"):tools({ format = "mcp", except = { "r*" } }))
    assert.is_true(hub:call_tool("made__run", "{}", { except = { "made.run" } }).is_error)
    assert.is_false(hub:call_tool("made__run", "{}", { except = { "other.*" } }).is_error)
    hub:close()
  end)
end)
