--- bosa mcp: a server of the Model Context Protocol on standard input and output.

local bosa = require("bosa")
local uv = require("luv")
local action_words = require("bosa.cli.action_words")
local context = require("bosa.cli.context")
local exit = require("bosa.cli.exit")
local mcp_config = require("bosa.cli.mcp_config")
local stdio = require("bosa.cli.stdio")

local mcp = { summary = "Serve connectors to a language model (Model Context Protocol)", talks = true }

mcp.examples = {
  "# serve all actions of two connectors that only read", "bosa mcp --read-only github google_drive",
  "# three tools that find and call every action", "bosa mcp --search",
  "# what a program reads to start such a server", "bosa mcp --read-only --print-config claude github",
}

local PIECE = 65536 -- bytes of a file that are read at once
local LONGEST = 16 * 1024 * 1024 -- bytes of one message

local function directory(path)
  local about = uv.fs_stat(path)
  if not about then return nil, ("--files: %s: no such directory"):format(path) end
  if about.type ~= "directory" then return nil, ("--files: %s: not a directory"):format(path) end
  return path
end

--- "github=me" as { connector = "github", who = "me" }; "me" is the account of all connectors.
local function account(text)
  local connector, who = text:match("^([%w_%-]+)=(.+)$")
  return { connector = connector, who = who or text }
end

function mcp.configure(parser)
  parser:description("Serves the actions of connectors as tools of the Model Context Protocol (2026-07-28 and the four "
    .. "revisions before) on standard input and output. Programs with a language model start it; credentials come from "
    .. "`bosa auth login` or the environment.")
  parser:argument("connectors", "Connector names, like github; with --search the default is all."):args("*")
    :argname("<connector>")
  parser:flag("--search", "Offer three tools that find, describe and call actions, instead of a tool for each: the "
    .. "model has less to read.")
  parser:flag("--read-only", "Only actions whose name is clearly read-only.")
  parser:option("--only", "Only these actions, like list_* or github.get_issue; may be repeated."):argname("<action>")
    :count("*")
  parser:option("--except", "Not these actions; may be repeated."):argname("<action>"):count("*")
  parser:option("--files", "Directory for files: bosa saves files there, and the model can send files from below it. "
    .. "Without it, the model only sees short text files."):argname("<dir>"):convert(directory)
  parser:option("--account", "Connected account to use: me, or github=me for one connector; may be repeated.")
    :argname("<who>"):count("*"):convert(account)
  action_words.add_timeout(parser)
  parser:option("--print-config", "Print the configuration with which this program starts the server, or nginx "
    .. "serves it over HTTP. Serves nothing."):argname("<program>"):choices(mcp_config.programs)
end

---------------------------------------------------------------------------------------------------
-- standard input and output

--- A stream of luv's on a descriptor; nil for a file, which never makes anyone wait.
local function open(fd)
  local kind = uv.guess_handle(fd)
  if kind == "tty" then return assert(uv.new_tty(fd, fd == 0)) end
  if kind ~= "pipe" then return nil end
  local pipe = assert(uv.new_pipe(false))
  return assert(pipe:open(fd)) and pipe
end

--- A function that takes a line for standard output; `broken()` is called once it can't be written.
local function writer(session, broken)
  local stream = open(1)
  session.output = stream
  if not stream then
    return function(line)
      if not (stdio.write(io.stdout, line, "\n") and stdio.flush(io.stdout)) then broken() end
    end
  end
  return function(line)
    stream:write(line .. "\n", function(err)
      if err then broken() end
    end)
  end
end

--- Cuts what comes into lines.
---@param server bosa.mcp.Server
---@return fun(bytes: string?) take nil: the end
local function splitter(server)
  local parts, size = {}, 0 -- of the line that is not whole yet
  local function gather(bytes)
    local fitted = size <= LONGEST
    size = size + #bytes
    if size <= LONGEST then
      parts[#parts + 1] = bytes
    elseif fitted then
      server:refuse(("a message has at most %d bytes"):format(LONGEST))
      parts = {}
    end
  end
  local function finish(bytes)
    gather(bytes)
    local line = table.concat(parts)
    parts, size = {}, 0
    if line:find("%S") then server:receive(line) end
  end
  return function(bytes)
    if not bytes then return finish("") end
    local from = 1
    for at in bytes:gmatch("()\n") do
      finish(bytes:sub(from, at - 1))
      from = at + 1
    end
    if from <= #bytes then gather(bytes:sub(from)) end
  end
end

--- Has what comes in on standard input taken; `session.ended` is set at its end.
local function listen(session, take)
  session.input = open(0)
  if not session.input then
    repeat
      local text, why = io.stdin:read(PIECE)
      if why then error("standard input can't be read: " .. why, 0) end
      take(text)
    until not text
    session.ended = true
    return
  end
  session.input:read_start(function(err, bytes)
    if not session.ended and not session.code then take(not err and bytes or nil) end
    session.ended = session.ended or err ~= nil or bytes == nil
  end)
end

---------------------------------------------------------------------------------------------------
-- the session

--- Ends the session with an exit code, when it isn't ended yet.
local function stopper(session)
  return function(code) session.code = session.code or code end
end

--- Loads the connectors at once: what can't be loaded, and that nothing is left to serve, is then said before a client
-- asks.
local function load(cx, session, server)
  session.loading = bosa.async(function()
    local list, failed = server:list()
    if list[1] or next(failed) then return end
    cx:note("bosa: no tool is served: --only, --except and --read-only leave no action")
  end)
end

local function trap_signals(session, stop)
  session.signals = {}
  for name, code in pairs({ sigint = exit.codes.interrupted, sigterm = 143 }) do
    local signal = uv.new_signal()
    signal:start(name, function() stop(code) end)
    session.signals[#session.signals + 1] = signal
  end
end

local function is_over(session, server)
  if session.code then return true end
  if not session.ended or server:busy() or not session.loading:done() then return false end
  return not session.output or session.output:get_write_queue_size() == 0
end

local function close(session, server)
  server:close()
  for _, handle in ipairs(session.signals) do handle:close() end
  if session.input then session.input:close() end
  if session.output then session.output:close() end
  uv.run("nowait") -- lets the handles go
end

local function list_of(values) return values and values[1] and values or nil end

--- The account of all connectors, and those of single ones.
local function accounts_of(given)
  local all, accounts = nil, {}
  for _, one in ipairs(given or {}) do
    if one.connector then
      accounts[one.connector] = one.who
    else
      all = one.who
    end
  end
  return all, accounts
end

local function options_of(cx, hub, send)
  local options = cx.options
  local all, accounts = accounts_of(options.account)
  return {
    hub = hub, connectors = list_of(options.connectors), send = send, search = options.search,
    read_only = options.read_only or nil, only = list_of(options.only), except = list_of(options.except),
    files = options.files, account = all, accounts = accounts, timeout = options.timeout,
  }
end

function mcp.run(cx)
  if not cx.options.search and not list_of(cx.options.connectors) then
    return cx:fail(context.error("params", "name connectors to serve, or give --search"))
  end
  if cx.options.print_config then
    local text, where = mcp_config.make(cx.options.print_config, cx.options)
    cx:print(text)
    if cx.interactive then cx:note("This belongs into " .. where .. ".") end
    return exit.codes.ok
  end
  local hub, err = cx:hub()
  if not hub then return cx:fail(err) end
  local session = {}
  local stop = stopper(session)
  local server = require("bosa.mcp").new(options_of(cx, hub, writer(session, function() stop(exit.codes.pipe) end)))
  trap_signals(session, stop)
  load(cx, session, server)
  if cx.interactive then cx:note("Serving on standard input and output; Ctrl-D ends it.") end
  listen(session, splitter(server))
  while not is_over(session, server) do uv.run("once") end
  close(session, server)
  return session.code
end

return mcp
