--- Of which trace a call is a part: the W3C Trace Context that its requests carry.
--
-- A traceparent that is a string is the core's business (csrc/core/call/call_trace.c). One that is a function is asked
-- here, in Lua, when the call is made: never from C, and never while anything waits. What it gets wrong costs the
-- trace, not the call: the request goes without the field, and `on_event` is told.

local core = require("bosa.core")
local loop = require("bosa.loop")

local trace = {}

--- Whether any function was ever given: without one nothing is looked up.
trace.on = false

--- Notes whether a hub that is being made has a function.
---@param hub userdata
function trace.adopt(hub)
  if type(hub:_kept("traceparent")) == "function" then trace.on = true end
end

--- Why a value can be no traceparent; nil: it can.
---@param value any
---@return string? why
function trace.complaint(value)
  local kind = type(value)
  if value == nil or kind == "function" then return nil end
  if kind ~= "string" then return "string or function expected, got " .. kind end
  if not core.is_traceparent(value) then return core.traceparent_expected end
  return nil
end

--- Tells on_event why a call goes without a traceparent.
local function tell(hub, call, why)
  local on_event = hub:_kept("on_event")
  if not on_event then return end
  loop.guarded(on_event, { type = "warning", kind = "params", connector = call:_connector(), message = why })
end

--- Asks `fn` for the traceparent of a call. nil from it means that no trace is going on.
local function ask(fn, hub, call, own)
  local ok, text = pcall(fn)
  if not ok then return tell(hub, call, "traceparent raised: " .. loop.text(text)) end
  if text == nil then return end
  if type(text) ~= "string" then return tell(hub, call, "traceparent must return a string, not a " .. type(text)) end
  if not call:_trace(text, own) then
    tell(hub, call, "traceparent returned a malformed one: " .. core.traceparent_expected)
  end
end

--- Gives a call a traceparent of its own: a string that is one, or a function.
---@param call userdata
---@param traceparent string|function
function trace.give(call, traceparent)
  if type(traceparent) == "string" then
    call:_trace(traceparent)
  else
    call:_keep("traceparent", traceparent)
  end
end

--- What a builder's own calls are a part of: by its setter, else by a header field; nil: it says nothing.
---@param builder userdata
---@return (string|function)? traceparent
function trace.of(builder)
  local own = builder:_kept("traceparent")
  if own then return own end
  for name, value in pairs(builder:_kept("headers") or {}) do
    if name:lower() == "traceparent" and core.is_traceparent(value) then return value end
  end
  return nil
end

--- Gives a call that was just made the traceparent that its builder's function, else its hub's, has for it.
---@param hub userdata
---@param call userdata
function trace.apply(hub, call)
  local own = call:_kept("traceparent")
  if own then return ask(own, hub, call, true) end
  if call:_traceparent() then return end
  local hubs = hub:_kept("traceparent")
  if type(hubs) == "function" then ask(hubs, hub, call, false) end
end

return trace
