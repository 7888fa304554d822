--- LuaCATS annotations of a connector, made of the server's schemas: parameters and responses get classes of their own,
-- and `hub:connect("github")` gives one whose actions know them.
--
-- They add to the definitions in bosa/meta, which types.directory() names.

local core = require("bosa.load_core")
local describe = require("bosa.describe")
local reader = require("bosa.schema")
local schema = require("bosa.types.schema")
local requests = require("bosa.schema.request")

local types = {}

--- The directory of the definitions of the library itself; nil: it can't be found.
---@return string?
function types.directory()
  local path = package.searchpath("bosa.types", package.path)
  return path and path:gsub("[^/]*$", "") .. "meta"
end

--- The schema of a response's data: behind its `data`, where it is described with one.
local function data_of(read, response)
  local shapes = read:read(response).shapes
  local data = #shapes == 1 and shapes[1].properties and shapes[1].properties.data
  return type(data) == "table" and data or response
end

--- Whether nothing has to be given: some object that the schema allows requires nothing.
local function may_be_empty(shapes)
  for _, form in ipairs(shapes) do
    if not form.required or next(form.required) == nil then return true end
  end
  return false
end

--- Writes the classes of an action's parameters; their type, and whether they may be left out.
local function write_parameters(writer, entry, base)
  local request = requests.offered(entry)
  if not request or request.type == "any" then return "table", true end
  local read = writer:open(request, false)
  return writer:type_of(request, base .. ".Params") or "table", may_be_empty(read:read(request).shapes)
end

--- Writes the class of an action's responses.
local function write_response(writer, entry, base)
  local response = reader.response_of(entry)
  if not response then return "bosa.Response" end
  local data = data_of(writer:open(response, true), response)
  local text = writer:type_of(data, base .. ".Data") or "any"
  if text == "any" then return "bosa.Response" end
  local name = writer:name(base .. ".Response")
  local item = text:match("^(.*)%[%]$")
  writer:line(("---@class %s : bosa.Response"):format(name))
  writer:line("---@field data " .. text)
  writer:line(("---@field get_data fun(self: %s): %s"):format(name, text))
  writer:line(("---@field next_page fun(self: %s): %s?, bosa.Error?"):format(name, name))
  writer:line(("---@field prev_page fun(self: %s): %s?, bosa.Error?"):format(name, name))
  writer:line(("---@field pages fun(self: %s, options?: bosa.PageOptions): (fun(): %s)"):format(name, name))
  if item then
    writer:line("---@field [integer] " .. item)
    writer:line(("---@field items fun(self: %s, options?: bosa.PageOptions): (fun(): %s, %s)"):format(name, item, name))
  end
  writer:line("")
  return name
end

--- Writes the class of an action's builder.
local function write_builder(writer, base, params, response)
  local name = writer:name(base .. ".Action")
  writer:line(("---@class %s : bosa.Action"):format(name))
  writer:line(("---@field params fun(self: %s, params: %s): %s"):format(name, params, name))
  writer:line(("---@field run fun(self: %s): %s?, bosa.Error?"):format(name, response))
  writer:line("")
  return name
end

--- Writes the classes of an action: what the connector's class has to say of it.
local function write_action(writer, class, action, entry)
  local base = class .. "." .. schema.identifier(action)
  local params, optional = write_parameters(writer, entry, base)
  local response = write_response(writer, entry, base)
  return {
    name = action, params = params, optional = optional, response = response,
    summary = describe.first_paragraph(entry.docstring), builder = write_builder(writer, base, params, response),
  }
end

--- Writes the class of the connector itself.
local function write_connector(writer, class, actions, methods)
  writer:line(("---@class %s : bosa.AnyConnector"):format(class))
  for _, action in ipairs(actions) do
    local name = schema.quoted(action.name)
    if name then
      writer:line(("---@field action fun(self: %s, name: %s): %s"):format(class, name, action.builder))
    end
    local field = schema.field_name(action.name)
    if field and not methods[action.name] and action.name:sub(1, 1) ~= "_" then
      writer:comment(action.summary)
      writer:line(("---@field %s fun(self: %s, params%s: %s, options?: bosa.CallOptions): %s?, bosa.Error?"):format(
        field, class, action.optional and "?" or "", action.params, action.response))
    end
  end
  writer:line("")
end

--- Has a hub's methods give the connector's class where they are given its name.
local function write_hub(writer, class, connector)
  local name = schema.quoted(connector)
  if not name then return end
  writer:line("---@class bosa.Hub")
  writer:line(("---@field connect fun(self: bosa.Hub, name: %s): %s"):format(name, class))
  writer:line(("---@field get_connector fun(self: bosa.Hub, name: %s): %s?, bosa.Error?"):format(name, class))
end

--- The annotations of a connector, as the text of a file.
---@param hub userdata
---@param connector string
---@return string? text, table? err
function types.of_connector(hub, connector)
  local entries, err = describe.entries(hub, connector)
  if not entries then return nil, err end
  local class = "bosa.connectors." .. schema.identifier(connector)
  local writer = schema.new_writer(class)
  writer:line("---@meta _")
  writer:line("-- Made by `bosa types` of the server's schemas: make it anew in place of editing it.")
  writer:line("")
  local actions = {}
  for _, action in ipairs(hub:connect(connector):_actions() or {}) do
    actions[#actions + 1] = write_action(writer, class, action, entries[action] or {})
  end
  write_connector(writer, class, actions, core.classes.connector.methods)
  write_hub(writer, class, connector)
  return table.concat(writer.lines, "\n") .. "\n"
end

return types
