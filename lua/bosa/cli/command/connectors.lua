--- bosa connectors: the names of all connectors of the server.

local bosa = require("bosa")
local cache = require("bosa.cli.cache")
local output = require("bosa.cli.output")

local connectors = { summary = "List the connectors of the server" }

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
  if options.json then return output.json(cx, bosa.array(names)) end
  for _, name in ipairs(names) do cx:print(output.safe(name)) end
end

return connectors
