--- The subcommands, and the parser of their arguments.
--
-- A subcommand is a module `bosa.cli.command.<name>` that returns
--   summary    one line for the list of commands
--   configure  function(parser): adds arguments and options to the lua-argparse command
--   run        function(cx, options) -> exit code (nil: 0)
--   talks      true: it holds a conversation on its own, so nothing else is drawn on the terminal
--   task       true: it runs as a task of luv's loop, so that Ctrl-C ends its calls and what they began
-- It is loaded only when it is used or its help is asked for.

local commands = {}

--- The subcommands, in the order of the help.
commands.names = {
  "auth", "integrations", "users", "connectors", "actions", "search", "help", "run", "repl", "mcp", "types", "sandbox",
  "snapshot", "completion",
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
  parser:option("--ca-file", "Certificates of authorities to trust instead of the system's (default: $BOSA_CA_FILE, "
    .. "$SSL_CERT_FILE, $SSL_CERT_DIR, $CURL_CA_BUNDLE)."):argname("<file>")
  parser:flag("--allow-http", "Send keys over plain http to a server that is not on this machine.")
  parser:flag("-v --verbose", "Tell on standard error what is sent and what comes back.")
  parser:flag("--version", "Show the version and exit."):action(function()
    print("bosa " .. require("bosa").version)
    os.exit(0)
  end)
end

local WITH_VALUE = { ["--api-url"] = true, ["--ca-file"] = true } -- of the options above

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

--- The parser. Only the subcommand `word` is set up in full; without one all are, for the help.
---@param word string?
---@return table parser
function commands.parser(word)
  local parser = require("argparse")("bosa", "Call any service behind a BOSA server from a shell.")
    :command_target("command")
    :require_command(false)
    :help_max_width(100)
    :epilog("`bosa COMMAND --help` tells more of a command, `man bosa` of everything.")
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
  return parser
end

return commands
