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

local DEEP, FAR = 300, 3000 -- deeper than any walk may go into itself; more than a definition may have

awkward.deep_objects, awkward.deep_lists = chain(DEEP, in_object), chain(DEEP, in_list)
awkward.deep_unions, awkward.deep_names = chain(DEEP, in_union), chain(DEEP, function(node) return node end)
awkward.far_objects = chain(FAR, in_object)
awkward.nested_objects, awkward.nested_lists = nested(400, in_object), nested(900, in_list)
awkward.nested_unions = nested(400, in_union)
awkward.deep_default = { type = "object", properties = { x = { default = (function()
  local value = bosa.array({})
  for _ = 1, 900 do value = bosa.array({ value }) end
  return value
end)() } } }
awkward.many_branches = { oneOf = (function()
  local branches = {}
  for i = 1, 150 do
    local one = { type = "array", items = { type = "string", maxLength = i } }
    branches[i] = { type = "object", properties = { x = one } }
  end
  return branches
end)() }

local made, real -- hubs of the awkward schemas, and of the real servers' that are there; made once, as they are large

setup(function()
  made, real = made_hub(awkward), {}
  for _, name in ipairs({ "github", "google_drive" }) do
    local path = shared.path("schemas/" .. name .. ".json")
    if path then real[name] = bosa.new({ api_base_url = "http://127.0.0.1:9", snapshot = path }) end
  end
end)
teardown(function()
  made:close()
  for _, one in pairs(real) do one:close() end
end)

--- Every tool of every connector that there is to try.
local function all_tools(options)
  local list = {}
  local function add(from, name)
    for _, tool in ipairs(assert(from:connect(name):tools(options))) do list[#list + 1] = tool end
  end
  for _, name in ipairs({ "github", "google_drive", "google_mail", "lab" }) do add(hub, name) end
  add(made, "made")
  for name, one in pairs(real) do add(one, name) end
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
  return assert(made:connect("made"):tools(options))[1]
end

local function depth_of(value) -- tables within each other
  local most = 0
  for _, child in pairs(type(value) == "table" and value or {}) do most = math.max(most, depth_of(child)) end
  return most + (type(value) == "table" and 1 or 0)
end

for _, format in ipairs(FORMATS) do
  describe("the form " .. format, function()
    for what, options in pairs({
      ["lean definitions"] = { format = format },
      ["full ones"] = { format = format, full = true },
      ["those with files"] = { format = format, files = "/tmp" },
      ["strict ones"] = { format = format, strict = STRICT[format] },
    }) do
      it("is taken by its service: " .. what, function()
        local list = all_tools(options)
        assert.is_true(#list > 30)
        for _, tool in ipairs(list) do
          assert.same({}, providers[format](tool), name_of(tool))
          assert.is_true(depth_of(tool) < 300, name_of(tool))
        end
        encode(list)
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
      is_told("either_required", "Arguments are one of: a | b")
      assert.same({ "a" }, schema_of(made_tool("all_of", { format = format })).required)
    end)
  end)
end

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
    local far = { ["not"] = { ["$ref"] = "#/$defs/d2000" } }
    many["$defs"].d499.properties.y = far
    local hub_of_many = made_hub({ many = many })
    local schema = schema_of(assert(hub_of_many:connect("made"):tools({ format = "mcp", full = true }))[1])
    hub_of_many:close()
    assert.is_nil(schema["$defs"].d2000)
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
        for _, tool in ipairs(all_tools({ format = "mcp" })) do
          local ok, err = tool_schema:check(tool)
          assert.is_true(ok, name_of(tool) .. ": " .. tostring(err))
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
