--- Schemas that are malformed: no reader of them fails, and one mistake of the server's costs no action.
local bosa = require("bosa")
local types = require("bosa.types")

local function decoded(text) return assert(bosa.json.decode(text)) end

--- A hub that knows the connector `made` with one action, `run`, whose parameters have this schema.
local function hub_of(request, response)
  return bosa.new({ api_base_url = "http://127.0.0.1:1", api_key = "k", snapshot = { made = { run = {
    method = "POST", path = "/connectors/made/run", docstring = "Runs.", response = response or bosa.object({}),
    parameters = { request = { schema = request } },
  } } } })
end

describe("the schema of the whole", function()
  it("goes on without a schema of the whole that leads nowhere, or is none", function()
    for _, text in ipairs({ '{"$ref":"#/$defs/none"}', '{"$ref":"#/$defs/list","$defs":{"list":[5]}}', "true", "5" }) do
      local hub = hub_of(decoded('{"x":' .. text .. "}").x)
      assert.same({}, hub:connect("made"):get_action_parameters("run"), text)
      assert(hub:connect("made"):action("run"):params({ x = 1 }):validate(), text)
      assert(hub:connect("made"):help("run"), text)
      assert(types.of_connector(hub, "made"), text)
      assert(bosa.json.encode(assert(hub:connect("made"):tools({ format = "mcp" }))), text)
    end
  end)

  it("agrees that a false schema, or none, takes no parameters", function()
    for _, text in ipairs({ "false", "null" }) do
      local hub = hub_of(decoded('{"x":' .. text .. "}").x)
      assert.same({}, hub:connect("made"):get_action_parameters("run"), text)
      assert.is_true(hub:connect("made"):action("run"):validate(), text)
      local _, err = hub:connect("made"):action("run"):params({ x = 1 }):validate()
      assert.matches("takes no parameters", err.message, 1, true)
    end
  end)
end)

describe("a keyword whose value is not of its kind", function()
  -- what JSON Schema would have there
  local KEYWORDS = {
    "type", "enum", "required", "properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "anyOf",
    "oneOf", "allOf", "prefixItems", "items", "additionalProperties", "contains", "propertyNames", "not", "if", "then",
    "else", "$ref", "$schema", "title", "description", "format", "pattern", "minimum", "maxLength", "minItems",
    "uniqueItems", "discriminator", "dependentRequired", "default", "examples", "const", "deprecated",
  }
  local VALUES = {
    "null", "false", "5", '"text"', "[]", "[[]]", "[5,null]", '["x","x"]', "{}", '{"a":null,"b":[],"":5}',
    '{"$ref":"#"}', '[{"$ref":5},{"type":5}]',
  }
  -- where it stands: at the top, in a branch of a property, in a definition
  local PLACES = {
    '{"type":"object","properties":{"x":{"type":"string"}},%s}',
    '{"type":"object","properties":{"x":{"anyOf":[{"type":"array","items":{"type":"string"},%s},{"type":"null"}]}}}',
    '{"type":"object","properties":{"x":{"$ref":"#/$defs/D"},"z":{"$ref":"#/$defs/D"}},"$defs":{"D":{%s}}}',
  }
  local MADE = {
    { format = "openai", strict = true }, { format = "openai", full = true }, { format = "anthropic", strict = true },
    { format = "gemini" }, { format = "mcp" },
  }

  --- Whether a value is a schema as far as readers of one need it.
  local function assert_readable(schema, words)
    if type(schema) == "boolean" then return end
    assert.equal("table", type(schema), words)
    assert.is_nil(schema[1], words)
    for _, keyword in ipairs({ "properties", "$defs" }) do
      for name, child in pairs(schema[keyword] or {}) do
        assert.equal("string", type(name), words)
        assert_readable(child, words)
      end
    end
    for _, keyword in ipairs({ "anyOf", "oneOf", "allOf" }) do
      assert.is_true(schema[keyword] == nil or schema[keyword][1] ~= nil, words)
      for _, child in ipairs(schema[keyword] or {}) do assert_readable(child, words) end
    end
    if schema.items ~= nil then assert_readable(schema.items, words) end
    for _, name in ipairs(schema.required or {}) do assert.equal("string", type(name), words) end
    for _, keyword in ipairs({ "$ref", "title", "description", "format", "pattern" }) do
      assert.is_true(schema[keyword] == nil or type(schema[keyword]) == "string", words .. ": " .. keyword)
    end
  end

  local function ask_for_tools(hub, words)
    for _, options in ipairs(MADE) do
      local list = assert(hub:connect("made"):tools(options))
      assert(bosa.json.encode(list), words)
      for _, tool in ipairs(list) do
        local about = tool["function"] or tool
        local schema = about.parameters or about.input_schema or about.inputSchema or about.parametersJsonSchema
        assert_readable(schema, words)
        if tool.outputSchema then assert_readable(tool.outputSchema, words) end
      end
    end
  end

  it("harms no reader where a whole schema should be", function()
    for _, text in ipairs({ "[]", "[[]]", '[{"type":"object"}]', "[5]", '"x"', "5", "true", "false", "null" }) do
      local hub = hub_of(decoded('{"x":' .. text .. "}").x, decoded('{"x":' .. text .. "}").x)
      ask_for_tools(hub, text)
      assert(hub:connect("made"):help("run"), text)
      assert(types.of_connector(hub, "made"), text)
    end
  end)

  local function assert_validates(hub, words)
    for _, value in ipairs({ 1, "text", bosa.array({}), bosa.object({ a = 1 }) }) do
      local ok, err = hub:connect("made"):action("run"):params({ x = value }):validate()
      assert.is_true(ok or err.kind == "params", words)
    end
  end

  for _, keyword in ipairs(KEYWORDS) do
    it("harms no reader: " .. keyword, function()
      for i, place in ipairs(PLACES) do
        for _, value in ipairs(VALUES) do
          local text = place:format(('"%s":%s'):format(keyword, value))
          local schema = decoded(text)
          local hub = hub_of(schema, i == 3 and schema or nil)
          assert(hub:connect("made"):get_action_parameters("run"), text)
          assert(hub:connect("made"):help("run"), text)
          assert(types.of_connector(hub, "made"), text)
          assert_validates(hub, text)
          ask_for_tools(hub, text)
        end
      end
    end)
  end
end)
