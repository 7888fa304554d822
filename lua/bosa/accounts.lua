--- A user's connected accounts: whether they are well, and waiting for one that its user is just connecting.

local core = require("bosa.core")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local run = require("bosa.run")
local task = require("bosa.task")

local accounts = {}

local TIMEOUT, INTERVAL = 300, 2 -- seconds
-- what an `auth_status` says of an account that has to be renewed; servers may have words that are not known here
local UNWELL = {
  "expire", "revoke", "invalid", "inactive", "fail", "error", "denied", "disabled", "disconnect", "missing", "pending",
  "required", "reauth", "unauth", "not_", "not ", "needs",
}
local PASSING = { connection = true, timeout = true, server = true, rate_limit = true } -- worth another look
local STRENGTH = { no = 1, maybe = 2, yes = 3 }

--- What a user has connected of one connector, as the server lists it.
---@class bosa.Integration
---@field id string?
---@field client_id string?
---@field user_id string?
---@field connector string
---@field user_identifier string who the user is at the service
---@field selected boolean? it acts where a call names no other
---@field auth_status any a string where the server says whether its authorization still works; else nil or null

--- What the server says of an account's authorization; nil: nothing.
---@param integration bosa.Integration
---@return string?
function accounts.status(integration)
  local status = integration.auth_status
  return type(status) == "string" and status ~= "" and status or nil
end

--- Whether an account can act, as far as the server tells: one of which it tells nothing is taken to be well.
---@param integration bosa.Integration
---@return boolean
function accounts.is_well(integration)
  local status = (accounts.status(integration) or ""):lower()
  for _, word in ipairs(UNWELL) do
    if status:find(word, 1, true) then return false end
  end
  return true
end

--- Those of a user's integrations that are of a connector.
---@param user bosa.User
---@param connector string
---@return bosa.Integration[]
function accounts.of(user, connector)
  local found = {}
  for _, one in ipairs(type(user.integrations) == "table" and user.integrations or {}) do
    if type(one) == "table" and one.connector == connector then found[#found + 1] = one end
  end
  return found
end

--- Of accounts the one of that name; without a name the one that acts.
---@param list bosa.Integration[]
---@param who string?
---@return bosa.Integration?
function accounts.find(list, who)
  for _, one in ipairs(list) do
    if who and one.user_identifier == who or not who and one.selected == true then return one end
  end
  return not who and list[1] or nil
end

---------------------------------------------------------------------------------------------------
-- waiting

--- Asks the server, for `left` seconds at most (nil: as long as the hub lets a request take).
local function ask(wait, endpoint, name)
  local call, err = wait.hub:_endpoint(endpoint, name, nil, wait.token)
  if not call then return nil, err end
  local ok
  ok, err = run.launch(call)
  if not ok then return nil, err end
  local left = wait.timeout > 0 and math.max(0, wait.deadline - core.now()) or nil
  if not task.wait(call, left) then
    task.cancel(call)
    return nil, loop.error("timeout", "the server was still being asked", "maybe")
  end
  local response
  response, err = loop.result(call)
  if not response then return nil, err end
  return response:get_data()
end

--- Looks once: true, false and why not, or nil and an error.
local function look(wait)
  local data, err = ask(wait, "has", wait.name)
  if err then return nil, err end
  if type(data) ~= "table" or type(data.has_integration) ~= "boolean" then
    return nil, loop.error("protocol", "malformed response: it doesn't say whether there is an integration", "yes")
  end
  local nothing = wait.who and ("the account %s is not connected"):format(wait.who) or "no account is connected"
  if not data.has_integration then return false, nothing end
  local user
  user, err = ask(wait, "who_am_i")
  if err then return nil, err end
  local list = accounts.of(type(user) == "table" and user or {}, wait.name)
  if #list == 0 and not wait.who then return true end -- a server that lists none, but says that there is one
  local one = accounts.find(list, wait.who)
  if not one then return false, nothing end
  if accounts.is_well(one) then return true end
  local name, status = core.shown(tostring(one.user_identifier)), core.shown(tostring(one.auth_status))
  return false, ("the account %s is still `%s`"):format(name, status)
end

--- Notes an error that may pass. False: it is none of those.
local function passes(wait, err)
  if not PASSING[err.kind] then return false end
  wait.trouble = err
  if (STRENGTH[err.sent] or 0) > STRENGTH[wait.sent] then wait.sent = err.sent end
  return true
end

local function too_late(wait)
  local why = wait.why or "the server could not be asked"
  local message = ("%s after %g s"):format(why, wait.timeout)
  if wait.trouble then message = ("%s; the last look failed: %s"):format(message, tostring(wait.trouble.message)) end
  local err = loop.redact(wait.hub, loop.error("timeout", message, wait.sent), wait.token)
  err.connector, err.retryable = wait.name, true
  return nil, err
end

local function until_well(wait)
  while true do
    local ok, why = look(wait)
    if ok then return true end
    if ok == nil and not passes(wait, why) then return nil, why end
    if ok == false then wait.sent, wait.why, wait.trouble = "yes", why, nil end
    local now = core.now()
    if wait.callback and wait.callback(now - wait.began) == false then
      local err = loop.error("cancelled", "the callback ended the wait", wait.sent)
      err.connector = wait.name
      return nil, err
    end
    local pause = math.max(wait.interval, ok == nil and why.retry_after or 0)
    local last = now + pause >= wait.deadline
    if last then pause = math.max(0, wait.deadline - now) end
    if pause > 0 then task.sleep(pause) end
    if last then return too_late(wait) end
  end
end

--- What `wait_for_integration` takes.
---@class bosa.WaitOptions
---@field timeout number? seconds to wait in all (300); 0 looks once
---@field interval number? seconds between two looks (2)
---@field account string? the account that is waited for, by its user identifier; without it the one that acts
---@field callback fun(seconds: number): boolean? called after each look in vain; false ends the wait

--- Why a value is no time of at least so many seconds; nil: it is.
local function seconds_from(least)
  return function(value)
    if type(value) ~= "number" then return "number expected, got " .. type(value) end
    if value >= least then return nil end -- NaN isn't
    return ("seconds expected, at least %g, got %s"):format(least, tostring(value))
  end
end

local OPTIONS = {
  timeout = seconds_from(0), interval = seconds_from(0.01), account = "string", callback = "function",
}

--- Reads the options; mistakes raise at the line `level` up.
---@param options bosa.WaitOptions?
---@param level integer
---@return table wait
function accounts.read_options(options, level)
  if options ~= nil then misuse.check_options(options, OPTIONS, level) end
  options = options or {}
  return {
    timeout = options.timeout or TIMEOUT,
    interval = options.interval or INTERVAL,
    callback = options.callback,
    who = options.account,
  }
end

--- Waits until the user has an account of the connector that can act: the browser may still be on its way. An account
-- that is there but, as the server says, has expired counts only once it is renewed. Failures that may pass are waited
-- out; at the end of the time it is `nil, err` of kind "timeout".
---@param hub userdata
---@param name string
---@param token string?
---@param wait table as accounts.read_options gives it
---@return true? ok, table? err
function accounts.wait(hub, name, token, wait)
  local err = task.obstacle()
  if err then return nil, err end
  wait.hub, wait.name, wait.token, wait.sent = hub, name, token, "no"
  wait.began = core.now()
  wait.deadline = wait.began + wait.timeout
  return until_well(wait)
end

return accounts
