--- What a subcommand is given: the hub, the terminal, and one way to say what went wrong.

local bosa = require("bosa")
local advice = require("bosa.cli.advice")
local core = require("bosa.core")
local loop = require("bosa.loop")
local task = require("bosa.task")
local uv = require("luv")
local config = require("bosa.cli.config")
local exit = require("bosa.cli.exit")
local interrupt = require("bosa.cli.interrupt")
local profile = require("bosa.profile")
local progress = require("bosa.cli.progress")
local stdio = require("bosa.cli.stdio")
local suggestions = require("bosa.cli.suggestions")
local terminal_text = require("bosa.cli.terminal_text")
local parameter_words = require("bosa.cli.parameter_words")

local context = {}
local codes = exit.codes

local KIND_CODES = {
  auth = codes.auth,
  params = codes.params,
  unknown_connector = codes.params,
  unknown_action = codes.params,
  file = codes.general,
  cancelled = codes.general,
  closed = codes.general,
} -- every other kind is a request that went wrong

---@class bosa.cli.Context
---@field options table the parsed arguments
---@field tty boolean standard output is a terminal
---@field color boolean colours are wanted there
---@field progress boolean standard error is a terminal
---@field bar bosa.cli.Progress? what is drawn there
---@field pager bosa.cli.Pager? what standard output goes through
---@field shows_waiting boolean? a spinner may show that the server is waited for
---@field notes string[] what is to be said once the pager is left
---@field interactive boolean somebody can be asked: standard input and error are terminals
local Context = {}
Context.__index = Context

local function is_terminal(fd) return uv.guess_handle(fd) == "tty" end

--- Colours: on a terminal that can show them, unless NO_COLOR says no.
local function wants_color(tty)
  local no = os.getenv("NO_COLOR")
  return tty and not (no and no ~= "") and os.getenv("TERM") ~= "dumb"
end

---@return bosa.cli.Context
function context.new(options)
  local tty = is_terminal(1)
  return setmetatable({
    options = options,
    tty = tty,
    color = wants_color(tty),
    interactive = is_terminal(0) and is_terminal(2),
    progress = is_terminal(2),
    cleanups = {},
    notes = {},
  }, Context)
end

---------------------------------------------------------------------------------------------------
-- output

local function written(ok, message, errno)
  if not ok then exit.with(exit.unwritten(message, errno)) end
end

--- Writes to standard output as is.
---@param text string
function Context:write(text)
  if self.bar and self.tty then self.bar:clear() end
  if self.pager then return self.pager:write(text) end
  written(stdio.write(io.stdout, text))
end

--- Ends the command where standard output is closed, before something is done whose result would be lost.
function Context.check_output()
  local ok, message = uv.fs_write(1, "", -1)
  written(ok, message and message:gsub("^%u+: ", ""))
end

--- Has what was written reach who reads it; ends the command where it can't.
function Context.flush() written(stdio.flush(io.stdout)) end

--- Writes text for people to standard output, and ends the line. Whatever a server put into it, a terminal shows it
-- and obeys none of it.
---@param text string?
function Context:print(text) self:write(terminal_text.lines(text or "", self.color) .. "\n") end

--- Writes text for people to standard error, likewise.
---@param text string
function Context:note(text)
  if self.bar then self.bar:clear() end
  self.notes[#self.notes + 1] = terminal_text.lines(text, self.color) .. "\n"
  if not self.pager then self:flush_notes() end
end

--- Says what could not be said while a pager had the terminal.
function Context:flush_notes()
  io.stdout:flush()
  io.stderr:write(table.concat(self.notes))
  self.notes = {}
end

--- Text in a style, where colours are wanted.
---@param style "bold"|"dim"|"red"|"green"|"yellow"|"cyan"
---@param text string
---@return string
function Context:paint(style, text)
  if not self.color then return text end
  local number = ({ bold = 1, dim = 2, red = 31, green = 32, yellow = 33, cyan = 36 })[style]
  return ("\27[%dm%s\27[0m"):format(number, text)
end

--- An error of the command's own.
---@param kind string
---@param message string
function context.error(kind, message) return loop.error(kind, message, "no") end

--- What went wrong, a line each where several parameters are wrong.
local function lines_of(err)
  local details = type(err) == "table" and err.kind == "params" and err.sent == "no" and err.details
  if type(details) ~= "table" or not details[2] then return { tostring(err) } end
  local name = err.connector and err.action and ("%s.%s: "):format(err.connector, err.action) or ""
  local lines = {}
  for i, detail in ipairs(details) do lines[i] = name .. tostring(detail.message) end
  local more = (tonumber(tostring(err.message):match("%(and (%d+) more%)$")) or 0) + 1 - #lines
  if more > 0 then lines[#lines + 1] = ("%sand %d more"):format(name, more) end
  return lines
end

--- Says what went wrong, on standard error.
---@param err any an error object, or text
---@return integer exit_code
function Context:fail(err)
  if type(err) == "table" and err.exit_code then return err.exit_code end
  local kind = type(err) == "table" and err.kind
  if kind == "params" and self.options.parameters then
    err = parameter_words.explain(err, self.options.parameters)
  end
  local hint = advice.of(self, err)
  if kind and self.hub_ then hint = hint .. suggestions.of(self.hub_, err) end
  for _, line in ipairs(lines_of(err)) do
    self:note("bosa: " .. terminal_text.safe((line:gsub("%s*\n%s*", "; "))) .. terminal_text.safe(hint))
  end
  if not kind then return codes.general end
  return KIND_CODES[kind] or codes.request
end

---------------------------------------------------------------------------------------------------
-- session and hub

local function set(variable)
  local value = os.getenv(variable)
  return value ~= nil and value ~= "" and value or nil
end

--- The name of the profile whose session is used, and whether it was chosen: by --profile, or by BOSA_PROFILE.
---@return string name, boolean chosen
function Context:profile()
  local name = self.options.profile or set("BOSA_PROFILE")
  return name or profile.DEFAULT, name ~= nil
end

--- The command that logs in to the profile in use, in the quotes of a message.
---@return string
function Context:login_command()
  local name = self:profile()
  return name == profile.DEFAULT and "`bosa auth login`" or ("`bosa auth login --profile %s`"):format(name)
end

--- The session of the profile, an empty one where nobody has logged in. A broken file, and a profile that was chosen
--- but isn't there (`may_be_new`: it may), is an error of kind "file".
---@param may_be_new boolean?
---@return bosa.Session? session, table? err
function Context:session(may_be_new)
  if self.session_ then return self.session_ end
  local sessions, message, exposed = config.sessions()
  if not sessions then return nil, context.error("file", message) end
  local name, chosen = self:profile()
  local session = sessions[name]
  if not session and chosen and not may_be_new then return nil, profile.unknown(name, sessions) end
  self.session_ = session or {}
  if session and exposed then
    self:note("bosa: warning: others can read " .. config.path() .. "; chmod 600 it")
  end
  return self.session_
end

--- Goes on as if there were no session file: nothing that it says counts.
function Context:forget_session() self.session_ = {} end

--- Where requests go, and with what: `{ api_url, api_key, token }`. Each comes from the options, the environment, the
-- session, in this order; a profile named by an option wins over the environment. What the session holds goes to the
-- server it is for, and to no other; beside a named profile what the environment holds for another server doesn't, too.
---@param may_be_new boolean?
---@return table? credentials, table? err
function Context:credentials(may_be_new)
  local session, err = self:session(may_be_new)
  if not session then return nil, err end
  local named = self.options.profile ~= nil
  local url = self.options.api_url or named and session.api_url or set("BOSA_API_BASE_URL") or session.api_url
  local own = profile.same_server(url, session.api_url) and session or {}
  local shares = not named or own ~= session or profile.shares_environment(url)
  local function choose(saved, variable) return named and saved or shares and set(variable) or saved end
  return {
    api_url = url,
    api_key = choose(own.api_key, "BOSA_API_KEY"),
    token = choose(own.token, "BOSA_TOKEN"),
    allow_http = self.options.allow_http or own.allow_http == true or nil,
  }
end

--- The user's token; nil: there is none.
---@return string? token, table? err
function Context:token()
  local credentials, err = self:credentials()
  if not credentials then return nil, err end
  if credentials.token then return credentials.token end
  return nil, context.error("auth", "no user token was given: run `bosa auth login`, or set BOSA_TOKEN")
end

--- What is done about the events of a hub's calls; nil: nothing.
local function listener(cx)
  local verbose = cx.options.verbose and require("bosa.cli.verbose")
  if not verbose and not cx.progress then return nil end
  return function(event)
    if verbose then cx:note(verbose.line(event)) end
    if cx.bar and event.type == "request" then cx.bar:wait() end
  end
end

--- A hub with these credentials.
---@param credentials table { api_url, api_key, token, allow_http, timeout }
---@return userdata? hub, table? err
function Context:make_hub(credentials)
  local ok, hub, err = pcall(bosa.new, {
    api_base_url = credentials.api_url,
    api_key = credentials.api_key,
    token = credentials.token,
    allow_http = credentials.allow_http,
    ca_file = self.options.ca_file,
    profile = false, -- what it says is in the credentials
    timeout = credentials.timeout,
    cache_dir = config.cache_dir(),
    int64 = rawget(_G, "jit") and "cdata" or nil, -- digits stay numbers in the JSON that is printed
    on_event = listener(self),
  })
  if not ok then
    local message = tostring(hub):match("^bad argument .-%((.*)%)$") or tostring(hub)
    return nil, context.error("params", advice.about_options(self, message, credentials))
  end
  if not hub then return nil, err end
  self:cleanup(function() hub:close() end)
  if self.shows_waiting then progress.new(self):watch(hub) end
  return hub
end

--- The hub; always the same one.
---@param anonymous boolean? what is wanted needs neither key nor token
---@return userdata? hub, table? err
function Context:hub(anonymous)
  local credentials, err = self:credentials()
  if not credentials then return nil, err end
  if not anonymous and not credentials.api_key and not credentials.token then
    return nil, context.error("auth", core.no_credentials)
  end
  if not self.hub_ then
    self.hub_, err = self:make_hub(credentials)
  end
  return self.hub_, err
end

---------------------------------------------------------------------------------------------------
-- beginning and end

--- Has `fn()` run when the command ends, also by Ctrl-C.
function Context:cleanup(fn) self.cleanups[#self.cleanups + 1] = fn end

--- Takes a function of Context:cleanup back: what it was for is over.
function Context:drop_cleanup(fn)
  for i = #self.cleanups, 1, -1 do
    if self.cleanups[i] == fn then return table.remove(self.cleanups, i) end
  end
end

--- Ends the command: what is to be tidied is, and what was printed is surely written.
---@param code integer
---@return integer code
function Context:close(code)
  for i = #self.cleanups, 1, -1 do self.cleanups[i]() end
  self.cleanups = {}
  local ok, message = pcall(function() written(stdio.flush(io.stdout)) end)
  if not ok and code == codes.ok then return message.exit_code end
  return code
end

--- Runs `fn()` as a task of luv's loop until it is done, or Ctrl-C or another signal ends it.
local function run_as_task(fn)
  local interrupted
  interrupt.listen(function(exit_code) interrupted = exit_code end)
  local work = task.spawn(fn)
  while not work:done() and not interrupted do uv.run("once") end
  interrupt.close()
  if interrupted then
    interrupt.restore()
    task.cancel(work)
    if rawget(_G, "jit") then require("jit").flush() end -- compiled code holds the closures that it ran
    collectgarbage() -- what was half written goes with what the task held
    return { exit_code = interrupted }
  end
  return loop.result(work)
end

--- Runs a subcommand: `true, code`, or `false` and what it raised.
---@param cx bosa.cli.Context
---@param module table
---@param options table
---@return boolean ok, any code_or_error
function context.guard(cx, module, options)
  cx.shows_waiting = cx.progress and not module.talks
  local function body() return { pcall(module.run, cx, options) } end
  if not module.task then
    local result = body()
    return result[1], result[2]
  end
  local result = run_as_task(body)
  if result.exit_code then return false, result end
  return result[1], result[2]
end

return context
