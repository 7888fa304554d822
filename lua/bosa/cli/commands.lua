--- The subcommands, and the parser of their arguments.
--
-- A subcommand is a module `bosa.cli.command.<name>` that returns
--   summary    one line for the list of commands
--   examples   what it is used for, and command lines: { "# purpose", "bosa ...", ... }
--   configure  function(parser): adds arguments and options to the lua-argparse command
--   run        function(cx, options) -> exit code (nil: 0)
--   topic      function(result) -> a topic of `bosa help` that --help shows in place of its own; result: what was given
--   talks      true: it holds a conversation on its own, so nothing else is drawn on the terminal
--   task       true: it runs as a task of luv's loop, so that Ctrl-C and its like end its calls and what they began
-- It is loaded only when it is used or its help is asked for.

local exit = require("bosa.cli.exit")
local terminal_text = require("bosa.cli.terminal_text")

local commands = {}

local INDENT = "   " -- of examples

--- The subcommands, in the order of the help.
commands.names = {
  "auth", "integrations", "users", "connectors", "actions", "search", "catalog", "skills", "help", "run", "watch",
  "repl", "mcp", "types", "sandbox", "snapshot", "completion",
}

commands.examples = {
  "# log in, and see what there is", "bosa auth login\nbosa connectors\nbosa search close an issue",
  "# what an action takes, and a call of it",
  "bosa run github list_issues --help\nbosa run github list_issues owner=lua repo=lua labels=bug",
  "# try it without an account", "bosa sandbox -- bosa run github list_issues owner=lua repo=lua",
}

--- The module of a subcommand; nil: there is none.
---@param name string
---@return table?
function commands.find(name)
  local path = "bosa.cli.command." .. name
  local ok, module = pcall(require, path)
  if ok then return module end
  if tostring(module):find("module '" .. path .. "' not found", 1, true) then return nil end
  error(module, 0)
end

--- Adds the options that every subcommand takes.
local function add_options(parser)
  parser:option("--api-url", "Base URL of the BOSA server (default: $BOSA_API_BASE_URL, the one logged in to, "
    .. "https://api.bosa.id)."):argname("<url>")
  parser:option("--profile", "Session of `bosa auth login` to use (default: $BOSA_PROFILE, default).")
    :argname("<name>")
  parser:option("--ca-file", "Certificates of authorities to trust instead of the system's (default: $BOSA_CA_FILE, "
    .. "$SSL_CERT_FILE, $SSL_CERT_DIR, $CURL_CA_BUNDLE)."):argname("<file>")
  parser:flag("--allow-http", "Send keys over plain http to a server that is not on this machine.")
  parser:flag("-v --verbose", "Show each request and response on standard error.")
  parser:flag("--version", "Show the version and exit."):action(function()
    os.exit(exit.print("bosa " .. require("bosa").version, exit.codes.ok))
  end)
end

local WITH_VALUE = { ["--api-url"] = true, ["--profile"] = true, ["--ca-file"] = true } -- of the options above

--- The first word of the arguments that is no option.
---@param args string[]
---@return string?
function commands.word_of(args)
  local i = 1
  while args[i] do
    if WITH_VALUE[args[i]] then
      i = i + 1
    elseif args[i]:sub(1, 1) ~= "-" then
      return args[i]
    end
    i = i + 1
  end
  return nil
end

--- Has --help of a parser, and of the commands within it, call `show(parser, result)`.
local function replace_help(parser, show)
  for _, option in ipairs(parser._options) do
    for _, alias in ipairs(option._aliases) do
      if alias == "--help" then option:action(function(result) show(parser, result) end) end
    end
  end
  for _, command in ipairs(parser._commands) do replace_help(command, show) end
end

--- The parser. Only the subcommand `word` is set up in full; without one all are, for the help.
---@param word string?
---@param show fun(parser: table, result: table)? what --help does
---@return table parser
function commands.parser(word, show)
  local parser = require("argparse")("bosa", "Call any service behind a BOSA server from a shell.")
    :command_target("command")
    :require_command(false)
    :epilog("`bosa COMMAND --help` describes a command, `man bosa` all of them.")
  add_options(parser)
  for _, name in ipairs(commands.names) do
    local wanted = word == nil or word == name
    local module = wanted and commands.find(name)
    if module then
      module.configure(parser:command(name, module.summary):summary(module.summary))
    elseif not wanted then
      parser:command(name)
    end
  end
  if show then replace_help(parser, show) end
  return parser
end

--- The examples for a command: those that have its words, else all of its subcommand.
local function examples_of(name)
  local word = name:match("^bosa (%S+)")
  local module = word and commands.find(word)
  local list = module and module.examples or not word and commands.examples or {}
  local own = {}
  for i = 1, #list, 2 do
    if (list[i + 1] .. " "):find(name .. " ", 1, true) then
      own[#own + 1], own[#own + 2] = list[i], list[i + 1]
    end
  end
  return own[1] and own or list
end

--- An example's lines, indented. A comment is wrapped; a command stays as it is to be typed.
local function indented(example, width)
  local lines = {}
  for line in (example .. "\n"):gmatch("(.-)\n") do
    local parts = line:find("^# ") and terminal_text.wrap(line, width - #INDENT) or { line }
    for i, part in ipairs(parts) do lines[#lines + 1] = INDENT .. (i > 1 and part:gsub("^ *", "# ") or part) end
  end
  return table.concat(lines, "\n")
end

--- The help of a parser, or of one of its commands, with examples.
---@param parser table
---@param width integer columns
---@return string
function commands.help(parser, width)
  parser:help_max_width(width):usage_max_width(width)
  local examples = examples_of(parser:get_usage():gsub("%s+", " "):match("^Usage: (bosa[%w%- ]*)"):gsub(" +$", ""))
  local lines = { parser:get_help() }
  if examples[1] then lines[2] = "\nExamples:" end
  for _, example in ipairs(examples) do lines[#lines + 1] = indented(example, width) end
  return table.concat(lines, "\n")
end

--- The parser of a command that is named by its words; nil: there is none.
---@param words string[]
---@param show fun(parser: table, result: table)?
---@return table?
function commands.parser_of(words, show)
  local parser = commands.parser(words[1], show)
  for _, word in ipairs(words) do
    local found
    for _, command in ipairs(parser._commands) do
      if command._name == word then found = command end
    end
    if not found then return nil end
    parser = found
  end
  return parser
end

return commands
