--- Who sends: calls that were just made are begun or run, over libcurl or in Lua, as what is running now wants it.

local loop = require("bosa.loop")
local task = require("bosa.task")
local trace = require("bosa.trace")
local transport = require("bosa.transport")

local run = {}

--- Hands a call, with the trace that it is a part of, to what is to send it: in Lua, or libcurl.
local function hand_over(hub, call, in_lua, by_libcurl)
  if trace.on then trace.apply(hub, call) end
  local send, host = transport.sender(hub)
  if send then return in_lua(hub, call, send, host) end
  return by_libcurl(hub, call)
end

--- Begins a call that was just made.
---@param call userdata
---@return boolean? ok, table? err
function run.launch(call) return hand_over(call:_kept("hub"), call, transport.start, loop.start) end

--- Runs a call that was just made.
---@param call userdata?
---@param err table? why there is no call
---@param hub userdata? the call's, where it is at hand
---@return userdata? response, table? err
function run.run(call, err, hub)
  if not call then return nil, err end
  return hand_over(hub or call:_kept("hub"), call, transport.run, task.run)
end

--- Loads a connector's schemas.
---@param hub userdata
---@param name string
---@param traceparent (string|function)? of who needs them, in place of the hub's
---@return true? ok, table? err
function run.load(hub, name, traceparent)
  if hub:_has(name) then return true end
  local call, why = hub:_fetch(name)
  if call and traceparent then trace.give(call, traceparent) end
  local fetched, err = run.run(call, why)
  if not fetched then return nil, err end
  return true
end

return run
