--- The `bosa` command: finds the subcommand, reads the arguments, runs it, and turns what went wrong into one line
-- and an exit code.

local commands = require("bosa.cli.commands")
local exit = require("bosa.cli.exit")

local cli = {}

local TAKE_PARAMETERS = { run = true, watch = true }
local LIBRARIES = { argparse = "lua-argparse (luarocks: argparse)", luv = "lua-luv (luarocks: luv)" }

--- The libraries that the command needs besides bosa, as one line; nil: all are there.
local function missing()
  local list = {}
  for _, name in ipairs({ "argparse", "luv" }) do
    local ok, err = pcall(require, name)
    if not ok and exit.is_interrupt(err) then error(err, 0) end -- Ctrl-C, meanwhile
    if not ok then list[#list + 1] = LIBRARIES[name] end
  end
  if #list == 0 then return nil end
  return "the command needs " .. table.concat(list, " and ") .. ": install with apt or luarocks"
end

--- A message of lua-argparse as one line, with what may be done. A parameter that is written as an option is what
-- other commands teach.
local function in_words(word, message)
  local line = message:gsub("%s*\n%s*", "; "):gsub("; Did you mean", "; did you mean")
  local option = TAKE_PARAMETERS[word] and line:match("^unknown option '%-%-([^']+)'$")
  if TAKE_PARAMETERS[word] and line == "missing argument 'action'" then
    line = line .. "; `bosa actions CONNECTOR` lists them"
  end
  if option then line = ("%s; a parameter of the action is written without dashes: %s=..."):format(line, option) end
  return line
end

--- What is wrong with the arguments, as one line, and its exit code.
local function bad_arguments(word, message)
  local code = exit.codes.params
  if message:find("^unknown command") or message == "a command is required" then code = exit.codes.subcommand end
  local known = false
  for _, name in ipairs(commands.names) do known = known or name == word end
  local name = "bosa" .. (known and " " .. word or "")
  local line = require("bosa.cli.terminal_text").safe(in_words(word, message))
  io.stderr:write(("%s: %s (see `%s --help`)\n"):format(name, line, name))
  return code
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

local function main(args)
  require("bosa.cli.interrupt").restore()
  local word = commands.word_of(args)
  if word == "__complete" then return require("bosa.cli.complete").main(args) end
  local parser = commands.parser(word, show_help(word))
  local ok, options = parser:pparse(args)
  if not ok then return bad_arguments(word, options) end
  if not options.command then
    return exit.print(commands.help(commands.parser(), require("bosa.cli.terminal").reading_columns()),
      exit.codes.subcommand)
  end
  local module = commands.find(options.command)
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
