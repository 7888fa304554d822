--- bosa: call any service behind a BOSA server.
--
-- The objects are userdata of the core; what may wait is written here in Lua, since only Lua can yield.

if rawget(_G, "vim") then require("bosa.editor.built").find() end

local core = require("bosa.load_core")
if core.module() then return core.module() end -- it was cleared out of package.loaded, and is required again

local catalog = require("bosa.catalog")
local describe = require("bosa.describe")
local filter = require("bosa.filter")
local hooks = require("bosa.hooks")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local paging = require("bosa.paging")
local run = require("bosa.run")
local server = require("bosa.server")
local skills = require("bosa.skills")
local snapshot = require("bosa.snapshot")
local task = require("bosa.task")
local trace = require("bosa.trace")
local tunnel = require("bosa.host.tunnel")

local check_type, check_name, check_self = misuse.check_type, misuse.check_name, misuse.check_self

loop.add_host(require("bosa.host.nginx"))
loop.add_host(require("bosa.host.cqueues"))
loop.add_host(require("bosa.host.uv"))

local UNVERIFIED = "TLS certificates are not checked (verify = false): "
  .. "anyone between you and the server can read and change everything, the key and the token too"
local told_unverified = false

--- Says of a hub that is being made that it trusts anyone: to its on_event, and once where messages go.
local function tell_unverified(hub)
  local on_event = hub:_kept("on_event")
  if on_event then loop.guarded(on_event, { type = "warning", kind = "tls", message = UNVERIFIED }) end
  if told_unverified then return end
  told_unverified = true
  loop.host().report(UNVERIFIED)
end

-- Loaded when they are first needed, as most programs need few of them. In nginx at once: a worker that has run out of
-- descriptors would say that there is no such module.
local LATE = { "bosa.profile", "bosa.search", "bosa.tools", "bosa.watch" }
if rawget(_G, "ngx") then
  for _, name in ipairs(LATE) do require(name) end
end

core.set_on_new(function(hub)
  if rawget(_G, "ngx") then tunnel.check(hub) end
  local err = snapshot.load(hub)
  if err then return err end
  hooks.adopt(hub)
  trace.adopt(hub)
  if not hub:_tls() then tell_unverified(hub) end
end)

core.set_on_profile(function(name, url) return require("bosa.profile").load(name, url) end)

---@class bosa
local bosa = {
  version = core.version,
  new = core.new,
  file = core.file,
  array = core.array,
  object = core.object,
  null = core.null,
  json = core.json,
  filter = filter.make,
}

local has_ffi, ffi = pcall(require, "ffi")
if has_ffi then
  -- digits -> int64_t or uint64_t, for bosa.new{ int64 = "cdata" }
  local signed_end = ffi.new("uint64_t", 2 ^ 63)
  core.set_to_cdata(function(digits)
    local negative = digits:sub(1, 1) == "-"
    local value = ffi.new("uint64_t", 0)
    for i = negative and 2 or 1, #digits do value = value * 10 + (digits:byte(i) - 48) end
    if negative then return ffi.cast("int64_t", -value) end
    if value >= signed_end then return value end
    return ffi.cast("int64_t", value)
  end)
end

local Hub = core.classes.hub.methods
local Connector = core.classes.connector.methods
local Action = core.classes.action.methods
local Call = core.classes.call.methods
local Response = core.classes.response.methods
local File = core.classes.file.methods

---------------------------------------------------------------------------------------------------
-- Action builder

--- Runs the action and waits for its response.
---@return userdata? response, table? err
function Action:run()
  check_self(self, "action", "run")
  if hooks.on then return hooks.run(self) end
  return run.run(self:_call())
end

--- The body, which is an empty object where the response has no content: nil would look like a failure.
local function whole_body(response, err)
  if not response then return nil, err end
  local body
  if hooks.on then
    body = hooks.body(response)
  else
    body = response:_body()
  end
  if body == nil then body = core.object({}) end
  return body, response.status, response.headers
end

--- Runs the action: the body as the server sent it (`body.data`, `body.meta`), or a file.
---@return table|userdata|nil body, integer|table status_or_err, table<string, string>? headers
function Action:execute()
  check_self(self, "action", "execute")
  if hooks.on then return whole_body(hooks.run(self)) end
  return whole_body(run.run(self:_call()))
end

--- Begins the action and returns at once.
---@return userdata? call, table? err
function Action:start()
  check_self(self, "action", "start")
  local hooked = hooks.on and hooks.start(self)
  if hooked then return hooked end
  local call, err = self:_call()
  if not call then return nil, err end
  local ok, start_err = run.launch(call)
  if not ok then return nil, start_err end
  return call
end

--- Checks the parameters against the action's schema; sends no request, but may fetch the schemas.
---@return true? ok, table? err
function Action:validate()
  check_self(self, "action", "validate")
  local ok, err
  if not hooks.on then
    ok, err = self:_validate(true)
    if ok ~= false then return ok, err end -- false: the schemas are still to be loaded
  end
  local hub, name = self:_hub()
  ok, err = run.load(hub, name, trace.of(self))
  if not ok then return nil, err end
  if not hooks.on then return self:_validate() end
  local builder
  builder, err = hooks.prepare(self)
  if not builder then return nil, err end
  return builder:_validate()
end

--- action:response_filters{...}: which items of a page the server is to send, where the action takes such a list: what
-- bosa.filter makes, or tables like that; nil: all.
function Action:response_filters(filters)
  check_self(self, "action", "response_filters")
  local list, why
  if filters ~= nil then list, why = filter.list(filters) end
  if why then misuse.raise(2, "bad argument #1 to 'response_filters' (%s)", why) end
  return self:param("response_filters", list)
end

--- action:traceparent(s): of which trace the requests of this call are a part: a string, or a function that gives one
-- for each call; nil: of the hub's.
function Action:traceparent(traceparent)
  check_self(self, "action", "traceparent")
  local why = trace.complaint(traceparent)
  if why then misuse.raise(2, "bad argument #1 to 'traceparent' (%s)", why) end
  if type(traceparent) == "function" then trace.on = true end
  self:_keep("traceparent", traceparent)
  return self
end

--- for item in action:watch{...} do: items that were not there before, for ever; see bosa.watch.
function Action:watch(options)
  check_self(self, "action", "watch")
  return require("bosa.watch").watch(self, options)
end

local option_setters = {
  token = Action.token,
  identifier = Action.identifier,
  account = Action.account,
  headers = Action.headers,
  max_attempts = Action.max_attempts,
  replay_unsafe = Action.replay_unsafe,
  deadline = Action.deadline,
  timeout = Action.timeout,
  output = Action.output,
  on_progress = Action.on_progress,
  response_fields = Action.response_fields,
  response_filters = Action.response_filters,
  traceparent = Action.traceparent,
}

--- A builder with parameters and options; mistakes raise at the line of the caller `level` up.
local function build(level, connector, action, params, options)
  local builder = connector:action(action)
  if params ~= nil then
    if type(params) ~= "table" then misuse.raise(level + 1, "params: table expected, got %s", type(params)) end
    builder:params(params)
  end
  if options == nil then return builder end
  if type(options) ~= "table" then misuse.raise(level + 1, "options: table expected, got %s", type(options)) end
  misuse.check_account(options, level + 1)
  for name, value in pairs(options) do
    local set = option_setters[name]
    if not set then misuse.unknown_option(level + 1, name, option_setters) end
    misuse.set_option(level + 1, builder, set, name, value)
  end
  return builder
end

---------------------------------------------------------------------------------------------------
-- Connector

local sugar = setmetatable({}, { __mode = "v" }) -- action's name -> method

local function action_method(name)
  local method = sugar[name]
  if not method then
    method = function(connector, params, options)
      check_self(connector, "connector", name)
      return build(2, connector, name, params, options):run()
    end
    sugar[name] = method
  end
  return method
end

--- github:list_issues{...}: any action whose name is no method.
core.classes.connector.__index = function(_, name)
  local method = Connector[name]
  if method ~= nil then return method end
  if type(name) ~= "string" or name:sub(1, 1) == "_" then return nil end
  return action_method(name)
end

--- `method` of a class, which looks at its self first.
local function of_class(class, name, method)
  return function(self, ...)
    check_self(self, class, name)
    return method(self, ...)
  end
end

for _, name in ipairs({ "get_actions", "get_action_parameters", "help" }) do
  Connector[name] = of_class("connector", name, describe[name])
end

--- connector:tools{...} -> definitions | nil, err: see bosa.tools, which is loaded when it is first needed.
Connector.tools = of_class("connector", "tools", function(...) return require("bosa.tools").list(...) end)

---------------------------------------------------------------------------------------------------
-- Hub

--- hub:run("github", "list_issues", params?, options?) -> response | nil, err
function Hub:run(connector, action, params, options)
  check_self(self, "hub", "run")
  check_name(connector, "a connector", 1, "run")
  check_name(action, "an action", 2, "run")
  return build(2, self:connect(connector), action, params, options):run()
end

--- hub:execute("github", "list_issues", params?, options?) -> body, status, headers | nil, err
function Hub:execute(connector, action, params, options)
  check_self(self, "hub", "execute")
  check_name(connector, "a connector", 1, "execute")
  check_name(action, "an action", 2, "execute")
  return build(2, self:connect(connector), action, params, options):execute()
end

--- The connector with its schemas loaded.
---@return userdata? connector, table? err
function Hub:get_connector(name)
  check_self(self, "hub", "get_connector")
  check_name(name, "a connector", 1, "get_connector")
  local connector = self:connect(name)
  local ok, err = run.load(self, name)
  if not ok then return nil, err end
  return connector
end

--- Forgets a connector's schemas, in memory and on disk; they are fetched anew when needed. So are those of a snapshot.
function Hub:refresh_connector(name)
  check_self(self, "hub", "refresh_connector")
  check_name(name, "a connector", 1, "refresh_connector")
  local host, shared = loop.host(), self:_kept("cache")
  if shared and host.unshare then host.unshare(self, name, shared) end
  snapshot.drop(self, name)
  return self:_forget(name)
end

for name, method in pairs(server.methods) do Hub[name] = of_class("hub", name, method) end
for name, method in pairs(catalog.methods) do Hub[name] = of_class("hub", name, method) end
for name, method in pairs(skills.methods) do Hub[name] = of_class("hub", name, method) end

--- hub:call_tool(name, arguments, options?) -> result: see bosa.tools.
Hub.call_tool = of_class("hub", "call_tool", function(...) return require("bosa.tools").call(...) end)

--- hub:search_actions(words, options?) -> list | nil, err: see bosa.search.
Hub.search_actions = of_class("hub", "search_actions", function(...) return require("bosa.search").actions(...) end)

--- Ends what is under way with errors of kind "closed" and lets go of the connections. May be called again.
function Hub:close()
  check_self(self, "hub", "close")
  task.close(self)
end
core.classes.hub.__close = Hub.close

for class, methods in pairs({ hub = Hub, connector = Connector, action = Action }) do
  for name, method in pairs(hooks.methods(class)) do methods[name] = method end
end

---------------------------------------------------------------------------------------------------
-- Call and task

for name, method in pairs(task.methods) do Call[name] = method end

--- Runs fn(...) as a task: `run`, `wait` and the loops over pages inside it wait without holding up other tasks.
---@return bosa.Task
function bosa.async(fn, ...)
  check_type(fn, "function", 1, "async")
  return task.spawn(fn, ...)
end

--- Waits for all of a list of calls and tasks.
---@return table results, table errors by the place in the list
function bosa.all(calls)
  check_type(calls, "table", 1, "all")
  for i = 1, #calls do
    if getmetatable(calls[i]) ~= core.classes.call and not task.is_task(calls[i]) then
      misuse.raise(2, "bad argument #1 to 'all' (element %d: call or task expected, got %s)", i, type(calls[i]))
    end
  end
  local results, errors = {}, {}
  local err = task.obstacle("maybe") -- of those that haven't ended
  for i = 1, err and 0 or #calls do task.wait(calls[i]) end
  for i = 1, #calls do
    if err and not loop.is_done(calls[i]) then
      errors[i] = err
    else
      results[i], errors[i] = loop.result(calls[i])
    end
  end
  return results, errors
end

---------------------------------------------------------------------------------------------------
-- Response and file

local function turn_page(response, forward)
  local call, err = response:_page_call(forward)
  if not call then return nil, err end
  if hooks.on then return hooks.turn(response, call) end
  return run.run(call)
end

--- The next page; plain nil: there is none.
---@return userdata? response, table? err
function Response:next_page()
  check_self(self, "response", "next_page")
  return turn_page(self, true)
end

--- The page before; plain nil: there is none.
---@return userdata? response, table? err
function Response:prev_page()
  check_self(self, "response", "prev_page")
  return turn_page(self, false)
end

for _, name in ipairs({ "pages", "items", "get_all_items" }) do
  Response[name] = of_class("response", name, paging[name])
end

local why_no_size = misuse.whole(1, core.max_chunk)

--- Iterates over the bytes of a file that came, in chunks of `size` bytes (64 KiB).
function File:chunks(size)
  check_self(self, "file", "chunks")
  local why = size ~= nil and why_no_size(size)
  if why then misuse.raise(2, "bad argument #1 to 'chunks' (%s)", why) end
  local offset = 0
  return function()
    local bytes, err = self:_read(offset, size)
    if err then error(err, 0) end
    if bytes then offset = offset + #bytes end
    return bytes
  end
end

---------------------------------------------------------------------------------------------------
-- one copy

-- What is under way belongs to the loop and the classes of this copy. So where package.loaded is cleared and a module
-- required again (plenary.reload, lazy.nvim, busted), it is the same one: a second loop would drive nothing of the
-- first.
core.module(bosa)
for name, module in pairs(package.loaded) do
  if name:find("^bosa%.") then package.preload[name] = function() return module end end
end
package.preload.bosa = function() return bosa end

return bosa
