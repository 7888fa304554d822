--- bosa types: annotations for editors.

local uv = require("luv")
local context = require("bosa.cli.context")
local made = require("bosa.types")
local schema = require("bosa.types.schema")
local output_file = require("bosa.cli.output_file")

local types = { summary = "Write types for the editor (LuaCATS) from a connector's schemas", task = true }

types.examples = {
  "# types for the editor, a file each", "bosa types github google_drive -o types",
  "# where the library's own definitions are", "bosa types --path",
}

function types.configure(parser)
  parser:description("Writes LuaCATS annotations of connectors from their schemas, for EmmyLua and "
    .. "lua-language-server: classes of parameters and responses, and of the connector that hub:connect returns.")
  parser:argument("connectors", "Connector names, like github."):args("*"):argname("<connector>")
  parser:option("-o --output", "Write DIR/CONNECTOR.lua for each; bosa makes DIR. Without it, one connector goes to "
    .. "standard output."):argname("<dir>")
  parser:flag("--all", "Write those of every connector of the server.")
  parser:flag("--path", "Print the directory of the library's own definitions, for the editor's settings.")
end

local function bad(message) return nil, context.error("params", message) end

--- Writes one connector's file, or to standard output.
local function write(cx, hub, connector, dir)
  local text, err = made.of_connector(hub, connector)
  if not text then return nil, err end
  local path = dir and ("%s/%s.lua"):format(dir, schema.identifier(connector))
  local to
  to, err = output_file.open(cx, path, "shared")
  if not to then return nil, err end
  to:line((text:gsub("\n$", "")))
  local ok
  ok, err = to:finish()
  if not ok then return nil, err end
  if path and cx.progress then cx:note("Wrote " .. path) end
  return true
end

local function make_directory(dir)
  if not dir then return true end
  local about = uv.fs_stat(dir)
  if about and about.type == "directory" then return true end
  if about then return bad(dir .. ": not a directory") end
  local ok, message = uv.fs_mkdir(dir, tonumber("755", 8))
  if not ok then return nil, message end
  return true
end

local function print_path(cx)
  local directory = made.directory()
  if not directory then return cx:fail("the definitions are not beside the library") end
  cx:print(directory)
end

--- What is wrong with the arguments; nil: nothing.
local function fault_of(options)
  local names, all, dir = options.connectors, options.all, options.output
  if not names[1] and not all then return "name a connector, like github, or --all, or --path" end
  if names[1] and all then return "--all takes no names of connectors" end
  if (names[2] or all) and not dir then return "several connectors need -o <dir>" end
  return nil
end

function types.run(cx, options)
  if options.path then return print_path(cx) end
  local fault = fault_of(options)
  if fault then return cx:fail(context.error("params", fault)) end
  local names, dir = options.connectors, options.output
  local hub, err = cx:hub()
  if not hub then return cx:fail(err) end
  local ok
  if options.all then
    names, err = hub:get_available_modules()
    if not names then return cx:fail(err) end
  end
  ok, err = make_directory(dir)
  if not ok then return cx:fail(err) end
  for _, name in ipairs(names) do
    ok, err = write(cx, hub, name, dir)
    if not ok then return cx:fail(err) end
  end
end

return types
