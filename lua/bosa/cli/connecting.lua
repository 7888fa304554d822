--- Connecting accounts, and renewing them: by the browser, whose way back is waited for, or by a configuration.

local accounts = require("bosa.accounts")
local browser = require("bosa.cli.browser")
local callback_listener = require("bosa.cli.callback_listener")
local configuration = require("bosa.cli.configuration")
local context = require("bosa.cli.context")
local core = require("bosa.core")
local params = require("bosa.cli.params")
local suggestions = require("bosa.cli.suggestions")
local terminal = require("bosa.cli.terminal")
local terminal_text = require("bosa.cli.terminal_text")

local connecting = {}

local SECONDS = 300 -- that the browser is waited for
local FATAL = { -- there is no use in going on without what the server would have told
  connection = true, timeout = true, tls = true, server = true, rate_limit = true, cancelled = true, closed = true,
}
-- what the browser may come back with, and what to do then
local REFUSALS = {
  invalid_request = "the server did not take the request as it was; run the command again",
  integration_error = "the service gave no access; run the command again, and allow what its page asks for",
  cancelled_error = "it was cancelled in the browser; run the command again to connect",
  duplicate_user_error = "this account is connected already; `bosa integrations renew %s` renews it",
}

--- What is done for a command.
---@class bosa.cli.Connecting
---@field cx bosa.cli.Context
---@field hub userdata
---@field token string
---@field options table
---@field user bosa.User
---@field list string[] of connectors
---@field given table? the configuration of --config
---@field renew boolean?
---@field code integer? of what went wrong first

--- An account to be connected.
---@class bosa.cli.Connection
---@field connector string
---@field renew boolean? one that is there is renewed
---@field config table? the JSON Schema of its configuration
---@field callback bosa.cli.Callback?

local function request_error(message) return context.error("api", message) end

--- A connector's name as a word of a command that may be copied.
local function word(connector) return connector:find("^%w[%w_.-]*$") and connector or "NAME" end

--- Says what went wrong with one; the others go on.
local function fail(work, connector, err)
  if type(err) == "table" and #work.list > 1 and not err.connector then err.connector = connector end
  local code = work.cx:fail(err)
  work.code = work.code or code
end

--- That no account of a connector is connected, and what connects one.
---@param connector string
---@return table err
function connecting.none_of(connector)
  local text = "no account of %s is connected: `bosa integrations add %s` connects one"
  return request_error(text:format(connector, word(connector)))
end

--- That an account is not connected, and what shows those that are.
---@param connector string
---@param account string
---@return table err
function connecting.not_there(connector, account)
  local text = "no account %s of %s is connected: `bosa integrations show %s` lists those that are"
  return request_error(text:format(account, connector, word(connector)))
end

local function done(work, one)
  work.cx:note(work.cx:paint("green", (one.renew and "Renewed " or "Connected ") .. one.connector))
end

--- What to do about accounts that are not well, a line each.
---@param cx bosa.cli.Context
---@param list bosa.Integration[]
function connecting.advise(cx, list)
  for _, one in ipairs(list) do
    if type(one) == "table" and not accounts.is_well(one) then
      local text = "%s: the account %s is `%s`; `bosa integrations renew %s` renews it"
      local connector = tostring(one.connector)
      cx:note(text:format(connector, tostring(one.user_identifier), one.auth_status, word(connector)))
    end
  end
end

---------------------------------------------------------------------------------------------------
-- which, and how

--- Whether the server has the connectors: `true | nil, err`, as a request that went wrong.
local function check_connectors(hub, connectors)
  local names, err = hub:get_available_modules()
  if not names then return nil, err end
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  for _, connector in ipairs(connectors) do
    if not known[connector] then
      local meant = suggestions.among(connector, names, "`bosa connectors`")
      return nil, request_error(("the server has no connector `%s`%s"):format(connector, meant))
    end
  end
  return true
end

--- How accounts of a connector are connected, as far as the server tells.
---@return { config: table?, browser: boolean, told: boolean }? ways, table? err
local function ways_of(hub, connector)
  local types, err = hub:get_auth_schema(connector)
  if not types and FATAL[err.kind] then return nil, err end
  local ways = { browser = false, told = types ~= nil and types[1] ~= nil }
  for _, one in ipairs(types or {}) do
    if one.type ~= "custom" then
      ways.browser = true
    elseif type(one.config) == "table" then
      ways.config = ways.config or one.config
    end
  end
  return ways
end

--- Whether the user wants it: asked where there is an account already.
local function is_wanted(work, one)
  if one.renew or not work.cx.interactive then return true end
  local own = accounts.of(work.user, one.connector)
  for _, account in ipairs(own) do
    if not accounts.is_well(account) then
      local text = "Your account %s of %s is `%s`. Renew it?"
      one.renew = terminal.confirm(work.cx, text:format(tostring(account.user_identifier), one.connector,
        account.auth_status)) or nil
      return one.renew == true
    end
  end
  if #own == 0 then return true end
  work.cx:note(("You already have an integration for '%s'."):format(one.connector))
  return terminal.confirm(work.cx, "Add another one?") or false
end

--- Finds out how each is connected, and which are wanted: two lists, or nil and an error.
local function sort_out(work)
  local by_browser, by_config = {}, {}
  for _, connector in ipairs(work.list) do
    local one = { connector = connector, renew = work.renew }
    local ways, err = ways_of(work.hub, connector)
    if not ways then return nil, err end
    if work.options.config and ways.told and not ways.config then
      return nil, context.error("params", connector .. " is connected in the browser: leave out --config")
    end
    if not is_wanted(work, one) then
      work.cx:print("Not added")
    elseif work.options.config or (ways.config and not ways.browser) then
      one.config = ways.config
      by_config[#by_config + 1] = one
    else
      by_browser[#by_browser + 1] = one
    end
  end
  return by_browser, by_config
end

---------------------------------------------------------------------------------------------------
-- by a configuration

local function read_values(work, one)
  if work.given then return work.given end
  if work.cx.interactive then work.cx:note(("%s is connected by a configuration:"):format(one.connector)) end
  return configuration.ask(work.cx, one.config)
end

local function configure(work, one)
  local values, err = read_values(work, one)
  if not values then return fail(work, one.connector, err) end
  local ok = true
  if one.config then
    ok, err = configuration.check(values, one.config)
  end
  if not ok then return fail(work, one.connector, err) end
  local result
  result, err = work.hub:initiate_plugin_configuration(one.connector, work.token, values,
    one.renew and { replace_duplicate = true } or nil)
  if err then return fail(work, one.connector, err) end
  if type(result) == "table" and result.success == false then
    return fail(work, one.connector,
      request_error(tostring(result.error or "the server did not accept the configuration")))
  end
  work.cx:print(work.cx:paint("green", (one.renew and "Renewed " or "Connected ") .. one.connector))
end

---------------------------------------------------------------------------------------------------
-- in the browser

--- Prints the URL and opens it.
local function show_url(work, one, url)
  local cx = work.cx
  if cx.tty then cx:note("Open this URL to connect " .. one.connector .. ":") end
  cx:print(terminal_text.safe(url))
  io.stdout:flush()
  if not work.options.no_browser and browser.open(url) and cx.interactive then cx:note("(opened in the browser)") end
end

local function ask_url(work, one, back)
  local url, err = work.hub:initiate_connector_auth(one.connector, work.token, back,
    one.renew and { replace_duplicate = true } or nil)
  if not url then
    fail(work, one.connector, err)
    return false
  end
  show_url(work, one, url)
  return true
end

--- What the browser came back with, where that is no success.
local function refusal(fields, connector)
  if not fields.error and fields.success ~= "false" then return nil end
  local words = REFUSALS[fields.error]
  local text = words and words:format(word(connector)) or fields.error_description or fields.error or "refused"
  if words and fields.error_description then text = text .. " (" .. fields.error_description .. ")" end
  return request_error("not connected: " .. text)
end

--- Whether the account is there, now that the browser says so: `true | nil, err`.
local function confirm(work, one, fields)
  local err = refusal(fields, one.connector)
  if err then return nil, err end
  local has
  has, err = work.hub:user_has_integration(one.connector, work.token)
  if err then return nil, err end
  if not has then return nil, request_error("the browser came back, but the server has no integration") end
  if not one.renew then return true end
  local user
  user, err = work.hub:get_user_info(work.token)
  if not user then return nil, err end
  local account = accounts.find(accounts.of(user, one.connector), fields.user_identifier)
  if not account or accounts.is_well(account) then return true end
  return nil, request_error(("the browser came back, but the account %s is still `%s`"):format(
    tostring(account.user_identifier), account.auth_status))
end

--- Waits until the browser has come back for each of `waiting`, by their callbacks.
local function wait(work, waiting, count, door)
  if work.cx.interactive then work.cx:note("Waiting for the browser to come back; Ctrl-C ends it.") end
  local seconds = work.options.timeout or SECONDS
  local deadline = core.now() + seconds
  local back = {}
  while count > 0 do
    local callback = door:wait(deadline)
    if not callback then break end
    back[#back + 1], waiting[callback], count = waiting[callback], nil, count - 1
    if count == 0 then door:close() end -- once the browser has its response
    local one = back[#back]
    local ok, err = confirm(work, one, callback.fields)
    if ok then done(work, one) else fail(work, one.connector, err) end
  end
  if count == 0 then return end
  door:close()
  for _, connector in ipairs(work.list) do
    for _, one in pairs(waiting) do
      if one.connector == connector then
        fail(work, connector, request_error(("the browser did not come back within %g s"):format(seconds)))
      end
    end
  end
end

local function by_listener(work, list)
  local door, message = callback_listener.open(work.options.port)
  if not door then return fail(work, list[1].connector, "no listener on loopback: " .. message) end
  local waiting, count = {}, 0
  for _, one in ipairs(list) do
    local callback = door:expect()
    if ask_url(work, one, callback.url) then
      waiting[callback], count = one, count + 1
    end
  end
  if count == 0 then return door:close() end
  return wait(work, waiting, count, door)
end

local function print_urls(work, list)
  local base = work.hub:_url():gsub("/+$", "")
  for _, one in ipairs(list) do
    ask_url(work, one, base .. "/connectors/" .. one.connector .. "/success-authorize-callback")
  end
end

---------------------------------------------------------------------------------------------------

--- The connectors that have an account which is not well, each once.
local function unwell(user)
  local names, seen = {}, {}
  for _, one in ipairs(type(user.integrations) == "table" and user.integrations or {}) do
    local name = type(one) == "table" and one.connector
    if type(name) == "string" and not seen[name] and not accounts.is_well(one) then
      names[#names + 1], seen[name] = name, true
    end
  end
  return names
end

--- Which accounts are renewed: those that were named, else those that need it; nil and an error.
local function to_renew(user, connectors)
  if not connectors[1] then return unwell(user) end
  for _, connector in ipairs(connectors) do
    if not accounts.of(user, connector)[1] then return nil, connecting.none_of(connector) end
  end
  return connectors
end

--- Each name once.
local function distinct(names)
  local list, seen = {}, {}
  for _, name in ipairs(names) do
    if not seen[name] then list[#list + 1] = name end
    seen[name] = true
  end
  return list
end

--- Connects accounts, or renews those that are there.
---@param cx bosa.cli.Context
---@param hub userdata
---@param token string
---@param options table
---@param renew boolean?
---@return integer? exit_code
function connecting.run(cx, hub, token, options, renew)
  local list = distinct(options.connectors)
  local given, ok, err
  if options.config then
    given, err = params.read_object("--config", options.config)
    if not given then return cx:fail(err) end
  end
  ok, err = check_connectors(hub, list)
  if not ok then return cx:fail(err) end
  local user
  user, err = hub:get_user_info(token)
  if not user then return cx:fail(err) end
  if renew then
    list, err = to_renew(user, list)
    if not list then return cx:fail(err) end
    if not list[1] then return cx:print("Nothing to renew") end
  end
  if options.config and list[2] then
    return cx:fail(context.error("params", "--config goes with one connector"))
  end
  local work = {
    cx = cx, hub = hub, token = token, options = options, user = user, list = list, given = given,
    renew = renew or options.renew,
  }
  local by_browser, by_config = sort_out(work)
  if not by_browser then return cx:fail(by_config) end
  for _, one in ipairs(by_config) do configure(work, one) end
  if by_browser[1] then (options.no_wait and print_urls or by_listener)(work, by_browser) end
  return work.code
end

return connecting
