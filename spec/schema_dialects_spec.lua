--- Schemas of every draft and dialect: the validator, help, types and tools read them alike, and no service of language
--- models refuses what becomes of them.
local bosa = require("bosa")
local types = require("bosa.types")
local luacats = require("tools.luacats")
local providers = require("spec.support.providers")
local command = require("spec.support.command")

local FORMATS = { "openai", "openai_responses", "anthropic", "gemini", "mcp" }
local STRICT = { openai = true, openai_responses = true, anthropic = true }

local function decoded(text) return assert(bosa.json.decode(text)) end

local function hub_of(request, sent)
  return bosa.new({
    api_base_url = "http://127.0.0.1:1", api_key = "k",
    snapshot = { made = { run = {
      method = "POST", path = "/connectors/made/run", docstring = "Runs.", response = decoded(request),
      parameters = { request = { schema = decoded(request) } },
    } } },
    transport = function(asked)
      local parts = {}
      if type(asked.body) == "function" then
        for part in asked.body do parts[#parts + 1] = part end
      else
        parts[1] = asked.body
      end
      sent[#sent + 1] = table.concat(parts)
      return { status = 200, headers = { ["content-type"] = "application/json" }, body = '{"data":{}}' }
    end,
  })
end

--- The words of help: "a:integer b:string!"; the required ones with a mark.
local function words_of(hub)
  local words = {}
  for i, parameter in ipairs(assert(hub:connect("made"):get_action_parameters("run"))) do
    words[i] = parameter.name .. ":" .. parameter.type .. (parameter.required and "!" or "")
  end
  return table.concat(words, " ")
end

--- Every definition of the action in every form, with what its service would refuse it for.
local function check_definitions(hub)
  for _, format in ipairs(FORMATS) do
    for _, full in ipairs({ false, true }) do
      for _, strict in ipairs({ "silent", "no", STRICT[format] and "yes" or nil }) do
        local said = nil
        if strict ~= "silent" then said = strict == "yes" end
        local list = assert(hub:connect("made"):tools({ format = format, full = full, strict = said, files = "/tmp" }))
        assert.equal(1, #list)
        local where = ("%s, full %s, strict %s"):format(format, full, strict)
        assert.same({}, providers[format](list[1]), where)
        assert(bosa.json.encode(list[1]))
      end
    end
  end
end

local function check_types(hub)
  local text = assert(types.of_connector(hub, "made"))
  local known
  for path in io.popen("ls lua/bosa/meta/*.lua"):lines() do
    known = luacats.read(known, path, command.read_file(path))
  end
  local found = luacats.read(known, "made", text)
  assert.same({}, found.faults)
  assert.same({}, luacats.undefined(found))
end

local INT, TEXT = '{"type":"integer"}', '{"type":"string"}'

local function object(properties, more)
  return ('{"type":"object","properties":{%s}%s}'):format(properties, more and "," .. more or "")
end

--- name -> the schema, what help says of it, values that are valid, values that aren't.
local cases = {
  ["a $ref to the root"] = {
    object('"v":' .. INT .. ',"next":{"$ref":"#"}'), nil, { '{"v":1,"next":{"next":{"v":2}}}' },
    { '{"next":{"v":"x"}}' },
  },
  ["a $ref to a property"] = {
    object('"a":{"type":"object","properties":{"v":' .. INT .. ',"n":{"$ref":"#/properties/a"}}}'), nil,
    { '{"a":{"n":{"n":{"v":1}}}}' }, { '{"a":{"n":{"v":"x"}}}' },
  },
  ["a $ref into a definition"] = {
    object('"b":{"$ref":"#/$defs/A/properties/v"}',
      '"$defs":{"A":{"type":"object","properties":{"v":{"type":"array","items":{"$ref":"#/$defs/A"}}}}}'), nil,
    { '{"b":[{"v":[{}]}]}' }, { '{"b":[1]}' },
  },
  ["a $ref to a branch"] = {
    object('"a":{"anyOf":[' .. TEXT .. ',{"type":"object","properties":{"q":{"$ref":"#/properties/a/anyOf/1"}}}]}'),
    nil, { '{"a":{"q":{"q":{}}}}', '{"a":"x"}' }, { '{"a":{"q":"x"}}' },
  },
  ["names of definitions that are escaped"] = {
    object('"a":{"$ref":"#/$defs/a~1b"},"b":{"$ref":"#/$defs/c~0d"},"c":{"$ref":"#/$defs/e%25f"},'
      .. '"d":{"$ref":"#/$defs/List%5Bint%5D"},"e":{"$ref":"#/$defs/\195\169"},"f":{"$ref":"#/$defs/a_b"}',
      '"$defs":{"a/b":{"type":"object","properties":{"n":{"$ref":"#/$defs/a~1b"}}},"c~d":' .. INT .. ',"e%f":' .. TEXT
      .. ',"List[int]":{"type":"array","items":' .. INT .. '},"\195\169":' .. TEXT .. ',"a_b":{"type":"boolean"}}'),
    nil, { '{"a":{"n":{}},"b":1,"c":"x","d":[1],"e":"x","f":true}' },
    { '{"a":{"n":1}}', '{"b":"x"}', '{"c":1}', '{"d":["x"]}', '{"e":1}', '{"f":1}' },
  },
  ["definitions of draft 7"] = {
    object('"a":{"$ref":"#/definitions/X"}',
      '"definitions":{"X":{"type":"object","properties":{"n":{"$ref":"#/definitions/X"},"v":' .. INT .. '}}}'), nil,
    { '{"a":{"n":{"v":1}}}' }, { '{"a":{"n":{"v":"x"}}}' },
  },
  ["definitions that are booleans"] = {
    object('"a":{"$ref":"#/$defs/T"},"b":{"$ref":"#/$defs/F"},"c":{"anyOf":[true,' .. INT .. "]}",
      '"$defs":{"T":true,"F":false}'), "a:any c:any", { '{"a":1}', '{"c":"x"}' }, { '{"b":1}' },
  },
  ["an anchor"] = {
    object('"a":{"$ref":"#it"}', '"$defs":{"A":{"$anchor":"it","type":"integer"}}'), "a:integer", { '{"a":1}' },
    { '{"a":"x"}' },
  },
  ["an $id of the whole"] = {
    object('"a":{"$ref":"https://x.example/r.json#/$defs/A"},"b":{"$ref":"r.json#/$defs/A"}',
      '"$id":"https://x.example/r.json","$defs":{"A":' .. INT .. "}"), "a:integer b:integer", { '{"a":1,"b":2}' },
    { '{"a":"x"}', '{"b":"x"}' },
  },
  ["an $id of a definition"] = {
    object('"a":{"$ref":"item.json"},"b":{"$ref":"item.json#/properties/q"},"c":{"$ref":"#/$defs/A"}',
      '"$defs":{"A":{"$id":"item.json","type":"object","properties":{"q":{"$ref":"#/$defs/Q"}},"$defs":{"Q":' .. INT
      .. "}}}"), nil, { '{"a":{"q":1},"b":2,"c":{"q":3}}' }, { '{"a":{"q":"x"}}', '{"b":"x"}', '{"c":{"q":"x"}}' },
  },
  ["a $dynamicRef"] = {
    object('"v":' .. TEXT .. ',"kids":{"type":"array","items":{"$dynamicRef":"#node"}}', '"$dynamicAnchor":"node"'),
    nil, { '{"kids":[{"v":"x"}]}' }, { '{"kids":[{"v":1}]}' },
  },
  ["a $recursiveRef"] = {
    object('"v":' .. TEXT .. ',"kids":{"type":"array","items":{"$recursiveRef":"#"}}', '"$recursiveAnchor":true'), nil,
    { '{"kids":[{"v":"x"}]}' }, { '{"kids":[{"v":1}]}' },
  },
  ["a $ref to another document"] = {
    object('"a":{"$ref":"https://json-schema.org/draft/2020-12/schema"},"b":' .. TEXT), "a:any b:string",
    { '{"a":{"x":1},"b":"y"}' }, { '{"b":1}' },
  },
  ["a mapping of bare names"] = {
    object('"u":{"oneOf":[{"$ref":"#/$defs/A"},{"$ref":"#/$defs/B"}],'
      .. '"discriminator":{"propertyName":"k","mapping":{"a":"A","b":"B"}}}',
      '"$defs":{"A":{"type":"object","properties":{"k":{"const":"a"}},"required":["k"]},'
      .. '"B":{"type":"object","properties":{"k":{"const":"b"}},"required":["k"]}}'), "u:object u.k:string!",
    { '{"u":{"k":"a"}}' }, { '{"u":{"k":"c"}}' },
  },
  ["a mapping that spells booleans, null and numbers as Python does"] = {
    object('"u":{"oneOf":[{"$ref":"#/$defs/A"},{"$ref":"#/$defs/B"},{"$ref":"#/$defs/C"}],'
      .. '"discriminator":{"propertyName":"k","mapping":{"True":"#/$defs/A","False":"#/$defs/B","None":"#/$defs/C",'
      .. '"1.5":"#/$defs/C"}}}',
      '"$defs":{"A":{"type":"object","properties":{"k":{"const":true,"type":"boolean"}},"required":["k"]},'
      .. '"B":{"type":"object","properties":{"k":{"const":false,"type":"boolean"},"x":' .. INT .. '},"required":["k"]},'
      .. '"C":{"type":"object","properties":{"k":{"enum":[null,1.5]}},"required":["k"]}}'), nil,
    { '{"u":{"k":true}}', '{"u":{"k":false,"x":1}}', '{"u":{"k":null}}', '{"u":{"k":1.5}}' },
    { '{"u":{"k":"True"}}', '{"u":{"k":true,"x":1}}', '{"u":{"k":false,"x":"1"}}', '{"u":{"k":1}}', '{"u":{}}' },
  },
  ["items by their places"] = {
    object('"p":{"type":"array","items":[' .. INT .. "," .. TEXT .. '],"additionalItems":{"type":"boolean"}}'),
    "p:array", { '{"p":[1,"a",true]}', '{"p":[1]}' }, { '{"p":["a"]}', '{"p":[1,"a",5]}' },
  },
  ["a tuple without an end"] = {
    object('"p":{"type":"array","prefixItems":[' .. TEXT .. '],"unevaluatedItems":{"$ref":"#/$defs/N"}}',
      '"$defs":{"N":' .. INT .. "}"), "p:array", { '{"p":["a",1]}' }, { '{"p":[1]}' },
  },
  ["limits of draft 4"] = {
    object('"n":{"type":"integer","minimum":1,"exclusiveMinimum":true,"maximum":9,"exclusiveMaximum":false}'),
    "n:integer", { '{"n":2}', '{"n":9}' }, { '{"n":1}', '{"n":10}' },
  },
  ["limits past all integers"] = {
    object('"n":{"type":"integer","maximum":18446744073709551615,"minimum":-10000000000000000000000},'
      .. '"s":{"type":"string","maxLength":100000000000000000000000}'), "n:integer s:string", { '{"n":5,"s":"x"}' },
    { '{"n":"x"}' },
  },
  ["null in OpenAPI's way"] = {
    object('"n":{"type":"string","nullable":true}'), "n:string", { '{"n":"x"}', '{"n":null}' }, { '{"n":1}' },
  },
  ["patterns of names"] = {
    object('"m":{"type":"object","properties":{"a":' .. TEXT .. '},"patternProperties":{"^x-":' .. INT
      .. '},"additionalProperties":false}', '"patternProperties":{"^y-":' .. INT .. "}"), "m:object m.a:string",
    { '{"m":{"a":"q","x-1":2}}', '{"y-1":2}' }, { '{"m":{"a":1}}' },
  },
  ["names that aren't evaluated"] = {
    object('"a":{"type":"object","properties":{"b":' .. INT .. '},"unevaluatedProperties":{"$ref":"#/$defs/N"}},'
      .. '"c":{"type":"object","properties":{"b":' .. INT .. '},"unevaluatedProperties":false}',
      '"$defs":{"N":' .. INT .. "}"), "a:object a.b:integer c:object c.b:integer",
    { '{"a":{"b":1,"z":2},"c":{"b":1}}' },
    { '{"a":{"b":"x"}}', '{"c":{"z":1}}' },
  },
  ["names on a condition"] = {
    object('"k":{"enum":["a","b"]}', '"if":{"properties":{"k":{"const":"a"}}},"then":{"properties":{"x":' .. TEXT
      .. '},"required":["x"]},"else":{"properties":{"y":' .. INT .. "}}"), "k:string x:string y:integer",
    { '{"k":"a","x":"s"}', '{"k":"b","y":1}' }, { '{"k":"a","z":1}', '{"k":"c"}' },
  },
  ["names that depend on others"] = {
    object('"a":' .. TEXT, '"dependentSchemas":{"a":{"properties":{"b":{"$ref":"#/$defs/N"}}}},'
      .. '"dependencies":{"a":["b"],"b":{"properties":{"c":' .. TEXT .. '}}},"$defs":{"N":' .. INT .. "}"),
    "a:string b:integer c:string", { '{"a":"x","b":1}', '{"b":1,"c":"y"}' }, { '{"a":1}', '{"d":1}' },
  },
  ["names that are only required"] = {
    object('"a":' .. TEXT .. ',"m":{"type":"object","properties":{"c":' .. TEXT .. '},"required":["d"]}',
      '"required":["a","b"]'), "a:string! b:any! m:object m.d:any! m.c:string", { '{"a":"x","b":1,"m":{"d":1}}' },
    { '{"a":"x"}', '{"a":"x","b":1,"m":{}}', '{"a":"x","b":1,"z":1}' },
  },
  ["required in the way of draft 3"] = {
    object('"a":{"type":"string","required":true},"b":' .. TEXT, '"required":false'), "a:string b:string", { "{}" },
    { '{"a":1}' },
  },
  ["names twice"] = {
    object('"a":{"type":["string","string"]}', '"required":["a","a"]'), "a:string!", { '{"a":"x"}' }, { "{}" },
  },
  ["null for every keyword"] = {
    '{"type":"object","title":null,"description":null,"required":null,"additionalProperties":null,"$defs":null,'
      .. '"anyOf":null,"not":null,"discriminator":null,"properties":{"a":{"type":"string","enum":null,"items":null,'
      .. '"anyOf":null,"allOf":null,"oneOf":null,"properties":null,"required":null,"minLength":null,"format":null,'
      .. '"$ref":null,"not":null,"if":null,"examples":null,"pattern":null,"prefixItems":null}}}', "a:string",
    { '{"a":"x"}' }, { '{"a":1}' },
  },
  ["PHP's empty objects"] = {
    '{"type":"object","properties":[],"$defs":[]}', "", { "{}" }, { "5" },
  },
  ["PHP's empty schemas"] = {
    object('"a":[],"b":{"type":"array","items":[]}'), "a:any b:array", { '{"a":1,"b":[1]}' }, { '{"b":1}' },
  },
  ["objects that don't say so"] = {
    object('"a":{"properties":{"b":' .. TEXT .. '}},'
      .. '"c":{"anyOf":[{"properties":{"d":' .. INT .. '}},{"type":"null"}]}'),
    "a:object a.b:string c:object c.d:integer", { '{"a":{"b":"x"},"c":{"d":1}}' }, { '{"a":{"b":1}}' },
  },
  ["values that keywords can't have"] = {
    '{"type":"object","title":5,"description":["x"],"properties":{"a":{"type":"string","title":{"x":1},'
      .. '"description":{"y":2},"examples":"none","deprecated":"yes","minLength":"3","pattern":7,"format":7,'
      .. '"anyOf":[],"allOf":[],"minimum":"1"},"b":{"type":"date"},"c":{"type":["uuid","null"]}}}',
    "a:string b:any c:any", { '{"a":"x","b":1,"c":2}' }, { '{"a":1}' },
  },
}

for name, case in pairs(cases) do
  describe("a schema with " .. name, function()
    local sent = {}
    local hub = hub_of(case[1], sent)

    it("is checked as it says", function()
      for _, text in ipairs(case[3]) do
        assert(hub:connect("made"):action("run"):params(decoded(text)):validate(), text)
        local result = hub:call_tool("made__run", text)
        assert.is_false(result.is_error, text)
        assert.same(decoded(text), decoded(table.remove(sent)))
      end
      for _, text in ipairs(case[4]) do
        if text:find("^{") then
          local ok, err = hub:connect("made"):action("run"):params(decoded(text)):validate()
          assert.is_nil(ok, text)
          assert.equal("params", err.kind, text)
        end
        assert.is_true(hub:call_tool("made__run", text).is_error, text)
        assert.same({}, sent)
      end
    end)

    it("is told alike by help and types", function()
      if case[2] then assert.equal(case[2], words_of(hub)) end
      assert.matches("^made%.run: Runs%.", assert(hub:connect("made"):help("run")))
      check_types(hub)
    end)

    it("becomes tools that every service takes", function() check_definitions(hub) end)
  end)
end

describe("a file", function()
  for _, said in ipairs({
    '"contentMediaType":"application/octet-stream; charset=binary"', '"contentMediaType":"Application/Octet-Stream"',
    '"contentMediaType":"application/octet-stream","contentEncoding":"binary"',
    '"contentMediaType":"application/octet-stream","contentEncoding":null',
  }) do
    it("is what says " .. said, function()
      local hub = hub_of(object('"f":{"type":"string",' .. said .. "}"), {})
      assert.equal("f:file", words_of(hub))
      local _, err = hub:connect("made"):action("run"):params({ f = "text" }):validate()
      assert.equal("file", err.details[1].expected)
      assert(hub:connect("made"):action("run"):params({ f = bosa.file({ file = "bytes", filename = "a" }) }):validate())
    end)
  end

  it("or a text is a text where no files can be given", function()
    local sent = {}
    local hub = hub_of(object('"a":{"anyOf":[{"type":"string","format":"binary"},{"type":"string"}]}'), sent)
    assert.is_false(hub:call_tool("made__run", '{"a":"words"}').is_error)
    assert.equal("a=words", sent[1])
  end)
end)

it("a strict definition has no keyword that the mode doesn't know", function()
  local hub = hub_of(object('"a":{"type":"string","x-note":1,"example":"q","contentMediaType":"text/plain"}'), {})
  for format in pairs(STRICT) do
    local tool = hub:connect("made"):tools({ format = format, strict = true, full = true })[1]
    local parameters = tool.input_schema or (tool["function"] or tool).parameters
    assert.is_true((tool["function"] or tool).strict)
    local names = {}
    for keyword in pairs(parameters.properties.a) do names[keyword] = true end
    assert.same({ type = true }, names)
  end
end)

it("a null for a schema that takes anything is sent", function()
  local sent = {}
  assert.is_false(hub_of(object('"n":true,"m":' .. TEXT), sent):call_tool("made__run", '{"n":null,"m":null}').is_error)
  assert.equal('{"n":null}', sent[1])
end)
