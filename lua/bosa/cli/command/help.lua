--- bosa help: of the command, of a subcommand, of a connector, of an action.

local cache = require("bosa.cli.cache")
local commands = require("bosa.cli.commands")
local terminal_text = require("bosa.cli.terminal_text")

local help = { summary = "Show help for a command, a connector or an action" }

function help.configure(parser)
  parser:argument("topic", "A command, or a connector's name."):args("?")
  parser:argument("action", "One of the connector's actions."):args("?")
end

--- The help of a subcommand, as its --help shows it; nil: there is no such command.
local function command_help(topic)
  for _, name in ipairs(commands.names) do
    if name == topic and commands.find(name) then
      local command = require("argparse")("bosa " .. name, commands.find(name).summary):help_max_width(100)
      commands.find(name).configure(command)
      return command:get_help()
    end
  end
  return nil
end

--- A name as a word of a command line that may be copied into a shell.
local function shell_word(name)
  if name:find("^[%w_.,:/@%%+-]+$") then return name end
  return "'" .. name:gsub("'", "'\\''") .. "'"
end

--- A command line that would run the action: its required parameters are left to be filled in.
local function example(connector, action, parameters)
  local words = { "bosa run", shell_word(connector), shell_word(action) }
  for _, parameter in ipairs(parameters) do
    if parameter.required and not parameter.name:find(".", 1, true) then
      local kind = parameter.type
      local sign = kind == "file" and "@" or (kind == "object" or kind:find("^array of object")) and ":=" or "="
      words[#words + 1] = shell_word(parameter.name) .. sign .. "..."
    end
  end
  return table.concat(words, " ")
end

local function print_lines(cx, text)
  for line in (text .. "\n"):gmatch("(.-)\n") do cx:print(terminal_text.safe(line)) end
end

function help.run(cx, options)
  local topic, action = options.topic, options.action
  if not topic then return cx:print(commands.parser():get_help()) end
  local text = not action and command_help(topic)
  if text then return cx:print(text) end
  local hub, err = cx:hub(true)
  if not hub then return cx:fail(err) end
  local connector = hub:connect(topic)
  text, err = connector:help(action)
  if not text then return cx:fail(err) end
  cache.keep_name(hub, topic)
  print_lines(cx, text)
  if not action then return end
  cx:print()
  print_lines(cx, "  " .. example(topic, action, connector:get_action_parameters(action) or {}))
end

return help
