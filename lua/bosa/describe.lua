--- What a connector can do, for people and programs: actions, their parameters, help texts.

local core = require("bosa.core")
local run = require("bosa.run")

local describe = {}

local INTEGERS = rawget(_G, "jit") and "cdata" or nil -- how whole numbers are decoded without loss
local MAX_DEPTH = 6 -- of nested parameters shown; schemas may refer to themselves

--- The first paragraph of a docstring, on one line.
---@param text any what is no text gives none
---@return string
function describe.first_sentence(text)
  if type(text) ~= "string" then return "" end
  local paragraph = text:match("^%s*(.-)%s*\n%s*\n") or text
  return (paragraph:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

--- The schema that a $ref of `root` names; the reference's siblings win.
local function resolve(schema, root)
  local hops = 0
  while type(schema) == "table" and type(schema["$ref"]) == "string" and hops < 20 do
    local target = root
    for part in schema["$ref"]:gsub("^#/?", ""):gmatch("[^/]+") do
      part = part:gsub("~1", "/"):gsub("~0", "~")
      target = type(target) == "table" and target[part] or nil
    end
    if type(target) ~= "table" then return schema end
    local merged = {}
    for k, v in pairs(target) do merged[k] = v end
    for k, v in pairs(schema) do
      if k ~= "$ref" then merged[k] = v end
    end
    schema, hops = merged, hops + 1
  end
  return schema
end

local type_name

local function union_name(branches, root)
  local names, seen = {}, {}
  for _, branch in ipairs(branches) do
    local name = type_name(branch, root)
    if name ~= "null" and not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  return table.concat(names, " | ")
end

--- A word for a schema's type: "string", "array of integer", "string | integer", "file". null is left out.
type_name = function(schema, root)
  schema = resolve(schema, root)
  if type(schema) ~= "table" then return "any" end
  local branches = schema.anyOf or schema.oneOf
  if type(branches) == "table" then return union_name(branches, root) end
  if schema.format == "binary" then return "file" end
  local kind = schema.type
  if type(kind) == "table" then kind = table.concat(kind, " | ") end
  if kind == "array" and type(schema.items) == "table" and next(schema.items) ~= nil then
    return "array of " .. type_name(schema.items, root)
  end
  if kind == nil and schema.const ~= nil then kind = type(schema.const) end
  return kind or "any"
end

--- enum or const of a schema or of its branches, as a list; nil: none.
local function enum_of(schema, root)
  schema = resolve(schema, root)
  if type(schema) ~= "table" then return nil end
  if type(schema.enum) == "table" then return schema.enum end
  if schema.const ~= nil then return { schema.const } end
  if type(schema.items) == "table" and schema.type == "array" then return enum_of(schema.items, root) end
  for _, branch in ipairs(schema.anyOf or {}) do
    local found = enum_of(branch, root)
    if found then return found end
  end
  return nil
end

--- The object schemas below a schema: itself, its branches, the items of a list.
local function objects_of(schema, root, found, depth)
  schema = resolve(schema, root)
  if type(schema) ~= "table" or depth > MAX_DEPTH then return found end
  if type(schema.properties) == "table" then found[#found + 1] = schema end
  for _, branch in ipairs(schema.anyOf or schema.oneOf or {}) do objects_of(branch, root, found, depth + 1) end
  if type(schema.items) == "table" then objects_of(schema.items, root, found, depth + 1) end
  return found
end

local function sorted_names(properties, required)
  local names = {}
  for name in pairs(properties) do names[#names + 1] = name end
  table.sort(names, function(a, b)
    if (required[a] or false) ~= (required[b] or false) then return required[a] or false end
    return a < b
  end)
  return names
end

local add_parameters

--- Adds the values that another branch of a union allows to a parameter that has been listed.
local function merge(parameter, enum)
  if not (parameter.enum and enum) then return end
  local values, known = {}, {}
  for _, list in ipairs({ parameter.enum, enum }) do
    for _, value in ipairs(list) do
      if not known[value] then values[#values + 1] = value end
      known[value] = true
    end
  end
  parameter.enum = values
end

--- A schema's default, also where it is false; nil: none.
local function default_of(schema)
  if type(schema) == "table" then return schema.default end
  return nil
end

--- Of the names below `prefix`, only those stay required that all of the objects require.
local function require_in_all(seen, prefix, objects)
  local counts = {}
  for _, object in ipairs(objects) do
    for _, name in ipairs(type(object.required) == "table" and object.required or {}) do
      counts[name] = (counts[name] or 0) + 1
    end
  end
  for name, count in pairs(counts) do
    local parameter = seen[prefix .. name]
    if parameter and count < #objects then parameter.required = false end
  end
end

--- One parameter and what is nested in it. The same name may come by several branches of a union.
local function add_parameter(list, name, prefix, schema, required, root, depth, seen)
  if type(schema) == "table" and type(schema.schema) == "table" then schema = schema.schema end
  local full = prefix .. name
  local enum = enum_of(schema, root)
  if seen[full] then return merge(seen[full], enum) end
  local resolved = resolve(schema, root)
  local description = type(resolved) == "table" and resolved.description
  seen[full] = {
    name = full,
    type = type_name(schema, root),
    required = required,
    default = default_of(resolved),
    description = type(description) == "string" and description or nil,
    enum = enum,
  }
  list[#list + 1] = seen[full]
  local objects = objects_of(schema, root, {}, 0)
  for _, object in ipairs(objects) do
    add_parameters(list, full .. ".", object, root, depth + 1, seen)
  end
  if #objects > 1 then require_in_all(seen, full .. ".", objects) end
end

add_parameters = function(list, prefix, schema, root, depth, seen)
  if depth > MAX_DEPTH or type(schema.properties) ~= "table" then return end
  local required = {}
  for _, name in ipairs(type(schema.required) == "table" and schema.required or {}) do required[name] = true end
  for _, name in ipairs(sorted_names(schema.properties, required)) do
    add_parameter(list, name, prefix, schema.properties[name], required[name] or false, root, depth, seen)
  end
end

local function request_schema(entry)
  local parameters = entry.parameters
  local request = type(parameters) == "table" and parameters.request
  return type(request) == "table" and type(request.schema) == "table" and request.schema or nil
end

--- The discovery entry of an action: `entry | nil, err`.
local function entry_of(connector, action)
  local hub, name = connector:_hub()
  local ok, err = run.load(hub, name)
  if not ok then return nil, err end
  local entry = connector:_describe(action)
  if entry then return entry end
  -- the core words the error, with the nearest name
  ok, err = connector:action(action):_validate()
  return nil, err or ok
end

--- What is known of a connector's actions, with every whole number as it is; nil: nothing is.
---@param hub userdata
---@param connector string
---@return table<string, table>? entries
function describe.known(hub, connector)
  local text = hub:_text(connector)
  return text and core.json.decode(text, INTEGERS)[connector]
end

--- What discovery says of a connector's actions, with every whole number as it is: name -> entry.
---@param hub userdata
---@param connector string
---@return table<string, table>? entries, table? err
function describe.entries(hub, connector)
  local ok, err = run.load(hub, connector)
  if not ok then return nil, err end
  return describe.known(hub, connector) or {}
end

--- The schema of the parameters of an entry; nil: it takes none.
---@param entry table
---@return table?
function describe.request_of(entry)
  local request = type(entry.parameters) == "table" and entry.parameters.request
  return type(request) == "table" and type(request.schema) == "table" and request.schema or nil
end

--- connector:get_actions() -> { {name, path, description}, ... } | nil, err
function describe.get_actions(connector)
  local hub, name = connector:_hub()
  local ok, err = run.load(hub, name)
  if not ok then return nil, err end
  local list = {}
  for i, action in ipairs(connector:_actions() or {}) do
    local entry = connector:_describe(action)
    list[i] = { name = action, path = entry.path, description = describe.first_sentence(entry.docstring) }
  end
  return list
end

--- connector:get_action_parameters(action) -> { {name, type, required, default, description, enum}, ... } | nil, err
function describe.get_action_parameters(connector, action)
  if type(action) ~= "string" then
    error("bad argument #1 to 'get_action_parameters' (string expected, got " .. type(action) .. ")", 2)
  end
  local entry, err = entry_of(connector, action)
  if not entry then return nil, err end
  local list = {}
  local schema = request_schema(entry)
  if schema then add_parameters(list, "", resolve(schema, schema), schema, 1, {}) end
  return list
end

local function show_value(value)
  if value == core.null then return "null" end
  return core.json.encode(value) or tostring(value)
end

local function parameter_lines(lines, parameter)
  local head = "  " .. parameter.name .. "  " .. parameter.type
  if parameter.required then head = head .. ", required" end
  if parameter.default ~= nil and parameter.default ~= core.null then
    head = head .. ", default " .. show_value(parameter.default)
  end
  lines[#lines + 1] = head
  if parameter.enum then
    local words = {}
    for i, value in ipairs(parameter.enum) do words[i] = show_value(value) end
    lines[#lines + 1] = "      one of " .. table.concat(words, ", ")
  end
  local text = describe.first_sentence(parameter.description)
  if text ~= "" then lines[#lines + 1] = "      " .. text end
end

local function action_help(connector, name, action)
  local entry, err = entry_of(connector, action)
  if not entry then return nil, err end
  local parameters = describe.get_action_parameters(connector, action)
  local lines = { name .. "." .. action .. ": " .. describe.first_sentence(entry.docstring), "" }
  if #parameters == 0 then lines[#lines + 1] = "  takes no parameters" end
  for _, parameter in ipairs(parameters) do parameter_lines(lines, parameter) end
  return table.concat(lines, "\n")
end

--- connector:help(action?) -> text | nil, err: for a person at a prompt. Without a name: all actions.
function describe.help(connector, action)
  local _, name = connector:_hub()
  if action ~= nil and type(action) ~= "string" then
    error("bad argument #1 to 'help' (string expected, got " .. type(action) .. ")", 2)
  end
  if action ~= nil then return action_help(connector, name, action) end
  local actions, err = connector:get_actions()
  if not actions then return nil, err end
  local lines = { name .. ": " .. #actions .. " actions", "" }
  for _, entry in ipairs(actions) do
    lines[#lines + 1] = "  " .. entry.name .. (entry.description ~= "" and "  " .. entry.description or "")
  end
  return table.concat(lines, "\n")
end

return describe
