--- Completion of :Bosa's arguments. It looks at what is known already; the server is asked only for what neither memory
-- nor the cache has, and for a moment: what comes later is there at the next <Tab>.

local bosa = require("bosa")
local cache = require("bosa.cli.cache")
local candidates = require("bosa.candidates")
local core = require("bosa.core")
local hubs = require("bosa.editor.hub")
local parameter_words = require("bosa.cli.parameter_words")
local safe = require("bosa.cli.terminal_text").safe
local words = require("bosa.editor.words")

local vim = rawget(_G, "vim")
local complete = {}

local PATIENCE = 1 -- seconds that a <Tab> waits for a server
local PAUSE = 10 -- seconds after which it asks again a server that didn't answer

local asked = {} -- what was asked for -> { task =, at = }

--- Runs `fn()` as a task, and waits for it no longer than a <Tab> may take. It goes on after that.
local function briefly(what, fn)
  local before = asked[what]
  if before and not before.task:done() then return before.task:wait(PATIENCE) end
  if before and core.now() - before.at < PAUSE then return end
  local task = bosa.async(fn)
  asked[what] = { task = task, at = core.now() }
  task:wait(PATIENCE)
end

--- Names that a command line can hold: they are a server's.
local function plain(names)
  local list = {}
  for _, name in ipairs(names) do
    if not name:find("[%s|\"'\\]") and safe(name) == name then list[#list + 1] = name end
  end
  return list
end

local function connectors(hub)
  local names = cache.names(hub)
  if names[1] then return names end
  briefly("connectors", function()
    names = hub:get_available_modules() or {}
    if names[1] then cache.keep_names(hub, names) end
  end)
  return names
end

--- Whether the schemas of a connector are there.
local function load(hub, connector)
  if not hub:_has(connector) then briefly(connector, function() hub:get_connector(connector) end) end
  return hub:_has(connector)
end

local function parameters_of(hub, connector, action)
  return load(hub, connector) and candidates.parameters(hub, connector, action) or {}
end

--- Parameter names for the JSON object being typed: `{"ow` becomes `{"owner": `.
local function in_json(lead, parameters)
  local before, quoted = lead:match('^(.*[{,]%s*)"?([%w_]*)$')
  if not before then return {} end
  local list = candidates.starting_with(quoted, plain(candidates.names(parameters)))
  for i, name in ipairs(list) do list[i] = before .. '"' .. name .. '": ' end
  return list
end

--- What `name`, `name=te` and `name@pa` may become.
local function in_words(lead, parameters, given)
  local name, sign, text = lead:match("^([^=:@]+)(:?[=@])(.*)$")
  if sign == "@" then
    local list = vim.fn.getcompletion(text, "file")
    for i, path in ipairs(list) do list[i] = name .. "@" .. path end
    return list
  end
  local list = {}
  for _, parameter in ipairs(parameters) do
    if parameter.name == name then return candidates.starting_with(lead, plain(candidates.values(parameter))) end
    local again = parameter.type:find("array", 1, true) or not given[parameter.name]
    if not name and again then list[#list + 1] = parameter.name .. parameter_words.sign(parameter.type) end
  end
  return candidates.starting_with(lead, plain(list))
end

local function names_given(typed)
  local given = {}
  for i = 3, #typed do
    local name = typed[i]:match("^([^=:@]+)")
    if name then given[name] = true end
  end
  return given
end

--- What the word being typed may become.
---@param lead string what is typed of it
---@param line string the command line, up to the cursor
---@return string[]
function complete.words(lead, line)
  local hub = hubs.get()
  local arguments = line:match("%f[%a]Bosa!?%s+(.*)$")
  if not hub or not arguments then return {} end
  local json = arguments:match("^%S+%s+%S+%s+({.*)$")
  local typed = words.split(json and arguments:match("^%S+%s+%S+") or arguments:sub(1, #arguments - #lead)) or {}
  if json then
    local own = json:sub(1, #json - #lead)
    local list = in_json(own .. lead, parameters_of(hub, typed[1], typed[2]))
    for i, text in ipairs(list) do list[i] = text:sub(#own + 1) end
    return list
  end
  if #typed == 0 then return candidates.starting_with(lead, plain(connectors(hub))) end
  if #typed == 1 then
    local list = load(hub, typed[1]) and candidates.actions(hub, typed[1]) or {}
    return candidates.starting_with(lead, plain(candidates.names(list)))
  end
  return in_words(lead, parameters_of(hub, typed[1], typed[2]), names_given(typed))
end

return complete
