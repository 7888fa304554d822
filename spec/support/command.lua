--- Runs the `bosa` command for a spec: through pipes, through a pseudo-terminal, and in a terminal to type in.

local directory = require("spec.support.directory")
local server = require("spec.support.server")

local command = {}

local SECONDS = 60 -- after which what a terminal should show is given up

local function quote(text) return "'" .. tostring(text):gsub("'", "'\\''") .. "'" end

local function quoted(words)
  local list = {}
  for i, word in ipairs(words) do list[i] = quote(word) end
  return table.concat(list, " ")
end

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function output_of(line)
  local process = assert(io.popen(line, "r"))
  local text = process:read("*a")
  process:close()
  return text
end

--- A path where nothing is, and nobody else will make anything.
command.missing = directory() .. "/missing"
os.execute("rmdir " .. command.missing:match("^(.*)/"))

---@class bosa.spec.Command
local Command = {}
Command.__index = Command

--- A command with a home directory of its own, and a server to talk to.
---@param sandbox table? as spec.support.server gives it; its address, key and token go into the environment
function command.new(sandbox)
  local dir = directory()
  local env = {
    XDG_CONFIG_HOME = dir .. "/config", XDG_CACHE_HOME = dir .. "/cache", HOME = dir, TERM = "xterm",
    LC_ALL = "C.UTF-8",
  }
  if sandbox then env.BOSA_API_BASE_URL, env.BOSA_API_KEY, env.BOSA_TOKEN = sandbox.url, sandbox.key, sandbox.token end
  return setmetatable({ dir = dir, env = env }, Command)
end

--- A sandbox server, and a command that talks to it; closing the command stops the server.
---@return bosa.spec.Command command, table sandbox
function command.start()
  local sandbox = server.start()
  local self = command.new(sandbox)
  self.sandbox = sandbox
  return self, sandbox
end

--- The words of a shell that run the command. `env`: more variables, false takes one away.
function Command:line(words, env)
  local all = {}
  for name, value in pairs(self.env) do all[name] = value end
  for name, value in pairs(env or {}) do all[name] = value end
  local unset, set = { "NO_COLOR", "COLUMNS", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER" }, {}
  for name, value in pairs(all) do
    if value then
      set[#set + 1] = name .. "=" .. value
    else
      unset[#unset + 1] = name
    end
  end
  for _, name in ipairs({ "BOSA_API_BASE_URL", "BOSA_API_KEY", "BOSA_TOKEN", "BOSA_PROFILE" }) do
    if not all[name] then unset[#unset + 1] = name end
  end
  return ("env -u %s %s %s bin/bosa %s"):format(table.concat(unset, " -u "), quoted(set), os.getenv("BOSA_LUA"),
    quoted(words))
end

--- Runs it through pipes: what it wrote to standard output and error, and its exit code.
---@param words string[]
---@param options { stdin: string?, env: table?, tail: string? }? `tail`: what follows it in the shell's line
---@return string stdout, string stderr, integer code
function Command:run(words, options)
  options = options or {}
  write_file(self.dir .. "/in", options.stdin or "")
  local line = ("cd %s && { { %s; echo $? >%s/code; } <%s/in 2>%s/err | cat; } >%s/out"):format(quote(command.top),
    self:line(words, options.env), self.dir, self.dir, self.dir, self.dir)
  if options.tail then line = line:gsub(" | cat", " " .. options.tail) end
  os.execute(line)
  return read_file(self.dir .. "/out"), read_file(self.dir .. "/err"), tonumber(read_file(self.dir .. "/code"))
end

--- Runs what goes well: its standard output.
---@param words string[]
---@param options table? as of `run`
---@return string stdout
function Command:output(words, options)
  local out, err, code = self:run(words, options)
  if err == "" and code == 0 then return out end
  return error(("bosa %s: code %d, %s"):format(table.concat(words, " "), code, err), 2)
end

--- What a terminal got, without the spinner and the number of pages while a server takes its time: they are wiped
-- away, and come or not as the machine is slow or not.
local function without_spinner(text)
  local frames = "(spinner)"
  text = text:gsub("\r\27%[K[^\r\n]* waiting for the server", frames)
  text = text:gsub("\r\27%[Kpage %d[%d of]*, %d+ items", frames)
  repeat
    local count
    text, count = text:gsub("%(spinner%)%(spinner%)", frames)
  until count == 0
  return (text:gsub("%(spinner%)\r\27%[K", ""))
end

--- Runs it on a pseudo-terminal: what the terminal got, its exit code, and all that it got, with the spinner.
---@param words string[]
---@param env table?
---@param columns integer? 100
---@return string screen, integer code
function Command:on_terminal(words, env, columns)
  write_file(self.dir .. "/line", ("stty cols %d; %s"):format(columns or 100, self:line(words, env)))
  local line = ("cd %s && script -qec '. %s/line' /dev/null </dev/null >%s/out; echo $? >%s/code"):format(
    quote(command.top), self.dir, self.dir, self.dir)
  os.execute(line)
  local all = read_file(self.dir .. "/out"):gsub("\r\n", "\n")
  return without_spinner(all), tonumber(read_file(self.dir .. "/code")), all
end

--- Runs lines of a shell as somebody types them, with `bosa` on the path, in the command's own directory: what they
-- wrote, to standard error too, and their exit code.
---@param text string
---@param options { stdin: string?, env: table? }? as of `run`
---@return string output, integer code
function Command:shell(text, options)
  options = options or {}
  write_file(self.dir .. "/block", text .. "\n")
  write_file(self.dir .. "/in", options.stdin or "")
  write_file(self.dir .. "/bosa", ("#!/bin/sh\nexec %s %s/bin/bosa \"$@\"\n"):format(os.getenv("BOSA_LUA"),
    quote(command.top)))
  local words = { ("cd %s && chmod 755 bosa && env PATH=%s:\"$PATH\""):format(self.dir, self.dir) }
  for _, variables in ipairs({ self.env, options.env or {} }) do
    for name, value in pairs(variables) do words[#words + 1] = name .. "=" .. quote(value) end
  end
  words[#words + 1] = "timeout 60 bash -euo pipefail block <in 2>&1; echo exit $?"
  local output, code = output_of(table.concat(words, " ")):match("^(.*)exit (%d+)\n$")
  return output, tonumber(code)
end

--- Takes its server away.
function Command:stop_server()
  if self.sandbox then self.sandbox.stop() end
  self.sandbox = nil
end

function Command:close()
  self:stop_server()
  os.execute("rm -rf " .. quote(self.dir))
end

---------------------------------------------------------------------------------------------------
-- a terminal to type in

---@class bosa.spec.Terminal
local Terminal = {}
Terminal.__index = Terminal

local terminals = 0

--- Opens a terminal (tmux's) in which a shell's line runs.
---@param line string
---@param columns integer? 120
---@param lines integer? 40
function Command:terminal(line, columns, lines)
  terminals = terminals + 1 -- a socket of its own: the server of the one before may be about to end
  local self_ = setmetatable({ socket = self.dir .. "/tmux" .. terminals }, Terminal)
  write_file(self.dir .. "/session", "trap : INT\ncd " .. quote(command.top) .. "\n" .. line .. "\n")
  os.execute(("env -u TMUX tmux -u -S %s -f /dev/null new-session -d -x %d -y %d 'sh %s/session; exec cat'"):format(
    self_.socket, columns or 120, lines or 40, self.dir))
  return self_
end

local function tmux(self, words) return output_of(("tmux -u -S %s %s"):format(self.socket, words)) end

--- Types keys; `literal`: as they stand.
function Terminal:type(keys) tmux(self, "send-keys -l " .. quote(keys)) end

--- Presses a key by tmux's name of it: Enter, C-c, Tab.
function Terminal:press(key) tmux(self, "send-keys " .. key) end

--- Pastes a text, as a terminal does: as one piece, where the program has asked for that.
function Terminal:paste(text)
  local path = self.socket .. ".paste"
  write_file(path, text)
  tmux(self, "load-buffer " .. quote(path))
  tmux(self, "paste-buffer -p")
end

--- What the screen shows.
function Terminal:screen() return tmux(self, "capture-pane -p -S -200") end

--- Waits until the screen shows a pattern; the screen then.
function Terminal:wait_for(pattern)
  local deadline = os.time() + SECONDS
  while os.time() <= deadline do
    local screen = self:screen()
    if screen:find(pattern) then return screen end
    os.execute("sleep 0.05") -- between two looks
  end
  error("the terminal never showed " .. pattern .. ", but:\n" .. self:screen(), 2)
end

--- Presses a key again and again until the screen shows a pattern: who is still starting may not heed the first.
function Terminal:press_until(key, pattern)
  local deadline = os.time() + SECONDS
  repeat
    self:press(key)
    for _ = 1, 20 do
      local screen = self:screen()
      if screen:find(pattern) then return screen end
      os.execute("sleep 0.05") -- between two looks
    end
  until os.time() > deadline
  return self:wait_for(pattern)
end

function Terminal:close() tmux(self, "kill-server 2>/dev/null") end

--- The lines of a text, each without its end.
function command.lines(text)
  local list = {}
  for line in text:gmatch("([^\n]*)\n") do list[#list + 1] = line end
  return list
end

--- Words, and more of them after those.
function command.with(words, ...)
  local all = {}
  for i, word in ipairs(words) do all[i] = word end
  for _, word in ipairs({ ... }) do all[#all + 1] = word end
  return all
end

command.quote = quote
command.output_of = output_of
command.read_file = read_file
command.write_file = write_file
command.top = output_of("pwd"):match("[^\n]+")

return command
