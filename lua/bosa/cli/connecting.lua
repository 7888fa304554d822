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
---@field list bosa.cli.Connection[] all of them
---@field given table? the configuration of --config
---@field code integer? of what went wrong first

--- An account to be connected.
---@class bosa.cli.Connection
---@field connector string
---@field account string? which is renewed, where there are several or it was named
---@field renew boolean? one that is there is renewed
---@field config table? the JSON Schema of its configuration
---@field callback bosa.cli.Callback?

local function request_error(message) return context.error("api", message) end

--- A connector's name as a word of a command that may be copied.
local function word(connector) return connector:find("^%w[%w_.-]*$") and connector or "NAME" end

--- Says what went wrong with one; the others go on.
local function fail(work, one, err)
  if type(err) == "table" and #work.list > 1 and not err.connector then err.connector = one.connector end
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

--- That one is done, as a line.
local function done_line(work, one)
  local who = one.account and (" (%s)"):format(terminal_text.safe(one.account)) or ""
  return work.cx:paint("green", (one.renew and "Renewed " or "Connected ") .. one.connector .. who)
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
  for _, one in ipairs(work.list) do
    local ways, err = ways_of(work.hub, one.connector)
    if not ways then return nil, err end
    if work.options.config and ways.told and not ways.config then
      return nil, context.error("params", one.connector .. " is connected in the browser: leave out --config")
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

local function of_account(one) return one.account and " (account " .. one.account .. ")" or "" end

local function read_values(work, one)
  if work.given then return work.given end
  if work.cx.interactive then
    work.cx:note(("%s is connected by a configuration%s:"):format(one.connector, of_account(one)))
  end
  return configuration.ask(work.cx, one.config)
end

local function configure(work, one)
  local values, err = read_values(work, one)
  if not values then return fail(work, one, err) end
  local ok = true
  if one.config then
    ok, err = configuration.check(values, one.config)
  end
  if not ok then return fail(work, one, err) end
  local result
  result, err = work.hub:initiate_plugin_configuration(one.connector, work.token, values,
    one.renew and { replace_duplicate = true } or nil)
  if err then return fail(work, one, err) end
  if type(result) == "table" and result.success == false then
    return fail(work, one,
      request_error(tostring(result.error or "the server did not accept the configuration")))
  end
  work.cx:print(done_line(work, one))
end

---------------------------------------------------------------------------------------------------
-- in the browser

--- Prints the URL and opens it.
local function show_url(work, one, url)
  local cx = work.cx
  if one.account then
    cx:note(("Open this URL to renew %s, and log in as %s:"):format(one.connector, one.account))
  elseif cx.tty then
    cx:note("Open this URL to connect " .. one.connector .. ":")
  end
  cx:print(terminal_text.safe(url))
  io.stdout:flush()
  local elsewhere = work.options.no_browser or work.options.no_wait
  if not elsewhere and browser.open(url) and cx.interactive then cx:note("(opened in the browser)") end
end

local function ask_url(work, one, back)
  local url, err = work.hub:initiate_connector_auth(one.connector, work.token, back,
    one.renew and { replace_duplicate = true } or nil)
  if not url then
    fail(work, one, err)
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
  local came = fields.user_identifier
  if one.account and came and came ~= one.account then
    local text = "the browser came back with the account %s, not %s: log in to the service as that one"
    return nil, request_error(text:format(came, one.account))
  end
  local has
  has, err = work.hub:user_has_integration(one.connector, work.token)
  if err then return nil, err end
  if not has then return nil, request_error("the browser came back, but the server has no integration") end
  if not one.renew then return true end
  local user
  user, err = work.hub:get_user_info(work.token)
  if not user then return nil, err end
  local account = accounts.find(accounts.of(user, one.connector), came or one.account)
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
    if ok then work.cx:note(done_line(work, one)) else fail(work, one, err) end
  end
  if count == 0 then return end
  door:close()
  local missing = {}
  for _, one in pairs(waiting) do missing[one] = true end
  for _, one in ipairs(work.list) do
    if missing[one] then
      fail(work, one, request_error(("the browser did not come back within %g s"):format(seconds)))
    end
  end
end

local function by_listener(work, list)
  local door, message = callback_listener.open(work.options.port)
  if not door then return fail(work, list[1], "no listener on loopback: " .. message) end
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

--- A connection that renews an account, which is named where the user has several of the connector.
local function renewal(user, account)
  local several = accounts.of(user, account.connector)[2] ~= nil
  return { connector = account.connector, account = several and tostring(account.user_identifier) or nil }
end

--- Those that renew the accounts which are not well, of a connector or of all.
local function unwell(user, connector)
  local list = {}
  for _, one in ipairs(type(user.integrations) == "table" and user.integrations or {}) do
    local name = type(one) == "table" and one.connector
    if type(name) == "string" and (not connector or name == connector) and not accounts.is_well(one) then
      list[#list + 1] = renewal(user, one)
    end
  end
  return list
end

--- The one that renews the account that was named; nil and an error.
local function named(user, connectors, account)
  if not connectors[1] or connectors[2] then
    return nil, context.error("params", "--account goes with one connector")
  end
  if accounts.find(accounts.of(user, connectors[1]), account) then
    return { { connector = connectors[1], account = account } }
  end
  return nil, connecting.not_there(connectors[1], account)
end

--- What is renewed: the account that was named; of connectors that were named the accounts that need it, or whichever
-- is logged in to in the browser; else all that need it. nil and an error.
local function to_renew(user, connectors, account)
  if account then return named(user, connectors, account) end
  if not connectors[1] then return unwell(user) end
  local list = {}
  for _, connector in ipairs(connectors) do
    if not accounts.of(user, connector)[1] then return nil, connecting.none_of(connector) end
    local needed = unwell(user, connector)
    if not needed[1] then needed[1] = { connector = connector } end
    for _, one in ipairs(needed) do list[#list + 1] = one end
  end
  return list
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

--- What is to be connected, or renewed; nil and an error.
local function choose(user, options, connectors, renew)
  local list = {}
  for i, connector in ipairs(connectors) do list[i] = { connector = connector } end
  if renew then
    local err
    list, err = to_renew(user, connectors, options.account)
    if not list then return nil, err end
  end
  for _, one in ipairs(list) do one.renew = renew or options.renew end
  if options.config and list[2] then
    return nil, context.error("params", "--config goes with one connector, and one account of it: say --account")
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
  local connectors = distinct(options.connectors)
  local given, ok, err
  if options.config then
    given, err = params.read_object("--config", options.config)
    if not given then return cx:fail(err) end
  end
  ok, err = check_connectors(hub, connectors)
  if not ok then return cx:fail(err) end
  local user, list
  user, err = hub:get_user_info(token)
  if not user then return cx:fail(err) end
  list, err = choose(user, options, connectors, renew)
  if not list then return cx:fail(err) end
  if not list[1] then return cx:print("Nothing to renew") end
  local work = { cx = cx, hub = hub, token = token, options = options, user = user, list = list, given = given }
  local by_browser, by_config = sort_out(work)
  if not by_browser then return cx:fail(by_config) end
  for _, one in ipairs(by_config) do configure(work, one) end
  if by_browser[1] then (options.no_wait and print_urls or by_listener)(work, by_browser) end
  return work.code
end

return connecting
