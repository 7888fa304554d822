--- Hooks: functions that see every run of an action, and may change or refuse it.
--
--   before(request)                 request is { connector, action, params, headers, identifier }, before its check.
--     It may be changed in place, or another one returned. `request.token = "..."` sets the user token; what token is
--     set can't be read. `return nil, err` refuses: nothing is sent.
--   after(response, err, request)   once a run, not once an attempt; one of `response` and `err` is nil.
--     What is changed in `response.data` stays changed. It may return another response, a table to be the response's
--     data, or `nil, err`.
-- They are added to a hub, to a connector object, to an action. Before runs from the hub to the action, after back
-- again; each may wait. The page after a response is a run, too. A run that is cancelled has no after.
-- What a hook raises, and an `err` that is a text, becomes an error of kind "cancelled".

local core = require("bosa.core")
local deep_copy = require("bosa.deep_copy")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local run = require("bosa.run")
local task = require("bosa.task")

local hooks = {}

--- Whether any hook was ever added: without one nothing is looked up.
hooks.on = false

--- What a hook may see and change of a request.
---@class bosa.Request
---@field connector string not to be changed
---@field action string not to be changed
---@field params table the caller's own is not touched by changes
---@field headers table<string, string>
---@field identifier string? which of the user's accounts acts
---@field token string? to be set only

--- The hooks of one run, in the order of `before`.
---@class bosa.Chain
---@field builder userdata what the caller asked for
---@field params table?
---@field before function[]
---@field after function[]

local ERROR = getmetatable(core.new_error({}))
local SENT = { no = true, maybe = true, yes = true }
local KINDS = {}
for _, kind in ipairs(core.kinds) do KINDS[kind] = true end

---------------------------------------------------------------------------------------------------
-- adding

local function add(object, which, fn)
  local list = {}
  for i, known in ipairs(object:_kept(which) or {}) do list[i] = known end
  list[#list + 1] = fn
  object:_keep(which, list) -- a list of its own: runs under way keep theirs
  hooks.on = true
end

--- Takes the options `before` and `after` of a hub that is being made.
---@param hub userdata
function hooks.adopt(hub)
  for _, which in ipairs({ "before", "after" }) do
    local fn = hub:_kept(which)
    if fn then
      hub:_keep(which, nil)
      add(hub, which, fn)
    end
  end
end

--- The methods `before` and `after` of a class: they add a function, and return the object.
---@param class string "hub", "connector" or "action"
function hooks.methods(class)
  local methods = {}
  for _, which in ipairs({ "before", "after" }) do
    methods[which] = function(self, fn)
      misuse.check_self(self, class, which)
      misuse.check_type(fn, "function", 1, which)
      add(self, which, fn)
      return self
    end
  end
  return methods
end

---------------------------------------------------------------------------------------------------
-- requests and errors

--- What a hook refused with, as an error object.
local function refusal(request, why, sent)
  if getmetatable(why) == ERROR then return why end
  local given = type(why) == "table" and why or { message = why and loop.text(why) or "a hook refused the request" }
  local err = { kind = "cancelled", sent = sent, retryable = false }
  for name, value in pairs(given) do err[name] = value end
  err.kind = KINDS[err.kind] and err.kind or "cancelled"
  err.sent = SENT[err.sent] and err.sent or sent
  err.message = loop.text(err.message or err.kind)
  err.connector, err.action = request.connector, request.action
  return core.new_error(err)
end

--- The chain of a builder; nil: it has no hooks.
local function chain_of(builder)
  local chain = { before = {}, after = {} }
  for _, object in ipairs({ builder:_kept("hub"), builder:_kept("connector"), builder }) do
    for _, which in ipairs({ "before", "after" }) do
      local list = chain[which]
      for _, fn in ipairs(object:_kept(which) or {}) do list[#list + 1] = fn end
    end
  end
  if not chain.before[1] and not chain.after[1] then return nil end
  chain.builder = builder:_copy()
  chain.params = deep_copy(builder:_kept("params"))
  return chain
end

--- The request of a run. `page`: the call that asks for another page of the same list.
local function request_of(chain, page)
  local _, connector, action = chain.builder:_hub()
  local request = {
    connector = connector,
    action = action,
    params = deep_copy(chain.params or {}),
    headers = deep_copy(chain.builder:_kept("headers") or {}),
    identifier = chain.builder:_kept("identifier"),
  }
  for _, name in ipairs(page and core.page_parameters or {}) do
    local value = page:_param(name)
    if value ~= nil then request.params[name] = value end
  end
  return request
end

--- What a before hook made of a request: the request, or `nil, err`.
local function ask(fn, request)
  local ok, answer, why = pcall(fn, request)
  if not ok then return nil, refusal(request, "before raised: " .. loop.text(answer), "no") end
  if why ~= nil or answer == false then return nil, refusal(request, why, "no") end
  if answer == nil or answer == true then return request end
  if type(answer) == "table" then return answer end
  return nil, refusal(request, "before must return a request, or nil and an error, not a " .. type(answer), "no")
end

--- A builder of what the hooks made of the request. Raises for what no builder takes.
local function build(chain, request)
  local builder = chain.builder:_copy()
  local _, connector, action = builder:_hub()
  if request.connector ~= connector or request.action ~= action then
    error("connector and action can't be changed", 0)
  end
  builder:params(request.params)
  builder:headers(request.headers)
  builder:identifier(request.identifier)
  if request.token ~= nil then builder:token(request.token) end
  return builder
end

--- Runs the before hooks: `builder, request`, or `nil, request, err`.
local function prepare(chain, page)
  local request = request_of(chain, page)
  for _, fn in ipairs(chain.before) do
    local changed, err = ask(fn, request)
    if not changed then return nil, request, err end
    request = changed
  end
  local ok, builder = pcall(build, chain, request)
  if ok then return builder, request end
  local _, connector, action = chain.builder:_hub()
  local words = loop.text(builder):gsub("^[^:]+:%d+: ", "") -- a line of this file
  local why = "before made a request that can't be: " .. words
  return nil, request, refusal({ connector = connector, action = action }, why, "no")
end

---------------------------------------------------------------------------------------------------
-- runs

local function is_response(value)
  return type(value) == "userdata" and getmetatable(value) == core.classes.response
end

--- What an after hook made of a result: `response` or `nil, err`.
local function judge(fn, response, err, request)
  local ok, answer, why = pcall(fn, response, err, request)
  if not ok then return nil, refusal(request, "after raised: " .. loop.text(answer), "yes") end
  if why ~= nil or answer == false then return nil, refusal(request, why, "yes") end
  if answer == nil or answer == true then return response, err end
  if is_response(answer) then return answer end
  if type(answer) == "table" and response then
    response:_change(answer)
    return response
  end
  local message = "after must return a response, its data, or nil and an error, not a " .. type(answer)
  return nil, refusal(request, message, "yes")
end

local function finish(chain, request, response, err)
  for i = #chain.after, 1, -1 do
    response, err = judge(chain.after[i], response, err, request)
    if response then response:_change() end
  end
  if response then response:_keep("hooks", chain) end
  return response, err
end

local function perform(chain, page, send)
  local builder, request, err = prepare(chain, page)
  if not builder then return finish(chain, request, nil, err) end
  return finish(chain, request, send(builder:_call()))
end

--- Runs it as a task: hooks may wait, and the caller must not.
local function spawn(chain, page)
  local inner = {}
  local spawned = task.spawn(perform, chain, page, function(call, err)
    inner.call = call
    return run.run(call, err)
  end)
  spawned.inner = inner
  return spawned
end

--- Runs a builder's action with its hooks.
---@param builder userdata
---@return userdata? response, table? err
function hooks.run(builder)
  local chain = chain_of(builder)
  if not chain then return run.run(builder:_call()) end
  return perform(chain, nil, run.run)
end

--- Begins a builder's action with its hooks; nil: it has none.
---@param builder userdata
---@return bosa.Task? task
function hooks.start(builder)
  local chain = chain_of(builder)
  return chain and spawn(chain)
end

--- What validate is to look at: the builder that the before hooks make.
---@param builder userdata
---@return userdata? builder, table? err
function hooks.prepare(builder)
  local chain = chain_of(builder)
  if not chain then return builder end
  local changed, _, err = prepare(chain)
  return changed, err
end

--- Runs the call of another page with the hooks of the response before it.
---@param response userdata
---@param call userdata
---@return userdata? page, table? err
function hooks.turn(response, call)
  local chain = response:_kept("hooks")
  if not chain then return run.run(call) end
  return perform(chain, call, run.run)
end

--- Begins the call of another page; nil: the response before it had no hooks.
---@param response userdata
---@param call userdata
---@return bosa.Task? task
function hooks.start_page(response, call)
  local chain = response:_kept("hooks")
  return chain and spawn(chain, call)
end

--- The whole body, with the data that the hooks have left.
---@param response userdata
---@return any body
function hooks.body(response)
  local body = response:_body()
  local chain = response:_kept("hooks")
  if not chain or not chain.after[1] then return body end
  if type(body) ~= "table" or body.data == nil then return response:get_data() end
  body.data = response:get_data()
  return body
end

return hooks
