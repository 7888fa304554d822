--- The `bosa` command: finds the subcommand, reads the arguments, runs it, and turns what went wrong into one line
-- and an exit code.
--
-- A subcommand is a module `bosa.cli.command.<name>` that returns
--   summary    one line for the list of commands
--   configure  function(parser): adds arguments and options to the lua-argparse command
--   run        function(cx, options) -> exit code (nil: 0)
--   task       true: it runs as a task of luv's loop, so that Ctrl-C ends its calls and what they began
-- It is loaded only when it is used or its help is asked for.

local cli = {}

--- The subcommands, in the order of the help.
cli.names = {
  "auth", "integrations", "users", "connectors", "actions", "help", "run", "repl", "mcp", "types", "sandbox",
  "snapshot", "completion",
}

--- Exit codes.
cli.codes = { ok = 0, general = 1, auth = 2, subcommand = 3, params = 4, request = 5, interrupted = 130, pipe = 141 }

local LIBRARIES = { argparse = "lua-argparse (luarocks: argparse)", luv = "lua-luv (luarocks: luv)" }

--- The libraries that the command needs besides bosa, as one line; nil: all are there.
local function missing()
  local list = {}
  for _, name in ipairs({ "argparse", "luv" }) do
    if not pcall(require, name) then list[#list + 1] = LIBRARIES[name] end
  end
  if #list == 0 then return nil end
  return "the command needs " .. table.concat(list, " and ") .. ": install with apt or luarocks"
end

--- The module of a subcommand; nil: there is none.
---@param name string
---@return table?
function cli.module(name)
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
  parser:flag("-v --verbose", "Tell on standard error what is sent and what comes back.")
  parser:flag("--version", "Show the version and exit."):action(function()
    print("bosa " .. require("bosa").version)
    os.exit(0)
  end)
end

--- The first word of the arguments that is no option.
---@param args string[]
---@return string?
function cli.command_word(args)
  local i = 1
  while args[i] do
    if args[i] == "--api-url" then
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
function cli.parser(word)
  local parser = require("argparse")("bosa", "Call any service behind a BOSA server from a shell.")
    :command_target("command")
    :require_command(false)
    :help_max_width(100)
    :epilog("`bosa COMMAND --help` tells more of a command, `man bosa` of everything.")
  add_options(parser)
  for _, name in ipairs(cli.names) do
    local wanted = word == nil or word == name
    local module = wanted and cli.module(name)
    if module then
      module.configure(parser:command(name, module.summary):summary(module.summary))
    elseif not wanted then
      parser:command(name)
    end
  end
  return parser
end

--- What is wrong with the arguments, as one line, and its exit code.
local function bad_arguments(word, message)
  local code = cli.codes.params
  if message:find("^unknown command") or message == "a command is required" then code = cli.codes.subcommand end
  local known = false
  for _, name in ipairs(cli.names) do known = known or name == word end
  local name = "bosa" .. (known and " " .. word or "")
  io.stderr:write(("%s: %s (see `%s --help`)\n"):format(name, message:gsub("%s*\n%s*", "; "), name))
  return code
end

--- Runs a subcommand; what it raises becomes a line and a code.
local function run(module, options)
  local context = require("bosa.cli.context")
  local cx = context.new(options)
  local ok, result = context.guard(cx, module, options)
  if not ok then result = cx:fail(result) end
  return cx:close(result or cli.codes.ok)
end

--- Gives SIGINT its default meaning back: the interpreter's own shows a trace.
function cli.plain_interrupt()
  local signal = require("luv").new_signal()
  signal:start("sigint", function() end)
  signal:stop()
  signal:close()
end

local function main(args)
  cli.plain_interrupt()
  local word = cli.command_word(args)
  if word == "__complete" then return require("bosa.cli.complete").main(args) end
  local parser = cli.parser(word)
  local ok, options = parser:pparse(args)
  if not ok then return bad_arguments(word, options) end
  if not options.command then
    print(parser:get_help())
    return cli.codes.subcommand
  end
  local module = cli.module(options.command)
  if not module then return bad_arguments(nil, "unknown command '" .. options.command .. "'") end
  return run(module, options)
end

--- Runs the command. What is wrong with its installation, or with itself, is one line, too; with BOSA_DEBUG=1 a trace.
---@param args string[]
---@return integer exit_code
function cli.main(args)
  local lack = missing()
  if lack then
    io.stderr:write("bosa: ", lack, "\n")
    return cli.codes.general
  end
  if os.getenv("BOSA_DEBUG") == "1" then return main(args) end
  local ok, result = pcall(main, args)
  if ok then return result end
  if result == "interrupted!" then return cli.codes.interrupted end
  io.stderr:write("bosa: ", (tostring(result):gsub("%s*\n.*", "")), "\n")
  return cli.codes.general
end

return cli
