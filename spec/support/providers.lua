--- What the services of language models refuse: one refused definition sinks a whole request.
-- Each check gives a list of faults; an empty one means that the service takes the definition.

local providers = {}

local MAPS = { "properties", "patternProperties", "$defs", "definitions" }
local LISTS = { "anyOf", "oneOf", "allOf", "prefixItems" }
local SINGLES = { "items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else",
  "unevaluatedItems", "unevaluatedProperties", "contentSchema" }
local TYPES = { null = true, boolean = true, integer = true, number = true, string = true, array = true, object = true }
local VALUES = {} -- what keywords may have as their values in JSON Schema 2020-12
for kind, names in pairs({
  number = "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems",
  string = "title description format pattern $ref contentMediaType contentEncoding",
  boolean = "uniqueItems deprecated readOnly writeOnly",
  table = "properties patternProperties $defs anyOf oneOf allOf prefixItems enum required dependentRequired",
}) do
  for name in names:gmatch("%S+") do VALUES[name] = kind end
end

--- Calls fn(node, path) for a schema and all below it.
local function walk(node, fn, path)
  path = path or ""
  if type(node) ~= "table" then return end
  fn(node, path)
  for _, keyword in ipairs(MAPS) do
    for name, child in pairs(node[keyword] or {}) do walk(child, fn, path .. "/" .. keyword .. "/" .. name) end
  end
  for _, keyword in ipairs(LISTS) do
    for i, child in ipairs(node[keyword] or {}) do walk(child, fn, path .. "/" .. keyword .. "/" .. i) end
  end
  for _, keyword in ipairs(SINGLES) do walk(node[keyword], fn, path .. "/" .. keyword) end
end

local function has_type(node, wanted)
  if type(node.type) ~= "table" then return node.type == wanted end
  for _, kind in ipairs(node.type) do
    if kind == wanted then return true end
  end
  return false
end

local function size(map)
  local count = 0
  for _ in pairs(map or {}) do count = count + 1 end
  return count
end

local function adder(faults)
  return function(fine, what, path)
    if not fine then faults[#faults + 1] = what .. " at " .. (path or "/") end
  end
end

local function check_root(schema, want)
  want(schema.type == "object", "no object")
  for _, keyword in ipairs({ "anyOf", "oneOf", "allOf", "not", "enum", "const" }) do
    want(schema[keyword] == nil, keyword .. " at the top")
  end
end

--- What is no JSON Schema at all.
local function check_keywords(node, path, want)
  for keyword, value in pairs(node) do
    local kind = type(value) == "cdata" and "number" or type(value)
    want(VALUES[keyword] == nil or VALUES[keyword] == kind, keyword .. " is a " .. kind, path)
  end
  for _, kind in ipairs(type(node.type) == "table" and node.type or { node.type }) do
    want(TYPES[kind], "type " .. tostring(kind), path)
  end
  for _, keyword in ipairs(LISTS) do
    want(node[keyword] == nil or node[keyword][1] ~= nil, "empty " .. keyword, path)
  end
  want(type(node.items) ~= "table" or node.items[1] == nil, "a list of items", path)
  local seen = {}
  for _, name in ipairs(node.required or {}) do
    want(type(name) == "string" and not seen[name], "required twice, or no name: " .. tostring(name), path)
    seen[name] = true
  end
end

local function check_all(schema, want)
  walk(schema, function(node, path)
    check_keywords(node, path, want)
    want(not has_type(node, "array") or type(node.items) == "table", "array without items", path)
    want(node.type ~= "any", "type any", path)
    want(node.format ~= "binary", "a file", path)
    for name in pairs(node.properties or {}) do
      want(#name <= 64 and name:find("^[%w_%.%-]+$") ~= nil, "name " .. name, path)
    end
    for _, name in ipairs(node.required or {}) do
      want(node.properties == nil or node.properties[name] ~= nil, "required, but none: " .. name, path)
    end
    local ref = node["$ref"]
    if ref then
      local target = ref:match("^#/%$defs/([%w_%.%-]+)$")
      want(target and schema["$defs"] and schema["$defs"][target] ~= nil, "a $ref to nowhere", path)
    end
  end)
end

local function check_name(name, want, pattern) want(#name <= 64 and name:find(pattern) ~= nil, "name " .. name) end

--- Of OpenAI's strict mode.
local function check_openai_strict(schema, want)
  local without = { "oneOf", "allOf", "not", "default", "prefixItems", "minLength", "maxLength", "uniqueItems", "if",
    "patternProperties", "minProperties", "maxProperties", "title", "contains", "propertyNames" }
  walk(schema, function(node, path)
    for _, keyword in ipairs(without) do want(node[keyword] == nil, keyword, path) end
    want(node.type or node.anyOf or node["$ref"] or node.enum or node.const ~= nil, "no type", path)
    want(node["$ref"] == nil or size(node) == 1, "a $ref with words", path)
    if not has_type(node, "object") then return end
    want(node.additionalProperties == false, "not closed", path)
    want(type(node.required) == "table" and #node.required == size(node.properties), "not all required", path)
  end)
end

--- Of Anthropic's.
local function check_anthropic_strict(schema, want)
  local without = { "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
    "maxLength", "minItems", "maxItems", "oneOf", "allOf", "prefixItems" }
  local function leads_to(name, node, seen)
    local found = false
    walk(node, function(below)
      local target = below["$ref"] and below["$ref"]:match("([^/]+)$")
      if not target then return end
      found = found or target == name
      if not seen[target] then
        seen[target] = true
        found = found or leads_to(name, schema["$defs"][target], seen)
      end
    end)
    return found
  end
  walk(schema, function(node, path)
    for _, keyword in ipairs(without) do want(node[keyword] == nil, keyword, path) end
    if has_type(node, "object") then want(node.additionalProperties == false, "not closed", path) end
  end)
  for name, def in pairs(schema["$defs"] or {}) do want(not leads_to(name, def, {}), "recursive", name) end
end

local function openai(name, description, schema, strict, want)
  check_name(name, want, "^[%w_%-]+$")
  want(#description <= 1024, "too long a description")
  check_root(schema, want)
  check_all(schema, want)
  if strict then check_openai_strict(schema, want) end
end

function providers.openai(tool)
  local faults = {}
  local want, fn = adder(faults), tool["function"]
  want(tool.type == "function" and size(tool) == 2, "no function")
  openai(fn.name, fn.description, fn.parameters, fn.strict, want)
  return faults
end

function providers.openai_responses(tool)
  local faults = {}
  local want = adder(faults)
  want(tool.type == "function" and tool["function"] == nil, "no function")
  want(type(tool.strict) == "boolean", "silent on strict") -- silence means true, with a schema made over
  openai(tool.name, tool.description, tool.parameters, tool.strict, want)
  return faults
end

function providers.anthropic(tool)
  local faults = {}
  local want = adder(faults)
  check_name(tool.name, want, "^[%w_%-]+$")
  check_root(tool.input_schema, want)
  check_all(tool.input_schema, want)
  want(tool.strict == nil or tool.strict == true, "strict is true or absent")
  if tool.strict then check_anthropic_strict(tool.input_schema, want) end
  return faults
end

function providers.gemini(tool)
  local faults = {}
  local want = adder(faults)
  check_name(tool.name, want, "^[%a_][%w_%.:%-]*$")
  check_root(tool.parametersJsonSchema, want)
  check_all(tool.parametersJsonSchema, want)
  want(tool.parameters == nil, "parameters beside parametersJsonSchema")
  walk(tool.parametersJsonSchema, function(node, path)
    want(node.const == nil and node.oneOf == nil, "const or oneOf", path)
    want(node["$ref"] == nil or size(node) == 1, "a $ref with words", path)
  end)
  return faults
end

function providers.mcp(tool)
  local faults = {}
  local want = adder(faults)
  check_name(tool.name, want, "^[%w_%-]+$")
  want(type(tool.title) == "string" and tool.title ~= "", "no title")
  check_root(tool.inputSchema, want)
  check_all(tool.inputSchema, want)
  for _, hint in ipairs({ "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint" }) do
    want(type(tool.annotations[hint]) == "boolean", "no " .. hint)
  end
  if tool.outputSchema then want(tool.outputSchema.type == "object", "a result that is no object") end
  return faults
end

return providers
