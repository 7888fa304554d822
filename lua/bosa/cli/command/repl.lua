--- bosa repl: a Lua prompt on a hub.

local core = require("bosa.core")
local exit = require("bosa.cli.exit")
local complete = require("bosa.repl.complete")
local config = require("bosa.cli.config")
local help = require("bosa.repl.help")
local history = require("bosa.repl.history")
local names = require("bosa.repl.names")
local pager = require("bosa.cli.pager")
local terminal = require("bosa.cli.terminal")
local terminal_text = require("bosa.cli.terminal_text")
local reader = require("bosa.repl.reader")
local session = require("bosa.repl.session")

local repl = { summary = "A Lua prompt with hub, connectors and completion", talks = true }

repl.examples = {
  "# a prompt that knows github", "bosa repl github",
  "# one line of Lua", "echo 'github:list_issues{ owner = \"lua\", repo = \"lua\" }' | bosa repl",
}

function repl.configure(parser)
  parser:description("A Lua prompt: `hub` is the hub, each connector has its own name, results are shown, Tab "
    .. "completes. In a pipe, bosa runs the lines without a prompt.")
  parser:argument("connectors", "Connectors whose schemas to fetch at the start, like github."):args("*")
    :argname("<connector>")
end

--- What must not get into the history.
local function secrets_of(cx)
  local list = {}
  local credentials = cx:credentials() or {}
  for _, name in ipairs({ "api_key", "token" }) do
    if credentials[name] and credentials[name] ~= "" then list[#list + 1] = credentials[name] end
  end
  return list
end

local function history_path()
  local dir = config.state_dir()
  return dir and dir .. "/history"
end

local function greet(cx, hub)
  local lua = rawget(_G, "jit") and "LuaJIT" or _VERSION
  local text = ("%s, %s; type help, or exit"):format(lua, tostring(hub))
  cx:note(cx:paint("dim", terminal_text.safe(text)))
  local credentials = cx:credentials()
  if credentials and (credentials.api_key or credentials.token) then return end
  cx:note((core.no_credentials:gsub("^%l", string.upper)))
end

--- Fetches the schemas of connectors: true, or nil and what went wrong.
local function fetch(hub, known, connectors)
  for _, name in ipairs(connectors) do
    local ok, err = hub:get_connector(name)
    if not ok then return nil, err end
    known:add(name)
  end
  return true
end

--- Shows help, wrapped at words, and through the pager where it is longer than the screen.
local function print_help(cx, work)
  return function(text)
    local lines, width = {}, terminal.reading_columns()
    for line in (text .. "\n"):gmatch("(.-)\n") do
      local safe = terminal_text.safe(line)
      for _, part in ipairs(cx.tty and terminal_text.wrap(safe, width) or { safe }) do lines[#lines + 1] = part end
    end
    text = table.concat(lines, "\n")
    local room = work.reader.interactive and pager.room(cx)
    if room and #lines > room and pager.show(text, function(enough) work:turn_beside(enough) end) then return end
    cx:print(text)
  end
end

--- Reads and runs everything; the error that ends the prompt before its time, if there is one.
local function talk(cx, known)
  local work = session.new(cx, known, history.new(history_path(), secrets_of(cx)))
  known.env.help = help.new(known, print_help(cx, work))
  local words = complete.new(known)
  work:begin()
  local lines = reader.new({
    turn = function(enough) return work:turn(enough) end,
    interrupted = function() return work:interrupted() end,
    complete = function(text) return words:at(text) end,
  })
  if lines.interactive then greet(cx, known.first) end
  local ok, err = pcall(work.loop, work, lines)
  lines:close()
  work:finish()
  if not ok then error(err, 0) end
  return not lines.interactive and work.failed and exit.codes.general or exit.codes.ok
end

function repl.run(cx, options)
  local hub, err = cx:hub(true)
  if not hub then return cx:fail(err) end
  local known = names.new(hub)
  local ok
  ok, err = fetch(hub, known, options.connectors)
  if not ok then return cx:fail(err) end
  names.install()
  return talk(cx, known)
end

return repl
