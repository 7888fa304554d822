--- bosa connectors: the names of all connectors of the server.

local bosa = require("bosa")
local cache = require("bosa.cli.cache")
local print_json = require("bosa.cli.json")
local terminal_text = require("bosa.cli.terminal_text")

local connectors = { summary = "List the connectors of the server" }

connectors.examples = {
  "# what the server has", "bosa connectors",
}

function connectors.configure(parser)
  parser:flag("--json", "A JSON list instead of lines.")
end

function connectors.run(cx, options)
  local hub, err = cx:hub(true)
  if not hub then return cx:fail(err) end
  local names
  names, err = hub:get_available_modules()
  if not names then return cx:fail(err) end
  cache.keep_names(hub, names)
  if options.json then return print_json(cx, bosa.array(names)) end
  if not names[1] then return cx:note("the server has no connectors") end
  for _, name in ipairs(names) do cx:print(terminal_text.safe(name)) end
end

return connectors
