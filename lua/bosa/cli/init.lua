--- The `bosa` command: finds the subcommand, reads the arguments, runs it, and turns what went wrong into one line
-- and an exit code.

local commands = require("bosa.cli.commands")
local descriptors = require("bosa.descriptors")
local exit = require("bosa.cli.exit")

local cli = {}

local TAKE_PARAMETERS = { run = true, watch = true }
local DESCRIPTORS = 8 -- that are free when the command begins: libuv's, and one to read modules
local LIBRARIES = { argparse = "lua-argparse (luarocks: argparse)", luv = "lua-luv (luarocks: luv)" }

--- What the command needs and hasn't, as one line, libraries besides bosa among it; nil: all is there.
local function missing()
  if descriptors.lack(DESCRIPTORS) then
    return ("the command needs %d more open files than it may have: raise their limit (ulimit -n)"):format(DESCRIPTORS)
  end
  local list = {}
  for _, name in ipairs({ "argparse", "luv" }) do
    local ok, err = pcall(require, name)
    if not ok and exit.is_interrupt(err) then error(err, 0) end -- Ctrl-C, meanwhile
    if not ok then list[#list + 1] = LIBRARIES[name] end
  end
  if #list == 0 then return nil end
  return "the command needs " .. table.concat(list, " and ") .. ": install with apt or luarocks"
end

--- The argument after a word, where it may be an action's name.
local function follower(args, word)
  for i, argument in ipairs(args) do
    local after = argument == word and args[i + 1]
    if after then return after:match("^[%w_.-]+$") and after:sub(1, 1) ~= "-" and after or nil end
  end
  return nil
end

--- The command that the first words name, as far as they name one: "bosa", "bosa auth", "bosa auth login".
local function command_of(args, word)
  local words = { word }
  if not word or not commands.parser_of(words) then return "bosa" end
  for i, argument in ipairs(args) do
    if argument == word and args[i + 1] and commands.parser_of({ word, args[i + 1] }) then words[2] = args[i + 1] end
  end
  return "bosa " .. table.concat(words, " ")
end

--- The names of the commands within a command.
local function names_within(word)
  local names = {}
  for _, command in ipairs(commands.parser_of({ word })._commands) do names[#names + 1] = command._name end
  return names
end

--- A message of lua-argparse as one line, with what may be done. A parameter that is written as an option is what
-- other commands teach.
local function in_words(word, message, args)
  local line = message:gsub("%s*\n%s*", "; "):gsub("; Did you mean", "; did you mean")
  local option = TAKE_PARAMETERS[word] and line:match("^unknown option '%-%-([^']+)'$")
  if TAKE_PARAMETERS[word] and line == "missing argument 'action'" then
    line = line .. "; `bosa actions CONNECTOR` lists them"
  end
  local unknown = line:match("^unknown command '([^']+)'$")
  local after = unknown and follower(args, unknown)
  if after then line = ("%s; to run an action: `bosa run %s %s`"):format(line, unknown, after) end
  if line == "a command is required" then line = line .. ": " .. table.concat(names_within(word), ", ") end
  if unknown == "version" then line = line .. "; did you mean `bosa --version`?" end
  if option then line = ("%s; a parameter of the action is written without dashes: %s=..."):format(line, option) end
  return line
end

--- What is wrong with the arguments, as one line, and its exit code.
local function bad_arguments(word, message, args)
  local codes = exit.codes
  local name = command_of(args, word)
  local line = require("bosa.cli.terminal_text").safe(in_words(word, message, args))
  io.stderr:write(("%s: %s (see `%s --help`)\n"):format(name, line, name))
  local is_command = message:find("^unknown command") or message == "a command is required"
  return is_command and codes.subcommand or codes.params
end

--- Runs a subcommand; what it raises becomes a line and a code.
local function run(module, options)
  local context = require("bosa.cli.context")
  local cx = context.new(options)
  local ok, result = context.guard(cx, module, options)
  if not ok then result = exit.is_interrupt(result) and exit.codes.interrupted or cx:fail(result) end
  return cx:close(result or exit.codes.ok)
end

--- Shows a command's help, or what it is about by the arguments so far; and ends.
local function show_help(word)
  return function(parser, result)
    local module = word and commands.find(word)
    local topic = module and module.topic and module.topic(result)
    if topic then os.exit(run(commands.find("help"), topic)) end
    os.exit(exit.print(commands.help(parser, require("bosa.cli.terminal").reading_columns()), exit.codes.ok))
  end
end

--- The arguments with a number below 0 as the value of the option before it: lua-argparse takes it for an option.
local function with_negative(args)
  local joined = {}
  for i, argument in ipairs(args) do
    local before = args[i - 1]
    if argument:find("^%-%.?%d") and before and before:find("^%-%-%w[%w-]*$") then
      joined[#joined] = before .. "=" .. argument
    else
      joined[#joined + 1] = argument
    end
  end
  return joined
end

--- Reads the arguments: true and the options, or false and what is wrong with them.
local function parse(word, args)
  local ok, options = commands.parser(word, show_help(word)):pparse(args)
  if ok or not options:find("^unknown option '%-[%d.]'") then return ok, options end
  local _, message = commands.parser(word, show_help(word)):pparse(with_negative(args))
  local says_more = type(message) == "string" and message:find("^%-%-[%w-]+: ")
  return false, says_more and message or options
end

local function main(args)
  require("bosa.cli.interrupt").restore()
  local word = commands.word_of(args)
  if word == "__complete" then return require("bosa.cli.complete").main(args) end
  local ok, options = parse(word, args)
  if not ok then return bad_arguments(word, options, args) end
  if not options.command then
    return exit.print(commands.help(commands.parser(), require("bosa.cli.terminal").reading_columns()),
      exit.codes.subcommand)
  end
  local module = commands.find(options.command)
  if not module then return bad_arguments(nil, "unknown command '" .. options.command .. "'", args) end
  return run(module, options)
end

--- Runs the command. What is wrong with its installation, or with itself, is one line, too; with BOSA_DEBUG=1 a trace.
---@param args string[]
---@return integer exit_code
function cli.main(args)
  local lack = missing()
  if lack then
    io.stderr:write("bosa: ", lack, "\n")
    return exit.codes.general
  end
  if os.getenv("BOSA_DEBUG") == "1" then return main(args) end
  local ok, result = pcall(main, args)
  if ok then return result end
  if exit.is_interrupt(result) then return exit.codes.interrupted end
  local line = tostring(result):gsub("%s*\n.*", ""):gsub("^bosa: ", "")
  io.stderr:write("bosa: ", require("bosa.cli.terminal_text").safe(line), "\n")
  return exit.codes.general
end

return cli
