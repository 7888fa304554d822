--- bosa sandbox: runs the sandbox server, alone or for a command.

local uv = require("luv")
local context = require("bosa.cli.context")
local numbers = require("bosa.cli.numbers")
local terminal_text = require("bosa.cli.terminal_text")

local sandbox = { summary = "Run a sandbox server to try things on" }

sandbox.examples = {
  "# one command with a server of its own", "bosa sandbox -- bosa run github list_issues owner=lua repo=lua",
  "# a server for other shells, until Ctrl-C", "bosa sandbox --port 8080",
}

local NONE = "no sandbox server: bosa-sandbox is neither beside this command nor in PATH, and $BOSA_SANDBOX names none"
-- what the server's program calls them; the last two are the names before
local DIALECTS = { current = "current", legacy = "legacy", both = "both", today = "current", seed = "legacy" }

local function a_dialect(text) return DIALECTS[text], "--dialect: current, legacy or both expected" end

function sandbox.configure(parser)
  parser:description("Runs a sandbox server and prints what to export in a shell. With a command, runs that with "
    .. "the server's address and credentials in the environment, and exits as the command does.")
  parser:argument("words", "A command to run, after --."):args("*"):argname("<command>")
  parser:option("--port", "Port to listen on (any free one)."):argname("<n>")
    :convert(numbers.whole("--port", 0, 65535))
  parser:option("--seed", "Seed of the made-up data."):argname("<n>"):convert(numbers.digits("--seed"))
  parser:option("--delay", "Milliseconds before every response to an action."):argname("<ms>")
    :convert(numbers.whole("--delay", 0, 3600000))
  parser:option("--dialect", "Names of the endpoints: current, legacy or both."):argname("<name>"):convert(a_dialect)
end

local function can_run(path) return path ~= nil and uv.fs_access(path, "X") and path or nil end

--- The server's program; nil: there is none.
local function program()
  local named = os.getenv("BOSA_SANDBOX")
  if named and named ~= "" then return can_run(named) end
  local script = uv.fs_realpath(arg and arg[0] or "")
  local beside = script and script:match("^(.*)/[^/]*$")
  local found = beside and (can_run(beside .. "/bosa-sandbox") or can_run(beside .. "/../build/bin/bosa-sandbox"))
  if found then return found end
  for dir in (os.getenv("PATH") or ""):gmatch("[^:]+") do
    if can_run(dir .. "/bosa-sandbox") then return dir .. "/bosa-sandbox" end
  end
  return nil
end

local function arguments(options)
  local list = { "--until-eof" }
  for _, name in ipairs({ "port", "seed", "delay", "dialect" }) do
    if options[name] then
      list[#list + 1] = "--" .. name
      list[#list + 1] = tostring(options[name])
    end
  end
  if options.verbose then list[#list + 1] = "--verbose" end
  return list
end

--- A running server. It ends when its standard input closes, so also when this process dies.
---@class bosa.cli.Server
---@field url string?
---@field key string?
---@field token string?
---@field user string?
---@field secret string?
---@field code integer? its exit code, once it has ended

--- Notes what a line of the server says of how to reach it.
local function read_line(server, line)
  server.url = server.url or line:match("^listening on (%S+)$")
  server.key = server.key or line:match("^api key (%S+)$")
  server.token = server.token or line:match("^token (%S+)$")
  local user, secret = line:match("^user (%S+) (%S+)$")
  if user and not server.user then server.user, server.secret = user, secret end
end

--- Starts the server: nil and a message when it can't be. Beside a command it gets no Ctrl-C, which is the command's.
local function start(path, options)
  local server = { stdin = uv.new_pipe(false), stdout = uv.new_pipe(false) }
  local handle, message = uv.spawn(path, {
    args = arguments(options), stdio = { server.stdin, server.stdout, 2 }, detached = #options.words > 0,
  }, function(code, signal) server.code = signal > 0 and 128 + signal or code end)
  if not handle then return nil, message end
  server.handle = handle
  local text = ""
  server.stdout:read_start(function(_, bytes)
    text = text .. (bytes or "")
    for line in text:gmatch("(.-)\n") do read_line(server, line) end
    text = text:match("[^\n]*$")
  end)
  while not server.code and not (server.url and server.key and server.token and server.user) do uv.run("once") end
  if server.code then return nil, "the sandbox server did not start" end
  return server
end

local function stop(server)
  server.stdin:close()
  while not server.code do uv.run("once") end
  server.stdout:close()
  server.handle:close()
end

--- One word for a shell.
local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function show(cx, server)
  cx:print("export BOSA_API_BASE_URL=" .. quote(server.url))
  cx:print("export BOSA_API_KEY=" .. quote(server.key))
  cx:print("export BOSA_TOKEN=" .. quote(server.token))
  cx:print(("# user %s, secret %s"):format(terminal_text.safe(server.user), terminal_text.safe(server.secret)))
  io.stdout:flush()
  if cx.interactive then cx:note("The server runs until Ctrl-C. Paste the lines above into another shell.") end
  while not server.code do uv.run("once") end
  return server.code
end

local function environment(server)
  local list = {}
  for name, value in pairs(uv.os_environ()) do
    local own = name:find("^BOSA_API_") or name == "BOSA_TOKEN" or name == "BOSA_PROFILE"
    if not own then list[#list + 1] = name .. "=" .. value end
  end
  list[#list + 1] = "BOSA_API_BASE_URL=" .. server.url
  list[#list + 1] = "BOSA_API_KEY=" .. server.key
  list[#list + 1] = "BOSA_TOKEN=" .. server.token
  return list
end

--- Runs the command; the code it ends with. What Ctrl-C means is for the command to say.
local function run_command(cx, server, words)
  local ended
  local watcher = uv.new_signal()
  watcher:start("sigint", function() end)
  cx:cleanup(function() watcher:close() end)
  local handle, message = uv.spawn(words[1], {
    args = { (table.unpack or unpack)(words, 2) }, env = environment(server), stdio = { 0, 1, 2 },
  }, function(code, signal) ended = signal > 0 and 128 + signal or code end)
  if not handle then return cx:fail(context.error("params", ("%s: %s"):format(words[1], message))) end
  while not ended do uv.run("once") end
  handle:close()
  return ended
end

function sandbox.run(cx, options)
  local path = program()
  if not path then return cx:fail(NONE) end
  local server, message = start(path, options)
  if not server then return cx:fail(message) end
  if #options.words == 0 then return show(cx, server) end
  local code = run_command(cx, server, options.words)
  stop(server)
  return code
end

return sandbox
