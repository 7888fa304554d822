--- Tools in the forms of those who take them.
--
--   openai            Chat Completions   { type = "function", function = { name, description, parameters, strict? } }
--   openai_responses  Responses          { type = "function", name, description, parameters, strict }
--   anthropic         Messages           { name, description, input_schema, strict? }
--   gemini            functionDeclarations { name, description, parametersJsonSchema }
--   mcp               tools/list         { name, title, description, inputSchema, outputSchema?, annotations }

local core = require("bosa.core")
local output = require("bosa.tools.output")
local reading = require("bosa.tools.reading")
local result = require("bosa.tools.result")
local schema = require("bosa.tools.schema")
local strict = require("bosa.tools.strict")

local OPENAI_DESCRIPTION = 1024 -- bytes that a description may have there

--- A form: `inline`: $refs are replaced; `strict`: it has such a mode; make(tool, options, entry) -> definition.
---@class bosa.tools.Format
---@field inline boolean
---@field strict boolean
---@field make fun(tool: bosa.Tool, options: table, entry: table): table

--- The schema and the word on strictness: true with a schema of that mode, else false. `silent`: what nil means.
local function openai_parameters(tool, options, silent)
  if options.strict then
    local converted = strict.arguments(tool.parameters, "openai")
    if converted then return converted, true end
    return tool.parameters, false
  end
  if options.strict == false then return tool.parameters, false end
  return tool.parameters, silent
end

local function openai(tool, options)
  local parameters, is_strict = openai_parameters(tool, options, nil)
  return { type = "function", ["function"] = {
    name = tool.name, description = result.cut(tool.description, OPENAI_DESCRIPTION), parameters = parameters,
    strict = is_strict,
  } }
end

--- Silence means strict there, with a schema that the service changes by itself.
local function openai_responses(tool, options)
  local parameters, is_strict = openai_parameters(tool, options, false)
  return {
    type = "function", name = tool.name, description = result.cut(tool.description, OPENAI_DESCRIPTION),
    parameters = parameters, strict = is_strict,
  }
end

local function anthropic(tool, options)
  local converted = options.strict and strict.arguments(tool.parameters, "anthropic")
  return {
    name = tool.name, description = tool.description, input_schema = converted or tool.parameters,
    strict = converted and true or nil,
  }
end

--- Gemini knows no constants, and a $ref only alone.
local function for_gemini(node)
  if node["$ref"] then return { ["$ref"] = node["$ref"] } end
  if node.const ~= nil then node.enum, node.const = core.array({ node.const }), nil end
  if node.oneOf then node.anyOf, node.oneOf = node.anyOf or node.oneOf, nil end
  return schema.map_children(node, for_gemini)
end

local function gemini(tool)
  return {
    name = tool.name, description = tool.description, parametersJsonSchema = for_gemini(schema.copy(tool.parameters)),
  }
end

--- What MCP calls annotations. All four are said: a destructiveHint that isn't there reads as true.
local function hints_of(action)
  local reads = reading.reads(action)
  return {
    readOnlyHint = reads,
    destructiveHint = not reads and not reading.adds(action),
    idempotentHint = reads or reading.settles(action),
    openWorldHint = true, -- whatever a connector leads to is outside
  }
end

local function mcp(tool, options, entry)
  return {
    name = tool.name, title = ("%s (%s)"):format(tool.title, tool.connector), description = tool.description,
    inputSchema = tool.parameters, outputSchema = output.schema(entry, options.full),
    annotations = hints_of(tool.action),
  }
end

---@type table<string, bosa.tools.Format>
return {
  openai = { inline = true, strict = true, make = openai },
  openai_responses = { inline = true, strict = true, make = openai_responses },
  anthropic = { inline = false, strict = true, make = anthropic },
  gemini = { inline = true, strict = false, make = gemini },
  mcp = { inline = false, strict = false, make = mcp },
}
