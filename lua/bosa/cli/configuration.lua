--- The configuration that connects an account: its fields are asked for as its JSON Schema says, and checked by it.

local core = require("bosa.core")
local context = require("bosa.cli.context")
local describe = require("bosa.describe")
local document = require("bosa.schema.document")
local normal = require("bosa.schema.normal")
local params = require("bosa.cli.params")
local secret_names = require("bosa.cli.secret_names")
local terminal = require("bosa.cli.terminal")

local configuration = {}

local MOST = 50 -- fields that somebody is asked for
local MOST_REFS = 20 -- of a field, that lead to what is said of it
local YES_NO = { y = "true", yes = "true", n = "false", no = "false" }

local function complain(...) return nil, context.error("params", string.format(...)) end

---------------------------------------------------------------------------------------------------
-- which fields are secret

--- Whether a schema says that its value is not to be shown, by itself or by one of its branches.
local function says_secret(root, node, left)
  if type(node) ~= "table" or left == 0 then return false end
  if node.format == "password" or node.writeOnly == true then return true end
  local target = type(node["$ref"]) == "string" and document.lookup(root, node["$ref"])
  if says_secret(root, target, left - 1) then return true end
  for _, keyword in ipairs({ "anyOf", "oneOf", "allOf" }) do
    for i, branch in ipairs(type(node[keyword]) == "table" and node[keyword] or {}) do
      if i <= MOST_REFS and says_secret(root, branch, left - 1) then return true end
    end
  end
  return false
end

--- Whether a field, or an object that it is in, is secret.
local function is_secret(root, name)
  local node = root
  for part in name:gmatch("[^.]+") do
    if secret_names.is(part) then return true end
    local properties = type(node) == "table" and node.properties
    node = type(properties) == "table" and properties[part] or nil
    if type(node) == "table" and type(node.items) == "table" then node = node.items end
    if says_secret(root, node, MOST_REFS) then return true end
    if type(node) == "table" and type(node["$ref"]) == "string" then node = document.lookup(root, node["$ref"]) end
  end
  return false
end

---------------------------------------------------------------------------------------------------
-- asking

local function parent_of(name) return name:match("^(.*)%.[^.]*$") end

--- The fields that somebody is asked for: no object whose members are, and nothing inside a list.
local function fields_of(root)
  local known, by_name, inner = describe.parameters(normal.form(root)), {}, {}
  for _, one in ipairs(known) do
    by_name[one.name] = one
    local parent = parent_of(one.name)
    if parent then inner[parent] = true end
  end
  local fields = {}
  for _, one in ipairs(known) do
    local parent, required, listed = parent_of(one.name), one.required, false
    while parent do
      local holder = by_name[parent]
      required = required and holder ~= nil and holder.required
      listed = listed or holder == nil or holder.type ~= "object"
      parent = parent_of(parent)
    end
    if not listed and not (inner[one.name] and one.type == "object") then
      required = required and one.default == nil
      local secret = is_secret(root, one.name)
      fields[#fields + 1] = { name = one.name, parameter = one, required = required, secret = secret }
    end
  end
  return fields, known
end

--- Those that are required come first, in the order in which the schema says that they are.
local function sort(fields, required)
  local place = {}
  for i, name in ipairs(type(required) == "table" and required or {}) do place[name] = i end
  local order = {}
  for i, field in ipairs(fields) do
    order[field] = field.required and (place[field.name:match("^[^.]+")] or #fields) * 1000 + i or 1e9 + i
  end
  table.sort(fields, function(a, b) return order[a] < order[b] end)
  return fields
end

local function question_of(field)
  local one, words = field.parameter, {}
  if one.enum then
    for i, value in ipairs(one.enum) do words[i] = type(value) == "string" and value or core.json.encode(value) end
    words = { table.concat(words, " | ") }
  elseif one.type ~= "string" and one.type ~= "any" then
    words[1] = one.type
  end
  local about = describe.first_paragraph(one.description)
  if about ~= "" then words[#words + 1] = (about:gsub("%.$", "")) end
  local has_default = one.default ~= nil and one.default ~= core.null
  if has_default then
    words[#words + 1] = "default " .. core.json.encode(one.default)
  elseif not field.required then
    words[#words + 1] = "optional"
  end
  return field.name .. (words[1] and " (" .. table.concat(words, ", ") .. ")" or "")
end

--- What is typed for a field, as words of a command line's.
local function words_of(field, text)
  local name, kind = field.name, field.parameter.type
  if kind == "boolean" then text = YES_NO[text:lower()] or text end
  if kind:find("object", 1, true) or (kind:find("^array") and text:find("^%s*%[")) then
    return { name .. ":=" .. text }
  end
  if not kind:find("^array") then return { name .. "=" .. text } end
  local words = {}
  for item in text:gmatch("[^,]+") do words[#words + 1] = name .. "=" .. item:match("^%s*(.-)%s*$") end
  return words
end

--- Asks for a configuration; where nobody can be asked, lines of standard input are read.
---@param cx bosa.cli.Context
---@param root table the JSON Schema
---@return table? values, table? err of kind "params"
function configuration.ask(cx, root)
  local fields, known = fields_of(root)
  if #fields > MOST then return complain("too many fields to ask for them: give --config FILE") end
  local words = {}
  for _, field in ipairs(sort(fields, root.required)) do
    if field.name:find("[=:@%c]") then return complain("a field's name can't be asked for: give --config FILE") end
    local ask = field.secret and terminal.ask_secret or terminal.ask
    local text = ask(cx, question_of(field))
    if field.required and (not text or text == "") then
      return complain("%s: input is required; --config FILE gives all fields at once", field.name)
    end
    if text and text ~= "" then
      for _, word in ipairs(words_of(field, text)) do words[#words + 1] = word end
    end
  end
  return params.read(words, known, core.object({}))
end

---------------------------------------------------------------------------------------------------
-- checking

local TELLS_NO_VALUE = { required = true, additionalProperties = true, type = true }

--- The schema of a list's elements, `times` deep; nil: it isn't known to be a list, or what is in it is secret.
local function elements_of(root, node, times)
  for _ = 1, times do
    node = type(node) == "table" and node.items or nil
    if type(node) ~= "table" or says_secret(root, node, MOST_REFS) then return nil end
  end
  return node
end

--- Whether the value at a path may be shown: it is surely one of a field that is known, and not secret.
local function is_open(root, path)
  local node = root
  for part in path:gmatch("[^.]+") do
    local name, places = part:match("^(.-)([%[%]%d]*)$")
    local target = type(node) == "table" and type(node["$ref"]) == "string" and document.lookup(root, node["$ref"])
    node = target or node
    local properties = type(node) == "table" and node.properties
    node = type(properties) == "table" and properties[name] or nil
    if type(node) ~= "table" or secret_names.is(name) or says_secret(root, node, MOST_REFS) then return false end
    node = elements_of(root, node, select(2, places:gsub("%[", "")))
    if not node then return false end
  end
  return path ~= ""
end

--- A validation error without the value that was given, unless that may be shown.
local function without_value(fault, root)
  local message = fault.message
  if not TELLS_NO_VALUE[fault.keyword] and not is_open(root, fault.path) then
    message = ("`%s`: expected %s; got (hidden)"):format(fault.path, fault.expected)
  end
  return { path = fault.path, message = message }
end

--- Checks a configuration before it is sent. A schema that can't be compiled is left to the server.
---@param values table
---@param root table the JSON Schema
---@return true? ok, table? err of kind "params"
function configuration.check(values, root)
  local schema = core.schema(root)
  if not schema then return true end
  local ok, err = schema:check(values)
  if ok then return true end
  local details = {}
  for i, fault in ipairs(err.details) do details[i] = without_value(fault, root) end
  local hidden = context.error("params", details[1].message .. (err.message:match(" %(and %d+ more%)$") or ""))
  hidden.details = details
  return nil, hidden
end

return configuration
