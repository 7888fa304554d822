--- Definitions in each service's form, held against what the service refuses.
local bosa = require("bosa")
local providers = require("spec.support.providers")
local server = require("spec.support.server")
local shared = require("spec.support.shared")

local FORMATS = { "openai", "openai_responses", "anthropic", "gemini", "mcp" }
local STRICT = { openai = true, openai_responses = true, anthropic = true }

local sandbox, hub

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
end)
teardown(function() sandbox.stop() end)

local function encode(value) return assert(bosa.json.encode(value, { sorted = true })) end

--- A hub that knows one connector, `made`, with these actions: name -> schema of its parameters.
local function made_hub(actions)
  local entries = bosa.object({})
  for name, request in pairs(actions) do
    entries[name] = {
      method = "POST", path = "/connectors/made/" .. name, docstring = "Does it.",
      parameters = { request = { schema = request } }, response = { type = "any" },
    }
  end
  return bosa.new({ api_base_url = "http://127.0.0.1:9", api_key = "k", snapshot = { made = entries } })
end

local text = { type = "string" }

local function branch(tag, name)
  return {
    type = "object", required = { "kind", name },
    properties = { kind = { const = tag, type = "string" }, [name] = text },
  }
end

--- Schemas that are legal, and that one service or another refuses as they are.
local awkward = {
  tuple = { type = "object", properties = {
    pos = { type = "array", prefixItems = { { type = "number" }, { type = "number" } }, minItems = 2, maxItems = 2 },
    any = { type = "array" },
    deep = { type = "object", properties = { l = { anyOf = { { type = "array" }, { type = "null" } } } } },
  } },
  union = {
    oneOf = { { ["$ref"] = "#/$defs/A" }, { ["$ref"] = "#/$defs/B" } },
    discriminator = { propertyName = "kind", mapping = { a = "#/$defs/A", b = "#/$defs/B" } },
    ["$defs"] = { A = branch("a", "x"), B = branch("b", "y") },
  },
  switched = { oneOf = {
    { type = "object", properties = { on = { const = true } }, required = { "on" } },
    { type = "object", properties = { on = { const = false } }, required = { "on" } },
  } },
  either_required = {
    type = "object", properties = { a = text, b = text }, anyOf = { { required = { "a" } }, { required = { "b" } } },
  },
  all_of = { allOf = {
    { type = "object", properties = { a = text }, required = { "a" } }, { properties = { b = text } },
  } },
  names = { type = "object", required = { "a b", "$filter" }, properties = {
    ["a b"] = text, ["$filter"] = text, [("long"):rep(30)] = text, ["é"] = text, [""] = text, ["a-x20b"] = text,
    deep = { type = "object", properties = { ["x[]"] = text } },
  } },
  own_branch = {
    type = "object", properties = { a = { ["$ref"] = "#/$defs/U" } },
    ["$defs"] = { U = { anyOf = { { ["$ref"] = "#/$defs/U" }, text } } },
  },
  own_top = {
    ["$ref"] = "#/$defs/U", ["$defs"] = { U = { anyOf = { { ["$ref"] = "#/$defs/U" }, branch("a", "x") } } },
  },
  tree = {
    type = "object", properties = { tree = { ["$ref"] = "#/$defs/T" } },
    ["$defs"] = { T = { type = "object", properties = { v = text, children = {
      type = "array", items = { ["$ref"] = "#/$defs/T" },
    } } } },
  },
  free = { type = "object", properties = {
    map = { type = "object", additionalProperties = text }, any = bosa.object({}),
  } },
  limits = { type = "object", properties = {
    a = { type = "string", minLength = 2, pattern = "^x" }, b = { type = "integer", minimum = 1, default = 5 },
    c = { type = "array", items = { enum = { "x", "y" }, type = "string" }, minItems = 1, uniqueItems = true },
  } },
}

--- `count` schemas d1, d2, ... that `make(next)` makes, and one at the end.
local function chain(count, make)
  local defs = { ["d" .. count + 1] = text }
  for i = 1, count do defs["d" .. i] = make({ ["$ref"] = "#/$defs/d" .. i + 1 }) end
  return { type = "object", properties = { x = { ["$ref"] = "#/$defs/d1" } }, ["$defs"] = defs }
end

--- A schema nested `count` deep in itself, as `make` nests it.
local function nested(count, make)
  local node = text
  for _ = 1, count do node = make(node) end
  return { type = "object", properties = { x = node } }
end

local function in_object(node) return { type = "object", properties = { n = node }, required = { "n" } } end
local function in_list(node) return { type = "array", items = node } end
local function in_union(node) return { anyOf = { node, { type = "integer" } } } end

local DEEP, FAR = 220, 600 -- deeper than any walk may go into itself; more than a definition may have

--- Likewise, and large: to make tools of one of these takes longer than of all those.
local large = {
  deep_objects = chain(DEEP, in_object), deep_lists = chain(DEEP, in_list), deep_unions = chain(DEEP, in_union),
  deep_names = chain(DEEP, function(node) return node end), far_objects = chain(FAR, in_object),
  nested_objects = nested(400, in_object), nested_lists = nested(900, in_list), nested_unions = nested(400, in_union),
}
large.deep_default = { type = "object", properties = { x = { default = (function()
  local value = bosa.array({})
  for _ = 1, 900 do value = bosa.array({ value }) end
  return value
end)() } } }
large.many_branches = { oneOf = (function()
  local branches = {}
  for i = 1, 150 do
    local one = { type = "array", items = { type = "string", maxLength = i } }
    branches[i] = { type = "object", properties = { x = one } }
  end
  return branches
end)() }

local made, made_large, real -- hubs of the awkward schemas, of the large ones, and of the real servers' that are there

setup(function()
  made, made_large, real = made_hub(awkward), made_hub(large), {}
  for _, name in ipairs({ "github", "google_drive" }) do
    local path = shared.path("schemas/" .. name .. ".json")
    if path then real[name] = bosa.new({ api_base_url = "http://127.0.0.1:9", snapshot = path }) end
  end
end)
teardown(function()
  made:close()
  made_large:close()
  for _, one in pairs(real) do one:close() end
end)

local function add_tools(list, from, name, options)
  for _, tool in ipairs(assert(from:connect(name):tools(options))) do list[#list + 1] = tool end
end

--- Every tool of the sandbox's connectors and of the awkward schemas.
local function all_tools(options)
  local list = {}
  for _, name in ipairs({ "github", "google_drive", "google_mail", "lab" }) do add_tools(list, hub, name, options) end
  add_tools(list, made, "made", options)
  return list
end

--- Every tool of the real servers and of the large schemas.
local function large_tools(options)
  local list = {}
  for name, one in pairs(real) do add_tools(list, one, name, options) end
  add_tools(list, made_large, "made", options)
  return list
end

local function name_of(tool) return (tool["function"] or tool).name end
local function schema_of(tool)
  tool = tool["function"] or tool
  return tool.parameters or tool.input_schema or tool.parametersJsonSchema or tool.inputSchema
end

--- The one tool of a made action.
local function made_tool(action, options)
  options.only = { action }
  return assert((large[action] and made_large or made):connect("made"):tools(options))[1]
end

local function depth_of(value) -- tables within each other
  local most = 0
  for _, child in pairs(type(value) == "table" and value or {}) do most = math.max(most, depth_of(child)) end
  return most + (type(value) == "table" and 1 or 0)
end

--- Fails unless a service takes every one of these tools, and they can be written.
local function assert_taken(format, list)
  for _, tool in ipairs(list) do
    assert.same({}, providers[format](tool), name_of(tool))
    assert.is_true(depth_of(tool) < DEEP, name_of(tool))
  end
  encode(list)
end

-- How the large ones are made: each form, and each way to make a definition, with $refs and with what they name in
-- their place, at least once. The schemas of openai_responses are those of openai, as is shown below.
local LARGE = {
  openai = { ["strict ones"] = { strict = true } },
  openai_responses = {},
  anthropic = { ["strict ones"] = { strict = true }, ["full ones"] = { full = true } },
  gemini = { ["full ones with files"] = { full = true, files = "/tmp" } },
  mcp = { ["those with files"] = { files = "/tmp" } },
}

-- How the others are made.
local WAYS = {
  ["lean definitions"] = {}, ["full ones"] = { full = true }, ["those with files"] = { files = "/tmp" },
  ["strict ones"] = { strict = true },
}

local lists = {} -- tools by form and way, made once

local function made_once(key, make, format, way)
  if not lists[key] then
    local options = { format = format }
    for name, value in pairs(way) do options[name] = value end
    lists[key] = make(options)
  end
  return lists[key]
end

local function tools_of(format, what) return made_once(format .. " " .. what, all_tools, format, WAYS[what]) end

local function large_tools_of(format, what)
  return made_once("large " .. format .. " " .. what, large_tools, format, LARGE[format][what])
end

for _, format in ipairs(FORMATS) do
  describe("the form " .. format, function()
    for what, way in pairs(WAYS) do
      if STRICT[format] or not way.strict then
        it("is taken by its service: " .. what, function()
          local list = tools_of(format, what)
          assert.is_true(#list > 30)
          assert_taken(format, list)
        end)
      end
    end

    for what in pairs(LARGE[format]) do
      it("is taken by its service, of large schemas: " .. what, function()
        local list = large_tools_of(format, what)
        assert.is_true(#list >= 10)
        assert_taken(format, list)
      end)
    end

    it("has unique names", function()
      local seen = {}
      for _, name in ipairs({ "github", "google_drive", "google_mail", "lab" }) do
        for _, tool in ipairs(hub:connect(name):tools({ format = format })) do
          assert.is_nil(seen[name_of(tool)])
          seen[name_of(tool)] = true
        end
      end
    end)

    it("still tells the parameters of a union's branches", function()
      local schema = schema_of(made_tool("union", { format = format }))
      for _, name in ipairs({ "kind", "x", "y" }) do assert.truthy(schema.properties[name], name) end
      assert.same({ "a", "b" }, schema.properties.kind.enum)
      assert.same({ "kind" }, schema.required)
      local function is_told(action, note)
        assert.truthy(encode(made_tool(action, { format = format })):find(note, 1, true))
      end
      is_told("union", 'kind = \\"a\\", x | kind = \\"b\\", y')
      is_told("switched", "Arguments are one of: on = true | on = false")
      is_told("either_required", "Arguments are one of: a | b")
      assert.same({ "a" }, schema_of(made_tool("all_of", { format = format })).required)
    end)
  end)
end

it("the form openai_responses has the schemas of openai", function()
  for what in pairs(WAYS) do
    local wanted, list = tools_of("openai", what), tools_of("openai_responses", what)
    assert.equal(#wanted, #list)
    for i, tool in ipairs(list) do assert.equal(encode(schema_of(wanted[i])), encode(schema_of(tool))) end
  end
end)

describe("a schema of very many definitions", function()
  it("keeps those nearest to the top, and lets the others take anything", function()
    for _, format in ipairs({ "anthropic", "mcp" }) do
      local schema = schema_of(made_tool("far_objects", { format = format, full = true }))
      local count, node = 0, schema.properties.x
      for _ in pairs(schema["$defs"]) do count = count + 1 end
      assert.equal(500, count)
      for _ = 1, 500 do node = schema["$defs"][node["$ref"]:match("[^/]+$")].properties.n end
      assert.same({}, node)
      assert.is_nil(schema["$defs"].d501)
    end
  end)

  it("excludes nothing where less than all is known", function()
    local many = chain(FAR, in_object)
    local far = { ["not"] = { ["$ref"] = "#/$defs/d" .. FAR } }
    many["$defs"].d499.properties.y = far
    local hub_of_many = made_hub({ many = many })
    local schema = schema_of(assert(hub_of_many:connect("made"):tools({ format = "mcp", full = true }))[1])
    hub_of_many:close()
    assert.is_nil(schema["$defs"]["d" .. FAR])
    assert.same({}, schema["$defs"].d499.properties.y)
  end)
end)

describe("strict", function()
  it("is said, where a schema can be told strictly, and otherwise not", function()
    local function said(action, format) return (made_tool(action, { format = format, strict = true })) end
    assert.is_true(said("limits", "openai")["function"].strict)
    assert.is_true(said("limits", "openai_responses").strict)
    assert.is_true(said("limits", "anthropic").strict)
    assert.is_true(said("tree", "openai").parameters == nil and said("tree", "openai")["function"].strict)
    assert.is_nil(said("tree", "anthropic").strict) -- recursive
    assert.is_false(said("free", "openai")["function"].strict)
    assert.is_false(said("free", "openai_responses").strict)
    assert.is_nil(said("free", "anthropic").strict)
  end)

  it("is denied where silence means true", function()
    assert.is_false(made_tool("limits", { format = "openai_responses" }).strict)
    assert.is_false(made_tool("limits", { format = "openai_responses", strict = false }).strict)
    assert.is_nil(made_tool("limits", { format = "openai" })["function"].strict)
    assert.is_false(made_tool("limits", { format = "openai", strict = false })["function"].strict)
    assert.is_nil(made_tool("limits", { format = "anthropic" }).strict)
  end)

  it("requires every name of OpenAI, with null for those that are optional", function()
    local parameters = made_tool("limits", { format = "openai", strict = true })["function"].parameters
    assert.same({ "a", "b", "c" }, parameters.required)
    assert.same({ "string", "null" }, parameters.properties.a.type)
    assert.equal("at least 2 characters, matching ^x", parameters.properties.a.description)
    assert.equal(1, parameters.properties.b.minimum)
    assert.is_nil(parameters.properties.b.default)
  end)

  it("tells limits that Anthropic doesn't know in words", function()
    local schema = made_tool("limits", { format = "anthropic", strict = true }).input_schema
    assert.is_nil(schema.required)
    assert.equal("at least 1", schema.properties.b.description)
    assert.equal("at least 1 elements", schema.properties.c.description)
  end)

  it("is denied past what a service's mode takes", function()
    local function with_enums(count)
      local values = {}
      for i = 1, count do values[i] = "v" .. i end
      return { type = "object", properties = { a = { enum = { "x" }, type = "string" }, b = { enum = values } } }
    end
    local function with_properties(count)
      local properties = { list = { type = "array", items = in_object(text) } }
      for i = 1, count do properties["p" .. i] = text end
      return { type = "object", properties = properties }
    end
    for _, case in ipairs({ -- form, the last that fits, the first that doesn't
      { "openai", nested(9, in_object), nested(10, in_object) },
      { "openai", nested(9, in_list), nested(50, in_list), fits = true }, -- lists don't count
      { "anthropic", nested(29, in_object), nested(30, in_object) },
      { "openai", with_enums(999), with_enums(1000) },
      { "openai", with_properties(4998), with_properties(4999) },
      { "anthropic", with_properties(4998), with_properties(4999), fits = true },
    }) do
      local format, last, beyond = case[1], case[2], case[3]
      local own = made_hub({ a_last = last, b_beyond = beyond })
      local said = {}
      for i, tool in ipairs(assert(own:connect("made"):tools({ format = format, strict = true }))) do
        said[i] = (tool["function"] or tool).strict or false
      end
      own:close()
      assert.same({ true, case.fits or false }, said)
    end
  end)

  it("raises where a form has none", function()
    for _, format in ipairs({ "gemini", "mcp" }) do
      local ok, message = pcall(function() hub:connect("lab"):tools({ format = format, strict = true }) end)
      assert.is_false(ok)
      assert.truthy(message:find("tools_formats_spec.lua:", 1, true), message)
      assert.truthy(hub:connect("lab"):tools({ format = format, strict = false }))
    end
  end)
end)

describe("MCP's definitions", function()
  for _, revision in ipairs({ "2025-06-18", "2025-11-25", "2026-07-28" }) do
    local tool_schema = shared.protocol(revision, "Tool")
    if tool_schema then
      it("are valid by the schema of " .. revision, function()
        for _, list in ipairs({ tools_of("mcp", "lean definitions"), large_tools_of("mcp", "those with files") }) do
          for _, tool in ipairs(list) do
            local ok, err = tool_schema:check(tool)
            assert.is_true(ok, name_of(tool) .. ": " .. tostring(err))
          end
        end
      end)
    end
  end

  it("say all four hints, by the action's name", function()
    local tools = {}
    for _, name in ipairs({ "github", "google_drive" }) do
      for _, tool in ipairs(hub:connect(name):tools({ format = "mcp" })) do tools[tool.name] = tool end
    end
    local function hints(name)
      local a = tools[name].annotations
      return { a.readOnlyHint, a.destructiveHint, a.idempotentHint, a.openWorldHint }
    end
    assert.same({ true, false, true, true }, hints("github__list_issues"))
    assert.same({ false, false, false, true }, hints("github__create_issue"))
    assert.same({ false, true, true, true }, hints("google_drive__delete_file"))
    assert.equal("List issues (github)", tools.github__list_issues.title)
  end)
end)
