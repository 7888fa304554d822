--- bosa __complete -- WORD...: what the last word may become, a line each: the word, a tab, a description.
-- A line of one colon stands for file names. It reads the cache and asks no server.

local cache = require("bosa.cli.cache")
local candidates = require("bosa.candidates")
local commands = require("bosa.cli.commands")
local exit = require("bosa.cli.exit")
local config = require("bosa.cli.config")
local parameter_words = require("bosa.cli.parameter_words")
local profile = require("bosa.profile")
local response_fields = require("bosa.cli.response_fields")
local terminal_text = require("bosa.cli.terminal_text")

local complete = {}

local FILES = { { ":" } }
local FILE_OPTIONS = {
  ["--output"] = true, ["-o"] = true, ["--input"] = true, ["--config"] = true, ["--diff"] = true, ["--ca-file"] = true,
  ["--dir"] = true,
  ["--state"] = true,
}

---------------------------------------------------------------------------------------------------
-- what the cache knows

local hub

--- The hub of the cache, for the server that the command would ask.
local function cached_hub()
  if hub == nil then
    local variable = os.getenv("BOSA_PROFILE")
    local named = complete.profile or variable ~= "" and variable or profile.DEFAULT
    local session = (config.sessions() or {})[named] or {}
    local url = os.getenv("BOSA_API_BASE_URL")
    if url == "" then url = nil end
    hub = cache.hub(complete.api_url or complete.profile and session.api_url or url or session.api_url) or false
  end
  return hub
end

local function connectors()
  local list = {}
  for i, name in ipairs(cached_hub() and cache.names(hub) or {}) do list[i] = { name } end
  return list
end

local function profiles()
  local list = {}
  for i, name in ipairs(profile.names(config.sessions() or {})) do list[i] = { name } end
  return list
end

local function actions(connector)
  local list = {}
  for i, action in ipairs(cached_hub() and candidates.actions(hub, connector) or {}) do
    list[i] = { action.name, action.description }
  end
  return list
end

local function values_of(parameter)
  local list = candidates.values(parameter)
  for i, word in ipairs(list) do list[i] = { word } end
  return list
end

local function is_given(words, name)
  for i = 1, #words - 1 do
    if words[i]:match("^[^=:@]+") == name and words[i]:find("[=@]") then return true end
  end
  return false
end

--- name=, name:= and name@ of an action; behind `=` the values that are allowed, behind `@` files.
local function parameters(connector, action, words)
  local current = words[#words]
  if current:find("^[^=:@]+@") then return FILES end
  local list = {}
  for _, parameter in ipairs(cached_hub() and candidates.parameters(hub, connector, action) or {}) do
    if current:sub(1, #parameter.name + 1) == parameter.name .. "=" then return values_of(parameter) end
    local repeats = parameter.type:find("array of", 1, true)
    if repeats or not is_given(words, parameter.name) then
      local note = parameter.type .. (parameter.required and ", required" or "")
      list[#list + 1] = { parameter.name .. parameter_words.sign(parameter.type), note }
    end
  end
  return list
end

--- A connector, one of its actions, and the action's parameters.
local function call(words)
  if #words == 1 then return connectors() end
  if #words == 2 then return actions(words[1]) end
  return parameters(words[1], words[2], words)
end

--- The fields of an action's responses, behind those of a list like "number,user." that are typed already.
local function fields(connector, action, typed)
  if not action or not cached_hub() or not candidates.actions(hub, connector)[1] then return {} end
  local before, current = typed:match("^(.*,)([^,]*)$")
  before, current = before or "", current or typed
  local parent = current:match("^(.*%.)") or ""
  local list = {}
  for i, name in ipairs(response_fields.of(hub, connector, action)(parent)) do
    list[i] = { before .. parent .. name }
  end
  return list
end

--- What stands at the place of the last of a subcommand's words, its options left out.
local positions = {
  help = function(words)
    if #words == 2 then return actions(words[1]) end
    local list = #words == 1 and connectors() or {}
    for _, name in ipairs(#words == 1 and commands.names or {}) do
      if commands.find(name) then list[#list + 1] = { name, commands.find(name).summary } end
    end
    return list
  end,
  run = call,
  watch = call,
  actions = function(words) return #words == 1 and connectors() or {} end,
  integrations = function(words, verb)
    local several = verb == "add" or verb == "renew"
    return (several or #words == 1) and connectors() or {}
  end,
  repl = connectors,
  snapshot = connectors,
  mcp = connectors,
  types = connectors,
}

---------------------------------------------------------------------------------------------------
-- commands and options

--- The fields of a lua-argparse element are its own affair: one that isn't there is left out.
local function add_options(list, parser)
  for _, option in ipairs(parser._options or {}) do
    for _, alias in ipairs(option._aliases or {}) do
      if not list[alias] then
        list[alias] = { alias, option._description, takes = (option._maxargs or 0) > 0,
          choices = option._choices }
        list[#list + 1] = list[alias]
      end
    end
  end
  return list
end

local function commands_of(parser)
  local list = {}
  for _, command in ipairs(parser._commands or {}) do
    list[#list + 1] = { command._name, command._summary or command._description, parser = command }
  end
  return list
end

local function find(list, name)
  for _, entry in ipairs(list) do
    if entry[1] == name then return entry end
  end
  return nil
end

--- Goes through the words before the last: the parser that is in force there, the options it knows, the words that are
-- no options, commands left out, and the option whose argument the last word is.
local function walk(parser, words)
  local options, plain, pending, literal = add_options({}, parser), {}, nil, false
  for i = 1, #words - 1 do
    local word = words[i]
    if pending then
      if pending == "--api-url" then complete.api_url = word end
      if pending == "--profile" then complete.profile = word end
      pending = nil
    elseif word == "--" then
      literal = true
    elseif not literal and word:sub(1, 1) == "-" then
      pending = options[word] and options[word].takes and word or nil
    else
      local command = #plain == 0 and find(commands_of(parser), word)
      if command then
        parser = command.parser
        add_options(options, parser)
      else
        plain[#plain + 1] = word
      end
    end
  end
  plain[#plain + 1] = words[#words]
  return parser, options, plain, pending
end

--- A description, cut to its first sentence.
local function short(text)
  text = terminal_text.safe(text or ""):gsub("\t", " ")
  return (text:match("^(.-)[.;]%s") or text):gsub("[.;]$", "")
end

--- What the argument of an option may become.
local function argument_of(option, name, plain)
  if option[1] == "--profile" then return profiles() end
  if option[1] == "--fields" and positions[name] == call then return fields(plain[1], plain[2], plain[#plain]) end
  local list = {}
  for i, choice in ipairs(option.choices or {}) do list[i] = { choice } end
  return FILE_OPTIONS[option[1]] and FILES or list
end

--- What the last word may become: `{ {word, description} ... }`.
---@param words string[] those behind `bosa`, the last one as far as it is typed
---@return table[]
function complete.list(words)
  local name = commands.word_of({ (table.unpack or unpack)(words, 1, #words - 1) })
  local parser, options, plain, pending = walk(commands.parser(name), words)
  local current = words[#words]
  if pending then return argument_of(options[pending], name, plain) end
  if current:sub(1, 1) == "-" then return options end
  local nested = commands_of(parser)
  if #nested > 0 then return #plain == 1 and nested or {} end
  local position = positions[name] or (commands.find(name) or {}).complete
  return position and position(plain, parser._name) or {}
end

--- Whether a candidate may be offered as `word`. Those that no word can hold as they are would become others: the names
-- are a server's. The sign of file names is only ours.
local function is_offered(entry, word)
  if entry == FILES[1] then return true end
  return entry[1] ~= ":" and entry[1]:sub(1, #word) == word and terminal_text.safe(entry[1]) == entry[1]
end

--- Runs `bosa __complete -- WORD...`.
---@param args string[]
---@return integer exit_code
function complete.main(args)
  local words = {}
  for i = 3, #args do words[i - 2] = args[i] end
  if #words == 0 then words[1] = "" end
  local current, lines = words[#words], {}
  for _, entry in ipairs(complete.list(words)) do
    if is_offered(entry, current) then lines[#lines + 1] = entry[1] .. (entry[2] and "\t" .. short(entry[2]) or "") end
  end
  if not lines[1] then return exit.codes.ok end
  return exit.print(table.concat(lines, "\n"), exit.codes.ok)
end

return complete
