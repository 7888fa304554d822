--- bosa help: of the command, of a subcommand, of a connector, of an action.

local cache = require("bosa.cli.cache")
local commands = require("bosa.cli.commands")
local pager = require("bosa.cli.pager")
local parameter_words = require("bosa.cli.parameter_words")
local terminal = require("bosa.cli.terminal")
local terminal_text = require("bosa.cli.terminal_text")

local help = { summary = "Show help for a command, a connector or an action" }

help.examples = {
  "# what a connector can do, and what one of its actions takes", "bosa help github\nbosa help github list_issues",
  "# the help of a command", "bosa help auth login",
}

function help.configure(parser)
  parser:argument("topic", "A command, or a connector's name."):args("?")
  parser:argument("action", "An action of the connector, or a subcommand of the command."):args("?")
end

--- The help of a command that is named by its words, as its --help shows it; nil: there is no such command.
local function command_help(words)
  local known = #words == 0
  for _, name in ipairs(commands.names) do known = known or name == words[1] end
  local parser = known and commands.parser_of(words)
  return parser and commands.help(parser, terminal.reading_columns()) or nil
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
      words[#words + 1] = shell_word(parameter.name) .. parameter_words.sign(parameter.type) .. "..."
    end
  end
  return table.concat(words, " ")
end

--- Prints a text, wrapped at words on a terminal, and through the pager where it is long.
local function print_text(cx, text)
  local lines, width = {}, terminal.reading_columns()
  for line in (text .. "\n"):gmatch("(.-)\n") do
    local safe = terminal_text.safe(line)
    for _, part in ipairs(cx.tty and terminal_text.wrap(safe, width) or { safe }) do lines[#lines + 1] = part end
  end
  local room = pager.room(cx)
  local paged = room and #lines > room and pager.begin(cx)
  for _, line in ipairs(lines) do cx:print(line) end
  if paged then pager.finish(cx) end
end

--- The help of a connector, or of one of its actions.
local function show_topic(cx, topic, action)
  local hub, err = cx:hub(true)
  if not hub then return cx:fail(err) end
  local connector = hub:connect(topic)
  local text
  text, err = connector:help(action)
  if not text then return cx:fail(err) end
  cache.keep_name(hub, topic)
  if action then
    text = text .. "\n\n  " .. example(topic, action, connector:get_action_parameters(action) or {})
  end
  print_text(cx, text)
end

function help.run(cx, options)
  local words = { options.topic, options.action }
  local text = not options.of_action and command_help(words)
  if text then return print_text(cx, text) end
  return show_topic(cx, options.topic, options.action)
end

return help
